package session

import (
	"errors"
	"slices"

	"github.com/matter-session/matter-session/session/internal/ccm"
	"github.com/matter-session/matter-session/session/message"
)

// An exchangeKey is what an exchange is found by: the session it belongs to, its
// ID on the wire, and who opened it. The same ID on another session is another
// exchange. Matter Core §4.10.
type exchangeKey struct {
	session   SessionID  // 0: unsecured
	unsecured *unsecured // nil: secure
	id        ExchangeID
	initiator bool // we opened it
}

// An exchange is one conversation within a session. At most one of its reliable
// messages is outstanding; the next wait in its queue.
type exchange struct {
	handle    Exchange
	key       exchangeKey
	session   *Session   // one of the two is not nil
	unsecured *unsecured //
	run       *handshakeRun

	pending  *outstanding
	queue    []Message
	ack      owedAck
	closing  bool // its owner is done with it: it lives until pending is settled
	failed   bool // of a handshake that failed
	lastUsed Instant
}

// A Message is what an exchange carries.
type Message struct {
	Protocol   ProtocolID
	Opcode     Opcode
	Payload    []byte
	Unreliable bool // do not ask for an acknowledgement
}

// peer returns where the exchange's messages go.
func (x *exchange) peer() Peer {
	if x.session != nil {
		return x.session.peer
	}
	return x.unsecured.peer
}

// interval is the base of the wait for an acknowledgement, by what the peer
// is taken to be doing now.
func (x *exchange) interval(now Instant) Milliseconds {
	params, active := Parameters{}, false
	if x.session != nil {
		params, active = x.session.peerParameters, x.session.peerIsActive(now)
	} else {
		params = x.unsecured.params.withDefaults()
		active = x.unsecured.heard && now-x.unsecured.lastHeard < Instant(params.ActiveThresholdMs)
	}
	if active {
		return Milliseconds(params.ActiveIntervalMs)
	}
	return Milliseconds(params.IdleIntervalMs)
}

// openExchange makes an exchange and enters it in the tables.
func (m *Manager) openExchange(now Instant, key exchangeKey, s *Session, u *unsecured) (*exchange, error) {
	if s != nil && len(m.exchanges)-m.unsecuredExchanges >= maxExchanges {
		return nil, ErrLimit
	}
	m.lastExchange++
	x := &exchange{handle: m.lastExchange, key: key, session: s, unsecured: u, lastUsed: now}
	m.exchanges = append(m.exchanges, x)
	m.exchangeByKey[key] = x
	m.exchangeByHandle[x.handle] = x
	m.countExchange(x, 1)
	return x, nil
}

// removeExchange takes x out of the tables; nothing more is sent for it.
func (m *Manager) removeExchange(now Instant, x *exchange) {
	if m.exchangeByHandle[x.handle] != x {
		return
	}
	delete(m.exchangeByKey, x.key)
	delete(m.exchangeByHandle, x.handle)
	m.exchanges = slices.DeleteFunc(m.exchanges, func(o *exchange) bool { return o == x })
	x.pending, x.queue, x.ack = nil, nil, owedAck{}
	m.countExchange(x, -1)
	if x.unsecured != nil && x.unsecured.exchanges == 0 {
		x.unsecured.forgetAt = now + Instant(m.lingering)
	}
}

// countExchange keeps the numbers by which the tables are bounded.
func (m *Manager) countExchange(x *exchange, by int) {
	switch {
	case x.session == nil:
		x.unsecured.exchanges += by
		m.unsecuredExchanges += by
	case x.key.initiator:
		x.session.exchanges += by
	default:
		x.session.exchanges += by
		x.session.peerExchanges += by
		m.peerExchanges += by
	}
}

// peerMayOpen reports whether there is room for another exchange that the peer
// of s opens. Peers together do not get all of it: we must be able to speak, too.
func (m *Manager) peerMayOpen(s *Session) bool {
	return s.peerExchanges < maxExchangesPerSession && m.peerExchanges < maxPeerExchanges &&
		len(m.exchanges)-m.unsecuredExchanges < maxExchanges
}

// closeExchange is called when x's owner is done with it. An acknowledgement
// that is owed goes out now; a message that is outstanding is still delivered.
func (m *Manager) closeExchange(now Instant, x *exchange) {
	if x.ack.owed {
		m.sendAck(now, x)
	}
	x.run = nil
	if x.pending == nil {
		m.removeExchange(now, x)
		return
	}
	x.closing = true
}

// failExchange ends x because nothing more can come of it, and tells its owner.
func (m *Manager) failExchange(now Instant, x *exchange, err error) {
	run, closing := x.run, x.closing
	m.removeExchange(now, x)
	switch {
	case run != nil:
		x.run = nil
		m.failHandshake(now, run, err)
	case !closing && x.session != nil:
		m.emit(ExchangeFailed{x.handle, err})
	}
}

// nextExchangeID returns an ID that no open exchange of ours on this session has.
func (m *Manager) newExchangeKey(s *Session, u *unsecured) exchangeKey {
	key := exchangeKey{unsecured: u, initiator: true}
	if s != nil {
		key.session = s.id
	}
	for {
		m.exchangeID++
		key.id = m.exchangeID
		if m.exchangeByKey[key] == nil {
			return key // maxExchanges is far below 65,536: one is free
		}
	}
}

// send sends msg on x, or queues it behind an outstanding one.
func (m *Manager) send(now Instant, x *exchange, msg Message) error {
	if m.streams[x.peer()] {
		msg.Unreliable = true // the transport retransmits: MRP is off
	}
	if x.pending != nil && !msg.Unreliable {
		if len(x.queue) >= maxQueue {
			return ErrLimit
		}
		if x.size(msg) > message.MaxDatagram {
			return ErrTooLarge
		}
		msg.Payload = append([]byte(nil), msg.Payload...)
		x.queue = append(x.queue, msg)
		return nil
	}
	octets, counter, err := m.encode(x, msg)
	if x.ack.owed && errors.Is(err, ErrTooLarge) {
		m.sendAck(now, x) // there is no room for it beside the message
		octets, counter, err = m.encode(x, msg)
	}
	if err != nil {
		return err
	}
	x.ack.owed = false
	x.lastUsed = now
	if x.session != nil {
		x.session.lastUsed = now
	}
	if !msg.Unreliable {
		x.pending = &outstanding{octets: octets, counter: counter, sent: 1}
		x.pending.next = now + Instant(m.retransmitAfter(now, x))
	}
	m.transmit(x.peer(), octets)
	return nil
}

// size is how long the datagram of msg is if it carries no acknowledgement.
func (x *exchange) size(msg Message) int {
	n := 8 + 6 + len(msg.Payload)
	if msg.Protocol>>16 != 0 {
		n += 2 // vendor ID
	}
	if x.session != nil {
		return n + ccm.TagSize
	}
	return n + 8 // node ID
}

// encode makes the octets of msg on x, with the acknowledgement that x owes.
func (m *Manager) encode(x *exchange, msg Message) (octets []byte, counter uint32, err error) {
	p := message.ProtocolHeader{
		Initiator: x.key.initiator, Reliable: !msg.Unreliable,
		HasAck: x.ack.owed, AckedCounter: x.ack.counter,
		Opcode: uint8(msg.Opcode), ExchangeID: uint16(x.key.id),
		ProtocolID: uint16(msg.Protocol), VendorID: uint16(msg.Protocol >> 16), HasVendor: msg.Protocol>>16 != 0,
	}
	if !p.HasAck {
		p.AckedCounter = 0
	}
	if x.session != nil {
		if counter, err = x.session.out.peek(); err != nil {
			return nil, 0, err
		}
		octets, err = x.session.Seal(nil, &p, msg.Payload)
		return octets, counter, err
	}
	return m.encodeUnsecured(x.unsecured.node, x.key.unsecured.initiator, &p, msg.Payload)
}

// sendAck sends what x owes by itself.
func (m *Manager) sendAck(now Instant, x *exchange) {
	// Losing an acknowledgement is harmless: the peer repeats its message.
	_ = m.send(now, x, Message{Protocol: ProtocolSecureChannel, Opcode: OpcodeStandaloneAck, Unreliable: true})
	x.ack.owed = false
}

// acknowledged settles x's outstanding message, if it is the one of counter.
func (m *Manager) acknowledged(now Instant, x *exchange, counter uint32) {
	if x.pending == nil || x.pending.counter != counter {
		return
	}
	x.pending = nil
	if len(x.queue) > 0 {
		msg := x.queue[0]
		x.queue = x.queue[1:]
		switch err := m.send(now, x, msg); {
		case errors.Is(err, ErrExhausted):
			m.closeSession(now, x.session, err, false)
		case err != nil:
			m.failExchange(now, x, err)
		}
		return
	}
	switch {
	case x.closing:
		m.removeExchange(now, x)
	case x.run == nil:
		m.emit(Delivered{x.handle})
	}
}

// retransmitAfter returns how long to wait after the last transmission of x's
// outstanding message.
func (m *Manager) retransmitAfter(now Instant, x *exchange) Milliseconds {
	var jitter [1]byte
	if _, err := m.rand.Read(jitter[:]); err != nil {
		jitter[0] = 255 // no randomness: wait the longest, be no burden
	}
	return retransmissionWait(x.interval(now), x.pending.sent-1, jitter[0], m.extraDelay)
}

// tickExchange does what is due on x.
func (m *Manager) tickExchange(now Instant, x *exchange) {
	if x.ack.owed && now >= x.ack.due {
		m.sendAck(now, x)
	}
	p := x.pending
	switch {
	case p == nil:
		if !x.key.initiator && x.run == nil && now-x.lastUsed >= exchangeIdleLimit {
			m.failExchange(now, x, ErrTimeout)
		}
	case now < p.next:
	case p.sent >= maxTransmissions:
		m.failExchange(now, x, ErrTimeout)
	default:
		p.sent++
		p.next = now + Instant(m.retransmitAfter(now, x))
		m.transmit(x.peer(), p.octets)
	}
}

// deadline returns when x needs the next tick.
func (x *exchange) deadline() (at Instant, ok bool) {
	if x.ack.owed {
		at, ok = x.ack.due, true
	}
	switch {
	case x.pending != nil:
		if !ok || x.pending.next < at {
			at, ok = x.pending.next, true
		}
	case !x.key.initiator && x.run == nil:
		if idle := x.lastUsed + exchangeIdleLimit; !ok || idle < at {
			at, ok = idle, true
		}
	}
	return at, ok
}
