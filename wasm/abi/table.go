package abi

import "github.com/matter-session/matter-session/session"

// Handles of sessions and handshakes: slot, kind, generation. The generation
// makes the handle of what was closed an error and never something else: a slot
// whose generations are used up is not used again.
const (
	slotBits       = 17
	generationBits = 31 - 1 - slotBits
	kindBit        = 1 << slotBits

	maxSlots       = 1 << slotBits
	lastGeneration = 1<<generationBits - 1

	chunkSize = 256
)

// The kinds of what has a handle. They are apart, so that neither is taken for
// the other.
const (
	kindSession   = 0
	kindHandshake = kindBit
)

// A table holds what handles name. It grows by chunks that do not move, and
// never shrinks.
type table[T any] struct {
	kind   int32
	limit  int32
	chunks []*[chunkSize]entry[T]
	used   int32 // slots that were ever used
	free   int32 // 1 + the first free slot among them; 0: none
	live   int32
}

type entry[T any] struct {
	generation int32
	next       int32 // the free slot after this one, as in table.free
	live       bool
	value      T
}

// find returns what h names, or nil.
func (t *table[T]) find(h handle) *T {
	i := h & (maxSlots - 1)
	if h <= 0 || i >= t.used || h&kindBit != t.kind {
		return nil
	}
	e := &t.chunks[i/chunkSize][i%chunkSize]
	if !e.live || e.generation != h>>(slotBits+1) {
		return nil
	}
	return &e.value
}

// add makes room for one more and returns its handle.
func (t *table[T]) add() (handle, *T, error) {
	i := t.free - 1
	switch {
	case t.live == t.limit:
		return 0, nil, session.ErrLimit
	case i >= 0:
		t.free = t.chunks[i/chunkSize][i%chunkSize].next
	case t.used == maxSlots:
		return 0, nil, session.ErrLimit
	default:
		i = t.used
		if i%chunkSize == 0 {
			t.chunks = append(t.chunks, new([chunkSize]entry[T]))
		}
		t.used++
	}
	e := &t.chunks[i/chunkSize][i%chunkSize]
	e.generation++
	e.live = true
	t.live++
	return e.generation<<(slotBits+1) | t.kind | i, &e.value, nil
}

// remove makes h stale and erases what it named; h must be valid.
func (t *table[T]) remove(h handle) {
	i := h & (maxSlots - 1)
	e := &t.chunks[i/chunkSize][i%chunkSize]
	var none T
	e.value, e.live = none, false
	t.live--
	if e.generation < lastGeneration {
		e.next, t.free = t.free, i+1
	}
}
