package session

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"github.com/matter-session/matter-session/session/message"
)

// A testChannel is a channel and its schedule.
type testChannel struct {
	Channel
	schedule ChannelSchedule
}

const (
	channelNodeA NodeID = 0x1122334455667788
	channelNodeB NodeID = 0x99AABBCCDDEEFF01
)

// newChannelPair makes the two ends of one CASE session.
func newChannelPair(t testing.TB) (a, b *testChannel) {
	t.Helper()
	make := func(local, peer NodeID, initiator bool) *testChannel {
		c, err := DeriveChannel(ChannelConfig{LocalNode: local, PeerNode: peer, Rand: rand.Reader},
			[]byte("secret"), []byte("salt"), initiator, false)
		if err != nil {
			t.Fatal(err)
		}
		return &testChannel{Channel: c}
	}
	return make(channelNodeA, channelNodeB, true), make(channelNodeB, channelNodeA, false)
}

// seal seals text under a header with the counter.
func (c *testChannel) seal(counter uint32, text string) ([]byte, error) {
	header := message.Header{SessionID: 7, Counter: counter}
	b, err := header.Append(nil)
	if err != nil {
		return nil, err
	}
	return c.Seal(&c.schedule, append(b, text...), len(b))
}

func (c *testChannel) mustSeal(t testing.TB, counter uint32, text string) []byte {
	t.Helper()
	b, err := c.seal(counter, text)
	if err != nil {
		t.Fatalf("counter %d: %v", counter, err)
	}
	return b
}

func (c *testChannel) open(b []byte) ([]byte, error) {
	return c.Open(&c.schedule, bytes.Clone(b), minHeaderSize)
}

// What a channel seals is what a session opens, and the other way round: both
// are the same session of the specification.
func TestChannelAgreesWithSession(t *testing.T) {
	for _, resumed := range []bool{false, true} {
		config := ChannelConfig{LocalNode: channelNodeA, PeerNode: channelNodeB, FirstCounter: 5}
		made, err := DeriveChannel(config, []byte("secret"), []byte("salt"), true, resumed)
		if err != nil {
			t.Fatal(err)
		}
		c := &testChannel{Channel: made}
		f := &Fabric{node: channelNodeB, index: 1}
		s, err := newSession(rand.Reader, 7, &sessionSecrets{
			keys: deriveSessionKeys([]byte("secret"), []byte("salt"), resumed), peerSessionID: 7, fabric: f, peerNode: channelNodeA,
		}, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		protocol := message.ProtocolHeader{Initiator: true, Opcode: 9, ExchangeID: 0x1234}
		plain, err := protocol.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := s.Open(nil, c.mustSeal(t, 5, string(plain)+"payload"))
		if err != nil || string(opened.Payload) != "payload" {
			t.Fatalf("resumed %t: the session opened %q, %v", resumed, opened.Payload, err)
		}
		sealed, err := s.Seal(nil, &protocol, []byte("answer"))
		if err != nil {
			t.Fatal(err)
		}
		text, err := c.open(sealed)
		if err != nil || !bytes.HasSuffix(text, []byte("answer")) {
			t.Fatalf("resumed %t: the channel opened %q, %v", resumed, text, err)
		}
		if c.AttestationChallenge() != s.info().AttestationChallenge {
			t.Error("the attestation challenges differ")
		}
	}
}

func TestChannelOfKeys(t *testing.T) {
	keys := deriveSessionKeys([]byte("secret"), nil, false)
	config := ChannelConfig{FirstCounter: 1}
	made, err := NewChannel(config, (*[16]byte)(&keys.r2i), (*[16]byte)(&keys.i2r), (*[16]byte)(&keys.attestationChallenge))
	if err != nil {
		t.Fatal(err)
	}
	initiator, err := DeriveChannel(config, []byte("secret"), nil, true, false)
	if err != nil {
		t.Fatal(err)
	}
	a, b := &testChannel{Channel: initiator}, &testChannel{Channel: made}
	if text, err := b.open(a.mustSeal(t, 1, "there")); err != nil || string(text[minHeaderSize:]) != "there" {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := a.open(b.mustSeal(t, 1, "and back")); err != nil || string(text[minHeaderSize:]) != "and back" {
		t.Errorf("%q, %v", text, err)
	}
	if a.AttestationChallenge() != b.AttestationChallenge() {
		t.Error("the attestation challenges differ")
	}
}

// A retransmission is sealed anew by hosts that keep messages and not datagrams.
func TestSealingAgainGivesTheSameOctets(t *testing.T) {
	a, _ := newChannelPair(t)
	first := map[uint32][]byte{}
	for counter := uint32(1000); counter < 1032; counter++ {
		first[counter] = a.mustSeal(t, counter, "message "+fmt.Sprint(counter))
	}
	for counter, octets := range first {
		if again := a.mustSeal(t, counter, "message "+fmt.Sprint(counter)); !bytes.Equal(again, octets) {
			t.Errorf("counter %d: other octets the second time", counter)
		}
	}
}

func TestNoCounterSealsTwoMessages(t *testing.T) {
	a, b := newChannelPair(t)
	first := a.mustSeal(t, 70, "a message")
	other := [][]byte{}
	for _, text := range []string{"A message", "a messagf", "a message ", "", strings.Repeat("x", 1000)} {
		got, err := a.seal(70, text)
		if !errors.Is(err, ErrCounterUsed) {
			t.Errorf("%q under the counter of another message: %v", text, err)
		}
		if tail := got[minHeaderSize:cap(got)]; len(bytes.Trim(tail[:min(len(tail), len(text)+16)], "\x00")) > 0 {
			t.Errorf("%q: something of the refused message is left: %x", text, tail)
		}
		other = append(other, got)
	}
	// The same text under another header is another message too.
	header, err := (&message.Header{SessionID: 8, Counter: 70}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Seal(&a.schedule, append(header, "a message"...), len(header)); !errors.Is(err, ErrCounterUsed) {
		t.Errorf("another header: %v", err)
	}
	// The refusals have used nothing up: the message itself may still be repeated.
	if again := a.mustSeal(t, 70, "a message"); !bytes.Equal(again, first) {
		t.Error("other octets after the refusals")
	}
	if _, err := b.open(first); err != nil {
		t.Errorf("the message: %v", err)
	}
	for _, o := range other {
		if _, err := b.open(o); err == nil {
			t.Error("a refused message opens")
		}
	}
}

// A counter that is too old to be remembered may have sealed anything.
func TestForgottenCounterIsRefused(t *testing.T) {
	a, _ := newChannelPair(t)
	a.mustSeal(t, 100, "old")
	a.mustSeal(t, 100+sealedSlots, "new")
	if _, err := a.seal(100, "old"); !errors.Is(err, ErrCounterUsed) {
		t.Errorf("a forgotten counter: %v", err)
	}
	// Rolling over is no way around it.
	a.mustSeal(t, ^uint32(0), "last")
	if _, err := a.seal(31, "rolled over"); !errors.Is(err, ErrCounterUsed) {
		t.Errorf("after the largest counter: %v", err)
	}
}

// Counters may be sealed in another order than they were taken.
func TestCountersOutOfOrder(t *testing.T) {
	a, b := newChannelPair(t)
	for _, counter := range []uint32{5, 3, 4, 36, 6, 0} {
		if _, err := b.open(a.mustSeal(t, counter, "x")); err != nil && counter != 0 {
			t.Errorf("counter %d: %v", counter, err)
		}
	}
}

// The model remembers every message of every counter: what the channel lets
// through must never be a second message, and what it refuses must be one or old.
func TestSealedCountersAgreeWithModel(t *testing.T) {
	rng := mathrand.New(mathrand.NewPCG(1, 2))
	var s sealedCounters
	sealed := map[uint32]uint32{}
	largest := uint32(0)
	for range 200_000 {
		counter, tag := largest-uint32(rng.IntN(80)), uint32(rng.IntN(3))
		if rng.IntN(4) == 0 {
			counter = largest + uint32(rng.IntN(40))
		}
		if counter > 1<<31 {
			continue // below 0
		}
		was, known := sealed[counter]
		taken := s.possible(counter) && s.take(counter, tag)
		switch {
		case taken && known && was != tag:
			t.Fatalf("counter %d has sealed %d and now %d", counter, was, tag)
		case !taken && known && was == tag && counter+sealedSlots > largest:
			t.Fatalf("counter %d may not be repeated, with %d the largest", counter, largest)
		case !taken && !known && counter+sealedSlots > largest:
			t.Fatalf("counter %d is new, with %d the largest", counter, largest)
		}
		if taken {
			sealed[counter] = tag
			largest = max(largest, counter)
		}
	}
}

func TestChannelRefusesForgery(t *testing.T) {
	a, b := newChannelPair(t)
	good := a.mustSeal(t, 10, "text")
	for i := range good {
		forged := bytes.Clone(good)
		forged[i] ^= 1
		if _, err := b.open(forged); !errors.Is(err, ErrAuthentication) {
			t.Errorf("octet %d changed: %v", i, err)
		}
	}
	for n := range good {
		want := ErrAuthentication
		if n < minHeaderSize {
			want = ErrTruncated
		}
		if _, err := b.open(good[:n]); !errors.Is(err, want) {
			t.Errorf("%d octets: got %v, want %v", n, err, want)
		}
	}
	if _, err := a.open(good); !errors.Is(err, ErrAuthentication) {
		t.Errorf("its own message, reflected: %v", err)
	}
	if _, err := b.open(good); err != nil {
		t.Errorf("the message after all that: %v", err)
	}
}

// One forged message with a counter far ahead must not make the session deaf.
func TestForgedCounterMovesNoWindow(t *testing.T) {
	a, b := newChannelPair(t)
	forged := make([]byte, 38)
	copy(forged[4:], []byte{0xfe, 0xff, 0xff, 0xff})
	if b.Check(0xfffffffe) != ReceptionNew {
		t.Fatal("the forged counter is not new")
	}
	if _, err := b.open(forged); !errors.Is(err, ErrAuthentication) {
		t.Fatalf("forged: %v", err)
	}
	for counter := range uint32(4) {
		if _, err := b.open(a.mustSeal(t, counter+1, "x")); err != nil {
			t.Errorf("message %d after the forgery: %v", counter, err)
		}
	}
}

func TestChannelTellsDuplicates(t *testing.T) {
	a, b := newChannelPair(t)
	sealed := map[uint32][]byte{}
	for _, counter := range []uint32{200, 190, 100} {
		sealed[counter] = a.mustSeal(t, counter, "x")
	}
	if _, err := b.open(sealed[200]); err != nil {
		t.Fatal(err)
	}
	if _, err := b.open(sealed[190]); err != nil {
		t.Fatal(err)
	}
	for counter, want := range map[uint32]Reception{
		201: ReceptionNew, 199: ReceptionNew, 200: ReceptionLast, 190: ReceptionSeen, 100: ReceptionBehind, 0: ReceptionBehind,
	} {
		if got := b.Check(counter); got != want {
			t.Errorf("check of %d: got %d, want %d", counter, got, want)
		}
	}
	for counter, octets := range sealed {
		text, err := b.open(octets)
		if !errors.Is(err, ErrDuplicate) || string(text[minHeaderSize:]) != "x" {
			t.Errorf("counter %d again: %q, %v; want the message and ErrDuplicate", counter, text, err)
		}
	}
}

func TestNodeOfTheNonceIsTheSenders(t *testing.T) {
	a, b := newChannelPair(t)
	a.SetLocalNode(channelNodeB)
	if _, err := b.open(a.mustSeal(t, 1, "x")); !errors.Is(err, ErrAuthentication) {
		t.Errorf("another sender: %v", err)
	}
	a.SetLocalNode(channelNodeA)
	if _, err := b.open(a.mustSeal(t, 2, "x")); err != nil {
		t.Errorf("the sender: %v", err)
	}
}

func TestChannelCounters(t *testing.T) {
	made, err := DeriveChannel(ChannelConfig{FirstCounter: 0xFFFF_FFFE}, nil, nil, true, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []uint32{0xFFFF_FFFE, 0xFFFF_FFFF} {
		if got, err := made.NextCounter(); err != nil || got != want {
			t.Errorf("got %#x, %v; want %#x", got, err, want)
		}
	}
	if _, err := made.NextCounter(); !errors.Is(err, ErrExhausted) {
		t.Errorf("after the last one: %v", err)
	}
	made.SetNextCounter(3)
	if got, err := made.NextCounter(); err != nil || got != 3 {
		t.Errorf("got %d, %v; want 3", got, err)
	}
	// Without a first one it is drawn: 28 bits, and one.
	drawn, err := DeriveChannel(ChannelConfig{Rand: strings.NewReader("\xff\xff\xff\xff")}, nil, nil, true, false)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := drawn.NextCounter(); err != nil || got != 1<<28 {
		t.Errorf("got %#x, %v; want %#x", got, err, 1<<28)
	}
	if _, err := DeriveChannel(ChannelConfig{Rand: strings.NewReader("")}, nil, nil, true, false); err == nil {
		t.Error("a channel without randomness")
	}
}

func TestChannelRefusesImpossibleLengths(t *testing.T) {
	a, b := newChannelPair(t)
	message := make([]byte, 200_000)
	for _, v := range []struct {
		header, n int
		want      error
	}{
		{7, 100, ErrTruncated}, {-1, 100, ErrTruncated}, {101, 100, ErrTruncated}, {8, 8 + 1<<16, ErrTooLarge}, {0xFF00, 0xFF00 + 10, ErrTooLarge},
	} {
		if _, err := a.Seal(&a.schedule, message[:v.n], v.header); !errors.Is(err, v.want) {
			t.Errorf("sealing %d with a header of %d: got %v, want %v", v.n, v.header, err, v.want)
		}
		if _, err := b.Open(&b.schedule, message[:v.n], v.header); err == nil {
			t.Errorf("opening %d with a header of %d: no error", v.n, v.header)
		}
	}
}

func TestClosedChannelHasNoKeys(t *testing.T) {
	a, _ := newChannelPair(t)
	a.mustSeal(t, 1, "x")
	a.Clear()
	a.schedule.Clear()
	if a.Channel != (Channel{}) || a.schedule != (ChannelSchedule{}) {
		t.Error("something is left")
	}
	for _, s := range []string{a.String(), a.GoString(), fmt.Sprintf("%v", &a.Channel), fmt.Sprintf("%#v", &a.Channel)} {
		if !strings.Contains(s, "[redacted]") {
			t.Errorf("prints as %q", s)
		}
	}
}

// 65,535 of them are to fit.
func TestChannelIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Channel{}); n > 352 {
		t.Errorf("a channel is %d octets", n)
	}
}

func TestSealAndOpenAllocateNothing(t *testing.T) {
	a, b := newChannelPair(t)
	buffer, counter := make([]byte, 1280), uint32(0)
	allocations := testing.AllocsPerRun(1000, func() {
		counter++
		clear(buffer[:minHeaderSize])
		buffer[4], buffer[5] = byte(counter), byte(counter>>8)
		sealed, err := a.Seal(&a.schedule, buffer[:208], minHeaderSize)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Open(&b.schedule, sealed, minHeaderSize); err != nil {
			t.Fatal(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestWindowIsTheReception(t *testing.T) {
	rng := mathrand.New(mathrand.NewPCG(3, 4))
	for _, rule := range []WindowRule{WindowSecureUnicast, WindowGroup, WindowUnsecured} {
		for range 100 {
			w, r := Window{Rule: rule}, reception{rule: receptionRule(rule)}
			base := rng.Uint32()
			for range 200 {
				counter := base + uint32(rng.IntN(100))
				if rng.IntN(20) == 0 {
					base = rng.Uint32()
				}
				last, max, started := counter == r.max, r.max, r.started || rule == WindowSecureUnicast
				taken, is := r.accept(counter), w.Accept(counter)
				if taken != (is == ReceptionNew) || w.Max != r.max || w.Seen != r.seen || w.Started != r.started {
					t.Fatalf("rule %d, counter %d: %d and %t", rule, counter, is, taken)
				}
				if (is == ReceptionLast) != (last && started) || is == ReceptionBehind && max-counter <= windowSize || is == ReceptionSeen && max-counter > windowSize {
					t.Fatalf("rule %d, counter %d of %d: %d", rule, counter, max, is)
				}
			}
		}
	}
}
