package session

import (
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
