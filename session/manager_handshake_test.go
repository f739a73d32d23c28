package session

import (
	"errors"
	"testing"

	"github.com/matter-session/matter-session/session/message"
)

// A handshake that its owner gives up before the peer was heard leaves silence.
func TestField_F03_CancelledHandshakeIsSilent(t *testing.T) {
	n := newTestNetwork(t, 82)
	a := n.node(1, Config{})
	for name, stop := range map[string]func(HandshakeID) error{
		"cancelled":    func(id HandshakeID) error { return a.CancelHandshake(n.now, id) },
		"peer dropped": func(HandshakeID) error { a.DropPeer(n.now, 9, ErrTimeout); return nil },
	} {
		id, err := a.StartPASE(n.now, 9, testPasscode, Parameters{})
		if err != nil {
			t.Fatal(err)
		}
		a.flush()
		before, failures := n.sent, len(eventsOf[HandshakeFailed](a))
		if err := stop(id); err != nil {
			t.Fatal(err)
		}
		n.run(60_000, nil)
		if n.sent != before || len(eventsOf[HandshakeFailed](a)) != failures+1 {
			t.Errorf("%s: %d datagrams afterwards, %d failures", name, n.sent-before, len(eventsOf[HandshakeFailed](a))-failures)
		}
		if len(a.exchanges)+len(a.runs)+len(a.reserved) != 0 {
			t.Errorf("%s: something is left behind", name)
		}
		if err := a.CancelHandshake(n.now, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: again: %v", name, err)
		}
	}
}

// A device that was heard is told, or it would refuse everyone for a minute.
func TestCancelledHandshakeFreesThePeer(t *testing.T) {
	n := newTestNetwork(t, 83)
	a, b := n.node(1, Config{Delegate: DelegatePBKDF2}), n.node(2, Config{})
	if err := b.OpenPASE(testVerifier(t)); err != nil {
		t.Fatal(err)
	}
	id, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{})
	if err != nil {
		t.Fatal(err)
	}
	n.run(100, func() bool { return len(eventsOf[WorkWanted](a)) == 1 })
	work := eventsOf[WorkWanted](a)[0].Work.ID
	if err := a.CancelHandshake(n.now, id); err != nil {
		t.Fatal(err)
	}
	if err := a.Answer(n.now, work, make([]byte, 80), nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("work answered after the end: %v", err)
	}
	n.run(100, nil)
	if failed := eventsOf[HandshakeFailed](a); len(failed) != 1 || !errors.Is(failed[0].Err, ErrClosed) {
		t.Errorf("initiator: %v", failed)
	}
	if len(eventsOf[HandshakeFailed](b)) != 1 || b.pase.run != nil {
		t.Error("the device still waits")
	}
	a.delegate = 0
	establishPASE(t, n, a, b)
}

// A peer may report its own end while our host works. A report is not answered
// by a report, and the work's answer comes too late.
func TestReportWhileTheHostWorks(t *testing.T) {
	for _, test := range []struct {
		name   string
		report StatusReport
	}{
		{"failure", StatusReport{General: GeneralFailure, Code: StatusGeneralFailure}},
		{"busy", StatusReport{General: GeneralBusy, Code: StatusBusy, Data: []byte{100, 0}}},
	} {
		n := newTestNetwork(t, 84)
		a, b := n.node(1, Config{Delegate: DelegatePBKDF2}), n.node(2, Config{})
		if err := b.OpenPASE(testVerifier(t)); err != nil {
			t.Fatal(err)
		}
		if _, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
			t.Fatal(err)
		}
		n.run(500, nil)
		run, work := a.runs[0], eventsOf[WorkWanted](a)[0].Work.ID
		p := message.ProtocolHeader{Opcode: uint8(OpcodeStatusReport), ExchangeID: uint16(run.x.key.id)}
		sent := n.sent
		a.Receive(n.now, b.peer, unsecuredOctets(t, uint64(run.x.unsecured.node), 0x7777, p, test.report.Append(nil)))
		a.flush()
		if n.sent != sent {
			t.Errorf("%s: %d datagrams in answer to a report", test.name, n.sent-sent)
		}
		if err := a.Answer(n.now, work, make([]byte, 80), nil); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: work of a run that is over: %v", test.name, err)
		}
		failed := eventsOf[HandshakeFailed](a)
		var told *PeerStatusError
		if test.name == "failure" {
			if len(failed) != 1 || !errors.As(failed[0].Err, &told) || told.Report.Code != StatusGeneralFailure {
				t.Errorf("%s: %v", test.name, failed)
			}
			continue
		}
		if len(failed) != 0 || len(a.runs) != 1 || !a.runs[0].waiting || !a.reserved[run.sessionID] {
			t.Errorf("%s: the run does not wait: %v", test.name, failed)
		}
	}
}

// A peer that is busy does not hear of the first attempt again.
func TestBusyEndsTheFirstAttempt(t *testing.T) {
	n := newTestNetwork(t, 85)
	a := n.node(1, Config{})
	if _, err := a.StartPASE(n.now, 9, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	a.flush()
	run := a.runs[0]
	first := run.x
	p := message.ProtocolHeader{Opcode: uint8(OpcodeStatusReport), ExchangeID: uint16(first.key.id)} // acknowledges nothing
	busy := StatusReport{General: GeneralBusy, Code: StatusBusy, Data: []byte{0x10, 0x27}}
	a.Receive(n.now, 9, unsecuredOctets(t, uint64(first.unsecured.node), 5, p, busy.Append(nil)))
	sent := n.sent
	n.run(9_000, nil)
	if n.sent != sent {
		t.Errorf("%d datagrams while waiting", n.sent-sent)
	}
	n.run(1_100, nil)
	if n.sent == sent || run.x == first || run.waiting {
		t.Error("it did not begin again")
	}
	if len(a.reserved) != 1 || len(a.runs) != 1 {
		t.Errorf("%d IDs for %d handshakes", len(a.reserved), len(a.runs))
	}
	// The old attempt's exchange is nobody's.
	p.ExchangeID = uint16(first.key.id)
	a.Receive(n.now, 9, unsecuredOctets(t, uint64(first.unsecured.node), 6, p, StatusReport{General: GeneralFailure}.Append(nil)))
	a.flush()
	if len(eventsOf[HandshakeFailed](a)) != 0 {
		t.Error("the first attempt's exchange ended the second")
	}
	if err := a.CancelHandshake(n.now, run.id); err != nil || len(a.reserved)+len(a.runs) != 0 {
		t.Errorf("cancelled: %v, %d IDs", err, len(a.reserved))
	}
}

// Waiting, a handshake can be cancelled, dropped and closed like any other.
func TestWaitingHandshakeEnds(t *testing.T) {
	for name, stop := range map[string]func(a *testNode, id HandshakeID){
		"cancelled": func(a *testNode, id HandshakeID) { _ = a.CancelHandshake(a.network.now, id) },
		"dropped":   func(a *testNode, _ HandshakeID) { a.DropPeer(a.network.now, 9, ErrTimeout) },
		"closed":    func(a *testNode, _ HandshakeID) { a.Close(a.network.now) },
	} {
		n := newTestNetwork(t, 86)
		a := n.node(1, Config{})
		id, err := a.StartPASE(n.now, 9, testPasscode, Parameters{})
		if err != nil {
			t.Fatal(err)
		}
		a.flush()
		x := a.runs[0].x
		p := message.ProtocolHeader{Opcode: uint8(OpcodeStatusReport), ExchangeID: uint16(x.key.id)}
		a.Receive(n.now, 9, unsecuredOctets(t, uint64(x.unsecured.node), 5, p, StatusReport{General: GeneralBusy, Code: StatusBusy}.Append(nil)))
		if !a.runs[0].waiting {
			t.Fatal("it does not wait")
		}
		sent := n.sent
		stop(a, id)
		n.run(60_000, nil)
		if n.sent != sent || len(eventsOf[HandshakeFailed](a)) != 1 || len(a.runs)+len(a.reserved)+len(a.exchanges)+len(a.unsecured) != 0 {
			t.Errorf("%s: %d datagrams, %v", name, n.sent-sent, a.events)
		}
	}
}

// A node that stays busy is given up after some tries.
func TestBusyForEver(t *testing.T) {
	n, a, b := pasePair(t, 87)
	establishPASE(t, n, a, b) // which keeps the device busy
	c := n.node(3, Config{})
	if _, err := c.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	n.run(600_000, nil)
	failed := eventsOf[HandshakeFailed](c)
	var told *PeerStatusError
	if len(failed) != 1 || !errors.As(failed[0].Err, &told) || told.Report.Code != StatusBusy {
		t.Errorf("%v", failed)
	}
	if len(c.runs)+len(c.reserved)+len(c.exchanges)+len(c.unsecured) != 0 || len(eventsOf[HandshakeFailed](b)) != 0 {
		t.Error("something is left behind, or the device counts it as a failure")
	}
}

// A peer that sleeps for a quarter of a minute has longer than one that does
// not: as long as it takes to reach it.
func TestSleepyPeerIsWaitedFor(t *testing.T) {
	n, a, b, _ := casePair(t, 88)
	awake := n.now + 40_000
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		if n.now < awake {
			return nil
		}
		return [][]byte{octets}
	}
	if _, err := a.StartCASE(n.now, b.peer, 1, testDevice, CASEOptions{Parameters: Parameters{IdleIntervalMs: 15_000}}); err != nil {
		t.Fatal(err)
	}
	n.run(600_000, func() bool { return len(a.events) > 0 })
	if len(eventsOf[SessionEstablished](a)) != 1 {
		t.Errorf("%v", a.events)
	}
}

// One that never wakes is given up when MRP gives up.
func TestSleepyPeerIsGivenUp(t *testing.T) {
	n, a, _, _ := casePair(t, 89)
	n.nodes = map[Peer]*testNode{1: a}
	if _, err := a.StartCASE(n.now, 2, 1, testDevice, CASEOptions{Parameters: Parameters{IdleIntervalMs: 15_000}}); err != nil {
		t.Fatal(err)
	}
	n.run(600_000, nil)
	if failed := eventsOf[HandshakeFailed](a); len(failed) != 1 || !errors.Is(failed[0].Err, ErrTimeout) || len(a.runs)+len(a.exchanges) != 0 {
		t.Errorf("%v", failed)
	}
}

// And one that acknowledges but says nothing, after half a minute.
func TestPeerThatOnlyAcknowledgesIsGivenUp(t *testing.T) {
	n, a, b := pasePair(t, 90)
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		if p := protocolHeaderOf(t, n.nodes[from], octets); from == b.peer && Opcode(p.Opcode) == OpcodePBKDFParamResponse {
			p = message.ProtocolHeader{ExchangeID: p.ExchangeID, Opcode: uint8(OpcodeStandaloneAck), HasAck: true, AckedCounter: p.AckedCounter}
			h, _, _ := message.ParseHeader(octets)
			return [][]byte{unsecuredOctets(t, h.DestinationNode, h.Counter, p, nil)}
		}
		return [][]byte{octets}
	}
	start := n.now
	if _, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	n.run(600_000, func() bool { return len(a.events) > 0 })
	failed := eventsOf[HandshakeFailed](a)
	if len(failed) != 1 || !errors.Is(failed[0].Err, ErrTimeout) || n.now-start < handshakePatience || n.now-start > 2*handshakePatience {
		t.Errorf("after %d ms: %v", n.now-start, failed)
	}
}

// A fabric that is removed while a peer of it is half way through CASE gets no
// session any more, least of all under an index that another fabric has by then.
func TestFabricRemovedDuringAHandshakeOfAPeer(t *testing.T) {
	for name, at := range map[string]Opcode{"before Sigma3": OpcodeCASESigma3, "before the end of resumption": OpcodeStatusReport} {
		n, a, b, _ := casePair(t, 91)
		if at == OpcodeStatusReport {
			connect(t, n, a, b, testDevice, CASEOptions{}) // which leaves a record
			n.run(20_000, nil)
			for _, id := range b.sessionIDs() {
				b.closeSession(n.now, b.sessions[id], ErrClosed, false)
			}
		}
		a.events, b.events = nil, nil
		removed := false
		n.filter = func(from, to Peer, octets []byte) [][]byte {
			if p := protocolHeaderOf(t, n.nodes[from], octets); from == a.peer && Opcode(p.Opcode) == at && !removed {
				removed = true
				if err := b.RemoveFabric(n.now, 1); err != nil {
					t.Error(err)
				}
				if index := join(t, b, newTestAuthority(t, 7, 0xFAB7, false, 1), 7); index != 1 {
					t.Errorf("%s: the new fabric has index %d", name, index)
				}
			}
			return [][]byte{octets}
		}
		if _, err := a.StartCASE(n.now, b.peer, 1, testDevice, CASEOptions{}); err != nil {
			t.Fatal(err)
		}
		n.run(5_000, nil)
		if !removed {
			t.Fatalf("%s: it never came to that", name)
		}
		if len(b.sessions)+len(b.resumptions) != 0 || len(eventsOf[SessionEstablished](b)) != 0 || len(eventsOf[ResumptionSaved](b)) != 0 {
			t.Errorf("%s: a session of a fabric that is not there: %v", name, b.events)
		}
		if failed := eventsOf[HandshakeFailed](b); len(failed) != 1 {
			t.Errorf("%s: %v", name, failed)
		}
	}
}

// The reasons for which StartPASE and StartCASE begin nothing leave nothing.
func TestHandshakesThatDoNotBegin(t *testing.T) {
	n, a, _, _ := casePair(t, 94)
	if _, err := a.StartPASE(n.now, 2, 12345678, Parameters{}); !errors.Is(err, ErrPasscode) {
		t.Errorf("forbidden passcode: %v", err)
	}
	if _, err := a.StartCASE(n.now, 2, 9, testDevice, CASEOptions{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown fabric: %v", err)
	}
	for range 2 * maxHandshakes {
		if _, err := a.StartPASE(n.now, 2, testPasscode, Parameters{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.StartPASE(n.now, 2, testPasscode, Parameters{}); !errors.Is(err, ErrLimit) {
		t.Errorf("too many: %v", err)
	}
	a.Close(n.now)
	if _, err := a.StartPASE(n.now, 2, testPasscode, Parameters{}); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err := a.OpenPASE(testVerifier(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if len(a.runs)+len(a.reserved)+len(a.exchanges)+len(a.unsecured) != 0 {
		t.Error("something is left behind")
	}
	// Without randomness no handshake begins.
	for octets := range 40 {
		c := n.node(3, Config{})
		c.rand = &shortRand{left: octets}
		if _, err := c.StartPASE(n.now, 2, testPasscode, Parameters{}); err == nil {
			if failed := c.Output().Events; len(failed) != 1 {
				t.Fatalf("%d octets of randomness: %v", octets, failed)
			}
		}
		if len(c.runs)+len(c.reserved)+len(c.exchanges) != 0 {
			t.Errorf("%d octets of randomness: something is left behind", octets)
		}
	}
}

// A shortRand fails after some octets.
type shortRand struct{ left int }

func (r *shortRand) Read(b []byte) (int, error) {
	if len(b) > r.left {
		return 0, errors.New("no more randomness")
	}
	r.left -= len(b)
	for i := range b {
		b[i] = byte(i + 1)
	}
	return len(b), nil
}

func TestRandomnessFailsWhileAHandshakeWaits(t *testing.T) {
	n, a, b := pasePair(t, 96)
	establishPASE(t, n, a, b)
	c := n.node(3, Config{})
	if _, err := c.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	n.run(100, nil)
	if len(c.runs) != 1 || !c.runs[0].waiting {
		t.Fatal("it does not wait")
	}
	c.rand = &shortRand{}
	n.run(60_000, nil)
	if failed := eventsOf[HandshakeFailed](c); len(failed) != 1 || len(c.runs)+len(c.reserved)+len(c.exchanges) != 0 {
		t.Errorf("%v", c.events)
	}
}

func TestWorkErrorSaysWhoAndWhy(t *testing.T) {
	err := error(&workError{errors.New("no key")})
	if err.Error() != "session: the host failed: no key" {
		t.Error(err)
	}
}

// A device that has our first message, but was not heard, is told when it
// answers, as often as it does; and at once when we close, for then nobody hears
// its answer.
func TestCancelledBeforeTheFirstAnswerFreesThePeer(t *testing.T) {
	for name, stop := range map[string]func(n *testNetwork, a *testNode, id HandshakeID) error{
		"cancelled": func(n *testNetwork, a *testNode, id HandshakeID) error { return a.CancelHandshake(n.now, id) },
		"closed":    func(n *testNetwork, a *testNode, _ HandshakeID) error { a.Close(n.now); return nil },
	} {
		n, a, b := pasePair(t, 84)
		lost := 0
		n.filter = func(from, to Peer, octets []byte) [][]byte {
			if name == "cancelled" && from == a.peer && lost < 2 && n.sent > 1 { // and the first telling is lost
				lost++
				return nil
			}
			return [][]byte{octets}
		}
		id, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{})
		if err != nil {
			t.Fatal(err)
		}
		a.flush()
		if err := stop(n, a, id); err != nil {
			t.Fatal(err)
		}
		start := n.now
		n.run(60_000, func() bool { return len(eventsOf[HandshakeFailed](b)) == 1 })
		if n.now-start > 5_000 || b.pase.run != nil {
			t.Errorf("%s: the device is still waiting after %d ms", name, n.now-start)
		}
		n.run(60_000, nil)
		if len(a.exchanges)+len(a.runs)+len(a.reserved)+len(a.unsecured) != 0 {
			t.Errorf("%s: something is left behind", name)
		}
	}
}
