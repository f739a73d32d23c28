package session

// A Reception is what a window makes of a counter.
type Reception uint8

// What there is to say of a counter.
const (
	ReceptionNew    Reception = iota // it was not seen
	ReceptionLast                    // it is the largest that was seen
	ReceptionBehind                  // it is too far behind the largest one
	ReceptionSeen                    // it is in the window, and was seen
)

// judge tells what accept would make of counter, and why. It changes nothing.
func (r *reception) judge(counter uint32) Reception {
	switch {
	case r.isNew(counter):
		return ReceptionNew
	case counter == r.max:
		return ReceptionLast
	case r.max-counter > windowSize:
		return ReceptionBehind
	}
	return ReceptionSeen
}

// A Window remembers which of a sender's counters were seen, in the caller's
// hands. The zero value is that of a new secure session.
type Window struct {
	Rule    WindowRule
	Started bool   // a first counter was taken; for secure unicast of no account
	Max     uint32 // the largest counter seen
	Seen    uint32 // bit i: counter Max-1-i was seen
}

// A WindowRule is one of the three ways in which Matter takes counters.
// Matter Core §4.6.5.
type WindowRule uint8

// The rules.
const (
	WindowSecureUnicast = WindowRule(receiveSecureUnicast) // no rollover; behind is a duplicate
	WindowGroup         = WindowRule(receiveGroup)         // counters roll over; behind is a duplicate
	WindowUnsecured     = WindowRule(receiveUnsecured)     // counters roll over; behind is a restart
)

// Accept tells what counter is and records it if it is new. The caller must have
// authenticated the message first, where it can be.
func (w *Window) Accept(counter uint32) Reception {
	r := reception{receptionRule(w.Rule), w.Started, w.Max, w.Seen}
	is := r.judge(counter)
	if is == ReceptionNew {
		r.accept(counter)
		w.Started, w.Max, w.Seen = r.started, r.max, r.seen
	}
	return is
}
