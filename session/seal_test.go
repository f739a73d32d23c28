package session

import (
	"bytes"
	"errors"
	"testing"

	"github.com/matter-session/matter-session/session/message"
)

// A message that cannot be made burns no counter and leaves no trace in dst; the
// next has the counter that it would have had.
func TestFailedSealBurnsNoCounter(t *testing.T) {
	_, a, b, sa, sb := quietPair(t, 150)
	s := a.sessions[sa]
	next := s.out.next
	dst := []byte("kept")
	for name, test := range map[string]struct {
		p       message.ProtocolHeader
		payload []byte
		want    error
	}{
		"too large":            {message.ProtocolHeader{}, make([]byte, message.MaxDatagram), ErrTooLarge},
		"one octet too large":  {message.ProtocolHeader{}, make([]byte, message.MaxDatagram-8-6-16+1), ErrTooLarge},
		"impossible extension": {message.ProtocolHeader{HasExtensions: true, Extensions: make([]byte, 1<<16)}, nil, message.ErrInvalid},
	} {
		out, err := s.Seal(dst, &test.p, test.payload)
		if !errors.Is(err, test.want) || !bytes.Equal(out, dst) || s.out.next != next {
			t.Errorf("%s: %v, %d octets, counter %d, want %d", name, err, len(out), s.out.next, next)
		}
	}
	octets, err := s.Seal(nil, &message.ProtocolHeader{ProtocolID: 1}, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := b.sessions[sb].Open(nil, octets)
	if err != nil || o.Header.Counter != next || string(o.Payload) != "x" {
		t.Errorf("%+v, %v", o, err)
	}
}

// No counter serves twice, up to the last.
func TestLastCounterOfASession(t *testing.T) {
	_, a, _, sa, _ := quietPair(t, 151)
	s := a.sessions[sa]
	s.out.next = 0xFFFF_FFFE
	for range 2 {
		if _, err := s.Seal(nil, &message.ProtocolHeader{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if _, err := s.Seal(nil, &message.ProtocolHeader{}, nil); !errors.Is(err, ErrExhausted) {
			t.Errorf("after the last: %v", err)
		}
	}
}

func TestOpenRefusesWhatIsNoMessageOfTheSession(t *testing.T) {
	_, a, b, sa, sb := quietPair(t, 152)
	octets, err := a.sessions[sa].Seal(nil, &message.ProtocolHeader{Initiator: true, ProtocolID: 1}, []byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	s := b.sessions[sb]
	window := s.in
	for n := range octets {
		if _, err := s.Open(nil, octets[:n]); err == nil || errors.Is(err, ErrDuplicate) {
			t.Errorf("%d of %d octets: %v", n, len(octets), err)
		}
	}
	for i := range octets {
		for bit := range 8 {
			changed := bytes.Clone(octets)
			changed[i] ^= 1 << bit
			if _, err := s.Open(nil, changed); err == nil || errors.Is(err, ErrDuplicate) {
				t.Errorf("octet %d, bit %d changed: %v", i, bit, err)
			}
		}
	}
	// What we sent comes back to us: no direction opens the other's.
	back := bytes.Clone(octets)
	back[1], back[2] = byte(sa), byte(sa>>8)
	if _, err := a.sessions[sa].Open(nil, back); !errors.Is(err, ErrAuthentication) {
		t.Errorf("reflected: %v", err)
	}
	if s.in != window {
		t.Error("the window moved")
	}
	if _, err := s.Open(nil, octets); err != nil {
		t.Error(err)
	}
	if o, err := s.Open(nil, octets); !errors.Is(err, ErrDuplicate) || string(o.Payload) != "payload" {
		t.Errorf("again: %v", err)
	}
}
