package commission

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/cert"
)

func newTestAuthority(t testing.TB, intermediate bool) *Authority {
	t.Helper()
	a, err := NewAuthority(AuthorityConfig{
		Rand: testRand{}, UTC: 800_000_000, AdminVendorID: 0xFFF1, Label: "Home", Intermediate: intermediate, CATs: []session.CAT{0x0001_0002},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAuthorityMakesAFabric(t *testing.T) {
	for _, intermediate := range []bool{false, true} {
		a := newTestAuthority(t, intermediate)
		f, err := session.NewFabric(a.FabricConfig())
		if err != nil {
			t.Fatal(err)
		}
		if f.ID() == 0 || f.ID() != a.FabricID() || f.NodeID() != a.AdminNode() || !f.NodeID().IsOperational() || len(f.CATs()) != 1 || f.Label() != a.Label() {
			t.Errorf("%+v", f)
		}
		if got := len(a.FabricConfig().ICAC) > 0; got != intermediate {
			t.Errorf("intermediate: %v", got)
		}
		access := a.Access(f)
		if access.IPK != EpochKey(a.FabricConfig().EpochKeys[0]) || access.AdminVendorID != 0xFFF1 || access.Label != "Home" || access.Authority != a {
			t.Error("access differs from the authority")
		}
	}
}

// TestIssuedChainByTheStandardLibrary has another implementation judge what was
// issued, from its DER form.
func TestIssuedChainByTheStandardLibrary(t *testing.T) {
	for _, intermediate := range []bool{false, true} {
		a := newTestAuthority(t, intermediate)
		device := newTestAuthority(t, false).key.PublicKey()
		own, err := a.Issue(testRand{}, 800_000_000, device, 42)
		if err != nil {
			t.Fatal(err)
		}
		noc, err := cert.ParseTLV(own.NOC)
		if err != nil {
			t.Fatal(err)
		}
		parse := func(c *cert.Certificate) *x509.Certificate {
			x, err := x509.ParseCertificate(c.AppendDER(nil))
			if err != nil {
				t.Fatal(err)
			}
			x.UnhandledCriticalExtensions = nil
			return x
		}
		roots, middle := x509.NewCertPool(), x509.NewCertPool()
		roots.AddCert(parse(a.root.certificate))
		if a.sub != nil {
			middle.AddCert(parse(a.sub.certificate))
		}
		now := time.Date(2000, 1, 1, 0, 0, 800_000_000, 0, time.UTC)
		for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} {
			if _, err := parse(noc).Verify(x509.VerifyOptions{Roots: roots, Intermediates: middle, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
				t.Errorf("intermediate %v, usage %d: %v", intermediate, usage, err)
			}
		}
	}
}

func TestAuthorityStored(t *testing.T) {
	for _, intermediate := range []bool{false, true} {
		a := newTestAuthority(t, intermediate)
		b := a.AppendTLV(nil)
		again, err := ParseAuthority(b)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.AppendTLV(nil), b) {
			t.Error("it is not what was stored")
		}
		own, err := again.Issue(testRand{}, 0, a.key.PublicKey(), 7)
		if err != nil {
			t.Fatal(err)
		}
		noc, err := cert.ParseTLV(own.NOC)
		if err != nil {
			t.Fatal(err)
		}
		icac := (*cert.Certificate)(nil)
		if intermediate {
			icac = a.sub.certificate
		}
		if err := cert.VerifyChain(noc, icac, a.root.certificate, 0); err != nil {
			t.Error(err)
		}
		for n := range b {
			if _, err := ParseAuthority(b[:n]); err == nil {
				t.Fatalf("%d of %d octets are an authority", n, len(b))
			}
		}
		if _, err := ParseAuthority(append(bytes.Clone(b), 0)); err == nil {
			t.Error("a trailing octet is accepted")
		}
	}
}

func TestStoredAuthorityIsChecked(t *testing.T) {
	a, b := newTestAuthority(t, true), newTestAuthority(t, true)
	for name, spoil := range map[string]func(x *Authority){
		"root key":      func(x *Authority) { x.root.key = b.root.key },
		"root":          func(x *Authority) { x.root = b.root },
		"sub key":       func(x *Authority) { x.sub = &issuer{b.sub.key, a.sub.certificate} },
		"sub":           func(x *Authority) { x.sub = b.sub },
		"key":           func(x *Authority) { x.key = b.key },
		"NOC":           func(x *Authority) { x.noc = b.noc },
		"fabric":        func(x *Authority) { x.fabric++ },
		"node":          func(x *Authority) { x.node++ },
		"no root":       func(x *Authority) { x.root.certificate = a.sub.certificate },
		"NOC as a root": func(x *Authority) { x.noc = []byte{0x15, 0x18} },
	} {
		x := *a
		spoil(&x)
		if _, err := ParseAuthority(x.AppendTLV(nil)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	// A key without its certificate, and a later format.
	stored := a.AppendTLV(nil)
	later := bytes.Clone(stored)
	later[3] = storedFormat + 1
	if _, err := ParseAuthority(later); err == nil {
		t.Error("a later format is accepted")
	}
	i := bytes.Index(stored, []byte{0x30, storedSubKey, 32})
	if i < 0 {
		t.Fatal("no sub key")
	}
	without := append(bytes.Clone(stored[:i]), stored[i+35:]...)
	if _, err := ParseAuthority(without); err == nil {
		t.Error("a certificate without its key is accepted")
	}
	zero := bytes.Clone(stored)
	clear(zero[i+3 : i+35])
	if _, err := ParseAuthority(zero); err == nil {
		t.Error("a key of zero is accepted")
	}
}

func TestNewAuthorityRefuses(t *testing.T) {
	good := AuthorityConfig{Rand: testRand{}, AdminVendorID: 1}
	for name, spoil := range map[string]func(*AuthorityConfig){
		"rand":       func(c *AuthorityConfig) { c.Rand = nil },
		"no entropy": func(c *AuthorityConfig) { c.Rand = noRand{} },
		"vendor":     func(c *AuthorityConfig) { c.AdminVendorID = 0 },
		"not text":   func(c *AuthorityConfig) { c.Label = "\xFF" },
		"label":      func(c *AuthorityConfig) { c.Label = "a label of thirty-three octets...." },
		"node":       func(c *AuthorityConfig) { c.AdminNode = 0xFFFF_FFFF_FFFF_FFFF },
		"CATs":       func(c *AuthorityConfig) { c.CATs = []session.CAT{1, 2, 3, 4} },
	} {
		c := good
		spoil(&c)
		if a, err := NewAuthority(c); err == nil || a != nil {
			t.Errorf("%s: no error", name)
		}
	}
	// Randomness that ends at any point.
	for n := 0; ; n++ {
		c := good
		c.Intermediate, c.Rand = true, &someRand{n}
		if _, err := NewAuthority(c); err == nil {
			if n < 100 {
				t.Errorf("%d octets of randomness are enough", n)
			}
			break
		}
	}
}

// someRand has so many octets of randomness.
type someRand struct{ left int }

func (r *someRand) Read(b []byte) (int, error) {
	if r.left < len(b) {
		return 0, errGone
	}
	r.left -= len(b)
	return testRand{}.Read(b)
}

func TestAuthorityIsASecret(t *testing.T) {
	a := newTestAuthority(t, true)
	for _, v := range []any{a, a.ipk, Passcode(20202021)} {
		if s := fmt.Sprintf("%v %+v %#v %s", v, v, v, v); s != "[redacted] [redacted] [redacted] [redacted]" {
			t.Error(s)
		}
	}
	a.Clear()
	if a.ipk != (EpochKey{}) || a.root.key.Bytes() != [32]byte{} || a.sub.key.Bytes() != [32]byte{} || a.key.Bytes() != [32]byte{} {
		t.Error("keys are left")
	}
}

func FuzzParseAuthority(f *testing.F) {
	f.Add(newTestAuthority(f, true).AppendTLV(nil))
	f.Add(newTestAuthority(f, false).AppendTLV(nil))
	f.Add([]byte{0x15, 0x18})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseAuthority(b)
		if err != nil {
			return
		}
		again, err := ParseAuthority(a.AppendTLV(nil))
		if err != nil || !bytes.Equal(again.AppendTLV(nil), a.AppendTLV(nil)) {
			t.Errorf("it is not stable: %v", err)
		}
	})
}
