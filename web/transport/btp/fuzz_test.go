package btp

import (
	"bytes"
	"testing"
)

// FuzzSegment: what parses encodes to the same octets, but for reserved flags, which stay.
func FuzzSegment(f *testing.F) {
	f.Add([]byte{0x05, 7, 3, 0, 'a', 'b', 'c'})
	f.Add([]byte{0x08, 13, 14})
	f.Add([]byte{0x0E, 13, 14, 'x'})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseSegment(b)
		if err != nil {
			return
		}
		if got := s.append(nil); !bytes.Equal(got, b) {
			t.Errorf("%x encoded as %x", b, got)
		}
		if s.hasMessage() == (len(s.payload) == 0) && !(s.first() && s.last() && s.length == 0) {
			t.Errorf("%x: %d octets of payload", b, len(s.payload))
		}
	})
}

// FuzzConn lets a connection of either role do what script says, with a peer
// that sends anything, and mostly what could be right. Whatever happens: no
// panic, one segment at a time, segments as a watcher wants them, messages and
// memory bounded, and after an error nothing.
func FuzzConn(f *testing.F) {
	f.Add([]byte{0, 20, 4}, []byte{0, 0, 1, 0, 9, 2, 1, 3, 5, 0, 5, 'h', 'e', 4, 200, 2, 30, 0, 0})
	f.Add([]byte{1, 244, 255}, []byte{6, 9, 0x65, 0x6C, 4, 0, 0, 0, 0, 0, 255, 0, 0, 3, 13, 0, 2, 'h', 'i'})
	f.Add([]byte{2, 20, 1}, []byte{0, 0, 2, 100, 0, 0, 3, 8, 1, 0, 0, 3, 8, 0, 0, 0, 4, 255, 0})
	f.Fuzz(func(t *testing.T, config, script []byte) {
		if len(config) < 3 {
			return
		}
		cfg := Config{
			Role: Role(config[0] & 1), SegmentSize: max(MinSegmentSize, min(int(config[1]), MaxSegmentSize)), Window: max(1, int(config[2])),
			MaxMessage: 300, MaxQueue: 3, IdleTimeout: IdleTime, firstLocal: 250, firstPeer: 250,
		}
		s := fuzzed{t: t, now: 1}
		if config[0]&2 == 0 {
			var other *Conn
			s.conn, other = make2(t, cfg, Config{MTU: 517, firstLocal: 250, firstPeer: 250})
			if cfg.Role == Peripheral {
				other, s.conn = make2(t, Config{firstLocal: 250, firstPeer: 250}, cfg)
				pass(t, 1, other, s.conn)
				pass(t, 1, s.conn, other)
			} else {
				pass(t, 1, s.conn, other)
				pass(t, 1, other, s.conn)
			}
			s.watch()
		} else {
			var err error
			if s.conn, err = New(cfg); err != nil {
				t.Fatal(err)
			}
			s.conn.Start(1)
		}
		s.run(script)
	})
}

type fuzzed struct {
	t       *testing.T
	conn    *Conn
	now     Instant
	watcher *watcher
	writing bool
	err     error
}

// watch begins to watch a connection whose handshake is over. Side 0 is what is tested.
func (s *fuzzed) watch() {
	s.watcher = &watcher{size: s.conn.SegmentSize(), window: s.conn.Window()}
	s.watcher.sides[0].start, s.watcher.sides[1].start = 250, 250
	if s.conn.cfg.Role == Central {
		s.watcher.sides[0].arrived = 1
	} else {
		s.watcher.sides[0].made = 1
	}
}

func (s *fuzzed) run(script []byte) {
	next := func() byte {
		if len(script) == 0 {
			return 0
		}
		b := script[0]
		script = script[1:]
		return b
	}
	take := func(n int) []byte {
		n = min(n, len(script))
		b := script[:n]
		script = script[n:]
		return b
	}
	for len(script) > 0 {
		switch next() % 7 {
		case 0:
			s.output()
		case 1:
			s.conn.Written(s.now)
			s.writing = false
		case 2:
			_ = s.conn.Send(s.now, make([]byte, int(next())*2))
		case 3: // a segment with the right number, and an acknowledgement that may be right
			b := segment{flags: next() & 0x0F, sequence: s.conn.lastReceived + 1}
			if b.hasAck() {
				b.ack = s.conn.lastAcked + next()
			}
			if b.first() {
				b.length = int(next())
			}
			b.payload = take(int(next()))
			s.receive(b.append(nil))
		case 4:
			s.now += Instant(next()) * 20
			s.conn.Tick(s.now)
		case 5: // a single message
			m := take(int(next()) % 16)
			b := segment{flags: flagFirst | flagLast, sequence: s.conn.lastReceived + 1, length: len(m), payload: m}
			s.receive(b.append(nil))
		case 6:
			s.receive(take(int(next())))
		}
		if n := cap(s.conn.partial); n > 300 {
			s.t.Fatalf("%d octets for a message of at most 300", n)
		}
		if len(s.conn.messages) > s.conn.cfg.Window || len(s.conn.queue) > 3 {
			s.t.Fatalf("%d messages in, %d out", len(s.conn.messages), len(s.conn.queue))
		}
	}
	s.output()
}

func (s *fuzzed) receive(b []byte) {
	before := s.conn.lastAcked
	wasOpen := s.conn.Open()
	s.conn.Receive(s.now, b)
	if s.conn.err != nil || s.watcher == nil || !wasOpen {
		return
	}
	// What was accepted did arrive, and acknowledged something new if anything.
	side := &s.watcher.sides[0]
	side.arrived++
	side.acked += int(s.conn.lastAcked - before)
	if side.acked > side.made || b[0]&flagAck != 0 && s.conn.lastAcked == before {
		s.t.Fatalf("%x accepted when %d of %d were acknowledged", b, side.acked, side.made)
	}
	if side.arrived-side.acks > s.watcher.window {
		s.t.Fatalf("%d segments taken in a window of %d", side.arrived-side.acks, s.watcher.window)
	}
}

func (s *fuzzed) output() {
	out := s.conn.Output()
	if s.err != nil && (out.Err != s.err || out.Segment != nil || len(out.Messages) > 0 || out.HasDeadline) {
		s.t.Fatalf("after %v: %+v", s.err, out)
	}
	s.err = out.Err
	for _, m := range out.Messages {
		if len(m) > 300 {
			s.t.Fatalf("a message of %d octets", len(m))
		}
	}
	if out.Segment == nil {
		return
	}
	if s.writing || out.Err != nil {
		s.t.Fatalf("a segment during a write or after an end (%v)", out.Err)
	}
	s.writing = true
	if s.watcher == nil {
		if s.conn.Open() {
			s.watch()
		}
		if out.Segment[0] == handshakeFlags {
			return
		}
	}
	if err := s.watcher.made(0, out.Segment); err != nil {
		s.t.Fatalf("%v: %x", err, out.Segment)
	}
}
