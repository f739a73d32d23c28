package abi

import (
	"io"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/crypto"
)

// Primitives by themselves, on octets in the buffer. Secrets that were brought
// are erased there, except by sealing and opening, where what was brought is what
// a caller may bring again.

// cryptoPrefix is what a text to seal or open has before its associated data:
// key and nonce.
const cryptoPrefix = crypto.KeySize + crypto.NonceSize

var ciphers crypto.Ciphers

// CryptoSeal seals text after key, nonce and associated data, in place, and
// returns how long it is then.
func CryptoSeal(aad, text int32) int32 {
	return cryptoCCM(aad, text, ciphers.Seal)
}

// CryptoOpen opens what CryptoSeal made.
func CryptoOpen(aad, text int32) int32 {
	return cryptoCCM(aad, text, ciphers.Open)
}

func cryptoCCM(aad, text int32, do func(*[crypto.KeySize]byte, *[crypto.NonceSize]byte, []byte, []byte) ([]byte, error)) int32 {
	b, err := spans(cryptoPrefix, aad, text)
	if err != nil {
		return fail(err)
	}
	start := cryptoPrefix + int(aad)
	out, err := do((*[crypto.KeySize]byte)(b), (*[crypto.NonceSize]byte)(b[crypto.KeySize:]), b[start:], b[cryptoPrefix:start])
	if err == crypto.ErrAuthentication {
		err = session.ErrAuthentication
	}
	if err != nil {
		return fail(err)
	}
	return int32(len(out))
}

// CryptoForget erases the keys that CryptoSeal and CryptoOpen remember.
func CryptoForget() int32 {
	if dead {
		return fail(errDead)
	}
	ciphers.Forget()
	return 0
}

// CryptoSHA256 writes the digest of n octets.
func CryptoSHA256(n int32) int32 {
	b, err := spans(n)
	if err != nil {
		return fail(err)
	}
	out := crypto.SHA256(b)
	return int32(copy(Buffer[:], out[:]))
}

// CryptoHMAC writes the HMAC of n octets after a key.
func CryptoHMAC(key, n int32) int32 {
	b, err := spans(key, n)
	if err != nil {
		return fail(err)
	}
	out := crypto.HMAC(b[:key], b[key:])
	clear(b[:key])
	return int32(copy(Buffer[:], out[:]))
}

// maxDerived bounds what a derivation gives, as HKDF does.
const maxDerived = 255 * crypto.HashSize

// CryptoHKDF writes want octets derived from a secret, a salt and an info.
func CryptoHKDF(secret, salt, info, want int32) int32 {
	b, err := spans(secret, salt, info)
	if err != nil {
		return fail(err)
	}
	if want < 0 || want > maxDerived {
		return fail(errArgument)
	}
	var out [maxDerived]byte
	crypto.HKDF(out[:want], b[:secret], b[secret:secret+salt], string(b[secret+salt:]))
	clear(b)
	return int32(copy(Buffer[:], out[:want]))
}

// CryptoPBKDF2 writes want octets stretched from a password and a salt. The call
// lasts as long as iterations say.
func CryptoPBKDF2(password, salt, iterations, want int32) int32 {
	b, err := spans(password, salt)
	if err != nil {
		return fail(err)
	}
	if want < 0 || want > maxDerived || iterations < 1 {
		return fail(errArgument)
	}
	var out [maxDerived]byte
	crypto.PBKDF2(out[:want], b[:password], b[password:], int(iterations))
	clear(b)
	return int32(copy(Buffer[:], out[:want]))
}

// CryptoKeyPair writes a new private key and its public key.
func CryptoKeyPair(rand io.Reader) int32 {
	if dead {
		return fail(errDead)
	}
	private, public, err := crypto.GenerateKey(rand)
	if err != nil {
		return fail(err)
	}
	n := copy(Buffer[:], private[:])
	return int32(n + copy(Buffer[n:], public[:]))
}

// CryptoPublicKey writes the public key of a private one.
func CryptoPublicKey() int32 {
	b, err := spans(crypto.ScalarSize)
	if err != nil {
		return fail(err)
	}
	out, err := crypto.PublicKey(b)
	return point(out, err, b)
}

// CryptoECDH writes the secret of a private key and a peer's public key.
func CryptoECDH() int32 {
	b, err := spans(crypto.ScalarSize, crypto.PointSize)
	if err != nil {
		return fail(err)
	}
	out, err := crypto.ECDH(b[:crypto.ScalarSize], b[crypto.ScalarSize:])
	clear(b)
	if err != nil {
		return fail(err)
	}
	return int32(copy(Buffer[:], out[:]))
}

// CryptoSign writes the signature of n octets after a private key.
func CryptoSign(n int32, rand io.Reader) int32 {
	b, err := spans(crypto.ScalarSize, n)
	if err != nil {
		return fail(err)
	}
	out, err := crypto.Sign(rand, b[:crypto.ScalarSize], b[crypto.ScalarSize:])
	clear(b[:crypto.ScalarSize])
	if err != nil {
		return fail(err)
	}
	return int32(copy(Buffer[:], out[:]))
}

// CryptoVerify returns 1 if a signature, after a public key, is of the n octets
// after it, and 0 if not.
func CryptoVerify(n int32) int32 {
	b, err := spans(crypto.PointSize, crypto.SignatureSize, n)
	if err != nil {
		return fail(err)
	}
	text := crypto.PointSize + crypto.SignatureSize
	if crypto.Verify(b[:crypto.PointSize], b[text:], b[crypto.PointSize:text]) {
		return 1
	}
	return 0
}

// CryptoMultiply writes the product of a point and the scalar after it.
func CryptoMultiply() int32 {
	b, err := spans(crypto.PointSize, crypto.ScalarSize)
	if err != nil {
		return fail(err)
	}
	out, err := crypto.Multiply(b[:crypto.PointSize], b[crypto.PointSize:])
	return point(out, err, b)
}

// CryptoAdd writes the sum of two points.
func CryptoAdd() int32 {
	b, err := spans(crypto.PointSize, crypto.PointSize)
	if err != nil {
		return fail(err)
	}
	out, err := crypto.Add(b[:crypto.PointSize], b[crypto.PointSize:])
	return point(out, err, b)
}

// CryptoNegate writes a point's mirror image.
func CryptoNegate() int32 {
	b, err := spans(crypto.PointSize)
	if err != nil {
		return fail(err)
	}
	out, err := crypto.Negate(b)
	return point(out, err, b)
}

// point writes a point in place of what it was made of.
func point(out [crypto.PointSize]byte, err error, in []byte) int32 {
	clear(in)
	if err != nil {
		return fail(err)
	}
	return int32(copy(Buffer[:], out[:]))
}
