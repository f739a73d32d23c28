package session

import (
	"bytes"
	"errors"
	"testing"
)

func TestOutgoingCounterStartsAtRandom28Bits(t *testing.T) {
	for _, test := range []struct {
		random []byte
		want   uint32
	}{{[]byte{0, 0, 0, 0}, 1}, {[]byte{0xFF, 0xFF, 0xFF, 0xFF}, 0x1000_0000}, {[]byte{0x10, 0x32, 0x54, 0x76}, 0x0765_4321 + 1}} {
		c, err := newOutgoingCounter(bytes.NewReader(test.random), false)
		if err != nil || c.next != test.want {
			t.Errorf("% x: starts at %#x, %v; want %#x", test.random, c.next, err, test.want)
		}
	}
	if _, err := newOutgoingCounter(bytes.NewReader(nil), false); err == nil {
		t.Error("no randomness, yet a counter")
	}
}

func TestOutgoingCounterExhausts(t *testing.T) {
	c := outgoingCounter{next: 0xFFFF_FFFF}
	if v, err := c.peek(); v != 0xFFFF_FFFF || err != nil {
		t.Fatalf("last counter: %#x, %v", v, err)
	}
	c.take()
	if _, err := c.peek(); !errors.Is(err, ErrExhausted) {
		t.Errorf("after the last counter: %v, want ErrExhausted", err)
	}
	r := outgoingCounter{next: 0xFFFF_FFFF, rollover: true}
	r.take()
	if v, err := r.peek(); v != 0 || err != nil {
		t.Errorf("unsecured counter after the last: %#x, %v; want 0", v, err)
	}
}
