package session

import (
	"bytes"
	"errors"
	"testing"

	"github.com/matter-session/matter-session/session/internal/p256"
)

// A hostedSide is a handshake and its host.
type hostedSide struct {
	*Handshake
	host *testHost
	done *Established
	err  error
	sent []Opcode
	work []WorkKind
	// spent tells whether the record was spent, and spentWith by which message.
	spent     bool
	spentWith Opcode
}

// take does what a step wants and returns what there is to send.
func (s *hostedSide) take(t testing.TB, step HandshakeStep, err error) *handshakeMessage {
	t.Helper()
	for {
		if err != nil {
			s.err = err
			if report := reportOf(err); report != nil {
				return &handshakeMessage{OpcodeStatusReport, report.Append(nil)}
			}
			return nil
		}
		if step.Established != nil {
			s.done = step.Established
		}
		if step.SpentRecord {
			s.spent, s.spentWith = true, step.Opcode
		}
		if step.Work == nil {
			break
		}
		s.work = append(s.work, step.Work.Kind)
		step, err = s.Answer(s.host.do(t, step.Work))
	}
	if !step.Send {
		return nil
	}
	s.sent = append(s.sent, step.Opcode)
	return &handshakeMessage{step.Opcode, bytes.Clone(step.Payload)}
}

// talk runs two sides until none has anything to say.
func talk(t testing.TB, a, b *hostedSide) {
	t.Helper()
	step, err := a.Start()
	m := a.take(t, step, err)
	for to, from := b, a; m != nil && to.done == nil && to.err == nil; to, from = from, to {
		payload := bytes.Clone(m.payload)
		step, err := to.Receive(m.opcode, payload)
		clear(payload) // the payload is valid during the call only
		m = to.take(t, step, err)
	}
}

// wantSession demands that both sides are established and can talk.
func wantSession(t testing.TB, a, b *hostedSide) {
	t.Helper()
	if a.err != nil || b.err != nil || a.done == nil || b.done == nil {
		t.Fatalf("no session: %v, %v", a.err, b.err)
	}
	ca, cb := &testChannel{Channel: a.done.Channel}, &testChannel{Channel: b.done.Channel}
	for _, way := range [][2]*testChannel{{ca, cb}, {cb, ca}} {
		counter, err := way[0].NextCounter()
		if err != nil {
			t.Fatal(err)
		}
		if text, err := way[1].open(way[0].mustSeal(t, counter, "hello")); err != nil || string(text[minHeaderSize:]) != "hello" {
			t.Errorf("%q, %v", text, err)
		}
	}
	if ca.AttestationChallenge() != cb.AttestationChallenge() {
		t.Error("the attestation challenges differ")
	}
}

func hostedPASE(t testing.TB, passcode uint32, v *PASEVerifier, p Parameters) (a, b *hostedSide) {
	t.Helper()
	i, err := NewPASEInitiator(HandshakeConfig{Rand: newTestRand(1), SessionID: 0x1111, Parameters: p}, passcode)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewPASEResponder(HandshakeConfig{Rand: newTestRand(2), SessionID: 0x2222, Parameters: p}, v)
	if err != nil {
		t.Fatal(err)
	}
	return &hostedSide{Handshake: i}, &hostedSide{Handshake: r}
}

func TestHostedPASE(t *testing.T) {
	stated := Parameters{IdleIntervalMs: 1234, ActiveThresholdMs: 0, HasActiveThreshold: true}
	a, b := hostedPASE(t, testPasscode, testVerifier(t), stated)
	talk(t, a, b)
	wantSession(t, a, b)
	if a.done.PeerSessionID != 0x2222 || b.done.PeerSessionID != 0x1111 || a.done.PeerParameters != stated || b.done.PeerParameters != stated {
		t.Errorf("%+v and %+v", a.done, b.done)
	}
	if a.done.Record != nil || a.done.PeerNode != 0 || a.done.Resumed {
		t.Error("PASE has neither a node nor resumption")
	}
	for _, s := range []*hostedSide{a, b} {
		if _, err := s.Receive(OpcodeStatusReport, make([]byte, 8)); !errors.Is(err, ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	}
}

// Parameters that nobody stated are in no message.
func TestHostedPASEWithoutParameters(t *testing.T) {
	a, b := hostedPASE(t, testPasscode, testVerifier(t), Parameters{})
	step, err := a.Start()
	if err != nil {
		t.Fatal(err)
	}
	request, err := parsePBKDFParamRequest(step.Payload)
	if err != nil || request.parameters != nil {
		t.Errorf("the request states %+v, %v", request.parameters, err)
	}
	step, err = b.Receive(step.Opcode, step.Payload)
	if err != nil {
		t.Fatal(err)
	}
	response, err := parsePBKDFParamResponse(step.Payload)
	if err != nil || response.parameters != nil {
		t.Errorf("the response states %+v, %v", response.parameters, err)
	}
	a, b = hostedPASE(t, testPasscode, testVerifier(t), Parameters{})
	talk(t, a, b)
	wantSession(t, a, b)
	if a.done.PeerParameters != (Parameters{}) {
		t.Errorf("the peer stated %+v", a.done.PeerParameters)
	}
}

func TestHostedPASEWrongPasscode(t *testing.T) {
	a, b := hostedPASE(t, testPasscode+1, testVerifier(t), Parameters{})
	talk(t, a, b)
	var peer *PeerStatusError
	if !errors.Is(a.err, ErrWrongPasscode) || !errors.As(b.err, &peer) || peer.Report.Code != StatusInvalidParameter {
		t.Errorf("%v and %v", a.err, b.err)
	}
	if a.done != nil || b.done != nil {
		t.Error("a session came of it")
	}
}

// A verifier without parameters answers who has them, and whom has not gets none.
func TestBarePASEVerifier(t *testing.T) {
	v := testVerifier(t)
	bare, err := ParseBarePASEVerifier(v.Octets())
	if err != nil {
		t.Fatal(err)
	}
	a, b := hostedPASE(t, testPasscode, bare, Parameters{})
	talk(t, a, b)
	if !errors.Is(a.err, errNoPBKDFParameters) {
		t.Errorf("an initiator that asked: %v", a.err)
	}
	if !bytes.Equal(bare.Octets(), v.Octets()) {
		t.Error("another verifier")
	}
	stretched, err := StretchedPASEVerifier((*[StretchedSize]byte)(stretch(testPasscode, &pbkdfParameters{v.Iterations, v.Salt})))
	if err != nil || !bytes.Equal(stretched.Octets(), v.Octets()) {
		t.Errorf("of the stretched passcode: %v", err)
	}
	if _, err := StretchedPASEVerifier(new([StretchedSize]byte)); !errors.Is(err, errVerifier) {
		t.Errorf("of zeros: %v", err)
	}
	if _, err := ParseBarePASEVerifier(v.Octets()[1:]); !errors.Is(err, errVerifier) {
		t.Errorf("96 octets: %v", err)
	}
}

// hosted makes the two sides of a CASE between the nodes of a pair. The fabrics
// are as a host has them: with or without a key.
func (p *testPair) hosted(t testing.TB, recordA, recordB *ResumptionRecord, delegate Delegate) (a, b *hostedSide) {
	t.Helper()
	fa, fb := hostedFabric(t, p.fa, delegate), hostedFabric(t, p.fb, delegate)
	config := HandshakeConfig{SessionID: 0xA001, Parameters: p.parametersA, Delegate: delegate, UTC: p.utc, Rand: newTestRand(p.seed + 1)}
	i, err := NewCASEInitiator(config, fa, NodeID(p.nodeB), recordA)
	if err != nil {
		t.Fatal(err)
	}
	config.SessionID, config.Parameters, config.Rand = 0xB001, p.parametersB, newTestRand(p.seed+2)
	r, err := NewCASEResponder(config, fb, recordB)
	if err != nil {
		t.Fatal(err)
	}
	return &hostedSide{Handshake: i, host: &testHost{rand: newTestRand(5), sign: p.keyA}},
		&hostedSide{Handshake: r, host: &testHost{rand: newTestRand(6), sign: p.keyB}}
}

func hostedFabric(t testing.TB, f *Fabric, delegate Delegate) *Fabric {
	t.Helper()
	c := HostedFabric{Root: f.rcac, NOC: f.noc, ICAC: f.icac}
	for _, k := range f.ipks {
		c.IPKs = append(c.IPKs, k)
	}
	if delegate&DelegateSign == 0 {
		k := f.key.Bytes()
		c.Key = k[:]
	}
	out, err := NewHostedFabric(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// recordOf is what a host makes of the record it has kept.
func recordOf(t testing.TB, f *Fabric, r *ResumptionRecord) *ResumptionRecord {
	t.Helper()
	secret := r.Secret()
	out, err := NewResumptionRecord(f, r.ID, &secret, r.Peer, r.PeerCATs, r.Parameters)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestHostedCASE(t *testing.T) {
	for _, delegate := range []Delegate{0, DelegateSign, DelegateECDH, DelegateSign | DelegateECDH} {
		for seed := range uint64(3) {
			p := newTestPair(t, seed)
			a, b := p.hosted(t, nil, nil, delegate)
			talk(t, a, b)
			wantSession(t, a, b)
			if a.done.PeerNode != NodeID(p.nodeB) || b.done.PeerNode != NodeID(p.nodeA) {
				t.Errorf("the nodes are %#x and %#x", a.done.PeerNode, b.done.PeerNode)
			}
			if len(b.done.PeerCATs) != 1 || b.done.PeerCATs[0] != 0x00010002 || len(a.done.PeerCATs) != 0 {
				t.Errorf("the tags are %x and %x", a.done.PeerCATs, b.done.PeerCATs)
			}
			if a.done.PeerParameters != p.parametersB || b.done.PeerParameters != p.parametersA || a.done.Resumed {
				t.Errorf("%+v", a.done)
			}
			if a.done.Record.ID != b.done.Record.ID || a.done.Record.Secret() != b.done.Record.Secret() {
				t.Error("the records differ")
			}
			want := 0
			for _, d := range []struct {
				of   Delegate
				work int
			}{{DelegateSign, 1}, {DelegateECDH, 2}} {
				if delegate&d.of != 0 {
					want += d.work
				}
			}
			if len(a.work) != want || len(b.work) != want {
				t.Errorf("delegate %d: work %v and %v", delegate, a.work, b.work)
			}
		}
	}
}

// The other side may have a manager: the messages are the same.
func TestHostedCASEWithManaged(t *testing.T) {
	p := newTestPair(t, 4)
	a, _ := p.hosted(t, nil, nil, 0)
	managed := p.new()
	step, err := a.Start()
	m := a.take(t, step, err)
	for m != nil && a.done == nil {
		step, err := managed.b.hs.handle(*m)
		if m = managed.b.take(t, step, err); m == nil {
			break
		}
		next, err := a.Receive(m.opcode, m.payload)
		m = a.take(t, next, err)
	}
	if a.err != nil || a.done == nil || managed.b.secrets == nil {
		t.Fatalf("no session: %v, %v", a.err, managed.b.err)
	}
}

func TestHostedResumption(t *testing.T) {
	p := newTestPair(t, 2)
	a, b := p.hosted(t, nil, nil, DelegateSign)
	talk(t, a, b)
	wantSession(t, a, b)
	first := b.done.Record
	a, b = p.hosted(t, recordOf(t, p.bare(p.fa), a.done.Record), recordOf(t, p.bare(p.fb), first), DelegateSign)
	talk(t, a, b)
	wantSession(t, a, b)
	if !a.done.Resumed || !b.done.Resumed || a.done.PeerNode != NodeID(p.nodeB) || b.done.PeerNode != NodeID(p.nodeA) {
		t.Errorf("%+v", a.done)
	}
	if len(b.done.PeerCATs) != 1 || b.done.PeerCATs[0] != 0x00010002 {
		t.Errorf("tags %x", b.done.PeerCATs)
	}
	if !b.spent || b.spentWith != OpcodeCASESigma2Resume || a.spent {
		t.Error("the record is to be forgotten when Sigma2Resume goes out")
	}
	if b.done.Record.ID == first.ID || b.done.Record.ID != a.done.Record.ID {
		t.Error("the next record's ID is wrong")
	}
	if len(a.work)+len(b.work) != 0 {
		t.Error("work was asked for")
	}
}

// bare is f without its index, as a host has it.
func (p *testPair) bare(f *Fabric) *Fabric {
	c := *f
	c.index = 0
	return &c
}

// A record that the responder has lost, or of another secret, leads to a full
// CASE, and is not spent.
func TestHostedResumptionFallsBack(t *testing.T) {
	p := newTestPair(t, 2)
	a, b := p.hosted(t, nil, nil, 0)
	talk(t, a, b)
	recordA, recordB := recordOf(t, p.bare(p.fa), a.done.Record), recordOf(t, p.bare(p.fb), b.done.Record)
	wrong, other := *recordB, *recordB
	wrong.secret[0] ^= 1
	other.ID[0] ^= 1
	for name, record := range map[string]*ResumptionRecord{"lost": nil, "another secret": &wrong, "another ID": &other} {
		a, b := p.hosted(t, recordA, record, 0)
		talk(t, a, b)
		wantSession(t, a, b)
		if a.done.Resumed || b.done.Resumed || b.spent {
			t.Errorf("%s: resumed", name)
		}
	}
}

func TestHostedCASEWithTheWrongFabric(t *testing.T) {
	p, other := newTestPair(t, 1), newTestPair(t, 3)
	a, _ := p.hosted(t, nil, nil, 0)
	_, b := other.hosted(t, nil, nil, 0)
	talk(t, a, b)
	var peer *PeerStatusError
	if !errors.Is(b.err, errNoSharedRoot) || !errors.As(a.err, &peer) || peer.Report.Code != StatusNoSharedTrustRoots {
		t.Errorf("%v and %v", a.err, b.err)
	}
}

func TestSigma1TellsItsHostWhatToLookUp(t *testing.T) {
	p := newTestPair(t, 2)
	a, b := p.hosted(t, nil, nil, 0)
	talk(t, a, b)
	record := recordOf(t, p.bare(p.fa), a.done.Record)
	a, _ = p.hosted(t, record, nil, 0)
	step, err := a.Start()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ParseSigma1(step.Payload)
	if err != nil || s.SessionID != 0xA001 || s.Parameters != p.parametersA || !s.Resumes || s.ResumptionID != record.ID {
		t.Errorf("%+v, %v", s, err)
	}
	found := false
	for _, id := range p.fb.DestinationIDs(&s.Random, NodeID(p.nodeB)) {
		found = found || id == s.DestinationID
	}
	if !found {
		t.Error("the destination ID names no fabric")
	}
	for n := range step.Payload {
		if _, err := ParseSigma1(step.Payload[:n]); !errors.Is(err, ErrInvalid) || reportOf(err) == nil {
			t.Errorf("%d octets: %v", n, err)
		}
	}
}

func TestHostThatFailsEndsTheHandshake(t *testing.T) {
	p := newTestPair(t, 1)
	a, b := p.hosted(t, nil, nil, DelegateECDH)
	step, err := a.Start()
	if err != nil || step.Work == nil {
		t.Fatalf("%+v, %v", step, err)
	}
	// The peer knows of nothing yet.
	if err := a.Fail(); !errors.Is(err, ErrHost) || reportOf(err) != nil {
		t.Errorf("before the first message: %v", err)
	}
	a, _ = p.hosted(t, nil, nil, 0)
	step, err = a.Start()
	if err != nil {
		t.Fatal(err)
	}
	if step, err = b.Receive(step.Opcode, step.Payload); err != nil || step.Work == nil {
		t.Fatalf("%+v, %v", step, err)
	}
	if err := b.Fail(); !errors.Is(err, ErrHost) || reportOf(err) == nil || reportOf(err).Code != StatusGeneralFailure {
		t.Errorf("after Sigma1: %v", err)
	}
	if _, err := b.Answer(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
	a.Close()
	if _, err := a.Receive(OpcodeCASESigma2, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestHostedArgumentsAreChecked(t *testing.T) {
	p := newTestPair(t, 1)
	fa := hostedFabric(t, p.fa, 0)
	record := &ResumptionRecord{Peer: 5}
	good := HandshakeConfig{Rand: newTestRand(1), SessionID: 1}
	none, noRand := HandshakeConfig{Rand: good.Rand}, HandshakeConfig{SessionID: 1}
	for name, err := range map[string]error{
		"session ID 0, PASE initiator": second(NewPASEInitiator(none, testPasscode)),
		"session ID 0, PASE responder": second(NewPASEResponder(none, testVerifier(t))),
		"session ID 0, CASE initiator": second(NewCASEInitiator(none, fa, 1, nil)),
		"session ID 0, CASE responder": second(NewCASEResponder(none, fa, nil)),
		"no randomness":                second(NewPASEInitiator(noRand, testPasscode)),
		"no verifier":                  second(NewPASEResponder(good, nil)),
		"no fabric to initiate in":     second(NewCASEInitiator(good, nil, 1, nil)),
		"no fabric to respond in":      second(NewCASEResponder(good, nil, nil)),
		"no passcode":                  second(NewPASEInitiator(good, 0)),
		"no node":                      second(NewCASEInitiator(good, fa, 0, nil)),
		"a foreign record":             second(NewCASEInitiator(good, fa, 5, record)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := NewResumptionRecord(fa, [16]byte{}, new([32]byte), 0, nil, Parameters{}); err == nil {
		t.Error("a record of no node")
	}
	key, err := p256.GenerateKey(newTestRand(9))
	if err != nil {
		t.Fatal(err)
	}
	otherKey := key.Bytes()
	base := HostedFabric{Root: p.fa.rcac, NOC: p.fa.noc, ICAC: p.fa.icac, IPKs: [][16]byte{{1}}}
	for name, change := range map[string]func(c *HostedFabric){
		"no IPK":                     func(c *HostedFabric) { c.IPKs = nil },
		"four IPKs":                  func(c *HostedFabric) { c.IPKs = make([][16]byte, 4) },
		"no root":                    func(c *HostedFabric) { c.Root = nil },
		"no NOC":                     func(c *HostedFabric) { c.NOC = nil },
		"a root as NOC":              func(c *HostedFabric) { c.NOC = c.Root },
		"a key that is none":         func(c *HostedFabric) { c.Key = make([]byte, 32) },
		"a key of another operation": func(c *HostedFabric) { c.Key = otherKey[:] },
	} {
		c := base
		change(&c)
		if _, err := NewHostedFabric(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := NewHostedFabric(base); err != nil {
		t.Errorf("without all that: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// A session that cannot get a counter is told to the peer as our failure.
func TestHostedSessionWithoutRandomness(t *testing.T) {
	p := newTestPair(t, 1)
	a, b := p.hosted(t, nil, nil, 0)
	b.channel.Rand = bytes.NewReader(nil)
	talk(t, a, b)
	if b.err == nil || reportOf(b.err) == nil || reportOf(b.err).Code != StatusGeneralFailure {
		t.Errorf("%v", b.err)
	}
}
