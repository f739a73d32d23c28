package session

import (
	"strconv"

	"github.com/matter-session/matter-session/session/internal/hash"
	"github.com/matter-session/matter-session/session/internal/spake2p"
	"github.com/matter-session/matter-session/session/tlv"
)

// The messages of PASE. Matter Core §4.14.1.2. Each has an append method and a
// parse function; what was parsed aliases the input where it is a slice.

// Bounds of what a passcode is stretched with. Matter Core §3.9. A peer that
// asks for more is refused before the work is done.
const (
	MinPBKDFIterations = 1000
	MaxPBKDFIterations = 100_000
	MinPBKDFSaltSize   = 16
	MaxPBKDFSaltSize   = 32
)

const (
	confirmationSize = 32
	stretchedSize    = 80 // two numbers of 40 octets

	// paseContextPrefix starts what the two sides hash into their context.
	paseContextPrefix = "CHIP PAKE V1 Commissioning"
)

// pbkdfParameters are what a passcode is stretched with.
type pbkdfParameters struct {
	iterations uint32
	salt       []byte
}

// A pbkdfError is a parameter that is out of bounds.
type pbkdfError struct {
	what          string
	got, min, max uint64
}

func (e *pbkdfError) Error() string { return "session: " + e.reason() }

func (e *pbkdfError) reason() string {
	return "PBKDF2 " + e.what + " " + strconv.FormatUint(e.got, 10) +
		", want " + strconv.FormatUint(e.min, 10) + ".." + strconv.FormatUint(e.max, 10)
}

func (e *pbkdfError) Unwrap() error { return ErrInvalid }

func (p *pbkdfParameters) check() error {
	if p.iterations < MinPBKDFIterations || p.iterations > MaxPBKDFIterations {
		return &pbkdfError{"iterations", uint64(p.iterations), MinPBKDFIterations, MaxPBKDFIterations}
	}
	if n := len(p.salt); n < MinPBKDFSaltSize || n > MaxPBKDFSaltSize {
		return &pbkdfError{"salt octets", uint64(n), MinPBKDFSaltSize, MaxPBKDFSaltSize}
	}
	return nil
}

// A pbkdfParamRequest opens PASE.
type pbkdfParamRequest struct {
	random        [randomSize]byte
	sessionID     SessionID
	passcodeID    uint16
	hasParameters bool        // the initiator has the PBKDF parameters from the setup payload
	parameters    *Parameters // nil: not stated
}

func (m *pbkdfParamRequest) append(b []byte) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), m.random[:])
	w.Uint(tlv.Context(2), uint64(m.sessionID))
	w.Uint(tlv.Context(3), uint64(m.passcodeID))
	w.Bool(tlv.Context(4), m.hasParameters)
	if m.parameters != nil {
		appendParameters(w, tlv.Context(5), *m.parameters)
	}
	w.End()
	return w.Octets()
}

func parsePBKDFParamRequest(b []byte) (m pbkdfParamRequest, err error) {
	var seen tlv.Set
	r := enterMessage(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			readFixed(r, m.random[:])
		case 2:
			m.sessionID = readSessionID(r)
		case 3:
			m.passcodeID = r.Uint16()
		case 4:
			m.hasParameters = r.Bool()
		case 5:
			m.parameters = readParameters(r)
		}
	}
	r.Require(&seen, 1, 2, 3, 4)
	return m, closeMessage(r, "PBKDFParamRequest")
}

// A pbkdfParamResponse answers it.
type pbkdfParamResponse struct {
	initiatorRandom [randomSize]byte
	random          [randomSize]byte
	sessionID       SessionID
	pbkdf           *pbkdfParameters // nil if the initiator has them
	parameters      *Parameters      // nil: not stated
}

func (m *pbkdfParamResponse) append(b []byte) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), m.initiatorRandom[:])
	w.Bytes(tlv.Context(2), m.random[:])
	w.Uint(tlv.Context(3), uint64(m.sessionID))
	if m.pbkdf != nil {
		w.Struct(tlv.Context(4))
		w.Uint(tlv.Context(1), uint64(m.pbkdf.iterations))
		w.Bytes(tlv.Context(2), m.pbkdf.salt)
		w.End()
	}
	if m.parameters != nil {
		appendParameters(w, tlv.Context(5), *m.parameters)
	}
	w.End()
	return w.Octets()
}

func parsePBKDFParamResponse(b []byte) (m pbkdfParamResponse, err error) {
	var seen tlv.Set
	r := enterMessage(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			readFixed(r, m.initiatorRandom[:])
		case 2:
			readFixed(r, m.random[:])
		case 3:
			m.sessionID = readSessionID(r)
		case 4:
			m.pbkdf = readPBKDFParameters(r)
		case 5:
			m.parameters = readParameters(r)
		}
	}
	r.Require(&seen, 1, 2, 3)
	return m, closeMessage(r, "PBKDFParamResponse")
}

func readPBKDFParameters(r *tlv.Reader) *pbkdfParameters {
	var seen tlv.Set
	p := new(pbkdfParameters)
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			p.iterations = r.Uint32()
		case 2:
			p.salt = r.Bytes(MinPBKDFSaltSize, MaxPBKDFSaltSize)
		}
	}
	r.Require(&seen, 1, 2)
	r.Exit()
	if err := p.check(); err != nil {
		r.Fail(err)
	}
	return p
}

// A pake1 carries the initiator's share, pA.
type pake1 struct {
	share [publicKeySize]byte
}

func (m *pake1) append(b []byte) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), m.share[:])
	w.End()
	return w.Octets()
}

func parsePake1(b []byte) (m pake1, err error) {
	var seen tlv.Set
	r := enterMessage(b)
	for r.Next() {
		if r.Member(&seen) == 1 {
			readFixed(r, m.share[:])
		}
	}
	r.Require(&seen, 1)
	return m, closeMessage(r, "Pake1")
}

// A pake2 carries the responder's share, pB, and its confirmation, cB.
type pake2 struct {
	share        [publicKeySize]byte
	confirmation [confirmationSize]byte
}

func (m *pake2) append(b []byte) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), m.share[:])
	w.Bytes(tlv.Context(2), m.confirmation[:])
	w.End()
	return w.Octets()
}

func parsePake2(b []byte) (m pake2, err error) {
	var seen tlv.Set
	r := enterMessage(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			readFixed(r, m.share[:])
		case 2:
			readFixed(r, m.confirmation[:])
		}
	}
	r.Require(&seen, 1, 2)
	return m, closeMessage(r, "Pake2")
}

// A pake3 carries the initiator's confirmation, cA.
type pake3 struct {
	confirmation [confirmationSize]byte
}

func (m *pake3) append(b []byte) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), m.confirmation[:])
	w.End()
	return w.Octets()
}

func parsePake3(b []byte) (m pake3, err error) {
	var seen tlv.Set
	r := enterMessage(b)
	for r.Next() {
		if r.Member(&seen) == 1 {
			readFixed(r, m.confirmation[:])
		}
	}
	r.Require(&seen, 1)
	return m, closeMessage(r, "Pake3")
}

// sendStep is the step that sends one message and waits for the peer.
func sendStep(opcode Opcode, payload []byte) handshakeStep {
	return handshakeStep{send: &handshakeMessage{opcode, payload}}
}

// paseContext is what the two sides have said to each other so far, as it was
// sent and received. Matter Core §3.10.3.
func paseContext(request, response []byte) [32]byte {
	return hash.SHA256([]byte(paseContextPrefix), request, response)
}

// passcodeOctets is a passcode as PBKDF2 takes it: 32 bits, little-endian.
// Matter Core §3.10.
func passcodeOctets(p uint32) []byte {
	return []byte{byte(p), byte(p >> 8), byte(p >> 16), byte(p >> 24)}
}

// stretch returns the 80 octets that w0 and w1 are made of.
func stretch(passcode uint32, p *pbkdfParameters) []byte {
	ws := make([]byte, stretchedSize)
	hash.PBKDF2(ws, passcodeOctets(passcode), p.salt, int(p.iterations))
	return ws
}

// paseSecrets is what a finished PASE leaves behind. Matter Core §4.14.1.4.
func paseSecrets(initiator bool, r *spake2p.Result, peer SessionID, parameters *Parameters) *sessionSecrets {
	s := &sessionSecrets{
		keys:          deriveSessionKeys(r.Ke[:], nil, false),
		initiator:     initiator,
		peerSessionID: peer,
	}
	if parameters != nil {
		s.peerParameters = *parameters
	}
	return s
}
