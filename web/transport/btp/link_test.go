package btp

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// make2 makes a started central and a started peripheral.
func make2(t testing.TB, central, peripheral Config) (*Conn, *Conn) {
	t.Helper()
	peripheral.Role = Peripheral
	c, err := New(central)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(peripheral)
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	p.Start(0)
	return c, p
}

// pass takes from's output, writes its segment if there is one and hands it to to.
func pass(t testing.TB, now Instant, from, to *Conn) Output {
	t.Helper()
	out := from.Output()
	if out.Err != nil {
		t.Fatalf("at %d: %v", now, out.Err)
	}
	if out.Segment != nil {
		to.Receive(now, out.Segment)
		from.Written(now)
	}
	return out
}

// open2 makes a pair whose handshake is over. The central owes the response's acknowledgement.
func open2(t testing.TB, central, peripheral Config) (*Conn, *Conn) {
	t.Helper()
	c, p := make2(t, central, peripheral)
	pass(t, 0, c, p)
	pass(t, 0, p, c)
	if !c.Open() || !p.Open() {
		t.Fatal("the handshake failed")
	}
	return c, p
}

// A watcher hears all segments of a connection, as they are made and as they
// arrive, and checks the rules that hold for what it hears. It is a second,
// slower reading of them: it keeps counts that do not wrap, and shares no code
// with what it checks.
type watcher struct {
	size, window int
	sides        [2]watched
}

type watched struct {
	made, acked  int // segments made, and of those the ones whose acknowledgement arrived
	arrived      int // segments of the other side that arrived here
	acks         int // segments of the other side acknowledged by what was made here
	start        int // the first sequence number
	left         int // octets of the message under way still to come
	alone, total int // acknowledgements alone; all segments
}

func newWatcher(c, p *Conn) *watcher {
	w := &watcher{size: c.SegmentSize(), window: c.Window()}
	w.sides[0] = watched{start: int(c.cfg.firstLocal), arrived: 1}
	w.sides[1] = watched{start: int(p.cfg.firstLocal), made: 1}
	return w
}

func (w *watcher) made(side int, b []byte) error {
	s, other := &w.sides[side], &w.sides[1-side]
	flags, rest := b[0], b[1:]
	if len(b) > w.size {
		return fmt.Errorf("%d octets in a segment of %d", len(b), w.size)
	}
	if flags&^0x0F != 0 {
		return fmt.Errorf("flags %02x", flags)
	}
	if flags&8 != 0 {
		acks := s.acks
		for acks++; (other.start+acks-1)%256 != int(rest[0]); acks++ {
			if acks > s.arrived {
				return fmt.Errorf("acknowledges %d: not new, or not received", rest[0])
			}
		}
		if acks > s.arrived {
			return fmt.Errorf("acknowledges %d, which did not arrive", rest[0])
		}
		s.acks, rest = acks, rest[1:]
	}
	if want := (s.start + s.made) % 256; int(rest[0]) != want {
		return fmt.Errorf("sequence number %d, want %d", rest[0], want)
	}
	rest = rest[1:]
	s.made++
	s.total++
	switch out := s.made - s.acked; {
	case out > w.window:
		return fmt.Errorf("%d segments outstanding in a window of %d", out, w.window)
	case out == w.window && flags&8 == 0:
		return fmt.Errorf("data without acknowledgement in the last slot of a window of %d", w.window)
	}
	switch flags & 7 {
	case 0:
		s.alone++
		if len(rest) != 0 || flags&8 == 0 {
			return fmt.Errorf("an acknowledgement alone with %d octets of payload", len(rest))
		}
		return nil
	case 1, 5:
		if s.left != 0 {
			return fmt.Errorf("a message begins when %d octets of another are missing", s.left)
		}
		s.left = int(rest[0]) | int(rest[1])<<8
		rest = rest[2:]
		if flags&4 == 0 && s.left == 0 {
			return errors.New("an empty message in more than one segment")
		}
	case 2, 6:
		if s.left == 0 {
			return errors.New("a segment continues no message")
		}
	default:
		return fmt.Errorf("flags %02x", flags)
	}
	s.left -= len(rest)
	if (flags&4 != 0) != (s.left == 0) {
		return fmt.Errorf("flags %02x when %d octets are missing", flags, s.left)
	}
	if s.left != 0 && len(b) != w.size {
		return fmt.Errorf("%d octets in a segment of %d that is not its message's last", len(b), w.size)
	}
	return nil
}

func (w *watcher) arrived(side int, b []byte) {
	s := &w.sides[side]
	s.arrived++
	if b[0]&8 != 0 {
		for s.acked++; (s.start+s.acked-1)%256 != int(b[1]); s.acked++ {
		}
	}
}

// A link carries segments between two connections of its own slow time.
type link struct {
	rng     *rand.Rand
	maxWait int // ms that a write takes at most
	now     Instant
	ends    [2]end
	watcher *watcher
}

type end struct {
	conn      *Conn
	writing   bool
	writtenAt Instant
	flying    []flying // towards this end
	toSend    [][]byte
	sendAt    Instant
	expect    [][]byte
	deadline  Instant
	waits     bool // for deadline
}

type flying struct {
	at    Instant
	bytes []byte
}

// run carries segments until all messages arrived and nothing is owed but by
// timers, or until an hour has passed without any. It returns the longest
// time in which no segment was made although an end had a message to send.
func (l *link) run(t testing.TB) (stall Instant) {
	t.Helper()
	lastMade := l.now
	for {
		for i := range l.ends {
			l.pump(t, i, &lastMade)
		}
		next, done, pending := Instant(1<<62), true, false
		for i := range l.ends {
			e := &l.ends[i]
			if e.writing {
				next, done = min(next, e.writtenAt), false
			}
			if len(e.flying) > 0 {
				next, done = min(next, e.flying[0].at), false
			}
			if len(e.toSend) > 0 {
				done = false
				if e.conn.Room() > 0 {
					next = min(next, max(e.sendAt, l.now+1))
				}
			}
			if e.waits {
				next = min(next, e.deadline)
			}
			done = done && len(e.expect) == 0
			pending = pending || len(e.conn.queue) > 0
		}
		if done {
			return stall
		}
		if next > l.now+3_600_000 {
			t.Fatalf("at %d: stalled with %d and %d messages to come", l.now, len(l.ends[0].expect), len(l.ends[1].expect))
		}
		l.now = max(l.now, next)
		if !pending {
			lastMade = l.now
		}
		stall = max(stall, l.now-lastMade)
	}
}

// pump does all that is due at end i now.
func (l *link) pump(t testing.TB, i int, lastMade *Instant) {
	t.Helper()
	e, other := &l.ends[i], &l.ends[1-i]
	for len(e.flying) > 0 && e.flying[0].at <= l.now {
		l.watcher.arrived(i, e.flying[0].bytes)
		e.conn.Receive(l.now, e.flying[0].bytes)
		e.flying = e.flying[1:]
		// Sometimes more arrives before the caller looks.
		if l.rng.IntN(4) != 0 {
			break
		}
	}
	if e.writing && e.writtenAt <= l.now {
		e.writing = false
		e.conn.Written(l.now)
	}
	for len(e.toSend) > 0 && e.sendAt <= l.now && e.conn.Room() > 0 {
		if err := e.conn.Send(l.now, e.toSend[0]); err != nil {
			t.Fatal(err)
		}
		e.toSend = e.toSend[1:]
		if l.rng.IntN(8) == 0 {
			e.sendAt = l.now + Instant(l.rng.IntN(4_000))
		}
	}
	if e.waits && e.deadline <= l.now {
		e.conn.Tick(l.now)
	}
	out := e.conn.Output()
	if out.Err != nil {
		t.Fatalf("at %d, end %d, segment size %d, window %d: %v", l.now, i, l.watcher.size, l.watcher.window, out.Err)
	}
	e.deadline, e.waits = out.Deadline, out.HasDeadline
	if out.HasDeadline && out.Deadline <= l.now {
		t.Fatalf("at %d, end %d: a deadline in the past, %d", l.now, i, out.Deadline)
	}
	for _, m := range out.Messages {
		if len(e.expect) == 0 || !bytes.Equal(m, e.expect[0]) {
			t.Fatalf("at %d, end %d: a message of %d octets that was not sent, or not now", l.now, i, len(m))
		}
		e.expect = e.expect[1:]
	}
	if out.Segment == nil {
		return
	}
	if e.writing {
		t.Fatalf("at %d, end %d: a second segment during a write", l.now, i)
	}
	if err := l.watcher.made(i, out.Segment); err != nil {
		t.Fatalf("at %d, end %d, segment size %d, window %d: %v: % x", l.now, i, l.watcher.size, l.watcher.window, err, out.Segment)
	}
	*lastMade = l.now
	e.writing, e.writtenAt = true, l.now+Instant(l.rng.IntN(l.maxWait+1))
	at := l.now + Instant(l.rng.IntN(l.maxWait+1))
	if n := len(other.flying); n > 0 {
		at = max(at, other.flying[n-1].at)
	}
	other.flying = append(other.flying, flying{at, out.Segment})
}
