package session

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/matter-session/matter-session/session/internal/hash"
)

// paseConfig makes the configuration of one side. Its randomness is seeded.
func paseConfig(seed uint64, id SessionID) handshakeConfig {
	return handshakeConfig{
		rand: randReader{rand.New(rand.NewPCG(seed, 0x70617365))}, sessionID: id, parameters: DefaultParameters(),
	}
}

// A paseTalk drives two handshakes against each other, without a network.
type paseTalk struct {
	t              testing.TB
	a, b           handshake // initiator and responder
	aDone, bDone   *sessionSecrets
	aErr, bErr     error
	sent           []handshakeMessage                    // in order, as they were sent
	change         func(n int, m *handshakeMessage)      // what a network can do to the nth message
	host           func(t testing.TB, work *Work) []byte // does the initiator's work
	afterEachInput func(n int, payload []byte)           // sees what handle was given, when it has returned
}

// talk runs until nobody has anything to say, or one side fails.
func (p *paseTalk) talk() {
	p.t.Helper()
	step, err := p.a.start()
	fromA := true
	for {
		if err != nil {
			if fromA {
				p.aErr = err
			} else {
				p.bErr = err
			}
			return
		}
		if step.work != nil {
			if !fromA {
				p.t.Fatal("the responder asks for work")
			}
			step, err = p.a.answer(p.host(p.t, step.work))
			continue
		}
		if step.secrets != nil {
			if fromA {
				p.aDone = step.secrets
			} else {
				p.bDone = step.secrets
			}
		}
		if step.send == nil {
			return
		}
		m := handshakeMessage{step.send.opcode, bytes.Clone(step.send.payload)}
		p.sent = append(p.sent, m)
		if p.change != nil {
			p.change(len(p.sent)-1, &m)
		}
		n := len(p.sent) - 1
		to := p.a
		if fromA {
			to = p.b
		}
		step, err = to.handle(m)
		fromA = !fromA
		if p.afterEachInput != nil {
			p.afterEachInput(n, m.payload)
		}
	}
}

// newPASETalk returns both sides with testPasscode and different session IDs.
func newPASETalk(t testing.TB) *paseTalk {
	return &paseTalk{
		t: t,
		a: newPASEInitiator(paseConfig(1, 0x1111), testPasscode),
		b: newPASEResponder(paseConfig(2, 0x2222), testVerifier(t)),
	}
}

func (p *paseTalk) wantEstablished() {
	p.t.Helper()
	if p.aErr != nil || p.bErr != nil || p.aDone == nil || p.bDone == nil {
		p.t.Fatalf("not established: %v, %v", p.aErr, p.bErr)
	}
	if p.aDone.keys != p.bDone.keys || p.aDone.keys == (sessionKeys{}) {
		p.t.Error("the keys differ")
	}
	if !p.aDone.initiator || p.bDone.initiator {
		p.t.Error("the roles are wrong")
	}
}

func TestPASEBothRoles(t *testing.T) {
	p := newPASETalk(t)
	p.talk()
	p.wantEstablished()
	if p.aDone.peerSessionID != 0x2222 || p.bDone.peerSessionID != 0x1111 {
		t.Errorf("session IDs: %#x, %#x", p.aDone.peerSessionID, p.bDone.peerSessionID)
	}
	if want := DefaultParameters(); p.aDone.peerParameters != want || p.bDone.peerParameters != want {
		t.Errorf("parameters: %+v, %+v", p.aDone.peerParameters, p.bDone.peerParameters)
	}
	if p.aDone.fabric != nil || p.bDone.fabric != nil || p.aDone.resumption != nil || p.aDone.resumed {
		t.Error("PASE has neither a fabric nor resumption")
	}
	var opcodes []Opcode
	for _, m := range p.sent {
		opcodes = append(opcodes, m.opcode)
	}
	want := []Opcode{0x20, 0x21, 0x22, 0x23, 0x24, 0x40}
	if len(opcodes) != len(want) {
		t.Fatalf("opcodes: got %x, want %x", opcodes, want)
	}
	for i := range want {
		if opcodes[i] != want[i] {
			t.Errorf("opcodes: got %x, want %x", opcodes, want)
		}
	}
	if got := p.sent[5].payload; !bytes.Equal(got, make([]byte, 8)) {
		t.Errorf("the last message: got %x, want eight zeros", got)
	}
	// Nothing goes on after the end.
	for name, h := range map[string]handshake{"initiator": p.a, "responder": p.b} {
		for _, m := range p.sent {
			if _, err := h.handle(m); !errors.Is(err, ErrClosed) {
				t.Errorf("%s after its end: got %v, want ErrClosed", name, err)
			}
		}
		if _, err := h.answer(nil); !errors.Is(err, ErrClosed) {
			t.Errorf("%s, answer after its end: got %v, want ErrClosed", name, err)
		}
	}
}

// The whole run with the randomness in hand: every octet on the wire follows
// from it, and two runs with the same randomness are the same run.
func TestPASEIsAFunctionOfItsRandomness(t *testing.T) {
	one, two := newPASETalk(t), newPASETalk(t)
	one.talk()
	two.talk()
	for i := range one.sent {
		if !bytes.Equal(one.sent[i].payload, two.sent[i].payload) {
			t.Errorf("message %d differs", i)
		}
	}
	// The initiator reads its random number, then x; the responder its random number, then y.
	scripted := func(octet byte) io.Reader {
		return bytes.NewReader(append(bytes.Repeat([]byte{octet}, 32), bytes.Repeat([]byte{octet + 1}, 32)...))
	}
	ca, cb := paseConfig(0, 1), paseConfig(0, 2)
	ca.rand, cb.rand = scripted(0x10), scripted(0x20)
	p := &paseTalk{t: t, a: newPASEInitiator(ca, testPasscode), b: newPASEResponder(cb, testVerifier(t))}
	p.talk()
	p.wantEstablished()
	request, err := parsePBKDFParamRequest(p.sent[0].payload)
	if err != nil || request.random != [32]byte(bytes.Repeat([]byte{0x10}, 32)) {
		t.Errorf("request: %+v, %v", request, err)
	}
	response, err := parsePBKDFParamResponse(p.sent[1].payload)
	if err != nil || response.random != [32]byte(bytes.Repeat([]byte{0x20}, 32)) {
		t.Errorf("response: %+v, %v", response, err)
	}
}

func TestField_F06_WrongPasscodeIsToldToTheDevice(t *testing.T) {
	p := newPASETalk(t)
	p.a = newPASEInitiator(paseConfig(1, 0x1111), testPasscode+1)
	p.talk()
	var status *StatusError
	if !errors.Is(p.aErr, ErrWrongPasscode) || !errors.As(p.aErr, &status) {
		t.Fatalf("got %v, want ErrWrongPasscode in a StatusError", p.aErr)
	}
	octets := status.Report.Append(nil)
	if got := hex.EncodeToString(octets); got != "0100000000000200" {
		t.Errorf("the device is told %s, want 0100000000000200", got)
	}
	if last := p.sent[len(p.sent)-1]; last.opcode != OpcodePASEPake2 {
		t.Errorf("the initiator went on after Pake2 with %#x", p.sent[len(p.sent)-1].opcode)
	}
	// The device hears it and is free for the next attempt.
	_, err := p.b.handle(handshakeMessage{OpcodeStatusReport, octets})
	var peer *PeerStatusError
	if !errors.As(err, &peer) || peer.Report.Code != StatusInvalidParameter || errors.As(err, &status) {
		t.Errorf("the device: got %v, want a PeerStatusError that is not answered", err)
	}
	p = newPASETalk(t)
	p.talk()
	p.wantEstablished()
}

// The same by the device: an initiator that does not check cB, or that guesses.
func TestField_F06_WrongConfirmationIsToldToTheCommissioner(t *testing.T) {
	p := newPASETalk(t)
	p.change = func(n int, m *handshakeMessage) {
		if m.opcode == OpcodePASEPake3 {
			m.payload[len(m.payload)-2] ^= 1
		}
	}
	p.talk()
	var status *StatusError
	if !errors.Is(p.bErr, ErrWrongPasscode) || !errors.As(p.bErr, &status) || p.bDone != nil {
		t.Fatalf("got %v, want ErrWrongPasscode in a StatusError", p.bErr)
	}
	if got := hex.EncodeToString(status.Report.Append(nil)); got != "0100000000000200" {
		t.Errorf("the commissioner is told %s, want 0100000000000200", got)
	}
	_, err := p.a.handle(handshakeMessage{OpcodeStatusReport, status.Report.Append(nil)})
	var peer *PeerStatusError
	if !errors.As(err, &peer) {
		t.Errorf("the commissioner: got %v, want a PeerStatusError", err)
	}
}

func TestField_F07_BothSidesChoseTheSameSessionID(t *testing.T) {
	p := newPASETalk(t)
	p.a = newPASEInitiator(paseConfig(1, 7), testPasscode)
	p.b = newPASEResponder(paseConfig(2, 7), testVerifier(t))
	p.talk()
	p.wantEstablished()
	if p.aDone.peerSessionID != 7 || p.bDone.peerSessionID != 7 {
		t.Errorf("session IDs: %d, %d, want 7, 7", p.aDone.peerSessionID, p.bDone.peerSessionID)
	}
}

func TestField_F07_Pake3IsNotRunAgain(t *testing.T) {
	p := newPASETalk(t)
	p.talk()
	p.wantEstablished()
	for range 2 {
		step, err := p.b.handle(p.sent[4])
		if !errors.Is(err, ErrClosed) || step != (handshakeStep{}) {
			t.Errorf("Pake3 again: got %+v, %v, want nothing and ErrClosed", step, err)
		}
	}
}

// An octet changed on the way is always noticed, whichever message it is in:
// both sides hash what was sent and received.
func TestPASEAnyChangeOnTheWayIsNoticed(t *testing.T) {
	clean := newPASETalk(t)
	clean.talk()
	clean.wantEstablished()
	for n, m := range clean.sent[:5] {
		for at := 0; at < len(m.payload); at += 1 + at%5 {
			p := newPASETalk(t)
			p.change = func(i int, m *handshakeMessage) {
				if i == n {
					m.payload[at] ^= 0x40
				}
			}
			p.talk()
			if p.aErr == nil && p.bErr == nil {
				t.Errorf("message %d, octet %d changed: nobody noticed", n, at)
			}
			if p.bDone != nil {
				t.Errorf("message %d, octet %d changed: the device has a session", n, at)
			}
		}
	}
}

func TestPASEDoesNotKeepItsInput(t *testing.T) {
	p := newPASETalk(t)
	p.afterEachInput = func(_ int, payload []byte) {
		for i := range payload {
			payload[i] = 0xEE
		}
	}
	p.talk()
	p.wantEstablished()
	// Nor does it depend on what it gave out.
	p = newPASETalk(t)
	step, err := p.a.start()
	if err != nil {
		t.Fatal(err)
	}
	request := bytes.Clone(step.send.payload)
	clear(step.send.payload)
	step, err = p.b.handle(handshakeMessage{OpcodePBKDFParamRequest, request})
	if err != nil {
		t.Fatal(err)
	}
	response := bytes.Clone(step.send.payload)
	clear(step.send.payload)
	step, err = p.a.handle(handshakeMessage{OpcodePBKDFParamResponse, response})
	if err != nil {
		t.Fatal(err)
	}
	step, err = p.b.handle(*step.send)
	if err != nil {
		t.Fatal(err)
	}
	if step, err = p.a.handle(*step.send); err != nil || step.send.opcode != OpcodePASEPake3 {
		t.Errorf("got %+v, %v, want Pake3", step, err)
	}
}

// edit parses a payload, changes the value and appends it again.
func edit[M any](t testing.TB, m *handshakeMessage, parse func([]byte) (M, error), change func(*M), appendTo func(*M, []byte) []byte) {
	t.Helper()
	v, err := parse(m.payload)
	if err != nil {
		t.Fatal(err)
	}
	change(&v)
	m.payload = appendTo(&v, nil)
}

func TestPASERejections(t *testing.T) {
	response := func(change func(*pbkdfParamResponse)) func(testing.TB, *handshakeMessage) {
		return func(t testing.TB, m *handshakeMessage) {
			if m.opcode == OpcodePBKDFParamResponse {
				edit(t, m, parsePBKDFParamResponse, change, (*pbkdfParamResponse).append)
			}
		}
	}
	request := func(change func(*pbkdfParamRequest)) func(testing.TB, *handshakeMessage) {
		return func(t testing.TB, m *handshakeMessage) {
			if m.opcode == OpcodePBKDFParamRequest {
				edit(t, m, parsePBKDFParamRequest, change, (*pbkdfParamRequest).append)
			}
		}
	}
	onlyIn := func(opcode Opcode, change func(b []byte) []byte) func(testing.TB, *handshakeMessage) {
		return func(t testing.TB, m *handshakeMessage) {
			if m.opcode == opcode {
				m.payload = change(m.payload)
			}
		}
	}
	for _, c := range []struct {
		name      string
		change    func(testing.TB, *handshakeMessage)
		initiator bool // notices; otherwise the responder does
		want      error
	}{
		{"another passcode ID", request(func(m *pbkdfParamRequest) { m.passcodeID = 1 }), false, errPasscodeID},
		{"initiator's session ID 0", request(func(m *pbkdfParamRequest) { m.sessionID = 0 }), false, errSessionIDZero},
		{"another random echoed", response(func(m *pbkdfParamResponse) { m.initiatorRandom[31] ^= 1 }), true, errEcho},
		{"no PBKDF parameters", response(func(m *pbkdfParamResponse) { m.pbkdf = nil }), true, errNoPBKDFParameters},
		{"responder's session ID 0", response(func(m *pbkdfParamResponse) { m.sessionID = 0 }), true, errSessionIDZero},
		{"999 iterations", response(func(m *pbkdfParamResponse) { m.pbkdf.iterations = 999 }), true, ErrInvalid},
		{"100001 iterations", response(func(m *pbkdfParamResponse) { m.pbkdf.iterations = 100_001 }), true, ErrInvalid},
		{"4294967295 iterations", response(func(m *pbkdfParamResponse) { m.pbkdf.iterations = 1<<32 - 1 }), true, ErrInvalid},
		{"salt of 15", response(func(m *pbkdfParamResponse) { m.pbkdf.salt = make([]byte, 15) }), true, ErrInvalid},
		{"salt of 33", response(func(m *pbkdfParamResponse) { m.pbkdf.salt = make([]byte, 33) }), true, ErrInvalid},
		{"other iterations", response(func(m *pbkdfParamResponse) { m.pbkdf.iterations = 1001 }), true, ErrWrongPasscode},
		{"pA off the curve", onlyIn(OpcodePASEPake1, func(b []byte) []byte { b[len(b)-2] ^= 1; return b }), false, errShare},
		{"pA zero", onlyIn(OpcodePASEPake1, func([]byte) []byte { m := pake1{}; return m.append(nil) }), false, errShare},
		{"pB off the curve", onlyIn(OpcodePASEPake2, func(b []byte) []byte { b[10] ^= 1; return b }), true, errShare},
		{"cB wrong", onlyIn(OpcodePASEPake2, func(b []byte) []byte { b[len(b)-2] ^= 1; return b }), true, ErrWrongPasscode},
		{"cA wrong", onlyIn(OpcodePASEPake3, func(b []byte) []byte { b[len(b)-2] ^= 1; return b }), false, ErrWrongPasscode},
		{"request empty", onlyIn(OpcodePBKDFParamRequest, func([]byte) []byte { return nil }), false, ErrInvalid},
		{"response empty", onlyIn(OpcodePBKDFParamResponse, func([]byte) []byte { return nil }), true, ErrInvalid},
		{"Pake1 empty", onlyIn(OpcodePASEPake1, func([]byte) []byte { return nil }), false, ErrInvalid},
		{"Pake2 empty", onlyIn(OpcodePASEPake2, func([]byte) []byte { return nil }), true, ErrInvalid},
		{"Pake3 empty", onlyIn(OpcodePASEPake3, func([]byte) []byte { return nil }), false, ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPASETalk(t)
			p.change = func(_ int, m *handshakeMessage) { c.change(t, m) }
			p.talk()
			got, other, h := p.bErr, p.aErr, p.b
			if c.initiator {
				got, other, h = p.aErr, p.bErr, p.a
			}
			var status *StatusError
			if !errors.Is(got, c.want) || !errors.As(got, &status) || other != nil {
				t.Fatalf("got %v (and the other side %v), want %v in a StatusError", got, other, c.want)
			}
			if status.Report.General != GeneralFailure || status.Report.Protocol != 0 || status.Report.Code != StatusInvalidParameter || status.Report.Data != nil {
				t.Errorf("the peer is told %+v", status.Report)
			}
			if _, err := h.handle(p.sent[0]); !errors.Is(err, ErrClosed) {
				t.Errorf("afterwards: got %v, want ErrClosed", err)
			}
			if p.aDone != nil || p.bDone != nil {
				t.Error("a session came of it")
			}
		})
	}
}

// The responder with an initiator that knows the PBKDF parameters already.
func TestPASEResponderLeavesOutKnownParameters(t *testing.T) {
	b := newPASEResponder(paseConfig(2, 2), testVerifier(t))
	m := pbkdfParamRequest{sessionID: 1, hasParameters: true}
	step, err := b.handle(handshakeMessage{OpcodePBKDFParamRequest, m.append(nil)})
	if err != nil {
		t.Fatal(err)
	}
	response, err := parsePBKDFParamResponse(step.send.payload)
	if err != nil || response.pbkdf != nil || response.sessionID != 2 {
		t.Errorf("got %+v, %v", response, err)
	}
}

// Parameters that are not stated are not made up here.
func TestPASEWithoutSessionParameters(t *testing.T) {
	p := newPASETalk(t)
	stripped := &pbkdfParamRequest{random: [32]byte{1}, sessionID: 1}
	step, err := p.b.handle(handshakeMessage{OpcodePBKDFParamRequest, stripped.append(nil)})
	if err != nil || step.send == nil {
		t.Fatal(err)
	}
	if got := p.b.(*paseResponder).peerParameters; got != nil {
		t.Errorf("got %+v", got)
	}
	if s := paseSecrets(true, &p.b.(*paseResponder).result, 1, nil); s.peerParameters != (Parameters{}) {
		t.Errorf("got %+v", s.peerParameters)
	}
}

func TestPASEUnexpectedMessages(t *testing.T) {
	// after is how many messages have gone, so who is due next is clear.
	for after := range 6 {
		for opcode := range Opcode(0x60) {
			p := newPASETalk(t)
			p.change = func(n int, m *handshakeMessage) {
				if n == after {
					*m = handshakeMessage{opcode, []byte{1, 2, 3}}
				}
			}
			if after == 5 && opcode == OpcodeStatusReport || after < 5 && opcode == OpcodePBKDFParamRequest+Opcode(after) {
				continue // what is due
			}
			p.talk()
			err, h := p.bErr, p.b
			if after%2 == 1 {
				err, h = p.aErr, p.a
			}
			var status *StatusError
			if opcode == OpcodeStatusReport { // too short to be one, and reports are not answered
				if !errors.Is(err, ErrInvalid) || errors.As(err, &status) {
					t.Errorf("after %d, a short StatusReport: got %v", after, err)
				}
			} else if !errors.Is(err, ErrUnexpected) || !errors.As(err, &status) || status.Report.Code != StatusInvalidParameter {
				t.Errorf("after %d, opcode %#x: got %v, want ErrUnexpected", after, opcode, err)
			}
			if _, err := h.handle(handshakeMessage{}); !errors.Is(err, ErrClosed) {
				t.Errorf("after %d, opcode %#x: afterwards: got %v, want ErrClosed", after, opcode, err)
			}
		}
	}
}

func TestPASEPeerReports(t *testing.T) {
	busy := StatusReport{General: GeneralBusy, Code: StatusBusy, Data: []byte{0xF4, 0x01}}
	for after := 1; after < 6; after += 2 {
		p := newPASETalk(t)
		p.change = func(n int, m *handshakeMessage) {
			if n == after {
				*m = handshakeMessage{OpcodeStatusReport, busy.Append(nil)}
			}
		}
		p.talk()
		var peer *PeerStatusError
		var status *StatusError
		if !errors.As(p.aErr, &peer) || errors.As(p.aErr, &status) {
			t.Fatalf("after %d: got %v, want a PeerStatusError", after, p.aErr)
		}
		if wait, ok := peer.Report.BusyWait(); !ok || wait != 500 {
			t.Errorf("after %d: busy for %d, %v", after, wait, ok)
		}
	}
	// Success that comes too early is no success.
	for after := range 5 {
		p := newPASETalk(t)
		p.change = func(n int, m *handshakeMessage) {
			if n == after {
				*m = handshakeMessage{OpcodeStatusReport, StatusReport{}.Append(nil)}
			}
		}
		p.talk()
		err := p.bErr
		if after%2 == 1 {
			err = p.aErr
		}
		if !errors.Is(err, ErrUnexpected) || p.aDone != nil || p.bDone != nil {
			t.Errorf("success after %d: got %v, want ErrUnexpected", after, err)
		}
	}
}

// stretchForPASE does WorkPBKDF2 as a host does.
func stretchForPASE(t testing.TB, w *Work) []byte {
	if w.Kind != WorkPBKDF2 || w.Iterations != 1000 || !bytes.Equal(w.Salt, bytes.Repeat([]byte{7}, 16)) || !bytes.Equal(w.Data, []byte{0x25, 0x42, 0x34, 0x01}) {
		t.Errorf("work: got %+v", w)
	}
	ws := make([]byte, 80)
	hash.PBKDF2(ws, w.Data, w.Salt, int(w.Iterations))
	return ws
}

func delegatedPASE(t testing.TB) *paseTalk {
	p := newPASETalk(t)
	c := paseConfig(1, 0x1111)
	c.delegate = DelegatePBKDF2
	p.a = newPASEInitiator(c, testPasscode)
	p.host = stretchForPASE
	return p
}

func TestPASEWithDelegatedStretching(t *testing.T) {
	asked := 0
	p := delegatedPASE(t)
	p.host = func(t testing.TB, w *Work) []byte { asked++; return stretchForPASE(t, w) }
	// The responder needs no stretching, and never asks for any.
	c := paseConfig(2, 0x2222)
	c.delegate = DelegatePBKDF2 | DelegateECDH | DelegateSign
	p.b = newPASEResponder(c, testVerifier(t))
	p.talk()
	p.wantEstablished()
	if asked != 1 {
		t.Errorf("asked %d times, want 1", asked)
	}
	here := newPASETalk(t)
	here.talk()
	if here.aDone.keys != p.aDone.keys {
		t.Error("it makes a difference who does the work")
	}
}

func TestPASEHostAnswersOfWrongSize(t *testing.T) {
	for _, n := range []int{0, 64, 79, 81} {
		p := delegatedPASE(t)
		p.host = func(testing.TB, *Work) []byte { return make([]byte, n) }
		p.talk()
		var status *StatusError
		if !errors.Is(p.aErr, errStretched) || !errors.As(p.aErr, &status) || status.Report.Code != StatusGeneralFailure {
			t.Errorf("%d octets: got %v", n, p.aErr)
		}
	}
	// Octets that make no scalar: w0 = w1 = 0.
	p := delegatedPASE(t)
	p.host = func(testing.TB, *Work) []byte { return make([]byte, 80) }
	p.talk()
	if p.aErr == nil {
		t.Error("w0 = 0 is taken")
	}
}

// working returns an initiator that waits for its host.
func working(t *testing.T) (*paseTalk, *Work) {
	t.Helper()
	p := delegatedPASE(t)
	step, err := p.a.start()
	if err != nil {
		t.Fatal(err)
	}
	step, err = p.b.handle(*step.send)
	if err != nil {
		t.Fatal(err)
	}
	step, err = p.a.handle(*step.send)
	if err != nil || step.work == nil {
		t.Fatalf("got %+v, %v, want work", step, err)
	}
	return p, step.work
}

func TestPASEWhileTheHostWorks(t *testing.T) {
	p, work := working(t)
	_, err := p.a.handle(handshakeMessage{OpcodePASEPake2, nil})
	var status *StatusError
	if !errors.Is(err, ErrUnexpected) || !errors.As(err, &status) {
		t.Errorf("a message: got %v, want ErrUnexpected", err)
	}
	if _, err := p.a.answer(stretchForPASE(t, work)); !errors.Is(err, ErrClosed) {
		t.Errorf("an answer too late: got %v, want ErrClosed", err)
	}

	p, _ = working(t)
	_, err = p.a.handle(handshakeMessage{OpcodeStatusReport, StatusReport{General: GeneralBusy, Code: StatusBusy}.Append(nil)})
	var peer *PeerStatusError
	if !errors.As(err, &peer) {
		t.Errorf("a report: got %v, want a PeerStatusError", err)
	}

	// An answer that was not asked for.
	for _, h := range []handshake{newPASETalk(t).b, func() handshake {
		p := newPASETalk(t)
		if _, err := p.a.start(); err != nil {
			t.Fatal(err)
		}
		return p.a
	}()} {
		if _, err := h.answer(make([]byte, 80)); !errors.Is(err, ErrUnexpected) {
			t.Errorf("an answer not asked for: got %v, want ErrUnexpected", err)
		}
		if _, err := h.answer(nil); !errors.Is(err, ErrClosed) {
			t.Errorf("and again: got %v, want ErrClosed", err)
		}
	}
}

func TestPASEStart(t *testing.T) {
	p := newPASETalk(t)
	if _, err := p.a.handle(handshakeMessage{OpcodePBKDFParamResponse, nil}); !errors.Is(err, ErrClosed) {
		t.Errorf("handle before start: got %v", err)
	}
	if _, err := p.a.start(); err != nil {
		t.Error(err)
	}
	if _, err := p.a.start(); !errors.Is(err, ErrClosed) {
		t.Errorf("a second start: got %v, want ErrClosed", err)
	}
	if _, err := p.b.start(); !errors.Is(err, ErrUnexpected) {
		t.Errorf("a responder's start: got %v, want ErrUnexpected", err)
	}
	var status *StatusError
	if _, err := newPASEInitiator(paseConfig(1, 1), 11111111).start(); !errors.Is(err, ErrPasscode) || errors.As(err, &status) {
		t.Errorf("a forbidden passcode: got %v, want ErrPasscode", err)
	}
}

func TestPASEWithoutRandomness(t *testing.T) {
	for initiator, most := range map[bool]int{true: 2, false: 2} {
		for n := range most {
			p := newPASETalk(t)
			short := io.LimitReader(paseConfig(1, 1).rand, int64(32*n+31))
			if initiator {
				p.a.(*paseInitiator).rand = short
			} else {
				p.b.(*paseResponder).rand = short
			}
			p.talk()
			err := p.bErr
			if initiator {
				err = p.aErr
			}
			var status *StatusError
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("initiator %v, %d numbers and no more: got %v", initiator, n, err)
			}
			// Before the first message there is nobody to be told.
			if told := errors.As(err, &status); told != !(initiator && n == 0) {
				t.Errorf("initiator %v, %d numbers and no more: told %v", initiator, n, told)
			} else if told && status.Report.Code != StatusGeneralFailure {
				t.Errorf("initiator %v, %d numbers and no more: told %+v", initiator, n, status.Report)
			}
		}
	}
}

func TestPASECloseErasesSecrets(t *testing.T) {
	p := newPASETalk(t)
	p.change = func(n int, m *handshakeMessage) {
		if n == 5 {
			*m = handshakeMessage{OpcodeStatusReport, nil}
		}
	}
	a, b := p.a.(*paseInitiator), p.b.(*paseResponder)
	p.talk()
	if a.passcode != 0 || a.result.Ke != [16]byte{} || a.prover != nil || b.result.Ke != [16]byte{} || b.verifier != nil {
		t.Error("secrets are left after the end")
	}

	p, _ = working(t)
	a = p.a.(*paseInitiator)
	prover := newPASETalk(t)
	if a.passcode == 0 {
		t.Fatal("the passcode is gone too early")
	}
	a.close()
	if a.passcode != 0 || a.rand != nil {
		t.Error("secrets are left after close")
	}
	if _, err := a.handle(handshakeMessage{}); !errors.Is(err, ErrClosed) {
		t.Errorf("after close: got %v, want ErrClosed", err)
	}
	if _, err := a.start(); !errors.Is(err, ErrClosed) {
		t.Errorf("start after close: got %v, want ErrClosed", err)
	}

	// With a run of SPAKE2+ under way.
	step, _ := prover.a.start()
	step, _ = prover.b.handle(*step.send)
	if step, err := prover.a.handle(*step.send); err != nil || step.send == nil {
		t.Fatal(err)
	}
	a = prover.a.(*paseInitiator)
	run := a.prover
	a.close()
	if share := run.Share(); share != [65]byte{} {
		t.Error("the run of SPAKE2+ is left")
	}
	if s := passcode(5).String() + passcode(5).GoString(); s != "[redacted][redacted]" {
		t.Errorf("a passcode prints as %s", s)
	}
}

// What a log or a page shows: got and want, no passcode, one prefix.
func TestPASEErrorTexts(t *testing.T) {
	refused := func(opcode Opcode, change func(b []byte) []byte) error {
		p := newPASETalk(t)
		p.change = func(_ int, m *handshakeMessage) {
			if m.opcode == opcode {
				m.payload = change(m.payload)
			}
		}
		p.talk()
		return errors.Join(p.aErr, p.bErr)
	}
	_, tooFew := NewPASEVerifier(testPasscode, 999, make([]byte, 16))
	for want, err := range map[string]error{
		"session: PBKDF2 iterations 999, want 1000..100000": tooFew,
		"session: PBKDFParamResponse is malformed: PBKDF2 iterations 100001, want 1000..100000": refused(OpcodePBKDFParamResponse, func(b []byte) []byte {
			m, _ := parsePBKDFParamResponse(b)
			m.pbkdf.iterations = 100_001
			return m.append(nil)
		}),
		"session: PBKDFParamRequest is malformed: session ID 0": refused(OpcodePBKDFParamRequest, func(b []byte) []byte {
			m, _ := parsePBKDFParamRequest(b)
			m.sessionID = 0
			return m.append(nil)
		}),
		"session: PASE: the response does not repeat our random number": refused(OpcodePBKDFParamResponse, func(b []byte) []byte {
			b[5] ^= 1
			return b
		}),
		"session: the setup code does not fit this device": refused(OpcodePASEPake3, func(b []byte) []byte {
			b[5] ^= 1
			return b
		}),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func BenchmarkPASE(b *testing.B) {
	v := testVerifier(b)
	for b.Loop() {
		p := &paseTalk{t: b, a: newPASEInitiator(paseConfig(1, 1), testPasscode), b: newPASEResponder(paseConfig(2, 2), v)}
		p.talk()
		if p.aDone == nil || p.bDone == nil {
			b.Fatal(p.aErr, p.bErr)
		}
	}
}

// Without the 1,000 iterations, which are the host's to do elsewhere.
func BenchmarkPASEDelegated(b *testing.B) {
	v := testVerifier(b)
	ws := stretch(testPasscode, &pbkdfParameters{v.Iterations, v.Salt})
	c := paseConfig(1, 1)
	c.delegate = DelegatePBKDF2
	for b.Loop() {
		p := &paseTalk{t: b, a: newPASEInitiator(c, testPasscode), b: newPASEResponder(paseConfig(2, 2), v)}
		p.host = func(testing.TB, *Work) []byte { return bytes.Clone(ws) }
		p.talk()
		if p.aDone == nil || p.bDone == nil {
			b.Fatal(p.aErr, p.bErr)
		}
	}
}
