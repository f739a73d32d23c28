package session

import "testing"

func TestField_F04_RetransmissionWaits(t *testing.T) {
	// The table of shortest and longest waits for both default intervals.
	for _, test := range []struct {
		base   Milliseconds
		ranges [][2]Milliseconds
	}{
		{300, [][2]Milliseconds{{330, 413}, {330, 413}, {528, 660}, {845, 1056}, {1352, 1690}}},
		{500, [][2]Milliseconds{{550, 688}, {550, 688}, {880, 1100}, {1408, 1760}, {2253, 2816}}},
	} {
		for n, want := range test.ranges {
			low, high := retransmissionWait(test.base, n, 0, 0), retransmissionWait(test.base, n, 255, 0)
			if low < want[0]-1 || low > want[0]+1 || high < want[1]-1 || high > want[1]+1 {
				t.Errorf("base %d, transmission %d: %d..%d, want %d..%d", test.base, n, low, high, want[0], want[1])
			}
			if l, h := retransmissionWait(test.base, n, 0, 500), retransmissionWait(test.base, n, 255, 500); l != low+500 || h != high+500 {
				t.Errorf("TestField_F05: an extra delay of 500 ms gives %d..%d, want %d..%d", l, h, low+500, high+500)
			}
		}
	}
}

// The peer's own intervals, and which of them, by when it was heard last.
func TestField_F04_IntervalFollowsThePeer(t *testing.T) {
	n := newTestNetwork(t, 140)
	a := n.node(1, Config{})
	join(t, a, newTestAuthority(t, 140, 0xFAB1, false, 1), testAdmin)
	stated := Parameters{IdleIntervalMs: 5000, ActiveIntervalMs: 700, ActiveThresholdMs: 3000, HasActiveThreshold: true}
	for _, test := range []struct {
		params Parameters
		silent Instant // since the peer was heard
		want   Milliseconds
	}{
		{Parameters{}, 0, 300},
		{Parameters{}, 3999, 300},
		{Parameters{}, 4000, 500},
		{Parameters{}, 1 << 40, 500},
		{stated, 0, 700},
		{stated, 2999, 700},
		{stated, 3000, 5000},
		{Parameters{HasActiveThreshold: true}, 0, 500}, // it is never active
		{Parameters{IdleIntervalMs: 1 << 31, ActiveIntervalMs: 1 << 31}, 0, maxIntervalMs},
		{Parameters{IdleIntervalMs: 1 << 31, ActiveIntervalMs: 1 << 31}, 5000, maxIntervalMs},
	} {
		s := addTestSession(t, a, a.fabrics[0], 7, n.now)
		s.peerParameters = test.params.withDefaults()
		x := &exchange{session: s}
		if got := x.interval(s.lastHeard + test.silent); got != test.want {
			t.Errorf("%+v, silent for %d: %d, want %d", test.params, test.silent, got, test.want)
		}
		x = &exchange{unsecured: &unsecured{params: test.params, heard: true, lastHeard: 9}}
		if got := x.interval(9 + test.silent); got != test.want {
			t.Errorf("unsecured, %+v, silent for %d: %d, want %d", test.params, test.silent, got, test.want)
		}
		x.unsecured.heard = false
		if got, want := x.interval(9), Milliseconds(test.params.withDefaults().IdleIntervalMs); got != want {
			t.Errorf("never heard, %+v: %d, want %d", test.params, got, want)
		}
	}
}

// A peer that falls asleep in between is not hurried.
func TestField_F04_RetransmissionsOfAPeerThatFallsAsleep(t *testing.T) {
	n, a, b, sa, _ := quietPair(t, 141)
	p := &a.sessions[sa].peerParameters
	p.ActiveIntervalMs, p.IdleIntervalMs, p.ActiveThresholdMs = 300, 5000, 500
	delete(n.nodes, b.peer)
	a.sessions[sa].lastHeard = n.now
	var at []Instant
	n.filter = func(Peer, Peer, []byte) [][]byte { at = append(at, n.now); return nil }
	a.send(a.open(sa), "x")
	n.run(600_000, nil)
	for i, want := range [][2]Instant{{330, 413}, {330, 413}, {8800, 11000}, {14080, 17600}} {
		if len(at) != maxTransmissions {
			t.Fatalf("%d transmissions", len(at))
		}
		if wait := at[i+1] - at[i]; wait < want[0] || wait > want[1] {
			t.Errorf("wait %d: %d ms, want %d..%d", i, wait, want[0], want[1])
		}
	}
}

func TestField_F05_ExtraDelayIsAddedToEveryWait(t *testing.T) {
	for _, extra := range []Milliseconds{0, 500} {
		n, a, b, sa, _ := quietPair(t, 142)
		a.extraDelay = extra
		a.sessions[sa].peerParameters = Parameters{}.withDefaults()
		a.sessions[sa].lastHeard = n.now - 10_000
		delete(n.nodes, b.peer)
		var at []Instant
		n.filter = func(Peer, Peer, []byte) [][]byte { at = append(at, n.now); return nil }
		a.rand = zeroRand{} // no jitter
		a.send(a.open(sa), "x")
		n.run(600_000, nil)
		for i, want := range []Milliseconds{550, 550, 880, 1408} {
			if len(at) != maxTransmissions {
				t.Fatalf("%d transmissions", len(at))
			}
			if wait := Milliseconds(at[i+1] - at[i]); wait != want+extra {
				t.Errorf("extra delay %d, wait %d: %d ms, want %d", extra, i, wait, want+extra)
			}
		}
	}
}

// Without randomness a message waits the longest.
func TestRetransmissionWithoutRandomness(t *testing.T) {
	n, a, _, sa, _ := quietPair(t, 143)
	a.rand = &shortRand{}
	a.sessions[sa].peerParameters = Parameters{}.withDefaults()
	a.sessions[sa].lastHeard = n.now
	a.send(a.open(sa), "x")
	if wait := a.exchanges[0].pending.next - n.now; wait != 413 {
		t.Errorf("%d ms, want 413", wait)
	}
}

type zeroRand struct{}

func (zeroRand) Read(b []byte) (int, error) { clear(b); return len(b), nil }
