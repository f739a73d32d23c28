package p256

import (
	"bytes"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"testing"
)

type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
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

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A stream is a seeded random source: SHA-256 of a counter and a label.
type stream struct {
	label string
	n     int
	rest  []byte
}

func (s *stream) Read(b []byte) (int, error) {
	for i := range b {
		if len(s.rest) == 0 {
			d := sha256.Sum256(fmt.Append(nil, s.label, s.n))
			s.n, s.rest = s.n+1, d[:]
		}
		b[i], s.rest = s.rest[0], s.rest[1:]
	}
	return len(b), nil
}

func newTestKey(t testing.TB, label string) *PrivateKey {
	t.Helper()
	k, err := GenerateKey(&stream{label: label})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const orderHex = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

func TestWycheproofECDH(t *testing.T) {
	var file struct {
		NumberOfTests int
		TestGroups    []struct {
			Tests []struct {
				TcID            int
				Comment         string
				Public, Private hexBytes
				Shared          hexBytes
				Result          string
			}
		}
	}
	vectors(t, "wycheproof_ecdh_p256_ecpoint.json", &file)
	n := 0
	for _, g := range file.TestGroups {
		for _, v := range g.Tests {
			n++
			// The file writes scalars as signed integers: without leading zeros,
			// or with one too many.
			k, err := NewPrivateKey(new(big.Int).SetBytes(v.Private).FillBytes(make([]byte, 32)))
			if err != nil {
				t.Errorf("%d %s: private key: %v", v.TcID, v.Comment, err)
				continue
			}
			got, err := k.ECDH(v.Public)
			switch v.Result {
			case "valid":
				if err != nil || !bytes.Equal(got[:], v.Shared) {
					t.Errorf("%d %s: got %x, %v, want %x", v.TcID, v.Comment, got, err, v.Shared)
				}
			case "invalid":
				if !errors.Is(err, ErrPoint) || got != [32]byte{} {
					t.Errorf("%d %s: got %x, %v, want ErrPoint", v.TcID, v.Comment, got, err)
				}
			case "acceptable": // a compressed point: Matter has none, but it can be unpacked
				if !errors.Is(err, ErrPoint) {
					t.Errorf("%d %s: compressed: got %v, want ErrPoint", v.TcID, v.Comment, err)
				}
				p, err := Uncompress(v.Public)
				if err != nil {
					t.Fatal(v.TcID, err)
				}
				if got, err := k.ECDH(p[:]); err != nil || !bytes.Equal(got[:], v.Shared) {
					t.Errorf("%d %s: got %x, %v, want %x", v.TcID, v.Comment, got, err, v.Shared)
				}
			default:
				t.Errorf("%d: result %q", v.TcID, v.Result)
			}
		}
	}
	if n != 355 || n != file.NumberOfTests {
		t.Errorf("%d cases, want 355", n)
	}
}

func TestECDHAgreesWithStandardLibrary(t *testing.T) {
	for i := range 16 {
		ours := newTestKey(t, fmt.Sprint("ours ", i))
		peer := newTestKey(t, fmt.Sprint("peer ", i))
		d := ours.Bytes()
		std, err := ecdh.P256().NewPrivateKey(d[:])
		if err != nil {
			t.Fatal(err)
		}
		public := ours.PublicKey()
		if !bytes.Equal(std.PublicKey().Bytes(), public[:]) {
			t.Fatalf("public key: got %x, want %x", public, std.PublicKey().Bytes())
		}
		peerPublic := peer.PublicKey()
		stdPeer, err := ecdh.P256().NewPublicKey(peerPublic[:])
		if err != nil {
			t.Fatal(err)
		}
		want, err := std.ECDH(stdPeer)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ours.ECDH(peerPublic[:])
		if err != nil || !bytes.Equal(got[:], want) {
			t.Errorf("got %x, %v, want %x", got, err, want)
		}
		if back, err := peer.ECDH(public[:]); err != nil || back != got {
			t.Errorf("the peer got %x, %v, want %x", back, err, got)
		}
	}
}

func TestKeyIsWhatTheReaderGives(t *testing.T) {
	want := bytes.Repeat([]byte{7}, 32)
	k, err := GenerateKey(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	if d := k.Bytes(); !bytes.Equal(d[:], want) {
		t.Errorf("got %x, want %x", d, want)
	}
}

func TestKeyRejectsOutOfRange(t *testing.T) {
	good := bytes.Repeat([]byte{9}, 32)
	r := bytes.NewReader(bytes.Join([][]byte{
		make([]byte, 32), unhex(t, orderHex), bytes.Repeat([]byte{0xff}, 32), good}, nil))
	k, err := GenerateKey(r)
	if err != nil {
		t.Fatal(err)
	}
	if d := k.Bytes(); !bytes.Equal(d[:], good) {
		t.Errorf("got %x, want %x", d, good)
	}

	for name, b := range map[string][]byte{
		"zero":  make([]byte, 32),
		"order": unhex(t, orderHex),
		"ff":    bytes.Repeat([]byte{0xff}, 32),
		"31":    make([]byte, 31),
		"33":    append([]byte{0}, good...),
		"none":  nil,
	} {
		if _, err := NewPrivateKey(b); !errors.Is(err, ErrScalar) {
			t.Errorf("%s: got %v, want ErrScalar", name, err)
		}
	}
	last := unhex(t, orderHex)
	last[31]--
	if _, err := NewPrivateKey(last); err != nil {
		t.Errorf("n-1: %v", err)
	}
}

// constant is a reader that gives one octet for ever.
type constant byte

func (c constant) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}

func TestBrokenRandomSourceEnds(t *testing.T) {
	for _, c := range []constant{0, 0xff} {
		if _, err := GenerateKey(c); !errors.Is(err, ErrRandom) {
			t.Errorf("%#x for ever: got %v, want ErrRandom", byte(c), err)
		}
	}
	if _, err := GenerateKey(bytes.NewReader(make([]byte, 31))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("31 octets: got %v, want io.ErrUnexpectedEOF", err)
	}
}

// generator is the curve's base point.
const generator = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" +
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"

func TestPointForms(t *testing.T) {
	g := unhex(t, generator)
	if err := CheckPoint(g); err != nil {
		t.Fatal(err)
	}
	off := bytes.Clone(g)
	off[64] ^= 1
	hybrid := bytes.Clone(g)
	hybrid[0] = 7
	overP := append([]byte{4}, bytes.Repeat([]byte{0xff}, 64)...)
	compressed := append([]byte{3}, g[1:33]...)
	for name, b := range map[string][]byte{
		"off the curve": off, "hybrid": hybrid, "coordinate over p": overP, "compressed": compressed,
		"infinity": {0}, "zeros": append([]byte{4}, make([]byte, 64)...), "long": append(bytes.Clone(g), 0),
	} {
		if err := CheckPoint(b); !errors.Is(err, ErrPoint) {
			t.Errorf("%s: got %v, want ErrPoint", name, err)
		}
	}
	for n := range g {
		if err := CheckPoint(g[:n]); !errors.Is(err, ErrPoint) {
			t.Errorf("%d of 65 octets: got %v, want ErrPoint", n, err)
		}
	}

	for _, b := range [][]byte{g, compressed} {
		if p, err := Uncompress(b); err != nil || !bytes.Equal(p[:], g) {
			t.Errorf("Uncompress(%x): got %x, %v", b, p, err)
		}
	}
	negative := append([]byte{2}, g[1:33]...)
	if p, err := Uncompress(negative); err != nil || p[64]&1 != 0 || !bytes.Equal(p[:33], g[:33]) {
		t.Errorf("Uncompress(%x): got %x, %v", negative, p, err)
	}
	for name, b := range map[string][]byte{
		"infinity": {0}, "off": off, "no root": append([]byte{2}, append(make([]byte, 31), noRoot(t))...),
		"short": compressed[:32], "tag": append([]byte{4}, compressed[1:]...), "none": nil,
	} {
		if _, err := Uncompress(b); !errors.Is(err, ErrPoint) {
			t.Errorf("Uncompress(%s): got %v, want ErrPoint", name, err)
		}
	}
}

// noRoot returns a small x for which x³-3x+b is not a square modulo p.
func noRoot(t *testing.T) byte {
	p, _ := new(big.Int).SetString("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16)
	b, _ := new(big.Int).SetString("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", 16)
	for x := range int64(100) {
		y2 := big.NewInt(x*x*x - 3*x)
		if big.Jacobi(y2.Mod(y2.Add(y2, b), p), p) == -1 {
			return byte(x)
		}
	}
	t.Fatal("every x has a root")
	return 0
}

func TestReduceWideAgreesWithBigInt(t *testing.T) {
	n := new(big.Int).SetBytes(unhex(t, orderHex))
	inputs := [][]byte{make([]byte, 40), bytes.Repeat([]byte{0xff}, 40),
		append(make([]byte, 8), unhex(t, orderHex)...), append(append([]byte{0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 31)...), 5)}
	r := &stream{label: "wide"}
	for range 200 {
		b := make([]byte, 40)
		r.Read(b)
		inputs = append(inputs, b)
	}
	for _, in := range inputs {
		x := new(big.Int).SetBytes(in)
		want := x.Mod(x, n).FillBytes(make([]byte, 32))
		if got := ReduceWide((*[40]byte)(in)); !bytes.Equal(got[:], want) {
			t.Errorf("%x: got %x, want %x", in, got, want)
		}
	}
}

func TestSecretsPrintRedacted(t *testing.T) {
	k := newTestKey(t, "secret")
	for _, verb := range []string{"%v", "%+v", "%s", "%#v"} {
		if got := fmt.Sprintf(verb, k); got != "[redacted]" {
			t.Errorf("%s: got %s", verb, got)
		}
		if got := fmt.Sprintf(verb, *k); got != "[redacted]" {
			t.Errorf("value, %s: got %s", verb, got)
		}
		if got := fmt.Sprintf(verb, k.d); got != "[redacted]" {
			t.Errorf("scalar %s: got %s", verb, got)
		}
	}
}

func TestClearedKeyRefuses(t *testing.T) {
	k := newTestKey(t, "cleared")
	public := k.PublicKey()
	k.Clear()
	if k.Bytes() != [32]byte{} {
		t.Error("the scalar is still there")
	}
	if _, err := k.ECDH(public[:]); !errors.Is(err, ErrScalar) {
		t.Errorf("ECDH: got %v, want ErrScalar", err)
	}
	if _, err := k.Sign(nil, nil); !errors.Is(err, ErrScalar) {
		t.Errorf("Sign: got %v, want ErrScalar", err)
	}
}

func FuzzPoint(f *testing.F) {
	g := unhex(f, generator)
	f.Add(g)
	f.Add(append([]byte{2}, g[1:33]...))
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		// The standard library takes the uncompressed form only, as CheckPoint.
		_, err := ecdh.P256().NewPublicKey(b)
		if got := CheckPoint(b); (got == nil) != (err == nil) {
			t.Fatalf("%x: got %v, the standard library %v", b, got, err)
		}
		p, err := Uncompress(b)
		if err != nil {
			return
		}
		if err := CheckPoint(p[:]); err != nil {
			t.Fatalf("%x: uncompressed to what is no point: %x", b, p)
		}
		back, err := NewPoint().SetBytes(p[:])
		if err != nil {
			t.Fatal(err)
		}
		want := back.Bytes()
		if len(b) == 33 {
			want = back.BytesCompressed()
		}
		if !bytes.Equal(b, want) {
			t.Fatalf("%x: came back as %x", b, want)
		}
	})
}

func BenchmarkGenerateKey(b *testing.B) {
	r := &stream{label: "bench"}
	for b.Loop() {
		if _, err := GenerateKey(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkECDH(b *testing.B) {
	k, peer := newTestKey(b, "a"), newTestKey(b, "b").PublicKey()
	for b.Loop() {
		if _, err := k.ECDH(peer[:]); err != nil {
			b.Fatal(err)
		}
	}
}
