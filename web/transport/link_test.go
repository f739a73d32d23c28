package transport

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/web/transport/btp"
)

// A world runs what is due, in the order of time: no test waits.
type world struct {
	at   btp.Instant
	due  []event
	made int
}

type event struct {
	at    btp.Instant
	order int
	do    func()
}

func (w *world) after(d btp.Milliseconds, do func()) {
	w.made++
	w.due = append(w.due, event{w.at + btp.Instant(d), w.made, do})
}

// run goes on until nothing is due before the limit, or stop says so.
func (w *world) run(limit btp.Instant, stop func() bool) {
	for !stop() && len(w.due) > 0 {
		i := 0
		for j, e := range w.due {
			if f := w.due[i]; e.at < f.at || e.at == f.at && e.order < f.order {
				i = j
			}
		}
		e := w.due[i]
		if e.at > limit {
			break
		}
		w.due = slices.Delete(w.due, i, i+1)
		w.at = max(w.at, e.at)
		e.do()
	}
}

// A worldClock is a clock of a world.
type worldClock struct {
	*world
	alarm   int
	stopped bool
}

func (c *worldClock) now() btp.Instant { return c.at }
func (c *worldClock) set(after btp.Milliseconds, wake func()) {
	c.alarm++
	alarm := c.alarm
	c.stopped = false
	c.after(after, func() {
		if c.alarm == alarm {
			wake()
		}
	})
}
func (c *worldClock) stop() { c.alarm++; c.stopped = true }

// A device is a fake gatt with a real BTP peripheral behind it that answers
// every message with the same octets reversed.
type device struct {
	*world
	t *testing.T

	refuse    int // connections that fail
	hang      int // connections that never come to be
	noService bool
	delay     btp.Milliseconds // of every operation
	swallow   int              // writes longer than this are confirmed, and lost
	mtu       int
	deaf      bool                                  // never answers at all
	early     bool                                  // its response comes before the subscription is told to be complete
	hostile   func(n int) []byte                    // instead of BTP: the nth indication
	breakAt   string                                // the phase in which the connection breaks
	breaks    int                                   // how often
	answer    func(message []byte) (reply [][]byte) // default: reversed

	conn        *btp.Conn
	number      int
	lostFunc    func()
	indicated   func([]byte)
	connected   bool
	busy        bool
	connections int
	disconnects int
	phases      []string
	got         [][]byte
	largest     int
}

// reach breaks the connection if this is the phase to do so in.
func (d *device) reach(phase string) bool {
	d.phases = append(d.phases, phase)
	if d.breakAt != phase || d.breaks == 0 {
		return false
	}
	d.breaks--
	d.cut()
	return true
}

func (d *device) cut() {
	if d.connected {
		d.connected = false
		d.number++
		lost := d.lostFunc
		d.after(1, lost)
	}
}

func (d *device) operate(name string, do func(err error), work func()) {
	if d.busy {
		d.t.Errorf("%s while another GATT operation is under way", name)
	}
	if !d.connected {
		d.after(1, func() { do(errors.New("NetworkError: not connected")) })
		return
	}
	d.busy = true
	number := d.number
	d.after(d.delay, func() {
		d.busy = false
		if d.number != number {
			do(errors.New("NetworkError: disconnected during " + name))
			return
		}
		if work != nil {
			work()
		}
		do(nil)
	})
}

func (d *device) connect(lost func(), done func(error)) {
	d.number++
	d.connections++
	d.busy = false
	number := d.number
	d.after(max(d.delay, 1), func() {
		switch {
		case d.number != number:
		case d.refuse > 0:
			d.refuse--
			done(errors.New("NetworkError: connection failed"))
		case d.hang > 0:
			d.hang--
		case d.noService:
			d.connected = true
			done(errNotMatter)
		default:
			d.connected, d.lostFunc = true, func() {
				lost()
			}
			cfg := btp.Config{Role: btp.Peripheral, MTU: d.mtu}
			d.conn, _ = btp.New(cfg)
			d.conn.Start(d.at)
			d.indicated = nil
			done(nil)
			d.reach("connected")
		}
	})
}

func (d *device) write(segment []byte, done func(error)) {
	segment = bytes.Clone(segment)
	first := d.indicated == nil
	d.operate("write", done, func() {
		d.largest = max(d.largest, len(segment))
		if first && d.reach("request") || !first && d.reach("data") {
			return
		}
		if d.deaf || d.hostile != nil || d.swallow > 0 && len(segment) > d.swallow {
			return
		}
		d.conn.Receive(d.at, segment)
		if !first {
			d.after(1, d.pump)
		}
	})
}

func (d *device) subscribe(indicated func([]byte), done func(error)) {
	if d.indicated != nil {
		d.t.Error("C2 is subscribed twice")
	}
	if d.early {
		told := done
		done = func(err error) {
			d.busy = true
			number := d.number
			d.after(100, func() {
				if d.number == number {
					d.busy = false
					told(err)
				}
			})
		}
	}
	d.operate("subscribe", done, func() {
		d.indicated = indicated
		if d.reach("subscribed") {
			return
		}
		if d.hostile != nil {
			d.attack(0)
			return
		}
		d.pump()
	})
}

// attack indicates whatever it likes, as fast as Bluetooth goes.
func (d *device) attack(n int) {
	if !d.connected || d.indicated == nil {
		return
	}
	if b := d.hostile(n); b != nil {
		d.indicated(b)
		d.after(1, func() { d.attack(n + 1) })
	}
}

func (d *device) pump() {
	if !d.connected || d.deaf {
		return
	}
	number, conn := d.number, d.conn
	out := conn.Output()
	for _, m := range out.Messages {
		d.got = append(d.got, m)
		if d.reach("message") {
			return
		}
		replies := [][]byte{reversed(m)}
		if d.answer != nil {
			replies = d.answer(m)
		}
		for _, r := range replies {
			if err := conn.Send(d.at, r); err != nil {
				d.t.Errorf("the device's answer: %v", err)
			}
		}
	}
	if out.Err != nil {
		d.cut()
		return
	}
	if out.Segment != nil {
		segment := bytes.Clone(out.Segment)
		d.after(max(d.delay, 1), func() {
			if d.number == number {
				d.indicated(segment)
				conn.Written(d.at)
				d.pump()
			}
		})
	} else if len(out.Messages) > 0 {
		d.after(0, d.pump)
	}
	if out.HasDeadline {
		d.after(btp.Milliseconds(out.Deadline-d.at), func() {
			if d.number == number {
				conn.Tick(d.at)
				d.pump()
			}
		})
	}
}

func (d *device) disconnect() {
	d.disconnects++
	d.number++
	d.connected, d.indicated, d.busy = false, nil, false
}

func reversed(b []byte) []byte {
	b = bytes.Clone(b)
	slices.Reverse(b)
	return b
}

// A rig is a link to a device, and what it told.
type rig struct {
	*world
	t        *testing.T
	device   *device
	clock    *worldClock
	link     *link
	opened   int
	received [][]byte
	stalled  int
	closed   *Problem
	onOpen   func()
	onStall  func()
}

func newRig(t *testing.T, d device) *rig {
	w := &world{at: 1000}
	d.world, d.t = w, t
	r := &rig{world: w, t: t, device: &d, clock: &worldClock{world: w}}
	return r
}

func (r *rig) open() {
	r.link = newLink(r.device, r.clock, Events{
		Opened: func(maximum int) {
			r.alive("Opened")
			if maximum != 1280 {
				r.t.Errorf("opened with %d octets", maximum)
			}
			r.opened++
			if r.onOpen != nil {
				r.onOpen()
			}
		},
		Received: func(m []byte) {
			r.alive("Received")
			r.received = append(r.received, m)
		},
		Stalled: func() {
			r.alive("Stalled")
			r.stalled++
			if r.onStall != nil {
				r.onStall()
			}
		},
		Closed: func(p *Problem) {
			r.alive("Closed")
			r.closed = p
		},
	})
}

func (r *rig) alive(what string) {
	r.t.Helper()
	if r.closed != nil {
		r.t.Errorf("%s after Closed (%v)", what, r.closed)
	}
}

func (r *rig) isOver() bool { return r.closed != nil }

// ended checks that it is over as it should be, and that nothing is left that could still act.
func (r *rig) ended(id string) {
	r.t.Helper()
	if r.closed == nil {
		r.t.Fatalf("the link is not closed; phases: %v", r.device.phases)
	}
	if r.closed.ID != id {
		r.t.Errorf("closed with %v, want %s", r.closed, id)
	}
	if !r.clock.stopped {
		r.t.Error("the alarm is still set")
	}
	if r.device.connected {
		r.t.Error("the device is still connected")
	}
	if err := r.link.send([]byte("x")); err != ErrNotOpen {
		r.t.Errorf("send after the end: %v, want ErrNotOpen", err)
	}
	// Whatever is still due must not wake it.
	r.run(r.at+1_000_000, func() bool { return false })
}

func message(n, seed int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*31 + seed*7)
	}
	return b
}

// Every segment size, with messages of all lengths, both ways.
func TestConversation(t *testing.T) {
	for _, mtu := range []int{0, 23, 26, 100, 247, 517} {
		for _, delay := range []btp.Milliseconds{1, 40} {
			t.Run(fmt.Sprintf("MTU %d, %d ms", mtu, delay), func(t *testing.T) {
				r := newRig(t, device{mtu: mtu, delay: delay})
				var sent [][]byte
				r.open()
				for i, n := range []int{1, 15, 16, 17, 100, 240, 500, 1279, 1280} {
					m := message(n, i)
					sent = append(sent, reversed(m))
					if err := r.link.send(m); err != nil { // the first before it is open
						t.Fatal(err)
					}
					r.run(r.at+600_000, func() bool { return len(r.received) == len(sent) || r.isOver() })
				}
				if !slices.EqualFunc(r.received, sent, bytes.Equal) {
					t.Fatalf("received %d of %d messages; closed: %v", len(r.received), len(sent), r.closed)
				}
				if r.opened != 1 || r.stalled != 0 || r.device.connections != 1 {
					t.Errorf("opened %d times, stalled %d, connected %d", r.opened, r.stalled, r.device.connections)
				}
				if len(r.link.waiting) != 0 {
					t.Errorf("%d messages are kept though the device has answered", len(r.link.waiting))
				}
				if want := max(min(mtu-3, 244), 20); r.device.largest != want && mtu != 0 {
					t.Errorf("the longest write had %d octets, want %d", r.device.largest, want)
				}
				r.link.close()
				r.ended(Closed)
			})
		}
	}
}

// A burst of messages stays in order.
func TestBurst(t *testing.T) {
	r := newRig(t, device{mtu: 23, delay: 5})
	r.device.answer = func(m []byte) [][]byte { return nil }
	r.onOpen = func() {
		for i := range 20 {
			if err := r.link.send(message(200, i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.open()
	r.run(600_000, func() bool { return len(r.device.got) == 20 || r.isOver() })
	for i, m := range r.device.got {
		if !bytes.Equal(m, message(200, i)) {
			t.Fatalf("message %d is another one", i)
		}
	}
	if len(r.device.got) != 20 {
		t.Fatalf("%d of 20 arrived, closed: %v", len(r.device.got), r.closed)
	}
}

// The handshake's response may overtake the end of the subscription: still there is one operation at a time.
func TestResponseComesEarly(t *testing.T) {
	r := newRig(t, device{early: true, mtu: 100, delay: 5})
	r.open()
	if err := r.link.send(message(300, 1)); err != nil {
		t.Fatal(err)
	}
	r.run(600_000, func() bool { return len(r.received) > 0 || r.isOver() })
	if len(r.received) != 1 || !bytes.Equal(r.received[0], reversed(message(300, 1))) {
		t.Errorf("received %d messages, closed: %v", len(r.received), r.closed)
	}
}

// Messages are kept to be sent again only as long as nothing has come back.
func TestNothingIsKeptAfterAnAnswer(t *testing.T) {
	r := newRig(t, device{mtu: 100})
	r.open()
	if err := r.link.send([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	r.run(600_000, func() bool { return len(r.received) > 0 || r.isOver() })
	for range 5 {
		if err := r.link.send([]byte("more")); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.link.waiting); n != 0 {
		t.Errorf("%d messages are kept", n)
	}
}

func TestSendLimits(t *testing.T) {
	r := newRig(t, device{hang: 1})
	r.open()
	if err := r.link.send(make([]byte, 1281)); err != btp.ErrTooLarge {
		t.Errorf("1281 octets: %v, want ErrTooLarge", err)
	}
	for i := range maxQueue {
		if err := r.link.send([]byte{1}); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if err := r.link.send([]byte{1}); err != btp.ErrQueueFull {
		t.Errorf("one too many: %v, want ErrQueueFull", err)
	}
}

// What is sent is copied before send returns.
func TestSendCopies(t *testing.T) {
	r := newRig(t, device{delay: 3})
	r.open()
	m := []byte("hello")
	if err := r.link.send(m); err != nil {
		t.Fatal(err)
	}
	copy(m, "xxxxx")
	r.run(60_000, func() bool { return len(r.received) > 0 })
	if len(r.received) != 1 || string(r.received[0]) != "olleh" {
		t.Errorf("got %q", r.received)
	}
}

// Connections that fail at first are tried again, without a word to anybody.
func TestConnectTries(t *testing.T) {
	for _, c := range []struct {
		name   string
		device device
		opens  bool
	}{
		{"refused twice", device{refuse: 2}, true},
		{"refused thrice", device{refuse: 3}, false},
		{"hangs twice", device{hang: 2}, true},
		{"hangs thrice", device{hang: 3}, false},
		{"breaks off twice", device{breakAt: "connected", breaks: 2}, true},
		{"breaks off thrice", device{breakAt: "connected", breaks: 3}, false},
		{"breaks off in the handshake twice", device{breakAt: "request", breaks: 2}, true},
		{"breaks off in the handshake thrice", device{breakAt: "request", breaks: 3}, false},
		{"breaks off after subscribing twice", device{breakAt: "subscribed", breaks: 2}, true},
		{"breaks off after subscribing thrice", device{breakAt: "subscribed", breaks: 3}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.device.delay = 10
			r := newRig(t, c.device)
			r.open()
			if err := r.link.send([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			r.run(600_000, func() bool { return len(r.received) > 0 || r.isOver() })
			if r.device.connections != 3 {
				t.Errorf("%d connections, want 3", r.device.connections)
			}
			if !c.opens {
				r.ended(ConnectFailed)
				return
			}
			if len(r.received) != 1 || string(r.received[0]) != "olleh" {
				t.Fatalf("received %q, closed: %v", r.received, r.closed)
			}
		})
	}
}

func TestNotMatter(t *testing.T) {
	r := newRig(t, device{noService: true})
	r.open()
	r.run(600_000, r.isOver)
	r.ended(NotMatterDevice)
	if r.device.connections != 1 || r.opened != 0 {
		t.Errorf("%d connections, opened %d times", r.device.connections, r.opened)
	}
}

// A device that does not speak BTP ends it after 15 s, once.
func TestNoHandshake(t *testing.T) {
	r := newRig(t, device{deaf: true})
	r.open()
	r.run(600_000, r.isOver)
	r.ended(ConnectFailed)
	if !strings.Contains(r.closed.Technical, "handshake") {
		t.Errorf("it says %q", r.closed.Technical)
	}
}

// Once it is open a break is told, and not hidden: a session cannot go on over another connection.
func TestLostWhileOpen(t *testing.T) {
	for _, phase := range []string{"data", "message"} {
		r := newRig(t, device{breakAt: phase, breaks: 1, delay: 5, mtu: 100})
		r.open()
		if err := r.link.send(message(300, 1)); err != nil {
			t.Fatal(err)
		}
		r.run(600_000, r.isOver)
		r.ended(ConnectionLost)
		if r.opened != 1 || r.device.connections != 1 {
			t.Errorf("%s: opened %d times, %d connections", phase, r.opened, r.device.connections)
		}
	}
	// Also between messages.
	r := newRig(t, device{})
	r.open()
	r.run(30_000, func() bool { return r.opened > 0 })
	r.device.cut()
	r.run(600_000, r.isOver)
	r.ended(ConnectionLost)
}

// A connection nobody uses ends by itself, and not before a device can have joined a slow network.
func TestIdle(t *testing.T) {
	r := newRig(t, device{})
	r.open()
	r.run(600_000, func() bool { return r.opened > 0 })
	began := r.at
	r.run(600_000, r.isOver)
	r.ended(ConnectionLost)
	if idle := r.at - began; idle < 120_000 {
		t.Errorf("ended after %d ms", idle)
	}
}

func TestClose(t *testing.T) {
	for _, phase := range []string{"at once", "connected", "request", "subscribed", "data", "message"} {
		r := newRig(t, device{delay: 5})
		r.open()
		if err := r.link.send(message(100, 1)); err != nil {
			t.Fatal(err)
		}
		r.run(600_000, func() bool { return phase == "at once" || slices.Contains(r.device.phases, phase) })
		r.link.close()
		r.ended(Closed)
		r.link.close()
	}
	// From within an event.
	r := newRig(t, device{})
	r.onOpen = func() { r.link.close() }
	r.open()
	r.run(600_000, r.isOver)
	r.ended(Closed)
}

// The link may be closed while an answer is handed over: no second message follows.
func TestCloseWhileReceiving(t *testing.T) {
	w := &world{at: 1000}
	d := &device{world: w, t: t, mtu: 517, answer: func([]byte) [][]byte { return [][]byte{{1}, {2}, {3}} }}
	var l *link
	var got, ended int
	l = newLink(d, &worldClock{world: w}, Events{
		Opened:   func(int) {},
		Received: func([]byte) { got++; l.close() },
		Closed:   func(*Problem) { ended++ },
	})
	if err := l.send([]byte("x")); err != nil {
		t.Fatal(err)
	}
	w.run(600_000, func() bool { return false })
	if got != 1 || ended != 1 {
		t.Errorf("%d messages, %d ends", got, ended)
	}
}

// Some adapters confirm writes that do not fit one packet, and lose them: the
// handshake succeeds, nothing else arrives. The second try uses small segments.
func TestField_F16_LargeSegmentsAreLost(t *testing.T) {
	r := newRig(t, device{swallow: 27, mtu: 244, delay: 20})
	r.open()
	request := message(80, 3)
	if err := r.link.send(request); err != nil {
		t.Fatal(err)
	}
	r.run(600_000, func() bool { return len(r.received) > 0 || r.isOver() })
	if len(r.received) != 1 || !bytes.Equal(r.received[0], reversed(request)) {
		t.Fatalf("received %d messages, closed: %v", len(r.received), r.closed)
	}
	if r.stalled != 1 || r.opened != 1 || r.device.connections != 2 {
		t.Errorf("stalled told %d times, opened %d times, %d connections", r.stalled, r.opened, r.device.connections)
	}
	if r.at > 1000+15_000+5_000 {
		t.Errorf("it took %d ms", r.at-1000)
	}
	// It goes on like that.
	if err := r.link.send(message(1280, 4)); err != nil {
		t.Fatal(err)
	}
	r.run(600_000, func() bool { return len(r.received) > 1 || r.isOver() })
	if len(r.received) != 2 || !bytes.Equal(r.received[1], reversed(message(1280, 4))) {
		t.Fatalf("received %d messages, closed: %v", len(r.received), r.closed)
	}
}

// If small segments do not arrive either, that is the end, and said so.
func TestField_F16_SmallSegmentsAreLostToo(t *testing.T) {
	r := newRig(t, device{swallow: 9, mtu: 244})
	r.open()
	if err := r.link.send(message(80, 3)); err != nil {
		t.Fatal(err)
	}
	r.run(600_000, r.isOver)
	r.ended(Stalled)
	if r.stalled != 1 || r.device.connections != 2 {
		t.Errorf("stalled told %d times, %d connections", r.stalled, r.device.connections)
	}
	if !strings.Contains(r.closed.Technical, "not acknowledged") {
		t.Errorf("it says %q", r.closed.Technical)
	}
}

// A device that grants 3 octets more than the smallest segment is not tried for ever.
func TestField_F16_OnlyOnceMore(t *testing.T) {
	r := newRig(t, device{hostile: func(n int) []byte {
		if n == 0 {
			return []byte{0x65, 0x6C, 0x04, 23, 0, 255}
		}
		return nil
	}})
	r.open()
	if err := r.link.send(message(80, 3)); err != nil {
		t.Fatal(err)
	}
	r.run(600_000, r.isOver)
	r.ended(Stalled)
	if r.stalled != 1 || r.device.connections != 2 {
		t.Errorf("stalled told %d times, %d connections", r.stalled, r.device.connections)
	}
}

// The second try may need as many connections as the first.
func TestField_F16_ConnectsAgainPatiently(t *testing.T) {
	r := newRig(t, device{swallow: 27, mtu: 244, refuse: 2})
	r.onStall = func() { r.device.refuse = 2 }
	r.open()
	if err := r.link.send(message(80, 3)); err != nil {
		t.Fatal(err)
	}
	r.run(600_000, func() bool { return len(r.received) > 0 || r.isOver() })
	if len(r.received) != 1 || r.device.connections != 6 {
		t.Errorf("received %d messages over %d connections, closed: %v", len(r.received), r.device.connections, r.closed)
	}
}

// Once the device has answered anything, a new connection would lose its session.
func TestStallAfterAnAnswer(t *testing.T) {
	r := newRig(t, device{swallow: 27, mtu: 244})
	r.open()
	if err := r.link.send(message(10, 3)); err != nil {
		t.Fatal(err)
	}
	r.run(600_000, func() bool { return len(r.received) > 0 || r.isOver() })
	if err := r.link.send(message(80, 4)); err != nil {
		t.Fatal(err)
	}
	r.run(600_000, r.isOver)
	r.ended(ConnectionLost)
	if r.stalled != 0 || r.device.connections != 1 {
		t.Errorf("stalled told %d times, %d connections", r.stalled, r.device.connections)
	}
}

// A device that went quiet in the middle is not tried again: what it knows is unknown.
func TestQuietInTheMiddle(t *testing.T) {
	r := newRig(t, device{mtu: 244})
	r.open()
	if err := r.link.send(message(80, 3)); err != nil {
		t.Fatal(err)
	}
	r.run(600_000, func() bool { return len(r.received) > 0 || r.isOver() })
	r.device.swallow = 9
	if err := r.link.send(message(80, 4)); err != nil {
		t.Fatal(err)
	}
	r.run(600_000, r.isOver)
	r.ended(ConnectionLost)
	if r.stalled != 0 || r.device.connections != 1 {
		t.Errorf("stalled told %d times, %d connections", r.stalled, r.device.connections)
	}
}

// Closing when it has just been told that it stalls ends it there.
func TestCloseWhileStalled(t *testing.T) {
	w := &world{at: 1000}
	d := &device{world: w, t: t, swallow: 27, mtu: 244}
	var l *link
	var p *Problem
	l = newLink(d, &worldClock{world: w}, Events{
		Opened: func(int) {}, Received: func([]byte) {},
		Stalled: func() { l.close() },
		Closed:  func(q *Problem) { p = q },
	})
	if err := l.send(message(80, 1)); err != nil {
		t.Fatal(err)
	}
	w.run(600_000, func() bool { return false })
	if p == nil || p.ID != Closed || d.connections != 1 {
		t.Errorf("closed: %v, %d connections", p, d.connections)
	}
}

// F14: writes that take their time while segments come in. No acknowledgement is
// given twice, or the device would break off.
func TestField_F14_SlowWrites(t *testing.T) {
	r := newRig(t, device{mtu: 23, delay: 400})
	r.device.answer = func(m []byte) [][]byte { return [][]byte{reversed(m), message(60, 1), message(60, 2)} }
	r.open()
	for i := range 3 {
		if err := r.link.send(message(50, i)); err != nil {
			t.Fatal(err)
		}
	}
	r.run(3_600_000, func() bool { return len(r.received) == 9 || r.isOver() })
	if len(r.received) != 9 {
		t.Fatalf("%d of 9 messages, closed: %v", len(r.received), r.closed)
	}
}

// F17: after the end nothing that was still to come does anything.
func TestField_F17_NothingAfterTheEnd(t *testing.T) {
	for n := range 60 {
		r := newRig(t, device{delay: 7, mtu: 40})
		r.open()
		if err := r.link.send(message(100, 1)); err != nil {
			t.Fatal(err)
		}
		steps := 0
		r.run(600_000, func() bool { steps++; return steps > n || r.isOver() })
		r.link.close()
		r.ended(Closed)
	}
}

// hostileTo builds the response of a handshake, then what next gives.
func hostileTo(next func(n int) []byte) func(n int) []byte {
	return func(n int) []byte {
		if n == 0 {
			return []byte{0x65, 0x6C, 0x04, 244, 0, 255}
		}
		return next(n)
	}
}

// Whatever a device sends, the link ends or waits, and keeps little.
func TestHostileDevice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	octets := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	first := func(length int) []byte {
		b := append([]byte{0x01, 1, byte(length), byte(length >> 8)}, make([]byte, 240)...)
		return b
	}
	for _, c := range []struct {
		name    string
		hostile func(n int) []byte
	}{
		{"random octets at once", func(int) []byte { return octets(random.IntN(245)) }},
		{"random octets after the handshake", hostileTo(func(int) []byte { return octets(random.IntN(245)) })},
		{"nothing in each value", hostileTo(func(int) []byte { return []byte{} })},
		{"64 KiB in one value", hostileTo(func(int) []byte { return octets(65536) })},
		{"a message of 64 KiB announced", hostileTo(func(int) []byte { return first(65535) })},
		{"fragments without end", hostileTo(func(n int) []byte {
			if n == 1 {
				return first(1280)
			}
			return []byte{0x02, byte(n), 0} // one octet each, for ever: the total is exceeded
		})},
		{"new messages before the last ended", hostileTo(func(n int) []byte { b := first(1000); b[1] = byte(n); return b })},
		{"acknowledges what was never sent", hostileTo(func(n int) []byte { return []byte{0x08, byte(n), byte(n)} })},
		{"segment size 65535", func(n int) []byte {
			if n == 0 {
				return []byte{0x65, 0x6C, 0x04, 0xFF, 0xFF, 255}
			}
			return octets(65536)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, device{hostile: c.hostile})
			r.open()
			if err := r.link.send(message(10, 1)); err != nil {
				t.Fatal(err)
			}
			r.run(600_000, r.isOver)
			if r.opened > 0 {
				r.ended(ConnectionLost)
			} else {
				r.ended(ConnectFailed)
			}
			if kept := len(r.link.waiting); kept != 0 || r.link.conn != nil {
				t.Errorf("%d messages are kept after the end", kept)
			}
		})
	}
}

// A device that sends well-formed messages for ever does not make the heap grow: nothing is kept of them.
func TestFloodOfMessages(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	w := &world{at: 1000}
	d := &device{world: w, t: t, mtu: 247, answer: func([]byte) [][]byte {
		return [][]byte{message(1280, 1), message(1280, 2), message(1280, 3), message(1280, 4)}
	}}
	var l *link
	var got int
	var early uint64
	l = newLink(d, &worldClock{world: w}, Events{
		Opened: func(int) {},
		Received: func(m []byte) {
			got++
			if got%4 == 0 {
				if err := l.send([]byte("more")); err != nil {
					t.Fatal(err)
				}
				d.got, d.phases = nil, nil
			}
		},
		Closed: func(p *Problem) { t.Fatal(p) },
	})
	if err := l.send([]byte("more")); err != nil {
		t.Fatal(err)
	}
	w.run(3_600_000, func() bool {
		if got >= 400 && early == 0 {
			early = heap()
		}
		return got >= 2_000
	})
	if got < 2_000 {
		t.Fatalf("%d messages came", got)
	}
	if late := heap(); late > early+256<<10 {
		t.Errorf("the heap grew from %d to %d octets over %d octets of messages", early, late, got*1280)
	}
}

// Every problem that ends a link has an ID that the page knows.
func TestProblemText(t *testing.T) {
	for _, c := range []struct {
		err           error
		opened, heard bool
		want          string
	}{
		{btp.ErrClosed, true, true, "closed"},
		{btp.ErrLost, false, false, "connect-failed: btp: the Bluetooth connection was lost"},
		{btp.ErrLost, true, false, "connection-lost: btp: the Bluetooth connection was lost"},
		{errNotMatter, false, false, "not-matter-device: the device does not offer Matter's Bluetooth service"},
		{errConnectTimeout, false, false, "connect-failed: no Bluetooth connection within 30 s"},
		{&btp.UnacknowledgedError{Sequence: 3, Segments: 1, Longest: 20, Acked: 0, SegmentSize: 20}, true, false,
			"btp-stalled: btp: segment 3 was not acknowledged within 15 s (1 outstanding, up to 20 octets; segment size 20)"},
		{&btp.ProtocolError{Rule: btp.RuleSequence, Got: 5, Min: 4, Max: 4}, true, true, "connection-lost: btp: sequence number 5, want 4"},
	} {
		if got := problem(c.err, c.opened, c.heard).Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
