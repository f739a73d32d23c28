package btp

// An Instant is a point in time in milliseconds, on whatever monotonic clock
// the caller uses; it is not negative.
type Instant int64

// Milliseconds is a span of time.
type Milliseconds int64

// Timers. Matter Core §4.19.6.
const (
	// HandshakeTime is how long each side waits for the other's handshake segment.
	HandshakeTime Milliseconds = 15_000
	// AckTime is how long a segment that was written waits for its acknowledgement.
	AckTime Milliseconds = 15_000
	// WriteTime is how long a write may take.
	WriteTime Milliseconds = 15_000
	// SendAckTime is how long an acknowledgement waits for data to travel with: far less than the peer's AckTime.
	SendAckTime Milliseconds = 2_500
	// IdleTime is the usual [Config.IdleTimeout] of a central.
	IdleTime Milliseconds = 60_000
)

// Limits. Matter Core §4.19.3.1.
const (
	MinSegmentSize = 20
	MaxSegmentSize = 244
	MaxWindow      = 255

	defaultMaxMessage = 1280
	defaultMaxQueue   = 8

	attHeader = 3
	// surplus octets of a segment are tolerated: some peers take the negotiated size for an ATT_MTU.
	surplus = attHeader
	// lowWindow: an acknowledgement does not wait once the peer may send no more than this.
	lowWindow = 2
)

// A Role is a side of a connection.
type Role uint8

// Roles.
const (
	Central    Role = iota // the commissioner: writes to C1, is indicated C2
	Peripheral             // the device
)

// A Config configures a [Conn]. Its zero value is a commissioner's that knows
// nothing of its link, which is what a browser offers.
type Config struct {
	Role Role
	// MTU is the ATT_MTU of the link as Bluetooth tells it (its 3 octets of header included), 0 if it does not.
	MTU int
	// SegmentSize is the greatest segment size to ask for, or to grant, [MinSegmentSize] to [MaxSegmentSize];
	// 0 = what the MTU allows. The peer's response decides. See [UnacknowledgedError.RetrySegmentSize].
	SegmentSize int
	// Window is how many segments to take without acknowledging, 1 to [MaxWindow]; 0 = MaxWindow.
	Window int
	// MaxMessage is the longest message to send or receive, in octets; 0 = 1,280, which is Matter's.
	MaxMessage int
	// MaxQueue is how many messages may wait to be sent; 0 = 8.
	MaxQueue int
	// IdleTimeout closes the connection when neither side has sent data for so long; 0 = never. Centrals use [IdleTime].
	IdleTimeout Milliseconds

	firstLocal, firstPeer uint8 // where sequence numbers begin: tests begin before they wrap
}

type phase uint8

const (
	phaseNew     phase = iota
	phaseRequest       // central: the request is to be made
	phaseAwait         // central: for the response. peripheral: for the request
	phaseAnswer        // peripheral: the response is to be made
	phaseOpen
	phaseClosed
)

// A Conn is one side of a BTP connection.
type Conn struct {
	cfg   Config
	phase phase
	now   Instant
	err   error

	segmentSize, window int            // negotiated
	askedMTU            int            // of the central's request
	refused             *ProtocolError // why the peripheral's response says version 0

	// Ours. A segment's number is taken as it is made. Distances between numbers are those of uint8.
	lastSent, lastAcked uint8
	sizes               [256]uint8 // octets of outstanding segments, by number
	longestAcked        uint8      // octets of the longest segment the peer acknowledged
	queue               [][]byte
	offset              int  // octets of queue[0] that were sent
	writing             bool // a segment was given to the caller, and Written not yet called

	// The peer's.
	lastReceived, lastConfirmed uint8 // lastConfirmed: acknowledged by us
	dataOwed                    bool  // a segment of a message is among those not yet acknowledged
	quiet                       uint  // acknowledgements in a row, without data in between
	partial                     []byte
	announced                   int // length of the message in partial, -1 if none
	messages                    [][]byte

	// Timers; 0 = not running.
	handshakeAt, writtenBy, ackedBy, idleAt Instant
	ackAt                                   Instant // when to acknowledge, while something is owed
	silentSince                             Instant // when ackedBy was started
}

// New makes a connection. It returns a [*ConfigError] if a field of cfg is out of its range.
func New(cfg Config) (*Conn, error) {
	for _, f := range []struct {
		name     string
		value    *int
		min, max int
		absent   int
	}{
		{"MTU", &cfg.MTU, MinSegmentSize + attHeader, 0xFFFF, 0},
		{"SegmentSize", &cfg.SegmentSize, MinSegmentSize, MaxSegmentSize, 0},
		{"Window", &cfg.Window, 1, MaxWindow, MaxWindow},
		{"MaxMessage", &cfg.MaxMessage, 1, 0xFFFF, defaultMaxMessage},
		{"MaxQueue", &cfg.MaxQueue, 1, 1 << 16, defaultMaxQueue},
	} {
		if *f.value == 0 {
			*f.value = f.absent
		} else if *f.value < f.min || *f.value > f.max {
			return nil, &ConfigError{Field: f.name, Got: *f.value, Min: f.min, Max: f.max}
		}
	}
	if cfg.Role > Peripheral {
		return nil, &ConfigError{Field: "Role", Got: int(cfg.Role), Min: int(Central), Max: int(Peripheral)}
	}
	if cfg.IdleTimeout < 0 {
		return nil, &ConfigError{Field: "IdleTimeout", Got: int(cfg.IdleTimeout), Min: 1, Max: 1 << 31}
	}
	return &Conn{cfg: cfg, announced: -1}, nil
}

// Start begins the handshake: as central with a request, as peripheral by
// waiting for one. It does nothing the second time.
func (c *Conn) Start(now Instant) {
	c.at(now)
	if c.phase != phaseNew {
		return
	}
	c.phase = phaseRequest
	if c.cfg.Role == Peripheral {
		c.phase = phaseAwait
	}
	c.handshakeAt = c.now + Instant(HandshakeTime)
}

// Open reports whether the handshake is over and the connection not yet.
func (c *Conn) Open() bool { return c.phase == phaseOpen && c.refused == nil }

// SegmentSize returns the negotiated octets of a segment, 0 before the handshake is over.
func (c *Conn) SegmentSize() int { return c.segmentSize }

// Window returns the negotiated window in segments, 0 before the handshake is over.
func (c *Conn) Window() int { return c.window }

// Room returns how many messages [Conn.Send] would take now.
func (c *Conn) Room() int { return c.cfg.MaxQueue - len(c.queue) }

// Send queues a message, which may be done before the handshake is over. It
// returns [ErrTooLarge], [ErrQueueFull], or the connection's error.
func (c *Conn) Send(now Instant, message []byte) error {
	c.at(now)
	switch {
	case c.err != nil:
		return c.err
	case len(message) > c.cfg.MaxMessage:
		return ErrTooLarge
	case c.Room() <= 0:
		return ErrQueueFull
	}
	c.queue = append(c.queue, append(make([]byte, 0, len(message)), message...))
	return nil
}

// Receive takes one value that the peer wrote or indicated. What the peer did
// wrong is told by [Output.Err].
func (c *Conn) Receive(now Instant, segment []byte) {
	c.at(now)
	var err error
	switch {
	case c.phase == phaseClosed:
		return
	case c.phase == phaseAwait && c.cfg.Role == Central:
		err = c.receiveResponse(segment)
	case c.phase == phaseAwait:
		err = c.receiveRequest(segment)
	case c.phase == phaseOpen && c.refused == nil:
		err = c.receiveSegment(segment)
	default:
		err = &ProtocolError{Rule: RuleEarly, Got: len(segment), Min: 1, Max: 0}
	}
	if err != nil {
		c.fail(err)
	}
}

// Written tells that the write of the last segment ended well. If it failed, call [Conn.Lost].
func (c *Conn) Written(now Instant) {
	c.at(now)
	if !c.writing {
		return
	}
	c.writing, c.writtenBy = false, 0
	if c.refused != nil {
		c.fail(c.refused)
		return
	}
	if c.phase == phaseOpen && c.outstanding() > 0 && c.ackedBy == 0 {
		c.awaitAck()
	}
}

// Tick tells the time: call it at [Output.Deadline], or whenever.
func (c *Conn) Tick(now Instant) {
	c.at(now)
	expired := func(t Instant) bool { return t != 0 && c.now >= t }
	switch {
	case c.phase == phaseClosed:
	case expired(c.handshakeAt):
		c.fail(ErrHandshakeTimeout)
	case expired(c.writtenBy):
		c.fail(ErrWriteTimeout)
	case expired(c.ackedBy):
		c.fail(c.unacknowledged())
	case expired(c.idleAt):
		c.fail(ErrIdle)
	}
}

// Lost tells that the Bluetooth connection ended, or that a write failed. The
// error is [ErrLost], or an [UnacknowledgedError] if the peer had long been
// silent: its own timers can end the connection before ours.
func (c *Conn) Lost(now Instant) {
	c.at(now)
	if c.phase == phaseClosed {
		return
	}
	if c.ackedBy != 0 && c.now >= c.silentSince+Instant(AckTime/2) {
		e := c.unacknowledged()
		e.Lost = true
		c.fail(e)
		return
	}
	c.fail(ErrLost)
}

// Close ends the connection. The caller unsubscribes and disconnects: BTP has no
// message for it.
func (c *Conn) Close() { c.fail(ErrClosed) }

// Output is what a [Conn] wants done.
type Output struct {
	Segment     []byte   // to write to C1, or to indicate on C2; nil if none. Then call [Conn.Written]
	Messages    [][]byte // from the peer, in order
	Deadline    Instant  // when to call Tick, if HasDeadline
	HasDeadline bool
	Err         error // why the connection is over: disconnect. nil while it is not
}

// Output takes what the connection wants done, and makes the next segment if
// there is one to send and no write under way.
func (c *Conn) Output() Output {
	out := Output{Segment: c.produce(), Messages: c.messages, Err: c.err}
	c.messages = nil
	out.Deadline, out.HasDeadline = c.deadline()
	return out
}

func (c *Conn) at(now Instant) { c.now = max(c.now, now) }

// fail ends the connection, once. Messages that are complete can still be taken.
func (c *Conn) fail(err error) {
	if c.phase == phaseClosed {
		return
	}
	c.phase, c.err = phaseClosed, err
	c.queue, c.partial, c.writing = nil, nil, false
	c.handshakeAt, c.writtenBy, c.ackedBy, c.idleAt = 0, 0, 0, 0
}

// touch puts the idle timer back: data was sent or received.
func (c *Conn) touch() {
	if c.cfg.IdleTimeout > 0 {
		c.idleAt = c.now + Instant(c.cfg.IdleTimeout)
	}
}

// deadline returns the first of the running timers.
func (c *Conn) deadline() (Instant, bool) {
	if c.phase == phaseClosed {
		return 0, false
	}
	timers := [...]Instant{c.handshakeAt, c.writtenBy, c.ackedBy, c.idleAt, 0}
	// While a write is under way or the peer's window is full an acknowledgement cannot go: other events will let it.
	if c.phase == phaseOpen && !c.writing && c.owed() > 0 && c.free() > 0 {
		timers[4] = c.ackAt
	}
	first := Instant(0)
	for _, t := range timers {
		if t != 0 && (first == 0 || t < first) {
			first = t
		}
	}
	return first, first != 0
}
