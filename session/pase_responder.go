package session

import (
	"crypto/subtle"
	"io"

	"github.com/matter-session/matter-session/session/internal/spake2p"
)

// A paseResponder runs the device's side of PASE. Matter Core §4.14.1. What can
// happen next is in onMessage; it asks its host for no work.
type paseResponder struct {
	onMessage func(in handshakeMessage) (handshakeStep, error)

	handshakeConfig
	verifier       *PASEVerifier // the caller's; shared by the attempts
	context        [32]byte
	result         spake2p.Result
	peerSessionID  SessionID
	peerParameters *Parameters
}

// newPASEResponder makes the responder's side. v is not modified.
func newPASEResponder(cfg handshakeConfig, v *PASEVerifier) handshake {
	p := &paseResponder{handshakeConfig: cfg, verifier: v}
	p.onMessage = p.onRequest
	return p
}

func (p *paseResponder) start() (handshakeStep, error) {
	return p.end(handshakeStep{}, ErrUnexpected)
}

func (p *paseResponder) handle(in handshakeMessage) (handshakeStep, error) {
	if p.onMessage == nil {
		return handshakeStep{}, ErrClosed
	}
	return p.end(p.onMessage(in))
}

func (p *paseResponder) answer([]byte) (handshakeStep, error) {
	if p.onMessage == nil {
		return handshakeStep{}, ErrClosed
	}
	return p.end(handshakeStep{}, hostFailure(ErrUnexpected))
}

// close erases secrets; the verifier is the caller's.
func (p *paseResponder) close() { *p = paseResponder{} }

// end closes the handshake if a step ended it, well or badly.
func (p *paseResponder) end(step handshakeStep, err error) (handshakeStep, error) {
	if err != nil || step.secrets != nil {
		p.close()
	}
	if err != nil {
		return handshakeStep{}, err
	}
	return step, nil
}

func (p *paseResponder) onRequest(in handshakeMessage) (handshakeStep, error) {
	if in.opcode != OpcodePBKDFParamRequest {
		return unexpected(in, OpcodePBKDFParamRequest)
	}
	m, err := parsePBKDFParamRequest(in.payload)
	if err != nil {
		return handshakeStep{}, invalidParameter(err)
	}
	if m.passcodeID != 0 {
		return handshakeStep{}, invalidParameter(errPasscodeID)
	}
	reply := pbkdfParamResponse{initiatorRandom: m.random, sessionID: p.sessionID, parameters: p.statedParameters()}
	if _, err := io.ReadFull(p.rand, reply.random[:]); err != nil {
		return handshakeStep{}, hostFailure(err)
	}
	if !m.hasParameters && p.verifier.Iterations != 0 {
		reply.pbkdf = &pbkdfParameters{p.verifier.Iterations, p.verifier.Salt}
	}
	octets := reply.append(nil)
	p.peerSessionID, p.peerParameters = m.sessionID, m.parameters
	p.context = paseContext(in.payload, octets)
	p.onMessage = p.onPake1
	return sendStep(OpcodePBKDFParamResponse, octets), nil
}

func (p *paseResponder) onPake1(in handshakeMessage) (handshakeStep, error) {
	if in.opcode != OpcodePASEPake1 {
		return unexpected(in, OpcodePASEPake1)
	}
	m, err := parsePake1(in.payload)
	if err != nil {
		return handshakeStep{}, invalidParameter(err)
	}
	run, err := spake2p.NewVerifier(p.rand, p.context, p.verifier.w0, p.verifier.l[:])
	if err != nil {
		return handshakeStep{}, hostFailure(err)
	}
	reply := pake2{share: run.Share()}
	p.result, err = run.Finish(m.share[:])
	if err != nil {
		return handshakeStep{}, invalidParameter(errShare)
	}
	reply.confirmation = p.result.CB
	p.onMessage = p.onPake3
	return sendStep(OpcodePASEPake2, reply.append(nil)), nil
}

func (p *paseResponder) onPake3(in handshakeMessage) (handshakeStep, error) {
	if in.opcode != OpcodePASEPake3 {
		return unexpected(in, OpcodePASEPake3)
	}
	m, err := parsePake3(in.payload)
	if err != nil {
		return handshakeStep{}, invalidParameter(err)
	}
	if subtle.ConstantTimeCompare(m.confirmation[:], p.result.CA[:]) != 1 {
		return handshakeStep{}, invalidParameter(ErrWrongPasscode)
	}
	return handshakeStep{
		send:    establishedReport(),
		secrets: paseSecrets(false, &p.result, p.peerSessionID, p.peerParameters),
	}, nil
}
