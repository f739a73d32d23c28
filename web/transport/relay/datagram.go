package relay

import (
	"errors"

	"github.com/matter-session/matter-session/session/message"
)

// What CheckDatagram returns.
var (
	ErrLength = errors.New("relay: datagram is shorter or longer than any Matter message")
	ErrShape  = errors.New("relay: datagram is not of a Matter message's shape")
)

const (
	minProtocolHeader = 6
	integrityCheck    = 16
	// minDatagram is an unsecured message without source and payload.
	minDatagram = 8 + minProtocolHeader
	// secureChannel is the protocol of handshakes, acknowledgements and status
	// reports: all that is ever sent without a session. Matter Core §4.11.
	secureChannel = 0
)

// CheckDatagram reports whether b has the shape of a Matter message: of what can
// be seen without a key, everything is as a sender must make it. It keeps
// whoever speaks through an agent from speaking other protocols to the devices
// and routers of a home; it proves nothing about who made b.
//
// It returns [ErrLength] and [ErrShape].
func CheckDatagram(b []byte) error {
	if len(b) < minDatagram || len(b) > MaxDatagram {
		return ErrLength
	}
	n, err := message.HeaderLength(b)
	if err != nil || len(b) < n+minProtocolHeader {
		return ErrShape
	}
	const privacy, typeBits = 0x80, 0x03
	id, security := uint16(b[1])|uint16(b[2])<<8, b[3]
	group := message.SessionType(security&typeBits) == message.Group
	if security&privacy != 0 {
		// The rest of the header is obfuscated; only secured messages can be.
		if security&typeBits > byte(message.Group) || id == 0 && !group || len(b) < n+minProtocolHeader+integrityCheck {
			return ErrShape
		}
		return nil
	}
	_, n, err = message.ParseHeader(b)
	switch {
	case err != nil:
		return ErrShape
	case id != 0 || group:
		if len(b) < n+minProtocolHeader+integrityCheck {
			return ErrShape
		}
		return nil
	}
	p, _, err := message.ParseProtocolHeader(b[n:])
	if err != nil || p.VendorID != 0 || p.ProtocolID != secureChannel {
		return ErrShape
	}
	return nil
}
