package session

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/tlv"
)

var (
	reportInvalid       = StatusReport{General: GeneralFailure, Code: StatusInvalidParameter}
	reportNoSharedRoots = StatusReport{General: GeneralFailure, Code: StatusNoSharedTrustRoots}
)

func wantChainError(t *testing.T, err error, role cert.Role, reason cert.Reason) {
	t.Helper()
	var c *cert.ChainError
	if !errors.As(err, &c) || c.Role != role || c.Reason != reason {
		t.Errorf("got %v, want %v", err, &cert.ChainError{Role: role, Reason: reason})
	}
}

// wantRefusal demands that by refused with a report to the other side, which
// must have no session either, and has no secrets any more.
func wantRefusal(t *testing.T, by, other *testSide, want StatusReport) {
	t.Helper()
	if got := reportOf(by.err); got == nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("told the peer %+v (%v), want %+v", got, by.err, want)
	}
	var told *PeerStatusError
	if !errors.As(other.err, &told) || !reflect.DeepEqual(told.Report, want) {
		t.Errorf("the peer was told %v", other.err)
	}
	if by.secrets != nil || other.secrets != nil {
		t.Error("there is a session all the same")
	}
	wantDead(t, by.hs)
	wantDead(t, other.hs)
}

// wantDead demands that nothing can be done with a handshake and that nothing
// is left in it.
func wantDead(t *testing.T, h handshake) {
	t.Helper()
	for name, call := range map[string]func() (handshakeStep, error){
		"start":  h.start,
		"handle": func() (handshakeStep, error) { return h.handle(handshakeMessage{opcode: OpcodeCASESigma2}) },
		"report": func() (handshakeStep, error) { return h.handle(*establishedReport()) },
		"answer": func() (handshakeStep, error) { return h.answer(make([]byte, 64)) },
	} {
		if step, err := call(); err != ErrClosed || step != (handshakeStep{}) {
			t.Errorf("%s of a dead handshake: got %+v, %v", name, step, err)
		}
	}
	run := caseRunOf(h)
	if run.secret != (sharedSecret{}) || run.ephemeral != nil || run.ipk != (key{}) || run.record.secret != (sharedSecret{}) || run.fabric != nil {
		t.Error("a dead handshake has secrets")
	}
}

func caseRunOf(h handshake) *caseRun {
	if c, ok := h.(*caseInitiator); ok {
		return &c.caseRun
	}
	return &h.(*caseResponder).caseRun
}

// refuseIdentity runs CASE after one side was given another certificate, and
// returns the refusal of the other.
func refuseIdentity(t *testing.T, ofInitiator bool, change func(p *testPair, f *Fabric) testCertificate) error {
	t.Helper()
	p := newTestPair(t, 11)
	f, key := p.fb, &p.keyB
	if ofInitiator {
		f, key = p.fa, &p.keyA
	}
	noc := change(p, f)
	f.noc, f.key, *key = noc.tlv, noc.key, noc.key
	r := p.new()
	r.run(t)
	by, other := &r.a, &r.b
	if ofInitiator {
		by, other = &r.b, &r.a
	}
	wantRefusal(t, by, other, reportInvalid)
	return by.err
}

func eachRole(t *testing.T, test func(t *testing.T, ofInitiator bool)) {
	t.Run("responder's", func(t *testing.T) { test(t, false) })
	t.Run("initiator's", func(t *testing.T) { test(t, true) })
}

func TestCASERejectsWrongFabric(t *testing.T) {
	eachRole(t, func(t *testing.T, ofInitiator bool) {
		err := refuseIdentity(t, ofInitiator, func(p *testPair, f *Fabric) testCertificate {
			return p.authority.issue(t, cert.NodeName(uint64(f.node), 0xBAD), &p.authority.root, nil)
		})
		var identity *IdentityError
		if !errors.As(err, &identity) || identity.Field != "fabric ID" || identity.Got != 0xBAD || identity.Want == 0xBAD {
			t.Errorf("got %v", err)
		}
		if err.Error() != "session: CASE: the peer's certificate names fabric ID 0xbad, not 0xfab000000000001d" {
			t.Errorf("got %q", err)
		}
	})
}

func TestCASERejectsWrongNodeID(t *testing.T) {
	err := refuseIdentity(t, false, func(p *testPair, f *Fabric) testCertificate {
		return p.authority.noc(t, uint64(f.node)+1, nil)
	})
	var identity *IdentityError
	if !errors.As(err, &identity) || identity.Field != "node ID" || identity.Got != identity.Want+1 || !errors.Is(err, ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestCASERejectsANodeIDThatIsNotOperational(t *testing.T) {
	err := refuseIdentity(t, true, func(p *testPair, f *Fabric) testCertificate {
		return p.authority.noc(t, 0xFFFF_FFFD_0001_0001, nil) // a CAT as node
	})
	wantChainError(t, err, cert.RoleNode, cert.ReasonNodeID)

	p := newTestPair(t, 1)
	p.nodeB = 0xFFFF_FFFF_FFFF_0001 // a group
	r := p.new()
	r.run(t)
	if !errors.Is(r.a.err, errPeerNode) || reportOf(r.a.err) != nil || len(r.wire) != 0 {
		t.Errorf("asked for a group: %v", r.a.err)
	}
}

// Another root whose name, or name and key identifier, are those of ours.
func TestCASERejectsForeignRoot(t *testing.T) {
	eachRole(t, func(t *testing.T, ofInitiator bool) {
		for name, c := range map[string]struct {
			sameName, sameKeyID bool
			reason              cert.Reason
		}{
			"another name":                     {false, false, cert.ReasonIssuer},
			"the name of ours":                 {true, false, cert.ReasonAuthorityKeyID},
			"name and key identifier are ours": {true, true, cert.ReasonSignature},
		} {
			err := refuseIdentity(t, ofInitiator, func(p *testPair, f *Fabric) testCertificate {
				foreign := &testAuthority{rand: newTestRand(4711), fabric: p.authority.fabric}
				subject := cert.RootName(4711, 0)
				if c.sameName {
					subject = p.authority.root.Subject
				}
				foreign.root = foreign.issue(t, subject, nil, nil)
				icac := foreign.issue(t, cert.ICACName(7, foreign.fabric), &foreign.root, func(i *cert.Certificate) {
					if c.sameKeyID {
						i.Extensions[len(i.Extensions)-1].KeyID = p.authority.root.SubjectKeyID()
					}
				})
				foreign.icac, f.icac = &icac, icac.tlv
				return foreign.noc(t, uint64(f.node), nil)
			})
			t.Run(name, func(t *testing.T) { wantChainError(t, err, cert.RoleICAC, c.reason) })
		}
	})
}

func TestCASERejectsExpiredNOC(t *testing.T) {
	eachRole(t, func(t *testing.T, ofInitiator bool) {
		wantChainError(t, refuseIdentity(t, ofInitiator, func(p *testPair, f *Fabric) testCertificate {
			return p.authority.noc(t, uint64(f.node), func(c *cert.Certificate) { c.NotAfter = testNow - 1 })
		}), cert.RoleNode, cert.ReasonExpired)
		wantChainError(t, refuseIdentity(t, ofInitiator, func(p *testPair, f *Fabric) testCertificate {
			return p.authority.noc(t, uint64(f.node), func(c *cert.Certificate) { c.NotBefore = testNow + 1 })
		}), cert.RoleNode, cert.ReasonNotYetValid)
	})
}

func TestCASEJudgesNoValidityWithoutAClock(t *testing.T) {
	p := newTestPair(t, 11)
	noc := p.authority.noc(t, p.nodeB, func(c *cert.Certificate) { c.NotAfter = testNow - 1 })
	p.fb.noc, p.fb.key, p.utc = noc.tlv, noc.key, 0
	p.establish(t)
}

func TestCASERejectsANOCThatIsAnAuthority(t *testing.T) {
	eachRole(t, func(t *testing.T, ofInitiator bool) {
		wantChainError(t, refuseIdentity(t, ofInitiator, func(p *testPair, f *Fabric) testCertificate {
			return p.authority.noc(t, uint64(f.node), func(c *cert.Certificate) { c.Extensions[0].IsCA = true })
		}), cert.RoleNode, cert.ReasonIsCA)
	})
}

func TestCASERejectsWrongSignature(t *testing.T) {
	eachRole(t, func(t *testing.T, ofInitiator bool) {
		p := newTestPair(t, 12)
		p.fa.key, p.fb.key = nil, nil
		spoil := func(w *Work, answer []byte) []byte {
			if w.Kind == WorkSign {
				answer[40] ^= 1
			}
			return answer
		}
		r := p.new()
		by, other := &r.a, &r.b
		if ofInitiator {
			by, other = other, by
		}
		other.host.substitute = spoil
		r.run(t)
		wantRefusal(t, by, other, reportInvalid)
		if !errors.Is(by.err, errSignature) {
			t.Errorf("got %v", by.err)
		}
	})
}

// A signature over another handshake's keys does not count: nobody can pass it on.
func TestCASERejectsASignatureOfAnotherHandshake(t *testing.T) {
	p := newTestPair(t, 12)
	p.fb.key = nil
	var old []byte
	p.substituteB = func(w *Work, answer []byte) []byte {
		if w.Kind == WorkSign && old == nil {
			old = answer
		}
		return old
	}
	p.establish(t)
	p.record = nil
	r := p.new()
	r.run(t)
	wantRefusal(t, &r.a, &r.b, reportInvalid)
	if !errors.Is(r.a.err, errSignature) {
		t.Errorf("got %v", r.a.err)
	}
}

// alter runs CASE with one message taken apart, changed and put together again.
func alter[M any](t *testing.T, p *testPair, n int, parse func([]byte) (M, error), appendTo func(*M, []byte) []byte, change func(m *M)) *testRun {
	t.Helper()
	r := p.new()
	r.tap = func(i int, in *handshakeMessage) *handshakeMessage {
		if i != n {
			return in
		}
		m, err := parse(in.payload)
		if err != nil {
			t.Fatal(err)
		}
		change(&m)
		return &handshakeMessage{in.opcode, appendTo(&m, nil)}
	}
	r.run(t)
	return r
}

func alterSigma1(t *testing.T, p *testPair, change func(m *sigma1)) *testRun {
	t.Helper()
	return alter(t, p, 0, parseSigma1, (*sigma1).append, change)
}

func alterSigma2(t *testing.T, p *testPair, change func(m *sigma2)) *testRun {
	t.Helper()
	return alter(t, p, 1, parseSigma2, (*sigma2).append, change)
}

func alterSigma2Resume(t *testing.T, p *testPair, change func(m *sigma2Resume)) *testRun {
	t.Helper()
	return alter(t, p, 1, parseSigma2Resume, (*sigma2Resume).append, change)
}

func TestCASERejectsTamperedTBE(t *testing.T) {
	flip := func(b []byte, at int) []byte {
		b = append([]byte(nil), b...)
		b[at] ^= 1
		return b
	}
	for _, at := range []int{0, 100, -1} {
		index := func(b []byte) int { return (at + len(b)) % len(b) }
		r := alterSigma2(t, newTestPair(t, 13), func(m *sigma2) { m.sealed = flip(m.sealed, index(m.sealed)) })
		wantRefusal(t, &r.a, &r.b, reportInvalid)
		if !errors.Is(r.a.err, errSealedPart) {
			t.Errorf("Sigma2: got %v", r.a.err)
		}
		r = alter(t, newTestPair(t, 13), 2, parseSigma3, (*sigma3).append, func(m *sigma3) { m.sealed = flip(m.sealed, index(m.sealed)) })
		wantRefusal(t, &r.b, &r.a, reportInvalid)
		if !errors.Is(r.b.err, errSealedPart) {
			t.Errorf("Sigma3: got %v", r.b.err)
		}
	}
}

func TestCASERejectsWrongRandom(t *testing.T) {
	r := alterSigma2(t, newTestPair(t, 14), func(m *sigma2) { m.random[0] ^= 1 })
	wantRefusal(t, &r.a, &r.b, reportInvalid)
	if !errors.Is(r.a.err, errSealedPart) {
		t.Errorf("the responder's: got %v", r.a.err)
	}
	r = alterSigma1(t, newTestPair(t, 14), func(m *sigma1) { m.random[0] ^= 1 })
	wantRefusal(t, &r.b, &r.a, reportNoSharedRoots) // the destination ID hangs on it
}

// Each member of Sigma1 is bound by the transcript, whoever does not look at it.
func TestCASERejectsAChangedSigma1(t *testing.T) {
	for name, change := range map[string]func(m *sigma1){
		"session ID":    func(m *sigma1) { m.sessionID ^= 1 },
		"parameters":    func(m *sigma1) { m.parameters.IdleIntervalMs++ },
		"no parameters": func(m *sigma1) { m.parameters = nil },
		"resumption":    func(m *sigma1) { m.resumption = &sigma1Resumption{} },
	} {
		r := alterSigma1(t, newTestPair(t, 15), change)
		wantRefusal(t, &r.a, &r.b, reportInvalid)
		if !errors.Is(r.a.err, errSealedPart) {
			t.Errorf("%s: got %v", name, r.a.err)
		}
	}
}

// An ephemeral key of the peer that is no point is refused before anybody's
// private key meets it, ours or the host's.
func TestCASERejectsAnInvalidEphemeralKey(t *testing.T) {
	for _, delegate := range []Delegate{0, DelegateECDH} {
		for name, change := range map[string]func(b *[65]byte){
			"off the curve": func(b *[65]byte) { b[64] ^= 1 },
			"compressed":    func(b *[65]byte) { b[0] = 2 },
			"zero":          func(b *[65]byte) { *b = [65]byte{} },
			"x too large":   func(b *[65]byte) { clear(b[1:]); b[0] = 4; fillFF(b[1:33]) },
		} {
			p := newTestPair(t, 16)
			p.delegateA, p.delegateB = delegate, delegate
			r := alterSigma1(t, p, func(m *sigma1) { change(&m.publicKey) })
			wantRefusal(t, &r.b, &r.a, reportInvalid)
			if !errors.Is(r.b.err, errPublicKey) {
				t.Errorf("%s in Sigma1: got %v", name, r.b.err)
			}
			r = alterSigma2(t, p, func(m *sigma2) { change(&m.publicKey) })
			wantRefusal(t, &r.a, &r.b, reportInvalid)
			if !errors.Is(r.a.err, errPublicKey) {
				t.Errorf("%s in Sigma2: got %v", name, r.a.err)
			}
			for _, k := range r.a.host.done {
				if k == WorkECDH {
					t.Errorf("%s: the host's key has met it", name)
				}
			}
		}
	}
}

func fillFF(b []byte) {
	for i := range b {
		b[i] = 0xFF
	}
}

func TestCASERejectsSessionIDZero(t *testing.T) {
	p := newTestPair(t, 17)
	r := alterSigma1(t, p, func(m *sigma1) { m.sessionID = 0 })
	wantRefusal(t, &r.b, &r.a, reportInvalid)
	if !errors.Is(r.b.err, errSessionIDZero) {
		t.Errorf("Sigma1: got %v", r.b.err)
	}
	r = alterSigma2(t, p, func(m *sigma2) { m.sessionID = 0 })
	wantRefusal(t, &r.a, &r.b, reportInvalid)
	if !errors.Is(r.a.err, errSessionIDZero) {
		t.Errorf("Sigma2: got %v", r.a.err)
	}
	p.establish(t)
	r = alterSigma2Resume(t, p, func(m *sigma2Resume) { m.sessionID = 0 })
	wantRefusal(t, &r.a, &r.b, reportInvalid)
	if !errors.Is(r.a.err, errSessionIDZero) {
		t.Errorf("Sigma2Resume: got %v", r.a.err)
	}
}

func TestCASERejectsAnUnknownDestination(t *testing.T) {
	p := newTestPair(t, 18)
	p.tables.fabrics = nil
	r := p.new()
	r.run(t)
	wantRefusal(t, &r.b, &r.a, reportNoSharedRoots)
	if !errors.Is(r.b.err, errNoSharedRoot) {
		t.Errorf("got %v", r.b.err)
	}
	p.tables.fabrics = []*Fabric{p.authority.member(t, p.nodeB+1)} // another node of the fabric
	r = p.new()
	r.run(t)
	wantRefusal(t, &r.b, &r.a, reportNoSharedRoots)
}

func TestCASEBusyIsAPeerStatusError(t *testing.T) {
	for _, c := range []StatusReport{
		{General: GeneralBusy, Code: StatusBusy, Data: []byte{0xE8, 0x03}},
		{General: GeneralFailure, Code: StatusNoSharedTrustRoots},
		{General: GeneralFailure, Code: StatusInvalidParameter},
		{General: GeneralSuccess, Code: StatusCloseSession},
		{General: GeneralContinue},
		{General: 4711, Protocol: 0xFFF10001, Code: 9},
	} {
		for at := 1; at <= 3; at++ { // in the place of Sigma2, Sigma3 and the end
			r := newTestPair(t, 26).new()
			r.tap = func(n int, m *handshakeMessage) *handshakeMessage {
				if n == at {
					return &handshakeMessage{OpcodeStatusReport, c.Append(nil)}
				}
				return m
			}
			r.run(t)
			side := &r.a
			if at == 2 {
				side = &r.b
			}
			var got *PeerStatusError
			if !errors.As(side.err, &got) || !reflect.DeepEqual(got.Report, c) || reportOf(side.err) != nil || side.secrets != nil {
				t.Errorf("%+v at %d: got %v", c, at, side.err)
			}
			if wait, ok := got.Report.BusyWait(); ok && wait != 1000 {
				t.Errorf("wait %d", wait)
			}
			wantDead(t, side.hs)
		}
	}
}

// A report is not answered by a report, whatever is wrong with it.
func TestCASEMisplacedReportIsNotAnswered(t *testing.T) {
	for at := 0; at <= 3; at++ {
		for name, payload := range map[string][]byte{"success too early": StatusReport{}.Append(nil), "short": {0, 0, 0}, "empty": nil} {
			if at == 3 && name == "success too early" {
				continue
			}
			r := newTestPair(t, 27).new()
			r.tap = func(n int, m *handshakeMessage) *handshakeMessage {
				if n == at {
					return &handshakeMessage{OpcodeStatusReport, payload}
				}
				return m
			}
			r.run(t)
			side := []*testSide{&r.b, &r.a, &r.b, &r.a}[at]
			if side.err == nil || reportOf(side.err) != nil || side.secrets != nil {
				t.Errorf("%s at %d: got %v", name, at, side.err)
			}
			if name == "success too early" && !errors.Is(side.err, ErrUnexpected) || name != "success too early" && !errors.Is(side.err, ErrTruncated) {
				t.Errorf("%s at %d: got %v", name, at, side.err)
			}
			wantDead(t, side.hs)
		}
	}
}

// In every state every opcode but the due ones ends the handshake.
func TestCASEUnexpectedOpcodeKills(t *testing.T) {
	wrong := []Opcode{
		OpcodeMsgCounterSyncReq, OpcodeMsgCounterSyncRsp, OpcodeStandaloneAck, OpcodePBKDFParamRequest,
		OpcodePBKDFParamResponse, OpcodePASEPake1, OpcodePASEPake2, OpcodePASEPake3, OpcodeCASESigma1, OpcodeCASESigma2,
		OpcodeCASESigma3, OpcodeCASESigma2Resume, 0x34, OpcodeICDCheckIn, 0xFF,
	}
	for _, resume := range []bool{false, true} {
		due := [][]Opcode{{OpcodeCASESigma1}, {OpcodeCASESigma2, OpcodeCASESigma2Resume}, {OpcodeCASESigma3}, nil}
		if resume {
			due = [][]Opcode{{OpcodeCASESigma1}, {OpcodeCASESigma2, OpcodeCASESigma2Resume}, nil}
		}
		for at := range due {
			for _, op := range wrong {
				if slices.Contains(due[at], op) {
					continue
				}
				p := newTestPair(t, 28)
				if resume {
					p.establish(t)
				}
				r := p.new()
				r.tap = func(n int, m *handshakeMessage) *handshakeMessage {
					if n == at {
						m.opcode = op
					}
					return m
				}
				r.run(t)
				if len(r.wire) <= at {
					t.Fatalf("no message %d", at)
				}
				side, other := &r.b, &r.a
				if at%2 == 1 {
					side, other = other, side
				}
				if !errors.Is(side.err, ErrUnexpected) || side.secrets != nil {
					t.Errorf("opcode %#x at %d: got %v", op, at, side.err)
				}
				if got := reportOf(side.err); got == nil || !reflect.DeepEqual(*got, reportInvalid) {
					t.Errorf("opcode %#x at %d: told the peer %+v", op, at, got)
				}
				// Who sent the report of success is done.
				if done := at == len(due)-1; (other.secrets != nil) != done {
					t.Errorf("opcode %#x at %d: the other side has a session: %v", op, at, !done)
				}
				wantDead(t, side.hs)
			}
		}
	}
}

func TestCASEErrorsSayWhatCameAndWhatWasDue(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&opcodeError{0x20, 0x30}, "session: opcode 0x20 where 0x30 is due"},
		{&opcodeError{got: 0x20}, "session: opcode 0x20 where none is due"},
		{&messageError{"Sigma1", errSessionIDZero}, "session: Sigma1 is malformed: session ID 0"},
		{&messageError{"Sigma3", tlv.ErrTruncated}, "session: Sigma3 is malformed: tlv: truncated"},
		{errResumeMIC, "session: CASE: the MIC of Sigma2Resume does not hold"},
		{&IdentityError{"node ID", 1, 2}, "session: CASE: the peer's certificate names node ID 0x1, not 0x2"},
	} {
		if c.err.Error() != c.want {
			t.Errorf("got %q, want %q", c.err, c.want)
		}
	}
}

// What is malformed inside the encrypted part is refused like what is malformed
// outside.
func TestCASERejectsAMalformedEncryptedPart(t *testing.T) {
	eachRole(t, func(t *testing.T, ofInitiator bool) {
		p := newTestPair(t, 36)
		f := p.fb
		if ofInitiator {
			f = p.fa
		}
		for name, noc := range map[string][]byte{"empty": {}, "too long": make([]byte, maxCertificateSize+1), "no certificate": {0x15, 0x18}} {
			kept := f.noc
			f.noc = noc
			r := p.new()
			r.run(t)
			by, other := &r.a, &r.b
			if ofInitiator {
				by, other = other, by
			}
			wantRefusal(t, by, other, reportInvalid)
			var message *messageError
			if errors.As(by.err, &message) == (name == "no certificate") {
				t.Errorf("%s: got %v", name, by.err)
			}
			f.noc = kept
		}
	})
}
