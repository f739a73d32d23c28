package cert

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// The authorities of products that are on the market are the issuers in those
// products' certificates: what their names say must be understood. One of them
// writes its vendor as a PrintableString.
func TestNamesOfAuthoritiesInTheField(t *testing.T) {
	b, err := os.ReadFile("../commission/trust/paa-roots.json")
	if err != nil {
		t.Fatal(err)
	}
	type root struct {
		Subject    string
		SubjectDER string  `json:"subject_der"`
		VendorID   *string `json:"vendor_id"`
	}
	var facts struct{ Production, Test []root }
	if err := json.Unmarshal(b, &facts); err != nil {
		t.Fatal(err)
	}
	if len(facts.Production) < 50 {
		t.Fatalf("%d authorities", len(facts.Production))
	}
	for _, r := range append(facts.Production, facts.Test...) {
		name, err := hex.DecodeString(r.SubjectDER)
		if err != nil {
			t.Fatal(err)
		}
		ids, ok := parseProductIDs(name)
		got := ""
		if ids.hasVendor {
			got = string(appendHexDigits(nil, uint64(ids.vendor), 4))
		}
		want := ""
		if r.VendorID != nil {
			want = *r.VendorID
		}
		if !ok || got != want || ids.hasProduct {
			t.Errorf("%s: got vendor %q, %v; want %q", r.Subject, got, ok, want)
		}
		// A certificate that it issued can be read.
		m := newMaker()
		m.pai.issuer = string(name)
		if _, err := ParseAttestation([]byte(m.pai.der())); err != nil {
			t.Errorf("issued by %s: %v", r.Subject, err)
		}
	}
}
