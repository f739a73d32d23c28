package p256

import (
	"crypto/subtle"
	"errors"
	"io"

	"filippo.io/bigmod"
	"filippo.io/nistec"

	"github.com/matter-session/matter-session/session/internal/hash"
)

var errSignature = errors.New("p256: internal error: zero in a signature")

// Sign returns the ECDSA-SHA256 signature of message, r ‖ s. Matter Core
// §3.5.3.
//
// The nonce is RFC 6979's, with 32 octets of rand as its additional data (§3.6
// there): a broken random source cannot leak the key, and a fault attack cannot
// rely on the nonce being the same. A nil rand gives RFC 6979's deterministic
// signature. It returns rand's error, and [ErrScalar] after [PrivateKey.Clear].
func (k *PrivateKey) Sign(rand io.Reader, message []byte) ([SignatureSize]byte, error) {
	digest := hash.SHA256(message)
	return k.SignDigest(rand, &digest)
}

// SignDigest is [PrivateKey.Sign] of a message whose SHA-256 is at hand.
func (k *PrivateKey) SignDigest(rand io.Reader, digest *[32]byte) (sig [SignatureSize]byte, err error) {
	d, err := parseScalar(k.d[:])
	if err != nil {
		return sig, err
	}
	var extra []byte
	if rand != nil {
		extra = make([]byte, 32)
		if _, err := io.ReadFull(rand, extra); err != nil {
			return sig, err
		}
	}
	e := reduce(digest)
	nonces := newNonces(&k.d, e.Bytes(order), extra)
	defer nonces.clear()
	nonce, octets := nonces.next()
	defer clear(octets)

	p, err := nistec.NewP256Point().ScalarBaseMult(octets)
	if err != nil {
		return sig, err
	}
	x, err := p.BytesX()
	if err != nil {
		return sig, err
	}
	r := reduce((*[ScalarSize]byte)(x))

	// s = nonce⁻¹ (e + r d)
	s := d
	s.Mul(r, order)
	s.Add(e, order)
	s.Mul(bigmod.NewNat().Exp(nonce, orderMinus2, order), order)

	// Neither happens but with probability 2^-256; RFC 6979 would go on to the
	// next nonce.
	if r.IsZero() == 1 || s.IsZero() == 1 {
		return sig, errSignature
	}
	copy(sig[:], r.Bytes(order))
	copy(sig[ScalarSize:], s.Bytes(order))
	return sig, nil
}

// nonces is the generator of RFC 6979 §3.2, an HMAC_DRBG.
type nonces struct {
	k, v  [32]byte
	drawn bool
}

// newNonces seeds it with the private key, the reduced digest and extra, which
// may be empty (§3.6).
func newNonces(d *scalar, digest, extra []byte) *nonces {
	g := new(nonces)
	for i := range g.v {
		g.v[i] = 1
	}
	g.k = hash.HMAC(g.k[:], g.v[:], []byte{0}, d[:], digest, extra)
	g.v = hash.HMAC(g.k[:], g.v[:])
	g.k = hash.HMAC(g.k[:], g.v[:], []byte{1}, d[:], digest, extra)
	g.v = hash.HMAC(g.k[:], g.v[:])
	return g
}

// next returns the next nonce in [1, n-1], as a number and as octets. It
// rejects with probability 2^-32, and never two times 64 in a row: the loop
// ends.
func (g *nonces) next() (*bigmod.Nat, []byte) {
	for {
		if g.drawn {
			g.k = hash.HMAC(g.k[:], g.v[:], []byte{0})
			g.v = hash.HMAC(g.k[:], g.v[:])
		}
		g.v = hash.HMAC(g.k[:], g.v[:])
		g.drawn = true
		if k, err := parseScalar(g.v[:]); err == nil {
			return k, k.Bytes(order)
		}
	}
}

func (g *nonces) clear() { *g = nonces{} }

// Verify reports whether signature (r ‖ s, 64 octets) is public's ECDSA-SHA256
// signature of message. public is an uncompressed point, validated in full. s
// may be in either half of its range, as ECDSA has it: a Matter node does not
// normalise.
func Verify(public, message, signature []byte) bool {
	digest := hash.SHA256(message)
	return VerifyDigest(public, &digest, signature)
}

// VerifyDigest is [Verify] for a message whose SHA-256 is at hand. It does not
// run in constant time in its arguments, which are public.
func VerifyDigest(public []byte, digest *[32]byte, signature []byte) bool {
	q, err := ParsePoint(public)
	if err != nil || len(signature) != SignatureSize {
		return false
	}
	r, err := parseScalar(signature[:ScalarSize])
	if err != nil {
		return false
	}
	s, err := parseScalar(signature[ScalarSize:])
	if err != nil {
		return false
	}
	w := bigmod.NewNat().Exp(s, orderMinus2, order)
	u1 := reduce(digest).Mul(w, order)
	u2 := w.Mul(r, order)

	p, err := nistec.NewP256Point().ScalarBaseMult(u1.Bytes(order))
	if err != nil {
		return false
	}
	if _, err := q.ScalarMult(q, u2.Bytes(order)); err != nil {
		return false
	}
	x, err := p.Add(p, q).BytesX() // infinity has none
	if err != nil {
		return false
	}
	v := reduce((*[ScalarSize]byte)(x))
	return subtle.ConstantTimeCompare(v.Bytes(order), signature[:ScalarSize]) == 1
}
