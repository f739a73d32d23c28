package tlv

import (
	"bytes"
	"strings"
	"testing"
)

func TestStrict(t *testing.T) {
	for name, e := range map[string]struct{ in, want string }{
		"scalar":                         {"0405", "0405"},
		"text":                           {"0c0268c3", "100268c3"},
		"text that is fine":              {"0c03 68c3a9", "0c03 68c3a9"},
		"texts in containers":            {"15 2c0101ff 3702 0c01fe 18 18", "15 300101ff 3702 1001fe 18 18"},
		"long lengths":                   {"0d0100ff", "110100ff"},
		"text of 4 octets of length":     {"0e01000000ff", "1201000000ff"},
		"text of 8 octets of length":     {"0f0100000000000000ff", "130100000000000000ff"},
		"same tag in two structures":     {"15 3501 240101 18 3502 240101 18 18", "15 3501 240101 18 3502 240101 18 18"},
		"same tag in a list":             {"17 240101 240101 18", "17 240101 240101 18"},
		"the same number in other forms": {"15 240101 44010001 84010001 18", "15 240101 44010001 84010001 18"},
	} {
		got, ok := Strict(unhex(t, strings.ReplaceAll(e.in, " ", "")))
		if !ok || !bytes.Equal(got, unhex(t, strings.ReplaceAll(e.want, " ", ""))) {
			t.Errorf("%s: got %x, %v; want %s", name, got, ok, e.want)
		}
	}
	for name, in := range map[string]string{
		"a tag twice":                    "15 240101 240101 18",
		"a tag twice, within":            "15 3501 240101 240101 18 18",
		"a tag twice in an array's item": "16 15 240101 240101 18 18",
		"a profile's tag twice":          "15 44010001 44010001 18",
		"a profile's tag in two widths":  "15 44010001 640100000001 18",
		"nothing":                        "",
		"two elements":                   "08 08",
		"cut":                            "15 2801",
		"tagged member of an array":      "16 240101 18",
		"anonymous member of a struct":   "15 08 18",
		"end alone":                      "18",
	} {
		if got, ok := Strict(unhex(t, strings.ReplaceAll(in, " ", ""))); ok {
			t.Errorf("%s: got %x", name, got)
		}
	}
	in := unhex(t, "0c01ff")
	if _, _ = Strict(in); in[0] != 0x0c {
		t.Error("the input was changed")
	}
}

// What Strict lets pass holds to what strict readers demand, and says the same otherwise.
func FuzzStrict(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(unhex(f, v.Hex))
	}
	f.Add(unhex(f, "15300101ff37021818"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := Strict(b)
		if !ok {
			return
		}
		if len(got) != len(b) {
			t.Fatalf("got %x of %x", got, b)
		}
		var check func(r *Reader)
		check = func(r *Reader) {
			typ, seen := r.Type(), map[Tag]bool{}
			r.Enter(typ)
			for r.Next() {
				if seen[r.Tag()] && typ == Struct {
					t.Fatalf("tag %v twice: %x", r.Tag(), got)
				}
				seen[r.Tag()] = true
				switch {
				case r.Type().IsContainer():
					check(r)
				case r.Type() == String:
					r.Text(len(got))
				}
			}
			r.Exit()
		}
		r := NewReader(got)
		if r.Next(); r.Type().IsContainer() {
			check(r)
		}
		if err := r.Close(); err != nil {
			t.Fatalf("%x: %v", got, err)
		}
		if again, ok := Strict(got); !ok || !bytes.Equal(again, got) {
			t.Fatalf("got %x, want %x", again, got)
		}
	})
}
