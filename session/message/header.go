package message

// A SessionType says what a session ID names.
type SessionType uint8

// Session types. Matter Core §4.4.1.3.
const (
	Unicast SessionType = 0
	Group   SessionType = 1
)

// A DestinationKind says which destination a header carries.
type DestinationKind uint8

// Kinds of destination, with their values in the DSIZ field.
const (
	NoDestination    DestinationKind = 0
	NodeDestination  DestinationKind = 1
	GroupDestination DestinationKind = 2
)

// Bits of the message flags and of the security flags. Matter Core §4.4.1.2 and §4.4.1.4.
const (
	flagDestination  = 0x03
	flagSource       = 0x04
	flagReserved     = 0x08
	versionShift     = 4
	securityType     = 0x03
	securityReserved = 0x1C
	securityControl  = 0x40
	securityPrivacy  = 0x80

	// SecurityExtensions is the bit of b[3] that says whether extensions follow
	// the header that [HeaderLength] measures.
	SecurityExtensions = 0x20
)

// MaxFixedHeader is the length in octets of the longest header without extensions.
const MaxFixedHeader = 8 + 8 + 8

// A Header is a message header of version 0. Matter Core §4.4.1. A field that
// depends on a flag or a kind means something only with it, and is zero after
// [ParseHeader] without it.
type Header struct {
	SessionID uint16
	Type      SessionType
	Privacy   bool // from the counter on, the header is obfuscated on the wire
	Control   bool // the counter is one of control messages
	Counter   uint32

	HasSource bool
	Source    uint64 // node ID

	Destination      DestinationKind
	DestinationNode  uint64 // if NodeDestination
	DestinationGroup uint16 // if GroupDestination; two octets on the wire

	HasExtensions bool
	Extensions    []byte // at most 65,535 octets; may be empty though present

	// Reserved bits of the two flag octets, in place: sent as zero, ignored when
	// received, kept for the associated data and the nonce.
	ReservedFlags, ReservedSecurityFlags byte
}

// HeaderLength returns how many octets the header at the start of b occupies,
// without its extensions. Only b[0] decides, which privacy leaves in the clear.
// Privacy covers the octets from the fifth to there and the extensions.
//
// It returns [ErrTruncated] if b is empty, [DestinationError] and [VersionError].
func HeaderLength(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, ErrTruncated
	}
	n := 8
	switch DestinationKind(b[0] & flagDestination) {
	case NoDestination:
	case NodeDestination:
		n += 8
	case GroupDestination:
		n += 2
	default:
		return 0, DestinationError{}
	}
	if v := b[0] >> versionShift; v != 0 {
		return 0, VersionError(v)
	}
	if b[0]&flagSource != 0 {
		n += 8
	}
	return n, nil
}

// ParseHeader decodes the header at the start of b. It returns the header and
// the n octets it occupied: b[:n] is the associated data of the message, b[n:]
// what was protected. Extensions alias b.
//
// A header with privacy must be de-obfuscated first: see [HeaderLength].
//
// It returns [DestinationError], [VersionError], [ErrTruncated] if b is short,
// and [SessionTypeError], and looks for them in that order.
func ParseHeader(b []byte) (h Header, n int, err error) {
	if _, err := HeaderLength(b); err != nil {
		return Header{}, 0, err
	}
	r := reader{b: b}
	flags := r.uint8()
	h.HasSource = flags&flagSource != 0
	h.Destination = DestinationKind(flags & flagDestination)
	h.ReservedFlags = flags & flagReserved
	h.SessionID = r.uint16()
	security := r.uint8()
	h.Type = SessionType(security & securityType)
	h.Privacy = security&securityPrivacy != 0
	h.Control = security&securityControl != 0
	h.HasExtensions = security&SecurityExtensions != 0
	h.ReservedSecurityFlags = security & securityReserved
	h.Counter = r.uint32()
	if h.HasSource {
		h.Source = r.uint64()
	}
	switch h.Destination {
	case NodeDestination:
		h.DestinationNode = r.uint64()
	case GroupDestination:
		h.DestinationGroup = r.uint16()
	}
	if r.short {
		return Header{}, 0, ErrTruncated
	}
	if h.Type > Group {
		return Header{}, 0, SessionTypeError(h.Type)
	}
	if h.HasExtensions {
		h.Extensions = r.extensions()
	}
	if r.short {
		return Header{}, 0, ErrTruncated
	}
	return h, r.n, nil
}

// SecurityFlags returns the security flags octet, the first of the nonce.
func (h *Header) SecurityFlags() byte {
	b := byte(h.Type) | h.ReservedSecurityFlags
	if h.Privacy {
		b |= securityPrivacy
	}
	if h.Control {
		b |= securityControl
	}
	if h.HasExtensions {
		b |= SecurityExtensions
	}
	return b
}

func (h *Header) valid() bool {
	return h.Type <= Group && h.Destination <= GroupDestination &&
		h.ReservedFlags&^flagReserved == 0 && h.ReservedSecurityFlags&^securityReserved == 0 &&
		(!h.HasExtensions || len(h.Extensions) <= maxExtensions)
}

// Append appends the header's wire form, in the clear. On an error dst comes
// back as it was.
//
// It returns [ErrInvalid] if a field is out of its range.
func (h *Header) Append(dst []byte) ([]byte, error) {
	if !h.valid() {
		return dst, ErrInvalid
	}
	flags := byte(h.Destination) | h.ReservedFlags
	if h.HasSource {
		flags |= flagSource
	}
	dst = append(dst, flags, byte(h.SessionID), byte(h.SessionID>>8), h.SecurityFlags())
	dst = appendUint32(dst, h.Counter)
	if h.HasSource {
		dst = appendUint64(dst, h.Source)
	}
	switch h.Destination {
	case NodeDestination:
		dst = appendUint64(dst, h.DestinationNode)
	case GroupDestination:
		dst = appendUint16(dst, h.DestinationGroup)
	}
	if h.HasExtensions {
		dst = appendExtensions(dst, h.Extensions)
	}
	return dst, nil
}
