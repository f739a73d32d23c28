package session

import (
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/internal/hash"
	"github.com/matter-session/matter-session/session/internal/p256"
)

// newTestRand returns a reader that gives the same octets for the same seed.
func newTestRand(seed uint64) *rand.ChaCha8 {
	return rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
}

// The years of test certificates, and a time between them.
const (
	testNotBefore = 700_000_000
	testNow       = 800_000_000
	testNotAfter  = 900_000_000
)

// A testAuthority issues certificates for one fabric.
type testAuthority struct {
	rand      io.Reader
	fabric    uint64
	epochKeys [][16]byte
	root      testCertificate
	icac      *testCertificate // signs NOCs if there is one
}

// A testCertificate is a certificate, its octets and its key.
type testCertificate struct {
	*cert.Certificate
	tlv []byte
	key *p256.PrivateKey
}

func newTestAuthority(t testing.TB, seed, fabric uint64, withICAC bool, epochKeys int) *testAuthority {
	t.Helper()
	a := &testAuthority{rand: newTestRand(seed), fabric: fabric}
	for range epochKeys {
		var k [16]byte
		io.ReadFull(a.rand, k[:])
		a.epochKeys = append(a.epochKeys, k)
	}
	a.root = a.issue(t, cert.RootName(seed+1, 0), nil, nil)
	if withICAC {
		a.icac = a.newICAC(t)
	}
	return a
}

func (a *testAuthority) newICAC(t testing.TB) *testCertificate {
	c := a.issue(t, cert.ICACName(7, a.fabric), &a.root, nil)
	return &c
}

// issue makes a certificate for a new key. Without an issuer it signs itself.
// change is applied before it is signed.
func (a *testAuthority) issue(t testing.TB, subject cert.Name, issuer *testCertificate, change func(c *cert.Certificate)) testCertificate {
	t.Helper()
	key, err := p256.GenerateKey(a.rand)
	if err != nil {
		t.Fatal(err)
	}
	public := key.PublicKey()
	own := hash.SHA1(public[:])
	out := testCertificate{key: key}
	if issuer == nil {
		issuer = &testCertificate{&cert.Certificate{Subject: subject, PublicKey: public}, nil, key}
	}
	authority := hash.SHA1(issuer.PublicKey[:])
	serial := make([]byte, 8)
	io.ReadFull(a.rand, serial)
	serial[0] = serial[0]&0x3F | 0x40
	c := &cert.Certificate{
		Serial: serial, Issuer: issuer.Subject, Subject: subject,
		NotBefore: testNotBefore, NotAfter: testNotAfter, PublicKey: public,
	}
	if _, node := subject.Number(cert.NodeID); node {
		c.Extensions = []cert.Extension{
			{Kind: cert.BasicConstraints},
			{Kind: cert.KeyUsage, KeyUsage: cert.DigitalSignature},
			{Kind: cert.ExtendedKeyUsage, Purposes: []byte{cert.ClientAuth, cert.ServerAuth}},
		}
	} else {
		c.Extensions = []cert.Extension{
			{Kind: cert.BasicConstraints, IsCA: true},
			{Kind: cert.KeyUsage, KeyUsage: cert.KeyCertSign | cert.CRLSign},
		}
	}
	c.Extensions = append(c.Extensions,
		cert.Extension{Kind: cert.SubjectKeyID, KeyID: own[:]},
		cert.Extension{Kind: cert.AuthorityKeyID, KeyID: authority[:]})
	if change != nil {
		change(c)
	}
	if c.Signature, err = issuer.key.Sign(a.rand, c.AppendTBS(nil)); err != nil {
		t.Fatal(err)
	}
	out.tlv = c.AppendTLV(nil)
	if out.Certificate, err = cert.ParseTLV(out.tlv); err != nil {
		t.Fatal(err)
	}
	return out
}

// noc issues a NOC as the authority does: by its ICAC if it has one.
func (a *testAuthority) noc(t testing.TB, node uint64, change func(c *cert.Certificate), cats ...uint32) testCertificate {
	t.Helper()
	issuer := &a.root
	if a.icac != nil {
		issuer = a.icac
	}
	return a.issue(t, cert.NodeName(node, a.fabric, cats...), issuer, change)
}

func (a *testAuthority) config(noc testCertificate) FabricConfig {
	key := noc.key.Bytes()
	c := FabricConfig{Root: a.root.tlv, NOC: noc.tlv, EpochKeys: a.epochKeys, Key: key[:], UTC: testNow}
	if a.icac != nil {
		c.ICAC = a.icac.tlv
	}
	return c
}

// member makes a node of the fabric.
func (a *testAuthority) member(t testing.TB, node uint64, cats ...uint32) *Fabric {
	t.Helper()
	f, err := NewFabric(a.config(a.noc(t, node, nil, cats...)))
	if err != nil {
		t.Fatal(err)
	}
	f.index = 1
	return f
}

// A testHost does the work that is asked of a host.
type testHost struct {
	rand       io.Reader
	sign       *p256.PrivateKey
	keys       map[uint32]*p256.PrivateKey
	done       []WorkKind
	substitute func(w *Work, answer []byte) []byte
}

func (h *testHost) do(t testing.TB, w *Work) []byte {
	t.Helper()
	h.done = append(h.done, w.Kind)
	var answer []byte
	switch w.Kind {
	case WorkKeyPair:
		k, err := p256.GenerateKey(h.rand)
		if err != nil {
			t.Fatal(err)
		}
		if h.keys == nil {
			h.keys = map[uint32]*p256.PrivateKey{}
		}
		h.keys[w.Key] = k
		public := k.PublicKey()
		answer = public[:]
	case WorkECDH:
		x, err := h.keys[w.Key].ECDH(w.Data)
		if err != nil {
			t.Fatal(err)
		}
		delete(h.keys, w.Key)
		answer = x[:]
	case WorkSign:
		s, err := h.sign.Sign(h.rand, w.Data)
		if err != nil {
			t.Fatal(err)
		}
		answer = s[:]
	default:
		t.Fatalf("work %d in CASE", w.Kind)
	}
	if h.substitute != nil {
		answer = h.substitute(w, answer)
	}
	return answer
}

// testTables are a responder's tables without a manager.
type testTables struct {
	fabrics []*Fabric
	records []*ResumptionRecord
}

func (t *testTables) fabricList() []*Fabric { return t.fabrics }

func (t *testTables) findResumption(id [16]byte) *ResumptionRecord {
	for _, r := range t.records {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (t *testTables) spendResumption(r *ResumptionRecord) {
	for i := range t.records {
		if t.records[i] == r {
			t.records = append(t.records[:i], t.records[i+1:]...)
			r.clear() // the record is the table's to erase
			return
		}
	}
}

// copyRecords returns records that can be spent without those being touched.
func copyRecords(records []*ResumptionRecord) (out []*ResumptionRecord) {
	for _, r := range records {
		out = append(out, copyRecord(r, r.Fabric, r.Peer))
	}
	return out
}

// copyRecord returns a copy for another fabric or peer: the other side's record
// of the same session, or a forgery.
func copyRecord(r *ResumptionRecord, index FabricIndex, peer NodeID) *ResumptionRecord {
	c := *r
	c.Fabric, c.Peer = index, peer
	return &c
}

// A testSide is one end of a handshake.
type testSide struct {
	hs      handshake
	host    *testHost
	secrets *sessionSecrets
	err     error
}

func (s *testSide) ended() bool { return s.secrets != nil || s.err != nil }

// take does what a step wants and returns what there is to send. A StatusError
// is told to the peer, as a manager does.
func (s *testSide) take(t testing.TB, step handshakeStep, err error) *handshakeMessage {
	t.Helper()
	for {
		if err != nil {
			s.err = err
			if step != (handshakeStep{}) {
				t.Errorf("a step beside the error %v", err)
			}
			if report := reportOf(err); report != nil {
				return &handshakeMessage{OpcodeStatusReport, report.Append(nil)}
			}
			return nil
		}
		if step.secrets != nil {
			s.secrets = step.secrets
		}
		if step.work == nil {
			return step.send
		}
		if step.send != nil || step.secrets != nil {
			t.Error("work and something else in one step")
		}
		step, err = s.hs.answer(s.host.do(t, step.work))
	}
}

// reportOf returns what the peer is told of an error, or nil.
func reportOf(err error) *StatusReport {
	var s *StatusError
	if errors.As(err, &s) {
		return &s.Report
	}
	return nil
}

// A testRun is a handshake between two sides, and what went over the wire.
type testRun struct {
	a, b testSide
	// tap may change the n-th message; nil is lost.
	tap  func(n int, m *handshakeMessage) *handshakeMessage
	wire []handshakeMessage
}

// run lets both sides talk until none has anything to say.
func (r *testRun) run(t testing.TB) {
	t.Helper()
	step, err := r.a.hs.start()
	r.deliver(t, r.a.take(t, step, err), &r.b, &r.a)
}

func (r *testRun) deliver(t testing.TB, m *handshakeMessage, to, from *testSide) {
	t.Helper()
	for m != nil && len(r.wire) < 10 {
		m = &handshakeMessage{m.opcode, append([]byte(nil), m.payload...)}
		if r.tap != nil {
			m = r.tap(len(r.wire), m)
		}
		if m == nil {
			return
		}
		r.wire = append(r.wire, *m)
		if to.ended() {
			return
		}
		payload := append([]byte(nil), m.payload...)
		step, err := to.hs.handle(handshakeMessage{m.opcode, payload})
		clear(payload) // the payload is valid during the call only
		m = to.take(t, step, err)
		to, from = from, to
	}
}

// A testPair is two nodes of one fabric and what they run CASE with.
type testPair struct {
	authority    *testAuthority
	fa, fb       *Fabric
	keyA, keyB   *p256.PrivateKey // operational
	tables       *testTables      // of b
	delegateA    Delegate
	delegateB    Delegate
	parametersA  Parameters
	parametersB  Parameters
	utc          EpochSeconds
	record       *ResumptionRecord // of a
	seed         uint64
	substituteA  func(w *Work, answer []byte) []byte
	substituteB  func(w *Work, answer []byte) []byte
	nodeA, nodeB uint64
	sessionA     SessionID
	sessionB     SessionID
}

func newTestPair(t testing.TB, seed uint64) *testPair {
	t.Helper()
	a := newTestAuthority(t, seed, 0xFAB000000000001D, seed%2 == 1, 1+int(seed%3))
	return newPairOf(t, a, seed)
}

func newPairOf(t testing.TB, authority *testAuthority, seed uint64) *testPair {
	t.Helper()
	p := &testPair{
		authority: authority, seed: seed, utc: testNow, nodeA: 0x1000 + seed, nodeB: 0x2000 + seed,
		parametersA: DefaultParameters(), parametersB: DefaultParameters(), sessionA: 0xA001, sessionB: 0xB001,
	}
	p.parametersA.IdleIntervalMs, p.parametersB.IdleIntervalMs = 601, 602
	nocA, nocB := authority.noc(t, p.nodeA, nil, 0x00010002), authority.noc(t, p.nodeB, nil)
	var err error
	if p.fa, err = NewFabric(authority.config(nocA)); err != nil {
		t.Fatal(err)
	}
	if p.fb, err = NewFabric(authority.config(nocB)); err != nil {
		t.Fatal(err)
	}
	p.fa.index, p.fb.index = 1, 2
	p.keyA, p.keyB = nocA.key, nocB.key
	p.tables = &testTables{fabrics: []*Fabric{p.fb}}
	return p
}

// new makes a handshake between the two that has not begun.
func (p *testPair) new() *testRun {
	p.seed++
	random := newTestRand(p.seed)
	a := handshakeConfig{random, p.sessionA, p.parametersA, p.delegateA, p.utc}
	b := handshakeConfig{random, p.sessionB, p.parametersB, p.delegateB, p.utc}
	return &testRun{
		a: testSide{hs: newCASEInitiator(a, p.fa, NodeID(p.nodeB), p.record),
			host: &testHost{rand: random, sign: p.keyA, substitute: p.substituteA}},
		b: testSide{hs: newCASEResponder(b, p.tables),
			host: &testHost{rand: random, sign: p.keyB, substitute: p.substituteB}},
	}
}

// establish runs a handshake that has to succeed, and keeps its records.
func (p *testPair) establish(t testing.TB) *testRun {
	t.Helper()
	r := p.new()
	r.run(t)
	if r.a.err != nil || r.b.err != nil || r.a.secrets == nil || r.b.secrets == nil {
		t.Fatalf("no session: initiator %v, responder %v", r.a.err, r.b.err)
	}
	p.record = r.a.secrets.resumption
	p.tables.records = append(p.tables.records, r.b.secrets.resumption)
	return r
}
