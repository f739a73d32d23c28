package cert

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"testing"
)

// attestationVectors are certificates, declarations and a request that other
// implementations made.
func attestationVectors(t testing.TB) map[string][]byte {
	t.Helper()
	var file struct{ Values map[string]string }
	readJSON(t, "attestation.json", &file)
	values := map[string][]byte{}
	for name, v := range file.Values {
		values[name] = unhex(t, v)
	}
	if len(values) != 14 {
		t.Fatalf("got %d values, want 14", len(values))
	}
	return values
}

// testPAA are the two test authorities, by key ID, of the list beside package
// trust.
func testPAA(t *testing.T, values map[string][]byte, keyID []byte) *PAA {
	t.Helper()
	c, err := ParseAttestation(values["chip_paa_no_vendor"])
	if err != nil {
		t.Fatal(err)
	}
	p, ok := c.PAA()
	if !ok {
		t.Fatal("the test authority is not of its profile")
	}
	p.Test = true
	p.SHA256 = sha256.Sum256(values["chip_paa_no_vendor"])
	if string(keyID) == string(p.KeyID[:]) {
		return &p
	}
	if got := hex.EncodeToString(keyID); got != "6afd22771f511fecbf1641976710dcdc31a1717e" {
		t.Fatalf("no authority %s", got)
	}
	return &PAA{
		Subject:     unhex(t, "30303118301606035504030c0f4d617474657220546573742050414131143012060a2b0601040182a27c02010c0446464631"),
		VendorID:    0xFFF1,
		HasVendorID: true,
		KeyID:       [KeyIDSize]byte(keyID),
		PublicKey:   [65]byte(unhex(t, testPAAPublicKey)),
		NotAfter:    NoEnd,
		Test:        true,
	}
}

const testPAAPublicKey = "04b6cb6372887f2928f5bac81aa9d93ae2431cada9d79e242f65177ef9ced932a28ecd03baaf6a8fca184a1a503542960d453f303f1f19421d751e8f8f1a9a9b75"

func TestAttestationOfOthersHolds(t *testing.T) {
	values := attestationVectors(t)
	for _, v := range []struct {
		dac, pai        string
		vendor, product uint16
	}{
		{"chip_dac_fff1_8000", "chip_pai_fff1_8000", 0xFFF1, 0x8000},
		{"chip_dac_fff1_8000_cdp", "chip_pai_fff1_8000", 0xFFF1, 0x8000},
		{"chip_dac_fff2_8003_in_text", "chip_pai_fff2_in_text", 0xFFF2, 0x8003},
		{"matterjs_dac", "matterjs_pai", 0xFFF1, 0x8000},
	} {
		dac, err := ParseAttestation(values[v.dac])
		if err != nil {
			t.Errorf("%s: %v", v.dac, err)
			continue
		}
		pai, err := ParseAttestation(values[v.pai])
		if err != nil {
			t.Errorf("%s: %v", v.pai, err)
			continue
		}
		if dac.VendorID != v.vendor || dac.ProductID != v.product || pai.VendorID != v.vendor {
			t.Errorf("%s: vendor %04X, product %04X, the intermediate's vendor %04X", v.dac, dac.VendorID, dac.ProductID, pai.VendorID)
		}
		paa := testPAA(t, values, pai.AuthorityKeyID)
		got := CheckAttestation(dac, pai, paa, Time(dac.NotBefore)+1)
		if want := (Findings{FindingTestAuthority, FindingRevocationUnchecked}); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", v.dac, got, want)
		}
		// The other maker's chain is not this one's.
		paa.PublicKey = dac.PublicKey
		if got := CheckAttestation(dac, pai, paa, 0); !got.Has(FindingPAISignature) {
			t.Errorf("%s: got %v", v.dac, got)
		}
		reference, err := x509.ParseCertificate(values[v.dac])
		if err != nil {
			t.Fatal(err)
		}
		if reference.NotBefore.Unix()-946684800 != dac.NotBefore || string(reference.RawSubject) != string(dac.Subject) ||
			string(reference.SubjectKeyId) != string(dac.SubjectKeyID) || string(reference.RawTBSCertificate) != string(dac.tbs) {
			t.Errorf("%s: not read as another implementation reads it", v.dac)
		}
	}
}

func TestDeclarationsOfOthersHold(t *testing.T) {
	values := attestationVectors(t)
	fff1 := &AttestationCertificate{VendorID: 0xFFF1, HasVendorID: true, ProductID: 0x8000, HasProductID: true}
	for _, v := range []struct {
		name            string
		vendor, product uint16
		id              string
		typ             DeclarationType
	}{
		{"chip_declaration_01", 0xFFF1, 0x8000, "ZIG20141ZB330001-24", DeclarationTest},
		{"chip_declaration_02_origin", 0xFFF2, 0x8002, "ZIG20142ZB330002-24", DeclarationTest},
		{"matterjs_declaration", 0xFFF1, 0x8000, "CSA00000SWC00000-00", DeclarationTest},
		{"matterjs_provisionalDeclaration", 0xFFF1, 0x8000, "CSA00000SWC00000-00", DeclarationProvisional},
	} {
		b := values[v.name]
		s, err := ParseSignedDeclaration(b)
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if s.CertificateID != v.id || s.Type != v.typ {
			t.Errorf("%s: got %+v", v.name, s.Declaration)
		}
		got := s.Check(Device{VendorID: v.vendor, ProductID: v.product, DAC: fff1, PAI: fff1})
		if want := (Findings{FindingDeclarationTestSigner, FindingDeclarationNotOfficial}); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", v.name, got, want)
		}
		if got := s.Declaration.AppendTLV(nil); string(got) != string(s.Content) {
			t.Errorf("%s: content: got %x, want %x", v.name, got, s.Content)
		}
		if got := s.AppendCMS(nil); string(got) != string(b) {
			t.Errorf("%s: CMS: got %x, want %x", v.name, got, b)
		}
		s.Signature[9] ^= 1
		if got := s.Check(Device{VendorID: v.vendor, ProductID: v.product, DAC: fff1, PAI: fff1}); !got.Has(FindingDeclarationSignature) {
			t.Errorf("%s: a changed signature: got %v", v.name, got)
		}
	}
}

func TestCSROfOthers(t *testing.T) {
	values := attestationVectors(t)
	got, err := ParseCSR(values["matterjs_csr"])
	if err != nil || string(got[:]) != string(values["matterjs_csrPublicKey"]) {
		t.Errorf("got %x, %v", got, err)
	}
}
