package tlv

import (
	"bytes"
	"testing"
)

func FuzzReader(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(unhex(f, v.Hex))
	}
	f.Add(unhex(f, "1525012c0137200401170402151818180c0178182a210000803f18"))
	f.Fuzz(func(t *testing.T, b []byte) {
		// The elements as they are, one after the other, are the input.
		var whole []byte
		r := NewReader(b)
		for r.Next() {
			whole = append(whole, r.Raw()...)
		}
		shallow := r.Close()
		if shallow == nil && !bytes.Equal(whole, b) {
			t.Errorf("got %x, want %x", whole, b)
		}
		once, err := canonical(b)
		if err != nil {
			return
		}
		if shallow != nil {
			t.Fatalf("skipping fails where reading does not: %v", shallow)
		}
		if len(once) > len(b) {
			t.Errorf("the canonical form is longer: %x of %x", once, b)
		}
		twice, err := canonical(once)
		if err != nil || !bytes.Equal(twice, once) {
			t.Errorf("got %x, %v; want %x", twice, err, once)
		}
	})
}
