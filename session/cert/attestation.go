package cert

import (
	"bytes"

	"github.com/matter-session/matter-session/session/internal/p256"
)

// An AttestationCertificate is a device's own certificate (DAC) or that of the
// authority above it (PAI). It is X.509 and has no form in Matter TLV. Matter
// Core §6.2.2.
type AttestationCertificate struct {
	Serial              []byte // content of the INTEGER
	Issuer, Subject     []byte // Names in DER, as received
	NotBefore, NotAfter int64  // seconds since 2000-01-01T00:00:00Z
	PublicKey           [65]byte

	// From the subject. Has… is false if it does not say.
	VendorID, ProductID       uint16
	HasVendorID, HasProductID bool

	IsCA, HasPathLength bool
	PathLength          uint8
	KeyUsage            uint16 // 0 if there is none
	SubjectKeyID        []byte // nil if there is none
	AuthorityKeyID      []byte

	hasBasicConstraints bool
	unknownCritical     bool
	tbs                 []byte
	signature           [64]byte
}

// NoEnd is the NotAfter of a certificate without an end: the year 9999.
const NoEnd = noEnd

// ParseAttestation decodes a DAC, a PAI or a PAA. Unknown extensions and
// attributes of names are kept out of the way: [CheckAttestation] says which
// of them matter.
//
// It returns a [SizeError] over [MaxDERSize] octets and a [ParseError]
// otherwise.
func ParseAttestation(b []byte) (*AttestationCertificate, error) {
	b = append([]byte(nil), b...)
	x, err := parseX509(b)
	if err != nil {
		return nil, err
	}
	c := &AttestationCertificate{
		Serial:    x.serial,
		Issuer:    x.issuer,
		Subject:   x.subject,
		NotBefore: x.notBefore,
		NotAfter:  x.notAfter,
		PublicKey: x.publicKey,
		tbs:       x.tbs,
		signature: x.signature,
	}
	ids, ok := parseProductIDs(x.subject)
	if !ok {
		return nil, &ParseError{formatX509, "subject", "malformed vendor or product ID"}
	}
	if _, ok := parseProductIDs(x.issuer); !ok {
		return nil, &ParseError{formatX509, "issuer", "malformed vendor or product ID"}
	}
	c.VendorID, c.HasVendorID = ids.vendor, ids.hasVendor
	c.ProductID, c.HasProductID = ids.product, ids.hasProduct
	var seen [OtherExtension]bool
	for d := (der{b: x.extensions}); len(d.b) > 0; {
		h := d.extension()
		if d.bad || !c.parseExtension(h, &seen) {
			return nil, &ParseError{formatX509, "extensions", "malformed, or one twice"}
		}
	}
	return c, nil
}

func (c *AttestationCertificate) parseExtension(h extensionHead, seen *[OtherExtension]bool) (ok bool) {
	kind := h.kind()
	if kind != OtherExtension {
		if seen[kind] {
			return false
		}
		seen[kind] = true
	}
	switch kind {
	case BasicConstraints:
		var e Extension
		e, ok = parseBasicConstraints(h.value)
		c.IsCA, c.HasPathLength, c.PathLength = e.IsCA, e.HasPathLength, e.PathLength
		c.hasBasicConstraints = true
	case KeyUsage:
		c.KeyUsage, ok = parseKeyUsage(h.value)
	case ExtendedKeyUsage:
		_, _, ok = parsePurposes(h.value)
	case SubjectKeyID:
		c.SubjectKeyID, ok = parseSubjectKeyID(h.value)
	case AuthorityKeyID:
		c.AuthorityKeyID, _, ok = parseAuthorityKeyID(h.value)
	default:
		c.unknownCritical = c.unknownCritical || h.critical
		ok = true
	}
	return ok
}

// productIDs are the vendor and product that a name states.
type productIDs struct {
	vendor, product       uint16
	hasVendor, hasProduct bool
}

// parseProductIDs reads them from a Name in DER: from Matter's own attributes
// or, if it has neither, from the text of the common name. Matter Core
// §6.2.2.2.
func parseProductIDs(name []byte) (ids productIDs, ok bool) {
	var text productIDs
	textOK := true
	whole := der{b: name}
	d := whole.enter(derSequence)
	for !d.bad && len(d.b) > 0 {
		set := d.enter(derSet)
		for first := true; !set.bad && (first || len(set.b) > 0); first = false {
			pair := set.enter(derSequence)
			oid := pair.take(derOID)
			tag, value, _ := pair.next()
			set.leave(&pair)
			switch string(oid) {
			case oidMatter + "\x02\x01":
				if !ids.set(&ids.vendor, &ids.hasVendor, tag, value) {
					return ids, false
				}
			case oidMatter + "\x02\x02":
				if !ids.set(&ids.product, &ids.hasProduct, tag, value) {
					return ids, false
				}
			case oidX520 + "\x03":
				textOK = textOK && text.find(value)
			}
		}
		d.leave(&set)
	}
	if whole.leave(&d); !whole.done() {
		return ids, false
	}
	if ids.hasVendor || ids.hasProduct {
		return ids, true
	}
	return text, textOK
}

// set reads one of Matter's attributes; false if it is malformed or repeated. It
// is a UTF8String, but an authority of devices that are on the market writes a
// PrintableString: the digits are the same.
func (*productIDs) set(id *uint16, has *bool, tag byte, value []byte) bool {
	v, ok := parseHexDigits(value, 4)
	if !ok || *has || tag != derUTF8 && tag != derPrintable {
		return false
	}
	*id, *has = uint16(v), true
	return true
}

// find reads the text of a common name; false if it is malformed.
func (p *productIDs) find(b []byte) bool {
	var okVendor, okProduct bool
	p.vendor, p.hasVendor, okVendor = findID(b, "Mvid:")
	p.product, p.hasProduct, okProduct = findID(b, "Mpid:")
	return okVendor && okProduct
}

// findID finds the leftmost prefix in b that 4 hexadecimal digits follow. It is
// not ok if there are prefixes but no digits.
func findID(b []byte, prefix string) (id uint16, found, ok bool) {
	ok = true
	for {
		i := bytes.Index(b, []byte(prefix))
		if i < 0 {
			return 0, false, ok
		}
		b = b[i+len(prefix):]
		if len(b) >= 4 {
			if v, ok := parseHexDigits(b[:4], 4); ok {
				return uint16(v), true, true
			}
		}
		ok = false
	}
}

// VerifySignature reports whether a public key signed c.
func (c *AttestationCertificate) VerifySignature(publicKey *[65]byte) bool {
	return p256.Verify(publicKey[:], c.tbs, c.signature[:])
}

// VerifyMessage reports whether c's own key signed message with ECDSA-SHA256.
// A device signs so: its attestation and its CSR elements, each followed by the
// session's attestation challenge. Matter Core §6.2.3 and §6.4.6.1.
func (c *AttestationCertificate) VerifyMessage(message, signature []byte) bool {
	return p256.Verify(c.PublicKey[:], message, signature)
}

// A PAA is what is known of a product attestation authority: a root that is
// trusted because it is on a list. Matter Core §6.2.2.5.
type PAA struct {
	Subject             []byte // Name in DER
	VendorID            uint16 // if HasVendorID: it vouches for this vendor alone
	HasVendorID         bool
	KeyID               [KeyIDSize]byte
	PublicKey           [65]byte
	NotBefore, NotAfter int64    // seconds since 2000-01-01T00:00:00Z
	SHA256              [32]byte // of its certificate, DER
	Test                bool     // everybody has its private key
}
