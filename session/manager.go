package session

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/matter-session/matter-session/session/message"
)

// Every table of a [Manager] is bounded.
const (
	// DefaultMaxSessions is how many secure sessions a Manager holds unless
	// [Config.MaxSessions] says otherwise.
	DefaultMaxSessions = 1024
	// MaxSessionsLimit is the most that it can hold: a local session ID has 16
	// bits and is never 0, and handshakes in progress need some of them.
	MaxSessionsLimit = 65_535 - maxUnsecured

	maxExchanges           = 1024 // of secure sessions, in all
	maxPeerExchanges       = 768  // of them, that peers opened: the rest is ours
	maxExchangesPerSession = 32   // that the peer opened
	maxQueue               = 4    // messages that wait behind an outstanding one
	maxHandshakes          = 16   // with us as responder
	maxUnsecured           = 64   // unsecured sessions, and exchanges of them
	maxResumptions         = 1024 // the one unused the longest is dropped
	maxFabrics             = 254

	exchangeIdleLimit = 300_000 // ms until an exchange that a peer opened and nobody uses is dropped
	sessionsPerFabric = 3       // that others do not displace, Matter Core §4.14.2.8
	removalGrace      = 10_000  // ms that the sessions of a removed fabric still live
)

var errNoRand = errors.New("session: a source of randomness (Rand) is required")

// Config is what a [Manager] is made with.
type Config struct {
	// Rand is where all randomness comes from: crypto/rand.Reader or as good. Required.
	Rand io.Reader
	// Parameters are told to every peer. The zero value stands for [DefaultParameters].
	Parameters Parameters
	// Delegate is the work that the host does in the core's place: see [WorkWanted].
	Delegate Delegate
	// MaxSessions bounds the secure sessions; 0 stands for [DefaultMaxSessions].
	// When there are more, the least recently active one is closed, but not one
	// of the last three of a fabric if another fabric has more.
	MaxSessions int
	// ExtraDelay is added to every wait for an acknowledgement: for slow paths,
	// such as a relay or a mesh of sleepy routers. At most an hour.
	ExtraDelay Milliseconds
}

// A Manager holds the sessions of one node: all of its fabrics, peers and
// handshakes. Make one with [NewManager].
type Manager struct {
	rand        io.Reader
	parameters  Parameters
	delegate    Delegate
	maxSessions int
	extraDelay  Milliseconds
	lingering   Milliseconds // of unsecured sessions
	utcOffset   int64        // seconds of Matter's epoch at instant 0, if utcKnown
	utcKnown    bool

	sessions map[SessionID]*Session
	reserved map[SessionID]bool // held by handshakes
	expiring []*Session         // of removed fabrics
	lastID   SessionID

	fabrics     []*Fabric
	resumptions []*ResumptionRecord // the most recently used last

	unsecured        map[unsecuredKey]*unsecured
	unsecuredCounter outgoingCounter

	exchanges        []*exchange // in the order they were opened
	exchangeByKey    map[exchangeKey]*exchange
	exchangeByHandle map[Exchange]*exchange
	lastExchange     Exchange
	// Of the exchanges: those of unsecured sessions, and those of secure ones
	// that peers opened.
	unsecuredExchanges, peerExchanges int
	exchangeID                        ExchangeID

	runs     []*handshakeRun // in the order they were started
	lastRun  HandshakeID
	lastWork WorkID
	pase     *paseWindow

	streams map[Peer]bool // peers on transports that retransmit by themselves
	out     Output
	stats   Stats
	closed  bool
}

// String tells nothing: everything secret is behind a Manager.
func (Manager) String() string { return "session manager [redacted]" }

// GoString is String.
func (Manager) GoString() string { return Manager{}.String() }

// Stats counts what was dropped without a word, by reason.
type Stats struct {
	Malformed      uint64 // no header, or one that must not be
	UnknownSession uint64
	Forged         uint64 // authentication failed
	Duplicate      uint64
	NotExpected    uint64 // no exchange takes it
	Limited        uint64 // a table was full
}

// NewManager returns an empty Manager.
func NewManager(c Config) (*Manager, error) {
	if c.Rand == nil {
		return nil, errNoRand
	}
	if c.MaxSessions == 0 {
		c.MaxSessions = DefaultMaxSessions
	}
	if c.MaxSessions < 1 || c.MaxSessions > MaxSessionsLimit {
		return nil, errors.New("session: Config.MaxSessions is not 1 to 65471")
	}
	if c.ExtraDelay < 0 || c.ExtraDelay > maxIntervalMs {
		return nil, errors.New("session: Config.ExtraDelay is not 0 to 3600000 ms")
	}
	if c.Parameters == (Parameters{}) {
		c.Parameters = DefaultParameters()
	}
	m := &Manager{
		rand: c.Rand, parameters: c.Parameters, delegate: c.Delegate, maxSessions: c.MaxSessions, extraDelay: c.ExtraDelay,
		lingering: lingering(c.Parameters),
		sessions:  make(map[SessionID]*Session), reserved: make(map[SessionID]bool),
		unsecured:     make(map[unsecuredKey]*unsecured),
		exchangeByKey: make(map[exchangeKey]*exchange), exchangeByHandle: make(map[Exchange]*exchange),
		streams: make(map[Peer]bool),
	}
	var b [4]byte
	if _, err := io.ReadFull(c.Rand, b[:]); err != nil {
		return nil, err
	}
	m.lastID = SessionID(binary.LittleEndian.Uint16(b[:]))
	m.exchangeID = ExchangeID(binary.LittleEndian.Uint16(b[2:]))
	counter, err := newOutgoingCounter(c.Rand, true)
	if err != nil {
		return nil, err
	}
	m.unsecuredCounter = counter
	return m, nil
}

// SetUTC tells the time of day at now; it goes on from there. Without it, and
// after a utc of 0, no certificate is refused for its dates.
func (m *Manager) SetUTC(now Instant, utc EpochSeconds) {
	m.utcOffset, m.utcKnown = int64(utc)-int64(now)/1000, utc != 0
}

func (m *Manager) utc(now Instant) EpochSeconds {
	if !m.utcKnown {
		return 0
	}
	return EpochSeconds(min(max(1, m.utcOffset+int64(now)/1000), 1<<32-1))
}

// SetStream says whether messages to and from peer travel on a transport that
// delivers them in order or not at all (BTP, TCP): MRP is then off for it.
// Matter Core §4.12.
func (m *Manager) SetStream(peer Peer, stream bool) {
	if stream {
		m.streams[peer] = true
	} else {
		delete(m.streams, peer)
	}
}

// Output returns what the calls since the last Output want done.
func (m *Manager) Output() Output {
	out := m.out
	m.out = Output{}
	out.Deadline, out.HasDeadline = m.deadline()
	return out
}

func (m *Manager) emit(e Event) { m.out.Events = append(m.out.Events, e) }

func (m *Manager) transmit(peer Peer, octets []byte) {
	m.out.Datagrams = append(m.out.Datagrams, Datagram{peer, octets})
}

// Stats returns what was dropped so far.
func (m *Manager) Stats() Stats { return m.stats }

// Tick does all that is due at now. Calling it early or often does no harm.
func (m *Manager) Tick(now Instant) {
	for _, x := range append([]*exchange(nil), m.exchanges...) {
		if m.exchangeByHandle[x.handle] == x {
			m.tickExchange(now, x)
		}
	}
	for _, run := range append([]*handshakeRun(nil), m.runs...) {
		m.tickHandshake(now, run)
	}
	for len(m.expiring) > 0 && now >= m.expiring[0].graceEnds {
		m.closeSession(now, m.expiring[0], errFabricRemoved, true)
	}
	for k, u := range m.unsecured {
		if u.exchanges == 0 && now >= u.forgetAt {
			delete(m.unsecured, k)
		}
	}
}

// deadline returns the earliest instant at which Tick has something to do.
func (m *Manager) deadline() (at Instant, ok bool) {
	earlier := func(t Instant) {
		if !ok || t < at {
			at, ok = t, true
		}
	}
	for _, x := range m.exchanges {
		if t, has := x.deadline(); has {
			earlier(t)
		}
	}
	for _, run := range m.runs {
		earlier(run.deadline)
		if run.abandonAt != 0 {
			earlier(run.abandonAt)
		}
	}
	if len(m.expiring) > 0 {
		earlier(m.expiring[0].graceEnds)
	}
	for _, u := range m.unsecured {
		if u.exchanges == 0 {
			earlier(u.forgetAt)
		}
	}
	return at, ok
}

// OpenExchange opens an exchange on a session. It lives until [Manager.CloseExchange]
// or an [ExchangeFailed].
func (m *Manager) OpenExchange(now Instant, id SessionID) (Exchange, error) {
	s := m.sessions[id]
	if s == nil {
		return 0, ErrNotFound
	}
	x, err := m.openExchange(now, m.newExchangeKey(s, nil), s, nil)
	if err != nil {
		return 0, err
	}
	return x.handle, nil
}

// Send sends msg on an exchange: now, or once the reliable messages before it
// are acknowledged. The payload is copied.
//
// It returns [ErrNotFound] if the exchange is gone, [ErrTooLarge], [ErrLimit] if
// too many messages wait, and [ErrExhausted], which closes the session.
func (m *Manager) Send(now Instant, id Exchange, msg Message) error {
	x := m.exchangeByHandle[id]
	if x == nil || x.closing || x.session == nil {
		return ErrNotFound
	}
	err := m.send(now, x, msg)
	if errors.Is(err, ErrExhausted) {
		m.closeSession(now, x.session, ErrExhausted, false)
	}
	return err
}

// CloseExchange ends the caller's interest in an exchange. What was sent on it,
// and what waits behind it, is still delivered; there is no further event.
func (m *Manager) CloseExchange(now Instant, id Exchange) {
	if x := m.exchangeByHandle[id]; x != nil && x.session != nil {
		m.closeExchange(now, x)
	}
}

// AbortExchange ends an exchange at once: nothing more is sent for it.
func (m *Manager) AbortExchange(now Instant, id Exchange) {
	if x := m.exchangeByHandle[id]; x != nil && x.session != nil {
		m.removeExchange(now, x)
	}
}

// Close closes every session with a word to its peer, ends every handshake and
// erases what is secret. The output still has to be sent.
func (m *Manager) Close(now Instant) {
	m.closed = true
	m.pase = nil
	for _, run := range append([]*handshakeRun(nil), m.runs...) {
		if run.initiator && !run.waiting && !run.x.unsecured.heard {
			// Nobody will be here to tell it when it answers.
			report := StatusReport{General: GeneralFailure, Code: StatusGeneralFailure}
			_ = m.send(now, run.x, Message{Opcode: OpcodeStatusReport, Payload: report.Append(nil), Unreliable: true})
		}
		m.cancelRun(now, run)
	}
	for _, id := range m.sessionIDs() {
		m.closeSession(now, m.sessions[id], ErrClosed, true)
	}
	for _, x := range append([]*exchange(nil), m.exchanges...) {
		m.removeExchange(now, x)
	}
	m.forgetResumptions(func(*ResumptionRecord) bool { return true })
	for _, f := range m.fabrics {
		f.clear()
	}
	m.fabrics = nil
	clear(m.unsecured)
}

// standaloneStatus makes a StatusReport that belongs to no exchange of ours and
// asks for no acknowledgement.
func standaloneStatus(r StatusReport, id ExchangeID, initiator bool) (message.ProtocolHeader, []byte) {
	return message.ProtocolHeader{
		Initiator: initiator, Opcode: uint8(OpcodeStatusReport), ExchangeID: uint16(id),
	}, r.Append(nil)
}
