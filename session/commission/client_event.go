package commission

import (
	"errors"

	"github.com/matter-session/matter-session/session"
)

// An InteractionID names one interaction of one [Client]; never reused.
type InteractionID uint32

// An Event is something that a [Client] tells: one of the types below. Every
// interaction has exactly one last event: ReadDone, WriteDone, InvokeDone,
// InteractionFailed or SubscriptionLost.
type Event interface{ isInteractionEvent() }

// ReadDone: a read is complete. Attributes that could not be read have a status;
// what a wildcard does not match, or we may not see, is left out.
type ReadDone struct {
	ID InteractionID
	Report
}

// WriteDone: every attribute has its status.
type WriteDone struct {
	ID       InteractionID
	Statuses []AttributeStatus
}

// InvokeDone: the commands are answered, each by data or by a status.
type InvokeDone struct {
	ID      InteractionID
	Results []CommandResult
}

// SubscriptionReport: what was subscribed to, at first in whole, then what has
// changed. One without content says that the peer is there and nothing changed.
type SubscriptionReport struct {
	ID InteractionID
	Report
}

// SubscriptionEstablished: the subscription stands. It follows the first report.
type SubscriptionEstablished struct {
	ID             InteractionID
	SubscriptionID uint32 // the peer's
	MaxIntervalS   uint16 // the peer reports at least this often
}

// SubscriptionLost: a subscription that stood is over. Err is
// [session.ErrTimeout] if the peer has been silent too long, [ErrCancelled], or
// why the session ended.
type SubscriptionLost struct {
	ID  InteractionID
	Err error
}

// InteractionFailed: the interaction came to nothing. Err is an
// [*InteractionError] if the peer refused, [session.ErrTimeout] if it did not
// answer, [ErrCancelled], or why the exchange or the session ended.
type InteractionFailed struct {
	ID  InteractionID
	Err error
}

func (ReadDone) isInteractionEvent()                {}
func (WriteDone) isInteractionEvent()               {}
func (InvokeDone) isInteractionEvent()              {}
func (SubscriptionReport) isInteractionEvent()      {}
func (SubscriptionEstablished) isInteractionEvent() {}
func (SubscriptionLost) isInteractionEvent()        {}
func (InteractionFailed) isInteractionEvent()       {}

var (
	// ErrCancelled: the caller gave the interaction up.
	ErrCancelled = errors.New("commission: cancelled")
	// ErrReplaced: a later subscription to the same node asked for the end of the
	// earlier ones.
	ErrReplaced = errors.New("commission: replaced by a later subscription")
)

// Times.
const (
	// DefaultPatience is how long a peer may take for one answer, besides what
	// delivery takes.
	DefaultPatience session.Milliseconds = 30_000
	// SubscriptionMargin is how long a report may be late: the peer's
	// retransmissions and some processing.
	SubscriptionMargin session.Milliseconds = 15_000
)

// Options are what an interaction can be asked with.
type Options struct {
	// TimedMs makes a write or an invoke a timed one: it must reach the peer within
	// this time after it was announced. 0: not timed.
	TimedMs uint16
	// Patience is how long the peer may take for one answer; 0: [DefaultPatience].
	Patience session.Milliseconds
}
