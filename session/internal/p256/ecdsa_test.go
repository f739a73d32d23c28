package p256

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"testing"
)

func TestWycheproofECDSA(t *testing.T) {
	var file struct {
		NumberOfTests int
		TestGroups    []struct {
			PublicKey struct{ Uncompressed hexBytes }
			Tests     []struct {
				TcID     int
				Comment  string
				Msg, Sig hexBytes
				Result   string
			}
		}
	}
	vectors(t, "wycheproof_ecdsa_p256_sha256_p1363.json", &file)
	n := 0
	for _, g := range file.TestGroups {
		for _, v := range g.Tests {
			n++
			if v.Result != "valid" && v.Result != "invalid" {
				t.Errorf("%d: result %q", v.TcID, v.Result)
			}
			if got, want := Verify(g.PublicKey.Uncompressed, v.Msg, v.Sig), v.Result == "valid"; got != want {
				t.Errorf("%d %s: got %v, want %v", v.TcID, v.Comment, got, want)
			}
		}
	}
	if n != 262 || n != file.NumberOfTests {
		t.Errorf("%d cases, want 262", n)
	}
}

// standard returns k as the standard library's.
func standard(t *testing.T, k *PrivateKey) *ecdsa.PrivateKey {
	t.Helper()
	d := k.Bytes()
	std, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d[:])
	if err != nil {
		t.Fatal(err)
	}
	return std
}

// raw turns an ASN.1 signature into r ‖ s.
func raw(t *testing.T, der []byte) (sig [64]byte) {
	t.Helper()
	var s struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &s); err != nil || len(rest) > 0 {
		t.Fatal(err, rest)
	}
	s.R.FillBytes(sig[:32])
	s.S.FillBytes(sig[32:])
	return sig
}

// RFC 6979 appendix A.2.5, P-256 with SHA-256.
func TestRFC6979Vectors(t *testing.T) {
	k, err := NewPrivateKey(unhex(t, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"))
	if err != nil {
		t.Fatal(err)
	}
	public := k.PublicKey()
	if want := unhex(t, "04"+
		"60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"+
		"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"); !bytes.Equal(public[:], want) {
		t.Errorf("public key: got %x, want %x", public, want)
	}
	for _, v := range []struct{ message, k, r, s string }{
		{"sample",
			"a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60",
			"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
			"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
		{"test",
			"d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0",
			"f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
			"019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
	} {
		sig, err := k.Sign(nil, []byte(v.message))
		if want := unhex(t, v.r+v.s); err != nil || !bytes.Equal(sig[:], want) {
			t.Errorf("%s: got %x, %v, want %x", v.message, sig, err, want)
		}
		digest := sha256.Sum256([]byte(v.message))
		_, nonce := newNonces(&k.d, reduce(&digest).Bytes(order), nil).next()
		if want := unhex(t, v.k); !bytes.Equal(nonce, want) {
			t.Errorf("%s: nonce %x, want %x", v.message, nonce, want)
		}
		der, err := standard(t, k).Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if want := raw(t, der); sig != want {
			t.Errorf("%s: got %x, the standard library %x", v.message, sig, want)
		}
	}
}

func TestDeterministicAgreesWithStandardLibrary(t *testing.T) {
	digests := [][32]byte{{}, [32]byte(bytes.Repeat([]byte{0xff}, 32)), [32]byte(unhex(t, orderHex))} // the last two need reducing
	for i := range 16 {
		digests = append(digests, sha256.Sum256([]byte{byte(i)}))
	}
	for i, digest := range digests {
		k := newTestKey(t, fmt.Sprint("deterministic ", i))
		sig, err := k.SignDigest(nil, &digest)
		if err != nil {
			t.Fatal(err)
		}
		der, err := standard(t, k).Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if want := raw(t, der); sig != want {
			t.Errorf("%d: got %x, want %x", i, sig, want)
		}
	}
}

func TestSignaturesVerifyBothWays(t *testing.T) {
	random := &stream{label: "nonce"}
	for i := range 16 {
		k := newTestKey(t, fmt.Sprint("sign ", i))
		public, std := k.PublicKey(), standard(t, k)
		message := bytes.Repeat([]byte{byte(i)}, i)
		digest := sha256.Sum256(message)
		sig, err := k.Sign(random, message)
		if err != nil {
			t.Fatal(err)
		}
		r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
		if !ecdsa.Verify(&std.PublicKey, digest[:], r, s) {
			t.Errorf("%d: the standard library refuses %x", i, sig)
		}
		if !Verify(public[:], message, sig[:]) {
			t.Errorf("%d: refused our own", i)
		}
		der, err := ecdsa.SignASN1(nil, std, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		if sig := raw(t, der); !Verify(public[:], message, sig[:]) {
			t.Errorf("%d: refused the standard library's", i)
		}
	}
}

func TestNonceIsHedged(t *testing.T) {
	k := newTestKey(t, "hedged")
	message := []byte("the same message")
	deterministic, _ := k.Sign(nil, message)
	seen := map[[64]byte]string{deterministic: "deterministic"}
	for _, rand := range []io.Reader{constant(0), constant(1), &stream{label: "x"}} {
		sig, err := k.Sign(rand, message)
		if err != nil {
			t.Fatal(err)
		}
		if was, ok := seen[sig]; ok {
			t.Errorf("%T %v signs as %s does", rand, rand, was)
		}
		seen[sig] = fmt.Sprint(rand)
	}
	// Even a source that never changes gives each message its own nonce, as r shows.
	other, err := k.Sign(constant(0), []byte("another message"))
	if err != nil {
		t.Fatal(err)
	}
	for sig := range seen {
		if bytes.Equal(sig[:32], other[:32]) {
			t.Error("two messages have one nonce")
		}
	}
	if _, err := k.Sign(bytes.NewReader(make([]byte, 31)), message); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("31 random octets: got %v, want io.ErrUnexpectedEOF", err)
	}
}

// A nonce out of range is too rare to be seen, so what would follow it is
// compared with RFC 6979 §3.2 h.
func TestSecondNonce(t *testing.T) {
	k := newTestKey(t, "second")
	g := newNonces(&k.d, make([]byte, 32), nil)
	_, v := g.next()
	mac := func(key []byte, parts ...[]byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(bytes.Join(parts, nil))
		return h.Sum(nil)
	}
	key := mac(g.k[:], v, []byte{0})
	want := mac(key, mac(key, v))
	if _, got := g.next(); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestVerifyTakesBothHalvesOfS(t *testing.T) {
	k := newTestKey(t, "halves")
	public, message := k.PublicKey(), []byte("m")
	sig, err := k.Sign(nil, message)
	if err != nil {
		t.Fatal(err)
	}
	n := new(big.Int).SetBytes(unhex(t, orderHex))
	other := sig
	new(big.Int).Sub(n, new(big.Int).SetBytes(sig[32:])).FillBytes(other[32:])
	if !Verify(public[:], message, sig[:]) || !Verify(public[:], message, other[:]) {
		t.Error("one half is refused")
	}
}

func TestVerifyRefuses(t *testing.T) {
	k := newTestKey(t, "refuse")
	public, message := k.PublicKey(), []byte("message")
	sig, err := k.Sign(nil, message)
	if err != nil || !Verify(public[:], message, sig[:]) {
		t.Fatal(err)
	}
	for i := range 8 * len(sig) {
		bad := sig
		bad[i/8] ^= 1 << (i % 8)
		if Verify(public[:], message, bad[:]) {
			t.Errorf("bit %d flipped", i)
		}
	}
	for n := range sig {
		if Verify(public[:], message, sig[:n]) {
			t.Errorf("%d of 64 octets", n)
		}
	}
	if Verify(public[:], message, append(sig[:], 0)) {
		t.Error("65 octets")
	}
	if Verify(public[:], message[1:], sig[:]) {
		t.Error("another message")
	}
	off := public
	off[64] ^= 1
	if Verify(off[:], message, sig[:]) || Verify(public[:64], message, sig[:]) || Verify(nil, message, sig[:]) {
		t.Error("a public key that is none")
	}
	zero, order := make([]byte, 32), unhex(t, orderHex)
	for _, bad := range [][]byte{
		append(zero, sig[32:]...), append(bytes.Clone(sig[:32]), zero...),
		append(order, sig[32:]...), append(bytes.Clone(sig[:32]), order...),
		make([]byte, 64),
	} {
		if Verify(public[:], message, bad) {
			t.Errorf("%x", bad)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	k, message, random := newTestKey(b, "a"), make([]byte, 300), &stream{label: "bench"}
	for b.Loop() {
		if _, err := k.Sign(random, message); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	k, message := newTestKey(b, "a"), make([]byte, 300)
	public := k.PublicKey()
	sig, err := k.Sign(nil, message)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !Verify(public[:], message, sig[:]) {
			b.Fatal("refused")
		}
	}
}
