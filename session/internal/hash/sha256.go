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

// The functions of FIPS 180-4 §4.1.2.
func big0(v uint32) uint32 {
	return bits.RotateLeft32(v, -2) ^ bits.RotateLeft32(v, -13) ^ bits.RotateLeft32(v, -22)
}

func big1(v uint32) uint32 {
	return bits.RotateLeft32(v, -6) ^ bits.RotateLeft32(v, -11) ^ bits.RotateLeft32(v, -25)
}

func small0(v uint32) uint32 {
	return bits.RotateLeft32(v, -7) ^ bits.RotateLeft32(v, -18) ^ v>>3
}

func small1(v uint32) uint32 {
	return bits.RotateLeft32(v, -17) ^ bits.RotateLeft32(v, -19) ^ v>>10
}

// compress folds one block of 64 octets into s. Sixteen rounds are written out,
// so that the variables change their names instead of moving, and the schedule's
// last sixteen words are at constant places: a quarter of the time.
func (s *state) compress(block *[blockSize]byte) {
	var w [16]uint32
	for i := range w {
		w[i] = binary.BigEndian.Uint32(block[4*i:])
	}
	a, b, c, d, e, f, g, h := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	var t uint32
	k := (*[16]uint32)(roundConstants[:])
	t = h + big1(e) + (g ^ e&(f^g)) + k[0] + w[0]
	d += t
	h = t + big0(a) + (a&b ^ c&(a^b))
	t = g + big1(d) + (f ^ d&(e^f)) + k[1] + w[1]
	c += t
	g = t + big0(h) + (h&a ^ b&(h^a))
	t = f + big1(c) + (e ^ c&(d^e)) + k[2] + w[2]
	b += t
	f = t + big0(g) + (g&h ^ a&(g^h))
	t = e + big1(b) + (d ^ b&(c^d)) + k[3] + w[3]
	a += t
	e = t + big0(f) + (f&g ^ h&(f^g))
	t = d + big1(a) + (c ^ a&(b^c)) + k[4] + w[4]
	h += t
	d = t + big0(e) + (e&f ^ g&(e^f))
	t = c + big1(h) + (b ^ h&(a^b)) + k[5] + w[5]
	g += t
	c = t + big0(d) + (d&e ^ f&(d^e))
	t = b + big1(g) + (a ^ g&(h^a)) + k[6] + w[6]
	f += t
	b = t + big0(c) + (c&d ^ e&(c^d))
	t = a + big1(f) + (h ^ f&(g^h)) + k[7] + w[7]
	e += t
	a = t + big0(b) + (b&c ^ d&(b^c))
	t = h + big1(e) + (g ^ e&(f^g)) + k[8] + w[8]
	d += t
	h = t + big0(a) + (a&b ^ c&(a^b))
	t = g + big1(d) + (f ^ d&(e^f)) + k[9] + w[9]
	c += t
	g = t + big0(h) + (h&a ^ b&(h^a))
	t = f + big1(c) + (e ^ c&(d^e)) + k[10] + w[10]
	b += t
	f = t + big0(g) + (g&h ^ a&(g^h))
	t = e + big1(b) + (d ^ b&(c^d)) + k[11] + w[11]
	a += t
	e = t + big0(f) + (f&g ^ h&(f^g))
	t = d + big1(a) + (c ^ a&(b^c)) + k[12] + w[12]
	h += t
	d = t + big0(e) + (e&f ^ g&(e^f))
	t = c + big1(h) + (b ^ h&(a^b)) + k[13] + w[13]
	g += t
	c = t + big0(d) + (d&e ^ f&(d^e))
	t = b + big1(g) + (a ^ g&(h^a)) + k[14] + w[14]
	f += t
	b = t + big0(c) + (c&d ^ e&(c^d))
	t = a + big1(f) + (h ^ f&(g^h)) + k[15] + w[15]
	e += t
	a = t + big0(b) + (b&c ^ d&(b^c))
	for n := 16; n < 64; n += 16 {
		k := (*[16]uint32)(roundConstants[n:])
		w[0] += small0(w[1]) + w[9] + small1(w[14])
		t = h + big1(e) + (g ^ e&(f^g)) + k[0] + w[0]
		d += t
		h = t + big0(a) + (a&b ^ c&(a^b))
		w[1] += small0(w[2]) + w[10] + small1(w[15])
		t = g + big1(d) + (f ^ d&(e^f)) + k[1] + w[1]
		c += t
		g = t + big0(h) + (h&a ^ b&(h^a))
		w[2] += small0(w[3]) + w[11] + small1(w[0])
		t = f + big1(c) + (e ^ c&(d^e)) + k[2] + w[2]
		b += t
		f = t + big0(g) + (g&h ^ a&(g^h))
		w[3] += small0(w[4]) + w[12] + small1(w[1])
		t = e + big1(b) + (d ^ b&(c^d)) + k[3] + w[3]
		a += t
		e = t + big0(f) + (f&g ^ h&(f^g))
		w[4] += small0(w[5]) + w[13] + small1(w[2])
		t = d + big1(a) + (c ^ a&(b^c)) + k[4] + w[4]
		h += t
		d = t + big0(e) + (e&f ^ g&(e^f))
		w[5] += small0(w[6]) + w[14] + small1(w[3])
		t = c + big1(h) + (b ^ h&(a^b)) + k[5] + w[5]
		g += t
		c = t + big0(d) + (d&e ^ f&(d^e))
		w[6] += small0(w[7]) + w[15] + small1(w[4])
		t = b + big1(g) + (a ^ g&(h^a)) + k[6] + w[6]
		f += t
		b = t + big0(c) + (c&d ^ e&(c^d))
		w[7] += small0(w[8]) + w[0] + small1(w[5])
		t = a + big1(f) + (h ^ f&(g^h)) + k[7] + w[7]
		e += t
		a = t + big0(b) + (b&c ^ d&(b^c))
		w[8] += small0(w[9]) + w[1] + small1(w[6])
		t = h + big1(e) + (g ^ e&(f^g)) + k[8] + w[8]
		d += t
		h = t + big0(a) + (a&b ^ c&(a^b))
		w[9] += small0(w[10]) + w[2] + small1(w[7])
		t = g + big1(d) + (f ^ d&(e^f)) + k[9] + w[9]
		c += t
		g = t + big0(h) + (h&a ^ b&(h^a))
		w[10] += small0(w[11]) + w[3] + small1(w[8])
		t = f + big1(c) + (e ^ c&(d^e)) + k[10] + w[10]
		b += t
		f = t + big0(g) + (g&h ^ a&(g^h))
		w[11] += small0(w[12]) + w[4] + small1(w[9])
		t = e + big1(b) + (d ^ b&(c^d)) + k[11] + w[11]
		a += t
		e = t + big0(f) + (f&g ^ h&(f^g))
		w[12] += small0(w[13]) + w[5] + small1(w[10])
		t = d + big1(a) + (c ^ a&(b^c)) + k[12] + w[12]
		h += t
		d = t + big0(e) + (e&f ^ g&(e^f))
		w[13] += small0(w[14]) + w[6] + small1(w[11])
		t = c + big1(h) + (b ^ h&(a^b)) + k[13] + w[13]
		g += t
		c = t + big0(d) + (d&e ^ f&(d^e))
		w[14] += small0(w[15]) + w[7] + small1(w[12])
		t = b + big1(g) + (a ^ g&(h^a)) + k[14] + w[14]
		f += t
		b = t + big0(c) + (c&d ^ e&(c^d))
		w[15] += small0(w[0]) + w[8] + small1(w[13])
		t = a + big1(f) + (h ^ f&(g^h)) + k[15] + w[15]
		e += t
		a = t + big0(b) + (b&c ^ d&(b^c))
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
