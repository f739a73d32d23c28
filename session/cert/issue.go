package cert

import (
	"bytes"
	"io"

	"github.com/matter-session/matter-session/session/internal/hash"
	"github.com/matter-session/matter-session/session/internal/p256"
)

// A Template is what a certificate is to say. The extensions follow from its
// role.
type Template struct {
	Role      Role
	Serial    []byte // see [NewSerial]
	Subject   Name   // see [RootName], [ICACName] and [NodeName]
	NotBefore Time   // at least 1
	NotAfter  Time   // 0: no end
	PublicKey [65]byte
	Issuer    *Certificate // nil for a root, which issues itself
}

// KeyID returns the identifier of a public key: the SHA-1 of its 65 octets.
// RFC 5280 §4.2.1.2, method 1.
func KeyID(publicKey *[65]byte) [KeyIDSize]byte { return hash.SHA1(publicKey[:]) }

// NewSerial draws a serial number of 16 octets: positive, minimal, and too
// large to be guessed.
func NewSerial(rand io.Reader) ([]byte, error) {
	serial := make([]byte, 16)
	if _, err := io.ReadFull(rand, serial); err != nil {
		return nil, err
	}
	// 01xxxxxx: neither negative nor with a leading octet too many.
	serial[0] = serial[0]&0x3F | 0x40
	return serial, nil
}

// Issue makes a certificate of t. sign is given the TBSCertificate in DER and
// returns the issuer's ECDSA-SHA256 signature of it, r ‖ s; it is called once,
// after all else was checked.
//
// What is issued passes [VerifyRoot], or the link of [VerifyChain] to t.Issuer.
// It returns a [TemplateError] or a [ChainError] for what does not, and the
// error of sign.
func Issue(t Template, sign func(tbs []byte) ([64]byte, error)) (*Certificate, error) {
	c, err := Prepare(t)
	if err != nil {
		return nil, err
	}
	signature, err := sign(c.AppendTBS(nil))
	if err != nil {
		return nil, err
	}
	return c.finish(t.Role, signature, t.Issuer)
}

// Prepare is the first half of [Issue], for a signature that takes its time: it
// returns the certificate without one. What [Certificate.AppendTBS] writes of it
// is to be signed; the certificate itself is given to [Finish], also by way of
// its Matter TLV.
func Prepare(t Template) (*Certificate, error) {
	c := &Certificate{
		Serial:    append([]byte(nil), t.Serial...),
		Subject:   append(Name(nil), t.Subject...),
		NotBefore: t.NotBefore,
		NotAfter:  t.NotAfter,
		PublicKey: t.PublicKey,
	}
	issuer := t.Issuer
	if issuer == nil {
		issuer = c
	}
	c.Issuer = append(Name(nil), issuer.Subject...)
	if reason := t.check(); reason != "" {
		return nil, &TemplateError{reason}
	}
	keyID := KeyID(&t.PublicKey)
	c.Extensions = extensionsFor(t.Role, keyID[:], keyID[:])
	if t.Issuer != nil {
		c.Extensions = extensionsFor(t.Role, keyID[:], t.Issuer.SubjectKeyID())
	}
	if err := c.checkRole(t.Role, 0); err != nil {
		return nil, err
	}
	if p256.CheckPoint(t.PublicKey[:]) != nil {
		return nil, &ChainError{t.Role, ReasonPublicKey}
	}
	return c, nil
}

// Finish is the second half of [Issue]: it gives the prepared certificate of a
// role the issuer's signature, r ‖ s. issuer is nil for a root. Neither of both
// is changed.
//
// That it is what was prepared is not taken for granted: what Finish returns,
// Issue could have returned. Otherwise it returns a [TemplateError], a
// [ChainError] or a [SizeError].
func Finish(role Role, prepared *Certificate, signature [64]byte, issuer *Certificate) (*Certificate, error) {
	c, err := Prepare(Template{
		Role: role, Serial: prepared.Serial, Subject: prepared.Subject, NotBefore: prepared.NotBefore, NotAfter: prepared.NotAfter,
		PublicKey: prepared.PublicKey, Issuer: issuer,
	})
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(c.AppendTBS(nil), prepared.AppendTBS(nil)) {
		return nil, &TemplateError{"it is not as it was prepared"}
	}
	return c.finish(role, signature, issuer)
}

// finish gives c its signature, and c out if it stands.
func (c *Certificate) finish(role Role, signature [64]byte, issuer *Certificate) (*Certificate, error) {
	if issuer == nil {
		issuer = c
	}
	c.Signature = signature
	if err := c.checkIssuer(role, issuer); err != nil {
		return nil, err
	}
	if n := len(c.AppendTLV(nil)); n > MaxTLVSize {
		return nil, &SizeError{formatTLV, n, MaxTLVSize}
	}
	if n := len(c.AppendDER(nil)); n > MaxDERSize {
		return nil, &SizeError{formatX509, n, MaxDERSize}
	}
	return c, nil
}

// check says what is wrong with the template, or "".
func (t *Template) check() string {
	if reason := checkSerial(t.Serial); reason != "" {
		return reason
	}
	if reason := t.Subject.check(); reason != "" {
		return reason
	}
	switch {
	case t.Serial[0] == 0 && len(t.Serial) == 1:
		return "serial number 0"
	case len(t.Serial) > maxSerialSize:
		return "serial number of more than 20 octets"
	case t.NotBefore == 0:
		// Others take it for the year 9999 and find the signature invalid.
		return "not-before 0"
	case t.NotAfter != 0 && t.NotAfter <= t.NotBefore:
		return "it ends before it begins"
	case t.Role < RoleRoot || t.Role > RoleNode:
		return "unknown role"
	case (t.Role == RoleRoot) != (t.Issuer == nil):
		return "a root issues itself, and nothing else does"
	case t.Issuer != nil && t.Issuer.SubjectKeyID() == nil:
		return "the issuer has no subject key ID"
	}
	if t.Issuer == nil {
		return ""
	}
	return t.checkIssuer()
}

func (t *Template) checkIssuer() string {
	issuer := t.Issuer
	switch {
	case !issuer.IsCA():
		return "the issuer is no authority"
	case t.NotBefore < issuer.NotBefore:
		return "it begins before its issuer does"
	case issuer.NotAfter != 0 && (t.NotAfter == 0 || t.NotAfter > issuer.NotAfter):
		return "it ends after its issuer does"
	}
	if _, intermediate := issuer.Subject.Number(ICACID); intermediate && t.Role == RoleICAC {
		return "an intermediate issues no other"
	}
	return ""
}

// extensionsFor returns the extensions of a role, in the usual order. A root has
// no path length: some readers refuse one.
func extensionsFor(role Role, subject, authority []byte) []Extension {
	keys := []Extension{
		{Kind: SubjectKeyID, KeyID: append([]byte(nil), subject...)},
		{Kind: AuthorityKeyID, KeyID: append([]byte(nil), authority...)},
	}
	if role == RoleNode {
		return append([]Extension{
			{Kind: BasicConstraints},
			{Kind: KeyUsage, KeyUsage: DigitalSignature},
			{Kind: ExtendedKeyUsage, Purposes: []byte{ClientAuth, ServerAuth}},
		}, keys...)
	}
	return append([]Extension{
		{Kind: BasicConstraints, IsCA: true, HasPathLength: role == RoleICAC},
		{Kind: KeyUsage, KeyUsage: KeyCertSign | CRLSign},
	}, keys...)
}
