package session

import (
	"errors"
	"testing"

	"github.com/matter-session/matter-session/session/message"
)

// A message that finds no room is neither acknowledged nor forgotten: when its
// sender repeats it, and there is room, it is delivered.
func TestMessageAtTheLimitIsDeliveredLater(t *testing.T) {
	n, a, b, sa, sb := quietPair(t, 70)
	for i := range maxExchangesPerSession {
		octets, err := a.sessions[sa].Seal(nil, &message.ProtocolHeader{Initiator: true, ExchangeID: uint16(i), ProtocolID: 1, Opcode: 2}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.Receive(n.now, a.peer, octets)
	}
	b.flush()
	held := eventsOf[MessageReceived](b)
	if len(held) != maxExchangesPerSession {
		t.Fatalf("%d exchanges", len(held))
	}
	before := b.sessions[sb].in
	x := a.open(sa)
	a.send(x, "patience")
	n.run(700, nil) // it was sent twice
	if len(eventsOf[Delivered](a)) != 0 {
		t.Fatal("a message that was not delivered was acknowledged")
	}
	if b.sessions[sb].in != before {
		t.Error("a message that was not taken is remembered as seen")
	}
	b.CloseExchange(n.now, held[0].Exchange)
	n.run(60_000, nil)
	got := b.payloads()
	if len(got) != maxExchangesPerSession+1 || got[maxExchangesPerSession] != "patience" || len(eventsOf[Delivered](a)) != 1 {
		t.Errorf("%d messages delivered, acknowledged %d times", len(got), len(eventsOf[Delivered](a)))
	}
}

// How many exchanges we have open with a peer does not count against it.
func TestOurExchangesDoNotCountAsThePeers(t *testing.T) {
	n, a, b, sa, sb := quietPair(t, 71)
	for range maxExchangesPerSession {
		b.open(sb)
	}
	a.send(a.open(sa), "hello")
	n.run(1000, nil)
	if got := b.payloads(); len(got) != 1 {
		t.Errorf("delivered %q", got)
	}
}

// Many sessions of peers that open all the exchanges that they may leave room
// for our own.
func TestPeersExchangesLeaveRoomForOurs(t *testing.T) {
	n, a, b, sa, sb := quietPair(t, 72)
	s := b.sessions[sb]
	for i := range 2 * maxExchanges {
		// As if they were spread over many sessions.
		s.peerExchanges = 0
		octets, err := a.sessions[sa].Seal(nil, &message.ProtocolHeader{Initiator: true, ExchangeID: uint16(i), ProtocolID: 1, Opcode: 2}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.Receive(n.now, a.peer, octets)
	}
	b.flush()
	if got := len(eventsOf[MessageReceived](b)); got != maxPeerExchanges {
		t.Errorf("peers opened %d exchanges, want %d", got, maxPeerExchanges)
	}
	b.send(b.open(sb), "ours")
	n.run(1000, nil)
	if got := a.payloads(); len(got) != 1 {
		t.Errorf("delivered %q", got)
	}
	// And for handshakes.
	if err := b.OpenPASE(testVerifier(t)); err != nil {
		t.Fatal(err)
	}
	establishPASE(t, n, a, b)
}

// A reordered message is as authentic as any, but does not bring the peer back
// to where it no longer is.
func TestPeerMovesWithItsNewestMessageOnly(t *testing.T) {
	n, a, b, sa, sb := quietPair(t, 73)
	var sealed [3][]byte
	for i := range sealed {
		octets, err := a.sessions[sa].Seal(nil, &message.ProtocolHeader{Initiator: true, ExchangeID: 9, ProtocolID: 1, Opcode: 2}, nil)
		if err != nil {
			t.Fatal(err)
		}
		sealed[i] = octets
	}
	b.Receive(n.now, 50, sealed[1])
	if got := b.sessions[sb].peer; got != 50 {
		t.Errorf("the newest message came from 50, the peer is at %d", got)
	}
	b.Receive(n.now, 51, sealed[0]) // an older one, held back
	b.Receive(n.now, 52, sealed[1]) // a replay
	if got := b.sessions[sb].peer; got != 50 {
		t.Errorf("an older message moved the peer to %d", got)
	}
	b.Receive(n.now, 53, sealed[2])
	if got := b.sessions[sb].peer; got != 53 {
		t.Errorf("the newest message came from 53, the peer is at %d", got)
	}
	b.flush()
	if got := len(b.payloads()); got != 3 {
		t.Errorf("%d messages delivered, want 3", got)
	}
}

// What is dropped is counted by its reason, leaves nothing and says nothing.
func TestDroppedDatagrams(t *testing.T) {
	n, a, b, sa, sb := quietPair(t, 74)
	seal := func(change func(h *message.Header), p message.ProtocolHeader) []byte {
		s := a.sessions[sa]
		h := message.Header{SessionID: uint16(s.peerID), Counter: s.out.next}
		change(&h)
		octets, err := h.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		header := len(octets)
		if octets, err = p.Append(octets); err != nil {
			t.Fatal(err)
		}
		nonce := makeNonce(h.SecurityFlags(), h.Counter, s.localNode)
		s.out.take()
		return s.encrypt.Seal(octets[:header], &nonce, octets[header:], octets[:header])
	}
	same := func(*message.Header) {}
	ask := message.ProtocolHeader{Initiator: true, Reliable: true, ProtocolID: 1, ExchangeID: 3}
	sigma1 := message.ProtocolHeader{Initiator: true, Reliable: true, Opcode: uint8(OpcodeCASESigma1)}
	unsecuredHeader := func(h message.Header, p message.ProtocolHeader) []byte {
		octets, err := h.Append(nil)
		if err == nil {
			octets, err = p.Append(octets)
		}
		if err != nil {
			t.Fatal(err)
		}
		return octets
	}
	short := seal(same, ask)
	for _, test := range []struct {
		name   string
		octets []byte
		want   Stats
	}{
		{"empty", nil, Stats{Malformed: 1}},
		{"half a header", make([]byte, 7), Stats{Malformed: 1}},
		{"version 1", append([]byte{0x10}, make([]byte, 20)...), Stats{Malformed: 1}},
		{"group message", append([]byte{0x06, 1, 0, 1}, make([]byte, 40)...), Stats{Malformed: 1}},
		{"longer than a datagram", make([]byte, message.MaxDatagram+1), Stats{Malformed: 1}},
		{"unknown session", seal(func(h *message.Header) { h.SessionID++ }, ask), Stats{UnknownSession: 1}},
		{"privacy", seal(func(h *message.Header) { h.Privacy = true }, ask), Stats{Malformed: 1}},
		{"control", seal(func(h *message.Header) { h.Control = true }, ask), Stats{Malformed: 1}},
		{"no tag", short[:15], Stats{Forged: 1}},
		{"one octet less", short[:len(short)-1], Stats{Forged: 1}},
		{"unsecured, privacy", unsecuredHeader(message.Header{Privacy: true, HasSource: true, Source: 5}, sigma1), Stats{Malformed: 1}},
		{"unsecured, control", unsecuredHeader(message.Header{Control: true, HasSource: true, Source: 5}, sigma1), Stats{Malformed: 1}},
		{"unsecured, no protocol header", unsecuredHeader(message.Header{HasSource: true, Source: 5}, sigma1)[:18], Stats{Malformed: 1}},
		{"unsecured, no source", unsecuredHeader(message.Header{}, sigma1), Stats{NotExpected: 1}},
		{"unsecured, nobody's answer", unsecuredOctets(t, 5, 1, message.ProtocolHeader{Opcode: uint8(OpcodeCASESigma2)}, nil), Stats{NotExpected: 1}},
		{"unsecured, Sigma3 of nobody", unsecuredOctets(t, 5, 1, message.ProtocolHeader{Initiator: true, Opcode: uint8(OpcodeCASESigma3)}, nil), Stats{NotExpected: 1}},
		{"unsecured, counter synchronisation", unsecuredOctets(t, 5, 1, message.ProtocolHeader{Initiator: true}, nil), Stats{NotExpected: 1}},
		{"unsecured, another protocol", unsecuredOctets(t, 5, 1, ask, nil), Stats{NotExpected: 1}},
		{"unsecured, another vendor", unsecuredOctets(t, 5, 1, message.ProtocolHeader{Initiator: true, Opcode: uint8(OpcodeCASESigma1), HasVendor: true, VendorID: 0xFFF1}, nil), Stats{NotExpected: 1}},
		{"no protocol header", func() []byte {
			s := a.sessions[sa]
			h := message.Header{SessionID: uint16(s.peerID), Counter: s.out.next}
			octets, _ := h.Append(nil)
			nonce := makeNonce(0, h.Counter, s.localNode)
			s.out.take()
			return s.encrypt.Seal(octets, &nonce, []byte{1, 2}, octets)
		}(), Stats{Malformed: 1}},
		{"an answer in no exchange", seal(same, message.ProtocolHeader{ProtocolID: 1, Opcode: 5}), Stats{NotExpected: 1}},
		{"a handshake within a session", seal(same, message.ProtocolHeader{Initiator: true, Opcode: uint8(OpcodeCASESigma1)}), Stats{NotExpected: 1}},
		{"a report that closes nothing", seal(same, message.ProtocolHeader{Initiator: true, Opcode: uint8(OpcodeStatusReport)}), Stats{}},
	} {
		before := b.Stats()
		b.Receive(n.now, 50, test.octets)
		got := b.Stats()
		diff := Stats{got.Malformed - before.Malformed, got.UnknownSession - before.UnknownSession, got.Forged - before.Forged,
			got.Duplicate - before.Duplicate, got.NotExpected - before.NotExpected, got.Limited - before.Limited}
		if diff != test.want {
			t.Errorf("%s: counted %+v, want %+v", test.name, diff, test.want)
		}
		if out := b.Output(); len(out.Datagrams)+len(out.Events) != 0 {
			t.Errorf("%s: %d datagrams, events %v", test.name, len(out.Datagrams), out.Events)
		}
		if len(b.sessions) != 1 || len(b.exchanges)+len(b.unsecured)+len(b.runs)+len(b.reserved) != 0 {
			t.Errorf("%s: something is left behind", test.name)
		}
	}
	if b.sessions[sb] == nil {
		t.Error("the session is gone")
	}
}

// An answer in an exchange that is gone is acknowledged: its sender is not to
// repeat it.
func TestLateAnswerIsAcknowledged(t *testing.T) {
	n, a, b, sa, _ := quietPair(t, 75)
	x := a.open(sa)
	b.on = func(e Event) {
		if in, ok := e.(MessageReceived); ok {
			b.send(in.Exchange, "answer")
		}
	}
	a.send(x, "question")
	n.run(0, nil)
	a.AbortExchange(n.now, x)
	n.run(60_000, nil)
	if len(a.events) != 0 || len(eventsOf[Delivered](b)) != 1 {
		t.Errorf("a: %v, b: %v", a.events, b.events)
	}
}

// A CloseSession counts in whatever form it comes, once, and is not answered.
func TestPeerClosesTheSession(t *testing.T) {
	report := StatusReport{Code: StatusCloseSession}.Append(nil)
	for name, p := range map[string]message.ProtocolHeader{
		"in an exchange of its own": {Initiator: true, ExchangeID: 77},
		"asking for an answer":      {Initiator: true, ExchangeID: 77, Reliable: true},
	} {
		n, a, b, sa, sb := quietPair(t, 76)
		x := b.open(sb)
		b.send(x, "outstanding")
		b.Output()
		p.Opcode = uint8(OpcodeStatusReport)
		octets, err := a.sessions[sa].Seal(nil, &p, report)
		if err != nil {
			t.Fatal(err)
		}
		b.Receive(n.now, a.peer, octets)
		b.Receive(n.now, a.peer, octets)
		n.run(60_000, nil)
		failed, closed := eventsOf[ExchangeFailed](b), eventsOf[SessionClosed](b)
		if len(failed) != 1 || failed[0].Exchange != x || len(closed) != 1 || closed[0].Session != sb || !errors.Is(closed[0].Err, errClosedByPeer) || len(b.sessions) != 0 {
			t.Errorf("%s: %v", name, b.events)
		}
		if len(a.events) != 0 {
			t.Errorf("%s: the peer heard %v", name, a.events)
		}
	}
}
