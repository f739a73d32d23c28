package tlv

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
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

// copyElement writes the element that r has just read, by the typed methods
// alone: what a generic transcoder would do.
func copyElement(w *Writer, r *Reader) {
	t := r.Tag()
	switch r.Type() {
	case Int:
		w.Int(t, r.Int(-1<<63, 1<<63-1))
	case Uint:
		w.Uint(t, r.Uint64())
	case Bool:
		w.Bool(t, r.Bool())
	case Float32:
		w.Float32(t, float32(r.Float()))
	case Float64:
		w.Float64(t, r.Float())
	case String:
		w.String(t, r.String(1<<20))
	case Bytes:
		w.Bytes(t, r.Bytes(0, 1<<20))
	case Null:
		w.Null(t)
	case Struct, Array, List:
		kind := r.Type()
		switch kind {
		case Struct:
			w.Struct(t)
		case Array:
			w.Array(t)
		case List:
			w.List(t)
		}
		r.Enter(kind)
		for r.Next() {
			copyElement(w, r)
		}
		r.Exit()
		w.End()
	}
}

// canonical reads every element of b and writes it anew.
func canonical(b []byte) ([]byte, error) {
	r := NewReader(b)
	w := NewWriter(nil)
	for r.Next() {
		copyElement(w, r)
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return w.Octets(), nil
}

type vector struct{ Name, Hex string }

func vectors(t testing.TB) []vector {
	t.Helper()
	b, err := os.ReadFile("../testdata/spec_tlv.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Tests []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Tests) != 35 {
		t.Fatalf("got %d vectors, want 35", len(file.Tests))
	}
	return file.Tests
}

// shorter are the vectors whose integers are wider than they need to be.
var shorter = map[string]string{
	"012a00": "002a",
}

func TestVectorsBothWays(t *testing.T) {
	for _, v := range vectors(t) {
		b := unhex(t, v.Hex)
		want := b
		if s, ok := shorter[v.Hex]; ok {
			want = unhex(t, s)
		}
		got, err := canonical(b)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, %v; want %x", v.Name, got, err, want)
		}
		for n := range b {
			r := NewReader(b[:n])
			if !r.Next() {
				r.Raw()
			}
			if err := r.Close(); !errors.Is(err, ErrTruncated) {
				t.Errorf("%s: %d of %d octets: got %v, want ErrTruncated", v.Name, n, len(b), err)
			}
		}
	}
}
