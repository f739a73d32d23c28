package abi

import (
	"github.com/matter-session/matter-session/session/tlv"
)

// maxMember is the largest tag of a request's member.
const maxMember = 31

// A members value is an anonymous structure taken apart: the element of each
// context tag, or nil. Reading a member as what it is not is remembered in err.
type members struct {
	elements [maxMember + 1][]byte
	err      error
}

// parseMembers takes the structure in b apart.
func parseMembers(b []byte) (*members, error) {
	m := new(members)
	r := tlv.NewReader(b)
	r.Next()
	m.fill(r)
	if r.Close() != nil {
		return nil, errArgument
	}
	return m, nil
}

// fill takes apart the structure that r stands on.
func (m *members) fill(r *tlv.Reader) {
	r.Enter(tlv.Struct)
	for r.Next() {
		if n, ok := r.Tag().ContextNumber(); ok && n <= maxMember {
			m.elements[n] = r.Raw()
		}
	}
	r.Exit()
}

func (m *members) has(n int) bool { return m.elements[n] != nil }

// read gives a reader on member n; an absent one is an error.
func (m *members) read(n int, f func(r *tlv.Reader)) {
	if m.elements[n] == nil {
		m.err = errArgument
		return
	}
	r := tlv.NewReader(m.elements[n])
	r.Next()
	f(r)
	if r.Close() != nil {
		m.err = errArgument
	}
}

func (m *members) uint(n int, most uint64) (v uint64) {
	m.read(n, func(r *tlv.Reader) { v = r.Uint(most) })
	return v
}

// optional returns member n, or otherwise if it is absent.
func (m *members) optional(n int, most, otherwise uint64) uint64 {
	if !m.has(n) {
		return otherwise
	}
	return m.uint(n, most)
}

func (m *members) u8(n int) uint8   { return uint8(m.uint(n, 1<<8-1)) }
func (m *members) u16(n int) uint16 { return uint16(m.uint(n, 1<<16-1)) }
func (m *members) u32(n int) uint32 { return uint32(m.uint(n, 1<<32-1)) }
func (m *members) u64(n int) uint64 { return m.uint(n, 1<<64-1) }

// flag is false if it is absent.
func (m *members) flag(n int) (v bool) {
	if m.has(n) {
		m.read(n, func(r *tlv.Reader) { v = r.Bool() })
	}
	return v
}

// octets are nil if they are absent.
func (m *members) octets(n int) (v []byte) {
	if m.has(n) {
		m.read(n, func(r *tlv.Reader) { v = r.Bytes(0, BufferSize) })
	}
	return v
}

// text is empty if it is absent.
func (m *members) text(n int) (v string) {
	if m.has(n) {
		m.read(n, func(r *tlv.Reader) { v = r.String(BufferSize) })
	}
	return v
}

// element returns member n with its tag taken off, or nil.
func (m *members) element(n int) []byte {
	if !m.has(n) {
		return nil
	}
	w := tlv.NewWriter(nil)
	w.Raw(tlv.Anonymous, m.elements[n])
	return w.Octets()
}

// structure is element for a structure.
func (m *members) structure(n int) []byte {
	b := m.element(n)
	if b != nil {
		m.read(n, func(r *tlv.Reader) { r.Enter(tlv.Struct) })
	}
	return b
}

// each calls f for each structure in the array that is member n.
func (m *members) each(n int, f func(item *members)) {
	if !m.has(n) {
		return
	}
	m.read(n, func(r *tlv.Reader) {
		r.Enter(tlv.Array)
		for r.Next() {
			item := new(members)
			item.fill(r)
			if r.Err() != nil {
				return
			}
			if f(item); item.err != nil {
				m.err = item.err
			}
		}
		r.Exit()
	})
}
