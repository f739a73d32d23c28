package tlv

// An element is the decoded head of one element: all of it but the content of a
// container.
type element struct {
	tag   Tag
	typ   Type
	width uint8  // octets of an integer's value
	num   uint64 // bits of an integer, bool or float, zero-extended; length of a string
	body  int    // offset after the tag
	value int    // offset of the value
	end   int    // offset after the value; for a container, of its first member
}

func (e *element) int() int64 {
	shift := 64 - 8*uint(e.width)
	return int64(e.num<<shift) >> shift
}

// parseElement decodes the head of the element at b[off:], off < len(b). It
// does not allocate but for an error.
func parseElement(b []byte, off int) (e element, err error) {
	start := off
	control := b[off]
	if off, err = e.parseTag(b, off+1, control); err != nil {
		return e, err
	}
	e.body, e.value, e.end = off, off, off
	wire := control & wireTypeMask
	switch {
	case wire < wireUint:
		e.typ = Int
		err = e.fixed(b, 1<<wire)
	case wire < wireFalse:
		e.typ = Uint
		err = e.fixed(b, 1<<(wire-wireUint))
	case wire <= wireTrue:
		e.typ = Bool
		e.num = uint64(wire - wireFalse)
	case wire == wireFloat32:
		e.typ = Float32
		err = e.fixed(b, 4)
	case wire == wireFloat64:
		e.typ = Float64
		err = e.fixed(b, 8)
	case wire < wireBytes:
		e.typ = String
		err = e.counted(b, 1<<(wire-wireString))
	case wire < wireNull:
		e.typ = Bytes
		err = e.counted(b, 1<<(wire-wireBytes))
	case wire == wireNull:
		e.typ = Null
	case wire <= wireList:
		e.typ = Struct + Type(wire-wireStruct)
	case wire == wireEnd:
		e.typ = end
		if control != wireEnd {
			err = &SyntaxError{start, "end of container with a tag"}
		}
	default:
		err = &SyntaxError{start, "reserved element type"}
	}
	return e, err
}

// parseTag decodes the tag at b[off:] and returns the offset after it.
func (e *element) parseTag(b []byte, off int, control byte) (int, error) {
	form := control &^ wireTypeMask
	if form == wireAnonymous {
		return off, nil
	}
	n := 2
	switch form {
	case wireContext:
		e.tag.kind = kindContext
		n = 1
	case wireCommon, wireCommon + wireTagLong:
		e.tag.kind = kindCommon
	case wireImplicit, wireImplicit + wireTagLong:
		e.tag.kind = kindImplicit
	default:
		e.tag.kind = kindFull
		if len(b)-off < 4 {
			return 0, ErrTruncated
		}
		e.tag.vendor = uint16(littleEndian(b[off : off+2]))
		e.tag.profile = uint16(littleEndian(b[off+2 : off+4]))
		off += 4
	}
	if form != wireContext && form&wireTagLong != 0 {
		n = 4
	}
	if len(b)-off < n {
		return 0, ErrTruncated
	}
	e.tag.number = uint32(littleEndian(b[off : off+n]))
	return off + n, nil
}

// fixed decodes a value of n octets.
func (e *element) fixed(b []byte, n int) error {
	if len(b)-e.value < n {
		return ErrTruncated
	}
	e.width = uint8(n)
	e.end = e.value + n
	e.num = littleEndian(b[e.value:e.end])
	return nil
}

// counted decodes a length of n octets and checks it against what remains.
func (e *element) counted(b []byte, n int) error {
	if err := e.fixed(b, n); err != nil {
		return err
	}
	e.value = e.end
	if e.num > uint64(len(b)-e.value) {
		return ErrTruncated
	}
	e.end = e.value + int(e.num)
	return nil
}

func littleEndian(b []byte) (v uint64) {
	for i, c := range b {
		v |= uint64(c) << (8 * i)
	}
	return v
}
