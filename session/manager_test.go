package session

import (
	"bytes"
	"errors"
	"testing"

	"github.com/matter-session/matter-session/session/message"
)

const testPasscode = 20202021

// testVerifier is what a device with testPasscode has in its flash.
func testVerifier(t testing.TB) *PASEVerifier {
	t.Helper()
	v, err := NewPASEVerifier(testPasscode, 1000, bytes.Repeat([]byte{7}, 16))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// pasePair returns a network with a commissioner (1) and a device (2) that
// accepts testPasscode.
func pasePair(t testing.TB, seed uint64) (n *testNetwork, a, b *testNode) {
	t.Helper()
	n = newTestNetwork(t, seed)
	a, b = n.node(1, Config{}), n.node(2, Config{})
	if err := b.OpenPASE(testVerifier(t)); err != nil {
		t.Fatal(err)
	}
	return n, a, b
}

// establishPASE runs PASE from a to b and returns the session of each.
func establishPASE(t testing.TB, n *testNetwork, a, b *testNode) (SessionID, SessionID) {
	t.Helper()
	before := len(eventsOf[SessionEstablished](b))
	if _, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	count := len(eventsOf[SessionEstablished](a))
	n.run(120_000, func() bool {
		return len(eventsOf[SessionEstablished](a)) > count && len(eventsOf[SessionEstablished](b)) > before
	})
	ours, theirs := eventsOf[SessionEstablished](a), eventsOf[SessionEstablished](b)
	if len(ours) != count+1 || len(theirs) != before+1 {
		t.Fatalf("PASE: %d and %d sessions; failures %v %v", len(ours), len(theirs), eventsOf[HandshakeFailed](a), eventsOf[HandshakeFailed](b))
	}
	return ours[count].Session, theirs[before].Session
}

func TestPASEThenMessagesBothWays(t *testing.T) {
	n, a, b := pasePair(t, 1)
	sa, sb := establishPASE(t, n, a, b)
	ia, ok := a.Session(sa)
	ib, ok2 := b.Session(sb)
	if !ok || !ok2 || ia.PeerID != sb || ib.PeerID != sa || ia.AttestationChallenge != ib.AttestationChallenge || !ia.Initiator || ib.Initiator || ia.Kind != KindPASE {
		t.Fatalf("the two ends do not fit: %+v %+v", ia, ib)
	}
	// b answers each message in its exchange.
	b.on = func(e Event) {
		if in, ok := e.(MessageReceived); ok {
			if !in.First {
				t.Errorf("a first message is not marked: %+v", in)
			}
			if err := b.Send(n.now, in.Exchange, Message{Protocol: in.Protocol, Opcode: in.Opcode + 1, Payload: append([]byte("re: "), in.Payload...)}); err != nil {
				t.Error(err)
			}
			b.CloseExchange(n.now, in.Exchange)
		}
	}
	x, err := a.OpenExchange(n.now, sa)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: 2, Payload: []byte("hello")}); err != nil {
		t.Fatal(err)
	}
	n.run(60_000, func() bool { return len(eventsOf[MessageReceived](a)) > 0 })
	got := eventsOf[MessageReceived](a)
	if len(got) != 1 || string(got[0].Payload) != "re: hello" || got[0].Opcode != 3 || got[0].Exchange != x || got[0].First || got[0].Session != sa {
		t.Fatalf("answer: %+v", got)
	}
	a.CloseExchange(n.now, x)
	n.run(60_000, nil)
	if len(a.exchanges)+len(b.exchanges)+len(a.runs)+len(b.runs)+len(a.unsecured)+len(b.unsecured)+len(a.reserved)+len(b.reserved) != 0 {
		t.Error("something is left behind")
	}
	if err := a.CloseSession(n.now, sa); err != nil {
		t.Fatal(err)
	}
	n.run(60_000, nil)
	if closed := eventsOf[SessionClosed](b); len(closed) != 1 || closed[0].Session != sb || !errors.Is(closed[0].Err, errClosedByPeer) {
		t.Errorf("the peer heard of the closing: %v", closed)
	}
}

func TestField_F01_HeaderFormsOfSecureUnicast(t *testing.T) {
	n, a, b := pasePair(t, 2)
	sa, sb := establishPASE(t, n, a, b)
	from, to := a.sessions[sa], b.sessions[sb]
	for form := range 4 {
		h := message.Header{SessionID: uint16(from.peerID), Counter: from.out.next}
		if form&1 != 0 {
			h.Destination = message.NodeDestination
		}
		if form&2 != 0 {
			h.HasSource, h.Source = true, 0x1122334455667788
		}
		octets, err := h.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		header := len(octets)
		p := message.ProtocolHeader{Initiator: true, ExchangeID: uint16(form), ProtocolID: 1, Opcode: 2}
		if octets, err = p.Append(octets); err != nil {
			t.Fatal(err)
		}
		nonce := makeNonce(h.SecurityFlags(), h.Counter, from.localNode)
		octets = from.encrypt.Seal(octets[:header], &nonce, octets[header:], octets[:header])
		from.out.take()
		for i := range header {
			changed := bytes.Clone(octets)
			changed[i] ^= 1
			window := to.in
			if o, err := to.Open(nil, changed); err == nil {
				t.Errorf("form %d: octet %d changed, yet it opens: %+v", form, i, o)
			}
			if to.in != window {
				t.Errorf("form %d: a forged message moved the window", form)
			}
		}
		if _, err := to.Open(nil, octets); err != nil {
			t.Errorf("form %d: %v", form, err)
		}
	}
}

func TestForgedDatagramMovesNothing(t *testing.T) {
	n, a, b := pasePair(t, 3)
	sa, sb := establishPASE(t, n, a, b)
	// 38 octets: header, and 30 of anything, with the largest counter there is.
	forged := append([]byte{0, byte(sb), byte(sb >> 8), 0, 0xFE, 0xFF, 0xFF, 0xFF}, bytes.Repeat([]byte{0xAA}, 30)...)
	before := *b.sessions[sb]
	b.Receive(n.now+1, 99, forged)
	if after := *b.sessions[sb]; after.in != before.in || after.peer != before.peer || after.lastHeard != before.lastHeard || b.Stats().Forged != 1 {
		t.Error("a forged datagram moved state")
	}
	x, _ := a.OpenExchange(n.now, sa)
	if err := a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: 2}); err != nil {
		t.Fatal(err)
	}
	n.run(10_000, func() bool { return len(eventsOf[MessageReceived](b)) > 0 })
	if len(eventsOf[MessageReceived](b)) != 1 {
		t.Error("the session is dead after one forged datagram")
	}
}

func TestField_F02_EphemeralIdentifiersAreFresh(t *testing.T) {
	n := newTestNetwork(t, 4)
	a, other := n.node(1, Config{}), n.node(2, Config{})
	if a.exchangeID == other.exchangeID {
		t.Error("two processes start at the same exchange ID")
	}
	seen := map[NodeID]bool{}
	for range 1000 {
		id, err := a.StartPASE(n.now, 9, testPasscode, Parameters{})
		if err != nil {
			t.Fatal(err)
		}
		for k := range a.unsecured {
			if k.initiator && a.unsecured[k].exchanges > 0 {
				if seen[k.node] {
					t.Fatalf("ephemeral node ID %x used twice", k.node)
				}
				seen[k.node] = true
			}
		}
		if err := a.CancelHandshake(n.now, id); err != nil {
			t.Fatal(err)
		}
		a.Output()
	}
	if len(seen) != 1000 {
		t.Errorf("%d distinct ephemeral node IDs of 1000", len(seen))
	}
}

func TestField_F03_AbortStopsRetransmission(t *testing.T) {
	n, a, b := pasePair(t, 5)
	sa, _ := establishPASE(t, n, a, b)
	n.run(60_000, nil)
	delete(n.nodes, b.peer) // the peer is gone
	for _, stop := range []func(Exchange){
		func(x Exchange) { a.AbortExchange(n.now, x) },
		func(Exchange) { a.closeSession(n.now, a.sessions[sa], ErrClosed, false) },
	} {
		x, err := a.OpenExchange(n.now, sa)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: 2}); err != nil {
			t.Fatal(err)
		}
		a.flush()
		before := n.sent
		stop(x)
		n.run(60_000, nil)
		if n.sent != before {
			t.Errorf("%d datagrams after the end", n.sent-before)
		}
	}
	if failed := eventsOf[ExchangeFailed](a); len(failed) != 1 || !errors.Is(failed[0].Err, ErrClosed) {
		t.Errorf("session loss was told %d times: %v", len(failed), failed)
	}
}

func TestUnansweredMessageFailsOnceAfterFiveTransmissions(t *testing.T) {
	n, a, b := pasePair(t, 6)
	sa, _ := establishPASE(t, n, a, b)
	n.run(60_000, nil)
	delete(n.nodes, b.peer)
	before := n.sent
	x, _ := a.OpenExchange(n.now, sa)
	if err := a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: 2}); err != nil {
		t.Fatal(err)
	}
	n.run(600_000, nil)
	failed := eventsOf[ExchangeFailed](a)
	if n.sent-before != maxTransmissions || len(failed) != 1 || !errors.Is(failed[0].Err, ErrTimeout) {
		t.Errorf("%d transmissions, %v", n.sent-before, failed)
	}
	if err := a.Send(n.now, x, Message{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("sending on a failed exchange: %v", err)
	}
}

func TestRetransmissionIsTheSameOctets(t *testing.T) {
	n, a, b := pasePair(t, 7)
	var seen [][]byte
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		if from == a.peer {
			seen = append(seen, octets)
			if len(seen) <= 2 {
				return nil
			}
		}
		return [][]byte{octets}
	}
	establishPASE(t, n, a, b)
	if !bytes.Equal(seen[0], seen[1]) || !bytes.Equal(seen[1], seen[2]) {
		t.Error("a retransmission was made anew")
	}
}

func TestField_F06_WrongPasscodeIsToldAndFreesTheDevice(t *testing.T) {
	n, a, b := pasePair(t, 8)
	var reports [][]byte
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		h, k, err := message.ParseHeader(octets)
		if err == nil && h.SessionID == 0 && from == a.peer {
			if p, l, err := message.ParseProtocolHeader(octets[k:]); err == nil && Opcode(p.Opcode) == OpcodeStatusReport {
				reports = append(reports, octets[k+l:])
			}
		}
		return [][]byte{octets}
	}
	if _, err := a.StartPASE(n.now, b.peer, 12344321, Parameters{}); err != nil {
		t.Fatal(err)
	}
	start := n.now
	n.run(60_000, func() bool { return len(eventsOf[HandshakeFailed](a)) > 0 && len(eventsOf[HandshakeFailed](b)) > 0 })
	failed := eventsOf[HandshakeFailed](a)
	if len(failed) != 1 || !errors.Is(failed[0].Err, ErrWrongPasscode) {
		t.Fatalf("commissioner: %v", failed)
	}
	if want := []byte{1, 0, 0, 0, 0, 0, 2, 0}; len(reports) == 0 || !bytes.Equal(reports[0], want) {
		t.Errorf("report on the wire: %x, want %x", reports, want)
	}
	if n.now-start > 1000 {
		t.Errorf("the device waited %d ms", n.now-start)
	}
	establishPASE(t, n, a, b)
}

func TestPASEClosesAfter20Failures(t *testing.T) {
	n, a, b := pasePair(t, 9)
	for i := range paseMaxFailures {
		if _, err := a.StartPASE(n.now, b.peer, 12344321, Parameters{}); err != nil {
			t.Fatal(err)
		}
		n.run(60_000, func() bool { return len(eventsOf[HandshakeFailed](b)) > i && len(eventsOf[HandshakeFailed](a)) > i })
	}
	if len(eventsOf[PASEClosed](b)) != 1 {
		t.Fatal("20 wrong passcodes do not close the window")
	}
	if _, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	n.run(60_000, nil)
	if len(eventsOf[SessionEstablished](b)) != 0 {
		t.Error("the 21st attempt was accepted")
	}
}

func TestPASERefusesSecondInitiatorWithoutHarmToTheFirst(t *testing.T) {
	n, a, b := pasePair(t, 10)
	c := n.node(3, Config{})
	held := true
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		if from == a.peer && held && n.sent > 1 { // a's Pake1 is late
			return nil
		}
		return [][]byte{octets}
	}
	if _, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	n.run(100, nil)
	timer := b.pase.run.abandonAt
	if _, err := c.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	n.run(100, nil)
	if b.pase.run == nil || b.pase.run.abandonAt != timer || b.pase.failures != 0 {
		t.Error("a refused second initiator touched the first one's attempt")
	}
	held = false
	n.run(60_000, func() bool { return len(eventsOf[SessionEstablished](a)) == 1 })
	if len(eventsOf[SessionEstablished](a)) != 1 {
		t.Error("the first initiator did not get through")
	}
	// The second one honours Busy, and gets in when the first is done.
	if err := a.CloseSession(n.now, eventsOf[SessionEstablished](a)[0].Session); err != nil {
		t.Fatal(err)
	}
	n.run(60_000, func() bool { return len(eventsOf[SessionEstablished](c)) == 1 })
	if len(eventsOf[SessionEstablished](c)) != 1 {
		t.Errorf("the second initiator gave up: %v", eventsOf[HandshakeFailed](c))
	}
}

func TestField_F07_RepeatedPake3MakesOneSession(t *testing.T) {
	n, a, b := pasePair(t, 11)
	// Both sides choose session ID 7.
	a.lastID, b.lastID = 6, 6
	var pake3 []byte
	acks, reports := 0, 0
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		_, k, _ := message.ParseHeader(octets)
		p, _, err := message.ParseProtocolHeader(octets[k:])
		if err == nil && from == a.peer && Opcode(p.Opcode) == OpcodePASEPake3 {
			pake3 = octets
		}
		if from == b.peer && pake3 != nil && p.HasAck {
			acks++
		}
		if from == b.peer && Opcode(p.Opcode) == OpcodeStatusReport {
			reports++
		}
		return [][]byte{octets}
	}
	sa, sb := establishPASE(t, n, a, b)
	if sa != 7 || sb != 7 {
		t.Fatalf("session IDs %d and %d, want 7 and 7", sa, sb)
	}
	for range 2 {
		b.Receive(n.now, a.peer, pake3)
	}
	b.flush()
	n.filter = nil
	if len(eventsOf[SessionEstablished](b)) != 1 || len(b.sessions) != 1 || reports != 1 || acks != 3 {
		t.Errorf("%d sessions, %d reports, %d acknowledgements; want 1, 1, 3", len(b.sessions), reports, acks)
	}
	for _, way := range []struct{ from, to *testNode }{{a, b}, {b, a}} {
		x, _ := way.from.OpenExchange(n.now, 7)
		if err := way.from.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: 2}); err != nil {
			t.Fatal(err)
		}
		n.run(100, nil)
		if len(eventsOf[MessageReceived](way.to)) != 1 {
			t.Error("equal session IDs: a direction is deaf")
		}
	}
}

func TestField_F32_UnsecuredMessagesReachNoSecureExchange(t *testing.T) {
	n, a, b := pasePair(t, 12)
	sa, sb := establishPASE(t, n, a, b)
	n.run(60_000, nil)
	x, _ := a.OpenExchange(n.now, sa)
	n.filter = func(Peer, Peer, []byte) [][]byte { return nil }
	if err := a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: 8}); err != nil {
		t.Fatal(err)
	}
	a.flush()
	id, counter := a.exchanges[0].key.id, a.exchanges[0].pending.counter
	for _, p := range []message.ProtocolHeader{
		{ProtocolID: 1, Opcode: 8},
		{Opcode: uint8(OpcodeStatusReport)},
		{Opcode: uint8(OpcodeStandaloneAck)},
	} {
		for _, initiator := range []bool{false, true} {
			p.Initiator, p.ExchangeID, p.HasAck, p.AckedCounter = initiator, uint16(id), true, counter
			h := message.Header{Counter: 77, HasSource: true, Source: 5, Destination: message.NodeDestination, DestinationNode: 6}
			octets, _ := h.Append(nil)
			octets, _ = p.Append(octets)
			octets = StatusReport{Code: StatusCloseSession}.Append(octets)
			a.Receive(n.now, b.peer, octets)
			b.Receive(n.now, a.peer, octets)
		}
	}
	a.flush()
	b.flush()
	if a.exchanges[0].pending == nil || len(eventsOf[Delivered](a)) != 0 {
		t.Error("an unsecured message moved the acknowledgement of a secure one")
	}
	if a.sessions[sa] == nil || b.sessions[sb] == nil || len(eventsOf[MessageReceived](a))+len(eventsOf[MessageReceived](b)) != 0 {
		t.Error("an unsecured message closed a session or was delivered")
	}
	if a.Stats().NotExpected+b.Stats().NotExpected == 0 {
		t.Error("nothing was counted")
	}
}

func TestField_F33_DuplicateBehindTheWindowIsAcknowledged(t *testing.T) {
	n, a, b := pasePair(t, 13)
	sa, sb := establishPASE(t, n, a, b)
	n.run(60_000, nil)
	from := a.sessions[sa]
	seal := func(counter uint32) []byte {
		from.out.next = counter
		octets, err := from.Seal(nil, &message.ProtocolHeader{Initiator: true, Reliable: true, ExchangeID: uint16(counter), ProtocolID: 1, Opcode: 2}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return octets
	}
	base := b.sessions[sb].in.max
	first, later := seal(base+10), seal(base+110)
	b.Receive(n.now, a.peer, first)
	b.Receive(n.now, a.peer, later)
	b.flush()
	delivered, sent := len(eventsOf[MessageReceived](b)), n.sent
	b.Receive(n.now, a.peer, first)
	b.flush()
	if delivered != 2 || len(eventsOf[MessageReceived](b)) != 2 {
		t.Errorf("%d messages delivered, then %d; want 2, 2", delivered, len(eventsOf[MessageReceived](b)))
	}
	if n.sent != sent+1 {
		t.Error("a duplicate behind the window was not acknowledged")
	}
}
