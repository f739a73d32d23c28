package session

import "io"

// A caseInitiator runs the side of CASE that asks for a session. Matter Core §4.14.2.
//
//	Sigma1 → ; ← Sigma2; Sigma3 → ; ← StatusReport
//	Sigma1 → ; ← Sigma2Resume; StatusReport →
type caseInitiator struct {
	caseRun
	started bool
	peer    NodeID
	resume  bool // Sigma1 asks to resume c.record
	random  [randomSize]byte
}

// newCASEInitiator makes the handshake that asks peer, a node of f, for a
// session. It asks to resume the record if there is one; a record of another
// fabric or node is an error of start.
func newCASEInitiator(cfg handshakeConfig, f *Fabric, peer NodeID, record *ResumptionRecord) handshake {
	c := &caseInitiator{peer: peer}
	c.handshakeConfig, c.fabric = cfg, f
	if record != nil {
		c.resume, c.record = true, *record
	}
	return c
}

func (c *caseInitiator) start() (handshakeStep, error) {
	if c.started || c.fabric == nil {
		return handshakeStep{}, ErrClosed
	}
	c.started = true
	return c.end(c.begin())
}

// begin's errors come before anything was sent: there is nobody to be told.
func (c *caseInitiator) begin() (handshakeStep, error) {
	if !c.peer.IsOperational() {
		return handshakeStep{}, errPeerNode
	}
	if c.resume && (c.record.Peer != c.peer || !c.record.fits(c.fabric)) {
		return handshakeStep{}, errRecordMismatch
	}
	ipk, ok := c.fabric.initiatorIPK()
	if !ok {
		return handshakeStep{}, ErrClosed
	}
	c.ipk = ipk
	if _, err := io.ReadFull(c.rand, c.random[:]); err != nil {
		return handshakeStep{}, err
	}
	return c.makeKeyPair(c.sendSigma1)
}

func (c *caseInitiator) sendSigma1() (handshakeStep, error) {
	m := sigma1{
		random:        c.random,
		sessionID:     c.sessionID,
		destinationID: c.fabric.destinationID(&c.ipk, &c.random, c.peer),
		publicKey:     c.publicKey,
		parameters:    c.statedParameters(),
	}
	if c.resume {
		m.resumption = &sigma1Resumption{
			id:  c.record.ID,
			mic: c.record.secret.resume1MIC(&c.random, &c.record.ID),
		}
	}
	c.onMessage = c.onSigma2
	return c.send(OpcodeCASESigma1, m.append(nil)), nil
}

// onSigma2 takes the answer to Sigma1: Sigma2, or Sigma2Resume if we asked to
// resume. A peer that has lost the record, or does not want to resume, answers
// in full.
func (c *caseInitiator) onSigma2(in handshakeMessage) (handshakeStep, error) {
	switch in.opcode {
	case OpcodeCASESigma2:
		return c.full(in.payload)
	case OpcodeCASESigma2Resume:
		return c.resumption(in.payload)
	}
	return unexpected(in, OpcodeCASESigma2)
}

func (c *caseInitiator) resumption(payload []byte) (handshakeStep, error) {
	if !c.resume {
		return handshakeStep{}, invalidParameter(errResumeUnasked)
	}
	m, err := parseSigma2Resume(payload)
	if err != nil {
		return handshakeStep{}, invalidParameter(err)
	}
	if !c.record.secret.checkResume2MIC(&c.random, &m.id, &m.mic) {
		return handshakeStep{}, invalidParameter(errResumeMIC)
	}
	c.peerSessionID, c.peerParameters = m.sessionID, m.parameters
	return handshakeStep{
		send:    establishedReport(),
		secrets: c.resumed(true, &c.random, m.id),
	}, nil
}

func (c *caseInitiator) full(payload []byte) (handshakeStep, error) {
	m, err := parseSigma2(payload)
	if err != nil {
		return handshakeStep{}, invalidParameter(err)
	}
	c.peerSessionID, c.peerParameters = m.sessionID, m.parameters
	c.peerPublicKey = m.publicKey
	m.sealed = append([]byte(nil), m.sealed...) // the host's work may outlast the payload
	digest := c.transcript.Sum()                // of Sigma1 alone
	c.transcript.Write(payload)
	return c.agree(func() (handshakeStep, error) {
		k := c.secret.sigma2Key(&c.ipk, &m.random, &c.peerPublicKey, &digest)
		part, peer, err := c.openPeer("Sigma2", k, &nonceSigma2, m.sealed, c.peer)
		if err != nil {
			return handshakeStep{}, err
		}
		return c.sign(func(own *tbe) (handshakeStep, error) {
			return c.sendSigma3(own, peer, *part.resumptionID)
		})
	})
}

func (c *caseInitiator) sendSigma3(own *tbe, peer *peerIdentity, id [resumptionIDSize]byte) (handshakeStep, error) {
	digest := c.transcript.Sum() // of Sigma1 and Sigma2
	k := c.secret.sigma3Key(&c.ipk, &digest)
	m := sigma3{seal(&k, &nonceSigma3, own.append(nil))}
	c.onMessage = func(in handshakeMessage) (handshakeStep, error) {
		if err := awaitSuccess(in); err != nil {
			return handshakeStep{}, err
		}
		return handshakeStep{secrets: c.establish(true, peer, id)}, nil
	}
	return c.send(OpcodeCASESigma3, m.append(nil)), nil
}
