package tlv

// MaxDepth is how deep containers may lie within each other. The format states
// no limit; this one is ours, and no message of Matter's comes near it.
const MaxDepth = 16

// A Type is the type of an element, its width aside. The zero Type is no type.
type Type uint8

// The types. Matter Core §A.7.1.
const (
	Int Type = iota + 1
	Uint
	Bool
	Float32
	Float64
	String
	Bytes
	Null
	Struct
	Array
	List

	end // end of container: never seen outside this package
)

// IsContainer reports whether elements of type t hold other elements.
func (t Type) IsContainer() bool { return t == Struct || t == Array || t == List }

func (t Type) String() string {
	switch t {
	case Int:
		return "signed integer"
	case Uint:
		return "unsigned integer"
	case Bool:
		return "boolean"
	case Float32:
		return "single precision float"
	case Float64:
		return "double precision float"
	case String:
		return "string"
	case Bytes:
		return "octet string"
	case Null:
		return "null"
	case Struct:
		return "structure"
	case Array:
		return "array"
	case List:
		return "list"
	case end:
		return "end of container"
	}
	return "nothing"
}

// Element types as they stand in the low 5 bits of a control octet: the first
// of each group, to which the exponent of the width is added.
const (
	wireInt      = 0x00
	wireUint     = 0x04
	wireFalse    = 0x08
	wireTrue     = 0x09
	wireFloat32  = 0x0A
	wireFloat64  = 0x0B
	wireString   = 0x0C
	wireBytes    = 0x10
	wireNull     = 0x14
	wireStruct   = 0x15
	wireArray    = 0x16
	wireList     = 0x17
	wireEnd      = 0x18
	wireTypeMask = 0x1F
)
