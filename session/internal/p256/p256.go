// Package p256 is NIST P-256 as Matter uses it: uncompressed points of 65
// octets, scalars of 32 octets big-endian, and ECDSA-SHA256 signatures as raw
// r ‖ s of 64 octets. Matter Core §3.5.
//
// Points come from filippo.io/nistec and arithmetic modulo the group order from
// filippo.io/bigmod; both are constant-time in secret values. Nothing here
// reads a random source of its own: what is random comes from the caller's
// reader, and the same octets always make the same key.
package p256

import (
	"errors"
	"io"

	"filippo.io/bigmod"
	"filippo.io/nistec"
)

// Sizes in octets.
const (
	ScalarSize    = 32
	PointSize     = 65
	SignatureSize = 64
)

var (
	// ErrPoint: not an uncompressed point of the curve, or the point at infinity.
	ErrPoint = errors.New("p256: not a point of the curve")
	// ErrScalar: not 32 octets in [1, n-1].
	ErrScalar = errors.New("p256: scalar out of range")
	// ErrRandom: the random source gave only octets that make no scalar. A true
	// one does that with probability 2^-2048.
	ErrRandom = errors.New("p256: the random source is broken")
)

// A Point is a point of the curve or infinity. The alias is here so that the
// arithmetic below it can be exchanged in one place.
type Point = nistec.P256Point

// NewPoint returns the point at infinity.
func NewPoint() *Point { return nistec.NewP256Point() }

// ParsePoint decodes an uncompressed point of 65 octets. It returns [ErrPoint]
// for every other form, for infinity, and for coordinates that are not on the
// curve.
func ParsePoint(b []byte) (*Point, error) {
	if len(b) != PointSize || b[0] != 4 {
		return nil, ErrPoint
	}
	p, err := nistec.NewP256Point().SetBytes(b)
	if err != nil {
		return nil, ErrPoint
	}
	return p, nil
}

// CheckPoint reports whether b is an uncompressed point of the curve, as
// [ParsePoint] takes it. The curve has prime order, so there is no small
// subgroup to look for.
func CheckPoint(b []byte) error {
	_, err := ParsePoint(b)
	return err
}

// Uncompress decodes a point of 33 octets (compressed) or 65 and returns its
// uncompressed form. It returns [ErrPoint] for everything else.
func Uncompress(b []byte) (out [PointSize]byte, err error) {
	if len(b) != PointSize && len(b) != 1+ScalarSize {
		return out, ErrPoint
	}
	p, err := nistec.NewP256Point().SetBytes(b)
	if err != nil {
		return out, ErrPoint
	}
	copy(out[:], p.Bytes())
	return out, nil
}

// A scalar is a secret integer in [0, n-1], big-endian. It prints as [redacted].
type scalar [ScalarSize]byte

func (scalar) String() string   { return "[redacted]" }
func (scalar) GoString() string { return "[redacted]" }

// A PrivateKey is a scalar in [1, n-1] and its public point. It prints as
// [redacted].
type PrivateKey struct {
	d      scalar
	public [PointSize]byte
}

func (PrivateKey) String() string   { return "[redacted]" }
func (PrivateKey) GoString() string { return "[redacted]" }

// randomTries bounds rejection sampling: a fair source needs a second try with
// probability 2^-32, so only a broken one comes this far.
const randomTries = 64

// RandomScalar draws a scalar in [1, n-1] from rand by rejection sampling: 32
// octets are read for each try and taken as they are if they are in range, so a
// test can hand in the scalar itself. It returns rand's error, or [ErrRandom].
func RandomScalar(rand io.Reader) (k [ScalarSize]byte, err error) {
	for range randomTries {
		if _, err := io.ReadFull(rand, k[:]); err != nil {
			return [ScalarSize]byte{}, err
		}
		if CheckScalar(k[:]) == nil {
			return k, nil
		}
	}
	return [ScalarSize]byte{}, ErrRandom
}

// GenerateKey draws a private key from rand as [RandomScalar] does.
func GenerateKey(rand io.Reader) (*PrivateKey, error) {
	k, err := RandomScalar(rand)
	if err != nil {
		return nil, err
	}
	defer clear(k[:])
	return NewPrivateKey(k[:])
}

// NewPrivateKey makes a private key of a stored scalar: 32 octets big-endian in
// [1, n-1], otherwise [ErrScalar]. The octets are copied.
func NewPrivateKey(scalar []byte) (*PrivateKey, error) {
	if err := CheckScalar(scalar); err != nil {
		return nil, err
	}
	p, err := nistec.NewP256Point().ScalarBaseMult(scalar)
	if err != nil {
		return nil, ErrScalar
	}
	k := new(PrivateKey)
	copy(k.d[:], scalar)
	copy(k.public[:], p.Bytes())
	return k, nil
}

// PublicKey returns the uncompressed public point.
func (k *PrivateKey) PublicKey() [PointSize]byte { return k.public }

// Bytes returns the scalar, big-endian, to be stored. The caller answers for
// the copy.
func (k *PrivateKey) Bytes() [ScalarSize]byte { return k.d }

// Clear erases the scalar. The key refuses every use after it. Copies that the
// arithmetic left on the heap are out of reach: best effort.
func (k *PrivateKey) Clear() { clear(k.d[:]) }

// ECDH returns the x coordinate of the product of k and a peer's public key: 65
// octets, uncompressed, validated in full. It returns [ErrPoint] if it is not a
// point of the curve, and [ErrScalar] after [PrivateKey.Clear].
func (k *PrivateKey) ECDH(peer []byte) (x [ScalarSize]byte, err error) {
	if err := CheckScalar(k.d[:]); err != nil {
		return x, err
	}
	p, err := ParsePoint(peer)
	if err != nil {
		return x, err
	}
	if _, err := p.ScalarMult(p, k.d[:]); err != nil {
		return x, ErrScalar
	}
	// The order is prime and neither factor is zero, so infinity cannot come
	// out; if it did, BytesX would say so.
	b, err := p.BytesX()
	if err != nil {
		return x, ErrPoint
	}
	copy(x[:], b)
	clear(b)
	return x, nil
}

// order is n, the order of the group.
var order = mustModulus([]byte{
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51})

// orderMinus2 is the exponent that inverts modulo n.
var orderMinus2 = []byte{
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f}

func mustModulus(b []byte) *bigmod.Modulus {
	m, err := bigmod.NewModulus(b)
	if err != nil {
		panic("p256: the group order is a constant: " + err.Error())
	}
	return m
}

// CheckScalar returns [ErrScalar] unless b is 32 octets, big-endian, in [1, n-1].
func CheckScalar(b []byte) error {
	_, err := parseScalar(b)
	return err
}

func parseScalar(b []byte) (*bigmod.Nat, error) {
	if len(b) != ScalarSize {
		return nil, ErrScalar
	}
	k, err := bigmod.NewNat().SetBytes(b, order)
	if err != nil || k.IsZero() == 1 {
		return nil, ErrScalar
	}
	return k, nil
}

// reduce returns 32 octets modulo n, zero included.
func reduce(b *[ScalarSize]byte) *bigmod.Nat {
	k, err := bigmod.NewNat().SetOverflowingBytes(b[:], order)
	if err != nil {
		panic("p256: 32 octets are as long as the order: " + err.Error())
	}
	return k
}

// twoTo256 is 2^256 modulo n.
var twoTo256 = [ScalarSize]byte{
	0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x43, 0x19, 0x05, 0x52, 0x58, 0xe8, 0x61, 0x7b, 0x0c, 0x46, 0x35, 0x3d, 0x03, 0x9c, 0xda, 0xaf}

// ReduceWide returns 40 octets, big-endian, modulo n. That much excess makes
// the bias of a random input negligible. Matter Core §3.10 computes w0 and w1
// so. The result is zero for one input in 2^256.
func ReduceWide(b *[40]byte) [ScalarSize]byte {
	var high [ScalarSize]byte
	copy(high[24:], b[:8])
	k := reduce(&high)
	k.Mul(reduce(&twoTo256), order)
	k.Add(reduce((*[ScalarSize]byte)(b[8:])), order)
	clear(high[:])
	return [ScalarSize]byte(k.Bytes(order))
}
