package btp

// Flags of a segment. Matter Core §4.19.3.
const (
	flagFirst      = 0x01
	flagContinuing = 0x02
	flagLast       = 0x04
	flagAck        = 0x08
	flagManagement = 0x20
	flagHandshake  = 0x40

	flagsMessage = flagFirst | flagContinuing | flagLast
)

// A segment is one value written or indicated once the handshake is over:
//
//	flags ‖ [acknowledged number] ‖ sequence number ‖ [length u16 LE] ‖ payload
//
// The length, of the whole message, is in its first segment only. A segment
// without payload carries an acknowledgement alone.
type segment struct {
	flags    uint8
	ack      uint8 // if hasAck
	sequence uint8
	length   int    // of the whole message, if first
	payload  []byte // of a parsed segment: aliases it
}

func (s *segment) hasAck() bool     { return s.flags&flagAck != 0 }
func (s *segment) first() bool      { return s.flags&flagFirst != 0 }
func (s *segment) last() bool       { return s.flags&flagLast != 0 }
func (s *segment) hasMessage() bool { return s.flags&flagsMessage != 0 }

// headerSize returns the octets before the payload.
func headerSize(flags uint8) int {
	n := 2
	if flags&flagAck != 0 {
		n++
	}
	if flags&flagFirst != 0 {
		n += 2
	}
	return n
}

func (s *segment) append(dst []byte) []byte {
	dst = append(dst, s.flags)
	if s.hasAck() {
		dst = append(dst, s.ack)
	}
	dst = append(dst, s.sequence)
	if s.first() {
		dst = append(dst, byte(s.length), byte(s.length>>8))
	}
	return append(dst, s.payload...)
}

// parseSegment decodes a segment and refuses what no state could accept.
// Reserved flags are ignored. Every last segment but the first one should have
// the continuing flag too; some peers leave it out.
func parseSegment(b []byte) (segment, error) {
	if len(b) == 0 {
		return segment{}, &ProtocolError{Rule: RuleTruncated, Got: 0, Min: 2, Max: MaxSegmentSize}
	}
	s := segment{flags: b[0]}
	if s.flags&(flagHandshake|flagManagement) != 0 {
		return segment{}, &ProtocolError{Rule: RuleManagement, Got: int(s.flags), Min: 1, Max: flagsMessage | flagAck}
	}
	if s.flags&flagFirst != 0 && s.flags&flagContinuing != 0 {
		return segment{}, &ProtocolError{Rule: RuleFlags, Got: int(s.flags), Min: 1, Max: 0}
	}
	if !s.hasAck() && !s.hasMessage() {
		return segment{}, &ProtocolError{Rule: RuleNothing, Got: int(s.flags), Min: 1, Max: flagsMessage | flagAck}
	}
	n := headerSize(s.flags)
	if len(b) < n {
		return segment{}, &ProtocolError{Rule: RuleTruncated, Got: len(b), Min: n, Max: MaxSegmentSize}
	}
	s.payload = b[n:]
	at := 1
	if s.hasAck() {
		s.ack = b[at]
		at++
	}
	s.sequence = b[at]
	if s.first() {
		s.length = int(b[at+1]) | int(b[at+2])<<8
	}
	switch {
	case !s.hasMessage() && len(s.payload) > 0:
		return segment{}, &ProtocolError{Rule: RuleAckPayload, Got: len(s.payload)}
	// An empty message fits its only segment, and is the only one to have no payload.
	case s.hasMessage() && len(s.payload) == 0 && !(s.first() && s.last() && s.length == 0):
		return segment{}, &ProtocolError{Rule: RuleEmpty, Got: 0, Min: 1, Max: MaxSegmentSize - n}
	}
	return s, nil
}
