package commission

import (
	"crypto/x509"
	"slices"
	"testing"

	"github.com/matter-session/matter-session/session/cert"
)

// evidence returns what a device of m answers, all in order.
func evidence(t testing.TB, m *maker) Evidence {
	t.Helper()
	d := newDevice(t, m)
	e := Evidence{
		DAC: m.dac, PAI: m.pai, Nonce: [32]byte{9}, Challenge: d.challenge, VendorID: m.vendor, ProductID: m.product,
		Roots: m, Signers: m.signers,
	}
	e.Signed = signedBy(t, d, d.attestationElements(e.Nonce[:]))
	return e
}

func signedBy(t testing.TB, d *fakeDevice, elements []byte) SignedElements {
	t.Helper()
	s, err := ParseSignedElements(d.answerSigned(elements).Fields)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestVerdictOfACertifiedProduct(t *testing.T) {
	lamp(t)
	m := testMaker
	v := Verify(evidence(t, m))
	if v.Class != Certified || v.VendorID != 0x1234 || v.ProductID != 0x8000 || v.CertificateID != "ZIG20141ZB330001-24" ||
		v.Authority != m.paa.KeyID || v.deviceKey != public(m.dacKey) {
		t.Errorf("%+v", v)
	}
	if len(v.Findings) != 1 || v.Findings[0].ID != "revocation-unchecked" || v.Findings[0].Sentence != "Whether the certificates were revoked was not checked." {
		t.Errorf("findings: %+v", v.Findings)
	}
}

// TestVerdicts reaches the findings, and holds each to the class that it makes.
func TestVerdicts(t *testing.T) {
	lamp(t)
	m := testMaker
	other := newMaker(t, 0x1234, 0x8000)
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, e *Evidence)
		class Class
		finds []string
	}{
		{"nonce", func(_ *testing.T, e *Evidence) { e.Nonce[0]++ }, Invalid, []string{"nonce"}},
		{"challenge of another session", func(_ *testing.T, e *Evidence) { e.Challenge[0]++ }, Invalid, []string{"signature"}},
		{"signature", func(_ *testing.T, e *Evidence) { e.Signed.Signature[40]++ }, Invalid, []string{"signature"}},
		{"another device's certificate", func(_ *testing.T, e *Evidence) { e.DAC = other.dac }, Invalid, []string{"signature", "dac-key-id", "dac-signature"}},
		{"no certificate", func(_ *testing.T, e *Evidence) { e.DAC = nil }, Invalid, []string{"dac-unreadable", "signature"}},
		{"no intermediate", func(_ *testing.T, e *Evidence) { e.PAI = nil }, Invalid, []string{"pai-unreadable"}},
		{"the device's certificate as the intermediate", func(_ *testing.T, e *Evidence) { e.PAI = e.DAC }, Invalid, []string{"pai-profile"}},
		{"elements", func(t *testing.T, e *Evidence) { e.Signed = signedBy(t, newDevice(t, m), []byte{0x15, 0x18}) }, Invalid, []string{"elements-unreadable"}},
		{"no declaration", func(t *testing.T, e *Evidence) {
			w := newMessage(nil)
			w.Bytes(ctx(1), nil)
			w.Bytes(ctx(2), e.Nonce[:])
			w.Uint(ctx(3), 0)
			w.End()
			e.Signed = signedBy(t, newDevice(t, m), w.Octets())
		}, Invalid, []string{"declaration-unreadable"}},
		{"declaration by a key with a known name", func(_ *testing.T, e *Evidence) {
			e.Signers = func(id [20]byte) (cert.DeclarationSigner, bool) {
				return cert.DeclarationSigner{PublicKey: public(other.signerKey)}, true
			}
		}, Invalid, []string{"declaration-signature"}},
		{"declaration by a test key, of an official product", func(_ *testing.T, e *Evidence) {
			e.Signers = func(id [20]byte) (cert.DeclarationSigner, bool) {
				return cert.DeclarationSigner{PublicKey: public(m.signerKey), Test: true}, true
			}
		}, Invalid, []string{"declaration-test", "declaration-test-official"}},
		{"declaration by a key that nobody knows", func(_ *testing.T, e *Evidence) { e.Signers = nil }, Unlisted, []string{"declaration-signer"}},
		{"declaration by a key that is not in the list", func(_ *testing.T, e *Evidence) { e.Signers = other.signers }, Unlisted, []string{"declaration-signer"}},
		{"another vendor", func(_ *testing.T, e *Evidence) { e.VendorID = 1 }, Unlisted, []string{"declaration-vendor"}},
		{"another product", func(_ *testing.T, e *Evidence) { e.ProductID = 1 }, Unlisted, []string{"declaration-product"}},
		{"unknown root", func(_ *testing.T, e *Evidence) { e.Roots = other }, Unlisted, []string{"authority-unknown"}},
		{"no list", func(_ *testing.T, e *Evidence) { e.Roots = nil }, Unlisted, []string{"authority-unknown"}},
		{"test root", func(_ *testing.T, e *Evidence) { e.Roots, e.TestRoots = other, m }, Test, []string{"authority-test"}},
		{"unknown beside test roots", func(_ *testing.T, e *Evidence) { e.Roots, e.TestRoots = other, other }, Unlisted, []string{"authority-unknown"}},
		{"expired by now", func(_ *testing.T, e *Evidence) { e.Now = 3_000_000_000 }, Certified, []string{"dac-expired", "pai-expired"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := evidence(t, m)
			c.spoil(t, &e)
			v := Verify(e)
			if v.Class != c.class {
				t.Errorf("class %s, want %s: %+v", v.Class, c.class, v.Findings)
			}
			for _, id := range c.finds {
				if !slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.ID == id }) {
					t.Errorf("%s is not found: %+v", id, v.Findings)
				}
			}
			for _, f := range v.Findings {
				if f.Class < v.Class || f.ID == "" || f.Sentence[len(f.Sentence)-1] != '.' {
					t.Errorf("%+v", f)
				}
			}
			if !slices.IsSortedFunc(v.Findings, func(a, b Finding) int { return int(a.Class) - int(b.Class) }) {
				t.Errorf("the worst is not first: %+v", v.Findings)
			}
		})
	}
}

func TestVerdictOfATestVendor(t *testing.T) {
	m := newMaker(t, 0xFFF2, 0x8000)
	v := Verify(evidence(t, m))
	if v.Class != Test || v.Findings[0].ID != "test-vendor" {
		t.Errorf("%s: %+v", v.Class, v.Findings)
	}
	m.declaration.Type = cert.DeclarationProvisional
	e := evidence(t, m)
	if v := Verify(e); !slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.ID == "declaration-not-official" }) {
		t.Errorf("provisional: %+v", v.Findings)
	}
}

func TestVerdictOfAForgedChain(t *testing.T) {
	m, forger := newMaker(t, 0x1234, 0x8000), newMaker(t, 0x1234, 0x8000)
	// An intermediate that names the true root, signed by another.
	rootX := &x509.Certificate{Subject: attestationName("PAA", 0, 0), SubjectKeyId: m.paa.KeyID[:]}
	m.pai = certify(t, attestationName("PAI", 0x1234, 0), m.paiKey, true, 0, rootX, forger.paaKey)
	v := Verify(evidence(t, m))
	if v.Class != Invalid || v.Findings[0].ID != "pai-signature" {
		t.Errorf("%s: %+v", v.Class, v.Findings)
	}
}

// Every finding of package cert has a public name of its own, and what is an
// error there is not certified here.
func TestEveryFindingHasAName(t *testing.T) {
	names := map[string]bool{}
	for f := cert.Finding(1); f.Severity() != 0; f++ {
		known, ok := certFindings[f]
		if !ok || known.id == "" || names[known.id] {
			t.Errorf("finding %d (%s): %+v", f, f, known)
		}
		names[known.id] = true
		if f.Severity() == cert.SeverityError && known.class == Certified {
			t.Errorf("%s is an error, and yet certified", known.id)
		}
	}
	if len(names) != len(certFindings) {
		t.Errorf("%d names for %d findings", len(certFindings), len(names))
	}
	for class, want := range map[Class]string{Invalid: "invalid", Test: "test", Unlisted: "unlisted", Certified: "certified", 9: "invalid"} {
		if class.String() != want {
			t.Errorf("%d: %s", class, class)
		}
	}
}

// FuzzVerify feeds a verdict octets of anybody's. Nothing but the device's own
// answer is anything but invalid.
func FuzzVerify(f *testing.F) {
	lamp(f)
	good := evidence(f, testMaker)
	f.Add(good.Signed.Elements, good.DAC, good.PAI)
	f.Add([]byte{0x15, 0x18}, []byte{0x30}, []byte{})
	f.Fuzz(func(t *testing.T, elements, dac, pai []byte) {
		e := good
		e.Signed.Elements, e.DAC, e.PAI = elements, dac, pai
		same := slices.Equal(elements, good.Signed.Elements) && slices.Equal(dac, good.DAC) && slices.Equal(pai, good.PAI)
		v := Verify(e)
		if same != (v.Class == Certified) {
			t.Errorf("%s: %+v", v.Class, v.Findings)
		}
		if len(v.Findings) == 0 || v.Findings[0].Class != v.Class {
			t.Errorf("the worst finding does not make the class: %+v", v)
		}
	})
}
