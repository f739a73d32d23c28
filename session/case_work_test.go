package session

import (
	"errors"
	"io"
	"testing"

	"github.com/matter-session/matter-session/session/internal/p256"
)

// What the host answers is checked as far as it can be; the peer is told that
// it is not to blame, if there is a peer yet.
func TestCASERejectsTheHostsWrongAnswers(t *testing.T) {
	own := StatusReport{General: GeneralFailure, Code: StatusGeneralFailure}
	for _, kind := range []WorkKind{WorkKeyPair, WorkECDH, WorkSign} {
		for name, wrong := range map[string]func(b []byte) []byte{
			"short": func(b []byte) []byte { return b[1:] },
			"long":  func(b []byte) []byte { return append(b, 0) },
			"none":  func(b []byte) []byte { return nil },
		} {
			spoil := func(w *Work, answer []byte) []byte {
				if w.Kind == kind {
					return wrong(answer)
				}
				return answer
			}
			p := newTestPair(t, 29)
			p.delegateA, p.substituteA = DelegateSign|DelegateECDH, spoil
			r := p.new()
			r.run(t)
			if kind == WorkKeyPair {
				if !errors.Is(r.a.err, errHostAnswer) || reportOf(r.a.err) != nil {
					t.Errorf("initiator, work %d %s: got %v", kind, name, r.a.err)
				}
			} else {
				wantRefusal(t, &r.a, &r.b, own)
			}
			wantDead(t, r.a.hs)

			p = newTestPair(t, 29)
			p.delegateB, p.substituteB = DelegateSign|DelegateECDH, spoil
			r = p.new()
			r.run(t)
			wantRefusal(t, &r.b, &r.a, own)
		}
	}
	// A public key that is no point, and a secret that is not the one.
	p := newTestPair(t, 29)
	p.delegateB = DelegateECDH
	p.substituteB = func(w *Work, answer []byte) []byte {
		if w.Kind == WorkKeyPair {
			answer[64] ^= 1
		}
		return answer
	}
	r := p.new()
	r.run(t)
	wantRefusal(t, &r.b, &r.a, own)
	p.substituteB = func(w *Work, answer []byte) []byte {
		if w.Kind == WorkECDH {
			answer[0] ^= 1
		}
		return answer
	}
	r = p.new()
	r.run(t)
	wantRefusal(t, &r.a, &r.b, reportInvalid)
}

// waiting returns a responder that waits for its host.
func waiting(t *testing.T) (handshake, *Work) {
	t.Helper()
	p := newTestPair(t, 30)
	p.delegateB = DelegateECDH
	r := p.new()
	step, err := r.a.hs.start()
	if err != nil {
		t.Fatal(err)
	}
	step, err = r.b.hs.handle(*step.send)
	if err != nil || step.work == nil || step.work.Kind != WorkKeyPair || step.work.Key != uint32(p.sessionB) {
		t.Fatalf("got %+v, %v", step, err)
	}
	return r.b.hs, step.work
}

func TestCASEMessageWhileTheHostWorks(t *testing.T) {
	h, _ := waiting(t)
	_, err := h.handle(handshakeMessage{opcode: OpcodeCASESigma3})
	if report := reportOf(err); !errors.Is(err, ErrUnexpected) || report == nil || report.Code != StatusInvalidParameter {
		t.Errorf("Sigma3: got %v", err)
	}
	wantDead(t, h)

	h, _ = waiting(t)
	_, err = h.handle(handshakeMessage{OpcodeStatusReport, reportInvalid.Append(nil)})
	var told *PeerStatusError
	if !errors.As(err, &told) {
		t.Errorf("the peer gave up: got %v", err)
	}
	wantDead(t, h)
}

func TestCASEAnswerThatWasNotAskedFor(t *testing.T) {
	p := newTestPair(t, 31)
	r := p.new()
	if _, err := r.a.hs.start(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.a.hs.answer(make([]byte, 65)); !errors.Is(err, ErrUnexpected) {
		t.Errorf("got %v", err)
	}
	wantDead(t, r.a.hs)
}

func TestCASEStartIsForInitiatorsAndOnce(t *testing.T) {
	p := newTestPair(t, 32)
	r := p.new()
	if _, err := r.b.hs.start(); !errors.Is(err, ErrUnexpected) {
		t.Errorf("a responder's start: got %v", err)
	}
	wantDead(t, r.b.hs)
	if _, err := r.a.hs.start(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.a.hs.start(); err == nil {
		t.Error("started twice")
	}
}

func TestCASECloseErases(t *testing.T) {
	h, _ := waiting(t)
	h.close()
	wantDead(t, h)

	p := newTestPair(t, 33)
	p.establish(t)
	r := p.new()
	if _, err := r.a.hs.start(); err != nil {
		t.Fatal(err)
	}
	ephemeral := caseRunOf(r.a.hs).ephemeral
	r.a.hs.close()
	wantDead(t, r.a.hs)
	if _, err := ephemeral.ECDH(p.fb.rootPublicKey[:]); err != p256.ErrScalar {
		t.Errorf("the ephemeral key still works: %v", err)
	}
	r.a.hs.close() // once more does nothing
}

// An ephemeral key has done its work when there is a shared secret.
func TestCASEErasesTheEphemeralKeyEarly(t *testing.T) {
	p := newTestPair(t, 33)
	r := p.new()
	var ephemeral *p256.PrivateKey
	r.tap = func(n int, m *handshakeMessage) *handshakeMessage {
		switch n {
		case 1:
			ephemeral = caseRunOf(r.a.hs).ephemeral
		case 2:
			if _, err := ephemeral.ECDH(p.fb.rootPublicKey[:]); err != p256.ErrScalar {
				t.Errorf("the initiator's still works: %v", err)
			}
			if caseRunOf(r.b.hs).ephemeral != nil {
				t.Error("the responder still has its own")
			}
		}
		return m
	}
	r.run(t)
	if r.a.secrets == nil {
		t.Error(r.a.err)
	}
}

// limitedReader gives n octets and then an error.
type limitedReader struct {
	r io.Reader
	n int
}

var errNoEntropy = errors.New("no entropy")

func (l *limitedReader) Read(b []byte) (int, error) {
	if l.n < len(b) {
		return 0, errNoEntropy
	}
	l.n -= len(b)
	return l.r.Read(b)
}

// A random source that runs dry at any point ends the handshake with its error.
func TestCASEWithoutRandomness(t *testing.T) {
	for _, resume := range []bool{false, true} {
		p := newTestPair(t, 34)
		if resume {
			p.establish(t)
		}
		record, records := p.record, p.tables.records
		for _, ofInitiator := range []bool{true, false} {
			failures := 0
			for n := 0; ; n += 16 {
				p.record, p.tables.records = record, copyRecords(records)
				r := p.new()
				side := &r.b
				if ofInitiator {
					side = &r.a
				}
				run := caseRunOf(side.hs)
				run.rand = &limitedReader{run.rand, n}
				r.run(t)
				if side.err == nil {
					break
				}
				failures++
				if !errors.Is(side.err, errNoEntropy) {
					t.Fatalf("%d octets: got %v", n, side.err)
				}
				if report := reportOf(side.err); report != nil && report.Code != StatusGeneralFailure {
					t.Errorf("%d octets: told the peer %+v", n, report)
				}
				wantDead(t, side.hs)
			}
			if failures == 0 {
				t.Error("no randomness was wanted")
			}
		}
	}
}

// A fabric that was removed while its handshake ran.
func TestCASEWithAnErasedFabric(t *testing.T) {
	p := newTestPair(t, 35)
	r := p.new()
	p.fa.clear()
	r.run(t)
	if !errors.Is(r.a.err, ErrClosed) {
		t.Errorf("the initiator's: got %v", r.a.err)
	}
	p = newTestPair(t, 35)
	r = p.new()
	r.tap = func(n int, m *handshakeMessage) *handshakeMessage {
		if n == 1 {
			p.fa.clear()
		}
		return m
	}
	r.run(t)
	if r.a.secrets != nil || r.b.secrets != nil || !errors.Is(r.a.err, p256.ErrScalar) {
		t.Errorf("got %v, %v", r.a.err, r.b.err)
	}
}
