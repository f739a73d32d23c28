package spake2p

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/matter-session/matter-session/session/internal/hash"
	"github.com/matter-session/matter-session/session/internal/p256"
)

// A vector is one case of a file. Its names differ in case only (x the scalar,
// X the share), which encoding/json would mix up: hence a map.
type vector map[string]string

func (v vector) octets(t *testing.T, name string) []byte {
	t.Helper()
	s, ok := v[name]
	if !ok {
		t.Fatalf("no %s", name)
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(name, err)
	}
	return b
}

func (v vector) scalar(t *testing.T, name string) [32]byte {
	t.Helper()
	return [32]byte(v.octets(t, name))
}

func (v vector) is(t *testing.T, name string, got []byte) {
	t.Helper()
	if want := v.octets(t, name); !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", name, got, want)
	}
}

// vectors reads one file of session/testdata.
func vectors(t *testing.T, name string, to any) {
	t.Helper()
	b, err := os.ReadFile("../../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, to); err != nil {
		t.Fatal(name, err)
	}
}

// members splits a transcript into its length-prefixed members.
func members(t *testing.T, tt []byte) (out [][]byte) {
	t.Helper()
	for len(tt) > 0 {
		if !bytes.Equal(tt[2:8], make([]byte, 6)) {
			t.Fatalf("length %x", tt[:8])
		}
		n := int(tt[0]) | int(tt[1])<<8
		out, tt = append(out, tt[8:8+n]), tt[8+n:]
	}
	if len(out) != 10 {
		t.Fatalf("%d members, want 10", len(out))
	}
	return out
}

// both runs the two sides of v and returns their transcripts.
func both(t *testing.T, v vector, context []byte, shareP, shareV string) (*transcript, *transcript) {
	t.Helper()
	w0, w1 := v.scalar(t, "w0"), v.scalar(t, "w1")
	l, err := VerifierPoint(w1)
	if err != nil {
		t.Fatal(err)
	}
	v.is(t, "L", l[:])
	p, err := newProver(bytes.NewReader(v.octets(t, "x")), context, v["idProver"], v["idVerifier"], w0, w1)
	if err != nil {
		t.Fatal(err)
	}
	q, err := newVerifier(bytes.NewReader(v.octets(t, "y")), context, v["idProver"], v["idVerifier"], w0, l[:])
	if err != nil {
		t.Fatal(err)
	}
	pA, pB := p.Share(), q.Share()
	v.is(t, shareP, pA[:])
	v.is(t, shareV, pB[:])
	tp, err := p.transcript(pB[:])
	if err != nil {
		t.Fatal(err)
	}
	tv, err := q.transcript(pA[:])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(tp.tt, tv.tt) {
		t.Errorf("the sides differ: %x, %x", tp.tt, tv.tt)
	}
	m := members(t, tp.tt)
	if !bytes.Equal(m[0], context) || string(m[1]) != v["idProver"] || string(m[2]) != v["idVerifier"] {
		t.Errorf("transcript starts %q", m[:3])
	}
	v.is(t, shareP, m[5])
	v.is(t, shareV, m[6])
	v.is(t, "Z", m[7])
	v.is(t, "V", m[8])
	v.is(t, "w0", m[9])
	return tp, tv
}

func TestDraft01(t *testing.T) {
	var file struct{ Tests []vector }
	vectors(t, "spake2p_draft01.json", &file)
	if len(file.Tests) != 4 {
		t.Fatalf("%d cases, want 4", len(file.Tests))
	}
	for i, v := range file.Tests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			tp, tv := both(t, v, v.octets(t, "context"), "X", "Y")
			keys := hash.SHA256(tp.tt)
			v.is(t, "Ka", keys[:16])
			v.is(t, "Ke", keys[16:])
			var confirmation [32]byte
			hash.HKDF(confirmation[:], keys[:16], nil, "ConfirmationKeys")
			v.is(t, "KcA", confirmation[:16])
			v.is(t, "KcB", confirmation[16:])
			for _, r := range []Result{tp.result(), tv.result()} {
				v.is(t, "cA", r.CA[:])
				v.is(t, "cB", r.CB[:])
				v.is(t, "Ke", r.Ke[:])
			}
		})
	}
}

// RFC 9383's points and transcript are Matter's; its key split is not, and
// shows in the hash of the same transcript.
func TestRFC9383PointsAndTranscript(t *testing.T) {
	var file struct{ Tests []vector }
	vectors(t, "spake2p_rfc9383_p256_sha256.json", &file)
	if len(file.Tests) != 1 {
		t.Fatalf("%d cases, want 1", len(file.Tests))
	}
	v := file.Tests[0]
	tt, _ := both(t, v, []byte(v["context"]), "shareP", "shareV")
	main := hash.SHA256(tt.tt)
	v.is(t, "K_main", main[:])
}

func TestPASEVerifierVectors(t *testing.T) {
	var file struct {
		Tests []struct {
			Passcode, Iterations int
			Salt, WS, W0, W1, L  string
			SerializedVerifier   string
		}
	}
	vectors(t, "pase_verifier.json", &file)
	if len(file.Tests) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Tests {
		v := vector{"salt": c.Salt, "ws": c.WS, "w0": c.W0, "w1": c.W1, "L": c.L, "serialized": c.SerializedVerifier}
		ws := make([]byte, 80)
		passcode := []byte{byte(c.Passcode), byte(c.Passcode >> 8), byte(c.Passcode >> 16), byte(c.Passcode >> 24)}
		hash.PBKDF2(ws, passcode, v.octets(t, "salt"), c.Iterations)
		v.is(t, "ws", ws)
		w0, w1 := Scalars(ws)
		v.is(t, "w0", w0[:])
		v.is(t, "w1", w1[:])
		l, err := VerifierPoint(w1)
		if err != nil {
			t.Fatal(err)
		}
		v.is(t, "L", l[:])
		v.is(t, "serialized", append(w0[:], l[:]...))
		if err := CheckVerifier(w0, l[:]); err != nil {
			t.Error(err)
		}
	}
}

// A pair is both sides of one run with small numbers for everything.
func pair(t testing.TB) (p *Prover, v *Verifier) {
	t.Helper()
	w0, w1, context := [32]byte{31: 3}, [32]byte{31: 5}, [32]byte{1}
	l, err := VerifierPoint(w1)
	if err != nil {
		t.Fatal(err)
	}
	p, err = NewProver(bytes.NewReader(bytes.Repeat([]byte{7}, 32)), context, w0, w1)
	if err != nil {
		t.Fatal(err)
	}
	v, err = NewVerifier(bytes.NewReader(bytes.Repeat([]byte{8}, 32)), context, w0, l[:])
	if err != nil {
		t.Fatal(err)
	}
	return p, v
}

func TestBothSidesAgree(t *testing.T) {
	p, v := pair(t)
	pA, pB := p.Share(), v.Share()
	rp, err := p.Finish(pB[:])
	if err != nil {
		t.Fatal(err)
	}
	rv, err := v.Finish(pA[:])
	if err != nil {
		t.Fatal(err)
	}
	if rp != rv || rp.CA == rp.CB || rp.Ke == [16]byte{} {
		t.Error("the results differ, or are none")
	}
	rp.Clear()
	if rp != (Result{}) {
		t.Error("not cleared")
	}
}

func TestAnythingDifferentIsDifferent(t *testing.T) {
	_, v := pair(t)
	pB := v.Share()
	seen := map[Result]string{}
	for _, c := range []struct {
		name            string
		context, w0, w1 [32]byte
	}{
		{"same", [32]byte{1}, [32]byte{31: 3}, [32]byte{31: 5}},
		{"context", [32]byte{2}, [32]byte{31: 3}, [32]byte{31: 5}},
		{"w0", [32]byte{1}, [32]byte{31: 4}, [32]byte{31: 5}},
		{"w1", [32]byte{1}, [32]byte{31: 3}, [32]byte{31: 6}},
	} {
		p, err := NewProver(bytes.NewReader(bytes.Repeat([]byte{7}, 32)), c.context, c.w0, c.w1)
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Finish(pB[:])
		if err != nil {
			t.Fatal(err)
		}
		if was, ok := seen[r]; ok {
			t.Errorf("%s gives the result of %s", c.name, was)
		}
		seen[r] = c.name
	}
}

func TestSharesThatAreNoPoints(t *testing.T) {
	_, v := pair(t)
	good := v.Share()
	off := good
	off[64] ^= 1
	for name, share := range map[string][]byte{
		"off the curve": off[:], "infinity": {0}, "empty": nil, "short": good[:64], "long": append(good[:], 0),
		"compressed": append([]byte{2}, good[1:33]...), "zeros": make([]byte, 65),
	} {
		p, v := pair(t)
		if r, err := p.Finish(share); !errors.Is(err, ErrShare) || r != (Result{}) {
			t.Errorf("prover, %s: got %v, want ErrShare", name, err)
		}
		if r, err := v.Finish(share); !errors.Is(err, ErrShare) || r != (Result{}) {
			t.Errorf("verifier, %s: got %v, want ErrShare", name, err)
		}
		// The run is over and its secrets are gone.
		if p.w0 != (secret{}) || p.w1 != (secret{}) || p.random != (secret{}) || v.w0 != (secret{}) || v.random != (secret{}) {
			t.Errorf("%s: secrets are left", name)
		}
		if _, err := p.Finish(good[:]); !errors.Is(err, ErrUsed) {
			t.Errorf("prover, %s: again: got %v, want ErrUsed", name, err)
		}
		if _, err := v.Finish(good[:]); !errors.Is(err, ErrUsed) {
			t.Errorf("verifier, %s: again: got %v, want ErrUsed", name, err)
		}
	}
}

// A share made of w0 alone makes Z infinity, which both sides would know
// without sharing anything. RFC 9383 §4.
func TestZAtInfinityIsRefused(t *testing.T) {
	w0 := secret{31: 3}
	blinded := func(blind *[65]byte) []byte {
		b, err := mult(constant(blind), &w0)
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	p, v := pair(t)
	if _, err := p.Finish(blinded(&pointN)); !errors.Is(err, ErrShare) {
		t.Errorf("prover: got %v, want ErrShare", err)
	}
	if _, err := v.Finish(blinded(&pointM)); !errors.Is(err, ErrShare) {
		t.Errorf("verifier: got %v, want ErrShare", err)
	}
}

// A share at infinity cannot be told to the peer: x·P = −w0·M needs the
// discrete logarithm of M, so it is made here with M = P.
func TestShareAtInfinityIsRefused(t *testing.T) {
	g := [65]byte(p256.NewPoint().SetGenerator().Bytes())
	n, _ := hex.DecodeString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	x := [32]byte(n)
	x[31] -= 3
	r := run{w0: secret{31: 3}}
	if err := r.start(bytes.NewReader(x[:]), &g); !errors.Is(err, p256.ErrRandom) {
		t.Errorf("got %v, want p256.ErrRandom", err)
	}
}

func TestVerifiersThatAreNone(t *testing.T) {
	order, _ := hex.DecodeString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	good := [32]byte{31: 5}
	l, err := VerifierPoint(good)
	if err != nil {
		t.Fatal(err)
	}
	off := l
	off[1] ^= 1
	random := func() io.Reader { return bytes.NewReader(bytes.Repeat([]byte{7}, 32)) }
	for _, bad := range [][32]byte{{}, [32]byte(order)} {
		if _, err := VerifierPoint(bad); !errors.Is(err, ErrVerifier) {
			t.Errorf("L of %x: got %v, want ErrVerifier", bad, err)
		}
		if _, err := NewProver(random(), [32]byte{}, bad, good); !errors.Is(err, ErrVerifier) {
			t.Errorf("w0 = %x: got %v, want ErrVerifier", bad, err)
		}
		if _, err := NewProver(random(), [32]byte{}, good, bad); !errors.Is(err, ErrVerifier) {
			t.Errorf("w1 = %x: got %v, want ErrVerifier", bad, err)
		}
		if _, err := NewVerifier(random(), [32]byte{}, bad, l[:]); !errors.Is(err, ErrVerifier) {
			t.Errorf("verifier's w0 = %x: got %v, want ErrVerifier", bad, err)
		}
		if err := CheckVerifier(bad, l[:]); !errors.Is(err, ErrVerifier) {
			t.Errorf("check of w0 = %x: got %v, want ErrVerifier", bad, err)
		}
	}
	for _, bad := range [][]byte{nil, {0}, off[:], l[:64]} {
		if _, err := NewVerifier(random(), [32]byte{}, good, bad); !errors.Is(err, ErrVerifier) {
			t.Errorf("L = %x: got %v, want ErrVerifier", bad, err)
		}
		if err := CheckVerifier(good, bad); !errors.Is(err, ErrVerifier) {
			t.Errorf("check of L = %x: got %v, want ErrVerifier", bad, err)
		}
	}
	if _, err := NewProver(bytes.NewReader(nil), [32]byte{}, good, good); !errors.Is(err, io.EOF) {
		t.Errorf("no randomness: got %v, want io.EOF", err)
	}
	if _, err := NewVerifier(bytes.NewReader(nil), [32]byte{}, good, l[:]); !errors.Is(err, io.EOF) {
		t.Errorf("no randomness: got %v, want io.EOF", err)
	}
}

func TestScalarsWantEightyOctets(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("79 octets were accepted")
		}
	}()
	Scalars(make([]byte, 79))
}

func TestSecretsPrintRedacted(t *testing.T) {
	p, v := pair(t)
	for _, v := range []any{secret{1}, Result{}, &Result{}, p, *p, v, *v} {
		for _, verb := range []string{"%v", "%+v", "%s", "%#v"} {
			if got := fmt.Sprintf(verb, v); got != "[redacted]" {
				t.Errorf("%T %s: got %s", v, verb, got)
			}
		}
	}
}

func FuzzShare(f *testing.F) {
	_, v := pair(f)
	good := v.Share()
	f.Add(good[:])
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, share []byte) {
		// A share that is a point leads to a result, and to another result than
		// the one with the true share; everything else is refused.
		p, _ := pair(t)
		r, err := p.Finish(share)
		if point := p256.CheckPoint(share) == nil; point != (err == nil) {
			t.Fatalf("point: %v, but %v", point, err)
		}
		p, _ = pair(t)
		want, _ := p.Finish(good[:])
		if same := bytes.Equal(share, good[:]); same != (r == want) {
			t.Fatalf("%x: same share: %v", share, same)
		}
	})
}

func BenchmarkProver(b *testing.B) {
	_, v := pair(b)
	share := v.Share()
	for b.Loop() {
		p, _ := pair(b)
		if _, err := p.Finish(share[:]); err != nil {
			b.Fatal(err)
		}
	}
}
