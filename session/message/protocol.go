package message

// Bits of the exchange flags. Matter Core §4.4.3.1.
const (
	exchangeInitiator  = 0x01
	exchangeAck        = 0x02
	exchangeReliable   = 0x04
	exchangeExtensions = 0x08
	exchangeVendor     = 0x10
	exchangeReserved   = 0xE0
)

// A ProtocolHeader is the header of a message's payload, protected together with
// it. Matter Core §4.4.3. A field that depends on a flag means something only
// with it, and is zero after [ParseProtocolHeader] without it.
type ProtocolHeader struct {
	Initiator bool // the exchange's initiator has sent it
	Reliable  bool // an acknowledgement is asked for
	Opcode    uint8

	ExchangeID uint16

	// HasVendor is false for the protocols of vendor 0, which go without the
	// field; a peer may send a zero vendor all the same.
	HasVendor  bool
	VendorID   uint16 // on the wire before the protocol ID
	ProtocolID uint16

	HasAck       bool
	AckedCounter uint32

	HasExtensions bool
	Extensions    []byte // secured extensions, at most 65,535 octets; may be empty though present

	// Reserved bits of the exchange flags, in place: sent as zero, ignored when
	// received.
	ReservedFlags byte
}

// ParseProtocolHeader decodes the protocol header at the start of b, the opened
// payload of a message. It returns the header and the n octets it occupied:
// b[n:] is the application's payload. Extensions alias b.
//
// It returns [ErrTruncated] if b is short.
func ParseProtocolHeader(b []byte) (h ProtocolHeader, n int, err error) {
	r := reader{b: b}
	flags := r.uint8()
	h.Initiator = flags&exchangeInitiator != 0
	h.Reliable = flags&exchangeReliable != 0
	h.HasVendor = flags&exchangeVendor != 0
	h.HasAck = flags&exchangeAck != 0
	h.HasExtensions = flags&exchangeExtensions != 0
	h.ReservedFlags = flags & exchangeReserved
	h.Opcode = r.uint8()
	h.ExchangeID = r.uint16()
	if h.HasVendor {
		h.VendorID = r.uint16()
	}
	h.ProtocolID = r.uint16()
	if h.HasAck {
		h.AckedCounter = r.uint32()
	}
	if h.HasExtensions {
		h.Extensions = r.extensions()
	}
	if r.short {
		return ProtocolHeader{}, 0, ErrTruncated
	}
	return h, r.n, nil
}

func (h *ProtocolHeader) valid() bool {
	return h.ReservedFlags&^exchangeReserved == 0 && (h.HasVendor || h.VendorID == 0) &&
		(!h.HasExtensions || len(h.Extensions) <= maxExtensions)
}

// Append appends the header's wire form. On an error dst comes back as it was.
//
// It returns [ErrInvalid] if a field is out of its range, or a vendor other than
// 0 is given without HasVendor: that would name another vendor's protocol.
func (h *ProtocolHeader) Append(dst []byte) ([]byte, error) {
	if !h.valid() {
		return dst, ErrInvalid
	}
	flags := h.ReservedFlags
	if h.Initiator {
		flags |= exchangeInitiator
	}
	if h.Reliable {
		flags |= exchangeReliable
	}
	if h.HasVendor {
		flags |= exchangeVendor
	}
	if h.HasAck {
		flags |= exchangeAck
	}
	if h.HasExtensions {
		flags |= exchangeExtensions
	}
	dst = append(dst, flags, h.Opcode, byte(h.ExchangeID), byte(h.ExchangeID>>8))
	if h.HasVendor {
		dst = appendUint16(dst, h.VendorID)
	}
	dst = appendUint16(dst, h.ProtocolID)
	if h.HasAck {
		dst = appendUint32(dst, h.AckedCounter)
	}
	if h.HasExtensions {
		dst = appendExtensions(dst, h.Extensions)
	}
	return dst, nil
}
