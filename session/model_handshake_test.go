package session

import (
	"errors"
	"testing"
)

// TestHandshakesModel: handshakes of both kinds, in both directions, over a bad
// network, that are cancelled, dropped and closed at random, with windows and
// fabrics that come and go: each that was started ends once, and nothing of it
// is left behind.
func TestHandshakesModel(t *testing.T) {
	established, failed := 0, 0
	for seed := range uint64(12) {
		e, f := handshakesModel(t, seed)
		established, failed = established+e, failed+f
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if established < 50 || failed < 20 {
		t.Errorf("%d established, %d failed: this tests little", established, failed)
	}
}

func handshakesModel(t *testing.T, seed uint64) (established, failed int) {
	n, a, b, authority := casePair(t, 2000+seed)
	n.loss, n.duplicate, n.delay = float64(seed%4)*0.1, 0.1, 1+int64(seed%3)*200
	nodes := [2]*testNode{a, b}
	var own, ended [2]map[HandshakeID]int // what each node started, and heard the end of
	for i, d := range nodes {
		own[i], ended[i] = map[HandshakeID]int{}, map[HandshakeID]int{}
		d.on = func(e Event) {
			switch e := e.(type) {
			case SessionEstablished:
				established++
				ended[i][e.Handshake]++
				if d.sessions[e.Session] == nil {
					t.Errorf("session %d is not there", e.Session)
				}
			case HandshakeFailed:
				failed++
				ended[i][e.Handshake]++
				if e.Err == nil {
					t.Error("failed without a reason")
				}
			}
		}
	}
	for range 60 {
		i := n.rng.IntN(2)
		d, other := nodes[i], nodes[1-i]
		var id HandshakeID
		var err error
		switch dice := n.rng.IntN(100); {
		case dice < 25:
			passcode := uint32(testPasscode)
			if n.rng.IntN(4) == 0 {
				passcode++
			}
			id, err = d.StartPASE(n.now, other.peer, passcode, Parameters{})
		case dice < 55 && len(d.fabrics) > 0:
			id, err = d.StartCASE(n.now, other.peer, d.fabrics[0].index, [2]NodeID{testDevice, testAdmin}[i], CASEOptions{Full: n.rng.IntN(3) == 0})
		case dice < 65:
			if err := d.CancelHandshake(n.now, d.lastRun); err != nil && !errors.Is(err, ErrNotFound) {
				t.Error(err)
			}
		case dice < 68:
			d.DropPeer(n.now, other.peer, ErrTimeout)
		case dice < 75:
			if d.pase == nil {
				err = d.OpenPASE(testVerifier(t))
			} else {
				d.ClosePASE(n.now)
			}
		case dice < 85:
			for _, s := range d.sessionIDs() {
				if err := d.CloseSession(n.now, s); err != nil {
					t.Error(err)
				}
			}
		case dice < 88 && len(d.fabrics) > 0:
			if err := d.RemoveFabric(n.now, d.fabrics[0].index); err != nil {
				t.Error(err)
			}
		case dice < 95 && len(d.fabrics) == 0:
			join(t, d, authority, [2]uint64{testAdmin, testDevice}[i])
		}
		if err != nil {
			t.Error(err)
		}
		if id != 0 {
			own[i][id]++
		}
		n.run(Instant(n.rng.Int64N(1500)), nil)
	}
	n.loss = 0
	n.run(600_000, nil)
	for i, d := range nodes {
		for id := range own[i] {
			if ended[i][id] != 1 {
				t.Errorf("node %d: handshake %d ended %d times", i, id, ended[i][id])
			}
		}
		for id, times := range ended[i] {
			if times != 1 {
				t.Errorf("node %d: handshake %d ended %d times", i, id, times)
			}
		}
		if len(d.runs)+len(d.reserved)+len(d.unsecured)+len(d.exchanges)+d.unsecuredExchanges+d.peerExchanges+len(d.expiring) != 0 {
			t.Errorf("node %d: %d handshakes, %d IDs, %d unsecured sessions, %d exchanges left", i, len(d.runs), len(d.reserved), len(d.unsecured), len(d.exchanges))
		}
		if d.pase != nil && d.pase.run != nil {
			t.Errorf("node %d: the window waits for a handshake that is over", i)
		}
		if at, ok := d.deadline(); ok {
			t.Errorf("node %d waits for %d", i, at)
		}
	}
	return established, failed
}
