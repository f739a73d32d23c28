// Package abi is the boundary of the session blob without the export directives:
// what a call's octets mean, and which instance a handle names. It converts and
// dispatches; an if about Matter here is a bug. ../README.md has the tables.
package abi

import (
	"errors"
	"io"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/commission"
)

// BufferSize is the size of the buffer that arguments and results share: two
// datagrams' worth would do for packets; a trust list or a long report needs more.
const BufferSize = 256 << 10

// Buffer holds the octets of every call. A Go global does not move.
var Buffer [BufferSize]byte

// maxInstances bounds how many controllers one blob holds.
const maxInstances = 64

// A handle names an instance: its place in the table and a generation, so that
// the handle of a closed instance is an error and never another instance.
type handle = int32

const (
	handleSlotBits = 8
	maxGeneration  = 1 << (31 - handleSlotBits)
)

// An instance is one controller and what waits to be fetched from it.
type instance struct {
	controller *commission.Controller // nil once it is closed
	rand       io.Reader
	utcOffset  int64 // seconds of Matter's epoch at instant 0
	utcKnown   bool

	datagrams []session.Datagram
	events    []commission.ControllerEvent

	deadline    session.Instant // as the controller last told it
	hasDeadline bool
}

type slot struct {
	generation int32
	instance   *instance // nil: free
}

var (
	slots   []slot
	failure error // of the last call that returned a negative number
	dead    bool  // a call panicked: nothing in here can be trusted any more
)

var (
	errHandle   = errors.New("abi: the handle is stale or foreign")
	errArgument = errors.New("abi: malformed request")
	errDead     = errors.New("abi: it has panicked")
	errFull     = errors.New("abi: too many open controllers")
)

// fail records err for [LastError] and returns what the call returns.
func fail(err error) int32 {
	failure = err
	return -int32(codeOf(err))
}

// A panicError is what a call that panicked leaves behind.
type panicError struct{ reason string }

func (e *panicError) Error() string { return "abi: " + e.reason }
func (e *panicError) Unwrap() error { return errDead }

// Catch ends every exported call: a panic becomes an error, and the blob is dead
// from then on. What the panic says is told: it is the runtime's or a constant of
// ours, never data.
func Catch(result *int32) {
	switch r := recover().(type) {
	case nil:
		return
	case error:
		failure = &panicError{r.Error()}
	case string:
		failure = &panicError{r}
	default:
		failure = errDead
	}
	dead = true
	*result = -int32(codeInternal)
}

func find(h handle) (*instance, error) {
	if dead {
		return nil, errDead
	}
	i := int(h & (1<<handleSlotBits - 1))
	if h <= 0 || i >= len(slots) || slots[i].instance == nil || slots[i].generation != h>>handleSlotBits {
		return nil, errHandle
	}
	return slots[i].instance, nil
}

// arguments returns the n octets that a call brought.
func arguments(n int32) ([]byte, error) {
	if n < 0 || n > BufferSize {
		return nil, errArgument
	}
	return Buffer[:n], nil
}

// instantOf rejects what is not a time; NaN fails both comparisons.
func instantOf(now float64) (session.Instant, error) {
	if now >= 0 && now < 1<<53 {
		return session.Instant(now), nil
	}
	return 0, errArgument
}

// Open makes an instance from the n octets of a configuration and returns its
// handle.
func Open(n int32, rand io.Reader) int32 {
	if dead {
		return fail(errDead)
	}
	b, err := arguments(n)
	if err != nil {
		return fail(err)
	}
	config, err := parseConfig(b)
	if err != nil {
		return fail(err)
	}
	config.Session.Rand = rand
	i := 0
	for i < len(slots) && slots[i].instance != nil {
		i++
	}
	if i == maxInstances {
		return fail(errFull)
	}
	controller, err := commission.NewController(config)
	if err != nil {
		return fail(err)
	}
	if i == len(slots) {
		slots = append(slots, slot{})
	}
	s := &slots[i]
	s.generation = s.generation%(maxGeneration-1) + 1
	s.instance = &instance{controller: controller, rand: rand}
	return s.generation<<handleSlotBits | int32(i)
}

// Close closes every session of an instance; its last datagrams are still to be
// fetched with [Next], and when there is none left the handle is stale.
func Close(h handle, now float64) int32 {
	in, at, _, err := call(h, now, 0)
	if err != nil {
		return fail(err)
	}
	in.controller.Close(at)
	in.collect()
	in.controller, in.events = nil, nil
	return 0
}

// Receive hands over a datagram of n octets.
func Receive(h handle, now float64, peer, n int32) int32 {
	in, at, b, err := call(h, now, n)
	if err != nil {
		return fail(err)
	}
	in.controller.Receive(at, session.Peer(peer), b)
	return 0
}

// Tick tells the time.
func Tick(h handle, now float64) int32 {
	in, at, _, err := call(h, now, 0)
	if err != nil {
		return fail(err)
	}
	in.controller.Tick(at)
	return 0
}

// call is the common start of the calls on an open instance.
func call(h handle, now float64, n int32) (*instance, session.Instant, []byte, error) {
	in, err := find(h)
	if err != nil {
		return nil, 0, nil, err
	}
	if in.controller == nil {
		return nil, 0, nil, errHandle
	}
	at, err := instantOf(now)
	if err != nil {
		return nil, 0, nil, err
	}
	b, err := arguments(n)
	return in, at, b, err
}

// collect takes over what the controller wants done.
func (in *instance) collect() {
	out := in.controller.Output()
	in.datagrams = append(in.datagrams, out.Datagrams...)
	in.events = append(in.events, out.Events...)
	in.deadline, in.hasDeadline = out.Deadline, out.HasDeadline
}

// The kinds of output, in the top octet of what [Next] returns.
const (
	outputDatagram = 1 << 24
	outputEvent    = 2 << 24
)

// Next writes the next output to the buffer: datagrams first, then events. It
// returns the kind and the length, or 0. The result before it is erased.
func Next(h handle) int32 {
	erase()
	in, err := find(h)
	if err != nil {
		return fail(err)
	}
	if in.controller != nil && len(in.datagrams)+len(in.events) == 0 {
		in.collect()
	}
	switch {
	case len(in.datagrams) > 0:
		d := in.datagrams[0]
		in.datagrams = in.datagrams[1:]
		b := append(Buffer[:0], byte(d.Peer), byte(d.Peer>>8), byte(d.Peer>>16), byte(d.Peer>>24))
		n, err := put(append(b, d.Octets...))
		if err != nil {
			return fail(err)
		}
		return outputDatagram | n
	case len(in.events) > 0:
		n, err := in.nextEvent()
		if err != nil {
			return fail(err)
		}
		return outputEvent | n
	case in.controller == nil: // closed, and all is fetched
		i := h & (1<<handleSlotBits - 1)
		slots[i].instance = nil
	}
	return 0
}

// written is how many octets of the buffer the last result took.
var written int

// put makes sure that b, built in place, is in the buffer, and nothing of the
// result before it.
func put(b []byte) (int32, error) {
	n := min(len(b), BufferSize)
	if n < written {
		clear(Buffer[n:written])
	}
	written = n
	if len(b) > BufferSize {
		return 0, session.ErrTooLarge
	}
	if len(b) > 0 && &b[0] != &Buffer[0] {
		copy(Buffer[:], b)
	}
	return int32(len(b)), nil
}

// erase takes the last result out of the buffer: it may be an authority or a
// resumption record.
func erase() {
	clear(Buffer[:written])
	written = 0
}

// Deadline returns the instant at which Tick is due, or -1.
func Deadline(h handle) float64 {
	in, err := find(h)
	if err != nil || in.controller == nil {
		return -1
	}
	if in.collect(); in.hasDeadline {
		return float64(in.deadline)
	}
	return -1
}

// LastError writes what the last failed call had to say.
func LastError() int32 {
	n, err := put(appendError(Buffer[:0], failure))
	if err != nil {
		return 0
	}
	return n
}
