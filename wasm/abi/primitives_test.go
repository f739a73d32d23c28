package abi

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"math"
	"testing"

	"github.com/matter-session/matter-session/session/crypto"
)

// result demands n octets and returns them.
func result(t testing.TB, got, want int32) []byte {
	t.Helper()
	if got != want {
		t.Fatalf("got %d (%v), want %d", got, failure, want)
	}
	return bytes.Clone(Buffer[:got])
}

func TestPrimitivesThroughTheBoundary(t *testing.T) {
	text, key := []byte("some text"), []byte("a key")
	if digest := sha256.Sum256(text); !bytes.Equal(result(t, CryptoSHA256(load(text)), 32), digest[:]) {
		t.Error("SHA-256")
	}
	h := hmac.New(sha256.New, key)
	h.Write(text)
	load(append(bytes.Clone(key), text...))
	if !bytes.Equal(result(t, CryptoHMAC(int32(len(key)), int32(len(text))), 32), h.Sum(nil)) {
		t.Error("HMAC")
	}
	want := make([]byte, 48)
	crypto.HKDF(want, key, text, "info")
	load(append(append(bytes.Clone(key), text...), "info"...))
	if !bytes.Equal(result(t, CryptoHKDF(5, 9, 4, 48), 48), want) {
		t.Error("HKDF")
	}
	want, err := pbkdf2.Key(sha256.New, "a key", text, 3, 80)
	if err != nil {
		t.Fatal(err)
	}
	load(append(bytes.Clone(key), text...))
	if !bytes.Equal(result(t, CryptoPBKDF2(5, 9, 3, 80), 80), want) {
		t.Error("PBKDF2")
	}

	pair := result(t, CryptoKeyPair(rand.Reader), 97)
	private, public := pair[:32], pair[32:]
	load(private)
	if !bytes.Equal(result(t, CryptoPublicKey(), 65), public) {
		t.Error("public key")
	}
	std, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := ecdh.P256().NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := std.ECDH(peer)
	if err != nil {
		t.Fatal(err)
	}
	load(append(bytes.Clone(private), std.PublicKey().Bytes()...))
	if !bytes.Equal(result(t, CryptoECDH(), 32), secret) {
		t.Error("ECDH")
	}
	if !bytes.Equal(Buffer[32:97], make([]byte, 65)) {
		t.Error("ECDH leaves its key in the buffer")
	}

	load(append(bytes.Clone(private), text...))
	signature := result(t, CryptoSign(9, rand.Reader), 64)
	for i, want := range []int32{1, 0} {
		signature[5] ^= byte(i)
		load(append(append(bytes.Clone(public), signature...), text...))
		if got := CryptoVerify(9); got != want {
			t.Errorf("verify: %d, want %d", got, want)
		}
	}

	load(public)
	negative := result(t, CryptoNegate(), 65)
	two := make([]byte, 32)
	two[31] = 2
	load(append(bytes.Clone(public), two...))
	twice := result(t, CryptoMultiply(), 65)
	load(append(twice, negative...))
	if !bytes.Equal(result(t, CryptoAdd(), 65), public) {
		t.Error("2P − P is not P")
	}
}

func TestCCMThroughTheBoundary(t *testing.T) {
	prefix := append(bytes.Repeat([]byte{7}, 16), make([]byte, 13)...)
	message := append(append(bytes.Clone(prefix), "aad"...), "text"...)
	load(message)
	n := CryptoSeal(3, 4)
	if n != 20 {
		t.Fatal(n, failure)
	}
	sealed := bytes.Clone(Buffer[32:52])
	if n := CryptoOpen(3, 20); n != 4 || !bytes.Equal(Buffer[:36], message) {
		t.Errorf("%d, %q", n, Buffer[:36])
	}
	var c crypto.Ciphers
	want, err := c.Seal((*[16]byte)(prefix), (*[13]byte)(prefix[16:]), []byte("text"), []byte("aad"))
	if err != nil || !bytes.Equal(want, sealed) {
		t.Errorf("%x, want %x", sealed, want)
	}
	sealed[0] ^= 1
	load(append(append(bytes.Clone(prefix), "aad"...), sealed...))
	wantError(t, "forged", CryptoOpen(3, 20), codeAuthentication)
	if r := CryptoForget(); r != 0 || ciphers != (crypto.Ciphers{}) {
		t.Error("keys are left")
	}
	load(prefix)
	allocations := testing.AllocsPerRun(100, func() {
		if CryptoSeal(3, 200) != 216 || CryptoOpen(3, 216) != 200 {
			t.Fatal(failure)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestPrimitivesCheckTheirArguments(t *testing.T) {
	clear(Buffer[:200])
	for name, got := range map[string]int32{
		"a negative length":  CryptoSHA256(-1),
		"a large length":     CryptoSHA256(BufferSize + 1),
		"together too large": CryptoHMAC(BufferSize, 1),
		"an overflow":        CryptoHKDF(math.MaxInt32, math.MaxInt32, 2, 0),
		"too much of HKDF":   CryptoHKDF(1, 1, 1, maxDerived+1),
		"less than nothing":  CryptoHKDF(1, 1, 1, -1),
		"no iterations":      CryptoPBKDF2(1, 1, 0, 1),
		"a text too large":   CryptoOpen(-1, 1),
		"key zero":           CryptoPublicKey(),
		"ECDH of zeros":      CryptoECDH(),
		"signing with zero":  CryptoSign(1, rand.Reader),
		"infinity":           CryptoNegate(),
		"times infinity":     CryptoMultiply(),
		"plus infinity":      CryptoAdd(),
	} {
		if got != -int32(codeArgument) {
			t.Errorf("%s: %d", name, got)
		}
	}
	wantError(t, "more than one message", CryptoSeal(0, 1<<16), codeTooLarge)
	if r := CryptoKeyPair(bytes.NewReader(nil)); r >= 0 {
		t.Errorf("a key without randomness: %d", r)
	}
	if r := CryptoVerify(3); r != 0 {
		t.Errorf("zeros verify: %d", r)
	}
}
