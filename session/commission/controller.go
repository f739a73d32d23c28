package commission

import (
	"errors"

	"github.com/matter-session/matter-session/session"
)

// A Controller is everything that an administrator of fabrics needs, in one
// object: the sessions, the interactions over them, and any number of
// commissionings. Like its parts it does no I/O and reads no clock: give it
// datagrams and the time, send what [Controller.Output] says, call
// [Controller.Tick] at its deadline.
//
// Not safe for concurrent use.
type Controller struct {
	cfg     ControllerConfig
	manager *session.Manager
	client  *Client
	fabrics map[session.FabricIndex]FabricAccess

	closed   bool
	last     OperationID
	runs     map[OperationID]*Commissioner
	running  []OperationID // of runs, in the order they were started
	shakes   map[session.HandshakeID]errand
	actions  map[InteractionID]errand
	sessions map[session.SessionID]OperationID // that a commissioning uses, and nobody else knows

	datagrams []session.Datagram
	events    []ControllerEvent
	deadline  deadline
}

// An OperationID names one commissioning or connection of one [Controller];
// never reused, and never 0.
type OperationID uint32

// An errand is what the controller does for somebody: under request for a
// commissioning, or a connection if request is 0.
type errand struct {
	owner   OperationID
	request RequestID
}

// ControllerConfig is what a [Controller] is made with.
type ControllerConfig struct {
	Session session.Config
	// Roots are those of certified products: nothing is commissioned without them.
	// TestRoots are those of development devices; nil: none. Both can be set later.
	Roots, TestRoots Roots
	Signers          Signers
}

// A ControllerEvent is something that a [Controller] tells: one of the types below.
type ControllerEvent interface{ isControllerEvent() }

// Events.
type (
	// CommissioningEvent: a commissioning asks or tells. Request is one of those
	// to the host: Discover, StopDiscover, DecideAttestation, ChooseNetwork,
	// IssueNOC, Progress, and at last Finished or Failed.
	CommissioningEvent struct {
		Commissioning OperationID
		Request       Request
	}
	// Connected: [Controller.Connect] has succeeded.
	Connected struct {
		Connection OperationID
		Session    session.SessionID
	}
	// ConnectFailed: it has not.
	ConnectFailed struct {
		Connection OperationID
		Err        error
	}
	// InteractionEvent is an event of the [Client].
	InteractionEvent struct{ Event Event }
	// SessionEvent is an event of the [session.Manager] that concerns the host:
	// SessionEstablished for sessions that a peer opened, SessionClosed,
	// WorkWanted, ResumptionSaved, PASEClosed.
	SessionEvent struct{ Event session.Event }
)

func (CommissioningEvent) isControllerEvent() {}
func (Connected) isControllerEvent()          {}
func (ConnectFailed) isControllerEvent()      {}
func (InteractionEvent) isControllerEvent()   {}
func (SessionEvent) isControllerEvent()       {}

// ControllerOutput is what a [Controller] wants done.
type ControllerOutput struct {
	Datagrams   []session.Datagram // to send, in this order
	Events      []ControllerEvent  // to handle, in this order
	Deadline    session.Instant    // when to call Tick, if HasDeadline
	HasDeadline bool
}

// maxOperations bounds the commissionings at a time.
const maxOperations = 64

var errNoAuthority = errors.New("commission: the fabric is not known here")

// NewController returns a controller without fabrics.
func NewController(cfg ControllerConfig) (*Controller, error) {
	m, err := session.NewManager(cfg.Session)
	if err != nil {
		return nil, err
	}
	return &Controller{
		cfg: cfg, manager: m, client: NewClient(m),
		fabrics: make(map[session.FabricIndex]FabricAccess), runs: make(map[OperationID]*Commissioner),
		shakes: make(map[session.HandshakeID]errand), actions: make(map[InteractionID]errand),
		sessions: make(map[session.SessionID]OperationID),
	}, nil
}

// Sessions returns the controller's sessions, to look at and to configure
// ([session.Manager.SetUTC], [session.Manager.SetStream],
// [session.Manager.AddResumption], [session.Manager.Session]). Its output is the
// controller's: do not fetch it.
func (c *Controller) Sessions() *session.Manager { return c.manager }

// String returns a fixed text: what is inside is secret.
func (*Controller) String() string { return "controller [redacted]" }

// GoString returns the same.
func (*Controller) GoString() string { return "controller [redacted]" }

// SetTrust replaces the lists that products are judged by, for commissionings
// that are started from now on.
func (c *Controller) SetTrust(roots, test Roots) { c.cfg.Roots, c.cfg.TestRoots = roots, test }

// AddAuthority makes the controller the administrator of a's fabric. The
// controller keeps a copy of its own, and erases that with the fabric.
func (c *Controller) AddAuthority(a *Authority) (session.FabricIndex, error) {
	stored := a.AppendTLV(nil)
	defer clear(stored)
	own, err := ParseAuthority(stored)
	if err != nil {
		return 0, err
	}
	cfg := own.FabricConfig()
	defer clear(cfg.Key)
	index, err := c.addFabric(cfg, own.Access)
	if err != nil {
		own.Clear()
	}
	return index, err
}

// AddFabric makes the controller an administrator of a fabric whose authority is
// elsewhere: its commissionings ask for certificates by [IssueNOC]. Devices are
// given the newest epoch key of cfg and adminVendorID.
func (c *Controller) AddFabric(cfg session.FabricConfig, adminVendorID uint16) (session.FabricIndex, error) {
	if adminVendorID == 0 {
		return 0, errAdminVendor
	}
	if len(cfg.Label) > maxLabel {
		return 0, errLabel
	}
	return c.addFabric(cfg, func(f *session.Fabric) FabricAccess {
		return FabricAccess{
			Fabric: f, IPK: EpochKey(cfg.EpochKeys[len(cfg.EpochKeys)-1]), AdminVendorID: adminVendorID, Label: cfg.Label,
		}
	})
}

func (c *Controller) addFabric(cfg session.FabricConfig, access func(*session.Fabric) FabricAccess) (session.FabricIndex, error) {
	f, err := session.NewFabric(cfg)
	if err != nil {
		return 0, err
	}
	index, err := c.manager.AddFabric(f)
	if err == nil {
		c.fabrics[index] = access(f)
	}
	return index, err
}

// RemoveFabric forgets a fabric: its commissionings are stopped and its sessions
// end.
func (c *Controller) RemoveFabric(now session.Instant, index session.FabricIndex) error {
	for _, id := range c.running {
		if r := c.runs[id]; !r.Done() && r.cfg.Fabric.Fabric.Index() == index {
			r.Handle(now, Cancel{})
		}
	}
	err := c.manager.RemoveFabric(now, index)
	c.forget(index)
	c.pump(now)
	return err
}

// CommissionOptions say which device is brought into which fabric, and how. The
// fields are those of [Config].
type CommissionOptions struct {
	Fabric   session.FabricIndex
	Payload  Payload
	At       Location
	HasAt    bool
	NodeID   session.NodeID
	Policy   Policy
	Network  NetworkSetup
	Prefer   NetworkKind
	Country  string
	Place    RegulatoryLocation
	UTC      session.EpochSeconds
	Terms    *Terms
	AdminCAT session.CAT // administers the device in place of our node; 0: our node
}

// Commission starts to bring a device into a fabric.
func (c *Controller) Commission(now session.Instant, o CommissionOptions) (OperationID, error) {
	access, ok := c.fabrics[o.Fabric]
	switch {
	case c.closed:
		return 0, session.ErrClosed
	case !ok:
		return 0, errNoAuthority
	case len(c.runs) >= maxOperations:
		return 0, session.ErrLimit
	}
	if o.AdminCAT != 0 {
		access.AdminSubject = o.AdminCAT.NodeID()
	}
	r, err := New(Config{
		Rand: c.cfg.Session.Rand, Payload: o.Payload, At: o.At, HasAt: o.HasAt, Fabric: access, NodeID: o.NodeID,
		Roots: c.cfg.Roots, TestRoots: c.cfg.TestRoots, Signers: c.cfg.Signers, Policy: o.Policy, Network: o.Network, Prefer: o.Prefer,
		Country: o.Country, Place: o.Place, UTC: o.UTC, Terms: o.Terms,
	})
	if err != nil {
		return 0, err
	}
	c.last++
	c.runs[c.last] = r
	c.running = append(c.running, c.last)
	id := c.last
	r.Start(now)
	c.pump(now)
	return id, nil
}

// Reply answers a request of a commissioning: Discovered, AttestationDecision,
// NetworkChosen, Issued, OperationFailed, or Cancel. It returns
// [session.ErrNotFound] if the commissioning is over.
func (c *Controller) Reply(now session.Instant, id OperationID, r Reply) error {
	run := c.runs[id]
	if run == nil {
		return session.ErrNotFound
	}
	switch r.(type) {
	case SessionReady, ReadAnswered, InvokeAnswered, SessionLost:
		return session.ErrUnexpected // these are ours to tell
	}
	run.Handle(now, r)
	c.pump(now)
	return nil
}

// Connect sets up a session by certificate with a node, with resumption if there
// is a record, unless full says otherwise. The outcome is Connected or ConnectFailed.
func (c *Controller) Connect(now session.Instant, fabric session.FabricIndex, node session.NodeID, at Location, full bool) (OperationID, error) {
	c.manager.SetStream(at.Peer, at.Link == LinkBLE)
	shake, err := c.manager.StartCASE(now, at.Peer, fabric, node, session.CASEOptions{Parameters: at.Parameters, Full: full})
	return c.connecting(now, shake, err)
}

// Pair sets up a session by a passcode, and nothing more. The outcome is
// Connected or ConnectFailed.
func (c *Controller) Pair(now session.Instant, passcode Passcode, at Location) (OperationID, error) {
	c.manager.SetStream(at.Peer, at.Link == LinkBLE)
	shake, err := c.manager.StartPASE(now, at.Peer, uint32(passcode), at.Parameters)
	return c.connecting(now, shake, err)
}

func (c *Controller) connecting(now session.Instant, shake session.HandshakeID, err error) (OperationID, error) {
	if err != nil {
		return 0, err
	}
	c.last++
	id := c.last
	c.shakes[shake] = errand{owner: id}
	c.pump(now)
	return id, nil
}

// CancelConnect gives a connection up. ConnectFailed follows.
func (c *Controller) CancelConnect(now session.Instant, id OperationID) error {
	for shake, e := range c.shakes {
		if e == (errand{owner: id}) {
			err := c.manager.CancelHandshake(now, shake)
			c.pump(now)
			return err
		}
	}
	return session.ErrNotFound
}

// CloseSession closes a session and tells its peer.
func (c *Controller) CloseSession(now session.Instant, id session.SessionID) error {
	err := c.manager.CloseSession(now, id)
	c.pump(now)
	return err
}

// Read reads attributes and events: see [Client.Read].
func (c *Controller) Read(now session.Instant, id session.SessionID, q ReadRequest, o Options) (InteractionID, error) {
	i, err := c.client.Read(now, id, q, o)
	c.pump(now)
	return i, err
}

// Write writes attributes: see [Client.Write].
func (c *Controller) Write(now session.Instant, id session.SessionID, writes []AttributeData, o Options) (InteractionID, error) {
	i, err := c.client.Write(now, id, writes, o)
	c.pump(now)
	return i, err
}

// Invoke invokes commands: see [Client.Invoke].
func (c *Controller) Invoke(now session.Instant, id session.SessionID, commands []CommandData, o Options) (InteractionID, error) {
	i, err := c.client.Invoke(now, id, commands, o)
	c.pump(now)
	return i, err
}

// Subscribe subscribes: see [Client.Subscribe].
func (c *Controller) Subscribe(now session.Instant, id session.SessionID, q SubscribeRequest, o Options) (InteractionID, error) {
	i, err := c.client.Subscribe(now, id, q, o)
	c.pump(now)
	return i, err
}

// CancelInteraction gives an interaction or a subscription up.
func (c *Controller) CancelInteraction(now session.Instant, id InteractionID) error {
	if _, ours := c.actions[id]; ours {
		return session.ErrNotFound
	}
	err := c.client.Cancel(now, id)
	c.pump(now)
	return err
}

// Answer gives the result of work that was asked for: see [session.Manager.Answer].
func (c *Controller) Answer(now session.Instant, id session.WorkID, result []byte, failure error) error {
	err := c.manager.Answer(now, id, result, failure)
	c.pump(now)
	return err
}

// ErrChannelLost: the transport to the peer ended.
var ErrChannelLost = errors.New("commission: the connection to the device was lost")

// ChannelLost says that nothing goes to peer any more, nor comes from it: a
// Bluetooth connection ended, say. What ran over it is lost.
func (c *Controller) ChannelLost(now session.Instant, peer session.Peer) {
	c.manager.DropPeer(now, peer, ErrChannelLost)
	c.pump(now)
}

// Receive takes one datagram of a peer.
func (c *Controller) Receive(now session.Instant, peer session.Peer, datagram []byte) {
	c.manager.Receive(now, peer, datagram)
	c.pump(now)
}

// Tick does all that is due at now. Calling it early or often does no harm.
func (c *Controller) Tick(now session.Instant) {
	c.manager.Tick(now)
	c.client.Tick(now)
	for _, id := range c.running {
		c.runs[id].Tick(now)
	}
	c.pump(now)
}

// Close ends everything, with a word to every peer. The output still has to be
// sent. Commissionings end without their last word: cancel them first to have
// devices undo what was done.
func (c *Controller) Close(now session.Instant) {
	clear(c.runs)
	c.running = nil
	c.manager.Close(now)
	for index := range c.fabrics {
		c.forget(index)
	}
	c.closed = true
	c.pump(now)
}

// forget drops a fabric and erases the keys of its authority, if that is ours.
func (c *Controller) forget(index session.FabricIndex) {
	if a := c.fabrics[index].Authority; a != nil {
		a.Clear()
	}
	delete(c.fabrics, index)
}

// Output returns what the calls since the last Output want done.
func (c *Controller) Output() ControllerOutput {
	out := ControllerOutput{Datagrams: c.datagrams, Events: c.events, Deadline: c.deadline.at, HasDeadline: c.deadline.at != 0}
	c.datagrams, c.events = nil, nil
	return out
}
