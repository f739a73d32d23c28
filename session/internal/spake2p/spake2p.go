// Package spake2p is SPAKE2+ on P-256 with SHA-256 as Matter uses it: RFC
// 9383's points and transcript, and the key split of its draft 01, which the
// RFC changed later. Matter Core §3.10.
package spake2p

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/matter-session/matter-session/session/internal/hash"
	"github.com/matter-session/matter-session/session/internal/p256"
)

var (
	// ErrShare: the peer's share, or what it leads to, is not a point that the
	// protocol allows: off the curve, or infinity.
	ErrShare = errors.New("spake2p: the peer's share is not acceptable")
	// ErrVerifier: w0, w1 or L is out of range.
	ErrVerifier = errors.New("spake2p: not a verifier")
	// ErrUsed: a run finishes once.
	ErrUsed = errors.New("spake2p: this run has ended")
)

// M and N are the nothing-up-my-sleeve points of RFC 9383 §4, uncompressed.
var (
	pointM = [p256.PointSize]byte{0x04,
		0x88, 0x6e, 0x2f, 0x97, 0xac, 0xe4, 0x6e, 0x55, 0xba, 0x9d, 0xd7, 0x24, 0x25, 0x79, 0xf2, 0x99,
		0x3b, 0x64, 0xe1, 0x6e, 0xf3, 0xdc, 0xab, 0x95, 0xaf, 0xd4, 0x97, 0x33, 0x3d, 0x8f, 0xa1, 0x2f,
		0x5f, 0xf3, 0x55, 0x16, 0x3e, 0x43, 0xce, 0x22, 0x4e, 0x0b, 0x0e, 0x65, 0xff, 0x02, 0xac, 0x8e,
		0x5c, 0x7b, 0xe0, 0x94, 0x19, 0xc7, 0x85, 0xe0, 0xca, 0x54, 0x7d, 0x55, 0xa1, 0x2e, 0x2d, 0x20}
	pointN = [p256.PointSize]byte{0x04,
		0xd8, 0xbb, 0xd6, 0xc6, 0x39, 0xc6, 0x29, 0x37, 0xb0, 0x4d, 0x99, 0x7f, 0x38, 0xc3, 0x77, 0x07,
		0x19, 0xc6, 0x29, 0xd7, 0x01, 0x4d, 0x49, 0xa2, 0x4b, 0x4f, 0x98, 0xba, 0xa1, 0x29, 0x2b, 0x49,
		0x07, 0xd6, 0x0a, 0xa6, 0xbf, 0xad, 0xe4, 0x50, 0x08, 0xa6, 0x36, 0x33, 0x7f, 0x51, 0x68, 0xc6,
		0x4d, 0x9b, 0xd3, 0x60, 0x34, 0x80, 0x8c, 0xd5, 0x64, 0x49, 0x0b, 0x1e, 0x65, 0x6e, 0xdb, 0xe7}
)

// A secret is a scalar that only one side, or only the two, may know. It prints
// as [redacted].
type secret [p256.ScalarSize]byte

func (secret) String() string   { return "[redacted]" }
func (secret) GoString() string { return "[redacted]" }

// Scalars returns w0 and w1, 32 octets big-endian each, of ws: the 80 octets
// that the passcode was stretched to. It panics on another length.
func Scalars(ws []byte) (w0, w1 [32]byte) {
	if len(ws) != 80 {
		panic("spake2p: ws is 80 octets")
	}
	return p256.ReduceWide((*[40]byte)(ws[:40])), p256.ReduceWide((*[40]byte)(ws[40:]))
}

// VerifierPoint returns L = w1·P, what a verifier keeps in w1's place. It
// returns [ErrVerifier] if w1 is not in [1, n-1].
func VerifierPoint(w1 [32]byte) (L [65]byte, err error) {
	if p256.CheckScalar(w1[:]) != nil {
		return L, ErrVerifier
	}
	p, err := p256.NewPoint().ScalarBaseMult(w1[:])
	if err != nil {
		return L, ErrVerifier
	}
	return [65]byte(p.Bytes()), nil
}

// CheckVerifier returns [ErrVerifier] unless w0 is in [1, n-1] and L a point of
// the curve.
func CheckVerifier(w0 [32]byte, L []byte) error {
	if p256.CheckScalar(w0[:]) != nil || p256.CheckPoint(L) != nil {
		return ErrVerifier
	}
	return nil
}

// A Result is what both sides have in common at the end, if and only if they
// share the passcode. It prints as [redacted].
type Result struct {
	CA [32]byte // the prover's confirmation
	CB [32]byte // the verifier's confirmation
	Ke [16]byte // the shared secret
}

func (Result) String() string   { return "[redacted]" }
func (Result) GoString() string { return "[redacted]" }

// Clear erases r.
func (r *Result) Clear() { *r = Result{} }

// A run is what the two roles have in common. Its zero value has ended.
type run struct {
	context          []byte
	prover, verifier string // identities; empty in Matter
	w0               secret
	random           secret // x or y
	share            [65]byte
}

// start draws the run's scalar and makes the share: random·P + w0·blind.
func (r *run) start(rand io.Reader, blind *[65]byte) error {
	if p256.CheckScalar(r.w0[:]) != nil {
		return ErrVerifier
	}
	k, err := p256.RandomScalar(rand)
	if err != nil {
		return err
	}
	defer clear(k[:])
	p, err := p256.NewPoint().ScalarBaseMult(k[:])
	if err != nil {
		return err
	}
	b, err := mult(constant(blind), &r.w0)
	if err != nil {
		return err
	}
	if p.Add(p, b).IsInfinity() == 1 {
		return p256.ErrRandom
	}
	r.random = k
	r.share = [65]byte(p.Bytes())
	return nil
}

// unblind returns share − w0·blind, refusing a share that is not a point.
func (r *run) unblind(share []byte, blind *[65]byte) (*p256.Point, error) {
	p, err := p256.ParsePoint(share)
	if err != nil {
		return nil, ErrShare
	}
	b, err := mult(constant(blind), &r.w0)
	if err != nil {
		return nil, err
	}
	return p.Add(p, b.Negate(b)), nil
}

func constant(b *[65]byte) *p256.Point {
	p, err := p256.ParsePoint(b[:])
	if err != nil {
		panic("spake2p: M and N are constants: " + err.Error())
	}
	return p
}

func mult(p *p256.Point, k *secret) (*p256.Point, error) {
	return p256.NewPoint().ScalarMult(p, k[:])
}

// A Prover is the side that knows the passcode: in Matter the initiator, the
// commissioner. It serves one run and prints as
// [redacted].
type Prover struct {
	run
	w1 secret
}

func (Prover) String() string   { return "[redacted]" }
func (Prover) GoString() string { return "[redacted]" }

// NewProver starts a run. The scalar x is 32 octets of rand (see
// [p256.RandomScalar]); context is the hash of what was said before. It returns
// [ErrVerifier] if w0 or w1 is not in [1, n-1], and rand's error.
func NewProver(rand io.Reader, context [32]byte, w0, w1 [32]byte) (*Prover, error) {
	return newProver(rand, context[:], "", "", w0, w1)
}

func newProver(rand io.Reader, context []byte, prover, verifier string, w0, w1 [32]byte) (*Prover, error) {
	if p256.CheckScalar(w1[:]) != nil {
		return nil, ErrVerifier
	}
	p := &Prover{run: run{context: context, prover: prover, verifier: verifier, w0: w0}, w1: w1}
	if err := p.start(rand, &pointM); err != nil {
		p.Clear()
		return nil, err
	}
	return p, nil
}

// Share returns pA (X), the prover's share.
func (p *Prover) Share() [65]byte { return p.share }

// Clear erases the run's secrets, best effort. Finish refuses after it.
func (p *Prover) Clear() { *p = Prover{} }

// Finish takes the verifier's share pB and returns the result. The run ends
// with it, well or badly, and its secrets are erased. It returns [ErrShare] or
// [ErrUsed].
func (p *Prover) Finish(share []byte) (Result, error) {
	t, err := p.transcript(share)
	p.Clear()
	if err != nil {
		return Result{}, err
	}
	return t.result(), nil
}

func (p *Prover) transcript(share []byte) (*transcript, error) {
	if p.w1 == (secret{}) {
		return nil, ErrUsed
	}
	q, err := p.unblind(share, &pointN)
	if err != nil {
		return nil, err
	}
	z, err := mult(q, &p.random)
	if err != nil {
		return nil, err
	}
	v, err := mult(q, &p.w1)
	if err != nil {
		return nil, err
	}
	return newTranscript(&p.run, p.share[:], share, z, v)
}

// A Verifier is the side that knows w0 and L alone: in Matter the responder,
// the device. It serves one run and prints as
// [redacted].
type Verifier struct {
	run
	l *p256.Point
}

func (Verifier) String() string   { return "[redacted]" }
func (Verifier) GoString() string { return "[redacted]" }

// NewVerifier starts a run, with the scalar y from rand. It returns
// [ErrVerifier] if w0 is not in [1, n-1] or L not a point of the curve, and
// rand's error.
func NewVerifier(rand io.Reader, context, w0 [32]byte, L []byte) (*Verifier, error) {
	return newVerifier(rand, context[:], "", "", w0, L)
}

func newVerifier(rand io.Reader, context []byte, prover, verifier string, w0 [32]byte, L []byte) (*Verifier, error) {
	l, err := p256.ParsePoint(L)
	if err != nil {
		return nil, ErrVerifier
	}
	v := &Verifier{run: run{context: context, prover: prover, verifier: verifier, w0: w0}, l: l}
	if err := v.start(rand, &pointN); err != nil {
		v.Clear()
		return nil, err
	}
	return v, nil
}

// Share returns pB (Y), the verifier's share.
func (v *Verifier) Share() [65]byte { return v.share }

// Clear erases the run's secrets, best effort. Finish refuses after it.
func (v *Verifier) Clear() { *v = Verifier{} }

// Finish takes the prover's share pA and returns the result. The run ends with
// it, well or badly, and its secrets are erased. It returns [ErrShare] or
// [ErrUsed].
func (v *Verifier) Finish(share []byte) (Result, error) {
	t, err := v.transcript(share)
	v.Clear()
	if err != nil {
		return Result{}, err
	}
	return t.result(), nil
}

func (v *Verifier) transcript(share []byte) (*transcript, error) {
	if v.l == nil {
		return nil, ErrUsed
	}
	q, err := v.unblind(share, &pointM)
	if err != nil {
		return nil, err
	}
	z, err := mult(q, &v.random)
	if err != nil {
		return nil, err
	}
	w, err := mult(v.l, &v.random)
	if err != nil {
		return nil, err
	}
	return newTranscript(&v.run, share, v.share[:], z, w)
}

// A transcript is TT, RFC 9383 §3.3, and the two shares that the confirmations
// are made over.
type transcript struct {
	tt     []byte
	pA, pB [65]byte
}

func newTranscript(r *run, pA, pB []byte, z, v *p256.Point) (*transcript, error) {
	// Infinity here means a share that was made of w0 alone: no secret of the
	// two sides would be in it. RFC 9383 §4.
	if z.IsInfinity() == 1 || v.IsInfinity() == 1 {
		return nil, ErrShare
	}
	t := &transcript{pA: [65]byte(pA), pB: [65]byte(pB)}
	for _, part := range [][]byte{
		r.context, []byte(r.prover), []byte(r.verifier), pointM[:], pointN[:],
		pA, pB, z.Bytes(), v.Bytes(), r.w0[:],
	} {
		t.tt = binary.LittleEndian.AppendUint64(t.tt, uint64(len(part)))
		t.tt = append(t.tt, part...)
	}
	return t, nil
}

// result splits the hash of the transcript as Matter does: Ka ‖ Ke, and the
// confirmation keys KcA ‖ KcB from Ka. It erases the transcript.
func (t *transcript) result() (r Result) {
	keys := hash.SHA256(t.tt)
	clear(t.tt)
	var confirmation [32]byte
	hash.HKDF(confirmation[:], keys[:16], nil, "ConfirmationKeys")
	r.CA = hash.HMAC(confirmation[:16], t.pB[:])
	r.CB = hash.HMAC(confirmation[16:], t.pA[:])
	copy(r.Ke[:], keys[16:])
	clear(keys[:])
	clear(confirmation[:])
	return r
}
