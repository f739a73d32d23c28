package abi

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/commission"
	"github.com/matter-session/matter-session/session/crypto"
	"github.com/matter-session/matter-session/session/tlv"
)

// A side is one end of a handshake, driven as a bridge drives it.
type side struct {
	h      handle
	key    []byte // operational; for work
	pairs  [][]byte
	work   []uint64
	failed code // of the call that ended it
	report []byte
	done   *members // the step with a session
	spent  bool
}

// take does what the n octets of a step want and returns what there is to send.
func (s *side) take(t testing.TB, n int32) (opcode uint8, payload []byte, ok bool) {
	t.Helper()
	for {
		if n < 0 {
			s.failed = code(-n)
			m, err := parseMembers(bytes.Clone(Buffer[:LastError()]))
			if err != nil {
				t.Fatal(err)
			}
			if !m.has(4) {
				return 0, nil, false
			}
			s.report = m.octets(4)
			return uint8(session.OpcodeStatusReport), s.report, true
		}
		m, err := parseMembers(bytes.Clone(Buffer[:n]))
		if err != nil {
			t.Fatalf("a step is malformed: %x", Buffer[:n])
		}
		if m.has(7) {
			s.done = m
		}
		s.spent = s.spent || m.flag(14)
		if m.has(3) {
			s.work = append(s.work, m.u64(3))
			n = HandshakeAnswer(s.h, load(s.answer(t, m)))
			continue
		}
		if m.err != nil {
			t.Fatal(m.err)
		}
		if !m.has(1) {
			return 0, nil, false
		}
		return m.u8(1), m.octets(2), true
	}
}

// answer does work by the primitives of the boundary itself.
func (s *side) answer(t testing.TB, m *members) []byte {
	t.Helper()
	var n int32
	switch session.WorkKind(m.u8(3)) {
	case session.WorkSign:
		data := m.octets(4)
		load(append(bytes.Clone(s.key), data...))
		n = CryptoSign(int32(len(data)), rand.Reader)
	case session.WorkKeyPair:
		if n = CryptoKeyPair(rand.Reader); n == 97 {
			s.pairs = append(s.pairs, bytes.Clone(Buffer[:32]))
			return bytes.Clone(Buffer[32:97])
		}
	case session.WorkECDH:
		load(append(bytes.Clone(s.pairs[len(s.pairs)-1]), m.octets(4)...))
		n = CryptoECDH()
	case session.WorkPBKDF2:
		data, salt := m.octets(4), m.octets(5)
		load(append(bytes.Clone(data), salt...))
		n = CryptoPBKDF2(int32(len(data)), int32(len(salt)), int32(m.u32(6)), 80)
	}
	if n <= 0 || m.err != nil {
		t.Fatalf("work: %d, %v", n, failure)
	}
	return bytes.Clone(Buffer[:n])
}

// talk runs two sides until none has anything to say.
func talk(t testing.TB, a, b *side) {
	t.Helper()
	opcode, payload, ok := a.take(t, HandshakeStart(a.h))
	for to, from := b, a; ok && to.done == nil && to.failed == 0; to, from = from, to {
		opcode, payload, ok = to.take(t, HandshakeReceive(to.h, int32(opcode), load(payload)))
	}
}

// wantTalk demands that both sides have a session, and that the two are one.
func wantTalk(t testing.TB, a, b *side) {
	t.Helper()
	if a.done == nil || b.done == nil {
		t.Fatalf("no session: codes %d and %d", a.failed, b.failed)
	}
	x, y := handle(a.done.u32(7)), handle(b.done.u32(7))
	for _, way := range [][2]handle{{x, y}, {y, x}} {
		octets := sealed(t, way[0], uint32(SessionNext(way[0])), "hello")
		if n := SessionOpen(way[1], 8, load(octets)); n != 13 || string(Buffer[8:13]) != "hello" {
			t.Errorf("sessionOpen: %d, %v", n, failure)
		}
	}
	for _, h := range []handle{a.h, b.h} {
		wantError(t, "a handshake that has ended", HandshakeReceive(h, 0x40, load(make([]byte, 8))), codeHandle)
	}
	SessionClose(x)
	SessionClose(y)
}

func mustMake(t testing.TB, h handle) *side {
	t.Helper()
	if h <= 0 {
		t.Fatalf("no handshake: %d, %v", h, failure)
	}
	t.Cleanup(func() {
		if handshakes.find(h) != nil {
			HandshakeClose(h)
		}
	})
	return &side{h: h}
}

func paseSides(t testing.TB, passcode uint32, delegate session.Delegate) (a, b *side) {
	t.Helper()
	right, iterations, salt, verifier, _ := verifierVector(t.(*testing.T))
	if passcode == 0 {
		passcode = right
	}
	a = mustMake(t, PASEInitiator(load(structure(func(w *tlv.Writer) {
		w.Uint(ctx(1), 0x1111)
		w.Uint(ctx(2), uint64(passcode))
		w.Uint(ctx(3), uint64(delegate))
		w.Struct(ctx(4))
		w.Uint(ctx(1), 501)
		w.Uint(ctx(3), 0)
		w.End()
		w.Uint(ctx(8), 77)
	})), rand.Reader))
	if !bytes.Equal(Buffer[:20], make([]byte, 20)) {
		t.Error("the passcode is still in the buffer")
	}
	b = mustMake(t, PASEResponder(load(structure(func(w *tlv.Writer) {
		w.Uint(ctx(1), 0x2222)
		w.Bytes(ctx(2), verifier)
		w.Uint(ctx(5), uint64(iterations))
		w.Bytes(ctx(6), salt)
	})), rand.Reader))
	return a, b
}

func TestPASEByMessages(t *testing.T) {
	for _, delegate := range []session.Delegate{0, session.DelegatePBKDF2} {
		a, b := paseSides(t, 0, delegate)
		talk(t, a, b)
		if a.done == nil || b.done == nil {
			t.Fatalf("no session: codes %d and %d", a.failed, b.failed)
		}
		if a.done.u16(8) != 0x2222 || b.done.u16(8) != 0x1111 || a.done.has(10) || a.done.has(12) || a.done.flag(13) {
			t.Errorf("%v and %v", a.done, b.done)
		}
		stated, none := b.done.nested(9), a.done.nested(9)
		if stated.u32(1) != 501 || !stated.has(3) || stated.u32(3) != 0 || stated.has(2) || none.has(1) || none.has(3) {
			t.Error("the parameters are not as they were stated")
		}
		if c := SessionNext(handle(a.done.u32(7))); c != 77 {
			t.Errorf("the first counter is %v", c)
		}
		wantTalk(t, a, b)
		if want := int(delegate / session.DelegatePBKDF2); len(a.work) != want {
			t.Errorf("work %v", a.work)
		}
	}
}

func TestVerifierOfAStretchedPasscode(t *testing.T) {
	passcode, iterations, salt, verifier, ws := verifierVector(t)
	load(append([]byte{byte(passcode), byte(passcode >> 8), byte(passcode >> 16), byte(passcode >> 24)}, salt...))
	if !bytes.Equal(result(t, CryptoPBKDF2(4, int32(len(salt)), int32(iterations), 80), 80), ws) {
		t.Fatal("stretched otherwise")
	}
	if !bytes.Equal(result(t, PASEVerifier(), 97), verifier) {
		t.Error("another verifier")
	}
	load(make([]byte, 80))
	wantError(t, "no passcode stretches to zero", PASEVerifier(), codeProtocol)
}

func TestPASEByMessagesWithTheWrongPasscode(t *testing.T) {
	a, b := paseSides(t, 1234567, 0)
	talk(t, a, b)
	if a.failed != codeWrongPasscode || hex.EncodeToString(a.report) != "0100000000000200" || b.failed != codePeerStatus || b.report != nil {
		t.Errorf("%d with %x, and %d with %x", a.failed, a.report, b.failed, b.report)
	}
	if a.done != nil || b.done != nil {
		t.Error("a session came of it")
	}
}

// caseNodes are two members of one fabric.
type caseNodes struct {
	authority *commission.Authority
	config    [2]session.FabricConfig
	node      [2]session.NodeID
	ipk       []byte
}

func newCASENodes(t testing.TB, withICAC bool) *caseNodes {
	t.Helper()
	authority, err := commission.NewAuthority(commission.AuthorityConfig{
		Rand: rand.Reader, Intermediate: withICAC, FabricID: 0x1234, AdminNode: 0x1111, AdminVendorID: 0xFFF1, CATs: []session.CAT{0x00010002}})
	if err != nil {
		t.Fatal(err)
	}
	c := &caseNodes{authority: authority, node: [2]session.NodeID{0x1111, 0x2222}}
	c.config[0] = authority.FabricConfig()
	private, public, err := crypto.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issued, err := authority.Issue(rand.Reader, 0, public, 0x2222)
	if err != nil {
		t.Fatal(err)
	}
	c.config[1] = c.config[0]
	c.config[1].NOC, c.config[1].ICAC, c.config[1].Key = issued.NOC, issued.ICAC, private[:]
	f, err := session.NewFabric(c.config[0])
	if err != nil {
		t.Fatal(err)
	}
	compressed := f.CompressedID()
	c.ipk = make([]byte, 16)
	crypto.HKDF(c.ipk, c.config[0].EpochKeys[0][:], compressed[:], "GroupKey v1.0")
	return c
}

// write writes what both roles' configurations have in common.
func (c *caseNodes) write(w *tlv.Writer, i int, delegate session.Delegate, record *members, peer session.NodeID) {
	w.Uint(ctx(1), uint64(0xA001+i))
	w.Struct(ctx(2))
	w.Bytes(ctx(1), c.config[i].Root)
	w.Bytes(ctx(2), c.config[i].NOC)
	if len(c.config[i].ICAC) > 0 {
		w.Bytes(ctx(3), c.config[i].ICAC)
	}
	w.Array(ctx(4))
	w.Bytes(tlv.Anonymous, c.ipk)
	w.End()
	if delegate&session.DelegateSign == 0 {
		w.Bytes(ctx(5), c.config[i].Key)
	}
	w.End()
	w.Uint(ctx(3), uint64(delegate))
	if record != nil {
		kept := record.nested(12)
		w.Struct(ctx(6))
		w.Bytes(ctx(1), kept.octets(1))
		w.Bytes(ctx(2), kept.octets(2))
		w.Uint(ctx(3), uint64(peer))
		if record.has(11) {
			w.Raw(ctx(4), record.elements[11])
		}
		w.End()
	}
}

func (c *caseNodes) sides(t testing.TB, delegate session.Delegate, recordA, recordB *members) (a, b *side) {
	t.Helper()
	a = mustMake(t, CASEInitiator(load(structure(func(w *tlv.Writer) {
		c.write(w, 0, delegate, recordA, c.node[1])
		w.Uint(ctx(5), uint64(c.node[1]))
	})), rand.Reader))
	b = mustMake(t, CASEResponder(load(structure(func(w *tlv.Writer) { c.write(w, 1, delegate, recordB, c.node[0]) })), rand.Reader))
	a.key, b.key = c.config[0].Key, c.config[1].Key
	return a, b
}

func TestCASEByMessages(t *testing.T) {
	for _, withICAC := range []bool{false, true} {
		c := newCASENodes(t, withICAC)
		for _, delegate := range []session.Delegate{0, session.DelegateSign | session.DelegateECDH} {
			a, b := c.sides(t, delegate, nil, nil)
			talk(t, a, b)
			wantTalk(t, a, b)
			if a.done.u64(10) != 0x2222 || b.done.u64(10) != 0x1111 || a.done.u16(8) != 0xA002 || b.done.u16(8) != 0xA001 || a.done.flag(13) {
				t.Errorf("%v", a.done)
			}
			if !bytes.Contains(b.done.elements[11], []byte{2, 0, 1, 0}) { // 0x00010002
				t.Errorf("tags %x", b.done.elements[11])
			}
			if want := 3 * int(delegate&1); len(a.work) != want || len(b.work) != want {
				t.Errorf("work %v and %v", a.work, b.work)
			}

			a2, b2 := c.sides(t, delegate, a.done, b.done)
			talk(t, a2, b2)
			wantTalk(t, a2, b2)
			if !a2.done.flag(13) || !b2.done.flag(13) || !b2.spent || a2.spent || len(a2.work)-len(b2.work) != int(delegate&session.DelegateECDH)/2 {
				t.Errorf("resumed %t, spent %t, work %v and %v", a2.done.flag(13), b2.spent, a2.work, b2.work)
			}
			if bytes.Equal(a2.done.nested(12).octets(1), a.done.nested(12).octets(1)) || !bytes.Equal(a2.done.elements[12], b2.done.elements[12]) {
				t.Error("the next record is wrong")
			}
		}
	}
}

func TestSigma1IsLookedInto(t *testing.T) {
	c := newCASENodes(t, false)
	a, b := c.sides(t, 0, nil, nil)
	talk(t, a, b)
	record := a.done
	for _, resumes := range []bool{false, true} {
		with := record
		if !resumes {
			with = nil
		}
		a, _ := c.sides(t, 0, with, nil)
		_, payload, _ := a.take(t, HandshakeStart(a.h))
		n := Sigma1(load(payload))
		if n < 0 {
			t.Fatal(failure)
		}
		m, err := parseMembers(bytes.Clone(Buffer[:n]))
		if err != nil || m.u16(2) != 0xA001 || len(m.octets(1)) != 32 || m.has(6) != resumes {
			t.Fatalf("%v, %v", m, err)
		}
		if resumes && !bytes.Equal(m.octets(6), record.nested(12).octets(1)) {
			t.Error("another resumption ID")
		}
		f, err := session.NewFabric(c.config[1])
		if err != nil {
			t.Fatal(err)
		}
		ids := f.DestinationIDs((*[32]byte)(m.octets(1)), 0x2222)
		if !bytes.Equal(m.octets(3), ids[0][:]) {
			t.Error("another destination ID")
		}
	}
	wantError(t, "no Sigma1", Sigma1(load([]byte{0x15, 0x18})), codeProtocol)
}

func TestCASEWithStrangersByMessages(t *testing.T) {
	a, _ := newCASENodes(t, false).sides(t, 0, nil, nil)
	_, b := newCASENodes(t, false).sides(t, 0, nil, nil)
	talk(t, a, b)
	if b.failed != codeProtocol || hex.EncodeToString(b.report) != "0100000000000100" || a.failed != codePeerStatus || a.report != nil {
		t.Errorf("%d with %x, and %d with %x", a.failed, a.report, b.failed, b.report)
	}
}

func TestHostFailsAtWork(t *testing.T) {
	c := newCASENodes(t, false)
	a, b := c.sides(t, session.DelegateECDH, nil, nil)
	if n := HandshakeStart(a.h); n < 0 {
		t.Fatal(failure)
	}
	wantError(t, "the initiator's host", HandshakeAnswer(a.h, -1), codeHost)
	if m, err := parseMembers(bytes.Clone(Buffer[:LastError()])); err != nil || m.has(4) {
		t.Error("the peer, who knows of nothing, is to be told")
	}
	a, _ = c.sides(t, 0, nil, nil)
	_, payload, _ := a.take(t, HandshakeStart(a.h))
	if n := HandshakeReceive(b.h, 0x30, load(payload)); n < 0 {
		t.Fatal(failure)
	}
	if b.take(t, HandshakeAnswer(b.h, -1)); b.failed != codeHost || hex.EncodeToString(b.report) != "010000000000ffff" {
		t.Errorf("%d, %x", b.failed, b.report)
	}
	wantError(t, "after that", HandshakeAnswer(b.h, -1), codeHandle)
}

func TestHandshakeArgumentsAreChecked(t *testing.T) {
	config := func(f func(w *tlv.Writer)) int32 { return load(structure(f)) }
	wantError(t, "no structure", PASEInitiator(load([]byte{1, 2}), rand.Reader), codeArgument)
	wantError(t, "no members", PASEInitiator(config(func(w *tlv.Writer) {}), rand.Reader), codeArgument)
	wantError(t, "no passcode", PASEInitiator(config(func(w *tlv.Writer) { w.Uint(ctx(1), 1) }), rand.Reader), codeArgument)
	wantError(t, "session 0", PASEInitiator(config(func(w *tlv.Writer) { w.Uint(ctx(1), 0); w.Uint(ctx(2), 20202021) }), rand.Reader), codeProtocol)
	wantError(t, "a forbidden passcode", PASEInitiator(config(func(w *tlv.Writer) { w.Uint(ctx(1), 1); w.Uint(ctx(2), 11111111) }), rand.Reader), codeSetupCode)
	wantError(t, "a passcode too large", PASEInitiator(config(func(w *tlv.Writer) { w.Uint(ctx(1), 1); w.Uint(ctx(2), 1<<33) }), rand.Reader), codeArgument)
	wantError(t, "no verifier", PASEResponder(config(func(w *tlv.Writer) { w.Uint(ctx(1), 1) }), rand.Reader), codeProtocol)
	wantError(t, "no fabric", CASEInitiator(config(func(w *tlv.Writer) { w.Uint(ctx(1), 1) }), rand.Reader), codeArgument)
	wantError(t, "no fabric", CASEResponder(config(func(w *tlv.Writer) { w.Uint(ctx(1), 1) }), rand.Reader), codeArgument)
	wantError(t, "a negative length", CASEResponder(-1, rand.Reader), codeArgument)

	c := newCASENodes(t, false)
	with := func(f func(w *tlv.Writer)) int32 {
		return config(func(w *tlv.Writer) { c.write(w, 0, 0, nil, 0); f(w) })
	}
	wantError(t, "no peer", CASEInitiator(with(func(w *tlv.Writer) {}), rand.Reader), codeArgument)
	wantError(t, "a peer that is none", CASEInitiator(with(func(w *tlv.Writer) { w.Uint(ctx(5), 0) }), rand.Reader), codeProtocol)
	wantError(t, "half a record", CASEInitiator(with(func(w *tlv.Writer) {
		w.Uint(ctx(5), 0x2222)
		w.Struct(ctx(6))
		w.Bytes(ctx(1), make([]byte, 15))
		w.End()
	}), rand.Reader), codeArgument)

	h := newPASE(t)
	wantError(t, "an opcode that is none", HandshakeReceive(h, 256, 0), codeArgument)
	wantError(t, "a length that is none", HandshakeReceive(h, 1, -1), codeArgument)
	if n := HandshakeStart(h); n <= 0 {
		t.Errorf("the handshake after that: %v", failure)
	}
	if r := HandshakeClose(h); r != 0 {
		t.Error(failure)
	}
}

func TestHandshakesAreBounded(t *testing.T) {
	before := handshakes.limit
	defer func() { handshakes.limit = before }()
	handshakes.limit = handshakes.live + 1
	newPASE(t)
	wantError(t, "one more", PASEInitiator(load(structure(func(w *tlv.Writer) { w.Uint(ctx(1), 5); w.Uint(ctx(2), 20202021) })), rand.Reader), codeLimit)
}

// A handshake whose session finds no room ends, and its peer is told.
func TestNoRoomForTheSession(t *testing.T) {
	a, b := paseSides(t, 0, 0)
	limit := channels.limit
	channels.limit = channels.live
	defer func() { channels.limit = limit }()
	talk(t, a, b)
	if b.failed != codeLimit || hex.EncodeToString(b.report) != "010000000000ffff" || a.failed != codePeerStatus {
		t.Errorf("%d with %x, and %d", b.failed, b.report, a.failed)
	}
}
