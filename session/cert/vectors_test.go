package cert

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"os"
	"testing"
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

func TestSpecificationCertificatesBothWays(t *testing.T) {
	var file struct{ Values map[string]string }
	readJSON(t, "spec_certs.json", &file)
	chain := map[string]*Certificate{}
	for _, name := range []string{"rcac", "icac", "noc"} {
		block, _ := pem.Decode([]byte(file.Values[name+"PEM"]))
		want := unhex(t, file.Values[name+"TLVHex"])
		c, err := ParseTLV(want)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := c.AppendDER(nil); !bytes.Equal(got, block.Bytes) {
			t.Errorf("%s: TLV to DER: got %x, want %x", name, got, block.Bytes)
		}
		d, err := ParseDER(block.Bytes)
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
	if err := VerifyChain(chain["noc"], chain["icac"], chain["rcac"], 0); err != nil {
		t.Error(err)
	}
}

func TestMatterJSDump(t *testing.T) {
	var file struct {
		Values []struct{ Test, Name, Hex string }
	}
	readJSON(t, "certs_matterjs.json", &file)
	for i, v := range file.Values {
		b := unhex(t, v.Hex)
		var c *Certificate
		var err error
		if b[0] == 0x15 {
			c, err = ParseTLV(b)
		} else {
			c, err = ParseDER(b)
		}
		t.Log(i, v.Test, v.Name, len(b), err)
		if c != nil {
			t.Log("   ", c.Subject, " <- ", c.Issuer)
		}
	}
}
