package session

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session/internal/ccm"
	"github.com/matter-session/matter-session/session/internal/hash"
)

// TestSessionKeyOrder: the vector has an info string of its own, so it says in
// which order the three keys come; the other test says with which string.
func TestSessionKeyOrder(t *testing.T) {
	var file struct {
		Tests []struct {
			Secret, Salt, Info, I2R, R2I, AttestationChallenge octets
			CTR                                                struct{ Plaintext, Nonce13, I2R, R2I octets }
		}
	}
	readVectors(t, "chip_session_keys.json", &file)
	if len(file.Tests) != 1 {
		t.Fatalf("%d vectors, want 1", len(file.Tests))
	}
	v := file.Tests[0]
	var k sessionKeys
	k.derive(v.Secret, v.Salt, string(v.Info))
	if !bytes.Equal(k.i2r[:], v.I2R) || !bytes.Equal(k.r2i[:], v.R2I) || !bytes.Equal(k.attestationChallenge[:], v.AttestationChallenge) {
		t.Errorf("got %x, %x, %x", k.i2r[:], k.r2i[:], k.attestationChallenge[:])
	}
	for _, c := range []struct{ key, want []byte }{{k.i2r[:], v.CTR.I2R}, {k.r2i[:], v.CTR.R2I}} {
		got := make([]byte, len(v.CTR.Plaintext))
		ccm.New((*[16]byte)(c.key)).CTR(got, v.CTR.Plaintext, (*[ccm.NonceSize]byte)(v.CTR.Nonce13))
		if !bytes.Equal(got, c.want) {
			t.Errorf("encrypted to %x, want %x", got, c.want)
		}
	}
}

func TestSessionKeyInfo(t *testing.T) {
	secret, salt := []byte("secret"), []byte("salt")
	for resumed, info := range map[bool]string{false: "SessionKeys", true: "SessionResumptionKeys"} {
		var want [48]byte
		hash.HKDF(want[:], secret, salt, info)
		k := deriveSessionKeys(secret, salt, resumed)
		if got := append(append(k.i2r[:], k.r2i[:]...), k.attestationChallenge[:]...); !bytes.Equal(got, want[:]) {
			t.Errorf("resumed %t: got %x, want %x", resumed, got, want)
		}
		if k.clear(); k != (sessionKeys{}) {
			t.Error("keys left after clear")
		}
	}
}

func TestKeysAreNotPrinted(t *testing.T) {
	k := key{0xAB, 0xCD}
	for _, f := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X"} {
		got := strings.ToLower(fmt.Sprintf(f, k))
		if strings.Contains(got, "abcd") || strings.Contains(got, "171") {
			t.Errorf("%s prints %s", f, got)
		}
	}
}
