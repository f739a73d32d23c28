package hash

import (
	"encoding/binary"
	"math/bits"
)

// SHA1 returns the SHA-1 digest of b, FIPS 180-4 §6.1. It names keys (RFC 5280
// §4.2.1.2) and protects nothing.
func SHA1(b []byte) (digest [20]byte) {
	h := [5]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
	length := uint64(len(b)) * 8
	for len(b) >= blockSize {
		sha1Block(&h, (*[blockSize]byte)(b))
		b = b[blockSize:]
	}
	var block [blockSize]byte
	n := copy(block[:], b)
	block[n] = 0x80
	if n+1 > blockSize-8 {
		sha1Block(&h, &block)
		clear(block[:])
	}
	binary.BigEndian.PutUint64(block[blockSize-8:], length)
	sha1Block(&h, &block)
	for i, v := range h {
		binary.BigEndian.PutUint32(digest[4*i:], v)
	}
	return digest
}

func sha1Block(h *[5]uint32, block *[blockSize]byte) {
	var w [80]uint32
	for i := range 16 {
		w[i] = binary.BigEndian.Uint32(block[4*i:])
	}
	for i := 16; i < 80; i++ {
		w[i] = bits.RotateLeft32(w[i-3]^w[i-8]^w[i-14]^w[i-16], 1)
	}
	a, b, c, d, e := h[0], h[1], h[2], h[3], h[4]
	for i, v := range w {
		var f uint32
		switch i / 20 {
		case 0:
			f = (b&c | ^b&d) + 0x5a827999
		case 1:
			f = (b ^ c ^ d) + 0x6ed9eba1
		case 2:
			f = (b&c | b&d | c&d) + 0x8f1bbcdc
		default:
			f = (b ^ c ^ d) + 0xca62c1d6
		}
		a, b, c, d, e = bits.RotateLeft32(a, 5)+f+e+v, a, bits.RotateLeft32(b, 30), c, d
	}
	h[0] += a
	h[1] += b
	h[2] += c
	h[3] += d
	h[4] += e
}
