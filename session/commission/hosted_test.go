package commission

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/internal/p256"
	"github.com/matter-session/matter-session/session/tlv"
)

// sameRand gives the same octet for ever, so that whoever draws a number of some
// size draws the same, whatever was drawn before.
type sameRand byte

func (r sameRand) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(r)
	}
	return len(b), nil
}

// finish signs what is pending with key and has it finished.
func finish(t testing.TB, p PreparedCertificate, err error, key *p256.PrivateKey, rand io.Reader, root []byte) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := key.Sign(rand, p.TBS)
	if err != nil {
		t.Fatal(err)
	}
	b, err := FinishCertificate(p.Pending, signature, root)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// For the same inputs an authority and a host that signs get the same root and
// the same nodes' certificates.
func TestHostedCertificatesAreAnAuthoritys(t *testing.T) {
	const rand = sameRand(0x11)
	for _, utc := range []session.EpochSeconds{0, 1, daySeconds, 800_000_000} {
		a, err := NewAuthority(AuthorityConfig{Rand: rand, UTC: utc, AdminVendorID: 0xFFF1, CATs: []session.CAT{0x0001_0002}})
		if err != nil {
			t.Fatal(err)
		}
		p, err := PrepareRoot(rand, utc, a.root.key.PublicKey())
		root := finish(t, p, err, a.root.key, rand, nil)
		if want := a.root.certificate.AppendTLV(nil); !bytes.Equal(root, want) {
			t.Errorf("at %d the root is\n%x, want\n%x", utc, root, want)
		}
		p, err = PrepareNOC(rand, utc, root, a.key.PublicKey(), a.FabricID(), a.AdminNode(), 0x0001_0002)
		if noc := finish(t, p, err, a.root.key, rand, root); !bytes.Equal(noc, a.noc) {
			t.Errorf("at %d the NOC is\n%x, want\n%x", utc, noc, a.noc)
		}
	}
}

// A fabric without a root key here: its members are members to each other.
func TestHostedFabric(t *testing.T) {
	rand := testRand{}
	key := func() *p256.PrivateKey {
		k, err := p256.GenerateKey(rand)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	rootKey, own, device := key(), key(), key()
	p, err := PrepareRoot(rand, 800_000_000, rootKey.PublicKey())
	root := finish(t, p, err, rootKey, rand, nil)
	p, err = PrepareNOC(rand, 800_000_000, root, own.PublicKey(), 0xFAB, 1)
	noc := finish(t, p, err, rootKey, rand, root)
	f, err := session.NewFabric(session.FabricConfig{Root: root, NOC: noc, EpochKeys: [][16]byte{{1}}, UTC: 800_000_000})
	if err != nil {
		t.Fatal(err)
	}
	if f.ID() != 0xFAB || f.NodeID() != 1 {
		t.Errorf("fabric %x, node %x", f.ID(), f.NodeID())
	}
	// The clock was set back for a year in between: a node cannot be older than its root.
	p, err = PrepareNOC(rand, 800_000_000-365*daySeconds, root, device.PublicKey(), 0xFAB, 2)
	issued, err := cert.ParseTLV(finish(t, p, err, rootKey, rand, root))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := cert.ParseTLV(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := cert.VerifyChain(issued, nil, parsed, 800_000_000); err != nil {
		t.Error(err)
	}
	again, err := PrepareNOC(rand, 800_000_000, root, device.PublicKey(), 0xFAB, 2)
	if err != nil || bytes.Equal(again.TBS, p.TBS) {
		t.Errorf("%v; or the serial number is the same again", err)
	}
}

func TestPrepareRefuses(t *testing.T) {
	a := newTestAuthority(t, true)
	key, root := a.key.PublicKey(), a.root.certificate.AppendTLV(nil)
	off := key
	off[64] ^= 1
	forged := bytes.Clone(root)
	forged[len(forged)-2] ^= 1 // in the signature
	for name, prepare := range map[string]func() (PreparedCertificate, error){
		"a root without randomness":     func() (PreparedCertificate, error) { return PrepareRoot(noRand{}, 0, key) },
		"a root without enough of it":   func() (PreparedCertificate, error) { return PrepareRoot(&someRand{8}, 0, key) },
		"a root's key that is no point": func() (PreparedCertificate, error) { return PrepareRoot(testRand{}, 0, off) },
		"a node without randomness":     func() (PreparedCertificate, error) { return PrepareNOC(noRand{}, 0, root, key, 1, 1) },
		"a node's key that is no point": func() (PreparedCertificate, error) { return PrepareNOC(testRand{}, 0, root, off, 1, 1) },
		"node 0":                        func() (PreparedCertificate, error) { return PrepareNOC(testRand{}, 0, root, key, 1, 0) },
		"a group's ID": func() (PreparedCertificate, error) {
			return PrepareNOC(testRand{}, 0, root, key, 1, 0xFFFF_FFFF_FFFF_0001)
		},
		"fabric 0":                        func() (PreparedCertificate, error) { return PrepareNOC(testRand{}, 0, root, key, 0, 1) },
		"no root":                         func() (PreparedCertificate, error) { return PrepareNOC(testRand{}, 0, nil, key, 1, 1) },
		"a root that did not sign itself": func() (PreparedCertificate, error) { return PrepareNOC(testRand{}, 0, forged, key, 1, 1) },
		"an intermediate in the root's place": func() (PreparedCertificate, error) {
			return PrepareNOC(testRand{}, 0, a.sub.certificate.AppendTLV(nil), key, 1, 1)
		},
		"a node in the root's place": func() (PreparedCertificate, error) { return PrepareNOC(testRand{}, 0, a.noc, key, 1, 1) },
		"more tags than a certificate may have": func() (PreparedCertificate, error) {
			return PrepareNOC(testRand{}, 0, root, key, 1, 1, 0x1_0001, 0x2_0001, 0x3_0001, 0x4_0001)
		},
	} {
		if p, err := prepare(); err == nil || p.TBS != nil || p.Pending != nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestFinishCertificateRefuses(t *testing.T) {
	rand := testRand{}
	a := newTestAuthority(t, false)
	other := newTestAuthority(t, false)
	root := a.root.certificate.AppendTLV(nil)
	p, err := PrepareNOC(rand, 0, root, a.key.PublicKey(), 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	right, err := a.root.key.Sign(rand, p.TBS)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.root.key.Sign(rand, p.TBS)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := FinishCertificate(p.Pending, right, root)
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(name string, pending []byte, signature [64]byte, root []byte) {
		t.Helper()
		if b, err := FinishCertificate(pending, signature, root); err == nil || b != nil {
			t.Errorf("%s: no error", name)
		}
	}
	refuse("another key's signature", p.Pending, foreign, root)
	refuse("no signature", p.Pending, [64]byte{}, root)
	refuse("another root", p.Pending, right, other.root.certificate.AppendTLV(nil))
	refuse("no root: it would be one itself", p.Pending, right, nil)
	refuse("a node in the root's place", p.Pending, right, signed)
	refuse("what is signed in place of what is pending", p.TBS, right, root)
	for i := range right {
		wrong := right
		wrong[i] ^= 0x80
		refuse("a changed signature", p.Pending, wrong, root)
	}
	for n := range p.Pending {
		_, err := FinishCertificate(p.Pending[:n], right, root)
		if !errors.Is(err, tlv.ErrTruncated) {
			t.Fatalf("%d of %d octets: %v", n, len(p.Pending), err)
		}
		// A changed octet either is noticed or changes nothing: the signature that is pending is none.
		changed := bytes.Clone(p.Pending)
		changed[n] ^= 1
		if b, err := FinishCertificate(changed, right, root); err == nil && !bytes.Equal(b, signed) {
			t.Fatalf("octet %d changed: %x", n, b)
		}
	}
	// A root is finished as a root only.
	if p, err = PrepareRoot(rand, 0, a.root.key.PublicKey()); err != nil {
		t.Fatal(err)
	}
	if right, err = a.root.key.Sign(rand, p.TBS); err != nil {
		t.Fatal(err)
	}
	refuse("a root under a root", p.Pending, right, root)
	if _, err := FinishCertificate(p.Pending, right, nil); err != nil {
		t.Error(err)
	}
}
