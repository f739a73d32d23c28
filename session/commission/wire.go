package commission

import (
	"errors"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// Opcodes of the Interaction Model's protocol. Matter Core §10.2.1.
const (
	OpcodeStatusResponse    session.Opcode = 0x01
	OpcodeReadRequest       session.Opcode = 0x02
	OpcodeSubscribeRequest  session.Opcode = 0x03
	OpcodeSubscribeResponse session.Opcode = 0x04
	OpcodeReportData        session.Opcode = 0x05
	OpcodeWriteRequest      session.Opcode = 0x06
	OpcodeWriteResponse     session.Opcode = 0x07
	OpcodeInvokeRequest     session.Opcode = 0x08
	OpcodeInvokeResponse    session.Opcode = 0x09
	OpcodeTimedRequest      session.Opcode = 0x0A
)

// A Message is one message of the Interaction Model.
type Message struct {
	Opcode  session.Opcode
	Payload []byte
}

// Revision is the revision of the Interaction Model that every message of ours
// states. Others' are read and not judged: peers of revision 1 to 13 differ in
// nothing that is used here.
const Revision = 12

// revisionTag ends every message.
const revisionTag = 0xFF

const typeUint = tlv.Uint

// PBKDF2 iterations that a device may ask for. Matter Core §3.9.
const (
	minIterations = 1_000
	maxIterations = 100_000
)

var (
	errHalfPBKDF = errors.New("commission: PBKDF2 salt and iterations come together or not at all")
	errChoice    = errors.New("commission: a report or response must hold data or a status, one of the two")
	errReport    = errors.New("commission: a report cannot both go on and suppress its answer")
	errTags      = errors.New("commission: compressed paths are not supported")
)

// emptyStruct is the anonymous structure without members: the fields of a
// command that has none.
var emptyStruct = []byte{0x15, 0x18}

func ctx(n uint8) tlv.Tag { return tlv.Context(n) }

// newMessage opens the structure that every message is.
func newMessage(dst []byte) *tlv.Writer {
	w := tlv.NewWriter(dst)
	w.Struct(tlv.Anonymous)
	return w
}

// endMessage writes the revision and closes the message.
func endMessage(w *tlv.Writer) []byte {
	w.Uint(ctx(revisionTag), Revision)
	w.End()
	return w.Octets()
}

// openStruct returns a reader within the structure that b is, and an empty set
// to note its members in.
func openStruct(b []byte) (r *tlv.Reader, seen tlv.Set) {
	r = tlv.NewReader(b)
	r.Next()
	r.Enter(tlv.Struct)
	return r, seen
}

// value returns the element just read, untagged, in memory of its own.
func value(r *tlv.Reader) []byte {
	raw := r.Raw()
	if raw == nil {
		return nil
	}
	return untagged(raw)
}

// untagged returns a copy of one element without its tag.
func untagged(raw []byte) []byte {
	w := tlv.NewWriter(make([]byte, 0, len(raw)))
	w.Raw(tlv.Anonymous, raw)
	return w.Octets()
}

// fields is value for an element that must be a structure.
func fields(r *tlv.Reader) []byte {
	if t := r.Type(); t != tlv.Struct && r.Err() == nil {
		r.Fail(&tlv.TypeError{Tag: r.Tag(), Got: t, Want: tlv.Struct})
	}
	return value(r)
}

// array reads the members of the array just read.
func array[T any](r *tlv.Reader, parse func(*tlv.Reader) T) (list []T) {
	r.Enter(tlv.Array)
	for r.Next() {
		list = append(list, parse(r))
	}
	r.Exit()
	return list
}

// appendArray writes an array, each member by its append.
func appendArray[T interface {
	append(w *tlv.Writer, t tlv.Tag)
}](w *tlv.Writer, t tlv.Tag, list []T) {
	w.Array(t)
	for _, x := range list {
		x.append(w, tlv.Anonymous)
	}
	w.End()
}

// result returns v, or the zero value and the reader's error.
func result[T any](r *tlv.Reader, v T) (T, error) {
	if err := r.Close(); err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}
