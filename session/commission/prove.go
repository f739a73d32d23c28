package commission

import "io"

// The device's proof of where it comes from. Matter Core §6.2.

// proof is what the device has shown so far.
type proof struct {
	challenge [16]byte // of PASE: ties the proof to this session
	nonce     [32]byte
	dac, pai  []byte
	deviceKey [65]byte // of the DAC, once the verdict is not invalid
}

func (c *Commissioner) startProof() {
	c.begin(StepAttestation)
	c.ensure(wantedArmMs/2, func() {
		c.certificate(CertificateDAC, &c.proof.dac, func() {
			c.certificate(CertificatePAI, &c.proof.pai, c.requestProof)
		})
	})
}

// certificate asks for one certificate of the device's chain.
func (c *Commissioner) certificate(kind uint8, into *[]byte, then func()) {
	c.invoke(c.pase.id, CertificateChainRequest(kind), answerMs, func(o outcome) {
		if c.unproven(o) {
			return
		}
		// An answer that cannot be read is judged with the rest: there is no certificate.
		*into, _ = ParseCertificateChainResponse(o.Fields)
		then()
	})
}

// unproven takes the outcome of a command without which there is no proof.
func (c *Commissioner) unproven(o outcome) bool {
	if c.unanswered(o) {
		return true
	}
	if o.err != nil {
		c.refused(CodeAttestationInvalid, RetryNone, "The device did not show where it comes from.", o, DeviceStatus{})
	}
	return o.err != nil
}

func (c *Commissioner) requestProof() {
	if !c.random(c.proof.nonce[:]) {
		return
	}
	c.invoke(c.pase.id, AttestationRequest(c.proof.nonce), answerMs, func(o outcome) {
		if c.unproven(o) {
			return
		}
		signed, _ := ParseSignedElements(o.Fields)
		c.judge(Verify(Evidence{
			Signed: signed, DAC: c.proof.dac, PAI: c.proof.pai,
			Nonce: c.proof.nonce, Challenge: c.proof.challenge,
			VendorID: c.facts.vendorID, ProductID: c.facts.productID,
			Roots: c.cfg.Roots, TestRoots: c.cfg.TestRoots, Signers: c.cfg.Signers, Now: c.utc(),
		}))
	})
}

// judge goes on with a verdict that may be accepted, or asks.
func (c *Commissioner) judge(v *Verdict) {
	c.proof.deviceKey = v.deviceKey
	switch {
	case v.Class == Invalid:
		c.emit(DecideAttestation{Verdict: v})
		c.fail(Failed{Code: CodeAttestationInvalid, Retry: RetryNone, Message: v.Findings[0].Sentence})
	case v.Class == Certified:
		c.emit(DecideAttestation{Verdict: v})
		c.proven()
	case c.cfg.Policy == PolicyCertified:
		c.emit(DecideAttestation{Verdict: v})
		c.refuse()
	default:
		c.emit(DecideAttestation{ID: c.ask(wantDecision, c.decided), Verdict: v})
		c.deciding()
	}
}

func (c *Commissioner) decided(r Reply) {
	if d, ok := r.(AttestationDecision); !ok || !d.Accept {
		c.refuse()
		return
	}
	c.proven()
}

func (c *Commissioner) refuse() {
	c.fail(Failed{Code: CodeAttestationRefused, Retry: RetryNone, Message: "The device was not accepted."})
}

// proven: which network it shall join is asked before the device is given
// anything, so that giving up there leaves nothing behind.
func (c *Commissioner) proven() {
	c.net.instance = c.facts.toSetUp(c.cfg.Network, c.cfg.Prefer, c.at.Link)
	if c.net.instance == nil {
		c.skip(StepScan)
		c.startCSR()
		return
	}
	c.startScan()
}

// random fills b, or fails.
func (c *Commissioner) random(b []byte) bool {
	if _, err := io.ReadFull(c.cfg.Rand, b); err != nil {
		c.fail(Failed{Code: CodeUnexpected, Retry: RetryRestart, Message: "No randomness: " + err.Error()})
		return false
	}
	return true
}
