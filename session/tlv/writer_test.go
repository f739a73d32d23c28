package tlv

import (
	"bytes"
	"math"
	"testing"
)

func TestShortestForms(t *testing.T) {
	tests := []struct {
		want  string
		write func(*Writer)
	}{
		{"0400", func(w *Writer) { w.Uint(Anonymous, 0) }},
		{"04ff", func(w *Writer) { w.Uint(Anonymous, 0xFF) }},
		{"050001", func(w *Writer) { w.Uint(Anonymous, 0x100) }},
		{"05ffff", func(w *Writer) { w.Uint(Anonymous, 0xFFFF) }},
		{"0600000100", func(w *Writer) { w.Uint(Anonymous, 0x10000) }},
		{"06ffffffff", func(w *Writer) { w.Uint(Anonymous, 0xFFFFFFFF) }},
		{"070000000001000000", func(w *Writer) { w.Uint(Anonymous, 1<<32) }},
		{"07ffffffffffffffff", func(w *Writer) { w.Uint(Anonymous, math.MaxUint64) }},
		{"007f", func(w *Writer) { w.Int(Anonymous, 127) }},
		{"018000", func(w *Writer) { w.Int(Anonymous, 128) }},
		{"0080", func(w *Writer) { w.Int(Anonymous, -128) }},
		{"017fff", func(w *Writer) { w.Int(Anonymous, -129) }},
		{"0200800000", func(w *Writer) { w.Int(Anonymous, 32768) }},
		{"02ff7fffff", func(w *Writer) { w.Int(Anonymous, -32769) }},
		{"030000008000000000", func(w *Writer) { w.Int(Anonymous, 1<<31) }},
		{"03ffffff7fffffffff", func(w *Writer) { w.Int(Anonymous, -1<<31-1) }},
		{"030000000000000080", func(w *Writer) { w.Int(Anonymous, math.MinInt64) }},
		{"1000", func(w *Writer) { w.Bytes(Anonymous, nil) }},
		{"2c0100", func(w *Writer) { w.String(Context(1), "") }},
		{"44ffff01", func(w *Writer) { w.Uint(Common(0xFFFF), 1) }},
		{"640000010001", func(w *Writer) { w.Uint(Common(0x10000), 1) }},
		{"84010001", func(w *Writer) { w.Uint(Implicit(1), 1) }},
		{"a40000010001", func(w *Writer) { w.Uint(Implicit(0x10000), 1) }},
	}
	for _, v := range tests {
		w := NewWriter(nil)
		v.write(w)
		if got := w.Octets(); !bytes.Equal(got, unhex(t, v.want)) {
			t.Errorf("got %x, want %s", got, v.want)
		}
	}
	for n, head := range map[int]string{255: "10ff", 256: "110001", 65535: "11ffff", 65536: "1200000100"} {
		w := NewWriter(nil)
		w.Bytes(Anonymous, make([]byte, n))
		if got := w.Octets(); !bytes.HasPrefix(got, unhex(t, head)) || len(got) != len(head)/2+n {
			t.Errorf("%d octets: got head %x, want %s", n, got[:6], head)
		}
	}
}

func TestWriterAppends(t *testing.T) {
	w := NewWriter([]byte{0xAA})
	w.Null(Anonymous)
	if got := w.Octets(); !bytes.Equal(got, []byte{0xAA, wireNull}) {
		t.Errorf("got %x", got)
	}
}

func TestRawIsRetagged(t *testing.T) {
	for _, v := range []struct {
		element string
		tag     Tag
		want    string
	}{
		{"042a", Context(7), "24072a"},
		{"24012a", Context(7), "24072a"},
		{"052a00", Context(7), "25072a00"}, // the value stays as it was
		{"e4f1ffdeed010000002a", Context(7), "24072a"},
		{"350118", Context(7), "350718"},
		{"1524000118", Common(2), "550200" + "240001" + "18"},
	} {
		w := NewWriter(nil)
		w.Raw(v.tag, unhex(t, v.element))
		if got := w.Octets(); !bytes.Equal(got, unhex(t, v.want)) {
			t.Errorf("%s: got %x, want %s", v.element, got, v.want)
		}
	}
}

func TestWriterPanicsOnWrongUse(t *testing.T) {
	for name, f := range map[string]func(w *Writer){
		"tagged in an array":          func(w *Writer) { w.Array(Anonymous); w.Uint(Context(1), 1) },
		"anonymous in a structure":    func(w *Writer) { w.Struct(Anonymous); w.Uint(Anonymous, 1) },
		"End without a container":     func(w *Writer) { w.End() },
		"Octets of an open container": func(w *Writer) { w.List(Anonymous); w.Octets() },
		"too deep": func(w *Writer) {
			for range MaxDepth + 1 {
				w.List(Anonymous)
			}
		},
		"Raw of nothing":    func(w *Writer) { w.Raw(Anonymous, nil) },
		"Raw of an end":     func(w *Writer) { w.Raw(Anonymous, []byte{wireEnd}) },
		"Raw cut short":     func(w *Writer) { w.Raw(Anonymous, []byte{0x05, 0}) },
		"Enter of a scalar": func(*Writer) { r := NewReader([]byte{wireNull}); r.Next(); r.Enter(Null) },
		"Exit at the top":   func(*Writer) { NewReader(nil).Exit() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f(NewWriter(nil))
		}()
	}
}

func TestTagAccessors(t *testing.T) {
	for _, v := range []struct {
		tag  Tag
		text string
	}{
		{Anonymous, "anonymous"}, {Context(3), "3"}, {Common(3), "common:3"}, {Implicit(3), "implicit:3"},
		{Full(0xFFF1, 0xDEED, 3), "fff1:deed:3"},
	} {
		if got := v.tag.String(); got != v.text {
			t.Errorf("got %q, want %q", got, v.text)
		}
		_, context := v.tag.ContextNumber()
		_, common := v.tag.CommonNumber()
		_, implicit := v.tag.ImplicitNumber()
		_, _, _, full := v.tag.FullNumber()
		if context != (v.tag == Context(3)) || common != (v.tag == Common(3)) || implicit != (v.tag == Implicit(3)) ||
			full != (v.tag == Full(0xFFF1, 0xDEED, 3)) {
			t.Errorf("%s: %v %v %v %v", v.text, context, common, implicit, full)
		}
	}
	if vendor, profile, n, _ := Full(1, 2, 3).FullNumber(); vendor != 1 || profile != 2 || n != 3 {
		t.Errorf("got %d %d %d", vendor, profile, n)
	}
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"tlv: at octet 3: why":                                            &SyntaxError{3, "why"},
		"tlv: element 1: got boolean, want octet string":                  &TypeError{Context(1), Bool, Bytes},
		"tlv: element anonymous: got nothing, want structure":             &TypeError{Want: Struct},
		"tlv: element 1: octet string length outside 1..2 octets":         &RangeError{Context(1), Bytes, "1..2 octets"},
		"tlv: element 1: unsigned integer value outside 0..3":             &RangeError{Context(1), Uint, "0..3"},
		"tlv: member 1 missing":                                           &MemberError{Tag: Context(1)},
		"tlv: member 1 twice":                                             &MemberError{Tag: Context(1), Duplicate: true},
		"tlv: element 2: got signed integer, want single precision float": &TypeError{Context(2), Int, Float32},
		"tlv: element 2: got double precision float, want string":         &TypeError{Context(2), Float64, String},
		"tlv: element 2: got null, want array":                            &TypeError{Context(2), Null, Array},
		"tlv: element 2: got list, want end of container":                 &TypeError{Context(2), List, end},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
