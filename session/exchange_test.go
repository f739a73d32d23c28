package session

import (
	"bytes"
	"errors"
	"testing"

	"github.com/matter-session/matter-session/session/message"
)

// quietPair returns an administrator and a device with one CASE session, of
// whose handshake nothing is left.
func quietPair(t testing.TB, seed uint64) (n *testNetwork, a, b *testNode, sa, sb SessionID) {
	t.Helper()
	n, a, b, _ = casePair(t, seed)
	sa, sb = connect(t, n, a, b, testDevice, CASEOptions{})
	n.run(20_000, nil)
	a.events, b.events = nil, nil
	return n, a, b, sa, sb
}

// open opens an exchange of d's, and send sends on it; neither may fail.
func (d *testNode) open(s SessionID) Exchange {
	d.network.t.Helper()
	x, err := d.OpenExchange(d.network.now, s)
	if err != nil {
		d.network.t.Fatal(err)
	}
	return x
}

func (d *testNode) send(x Exchange, payload string) {
	d.network.t.Helper()
	if err := d.Send(d.network.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: 8, Payload: []byte(payload)}); err != nil {
		d.network.t.Fatal(err)
	}
}

func (d *testNode) payloads() (all []string) {
	for _, in := range eventsOf[MessageReceived](d) {
		all = append(all, string(in.Payload))
	}
	return all
}

// protocolHeaderOf opens a datagram of an unsecured or secure session of from.
func protocolHeaderOf(t testing.TB, from *testNode, octets []byte) message.ProtocolHeader {
	t.Helper()
	h, k, err := message.ParseHeader(octets)
	if err != nil {
		t.Fatal(err)
	}
	plain := octets[k:]
	if h.SessionID != 0 {
		plain = nil
		for _, s := range from.sessions {
			nonce := makeNonce(h.SecurityFlags(), h.Counter, s.localNode)
			if s.peerID == SessionID(h.SessionID) {
				if opened, err := s.encrypt.Open(nil, &nonce, octets[k:], octets[:k]); err == nil {
					plain = opened
				}
			}
		}
	}
	p, _, err := message.ParseProtocolHeader(plain)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What Send took is sent, in order, though its exchange is closed at once.
func TestClosedExchangeStillSendsWhatWaited(t *testing.T) {
	n, a, b, sa, _ := quietPair(t, 50)
	x := a.open(sa)
	for _, payload := range []string{"1", "2", "3"} {
		a.send(x, payload)
	}
	a.CloseExchange(n.now, x)
	b.on = func(e Event) { // nothing to ride on: each is acknowledged alone
		if in, ok := e.(MessageReceived); ok && string(in.Payload) == "3" {
			b.CloseExchange(n.now, in.Exchange)
		}
	}
	n.run(60_000, nil)
	if got := b.payloads(); len(got) != 3 || got[0] != "1" || got[1] != "2" || got[2] != "3" {
		t.Errorf("delivered %q, want 1, 2, 3", got)
	}
	if len(a.events) != 0 || len(a.exchanges)+len(b.exchanges) != 0 {
		t.Errorf("after CloseExchange: events %v; %d and %d exchanges left", a.events, len(a.exchanges), len(b.exchanges))
	}
}

// The acknowledgement that a message owes takes 4 octets: where they do not fit
// it travels alone.
func TestAcknowledgementDoesNotMakeMessageTooLarge(t *testing.T) {
	n, a, b, sa, _ := quietPair(t, 51)
	payload := make([]byte, message.MaxDatagram-8-6-16)
	a.send(a.open(sa), "question")
	n.run(10, nil)
	in := eventsOf[MessageReceived](b)
	if len(in) != 1 {
		t.Fatal("no question")
	}
	if err := b.Send(n.now, in[0].Exchange, Message{Protocol: ProtocolInteractionModel, Opcode: 9, Payload: payload}); err != nil {
		t.Fatalf("the largest answer: %v", err)
	}
	n.run(10, nil)
	if got := eventsOf[MessageReceived](a); len(got) != 1 || len(got[0].Payload) != len(payload) {
		t.Error("the answer did not come")
	}
	if len(eventsOf[Delivered](a)) != 1 {
		t.Error("the question was not acknowledged")
	}
	if err := b.Send(n.now, in[0].Exchange, Message{Protocol: ProtocolInteractionModel, Opcode: 9, Payload: append(payload, 0)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one octet more: %v", err)
	}
}

// A message that waits must be told of at once if it can never be sent.
func TestTooLargeMessageIsRefusedThoughItHasToWait(t *testing.T) {
	n, a, _, sa, _ := quietPair(t, 52)
	x := a.open(sa)
	a.send(x, "outstanding")
	largest := message.MaxDatagram - 8 - 6 - 16
	if err := a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Payload: make([]byte, largest+1)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("queued: %v, want ErrTooLarge", err)
	}
	if err := a.Send(n.now, x, Message{Protocol: 0xFFF1_0001, Payload: make([]byte, largest-1)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("queued, with a vendor ID: %v, want ErrTooLarge", err)
	}
	if err := a.Send(n.now, x, Message{Protocol: 0xFFF1_0001, Payload: make([]byte, largest-2)}); err != nil {
		t.Errorf("the largest, queued: %v", err)
	}
	n.run(60_000, nil)
	if failed := eventsOf[ExchangeFailed](a); len(failed) != 0 {
		t.Errorf("failed later: %v", failed)
	}
}

func TestQueueIsBounded(t *testing.T) {
	n, a, b, sa, _ := quietPair(t, 53)
	x := a.open(sa)
	for i := range maxQueue + 1 {
		a.send(x, string(rune('a'+i)))
	}
	if err := a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel}); !errors.Is(err, ErrLimit) {
		t.Errorf("one more: %v", err)
	}
	n.run(60_000, nil)
	if got := len(b.payloads()); got != maxQueue+1 || len(eventsOf[Delivered](a)) != 1 {
		t.Errorf("%d messages delivered, told %d times", got, len(eventsOf[Delivered](a)))
	}
}

// The last counter goes to a message that leaves another waiting.
func TestExhaustionWhileAMessageWaitsClosesTheSession(t *testing.T) {
	n, a, _, sa, _ := quietPair(t, 54)
	a.sessions[sa].out.next = 0xFFFF_FFFF
	x := a.open(sa)
	a.send(x, "last")
	a.send(x, "one too many")
	n.run(60_000, nil)
	failed, closed := eventsOf[ExchangeFailed](a), eventsOf[SessionClosed](a)
	if len(failed) != 1 || failed[0].Exchange != x || !errors.Is(failed[0].Err, ErrExhausted) {
		t.Errorf("exchange: %v", failed)
	}
	if len(closed) != 1 || !errors.Is(closed[0].Err, ErrExhausted) || len(a.sessions) != 0 {
		t.Errorf("session: %v", closed)
	}
}

// The same, when the acknowledgement that lets it go comes with a message.
func TestExhaustionByAnAnswerThatAcknowledges(t *testing.T) {
	n, a, b, sa, _ := quietPair(t, 55)
	a.sessions[sa].out.next = 0xFFFF_FFFF
	x := a.open(sa)
	a.send(x, "last")
	a.send(x, "one too many")
	b.on = func(e Event) {
		if in, ok := e.(MessageReceived); ok {
			b.send(in.Exchange, "answer")
		}
	}
	n.run(60_000, nil)
	if failed := eventsOf[ExchangeFailed](a); len(failed) != 1 || len(eventsOf[SessionClosed](a)) != 1 {
		t.Errorf("failed %v, closed %v", failed, eventsOf[SessionClosed](a))
	}
	if got := a.payloads(); len(got) != 0 {
		t.Errorf("delivered on a closed session: %q", got)
	}
}

func TestStandaloneAckComesAfter200Milliseconds(t *testing.T) {
	n, a, b, sa, _ := quietPair(t, 56)
	var acks []Instant
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		if from == b.peer {
			if p := protocolHeaderOf(t, b, octets); Opcode(p.Opcode) != OpcodeStandaloneAck || p.Reliable || !p.HasAck {
				t.Errorf("not a standalone acknowledgement: %+v", p)
			}
			acks = append(acks, n.now)
		}
		return [][]byte{octets}
	}
	a.send(a.open(sa), "x")
	start := n.now
	n.run(5_000, nil)
	if len(acks) != 1 || acks[0]-start != Instant(standaloneAckDelay)+1 {
		t.Errorf("acknowledged %v after %d, want once after 201", acks, start)
	}
}

// Two reliable messages before any answer: both are acknowledged.
func TestOlderAcknowledgementGoesAlone(t *testing.T) {
	n, a, b, sa, _ := quietPair(t, 57)
	s := a.sessions[sa]
	acked := map[uint32]bool{}
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		if p := protocolHeaderOf(t, b, octets); p.HasAck {
			acked[p.AckedCounter] = true
		}
		return [][]byte{octets}
	}
	first := s.out.next
	for range 2 {
		octets, err := s.Seal(nil, &message.ProtocolHeader{Initiator: true, Reliable: true, ExchangeID: 7, ProtocolID: 1, Opcode: 8}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.Receive(n.now, a.peer, octets)
	}
	n.run(5_000, nil)
	if !acked[first] || !acked[first+1] || len(acked) != 2 {
		t.Errorf("acknowledged %v, want %d and %d", acked, first, first+1)
	}
	if len(b.payloads()) != 2 || len(b.exchanges) != 1 {
		t.Errorf("%d messages on %d exchanges", len(b.payloads()), len(b.exchanges))
	}
}

// An acknowledgement settles the message that it names and no other.
func TestAcknowledgementOfAnotherMessageSettlesNothing(t *testing.T) {
	n, a, b, sa, sb := quietPair(t, 58)
	x := a.open(sa)
	a.send(x, "x")
	n.filter = func(Peer, Peer, []byte) [][]byte { return nil }
	a.flush()
	pending := a.exchanges[0].pending
	for _, p := range []message.ProtocolHeader{
		{HasAck: true, AckedCounter: pending.counter - 1},
		{HasAck: true, AckedCounter: pending.counter + 1},
		{HasAck: true, AckedCounter: pending.counter, Initiator: true}, // of an exchange that the peer opened
		{AckedCounter: pending.counter},
	} {
		p.Opcode, p.ExchangeID = uint8(OpcodeStandaloneAck), uint16(a.exchanges[0].key.id)
		octets, err := b.sessions[sb].Seal(nil, &p, nil)
		if err != nil {
			t.Fatal(err)
		}
		a.Receive(n.now, b.peer, octets)
	}
	a.flush()
	if len(a.exchanges) != 1 || a.exchanges[0].pending != pending || len(a.events) != 0 {
		t.Errorf("a wrong acknowledgement was taken: %v", a.events)
	}
}

// Nothing acknowledges an acknowledgement, even one that asks for it, twice.
func TestAcknowledgementIsNeverAcknowledged(t *testing.T) {
	n, a, b, _, sb := quietPair(t, 59)
	octets, err := b.sessions[sb].Seal(nil, &message.ProtocolHeader{
		Opcode: uint8(OpcodeStandaloneAck), ExchangeID: 5, Reliable: true, HasAck: true, AckedCounter: 5}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		a.Receive(n.now, b.peer, bytes.Clone(octets))
	}
	if out := a.Output(); len(out.Datagrams) != 0 || len(out.Events) != 0 {
		t.Errorf("%d datagrams, events %v", len(out.Datagrams), out.Events)
	}
}

// A duplicate of what the exchange still works on gets its acknowledgement at
// once and alone; the answer then has none to carry.
func TestDuplicateWhileItsExchangeStillWorks(t *testing.T) {
	n, a, b, sa, _ := quietPair(t, 60)
	var first []byte
	var answers []message.ProtocolHeader
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		if from == a.peer && first == nil {
			first = octets
		} else if from == b.peer {
			answers = append(answers, protocolHeaderOf(t, b, octets))
		}
		return [][]byte{octets}
	}
	a.send(a.open(sa), "question")
	n.run(10, nil)
	b.Receive(n.now, a.peer, first)
	b.send(eventsOf[MessageReceived](b)[0].Exchange, "answer")
	b.flush()
	if len(answers) != 2 || Opcode(answers[0].Opcode) != OpcodeStandaloneAck || !answers[0].HasAck || answers[1].HasAck {
		t.Errorf("sent %+v", answers)
	}
	n.run(60_000, nil)
	if len(a.payloads()) != 1 || len(b.payloads()) != 1 || len(eventsOf[Delivered](a)) != 1 || len(eventsOf[Delivered](b)) != 1 {
		t.Errorf("a: %v, b: %v", a.events, b.events)
	}
}

func TestExchangeThatIsAbortedIsSilent(t *testing.T) {
	n, a, b, sa, _ := quietPair(t, 61)
	x := a.open(sa)
	a.send(x, "question")
	b.on = func(e Event) {
		if in, ok := e.(MessageReceived); ok {
			b.send(in.Exchange, "answer")
			b.CloseExchange(n.now, in.Exchange)
		}
	}
	a.flush()
	a.AbortExchange(n.now, x)
	if err := a.Send(n.now, x, Message{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("Send: %v", err)
	}
	a.CloseExchange(n.now, x) // each is harmless after the other
	a.AbortExchange(n.now, x)
	n.run(60_000, nil)
	if len(a.events) != 0 || len(a.exchanges)+len(b.exchanges) != 0 {
		t.Errorf("events %v, exchanges %d and %d", a.events, len(a.exchanges), len(b.exchanges))
	}
}

// What comes on an exchange after its owner closed it is not the first message
// of a new one, though it carries the acknowledgement that ends the old.
func TestMessageThatEndsAClosedExchangeOpensNoOther(t *testing.T) {
	n, a, b, sa, _ := quietPair(t, 62)
	a.on = func(e Event) {
		if in, ok := e.(MessageReceived); ok {
			a.send(in.Exchange, "and another thing")
			a.CloseExchange(n.now, in.Exchange)
		}
	}
	b.on = func(e Event) {
		if in, ok := e.(MessageReceived); ok {
			b.send(in.Exchange, "answer")
			b.CloseExchange(n.now, in.Exchange)
		}
	}
	a.send(a.open(sa), "question")
	n.run(60_000, nil)
	if got := b.payloads(); len(got) != 1 {
		t.Errorf("delivered %q", got)
	}
	if len(a.exchanges)+len(b.exchanges) != 0 {
		t.Errorf("%d and %d exchanges left", len(a.exchanges), len(b.exchanges))
	}
}

// A peer whose last message of a handshake was not acknowledged repeats it for as
// long as our own intervals tell it to: until then it gets its acknowledgement.
func TestField_F07_LastMessageIsAcknowledgedAsLongAsItIsRepeated(t *testing.T) {
	for _, told := range []Parameters{{}, {IdleIntervalMs: 5000, ActiveIntervalMs: 4000}} {
		n := newTestNetwork(t, 63)
		a, b := n.node(1, Config{}), n.node(2, Config{Parameters: told})
		if err := b.OpenPASE(testVerifier(t)); err != nil {
			t.Fatal(err)
		}
		var pake3 []byte
		n.filter = func(from, to Peer, octets []byte) [][]byte {
			if p := protocolHeaderOf(t, n.nodes[from], octets); Opcode(p.Opcode) == OpcodePASEPake3 && pake3 == nil {
				pake3 = octets
			}
			return [][]byte{octets}
		}
		establishPASE(t, n, a, b)
		n.run(1000, nil)
		for last := range maxTransmissions - 1 {
			n.now += Instant(retransmissionWait(Milliseconds(told.withDefaults().IdleIntervalMs), last, 255, 0))
			b.Tick(n.now)
			b.Output()
			b.Receive(n.now, a.peer, pake3)
			if out := b.Output(); len(out.Datagrams) != 1 || len(out.Events) != 0 {
				t.Errorf("%d ms: repetition %d: %d datagrams, events %v", told.IdleIntervalMs, last+1, len(out.Datagrams), out.Events)
			}
		}
	}
}

// What waited behind an outstanding message goes out when that is acknowledged,
// and carries the acknowledgement of the very message that acknowledged it.
func TestQueuedMessageCarriesTheAcknowledgement(t *testing.T) {
	n, a, b := pasePair(t, 85)
	sa, _ := establishPASE(t, n, a, b)
	n.run(60_000, nil)
	b.on = func(e Event) {
		if in, ok := e.(MessageReceived); ok && in.First {
			if err := b.Send(n.now, in.Exchange, Message{Protocol: in.Protocol, Opcode: 9}); err != nil {
				t.Error(err)
			}
		}
	}
	x, err := a.OpenExchange(n.now, sa)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: 8}); err != nil {
			t.Fatal(err)
		}
	}
	to := b.sessions[a.sessions[sa].peerID]
	var second *message.ProtocolHeader
	sent := 0
	n.filter = func(from, _ Peer, octets []byte) [][]byte {
		if from == a.peer {
			if sent++; sent == 2 {
				copied := *to // opening moves a window
				if o, err := copied.Open(nil, octets); err == nil {
					second = &o.Protocol
				}
			}
		}
		return [][]byte{octets}
	}
	n.run(5_000, func() bool { return len(eventsOf[MessageReceived](b)) == 2 })
	if second == nil || Opcode(second.Opcode) != 8 || !second.HasAck {
		t.Errorf("the second datagram: %+v; want the queued message, with an acknowledgement", second)
	}
}
