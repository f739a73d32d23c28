package session

import (
	"encoding/binary"

	"github.com/matter-session/matter-session/session/internal/ccm"
	"github.com/matter-session/matter-session/session/message"
)

// Seal appends one protected datagram to dst: message header, and protocol
// header and payload encrypted. Matter Core §4.8.2. The counter is taken last,
// so that a message that cannot be made burns none.
//
// It returns [ErrExhausted] if the session has no counter left, and
// [ErrTooLarge] if the datagram would be longer than [message.MaxDatagram].
func (s *Session) Seal(dst []byte, p *message.ProtocolHeader, payload []byte) ([]byte, error) {
	counter, err := s.out.peek()
	if err != nil {
		return dst, err
	}
	h := message.Header{SessionID: uint16(s.peerID), Counter: counter}
	start := len(dst)
	out, err := h.Append(dst)
	if err != nil {
		return dst, err
	}
	header := len(out)
	if out, err = p.Append(out); err != nil {
		return dst, err
	}
	out = append(out, payload...)
	if len(out)-start+ccm.TagSize > message.MaxDatagram {
		return dst, ErrTooLarge
	}
	nonce := makeNonce(h.SecurityFlags(), counter, s.localNode)
	out = s.encrypt.Seal(out[:header], &nonce, out[header:], out[start:header])
	s.out.take()
	return out, nil
}

// Opened is an authentic message of a session.
type Opened struct {
	Header   message.Header
	Protocol message.ProtocolHeader
	Payload  []byte // in the memory given to Open
}

// Open authenticates datagram and then, only then, records its counter. The
// message is decrypted into dst, which must not overlap datagram and is grown if
// need be. Matter Core §4.8.3.
//
// It returns [ErrDuplicate] together with the message if it was received
// before: it is not to be delivered, but to be acknowledged if it asks for that.
// It returns [ErrAuthentication] if the message is not this session's, and has
// then changed nothing.
func (s *Session) Open(dst, datagram []byte) (Opened, error) {
	h, n, err := message.ParseHeader(datagram)
	if err != nil {
		return Opened{}, err
	}
	return s.open(dst, datagram, h, n)
}

func (s *Session) open(dst, datagram []byte, h message.Header, n int) (Opened, error) {
	// Privacy and control messages have no use in unicast sessions that a peer
	// is known to make of it: the C++ implementation drops them, and so do we.
	if h.Type != message.Unicast || h.Privacy || h.Control || SessionID(h.SessionID) != s.id {
		return Opened{}, ErrUnexpected
	}
	nonce := makeNonce(h.SecurityFlags(), h.Counter, s.peerNode)
	plain, err := s.decrypt.Open(dst[:0], &nonce, datagram[n:], datagram[:n])
	if err != nil {
		return Opened{}, ErrAuthentication
	}
	isNew := s.in.accept(h.Counter)
	p, m, err := message.ParseProtocolHeader(plain)
	if err != nil {
		return Opened{}, err
	}
	o := Opened{Header: h, Protocol: p, Payload: plain[m:]}
	if !isNew {
		return o, ErrDuplicate
	}
	return o, nil
}

// makeNonce is the AEAD nonce of Matter Core §4.8.1.1: the security flags octet
// as it is on the wire, the counter, and the sender's node ID.
func makeNonce(securityFlags byte, counter uint32, sender NodeID) (nonce [ccm.NonceSize]byte) {
	nonce[0] = securityFlags
	binary.LittleEndian.PutUint32(nonce[1:], counter)
	binary.LittleEndian.PutUint64(nonce[5:], uint64(sender))
	return nonce
}
