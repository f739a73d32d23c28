package session

import (
	"errors"

	"github.com/matter-session/matter-session/session/internal/hash"
	"github.com/matter-session/matter-session/session/internal/p256"
)

// A caseRun is what both roles of CASE share: the state machine's two hands,
// the secrets, and the work that may be the host's.
//
// What can happen next is in the fields: a message goes to onMessage, an answer
// to onAnswer, and nil is nothing. While an answer is due, of the peer only the
// report that it has given up is taken.
type caseRun struct {
	handshakeConfig
	onMessage func(in handshakeMessage) (handshakeStep, error)
	onAnswer  func(result []byte) (handshakeStep, error)

	met           bool // the peer has sent or been sent something
	fabric        *Fabric
	ipk           key
	ephemeral     *p256.PrivateKey // nil: the host has it
	publicKey     [publicKeySize]byte
	peerPublicKey [publicKeySize]byte
	secret        sharedSecret
	record        ResumptionRecord // our copy of the one to resume
	transcript    hash.Transcript  // of the messages as they were sent and received

	peerSessionID  SessionID
	peerParameters *Parameters
}

func (c *caseRun) handle(in handshakeMessage) (handshakeStep, error) {
	if c.onAnswer != nil {
		return c.end(c.whileWorking(in))
	}
	if c.onMessage == nil {
		return handshakeStep{}, ErrClosed
	}
	return c.end(c.onMessage(in))
}

func (c *caseRun) answer(result []byte) (handshakeStep, error) {
	do := c.onAnswer
	if do == nil {
		if c.onMessage == nil {
			return handshakeStep{}, ErrClosed
		}
		return c.end(handshakeStep{}, hostFailure(ErrUnexpected))
	}
	c.onAnswer = nil
	return c.end(do(result))
}

// close erases secrets. What the host keeps under our key names is its own.
func (c *caseRun) close() {
	if c.ephemeral != nil {
		c.ephemeral.Clear()
	}
	*c = caseRun{}
}

// end closes the handshake if a step ended it, well or badly. Before the first
// message there is nobody to be told of an error.
func (c *caseRun) end(step handshakeStep, err error) (handshakeStep, error) {
	if err != nil {
		var s *StatusError
		if !c.met && errors.As(err, &s) {
			err = s.Err
		}
		c.close()
		return handshakeStep{}, err
	}
	if step.secrets != nil {
		c.close()
	}
	return step, nil
}

func (c *caseRun) whileWorking(in handshakeMessage) (handshakeStep, error) {
	if in.opcode == OpcodeStatusReport {
		return handshakeStep{}, peerReport(in.payload)
	}
	return handshakeStep{}, invalidParameter(&opcodeError{got: in.opcode})
}

// unexpected is the end by a message that cannot come now.
func unexpected(in handshakeMessage, want Opcode) (handshakeStep, error) {
	if in.opcode == OpcodeStatusReport {
		return handshakeStep{}, peerReport(in.payload)
	}
	return handshakeStep{}, invalidParameter(&opcodeError{in.opcode, want})
}

// peerReport is the end by a StatusReport that is not the success that is due.
// It is never a [StatusError]: a report is not answered by a report.
func peerReport(payload []byte) error {
	s, err := ParseStatusReport(payload)
	if err != nil {
		return &messageError{"StatusReport", err}
	}
	if s.IsSuccess() {
		return &opcodeError{got: OpcodeStatusReport}
	}
	s.Data = append([]byte(nil), s.Data...) // the payload is the caller's
	return &PeerStatusError{Report: s}
}

// awaitSuccess takes the StatusReport that ends CASE for the side that does not
// send it.
func awaitSuccess(in handshakeMessage) error {
	if in.opcode != OpcodeStatusReport {
		_, err := unexpected(in, OpcodeStatusReport)
		return err
	}
	if s, err := ParseStatusReport(in.payload); err == nil && s.IsSuccess() {
		return nil
	}
	return peerReport(in.payload)
}

// establishedReport is the StatusReport that ends CASE for the side that sends it.
func establishedReport() *handshakeMessage {
	return &handshakeMessage{OpcodeStatusReport, StatusReport{}.Append(nil)}
}

// send is the step that sends one message of ours, which becomes part of the
// transcript.
func (c *caseRun) send(opcode Opcode, payload []byte) handshakeStep {
	c.met = true
	c.transcript.Write(payload)
	return handshakeStep{send: &handshakeMessage{opcode, payload}}
}

// hostKey names this handshake's ephemeral key pair at the host: the session ID
// is reserved for it as long as it lasts.
func (c *caseRun) hostKey() uint32 { return uint32(c.sessionID) }

// makeKeyPair makes the ephemeral key pair, or has it made, and goes on.
func (c *caseRun) makeKeyPair(then func() (handshakeStep, error)) (handshakeStep, error) {
	if c.delegate&DelegateECDH == 0 {
		k, err := p256.GenerateKey(c.rand)
		if err != nil {
			return handshakeStep{}, hostFailure(err)
		}
		c.ephemeral, c.publicKey = k, k.PublicKey()
		return then()
	}
	c.onAnswer = func(result []byte) (handshakeStep, error) {
		if p256.CheckPoint(result) != nil {
			return handshakeStep{}, hostFailure(errHostAnswer)
		}
		c.publicKey = [publicKeySize]byte(result)
		return then()
	}
	return handshakeStep{work: &Work{Kind: WorkKeyPair, Key: c.hostKey()}}, nil
}

// agree makes the shared secret of our ephemeral key and peerPublicKey, or has
// it made, and goes on. Our key has done its work then and is erased.
func (c *caseRun) agree(then func() (handshakeStep, error)) (handshakeStep, error) {
	if c.ephemeral != nil {
		secret, err := c.ephemeral.ECDH(c.peerPublicKey[:])
		if err != nil {
			return handshakeStep{}, invalidParameter(errPublicKey)
		}
		c.ephemeral.Clear()
		c.ephemeral = nil
		c.secret = secret
		return then()
	}
	// The host is not trusted with validation: a wrong point is the peer's way
	// to learn its key.
	if p256.CheckPoint(c.peerPublicKey[:]) != nil {
		return handshakeStep{}, invalidParameter(errPublicKey)
	}
	c.onAnswer = func(result []byte) (handshakeStep, error) {
		if len(result) != len(c.secret) {
			return handshakeStep{}, hostFailure(errHostAnswer)
		}
		c.secret = sharedSecret(result)
		return then()
	}
	data := append([]byte(nil), c.peerPublicKey[:]...)
	return handshakeStep{work: &Work{Kind: WorkECDH, Key: c.hostKey(), Data: data}}, nil
}

// sign has our certificates and the two ephemeral keys signed by the fabric's
// operational key, and goes on with an encrypted part that lacks nothing but
// what is its message's own.
func (c *caseRun) sign(then func(m *tbe) (handshakeStep, error)) (handshakeStep, error) {
	f := c.fabric
	message := (&tbs{f.noc, f.icac, &c.publicKey, &c.peerPublicKey}).append(nil)
	if f.key != nil && c.delegate&DelegateSign == 0 {
		signature, err := f.key.Sign(c.rand, message)
		if err != nil {
			return handshakeStep{}, hostFailure(err)
		}
		return then(&tbe{noc: f.noc, icac: f.icac, signature: signature})
	}
	c.onAnswer = func(result []byte) (handshakeStep, error) {
		if len(result) != signatureSize {
			return handshakeStep{}, hostFailure(errHostAnswer)
		}
		return then(&tbe{noc: f.noc, icac: f.icac, signature: [signatureSize]byte(result)})
	}
	return handshakeStep{work: &Work{Kind: WorkSign, Fabric: f.index, Data: message}}, nil
}

// openPeer opens the peer's encrypted part and takes its identity for good.
func (c *caseRun) openPeer(name string, k key, nonce *[13]byte, sealed []byte, want NodeID) (*tbe, *peerIdentity, error) {
	plaintext, err := open(&k, nonce, sealed)
	if err != nil {
		return nil, nil, invalidParameter(err)
	}
	m, err := parseTBE(plaintext, name)
	if err != nil {
		return nil, nil, invalidParameter(err)
	}
	message := (&tbs{m.noc, m.icac, &c.peerPublicKey, &c.publicKey}).append(nil)
	peer, err := c.fabric.verifyPeer(&m, message, want, c.utc)
	if err != nil {
		return nil, nil, invalidParameter(err)
	}
	return &m, peer, nil
}

// establish is what a full CASE leaves behind. The transcript must be complete.
func (c *caseRun) establish(initiator bool, peer *peerIdentity, id [resumptionIDSize]byte) *sessionSecrets {
	digest := c.transcript.Sum()
	var parameters Parameters // what is not stated stays zero
	if c.peerParameters != nil {
		parameters = *c.peerParameters
	}
	return &sessionSecrets{
		keys:           c.secret.sessionKeys(&c.ipk, &digest),
		initiator:      initiator,
		peerSessionID:  c.peerSessionID,
		peerParameters: parameters,
		fabric:         c.fabric,
		peerNode:       peer.node,
		peerCATs:       peer.cats,
		resumption: &ResumptionRecord{
			ID:         id,
			Fabric:     c.fabric.index,
			Peer:       peer.node,
			PeerCATs:   peer.cats,
			Parameters: parameters,
			compressed: c.fabric.compressed,
			local:      c.fabric.node,
			secret:     c.secret,
		},
	}
}

// resumed is what the resumption of c.record leaves behind. random is Sigma1's,
// id the new resumption ID.
func (c *caseRun) resumed(initiator bool, random *[randomSize]byte, id [resumptionIDSize]byte) *sessionSecrets {
	old, next := &c.record, c.record
	next.ID = id
	if c.peerParameters != nil {
		next.Parameters = *c.peerParameters
	}
	return &sessionSecrets{
		keys:           old.secret.resumedKeys(random, &old.ID),
		initiator:      initiator,
		peerSessionID:  c.peerSessionID,
		peerParameters: next.Parameters,
		fabric:         c.fabric,
		peerNode:       old.Peer,
		peerCATs:       old.PeerCATs,
		resumption:     &next,
		resumed:        true,
	}
}
