package cert

import (
	"bytes"
	"unicode/utf8"

	"github.com/matter-session/matter-session/session/internal/p256"
	"github.com/matter-session/matter-session/session/tlv"
)

const formatCMS = "CMS"

// MaxDeclarationSize is the size of the largest signed declaration that is read,
// in octets: the elements that carry one are smaller.
const MaxDeclarationSize = 900

// Limits of a declaration's members. Matter Core §6.3.1.
const (
	maxDeclarationProducts    = 100
	maxDeclarationAuthorities = 10
	certificateIDSize         = 19
)

// A DeclarationType says how far a certification goes.
type DeclarationType uint8

// The types.
const (
	DeclarationTest DeclarationType = iota
	DeclarationProvisional
	DeclarationOfficial
)

// A Declaration is the content of a certification declaration: what was
// certified. Matter Core §6.3.1.
type Declaration struct {
	FormatVersion       uint16 // 1
	VendorID            uint16
	ProductIDs          []uint16 // 1 to 100
	DeviceType          uint32
	CertificateID       string // 19 characters
	SecurityLevel       uint8
	SecurityInformation uint16
	VersionNumber       uint16
	Type                DeclarationType

	// Of whom the certificates are, if not of the vendor above.
	HasOrigin                       bool
	OriginVendorID, OriginProductID uint16

	Authorities [][KeyIDSize]byte // key IDs of the PAAs that may vouch; none: all
}

// parseDeclaration reads the content's TLV.
func parseDeclaration(b []byte) (d Declaration, err error) {
	r := tlv.NewReader(b)
	if r.Next() && r.Tag() != tlv.Anonymous {
		r.Fail(&ParseError{formatTLV, "certification declaration", "structure with a tag"})
	}
	r.Enter(tlv.Struct)
	var seen tlv.Set
	for r.Next() {
		d.parseMember(r, r.Member(&seen))
	}
	r.Require(&seen, 0, 1, 2, 3, 4, 5, 6, 7, 8)
	if seen.Has(9) != seen.Has(10) {
		r.Fail(&ParseError{formatTLV, "certification declaration", "origin vendor without product, or the reverse"})
	}
	d.HasOrigin = seen.Has(9)
	return d, r.Close()
}

func (d *Declaration) parseMember(r *tlv.Reader, n int) {
	switch n {
	case 0:
		d.FormatVersion = r.Uint16()
	case 1:
		d.VendorID = r.Uint16()
	case 2:
		r.Enter(tlv.Array)
		for r.Next() {
			d.ProductIDs = append(d.ProductIDs, r.Uint16())
		}
		r.Exit()
		checkCount(r, "products", len(d.ProductIDs), maxDeclarationProducts)
	case 3:
		d.DeviceType = r.Uint32()
	case 4:
		d.CertificateID = r.String(MaxDeclarationSize)
		if utf8.RuneCountInString(d.CertificateID) != certificateIDSize {
			r.Fail(&ParseError{formatTLV, "certificate ID", "not of 19 characters"})
		}
	case 5:
		d.SecurityLevel = r.Uint8()
	case 6:
		d.SecurityInformation = r.Uint16()
	case 7:
		d.VersionNumber = r.Uint16()
	case 8:
		d.Type = DeclarationType(r.Uint8())
	case 9:
		d.OriginVendorID = r.Uint16()
	case 10:
		d.OriginProductID = r.Uint16()
	case 11:
		r.Enter(tlv.Array)
		for r.Next() {
			var id [KeyIDSize]byte
			copy(id[:], r.Bytes(KeyIDSize, KeyIDSize))
			d.Authorities = append(d.Authorities, id)
		}
		r.Exit()
		checkCount(r, "authorities", len(d.Authorities), maxDeclarationAuthorities)
	}
}

func checkCount(r *tlv.Reader, part string, n, most int) {
	if n < 1 || n > most {
		r.Fail(&ParseError{formatTLV, part, "none, or too many"})
	}
}

// AppendTLV appends the declaration in Matter TLV: what is signed.
func (d *Declaration) AppendTLV(dst []byte) []byte {
	w := tlv.NewWriter(dst)
	w.Struct(tlv.Anonymous)
	w.Uint(tlv.Context(0), uint64(d.FormatVersion))
	w.Uint(tlv.Context(1), uint64(d.VendorID))
	w.Array(tlv.Context(2))
	for _, id := range d.ProductIDs {
		w.Uint(tlv.Anonymous, uint64(id))
	}
	w.End()
	w.Uint(tlv.Context(3), uint64(d.DeviceType))
	w.String(tlv.Context(4), d.CertificateID)
	w.Uint(tlv.Context(5), uint64(d.SecurityLevel))
	w.Uint(tlv.Context(6), uint64(d.SecurityInformation))
	w.Uint(tlv.Context(7), uint64(d.VersionNumber))
	w.Uint(tlv.Context(8), uint64(d.Type))
	if d.HasOrigin {
		w.Uint(tlv.Context(9), uint64(d.OriginVendorID))
		w.Uint(tlv.Context(10), uint64(d.OriginProductID))
	}
	if len(d.Authorities) > 0 {
		w.Array(tlv.Context(11))
		for i := range d.Authorities {
			w.Bytes(tlv.Anonymous, d.Authorities[i][:])
		}
		w.End()
	}
	w.End()
	return w.Octets()
}

// A SignedDeclaration is a certification declaration as a device presents it.
type SignedDeclaration struct {
	Declaration
	Content   []byte // as received: what is signed
	KeyID     [KeyIDSize]byte
	Signature [64]byte // ECDSA-SHA256, r ‖ s
}

// Elements of the CMS that never differ. RFC 5652 §5; there are neither
// certificates nor signed attributes.
const (
	derDigestAlgorithm     = "\x30\x0b\x06\x09" + oidSHA256
	derDigestAlgorithmNull = "\x30\x0d\x06\x09" + oidSHA256 + "\x05\x00"
	cmsVersion3            = "\x03"
)

// digestAlgorithm consumes SHA-256, with or without its NULL.
func (d *der) digestAlgorithm() {
	if s := string(d.whole(derSequence)); s != derDigestAlgorithm && s != derDigestAlgorithmNull {
		d.bad = true
	}
}

// ParseSignedDeclaration decodes the CMS of a certification declaration and its
// content. It does not verify: see [SignedDeclaration.Check]. Matter Core
// §6.3.
//
// It returns a [SizeError] over [MaxDeclarationSize] octets, a [ParseError], or
// an error of package tlv for the content.
func ParseSignedDeclaration(b []byte) (*SignedDeclaration, error) {
	if len(b) > MaxDeclarationSize {
		return nil, &SizeError{formatCMS, len(b), MaxDeclarationSize}
	}
	s := new(SignedDeclaration)
	outer := der{b: b}
	info := outer.enter(derSequence)
	info.expect(derOID, oidSignedData)
	explicit := info.enter(derExplicit)
	data := explicit.enter(derSequence)

	data.expect(derInteger, cmsVersion3)
	digests := data.enter(derSet)
	digests.digestAlgorithm()
	data.leave(&digests)
	content := data.enter(derSequence)
	content.expect(derOID, oidData)
	octets := content.enter(derExplicit)
	s.Content = append([]byte(nil), octets.take(derOctetString)...)
	content.leave(&octets)
	data.leave(&content)

	signers := data.enter(derSet)
	signer := signers.enter(derSequence)
	signer.expect(derInteger, cmsVersion3)
	keyID := signer.take(derContext)
	signer.bad = signer.bad || len(keyID) != KeyIDSize
	copy(s.KeyID[:], keyID)
	signer.digestAlgorithm()
	if string(signer.whole(derSequence)) != derSignatureAlgorithm {
		signer.bad = true
	}
	signature := der{b: signer.take(derOctetString)}
	s.Signature = signature.signatureValue()
	signer.bad = signer.bad || !signature.done()

	signers.leave(&signer)
	data.leave(&signers)
	explicit.leave(&data)
	info.leave(&explicit)
	if outer.leave(&info); !outer.done() {
		return nil, &ParseError{formatCMS, "certification declaration", "not data signed once by ECDSA with SHA-256"}
	}
	var err error
	if s.Declaration, err = parseDeclaration(s.Content); err != nil {
		return nil, err
	}
	return s, nil
}

// AppendCMS appends the declaration as CMS, from Content, KeyID and Signature.
func (s *SignedDeclaration) AppendCMS(dst []byte) []byte {
	dst, info := beginDER(dst, derSequence)
	dst = appendDERString(dst, derOID, oidSignedData)
	dst, explicit := beginDER(dst, derExplicit)
	dst, data := beginDER(dst, derSequence)
	dst = appendDERString(dst, derInteger, cmsVersion3)
	dst = appendDERString(dst, derSet, derDigestAlgorithm)
	dst, content := beginDER(dst, derSequence)
	dst = appendDERString(dst, derOID, oidData)
	dst, octets := beginDER(dst, derExplicit)
	dst = appendDER(dst, derOctetString, s.Content)
	dst = endDER(dst, octets)
	dst = endDER(dst, content)
	dst, signers := beginDER(dst, derSet)
	dst, signer := beginDER(dst, derSequence)
	dst = appendDERString(dst, derInteger, cmsVersion3)
	dst = appendDER(dst, derContext, s.KeyID[:])
	dst = append(dst, derDigestAlgorithm...)
	dst = append(dst, derSignatureAlgorithm...)
	dst, signature := beginDER(dst, derOctetString)
	dst = appendSignatureValue(dst, &s.Signature)
	dst = endDER(dst, signature)
	dst = endDER(dst, signer)
	dst = endDER(dst, signers)
	dst = endDER(dst, data)
	dst = endDER(dst, explicit)
	return endDER(dst, info)
}

// SignDeclaration makes the signed form of d. keyID names the key with which
// sign signs.
func SignDeclaration(d Declaration, keyID [KeyIDSize]byte, sign func(content []byte) ([64]byte, error)) (*SignedDeclaration, error) {
	s := &SignedDeclaration{Declaration: d, Content: d.AppendTLV(nil), KeyID: keyID}
	var err error
	s.Signature, err = sign(s.Content)
	return s, err
}

// Verify reports whether publicKey signed the declaration.
func (s *SignedDeclaration) Verify(publicKey *[65]byte) bool {
	return p256.Verify(publicKey[:], s.Content, s.Signature[:])
}

// A Device is what a declaration is held against.
type Device struct {
	VendorID, ProductID uint16 // as its Basic Information cluster says
	DAC, PAI            *AttestationCertificate
}

// Check verifies the declaration's signature by the key of the [DeclarationSigner]
// that it names, and that it is about this device. Matter Core §6.2.3.1.
func (s *SignedDeclaration) Check(device Device) Findings {
	var f Findings
	signer, known := LookupDeclarationSigner(s.KeyID)
	f.add(FindingDeclarationSigner, !known)
	f.add(FindingDeclarationSignature, known && !s.Verify(&signer.PublicKey))
	f.add(FindingDeclarationTestSigner, known && signer.Test)
	f.add(FindingDeclarationTestOfficial, known && signer.Test && s.Type == DeclarationOfficial)
	s.Declaration.check(&f, device)
	return f
}

// check holds the content against the device.
func (d *Declaration) check(f *Findings, device Device) {
	f.add(FindingDeclarationFormat, d.FormatVersion != 1)
	f.add(FindingDeclarationType, d.Type > DeclarationOfficial)
	f.add(FindingDeclarationNotOfficial, d.Type < DeclarationOfficial)
	f.add(FindingDeclarationVendor, d.VendorID != device.VendorID)
	f.add(FindingDeclarationProduct, !d.covers(device.ProductID))

	vendor := d.VendorID
	covers := d.covers
	if d.HasOrigin {
		vendor = d.OriginVendorID
		covers = func(product uint16) bool { return product == d.OriginProductID }
	}
	dac, pai := device.DAC, device.PAI
	f.add(FindingDeclarationDACVendor, !dac.HasVendorID || dac.VendorID != vendor)
	f.add(FindingDeclarationDACProduct, !dac.HasProductID || !covers(dac.ProductID))
	f.add(FindingDeclarationPAIVendor, !pai.HasVendorID || pai.VendorID != vendor)
	f.add(FindingDeclarationPAIProduct, pai.HasProductID && !covers(pai.ProductID))
	f.add(FindingDeclarationAuthority, !d.allows(pai.AuthorityKeyID))
}

// covers reports whether product is one of those certified.
func (d *Declaration) covers(product uint16) bool {
	for _, id := range d.ProductIDs {
		if id == product {
			return true
		}
	}
	return false
}

// allows reports whether the PAA of this key ID may vouch.
func (d *Declaration) allows(keyID []byte) bool {
	for i := range d.Authorities {
		if bytes.Equal(d.Authorities[i][:], keyID) {
			return true
		}
	}
	return len(d.Authorities) == 0
}
