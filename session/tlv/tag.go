package tlv

import "strconv"

// A Tag names an element within its container. Tags are comparable; the zero
// Tag is [Anonymous].
type Tag struct {
	kind            tagKind
	vendor, profile uint16
	number          uint32
}

type tagKind uint8

const (
	kindAnonymous tagKind = iota
	kindContext
	kindCommon
	kindImplicit
	kindFull
)

// Anonymous is the tag of an element without a tag.
var Anonymous Tag

// Context returns the tag n of a structure or list.
func Context(n uint8) Tag { return Tag{kind: kindContext, number: uint32(n)} }

// Common returns the tag n of the Matter common profile.
func Common(n uint32) Tag { return Tag{kind: kindCommon, number: n} }

// Implicit returns the tag n of the profile that is implied where the element
// is used.
func Implicit(n uint32) Tag { return Tag{kind: kindImplicit, number: n} }

// Full returns the fully qualified tag n of a vendor's profile.
func Full(vendor, profile uint16, n uint32) Tag {
	return Tag{kind: kindFull, vendor: vendor, profile: profile, number: n}
}

// ContextNumber returns the number of a context tag, and whether t is one.
func (t Tag) ContextNumber() (uint8, bool) { return uint8(t.number), t.kind == kindContext }

// CommonNumber returns the number of a tag of the common profile, and whether t is one.
func (t Tag) CommonNumber() (uint32, bool) { return t.number, t.kind == kindCommon }

// ImplicitNumber returns the number of a tag of the implied profile, and whether t is one.
func (t Tag) ImplicitNumber() (uint32, bool) { return t.number, t.kind == kindImplicit }

// FullNumber returns the parts of a fully qualified tag, and whether t is one.
func (t Tag) FullNumber() (vendor, profile uint16, n uint32, ok bool) {
	return t.vendor, t.profile, t.number, t.kind == kindFull
}

func (t Tag) String() string {
	n := strconv.FormatUint(uint64(t.number), 10)
	switch t.kind {
	case kindContext:
		return n
	case kindCommon:
		return "common:" + n
	case kindImplicit:
		return "implicit:" + n
	case kindFull:
		return strconv.FormatUint(uint64(t.vendor), 16) + ":" + strconv.FormatUint(uint64(t.profile), 16) + ":" + n
	}
	return "anonymous"
}

// Tag controls as they stand in the high 3 bits of a control octet. The three
// profile forms come in pairs: number of 2 and of 4 octets.
const (
	wireAnonymous = 0 << 5
	wireContext   = 1 << 5
	wireCommon    = 2 << 5
	wireImplicit  = 4 << 5
	wireFull      = 6 << 5
	wireTagLong   = 1 << 5 // added to a profile form: 4 octets
)

// appendHead appends a control octet and the tag.
func appendHead(b []byte, t Tag, wireType byte) []byte {
	long := byte(0)
	if t.number > 0xFFFF {
		long = wireTagLong
	}
	switch t.kind {
	case kindAnonymous:
		return append(b, wireAnonymous|wireType)
	case kindContext:
		return append(b, wireContext|wireType, byte(t.number))
	case kindCommon:
		b = append(b, wireCommon+long|wireType)
	case kindImplicit:
		b = append(b, wireImplicit+long|wireType)
	case kindFull:
		b = append(b, wireFull+long|wireType,
			byte(t.vendor), byte(t.vendor>>8), byte(t.profile), byte(t.profile>>8))
	}
	b = append(b, byte(t.number), byte(t.number>>8))
	if long != 0 {
		b = append(b, byte(t.number>>16), byte(t.number>>24))
	}
	return b
}

// A Set is a set of context tags: which members of a structure were read.
type Set [4]uint64

// Add puts n into s and reports whether it was not there before.
func (s *Set) Add(n uint8) bool {
	added := !s.Has(n)
	s[n>>6] |= 1 << (n & 63)
	return added
}

// Has reports whether n is in s.
func (s *Set) Has(n uint8) bool { return s[n>>6]>>(n&63)&1 != 0 }
