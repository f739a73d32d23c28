package cert

import (
	"bytes"
	"errors"
	"testing"

	"github.com/matter-session/matter-session/session/internal/p256"
)

// Both ways make the same certificate, octet for octet, of one template and one
// signature; the prepared one also comes through its TLV.
func TestFinishMakesWhatIssueMakes(t *testing.T) {
	f := newForge(t)
	root := Template{Role: RoleRoot, Serial: []byte{7, 1}, Subject: RootName(5, 0), NotBefore: testBegin, PublicKey: f.rootKey.PublicKey()}
	intermediate := Template{Role: RoleICAC, Serial: []byte{7, 2}, Subject: ICACName(6, 0), NotBefore: testBegin, NotAfter: testEnd, PublicKey: f.icacKey.PublicKey(), Issuer: f.root}
	node := f.template()
	node.Subject = NodeName(1, 0xFAB, 0x10001, 0x20001)
	for name, v := range map[string]struct {
		template Template
		key      *p256.PrivateKey
	}{"root": {root, f.rootKey}, "intermediate": {intermediate, f.rootKey}, "node": {node, f.icacKey}} {
		want, err := Issue(v.template, signWith(v.key))
		if err != nil {
			t.Fatal(name, err)
		}
		prepared, err := Prepare(v.template)
		if err != nil {
			t.Fatal(name, err)
		}
		if prepared.Signature != [64]byte{} {
			t.Error(name, "is signed before it was")
		}
		pending := prepared.AppendTLV(nil)
		signature, err := v.key.Sign(nil, prepared.AppendTBS(nil))
		if err != nil {
			t.Fatal(name, err)
		}
		if prepared, err = ParseTLV(pending); err != nil {
			t.Fatal(name, err)
		}
		got, err := Finish(v.template.Role, prepared, signature, v.template.Issuer)
		if err != nil {
			t.Fatal(name, err)
		}
		if !bytes.Equal(got.AppendTLV(nil), want.AppendTLV(nil)) || !bytes.Equal(got.AppendDER(nil), want.AppendDER(nil)) {
			t.Errorf("%s:\n got %x\nwant %x", name, got.AppendTLV(nil), want.AppendTLV(nil))
		}
		if !bytes.Equal(prepared.AppendTLV(nil), pending) {
			t.Error(name, "was changed")
		}
	}
}

// Root and node of the specification's examples are of the form that is issued
// here: finished with their own signatures they are as they were. Its
// intermediate, which has no path length, is not.
func TestFinishOfTheSpecificationsCertificates(t *testing.T) {
	tlvs, _ := specification(t)
	chain := map[string]*Certificate{}
	for name, b := range tlvs {
		c, err := ParseTLV(b)
		if err != nil {
			t.Fatal(name, err)
		}
		chain[name] = c
	}
	for _, v := range []struct {
		name   string
		role   Role
		issuer *Certificate
	}{{"rcac", RoleRoot, nil}, {"noc", RoleNode, chain["icac"]}} {
		c := chain[v.name]
		got, err := Finish(v.role, c, c.Signature, v.issuer)
		if err != nil || !bytes.Equal(got.AppendTLV(nil), tlvs[v.name]) {
			t.Errorf("%s: %v", v.name, err)
		}
		for i := range c.Signature {
			wrong := c.Signature
			wrong[i] ^= 1
			_, err := Finish(v.role, c, wrong, v.issuer)
			wantChain(t, v.name+" with another signature", err, v.role, ReasonSignature)
		}
	}
	var template *TemplateError
	if _, err := Finish(RoleICAC, chain["icac"], chain["icac"].Signature, chain["rcac"]); !errors.As(err, &template) {
		t.Errorf("an intermediate without a path length: %v", err)
	}
}

func TestFinishRefuses(t *testing.T) {
	f := newForge(t)
	foreign := newForge(t)
	foreign.rootKey = newKey("another root")
	foreign.root.PublicKey = foreign.rootKey.PublicKey()
	node := f.template()
	for name, v := range map[string]struct {
		change func(c *Certificate)
		role   Role
		issuer *Certificate
		by     *p256.PrivateKey
	}{
		"SignedByAnotherKey":       {func(*Certificate) {}, RoleNode, f.icac, f.nocKey},
		"SignedByTheRoot":          {func(*Certificate) {}, RoleNode, f.icac, f.rootKey},
		"AnotherIssuer":            {func(*Certificate) {}, RoleNode, f.root, f.icacKey},
		"IssuerThatIsNoCA":         {func(*Certificate) {}, RoleNode, f.noc, f.icacKey},
		"ANodeAsARoot":             {func(*Certificate) {}, RoleRoot, nil, f.icacKey},
		"ANodeAsAnIntermediate":    {func(*Certificate) {}, RoleICAC, f.root, f.icacKey},
		"MoreUsages":               {func(c *Certificate) { c.find(KeyUsage).KeyUsage |= 1 << 1 }, RoleNode, f.icac, f.icacKey},
		"MarkedAsACA":              {func(c *Certificate) { c.find(BasicConstraints).IsCA = true }, RoleNode, f.icac, f.icacKey},
		"KeyIDOfAnother":           {func(c *Certificate) { c.find(SubjectKeyID).KeyID = make([]byte, KeyIDSize) }, RoleNode, f.icac, f.icacKey},
		"IssuerKeyIDOfAnother":     {func(c *Certificate) { c.find(AuthorityKeyID).KeyID = make([]byte, KeyIDSize) }, RoleNode, f.icac, f.icacKey},
		"IssuerNameOfAnother":      {func(c *Certificate) { c.Issuer = RootName(1, 2) }, RoleNode, f.icac, f.icacKey},
		"WithoutExtendedKeyUsage":  {func(c *Certificate) { c.remove(ExtendedKeyUsage) }, RoleNode, f.icac, f.icacKey},
		"SubjectOfAnotherFabric":   {func(c *Certificate) { c.Subject = NodeName(1, 0xFAC) }, RoleNode, f.icac, f.icacKey},
		"BeginsBeforeItsIssuer":    {func(c *Certificate) { c.NotBefore = testBegin - 1 }, RoleNode, f.icac, f.icacKey},
		"EndsAfterItsIssuer":       {func(c *Certificate) { c.NotAfter = testEnd + 1 }, RoleNode, f.icac, f.icacKey},
		"SerialZero":               {func(c *Certificate) { c.Serial = []byte{0} }, RoleNode, f.icac, f.icacKey},
		"PublicKeyOffCurve":        {func(c *Certificate) { c.PublicKey[64] ^= 1 }, RoleNode, f.icac, f.icacKey},
		"PublicKeyNotItsKeyIDs":    {func(c *Certificate) { c.PublicKey = f.rootKey.PublicKey() }, RoleNode, f.icac, f.icacKey},
		"SubjectChangedAfterwards": {nil, RoleNode, f.icac, f.icacKey},
	} {
		c, err := Prepare(node)
		if err != nil {
			t.Fatal(err)
		}
		if v.change != nil {
			v.change(c)
		}
		signature, err := v.by.Sign(nil, c.AppendTBS(nil))
		if err != nil {
			t.Fatal(err)
		}
		if v.change == nil {
			c.Subject = NodeName(2, 0xFAB)
		}
		got, err := Finish(v.role, c, signature, v.issuer)
		var template *TemplateError
		var chain *ChainError
		if got != nil || !errors.As(err, &template) && !errors.As(err, &chain) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzFinish gives whatever is in the place of what was prepared, signed by the
// root all the same: what comes out is a node's certificate that the root's chain
// holds, of the form that Issue makes, or nothing does.
func FuzzFinish(f *testing.F) {
	forge := newForge(f)
	template := forge.template()
	template.Issuer = forge.root
	prepared, err := Prepare(template)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(prepared.AppendTLV(nil))
	f.Add(forge.root.AppendTLV(nil))
	f.Add(forge.icac.AppendTLV(nil))
	f.Add(forge.noc.AppendTLV(nil))
	tlvs, _ := specification(f)
	for _, b := range tlvs {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		pending, err := ParseTLV(b)
		if err != nil {
			return
		}
		signature, err := forge.rootKey.Sign(nil, pending.AppendTBS(nil))
		if err != nil {
			t.Fatal(err)
		}
		c, err := Finish(RoleNode, pending, signature, forge.root)
		if err != nil {
			return
		}
		if err := VerifyChain(c, nil, forge.root, 0); err != nil {
			t.Errorf("%x: %v", b, err)
		}
		again, err := ParseTLV(c.AppendTLV(nil))
		if err != nil || again.IsCA() || !bytes.Equal(again.AppendTBS(nil), pending.AppendTBS(nil)) {
			t.Errorf("%x became %x: %v", b, c.AppendTLV(nil), err)
		}
	})
}
