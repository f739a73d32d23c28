package session

import (
	"github.com/matter-session/matter-session/session/internal/spake2p"
)

// PASEVerifierSize is the size of a serialized verifier: w0 (32 octets,
// big-endian) and L (65 octets, an uncompressed point).
const PASEVerifierSize = 32 + publicKeySize

// A verifierPoint is L, the point a device keeps in place of the passcode. From
// it a short passcode can be guessed: it prints as [redacted].
type verifierPoint [publicKeySize]byte

func (verifierPoint) String() string   { return "[redacted]" }
func (verifierPoint) GoString() string { return "[redacted]" }

// A PASEVerifier is what a device needs of its passcode to let a commissioner
// in: enough to check it, not the passcode itself. Matter Core §3.10. It does
// not change once it is made, and prints as [redacted].
type PASEVerifier struct {
	w0 [32]byte
	l  verifierPoint

	Iterations uint32 // 1000..100000
	Salt       []byte // 16..32 octets
}

func (PASEVerifier) String() string   { return "[redacted]" }
func (PASEVerifier) GoString() string { return "[redacted]" }

// NewPASEVerifier computes the verifier of a passcode, which takes as long as
// iterations say. salt is copied. It returns [ErrPasscode], or an [ErrInvalid]
// for iterations outside 1000..100000 and a salt outside 16..32 octets.
func NewPASEVerifier(passcode, iterations uint32, salt []byte) (*PASEVerifier, error) {
	if err := CheckPasscode(passcode); err != nil {
		return nil, err
	}
	p := pbkdfParameters{iterations, salt}
	if err := p.check(); err != nil {
		return nil, err
	}
	ws := stretch(passcode, &p)
	defer clear(ws)
	w0, w1 := spake2p.Scalars(ws)
	defer clear(w1[:])
	l, err := spake2p.VerifierPoint(w1)
	if err != nil {
		return nil, err
	}
	return &PASEVerifier{w0, l, iterations, append([]byte(nil), salt...)}, nil
}

// ParsePASEVerifier takes a stored verifier of [PASEVerifierSize] octets and
// what its passcode was stretched with. All are copied. It returns an
// [ErrInvalid] if they are out of range, and for an L that is not on the curve.
func ParsePASEVerifier(b []byte, iterations uint32, salt []byte) (*PASEVerifier, error) {
	p := pbkdfParameters{iterations, salt}
	if err := p.check(); err != nil {
		return nil, err
	}
	if len(b) != PASEVerifierSize {
		return nil, errVerifier
	}
	v := &PASEVerifier{[32]byte(b), verifierPoint(b[32:]), iterations, append([]byte(nil), salt...)}
	if spake2p.CheckVerifier(v.w0, v.l[:]) != nil {
		return nil, errVerifier
	}
	return v, nil
}

// Octets returns w0 ‖ L, [PASEVerifierSize] octets, to be stored. Who has them
// can guess the passcode offline, and pose as the device.
func (v *PASEVerifier) Octets() []byte {
	return append(append(make([]byte, 0, PASEVerifierSize), v.w0[:]...), v.l[:]...)
}
