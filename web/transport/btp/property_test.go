package btp

import (
	"flag"
	"math/rand/v2"
	"testing"
)

var messages = flag.Int("messages", 4_000, "messages of 0 to 1,280 octets to carry over Bluetooth")

// TestField_F15_TwoEngines carries messages both ways over links of all segment
// sizes and windows, beginning shortly before the sequence numbers wrap, with
// slow writes and late acknowledgements. A watcher checks each segment.
func TestField_F15_TwoEngines(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 3886))
	windows := []int{1, 2, 3, 4, 5, 6, 127, 128, 254, 255}
	for left, round := *messages, 0; left > 0; round++ {
		n := min(left, 20+rng.IntN(180))
		left -= n
		window := 1 + rng.IntN(255)
		if round%2 == 0 {
			window = windows[round/2%len(windows)]
		}
		size := MinSegmentSize + rng.IntN(MaxSegmentSize-MinSegmentSize+1)
		switch round % 5 {
		case 0:
			size = MinSegmentSize
		case 1:
			size = MaxSegmentSize
		}
		c, p := open2(t,
			Config{SegmentSize: size, Window: window, firstLocal: 250, firstPeer: 250},
			Config{MTU: 517, Window: window + rng.IntN(MaxWindow-window+1), firstLocal: 250, firstPeer: 250},
		)
		if c.SegmentSize() != size || c.Window() != window || p.SegmentSize() != size || p.Window() != window {
			t.Fatalf("negotiated %d, %d and %d, %d, want %d, %d", c.SegmentSize(), c.Window(), p.SegmentSize(), p.Window(), size, window)
		}
		l := &link{rng: rng, maxWait: []int{0, 5, 60, 900}[round%4], watcher: newWatcher(c, p)}
		l.ends[0].conn, l.ends[1].conn = c, p
		for range n {
			m := make([]byte, rng.IntN(defaultMaxMessage+1))
			if len(m) > 0 {
				m[0], m[len(m)-1] = byte(rng.Uint32()), byte(rng.Uint32())
			}
			from := 0
			switch round % 3 {
			case 0:
				from = rng.IntN(2)
			case 1:
				from = 1
			}
			l.ends[from].toSend = append(l.ends[from].toSend, m)
			l.ends[1-from].expect = append(l.ends[1-from].expect, m)
		}
		stall := l.run(t)
		// An acknowledgement is at most as late as its timer and the two writes before it: the one
		// under way and its own.
		if most := Instant(SendAckTime) + 4*Instant(l.maxWait); stall > most {
			t.Errorf("segment size %d, window %d: no segment for %d ms, want at most %d", size, window, stall, most)
		}
	}
}

// Idle connections acknowledge acknowledgements for ever, but must not be busy with it.
func TestIdleConnectionsAreQuiet(t *testing.T) {
	for _, window := range []int{1, 2, 3, 4, 5, 6, 255} {
		c, p := open2(t, Config{Window: window}, Config{})
		if err := c.Send(0, make([]byte, 300)); err != nil {
			t.Fatal(err)
		}
		ends := [2]*Conn{c, p}
		var segments, arrived int
		for now := Instant(0); now < 60_000; now += 10 {
			for range 400 {
				n := 0
				for i, from := range ends {
					from.Tick(now)
					out := pass(t, now, from, ends[1-i])
					arrived += len(out.Messages)
					if out.Segment != nil {
						n++
					}
				}
				segments += n
				if n == 0 {
					break
				}
			}
		}
		// 20 segments for the message, their acknowledgements, and then one each in 2.5 s.
		if arrived != 1 || segments > 2*20+24+20 {
			t.Errorf("window %d: %d messages, %d segments in a minute", window, arrived, segments)
		}
	}
}

// Under the smallest windows an answer waits for the acknowledgement of the
// acknowledgement of its question: not as long as acknowledgements may wait.
func TestAnswersUnderTheSmallestWindows(t *testing.T) {
	for _, window := range []int{1, 2, 3, 4} {
		c, p := open2(t, Config{Window: window, SegmentSize: 20}, Config{})
		now := Instant(0)
		for range 50 {
			if err := c.Send(now, make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
			for start := now; ; now++ {
				c.Tick(now)
				p.Tick(now)
				answered := len(pass(t, now, c, p).Messages) > 0
				for range pass(t, now, p, c).Messages {
					if err := p.Send(now, make([]byte, 100)); err != nil {
						t.Fatal(err)
					}
				}
				if answered {
					break
				}
				if now-start > 300 {
					t.Fatalf("window %d: no answer in 300 ms", window)
				}
			}
		}
	}
}

// After an idle minute the peer's two messages, one after the other, do not wait either.
func TestMessagesUnderTheSmallestWindowsAfterAPause(t *testing.T) {
	for _, window := range []int{1, 2, 3} {
		c, p := open2(t, Config{Window: window, SegmentSize: 20}, Config{})
		now, arrived := Instant(0), 0
		carry := func(until Instant) {
			for ; now < until; now += 5 {
				c.Tick(now)
				p.Tick(now)
				arrived += len(pass(t, now, c, p).Messages)
				pass(t, now, p, c)
			}
		}
		for carry(60_000); arrived < 3; {
			before := arrived
			carry(now + 100)
			if err := p.Send(now, make([]byte, 10)); err != nil {
				t.Fatal(err)
			}
			// The first may wait for the slot that an idle side hands back late.
			wait := Instant(100)
			if before == 0 {
				wait = Instant(SendAckTime) + 100
			}
			for start := now; arrived == before; carry(now + 5) {
				if now > start+wait {
					t.Fatalf("window %d: message %d not there after %d ms", window, arrived, wait)
				}
			}
		}
		if d := c.ackDelay(); d > SendAckTime {
			t.Errorf("window %d: an acknowledgement waits %d ms", window, d)
		}
	}
}
