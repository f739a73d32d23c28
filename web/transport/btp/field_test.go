package btp

import (
	"errors"
	"strings"
	"testing"
)

// A peer that answers each message after 12 s keeps the connection, which has a
// handshake timer of its own.
func TestField_F08_SlowAnswers(t *testing.T) {
	c, p := make2(t, Config{IdleTimeout: IdleTime}, Config{})
	c.Tick(0)
	p.Receive(0, c.Output().Segment)
	c.Written(0)
	if out := c.Output(); out.Deadline != Instant(HandshakeTime) {
		t.Errorf("the handshake's deadline is %d", out.Deadline)
	}
	const late = 14_999
	c.Tick(late)
	c.Receive(late, p.Output().Segment)
	p.Written(late)
	now := Instant(late)
	for round := range 3 {
		if err := c.Send(now, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		var answerAt Instant
		for start := now; ; now += 10 {
			c.Tick(now)
			p.Tick(now)
			answered := len(pass(t, now, c, p).Messages) > 0
			if len(pass(t, now, p, c).Messages) > 0 {
				answerAt = now + 12_000
			}
			if answerAt != 0 && now >= answerAt {
				answerAt = 0
				if err := p.Send(now, make([]byte, 100)); err != nil {
					t.Fatal(err)
				}
			}
			if answered {
				break
			}
			if now > start+13_000 {
				t.Fatalf("round %d: no answer", round)
			}
		}
	}
}

// A write that ends late, three segments in and one message out at the same
// moment: what is acknowledged strictly advances, by one segment at a time.
func TestField_F14_AcknowledgementsAdvance(t *testing.T) {
	c, p := open2(t, Config{Window: 6}, Config{})
	now := Instant(0)
	// The acknowledgement of the response is on its way, and stays there.
	now += Instant(SendAckTime)
	c.Tick(now)
	first := c.Output().Segment
	if len(first) != 3 || first[0] != 0x08 || first[1] != 0 {
		t.Fatalf("got %x, want an acknowledgement of 0", first)
	}
	for range 3 {
		if err := p.Send(now, []byte("in")); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Send(now, []byte("out")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		segment := p.Output().Segment
		if segment == nil {
			t.Fatal("the peer's window is shut")
		}
		c.Receive(now, segment)
		p.Written(now)
		c.Tick(now)
		if out := c.Output(); out.Segment != nil || out.Err != nil {
			t.Fatalf("during the write: %x, %v", out.Segment, out.Err)
		}
	}
	p.Receive(now, first)
	now += 5_000
	c.Tick(now)
	c.Written(now)
	second := c.Output().Segment
	if second == nil || second[0] != 0x0D || second[1] != 3 || second[2] != 1 {
		t.Fatalf("got %x, want data number 1 with an acknowledgement of 3", second)
	}
	c.Tick(now + 4_000)
	if out := c.Output(); out.Segment != nil {
		t.Errorf("during the second write: %x", out.Segment)
	}
	p.Receive(now, second)
	c.Written(now + 4_000)
	c.Tick(now + 10_000)
	if out := c.Output(); out.Segment != nil || out.Err != nil {
		t.Errorf("acknowledged again: %x, %v", out.Segment, out.Err)
	}
	if out := p.Output(); out.Err != nil || len(out.Messages) != 1 {
		t.Errorf("the peer has %d messages, %v", len(out.Messages), out.Err)
	}
}

// The segment size is 3 less than the ATT_MTU; the window is right from 255 to
// 0; the last slot is for an acknowledgement. Sizes: TestRejected.
func TestField_F15_SegmentSizeAndWindow(t *testing.T) {
	c, p := open2(t, Config{MTU: 247, Window: 4, firstLocal: 254, firstPeer: 254}, Config{MTU: 185})
	if c.SegmentSize() != 182 || p.SegmentSize() != 182 {
		t.Errorf("segment sizes %d and %d, want 182", c.SegmentSize(), p.SegmentSize())
	}
	if err := c.Send(0, make([]byte, 1280)); err != nil {
		t.Fatal(err)
	}
	var sent []byte
	for {
		segment := c.Output().Segment
		if segment == nil {
			break
		}
		if len(segment) != 182 {
			t.Errorf("a segment of %d octets", len(segment))
		}
		at := 1
		if segment[0]&flagAck != 0 {
			at = 2
		}
		sent = append(sent, segment[at])
		c.Written(0)
	}
	if string(sent) != "\xfe\xff\x00" {
		t.Errorf("sent numbers %d in a window of 4, want 254, 255, 0", sent)
	}
	// An acknowledgement may have the last slot.
	c.Receive(0, []byte{flagAck, 254, 255})
	c.Receive(0, []byte{flagAck, 255, 0})
	if segment := c.Output().Segment; segment == nil || segment[0]&flagAck == 0 {
		t.Errorf("got %x, want data with an acknowledgement", segment)
	}
	c.Written(0)
	c.Receive(0, []byte{flagAck, 1, 1})
	if out := c.Output(); out.Err != nil {
		t.Errorf("an acknowledgement past 255: %v", out.Err)
	}
}

// An adapter confirms writes above 27 octets and loses them.
func TestField_F16_LargeSegmentsAreLost(t *testing.T) {
	const swallowed = 27
	try := func(segmentSize int) (received int, err error, at Instant) {
		c, p := make2(t, Config{SegmentSize: segmentSize}, Config{MTU: 244})
		if err := c.Send(0, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		for now := Instant(0); now < 20_000; now += 100 {
			c.Tick(now)
			out := c.Output()
			if out.Err != nil {
				return received, out.Err, now
			}
			if out.Segment != nil {
				if len(out.Segment) <= swallowed {
					p.Receive(now, out.Segment)
				}
				c.Written(now) // Bluetooth acknowledges
			}
			p.Tick(now)
			in := p.Output()
			received += len(in.Messages)
			if in.Segment != nil {
				c.Receive(now, in.Segment)
				p.Written(now)
			}
		}
		return received, nil, 0
	}
	received, err, at := try(0)
	var unacknowledged *UnacknowledgedError
	if received != 0 || !errors.As(err, &unacknowledged) || at != 15_100 {
		t.Fatalf("%d messages, %v at %d", received, err, at)
	}
	const want = "btp: segment 0 was not acknowledged within 15 s (1 outstanding, up to 105 octets; segment size 241): " +
		"no segment over 20 octets has arrived, try again with segment size 20"
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	received, err, _ = try(unacknowledged.RetrySegmentSize())
	if received != 1 || err != nil {
		t.Errorf("second try: %d messages, %v", received, err)
	}
}

// The device's timer ran since the handshake, and disconnects before ours.
func TestField_F16_TheDeviceDisconnectsFirst(t *testing.T) {
	c, _ := open2(t, Config{}, Config{MTU: 244})
	c.Send(1_000, make([]byte, 100))
	c.Output()
	c.Written(1_000)
	c.Lost(15_000)
	var e *UnacknowledgedError
	if err := c.Output().Err; !errors.As(err, &e) || !e.Lost || e.RetrySegmentSize() != 20 ||
		!strings.HasPrefix(err.Error(), "btp: the connection was lost before segment 0 was acknowledged (1 outstanding") {
		t.Errorf("got %v", err)
	}
}

// What smaller segments cannot mend is not said to be mended by them.
func TestField_F16_NotTheSegmentSize(t *testing.T) {
	silent := func(c *Conn, now Instant) *UnacknowledgedError {
		c.Output()
		c.Written(now)
		c.Tick(now + Instant(AckTime) - 1)
		if err := c.Output().Err; err != nil {
			t.Errorf("before its time: %v", err)
		}
		c.Tick(now + Instant(AckTime))
		var e *UnacknowledgedError
		if err := c.Output().Err; !errors.As(err, &e) {
			t.Fatalf("got %v", err)
		}
		if e.RetrySegmentSize() != 0 || strings.Contains(e.Error(), "try again") {
			t.Errorf("suggests %d: %v", e.RetrySegmentSize(), e)
		}
		return e
	}
	// A short segment was lost.
	c, _ := open2(t, Config{}, Config{MTU: 244})
	c.Send(0, make([]byte, 15))
	if e := silent(c, 0); e.Longest != 20 || e.Acked != 0 {
		t.Errorf("got %+v", e)
	}
	// A long one was acknowledged before.
	c, p := open2(t, Config{}, Config{MTU: 244})
	c.Send(0, make([]byte, 100))
	pass(t, 0, c, p)
	p.Tick(2_500)
	pass(t, 2_500, p, c)
	c.Send(3_000, make([]byte, 200))
	if e := silent(c, 3_000); e.Acked != 105 || e.Longest != 205 || e.Segments != 1 || e.Sequence != 1 {
		t.Errorf("got %+v", e)
	}
	// A connection lost soon after a segment, or with none outstanding, is just lost.
	c, _ = open2(t, Config{}, Config{MTU: 244})
	c.Send(0, make([]byte, 100))
	c.Output()
	c.Written(0)
	c.Lost(7_499)
	if err := c.Output().Err; err != ErrLost {
		t.Errorf("got %v", err)
	}
	c, _ = open2(t, Config{}, Config{MTU: 244})
	c.Lost(14_000)
	if err := c.Output().Err; err != ErrLost {
		t.Errorf("got %v", err)
	}
}

// Timers that fire after the end do nothing.
func TestField_F17_LateTimers(t *testing.T) {
	for _, segments := range []int{0, 1, 2, 3} {
		c, p := make2(t, Config{IdleTimeout: 1_000}, Config{IdleTimeout: 1_000})
		for i := range segments {
			if i%2 == 0 {
				pass(t, 0, c, p)
				c.Send(0, make([]byte, 10))
			} else {
				pass(t, 0, p, c)
			}
		}
		for _, conn := range []*Conn{c, p} {
			conn.Close()
			conn.Close()
			conn.Tick(100_000)
			conn.Written(100_000)
			conn.Lost(100_000)
			conn.Start(100_000)
			conn.Receive(100_000, []byte{1, 2, 3})
			if out := conn.Output(); out.Err != ErrClosed || out.Segment != nil || out.HasDeadline {
				t.Errorf("%d segments: %+v", segments, out)
			}
			if err := conn.Send(100_000, nil); err != ErrClosed {
				t.Errorf("%d segments: Send: %v", segments, err)
			}
		}
	}
}
