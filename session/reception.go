package session

// windowSize is how many counters behind the largest one are remembered.
// Matter Core §4.6.5.1.
const windowSize = 32

// A receptionRule is one of the three ways in which Matter takes counters.
type receptionRule uint8

const (
	// receiveSecureUnicast: no rollover; whatever is behind the window is a
	// duplicate. Matter Core §4.6.5.1.
	receiveSecureUnicast receptionRule = iota
	// receiveGroup: counters roll over; half of the number space is ahead, half
	// behind, and behind is a duplicate. The first message of a sender is trusted
	// and everything before it taken as seen. Matter Core §4.6.5.2.
	receiveGroup
	// receiveUnsecured: counters roll over; behind the window means that the
	// sender restarted, and moves the window there, else one old message would be
	// accepted for ever. Matter Core §4.6.5.3.
	receiveUnsecured
)

// A reception remembers which of a sender's counters have been seen. For secure
// unicast the zero value is ready: counter 0, which nobody may use, counts as
// seen and all of its predecessors are unseen, so that the first messages of a
// session may arrive in any order.
type reception struct {
	rule    receptionRule
	started bool   // group and unsecured: a first counter was taken
	max     uint32 // the largest counter seen
	seen    uint32 // bit i: counter max-1-i was seen
}

// isNew reports whether accept would take counter. It changes nothing.
func (r *reception) isNew(counter uint32) bool {
	c := *r
	return c.accept(counter)
}

// accept reports whether counter is new, and if so records it.
//
// The caller must have authenticated the message first: a forged counter must
// never move the window.
func (r *reception) accept(counter uint32) bool {
	if r.rule != receiveSecureUnicast && !r.started {
		r.started, r.max, r.seen = true, counter, 0
		if r.rule == receiveGroup {
			r.seen = ^uint32(0)
		}
		return true
	}
	// Distances are counted as the rule says: plainly, or on a circle.
	var ahead, behind uint32
	switch {
	case counter == r.max:
		return false
	case r.rule == receiveSecureUnicast && counter > r.max, r.rule != receiveSecureUnicast && int32(counter-r.max) > 0:
		ahead = counter - r.max
	default:
		behind = r.max - counter
	}
	switch {
	case ahead > windowSize:
		r.seen = 0
	case ahead == windowSize:
		r.seen = 1 << (windowSize - 1)
	case ahead > 0:
		r.seen = r.seen<<ahead | 1<<(ahead-1)
	case behind <= windowSize:
		bit := uint32(1) << (behind - 1)
		if r.seen&bit != 0 {
			return false
		}
		r.seen |= bit
		return true
	case r.rule == receiveUnsecured:
		r.seen = 0
	default:
		return false
	}
	r.max = counter
	return true
}
