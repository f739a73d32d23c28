package session

import "io"

// caseTables is what a responder asks of the [Manager].
type caseTables interface {
	// fabricList returns the fabrics in which this node can be reached.
	fabricList() []*Fabric
	// findResumption returns the record with an ID, or nil. The peer that named
	// the ID is not authenticated.
	findResumption(id [16]byte) *ResumptionRecord
	// spendResumption forgets a record: its ID has served.
	spendResumption(r *ResumptionRecord)
}

// A caseResponder runs the side of CASE that is asked for a session.
// Matter Core §4.14.2.
//
//	→ Sigma1; Sigma2 → ; → Sigma3; StatusReport →
//	→ Sigma1; Sigma2Resume → ; → StatusReport
type caseResponder struct {
	caseRun
	tables caseTables
}

// newCASEResponder makes the handshake that answers one Sigma1.
func newCASEResponder(cfg handshakeConfig, t caseTables) handshake {
	c := &caseResponder{tables: t}
	c.handshakeConfig = cfg
	c.onMessage = c.onSigma1
	return c
}

// start is not for responders: it ends the handshake.
func (c *caseResponder) start() (handshakeStep, error) {
	if c.onMessage == nil {
		return handshakeStep{}, ErrClosed
	}
	return c.end(handshakeStep{}, ErrUnexpected)
}

func (c *caseResponder) onSigma1(in handshakeMessage) (handshakeStep, error) {
	c.met = true
	if in.opcode != OpcodeCASESigma1 {
		return unexpected(in, OpcodeCASESigma1)
	}
	m, err := parseSigma1(in.payload)
	if err != nil {
		return handshakeStep{}, invalidParameter(err)
	}
	if !c.findFabric(&m) {
		return handshakeStep{}, &StatusError{
			StatusReport{General: GeneralFailure, Code: StatusNoSharedTrustRoots}, errNoSharedRoot}
	}
	c.peerSessionID, c.peerParameters = m.sessionID, m.parameters
	if c.takeRecord(&m) {
		return c.sendSigma2Resume(&m)
	}
	c.peerPublicKey = m.publicKey
	c.transcript.Write(in.payload)
	return c.makeKeyPair(func() (handshakeStep, error) {
		return c.agree(func() (handshakeStep, error) {
			return c.sign(c.sendSigma2)
		})
	})
}

// findFabric finds the fabric and the epoch key that the destination ID was
// made with.
func (c *caseResponder) findFabric(m *sigma1) bool {
	for _, f := range c.tables.fabricList() {
		if ipk, ok := f.matchDestination(&m.random, &m.destinationID); ok {
			c.fabric, c.ipk = f, ipk
			return true
		}
	}
	return false
}

// takeRecord decides whether Sigma1 resumes a session; if it does, the record
// is ours and its ID has served. What stands in the way of resuming, a wrong MIC
// included, is no error: the handshake goes on in full.
//
// The ID is spent here and not when the handshake is over, because a replayed
// Sigma1 would lead to the very same keys. It is not spent before the MIC holds,
// because anybody can name an ID. Nor does an ID resume anything in another
// fabric than the one that Sigma1 is for.
func (c *caseResponder) takeRecord(m *sigma1) bool {
	if m.resumption == nil {
		return false
	}
	r := c.tables.findResumption(m.resumption.id)
	if r == nil || !r.fits(c.fabric) {
		return false
	}
	if !r.secret.checkResume1MIC(&m.random, &m.resumption.id, &m.resumption.mic) {
		return false
	}
	c.record = *r
	c.tables.spendResumption(r)
	return true
}

func (c *caseResponder) sendSigma2Resume(in *sigma1) (handshakeStep, error) {
	m := sigma2Resume{sessionID: c.sessionID, parameters: c.statedParameters()}
	if _, err := io.ReadFull(c.rand, m.id[:]); err != nil {
		return handshakeStep{}, hostFailure(err)
	}
	m.mic = c.record.secret.resume2MIC(&in.random, &m.id)
	random := in.random
	c.onMessage = func(in handshakeMessage) (handshakeStep, error) {
		if err := awaitSuccess(in); err != nil {
			return handshakeStep{}, err
		}
		return handshakeStep{secrets: c.resumed(false, &random, m.id)}, nil
	}
	return c.send(OpcodeCASESigma2Resume, m.append(nil)), nil
}

func (c *caseResponder) sendSigma2(own *tbe) (handshakeStep, error) {
	m := sigma2{sessionID: c.sessionID, publicKey: c.publicKey, parameters: c.statedParameters()}
	var id [resumptionIDSize]byte
	if _, err := io.ReadFull(c.rand, m.random[:]); err != nil {
		return handshakeStep{}, hostFailure(err)
	}
	if _, err := io.ReadFull(c.rand, id[:]); err != nil {
		return handshakeStep{}, hostFailure(err)
	}
	own.resumptionID = &id
	digest := c.transcript.Sum() // of Sigma1
	k := c.secret.sigma2Key(&c.ipk, &m.random, &c.publicKey, &digest)
	m.sealed = seal(&k, &nonceSigma2, own.append(nil))
	c.onMessage = func(in handshakeMessage) (handshakeStep, error) { return c.onSigma3(in, id) }
	return c.send(OpcodeCASESigma2, m.append(nil)), nil
}

func (c *caseResponder) onSigma3(in handshakeMessage, id [resumptionIDSize]byte) (handshakeStep, error) {
	if in.opcode != OpcodeCASESigma3 {
		return unexpected(in, OpcodeCASESigma3)
	}
	m, err := parseSigma3(in.payload)
	if err != nil {
		return handshakeStep{}, invalidParameter(err)
	}
	digest := c.transcript.Sum() // of Sigma1 and Sigma2
	k := c.secret.sigma3Key(&c.ipk, &digest)
	_, peer, err := c.openPeer("Sigma3", k, &nonceSigma3, m.sealed, 0)
	if err != nil {
		return handshakeStep{}, err
	}
	c.transcript.Write(in.payload)
	return handshakeStep{
		send:    establishedReport(),
		secrets: c.establish(false, peer, id),
	}, nil
}
