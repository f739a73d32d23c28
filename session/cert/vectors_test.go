package cert

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"testing"

	"github.com/matter-session/matter-session/session/tlv"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// specification returns the three certificates of the specification, by name,
// as TLV and as DER.
func specification(t testing.TB) (tlvs, ders map[string][]byte) {
	t.Helper()
	var file struct{ Values map[string]string }
	readJSON(t, "spec_certs.json", &file)
	tlvs, ders = map[string][]byte{}, map[string][]byte{}
	for _, name := range []string{"rcac", "icac", "noc"} {
		block, _ := pem.Decode([]byte(file.Values[name+"PEM"]))
		if block == nil {
			t.Fatalf("no PEM of %s", name)
		}
		ders[name] = block.Bytes
		tlvs[name] = unhex(t, file.Values[name+"TLVHex"])
	}
	return tlvs, ders
}

// matterJS returns the certificates in TLV and the TBSCertificates that
// matter.js tests with.
func matterJS(t testing.TB) (tlvs, tbs [][]byte) {
	t.Helper()
	var file struct{ Values []struct{ Hex string } }
	readJSON(t, "certs_matterjs.json", &file)
	for _, v := range file.Values {
		switch b := unhex(t, v.Hex); {
		case b[0] == 0x15:
			tlvs = append(tlvs, b)
		case b[0] == 0x30 && len(b) > 200:
			tbs = append(tbs, b)
		}
	}
	return tlvs, tbs
}

func TestSpecificationCertificatesBothWays(t *testing.T) {
	tlvs, ders := specification(t)
	chain := map[string]*Certificate{}
	for name, want := range tlvs {
		c, err := ParseTLV(want)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := c.AppendDER(nil); !bytes.Equal(got, ders[name]) {
			t.Errorf("%s: TLV to DER: got %x, want %x", name, got, ders[name])
		}
		d, err := ParseDER(ders[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := d.AppendTLV(nil); !bytes.Equal(got, want) {
			t.Errorf("%s: DER to TLV: got %x, want %x", name, got, want)
		}
		chain[name] = c
	}
	if err := VerifyRoot(chain["rcac"], 0); err != nil {
		t.Error(err)
	}
	// Valid from 2020-10-15 14:23:43 to 2040-10-15 14:23:42.
	for _, at := range []Time{0, 656087023, 656087024, 1287238222} {
		err := VerifyChain(chain["noc"], chain["icac"], chain["rcac"], at)
		if at == 656087023-1 != (err != nil) {
			t.Errorf("at %d: %v", at, err)
		}
	}
	noc := chain["noc"]
	if id, ok := noc.NodeID(); !ok || id != 0xDEDEDEDE00010001 {
		t.Errorf("node %x", id)
	}
	if id, ok := noc.FabricID(); !ok || id != 0xFAB000000000001D {
		t.Errorf("fabric %x", id)
	}
	if noc.IsCA() || !chain["icac"].IsCA() || len(noc.CATs()) != 0 {
		t.Error("roles")
	}
}

func TestMatterJSCertificatesBothWays(t *testing.T) {
	tlvs, wantTBS := matterJS(t)
	if len(tlvs) != 27 || len(wantTBS) != 10 {
		t.Fatalf("got %d certificates and %d TBSCertificates", len(tlvs), len(wantTBS))
	}
	built := map[string]bool{}
	for i, b := range tlvs {
		c, err := ParseTLV(b)
		if err != nil {
			t.Errorf("%d: %v", i, err)
			continue
		}
		built[string(c.AppendTBS(nil))] = true
		if got := c.AppendTLV(nil); !bytes.Equal(got, b) {
			t.Errorf("%d: TLV to TLV: got %x, want %x", i, got, b)
		}
		d, err := ParseDER(c.AppendDER(nil))
		if err != nil {
			t.Errorf("%d: %v", i, err)
			continue
		}
		if got := d.AppendTLV(nil); !bytes.Equal(got, b) {
			t.Errorf("%d: TLV to DER to TLV: got %x, want %x", i, got, b)
		}
	}
	foreign := 0
	for i, b := range wantTBS {
		if !built[string(b)] {
			foreign++ // the certificate of this one is not in the file
		}
		c, err := ParseDER(appendSigned(nil, b, &[64]byte{31: 1, 63: 1}))
		if err != nil {
			t.Errorf("TBSCertificate %d: %v", i, err)
			continue
		}
		if c, err = ParseTLV(c.AppendTLV(nil)); err != nil || !bytes.Equal(c.AppendTBS(nil), b) {
			t.Errorf("TBSCertificate %d by way of TLV: %v", i, err)
		}
	}
	if foreign != 1 {
		t.Errorf("%d TBSCertificates come of no certificate, want 1", foreign)
	}
}

// Roots, intermediates and nodes of several makers, from the field: each node's
// chain is found by names and key identifiers, and holds.
func TestMatterJSChainsHold(t *testing.T) {
	tlvs, _ := matterJS(t)
	var all []*Certificate
	for _, b := range tlvs {
		c, err := ParseTLV(b)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	issuerOf := func(c *Certificate) *Certificate {
		for _, o := range all {
			if o.IsCA() && c.namesIssuer(o) && c.VerifySignature(o) == nil {
				return o
			}
		}
		return nil
	}
	chains := 0
	for _, c := range all {
		if _, isNode := c.NodeID(); !isNode {
			continue
		}
		issuer := issuerOf(c)
		if issuer == nil {
			continue
		}
		root, icac := issuer, (*Certificate)(nil)
		if _, ok := issuer.Subject.Number(ICACID); ok {
			if root, icac = issuerOf(issuer), issuer; root == nil {
				continue
			}
		}
		if err := VerifyRoot(root, 0); err != nil {
			t.Errorf("%v: %v", root.Subject, err)
		}
		if err := VerifyChain(c, icac, root, c.NotBefore+1); err != nil {
			t.Errorf("%v: %v", c.Subject, err)
		}
		chains++
	}
	t.Logf("%d chains", chains)
	if chains < 8 {
		t.Errorf("got %d chains, want at least 8", chains)
	}
}

func TestTruncatedTLV(t *testing.T) {
	tlvs, _ := specification(t)
	for name, b := range tlvs {
		for n := range b {
			if _, err := ParseTLV(b[:n]); !errors.Is(err, tlv.ErrTruncated) {
				t.Errorf("%s: %d of %d octets: got %v, want ErrTruncated", name, n, len(b), err)
			}
		}
		if _, err := ParseTLV(append(b[:len(b):len(b)], 0x18)); err == nil {
			t.Errorf("%s: accepted with an octet appended", name)
		}
	}
}

func TestTruncatedDER(t *testing.T) {
	_, ders := specification(t)
	var e *ParseError
	for name, b := range ders {
		for n := range b {
			if _, err := ParseDER(b[:n]); !errors.As(err, &e) {
				t.Errorf("%s: %d of %d octets: got %v, want a ParseError", name, n, len(b), err)
			}
		}
		if _, err := ParseDER(append(b[:len(b):len(b)], 0)); !errors.As(err, &e) {
			t.Errorf("%s: with an octet appended: got %v, want a ParseError", name, err)
		}
	}
}
