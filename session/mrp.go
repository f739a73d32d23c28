package session

// The message reliability protocol as arithmetic: nothing here sends, and time
// is what the caller says it is. Matter Core §4.12.

const (
	// maxTransmissions is how often a reliable message is sent in all.
	maxTransmissions = 5
	// standaloneAckDelay is how long an acknowledgement waits for a message to
	// ride on.
	standaloneAckDelay Milliseconds = 200
)

// retransmissionWait returns how long to wait after transmission n of a
// message, 0 being the first: base · 1.1 · 1.6^max(0, n−1) · (1 + jitter/255 · 0.25),
// and extra. Matter Core §4.12.2.1.
//
// base is the peer's active interval if it was heard within its active
// threshold, else its idle one, asked anew for each transmission: a peer that
// fell asleep must not get a burst that it never hears, nor one that is awake
// wait for minutes. The implementations differ on the first transmission of an
// exchange (one always takes the idle interval); we go by the peer's state, as
// for every other.
func retransmissionWait(base Milliseconds, n int, jitter byte, extra Milliseconds) Milliseconds {
	wait := base * 1100 // in thousandths of a millisecond
	for range min(n, maxTransmissions) - 1 {
		wait = wait * 16 / 10
	}
	wait += wait * Milliseconds(jitter) / (4 * 255)
	return (wait+999)/1000 + extra
}

// An outstanding message was sent reliably and is not acknowledged. Its octets
// were made once and are retransmitted as they are.
type outstanding struct {
	octets  []byte
	counter uint32
	sent    int // transmissions so far
	next    Instant
}

// An owedAck is an acknowledgement that waits for a message to ride on.
type owedAck struct {
	owed    bool
	counter uint32
	due     Instant
}
