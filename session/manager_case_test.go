package session

import (
	"errors"
	"testing"

	"github.com/matter-session/matter-session/session/internal/hash"
	"github.com/matter-session/matter-session/session/message"
)

const (
	testAdmin  = 0x1001
	testDevice = 0x2002
)

// casePair returns a network with an administrator (1) and a device (2) of one
// fabric, and the authority of that fabric.
func casePair(t testing.TB, seed uint64) (n *testNetwork, a, b *testNode, authority *testAuthority) {
	t.Helper()
	n = newTestNetwork(t, seed)
	a, b = n.node(1, Config{}), n.node(2, Config{})
	authority = newTestAuthority(t, seed, 0xFAB1, seed%2 == 0, 1)
	join(t, a, authority, testAdmin)
	join(t, b, authority, testDevice)
	return n, a, b, authority
}

func join(t testing.TB, d *testNode, authority *testAuthority, node uint64) FabricIndex {
	t.Helper()
	f := authority.member(t, node)
	f.index = 0 // the manager gives it
	index, err := d.AddFabric(f)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// connect runs CASE from a to b and returns the session of each.
func connect(t testing.TB, n *testNetwork, a, b *testNode, node NodeID, o CASEOptions) (SessionID, SessionID) {
	t.Helper()
	countA, countB := len(eventsOf[SessionEstablished](a)), len(eventsOf[SessionEstablished](b))
	if _, err := a.StartCASE(n.now, b.peer, 1, node, o); err != nil {
		t.Fatal(err)
	}
	n.run(120_000, func() bool {
		return len(eventsOf[SessionEstablished](a)) > countA && len(eventsOf[SessionEstablished](b)) > countB
	})
	ours, theirs := eventsOf[SessionEstablished](a), eventsOf[SessionEstablished](b)
	if len(ours) != countA+1 || len(theirs) != countB+1 {
		t.Fatalf("CASE: %d and %d sessions; failures %v %v", len(ours), len(theirs), eventsOf[HandshakeFailed](a), eventsOf[HandshakeFailed](b))
	}
	return ours[countA].Session, theirs[countB].Session
}

// exchangeOnce sends one message from a to b and wants it delivered.
func exchangeOnce(t testing.TB, n *testNetwork, a, b *testNode, s SessionID) {
	t.Helper()
	before := len(eventsOf[MessageReceived](b))
	x, err := a.OpenExchange(n.now, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: 2}); err != nil {
		t.Fatal(err)
	}
	n.run(5_000, func() bool { return len(eventsOf[MessageReceived](b)) > before })
	in := eventsOf[MessageReceived](b)
	if len(in) != before+1 {
		t.Fatal("the session carries no message")
	}
	b.CloseExchange(n.now, in[before].Exchange)
	a.CloseExchange(n.now, x)
}

func TestCASEThenResumption(t *testing.T) {
	n, a, b, _ := casePair(t, 20)
	sa, sb := connect(t, n, a, b, testDevice, CASEOptions{})
	ia, _ := a.Session(sa)
	ib, _ := b.Session(sb)
	if ia.Resumed || ib.Resumed || ia.PeerNode != testDevice || ib.PeerNode != testAdmin || ia.LocalNode != testAdmin || ia.Kind != KindCASE {
		t.Fatalf("first session: %+v %+v", ia, ib)
	}
	exchangeOnce(t, n, a, b, sa)
	exchangeOnce(t, n, b, a, sb)
	sa2, sb2 := connect(t, n, a, b, testDevice, CASEOptions{})
	ia, _ = a.Session(sa2)
	ib, _ = b.Session(sb2)
	if !ia.Resumed || !ib.Resumed {
		t.Fatal("the second session was not resumed")
	}
	exchangeOnce(t, n, a, b, sa2)
	exchangeOnce(t, n, b, a, sb2)
	if found, ok := a.FindSession(1, testDevice); !ok || found != sa2 {
		t.Errorf("FindSession: %d, %v; want the younger session %d", found, ok, sa2)
	}
	// A resumption ID serves once: the third uses the second's.
	records := eventsOf[ResumptionSaved](a)
	if len(records) != 2 || records[0].Record.ID == records[1].Record.ID {
		t.Fatalf("%d records", len(records))
	}
	// A device that lost its records answers in full.
	b.resumptions = nil
	sa3, _ := connect(t, n, a, b, testDevice, CASEOptions{})
	if ia, _ = a.Session(sa3); ia.Resumed {
		t.Error("resumed without a record")
	}
	if sa4, _ := connect(t, n, a, b, testDevice, CASEOptions{Full: true}); a.sessions[sa4].resumed {
		t.Error("resumed although that was not wanted")
	}
}

func TestResumptionRecordSurvivesRestart(t *testing.T) {
	n, a, b, authority := casePair(t, 21)
	connect(t, n, a, b, testDevice, CASEOptions{})
	stored := eventsOf[ResumptionSaved](a)[0].Record.AppendTLV(nil)
	record, err := ParseResumptionRecord(stored)
	if err != nil {
		t.Fatal(err)
	}
	restarted := n.node(1, Config{})
	if err := restarted.AddResumption(record); !errors.Is(err, ErrNotFound) {
		t.Errorf("a record without its fabric: %v", err)
	}
	join(t, restarted, newTestAuthority(t, 99, 0xFAB9, false, 1), 5) // takes index 1
	index := join(t, restarted, authority, testAdmin)
	if err := restarted.AddResumption(record); err != nil {
		t.Fatal(err)
	}
	if _, err := restarted.StartCASE(n.now, b.peer, index, testDevice, CASEOptions{}); err != nil {
		t.Fatal(err)
	}
	n.run(10_000, nil)
	done := eventsOf[SessionEstablished](restarted)
	if len(done) != 1 || !restarted.sessions[done[0].Session].resumed {
		t.Errorf("%v %v", done, eventsOf[HandshakeFailed](restarted))
	}
}

func TestCASEWithForeignFabricFailsWithNoSharedTrustRoots(t *testing.T) {
	n, _, b, _ := casePair(t, 22)
	c := n.node(3, Config{})
	join(t, c, newTestAuthority(t, 77, 0xFAB7, false, 1), testAdmin)
	if _, err := c.StartCASE(n.now, b.peer, 1, testDevice, CASEOptions{}); err != nil {
		t.Fatal(err)
	}
	n.run(60_000, nil)
	failed := eventsOf[HandshakeFailed](c)
	var status *PeerStatusError
	if len(failed) != 1 || !errors.As(failed[0].Err, &status) || status.Report.Code != StatusNoSharedTrustRoots {
		t.Errorf("%v", failed)
	}
	if len(b.sessions)+len(b.runs)+len(b.reserved) != 0 {
		t.Error("a foreign initiator left something behind")
	}
}

func TestHostDoesDelegatedWork(t *testing.T) {
	n := newTestNetwork(t, 23)
	authority := newTestAuthority(t, 23, 0xFAB1, true, 2)
	a, b := n.node(1, Config{Delegate: DelegateSign | DelegateECDH | DelegatePBKDF2}), n.node(2, Config{Delegate: DelegateSign | DelegateECDH})
	join(t, a, authority, testAdmin)
	join(t, b, authority, testDevice)
	if err := b.OpenPASE(testVerifier(t)); err != nil {
		t.Fatal(err)
	}
	kinds := map[WorkKind]int{}
	for _, d := range []*testNode{a, b} {
		host := &testHost{rand: newTestRand(uint64(d.peer)), sign: d.fabrics[0].key}
		d.on = func(e Event) {
			if w, ok := e.(WorkWanted); ok {
				kinds[w.Work.Kind]++
				answer := make([]byte, 80)
				if w.Work.Kind == WorkPBKDF2 {
					hash.PBKDF2(answer, w.Work.Data, w.Work.Salt, int(w.Work.Iterations))
				} else {
					answer = host.do(t, &w.Work)
				}
				if err := d.Answer(n.now, w.Work.ID, answer, nil); err != nil {
					t.Error(err)
				}
				if err := d.Answer(n.now, w.Work.ID, nil, nil); !errors.Is(err, ErrNotFound) {
					t.Errorf("answered twice: %v", err)
				}
			}
		}
	}
	sa, _ := connect(t, n, a, b, testDevice, CASEOptions{})
	exchangeOnce(t, n, a, b, sa)
	pa, _ := establishPASE(t, n, a, b)
	exchangeOnce(t, n, a, b, pa)
	for _, kind := range []WorkKind{WorkSign, WorkKeyPair, WorkECDH, WorkPBKDF2} {
		if kinds[kind] == 0 {
			t.Errorf("work of kind %d was never asked for", kind)
		}
	}
	// A host that cannot do it ends the handshake, with its own words.
	broken := errors.New("no key here")
	a.on = func(e Event) {
		if w, ok := e.(WorkWanted); ok {
			if err := a.Answer(n.now, w.Work.ID, nil, broken); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := a.StartCASE(n.now, b.peer, 1, testDevice, CASEOptions{Full: true}); err != nil {
		t.Fatal(err)
	}
	n.run(60_000, nil)
	if failed := eventsOf[HandshakeFailed](a); len(failed) != 1 || !errors.Is(failed[0].Err, broken) || !errors.Is(failed[0].Err, ErrHost) {
		t.Errorf("%v", failed)
	}
	if failed := eventsOf[HandshakeFailed](b); len(failed) != 0 {
		t.Errorf("the peer was told of a handshake that it had not met: %v", failed)
	}
}

// The device is told at once: it would refuse others for a minute.
func TestPeerIsToldOfTheHostsFailure(t *testing.T) {
	n := newTestNetwork(t, 24)
	a, b := n.node(1, Config{Delegate: DelegatePBKDF2}), n.node(2, Config{})
	if err := b.OpenPASE(testVerifier(t)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no time")
	a.on = func(e Event) {
		if w, ok := e.(WorkWanted); ok {
			if err := a.Answer(n.now, w.Work.ID, nil, broken); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	n.run(1000, nil)
	if failed := eventsOf[HandshakeFailed](a); len(failed) != 1 || !errors.Is(failed[0].Err, broken) || !errors.Is(failed[0].Err, ErrHost) {
		t.Errorf("initiator: %v", failed)
	}
	var told *PeerStatusError
	failed := eventsOf[HandshakeFailed](b)
	if len(failed) != 1 || !errors.As(failed[0].Err, &told) || told.Report.General != GeneralFailure {
		t.Errorf("responder: %v", failed)
	}
	a.on = nil
	a.delegate = 0
	establishPASE(t, n, a, b)
}

func TestField_F09_AbandonedSigma1DoesNotDelayTheNext(t *testing.T) {
	n, a, b, authority := casePair(t, 24)
	ghost := n.node(3, Config{})
	join(t, ghost, authority, 0x3003)
	if _, err := ghost.StartCASE(n.now, b.peer, 1, testDevice, CASEOptions{}); err != nil {
		t.Fatal(err)
	}
	ghost.flush()
	delete(n.nodes, ghost.peer)
	start := n.now
	sa, _ := connect(t, n, a, b, testDevice, CASEOptions{})
	if n.now-start > 100 {
		t.Errorf("the living initiator waited %d ms", n.now-start)
	}
	exchangeOnce(t, n, a, b, sa)
}

func TestBusyAtTheLimitThenRoomForTheNext(t *testing.T) {
	n, a, b, authority := casePair(t, 25)
	for i := range maxHandshakes {
		ghost := n.node(Peer(10+i), Config{})
		join(t, ghost, authority, uint64(0x3000+i))
		if _, err := ghost.StartCASE(n.now, b.peer, 1, testDevice, CASEOptions{}); err != nil {
			t.Fatal(err)
		}
		ghost.flush()
		delete(n.nodes, ghost.peer)
	}
	n.run(5, nil)
	if len(b.runs) != maxHandshakes {
		t.Fatalf("%d handshakes, want %d", len(b.runs), maxHandshakes)
	}
	start := n.now
	sa, _ := connect(t, n, a, b, testDevice, CASEOptions{})
	if n.now-start < busyWaitMs {
		t.Errorf("Busy was not honoured: connected after %d ms", n.now-start)
	}
	if n.now-start > 10_000 {
		t.Errorf("waited %d ms for room", n.now-start)
	}
	exchangeOnce(t, n, a, b, sa)
	n.run(120_000, nil)
	if len(b.runs)+len(b.reserved)+len(b.unsecured)+len(b.exchanges) != 0 {
		t.Error("abandoned handshakes are never given up")
	}
}

func TestField_F12_RemovedFabricSaysItsLastWord(t *testing.T) {
	n, a, b, _ := casePair(t, 26)
	sa, sb := connect(t, n, a, b, testDevice, CASEOptions{})
	b.on = func(e Event) {
		if in, ok := e.(MessageReceived); ok {
			if in.Opcode == 8 {
				if err := b.RemoveFabric(n.now, 1); err != nil {
					t.Error(err)
				}
			}
			if err := b.Send(n.now, in.Exchange, Message{Protocol: in.Protocol, Opcode: 9}); err != nil {
				t.Errorf("answering after the removal: %v", err)
			}
			b.CloseExchange(n.now, in.Exchange)
		}
	}
	for i := range 2 { // the removal itself, and one more exchange
		x, err := a.OpenExchange(n.now, sa)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: Opcode(8 + 8*i)}); err != nil {
			t.Fatal(err)
		}
		n.run(1_000, func() bool { return len(eventsOf[MessageReceived](a)) == i+1 })
		if len(eventsOf[MessageReceived](a)) != i+1 {
			t.Fatalf("exchange %d after the removal got no answer", i)
		}
		a.CloseExchange(n.now, x)
	}
	kept := b.sessions[sb]
	if len(b.resumptions) != 0 {
		t.Error("the fabric's resumption records are still there")
	}
	if index := join(t, b, newTestAuthority(t, 5, 0xFAB5, false, 1), 7); index == 1 {
		t.Error("the index of a fabric that still has sessions was given away")
	}
	n.run(removalGrace+5_000, nil)
	if len(b.sessions) != 0 || kept.attestationChallenge != (key{}) || kept.encrypt != (Session{}).encrypt {
		t.Error("the grace is over, the session or its keys are not gone")
	}
	if closed := eventsOf[SessionClosed](a); len(closed) != 1 || closed[0].Session != sa {
		t.Errorf("the peer was told %d times", len(closed))
	}
}

func TestEvictionTakesTheLeastRecentlyActiveSession(t *testing.T) {
	n := newTestNetwork(t, 27)
	authority := newTestAuthority(t, 27, 0xFAB1, false, 1)
	a, b := n.node(1, Config{}), n.node(2, Config{MaxSessions: 3})
	join(t, a, authority, testAdmin)
	join(t, b, authority, testDevice)
	var ours, theirs [4]SessionID
	for i := range 3 {
		ours[i], theirs[i] = connect(t, n, a, b, testDevice, CASEOptions{})
		n.run(1000, nil)
	}
	exchangeOnce(t, n, a, b, ours[0]) // now the second is the least recently active
	n.run(1000, nil)
	ours[3], theirs[3] = connect(t, n, a, b, testDevice, CASEOptions{})
	closed := eventsOf[SessionClosed](b)
	if len(closed) != 1 || closed[0].Session != theirs[1] || !errors.Is(closed[0].Err, errEvicted) {
		t.Fatalf("evicted %v, want session %d", closed, theirs[1])
	}
	n.run(1000, nil)
	if gone := eventsOf[SessionClosed](a); len(gone) != 1 || gone[0].Session != ours[1] {
		t.Errorf("the peer of the evicted session was not told: %v", gone)
	}
	for _, i := range []int{0, 2, 3} {
		exchangeOnce(t, n, a, b, ours[i])
	}
}

func TestSessionIDsAreNeverZeroNorDouble(t *testing.T) {
	n := newTestNetwork(t, 28)
	a := n.node(1, Config{})
	a.lastID = 0xFFF0
	seen := map[SessionID]bool{}
	for range 1000 {
		id, err := a.reserveID()
		if err != nil || id == 0 || seen[id] {
			t.Fatalf("ID %d, %v", id, err)
		}
		seen[id] = true
	}
	for id := range SessionID(0xFFFF) {
		a.reserved[id+1] = true
	}
	if _, err := a.reserveID(); !errors.Is(err, ErrLimit) {
		t.Errorf("all IDs are reserved: %v", err)
	}
}

func TestExhaustedCounterClosesTheSession(t *testing.T) {
	n, a, b, _ := casePair(t, 29)
	sa, _ := connect(t, n, a, b, testDevice, CASEOptions{})
	n.run(20_000, nil)
	a.sessions[sa].out.next = 0xFFFF_FFFF
	exchangeOnce(t, n, a, b, sa)
	x, err := a.OpenExchange(n.now, sa)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: 2}); !errors.Is(err, ErrExhausted) {
		t.Errorf("after the last counter: %v", err)
	}
	a.flush()
	if _, ok := a.Session(sa); ok || len(eventsOf[SessionClosed](a)) != 1 {
		t.Error("the exhausted session is still there")
	}
}

func TestTooManyExchangesOfOnePeerAreRefused(t *testing.T) {
	n, a, b, _ := casePair(t, 30)
	sa, sb := connect(t, n, a, b, testDevice, CASEOptions{})
	n.run(20_000, nil)
	for i := range maxExchangesPerSession + 10 {
		octets, err := a.sessions[sa].Seal(nil, &message.ProtocolHeader{Initiator: true, ExchangeID: uint16(i), ProtocolID: 1, Opcode: 2}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.Receive(n.now, a.peer, octets)
	}
	b.flush()
	if got := len(eventsOf[MessageReceived](b)); got != maxExchangesPerSession || b.sessions[sb].exchanges != maxExchangesPerSession {
		t.Errorf("%d exchanges, want %d", got, maxExchangesPerSession)
	}
	// Nobody uses them: they go.
	n.run(exchangeIdleLimit+1000, nil)
	if b.sessions[sb].exchanges != 0 {
		t.Error("idle exchanges are never dropped")
	}
}

func TestStreamsCarryNoMRP(t *testing.T) {
	n, a, b := pasePair(t, 32)
	a.SetStream(b.peer, true)
	b.SetStream(a.peer, true)
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		h, k, err := message.ParseHeader(octets)
		if err == nil && h.SessionID == 0 {
			if p, _, err := message.ParseProtocolHeader(octets[k:]); err != nil || p.Reliable || p.HasAck {
				t.Errorf("TestField_F08: a message over a stream asks for or carries an acknowledgement: %+v", p)
			}
		}
		return [][]byte{octets}
	}
	sa, _ := establishPASE(t, n, a, b)
	exchangeOnce(t, n, a, b, sa)
	if len(a.exchanges) != 0 {
		t.Error("an exchange over a stream waits for an acknowledgement")
	}
}

func TestManagerClose(t *testing.T) {
	n, a, b, _ := casePair(t, 33)
	sa, _ := connect(t, n, a, b, testDevice, CASEOptions{})
	if _, err := a.StartCASE(n.now, b.peer, 1, testDevice, CASEOptions{}); err != nil {
		t.Fatal(err)
	}
	kept := a.sessions[sa]
	a.Close(n.now)
	n.run(60_000, nil)
	if len(a.sessions)+len(a.runs)+len(a.exchanges)+len(a.reserved) != 0 || kept.encrypt != (Session{}).encrypt {
		t.Error("something outlives Close")
	}
	if len(b.sessions) != 0 {
		t.Error("the peer was not told")
	}
	if _, err := a.StartPASE(n.now, 2, testPasscode, Parameters{}); !errors.Is(err, ErrClosed) {
		t.Errorf("StartPASE after Close: %v", err)
	}
}

func TestNewManagerRefusesBadConfig(t *testing.T) {
	random := randReader{newTestNetwork(t, 1).rng}
	for name, c := range map[string]Config{
		"no randomness":       {},
		"too many sessions":   {Rand: random, MaxSessions: MaxSessionsLimit + 1},
		"negative sessions":   {Rand: random, MaxSessions: -1},
		"delay of a day":      {Rand: random, ExtraDelay: 86_400_000},
		"delay in the past":   {Rand: random, ExtraDelay: -1},
		"randomness runs dry": {Rand: &oneShot{}},
	} {
		if _, err := NewManager(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

type oneShot struct{ used bool }

func (o *oneShot) Read(b []byte) (int, error) {
	if o.used {
		return 0, errors.New("dry")
	}
	o.used = true
	return len(b), nil
}
