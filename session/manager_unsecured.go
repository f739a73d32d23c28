package session

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/matter-session/matter-session/session/message"
)

// An unsecured session carries one or more handshakes of one initiator. It is
// named by the ephemeral node ID that the initiator drew for it: a restarted
// initiator draws another, and so does not meet its former self.
// Matter Core §4.13.2.1.
type unsecured struct {
	node      NodeID
	initiator bool // we are
	peer      Peer
	in        reception
	params    Parameters
	heard     bool
	cancelled bool // by us, before the peer was heard: it is told once it answers
	lastHeard Instant
	exchanges int
	forgetAt  Instant // once it has no exchange: until then duplicates are still acknowledged
}

type unsecuredKey struct {
	node      NodeID
	initiator bool
}

// lingering is how long an unsecured session outlives its last exchange, so that
// a peer that missed the last acknowledgement gets another: as long as a peer
// repeats a message, which goes by the intervals that we tell it, or by the
// defaults if it does not know them yet.
func lingering(told Parameters) Milliseconds {
	told = told.withDefaults()
	base := max(told.IdleIntervalMs, told.ActiveIntervalMs, DefaultIdleIntervalMs)
	total := Milliseconds(lingeringMargin)
	for n := range maxTransmissions - 1 {
		total += retransmissionWait(Milliseconds(base), n, 255, 0)
	}
	return total
}

// lingeringMargin covers what a peer adds to its waits, and the way.
const lingeringMargin = 6_000

// ephemeralNode draws the node ID that names an unsecured session of ours.
func (m *Manager) ephemeralNode() (NodeID, error) {
	var b [8]byte
	for range ephemeralTries {
		if _, err := io.ReadFull(m.rand, b[:]); err != nil {
			return 0, err
		}
		if n := NodeID(binary.LittleEndian.Uint64(b[:])); n.IsOperational() && m.unsecured[unsecuredKey{n, true}] == nil {
			return n, nil
		}
	}
	return 0, errRandom
}

// ephemeralTries bounds rejection sampling. One failure is rare enough; so many
// in a row mean that the source is broken, and would be an endless loop.
const ephemeralTries = 16

// addUnsecured makes an unsecured session. At the limit one that only lingers
// makes room, the oldest first; if none does, there is no room.
func (m *Manager) addUnsecured(now Instant, key unsecuredKey, peer Peer) (*unsecured, error) {
	m.makeUnsecuredRoom(now)
	if len(m.unsecured) >= maxUnsecured {
		var oldest *unsecured
		for _, u := range m.unsecured {
			if u.exchanges == 0 && (oldest == nil || u.forgetAt < oldest.forgetAt ||
				u.forgetAt == oldest.forgetAt && u.node < oldest.node) {
				oldest = u
			}
		}
		if oldest == nil {
			return nil, ErrLimit
		}
		delete(m.unsecured, unsecuredKey{oldest.node, oldest.initiator})
	}
	u := &unsecured{node: key.node, initiator: key.initiator, peer: peer, in: reception{rule: receiveUnsecured}}
	m.unsecured[key] = u
	return u, nil
}

// makeUnsecuredRoom sees to it that one more unsecured exchange can be opened.
// Whoever can send to us can make handshakes fail as fast as it likes, and each
// leaves an exchange that repeats its report for some seconds. They make room
// first, the oldest first; then those of handshakes that went well, which only
// wait for a last acknowledgement. Exchanges of handshakes in progress are fewer
// than the limit.
func (m *Manager) makeUnsecuredRoom(now Instant) {
	if m.unsecuredExchanges < maxUnsecured {
		return
	}
	var victim *exchange
	for _, x := range m.exchanges {
		if x.unsecured != nil && x.run == nil && (victim == nil || x.failed && !victim.failed) {
			victim = x
		}
	}
	if victim != nil {
		m.removeExchange(now, victim)
	}
}

// receiveUnsecured takes a message of session 0. Nothing but the opcodes that
// set up a session is looked at there: everything else needs one.
// Matter Core §4.11.1.
func (m *Manager) receiveUnsecured(now Instant, peer Peer, datagram []byte, h message.Header, n int) {
	if h.Privacy || h.Control {
		m.stats.Malformed++
		return
	}
	p, k, err := message.ParseProtocolHeader(datagram[n:])
	if err != nil {
		m.stats.Malformed++
		return
	}
	in := handshakeMessage{Opcode(p.Opcode), append([]byte(nil), datagram[n+k:]...)}
	if protocolOf(&p) != ProtocolSecureChannel || !setsUpSession(in.opcode) {
		m.stats.NotExpected++
		return
	}
	// The initiator names itself as source; its responder names it as destination.
	var u *unsecured
	switch {
	case p.Initiator && h.HasSource:
		u = m.unsecured[unsecuredKey{NodeID(h.Source), false}]
	case !p.Initiator && h.Destination == message.NodeDestination:
		u = m.unsecured[unsecuredKey{NodeID(h.DestinationNode), true}]
	default:
		m.stats.NotExpected++
		return
	}
	starts := p.Initiator && (in.opcode == OpcodePBKDFParamRequest || in.opcode == OpcodeCASESigma1)
	if u == nil {
		if !starts {
			m.stats.NotExpected++
			return
		}
		m.startResponder(now, peer, NodeID(h.Source), nil, &p, h.Counter, in)
		return
	}
	duplicate := !u.in.accept(h.Counter)
	u.heard, u.lastHeard = true, now
	key := exchangeKey{unsecured: u, id: ExchangeID(p.ExchangeID), initiator: !p.Initiator}
	if starts && !duplicate {
		// A restarted initiator that draws the same IDs as before means a new
		// handshake, and knows nothing of the old one.
		if old := m.exchangeByKey[key]; old != nil {
			m.removeExchange(now, old)
			if old.run != nil {
				m.failHandshake(now, old.run, errRestarted)
			}
		}
		m.startResponder(now, peer, u.node, u, &p, h.Counter, in)
		return
	}
	if u.cancelled && in.opcode != OpcodeStandaloneAck && in.opcode != OpcodeStatusReport {
		m.refuseUnsecured(peer, u, &p, h.Counter, hostFailure(ErrClosed))
		return
	}
	x, _ := m.take(now, key, nil, u, h.Counter, &p, duplicate)
	if x == nil || x.run == nil {
		return
	}
	m.handshakeReceived(now, x.run, in)
}

// refuseUnsecured answers a message with the StatusReport in err, each copy of it
// anew, and leaves nothing behind.
func (m *Manager) refuseUnsecured(peer Peer, u *unsecured, p *message.ProtocolHeader, counter uint32, err error) {
	var told *StatusError
	if !errors.As(err, &told) {
		return
	}
	h, payload := standaloneStatus(told.Report, ExchangeID(p.ExchangeID), !p.Initiator)
	if h.HasAck = p.Reliable; h.HasAck {
		h.AckedCounter = counter
	}
	if octets, _, err := m.encodeUnsecured(u.node, u.initiator, &h, payload); err == nil {
		m.transmit(peer, octets)
	}
}

// setsUpSession reports whether op may come without a session.
func setsUpSession(op Opcode) bool {
	return op == OpcodeStandaloneAck || op >= OpcodePBKDFParamRequest && op <= OpcodePASEPake3 ||
		op >= OpcodeCASESigma1 && op <= OpcodeCASESigma2Resume || op == OpcodeStatusReport
}

// encodeUnsecured makes a message of the unsecured session that node names. Its
// initiator names itself as the source, its responder names it as the destination.
func (m *Manager) encodeUnsecured(node NodeID, initiator bool, p *message.ProtocolHeader, payload []byte) (octets []byte, counter uint32, err error) {
	if counter, err = m.unsecuredCounter.peek(); err != nil {
		return nil, 0, err
	}
	h := message.Header{Counter: counter}
	if initiator {
		h.HasSource, h.Source = true, uint64(node)
	} else {
		h.Destination, h.DestinationNode = message.NodeDestination, uint64(node)
	}
	if octets, err = h.Append(nil); err != nil {
		return nil, 0, err
	}
	if octets, err = p.Append(octets); err != nil {
		return nil, 0, err
	}
	if octets = append(octets, payload...); len(octets) > message.MaxDatagram {
		return nil, 0, ErrTooLarge
	}
	m.unsecuredCounter.take()
	return octets, counter, nil
}
