package hash

import (
	"encoding/binary"
	"math/bits"
)

// Size is the length of a SHA-256 digest in octets.
const Size = 32

const blockSize = 64

// A state is the chaining value of SHA-256. FIPS 180-4 §6.2.
type state [8]uint32

var initial = state{
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
}

var roundConstants = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}

// compress folds one block of 64 octets into s.
func (s *state) compress(block *[blockSize]byte) {
	var w [64]uint32
	for i := range 16 {
		w[i] = binary.BigEndian.Uint32(block[4*i:])
	}
	for i := 16; i < 64; i++ {
		v1, v2 := w[i-2], w[i-15]
		s1 := bits.RotateLeft32(v1, -17) ^ bits.RotateLeft32(v1, -19) ^ v1>>10
		s0 := bits.RotateLeft32(v2, -7) ^ bits.RotateLeft32(v2, -18) ^ v2>>3
		w[i] = s1 + w[i-7] + s0 + w[i-16]
	}
	a, b, c, d, e, f, g, h := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	for i := range 64 {
		t1 := h + (bits.RotateLeft32(e, -6) ^ bits.RotateLeft32(e, -11) ^ bits.RotateLeft32(e, -25)) +
			(g ^ e&(f^g)) + roundConstants[i] + w[i]
		t2 := (bits.RotateLeft32(a, -2) ^ bits.RotateLeft32(a, -13) ^ bits.RotateLeft32(a, -22)) +
			(a&b ^ c&(a^b))
		h, g, f, e, d, c, b, a = g, f, e, d+t1, c, b, a, t1+t2
	}
	s[0] += a
	s[1] += b
	s[2] += c
	s[3] += d
	s[4] += e
	s[5] += f
	s[6] += g
	s[7] += h
}

// put writes s to out, big-endian.
func (s *state) put(out *[Size]byte) {
	for i, v := range s {
		binary.BigEndian.PutUint32(out[4*i:], v)
	}
}

// A Transcript is a running SHA-256. The zero value is ready, and a copy goes on
// by itself.
type Transcript struct {
	state   state
	pending [blockSize]byte // its first length%64 octets wait for their block
	length  uint64          // octets written
}

// resumed is a transcript of s after n whole blocks.
func resumed(s *state, n uint64) Transcript { return Transcript{state: *s, length: n * blockSize} }

// Write appends b to what is hashed. It takes all of b and never fails.
func (t *Transcript) Write(b []byte) (int, error) {
	n := len(b)
	if t.length == 0 {
		t.state = initial
	}
	used := int(t.length % blockSize)
	t.length += uint64(n)
	if used > 0 {
		k := copy(t.pending[used:], b)
		b = b[k:]
		if used+k < blockSize {
			return n, nil
		}
		t.state.compress(&t.pending)
	}
	for len(b) >= blockSize {
		t.state.compress((*[blockSize]byte)(b))
		b = b[blockSize:]
	}
	copy(t.pending[:], b)
	return n, nil
}

// Sum returns the digest of what was written so far. Writing can go on after it.
func (t *Transcript) Sum() (digest [Size]byte) {
	s, block := t.state, t.pending
	if t.length == 0 {
		s = initial
	}
	used := int(t.length % blockSize)
	block[used] = 0x80
	clear(block[used+1:])
	if used+1 > blockSize-8 {
		s.compress(&block)
		clear(block[:])
	}
	binary.BigEndian.PutUint64(block[blockSize-8:], t.length*8)
	s.compress(&block)
	s.put(&digest)
	return digest
}

// SHA256 returns the digest of the parts, one after another.
func SHA256(parts ...[]byte) [Size]byte {
	var t Transcript
	for _, p := range parts {
		t.Write(p)
	}
	return t.Sum()
}
