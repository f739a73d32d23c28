// Package ccm is AES-128-CCM as Matter uses it: keys of 16, nonces of 13 and
// tags of 16 octets. Matter Core §3.6, NIST SP 800-38C.
//
// It takes the same time for all keys, texts and tags of the same lengths: AES
// is bitsliced, see aes.go. Nothing is allocated if the destination has room.
//
// The counter block and the authentication block are encrypted together, so
// that a message costs one step for its first block, one for each block of
// associated data and one for each block of text.
package ccm

import (
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"unsafe"
)

// Sizes in octets. A nonce of 13 leaves two octets for the length of the text
// and for the counter.
const (
	KeySize   = 16
	NonceSize = 13
	TagSize   = 16

	// MaxPlaintext and MaxAssociated are the longest inputs. Longer associated
	// data would need another form of its length, which no message has use for.
	MaxPlaintext  = 1<<16 - 1
	MaxAssociated = 0xFF00 - 1
)

const blockSize = 16

// ErrAuthentication: the text was not sealed under this key, nonce and
// associated data, or was changed.
var ErrAuthentication = errors.New("ccm: message authentication failed")

// A Cipher seals and opens under one key. The zero Cipher has none, and panics
// when it is used: call Init. It may be used from several goroutines at once,
// but not while Init or Clear runs.
type Cipher struct {
	schedule schedule
	ready    bool
}

// New returns the cipher of a key. The key is not kept.
func New(key *[KeySize]byte) *Cipher {
	c := new(Cipher)
	c.Init(key)
	return c
}

// Init sets the key.
func (c *Cipher) Init(key *[KeySize]byte) {
	c.schedule.expand(key)
	c.ready = true
}

// Clear erases the key, as far as a garbage-collected language can promise it.
func (c *Cipher) Clear() { *c = Cipher{} }

// String and GoString keep the key out of what is printed.
func (*Cipher) String() string   { return "[redacted]" }
func (*Cipher) GoString() string { return "[redacted]" }

// Seal encrypts plaintext, appends it and the tag to dst, and returns the
// extended slice. The plaintext may lie where its ciphertext goes, at the end of
// dst, and must not overlap it otherwise. A nonce must never be used twice.
//
// It panics if plaintext or aad is longer than [MaxPlaintext] or
// [MaxAssociated].
func (c *Cipher) Seal(dst []byte, nonce *[NonceSize]byte, plaintext, aad []byte) []byte {
	if len(plaintext) > MaxPlaintext || len(aad) > MaxAssociated {
		panic("ccm: input too long")
	}
	all, out := extend(dst, len(plaintext)+TagSize)
	checkOverlap(out[:len(plaintext)], plaintext)
	var r run
	r.start(c, nonce, len(plaintext), aad)
	r.crypt(out, plaintext, 0)
	r.tag((*[TagSize]byte)(out[len(plaintext):]))
	r.clear()
	return all
}

// Open checks and decrypts what Seal returned, appends the plaintext to dst, and
// returns the extended slice. The text may lie at the end of dst and must not
// overlap it otherwise.
//
// It returns [ErrAuthentication] if anything is not as it was sealed. Then the
// room that the plaintext would have had is zero, and so is a text that lay
// there.
func (c *Cipher) Open(dst []byte, nonce *[NonceSize]byte, sealed, aad []byte) ([]byte, error) {
	n := len(sealed) - TagSize
	if n < 0 || n > MaxPlaintext || len(aad) > MaxAssociated {
		return dst, ErrAuthentication
	}
	all, out := extend(dst, n)
	checkOverlap(out, sealed[:n])
	var r run
	r.start(c, nonce, n, aad)
	r.crypt(out, sealed[:n], ^uint32(0))
	var tag [TagSize]byte
	r.tag(&tag)
	r.clear()
	if subtle.ConstantTimeCompare(tag[:], sealed[n:]) != 1 {
		clear(out)
		return dst, ErrAuthentication
	}
	return all, nil
}

// CTR writes src to dst, encrypted or decrypted with the counter blocks that
// CCM uses for its text, from 1 on, and without authentication. Dst must be as
// long as src; the two may be the same and must not overlap otherwise.
func (c *Cipher) CTR(dst, src []byte, nonce *[NonceSize]byte) {
	if len(src) > MaxPlaintext {
		panic("ccm: input too long")
	}
	dst = dst[:len(src)]
	checkOverlap(dst, src)
	var (
		r     run
		block [2 * blockSize]byte
	)
	r.init(c, nonce)
	for counter := uint32(1); len(src) > 0; counter += 2 {
		for lane := range 2 {
			r.words[lane] = r.counter[0]
			r.words[lane+2] = r.counter[1]
			r.words[lane+4] = r.counter[2]
			r.words[lane+6] = r.counter[3] | bigEndian(counter+uint32(lane))
		}
		r.schedule.encrypt(&r.lanes)
		for i := range 4 {
			binary.LittleEndian.PutUint32(block[4*i:], r.words[2*i])
			binary.LittleEndian.PutUint32(block[4*i+blockSize:], r.words[2*i+1])
		}
		n := subtle.XORBytes(dst, src, block[:])
		dst, src = dst[n:], src[n:]
	}
	r.clear()
	clear(block[:])
}

// A run is one text on its way. In the first lane of its blocks is the
// authentication (CBC-MAC), in the second the counter block, and after a step
// its key stream: that of the next block of text, or after the last step the
// tag's, counter 0.
type run struct {
	lanes
	schedule *schedule
	counter  [4]uint32 // the counter block's columns, counter 0
}

func (r *run) init(c *Cipher, nonce *[NonceSize]byte) {
	if !c.ready {
		panic("ccm: cipher without a key")
	}
	r.schedule = &c.schedule
	r.counter = [4]uint32{ // flags: two octets of counter
		0x01 | uint32(nonce[0])<<8 | uint32(nonce[1])<<16 | uint32(nonce[2])<<24,
		binary.LittleEndian.Uint32(nonce[3:]),
		binary.LittleEndian.Uint32(nonce[7:]),
		uint32(nonce[11]) | uint32(nonce[12])<<8,
	}
}

// bigEndian is a counter or length in its place, the last two octets of a block.
func bigEndian(n uint32) uint32 { return n>>8&0xff<<16 | n<<24 }

// start begins a run over n octets of text with its first block and associated
// data.
func (r *run) start(c *Cipher, nonce *[NonceSize]byte, n int, aad []byte) {
	r.init(c, nonce)
	next := uint32(min(n, 1)) // no text: the tag's key stream
	first := uint32(0x39)     // a tag of 16 octets, a length of two
	if len(aad) > 0 {
		first |= 0x40
	}
	r.step(r.counter[0]&^0xff|first, r.counter[1], r.counter[2], r.counter[3]|bigEndian(uint32(n)), next)

	if len(aad) == 0 {
		return
	}
	var block [blockSize]byte
	block[0], block[1] = byte(len(aad)>>8), byte(len(aad))
	used := copy(block[2:], aad)
	r.stepBlock(&block, next)
	for aad = aad[used:]; len(aad) > 0; aad = aad[used:] {
		used = copy(block[:], aad)
		clear(block[used:])
		r.stepBlock(&block, next)
	}
}

// step authenticates one block, given as its columns, and makes the key stream
// of a counter.
func (r *run) step(a, b, c, d, counter uint32) {
	r.words[0] ^= a
	r.words[2] ^= b
	r.words[4] ^= c
	r.words[6] ^= d
	r.words[1] = r.counter[0]
	r.words[3] = r.counter[1]
	r.words[5] = r.counter[2]
	r.words[7] = r.counter[3] | bigEndian(counter)
	r.schedule.encrypt(&r.lanes)
}

func (r *run) stepBlock(b *[blockSize]byte, counter uint32) {
	r.step(binary.LittleEndian.Uint32(b[0:]), binary.LittleEndian.Uint32(b[4:]),
		binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:]), counter)
}

// crypt writes in, all of the text, to out, encrypted or decrypted, and
// authenticates the plaintext: which of the two it is, is for opening to say: 0,
// or all ones if in is the ciphertext.
func (r *run) crypt(out, in []byte, opening uint32) {
	counter := uint32(1)
	for len(in) >= blockSize {
		a, b := binary.LittleEndian.Uint32(in[0:]), binary.LittleEndian.Uint32(in[4:])
		c, d := binary.LittleEndian.Uint32(in[8:]), binary.LittleEndian.Uint32(in[12:])
		ka, kb, kc, kd := r.words[1], r.words[3], r.words[5], r.words[7]
		binary.LittleEndian.PutUint32(out[0:], a^ka)
		binary.LittleEndian.PutUint32(out[4:], b^kb)
		binary.LittleEndian.PutUint32(out[8:], c^kc)
		binary.LittleEndian.PutUint32(out[12:], d^kd)
		in, out = in[blockSize:], out[blockSize:]
		counter++
		if len(in) == 0 {
			counter = 0
		}
		r.words = [8]uint32{
			r.words[0] ^ a ^ ka&opening, r.counter[0],
			r.words[2] ^ b ^ kb&opening, r.counter[1],
			r.words[4] ^ c ^ kc&opening, r.counter[2],
			r.words[6] ^ d ^ kd&opening, r.counter[3] | bigEndian(counter),
		}
		r.schedule.encrypt(&r.lanes)
	}
	if len(in) == 0 {
		return
	}
	// The last block is authenticated with zeros after it.
	var plain, stream [blockSize]byte
	for i := range 4 {
		binary.LittleEndian.PutUint32(stream[4*i:], r.words[2*i+1])
	}
	for i, v := range in {
		plain[i] = v ^ stream[i]&byte(opening)
		out[i] = v ^ stream[i]
	}
	r.stepBlock(&plain, 0)
	clear(plain[:])
	clear(stream[:])
}

// tag writes the tag, after the last step.
func (r *run) tag(out *[TagSize]byte) {
	for i := range 4 {
		binary.LittleEndian.PutUint32(out[4*i:], r.words[2*i]^r.words[2*i+1])
	}
}

func (r *run) clear() { *r = run{} }

// extend returns dst with n octets more, and those: within dst's room if it has
// that.
func extend(dst []byte, n int) (all, added []byte) {
	if total := len(dst) + n; cap(dst) >= total {
		all = dst[:total]
	} else {
		all = make([]byte, total)
		copy(all, dst)
	}
	return all, all[len(dst):]
}

// checkOverlap panics if out and in overlap without being the same: blocks
// would be read after they were written.
func checkOverlap(out, in []byte) {
	if len(out) == 0 || len(in) == 0 || &out[0] == &in[0] {
		return
	}
	if uintptr(unsafe.Pointer(&out[0])) <= uintptr(unsafe.Pointer(&in[len(in)-1])) &&
		uintptr(unsafe.Pointer(&in[0])) <= uintptr(unsafe.Pointer(&out[len(out)-1])) {
		panic("ccm: destination overlaps source")
	}
}
