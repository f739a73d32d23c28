// Package message is the wire format of Matter messages: the message header, the
// protocol header and their extensions. Matter Core §4.4.
//
// Parsing is syntax and nothing else: whether a session may carry what a header
// says is the session's to decide. What was parsed can be appended again, octet
// for octet: bits that the specification reserves and asks a receiver to ignore
// are kept in Reserved fields, not dropped, since a message is authenticated
// over its header as it was received.
package message

import (
	"errors"
	"strconv"
)

// MaxDatagram is the largest message in octets, IPv6's minimum MTU. Matter Core §4.4.4.
const MaxDatagram = 1280

var (
	// ErrTruncated: the octets end before the header does.
	ErrTruncated = errors.New("message: truncated")
	// ErrVersion: a header of a version that this package does not speak. The
	// error is a [VersionError].
	ErrVersion = errors.New("message: unsupported version")
	// ErrReserved: a value that the specification keeps for later and that no
	// receiver may guess at.
	ErrReserved = errors.New("message: reserved value")
	// ErrInvalid: a header that has no wire form.
	ErrInvalid = errors.New("message: header has no wire form")
)

// A VersionError is the version of a header that is not of version 0.
type VersionError uint8

func (e VersionError) Error() string {
	return "message: header version " + strconv.Itoa(int(e)) + ", want 0"
}

// Unwrap returns [ErrVersion].
func (VersionError) Unwrap() error { return ErrVersion }

// A SessionTypeError is a session type that is neither unicast nor group.
type SessionTypeError uint8

func (e SessionTypeError) Error() string {
	return "message: session type " + strconv.Itoa(int(e)) + ", want 0 or 1"
}

// Unwrap returns [ErrReserved].
func (SessionTypeError) Unwrap() error { return ErrReserved }

// A DestinationError says that a header claims a node and a group as its
// destination at once.
type DestinationError struct{}

func (DestinationError) Error() string { return "message: destination is a node and a group at once" }

// Unwrap returns [ErrReserved].
func (DestinationError) Unwrap() error { return ErrReserved }

// maxExtensions is what the extensions' 16-bit length can say.
const maxExtensions = 0xFFFF

// A reader takes little-endian fields off the front of b. The first field that
// is not there ends it: short is set, and all that follow are zero.
type reader struct {
	b     []byte
	n     int // octets taken
	short bool
}

func (r *reader) take(n int) []byte {
	if r.short || len(r.b)-r.n < n {
		r.short = true
		return nil
	}
	r.n += n
	return r.b[r.n-n : r.n]
}

func (r *reader) uint8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return uint16(b[0]) | uint16(b[1])<<8
	}
	return 0
}

func (r *reader) uint32() uint32 {
	return uint32(r.uint16()) | uint32(r.uint16())<<16
}

func (r *reader) uint64() uint64 {
	return uint64(r.uint32()) | uint64(r.uint32())<<32
}

// extensions takes a 16-bit length and as many octets. It never returns nil
// unless the octets are short.
func (r *reader) extensions() []byte { return r.take(int(r.uint16())) }

func appendUint16(b []byte, v uint16) []byte { return append(b, byte(v), byte(v>>8)) }

func appendUint32(b []byte, v uint32) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

func appendUint64(b []byte, v uint64) []byte {
	return appendUint32(appendUint32(b, uint32(v)), uint32(v>>32))
}

func appendExtensions(b, extensions []byte) []byte {
	return append(appendUint16(b, uint16(len(extensions))), extensions...)
}
