package session

import (
	"encoding/binary"
	"io"
)

// An outgoingCounter gives each message of a session or node its counter.
// Matter Core §4.6.1.
type outgoingCounter struct {
	next      uint32
	rollover  bool // unsecured messages only; a secure session ends instead
	exhausted bool
}

// newOutgoingCounter starts at a random value of 28 bits, plus one, so that a
// new session tells nothing of how many messages went before it.
func newOutgoingCounter(rand io.Reader, rollover bool) (outgoingCounter, error) {
	var b [4]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return outgoingCounter{}, err
	}
	return outgoingCounter{next: binary.LittleEndian.Uint32(b[:])>>4 + 1, rollover: rollover}, nil
}

// peek returns the counter that the next message must carry, without taking it:
// a message that cannot be encoded burns none.
func (c *outgoingCounter) peek() (uint32, error) {
	if c.exhausted {
		return 0, ErrExhausted
	}
	return c.next, nil
}

// take burns the counter that peek returned. A counter of a secure session is
// never given out twice: after the last one the session is exhausted.
func (c *outgoingCounter) take() {
	c.next++
	if c.next == 0 && !c.rollover {
		c.exhausted = true
	}
}
