package commission

import (
	"errors"

	"github.com/matter-session/matter-session/session"
)

// Finding the device, and the session by passcode.

// candidates are the devices that may be the one that the code is of.
type candidates struct {
	list []Location
	next int   // the first that was not tried
	busy int   // how often the one that is tried was busy
	err  error // what the last one that was tried said
	// wrong: at least one did not know the passcode.
	wrong bool
}

func (c *Commissioner) startLink() {
	c.begin(StepLink)
	if c.cfg.HasAt {
		c.candidates.list = []Location{c.cfg.At}
		c.nextCandidate()
		return
	}
	q := CommissionableQuery{
		Discriminator: c.cfg.Payload.Discriminator, Short: c.cfg.Payload.Short,
		VendorID: c.cfg.Payload.VendorID, ProductID: c.cfg.Payload.ProductID,
	}
	if q.Short {
		q.Discriminator >>= 8
	}
	c.discover(Discover{Commissionable: &q}, linkMs, c.onCandidate)
}

// onCandidate takes what the search found. Several devices may share a short
// discriminator: each is tried, and PASE decides. The wrong ones lose one of
// their 20 attempts by it.
func (c *Commissioner) onCandidate(r Reply) {
	d, ok := r.(Discovered)
	if !ok { // the search ended; what was found is tried still
		if c.step.id == StepLink {
			c.noCandidate()
		}
		return
	}
	p := &c.cfg.Payload
	if d.HasDetails && !(p.MatchesDiscriminator(d.Discriminator) && p.MatchesProduct(d.VendorID, d.ProductID)) {
		return
	}
	for _, known := range c.candidates.list {
		if known.Peer == d.At.Peer {
			return
		}
	}
	if len(c.candidates.list) == maxCandidates {
		return
	}
	c.candidates.list = append(c.candidates.list, d.At)
	if c.step.id == StepLink {
		c.nextCandidate()
	}
}

// nextCandidate tries the next device, or waits for one.
func (c *Commissioner) nextCandidate() {
	t := &c.candidates
	if t.next < len(t.list) {
		t.busy = 0
		c.at = t.list[t.next]
		t.next++
		c.begin(StepPASE)
		c.startPASE()
		return
	}
	if c.search.open() && c.cfg.Payload.Short && t.wrong {
		c.begin(StepLink)
		c.search.deadline = min(c.search.deadline, c.after(otherHitsMs))
		return
	}
	c.noCandidate()
}

func (c *Commissioner) startPASE() {
	c.establish(paseMs, func(id RequestID) Request {
		return EstablishPASE{ID: id, At: c.at, Passcode: Passcode(c.cfg.Payload.Passcode)}
	}, c.onPASE)
}

func (c *Commissioner) onPASE(ready SessionReady, err error) {
	if err == nil {
		c.stopSearch()
		c.candidates = candidates{}
		c.cfg.Payload.Passcode = 0 // used for the last time
		c.pase = channel{id: ready.Session, alive: true}
		c.proof.challenge = ready.AttestationChallenge
		c.safe.begin(c.now)
		c.startFacts()
		return
	}
	t := &c.candidates
	if wait, busy := busyWait(err); busy && t.busy+1 < paseTries {
		t.busy++
		c.wait(wait, c.startPASE)
		return
	}
	t.wrong = t.wrong || errors.Is(err, session.ErrWrongPasscode)
	t.err = err
	c.nextCandidate()
}

// noCandidate ends a commissioning for which no device is left to try.
func (c *Commissioner) noCandidate() {
	f := Failed{Retry: RetryRestart}
	var refused *session.PeerStatusError
	wait, busy := busyWait(c.candidates.err)
	switch err := c.candidates.err; {
	case c.candidates.wrong:
		f.Code, f.Retry, f.Message = CodeWrongCode, RetryCode, "The setup code does not fit this device."
	case err == nil:
		f.Code, f.Retry, f.Message = CodeNotFound, RetrySame, "No device with this code is in pairing mode."
	case busy:
		f.Code, f.Retry, f.WaitMs, f.Message = CodeDeviceBusy, RetrySame, wait, "Another app is setting this device up."
	case errors.As(err, &refused):
		f.Code, f.Message = CodeWindowClosed, "The device no longer accepts setup."
		f.Status = secureChannelStatus(refused.Report)
	case errors.Is(err, session.ErrTimeout):
		f.Code, f.Message = CodePASETimeout, "The device did not answer."
	case errors.Is(err, session.ErrHost):
		f.Code, f.Message = CodeUnexpected, "This computer could not do its part of the handshake: "+err.Error()
	default:
		f.Code, f.Message = CodeConnectionLost, "The connection to the device could not be made: "+err.Error()
	}
	c.fail(f)
}

// busyWait reports whether the peer said that it is busy, and for how long.
func busyWait(err error) (session.Milliseconds, bool) {
	var refused *session.PeerStatusError
	if !errors.As(err, &refused) {
		return 0, false
	}
	return refused.Report.BusyWait()
}
