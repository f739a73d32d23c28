package cert

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session/internal/p256"
)

// rdn is one relative distinguished name of one attribute, as DER.
func rdn(oid string, tag byte, value string) string {
	pair := appendDERString(appendDERString(nil, derOID, oid), tag, value)
	return string(appendDER(nil, derSet, appendDER(nil, derSequence, pair)))
}

func dn(rdns ...string) string {
	return string(appendDERString(nil, derSequence, strings.Join(rdns, "")))
}

func commonName(s string) string { return rdn(oidX520+"\x03", derUTF8, s) }
func vendorID(s string) string   { return rdn(oidMatter+"\x02\x01", derUTF8, s) }
func productID(s string) string  { return rdn(oidMatter+"\x02\x02", derUTF8, s) }

// An attestation is a certificate of the device's side, to be written.
type attestation struct {
	issuer, subject     string
	notBefore, notAfter string // content of a GeneralizedTime
	key                 *p256.PrivateKey
	signer              *p256.PrivateKey
	extensions          []string
}

func (a *attestation) der() []byte {
	public := a.key.PublicKey()
	tbs, mark := beginDER(nil, derSequence)
	tbs = append(tbs, derVersion3...)
	tbs = append(tbs, "\x02\x01\x05"+derSignatureAlgorithm+a.issuer...)
	times := appendDERString(appendDERString(nil, derTime, a.notBefore), derTime, a.notAfter)
	tbs = appendDER(tbs, derSequence, times)
	tbs = append(tbs, a.subject...)
	tbs = appendPublicKey(tbs, &public)
	list := appendDERString(nil, derSequence, strings.Join(a.extensions, ""))
	tbs = appendDER(tbs, derExplicit+3, list)
	tbs = endDER(tbs, mark)
	signature, _ := a.signer.Sign(nil, tbs)
	return appendSigned(nil, tbs, &signature)
}

func (a *attestation) parse(t testing.TB) *AttestationCertificate {
	t.Helper()
	c, err := ParseAttestation(a.der())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func extensionDER(e Extension) string { return string(e.appendDER(nil)) }

func keyIDs(subject, authority *p256.PrivateKey) (string, string) {
	s, a := subject.PublicKey(), authority.PublicKey()
	ski, aki := KeyID(&s), KeyID(&a)
	return extensionDER(Extension{Kind: SubjectKeyID, KeyID: ski[:]}), extensionDER(Extension{Kind: AuthorityKeyID, KeyID: aki[:]})
}

// A maker is a device's chain with everything in order.
type maker struct{ paa, pai, dac attestation }

const (
	extBasic = iota
	extUsage
	extSubjectKey
	extAuthorityKey
)

func newMaker() *maker {
	paaKey, paiKey, dacKey := newKey("paa"), newKey("pai"), newKey("dac")
	authority := func(path bool) []string {
		return []string{
			extensionDER(Extension{Kind: BasicConstraints, IsCA: true, HasPathLength: path}),
			extensionDER(Extension{Kind: KeyUsage, KeyUsage: KeyCertSign | CRLSign}),
		}
	}
	m := &maker{}
	m.paa = attestation{
		subject: dn(commonName("PAA"), vendorID("FFF1")), notBefore: "20200101000000Z", notAfter: noEndText,
		key: paaKey, signer: paaKey, extensions: authority(false),
	}
	m.pai = attestation{
		subject: dn(commonName("PAI"), vendorID("FFF1")), notBefore: "20210101000000Z", notAfter: "20310101000000Z",
		key: paiKey, signer: paaKey, extensions: authority(true),
	}
	m.dac = attestation{
		subject: dn(commonName("DAC"), vendorID("FFF1"), productID("8000")), notBefore: "20220101000000Z", notAfter: "20280101000000Z",
		key: dacKey, signer: paiKey, extensions: []string{
			extensionDER(Extension{Kind: BasicConstraints}),
			extensionDER(Extension{Kind: KeyUsage, KeyUsage: DigitalSignature}),
		},
	}
	m.paa.issuer, m.pai.issuer, m.dac.issuer = m.paa.subject, m.paa.subject, m.pai.subject
	for _, v := range []struct{ a, above *attestation }{{&m.paa, &m.paa}, {&m.pai, &m.paa}, {&m.dac, &m.pai}} {
		ski, aki := keyIDs(v.a.key, v.above.key)
		v.a.extensions = append(v.a.extensions, ski, aki)
	}
	return m
}

func (m *maker) check(t testing.TB, now Time) Findings {
	t.Helper()
	paa, ok := m.paa.parse(t).PAA()
	if !ok {
		t.Fatal("the authority is not of its profile")
	}
	return CheckAttestation(m.dac.parse(t), m.pai.parse(t), &paa, now)
}

// seconds since 2000 of 2025-01-01.
const attestationNow = testBegin

func TestAttestationHolds(t *testing.T) {
	f := newMaker().check(t, attestationNow)
	if !slices.Equal(f, Findings{FindingRevocationUnchecked}) || f.Failed() || f.Worst() != SeverityNote {
		t.Errorf("got %v", f)
	}
	m := newMaker()
	m.paa.subject = dn(commonName("PAA of all vendors"))
	m.paa.issuer, m.pai.issuer = m.paa.subject, m.paa.subject
	m.pai.subject = dn(vendorID("FFF1"), productID("8000"))
	m.dac.issuer = m.pai.subject
	m.pai.extensions[extUsage] = extensionDER(Extension{Kind: KeyUsage, KeyUsage: KeyCertSign | CRLSign | DigitalSignature})
	m.dac.extensions = append(m.dac.extensions, string(foreign(false).DER), extensionDER(Extension{Kind: ExtendedKeyUsage, Purposes: []byte{3}}))
	if f := m.check(t, 0); !slices.Equal(f, Findings{FindingRevocationUnchecked}) {
		t.Errorf("what is allowed: got %v", f)
	}
}

func TestAttestationFindings(t *testing.T) {
	key := newKey("another")
	for _, v := range []struct {
		name   string
		change func(*maker)
		want   []Finding
	}{
		{"DACThatIsACA", func(m *maker) {
			m.dac.extensions[extBasic] = extensionDER(Extension{Kind: BasicConstraints, IsCA: true})
		}, []Finding{FindingDACProfile}},
		{"DACWithoutBasicConstraints", func(m *maker) { m.dac.extensions[extBasic] = "" }, []Finding{FindingDACProfile}},
		{"DACWithPathLength", func(m *maker) {
			m.dac.extensions[extBasic] = extensionDER(Extension{Kind: BasicConstraints, HasPathLength: true})
		}, []Finding{FindingDACProfile}},
		{"DACWithoutKeyUsage", func(m *maker) { m.dac.extensions[extUsage] = "" }, []Finding{FindingDACProfile}},
		{"DACThatMaySignCertificates", func(m *maker) {
			m.dac.extensions[extUsage] = extensionDER(Extension{Kind: KeyUsage, KeyUsage: DigitalSignature | KeyCertSign})
		}, []Finding{FindingDACProfile}},
		{"DACWithoutSubjectKeyID", func(m *maker) { m.dac.extensions[extSubjectKey] = "" }, []Finding{FindingDACProfile}},
		{"DACWithoutAuthorityKeyID", func(m *maker) { m.dac.extensions[extAuthorityKey] = "" }, []Finding{FindingDACProfile, FindingDACKeyID}},
		{"DACWithUnknownCriticalExtension", func(m *maker) {
			m.dac.extensions = append(m.dac.extensions, string(foreign(true).DER))
		}, []Finding{FindingDACCritical}},
		{"DACOfAnotherIssuer", func(m *maker) { m.dac.issuer = dn(commonName("another")) }, []Finding{FindingDACIssuer}},
		{"DACOfAnotherKeyID", func(m *maker) { _, m.dac.extensions[extAuthorityKey] = keyIDs(m.dac.key, key) }, []Finding{FindingDACKeyID}},
		{"DACSignedByAnother", func(m *maker) { m.dac.signer = key }, []Finding{FindingDACSignature}},
		{"DACWithoutVendor", func(m *maker) { m.dac.subject = dn(productID("8000")) }, []Finding{FindingDACVendor}},
		{"DACWithoutProduct", func(m *maker) { m.dac.subject = dn(vendorID("FFF1")) }, []Finding{FindingDACProduct}},
		{"DACWithoutEither", func(m *maker) { m.dac.subject = dn(commonName("DAC")) }, []Finding{FindingDACVendor, FindingDACProduct}},
		{"DACOfAnotherVendor", func(m *maker) { m.dac.subject = dn(vendorID("FFF2"), productID("8000")) }, []Finding{FindingVendorMismatch}},
		{"DACBeforeItsPAI", func(m *maker) { m.dac.notBefore = "20201231235959Z" }, []Finding{FindingPAIValidity}},
		{"DACAfterItsPAI", func(m *maker) { m.dac.notBefore = "20310101000001Z" }, []Finding{FindingPAIValidity, FindingDACNow}},
		{"DACExpiredNow", func(m *maker) { m.dac.notAfter = "20241231235959Z" }, []Finding{FindingDACNow}},
		{"DACNotYetValidNow", func(m *maker) { m.dac.notBefore = "20250101000001Z" }, []Finding{FindingDACNow}},

		{"PAIThatIsNoCA", func(m *maker) {
			m.pai.extensions[extBasic] = extensionDER(Extension{Kind: BasicConstraints})
		}, []Finding{FindingPAIProfile}},
		{"PAIWithoutPathLength", func(m *maker) {
			m.pai.extensions[extBasic] = extensionDER(Extension{Kind: BasicConstraints, IsCA: true})
		}, []Finding{FindingPAIProfile}},
		{"PAIPathLengthOne", func(m *maker) {
			m.pai.extensions[extBasic] = extensionDER(Extension{Kind: BasicConstraints, IsCA: true, HasPathLength: true, PathLength: 1})
		}, []Finding{FindingPAIProfile}},
		{"PAIWithoutKeyUsage", func(m *maker) { m.pai.extensions[extUsage] = "" }, []Finding{FindingPAIProfile}},
		{"PAIWithMoreUsages", func(m *maker) {
			m.pai.extensions[extUsage] = extensionDER(Extension{Kind: KeyUsage, KeyUsage: KeyCertSign | CRLSign | 1<<1})
		}, []Finding{FindingPAIProfile}},
		{"PAIWithoutSubjectKeyID", func(m *maker) { m.pai.extensions[extSubjectKey] = "" }, []Finding{FindingPAIProfile, FindingDACKeyID}},
		{"PAIWithoutAuthorityKeyID", func(m *maker) { m.pai.extensions[extAuthorityKey] = "" }, []Finding{FindingPAIProfile, FindingPAIKeyID}},
		{"PAIWithUnknownCriticalExtension", func(m *maker) {
			m.pai.extensions = append(m.pai.extensions, string(foreign(true).DER))
		}, []Finding{FindingPAICritical}},
		{"PAIOfAnotherIssuer", func(m *maker) { m.pai.issuer = dn(commonName("another")) }, []Finding{FindingPAIIssuer}},
		{"PAIOfAnotherKeyID", func(m *maker) { _, m.pai.extensions[extAuthorityKey] = keyIDs(m.pai.key, key) }, []Finding{FindingPAIKeyID}},
		{"PAISignedByAnother", func(m *maker) { m.pai.signer = key }, []Finding{FindingPAISignature}},
		{"PAIWithoutVendor", func(m *maker) {
			m.pai.subject = dn(commonName("PAI"))
			m.dac.issuer = m.pai.subject
		}, []Finding{FindingPAIVendor}},
		{"PAIOfAnotherProduct", func(m *maker) {
			m.pai.subject = dn(vendorID("FFF1"), productID("8001"))
			m.dac.issuer = m.pai.subject
		}, []Finding{FindingProductMismatch}},
		{"PAIExpiredNow", func(m *maker) { m.pai.notAfter = "20241231235959Z" }, []Finding{FindingPAINow}},

		{"PAAOfAnotherVendor", func(m *maker) {
			m.paa.subject = dn(vendorID("FFF2"))
			m.paa.issuer, m.pai.issuer = m.paa.subject, m.paa.subject
		}, []Finding{FindingAuthorityVendor}},
		{"PAANotValidThen", func(m *maker) { m.paa.notBefore = "20220101000001Z" }, []Finding{FindingPAAValidity}},
		{"PAAExpiredThen", func(m *maker) { m.paa.notAfter = "20211231235959Z" }, []Finding{FindingPAAValidity}},
	} {
		t.Run(v.name, func(t *testing.T) {
			m := newMaker()
			v.change(m)
			got := m.check(t, attestationNow)
			want := append(Findings(v.want), FindingRevocationUnchecked)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			for _, f := range v.want {
				if warning := f == FindingDACNow || f == FindingPAINow; (f.Severity() == SeverityWarning) != warning {
					t.Errorf("%v is of severity %d", f, f.Severity())
				}
			}
		})
	}
}

func TestAttestationWithoutAnAuthority(t *testing.T) {
	m := newMaker()
	f := CheckAttestation(m.dac.parse(t), m.pai.parse(t), nil, 0)
	if !slices.Equal(f, Findings{FindingAuthorityUnknown, FindingRevocationUnchecked}) || !f.Failed() || !f.Has(FindingAuthorityUnknown) {
		t.Errorf("got %v", f)
	}
	paa, _ := m.paa.parse(t).PAA()
	paa.Test = true
	f = CheckAttestation(m.dac.parse(t), m.pai.parse(t), &paa, 0)
	if !f.Has(FindingTestAuthority) || f.Failed() || f.Worst() != SeverityWarning {
		t.Errorf("got %v", f)
	}
}

func TestPAAProfile(t *testing.T) {
	for name, change := range map[string]func(*attestation){
		"not a CA": func(a *attestation) { a.extensions[extBasic] = extensionDER(Extension{Kind: BasicConstraints}) },
		"path length 0": func(a *attestation) {
			a.extensions[extBasic] = extensionDER(Extension{Kind: BasicConstraints, IsCA: true, HasPathLength: true})
		},
		"path length 2": func(a *attestation) {
			a.extensions[extBasic] = extensionDER(Extension{Kind: BasicConstraints, IsCA: true, HasPathLength: true, PathLength: 2})
		},
		"no key usage":         func(a *attestation) { a.extensions[extUsage] = "" },
		"no subject key ID":    func(a *attestation) { a.extensions[extSubjectKey] = "" },
		"other authority key":  func(a *attestation) { _, a.extensions[extAuthorityKey] = keyIDs(a.key, newKey("another")) },
		"a product":            func(a *attestation) { a.subject = dn(productID("8000")); a.issuer = a.subject },
		"another issuer":       func(a *attestation) { a.issuer = dn(commonName("another")) },
		"another signer":       func(a *attestation) { a.signer = newKey("another") },
		"an unknown criticial": func(a *attestation) { a.extensions = append(a.extensions, string(foreign(true).DER)) },
	} {
		a := newMaker().paa
		change(&a)
		if _, ok := a.parse(t).PAA(); ok {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, change := range map[string]func(*attestation){
		"path length 1": func(a *attestation) {
			a.extensions[extBasic] = extensionDER(Extension{Kind: BasicConstraints, IsCA: true, HasPathLength: true, PathLength: 1})
		},
		"no authority key ID": func(a *attestation) { a.extensions[extAuthorityKey] = "" },
	} {
		a := newMaker().paa
		change(&a)
		if p, ok := a.parse(t).PAA(); !ok || !p.HasVendorID || p.VendorID != 0xFFF1 || p.NotAfter != NoEnd || p.NotBefore != 631152000 {
			t.Errorf("%s: got %+v, %v", name, p, ok)
		}
	}
}

func TestVendorAndProductOfNames(t *testing.T) {
	type want struct {
		vendor, product       uint16
		hasVendor, hasProduct bool
	}
	for name, v := range map[string]struct {
		subject string
		want    want
	}{
		"both attributes":         {dn(vendorID("FFF1"), productID("00B1")), want{0xFFF1, 0x00B1, true, true}},
		"in one RDN":              {dn(string(appendDERString(nil, derSet, vendorID("FFF1")[2:]+productID("00B1")[2:]))), want{0xFFF1, 0x00B1, true, true}},
		"text":                    {dn(commonName("ACME Matter Devel DAC 5CDA9899 Mvid:FFF1 Mpid:00B1")), want{0xFFF1, 0x00B1, true, true}},
		"text, other order":       {dn(commonName("Mpid:00B1,ACME Matter Devel DAC 5CDA9899,Mvid:FFF1")), want{0xFFF1, 0x00B1, true, true}},
		"text, no separator":      {dn(commonName("ACME Mvid:FFF1Mpid:00B1")), want{0xFFF1, 0x00B1, true, true}},
		"text, more behind":       {dn(commonName("Mvid:FFF1ACME Matter Devel DAC 5CDAMpid:00B19899")), want{0xFFF1, 0x00B1, true, true}},
		"text, vendor alone":      {dn(commonName("Mvid:FFF1")), want{0xFFF1, 0, true, false}},
		"text, leftmost":          {dn(commonName("Mvid:FFF1 Mvid:FFF2")), want{0xFFF1, 0, true, false}},
		"text, leftmost good":     {dn(commonName("Mvid:fff1 Mvid:FFF2")), want{0xFFF2, 0, true, false}},
		"attributes before text":  {dn(commonName("Mvid:FFF2 Mpid:00B2"), vendorID("FFF1")), want{0xFFF1, 0, true, false}},
		"attributes, bad text":    {dn(commonName("Mvid:FF"), vendorID("FFF1")), want{0xFFF1, 0, true, false}},
		"text in PrintableString": {dn(rdn(oidX520+"\x03", derPrintable, "Mvid:FFF1")), want{0xFFF1, 0, true, false}},
		"vendor printable":        {dn(rdn(oidMatter+"\x02\x01", derPrintable, "FFF1")), want{0xFFF1, 0, true, false}},
		"neither":                 {dn(commonName("MVID:FFF1")), want{}},
		"nothing":                 {dn(), want{}},
	} {
		a := newMaker().dac
		a.subject = v.subject
		c, err := ParseAttestation(a.der())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := (want{c.VendorID, c.ProductID, c.HasVendorID, c.HasProductID}); got != v.want {
			t.Errorf("%s: got %+v, want %+v", name, got, v.want)
		}
	}
	for name, subject := range map[string]string{
		"text of three digits":  dn(commonName("ACME Mvid:FF1 Mpid:00B1")),
		"text in lower case":    dn(commonName("ACME Mvid:fff1 Mpid:00B1")),
		"text cut short":        dn(commonName("ACME Mvid:FFF1 Mpid:00B")),
		"in a second name":      dn(commonName("Mvid:"), commonName("ACME")),
		"vendor in lower case":  dn(vendorID("fff1")),
		"vendor of five digits": dn(vendorID("0FFF1")),
		"vendor of IA5":         dn(rdn(oidMatter+"\x02\x01", derIA5, "FFF1")),
		"vendor twice":          dn(vendorID("FFF1"), vendorID("FFF1")),
		"product twice":         dn(productID("0001"), productID("0002")),
		"not a set":             string(appendDERString(nil, derSequence, "\x05\x00")),
		"empty set":             string(appendDERString(nil, derSequence, "\x31\x00")),
	} {
		a := newMaker().dac
		a.subject = subject
		_, err := ParseAttestation(a.der())
		wantParse(t, name, err, "subject")
		a = newMaker().dac
		a.issuer = subject
		_, err = ParseAttestation(a.der())
		wantParse(t, name, err, "issuer")
	}
}

func TestAttestationExtensionsRefused(t *testing.T) {
	for name, change := range map[string]func(a *attestation){
		"one twice": func(a *attestation) { a.extensions = append(a.extensions, a.extensions[extUsage]) },
		"malformed": func(a *attestation) { a.extensions = append(a.extensions, "\x30\x02\x05\x00") },
		"basic constraints": func(a *attestation) {
			a.extensions[extBasic] = strings.Replace(a.extensions[extBasic], "\x30\x00", "\x05\x00", 1)
		},
		"key usage": func(a *attestation) {
			a.extensions[extUsage] = strings.Replace(a.extensions[extUsage], "\x03\x02\x07", "\x03\x02\x00", 1)
		},
		"subject key ID": func(a *attestation) {
			a.extensions[extSubjectKey] = strings.Replace(a.extensions[extSubjectKey], "\x04\x14", "\x05\x14", 1)
		},
		"authority key ID": func(a *attestation) {
			a.extensions[extAuthorityKey] = strings.Replace(a.extensions[extAuthorityKey], "\x80\x14", "\x81\x14", 1)
		},
		"extended key usage": func(a *attestation) {
			a.extensions = append(a.extensions, extensionDER(Extension{Kind: ExtendedKeyUsage, Purposes: []byte{1}})[:15])
		},
	} {
		a := newMaker().dac
		change(&a)
		_, err := ParseAttestation(a.der())
		wantParse(t, name, err, "extensions")
	}
}

func TestAuthorityKeyIDWithMore(t *testing.T) {
	a := newMaker().dac
	public := newMaker().pai.key.PublicKey()
	id := KeyID(&public)
	inner := append(appendDER(nil, derContext, id[:]), "\x82\x01\x05"...)
	value := appendDER(nil, derSequence, inner)
	body := append([]byte("\x06\x03\x55\x1d\x23"), appendDER(nil, derOctetString, value)...)
	a.extensions[extAuthorityKey] = string(appendDER(nil, derSequence, body))
	if got := a.parse(t).AuthorityKeyID; !bytes.Equal(got, id[:]) {
		t.Errorf("got %x, want %x", got, id)
	}
}

func TestAttestationTruncated(t *testing.T) {
	m := newMaker()
	b := m.dac.der()
	var e *ParseError
	for n := range b {
		if _, err := ParseAttestation(b[:n]); !errors.As(err, &e) {
			t.Errorf("%d of %d octets: got %v, want a ParseError", n, len(b), err)
		}
	}
	_, err := ParseAttestation(append(b, 0))
	wantParse(t, "with an octet appended", err, "certificate")
}

func TestDeviceSignsMessages(t *testing.T) {
	m := newMaker()
	dac := m.dac.parse(t)
	message := []byte("elements and challenge")
	signature, _ := m.dac.key.Sign(nil, message)
	if !dac.VerifyMessage(message, signature[:]) {
		t.Error("its own signature is refused")
	}
	if dac.VerifyMessage(append(message, 0), signature[:]) || dac.VerifyMessage(message, signature[:63]) {
		t.Error("another message or signature is accepted")
	}
}

func TestFindingTexts(t *testing.T) {
	texts := map[string]bool{}
	for f := Finding(1); f < findingEnd; f++ {
		if f.String() == "" || texts[f.String()] || f.Severity() == 0 {
			t.Errorf("finding %d: %q, severity %d", f, f, f.Severity())
		}
		texts[f.String()] = true
	}
	if f := findingEnd; f.Severity() != 0 || f.String() != "unknown finding" || Finding(0).String() != "unknown finding" {
		t.Error("what is no finding")
	}
	if (Findings{}).Worst() != 0 || (Findings{}).Failed() || (Findings{FindingDACNow}).Has(FindingPAINow) {
		t.Error("no findings")
	}
}

func TestOperationalCertificateIsReadAsAttestation(t *testing.T) {
	_, ders := specification(t)
	c, err := ParseAttestation(ders["rcac"])
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(c.SubjectKeyID); got != "13af81ab37374b2ed2a9649b12b7a3a4287e151d" {
		t.Errorf("got %s", got)
	}
	if p, ok := c.PAA(); !ok || p.HasVendorID {
		t.Errorf("a self-signed root is not of an authority's form: %+v", p)
	}
}
