// Package crypto is the one named door to the primitives of package session, for
// hosts that have a use for them by themselves. It is thin: what each does, and
// what of it takes the same time for all secrets, is said where it is done.
//
// Keys are the caller's octets. Points are 65 octets, uncompressed; scalars 32
// octets, big-endian; signatures r ‖ s, 64 octets.
package crypto

import (
	"crypto/subtle"
	"errors"
	"io"

	"github.com/matter-session/matter-session/session/internal/ccm"
	"github.com/matter-session/matter-session/session/internal/hash"
	"github.com/matter-session/matter-session/session/internal/p256"
)

// Sizes in octets.
const (
	KeySize       = ccm.KeySize
	NonceSize     = ccm.NonceSize
	TagSize       = ccm.TagSize
	MaxPlaintext  = ccm.MaxPlaintext
	MaxAssociated = ccm.MaxAssociated

	HashSize      = hash.Size
	ScalarSize    = p256.ScalarSize
	PointSize     = p256.PointSize
	SignatureSize = p256.SignatureSize
)

// Sentinels.
var (
	ErrAuthentication = ccm.ErrAuthentication // not sealed so
	ErrPoint          = p256.ErrPoint         // not a point of the curve, or infinity
	ErrScalar         = p256.ErrScalar        // not in [1, n-1]
	ErrTooLong        = errors.New("crypto: more octets than one message can have")
)

// recentKeys is how many expanded keys a [Ciphers] keeps: those of the two
// directions of eight sessions.
const recentKeys = 16

// Ciphers is AES-128-CCM by keys that come with each call: nonces of 13 octets,
// tags of 16. AES expands a key for longer than it takes to seal a short message,
// so the keys that were used last are kept, with what was made of them, until
// others displace them or Forget is called. The zero value is ready.
type Ciphers struct {
	entries [recentKeys]struct {
		key    [KeySize]byte
		cipher ccm.Cipher
		used   bool
	}
	next int
}

// cipher finds a key among the recent ones, all of which it looks at.
func (c *Ciphers) cipher(key *[KeySize]byte) *ccm.Cipher {
	found := -1
	for i := range c.entries {
		e := &c.entries[i]
		if e.used && subtle.ConstantTimeCompare(e.key[:], key[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		found = c.next
		c.next = (c.next + 1) % recentKeys
		e := &c.entries[found]
		e.key, e.used = *key, true
		e.cipher.Init(key)
	}
	return &c.entries[found].cipher
}

// Seal encrypts text in place and returns it with the tag at its end, in the
// same memory if that has room.
func (c *Ciphers) Seal(key *[KeySize]byte, nonce *[NonceSize]byte, text, aad []byte) ([]byte, error) {
	if len(text) > MaxPlaintext || len(aad) > MaxAssociated {
		return nil, ErrTooLong
	}
	return c.cipher(key).Seal(text[:0], nonce, text, aad), nil
}

// Open decrypts in place what Seal returned. It returns [ErrAuthentication] if
// anything is not as it was sealed; text is erased then.
func (c *Ciphers) Open(key *[KeySize]byte, nonce *[NonceSize]byte, text, aad []byte) ([]byte, error) {
	return c.cipher(key).Open(text[:0], nonce, text, aad)
}

// Forget erases the keys.
func (c *Ciphers) Forget() { *c = Ciphers{} }

// SHA256 returns the digest of b.
func SHA256(b []byte) [HashSize]byte { return hash.SHA256(b) }

// HMAC returns the HMAC-SHA256 of b.
func HMAC(key, b []byte) [HashSize]byte { return hash.HMAC(key, b) }

// HKDF fills dst by HKDF-SHA256; at most 8,160 octets.
func HKDF(dst, secret, salt []byte, info string) { hash.HKDF(dst, secret, salt, info) }

// PBKDF2 fills dst by PBKDF2-HMAC-SHA256.
func PBKDF2(dst, password, salt []byte, iterations int) {
	hash.PBKDF2(dst, password, salt, iterations)
}

// GenerateKey draws a private key from rand and returns it with its public key.
func GenerateKey(rand io.Reader) (private [ScalarSize]byte, public [PointSize]byte, err error) {
	k, err := p256.GenerateKey(rand)
	if err != nil {
		return private, public, err
	}
	defer k.Clear()
	return k.Bytes(), k.PublicKey(), nil
}

// PublicKey returns the public key of a private one, or [ErrScalar].
func PublicKey(private []byte) (public [PointSize]byte, err error) {
	k, err := p256.NewPrivateKey(private)
	if err != nil {
		return public, err
	}
	defer k.Clear()
	return k.PublicKey(), nil
}

// ECDH returns the x coordinate that private makes with a peer's public key.
func ECDH(private, peer []byte) (x [ScalarSize]byte, err error) {
	k, err := p256.NewPrivateKey(private)
	if err != nil {
		return x, err
	}
	defer k.Clear()
	return k.ECDH(peer)
}

// Sign signs the SHA-256 digest of message. The nonce depends on key, message
// and rand, so that a broken rand alone does not tell the key.
func Sign(rand io.Reader, private, message []byte) (signature [SignatureSize]byte, err error) {
	k, err := p256.NewPrivateKey(private)
	if err != nil {
		return signature, err
	}
	defer k.Clear()
	return k.Sign(rand, message)
}

// Verify reports whether signature is of message by the holder of public.
func Verify(public, message, signature []byte) bool {
	return p256.Verify(public, message, signature)
}

// Multiply returns the product of a point and a scalar. It returns [ErrPoint]
// or [ErrScalar] for what is none.
func Multiply(point, scalar []byte) (product [PointSize]byte, err error) {
	p, err := p256.ParsePoint(point)
	if err != nil {
		return product, err
	}
	if err := p256.CheckScalar(scalar); err != nil {
		return product, err
	}
	if _, err := p.ScalarMult(p, scalar); err != nil {
		return product, ErrScalar
	}
	return encode(p)
}

// Add returns the sum of two points, or [ErrPoint] if either is none or the sum
// is infinity.
func Add(a, b []byte) (sum [PointSize]byte, err error) {
	p, err := p256.ParsePoint(a)
	if err != nil {
		return sum, err
	}
	q, err := p256.ParsePoint(b)
	if err != nil {
		return sum, err
	}
	return encode(p.Add(p, q))
}

// Negate returns the point's mirror image, or [ErrPoint].
func Negate(point []byte) (negative [PointSize]byte, err error) {
	p, err := p256.ParsePoint(point)
	if err != nil {
		return negative, err
	}
	return encode(p.Negate(p))
}

func encode(p *p256.Point) (out [PointSize]byte, err error) {
	if p.IsInfinity() == 1 {
		return out, ErrPoint
	}
	return [PointSize]byte(p.Bytes()), nil
}
