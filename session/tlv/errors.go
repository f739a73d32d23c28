package tlv

import (
	"errors"
	"strconv"
)

// ErrTruncated: the octets end before the element or its container does.
var ErrTruncated = errors.New("tlv: truncated")

// A SyntaxError says that the octets are not Matter TLV.
type SyntaxError struct {
	Offset int    // of the element in the input, in octets
	Reason string // constant text
}

func (e *SyntaxError) Error() string {
	return "tlv: at octet " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// A TypeError says that an element is not of the type that is due.
type TypeError struct {
	Tag       Tag
	Got, Want Type // Got is 0 if there is no element
}

func (e *TypeError) Error() string {
	return "tlv: element " + e.Tag.String() + ": got " + e.Got.String() + ", want " + e.Want.String()
}

// A RangeError says that a value, or the length of one, is outside what is
// allowed. The value itself is not told: it may be a secret.
type RangeError struct {
	Tag  Tag
	Type Type
	Want string // the range, as text
}

func (e *RangeError) Error() string {
	what := " value"
	if e.Type == String || e.Type == Bytes {
		what = " length"
	}
	return "tlv: element " + e.Tag.String() + ": " + e.Type.String() + what + " outside " + e.Want
}

// A MemberError says that a structure lacks a member, or has one twice.
type MemberError struct {
	Tag       Tag
	Duplicate bool // else missing
}

func (e *MemberError) Error() string {
	if e.Duplicate {
		return "tlv: member " + e.Tag.String() + " twice"
	}
	return "tlv: member " + e.Tag.String() + " missing"
}
