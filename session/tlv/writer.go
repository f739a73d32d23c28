package tlv

import "math"

// A Writer appends elements to a slice, each in its shortest form.
//
// Calls that cannot make valid TLV are errors of the program and panic: a
// tagged member of an array, an untagged one of a structure, End without a
// container, more than [MaxDepth] containers.
type Writer struct {
	b     []byte
	depth int
	stack [MaxDepth]Type
}

// NewWriter returns a writer that appends to dst, which may be nil.
func NewWriter(dst []byte) *Writer { return &Writer{b: dst} }

// Octets returns dst with what was written appended. It panics if a container
// is open.
func (w *Writer) Octets() []byte {
	if w.depth != 0 {
		panic("tlv: Octets with an open container")
	}
	return w.b
}

// Len returns how many octets there are so far, those of dst included.
func (w *Writer) Len() int { return len(w.b) }

func (w *Writer) head(t Tag, wireType byte) {
	if w.depth > 0 {
		switch in := w.stack[w.depth-1]; {
		case in == Array && t != Anonymous:
			panic("tlv: tagged element in an array")
		case in == Struct && t == Anonymous:
			panic("tlv: anonymous element in a structure")
		}
	}
	w.b = appendHead(w.b, t, wireType)
}

// little appends the low n octets of v.
func (w *Writer) little(v uint64, n int) {
	for range n {
		w.b = append(w.b, byte(v))
		v >>= 8
	}
}

// uintWidth returns the exponent of the shortest width that holds v.
func uintWidth(v uint64) byte {
	switch {
	case v <= math.MaxUint8:
		return 0
	case v <= math.MaxUint16:
		return 1
	case v <= math.MaxUint32:
		return 2
	}
	return 3
}

// Uint writes an unsigned integer.
func (w *Writer) Uint(t Tag, v uint64) {
	width := uintWidth(v)
	w.head(t, wireUint+width)
	w.little(v, 1<<width)
}

// Int writes a signed integer.
func (w *Writer) Int(t Tag, v int64) {
	width := byte(3)
	switch {
	case v == int64(int8(v)):
		width = 0
	case v == int64(int16(v)):
		width = 1
	case v == int64(int32(v)):
		width = 2
	}
	w.head(t, wireInt+width)
	w.little(uint64(v), 1<<width)
}

// Bool writes a boolean.
func (w *Writer) Bool(t Tag, v bool) {
	if v {
		w.head(t, wireTrue)
	} else {
		w.head(t, wireFalse)
	}
}

// Float32 writes a single precision float.
func (w *Writer) Float32(t Tag, v float32) {
	w.head(t, wireFloat32)
	w.little(uint64(math.Float32bits(v)), 4)
}

// Float64 writes a double precision float.
func (w *Writer) Float64(t Tag, v float64) {
	w.head(t, wireFloat64)
	w.little(math.Float64bits(v), 8)
}

// Bytes writes an octet string.
func (w *Writer) Bytes(t Tag, v []byte) {
	w.length(t, wireBytes, len(v))
	w.b = append(w.b, v...)
}

// String writes a string. It must be UTF-8: readers refuse others.
func (w *Writer) String(t Tag, v string) {
	w.length(t, wireString, len(v))
	w.b = append(w.b, v...)
}

func (w *Writer) length(t Tag, wireType byte, n int) {
	width := uintWidth(uint64(n))
	w.head(t, wireType+width)
	w.little(uint64(n), 1<<width)
}

// Null writes a null.
func (w *Writer) Null(t Tag) { w.head(t, wireNull) }

// Struct opens a structure; End closes it.
func (w *Writer) Struct(t Tag) { w.open(t, Struct, wireStruct) }

// Array opens an array; End closes it.
func (w *Writer) Array(t Tag) { w.open(t, Array, wireArray) }

// List opens a list; End closes it.
func (w *Writer) List(t Tag) { w.open(t, List, wireList) }

func (w *Writer) open(t Tag, typ Type, wireType byte) {
	if w.depth == MaxDepth {
		panic("tlv: nested too deep")
	}
	w.head(t, wireType)
	w.stack[w.depth] = typ
	w.depth++
}

// End closes the container opened last.
func (w *Writer) End() {
	if w.depth == 0 {
		panic("tlv: End without a container")
	}
	w.depth--
	w.b = append(w.b, wireEnd)
}

// Raw writes one element as it is, but for its tag, which becomes t. The
// element must be whole and valid, as [Reader.Raw] returns it: Raw panics if
// its head is not.
func (w *Writer) Raw(t Tag, element []byte) {
	if len(element) == 0 {
		panic("tlv: Raw of nothing")
	}
	e, err := parseElement(element, 0)
	if err != nil || e.typ == end {
		panic("tlv: Raw of something that is no element")
	}
	w.head(t, element[0]&wireTypeMask)
	w.b = append(w.b, element[e.body:]...)
}
