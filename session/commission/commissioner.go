package commission

import (
	"errors"
	"io"

	"github.com/matter-session/matter-session/session"
)

// How long things may take. The device's own limits come on top where it states
// them.
const (
	answerMs      session.Milliseconds = 40_000  // a command: 30 s in the device, and retransmission
	shortAnswerMs session.Milliseconds = 10_000  // a command that is only tried
	graceMs       session.Milliseconds = 5_000   // our own patience, beyond that of whoever executes a request
	abandonMs     session.Milliseconds = 3_000   // for a command that nobody needs any more
	linkMs        session.Milliseconds = 60_000  // finding a device that can be commissioned
	otherHitsMs   session.Milliseconds = 10_000  // finding another one, after a wrong one
	paseMs        session.Milliseconds = 60_000  // a whole PASE, key stretching included
	caseMs        session.Milliseconds = 60_000  // a whole CASE
	discoverMs    session.Milliseconds = 90_000  // finding a device that was commissioned
	armedByPASEMs session.Milliseconds = 60_000  // the fail-safe that a device arms by itself
	wantedArmMs   session.Milliseconds = 120_000 // the one that we ask for
	keepAliveMs   session.Milliseconds = 25_000  // between re-armings while somebody decides; keeps Bluetooth open, too
	minConnectMs  session.Milliseconds = 60_000  // ConnectNetwork, whatever the device says
	cumulativeMs  session.Milliseconds = 900_000 // of a device that states no limit

	operationalTries = 3 // of discover, case and complete as a whole
	paseTries        = 3 // of one peer that is busy
	nocTries         = 2 // of csr and noc as a whole
	maxCandidates    = 16
)

// A Policy says which verdicts may be accepted. None accepts an invalid proof.
type Policy uint8

// Policies.
const (
	PolicyAsk       Policy = iota // a certified device goes on; about any other the host decides
	PolicyCertified               // only a certified device goes on
)

// NetworkSetup says whether a device is told to join a network.
type NetworkSetup uint8

// Choices of network set-up.
const (
	NetworkAuto   NetworkSetup = iota // if it was not reached over IP, and is on no network
	NetworkAlways                     // if it is on no network
	NetworkNever
)

// An EpochKey is the key of a fabric's identity protection key set, as AddNOC
// carries it. It prints as [redacted].
type EpochKey [16]byte

func (EpochKey) String() string   { return "[redacted]" }
func (EpochKey) GoString() string { return "[redacted]" }

// A FabricAccess is what a commissioner needs to bring a device into a fabric.
type FabricAccess struct {
	// Fabric is our own membership, known to the manager that runs CASE.
	Fabric *session.Fabric
	IPK    EpochKey
	// AdminSubject is who will administer the device: 0 for our own node, or the
	// node ID of a CASE authenticated tag that our certificate carries.
	AdminSubject  session.NodeID
	AdminVendorID uint16
	Label         string // written to the device, at most 32 octets; "" is not written
	// Authority issues the device's certificate. Without one the host is asked,
	// by [IssueNOC].
	Authority *Authority
}

// Terms are what a person accepted of a maker's terms and conditions.
// Matter Core §11.10.7.8.
type Terms struct{ Version, Accepted uint16 }

// Config is what one commissioning is made with.
type Config struct {
	Rand    io.Reader // required
	Payload Payload   // the setup code

	// At is where the device is, if HasAt; otherwise it is searched for.
	At    Location
	HasAt bool

	Fabric FabricAccess
	NodeID session.NodeID // of the device in the fabric; 0: a random one

	Roots     Roots // of certified products; required
	TestRoots Roots // of development devices; nil: none
	Signers   Signers
	Policy    Policy

	Network NetworkSetup
	Prefer  NetworkKind          // of a device that knows both kinds; "" is Wi-Fi
	Country string               // ISO 3166-1, two letters; "" is XX, none
	Place   RegulatoryLocation   // of a device that may be at either
	UTC     session.EpochSeconds // at Start; 0: no trusted clock, the device's stays as it is
	Terms   *Terms               // nil: none were accepted
}

// Errors of [New].
var (
	errNoRand   = errors.New("commission: Config.Rand is missing")
	errNoRoots  = errors.New("commission: Config.Roots is missing: attestation cannot be checked without a list of roots")
	errNoFabric = errors.New("commission: Config.Fabric.Fabric is missing, or its manager does not know it")
	errNodeID   = errors.New("commission: not an operational node ID")
	errLabel    = errors.New("commission: the fabric's label is not text of at most 32 octets")
	errCountry  = errors.New("commission: a country has two letters")
)

func (c *Config) check() error {
	switch {
	case c.Rand == nil:
		return errNoRand
	case c.Roots == nil:
		return errNoRoots
	case c.Fabric.Fabric == nil || c.Fabric.Fabric.Index() == 0:
		return errNoFabric
	case c.NodeID != 0 && !c.NodeID.IsOperational():
		return errNodeID
	case len(c.Fabric.Label) > maxLabel:
		return errLabel
	case c.Country != "" && len(c.Country) != 2:
		return errCountry
	}
	if fault := c.Payload.check(); fault != nil {
		return fault
	}
	return nil
}

// A Commissioner is one commissioning of one device: a state machine without
// I/O or a clock. It says what it wants done ([Commissioner.Requests]) and is
// told what came of it ([Commissioner.Handle]). Its last request is [Finished]
// or [Failed], exactly once.
//
// Not safe for concurrent use.
type Commissioner struct {
	cfg     Config
	now     session.Instant // of the call that is running
	started session.Instant
	out     []Request
	lastID  RequestID

	core   slot  // the one request to the owner of the sessions
	host   slot  // the one question to the host
	search slot  // the discovery beside them
	timer  timer // a wait that nobody answers
	queued func()

	step stepState

	pase, operational channel
	at                Location // of PASE
	node              session.NodeID

	candidates candidates
	safe       failSafe
	facts      facts
	proof      proof
	noc        nocState
	net        netState
	find       findState

	ending *Failed // what is going to be said once the device has been told
	over   bool
}

// A channel is a session with the device, while there is one.
type channel struct {
	id    session.SessionID
	alive bool
	// mute: the device may be gone from it. Nothing is awaited there any more.
	mute bool
}

// New returns a commissioner that waits for [Commissioner.Start]. It errs if the
// configuration cannot work: a missing verifier is an error, not a check less.
func New(cfg Config) (*Commissioner, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	c := &Commissioner{cfg: cfg, node: cfg.NodeID}
	if c.node == 0 {
		var err error
		if c.node, err = RandomNodeID(cfg.Rand); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Start begins. A second call does nothing.
func (c *Commissioner) Start(now session.Instant) {
	if c.over || c.step.id != "" {
		return
	}
	c.now, c.started = now, now
	c.begin(StepPayload)
	c.startLink()
}

// Handle takes one reply. Replies that are not awaited are ignored.
func (c *Commissioner) Handle(now session.Instant, r Reply) {
	if c.over {
		return
	}
	c.now = now
	switch r := r.(type) {
	case Cancel:
		c.cancel()
	case SessionLost:
		c.lost(r)
	default:
		c.answered(r)
	}
	c.runQueued()
}

// Tick does what is due at now. Call it at [Commissioner.Deadline]; an earlier
// call is harmless.
func (c *Commissioner) Tick(now session.Instant) {
	if c.over {
		return
	}
	c.now = now
	c.tickStep()
	if c.timer.due(now) {
		then := c.timer.then
		c.timer = timer{}
		then()
	}
	for _, s := range []*slot{&c.core, &c.host, &c.search} {
		if !c.over && s.due(now) {
			c.expire(s)
		}
	}
	if !c.over {
		c.tickFailSafe()
	}
	c.runQueued()
}

// Deadline returns when to call Tick, and whether anything is waited for.
func (c *Commissioner) Deadline() (session.Instant, bool) {
	if c.over {
		return 0, false
	}
	var d deadline
	d.add(c.step.slowAt)
	d.add(c.timer.at)
	d.add(c.core.deadline)
	d.add(c.host.deadline)
	d.add(c.search.deadline)
	d.add(c.failSafeDeadline())
	return d.at, d.at != 0
}

// Requests returns what is wanted since the last call, in order.
func (c *Commissioner) Requests() []Request {
	out := c.out
	c.out = nil
	return out
}

// Done reports whether the last request has been made.
func (c *Commissioner) Done() bool { return c.over }

// NodeID returns the node ID that the device gets.
func (c *Commissioner) NodeID() session.NodeID { return c.node }

func (c *Commissioner) emit(r Request) { c.out = append(c.out, r) }
