package hash

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// text is data of n octets that repeats nowhere near a block's length.
func text(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func TestSHA256EveryLength(t *testing.T) {
	for n := range 300 {
		b := text(n)
		if got, want := SHA256(b), sha256.Sum256(b); got != want {
			t.Errorf("%d octets: got %x, want %x", n, got, want)
		}
		if got, want := SHA1(b), sha1.Sum(b); got != want {
			t.Errorf("SHA-1, %d octets: got %x, want %x", n, got, want)
		}
	}
}

func TestSHA256Parts(t *testing.T) {
	b := text(200)
	want := sha256.Sum256(b)
	for i := range b {
		for _, j := range []int{i, (i + len(b)) / 2, len(b)} {
			if got := SHA256(b[:i], b[i:j], b[j:]); got != want {
				t.Errorf("cut at %d and %d: got %x, want %x", i, j, got, want)
			}
		}
	}
	if got, want := SHA256(), sha256.Sum256(nil); got != want {
		t.Errorf("no parts: got %x, want %x", got, want)
	}
}

func TestTranscriptGoesOnAfterSum(t *testing.T) {
	b := text(300)
	var tr Transcript
	for n := range b {
		if got, want := tr.Sum(), sha256.Sum256(b[:n]); got != want {
			t.Fatalf("after %d octets: got %x, want %x", n, got, want)
		}
		tr.Write(b[n : n+1])
	}
}

func TestTranscriptCopyIsItsOwn(t *testing.T) {
	var a Transcript
	a.Write([]byte("common"))
	b := a
	a.Write([]byte("left"))
	b.Write([]byte("right"))
	if got, want := a.Sum(), sha256.Sum256([]byte("commonleft")); got != want {
		t.Errorf("original: got %x, want %x", got, want)
	}
	if got, want := b.Sum(), sha256.Sum256([]byte("commonright")); got != want {
		t.Errorf("copy: got %x, want %x", got, want)
	}
}

func TestHMACEveryKeyLength(t *testing.T) {
	for n := range 150 {
		key, msg := text(n), text(2*n)
		m := hmac.New(sha256.New, key)
		m.Write(msg)
		if got := HMAC(key, msg[:n], msg[n:]); !bytes.Equal(got[:], m.Sum(nil)) {
			t.Errorf("key of %d octets: got %x, want %x", n, got, m.Sum(nil))
		}
	}
}

func TestHKDFEveryLength(t *testing.T) {
	for n := range 100 {
		secret, salt := text(n), text(n/2)
		want, err := hkdf.Key(sha256.New, secret, salt, "info", n)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, n)
		if HKDF(got, secret, salt, "info"); !bytes.Equal(got, want) {
			t.Errorf("%d octets: got %x, want %x", n, got, want)
		}
	}
}

func TestHKDFRefusesTooMuch(t *testing.T) {
	HKDF(make([]byte, 255*Size), []byte("s"), nil, "")
	defer func() {
		if recover() == nil {
			t.Error("256 digests were derived")
		}
	}()
	HKDF(make([]byte, 255*Size+1), []byte("s"), nil, "")
}

func TestPBKDF2RefusesNoIterations(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no iterations were accepted")
		}
	}()
	PBKDF2(make([]byte, 1), nil, nil, 0)
}

func TestPBKDF2EveryLength(t *testing.T) {
	for n := 1; n < 100; n++ {
		want, err := pbkdf2.Key(sha256.New, string(text(n)), text(n/2), 1+n%7, n)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, n)
		if PBKDF2(got, text(n), text(n/2), 1+n%7); !bytes.Equal(got, want) {
			t.Errorf("%d octets: got %x, want %x", n, got, want)
		}
	}
}

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

func TestWycheproofHKDF(t *testing.T) {
	var file struct {
		NumberOfTests int
		TestGroups    []struct {
			Tests []struct {
				TcID            int
				IKM, Salt, Info hexBytes
				Size            int
				OKM             hexBytes
				Result          string
			}
		}
	}
	vectors(t, "wycheproof_hkdf_sha256.json", &file)
	n := 0
	for _, g := range file.TestGroups {
		for _, v := range g.Tests {
			n++
			if v.Result == "invalid" {
				if v.Size <= 255*Size {
					t.Errorf("%d: invalid for a reason that this test does not know", v.TcID)
				}
				func() {
					defer func() {
						if recover() == nil {
							t.Errorf("%d: %d octets were derived", v.TcID, v.Size)
						}
					}()
					HKDF(make([]byte, v.Size), v.IKM, v.Salt, string(v.Info))
				}()
				continue
			}
			got := make([]byte, v.Size)
			if HKDF(got, v.IKM, v.Salt, string(v.Info)); !bytes.Equal(got, v.OKM) {
				t.Errorf("%d: got %x, want %x", v.TcID, got, v.OKM)
			}
		}
	}
	if n == 0 || n != file.NumberOfTests {
		t.Errorf("%d vectors run, the file says %d", n, file.NumberOfTests)
	}
}

func TestWycheproofPBKDF2(t *testing.T) {
	var file struct {
		NumberOfTests int
		TestGroups    []struct {
			Tests []struct {
				TcID           int
				Password, Salt hexBytes
				IterationCount int
				DkLen          int
				DK             hexBytes
				Result         string
			}
		}
	}
	vectors(t, "wycheproof_pbkdf2_hmacsha256.json", &file)
	n := 0
	for _, g := range file.TestGroups {
		for _, v := range g.Tests {
			n++
			if v.Result != "valid" {
				t.Errorf("%d: result %s, which this test does not know", v.TcID, v.Result)
			}
			got := make([]byte, v.DkLen)
			if PBKDF2(got, v.Password, v.Salt, v.IterationCount); !bytes.Equal(got, v.DK) {
				t.Errorf("%d: got %x, want %x", v.TcID, got, v.DK)
			}
		}
	}
	if n == 0 || n != file.NumberOfTests {
		t.Errorf("%d vectors run, the file says %d", n, file.NumberOfTests)
	}
}

func TestNoAllocation(t *testing.T) {
	msg, key, out := text(200), text(16), make([]byte, 48)
	if n := testing.AllocsPerRun(10, func() {
		SHA256(msg, key)
		HMAC(key, msg)
		PBKDF2(out, msg, key, 3)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSHA256Of64(b *testing.B) {
	msg := text(64)
	for b.Loop() {
		SHA256(msg)
	}
}

func BenchmarkPBKDF2Of1000(b *testing.B) {
	var out [80]byte
	for b.Loop() {
		PBKDF2(out[:], []byte("20202021"), []byte("SPAKE2P Key Salt"), 1000)
	}
}
