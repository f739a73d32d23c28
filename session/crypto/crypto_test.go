package crypto

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"testing"
)

// Everything is compared with Go's own: the primitives are tested where they
// are, here only that the right one is called with the right octets.

func TestHashes(t *testing.T) {
	text, key := []byte("some text"), []byte("a key")
	if SHA256(text) != sha256.Sum256(text) {
		t.Error("SHA-256 differs")
	}
	h := hmac.New(sha256.New, key)
	h.Write(text)
	if own := HMAC(key, text); !bytes.Equal(own[:], h.Sum(nil)) {
		t.Error("HMAC differs")
	}
	own := make([]byte, 70)
	HKDF(own, key, text, "info")
	if want, err := hkdf.Key(sha256.New, key, text, "info", 70); err != nil || !bytes.Equal(own, want) {
		t.Errorf("HKDF differs, %v", err)
	}
	PBKDF2(own, key, text, 17)
	if want, err := pbkdf2.Key(sha256.New, "a key", text, 17, 70); err != nil || !bytes.Equal(own, want) {
		t.Errorf("PBKDF2 differs, %v", err)
	}
}

func TestECDHAndECDSA(t *testing.T) {
	private, public, err := GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := PublicKey(private[:]); err != nil || again != public {
		t.Errorf("%x, %v", again, err)
	}
	std, err := ecdh.P256().NewPrivateKey(private[:])
	if err != nil || !bytes.Equal(std.PublicKey().Bytes(), public[:]) {
		t.Fatalf("the standard library takes it for another key, %v", err)
	}
	peer, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	want, err := std.ECDH(peer.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if x, err := ECDH(private[:], peer.PublicKey().Bytes()); err != nil || !bytes.Equal(x[:], want) {
		t.Errorf("%x, %v", x, err)
	}

	message := []byte("to be signed")
	signature, err := Sign(rand.Reader, private[:], message)
	if err != nil || !Verify(public[:], message, signature[:]) || Verify(public[:], message[1:], signature[:]) {
		t.Errorf("our signature, %v", err)
	}
	x, y := new(big.Int).SetBytes(public[1:33]), new(big.Int).SetBytes(public[33:])
	digest := sha256.Sum256(message)
	if !ecdsa.Verify(&ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}, digest[:],
		new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Error("the standard library refuses our signature")
	}
}

// w0·M + x·P and its like, as SPAKE2+ computes them.
func TestPoints(t *testing.T) {
	private, public, err := GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	base := make([]byte, 32)
	base[31] = 1
	generator, err := PublicKey(base)
	if err != nil {
		t.Fatal(err)
	}
	if product, err := Multiply(generator[:], private[:]); err != nil || product != public {
		t.Errorf("%x, %v", product, err)
	}
	base[31] = 2
	twice, err := Multiply(public[:], base)
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := Add(public[:], public[:]); err != nil || sum != twice {
		t.Errorf("%x, %v", sum, err)
	}
	negative, err := Negate(public[:])
	if err != nil || !bytes.Equal(negative[:33], public[:33]) || negative == public {
		t.Errorf("%x, %v", negative, err)
	}
	if back, err := Add(twice[:], negative[:]); err != nil || back != public {
		t.Errorf("%x, %v", back, err)
	}
	if _, err := Add(public[:], negative[:]); !errors.Is(err, ErrPoint) {
		t.Errorf("infinity: %v", err)
	}
}

func TestWhatIsNoneIsRefused(t *testing.T) {
	private, public, err := GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	off := public
	off[64] ^= 1
	zero, infinity := make([]byte, 32), make([]byte, 65)
	last := func(_ any, err error) error { return err }
	for name, err := range map[string]error{
		"a key of zero":                 last(PublicKey(zero)),
		"a key too short":               last(PublicKey(private[1:])),
		"ECDH with zero":                last(ECDH(zero, public[:])),
		"ECDH with a point off":         last(ECDH(private[:], off[:])),
		"signing with zero":             last(Sign(rand.Reader, zero, nil)),
		"multiplying by zero":           last(Multiply(public[:], zero)),
		"multiplying a point off":       last(Multiply(off[:], private[:])),
		"multiplying infinity":          last(Multiply(infinity, private[:])),
		"adding a point off":            last(Add(off[:], public[:])),
		"adding to a point off":         last(Add(public[:], off[:])),
		"negating a point off":          last(Negate(off[:])),
		"randomness that does not come": func() error { _, _, err := GenerateKey(bytes.NewReader(nil)); return err }(),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if Verify(off[:], nil, make([]byte, 64)) || Verify(nil, nil, nil) {
		t.Error("verified")
	}
}

func TestCiphersAgreeWithVectors(t *testing.T) {
	b, err := os.ReadFile("../testdata/aes_ccm_128_13_16.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests []struct{ Key, Nonce, Iv, Aad, Plaintext, Msg, Pt, Ciphertext, Ct, Tag string }
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	unhex := func(alternatives ...string) []byte {
		for _, s := range alternatives {
			if s != "" {
				out, err := hex.DecodeString(s)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
		}
		return nil
	}
	var c Ciphers
	checked := 0
	for range 2 { // keys displace each other, and are found again
		for _, v := range file.Tests {
			key, nonce, aad := unhex(v.Key), unhex(v.Nonce, v.Iv), unhex(v.Aad)
			plain, sealed := unhex(v.Plaintext, v.Msg, v.Pt), append(unhex(v.Ciphertext, v.Ct), unhex(v.Tag)...)
			if len(key) != KeySize || len(nonce) != NonceSize {
				t.Fatalf("%+v", v)
			}
			got, err := c.Seal((*[16]byte)(key), (*[13]byte)(nonce), append(make([]byte, 0, len(plain)+TagSize), plain...), aad)
			if err != nil || !bytes.Equal(got, sealed) {
				t.Fatalf("sealed %x, %v; want %x", got, err, sealed)
			}
			if got, err = c.Open((*[16]byte)(key), (*[13]byte)(nonce), got, aad); err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("opened %x, %v", got, err)
			}
			checked++
		}
	}
	if checked < 20 {
		t.Errorf("only %d vectors", checked)
	}
}

func TestCiphersRefuse(t *testing.T) {
	var c Ciphers
	key, nonce := [16]byte{1}, [13]byte{}
	if _, err := c.Seal(&key, &nonce, make([]byte, MaxPlaintext+1), nil); !errors.Is(err, ErrTooLong) {
		t.Error(err)
	}
	if _, err := c.Seal(&key, &nonce, nil, make([]byte, MaxAssociated+1)); !errors.Is(err, ErrTooLong) {
		t.Error(err)
	}
	sealed, err := c.Seal(&key, &nonce, []byte("text"), nil)
	if err != nil {
		t.Fatal(err)
	}
	other := [16]byte{2}
	for range recentKeys + 1 {
		other[1]++
		if _, err := c.Open(&other, &nonce, bytes.Clone(sealed), nil); !errors.Is(err, ErrAuthentication) {
			t.Errorf("another key: %v", err)
		}
	}
	if _, err := c.Open(&key, &nonce, sealed, nil); err != nil {
		t.Errorf("the key, after it was displaced: %v", err)
	}
	c.Forget()
	if c != (Ciphers{}) {
		t.Error("keys are left")
	}
}
