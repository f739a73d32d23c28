package session

import (
	"errors"
	"testing"
)

func TestCASERejectsHalfAResumption(t *testing.T) {
	p := newTestPair(t, 19)
	p.establish(t)
	for _, drop := range []uint8{6, 7} {
		r := p.new()
		r.tap = func(n int, m *handshakeMessage) *handshakeMessage {
			if n == 0 {
				for _, cut := range caseMembers(t, m.payload) {
					if cut.tag == drop {
						m.payload = cut.without
					}
				}
			}
			return m
		}
		r.run(t)
		wantRefusal(t, &r.b, &r.a, reportInvalid)
		if !errors.Is(r.b.err, errHalfResumption) || len(p.tables.records) != 1 {
			t.Errorf("without member %d: got %v", drop, r.b.err)
		}
	}
}

func TestCASERejectsSigma2ResumeThatWasNotAskedFor(t *testing.T) {
	p := newTestPair(t, 20)
	r := p.new()
	r.tap = func(n int, m *handshakeMessage) *handshakeMessage {
		if n == 1 {
			s := sigma2Resume{sessionID: 5}
			return &handshakeMessage{OpcodeCASESigma2Resume, s.append(nil)}
		}
		return m
	}
	r.run(t)
	wantRefusal(t, &r.a, &r.b, reportInvalid)
	if !errors.Is(r.a.err, errResumeUnasked) {
		t.Errorf("got %v", r.a.err)
	}
}

func TestCASERejectsAWrongSigma2ResumeMIC(t *testing.T) {
	p := newTestPair(t, 21)
	p.establish(t)
	for name, change := range map[string]func(m *sigma2Resume){
		"MIC": func(m *sigma2Resume) { m.mic[15] ^= 1 },
		"ID":  func(m *sigma2Resume) { m.id[0] ^= 1 },
	} {
		theirs := copyRecord(p.record, p.fb.index, p.fa.node)
		theirs.local = p.fb.node
		p.tables.records = []*ResumptionRecord{theirs}
		r := alterSigma2Resume(t, p, change)
		wantRefusal(t, &r.a, &r.b, reportInvalid)
		if !errors.Is(r.a.err, errResumeMIC) {
			t.Errorf("%s: got %v", name, r.a.err)
		}
	}
}

// A Sigma1 that asked to resume is recorded and sent again: its ID has served,
// so that no second session with the same keys can come of it.
func TestCASERejectsAReplayedResumptionID(t *testing.T) {
	p := newTestPair(t, 22)
	p.establish(t)
	p.tables.records = p.tables.records[:1]
	r := p.new()
	var replay handshakeMessage
	r.tap = func(n int, m *handshakeMessage) *handshakeMessage {
		if n == 0 {
			replay = handshakeMessage{m.opcode, append([]byte(nil), m.payload...)}
		}
		return m
	}
	r.run(t)
	if !r.b.secrets.resumed {
		t.Fatal("not resumed")
	}
	p.tables.records = append(p.tables.records, r.b.secrets.resumption)
	again := p.new()
	step, err := again.b.hs.handle(replay)
	if err != nil || step.send == nil || step.send.opcode != OpcodeCASESigma2 || step.secrets != nil {
		t.Errorf("got %+v, %v, want a Sigma2 in full", step, err)
	}
	// The ID is spent as soon as the MIC held: before any session came of it.
	p.record = r.a.secrets.resumption
	lost := p.new()
	lost.tap = func(n int, m *handshakeMessage) *handshakeMessage {
		if n == 0 {
			replay = handshakeMessage{m.opcode, append([]byte(nil), m.payload...)}
			return m
		}
		return nil
	}
	lost.run(t)
	step, err = p.new().b.hs.handle(replay)
	if err != nil || step.send.opcode != OpcodeCASESigma2 {
		t.Errorf("after a lost Sigma2Resume: got %+v, %v", step, err)
	}
}

// A record of one fabric resumes nothing in another, although its ID and MIC
// are right; it is not spent by the attempt.
func TestCASERejectsResumptionAcrossFabrics(t *testing.T) {
	p := newTestPair(t, 23)
	p.establish(t)
	q := newPairOf(t, newTestAuthority(t, 24, 9, false, 1), 23) // the same node IDs
	q.fa.index, q.fb.index = 7, 8
	mine := p.tables.records[0]
	q.tables.records = []*ResumptionRecord{mine}

	// The initiator does not even offer it.
	q.record = p.record
	r := q.new()
	r.run(t)
	if !errors.Is(r.a.err, errRecordMismatch) || len(r.wire) != 0 || reportOf(r.a.err) != nil {
		t.Errorf("the initiator: got %v", r.a.err)
	}
	wantDead(t, r.a.hs)

	// One that does is answered in full.
	for name, index := range map[string]FabricIndex{"another index": p.fb.index, "the index given anew": q.fb.index} {
		mine.Fabric = index
		forged := copyRecord(p.record, q.fa.index, q.fb.node)
		forged.compressed, forged.local = q.fa.compressed, q.fa.node
		q.record = forged
		r = q.new()
		r.run(t)
		if r.b.secrets == nil || r.b.secrets.resumed || len(q.tables.records) != 1 {
			t.Errorf("%s: %v, %v", name, r.a.err, r.b.err)
		}
	}
}

// Twice in one fabric as two nodes: a record of the one is not for the other.
func TestCASERejectsResumptionAsAnotherNodeOfTheFabric(t *testing.T) {
	for name, other := range map[string]func(r *ResumptionRecord){
		"index":     func(r *ResumptionRecord) { r.Fabric++ },
		"this node": func(r *ResumptionRecord) { r.local++ },
	} {
		p := newTestPair(t, 24)
		p.establish(t)
		other(p.tables.records[0])
		r := p.new()
		r.run(t)
		if r.b.secrets == nil || r.b.secrets.resumed || len(p.tables.records) != 1 {
			t.Errorf("%s: the responder: %v, %v", name, r.a.err, r.b.err)
		}
		other(p.record)
		r = p.new()
		r.run(t)
		if !errors.Is(r.a.err, errRecordMismatch) {
			t.Errorf("%s: the initiator: got %v", name, r.a.err)
		}
	}
}

func TestCASERejectsARecordOfAnotherNode(t *testing.T) {
	p := newTestPair(t, 25)
	p.establish(t)
	p.record = copyRecord(p.record, p.fa.index, p.fb.node+1)
	r := p.new()
	r.run(t)
	if !errors.Is(r.a.err, errRecordMismatch) {
		t.Errorf("got %v", r.a.err)
	}
}
