package cert

import (
	"crypto/sha256"
	"testing"

	"github.com/matter-session/matter-session/session/internal/p256"
)

// newKey makes a private key of a word, the same in every run.
func newKey(word string) *p256.PrivateKey {
	seed := sha256.Sum256([]byte(word))
	k, err := p256.NewPrivateKey(seed[:])
	if err != nil {
		panic(err)
	}
	return k
}

func signWith(k *p256.PrivateKey) func([]byte) ([64]byte, error) {
	return func(b []byte) ([64]byte, error) { return k.Sign(nil, b) }
}

// The times of the test chains: a year from 2025-01-01.
const (
	testBegin = 789004800
	testEnd   = testBegin + 365*86400
	testNow   = testBegin + 86400
)

// A forge is a chain of three and the keys to change it with.
type forge struct {
	root, icac, noc          *Certificate
	rootKey, icacKey, nocKey *p256.PrivateKey
}

func newForge(t testing.TB) *forge {
	t.Helper()
	f := &forge{rootKey: newKey("root"), icacKey: newKey("icac"), nocKey: newKey("noc")}
	issue := func(role Role, name Name, key *p256.PrivateKey, issuer *Certificate, by *p256.PrivateKey) *Certificate {
		c, err := Issue(Template{
			Role: role, Serial: []byte{byte(role), 1, 2, 3}, Subject: name,
			NotBefore: testBegin, NotAfter: testEnd, PublicKey: key.PublicKey(), Issuer: issuer,
		}, signWith(by))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	f.root = issue(RoleRoot, RootName(0xA, 0xFAB), f.rootKey, nil, f.rootKey)
	f.icac = issue(RoleICAC, ICACName(0xB, 0xFAB), f.icacKey, f.root, f.rootKey)
	f.noc = issue(RoleNode, NodeName(0xC, 0xFAB, 0x00010002), f.nocKey, f.icac, f.icacKey)
	return f
}

// sign makes the signatures of a changed chain fit again.
func (f *forge) sign() {
	f.root.Signature, _ = f.rootKey.Sign(nil, f.root.AppendTBS(nil))
	f.icac.Signature, _ = f.rootKey.Sign(nil, f.icac.AppendTBS(nil))
	f.noc.Signature, _ = f.icacKey.Sign(nil, f.noc.AppendTBS(nil))
}

// direct makes the root the node's issuer.
func (f *forge) direct() {
	f.noc.Issuer = f.root.Subject
	f.noc.find(AuthorityKeyID).KeyID = f.root.SubjectKeyID()
	f.noc.Signature, _ = f.rootKey.Sign(nil, f.noc.AppendTBS(nil))
}

// remove drops the extensions of a kind.
func (c *Certificate) remove(kind ExtensionKind) {
	var kept []Extension
	for _, e := range c.Extensions {
		if e.Kind != kind {
			kept = append(kept, e)
		}
	}
	c.Extensions = kept
}
