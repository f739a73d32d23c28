package cert

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session/tlv"
)

func newDeclaration() Declaration {
	return Declaration{
		FormatVersion: 1, VendorID: 0xFFF1, ProductIDs: []uint16{0x8000, 0x8001}, DeviceType: 0x16,
		CertificateID: "ZIG20142ZB330003-24", SecurityLevel: 1, SecurityInformation: 2, VersionNumber: 3, Type: DeclarationOfficial,
	}
}

func signed(t testing.TB, d Declaration) *SignedDeclaration {
	t.Helper()
	k := newKey("csa")
	public := k.PublicKey()
	s, err := SignDeclaration(d, KeyID(&public), signWith(k))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDeclarationBothWays(t *testing.T) {
	all := newDeclaration()
	all.HasOrigin, all.OriginVendorID, all.OriginProductID = true, 0xFFF2, 0x9000
	all.Authorities = [][KeyIDSize]byte{{1}, {2}}
	large := newDeclaration()
	large.ProductIDs = make([]uint16, maxDeclarationProducts)
	for i := range large.ProductIDs {
		large.ProductIDs[i] = uint16(i) << 8
	}
	for name, d := range map[string]Declaration{"plain": newDeclaration(), "with everything": all, "of a hundred products": large} {
		s := signed(t, d)
		b := s.AppendCMS([]byte{0xAA})[1:]
		got, err := ParseSignedDeclaration(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(got, s) {
			t.Errorf("%s: got %+v, want %+v", name, got, s)
		}
		public := newKey("csa").PublicKey()
		other := newKey("other").PublicKey()
		if !got.Verify(&public) || got.Verify(&other) {
			t.Errorf("%s: signature", name)
		}
		got.Content[5] ^= 1
		if got.Verify(&public) {
			t.Errorf("%s: changed content verifies", name)
		}
		if got := b[:len(b):len(b)]; !bytes.Equal(s.AppendCMS(nil), got) {
			t.Errorf("%s: got %x", name, got)
		}
	}
}

func TestDeclarationTruncated(t *testing.T) {
	b := signed(t, newDeclaration()).AppendCMS(nil)
	for n := range b {
		_, err := ParseSignedDeclaration(b[:n])
		wantParse(t, "cut", err, "CMS")
	}
	_, err := ParseSignedDeclaration(append(b[:len(b):len(b)], 0))
	wantParse(t, "appended", err, "CMS")
	var e *SizeError
	if _, err := ParseSignedDeclaration(make([]byte, MaxDeclarationSize+1)); !errors.As(err, &e) {
		t.Errorf("got %v, want a SizeError", err)
	}
	content := newDeclaration()
	full := content.AppendTLV(nil)
	for n := range full {
		if _, err := parseDeclaration(full[:n]); !errors.Is(err, tlv.ErrTruncated) {
			t.Errorf("%d of %d octets: got %v, want ErrTruncated", n, len(full), err)
		}
	}
}

func TestDeclarationCMSRefused(t *testing.T) {
	s := signed(t, newDeclaration())
	b := s.AppendCMS(nil)
	signature := appendSignatureValue(nil, &s.Signature)
	for name, v := range map[string]struct{ old, new string }{
		"another content type":     {"\x06\x09" + oidSignedData, "\x06\x09" + oidData},
		"another inner type":       {"\x06\x09" + oidData, "\x06\x09" + oidSignedData},
		"no content":               {string(appendDER(nil, derOctetString, s.Content)), ""},
		"signature cut":            {string(appendDER(nil, derOctetString, signature)), string(appendDER(nil, derOctetString, signature[:len(signature)-1]))},
		"signed attributes":        {string(appendDER(nil, derContext, s.KeyID[:])), string(appendDER(nil, derContext, s.KeyID[:])) + "\xa0\x00"},
		"key ID of 19 octets":      {string(appendDER(nil, derContext, s.KeyID[:])), string(appendDER(nil, derContext, s.KeyID[:19]))},
		"key ID of 21 octets":      {string(appendDER(nil, derContext, s.KeyID[:])), string(appendDER(nil, derContext, append(s.KeyID[:], 0)))},
		"another signature scheme": {derSignatureAlgorithm, "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"},
		"certificates":             {"\x31\x0d" + derDigestAlgorithm, "\x31\x0d" + derDigestAlgorithm + "\xa0\x00"},
		"another digest":           {"\x31\x0d" + derDigestAlgorithm, "\x31\x0b\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00"},
		"no digests":               {"\x31\x0d" + derDigestAlgorithm, "\x31\x00"},
	} {
		_, err := ParseSignedDeclaration(replaceOnce(t, b, v.old, v.new))
		wantParse(t, name, err, "CMS")
	}
	at := strings.Index(string(b), derDigestAlgorithm)
	if _, err := ParseSignedDeclaration(replaceIn(t, b, at, derDigestAlgorithm, derDigestAlgorithmNull)); err != nil {
		t.Errorf("a digest with its NULL: %v", err)
	}
	// Two signers.
	signer := b[bytes.LastIndex(b, []byte("\x02\x01\x03\x80\x14"))-2:]
	_, err := ParseSignedDeclaration(replaceOnce(t, b, string(signer), string(signer)+string(signer)))
	wantParse(t, "two signers", err, "CMS")
}

func TestDeclarationContentRefused(t *testing.T) {
	for name, change := range map[string]func(*Declaration){
		"no products":           func(d *Declaration) { d.ProductIDs = nil },
		"101 products":          func(d *Declaration) { d.ProductIDs = make([]uint16, 101) },
		"11 authorities":        func(d *Declaration) { d.Authorities = make([][KeyIDSize]byte, 11) },
		"certificate ID of 18":  func(d *Declaration) { d.CertificateID = d.CertificateID[1:] },
		"certificate ID of 20":  func(d *Declaration) { d.CertificateID += "x" },
		"certificate ID broken": func(d *Declaration) { d.CertificateID = "\xFF" + d.CertificateID[1:] },
	} {
		d := newDeclaration()
		change(&d)
		if _, err := ParseSignedDeclaration(signed(t, d).AppendCMS(nil)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	d := newDeclaration()
	d.HasOrigin = true
	copyWithout := func(without int) []byte {
		r := tlv.NewReader(d.AppendTLV(nil))
		w := tlv.NewWriter(nil)
		w.Struct(tlv.Anonymous)
		r.Next()
		r.Enter(tlv.Struct)
		for r.Next() {
			if n, _ := r.Tag().ContextNumber(); int(n) != without {
				w.Raw(r.Tag(), r.Raw())
			}
		}
		w.End()
		return w.Octets()
	}
	for n := range 11 {
		if _, err := parseDeclaration(copyWithout(n)); err == nil {
			t.Errorf("accepted without member %d", n)
		}
	}
	if _, err := parseDeclaration(copyWithout(99)); err != nil {
		t.Error(err)
	}
	w := tlv.NewWriter(nil)
	w.Raw(tlv.Context(1), d.AppendTLV(nil))
	_, err := parseDeclaration(w.Octets())
	wantParse(t, "tagged", err, "structure with a tag")
}

func TestDeclarationAgainstTheDevice(t *testing.T) {
	dac := &AttestationCertificate{VendorID: 0xFFF1, HasVendorID: true, ProductID: 0x8000, HasProductID: true}
	pai := &AttestationCertificate{VendorID: 0xFFF1, HasVendorID: true, AuthorityKeyID: bytes.Repeat([]byte{7}, KeyIDSize)}
	good := Device{VendorID: 0xFFF1, ProductID: 0x8000, DAC: dac, PAI: pai}
	with := func(c *AttestationCertificate, change func(*AttestationCertificate)) *AttestationCertificate {
		n := *c
		change(&n)
		return &n
	}
	for _, v := range []struct {
		name   string
		change func(*Declaration, *Device)
		want   []Finding
	}{
		{"Fits", func(*Declaration, *Device) {}, nil},
		{"FormatTwo", func(d *Declaration, _ *Device) { d.FormatVersion = 2 }, []Finding{FindingDeclarationFormat}},
		{"TypeThree", func(d *Declaration, _ *Device) { d.Type = 3 }, []Finding{FindingDeclarationType}},
		{"Provisional", func(d *Declaration, _ *Device) { d.Type = DeclarationProvisional }, []Finding{FindingDeclarationNotOfficial}},
		{"Test", func(d *Declaration, _ *Device) { d.Type = DeclarationTest }, []Finding{FindingDeclarationNotOfficial}},
		{"DeviceOfAnotherVendor", func(_ *Declaration, v *Device) { v.VendorID = 1 }, []Finding{FindingDeclarationVendor}},
		{"DeviceOfAnotherProduct", func(_ *Declaration, v *Device) { v.ProductID = 1 }, []Finding{FindingDeclarationProduct}},
		{"DACOfAnotherVendor", func(_ *Declaration, v *Device) {
			v.DAC = with(dac, func(c *AttestationCertificate) { c.VendorID = 1 })
		}, []Finding{FindingDeclarationDACVendor}},
		{"DACOfNoVendor", func(_ *Declaration, v *Device) {
			v.DAC = with(dac, func(c *AttestationCertificate) { c.HasVendorID = false })
		}, []Finding{FindingDeclarationDACVendor}},
		{"DACOfAnotherProduct", func(_ *Declaration, v *Device) {
			v.DAC = with(dac, func(c *AttestationCertificate) { c.ProductID = 1 })
		}, []Finding{FindingDeclarationDACProduct}},
		{"DACOfNoProduct", func(_ *Declaration, v *Device) {
			v.DAC = with(dac, func(c *AttestationCertificate) { c.HasProductID = false })
		}, []Finding{FindingDeclarationDACProduct}},
		{"PAIOfAnotherVendor", func(_ *Declaration, v *Device) {
			v.PAI = with(pai, func(c *AttestationCertificate) { c.VendorID = 1 })
		}, []Finding{FindingDeclarationPAIVendor}},
		{"PAIOfNoVendor", func(_ *Declaration, v *Device) {
			v.PAI = with(pai, func(c *AttestationCertificate) { c.HasVendorID = false })
		}, []Finding{FindingDeclarationPAIVendor}},
		{"PAIOfThisProduct", func(_ *Declaration, v *Device) {
			v.PAI = with(pai, func(c *AttestationCertificate) { c.HasProductID, c.ProductID = true, 0x8001 })
		}, nil},
		{"PAIOfAnotherProduct", func(_ *Declaration, v *Device) {
			v.PAI = with(pai, func(c *AttestationCertificate) { c.HasProductID, c.ProductID = true, 1 })
		}, []Finding{FindingDeclarationPAIProduct}},
		{"AuthorityAllowed", func(d *Declaration, _ *Device) {
			d.Authorities = [][KeyIDSize]byte{{1}, [KeyIDSize]byte(pai.AuthorityKeyID)}
		}, nil},
		{"AuthorityNotAllowed", func(d *Declaration, _ *Device) { d.Authorities = [][KeyIDSize]byte{{1}} }, []Finding{FindingDeclarationAuthority}},
		{"OriginFits", func(d *Declaration, _ *Device) {
			d.HasOrigin, d.OriginVendorID, d.OriginProductID = true, 0xFFF1, 0x8000
			d.ProductIDs = []uint16{0x8000}
		}, nil},
		{"OriginOfOthers", func(d *Declaration, _ *Device) {
			d.HasOrigin, d.OriginVendorID, d.OriginProductID = true, 0xFFF2, 0x9000
		}, []Finding{FindingDeclarationDACVendor, FindingDeclarationDACProduct, FindingDeclarationPAIVendor}},
		{"OriginInsteadOfTheVendor", func(d *Declaration, v *Device) {
			d.HasOrigin, d.OriginVendorID, d.OriginProductID = true, 0xFFF1, 0x8000
			d.VendorID, d.ProductIDs = 0xABC, []uint16{0xDEF}
			v.VendorID, v.ProductID = 0xABC, 0xDEF
		}, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			d, device := newDeclaration(), good
			v.change(&d, &device)
			var got Findings
			d.check(&got, device)
			if !slices.Equal(got, Findings(v.want)) {
				t.Errorf("got %v, want %v", got, v.want)
			}
			// The signer is none that is known, and nothing is verified by it.
			all := signed(t, d).Check(device)
			if want := append(Findings{FindingDeclarationSigner}, v.want...); !slices.Equal(all, want) {
				t.Errorf("got %v, want %v", all, want)
			}
		})
	}
}

func TestDeclarationSigners(t *testing.T) {
	tests := 0
	for _, s := range declarationSigners {
		signer, ok := LookupDeclarationSigner([KeyIDSize]byte([]byte(s.keyID)))
		if !ok || signer.Name != s.name || signer.Test != s.test {
			t.Errorf("%s: got %+v, %v", s.name, signer, ok)
		}
		if got := sha1.Sum(signer.PublicKey[:]); string(got[:]) != s.keyID {
			t.Errorf("%s: the SHA-1 of the key is %x, want %x", s.name, got, s.keyID)
		}
		if signer.Test {
			tests++
		}
	}
	if len(declarationSigners) != 6 || tests != 1 {
		t.Errorf("got %d keys, %d for tests", len(declarationSigners), tests)
	}
	if _, ok := LookupDeclarationSigner([KeyIDSize]byte{}); ok {
		t.Error("a key of no name")
	}
}

// The test key's private half is public, but not here: a declaration in its
// name whose signature does not hold has the same findings and one more.
func TestDeclarationInTheTestKeysName(t *testing.T) {
	test := [KeyIDSize]byte(unhex(t, "62fa823359acfaa9963e1cfa140addf504f37160"))
	device := Device{VendorID: 0xFFF1, ProductID: 0x8000,
		DAC: &AttestationCertificate{VendorID: 0xFFF1, HasVendorID: true, ProductID: 0x8000, HasProductID: true},
		PAI: &AttestationCertificate{VendorID: 0xFFF1, HasVendorID: true}}
	d := newDeclaration()
	s, err := SignDeclaration(d, test, signWith(newKey("csa")))
	if err != nil {
		t.Fatal(err)
	}
	want := Findings{FindingDeclarationSignature, FindingDeclarationTestSigner, FindingDeclarationTestOfficial}
	if got := s.Check(device); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	d.Type = DeclarationTest
	s, _ = SignDeclaration(d, test, signWith(newKey("csa")))
	want = Findings{FindingDeclarationSignature, FindingDeclarationTestSigner, FindingDeclarationNotOfficial}
	if got := s.Check(device); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
