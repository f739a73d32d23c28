package transport

import (
	"errors"

	"github.com/matter-session/matter-session/web/transport/btp"
)

// Limits of a link.
const (
	// maxMessage is Matter's own: a datagram of the smallest IPv6 MTU.
	maxMessage = 1280
	// maxQueue messages wait to be sent.
	maxQueue = 64
	// connectTime is for connecting and for finding the service: some systems wait for ever.
	connectTime btp.Milliseconds = 30_000
	// connectTries: a first connection is often refused or dropped at once, by systems and by devices.
	connectTries = 3
	// idleTime without data ends the link. The specification's 60 s for a central would cut off the answer of a
	// device that takes longer to join its network; what ends sooner is the session's to decide.
	idleTime btp.Milliseconds = 180_000
	// pause before a device is connected to once more: it has to notice first that it was left.
	pause btp.Milliseconds = 500
)

// Events tell what becomes of a link.
type Events struct {
	// Opened: messages of at most so many octets go both ways. Called once at most.
	Opened func(maxMessage int)
	// Received: a message came; it belongs to the receiver.
	Received func(message []byte)
	// Stalled: nothing that was sent has arrived, most likely because the packets are too large for some
	// adapter on the way. The link tries once more with the smallest, then goes on or is closed. May be nil.
	Stalled func()
	// Closed: it is over, or never came to be. Called exactly once, as the last event.
	Closed func(*Problem)
}

// A gatt is a device as Bluetooth offers it. Nothing waits: done is called once,
// not before the call has returned; nothing is called any more after disconnect.
type gatt interface {
	// connect connects and finds the service and its characteristics. An error is errNotMatter if they are not
	// there. After that lost is called when the connection ends by itself.
	connect(lost func(), done func(error))
	// write writes to C1, with response.
	write(segment []byte, done func(error))
	// subscribe has C2 indicated. The first indication may come before done.
	subscribe(indicated func(segment []byte), done func(error))
	// disconnect ends the connection, or connecting.
	disconnect()
}

// A clock tells the time and has one alarm.
type clock interface {
	now() btp.Instant
	// set replaces the alarm: wake is called once, so many milliseconds from now.
	set(after btp.Milliseconds, wake func())
	// stop forgets the alarm, and what is kept for it.
	stop()
}

// A link is a BTP connection over a gatt: from connecting to the end, whoever
// brings it.
type link struct {
	device gatt
	clock  clock
	events Events

	conn   *btp.Conn // nil while not connected
	number int       // of the connection, so that what an earlier one still tells is known as such
	tries  int       // connections in a row that did not come to be
	asked  bool      // the handshake's request was given to Bluetooth
	small  bool      // the second try: only the smallest segments
	opened bool      // Events.Opened was called
	heard  bool      // a message came
	over   bool      // Events.Closed was called

	// waiting are the messages to be sent over the next connection: all, until something comes back. What was
	// lost in large segments is sent again in small ones.
	waiting [][]byte

	pumping, again bool
}

// newLink begins to connect.
func newLink(device gatt, clock clock, events Events) *link {
	l := &link{device: device, clock: clock, events: events}
	l.connect()
	return l
}

// send queues a message, which is copied. It may be called before the link is open.
func (l *link) send(message []byte) error {
	switch {
	case l.over:
		return ErrNotOpen
	case len(message) > maxMessage:
		return btp.ErrTooLarge
	}
	keep := !l.heard
	if keep && len(l.waiting) >= maxQueue {
		return btp.ErrQueueFull
	}
	if l.conn != nil {
		if err := l.conn.Send(l.clock.now(), message); err != nil {
			return err
		}
	}
	if keep {
		l.waiting = append(l.waiting, append(make([]byte, 0, len(message)), message...))
	}
	l.pump()
	return nil
}

// close ends the link: BTP has no message for it.
func (l *link) close() { l.end(btp.ErrClosed) }

func (l *link) connect() {
	l.number++
	l.tries++
	l.conn = nil
	number := l.number
	l.clock.set(connectTime, func() { l.failed(number, errConnectTimeout) })
	l.device.connect(
		func() { l.lost(number) },
		func(err error) {
			if err != nil {
				l.failed(number, err)
			} else if l.current(number) {
				l.connected()
			}
		},
	)
}

// current reports whether what happened concerns the connection that there is.
func (l *link) current(number int) bool { return !l.over && l.number == number }

// failed deals with a connection that did not come to be, or broke before it was of use.
func (l *link) failed(number int, err error) {
	switch {
	case !l.current(number):
	case l.tries >= connectTries || errors.Is(err, errNotMatter):
		l.end(err)
	default:
		l.reconnect()
	}
}

// reconnect connects again, a little later.
func (l *link) reconnect() {
	l.number++ // what the old connection tells does not count any more
	l.conn = nil
	l.device.disconnect()
	l.clock.set(pause, l.connect)
}

// connected begins to speak BTP. A page cannot know the ATT_MTU: the device's
// answer decides, or the smallest size that is asked for.
func (l *link) connected() {
	cfg := btp.Config{MaxMessage: maxMessage, MaxQueue: maxQueue, IdleTimeout: idleTime}
	if l.small {
		cfg.SegmentSize = btp.MinSegmentSize
	}
	conn, err := btp.New(cfg)
	if err != nil {
		panic("transport: " + err.Error()) // constants
	}
	l.conn, l.asked = conn, false
	now := l.clock.now()
	conn.Start(now)
	for _, message := range l.waiting {
		if err := conn.Send(now, message); err != nil {
			l.end(err)
			return
		}
	}
	l.pump()
}

func (l *link) lost(number int) {
	if !l.current(number) {
		return
	}
	if l.conn == nil {
		l.failed(number, btp.ErrLost)
		return
	}
	l.conn.Lost(l.clock.now())
	l.pump()
}

// pump does what the connection wants done, until it wants nothing more. What an
// event's receiver calls meanwhile is taken up by the loop that is running.
func (l *link) pump() {
	if l.pumping {
		l.again = true
		return
	}
	l.pumping = true
	for l.again = true; l.again; {
		l.again = false
		l.step()
	}
	l.pumping = false
}

func (l *link) step() {
	conn := l.conn
	if l.over || conn == nil {
		return
	}
	out := conn.Output()
	if out.Segment != nil {
		l.write(out.Segment)
	}
	if !l.opened && conn.Open() {
		l.opened = true
		l.events.Opened(maxMessage)
	}
	for _, message := range out.Messages {
		if l.over {
			return
		}
		l.heard, l.waiting = true, nil
		l.events.Received(message)
	}
	switch {
	case l.over || l.conn != conn:
	case out.Err != nil:
		l.ended(out.Err)
	case out.HasDeadline:
		number := l.number
		l.clock.set(max(btp.Milliseconds(out.Deadline-l.clock.now()), 0), func() {
			if l.current(number) {
				conn.Tick(l.clock.now())
				l.pump()
			}
		})
	}
}

// write writes a segment. After the first one, the request, C2 is subscribed,
// and only then may anything else be written: GATT does one thing at a time,
// and the response may come before the subscription is told to be complete.
func (l *link) write(segment []byte) {
	number, conn := l.number, l.conn
	done := func(err error) {
		if !l.current(number) {
			return
		}
		if err != nil {
			conn.Lost(l.clock.now())
		} else {
			conn.Written(l.clock.now())
		}
		l.pump()
	}
	if l.asked {
		l.device.write(segment, done)
		return
	}
	l.asked = true
	l.device.write(segment, func(err error) {
		if err != nil || !l.current(number) {
			done(err)
			return
		}
		l.device.subscribe(func(segment []byte) {
			if l.current(number) {
				conn.Receive(l.clock.now(), segment)
				l.pump()
			}
		}, done)
	})
}

// ended deals with the end of a BTP connection.
func (l *link) ended(err error) {
	var stalled *btp.UnacknowledgedError
	switch {
	case errors.As(err, &stalled) && stalled.RetrySegmentSize() != 0 && !l.small && !l.heard:
		l.small, l.tries = true, 0
		if l.events.Stalled != nil {
			l.events.Stalled()
		}
		if !l.over {
			l.reconnect()
		}
	case !l.opened && errors.Is(err, btp.ErrLost):
		l.failed(l.number, err)
	default:
		l.end(err)
	}
}

func (l *link) end(err error) {
	if l.over {
		return
	}
	l.over = true
	l.number++
	l.conn, l.waiting = nil, nil
	l.clock.stop()
	l.device.disconnect()
	l.events.Closed(problem(err, l.opened, l.heard))
}
