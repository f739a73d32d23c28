package p256

import (
	"errors"
	"math/big"
	"testing"
)

// A coordinate has one encoding: x + p, where it fits 32 octets, would be the
// same point by another name, and two names for one share or key.
func TestCoordinatesAreCanonical(t *testing.T) {
	p := new(big.Int).SetBytes(unhex(t, "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"))
	seen := 0
	for x := range byte(64) { // small x: x + p is below 2²⁵⁶
		compressed := append(make([]byte, 32), x)
		compressed[0] = 2
		point, err := Uncompress(compressed)
		if err != nil {
			continue // no such point
		}
		seen++
		wide := new(big.Int).Add(p, big.NewInt(int64(x)))
		wide.FillBytes(point[1:33])
		if err := CheckPoint(point[:]); !errors.Is(err, ErrPoint) {
			t.Errorf("x = p+%d: got %v, want ErrPoint", x, err)
		}
		if _, err := Uncompress(append([]byte{2}, point[1:33]...)); !errors.Is(err, ErrPoint) {
			t.Errorf("compressed, x = p+%d: got %v, want ErrPoint", x, err)
		}
	}
	if seen == 0 {
		t.Fatal("no point with a small x")
	}
}

// Signatures whose r or s is 0, n or more are none, whoever made them.
func TestSignatureScalarsOutOfRange(t *testing.T) {
	k, err := NewPrivateKey(append(make([]byte, 31), 7))
	if err != nil {
		t.Fatal(err)
	}
	public, message := k.PublicKey(), []byte("m")
	good, err := k.Sign(nil, message)
	if err != nil || !Verify(public[:], message, good[:]) {
		t.Fatal(err)
	}
	n := new(big.Int).SetBytes(unhex(t, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
	for half := range 2 {
		part := new(big.Int).SetBytes(good[32*half:][:32])
		for name, v := range map[string]*big.Int{"0": new(big.Int), "n": n, "n+1": new(big.Int).Add(n, big.NewInt(1)), "+n": new(big.Int).Add(part, n)} {
			if v.BitLen() > 256 {
				continue
			}
			bad := good
			v.FillBytes(bad[32*half:][:32])
			if Verify(public[:], message, bad[:]) {
				t.Errorf("half %d = %s is accepted", half, name)
			}
		}
	}
}
