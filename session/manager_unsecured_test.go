package session

import (
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/matter-session/matter-session/session/message"
)

// unsecuredOctets makes a message of the unsecured session that an initiator's
// node ID names.
func unsecuredOctets(t testing.TB, node uint64, counter uint32, p message.ProtocolHeader, payload []byte) []byte {
	t.Helper()
	h := message.Header{Counter: counter, HasSource: true, Source: node}
	if !p.Initiator {
		h = message.Header{Counter: counter, Destination: message.NodeDestination, DestinationNode: node}
	}
	octets, err := h.Append(nil)
	if err == nil {
		octets, err = p.Append(octets)
	}
	if err != nil {
		t.Fatal(err)
	}
	return append(octets, payload...)
}

// Whoever can send to us can make handshakes fail as fast as it likes. What is
// left of them, waiting for acknowledgements that never come, must not keep
// others out, nor us.
func TestFloodOfRefusedHandshakesLeavesRoom(t *testing.T) {
	for name, spread := range map[string]uint64{"many initiators": 1, "one initiator": 0} {
		t.Run(name, func(t *testing.T) {
			n, a, b, sa, sb := quietPair(t, 80)
			for i := range uint64(3000) {
				p := message.ProtocolHeader{Initiator: true, Reliable: true, ExchangeID: uint16(i), Opcode: uint8(OpcodeCASESigma1)}
				b.Receive(n.now, 99, unsecuredOctets(t, 1+i*spread, uint32(i+1), p, []byte{0x15, 0x18}))
				if i == 1500 {
					b.Tick(n.now)
				}
			}
			out := b.Output()
			if len(b.unsecured) > maxUnsecured || len(b.exchanges) > maxUnsecured || len(b.reserved) != 0 {
				t.Errorf("%d unsecured sessions, %d exchanges, %d reserved", len(b.unsecured), len(b.exchanges), len(b.reserved))
			}
			if got := len(out.Datagrams); got > 3000 {
				t.Errorf("%d datagrams in answer to 3000", got)
			}
			b.send(b.open(sb), "ours")
			a.send(a.open(sa), "theirs")
			if _, err := b.StartPASE(n.now, 77, testPasscode, Parameters{}); err != nil {
				t.Errorf("a handshake of ours: %v", err)
			}
			start := n.now
			connect(t, n, a, b, testDevice, CASEOptions{Full: true})
			if n.now-start > 100 || len(a.payloads()) != 1 || len(b.payloads()) != 1 {
				t.Errorf("a living initiator waited %d ms; messages %q, %q", n.now-start, a.payloads(), b.payloads())
			}
			n.run(120_000, nil)
			if len(b.unsecured)+len(b.runs)+b.unsecuredExchanges != 0 {
				t.Error("something of it stays for ever")
			}
		})
	}
}

// The handshakes that succeeded keep their last message, though others fail.
func TestFloodDoesNotForgetTheLastMessageOfAGoodHandshake(t *testing.T) {
	n, a, b, _ := casePair(t, 81)
	lost := false
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		if from == b.peer && !lost && len(eventsOf[SessionEstablished](b)) > 0 {
			lost = true // the StatusReport, once
			return nil
		}
		return [][]byte{octets}
	}
	b.on = func(e Event) {
		if _, ok := e.(SessionEstablished); ok {
			for i := range uint64(3000) {
				p := message.ProtocolHeader{Initiator: true, Reliable: true, ExchangeID: uint16(i), Opcode: uint8(OpcodeCASESigma1)}
				b.Receive(n.now, 99, unsecuredOctets(t, 1+i, uint32(i+1), p, []byte{0x15, 0x18}))
			}
		}
	}
	connect(t, n, a, b, testDevice, CASEOptions{})
}

// A source that always says the same must not be asked for ever.
func TestBrokenRandomnessDoesNotHang(t *testing.T) {
	n := newTestNetwork(t, 99)
	a := n.node(1, Config{})
	a.rand = zeroRand{}
	if _, err := a.StartPASE(n.now, 9, testPasscode, Parameters{}); !errors.Is(err, errRandom) {
		t.Errorf("%v", err)
	}
	if len(a.runs)+len(a.reserved)+len(a.unsecured)+len(a.exchanges) != 0 {
		t.Error("something is left behind")
	}
}

// A restarted initiator's Sigma1 reaches us though every ID that it draws is that
// of its former self, for which we still wait.
func TestField_F02_RestartedInitiatorWithItsOldIDs(t *testing.T) {
	for name, fresh := range map[string]bool{"new ephemeral node ID": true, "the old one": false} {
		n, a, b, _ := casePair(t, 44)
		n.filter = func(from, to Peer, octets []byte) [][]byte {
			if from == b.peer {
				return nil // the answer to the former self is lost with it
			}
			return [][]byte{octets}
		}
		if _, err := a.StartCASE(n.now, b.peer, 1, testDevice, CASEOptions{}); err != nil {
			t.Fatal(err)
		}
		n.run(300, nil)
		former := a.runs[0].x
		node, exchange := former.unsecured.node, former.key.id
		if err := a.CancelHandshake(n.now, a.lastRun); err != nil {
			t.Fatal(err)
		}
		a.Output()
		n.filter = nil
		clear(a.unsecured)
		a.exchangeID, a.unsecuredCounter.next = exchange-1, a.unsecuredCounter.next-7000
		if !fresh {
			a.rand = &fixedRand{first: binary.LittleEndian.AppendUint64(nil, uint64(node)), then: a.rand}
		}
		start := n.now
		connect(t, n, a, b, testDevice, CASEOptions{})
		if n.now-start > 100 {
			t.Errorf("%s: it waited %d ms", name, n.now-start)
		}
		n.run(120_000, nil)
		if len(b.runs)+len(b.reserved)+len(b.exchanges)+len(b.unsecured) != 0 || len(eventsOf[HandshakeFailed](b)) != 1 {
			t.Errorf("%s: something is left of the former self: %v", name, eventsOf[HandshakeFailed](b))
		}
	}
}

// A fixedRand begins with given octets.
type fixedRand struct {
	first []byte
	then  io.Reader
}

func (r *fixedRand) Read(b []byte) (int, error) {
	if len(r.first) == 0 {
		return r.then.Read(b)
	}
	n := copy(b, r.first)
	r.first = r.first[n:]
	return n, nil
}

func TestUnsecuredTableIsBounded(t *testing.T) {
	n, _, b, _ := casePair(t, 31)
	if err := b.OpenPASE(testVerifier(t)); err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		h := message.Header{Counter: uint32(i), HasSource: true, Source: uint64(i + 1)}
		p := message.ProtocolHeader{Initiator: true, Reliable: true, ExchangeID: uint16(i), Opcode: []uint8{0x20, 0x30}[i%2]}
		octets, _ := h.Append(nil)
		octets, _ = p.Append(octets)
		b.Receive(n.now, Peer(1000+i), append(octets, 0x15, 0x18))
		b.Output()
	}
	if len(b.unsecured) > maxUnsecured || len(b.runs) > 2*maxHandshakes || len(b.exchanges) > maxExchanges || len(b.reserved) > 2*maxHandshakes {
		t.Errorf("tables grew: %d unsecured, %d handshakes, %d exchanges, %d reserved", len(b.unsecured), len(b.runs), len(b.exchanges), len(b.reserved))
	}
}
