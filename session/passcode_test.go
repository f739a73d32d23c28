package session

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

func TestCheckPasscode(t *testing.T) {
	var file struct {
		InvalidPasscodes []uint32
	}
	readVectors(t, "pase_verifier.json", &file)
	if len(file.InvalidPasscodes) != 12 {
		t.Fatalf("%d forbidden passcodes, want 12", len(file.InvalidPasscodes))
	}
	for _, p := range append(file.InvalidPasscodes, 100_000_000, 1<<27-1, 1<<32-1) {
		if err := CheckPasscode(p); !errors.Is(err, ErrPasscode) {
			t.Errorf("%d: got %v, want ErrPasscode", p, err)
		}
	}
	for _, p := range []uint32{1, 2, 11111110, 11111112, 12345677, 12345679, 20202021, 87654320, 99999998} {
		if err := CheckPasscode(p); err != nil {
			t.Errorf("%d: %v", p, err)
		}
	}
}

func TestGeneratePasscode(t *testing.T) {
	// Out of range, forbidden, then 20202021 with bits above the 27 that count.
	in := []byte{
		0xff, 0xff, 0xff, 0xff,
		0, 0, 0, 0,
		0x4e, 0x61, 0xbc, 0x00, // 12345678
		0x25, 0x42, 0x34, 0xf9,
	}
	got, err := GeneratePasscode(bytes.NewReader(in))
	if err != nil || got != 20202021 {
		t.Errorf("got %d, %v, want 20202021", got, err)
	}
	r := randReader{rand.New(rand.NewPCG(1, 2))}
	seen := map[uint32]bool{}
	for range 1000 {
		p, err := GeneratePasscode(r)
		if err != nil || CheckPasscode(p) != nil {
			t.Fatalf("got %d, %v", p, err)
		}
		seen[p] = true
	}
	if len(seen) < 990 {
		t.Errorf("%d different passcodes of 1000", len(seen))
	}
	if _, err := GeneratePasscode(bytes.NewReader(make([]byte, 3))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("3 octets: got %v", err)
	}
	if _, err := GeneratePasscode(zeroReader{}); !errors.Is(err, errRandom) {
		t.Errorf("zeros for ever: got %v", err)
	}
}

// zeroReader is a random source that is broken.
type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestPASEVerifierVectors(t *testing.T) {
	var file struct {
		Tests []struct {
			Passcode, Iterations     uint32
			Salt, SerializedVerifier octets
		}
	}
	readVectors(t, "pase_verifier.json", &file)
	if len(file.Tests) != 1 {
		t.Fatalf("%d cases, want 1", len(file.Tests))
	}
	for _, c := range file.Tests {
		v, err := NewPASEVerifier(c.Passcode, c.Iterations, c.Salt)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Octets(); !bytes.Equal(got, c.SerializedVerifier) {
			t.Errorf("got %x, want %x", got, c.SerializedVerifier)
		}
		back, err := ParsePASEVerifier(c.SerializedVerifier, c.Iterations, c.Salt)
		if err != nil {
			t.Fatal(err)
		}
		if got := back.Octets(); !bytes.Equal(got, c.SerializedVerifier) || back.Iterations != c.Iterations || !bytes.Equal(back.Salt, c.Salt) {
			t.Errorf("came back as %x, %d, %x", got, back.Iterations, back.Salt)
		}
		c.Salt[0] ^= 1
		if bytes.Equal(back.Salt, c.Salt) || bytes.Equal(v.Salt, c.Salt) {
			t.Error("the salt is the caller's")
		}
	}
}

func TestPASEVerifierRefuses(t *testing.T) {
	v := testVerifier(t)
	salt := make([]byte, 16)
	for _, p := range []uint32{0, 11111111, 99999999} {
		if _, err := NewPASEVerifier(p, 1000, salt); !errors.Is(err, ErrPasscode) {
			t.Errorf("passcode %d: got %v, want ErrPasscode", p, err)
		}
	}
	for _, c := range []struct {
		iterations uint32
		salt       int
	}{{999, 16}, {100_001, 16}, {0, 16}, {1000, 15}, {1000, 33}, {1000, 0}} {
		var bounds *pbkdfError
		if _, err := NewPASEVerifier(1, c.iterations, make([]byte, c.salt)); !errors.As(err, &bounds) || !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: got %v", c, err)
		}
		if _, err := ParsePASEVerifier(v.Octets(), c.iterations, make([]byte, c.salt)); !errors.As(err, &bounds) {
			t.Errorf("parsing, %+v: got %v", c, err)
		}
	}
	good := v.Octets()
	off := bytes.Clone(good)
	off[96] ^= 1
	zero := append(make([]byte, 32), good[32:]...)
	for name, b := range map[string][]byte{
		"none": nil, "96": good[:96], "98": append(bytes.Clone(good), 0), "L off the curve": off, "w0 zero": zero,
		"w0 over n": append(bytes.Repeat([]byte{0xff}, 32), good[32:]...),
	} {
		if _, err := ParsePASEVerifier(b, 1000, salt); !errors.Is(err, errVerifier) || !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%s", "%#v"} {
		for _, x := range []any{v, *v, v.l} {
			if got := fmt.Sprintf(verb, x); got != "[redacted]" {
				t.Errorf("%s of %T: got %s", verb, x, got)
			}
		}
	}
}
