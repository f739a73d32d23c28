package session

import (
	"errors"
	"testing"
)

func TestOpenPASEWantsAVerifier(t *testing.T) {
	n := newTestNetwork(t, 92)
	b := n.node(2, Config{})
	changed := *testVerifier(t)
	changed.Iterations = 0
	for name, v := range map[string]*PASEVerifier{"none": nil, "zero": {}, "iterations changed to 0": &changed} {
		if err := b.OpenPASE(v); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if b.pase != nil {
		t.Error("the window is open")
	}
	if err := b.OpenPASE(testVerifier(t)); err != nil {
		t.Fatal(err)
	}
	if err := b.OpenPASE(testVerifier(t)); !errors.Is(err, ErrLimit) {
		t.Errorf("twice: %v", err)
	}
}

// The window can close in the middle of an attempt, and over a session.
func TestClosePASE(t *testing.T) {
	n, a, b := pasePair(t, 93)
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		if p := protocolHeaderOf(t, n.nodes[from], octets); Opcode(p.Opcode) == OpcodePASEPake1 {
			return nil
		}
		return [][]byte{octets}
	}
	if _, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	n.run(100, nil)
	b.ClosePASE(n.now)
	b.ClosePASE(n.now)
	n.filter = nil
	n.run(60_000, nil)
	if len(eventsOf[HandshakeFailed](b)) != 1 || len(eventsOf[HandshakeFailed](a)) != 1 || len(b.sessions)+len(b.runs)+len(b.reserved) != 0 {
		t.Errorf("a: %v, b: %v", a.events, b.events)
	}
	if err := b.OpenPASE(testVerifier(t)); err != nil {
		t.Fatal(err)
	}
	sa, sb := establishPASE(t, n, a, b)
	b.ClosePASE(n.now)
	exchangeOnce(t, n, a, b, sa)
	// A new window does not know the session that came of the old one.
	if err := b.OpenPASE(testVerifier(t)); err != nil {
		t.Fatal(err)
	}
	sa2, _ := establishPASE(t, n, a, b)
	if err := b.CloseSession(n.now, sb); err != nil {
		t.Fatal(err)
	}
	if b.pase.session == 0 {
		t.Error("the end of the older session freed the window of the younger")
	}
	exchangeOnce(t, n, a, b, sa2)
}

// A source of randomness that fails ends what needs it, and leaves nothing.
func TestRandomnessFailsAtTheEndOfAHandshake(t *testing.T) {
	n, a, b := pasePair(t, 95)
	b.on = nil
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		if p := protocolHeaderOf(t, n.nodes[from], octets); Opcode(p.Opcode) == OpcodePASEPake3 {
			b.rand = &shortRand{}
		}
		return [][]byte{octets}
	}
	if _, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	n.run(60_000, nil)
	if failed := eventsOf[HandshakeFailed](b); len(failed) != 1 || len(b.sessions)+len(b.runs)+len(b.reserved)+len(b.exchanges) != 0 || b.pase.run != nil {
		t.Errorf("%v", b.events)
	}
}

// An attempt at PASE whose initiator vanishes ends by its own timer, and counts.
func TestPASEAttemptThatIsAbandoned(t *testing.T) {
	n, a, b := pasePair(t, 97)
	for at, vanishes := range []Opcode{OpcodePASEPake1, OpcodePASEPake3} {
		n.filter = func(from, to Peer, octets []byte) [][]byte {
			if p := protocolHeaderOf(t, n.nodes[from], octets); from == a.peer && Opcode(p.Opcode) >= vanishes {
				return nil
			}
			return [][]byte{octets}
		}
		start := n.now
		if _, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
			t.Fatal(err)
		}
		n.run(120_000, func() bool { return len(eventsOf[HandshakeFailed](b)) > at })
		if n.now-start > paseTimeout || b.pase.run != nil || b.pase.failures != at+1 {
			t.Errorf("%d ms, %d failures", n.now-start, b.pase.failures)
		}
	}
	n.filter = nil
	n.run(120_000, nil)
	establishPASE(t, n, a, b)
}

// However lively it is, an attempt ends after a minute.
func TestPASEAttemptEndsAfterAMinute(t *testing.T) {
	n, a, b := pasePair(t, 98)
	if _, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	start := n.now
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		if from == a.peer && n.sent > 1 {
			return nil
		}
		return [][]byte{octets}
	}
	n.run(10, nil)
	run := b.pase.run
	for range 10 {
		run.deadline = n.now + 100_000 // as if a message came now and then
		n.run(7_000, nil)
	}
	if failed := eventsOf[HandshakeFailed](b); len(failed) != 1 || !errors.Is(failed[0].Err, ErrTimeout) || b.pase.run != nil {
		t.Errorf("%d ms: %v", n.now-start, failed)
	}
}
