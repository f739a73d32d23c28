package abi

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// prefix is what a new session's octets begin with.
func prefix(local, peer uint64, counter uint32) []byte {
	b := binary.LittleEndian.AppendUint64(nil, local)
	b = binary.LittleEndian.AppendUint64(b, peer)
	return binary.LittleEndian.AppendUint32(b, counter)
}

// derive makes a session and closes it when the test ends.
func derive(t testing.TB, flags int32, b []byte, secret string) handle {
	t.Helper()
	load(append(b, secret...))
	h := SessionDerive(flags, int32(len(secret)-4), 4, rand.Reader)
	if h <= 0 {
		t.Fatalf("sessionDerive: %d, %v", h, failure)
	}
	if bytes.Contains(Buffer[:100], []byte(secret)) {
		t.Error("the secret is still in the buffer")
	}
	t.Cleanup(func() {
		if channels.find(h) != nil {
			SessionClose(h)
		}
	})
	return h
}

func derivePair(t testing.TB) (a, b handle) {
	t.Helper()
	return derive(t, sessionInitiator, prefix(1, 2, 10), "a shared secret"), derive(t, 0, prefix(2, 1, 20), "a shared secret")
}

// sealed seals text under a counter and returns header and text.
func sealed(t testing.TB, h handle, counter uint32, text string) []byte {
	t.Helper()
	n := SessionSeal(h, 8, loadMessage(counter, text))
	if n != int32(8+len(text)+16) {
		t.Fatalf("sessionSeal: %d, %v", n, failure)
	}
	return bytes.Clone(Buffer[:n])
}

func loadMessage(counter uint32, text string) int32 {
	return load(append(binary.LittleEndian.AppendUint32(make([]byte, 4), counter), text...))
}

// wantError demands a code, which lastError knows too.
func wantError(t testing.TB, what string, got int32, want code) {
	t.Helper()
	if got != -int32(want) {
		t.Errorf("%s: got %d (%v), want %d", what, got, failure, -int32(want))
		return
	}
	m, err := parseMembers(bytes.Clone(Buffer[:LastError()]))
	if err != nil || m.u16(0) != uint16(want) || m.text(1) == "" || m.err != nil {
		t.Errorf("%s: lastError: %v, %v", what, m, err)
	}
}

func TestSessionsTalk(t *testing.T) {
	a, b := derivePair(t)
	for i, way := range [][2]handle{{a, b}, {b, a}} {
		counter := SessionNext(way[0])
		if counter != float64(10+10*i) {
			t.Errorf("the first counter is %v", counter)
		}
		octets := sealed(t, way[0], uint32(counter), "hello")
		if is := SessionCheck(way[1], int32(counter)); is != int32(session.ReceptionNew) {
			t.Errorf("check: %d", is)
		}
		if n := SessionOpen(way[1], 8, load(octets)); n != 13 || string(Buffer[8:13]) != "hello" {
			t.Errorf("sessionOpen: %d, %q, %v", n, Buffer[:13], failure)
		}
		if is := SessionCheck(way[1], int32(counter)); is != int32(session.ReceptionLast) {
			t.Errorf("check afterwards: %d", is)
		}
		if n := SessionOpen(way[1], 8, load(octets)); n != 13|openedDuplicate || string(Buffer[8:13]) != "hello" {
			t.Errorf("the duplicate: %d, %q", n, Buffer[:13])
		}
		forged := bytes.Clone(octets)
		forged[9] ^= 1
		wantError(t, "forged", SessionOpen(way[1], 8, load(forged)), codeAuthentication)
		if again := sealed(t, way[0], uint32(counter), "hello"); !bytes.Equal(again, octets) {
			t.Error("the repetition differs")
		}
		n := SessionSeal(way[0], 8, loadMessage(uint32(counter), "other"))
		if !bytes.Equal(Buffer[8:29], make([]byte, 21)) {
			t.Errorf("something of a refused message is left: %x", Buffer[:29])
		}
		wantError(t, "another message of the same counter", n, codeCounterUsed)
	}
	if na, nb := SessionChallenge(a), SessionChallenge(b); na != 16 || nb != 16 {
		t.Errorf("challenges of %d and %d octets", na, nb)
	}
	SessionChallenge(a)
	challenge := bytes.Clone(Buffer[:16])
	if SessionChallenge(b); !bytes.Equal(challenge, Buffer[:16]) {
		t.Error("the attestation challenges differ")
	}
}

func TestSessionOfKeysTalks(t *testing.T) {
	keys := make([]byte, 48)
	if _, err := rand.Read(keys); err != nil {
		t.Fatal(err)
	}
	swapped := append(append(bytes.Clone(keys[16:32]), keys[:16]...), keys[32:]...)
	load(append(prefix(1, 2, 0), keys...))
	a := SessionFromKeys(rand.Reader)
	if !bytes.Equal(Buffer[:68], make([]byte, 68)) {
		t.Error("keys are still in the buffer")
	}
	load(append(prefix(2, 1, 0), swapped...))
	b := SessionFromKeys(rand.Reader)
	if a <= 0 || b <= 0 {
		t.Fatalf("%d, %d, %v", a, b, failure)
	}
	defer SessionClose(a)
	defer SessionClose(b)
	counter := uint32(SessionNext(a))
	if counter == 0 || counter > 1<<28 {
		t.Errorf("the first counter is %d", counter)
	}
	if n := SessionOpen(b, 8, load(sealed(t, a, counter, "x"))); n != 9 {
		t.Errorf("sessionOpen: %d, %v", n, failure)
	}
	if SessionChallenge(a); !bytes.Equal(Buffer[:16], keys[32:]) {
		t.Error("another attestation challenge")
	}
	// b takes a for node 1: the same octets of another node do not open.
	if r := SessionSetLocalNode(a, 1, 1); r != 0 {
		t.Fatalf("%d", r)
	}
	wantError(t, "another node", SessionOpen(b, 8, load(sealed(t, a, counter+1, "x"))), codeAuthentication)
	if r := SessionSetLocalNode(a, 1, 0); r != 0 {
		t.Fatalf("%d", r)
	}
	if n := SessionOpen(b, 8, load(sealed(t, a, counter+2, "x"))); n != 9 {
		t.Errorf("the node itself: %d, %v", n, failure)
	}
}

func TestSessionCounterRunsOut(t *testing.T) {
	a, _ := derivePair(t)
	if r := SessionSetCounter(a, -1); r != 0 {
		t.Fatal(r)
	}
	if c := SessionNext(a); c != math.MaxUint32 {
		t.Errorf("the last counter is %v", c)
	}
	wantError(t, "after the last", int32(SessionNext(a)), codeExhausted)
}

func TestStaleSessionHandlesAreErrors(t *testing.T) {
	a, b := derivePair(t)
	hs := newPASE(t)
	count := SessionCount()
	if r := SessionClose(a); r != 0 || SessionCount() != count-1 {
		t.Fatalf("%d, %d sessions", r, SessionCount())
	}
	c := derive(t, sessionInitiator, prefix(1, 2, 10), "another secret")
	if c == a {
		t.Error("a handle was given twice")
	}
	for _, h := range []handle{a, 0, -1, math.MinInt32, math.MaxInt32, b ^ 1<<20, b | kindBit, hs} {
		wantError(t, fmt.Sprintf("seal %d", h), SessionSeal(h, 8, 8), codeHandle)
		wantError(t, "open", SessionOpen(h, 8, 24), codeHandle)
		wantError(t, "check", SessionCheck(h, 1), codeHandle)
		wantError(t, "next", int32(SessionNext(h)), codeHandle)
		wantError(t, "set counter", SessionSetCounter(h, 1), codeHandle)
		wantError(t, "set node", SessionSetLocalNode(h, 1, 1), codeHandle)
		wantError(t, "challenge", SessionChallenge(h), codeHandle)
		wantError(t, "close", SessionClose(h), codeHandle)
	}
	for _, h := range []handle{a, b, 0, -1, hs &^ kindBit, hs ^ 1<<20} {
		wantError(t, "start", HandshakeStart(h), codeHandle)
		wantError(t, "receive", HandshakeReceive(h, 0x40, 8), codeHandle)
		wantError(t, "answer", HandshakeAnswer(h, 0), codeHandle)
		wantError(t, "close a handshake", HandshakeClose(h), codeHandle)
	}
}

// Sessions share the places of expanded keys: whoever comes back expands its own.
func TestSessionsShareSchedules(t *testing.T) {
	type pair struct{ a, b handle }
	var pairs []pair
	for i := range maxSchedules + 3 {
		secret := fmt.Sprintf("secret %06d", i)
		pairs = append(pairs, pair{
			derive(t, sessionInitiator, prefix(1, 2, 10), secret), derive(t, 0, prefix(2, 1, 10), secret)})
	}
	for round := range uint32(3) {
		for i, p := range pairs {
			if n := SessionOpen(p.b, 8, load(sealed(t, p.a, round+1, "x"))); n != 9 {
				t.Fatalf("round %d, pair %d: %d, %v", round, i, n, failure)
			}
		}
	}
	// What is closed leaves no key behind.
	for _, p := range pairs {
		SessionClose(p.a)
		SessionClose(p.b)
	}
	for _, chunk := range schedules {
		for i := range chunk {
			if chunk[i] != (scheduleEntry{}) && channels.find(chunk[i].owner) == nil {
				t.Fatal("a schedule outlived its session")
			}
		}
	}
}

func TestEverySessionIDHasRoom(t *testing.T) {
	before := SessionCount()
	var hs []handle
	seen := map[handle]bool{}
	for range 2 {
		for range 65_535 {
			load(append(prefix(1, 2, 1), make([]byte, 48)...))
			h := SessionFromKeys(rand.Reader)
			if h <= 0 || seen[h] {
				t.Fatalf("session %d: %d, %v", len(hs), h, failure)
			}
			seen[h] = true
			hs = append(hs, h)
		}
		for _, h := range hs {
			if r := SessionClose(h); r != 0 {
				t.Fatal(r, failure)
			}
		}
		hs = hs[:0]
	}
	if SessionCount() != before {
		t.Errorf("%d sessions are left", SessionCount()-before)
	}
}

// A slot whose generations are used up is not used again, and a full table says so.
func TestTableNeverRepeatsAHandle(t *testing.T) {
	small := table[int]{kind: kindHandshake, limit: 2}
	seen := map[handle]bool{}
	for range lastGeneration + 5 {
		h, _, err := small.add()
		if err != nil || h <= 0 || seen[h] || h&kindBit == 0 {
			t.Fatalf("%d, %v", h, err)
		}
		seen[h] = true
		small.remove(h)
		if small.find(h) != nil {
			t.Fatal("a removed handle is found")
		}
	}
	if small.used != 2 {
		t.Errorf("%d slots were used, want 2", small.used)
	}
	for range 2 {
		if _, _, err := small.add(); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := small.add(); err != session.ErrLimit {
		t.Errorf("a third one: %v", err)
	}
	small.used, small.free, small.live = maxSlots, 0, 0
	if _, _, err := small.add(); err != session.ErrLimit {
		t.Errorf("without a slot: %v", err)
	}
}

func TestSessionArgumentsAreChecked(t *testing.T) {
	a, _ := derivePair(t)
	for _, v := range [][2]int32{{-1, 0}, {8, -1}, {8, BufferSize + 1}, {math.MinInt32, math.MaxInt32}} {
		wantError(t, "seal", SessionSeal(a, v[0], v[1]), codeArgument)
		wantError(t, "open", SessionOpen(a, v[0], v[1]), codeArgument)
	}
	wantError(t, "a short header", SessionSeal(a, 7, 20), codeProtocol)
	wantError(t, "a short message", SessionOpen(a, 8, 7), codeProtocol)
	wantError(t, "a long text", SessionSeal(a, 8, 1<<16+8), codeTooLarge)
	for _, v := range [][2]int32{{-1, 0}, {0, -1}, {BufferSize, 1}, {math.MaxInt32, math.MaxInt32}} {
		wantError(t, "derive", SessionDerive(0, v[0], v[1], rand.Reader), codeArgument)
	}
	load(prefix(1, 2, 0))
	if r := SessionDerive(0, 0, 0, bytes.NewReader(nil)); r >= 0 {
		t.Errorf("without randomness: %d", r)
	}
}

func TestReceptionOnTheCallersState(t *testing.T) {
	state := [3]int32{}
	step := func(rule, counter int32) int32 {
		is := Reception(rule|state[2], state[0], state[1], counter)
		if is >= 0 {
			state = [3]int32{int32(binary.LittleEndian.Uint32(Buffer[:])), int32(binary.LittleEndian.Uint32(Buffer[4:])), receptionStarted}
		}
		return is
	}
	for _, v := range [][2]int32{{5, 0}, {5, 1}, {3, 0}, {3, 3}, {100, 0}, {5, 2}, {-2, 0}, {-1, 0}, {1, 2}} {
		if is := step(int32(session.WindowSecureUnicast), v[0]); is != v[1] {
			t.Errorf("secure: %d is %d, want %d", v[0], is, v[1])
		}
	}
	state = [3]int32{}
	for _, v := range [][2]int32{{100, 0}, {99, 0}, {99, 3}, {5, 0}, {5, 1}, {-1, 0}, {-1, 3}} {
		if is := step(int32(session.WindowUnsecured), v[0]); is != v[1] {
			t.Errorf("unsecured: %d is %d, want %d", v[0], is, v[1])
		}
	}
	for _, rule := range []int32{3, -1, 512, math.MinInt32} {
		wantError(t, "no rule", Reception(rule, 0, 0, 1), codeArgument)
	}
}

func TestSealingThroughTheBoundaryAllocatesNothing(t *testing.T) {
	a, b := derivePair(t)
	allocations := testing.AllocsPerRun(1000, func() {
		binary.LittleEndian.PutUint32(Buffer[4:], uint32(SessionNext(a)))
		n := SessionSeal(a, 8, 208)
		if n != 224 || SessionCheck(b, int32(binary.LittleEndian.Uint32(Buffer[4:]))) != 0 || SessionOpen(b, 8, n) != 208 {
			t.Fatal(n, failure)
		}
		Buffer[9] ^= 1
		if SessionOpen(b, 8, n) != -int32(codeAuthentication) {
			t.Fatal("forged")
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

// calls are all exports of this part, on whatever arguments.
var calls = []func(a, b, c, d int32) int32{
	func(a, b, c, d int32) int32 { return SessionDerive(a, b, c, rand.Reader) },
	func(a, b, c, d int32) int32 { return SessionFromKeys(rand.Reader) },
	func(a, b, c, d int32) int32 { return SessionSeal(a, b, c) },
	func(a, b, c, d int32) int32 { return SessionOpen(a, b, c) },
	func(a, b, c, d int32) int32 { return SessionCheck(a, b) },
	func(a, b, c, d int32) int32 { return int32(min(SessionNext(a), 0)) },
	func(a, b, c, d int32) int32 { return SessionSetCounter(a, b) },
	func(a, b, c, d int32) int32 { return SessionSetLocalNode(a, b, c) },
	func(a, b, c, d int32) int32 { return SessionChallenge(a) },
	func(a, b, c, d int32) int32 { return SessionClose(a) },
	func(a, b, c, d int32) int32 { return SessionCount() },
	Reception,
	func(a, b, c, d int32) int32 { return PASEInitiator(a, rand.Reader) },
	func(a, b, c, d int32) int32 { return PASEResponder(a, rand.Reader) },
	func(a, b, c, d int32) int32 { return PASEVerifier() },
	func(a, b, c, d int32) int32 { return CASEInitiator(a, rand.Reader) },
	func(a, b, c, d int32) int32 { return CASEResponder(a, rand.Reader) },
	func(a, b, c, d int32) int32 { return Sigma1(a) },
	func(a, b, c, d int32) int32 { return HandshakeStart(a) },
	func(a, b, c, d int32) int32 { return HandshakeReceive(a, b, c) },
	func(a, b, c, d int32) int32 { return HandshakeAnswer(a, b) },
	func(a, b, c, d int32) int32 { return HandshakeClose(a) },
	func(a, b, c, d int32) int32 { return CryptoSeal(a, b) },
	func(a, b, c, d int32) int32 { return CryptoOpen(a, b) },
	func(a, b, c, d int32) int32 { return CryptoSHA256(a) },
	func(a, b, c, d int32) int32 { return CryptoHMAC(a, b) },
	func(a, b, c, d int32) int32 { return CryptoHKDF(a, b, c, d) },
	func(a, b, c, d int32) int32 { return CryptoPBKDF2(a, b, c%50, d%100) },
	func(a, b, c, d int32) int32 { return CryptoKeyPair(rand.Reader) },
	func(a, b, c, d int32) int32 { return CryptoPublicKey() },
	func(a, b, c, d int32) int32 { return CryptoECDH() },
	func(a, b, c, d int32) int32 { return CryptoSign(a, rand.Reader) },
	func(a, b, c, d int32) int32 { return CryptoVerify(a) },
	func(a, b, c, d int32) int32 { return CryptoMultiply() },
	func(a, b, c, d int32) int32 { return CryptoAdd() },
	func(a, b, c, d int32) int32 { return CryptoNegate() },
	func(a, b, c, d int32) int32 { return CryptoForget() },
}

// Whatever integers come, with whatever octets in the buffer, the answer is a
// number within bounds or an error with a code; nothing panics, and the sessions
// of others are untouched.
func FuzzCallsOnArbitraryIntegers(f *testing.F) {
	for i := range calls {
		f.Add(uint8(i), int32(-1), int32(8), int32(24), int32(1), []byte("octets"))
		f.Add(uint8(i), int32(1<<18), int32(8), int32(BufferSize), int32(math.MaxInt32), []byte{0x15, 0x18})
		f.Add(uint8(i), int32(2), int32(0), int32(math.MinInt32), int32(0), []byte{0x15, 0x24, 1, 1, 0x18})
	}
	f.Fuzz(func(t *testing.T, which uint8, a, b, c, d int32, octets []byte) {
		x, y := derivePair(t)
		if n := copy(Buffer[:], octets); n < 4096 {
			clear(Buffer[n:4096])
		}
		result := calls[int(which)%len(calls)](a, b, c, d)
		if dead {
			t.Fatal("dead")
		}
		if result < -int32(codeCounterUsed) || result == -int32(codeInternal) {
			t.Errorf("result %d", result)
		}
		if result < 0 {
			if m, err := parseMembers(bytes.Clone(Buffer[:LastError()])); err != nil || m.u16(0) != uint16(-result) {
				t.Errorf("result %d: lastError has %v, %v", result, m, err)
			}
		}
		if channels.find(x) == nil || channels.find(y) == nil {
			return // the fuzzer has guessed a handle
		}
		if n := SessionOpen(y, 8, load(sealed(t, x, 1<<30, "still there"))); n&^openedDuplicate != 19 && a != x && a != y {
			t.Errorf("the sessions of others: %d, %v", n, failure)
		}
	})
}

func TestDeadBlobRefusesEverything(t *testing.T) {
	dead = true
	defer func() { dead = false }()
	for i, call := range calls {
		if r := call(1, 1, 1, 1); r != -int32(codeInternal) {
			t.Errorf("call %d: %d", i, r)
		}
	}
}

// newPASE makes a handshake and closes it when the test ends.
func newPASE(t testing.TB) handle {
	t.Helper()
	h := PASEInitiator(load(structure(func(w *tlv.Writer) { w.Uint(ctx(1), 5); w.Uint(ctx(2), 20202021) })), rand.Reader)
	if h <= 0 {
		t.Fatalf("paseInitiator: %d, %v", h, failure)
	}
	t.Cleanup(func() {
		if handshakes.find(h) != nil {
			HandshakeClose(h)
		}
	})
	return h
}
