package abi

import (
	"encoding/binary"
	"io"

	"github.com/matter-session/matter-session/session"
)

// Secure sessions without a controller: handles, flat arguments, and octets in
// the buffer. Sealing and opening allocate nothing.

// The flags of [SessionDerive].
const (
	sessionInitiator = 1 << iota
	sessionResumption
)

// channelPrefix is what a new session's octets begin with: local node ID, peer
// node ID, first counter (0: a random one).
const channelPrefix = 8 + 8 + 4

// openedDuplicate is set in the result of [SessionOpen] if the message was
// received before.
const openedDuplicate = 1 << 24

var channels = table[session.Channel]{kind: kindSession, limit: maxSlots}

// Schedules are expanded keys. A session has the place of its slot's remainder,
// and expands its keys anew if another one had it meanwhile.
const (
	maxSchedules   = 4 * chunkSize
	scheduleChunks = maxSchedules / chunkSize
)

type scheduleEntry struct {
	owner    handle
	schedule session.ChannelSchedule
}

var schedules [scheduleChunks]*[chunkSize]scheduleEntry

func scheduleOf(h handle) *session.ChannelSchedule {
	i := h & (maxSchedules - 1)
	chunk := &schedules[i/chunkSize]
	if *chunk == nil {
		*chunk = new([chunkSize]scheduleEntry)
	}
	e := &(*chunk)[i%chunkSize]
	if e.owner != h {
		e.schedule.Clear()
		e.owner = h
	}
	return &e.schedule
}

func findChannel(h handle) (*session.Channel, error) {
	if dead {
		return nil, errDead
	}
	if c := channels.find(h); c != nil {
		return c, nil
	}
	return nil, errHandle
}

// spans returns the octets of a call that brought several lengths.
func spans(ns ...int32) ([]byte, error) {
	if dead {
		return nil, errDead
	}
	total := 0
	for _, n := range ns {
		if n < 0 || n > BufferSize {
			return nil, errArgument
		}
		total += int(n)
	}
	if total > BufferSize {
		return nil, errArgument
	}
	return Buffer[:total], nil
}

func channelConfig(b []byte, rand io.Reader) session.ChannelConfig {
	return session.ChannelConfig{
		LocalNode:    session.NodeID(binary.LittleEndian.Uint64(b)),
		PeerNode:     session.NodeID(binary.LittleEndian.Uint64(b[8:])),
		FirstCounter: binary.LittleEndian.Uint32(b[16:]),
		Rand:         rand,
	}
}

func addChannel(made session.Channel, err error) (handle, error) {
	if err != nil {
		return 0, err
	}
	h, c, err := channels.add()
	if err != nil {
		return 0, err
	}
	*c = made
	return h, nil
}

// SessionDerive makes a session from the prefix, a secret and a salt, which it
// erases, and returns its handle.
func SessionDerive(flags, secret, salt int32, rand io.Reader) int32 {
	b, err := spans(channelPrefix, secret, salt)
	if err != nil {
		return fail(err)
	}
	defer clear(b)
	key := b[channelPrefix:]
	h, err := addChannel(session.DeriveChannel(channelConfig(b, rand), key[:secret], key[secret:],
		flags&sessionInitiator != 0, flags&sessionResumption != 0))
	if err != nil {
		return fail(err)
	}
	return h
}

// SessionFromKeys makes a session from the prefix and its keys, which it erases:
// to decrypt with, to encrypt with, attestation challenge.
func SessionFromKeys(rand io.Reader) int32 {
	b, err := spans(channelPrefix, 3*16)
	if err != nil {
		return fail(err)
	}
	defer clear(b)
	k := b[channelPrefix:]
	h, err := addChannel(session.NewChannel(channelConfig(b, rand),
		(*[16]byte)(k[16:]), (*[16]byte)(k), (*[16]byte)(k[32:])))
	if err != nil {
		return fail(err)
	}
	return h
}

// SessionSeal seals the n octets in the buffer, the first header of which are a
// message header, and returns how many there are then.
func SessionSeal(h handle, header, n int32) int32 {
	c, err := findChannel(h)
	if err != nil {
		return fail(err)
	}
	if n < 0 || n > BufferSize || header < 0 {
		return fail(errArgument)
	}
	sealed, err := c.Seal(scheduleOf(h), Buffer[:n], int(header))
	if err != nil {
		return fail(err)
	}
	return int32(len(sealed))
}

// SessionOpen opens the n octets in the buffer, the first header of which are a
// message header, and returns how many there are then; see [openedDuplicate].
func SessionOpen(h handle, header, n int32) int32 {
	c, err := findChannel(h)
	if err != nil {
		return fail(err)
	}
	if n < 0 || n > BufferSize || header < 0 {
		return fail(errArgument)
	}
	opened, err := c.Open(scheduleOf(h), Buffer[:n], int(header))
	switch err {
	case nil:
		return int32(len(opened))
	case session.ErrDuplicate:
		return int32(len(opened)) | openedDuplicate
	}
	return fail(err)
}

// SessionCheck tells what opening would find of a counter, as a
// [session.Reception], and moves nothing.
func SessionCheck(h handle, counter int32) int32 {
	c, err := findChannel(h)
	if err != nil {
		return fail(err)
	}
	return int32(c.Check(uint32(counter)))
}

// SessionNext takes the session's next counter.
func SessionNext(h handle) float64 {
	c, err := findChannel(h)
	if err != nil {
		return float64(fail(err))
	}
	counter, err := c.NextCounter()
	if err != nil {
		return float64(fail(err))
	}
	return float64(counter)
}

// SessionSetCounter sets what SessionNext returns next.
func SessionSetCounter(h handle, counter int32) int32 {
	c, err := findChannel(h)
	if err != nil {
		return fail(err)
	}
	c.SetNextCounter(uint32(counter))
	return 0
}

// SessionSetLocalNode sets whose messages the session's are.
func SessionSetLocalNode(h handle, low, high int32) int32 {
	c, err := findChannel(h)
	if err != nil {
		return fail(err)
	}
	c.SetLocalNode(session.NodeID(uint32(low)) | session.NodeID(uint32(high))<<32)
	return 0
}

// SessionChallenge writes the attestation challenge.
func SessionChallenge(h handle) int32 {
	c, err := findChannel(h)
	if err != nil {
		return fail(err)
	}
	challenge := c.AttestationChallenge()
	return int32(copy(Buffer[:], challenge[:]))
}

// SessionClose erases a session.
func SessionClose(h handle) int32 {
	if _, err := findChannel(h); err != nil {
		return fail(err)
	}
	i := h & (maxSchedules - 1)
	if chunk := schedules[i/chunkSize]; chunk != nil && chunk[i%chunkSize].owner == h {
		chunk[i%chunkSize] = scheduleEntry{}
	}
	channels.remove(h)
	return 0
}

// SessionCount returns how many sessions are open.
func SessionCount() int32 {
	if dead {
		return fail(errDead)
	}
	return channels.live
}

// receptionStarted is set beside the rule of [Reception] if a first counter was
// taken.
const receptionStarted = 1 << 8

// Reception judges a counter by a state that the caller has and writes the state
// that follows: the largest counter seen and the window, 4 octets each.
func Reception(rule, max, seen, counter int32) int32 {
	if dead {
		return fail(errDead)
	}
	w := session.Window{
		Rule:    session.WindowRule(rule &^ receptionStarted),
		Started: rule&receptionStarted != 0,
		Max:     uint32(max),
		Seen:    uint32(seen),
	}
	if rule&^receptionStarted < 0 || rule&^receptionStarted > int32(session.WindowUnsecured) {
		return fail(errArgument)
	}
	is := w.Accept(uint32(counter))
	binary.LittleEndian.PutUint32(Buffer[:], w.Max)
	binary.LittleEndian.PutUint32(Buffer[4:], w.Seen)
	return int32(is)
}
