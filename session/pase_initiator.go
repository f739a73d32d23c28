package session

import (
	"crypto/subtle"
	"io"

	"github.com/matter-session/matter-session/session/internal/spake2p"
)

// A paseInitiator runs the commissioner's side of PASE. Matter Core §4.14.1.
//
// What can happen next is in the fields: nil is nothing. While the host
// stretches the passcode, of the peer only the report that it has given up is
// taken.
type paseInitiator struct {
	onStart   func() (handshakeStep, error)
	onMessage func(in handshakeMessage) (handshakeStep, error)
	onAnswer  func(result []byte) (handshakeStep, error)

	handshakeConfig
	passcode       passcode
	random         [randomSize]byte
	request        []byte // as it was sent
	context        [32]byte
	prover         *spake2p.Prover
	result         spake2p.Result
	peerSessionID  SessionID
	peerParameters *Parameters
}

// A passcode prints as [redacted].
type passcode uint32

func (passcode) String() string   { return "[redacted]" }
func (passcode) GoString() string { return "[redacted]" }

// newPASEInitiator makes the initiator's side. Its start returns [ErrPasscode]
// if p may not be a passcode.
func newPASEInitiator(cfg handshakeConfig, p uint32) handshake {
	i := &paseInitiator{handshakeConfig: cfg, passcode: passcode(p)}
	i.onStart = i.sendRequest
	return i
}

func (p *paseInitiator) start() (handshakeStep, error) {
	do := p.onStart
	if do == nil {
		return handshakeStep{}, ErrClosed
	}
	p.onStart = nil
	return p.end(do())
}

func (p *paseInitiator) handle(in handshakeMessage) (handshakeStep, error) {
	if p.onAnswer != nil {
		return p.end(unexpected(in, 0))
	}
	if p.onMessage == nil {
		return handshakeStep{}, ErrClosed
	}
	return p.end(p.onMessage(in))
}

func (p *paseInitiator) answer(result []byte) (handshakeStep, error) {
	do := p.onAnswer
	if do == nil {
		if p.onMessage == nil {
			return handshakeStep{}, ErrClosed
		}
		return p.end(handshakeStep{}, hostFailure(ErrUnexpected))
	}
	p.onAnswer = nil
	return p.end(do(result))
}

// close erases secrets.
func (p *paseInitiator) close() {
	if p.prover != nil {
		p.prover.Clear()
	}
	*p = paseInitiator{}
}

// end closes the handshake if a step ended it, well or badly.
func (p *paseInitiator) end(step handshakeStep, err error) (handshakeStep, error) {
	if err != nil || step.secrets != nil {
		p.close()
	}
	if err != nil {
		return handshakeStep{}, err
	}
	return step, nil
}

func (p *paseInitiator) sendRequest() (handshakeStep, error) {
	if err := CheckPasscode(uint32(p.passcode)); err != nil {
		return handshakeStep{}, err
	}
	if _, err := io.ReadFull(p.rand, p.random[:]); err != nil {
		return handshakeStep{}, err
	}
	// What the passcode is stretched with could be known from a setup payload;
	// to ask costs nothing, and the response is the device's own word.
	m := pbkdfParamRequest{random: p.random, sessionID: p.sessionID, parameters: p.statedParameters()}
	p.request = m.append(nil)
	p.onMessage = p.onResponse
	// The context needs the octets again: what is sent is a copy.
	return sendStep(OpcodePBKDFParamRequest, append([]byte(nil), p.request...)), nil
}

func (p *paseInitiator) onResponse(in handshakeMessage) (handshakeStep, error) {
	if in.opcode != OpcodePBKDFParamResponse {
		return unexpected(in, OpcodePBKDFParamResponse)
	}
	m, err := parsePBKDFParamResponse(in.payload)
	if err != nil {
		return handshakeStep{}, invalidParameter(err)
	}
	if subtle.ConstantTimeCompare(m.initiatorRandom[:], p.random[:]) != 1 {
		return handshakeStep{}, invalidParameter(errEcho)
	}
	if m.pbkdf == nil {
		return handshakeStep{}, invalidParameter(errNoPBKDFParameters)
	}
	p.peerSessionID, p.peerParameters = m.sessionID, m.parameters
	p.context = paseContext(p.request, in.payload)

	if p.delegate&DelegatePBKDF2 == 0 {
		ws := stretch(uint32(p.passcode), m.pbkdf)
		defer clear(ws)
		return p.sendPake1(ws)
	}
	p.onMessage, p.onAnswer = nil, p.sendPake1
	return handshakeStep{work: &Work{
		Kind:       WorkPBKDF2,
		Data:       passcodeOctets(uint32(p.passcode)),
		Salt:       append([]byte(nil), m.pbkdf.salt...),
		Iterations: m.pbkdf.iterations,
	}}, nil
}

// sendPake1 goes on with the stretched passcode, which is the caller's to erase.
func (p *paseInitiator) sendPake1(ws []byte) (handshakeStep, error) {
	if len(ws) != stretchedSize {
		return handshakeStep{}, hostFailure(errStretched)
	}
	p.passcode = 0
	w0, w1 := spake2p.Scalars(ws)
	defer clear(w0[:])
	defer clear(w1[:])
	prover, err := spake2p.NewProver(p.rand, p.context, w0, w1)
	if err != nil {
		return handshakeStep{}, hostFailure(err)
	}
	p.prover = prover
	p.onMessage = p.onPake2
	m := pake1{share: prover.Share()}
	return sendStep(OpcodePASEPake1, m.append(nil)), nil
}

func (p *paseInitiator) onPake2(in handshakeMessage) (handshakeStep, error) {
	if in.opcode != OpcodePASEPake2 {
		return unexpected(in, OpcodePASEPake2)
	}
	m, err := parsePake2(in.payload)
	if err != nil {
		return handshakeStep{}, invalidParameter(err)
	}
	p.result, err = p.prover.Finish(m.share[:])
	if err != nil {
		return handshakeStep{}, invalidParameter(errShare)
	}
	// The peer has to hear of it: a device that waits for Pake3 refuses every
	// other attempt meanwhile.
	if subtle.ConstantTimeCompare(m.confirmation[:], p.result.CB[:]) != 1 {
		return handshakeStep{}, invalidParameter(ErrWrongPasscode)
	}
	p.onMessage = p.onReport
	reply := pake3{confirmation: p.result.CA}
	return sendStep(OpcodePASEPake3, reply.append(nil)), nil
}

func (p *paseInitiator) onReport(in handshakeMessage) (handshakeStep, error) {
	if err := awaitSuccess(in); err != nil {
		return handshakeStep{}, err
	}
	return handshakeStep{secrets: paseSecrets(true, &p.result, p.peerSessionID, p.peerParameters)}, nil
}
