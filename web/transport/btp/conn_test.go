package btp

import (
	"bytes"
	"errors"
	"testing"
)

func TestConfig(t *testing.T) {
	for _, cfg := range []Config{
		{MTU: 22}, {MTU: -1}, {MTU: 0x10000}, {SegmentSize: 19}, {SegmentSize: 245}, {Window: -1}, {Window: 256},
		{MaxMessage: -1}, {MaxMessage: 0x10000}, {MaxQueue: -1}, {Role: 2}, {IdleTimeout: -1},
	} {
		c, err := New(cfg)
		var e *ConfigError
		if c != nil || !errors.As(err, &e) {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
	_, err := New(Config{Window: 256})
	if got := err.Error(); got != "btp: Config.Window is 256, want 0 or 1 to 255" {
		t.Error(got)
	}
	if got := Rule(200).String(); got != "rule 200" {
		t.Error(got)
	}
	for r := RuleHandshake; r <= RuleNoLast; r++ {
		if r.String() == "" {
			t.Errorf("rule %d has no text", r)
		}
	}
}

// Messages can be queued before the handshake is over, up to a bound; they are copied.
func TestSendQueue(t *testing.T) {
	c, p := make2(t, Config{MaxQueue: 2, MaxMessage: 50, SegmentSize: 40}, Config{MTU: 100})
	message := []byte("one")
	if err := c.Send(0, message); err != nil {
		t.Fatal(err)
	}
	copy(message, "xxx")
	if err := c.Send(0, make([]byte, 51)); err != ErrTooLarge {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if err := c.Send(0, make([]byte, 50)); err != nil {
		t.Error(err)
	}
	if err := c.Send(0, nil); err != ErrQueueFull || c.Room() != 0 {
		t.Errorf("got %v, room for %d, want ErrQueueFull", err, c.Room())
	}
	pass(t, 0, c, p)
	pass(t, 0, p, c)
	pass(t, 0, c, p)
	if err := c.Send(0, nil); err != nil {
		t.Errorf("after a message was sent: %v", err)
	}
	var messages [][]byte
	for range 5 {
		pass(t, 0, c, p)
		messages = append(messages, pass(t, 0, p, c).Messages...)
	}
	if len(messages) != 3 || string(messages[0]) != "one" || len(messages[1]) != 50 || len(messages[2]) != 0 {
		t.Errorf("got %q", messages)
	}
}

// What is received is not kept, and what is returned not changed later.
func TestOctetsBelongToTheCaller(t *testing.T) {
	c, p := open2(t, Config{SegmentSize: 20}, Config{})
	c.Send(0, []byte("a message of 29 octets, so it"))
	var message, segment []byte
	for range 4 {
		if out := c.Output(); out.Segment != nil {
			segment = bytes.Clone(out.Segment)
			p.Receive(0, segment)
			clear(segment)
			clear(out.Segment)
			c.Written(0)
		}
		for _, m := range p.Output().Messages {
			message = m
		}
	}
	if string(message) != "a message of 29 octets, so it" {
		t.Errorf("got %q", message)
	}
}

func TestAcknowledgementTimer(t *testing.T) {
	c, p := open2(t, Config{Window: 6}, Config{})
	// The response's acknowledgement waits for data, 2.5 s.
	if out := c.Output(); out.Segment != nil || out.Deadline != 2_500 {
		t.Fatalf("%x, deadline %d", out.Segment, out.Deadline)
	}
	c.Tick(2_499)
	if out := c.Output(); out.Segment != nil {
		t.Fatalf("%x before its time", out.Segment)
	}
	c.Tick(2_500)
	if out := pass(t, 2_500, c, p); !bytes.Equal(out.Segment, []byte{0x08, 0, 0}) {
		t.Fatalf("got %x", out.Segment)
	}
	// Data carries what is owed at once.
	p.Send(3_000, []byte("x"))
	if out := pass(t, 3_000, p, c); !bytes.Equal(out.Segment, []byte{0x0D, 0, 1, 1, 0, 'x'}) {
		t.Fatalf("got %x", out.Segment)
	}
	if out := c.Output(); out.Deadline != 5_500 {
		t.Errorf("deadline %d", out.Deadline)
	}
	// It is the first segment that counts.
	for i, now := range []Instant{4_000, 4_100} {
		p.Send(now, []byte("y"))
		if out := pass(t, now, p, c); out.Segment == nil {
			t.Fatal("no data")
		}
		if out := c.Output(); out.Segment != nil || out.Deadline != 5_500 {
			t.Errorf("after %d: %x, deadline %d", i, out.Segment, out.Deadline)
		}
	}
	// Four of a window of 6: at once.
	p.Send(4_200, []byte("z"))
	pass(t, 4_200, p, c)
	if out := pass(t, 4_200, c, p); !bytes.Equal(out.Segment, []byte{0x08, 4, 1}) {
		t.Errorf("got %x, want an acknowledgement at once", out.Segment)
	}
}

func TestTimeouts(t *testing.T) {
	expire := func(t *testing.T, c *Conn, at Instant, want error) {
		t.Helper()
		if out := c.Output(); !out.HasDeadline || out.Deadline > at {
			t.Errorf("deadline %v %d, want at most %d", out.HasDeadline, out.Deadline, at)
		}
		c.Tick(at - 1)
		if out := c.Output(); out.Err != nil {
			t.Errorf("before its time: %v", out.Err)
		}
		c.Tick(at)
		if out := c.Output(); !errors.Is(out.Err, want) {
			t.Errorf("got %v, want %v", out.Err, want)
		}
	}
	t.Run("no response", func(t *testing.T) {
		c, _ := make2(t, Config{}, Config{})
		c.Output()
		c.Written(10)
		expire(t, c, 15_000, ErrHandshakeTimeout)
	})
	t.Run("no request", func(t *testing.T) {
		_, p := make2(t, Config{}, Config{})
		expire(t, p, 15_000, ErrHandshakeTimeout)
	})
	t.Run("no subscription", func(t *testing.T) {
		c, p := make2(t, Config{}, Config{})
		p.Receive(2_000, c.Output().Segment)
		p.Output()
		expire(t, p, 17_000, ErrWriteTimeout)
	})
	t.Run("write without end", func(t *testing.T) {
		c, _ := open2(t, Config{}, Config{})
		c.Send(1_000, []byte("x"))
		c.Output()
		expire(t, c, 16_000, ErrWriteTimeout)
	})
	t.Run("response not acknowledged", func(t *testing.T) {
		_, p := open2(t, Config{}, Config{})
		p.Tick(14_999)
		if out := p.Output(); out.Err != nil {
			t.Error(out.Err)
		}
		p.Tick(15_000)
		var e *UnacknowledgedError
		if err := p.Output().Err; !errors.As(err, &e) || e.Longest != 6 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("idle", func(t *testing.T) {
		c, p := open2(t, Config{IdleTimeout: IdleTime}, Config{})
		// Acknowledgements are not data.
		last := Instant(0)
		for now := Instant(0); ; now += 100 {
			if now == 30_000 {
				c.Send(now, []byte("x"))
				last = now
			}
			if now == 31_000 {
				p.Send(now, []byte("x"))
				last = now
			}
			c.Tick(now)
			p.Tick(now)
			if now == last+Instant(IdleTime) && now > 60_000 {
				break
			}
			pass(t, now, c, p)
			pass(t, now, p, c)
		}
		if err := c.Output().Err; err != ErrIdle {
			t.Errorf("got %v", err)
		}
	})
	t.Run("acknowledgement starts the timer again", func(t *testing.T) {
		c, p := open2(t, Config{SegmentSize: 20}, Config{})
		c.Send(0, make([]byte, 30))
		pass(t, 0, c, p)
		c.Output() // the second segment is never delivered, but acknowledged in time is the first
		c.Written(0)
		p.Tick(2_500)
		pass(t, 2_500, p, c)
		c.Tick(15_000)
		if err := c.Output().Err; err != nil {
			t.Error(err)
		}
		c.Written(15_000)
		c.Tick(17_500)
		var e *UnacknowledgedError
		if err := c.Output().Err; !errors.As(err, &e) || e.Sequence != 1 {
			t.Errorf("got %v", err)
		}
	})
}

// Acknowledged while its write has not ended: nothing is waited for then.
func TestAcknowledgedBeforeWritten(t *testing.T) {
	c, p := open2(t, Config{}, Config{})
	c.Send(0, []byte("x"))
	p.Receive(0, c.Output().Segment)
	p.Tick(2_500)
	pass(t, 2_500, p, c)
	c.Written(3_000)
	out := c.Output()
	if out.Err != nil || out.Deadline != 5_000 {
		t.Errorf("%v, deadline %d", out.Err, out.Deadline)
	}
	c.Written(3_001) // twice is nothing
	if c.ackedBy != 0 {
		t.Error("waits for an acknowledgement")
	}
}

// The wait for the last acknowledgement begins when its segment is written, not before.
func TestAcknowledgementDuringTheNextWrite(t *testing.T) {
	c, p := open2(t, Config{SegmentSize: 20}, Config{})
	c.Send(0, make([]byte, 30))
	pass(t, 0, c, p)
	p.Tick(2_500)
	second := c.Output().Segment
	pass(t, 2_500, p, c)
	if c.ackedBy != 0 || len(second) == 0 {
		t.Error("waits for the acknowledgement of what is not written")
	}
	c.Written(10_000)
	if c.ackedBy != 25_000 {
		t.Errorf("waits until %d", c.ackedBy)
	}
}

// An acknowledgement that the peer's full window keeps back is no deadline: it cannot go by time alone.
func TestNoDeadlineWhileTheWindowIsFull(t *testing.T) {
	c, _ := open2(t, Config{Window: 1}, Config{})
	c.Send(0, []byte("x"))
	c.Output()
	c.Written(0)
	c.Receive(0, []byte{5, 1, 1, 0, 'a'})
	c.Tick(5_000)
	if out := c.Output(); out.Segment != nil || out.Err != nil || out.Deadline != 15_000 {
		t.Errorf("%x, %v, deadline %d", out.Segment, out.Err, out.Deadline)
	}
}

// Complete messages are there also when what followed was refused.
func TestMessagesBeforeAnError(t *testing.T) {
	c := opened(t)
	c.Receive(0, []byte{5, 1, 1, 0, 'a'})
	c.Receive(0, []byte{5, 1, 1, 0, 'b'})
	out := c.Output()
	if len(out.Messages) != 1 || string(out.Messages[0]) != "a" || out.Err == nil {
		t.Errorf("got %q, %v", out.Messages, out.Err)
	}
	if out := c.Output(); len(out.Messages) != 0 || out.Err == nil {
		t.Errorf("again %q, %v", out.Messages, out.Err)
	}
	if err := c.Send(0, nil); err == nil {
		t.Error("Send after an error")
	}
}
