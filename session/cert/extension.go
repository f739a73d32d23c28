package cert

import (
	"strconv"

	"github.com/matter-session/matter-session/session/tlv"
)

// An ExtensionKind is the kind of an extension: its context tag in Matter TLV.
// Matter Core §6.5.11.
type ExtensionKind uint8

// The kinds of extensions.
const (
	BasicConstraints ExtensionKind = iota + 1
	KeyUsage
	ExtendedKeyUsage
	SubjectKeyID
	AuthorityKeyID
	OtherExtension
)

// Bits of a key usage: bit n of RFC 5280 §4.2.1.3 is 1 << n.
const (
	DigitalSignature uint16 = 1 << 0
	KeyCertSign      uint16 = 1 << 5
	CRLSign          uint16 = 1 << 6

	keyUsageMask = 1<<9 - 1
)

// Purposes of an extended key usage.
const (
	ServerAuth uint8 = 1
	ClientAuth uint8 = 2

	lastKeyPurpose = 6
)

// keyPurposeArcs are the last arcs of 1.3.6.1.5.5.7.3.n by purpose.
var keyPurposeArcs = [lastKeyPurpose + 1]byte{0, 1, 2, 3, 4, 8, 9}

// An Extension is one extension of an operational certificate. The fields
// beside its Kind's are zero.
type Extension struct {
	Kind ExtensionKind

	IsCA          bool // BasicConstraints
	HasPathLength bool
	PathLength    uint8

	KeyUsage uint16 // KeyUsage
	Purposes []byte // ExtendedKeyUsage, in their order
	KeyID    []byte // SubjectKeyID and AuthorityKeyID, 20 octets
	DER      []byte // OtherExtension: one Extension of X.509, whole
}

// An extensionHead is what all extensions of X.509 have.
type extensionHead struct {
	oid      []byte
	critical bool
	value    []byte
	whole    []byte
}

// extension consumes an Extension, RFC 5280 §4.1.
func (d *der) extension() (h extensionHead) {
	h.whole = d.whole(derSequence)
	w := der{b: h.whole}
	s := w.enter(derSequence)
	h.oid = s.take(derOID)
	h.critical = s.optionalTrue()
	h.value = s.take(derOctetString)
	w.leave(&s)
	d.bad = d.bad || !w.done()
	return h
}

// kind returns which of the standard extensions h is, or OtherExtension.
func (h *extensionHead) kind() ExtensionKind {
	last := len(h.oid) - 1
	if last == len(oidExtension) && string(h.oid[:last]) == oidExtension {
		for k, arc := range extensionArcs {
			if k > 0 && arc == h.oid[last] {
				return ExtensionKind(k)
			}
		}
	}
	return OtherExtension
}

// extensionArcs are the last arcs of 2.5.29.n by kind.
var extensionArcs = [OtherExtension]byte{0, 19, 15, 37, 14, 35}

func parseBasicConstraints(value []byte) (e Extension, ok bool) {
	d := der{b: value}
	s := d.enter(derSequence)
	e.Kind = BasicConstraints
	e.IsCA = s.optionalTrue()
	if s.is(derInteger) {
		e.HasPathLength = true
		e.PathLength = s.small()
	}
	d.leave(&s)
	return e, d.done()
}

func parseKeyUsage(value []byte) (usage uint16, ok bool) {
	d := der{b: value}
	b := d.take(derBitString)
	if !d.done() || len(b) < 1 || len(b) > 3 || b[0] > 7 || len(b) == 1 && b[0] != 0 {
		return 0, false
	}
	for i, octet := range b[1:] {
		for bit := range 8 {
			if octet&(0x80>>bit) != 0 {
				usage |= 1 << (8*i + bit)
			}
		}
	}
	// Minimal, and no more than 9 bits, if and only if it is what we would write.
	return usage, usage <= keyUsageMask && string(appendKeyUsage(nil, usage)) == string(value)
}

func appendKeyUsage(dst []byte, usage uint16) []byte {
	var bits [2]byte
	n := 0 // bits up to the last that is set
	for bit := range 16 {
		if usage>>bit&1 != 0 {
			bits[bit/8] |= 0x80 >> (bit % 8)
			n = bit + 1
		}
	}
	octets := (n + 7) / 8
	dst = append(dst, derBitString, byte(1+octets), byte(8*octets-n))
	return append(dst, bits[:octets]...)
}

// parsePurposes returns the purposes that Matter TLV can express, and whether
// there were only those.
func parsePurposes(value []byte) (purposes []byte, only, ok bool) {
	d := der{b: value}
	s := d.enter(derSequence)
	only = true
	for !s.bad && len(s.b) > 0 {
		oid := s.take(derOID)
		last := len(oid) - 1
		known := false
		if last == len(oidKeyPurpose) && string(oid[:last]) == oidKeyPurpose {
			for p, arc := range keyPurposeArcs {
				if p > 0 && arc == oid[last] {
					purposes = append(purposes, byte(p))
					known = true
				}
			}
		}
		only = only && known
	}
	d.leave(&s)
	return purposes, only, d.done()
}

func parseSubjectKeyID(value []byte) ([]byte, bool) {
	d := der{b: value}
	id := d.take(derOctetString)
	return id, d.done() && len(id) == KeyIDSize
}

// parseAuthorityKeyID returns the key identifier; an issuer and a serial number
// may follow it, and only says that they do not.
func parseAuthorityKeyID(value []byte) (id []byte, only, ok bool) {
	d := der{b: value}
	s := d.enter(derSequence)
	id = s.take(derContext)
	only = len(s.b) == 0
	for !s.bad && len(s.b) > 0 {
		s.next()
	}
	d.leave(&s)
	return id, only, d.done() && len(id) == KeyIDSize
}

// parseExtensionDER reads an extension that Matter TLV can express. Whether it
// has the form in which we write it is for the caller to compare.
func parseExtensionDER(h extensionHead) (e Extension, ok bool) {
	e.Kind = h.kind()
	only := true
	switch e.Kind {
	case BasicConstraints:
		e, ok = parseBasicConstraints(h.value)
	case KeyUsage:
		e.KeyUsage, ok = parseKeyUsage(h.value)
	case ExtendedKeyUsage:
		e.Purposes, only, ok = parsePurposes(h.value)
	case SubjectKeyID:
		e.KeyID, ok = parseSubjectKeyID(h.value)
	case AuthorityKeyID:
		e.KeyID, only, ok = parseAuthorityKeyID(h.value)
	case OtherExtension:
		e.DER, ok = h.whole, true
	}
	return e, ok && only && e.check() == ""
}

// check says what is wrong with the extension in every form, or "".
func (e *Extension) check() string {
	switch e.Kind {
	case BasicConstraints:
		if e.PathLength > 0x7F {
			return "path length over 127"
		}
	case KeyUsage:
		if e.KeyUsage > keyUsageMask {
			return "unknown key usage"
		}
	case ExtendedKeyUsage:
		if len(e.Purposes) == 0 {
			return "no key purpose"
		}
		for _, p := range e.Purposes {
			if p == 0 || p > lastKeyPurpose {
				return "unknown key purpose " + strconv.Itoa(int(p))
			}
		}
	case SubjectKeyID, AuthorityKeyID:
		if len(e.KeyID) != KeyIDSize {
			return "key identifier that is not of 20 octets"
		}
	case OtherExtension:
		d := der{b: e.DER}
		if h := d.extension(); !d.done() {
			return "malformed extension"
		} else if h.kind() != OtherExtension {
			return "standard extension in a foreign form"
		}
	default:
		return "unknown extension " + strconv.Itoa(int(e.Kind))
	}
	return ""
}

// appendDER appends the Extension of X.509. Matter Core §6.5.11 fixes which are
// critical.
func (e *Extension) appendDER(dst []byte) []byte {
	if e.Kind == OtherExtension {
		return append(dst, e.DER...)
	}
	dst, extension := beginDER(dst, derSequence)
	dst = append(dst, derOID, byte(len(oidExtension)+1))
	dst = append(dst, oidExtension...)
	dst = append(dst, extensionArcs[e.Kind])
	if e.Kind <= ExtendedKeyUsage {
		dst = append(dst, derBoolean, 1, 0xFF)
	}
	dst, value := beginDER(dst, derOctetString)
	var inner int
	switch e.Kind {
	case BasicConstraints:
		dst, inner = beginDER(dst, derSequence)
		if e.IsCA {
			dst = append(dst, derBoolean, 1, 0xFF)
		}
		if e.HasPathLength {
			dst = append(dst, derInteger, 1, e.PathLength)
		}
		dst = endDER(dst, inner)
	case KeyUsage:
		dst = appendKeyUsage(dst, e.KeyUsage)
	case ExtendedKeyUsage:
		dst, inner = beginDER(dst, derSequence)
		for _, p := range e.Purposes {
			dst = append(dst, derOID, byte(len(oidKeyPurpose)+1))
			dst = append(dst, oidKeyPurpose...)
			dst = append(dst, keyPurposeArcs[p])
		}
		dst = endDER(dst, inner)
	case SubjectKeyID:
		dst = appendDER(dst, derOctetString, e.KeyID)
	case AuthorityKeyID:
		dst, inner = beginDER(dst, derSequence)
		dst = appendDER(dst, derContext, e.KeyID)
		dst = endDER(dst, inner)
	}
	dst = endDER(dst, value)
	return endDER(dst, extension)
}

func (e *Extension) appendTLV(w *tlv.Writer) {
	t := tlv.Context(uint8(e.Kind))
	switch e.Kind {
	case BasicConstraints:
		w.Struct(t)
		w.Bool(tlv.Context(1), e.IsCA)
		if e.HasPathLength {
			w.Uint(tlv.Context(2), uint64(e.PathLength))
		}
		w.End()
	case KeyUsage:
		w.Uint(t, uint64(e.KeyUsage))
	case ExtendedKeyUsage:
		w.Array(t)
		for _, p := range e.Purposes {
			w.Uint(tlv.Anonymous, uint64(p))
		}
		w.End()
	case SubjectKeyID, AuthorityKeyID:
		w.Bytes(t, e.KeyID)
	case OtherExtension:
		w.Bytes(t, e.DER)
	}
}

// parseExtensionTLV reads the member of an extension list that r stands on.
func parseExtensionTLV(r *tlv.Reader) (e Extension) {
	number, ok := r.Tag().ContextNumber()
	if !ok {
		r.Fail(&ParseError{formatTLV, "extensions", "element without a context tag"})
		return e
	}
	e.Kind = ExtensionKind(number)
	switch e.Kind {
	case BasicConstraints:
		var seen tlv.Set
		r.Enter(tlv.Struct)
		for r.Next() {
			switch r.Member(&seen) {
			case 1:
				e.IsCA = r.Bool()
			case 2:
				e.HasPathLength = true
				e.PathLength = r.Uint8()
			}
		}
		r.Require(&seen, 1)
		r.Exit()
	case KeyUsage:
		e.KeyUsage = r.Uint16()
	case ExtendedKeyUsage:
		r.Enter(tlv.Array)
		for r.Next() {
			e.Purposes = append(e.Purposes, r.Uint8())
		}
		r.Exit()
	case SubjectKeyID, AuthorityKeyID:
		e.KeyID = r.Bytes(KeyIDSize, KeyIDSize)
	case OtherExtension:
		e.DER = r.Bytes(1, MaxTLVSize)
	}
	if r.Err() == nil {
		if reason := e.check(); reason != "" {
			r.Fail(&ParseError{formatTLV, "extensions", reason})
		}
	}
	return e
}

// duplicateExtension reports whether an extension occurs twice.
func duplicateExtension(extensions []Extension) bool {
	for i := range extensions {
		for j := range i {
			if extensions[i].oid() == extensions[j].oid() {
				return true
			}
		}
	}
	return false
}

// oid returns what identifies the extension.
func (e *Extension) oid() string {
	if e.Kind != OtherExtension {
		return oidExtension + string(extensionArcs[e.Kind:e.Kind+1])
	}
	d := der{b: e.DER}
	return string(d.extension().oid)
}

// isUnknownCritical reports whether the extension must be understood and is not.
func (e *Extension) isUnknownCritical() bool {
	if e.Kind != OtherExtension {
		return false
	}
	d := der{b: e.DER}
	return d.extension().critical
}
