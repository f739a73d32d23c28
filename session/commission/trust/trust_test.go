package trust

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/tlv"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func date(seconds int64) string {
	return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second).Format(time.DateOnly)
}

// text formats seconds since 2000 beyond what a time.Duration holds.
func text(seconds int64) string {
	epoch := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	return time.Unix(epoch+seconds, 0).UTC().Format(time.RFC3339)
}

func TestListsParse(t *testing.T) {
	for name, want := range map[string]int{"paa.tlv": 56, "paa-test.tlv": 3} {
		b := read(t, name)
		l, err := ParseList(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Logf("%s: %d authorities, collected %s, %d octets", name, len(l.Authorities), date(int64(l.Collected)), len(b))
		if len(l.Authorities) != want {
			t.Errorf("%s: got %d authorities, want %d", name, len(l.Authorities), want)
		}
		if got := l.Append(nil); !bytes.Equal(got, b) {
			t.Errorf("%s: what is appended is not what was parsed", name)
		}
		keys := map[[20]byte]bool{}
		for _, p := range l.Authorities {
			t.Logf("  %x vendor %04X (%v) %s to %s", p.KeyID, p.VendorID, p.HasVendorID, text(p.NotBefore), text(p.NotAfter))
			if p.KeyID != sha1.Sum(p.PublicKey[:]) {
				t.Errorf("%x is not the SHA-1 of its public key", p.KeyID)
			}
			if p.Test != (name == "paa-test.tlv") {
				t.Errorf("%x in %s: test %v", p.KeyID, name, p.Test)
			}
			if keys[p.KeyID] {
				t.Errorf("%x twice", p.KeyID)
			}
			keys[p.KeyID] = true
		}
	}
}

// The committed lists say what the facts beside them say.
func TestListsAreTheFacts(t *testing.T) {
	type entry struct {
		SubjectDER   string  `json:"subject_der"`
		VendorID     *string `json:"vendor_id"`
		SubjectKeyID string  `json:"subject_key_id"`
		PublicKey    string  `json:"public_key"`
		NotBefore    string  `json:"not_before"`
		NotAfter     string  `json:"not_after"`
		SHA256       string  `json:"sha256"`
	}
	var facts struct {
		Collected        string
		Production, Test []entry
	}
	if err := json.Unmarshal(read(t, "paa-roots.json"), &facts); err != nil {
		t.Fatal(err)
	}
	for name, entries := range map[string][]entry{"paa.tlv": facts.Production, "paa-test.tlv": facts.Test} {
		s, err := Parse(read(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := date(int64(s.Date())); got != facts.Collected {
			t.Errorf("%s: got %s, want %s", name, got, facts.Collected)
		}
		for _, e := range entries {
			id, err := hex.DecodeString(e.SubjectKeyID)
			if err != nil {
				t.Fatal(err)
			}
			p, ok := s.Lookup(id)
			if !ok {
				t.Errorf("%s: no %s", name, e.SubjectKeyID)
				continue
			}
			got := entry{
				SubjectDER:   hex.EncodeToString(p.Subject),
				SubjectKeyID: hex.EncodeToString(p.KeyID[:]),
				PublicKey:    hex.EncodeToString(p.PublicKey[:]),
				NotBefore:    text(p.NotBefore),
				NotAfter:     text(p.NotAfter),
				SHA256:       hex.EncodeToString(p.SHA256[:]),
			}
			if p.HasVendorID {
				v := string([]byte{hexDigit(p.VendorID >> 12), hexDigit(p.VendorID >> 8), hexDigit(p.VendorID >> 4), hexDigit(p.VendorID)})
				got.VendorID = &v
			}
			if !reflect.DeepEqual(got, e) {
				t.Errorf("got %+v, want %+v", got, e)
			}
		}
	}
}

func hexDigit(v uint16) byte { return "0123456789ABCDEF"[v&15] }

func TestTestAuthoritiesOnlyWhenAsked(t *testing.T) {
	id, _ := hex.DecodeString("785ce705b86b8f4e6fc793aa60cb43ea696882d5")
	s, err := Parse(read(t, "paa.tlv"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Lookup(id); ok {
		t.Error("a test authority on the production list")
	}
	s, err = Parse(read(t, "paa.tlv"), read(t, "paa-test.tlv"))
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := s.Lookup(id); !ok || !p.Test {
		t.Errorf("got %v, %v; want the test authority", p, ok)
	}
}

func TestEmptyStoreTrustsNobody(t *testing.T) {
	var s Store
	if _, ok := s.Lookup(make([]byte, 20)); ok || s.Date() != 0 {
		t.Error("the zero store trusts somebody")
	}
	if _, ok := s.Lookup(nil); ok {
		t.Error("no key ID was found")
	}
}

func TestListTruncated(t *testing.T) {
	b := read(t, "paa-test.tlv")
	for n := range b {
		if _, err := ParseList(b[:n]); !errors.Is(err, tlv.ErrTruncated) {
			t.Fatalf("%d of %d octets: got %v, want ErrTruncated", n, len(b), err)
		}
	}
	if _, err := Parse(b, b[:9]); !errors.Is(err, tlv.ErrTruncated) {
		t.Errorf("second list: got %v, want ErrTruncated", err)
	}
}

func TestListOfNewerForm(t *testing.T) {
	w := tlv.NewWriter(nil)
	w.Struct(tlv.Anonymous)
	w.Uint(tlv.Context(0), 2)
	w.End()
	_, err := ParseList(w.Octets())
	var e *FormatError
	if !errors.As(err, &e) || e.Got != 2 {
		t.Fatalf("got %v, want a FormatError of 2", err)
	}
	if got, want := e.Error(), "trust: got a list of form 2, want 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What a newer writer adds is skipped.
func TestListWithUnknownMembers(t *testing.T) {
	want := &List{Collected: 5, Authorities: []cert.PAA{{Subject: []byte{0x30, 0}, NotAfter: cert.NoEnd}}}
	b := want.Append(nil)
	w := tlv.NewWriter(nil)
	w.Struct(tlv.Context(9))
	w.Bytes(tlv.Context(1), []byte{1, 2, 3})
	w.End()
	extra := w.Octets()
	b = append(b[:len(b)-1], extra...)
	b = append(b, 0x18)
	got, err := ParseList(b)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func FuzzParseList(f *testing.F) {
	f.Add(read(f, "paa-test.tlv"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseList(b)
		if err != nil {
			return
		}
		again, err := ParseList(l.Append(nil))
		if err != nil || !reflect.DeepEqual(again, l) {
			t.Errorf("got %+v, %v; want %+v", again, err, l)
		}
	})
}
