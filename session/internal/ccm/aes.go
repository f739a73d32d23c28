package ccm

import (
	"encoding/binary"
	"math/bits"
)

//go:generate sh -c "go run gen.go > rounds.go"

// AES-128 encryption of two blocks at once, bitsliced and fixsliced (Adomnicai
// and Peyrin, "Fixslicing AES-like Ciphers", 2021).
//
// Bitsliced: plane k holds bit k of all 32 octets, so that the S-box is a circuit
// of word operations, with no table to index and no branch. The bit of the octet
// in row r and column c of block b is at 8r+2c+b.
//
// Fixsliced: ShiftRows is never carried out. After r rounds the state is the
// true one with r ShiftRows undone, and MixColumns and the round keys are
// conjugated to fit: a turn by whole rows is a rotation of the word, a turn by
// columns the same rotation inside every octet, for all rows alike. Four
// ShiftRows are none, so there are four forms of MixColumns; the two that remain
// after ten rounds are made good at the end.

// A schedule holds the eleven round keys, each as eight planes, for encrypt.
type schedule [88]uint32

// lanes are two blocks as little-endian columns, by turns: words[2c] is column c
// of the first, words[2c+1] of the second.
type lanes struct {
	words [8]uint32
	// fence is written as MixColumns finishes each plane, and never read: the
	// stores keep the compiler from working on all planes at once, which under
	// WebAssembly, with its sixteen registers, costs a tenth of the time.
	fence uint32
}

// transpose turns lanes into planes and back; encrypt has it written out.
func transpose(q *[8]uint32) {
	exchange := func(distance int, shift uint, mask uint32) {
		for i := range q {
			if i&distance == 0 {
				t := (q[i]>>shift ^ q[i|distance]) & mask
				q[i|distance] ^= t
				q[i] ^= t << shift
			}
		}
	}
	exchange(4, 4, 0x0f0f0f0f)
	exchange(2, 2, 0x33333333)
	exchange(1, 1, 0x55555555)
}

// substitutionConstant is what substitute leaves out of the S-box, FIPS 197
// §5.1.1. MixColumns keeps it, so the round keys make it good.
const substitutionConstant = 0x63

// substituteWord applies the S-box to the four octets of w.
func substituteWord(w uint32) uint32 {
	q := [8]uint32{w}
	transpose(&q)
	substitute(&q)
	transpose(&q)
	return q[0] ^ substitutionConstant*0x01010101
}

// expand sets the schedule of a key. FIPS 197 §5.2.
func (k *schedule) expand(key *[KeySize]byte) {
	var w [44]uint32
	for i := range 4 {
		w[i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	constant := uint32(1)
	for i := 4; i < len(w); i++ {
		t := w[i-1]
		if i%4 == 0 {
			t = substituteWord(bits.RotateLeft32(t, -8)) ^ constant
			constant = constant<<1 ^ constant>>7*0x11b
		}
		w[i] = w[i-4] ^ t
	}
	var q [8]uint32
	for round := range 11 {
		for c := range 4 {
			var column uint32
			for row := range 4 { // less ShiftRows, round times
				column |= w[4*round+(c-round*row)&3] & (0xff << (8 * row))
			}
			q[2*c], q[2*c+1] = column, column
		}
		transpose(&q)
		for i, plane := range q {
			if round > 0 && substitutionConstant>>i&1 != 0 {
				plane = ^plane
			}
			k[8*round+i] = plane
		}
	}
	clear(w[:])
	clear(q[:])
}
