package commission

import (
	"errors"
	"strconv"

	"github.com/matter-session/matter-session/session"
)

// The second half: the device is found on its network, proves itself by its new
// certificate, and is told that all of it stays. Matter Core §5.5, steps 16 to 18.

type findState struct {
	begun     bool // PASE is not needed any more
	tries     int
	seenAt    []Location // where the device was seen in this try
	next      int        // the first that was not tried
	seen      func()     // what follows when it is seen first
	busy      int
	asked     bool // CommissioningComplete went out at least once
	unsure    bool // and the last one was not answered
	cancelled bool // meanwhile
	complete  bool
}

// InstanceName returns the name under which a node of a fabric is found in
// _matter._tcp: its compressed fabric ID and its node ID in upper-case
// hexadecimal. Matter Core §4.3.2.1.
func InstanceName(compressedFabric [8]byte, node session.NodeID) string {
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, 33)
	for _, x := range compressedFabric {
		b = append(b, digits[x>>4], digits[x&15])
	}
	b = append(b, '-')
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[node>>shift&15])
	}
	return string(b)
}

// lookFor searches for the node and calls seen when it is found first. A search
// that is under way goes on.
func (c *Commissioner) lookFor(seen func()) {
	c.find.seen = seen
	if c.search.open() {
		return
	}
	name := InstanceName(c.cfg.Fabric.Fabric.CompressedID(), c.node)
	c.discover(Discover{Operational: name}, c.patience(), c.onSeen)
}

func (c *Commissioner) onSeen(r Reply) {
	d, ok := r.(Discovered)
	if !ok {
		if c.step.id == StepDiscover {
			c.notSeen(r)
		}
		return
	}
	for _, known := range c.find.seenAt {
		if known.Peer == d.At.Peer {
			return
		}
	}
	if len(c.find.seenAt) == maxCandidates {
		return
	}
	c.find.seenAt = append(c.find.seenAt, d.At)
	if len(c.find.seenAt) == 1 {
		c.find.seen()
	}
}

// patience is how long a search makes sense: until the device undoes everything.
func (c *Commissioner) patience() session.Milliseconds { return c.safe.remaining(c.now) }

// startFind leaves PASE behind.
func (c *Commissioner) startFind() {
	c.find.begun = true
	c.begin(StepDiscover)
	if c.at.Link == LinkIP && c.pase.usable() && c.patience() < discoverMs+caseMs {
		c.arm(discoverMs+caseMs, func(o outcome) {
			if o.err != nil && o.status() == StatusSuccess {
				c.pase.mute = true
			}
			c.findAgain()
		})
		return
	}
	c.findAgain()
}

// findAgain makes one try of finding the device, CASE and the end.
func (c *Commissioner) findAgain() {
	if c.find.tries++; c.find.tries > 1 {
		c.begin(StepDiscover)
	}
	switch {
	case c.patience() == 0:
		c.fail(rolledBack())
	case c.find.next < len(c.find.seenAt): // seen while it joined
		c.startCASE()
	case c.find.tries == 1 && c.cfg.HasAt && c.at.Link == LinkIP:
		// It is where it was, most likely: no search is needed.
		c.find.seenAt, c.find.next = []Location{c.at}, 0
		c.startCASE()
	default:
		if c.find.tries > 1 { // what is cached of it may be from before it moved
			c.stopSearch()
			c.find.seenAt, c.find.next = nil, 0
		}
		c.lookFor(c.startCASE)
	}
}

// notSeen ends a search without a result.
func (c *Commissioner) notSeen(r Reply) {
	failed, _ := r.(OperationFailed)
	expired := c.patience() == 0
	if !expired && c.at.Link == LinkIP { // no search here; it is where it was
		c.find.seenAt, c.find.next = []Location{c.at}, 0
		c.startCASE()
		return
	}
	f := Failed{Code: CodeNotSeen, Retry: RetryRestart, RolledBack: expired,
		Message: "The device joined the network, but is not visible from here."}
	if failed.Err != nil && !errors.Is(failed.Err, session.ErrTimeout) {
		f.Message += " " + failed.Err.Error()
	}
	c.fail(f)
}

// startCASE tries the next address.
func (c *Commissioner) startCASE() {
	if c.step.id != StepDiscover || !c.step.open {
		return // one is being tried
	}
	c.find.busy = 0
	c.find.next++
	c.begin(StepCASE)
	c.tryCASE()
}

func (c *Commissioner) tryCASE() {
	c.establish(caseMs, func(id RequestID) Request {
		return EstablishCASE{ID: id, At: c.find.seenAt[c.find.next-1], Fabric: c.cfg.Fabric.Fabric.Index(), Node: c.node}
	}, c.onCASE)
}

func (c *Commissioner) onCASE(ready SessionReady, err error) {
	if err == nil {
		c.stopSearch()
		c.operational = channel{id: ready.Session, alive: true}
		c.startComplete()
		return
	}
	if wait, busy := busyWait(err); busy && c.find.busy+1 < operationalTries {
		c.find.busy++
		c.wait(wait, c.tryCASE)
		return
	}
	var peer *session.PeerStatusError
	if errors.As(err, &peer) && peer.Report.Code == session.StatusNoSharedTrustRoots && peer.Report.Protocol == session.ProtocolSecureChannel {
		f := rolledBack()
		f.Status = secureChannelStatus(peer.Report)
		c.fail(f)
		return
	}
	f := Failed{Code: CodeCASEFailed, Retry: RetryRestart,
		Message: "The device was found, but no session came about: " + err.Error()}
	if peer != nil {
		f.Status = secureChannelStatus(peer.Report)
	}
	c.again(f)
}

// again tries the next address, or the whole from discovery on, or fails with f.
func (c *Commissioner) again(f Failed) {
	switch {
	case c.find.next < len(c.find.seenAt):
		c.end(StepFailed)
		c.begin(StepDiscover)
		c.startCASE()
	case c.find.tries < operationalTries && c.patience() > 0:
		c.end(StepFailed)
		c.findAgain()
	default:
		c.fail(f)
	}
}

func (c *Commissioner) startComplete() {
	c.begin(StepComplete)
	again := c.find.asked
	c.find.asked, c.find.unsure = true, true
	c.invoke(c.operational.id, CommissioningComplete(), answerMs, func(o outcome) {
		code := o.code()
		switch {
		case o.err != nil && o.status() == StatusSuccess: // no answer
			c.closeSession(&c.operational)
			if c.find.cancelled {
				c.fail(cancelled())
				return
			}
			c.again(Failed{Code: CodeCompleteRefused, Retry: RetryRestart, Message: "The device did not answer the last step: " + o.err.Error()})
		case o.err == nil && code == CommissioningOK,
			// It has our certificate and no fail-safe: an earlier one, whose answer
			// was lost, has done it.
			o.err == nil && code == CommissioningNoFailSafe && again:
			c.completed()
		case o.err == nil && code == CommissioningNoFailSafe:
			f := rolledBack()
			f.Status = code.status()
			c.fail(f)
		case c.find.cancelled:
			c.find.unsure = false
			c.fail(cancelled())
		default:
			c.find.unsure = false
			c.refused(CodeCompleteRefused, RetryRestart, "The device refused the last step.", o, code.status())
		}
	})
}

func (c *Commissioner) completed() {
	c.find.complete = true
	c.safe = failSafe{}
	if c.cfg.Fabric.Label == "" {
		c.skip(StepLabel)
		c.finish()
		return
	}
	c.begin(StepLabel)
	c.invoke(c.operational.id, UpdateFabricLabel(c.cfg.Fabric.Label), answerMs, func(o outcome) {
		if o.err != nil || o.code() != 0 { // another fabric may have the label
			c.end(StepFailed)
		}
		c.finish()
	})
}

// finish is the good end. The session by certificate stays open.
func (c *Commissioner) finish() {
	c.end(StepDone)
	c.closeSession(&c.pase)
	f := Finished{
		Node: c.node, Fabric: c.noc.index, At: c.find.seenAt[c.find.next-1],
		VendorID: c.facts.vendorID, ProductID: c.facts.productID, ProductName: c.facts.productName,
	}
	if c.operational.alive {
		f.Session = c.operational.id
	}
	c.emit(f)
	c.scrub()
}

// secureChannelStatus names what a peer reported of a handshake.
func secureChannelStatus(r session.StatusReport) DeviceStatus {
	name := "general " + strconv.Itoa(int(r.General))
	if r.Protocol == session.ProtocolSecureChannel {
		switch r.Code {
		case session.StatusNoSharedTrustRoots:
			name = "NoSharedTrustRoots"
		case session.StatusInvalidParameter:
			name = "InvalidParameter"
		case session.StatusBusy:
			name = "Busy"
		case session.StatusSessionNotFound:
			name = "SessionNotFound"
		}
	}
	return DeviceStatus{name, r.Code}
}
