package commission

import (
	"bytes"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// Telling a device which network to join. Matter Core §11.9.

// A netInstance is one network commissioning cluster: one interface.
type netInstance struct {
	endpoint     EndpointID
	features     uint32
	connected    bool
	scanS, joinS uint8
}

func (n *netInstance) kind() NetworkKind {
	switch {
	case n.features&NetworkFeatureWiFi != 0:
		return NetworkWiFi
	case n.features&NetworkFeatureThread != 0:
		return NetworkThread
	}
	return ""
}

type netState struct {
	instance *netInstance // to be set up; nil: none
	wifi     []WiFiNetwork
	thread   []ThreadNetwork
	chosen   NetworkChosen
	tries    int
}

// hasRadio reports whether the device has Wi-Fi or Thread.
func (f *facts) hasRadio() bool {
	for i := range f.instances {
		if f.instances[i].kind() != "" {
			return true
		}
	}
	return false
}

// toSetUp returns the interface that has to be told a network; nil if none has.
func (f *facts) toSetUp(setup NetworkSetup, prefer NetworkKind, link Link) *netInstance {
	if setup == NetworkNever || setup == NetworkAuto && link == LinkIP {
		return nil
	}
	if prefer == "" {
		prefer = NetworkWiFi
	}
	var best *netInstance
	for i := range f.instances {
		n := &f.instances[i]
		if n.connected {
			return nil
		}
		if k := n.kind(); k != "" && (best == nil || k == prefer && best.kind() != prefer) {
			best = n
		}
	}
	return best
}

func (c *Commissioner) startScan() {
	n := c.net.instance
	c.begin(StepScan)
	patience := answerMs + session.Milliseconds(n.scanS)*1000
	c.ensure(patience+keepAliveMs, func() {
		c.invoke(c.pase.id, ScanNetworks(n.endpoint, nil, c.nextBreadcrumb()), patience, c.onScan)
	})
}

// onScan asks for a network. A device that cannot scan can still be told one.
func (c *Commissioner) onScan(o outcome) {
	if c.unanswered(o) {
		return
	}
	if o.status() == StatusFailSafeRequired {
		c.fail(rolledBack())
		return
	}
	scan, err := ParseScanNetworksResponse(o.Fields)
	status := DeviceStatus{scan.Status.String(), uint16(scan.Status)}
	if o.err != nil {
		status = DeviceStatus{o.status().String(), uint16(o.status())}
	}
	if o.err != nil || err != nil || scan.Status != NetworkOK {
		c.end(StepFailed)
		c.choose(CodeScanFailed, status)
		return
	}
	c.net.wifi, c.net.thread = scan.WiFi, scan.Thread
	c.choose("", DeviceStatus{})
}

// choose asks which network it shall be, and why again if it was asked before.
func (c *Commissioner) choose(problem Code, status DeviceStatus) {
	c.emit(ChooseNetwork{
		ID: c.ask(wantNetwork, c.onChosen), Kind: c.net.instance.kind(),
		WiFi: c.net.wifi, Thread: c.net.thread, Problem: problem, Status: status,
	})
	c.deciding()
}

func (c *Commissioner) onChosen(r Reply) {
	chosen, ok := r.(NetworkChosen)
	if !ok {
		c.fail(Failed{Code: CodeCancelled, Retry: RetryRestart, Message: "No network was chosen."})
		return
	}
	clear(c.net.chosen.Credentials)
	clear(c.net.chosen.Dataset)
	c.net.chosen = NetworkChosen{
		SSID: bytes.Clone(chosen.SSID), Credentials: bytes.Clone(chosen.Credentials), Dataset: bytes.Clone(chosen.Dataset),
	}
	if problem := c.checkChosen(); problem != "" {
		c.choose(problem, DeviceStatus{})
		return
	}
	if c.noc.added {
		c.startNetwork()
		return
	}
	c.startCSR()
}

// checkChosen returns what is wrong with a choice, before the device says so.
func (c *Commissioner) checkChosen() Code {
	n := &c.net.chosen
	if c.net.instance.kind() == NetworkThread {
		if _, ok := extendedPANID(n.Dataset); !ok {
			return CodeThreadDataset
		}
		return ""
	}
	switch {
	case len(n.SSID) == 0 || len(n.SSID) > 32:
		return CodeWiFiNotFound
	case len(n.Credentials) > 64:
		return CodeWiFiAuth
	}
	return ""
}

// extendedPANID returns the network ID of a Thread operational dataset: TLVs of
// one octet type, one octet length. A dataset without a channel, a PAN ID, a
// name or a network key does not let anybody join.
func extendedPANID(dataset []byte) (id []byte, ok bool) {
	if len(dataset) > 254 {
		return nil, false
	}
	var seen [256]bool
	for b := dataset; len(b) > 0; {
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			return nil, false
		}
		kind, value := b[0], b[2:2+int(b[1])]
		if size := datasetSizes[kind]; size != 0 && len(value) != size {
			return nil, false
		}
		if kind == datasetExtendedPANID {
			id = value
		}
		seen[kind] = true
		b = b[2+len(value):]
	}
	for _, kind := range datasetRequired {
		if !seen[kind] {
			return nil, false
		}
	}
	return id, true
}

// Types of TLV in a Thread operational dataset, and the size that each has.
const (
	datasetChannel       = 0
	datasetPANID         = 1
	datasetExtendedPANID = 2
	datasetName          = 3
	datasetNetworkKey    = 5
)

var (
	datasetRequired = [...]uint8{datasetChannel, datasetPANID, datasetExtendedPANID, datasetName, datasetNetworkKey}
	datasetSizes    = map[uint8]int{datasetChannel: 3, datasetPANID: 2, datasetExtendedPANID: 8, datasetNetworkKey: 16}
)

// startNetwork gives the device the network, if it needs one.
func (c *Commissioner) startNetwork() {
	n := c.net.instance
	if n == nil {
		c.skip(StepNetwork, StepConnect)
		c.startFind()
		return
	}
	c.begin(StepNetwork)
	c.net.tries++
	c.ensure(wantedArmMs/2, func() {
		cmd := AddOrUpdateWiFiNetwork(n.endpoint, c.net.chosen.SSID, c.net.chosen.Credentials, c.nextBreadcrumb())
		if n.kind() == NetworkThread {
			cmd = AddOrUpdateThreadNetwork(n.endpoint, c.net.chosen.Dataset, c.nextBreadcrumb())
		}
		c.invoke(c.pase.id, cmd, answerMs, func(o outcome) {
			if !c.notJoined(o) {
				c.startConnect()
			}
		})
	})
}

// startConnect has the device join. The answer may never arrive: the channel
// may be gone by then, so the device is looked for meanwhile, and the fail-safe
// is long enough for joining, finding and CASE before the command is sent.
func (c *Commissioner) startConnect() {
	n := c.net.instance
	c.begin(StepConnect)
	joinMs := max(session.Milliseconds(n.joinS)*1000, minConnectMs)
	c.ensure(joinMs+discoverMs+caseMs, func() {
		id := c.net.chosen.SSID
		if n.kind() == NetworkThread {
			id, _ = extendedPANID(c.net.chosen.Dataset)
		}
		c.invoke(c.pase.id, ConnectNetwork(n.endpoint, id, c.nextBreadcrumb()), joinMs+graceMs, func(o outcome) {
			if !c.notJoined(o) {
				c.startFind()
			}
		})
		c.lookFor(func() {
			c.abandon() // seen on the network: what it would answer is known
			c.pase.mute = true
			c.startFind()
		})
	})
}

// notJoined takes the answer to a network command and reports whether it ends
// this attempt: because another network has to be chosen, or all is over.
func (c *Commissioner) notJoined(o outcome) bool {
	if c.unanswered(o) {
		return true
	}
	status := NetworkStatus(o.code())
	if o.err == nil && status == NetworkOK {
		return false
	}
	c.stopSearch()
	switch {
	case o.err != nil && o.status() == StatusResourceExhausted:
		status = NetworkBoundsExceeded
	case o.err != nil && c.net.tries > 1:
		c.refused(CodeRetryRefused, RetryRestart, "The device takes no other network in this attempt.", o, DeviceStatus{})
		return true
	case o.err != nil:
		c.refused(CodeUnexpected, RetryRestart, "The device did not take the network.", o, DeviceStatus{})
		return true
	}
	c.end(StepFailed)
	c.choose(networkProblem(c.net.instance.kind(), status), DeviceStatus{status.String(), uint16(status)})
	return true
}

// networkProblem returns what a network commissioning status means for a person.
// Matter Core §11.9.5.3.
func networkProblem(kind NetworkKind, status NetworkStatus) Code {
	switch status {
	case NetworkBoundsExceeded:
		return CodeNetworkTableFull
	case NetworkIPv6Failed, NetworkIPBindFailed:
		return CodeIPFailed
	}
	if kind == NetworkThread {
		if status == NetworkOutOfRange || status == NetworkAuthFailure {
			return CodeThreadDataset
		}
		return CodeThreadNotFound
	}
	switch status {
	case NetworkAuthFailure, NetworkOutOfRange:
		return CodeWiFiAuth
	case NetworkUnsupportedSecurity, NetworkRegulatoryError:
		return CodeWiFiSecurity
	}
	return CodeWiFiNotFound
}

// connectedNetworks reports whether a list of networks has one that is
// connected. Matter Core §11.9.5.5.
func connectedNetworks(list []byte) (connected bool) {
	r := tlv.NewReader(list)
	r.Next()
	r.Enter(tlv.Array)
	for r.Next() {
		r.Enter(tlv.Struct)
		for r.Next() {
			if n, ok := r.Tag().ContextNumber(); ok && n == 1 && r.Bool() {
				connected = true
			}
		}
		r.Exit()
	}
	r.Exit()
	return connected && r.Close() == nil
}
