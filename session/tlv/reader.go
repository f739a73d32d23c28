package tlv

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// A Reader walks over the elements of an input without copying it. It
// allocates nothing, an error aside.
//
// The first error sticks: after it Next returns false, values are zero, and Err
// and Close return it.
type Reader struct {
	b     []byte
	off   int     // where the next element of the current container starts
	start int     // where the current element starts
	cur   element // valid if have
	have  bool
	ended bool // off is at the end of the current container, or of the input
	depth int
	stack [MaxDepth]Type // the containers entered
	err   error
}

// NewReader returns a reader over b. It keeps b, and so do the slices that it
// hands out.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Next goes to the next element of the current container, skipping the content
// of a container that was not entered. It returns false at the container's end,
// at the end of the input and after an error.
func (r *Reader) Next() bool {
	if r.err != nil || !r.leave() {
		return false
	}
	if r.ended {
		return false
	}
	if r.off == len(r.b) {
		if r.depth > 0 {
			r.err = ErrTruncated
		}
		r.ended = true
		return false
	}
	e, err := parseElement(r.b, r.off)
	if err != nil {
		r.err = err
		return false
	}
	if e.typ == end && r.depth > 0 {
		r.ended = true
		return false
	}
	if err := admit(&e, r.stack[:r.depth], r.off); err != nil {
		r.err = err
		return false
	}
	r.start, r.off = r.off, e.end
	r.cur, r.have = e, true
	return true
}

// admit checks an element against the containers around it.
func admit(e *element, stack []Type, off int) error {
	if e.typ == end {
		return &SyntaxError{off, "end of container outside a container"}
	}
	if len(stack) > 0 {
		anonymous := e.tag == Anonymous
		switch in := stack[len(stack)-1]; {
		case in == Array && !anonymous:
			return &SyntaxError{off, "tagged element in an array"}
		case in == Struct && anonymous:
			return &SyntaxError{off, "anonymous element in a structure"}
		}
	}
	if e.typ.IsContainer() && len(stack) == MaxDepth {
		return &SyntaxError{off, "nested deeper than " + strconv.Itoa(MaxDepth) + " containers"}
	}
	return nil
}

// leave drops the current element and moves off behind it.
func (r *Reader) leave() bool {
	if r.have && r.cur.typ.IsContainer() {
		n, err := r.skip()
		if err != nil {
			r.err = err
			return false
		}
		r.off = n
	}
	r.have = false
	return true
}

// skip returns the offset after the current element, a container.
func (r *Reader) skip() (int, error) {
	stack := r.stack
	depth := r.depth
	stack[depth] = r.cur.typ
	depth++
	for off := r.cur.end; ; {
		if off == len(r.b) {
			return 0, ErrTruncated
		}
		e, err := parseElement(r.b, off)
		if err != nil {
			return 0, err
		}
		if e.typ == end {
			off = e.end
			if depth--; depth == r.depth {
				return off, nil
			}
			continue
		}
		if err := admit(&e, stack[:depth], off); err != nil {
			return 0, err
		}
		if e.typ.IsContainer() {
			stack[depth] = e.typ
			depth++
		}
		off = e.end
	}
}

// Enter goes into the container that was just read; it must be of type t. Next
// then goes over its members, Exit leaves it.
func (r *Reader) Enter(t Type) {
	if !r.want(t) {
		return
	}
	if !t.IsContainer() {
		panic("tlv: Enter of a type that is no container")
	}
	r.stack[r.depth] = t // admit has checked the depth
	r.depth++
	r.have = false
}

// Exit skips what remains of the current container, demands its end and goes
// on behind it.
func (r *Reader) Exit() {
	for r.Next() {
	}
	if r.err != nil {
		return
	}
	if r.depth == 0 {
		panic("tlv: Exit without Enter")
	}
	r.off++ // the end-of-container octet
	r.depth--
	r.ended = false
}

// Close exits the containers that are still entered, demands that nothing
// follows, and returns the sticky error.
func (r *Reader) Close() error {
	for r.depth > 0 && r.err == nil {
		r.Exit()
	}
	if r.err == nil && r.leave() && r.off < len(r.b) {
		r.err = &SyntaxError{r.off, "trailing octets"}
	}
	return r.err
}

// Err returns the sticky error.
func (r *Reader) Err() error { return r.err }

// Fail makes err the sticky error if there is none yet.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Tag returns the tag of the element just read.
func (r *Reader) Tag() Tag {
	if !r.have {
		return Anonymous
	}
	return r.cur.tag
}

// Type returns the type of the element just read; 0 if there is none.
func (r *Reader) Type() Type {
	if !r.have || r.err != nil {
		return 0
	}
	return r.cur.typ
}

// Member returns the number of the context tag of the element just read and
// notes it in seen. It returns -1, which no case of a switch matches, if the
// tag is of another kind. A tag that was seen before is an error.
func (r *Reader) Member(seen *Set) int {
	n, ok := r.Tag().ContextNumber()
	if !ok || r.err != nil {
		return -1
	}
	if !seen.Add(n) {
		r.err = &MemberError{Tag: r.Tag(), Duplicate: true}
		return -1
	}
	return int(n)
}

// Require fails unless all of the context tags were seen. Call it behind the
// loop over a structure's members.
func (r *Reader) Require(seen *Set, numbers ...uint8) {
	for _, n := range numbers {
		if r.err == nil && !seen.Has(n) {
			r.err = &MemberError{Tag: Context(n)}
		}
	}
}

// want reports whether the current element is of type t, and fails otherwise.
func (r *Reader) want(t Type) bool {
	if r.err != nil {
		return false
	}
	if r.have && r.cur.typ == t {
		return true
	}
	if !r.have {
		r.missing(t)
	} else {
		r.err = &TypeError{Tag: r.cur.tag, Got: r.cur.typ, Want: t}
	}
	return false
}

// missing fails because there is no current element.
func (r *Reader) missing(t Type) {
	if r.off == len(r.b) {
		r.err = ErrTruncated
	} else {
		r.err = &TypeError{Want: t}
	}
}

// Uint returns the value of an unsigned integer, whatever its width. A value
// over max and a signed integer are errors.
func (r *Reader) Uint(max uint64) uint64 {
	if !r.want(Uint) {
		return 0
	}
	if r.cur.num > max {
		r.err = &RangeError{r.cur.tag, Uint, "0.." + strconv.FormatUint(max, 10)}
		return 0
	}
	return r.cur.num
}

// Uint8 is Uint for an 8-bit field.
func (r *Reader) Uint8() uint8 { return uint8(r.Uint(math.MaxUint8)) }

// Uint16 is Uint for a 16-bit field.
func (r *Reader) Uint16() uint16 { return uint16(r.Uint(math.MaxUint16)) }

// Uint32 is Uint for a 32-bit field.
func (r *Reader) Uint32() uint32 { return uint32(r.Uint(math.MaxUint32)) }

// Uint64 is Uint for a 64-bit field.
func (r *Reader) Uint64() uint64 { return r.Uint(math.MaxUint64) }

// Int returns the value of a signed integer, whatever its width. A value
// outside min..max and an unsigned integer are errors.
func (r *Reader) Int(min, max int64) int64 {
	if !r.want(Int) {
		return 0
	}
	v := r.cur.int()
	if v < min || v > max {
		r.err = &RangeError{r.cur.tag, Int, strconv.FormatInt(min, 10) + ".." + strconv.FormatInt(max, 10)}
		return 0
	}
	return v
}

// Bool returns the value of a boolean.
func (r *Reader) Bool() bool { return r.want(Bool) && r.cur.num != 0 }

// Float returns the value of a float of either precision.
func (r *Reader) Float() float64 {
	if r.Type() == Float32 {
		return float64(math.Float32frombits(uint32(r.cur.num)))
	}
	if !r.want(Float64) {
		return 0
	}
	return math.Float64frombits(r.cur.num)
}

// Bytes returns an octet string of min to max octets. It aliases the input.
func (r *Reader) Bytes(min, max int) []byte {
	if !r.want(Bytes) {
		return nil
	}
	return r.counted(min, max)
}

// Text returns a string of at most max octets of UTF-8, as octets. It aliases
// the input.
func (r *Reader) Text(max int) []byte {
	if !r.want(String) {
		return nil
	}
	b := r.counted(0, max)
	if !utf8.Valid(b) {
		r.err = &SyntaxError{r.start, "string that is not UTF-8"}
		return nil
	}
	return b
}

// String returns a string of at most max octets of UTF-8. It is the one method
// that allocates; Text does not.
func (r *Reader) String(max int) string { return string(r.Text(max)) }

func (r *Reader) counted(min, max int) []byte {
	b := r.b[r.cur.value:r.cur.end:r.cur.end]
	if len(b) < min || len(b) > max {
		r.err = &RangeError{r.cur.tag, r.cur.typ, strconv.Itoa(min) + ".." + strconv.Itoa(max) + " octets"}
		return nil
	}
	return b
}

// IsNull reports whether the element just read is null.
func (r *Reader) IsNull() bool { return r.Type() == Null }

// Raw returns the whole element just read as it was received, its tag and, for
// a container, its end included. It aliases the input. The element can still be
// read or entered.
func (r *Reader) Raw() []byte {
	if r.err != nil {
		return nil
	}
	if !r.have {
		r.missing(0)
		return nil
	}
	stop := r.cur.end
	if r.cur.typ.IsContainer() {
		if stop, r.err = r.skip(); r.err != nil {
			return nil
		}
	}
	return r.b[r.start:stop:stop]
}
