package commission

import (
	"crypto/subtle"
	"slices"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/cert"
)

// Roots is a list of product attestation authorities.
type Roots interface {
	// Lookup returns the authority of a subject key ID, and whether it is listed.
	Lookup(keyID []byte) (*cert.PAA, bool)
}

// Signers are keys that sign certification declarations, beside those that
// package cert knows: the Connectivity Standards Alliance adds one now and then.
// A Signers returns the key of a key ID, and whether there is one.
type Signers func(keyID [cert.KeyIDSize]byte) (cert.DeclarationSigner, bool)

// A Class is what a verdict comes down to.
type Class uint8

// Classes.
const (
	Invalid   Class = iota // the device could not prove that it owns its certificate
	Test                   // a development device: anybody can make one
	Unlisted               // a valid proof by somebody who is not on the list, or for something else
	Certified              // a certified product
)

var classNames = [...]string{"invalid", "test", "unlisted", "certified"}

// String returns the class's public name.
func (c Class) String() string {
	if int(c) >= len(classNames) {
		return classNames[Invalid]
	}
	return classNames[c]
}

// A Finding is one thing that was found about a device's proof.
type Finding struct {
	ID       string // stable
	Sentence string
	// Class is the best class that a device with this finding can have:
	// [Certified] for a mere remark.
	Class Class
}

// A Verdict is what became of a device's proof of origin.
type Verdict struct {
	Class         Class
	Findings      []Finding // the worst first
	VendorID      uint16    // of the device's certificate; 0 if it names none
	ProductID     uint16
	CertificateID string   // of the certification declaration, "" if there is none
	Authority     [20]byte // key ID of the root that the device names

	deviceKey [65]byte
}

// Evidence is what a verdict is made from.
type Evidence struct {
	Signed              SignedElements // as received
	DAC, PAI            []byte         // DER
	Nonce               [32]byte       // that the device was asked with
	Challenge           [16]byte       // attestation challenge of the session
	VendorID, ProductID uint16         // that the device states of itself
	Roots, TestRoots    Roots          // TestRoots may be nil
	Signers             Signers        // may be nil
	Now                 session.EpochSeconds
}

// Verify judges a device's proof. Matter Core §6.2.3.1. A finding does not stop
// it, so that all of them can be shown; whether a certificate was revoked is not
// checked, and said so.
func Verify(e Evidence) *Verdict {
	v := &Verdict{Class: Certified}
	dac, err := cert.ParseAttestation(e.DAC)
	if err != nil {
		v.add("dac-unreadable", "The device's certificate cannot be read.", Invalid)
	}
	pai, err := cert.ParseAttestation(e.PAI)
	if err != nil {
		v.add("pai-unreadable", "The certificate of the device's maker cannot be read.", Invalid)
	}
	declaration := v.checkElements(&e, dac)
	if dac != nil {
		v.deviceKey = dac.PublicKey
		v.VendorID, v.ProductID = dac.VendorID, dac.ProductID
		if dac.VendorID >= firstTestVendor && dac.VendorID <= lastTestVendor {
			v.add("test-vendor", "The device's certificate is of a test vendor.", Test)
		}
	}
	if dac != nil && pai != nil {
		copy(v.Authority[:], pai.AuthorityKeyID)
		v.addAll(cert.CheckAttestation(dac, pai, e.authority(pai), uint32(e.Now)))
		v.checkDeclaration(&e, declaration, dac, pai)
	}
	slices.SortStableFunc(v.Findings, func(a, b Finding) int { return int(a.Class) - int(b.Class) })
	return v
}

// Vendor IDs that anybody may use. Matter Core §2.5.2.
const (
	firstTestVendor = 0xFFF1
	lastTestVendor  = 0xFFF4
)

// authority looks the device's root up: among those of certified products, then,
// if they are wanted, among the test ones.
func (e *Evidence) authority(pai *cert.AttestationCertificate) *cert.PAA {
	if e.Roots != nil {
		if paa, ok := e.Roots.Lookup(pai.AuthorityKeyID); ok {
			return paa
		}
	}
	if e.TestRoots != nil {
		if paa, ok := e.TestRoots.Lookup(pai.AuthorityKeyID); ok {
			test := *paa
			test.Test = true
			return &test
		}
	}
	return nil
}

func (v *Verdict) add(id, sentence string, class Class) {
	v.Findings = append(v.Findings, Finding{id, sentence, class})
	v.Class = min(v.Class, class)
}

func (v *Verdict) addAll(found cert.Findings) {
	for _, f := range found {
		known := certFindings[f]
		v.add(known.id, sentence(f.String()), known.class)
	}
}

// sentence gives a text its capital and its stop.
func sentence(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s + "."
	}
	return string(s[0]-'a'+'A') + s[1:] + "."
}

// checkElements verifies the answer to AttestationRequest and returns the
// certification declaration in it.
func (v *Verdict) checkElements(e *Evidence, dac *cert.AttestationCertificate) (declaration []byte) {
	if dac == nil || !e.Signed.verify(&dac.PublicKey, &e.Challenge) {
		v.add("signature", "The device could not prove that it owns its certificate.", Invalid)
	}
	declaration, nonce, err := parseAttestationElements(e.Signed.Elements)
	switch {
	case err != nil:
		v.add("elements-unreadable", "What the device said of itself cannot be read.", Invalid)
	case subtle.ConstantTimeCompare(nonce, e.Nonce[:]) != 1:
		v.add("nonce", "The device's proof answers another question: it may be a copy.", Invalid)
	}
	return declaration
}

// parseAttestationElements decodes what a device signs. Matter Core §11.18.4.7.
func parseAttestationElements(b []byte) (declaration, nonce []byte, err error) {
	r, seen := openStruct(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			declaration = r.Bytes(0, maxElements)
		case 2:
			nonce = r.Bytes(nonceSize, nonceSize)
		case 3:
			r.Uint32()
		}
	}
	r.Require(&seen, 1, 2, 3)
	return declaration, nonce, r.Close()
}

func (v *Verdict) checkDeclaration(e *Evidence, declaration []byte, dac, pai *cert.AttestationCertificate) {
	d, err := cert.ParseSignedDeclaration(declaration)
	if err != nil {
		v.add("declaration-unreadable", "The device has no certification declaration that can be read.", Invalid)
		return
	}
	v.CertificateID = d.CertificateID
	for _, f := range d.Check(cert.Device{VendorID: e.VendorID, ProductID: e.ProductID, DAC: dac, PAI: pai}) {
		if f == cert.FindingDeclarationSigner && e.Signers != nil {
			if signer, ok := e.Signers(d.KeyID); ok {
				v.addAll(checkSigner(d, &signer))
				continue
			}
		}
		v.addAll(cert.Findings{f})
	}
}

// checkSigner is what package cert does with the keys that it knows.
func checkSigner(d *cert.SignedDeclaration, signer *cert.DeclarationSigner) (found cert.Findings) {
	if !d.Verify(&signer.PublicKey) {
		found = append(found, cert.FindingDeclarationSignature)
	}
	if signer.Test {
		found = append(found, cert.FindingDeclarationTestSigner)
		if d.Type == cert.DeclarationOfficial {
			found = append(found, cert.FindingDeclarationTestOfficial)
		}
	}
	return found
}

// certFindings are the public names of the findings of package cert, and what
// they mean. A forged chain or signature is invalid; that somebody is not on a
// list, or that the papers are for another product, is for the owner to decide.
var certFindings = map[cert.Finding]struct {
	id    string
	class Class
}{
	cert.FindingAuthorityUnknown: {"authority-unknown", Unlisted},
	cert.FindingTestAuthority:    {"authority-test", Test},
	cert.FindingDACIssuer:        {"dac-issuer", Invalid},
	cert.FindingDACKeyID:         {"dac-key-id", Invalid},
	cert.FindingDACSignature:     {"dac-signature", Invalid},
	cert.FindingPAIIssuer:        {"pai-issuer", Invalid},
	cert.FindingPAIKeyID:         {"pai-key-id", Invalid},
	cert.FindingPAISignature:     {"pai-signature", Invalid},
	cert.FindingDACProfile:       {"dac-profile", Invalid},
	cert.FindingPAIProfile:       {"pai-profile", Invalid},
	cert.FindingDACCritical:      {"dac-critical", Invalid},
	cert.FindingPAICritical:      {"pai-critical", Invalid},
	cert.FindingPAIValidity:      {"pai-validity", Invalid},
	cert.FindingPAAValidity:      {"authority-validity", Invalid},
	cert.FindingDACNow:           {"dac-expired", Certified},
	cert.FindingPAINow:           {"pai-expired", Certified},
	cert.FindingDACVendor:        {"dac-vendor", Invalid},
	cert.FindingDACProduct:       {"dac-product", Invalid},
	cert.FindingPAIVendor:        {"pai-vendor", Invalid},
	cert.FindingVendorMismatch:   {"vendor-mismatch", Invalid},
	cert.FindingProductMismatch:  {"product-mismatch", Invalid},
	cert.FindingAuthorityVendor:  {"authority-vendor", Invalid},

	cert.FindingRevocationUnchecked: {"revocation-unchecked", Certified},

	cert.FindingDeclarationSigner:       {"declaration-signer", Unlisted},
	cert.FindingDeclarationSignature:    {"declaration-signature", Invalid},
	cert.FindingDeclarationTestSigner:   {"declaration-test", Test},
	cert.FindingDeclarationTestOfficial: {"declaration-test-official", Invalid},
	cert.FindingDeclarationFormat:       {"declaration-format", Unlisted},
	cert.FindingDeclarationType:         {"declaration-type", Unlisted},
	cert.FindingDeclarationNotOfficial:  {"declaration-not-official", Unlisted},
	cert.FindingDeclarationVendor:       {"declaration-vendor", Unlisted},
	cert.FindingDeclarationProduct:      {"declaration-product", Unlisted},
	cert.FindingDeclarationDACVendor:    {"declaration-dac-vendor", Unlisted},
	cert.FindingDeclarationDACProduct:   {"declaration-dac-product", Unlisted},
	cert.FindingDeclarationPAIVendor:    {"declaration-pai-vendor", Unlisted},
	cert.FindingDeclarationPAIProduct:   {"declaration-pai-product", Unlisted},
	cert.FindingDeclarationAuthority:    {"declaration-authority", Unlisted},
}
