package hash

import "encoding/binary"

// A keyed holds HMAC-SHA256's two states after its key's block, RFC 2104: all
// that is needed of the key, and half of the work of a short message.
type keyed struct{ inner, outer state }

func newKeyed(key []byte) (k keyed) {
	var block [blockSize]byte
	if len(key) > blockSize {
		digest := SHA256(key)
		copy(block[:], digest[:])
		clear(digest[:])
	} else {
		copy(block[:], key)
	}
	for i := range block {
		block[i] ^= 0x36
	}
	k.inner = initial
	k.inner.compress(&block)
	for i := range block {
		block[i] ^= 0x36 ^ 0x5c
	}
	k.outer = initial
	k.outer.compress(&block)
	clear(block[:])
	return k
}

func (k *keyed) sum(parts ...[]byte) [Size]byte {
	inner := resumed(&k.inner, 1)
	for _, p := range parts {
		inner.Write(p)
	}
	digest := inner.Sum()
	outer := resumed(&k.outer, 1)
	outer.Write(digest[:])
	return outer.Sum()
}

// HMAC returns HMAC-SHA256 of the parts, one after another.
func HMAC(key []byte, parts ...[]byte) [Size]byte {
	k := newKeyed(key)
	defer k.clear()
	return k.sum(parts...)
}

func (k *keyed) clear() { *k = keyed{} }

// HKDF fills dst with HKDF-SHA256, RFC 5869. An empty salt is 32 zero octets. It
// panics if dst is longer than 255 digests, which no caller's constant is.
func HKDF(dst, secret, salt []byte, info string) {
	if len(dst) > 255*Size {
		panic("hash: HKDF: output too long")
	}
	extracted := HMAC(salt, secret)
	k := newKeyed(extracted[:])
	clear(extracted[:])
	defer k.clear()
	var (
		block    [Size]byte
		previous []byte
		counter  [1]byte
		context  = []byte(info)
	)
	for len(dst) > 0 {
		counter[0]++
		block = k.sum(previous, context, counter[:])
		previous = block[:]
		dst = dst[copy(dst, block[:]):]
	}
	clear(block[:])
}

// PBKDF2 fills dst with PBKDF2-HMAC-SHA256, RFC 8018 §5.2. Iterations must be at
// least 1. It allocates nothing that depends on the iterations.
func PBKDF2(dst, password, salt []byte, iterations int) {
	if iterations < 1 {
		panic("hash: PBKDF2: no iterations")
	}
	k := newKeyed(password)
	defer k.clear()
	// Every message but the first is one digest: its one block, with the padding
	// in place, is kept for both states.
	var inner, outer [blockSize]byte
	for _, b := range []*[blockSize]byte{&inner, &outer} {
		b[Size] = 0x80
		binary.BigEndian.PutUint16(b[blockSize-2:], (blockSize+Size)*8)
	}
	var index [4]byte
	for n := uint32(1); len(dst) > 0; n++ {
		binary.BigEndian.PutUint32(index[:], n)
		u := k.sum(salt, index[:])
		sum := u
		copy(inner[:], u[:])
		for range iterations - 1 {
			s := k.inner
			s.compress(&inner)
			s.put((*[Size]byte)(outer[:]))
			s = k.outer
			s.compress(&outer)
			s.put((*[Size]byte)(inner[:]))
			for i := range sum {
				sum[i] ^= inner[i]
			}
		}
		dst = dst[copy(dst, sum[:]):]
		clear(u[:])
		clear(sum[:])
	}
	clear(inner[:])
	clear(outer[:])
}
