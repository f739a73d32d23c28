package abi

import (
	"bytes"
	"crypto/rand"
	"errors"
	"math"
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// structure builds a request: f writes its members.
func structure(f func(w *tlv.Writer)) []byte {
	w := tlv.NewWriter(nil)
	w.Struct(tlv.Anonymous)
	f(w)
	w.End()
	return w.Octets()
}

func load(b []byte) int32 { return int32(copy(Buffer[:], b)) }

// openInstance opens one and closes it when the test ends.
func openInstance(t testing.TB) handle {
	t.Helper()
	h := Open(load(structure(func(*tlv.Writer) {})), rand.Reader)
	if h <= 0 {
		t.Fatalf("open: %d, %v", h, failure)
	}
	t.Cleanup(func() {
		if _, err := find(h); err == nil {
			slots[h&(1<<handleSlotBits-1)].instance = nil
		}
	})
	return h
}

// ask makes request number and returns its result's members.
func ask(t testing.TB, h handle, now float64, number uint64, f func(w *tlv.Writer)) *members {
	t.Helper()
	n := Request(h, now, load(structure(func(w *tlv.Writer) {
		w.Uint(ctx(0), number)
		f(w)
	})), rand.Reader)
	if n < 0 {
		t.Fatalf("request %d: %v", number, failure)
	}
	m, err := parseMembers(bytes.Clone(Buffer[:n]))
	if err != nil {
		t.Fatalf("request %d: its result is malformed: %x", number, Buffer[:n])
	}
	return m
}

// shuttle carries datagrams between instances, numbered as peers by their place,
// until nothing moves, and returns the events of each.
func shuttle(t testing.TB, now float64, hs ...handle) (events [][]*members) {
	t.Helper()
	events = make([][]*members, len(hs))
	for busy := true; busy; {
		busy = false
		for i, h := range hs {
			for {
				n := Next(h)
				if n < 0 {
					t.Fatalf("next: %v", failure)
				}
				if n == 0 {
					break
				}
				busy = true
				b := bytes.Clone(Buffer[:n&0xFFFFFF])
				if n>>24 == 1 {
					if r := Receive(hs[b[0]], now, int32(i), load(b[4:])); r != 0 {
						t.Fatalf("receive: %v", failure)
					}
					continue
				}
				m, err := parseMembers(b)
				if err != nil {
					t.Fatalf("malformed event %x", b)
				}
				events[i] = append(events[i], m)
			}
		}
	}
	return events
}

func TestPASEOfTwoInstances(t *testing.T) {
	a, b := openInstance(t), openInstance(t)
	ask(t, b, 0, 25, func(w *tlv.Writer) {
		w.Uint(ctx(1), 20202021)
		w.Uint(ctx(2), 1000)
		w.Bytes(ctx(3), make([]byte, 16))
	})
	id := ask(t, a, 0, 18, func(w *tlv.Writer) {
		w.Uint(ctx(1), 1)
		w.Uint(ctx(2), 20202021)
	}).u32(1)
	if at := Deadline(a); at <= 0 {
		t.Errorf("deadline %v while waiting for an answer", at)
	}
	events := shuttle(t, 1, a, b)
	var challenges [2][]byte
	for i, h := range []handle{a, b} {
		if len(events[i]) != 1 || events[i][0].u8(0) != eventSession {
			t.Fatalf("instance %d: events %v", i, events[i])
		}
		s := events[i][0].u16(2)
		info := ask(t, h, 1, 27, func(w *tlv.Writer) { w.Uint(ctx(1), uint64(s)) })
		challenges[i] = info.octets(10)
		if info.u8(3) != 1 || info.flag(4) != (i == 0) || info.err != nil {
			t.Errorf("instance %d: session info is wrong", i)
		}
	}
	if events[0][0].u32(1) != id || events[1][0].u32(1) != 0 {
		t.Error("the session of the initiator belongs to its operation, that of the responder to none")
	}
	if len(challenges[0]) != 16 || !bytes.Equal(challenges[0], challenges[1]) {
		t.Error("the two ends disagree on the attestation challenge")
	}
	// The last word of a closed instance can still be fetched; then it is gone.
	if r := Close(a, 2); r != 0 {
		t.Fatal(failure)
	}
	if r := Tick(a, 2); r >= 0 || !errors.Is(failure, errHandle) {
		t.Errorf("a closed instance ticks: %v", failure)
	}
	if r := Close(a, 2); r >= 0 || !errors.Is(failure, errHandle) || dead {
		t.Errorf("closed twice: %v", failure)
	}
	if n := Next(a); n>>24 != 1 {
		t.Fatalf("no CloseSession: %d", n)
	}
	if n := Next(a); n != 0 {
		t.Fatalf("more than a CloseSession: %d", n)
	}
	if r := Next(a); r >= 0 || !errors.Is(failure, errHandle) {
		t.Errorf("the handle of a closed instance: %d, %v", r, failure)
	}
}

func TestStaleAndForeignHandles(t *testing.T) {
	a := openInstance(t)
	Close(a, 0)
	for Next(a) > 0 {
	}
	b := openInstance(t)
	if a == b {
		t.Fatal("a handle was given out twice")
	}
	empty := structure(func(*tlv.Writer) {})
	for _, h := range []handle{a, 0, -1, b + 1, b + 1<<handleSlotBits, math.MaxInt32, math.MinInt32} {
		for name, r := range map[string]int32{
			"receive": Receive(h, 0, 1, 0), "tick": Tick(h, 0), "request": Request(h, 0, load(empty), rand.Reader), "next": Next(h), "close": Close(h, 0),
		} {
			if r >= 0 {
				t.Errorf("%s accepts handle %#x", name, h)
			}
		}
		if Deadline(h) != -1 {
			t.Errorf("deadline of handle %#x", h)
		}
	}
	if r := Tick(b, 0); r != 0 {
		t.Errorf("the living instance was hit: %v", failure)
	}
}

func TestBadArgumentsAreRefused(t *testing.T) {
	h := openInstance(t)
	for _, now := range []float64{-1, math.NaN(), math.Inf(1), math.Inf(-1), 1 << 60} {
		if Tick(h, now) >= 0 || Receive(h, now, 0, 0) >= 0 || Request(h, now, 0, rand.Reader) >= 0 || Close(h, now) >= 0 {
			t.Errorf("now = %v is accepted", now)
		}
	}
	for _, n := range []int32{-1, BufferSize + 1, math.MaxInt32, math.MinInt32} {
		if Receive(h, 0, 0, n) >= 0 || Request(h, 0, n, rand.Reader) >= 0 || Open(n, rand.Reader) >= 0 {
			t.Errorf("length %d is accepted", n)
		}
	}
	for number := range uint64(256) {
		b := structure(func(w *tlv.Writer) { w.Uint(ctx(0), number) })
		for n := range b {
			if r := Request(h, 0, load(b[:n]), rand.Reader); r >= 0 {
				t.Errorf("request %d cut at %d: accepted", number, n)
			}
		}
		r := Request(h, 0, load(b), rand.Reader)
		if needsNothing := number == 1 || number == 5 || number == 26; r < 0 == needsNothing {
			t.Errorf("request %d without members: %d, %v", number, r, failure)
		}
		if n := LastError(); r < 0 {
			m, err := parseMembers(Buffer[:n])
			if err != nil || m.u16(0) == 0 || m.text(1) == "" || m.u16(0) != uint16(-r) {
				t.Errorf("request %d: its error says nothing: %x", number, Buffer[:n])
			}
		}
	}
}

func TestSetupCodesNeedNoInstance(t *testing.T) {
	m := ask(t, 0, 0, 31, func(w *tlv.Writer) {
		for n, v := range []uint64{0xFFF1, 0x8000, 0, 2, 3840, 20202021} {
			w.Uint(ctx(uint8(n+1)), v)
		}
	})
	if m.text(1) != "MT:Y.K9042C00KA0648G00" || m.text(2) != "34970112332" {
		t.Fatalf("codes %q and %q", m.text(1), m.text(2))
	}
	count := 0
	ask(t, 0, 0, 30, func(w *tlv.Writer) { w.String(ctx(1), m.text(1)) }).each(1, func(p *members) {
		count++
		if p.u8(0) != 1 || p.u16(1) != 0xFFF1 || p.u16(5) != 3840 || p.flag(6) || p.u32(7) != 20202021 {
			t.Error("the code was read as another")
		}
	})
	if count != 1 {
		t.Errorf("%d payloads", count)
	}
	if r := Request(0, 0, load(structure(func(w *tlv.Writer) {
		w.Uint(ctx(0), 30)
		w.String(ctx(1), "34970112333")
	})), rand.Reader); r != -int32(codeSetupCode) {
		t.Fatalf("a wrong check digit: %d", r)
	}
	if m, err := parseMembers(Buffer[:LastError()]); err != nil || m.text(2) != "CheckDigit" {
		t.Error("the kind of fault is not told")
	}
}

func TestRequestsLeaveNoSecretInTheBuffer(t *testing.T) {
	h := openInstance(t)
	secret := []byte("a salt that is long enough here")
	ask(t, h, 0, 25, func(w *tlv.Writer) {
		w.Uint(ctx(1), 20202021)
		w.Uint(ctx(2), 1000)
		w.Bytes(ctx(3), secret)
	})
	if bytes.Contains(Buffer[:], secret[8:]) {
		t.Error("a request is still in the buffer after it was carried out")
	}
}

func TestTooManyInstances(t *testing.T) {
	var hs []handle
	for range maxInstances {
		hs = append(hs, openInstance(t))
	}
	if r := Open(load(structure(func(*tlv.Writer) {})), rand.Reader); r != -int32(codeLimit) {
		t.Errorf("one more than the limit: %d", r)
	}
	slots[hs[3]&(1<<handleSlotBits-1)].instance = nil
	if h := openInstance(t); h == hs[3] {
		t.Error("a handle was given out twice")
	}
}

func TestPanicIsAnErrorAndTheEnd(t *testing.T) {
	h := openInstance(t)
	defer func() { dead = false }()
	call := func() (result int32) {
		defer Catch(&result)
		panic("on purpose")
	}
	if r := call(); r != -int32(codeInternal) {
		t.Errorf("a panic crosses the boundary as %d", r)
	}
	for name, r := range map[string]int32{"tick": Tick(h, 0), "next": Next(h), "open": Open(0, rand.Reader), "request": Request(0, 0, 0, rand.Reader)} {
		if r >= 0 {
			t.Errorf("%s works after a panic", name)
		}
	}
}

func TestAuthorityRoundTrip(t *testing.T) {
	h, other := openInstance(t), openInstance(t)
	ask(t, h, 1000, 6, func(w *tlv.Writer) { w.Uint(ctx(1), 800_000_000) })
	made := ask(t, h, 2000, 1, func(w *tlv.Writer) { w.String(ctx(1), "Home") })
	again := ask(t, other, 0, 2, func(w *tlv.Writer) { w.Bytes(ctx(1), made.octets(5)) })
	for n := 2; n <= 4; n++ {
		if !bytes.Equal(made.elements[n], again.elements[n]) {
			t.Errorf("member %d differs after storing", n)
		}
	}
	if made.err != nil || made.u64(2) == 0 || !session.NodeID(made.u64(3)).IsOperational() {
		t.Error("no fabric")
	}
}

// FuzzCalls gives the boundary whatever there is: arbitrary requests on an
// instance. Nothing panics, every answer is a structure or an error.
func FuzzCalls(f *testing.F) {
	for number := range uint64(43) {
		f.Add(structure(func(w *tlv.Writer) {
			w.Uint(ctx(0), number)
			w.Uint(ctx(1), 1)
			w.Bytes(ctx(2), make([]byte, 16))
		}), int32(1), 5.0)
	}
	f.Fuzz(func(t *testing.T, b []byte, peer int32, now float64) {
		if len(b) > 4096 {
			return
		}
		h := openInstance(t)
		if n := Request(h, now, load(b), rand.Reader); n >= 0 {
			if _, err := parseMembers(Buffer[:n]); err != nil {
				t.Fatalf("malformed result %x", Buffer[:n])
			}
		}
		Receive(h, now, peer, load(b))
		for range 100 {
			n := Next(h)
			if n < 0 {
				t.Fatal(failure)
			}
			if n == 0 {
				break
			}
			if _, err := parseMembers(Buffer[:n&0xFFFFFF]); n>>24 == 2 && err != nil {
				t.Fatalf("malformed event %x", Buffer[:n&0xFFFFFF])
			}
		}
	})
}
