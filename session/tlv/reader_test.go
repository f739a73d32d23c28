package tlv

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

// first returns a reader that stands on the first element of the octets.
func first(t *testing.T, hex string) *Reader {
	t.Helper()
	r := NewReader(unhex(t, hex))
	if !r.Next() {
		t.Fatalf("%s: no element: %v", hex, r.Err())
	}
	return r
}

func wantSyntax(t *testing.T, what string, err error, reason string) {
	t.Helper()
	var e *SyntaxError
	if !errors.As(err, &e) || !strings.Contains(e.Reason, reason) {
		t.Errorf("%s: got %v, want a SyntaxError of %q", what, err, reason)
	}
}

func TestReservedTypesRefused(t *testing.T) {
	for control := range 256 {
		if control&wireTypeMask <= wireEnd {
			continue
		}
		b := append([]byte{byte(control)}, make([]byte, 16)...)
		_, err := canonical(b)
		wantSyntax(t, "alone", err, "reserved")
		_, err = canonical(append([]byte{wireList, wireStruct}, b...))
		if err == nil {
			t.Errorf("control %02x within a list accepted", control)
		}
	}
}

func TestEndOfContainer(t *testing.T) {
	for control := wireEnd + 0x20; control < 256; control += 0x20 {
		b := append([]byte{wireList, byte(control)}, make([]byte, 16)...)
		_, err := canonical(b)
		wantSyntax(t, "end with a tag", err, "with a tag")
	}
	_, err := canonical([]byte{wireEnd})
	wantSyntax(t, "end outside", err, "outside a container")
	_, err = canonical([]byte{wireList, wireEnd, wireEnd})
	wantSyntax(t, "one end too many", err, "outside a container")
}

func TestLengthBeyondInput(t *testing.T) {
	for _, v := range []string{
		"0c05616263", "1001", "0d0600616263", "1105006162", "0eff000000", "12ffffffff00",
		"0fffffffffffffffff61", "13ffffffffffffffff61", "130000000001000000", "0f0000000000000080",
	} {
		b := unhex(t, v)
		if _, err := canonical(b); !errors.Is(err, ErrTruncated) {
			t.Errorf("%s: got %v, want ErrTruncated", v, err)
		}
		if n := testing.AllocsPerRun(10, func() {
			r := NewReader(b)
			r.Next()
		}); n > 0 {
			t.Errorf("%s: %v allocations", v, n)
		}
	}
}

func TestWideFormsAccepted(t *testing.T) {
	for _, v := range []string{"042a", "052a00", "062a000000", "072a00000000000000"} {
		r := first(t, v)
		if got := r.Uint8(); got != 42 || r.Close() != nil {
			t.Errorf("%s: got %d, %v", v, got, r.Err())
		}
	}
	for _, v := range []string{"00ef", "01efff", "02efffffff", "03efffffffffffffff"} {
		r := first(t, v)
		if got := r.Int(-128, 127); got != -17 || r.Close() != nil {
			t.Errorf("%s: got %d, %v", v, got, r.Err())
		}
	}
	for _, v := range []string{"1002abcd", "110200abcd", "1202000000abcd", "130200000000000000abcd"} {
		r := first(t, v)
		if got := r.Bytes(2, 2); !bytes.Equal(got, []byte{0xab, 0xcd}) || r.Close() != nil {
			t.Errorf("%s: got %x, %v", v, got, r.Err())
		}
	}
	// A tag number of 4 octets where 2 would do: accepted, written short.
	for wide, short := range map[string]string{
		"64010000002a": "4401002a", "a4010000002a": "8401002a", "e4f1ffdeed010000002a": "c4f1ffdeed01002a",
	} {
		got, err := canonical(unhex(t, wide))
		if err != nil || !bytes.Equal(got, unhex(t, short)) {
			t.Errorf("%s: got %x, %v; want %s", wide, got, err, short)
		}
	}
}

func TestValueOutOfRange(t *testing.T) {
	tests := []struct {
		hex  string
		read func(*Reader) bool // reports whether the zero value came
	}{
		{"050001", func(r *Reader) bool { return r.Uint8() == 0 }},
		{"0600000100", func(r *Reader) bool { return r.Uint16() == 0 }},
		{"070000000001000000", func(r *Reader) bool { return r.Uint32() == 0 }},
		{"0404", func(r *Reader) bool { return r.Uint(3) == 0 }},
		{"0004", func(r *Reader) bool { return r.Int(-1, 3) == 0 }},
		{"00fe", func(r *Reader) bool { return r.Int(-1, 3) == 0 }},
		{"10020102", func(r *Reader) bool { return r.Bytes(3, 9) == nil }},
		{"10020102", func(r *Reader) bool { return r.Bytes(0, 1) == nil }},
		{"0c026162", func(r *Reader) bool { return r.String(1) == "" }},
		{"0c026162", func(r *Reader) bool { return r.Text(1) == nil }},
	}
	for _, v := range tests {
		r := first(t, v.hex)
		zero := v.read(r)
		var e *RangeError
		if !zero || !errors.As(r.Close(), &e) {
			t.Errorf("%s: zero %v, got %v, want a RangeError", v.hex, zero, r.Err())
		}
	}
}

func TestWrongTypeRefused(t *testing.T) {
	reads := map[Type]func(*Reader){
		Int:    func(r *Reader) { r.Int(math.MinInt64, math.MaxInt64) },
		Uint:   func(r *Reader) { r.Uint64() },
		Bool:   func(r *Reader) { r.Bool() },
		String: func(r *Reader) { r.String(9) },
		Bytes:  func(r *Reader) { r.Bytes(0, 9) },
		Struct: func(r *Reader) { r.Enter(Struct) },
		Array:  func(r *Reader) { r.Enter(Array) },
		List:   func(r *Reader) { r.Enter(List) },
	}
	elements := map[Type]string{
		Int: "0000", Uint: "0400", Bool: "08", Float32: "0a00000000", Float64: "0b0000000000000000",
		String: "0c00", Bytes: "1000", Null: "14", Struct: "1518", Array: "1618", List: "1718",
	}
	for want, read := range reads {
		for got, hex := range elements {
			r := first(t, hex)
			if r.Type() != got {
				t.Errorf("%s: got type %v, want %v", hex, r.Type(), got)
			}
			if r.IsNull() != (got == Null) {
				t.Errorf("%s: IsNull is %v", hex, r.IsNull())
			}
			read(r)
			var e *TypeError
			if err := r.Close(); got == want {
				if err != nil {
					t.Errorf("%v: %v", got, err)
				}
			} else if !errors.As(err, &e) || e.Got != got || e.Want != want {
				t.Errorf("%v for %v: got %v", got, want, err)
			}
		}
	}
	for got, hex := range elements {
		r := first(t, hex)
		v := r.Float()
		if ok := got == Float32 || got == Float64; v != 0 || (r.Close() == nil) != ok {
			t.Errorf("%v read as a float: %v", got, r.Err())
		}
	}
}

func TestStringThatIsNotUTF8(t *testing.T) {
	for _, v := range []string{"0c01ff", "0c02c328", "0c03eda080", "0c02c080"} {
		r := first(t, v)
		if got := r.String(9); got != "" {
			t.Errorf("%s: got %q", v, got)
		}
		wantSyntax(t, v, r.Close(), "UTF-8")
	}
	// An octet string may hold anything.
	if r := first(t, "1001ff"); r.Bytes(1, 1) == nil || r.Close() != nil {
		t.Error(r.Err())
	}
}

func TestTagsByContainer(t *testing.T) {
	_, err := canonical(unhex(t, "16"+"240001"+"18"))
	wantSyntax(t, "context tag in an array", err, "tagged element in an array")
	_, err = canonical(unhex(t, "1644010001"+"18"))
	wantSyntax(t, "common tag in an array", err, "tagged element in an array")
	_, err = canonical(unhex(t, "15040118"))
	wantSyntax(t, "anonymous in a structure", err, "anonymous element in a structure")
	for _, v := range []string{"15040118", "1624000118"} {
		// The same where the container is skipped, not entered.
		r := first(t, v)
		for r.Next() {
		}
		if r.Close() == nil {
			t.Errorf("%s: skipped without an error", v)
		}
	}
	if _, err := canonical(unhex(t, "17"+"0401"+"240002"+"4401000318")); err != nil {
		t.Errorf("a list may mix tags: %v", err)
	}
}

func TestDepthLimit(t *testing.T) {
	nest := func(n int) []byte {
		return append(bytes.Repeat([]byte{wireList}, n), bytes.Repeat([]byte{wireEnd}, n)...)
	}
	if _, err := canonical(nest(MaxDepth)); err != nil {
		t.Errorf("%d containers: %v", MaxDepth, err)
	}
	_, err := canonical(nest(MaxDepth + 1))
	wantSyntax(t, "entered", err, "nested deeper than 16")
	r := NewReader(nest(MaxDepth + 1))
	for r.Next() {
	}
	wantSyntax(t, "skipped", r.Close(), "nested deeper than 16")
	if r := NewReader(nest(MaxDepth)); !r.Next() || r.Next() || r.Close() != nil {
		t.Errorf("%d containers skipped: %v", MaxDepth, r.Err())
	}
	// A limit, not a recursion: a megabyte of openings ends at once.
	r = NewReader(bytes.Repeat([]byte{wireList}, 1<<20))
	for r.Next() {
	}
	wantSyntax(t, "a megabyte", r.Err(), "nested deeper")
}

func TestTrailingOctets(t *testing.T) {
	r := first(t, "151800")
	wantSyntax(t, "unread structure", r.Close(), "trailing")
	r = first(t, "151804")
	r.Enter(Struct)
	wantSyntax(t, "read structure", r.Close(), "trailing")
	r = NewReader([]byte{4, 1})
	wantSyntax(t, "nothing read", r.Close(), "trailing")
	if err := NewReader(nil).Close(); err != nil {
		t.Errorf("nothing at all: %v", err)
	}
}

func TestMembers(t *testing.T) {
	// {1 = 5, common 1 = 6, 200 = 7}
	b := unhex(t, "15"+"240105"+"44010006"+"24c807"+"18")
	read := func(b []byte, require ...uint8) ([]int, error) {
		var got []int
		var seen Set
		r := NewReader(b)
		r.Next()
		r.Enter(Struct)
		for r.Next() {
			got = append(got, r.Member(&seen))
		}
		r.Require(&seen, require...)
		return got, r.Close()
	}
	got, err := read(b, 1, 200)
	if err != nil || len(got) != 3 || got[0] != 1 || got[1] != -1 || got[2] != 200 {
		t.Errorf("got %v, %v; want 1, -1, 200", got, err)
	}
	_, err = read(b, 1, 2)
	var e *MemberError
	if !errors.As(err, &e) || e.Duplicate || e.Tag != Context(2) {
		t.Errorf("got %v, want member 2 missing", err)
	}
	_, err = read(unhex(t, "15"+"240105"+"240106"+"18"), 9)
	if !errors.As(err, &e) || !e.Duplicate || e.Tag != Context(1) {
		t.Errorf("got %v, want member 1 twice", err)
	}
}

func TestSet(t *testing.T) {
	var s Set
	for n := range 256 {
		if s.Has(uint8(n)) || !s.Add(uint8(n)) || !s.Has(uint8(n)) || s.Add(uint8(n)) {
			t.Fatalf("%d", n)
		}
	}
}

func TestRaw(t *testing.T) {
	b := unhex(t, "15"+"240105"+"3502"+"36030401"+"1818"+"3004021122"+"18")
	r := NewReader(b)
	r.Next()
	if got := r.Raw(); !bytes.Equal(got, b) {
		t.Errorf("the whole: got %x", got)
	}
	r.Enter(Struct)
	for _, want := range []string{"240105", "3502360304011818", "3004021122"} {
		if !r.Next() {
			t.Fatal(r.Err())
		}
		if got := r.Raw(); !bytes.Equal(got, unhex(t, want)) || cap(got) != len(got) {
			t.Errorf("got %x (capacity %d), want %s", got, cap(got), want)
		}
	}
	if r.Next() || r.Raw() != nil {
		t.Error("there is an element after the last")
	}
	var e *TypeError
	if !errors.As(r.Close(), &e) || e.Got != 0 {
		t.Errorf("got %v, want a TypeError of nothing", r.Err())
	}
	// A container that is read raw must be whole.
	r = first(t, "150001")
	if r.Raw() != nil || r.Err() == nil || r.Raw() != nil {
		t.Errorf("raw of a broken structure: %v", r.Err())
	}
	if r := NewReader(nil); r.Next() || r.Raw() != nil || !errors.Is(r.Err(), ErrTruncated) {
		t.Errorf("raw of nothing: %v", r.Err())
	}
}

func TestExitSkipsTheRest(t *testing.T) {
	// [[1, [2]], 3]
	r := first(t, "17"+"17"+"0401"+"17040218"+"18"+"0403"+"18")
	r.Enter(List)
	r.Next()
	r.Enter(List)
	r.Next()
	if r.Uint8() != 1 {
		t.Fatal(r.Err())
	}
	r.Exit()
	if !r.Next() || r.Uint8() != 3 || r.Next() || r.Next() {
		t.Fatalf("after the inner list: %v", r.Err())
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestStickyError(t *testing.T) {
	mine := errors.New("mine")
	r := first(t, "15"+"240105"+"18")
	r.Enter(Struct)
	r.Fail(mine)
	r.Fail(errors.New("another"))
	if r.Next() || r.Type() != 0 || r.Uint8() != 0 || r.Bool() || r.Float() != 0 || r.Bytes(0, 9) != nil ||
		r.Text(9) != nil || r.Raw() != nil || r.IsNull() {
		t.Error("a value after an error")
	}
	r.Enter(Struct)
	r.Exit()
	var seen Set
	if r.Member(&seen) != -1 {
		t.Error("a member after an error")
	}
	r.Require(&seen, 1)
	if r.Err() != mine || r.Close() != mine {
		t.Errorf("got %v, want the first error", r.Err())
	}
}

func TestReadingNothing(t *testing.T) {
	r := NewReader([]byte{4, 1})
	if r.Tag() != Anonymous || r.Type() != 0 {
		t.Error("an element before Next")
	}
	r.Uint8()
	var e *TypeError
	if !errors.As(r.Err(), &e) || e.Got != 0 || e.Want != Uint {
		t.Errorf("got %v, want a TypeError", r.Err())
	}
	r = NewReader(nil)
	r.Enter(Struct)
	if !errors.Is(r.Close(), ErrTruncated) {
		t.Errorf("got %v, want ErrTruncated", r.Err())
	}
}

// A session's parameters with members unknown to the receiver and without
// their end were accepted: the reader stopped after the last known member.
func TestField_F11_UnknownMembersSkippedAndEndsDemanded(t *testing.T) {
	parse := func(b []byte) (uint32, error) {
		var seen Set
		var v uint32
		r := NewReader(b)
		r.Next()
		r.Enter(Struct)
		for r.Next() {
			if r.Member(&seen) == 1 {
				v = r.Uint32()
			}
		}
		r.Require(&seen, 1)
		return v, r.Close()
	}
	// {1 = 300, 0x20 = [1, [2, {}], "x"], 0x21 = float}
	b := unhex(t, "15"+"25012c01"+"3720"+"0401"+"17"+"0402"+"1518"+"18"+"0c0178"+"18"+"2a210000803f"+"18")
	if v, err := parse(b); v != 300 || err != nil {
		t.Fatalf("got %d, %v; want 300", v, err)
	}
	for n := range b {
		if _, err := parse(b[:n]); !errors.Is(err, ErrTruncated) {
			t.Errorf("%d of %d octets: got %v, want ErrTruncated", n, len(b), err)
		}
	}
	for _, extra := range []byte{0x00, 0x08, 0x14, 0x18, 0xFF} {
		if _, err := parse(append(b[:len(b):len(b)], extra)); err == nil {
			t.Errorf("accepted with %02x appended", extra)
		}
	}
}

func TestReaderDoesNotAllocate(t *testing.T) {
	b := unhex(t, "15"+"25012c01"+"3720"+"0401"+"17"+"0402"+"1518"+"18"+"0c0178"+"18"+"2a210000803f"+"300203010203"+"18")
	n := testing.AllocsPerRun(100, func() {
		var seen Set
		r := NewReader(b)
		r.Next()
		r.Enter(Struct)
		for r.Next() {
			switch r.Member(&seen) {
			case 1:
				r.Uint16()
			case 2:
				r.Bytes(1, 3)
			case 0x20:
				r.Raw()
				r.Enter(List)
				r.Next()
				r.Exit()
			case 0x21:
				r.Float()
			}
		}
		r.Require(&seen, 1, 2)
		if r.Close() != nil {
			t.Fatal(r.Err())
		}
	})
	if n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}
