package session

import (
	"reflect"
	"slices"
	"testing"

	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/internal/p256"
)

func opcodes(r *testRun) (o []Opcode) {
	for _, m := range r.wire {
		o = append(o, m.opcode)
	}
	return o
}

var (
	fullOpcodes    = []Opcode{OpcodeCASESigma1, OpcodeCASESigma2, OpcodeCASESigma3, OpcodeStatusReport}
	resumedOpcodes = []Opcode{OpcodeCASESigma1, OpcodeCASESigma2Resume, OpcodeStatusReport}
)

// checkSession demands that both sides have the same session with each other.
func checkSession(t *testing.T, p *testPair, r *testRun, resumed bool) {
	t.Helper()
	a, b := r.a.secrets, r.b.secrets
	want := fullOpcodes
	if resumed {
		want = resumedOpcodes
	}
	if !slices.Equal(opcodes(r), want) {
		t.Errorf("opcodes %x, want %x", opcodes(r), want)
	}
	if a.keys != b.keys || a.keys == (sessionKeys{}) || a.keys.i2r == a.keys.r2i {
		t.Error("the keys differ, or are none")
	}
	if !a.initiator || b.initiator || a.resumed != resumed || b.resumed != resumed {
		t.Errorf("initiator %v %v, resumed %v %v, want %v", a.initiator, b.initiator, a.resumed, b.resumed, resumed)
	}
	if a.peerSessionID != p.sessionB || b.peerSessionID != p.sessionA {
		t.Errorf("peer's session IDs %#x %#x", a.peerSessionID, b.peerSessionID)
	}
	if a.peerParameters != p.parametersB || b.peerParameters != p.parametersA {
		t.Errorf("peer's parameters %+v %+v", a.peerParameters, b.peerParameters)
	}
	if a.fabric != p.fa || b.fabric != p.fb || a.peerNode != p.fb.node || b.peerNode != p.fa.node {
		t.Errorf("fabrics %v %v, peers %#x %#x", a.fabric, b.fabric, a.peerNode, b.peerNode)
	}
	if !slices.Equal(a.peerCATs, p.fb.cats) || !slices.Equal(b.peerCATs, p.fa.cats) {
		t.Errorf("peers' CATs %v %v, want %v %v", a.peerCATs, b.peerCATs, p.fb.cats, p.fa.cats)
	}
	ra, rb := a.resumption, b.resumption
	if ra.ID != rb.ID || ra.ID == [16]byte{} || ra.secret != rb.secret || ra.secret == (sharedSecret{}) {
		t.Error("the resumption records differ, or are none")
	}
	wantA := ResumptionRecord{ra.ID, p.fa.index, p.fb.node, p.fb.cats, p.parametersB, p.fa.compressed, p.fa.node, ra.secret}
	wantB := ResumptionRecord{rb.ID, p.fb.index, p.fa.node, p.fa.cats, p.parametersA, p.fb.compressed, p.fb.node, rb.secret}
	if !reflect.DeepEqual(*ra, wantA) || !reflect.DeepEqual(*rb, wantB) {
		t.Error("a resumption record has the wrong contents")
	}
	for _, side := range []*testSide{&r.a, &r.b} {
		if _, err := side.hs.handle(handshakeMessage{opcode: OpcodeCASESigma1}); err != ErrClosed {
			t.Errorf("a finished handshake goes on: %v", err)
		}
	}
}

// Both roles against each other: with and without an ICAC, CATs, one to three
// epoch keys, each choice of work done by the host; in full, then resumed twice.
func TestCASEBothRoles(t *testing.T) {
	delegations := []Delegate{0, DelegateSign, DelegateECDH, DelegateSign | DelegateECDH}
	for seed := range uint64(24) {
		a := newTestAuthority(t, seed, 0xFAB+seed<<56, seed%2 == 1, 1+int(seed%3))
		p := newPairOf(t, a, seed)
		p.delegateA, p.delegateB = delegations[seed%4], delegations[seed/4%4]
		if seed%5 == 4 {
			p.fa.key = nil // the host keeps it
		}
		if seed%7 == 6 {
			p.fb.key = nil
		}
		var work []WorkKind
		if p.delegateA&DelegateECDH != 0 {
			work = append(work, WorkKeyPair, WorkECDH)
		}
		if p.delegateA&DelegateSign != 0 || p.fa.key == nil {
			work = append(work, WorkSign)
		}
		r := p.establish(t)
		checkSession(t, p, r, false)
		if !slices.Equal(r.a.host.done, work) {
			t.Errorf("seed %d: work %v, want %v", seed, r.a.host.done, work)
		}
		if len(r.a.host.keys) != 0 || len(r.b.host.keys) != 0 {
			t.Errorf("seed %d: the host still has an ephemeral key", seed)
		}
		keys := map[sessionKeys]bool{r.a.secrets.keys: true}
		ids := map[[16]byte]bool{r.a.secrets.resumption.ID: true}
		for range 2 {
			p.parametersB.ActiveIntervalMs++ // told anew each time
			r = p.establish(t)
			checkSession(t, p, r, true)
			if keys[r.a.secrets.keys] || ids[r.a.secrets.resumption.ID] {
				t.Errorf("seed %d: keys or resumption ID for the second time", seed)
			}
			keys[r.a.secrets.keys], ids[r.a.secrets.resumption.ID] = true, true
			if len(p.tables.records) != 1 {
				t.Errorf("seed %d: %d records", seed, len(p.tables.records))
			}
		}
	}
}

// The key that an initiator names a node by, and keys that only one side has.
func TestCASEEpochKeys(t *testing.T) {
	a := newTestAuthority(t, 1, 5, false, 3)
	old, current, next := a.epochKeys[0], a.epochKeys[1], a.epochKeys[2]
	for _, c := range []struct {
		name   string
		ours   [][16]byte
		theirs [][16]byte
		ok     bool
	}{
		{"the newest may not have arrived", [][16]byte{old, current, next}, [][16]byte{old, current}, true},
		{"of three, the middle one", [][16]byte{old, current, next}, [][16]byte{current}, true},
		{"of two, the older", [][16]byte{current, next}, [][16]byte{current}, true},
		{"the only one", [][16]byte{next}, [][16]byte{old, current, next}, true},
		{"none in common", [][16]byte{old}, [][16]byte{current, next}, false},
		{"only the newest in common", [][16]byte{old, current, next}, [][16]byte{next}, false},
	} {
		p := newPairOf(t, a, 9)
		set := func(f *Fabric, keys [][16]byte) {
			f.ipks = nil
			for i := range keys {
				f.ipks = append(f.ipks, operationalGroupKey(&keys[i], &f.compressed))
			}
		}
		set(p.fa, c.ours)
		set(p.fb, c.theirs)
		r := p.new()
		r.run(t)
		if ok := r.a.secrets != nil && r.b.secrets != nil; ok != c.ok {
			t.Errorf("%s: %v, %v", c.name, r.a.err, r.b.err)
		}
	}
}

// A responder in several fabrics, and twice in one, answers as the node that was
// meant.
func TestCASEResponderInSeveralFabrics(t *testing.T) {
	p := newTestPair(t, 3)
	other := newTestAuthority(t, 77, p.authority.fabric, false, 2) // same fabric ID, another root
	stranger := other.member(t, p.nodeB)
	sibling := p.authority.member(t, p.nodeB+1)
	p.tables.fabrics = []*Fabric{stranger, sibling, p.fb}
	checkSession(t, p, p.establish(t), false)
	checkSession(t, p, p.establish(t), true)
}

// A peer that states nothing of itself is taken to be what the specification
// says; a record remembers what it stated last.
func TestCASEWithoutParameters(t *testing.T) {
	p := newTestPair(t, 2)
	r := p.new()
	r.tap = func(n int, m *handshakeMessage) *handshakeMessage {
		if n == 0 {
			s1, err := parseSigma1(m.payload)
			if err != nil {
				t.Fatal(err)
			}
			s1.parameters = nil
			m.payload = s1.append(nil)
		}
		return m
	}
	r.run(t)
	if r.b.secrets != nil {
		t.Error("a changed Sigma1 went unnoticed")
	}

	p.establish(t)
	r = p.new()
	r.tap = func(n int, m *handshakeMessage) *handshakeMessage {
		switch n {
		case 0:
			s1, _ := parseSigma1(m.payload)
			s1.parameters = nil
			m.payload = s1.append(nil)
		case 1:
			s2, err := parseSigma2Resume(m.payload)
			if err != nil {
				t.Fatal(err)
			}
			s2.parameters = nil
			m.payload = s2.append(nil)
		}
		return m
	}
	r.run(t)
	if r.a.secrets == nil || r.b.secrets == nil {
		t.Fatalf("%v, %v", r.a.err, r.b.err)
	}
	if r.a.secrets.peerParameters != p.parametersB || r.b.secrets.peerParameters != p.parametersA {
		t.Error("what the record knew of the peer is forgotten")
	}
}

// A responder that has lost the record answers in full, and so does one that
// does not take our MIC: the initiator has to take either.
func TestCASEInitiatorTakesSigma2ForAnOfferedResumption(t *testing.T) {
	p := newTestPair(t, 4)
	p.establish(t)
	p.tables.records = nil
	checkSession(t, p, p.establish(t), false)
}

// The initiator's Sigma1 asks to resume with a wrong MIC: a full Sigma2 follows,
// and the record is not spent.
func TestCASEBadResumptionMICGoesOnInFull(t *testing.T) {
	p := newTestPair(t, 5)
	p.establish(t)
	kept := p.tables.records[0]
	bad := *p.record
	bad.secret[0] ^= 1
	p.record = &bad
	r := p.establish(t)
	checkSession(t, p, r, false)
	if !slices.Contains(p.tables.records, kept) {
		t.Error("a wrong MIC has spent the record")
	}
}

func TestField_F10_ICACBesideANOCOfTheRoot(t *testing.T) {
	for seed := range uint64(4) {
		a := newTestAuthority(t, seed, 0xF10, false, 1)
		unrelated := a.newICAC(t)
		foreign := newTestAuthority(t, 100+seed, 0xF10, true, 1).icac
		for name, icac := range map[string]*testCertificate{"ours, unused": unrelated, "another root's, unused": foreign} {
			cfg := func(node uint64) (FabricConfig, *p256.PrivateKey) {
				noc := a.noc(t, node, nil)
				c := a.config(noc)
				c.ICAC = icac.tlv
				return c, noc.key
			}
			ca, keyA := cfg(1)
			cb, keyB := cfg(2)
			p := newPairOf(t, a, seed)
			var err error
			if p.fa, err = NewFabric(ca); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if p.fb, err = NewFabric(cb); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			p.fa.index, p.fb.index, p.nodeB = 1, 2, 2
			p.keyA, p.keyB, p.tables.fabrics = keyA, keyB, []*Fabric{p.fb}
			checkSession(t, p, p.establish(t), false)
		}
	}
	// root → ICAC → NOC is TestCASEBothRoles. A NOC that neither signed:
	a := newTestAuthority(t, 9, 0xF10, true, 1)
	p := newPairOf(t, a, 9)
	liar := a.issue(t, a.icac.Subject, nil, nil) // the ICAC's name and another key
	noc := a.issue(t, cert.NodeName(p.nodeB, a.fabric), &liar, func(c *cert.Certificate) {
		for i := range c.Extensions {
			if c.Extensions[i].Kind == cert.AuthorityKeyID {
				c.Extensions[i].KeyID = a.icac.SubjectKeyID()
			}
		}
	})
	p.fb.noc, p.keyB, p.fb.key = noc.tlv, noc.key, noc.key
	r := p.new()
	r.run(t)
	wantChainError(t, r.a.err, cert.RoleNode, cert.ReasonSignature)
}

// An ICAC that is sent but not used has to be a certificate all the same.
func TestField_F10_UnusedICACMustParse(t *testing.T) {
	p := newTestPair(t, 2)
	p.fb.icac = []byte{0x15, 0x18}
	r := p.new()
	r.run(t)
	if r.a.secrets != nil || r.a.err == nil {
		t.Errorf("got %v", r.a.err)
	}
}

// A peer that sends an empty ICAC, and signs it, has none.
func TestCASEEmptyICAC(t *testing.T) {
	p := newTestPair(t, 2)
	p.fb.icac = []byte{}
	checkSession(t, p, p.establish(t), false)
}

// What ties the parts together: the order in which things go over the wire and
// the derived keys are pinned by a handshake with known randomness.
func TestCASEIsAFunctionOfItsRandomness(t *testing.T) {
	one, two := newTestPair(t, 6).establish(t), newTestPair(t, 6).establish(t)
	if !reflect.DeepEqual(one.wire, two.wire) || one.a.secrets.keys != two.a.secrets.keys {
		t.Error("the same randomness gave two handshakes")
	}
}
