package abi

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"testing"

	"github.com/matter-session/matter-session/session/tlv"
)

// A shorter result leaves nothing of a longer one before it behind.
func TestShorterResultErasesTheRest(t *testing.T) {
	secret := []byte("the end of a longer result")
	if _, err := put(append(Buffer[:0], append(make([]byte, 100), secret...)...)); err != nil {
		t.Fatal(err)
	}
	if _, err := put(append(Buffer[:0], 1, 2, 3)); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(Buffer[:], secret) || !bytes.Equal(Buffer[:3], []byte{1, 2, 3}) {
		t.Errorf("%x", Buffer[:130])
	}
}

// FuzzExports calls what works without a controller with whatever numbers and
// octets there are. Nothing panics, and no result is longer than the buffer.
func FuzzExports(f *testing.F) {
	for which := range byte(32) {
		f.Add(which, int32(16), int32(16), int32(16), make([]byte, 200))
		f.Add(which, int32(-1), int32(1<<30), int32(0), []byte{})
		f.Add(which, int32(8), int32(60), int32(0), structure(func(w *tlv.Writer) {
			w.Uint(ctx(1), 5)
			w.Uint(ctx(2), 20202021)
		}))
	}
	f.Fuzz(func(t *testing.T, which byte, a, b, c int32, data []byte) {
		clear(Buffer[:512])
		copy(Buffer[:], make([]byte, 68))
		session := SessionFromKeys(rand.Reader)
		n := load(structure(func(w *tlv.Writer) {
			w.Uint(ctx(1), 5)
			w.Uint(ctx(2), 20202021)
		}))
		handshake := PASEInitiator(n, rand.Reader)
		if session <= 0 || handshake <= 0 {
			t.Fatal(failure)
		}
		defer SessionClose(session)
		defer HandshakeClose(handshake)
		HandshakeStart(handshake)
		if len(data) >= 8 {
			binary.LittleEndian.PutUint32(data[4:], uint32(a)&0xFF)
		}
		n = load(data)
		var r int32
		switch which % 30 {
		case 0:
			if r = SessionDerive(a, b, c, rand.Reader); r > 0 {
				SessionClose(r)
				r = 0
			}
		case 1:
			r = SessionSeal(session, a, n)
		case 2:
			r = SessionSeal(session, a, b)
		case 3:
			r = SessionOpen(session, a, n) &^ openedDuplicate
		case 4:
			r = SessionOpen(session, a, b) &^ openedDuplicate
		case 5:
			SessionCheck(session, a)
		case 6:
			SessionNext(session)
			SessionSetCounter(session, a)
			SessionSetLocalNode(session, a, b)
			SessionNext(session)
		case 7:
			r = SessionChallenge(session)
		case 8:
			Reception(a, b, c, n)
		case 9:
			r = HandshakeReceive(handshake, a, n)
		case 10:
			r = HandshakeReceive(handshake, 0x21, n)
		case 11:
			r = HandshakeAnswer(handshake, min(a, n))
		case 12:
			r = Sigma1(n)
		case 13, 14, 15, 16:
			make := []func(int32) int32{
				func(n int32) int32 { return PASEInitiator(n, rand.Reader) }, func(n int32) int32 { return PASEResponder(n, rand.Reader) },
				func(n int32) int32 { return CASEInitiator(n, rand.Reader) }, func(n int32) int32 { return CASEResponder(n, rand.Reader) },
			}[which%30-13]
			if r = make(n); r > 0 {
				HandshakeClose(r)
				r = 0
			}
		case 17:
			r = CryptoSeal(a, b)
		case 18:
			r = CryptoOpen(a, b)
		case 19:
			r = CryptoSHA256(a)
		case 20:
			r = CryptoHMAC(a, b)
		case 21:
			r = CryptoHKDF(a, b, c, n)
		case 22:
			r = CryptoPBKDF2(a, b, c&0xFF, n)
		case 23:
			r = CryptoPublicKey()
		case 24:
			r = CryptoECDH()
		case 25:
			r = CryptoSign(a, rand.Reader)
		case 26:
			r = CryptoVerify(a)
		case 27:
			r = CryptoMultiply()
		case 28:
			r = CryptoAdd()
		case 29:
			r = CryptoNegate()
		}
		if r > BufferSize {
			t.Fatalf("call %d: %d octets", which%30, r)
		}
		if r < 0 {
			if m, err := parseMembers(Buffer[:LastError()]); err != nil || m.u16(0) == 0 || m.text(1) == "" {
				t.Fatalf("call %d: its error says nothing: %v", which%30, failure)
			}
		}
	})
}
