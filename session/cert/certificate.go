package cert

import (
	"github.com/matter-session/matter-session/session/internal/p256"
	"github.com/matter-session/matter-session/session/tlv"
)

// Names of the forms in errors.
const (
	formatTLV  = "Matter TLV"
	formatX509 = "X.509"
)

// A Certificate is an operational certificate: a root (RCAC), an intermediate
// authority (ICAC) or a node's (NOC). Matter Core §6.5.
//
// A certificate that was parsed must not be changed: what it writes would no
// longer be what was signed.
type Certificate struct {
	Serial     []byte // content of the INTEGER: minimal, not negative
	Issuer     Name
	NotBefore  Time
	NotAfter   Time // 0: no end
	Subject    Name
	PublicKey  [65]byte // uncompressed point; that it lies on the curve is checked when it is used
	Extensions []Extension
	Signature  [64]byte // ECDSA-SHA256, r ‖ s

	tlv []byte // as received, if it was received in this form
}

// Context tags of a certificate. Matter Core §6.5.2.
const (
	tagSerial = iota + 1
	tagSignatureAlgorithm
	tagIssuer
	tagNotBefore
	tagNotAfter
	tagSubject
	tagKeyAlgorithm
	tagCurve
	tagPublicKey
	tagExtensions
	tagSignature
)

// Values that have one meaning each so far.
const (
	algorithmECDSASHA256 = 1
	keyAlgorithmEC       = 1
	curvePrime256v1      = 1
)

// ParseTLV decodes a certificate in Matter TLV. Members that are not known are
// skipped; the known ones must come in their order. Inside names and extension
// lists nothing unknown is accepted: the signed form cannot be built from it.
//
// It returns [tlv.ErrTruncated] if b is short, a [SizeError] over
// [MaxTLVSize] octets, a [ParseError] or an error of package tlv otherwise.
func ParseTLV(b []byte) (*Certificate, error) {
	if len(b) > MaxTLVSize {
		return nil, &SizeError{formatTLV, len(b), MaxTLVSize}
	}
	c := &Certificate{tlv: append([]byte(nil), b...)}
	r := tlv.NewReader(c.tlv)
	if r.Next() && r.Tag() != tlv.Anonymous {
		r.Fail(&ParseError{formatTLV, "certificate", "structure with a tag"})
	}
	r.Enter(tlv.Struct)
	last := 0
	var seen tlv.Set
	for r.Next() {
		n := r.Member(&seen)
		if n < tagSerial || n > tagSignature {
			continue
		}
		if n < last {
			r.Fail(&ParseError{formatTLV, "certificate", "members out of order"})
		}
		last = n
		c.parseMember(r, n)
	}
	r.Require(&seen, tagSerial, tagSignatureAlgorithm, tagIssuer, tagNotBefore, tagNotAfter, tagSubject,
		tagKeyAlgorithm, tagCurve, tagPublicKey, tagExtensions, tagSignature)
	if err := r.Close(); err != nil {
		return nil, err
	}
	if reason := c.check(); reason != "" {
		return nil, &ParseError{formatTLV, "certificate", reason}
	}
	return c, nil
}

func (c *Certificate) parseMember(r *tlv.Reader, n int) {
	switch n {
	case tagSerial:
		c.Serial = r.Bytes(1, maxSerialSize+1)
	case tagSignatureAlgorithm:
		requireOne(r, "signature algorithm")
	case tagIssuer:
		c.Issuer = parseNameTLV(r, "issuer")
	case tagNotBefore:
		c.NotBefore = r.Uint32()
	case tagNotAfter:
		c.NotAfter = r.Uint32()
	case tagSubject:
		c.Subject = parseNameTLV(r, "subject")
	case tagKeyAlgorithm:
		requireOne(r, "public key algorithm")
	case tagCurve:
		requireOne(r, "curve")
	case tagPublicKey:
		copy(c.PublicKey[:], r.Bytes(len(c.PublicKey), len(c.PublicKey)))
	case tagExtensions:
		r.Enter(tlv.List)
		for r.Next() {
			c.Extensions = append(c.Extensions, parseExtensionTLV(r))
		}
		r.Exit()
	case tagSignature:
		copy(c.Signature[:], r.Bytes(len(c.Signature), len(c.Signature)))
	}
}

// requireOne reads one of the choices that have a single value, 1.
func requireOne(r *tlv.Reader, part string) {
	if r.Uint8() != 1 {
		r.Fail(&ParseError{formatTLV, part, "unknown"})
	}
}

// maxSerialSize is the size of the largest serial number. RFC 5280 §4.1.2.2
// can be read as 20 octets with or without a leading zero; certificates with 21
// exist, so the number is what counts.
const maxSerialSize = 20

// checkSerial says what is wrong with a serial number, or "".
func checkSerial(b []byte) string {
	switch {
	case len(b) == 0:
		return "empty serial number"
	case b[0] >= 0x80:
		return "negative serial number"
	case !minimalUnsigned(b):
		return "serial number with a redundant octet"
	case len(b) > maxSerialSize && (b[0] != 0 || len(b) > maxSerialSize+1):
		return "serial number of more than 20 octets"
	}
	return ""
}

// check says what is wrong with the certificate in both forms, or "".
func (c *Certificate) check() string {
	if reason := checkSerial(c.Serial); reason != "" {
		return reason
	}
	if c.PublicKey[0] != 4 {
		return "public key that is not an uncompressed point"
	}
	if duplicateExtension(c.Extensions) {
		return "an extension twice"
	}
	return ""
}

// AppendTLV appends the certificate in Matter TLV: as it was received, if it
// was received so.
func (c *Certificate) AppendTLV(dst []byte) []byte {
	if c.tlv != nil {
		return append(dst, c.tlv...)
	}
	w := tlv.NewWriter(dst)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(tagSerial), c.Serial)
	w.Uint(tlv.Context(tagSignatureAlgorithm), algorithmECDSASHA256)
	c.Issuer.appendTLV(w, tlv.Context(tagIssuer))
	w.Uint(tlv.Context(tagNotBefore), uint64(c.NotBefore))
	w.Uint(tlv.Context(tagNotAfter), uint64(c.NotAfter))
	c.Subject.appendTLV(w, tlv.Context(tagSubject))
	w.Uint(tlv.Context(tagKeyAlgorithm), keyAlgorithmEC)
	w.Uint(tlv.Context(tagCurve), curvePrime256v1)
	w.Bytes(tlv.Context(tagPublicKey), c.PublicKey[:])
	w.List(tlv.Context(tagExtensions))
	for i := range c.Extensions {
		c.Extensions[i].appendTLV(w)
	}
	w.End()
	w.Bytes(tlv.Context(tagSignature), c.Signature[:])
	w.End()
	return w.Octets()
}

// AppendTBS appends the TBSCertificate of X.509, in DER: what the issuer signs.
// Matter Core §6.5.
func (c *Certificate) AppendTBS(dst []byte) []byte {
	dst, tbs := beginDER(dst, derSequence)
	dst = append(dst, derVersion3...)
	dst = appendDER(dst, derInteger, c.Serial)
	dst = append(dst, derSignatureAlgorithm...)
	dst = c.Issuer.appendDER(dst)
	dst, validity := beginDER(dst, derSequence)
	dst = appendTime(dst, c.NotBefore)
	dst = appendTime(dst, c.NotAfter)
	dst = endDER(dst, validity)
	dst = c.Subject.appendDER(dst)
	dst = appendPublicKey(dst, &c.PublicKey)
	if len(c.Extensions) > 0 {
		var explicit, list int
		dst, explicit = beginDER(dst, derExplicit+3)
		dst, list = beginDER(dst, derSequence)
		for i := range c.Extensions {
			dst = c.Extensions[i].appendDER(dst)
		}
		dst = endDER(dst, list)
		dst = endDER(dst, explicit)
	}
	return endDER(dst, tbs)
}

// AppendDER appends the certificate as X.509 in DER.
func (c *Certificate) AppendDER(dst []byte) []byte {
	return appendSigned(dst, c.AppendTBS(nil), &c.Signature)
}

// find returns the extension of a kind, or nil.
func (c *Certificate) find(kind ExtensionKind) *Extension {
	for i := range c.Extensions {
		if c.Extensions[i].Kind == kind {
			return &c.Extensions[i]
		}
	}
	return nil
}

// NodeID returns the node that the certificate names, and whether it does.
func (c *Certificate) NodeID() (uint64, bool) { return c.Subject.Number(NodeID) }

// FabricID returns the fabric that the certificate names, and whether it does.
func (c *Certificate) FabricID() (uint64, bool) { return c.Subject.Number(FabricID) }

// CATs returns the node's CASE authenticated tags, at most three.
func (c *Certificate) CATs() (cats []uint32) {
	for _, a := range c.Subject {
		if a.Type == CAT {
			cats = append(cats, uint32(a.Number))
		}
	}
	return cats
}

// SubjectKeyID returns the key identifier of the certificate's own key, or nil.
func (c *Certificate) SubjectKeyID() []byte { return c.keyID(SubjectKeyID) }

// AuthorityKeyID returns the key identifier of the issuer's key, or nil.
func (c *Certificate) AuthorityKeyID() []byte { return c.keyID(AuthorityKeyID) }

func (c *Certificate) keyID(kind ExtensionKind) []byte {
	if e := c.find(kind); e != nil {
		return e.KeyID
	}
	return nil
}

// IsCA reports whether the certificate may issue others.
func (c *Certificate) IsCA() bool {
	e := c.find(BasicConstraints)
	return e != nil && e.IsCA
}

// VerifySignature checks that issuer's key signed c. It looks at nothing else:
// see [VerifyChain].
func (c *Certificate) VerifySignature(issuer *Certificate) error {
	if !p256.Verify(issuer.PublicKey[:], c.AppendTBS(nil), c.Signature[:]) {
		return errSignature
	}
	return nil
}
