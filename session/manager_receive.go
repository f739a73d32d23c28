package session

import (
	"errors"

	"github.com/matter-session/matter-session/session/message"
)

// Receive takes one datagram that came from peer. It never fails: what is not
// acceptable is dropped and counted. The datagram is neither kept nor changed.
func (m *Manager) Receive(now Instant, peer Peer, datagram []byte) {
	if m.closed {
		return
	}
	h, n, err := message.ParseHeader(datagram)
	switch {
	case err != nil || h.Type != message.Unicast || len(datagram) > message.MaxDatagram:
		m.stats.Malformed++
		return
	case h.SessionID == 0:
		m.receiveUnsecured(now, peer, datagram, h, n)
		return
	}
	s := m.sessions[SessionID(h.SessionID)]
	if s == nil {
		m.stats.UnknownSession++
		return
	}
	window := s.in
	o, err := s.open(nil, datagram, h, n)
	duplicate := errors.Is(err, ErrDuplicate)
	switch {
	case errors.Is(err, ErrAuthentication):
		m.stats.Forged++
		return
	case err != nil && !duplicate:
		m.stats.Malformed++
		return
	}
	key := exchangeKey{session: s.id, id: ExchangeID(o.Protocol.ExchangeID), initiator: !o.Protocol.Initiator}
	if !duplicate && m.exchangeByKey[key] == nil && opensExchange(&o.Protocol) && !m.peerMayOpen(s) {
		// Neither acknowledged nor remembered: the peer learns that we are overrun,
		// and when it repeats the message there may be room.
		s.in = window
		m.stats.Limited++
		return
	}
	if !duplicate { // a replay must not say where the peer is, nor keep it awake
		s.lastHeard, s.lastUsed = now, now
	}
	if !duplicate && h.Counter == s.in.max { // nor must one that was held back
		s.peer = peer
	}
	x, first := m.take(now, key, s, nil, h.Counter, &o.Protocol, duplicate)
	if x == nil {
		if !duplicate && isCloseSession(&o.Protocol, o.Payload) {
			m.closeSession(now, s, errClosedByPeer, false)
		}
		return
	}
	m.emit(MessageReceived{
		Session: s.id, Exchange: x.handle, Protocol: protocolOf(&o.Protocol), Opcode: Opcode(o.Protocol.Opcode),
		Payload: o.Payload, First: first,
	})
}

func protocolOf(p *message.ProtocolHeader) ProtocolID {
	return ProtocolID(p.VendorID)<<16 | ProtocolID(p.ProtocolID)
}

// isCloseSession reports whether a message of a secure session ends it. It is
// sent in an exchange of its own and not answered. Matter Core §4.11.1.4.
func isCloseSession(p *message.ProtocolHeader, payload []byte) bool {
	if protocolOf(p) != ProtocolSecureChannel || Opcode(p.Opcode) != OpcodeStatusReport {
		return false
	}
	r, err := ParseStatusReport(payload)
	return err == nil && r.Protocol == ProtocolSecureChannel && r.Code == StatusCloseSession
}

// take does for a message what MRP demands, on whichever session: note the
// acknowledgement that it carries, find or open its exchange, and owe or send
// one. It returns nil if there is nothing to deliver.
func (m *Manager) take(now Instant, key exchangeKey, s *Session, u *unsecured, counter uint32, p *message.ProtocolHeader, duplicate bool) (x *exchange, first bool) {
	x = m.exchangeByKey[key]
	isNew := x == nil
	owed := false
	if x != nil && p.HasAck {
		if p.Reliable && !duplicate && len(x.queue) > 0 && x.pending != nil && x.pending.counter == p.AckedCounter {
			// What waited goes out now, and has to carry this message's acknowledgement:
			// matter.js drops a next message that lacks it, and acknowledges its
			// repetitions as duplicates.
			m.oweAck(now, x, counter)
			owed = true
		}
		m.acknowledged(now, x, p.AckedCounter)
		if s != nil && m.sessions[s.id] != s {
			return nil, false // what waited for it had no counter left
		}
		x = m.exchangeByKey[key] // settling its last message may have ended it
	}
	switch {
	case protocolOf(p) == ProtocolSecureChannel && Opcode(p.Opcode) == OpcodeStandaloneAck:
		return nil, false
	case duplicate:
		m.stats.Duplicate++
	case isNew && s != nil && opensExchange(p):
		if x, _ = m.openExchange(now, key, s, nil); x == nil {
			return nil, false // not acknowledged; there was room when the message came
		}
		first = true
	case x == nil && !isSessionStatus(p):
		m.stats.NotExpected++
	}
	if x == nil || duplicate || x.closing {
		if p.Reliable && !owed {
			m.acknowledgeNow(now, key, s, u, x, counter)
		}
		return nil, false
	}
	x.lastUsed = now
	if p.Reliable && !owed {
		m.oweAck(now, x, counter)
	}
	return x, first
}

// oweAck notes that x owes an acknowledgement. One at a time can ride on a
// message: an older one goes alone.
func (m *Manager) oweAck(now Instant, x *exchange, counter uint32) {
	if x.ack.owed {
		m.sendAck(now, x)
	}
	x.ack = owedAck{owed: true, counter: counter, due: now + Instant(standaloneAckDelay)}
}

// opensExchange reports whether a message of a secure session that belongs to no
// exchange opens one. Of the secure channel's own messages none does.
func opensExchange(p *message.ProtocolHeader) bool {
	return p.Initiator && protocolOf(p) != ProtocolSecureChannel
}

func isSessionStatus(p *message.ProtocolHeader) bool {
	return protocolOf(p) == ProtocolSecureChannel && Opcode(p.Opcode) == OpcodeStatusReport
}

// acknowledgeNow acknowledges a message that is not delivered: a duplicate, or
// one whose exchange is gone. If its exchange is there and owes just this
// acknowledgement, that settles it.
func (m *Manager) acknowledgeNow(now Instant, key exchangeKey, s *Session, u *unsecured, x *exchange, counter uint32) {
	if x != nil && x.ack.owed && x.ack.counter == counter {
		m.sendAck(now, x)
		return
	}
	p := message.ProtocolHeader{
		Initiator: key.initiator, Opcode: uint8(OpcodeStandaloneAck), ExchangeID: uint16(key.id), HasAck: true, AckedCounter: counter,
	}
	if s != nil {
		if octets, err := s.Seal(nil, &p, nil); err == nil {
			m.transmit(s.peer, octets)
		}
		return
	}
	if octets, _, err := m.encodeUnsecured(u.node, u.initiator, &p, nil); err == nil {
		m.transmit(u.peer, octets)
	}
}
