package abi

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// verifierVector is the one verifier that another implementation publishes.
func verifierVector(t *testing.T) (passcode, iterations uint32, salt, verifier, ws []byte) {
	t.Helper()
	b, err := os.ReadFile("../../session/testdata/pase_verifier.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests []struct {
			Passcode, Iterations         uint32
			Salt, SerializedVerifier, Ws string
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	v := file.Tests[0]
	for _, p := range []struct {
		to   *[]byte
		from string
	}{{&salt, v.Salt}, {&verifier, v.SerializedVerifier}, {&ws, v.Ws}} {
		if *p.to, err = hex.DecodeString(p.from); err != nil || len(*p.to) == 0 {
			t.Fatalf("%q: %v", p.from, err)
		}
	}
	return v.Passcode, v.Iterations, salt, verifier, ws
}

// openStretching opens an instance whose host stretches passcodes.
func openStretching(t *testing.T) handle {
	t.Helper()
	h := Open(load(structure(func(w *tlv.Writer) { w.Uint(ctx(4), uint64(session.DelegatePBKDF2)) })), rand.Reader)
	if h <= 0 {
		t.Fatalf("open: %d, %v", h, failure)
	}
	t.Cleanup(func() { slots[h&(1<<handleSlotBits-1)].instance = nil })
	return h
}

// A device is opened by its verifier alone, and a host stretches the passcode:
// then neither side of a test, nor a page, waits for PBKDF2.
func TestField_F27_NeitherSideStretches(t *testing.T) {
	passcode, iterations, salt, verifier, ws := verifierVector(t)
	a, b := openStretching(t), openInstance(t)
	ask(t, b, 0, 25, func(w *tlv.Writer) {
		w.Uint(ctx(2), uint64(iterations))
		w.Bytes(ctx(3), salt)
		w.Bytes(ctx(4), verifier)
	})
	ask(t, a, 0, 18, func(w *tlv.Writer) {
		w.Uint(ctx(1), 1)
		w.Uint(ctx(2), uint64(passcode))
	})
	events := shuttle(t, 1, a, b)
	if len(events[0]) != 1 || events[0][0].u8(0) != eventWork {
		t.Fatalf("got %v, want one piece of work", events[0])
	}
	work := events[0][0]
	if work.u8(2) != 4 || !bytes.Equal(work.octets(6), salt) || work.u32(7) != iterations {
		t.Errorf("asked for work of kind %d with %d iterations", work.u8(2), work.u32(7))
	}
	if p := work.octets(5); !bytes.Equal(p, []byte{byte(passcode), byte(passcode >> 8), byte(passcode >> 16), byte(passcode >> 24)}) {
		t.Errorf("asked to stretch %x", p)
	}
	ask(t, a, 1, 38, func(w *tlv.Writer) {
		w.Uint(ctx(1), work.uint(1, 1<<32-1))
		w.Bytes(ctx(2), ws)
	})
	for i, of := range shuttle(t, 1, a, b) {
		if len(of) != 1 || of[0].u8(0) != eventSession {
			t.Errorf("instance %d: %v", i, of)
		}
	}
}

func TestHostsFailureHasItsOwnCode(t *testing.T) {
	passcode, iterations, salt, verifier, _ := verifierVector(t)
	a, b := openStretching(t), openInstance(t)
	ask(t, b, 0, 25, func(w *tlv.Writer) {
		w.Uint(ctx(2), uint64(iterations))
		w.Bytes(ctx(3), salt)
		w.Bytes(ctx(4), verifier)
	})
	ask(t, a, 0, 18, func(w *tlv.Writer) {
		w.Uint(ctx(1), 1)
		w.Uint(ctx(2), uint64(passcode))
	})
	work := shuttle(t, 1, a, b)[0][0].u32(1)
	ask(t, a, 1, 38, func(w *tlv.Writer) {
		w.Uint(ctx(1), uint64(work))
		w.String(ctx(3), "the tab sleeps")
	})
	events := shuttle(t, 1, a, b)
	if len(events[0]) != 1 || events[0][0].u8(0) != eventFailed {
		t.Fatalf("got %v, want a failure", events[0])
	}
	if e := events[0][0]; e.u16(2) != uint16(codeHost) || e.text(3) != "the host failed: the tab sleeps" {
		t.Errorf("code %d: %s", e.u16(2), e.text(3))
	}
}

func TestOpenPASERefusesWhatIsNoVerifier(t *testing.T) {
	passcode, iterations, salt, verifier, _ := verifierVector(t)
	h := openInstance(t)
	offCurve := bytes.Clone(verifier)
	offCurve[96] ^= 1
	for name, members := range map[string]func(w *tlv.Writer){
		"neither": func(w *tlv.Writer) { w.Uint(ctx(2), uint64(iterations)); w.Bytes(ctx(3), salt) },
		"both": func(w *tlv.Writer) {
			w.Uint(ctx(1), uint64(passcode))
			w.Uint(ctx(2), uint64(iterations))
			w.Bytes(ctx(3), salt)
			w.Bytes(ctx(4), verifier)
		},
		"short": func(w *tlv.Writer) {
			w.Uint(ctx(2), uint64(iterations))
			w.Bytes(ctx(3), salt)
			w.Bytes(ctx(4), verifier[:96])
		},
		"off the curve": func(w *tlv.Writer) {
			w.Uint(ctx(2), uint64(iterations))
			w.Bytes(ctx(3), salt)
			w.Bytes(ctx(4), offCurve)
		},
		"no text": func(w *tlv.Writer) {
			w.Uint(ctx(2), uint64(iterations))
			w.Bytes(ctx(3), salt)
			w.Uint(ctx(4), 7)
		},
	} {
		n := Request(h, 0, load(structure(func(w *tlv.Writer) {
			w.Uint(ctx(0), 25)
			members(w)
		})), rand.Reader)
		if n >= 0 {
			t.Errorf("%s: accepted", name)
		}
	}
}
