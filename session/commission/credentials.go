package commission

import (
	"errors"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/internal/p256"
	"github.com/matter-session/matter-session/session/tlv"
)

// The device's key, and the certificate that makes it a node of the fabric.
// Matter Core §11.18.

// What is wrong with a certificate of an external authority.
var (
	errOtherKey    = errors.New("commission: it is for another key")
	errOtherNode   = errors.New("commission: it is for another node")
	errOtherFabric = errors.New("commission: it is for another fabric")
)

// nocState is how far the device's certificate is.
type nocState struct {
	nonce     [32]byte
	publicKey [65]byte
	tries     int
	rootAdded bool
	added     bool // the device is in the fabric, until its fail-safe runs out
	index     session.FabricIndex
}

func (c *Commissioner) startCSR() {
	c.begin(StepCSR)
	c.noc.tries++
	c.ensure(wantedArmMs/2, func() {
		if !c.random(c.noc.nonce[:]) {
			return
		}
		c.invoke(c.pase.id, CSRRequest(c.noc.nonce), answerMs, c.onCSR)
	})
}

func (c *Commissioner) onCSR(o outcome) {
	if c.unanswered(o) {
		return
	}
	if o.err != nil {
		c.refused(CodeCSRInvalid, RetryRestart, "The device made no key.", o, DeviceStatus{})
		return
	}
	csr, fault := c.checkCSR(o.Fields)
	if fault != "" {
		c.fail(Failed{Code: CodeCSRInvalid, Retry: RetryRestart, Message: "The device's key request was faulty: " + fault + "."})
		return
	}
	if a := c.cfg.Fabric.Authority; a != nil {
		issued, err := a.Issue(c.cfg.Rand, c.utc(), c.noc.publicKey, c.node)
		if err != nil {
			c.fail(Failed{Code: CodeUnexpected, Retry: RetryRestart, Message: "No certificate could be made: " + err.Error()})
			return
		}
		c.startRoot(issued)
		return
	}
	c.emit(IssueNOC{ID: c.ask(wantIssued, c.onIssued), CSR: csr, PublicKey: c.noc.publicKey, Node: c.node})
	c.deciding()
}

// checkCSR verifies a key request: that it comes from the device that proved its
// origin, that it answers this question, and that the device has the key. It
// returns the PKCS#10 request, or what is wrong.
func (c *Commissioner) checkCSR(fields []byte) (csr []byte, fault string) {
	signed, err := ParseSignedElements(fields)
	if err != nil {
		return nil, "it cannot be read"
	}
	if !signed.verify(&c.proof.deviceKey, &c.proof.challenge) {
		return nil, "it is not signed by the device"
	}
	csr, nonce, err := parseNOCSRElements(signed.Elements)
	switch {
	case err != nil:
		return nil, "it cannot be read"
	case nonce != c.noc.nonce:
		return nil, "it answers another request"
	}
	if c.noc.publicKey, err = cert.ParseCSR(csr); err != nil {
		return nil, "the certificate request in it is not valid"
	}
	return csr, ""
}

// verify reports whether the device signed m in this session: with its
// attestation key, over the elements as they were received and the session's
// attestation challenge.
func (m *SignedElements) verify(key *[65]byte, challenge *[16]byte) bool {
	signed := make([]byte, 0, len(m.Elements)+len(challenge))
	signed = append(append(signed, m.Elements...), challenge[:]...)
	return p256.Verify(key[:], signed, m.Signature[:])
}

// parseNOCSRElements decodes what a device answers to CSRRequest.
// Matter Core §11.18.4.9.
func parseNOCSRElements(b []byte) (csr []byte, nonce [32]byte, err error) {
	r := tlv.NewReader(b)
	var seen tlv.Set
	r.Next()
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			csr = r.Bytes(1, len(b))
		case 2:
			copy(nonce[:], r.Bytes(len(nonce), len(nonce)))
		}
	}
	r.Require(&seen, 1, 2)
	r.Exit()
	return csr, nonce, r.Close()
}

// onIssued takes the certificate of an external authority. It is checked: a
// device would refuse it less politely.
func (c *Commissioner) onIssued(r Reply) {
	issued, ok := r.(Issued)
	if !ok {
		c.fail(Failed{Code: CodeCancelled, Retry: RetryRestart, Message: "No certificate was issued for the device."})
		return
	}
	if err := c.checkIssued(issued); err != nil {
		c.fail(Failed{Code: CodeNOCRejected, Retry: RetryRestart, Message: "The certificate that was issued does not fit: " + err.Error()})
		return
	}
	c.startRoot(Credentials{NOC: issued.NOC, ICAC: issued.ICAC})
}

func (c *Commissioner) checkIssued(issued Issued) error {
	rootTLV, _, _ := c.cfg.Fabric.Fabric.Certificates()
	root, err := cert.ParseTLV(rootTLV)
	if err != nil {
		return err
	}
	noc, err := cert.ParseTLV(issued.NOC)
	if err != nil {
		return err
	}
	var icac *cert.Certificate
	if len(issued.ICAC) > 0 {
		if icac, err = cert.ParseTLV(issued.ICAC); err != nil {
			return err
		}
	}
	if err := cert.VerifyChain(noc, icac, root, uint32(c.utc())); err != nil {
		return err
	}
	node, _ := noc.NodeID()
	fabric, _ := noc.FabricID()
	switch {
	case noc.PublicKey != c.noc.publicKey:
		return errOtherKey
	case node != uint64(c.node):
		return errOtherNode
	case fabric != uint64(c.cfg.Fabric.Fabric.ID()):
		return errOtherFabric
	}
	return nil
}

// startRoot adds our root, once: a fail-safe takes one.
func (c *Commissioner) startRoot(issued Credentials) {
	if c.noc.rootAdded {
		c.startNOC(issued)
		return
	}
	c.begin(StepRoot)
	root, _, _ := c.cfg.Fabric.Fabric.Certificates()
	c.invoke(c.pase.id, AddTrustedRootCertificate(root), answerMs, func(o outcome) {
		switch {
		case c.unanswered(o):
		case o.err != nil:
			c.refused(CodeNOCRejected, RetryRestart, "The device refused our root certificate.", o, DeviceStatus{})
		default:
			c.noc.rootAdded = true
			c.startNOC(issued)
		}
	})
}

func (c *Commissioner) startNOC(issued Credentials) {
	c.begin(StepNOC)
	f := &c.cfg.Fabric
	admin := f.AdminSubject
	if admin == 0 {
		admin = f.Fabric.NodeID()
	}
	c.invoke(c.pase.id, AddNOC(AddNOCRequest{
		NOC: issued.NOC, ICAC: issued.ICAC, IPK: f.IPK, AdminSubject: admin, AdminVendorID: f.AdminVendorID,
	}), answerMs, c.onNOC)
}

func (c *Commissioner) onNOC(o outcome) {
	if c.unanswered(o) {
		return
	}
	if o.err != nil {
		c.refused(CodeNOCRejected, RetryRestart, "The device refused its certificate.", o, DeviceStatus{})
		return
	}
	answer, err := ParseNOCResponse(o.Fields)
	if err != nil {
		c.fail(Failed{Code: CodeNOCRejected, Retry: RetryRestart, Message: "What the device answered to its certificate cannot be read."})
		return
	}
	status := DeviceStatus{answer.Status.String(), uint16(answer.Status)}
	switch {
	case answer.Status == NOCOK:
		c.noc.added, c.noc.index = true, answer.Fabric
		c.startNetwork()
	case answer.Status == NOCInvalidNOC && c.noc.tries < nocTries:
		// Seen about once in a hundred runs, from devices whose own check fails:
		// a new key and a new certificate, in the same fail-safe, help.
		c.end(StepFailed)
		c.startCSR()
	case answer.Status == NOCTableFull:
		c.fail(Failed{Code: CodeFabricTableFull, Retry: RetryNone, Status: status, Message: "The device belongs to as many homes as it can."})
	case answer.Status == NOCFabricConflict:
		c.fail(Failed{Code: CodeFabricConflict, Retry: RetryNone, Status: status, Message: "The device is in this home already. Remove it there first."})
	default:
		c.fail(Failed{Code: CodeNOCRejected, Retry: RetryRestart, Status: status, Message: "The device refused its certificate."})
	}
}
