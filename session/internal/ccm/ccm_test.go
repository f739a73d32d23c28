package ccm

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"testing"
)

// model is CCM as NIST SP 800-38C writes it down, on the standard library's AES.
type model struct{ block cipher.Block }

func newModel(key *[KeySize]byte) model {
	b, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	return model{b}
}

func (m model) ctr(nonce *[NonceSize]byte, text []byte, first uint16) []byte {
	iv := append([]byte{1}, nonce[:]...)
	iv = binary.BigEndian.AppendUint16(iv, first)
	out := make([]byte, len(text))
	cipher.NewCTR(m.block, iv).XORKeyStream(out, text)
	return out
}

func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&15)...) }

func (m model) seal(nonce *[NonceSize]byte, text, aad []byte) []byte {
	flags := byte((TagSize-2)/2<<3 | 1)
	if len(aad) > 0 {
		flags |= 0x40
	}
	b := append([]byte{flags}, nonce[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(text)))
	if len(aad) > 0 {
		b = binary.BigEndian.AppendUint16(b, uint16(len(aad)))
		b = pad(append(b, aad...))
	}
	b = pad(append(b, text...))
	mac := make([]byte, 16)
	cipher.NewCBCEncrypter(m.block, mac).CryptBlocks(b, b)
	copy(mac, b[len(b)-16:])
	return append(m.ctr(nonce, text, 1), m.ctr(nonce, mac, 0)...)
}

func fill(r *rand.Rand, b []byte) []byte { r.Read(b); return b }

func TestBlockAgainstStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	var (
		key          [KeySize]byte
		k            schedule
		a, b, wa, wb [16]byte
	)
	for n := range 5000 {
		fill(r, key[:])
		fill(r, a[:])
		fill(r, b[:])
		switch n { // and keys and blocks of one bit
		case 0:
			key, a, b = [16]byte{}, [16]byte{}, [16]byte{}
		default:
			if n <= 128 {
				key, a, b = [16]byte{}, [16]byte{}, [16]byte{}
				key[(n-1)/8] = 1 << ((n - 1) % 8)
			} else if n <= 256 {
				a = [16]byte{}
				a[(n-129)/8] = 1 << (n % 8)
			}
		}
		k.expand(&key)
		var l lanes
		for i := range 4 {
			l.words[2*i] = binary.LittleEndian.Uint32(a[4*i:])
			l.words[2*i+1] = binary.LittleEndian.Uint32(b[4*i:])
		}
		k.encrypt(&l)
		std := newModel(&key).block
		std.Encrypt(wa[:], a[:])
		std.Encrypt(wb[:], b[:])
		for i := range 4 {
			binary.LittleEndian.PutUint32(a[4*i:], l.words[2*i])
			binary.LittleEndian.PutUint32(b[4*i:], l.words[2*i+1])
		}
		if a != wa || b != wb {
			t.Fatalf("key %x: got %x and %x, want %x and %x", key, a, b, wa, wb)
		}
	}
}

// sbox is FIPS 197 §5.1.1: the inverse in GF(2^8), then an affine map.
func sbox(x byte) (y byte) {
	mul := func(a, b byte) (p byte) {
		for range 8 {
			p ^= a * (b & 1)
			a, b = a<<1^a>>7*0x1b, b>>1
		}
		return p
	}
	inverse := byte(0)
	for i := range 256 {
		if mul(x, byte(i)) == 1 {
			inverse = byte(i)
		}
	}
	for _, turn := range []int{0, 1, 2, 3, 4} {
		y ^= inverse<<turn | inverse>>(8-turn)
	}
	return y ^ 0x63
}

func TestSubstituteEveryOctet(t *testing.T) {
	for x := range 256 {
		for shift := 0; shift < 32; shift += 8 {
			w := uint32(x) << shift
			want := uint32(sbox(0))*0x01010101&^(0xff<<shift) | uint32(sbox(byte(x)))<<shift
			if got := substituteWord(w); got != want {
				t.Errorf("%08x: got %08x, want %08x", w, got, want)
			}
		}
	}
}

func TestTransposeIsItsOwnInverse(t *testing.T) {
	for i := range 256 {
		var q, want [8]uint32
		q[i/32], want[i/32] = 1<<(i%32), 1<<(i%32)
		transpose(&q)
		transpose(&q)
		if q != want {
			t.Errorf("bit %d: got %x", i, q)
		}
	}
}

// same seals and opens one text in every way and compares with the model.
func same(t *testing.T, c *Cipher, m model, nonce *[NonceSize]byte, text, aad []byte) {
	t.Helper()
	want := m.seal(nonce, text, aad)
	if got := c.Seal(nil, nonce, text, aad); !bytes.Equal(got, want) {
		t.Fatalf("text of %d, associated data of %d: got %x, want %x", len(text), len(aad), got, want)
	}
	got, err := c.Open(nil, nonce, want, aad)
	if err != nil || !bytes.Equal(got, text) {
		t.Fatalf("text of %d, associated data of %d: opened to %x, %v; want %x", len(text), len(aad), got, err, text)
	}
}

func TestAgainstModelEveryLength(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	var (
		key   [KeySize]byte
		nonce [NonceSize]byte
	)
	for n := range 1301 {
		if n%50 == 0 {
			fill(r, key[:])
		}
		c, m := New(&key), newModel(&key)
		text := fill(r, make([]byte, n))
		step := 1
		if n > 100 {
			step = 7 + n%5 // all lengths of both, not all pairs
		}
		for a := n % step; a <= 60; a += step {
			fill(r, nonce[:])
			same(t, c, m, &nonce, text, fill(r, make([]byte, a)))
		}
	}
	c, m := New(&key), newModel(&key)
	for _, n := range []int{4095, 4096, 4097, MaxPlaintext} { // the counter's high octet
		same(t, c, m, &nonce, fill(r, make([]byte, n)), fill(r, make([]byte, n%61)))
	}
	for _, a := range []int{255, 256, 257, MaxAssociated - 1, MaxAssociated} {
		same(t, c, m, &nonce, fill(r, make([]byte, 20)), fill(r, make([]byte, a)))
	}
}

func TestCTRAgainstModelEveryLength(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	var (
		key   [KeySize]byte
		nonce [NonceSize]byte
	)
	fill(r, key[:])
	c, m := New(&key), newModel(&key)
	for n := range 300 {
		fill(r, nonce[:])
		text := fill(r, make([]byte, n))
		want := m.ctr(&nonce, text, 1)
		got := make([]byte, n+1)
		c.CTR(got, text, &nonce)
		if !bytes.Equal(got[:n], want) || got[n] != 0 {
			t.Fatalf("%d octets: got %x, want %x", n, got, want)
		}
		if c.CTR(text, text, &nonce); !bytes.Equal(text, want) {
			t.Fatalf("%d octets in place: got %x, want %x", n, text, want)
		}
	}
	long := fill(r, make([]byte, 9000))
	want := m.ctr(&nonce, long, 1)
	if c.CTR(long, long, &nonce); !bytes.Equal(long, want) {
		t.Error("9,000 octets differ")
	}
}

func TestInPlace(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	var (
		key   [KeySize]byte
		nonce [NonceSize]byte
	)
	fill(r, key[:])
	c, m := New(&key), newModel(&key)
	for n := range 100 {
		header, text := fill(r, make([]byte, 8)), fill(r, make([]byte, n))
		b := append(append(make([]byte, 0, 8+n+TagSize), header...), text...)
		got := c.Seal(b[:8], &nonce, b[8:], b[:8])
		want := append(bytes.Clone(header), m.seal(&nonce, text, header)...)
		if !bytes.Equal(got, want) {
			t.Fatalf("%d octets: got %x, want %x", n, got, want)
		}
		if &got[0] != &b[0] {
			t.Fatalf("%d octets: moved though there was room", n)
		}
		opened, err := c.Open(got[:8], &nonce, got[8:], got[:8])
		if err != nil || !bytes.Equal(opened[:8], header) || !bytes.Equal(opened[8:], text) {
			t.Fatalf("%d octets: opened to %x, %v", n, opened, err)
		}
	}
}

func TestDestinationIsKept(t *testing.T) {
	var (
		key   [KeySize]byte
		nonce [NonceSize]byte
	)
	c := New(&key)
	short := []byte("before")[:6:6]
	sealed := c.Seal(short, &nonce, []byte("text"), nil)
	if string(sealed[:6]) != "before" || len(sealed) != 6+4+TagSize {
		t.Errorf("sealed %q", sealed)
	}
	opened, err := c.Open(short, &nonce, sealed[6:], nil)
	if err != nil || string(opened) != "beforetext" {
		t.Errorf("opened %q, %v", opened, err)
	}
}

func TestOverlapPanics(t *testing.T) {
	var (
		key   [KeySize]byte
		nonce [NonceSize]byte
	)
	c := New(&key)
	for name, f := range map[string]func(b []byte){
		"seal forward":  func(b []byte) { c.Seal(b[:1], &nonce, b[:40], nil) },
		"seal backward": func(b []byte) { c.Seal(b[:0], &nonce, b[1:40], nil) },
		"open forward":  func(b []byte) { c.Open(b[:1], &nonce, b[:40], nil) },
		"open backward": func(b []byte) { c.Open(b[:0], &nonce, b[1:40], nil) },
		"ctr":           func(b []byte) { c.CTR(b[1:41], b[:40], &nonce) },
	} {
		if !panics(func() { f(make([]byte, 100)) }) {
			t.Errorf("%s: an overlap was accepted", name)
		}
	}
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

func TestTooLong(t *testing.T) {
	var (
		key   [KeySize]byte
		nonce [NonceSize]byte
	)
	c := New(&key)
	if !panics(func() { c.Seal(nil, &nonce, make([]byte, MaxPlaintext+1), nil) }) {
		t.Error("a text longer than its length field was sealed")
	}
	if !panics(func() { c.Seal(nil, &nonce, nil, make([]byte, MaxAssociated+1)) }) {
		t.Error("associated data of 0xFF00 octets was sealed")
	}
	if !panics(func() { c.CTR(make([]byte, MaxPlaintext+1), make([]byte, MaxPlaintext+1), &nonce) }) {
		t.Error("a text longer than the counter was encrypted")
	}
	// A peer chooses lengths too: for Open they are no reason to panic.
	for _, v := range []struct{ text, aad int }{{MaxPlaintext + 1, 0}, {0, MaxAssociated + 1}, {-1, 0}, {-TagSize, 0}} {
		if _, err := c.Open(nil, &nonce, make([]byte, v.text+TagSize), make([]byte, v.aad)); !errors.Is(err, ErrAuthentication) {
			t.Errorf("text %d, associated data %d: got %v, want ErrAuthentication", v.text, v.aad, err)
		}
	}
}

func TestWithoutKeyPanics(t *testing.T) {
	var (
		key   [KeySize]byte
		nonce [NonceSize]byte
		zero  Cipher
	)
	cleared := New(&key)
	cleared.Clear()
	for _, c := range []*Cipher{&zero, cleared} {
		if !panics(func() { c.Seal(nil, &nonce, nil, nil) }) ||
			!panics(func() { c.Open(nil, &nonce, make([]byte, TagSize), nil) }) ||
			!panics(func() { c.CTR(nil, nil, &nonce) }) {
			t.Error("a cipher without a key works")
		}
	}
	if cleared.schedule != (schedule{}) {
		t.Error("the key was not erased")
	}
	cleared.Init(&key)
	if got, want := cleared.Seal(nil, &nonce, nil, nil), newModel(&key).seal(&nonce, nil, nil); !bytes.Equal(got, want) {
		t.Errorf("after Init: got %x, want %x", got, want)
	}
}

func TestKeyIsNotPrinted(t *testing.T) {
	c := New(&[KeySize]byte{1, 2, 3})
	for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(f, c); got != "[redacted]" {
			t.Errorf("%s prints %s", f, got)
		}
	}
}

// TestEveryChangeIsRefused flips each bit of a message, associated data, nonce
// and tag, and cuts the message at every length.
func TestEveryChangeIsRefused(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	var (
		key   [KeySize]byte
		nonce [NonceSize]byte
	)
	fill(r, key[:])
	fill(r, nonce[:])
	c := New(&key)
	for _, n := range []int{0, 1, 15, 16, 17, 40} {
		for _, a := range []int{0, 8, 24} {
			text, aad := fill(r, make([]byte, n)), fill(r, make([]byte, a))
			sealed := c.Seal(nil, &nonce, text, aad)
			refused := func(what string, sealed []byte, nonce [NonceSize]byte, aad []byte) {
				t.Helper()
				dst := bytes.Repeat([]byte{0xaa}, 100)
				got, err := c.Open(dst[:4], &nonce, sealed, aad)
				if !errors.Is(err, ErrAuthentication) || len(got) != 4 {
					t.Errorf("%d, %d: %s: got %x, %v", n, a, what, got, err)
				}
				room := max(0, len(sealed)-TagSize)
				if !bytes.Equal(dst[4:4+room], make([]byte, room)) {
					t.Errorf("%d, %d: %s: plaintext left behind: %x", n, a, what, dst[4:4+room])
				}
				if !bytes.Equal(dst[:4], []byte{0xaa, 0xaa, 0xaa, 0xaa}) || bytes.Contains(dst[4+room:], []byte{0}) {
					t.Errorf("%d, %d: %s: destination written outside the text", n, a, what)
				}
			}
			for i := range 8 * len(sealed) {
				sealed[i/8] ^= 1 << (i % 8)
				refused(fmt.Sprintf("bit %d", i), sealed, nonce, aad)
				sealed[i/8] ^= 1 << (i % 8)
			}
			for i := range 8 * a {
				aad[i/8] ^= 1 << (i % 8)
				refused(fmt.Sprintf("associated bit %d", i), sealed, nonce, aad)
				aad[i/8] ^= 1 << (i % 8)
			}
			for i := range 8 * NonceSize {
				other := nonce
				other[i/8] ^= 1 << (i % 8)
				refused(fmt.Sprintf("nonce bit %d", i), sealed, other, aad)
			}
			for i := range sealed {
				refused(fmt.Sprintf("cut at %d", i), sealed[:i], nonce, aad)
			}
			refused("lengthened", append(bytes.Clone(sealed), 0), nonce, aad)
			refused("associated data lengthened", sealed, nonce, append(bytes.Clone(aad), 0))
		}
	}
}

func TestNoAllocation(t *testing.T) {
	var (
		key   [KeySize]byte
		nonce [NonceSize]byte
		c     Cipher
	)
	text, aad := make([]byte, 201), make([]byte, 24)
	sealed, opened := make([]byte, 0, 300), make([]byte, 0, 300)
	if n := testing.AllocsPerRun(100, func() {
		c.Init(&key)
		b := c.Seal(sealed, &nonce, text, aad)
		if _, err := c.Open(opened, &nonce, b, aad); err != nil {
			t.Fatal(err)
		}
		b[0] ^= 1
		if _, err := c.Open(opened, &nonce, b, aad); err == nil {
			t.Fatal("opened")
		}
		c.CTR(text, text, &nonce)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

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

func vector(t *testing.T, name string, key, nonce, aad, text, ct, tag hexBytes) {
	t.Helper()
	if len(key) != KeySize || len(nonce) != NonceSize || len(tag) != TagSize {
		t.Fatalf("%s: sizes %d, %d, %d are not Matter's", name, len(key), len(nonce), len(tag))
	}
	c, n := New((*[KeySize]byte)(key)), (*[NonceSize]byte)(nonce)
	want := append(bytes.Clone(ct), tag...)
	if got := c.Seal(nil, n, text, aad); !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", name, got, want)
	}
	if got, err := c.Open(nil, n, want, aad); err != nil || !bytes.Equal(got, text) {
		t.Errorf("%s: opened to %x, %v", name, got, err)
	}
}

func TestVectors(t *testing.T) {
	var file struct {
		Tests []struct {
			Name                         string
			Key, Nonce, AAD, PT, CT, Tag hexBytes
		}
	}
	vectors(t, "aes_ccm_128_13_16.json", &file)
	if len(file.Tests) != 12 {
		t.Errorf("%d vectors, want 12", len(file.Tests))
	}
	for _, v := range file.Tests {
		vector(t, v.Name, v.Key, v.Nonce, v.AAD, v.PT, v.CT, v.Tag)
	}
}

func TestWycheproof(t *testing.T) {
	var file struct {
		Count int
		Tests []struct {
			TcID                       int
			Key, IV, AAD, Msg, CT, Tag hexBytes
			Result                     string
		}
	}
	vectors(t, "wycheproof_aes_ccm_matter.json", &file)
	if len(file.Tests) == 0 || len(file.Tests) != file.Count {
		t.Errorf("%d vectors, the file says %d", len(file.Tests), file.Count)
	}
	for _, v := range file.Tests {
		if v.Result != "valid" {
			t.Errorf("%d: result %s, which this test does not know", v.TcID, v.Result)
		}
		vector(t, fmt.Sprint(v.TcID), v.Key, v.IV, v.AAD, v.Msg, v.CT, v.Tag)
	}
}

// TestRoundsHaveNoIndexNorBranch keeps the rounds constant-time by construction:
// every index is a constant, and nothing branches.
func TestRoundsHaveNoIndexNorBranch(t *testing.T) {
	b, err := os.ReadFile("rounds.go")
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range strings.Split(string(b), "\n") {
		for _, word := range []string{"if ", "for ", "switch ", "goto ", "range "} {
			if strings.Contains(l, word) {
				t.Errorf("line %d: %s", i+1, l)
			}
		}
		for _, part := range strings.SplitAfter(l, "[")[1:] {
			index, _, _ := strings.Cut(part, "]")
			if strings.Trim(index, "0123456789") != "" {
				t.Errorf("line %d: index %s", i+1, index)
			}
		}
	}
}

func FuzzAgainstModel(f *testing.F) {
	f.Add(make([]byte, KeySize), make([]byte, NonceSize), []byte("text"), []byte("header"))
	f.Add([]byte("0123456789abcdef"), []byte("0123456789abc"), bytes.Repeat([]byte{7}, 33), []byte{})
	f.Fuzz(func(t *testing.T, key, nonce, text, aad []byte) {
		if len(key) < KeySize || len(nonce) < NonceSize || len(text) > MaxPlaintext || len(aad) > MaxAssociated {
			return
		}
		k, n := (*[KeySize]byte)(key), (*[NonceSize]byte)(nonce)
		same(t, New(k), newModel(k), n, text, aad)
	})
}

// FuzzOpen opens arbitrary octets: whatever opens must be what Seal makes.
func FuzzOpen(f *testing.F) {
	c := New(&[KeySize]byte{})
	f.Add(c.Seal(nil, &[NonceSize]byte{}, []byte("text"), []byte("header")), []byte("header"))
	f.Fuzz(func(t *testing.T, sealed, aad []byte) {
		text, err := c.Open(nil, &[NonceSize]byte{}, sealed, aad)
		if err != nil {
			if !errors.Is(err, ErrAuthentication) || len(text) != 0 {
				t.Fatalf("got %x, %v", text, err)
			}
			return
		}
		if got := c.Seal(nil, &[NonceSize]byte{}, text, aad); !bytes.Equal(got, sealed) {
			t.Fatalf("opened %x, sealed again %x", sealed, got)
		}
	})
}

func benchmark(b *testing.B, n int, open bool) {
	var (
		key   [KeySize]byte
		nonce [NonceSize]byte
	)
	c, aad := New(&key), make([]byte, 8)
	text, dst := make([]byte, n), make([]byte, 0, n+TagSize)
	sealed := c.Seal(nil, &nonce, text, aad)
	b.SetBytes(int64(n))
	for b.Loop() {
		if open {
			c.Open(dst, &nonce, sealed, aad)
		} else {
			c.Seal(dst, &nonce, text, aad)
		}
	}
}

func BenchmarkSeal32(b *testing.B)   { benchmark(b, 32, false) }
func BenchmarkSeal200(b *testing.B)  { benchmark(b, 200, false) }
func BenchmarkSeal1200(b *testing.B) { benchmark(b, 1200, false) }
func BenchmarkOpen32(b *testing.B)   { benchmark(b, 32, true) }
func BenchmarkOpen200(b *testing.B)  { benchmark(b, 200, true) }
func BenchmarkOpen1200(b *testing.B) { benchmark(b, 1200, true) }

func BenchmarkInit(b *testing.B) {
	var c Cipher
	for b.Loop() {
		c.Init(&[KeySize]byte{})
	}
}
