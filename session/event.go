package session

import "strconv"

// A Peer says where datagrams go. It is the host's: an index into whatever
// table of addresses it keeps. The core compares peers and nothing else.
type Peer uint32

// A HandshakeID names one run of PASE or CASE of one [Manager]; never reused.
type HandshakeID uint32

// An Exchange names one exchange of one [Manager]; never reused. It is not the
// exchange ID on the wire.
type Exchange uint32

// Output is what a [Manager] wants done.
type Output struct {
	Datagrams []Datagram // to send, in this order
	Events    []Event    // to handle, in this order
	Deadline  Instant    // when to call Tick, if HasDeadline
	// HasDeadline is false while nothing is waited for.
	HasDeadline bool
}

// A Datagram is one message to one peer, at most [message.MaxDatagram] octets.
type Datagram struct {
	Peer   Peer
	Octets []byte // read only: they may have to be sent again
}

// An Event is something that a [Manager] tells: one of the types below.
type Event interface{ isEvent() }

// MessageReceived: a message of a secure session, authentic and new.
type MessageReceived struct {
	Session  SessionID
	Exchange Exchange
	Protocol ProtocolID
	Opcode   Opcode
	Payload  []byte
	First    bool // the peer opened the exchange with it: close it when done
}

// Delivered: the peer acknowledged the last message sent reliably on Exchange.
// Over a stream ([Manager.SetStream]) nothing is acknowledged, and this never comes.
type Delivered struct{ Exchange Exchange }

// ExchangeFailed: the exchange is gone; nothing more will come of it. Err is
// [ErrTimeout], or says why its session ended.
type ExchangeFailed struct {
	Exchange Exchange
	Err      error
}

// SessionEstablished: a handshake succeeded; the session can be used.
type SessionEstablished struct {
	Handshake HandshakeID
	Session   SessionID
	Initiator bool
}

// HandshakeFailed: a handshake ended without a session.
type HandshakeFailed struct {
	Handshake HandshakeID
	Kind      SessionKind
	Initiator bool
	Err       error
}

// SessionClosed: the session is gone and its keys are erased. Err says why.
type SessionClosed struct {
	Session SessionID
	Err     error
}

// WorkWanted: a handshake waits for [Manager.Answer].
type WorkWanted struct{ Work Work }

// String does not tell Data, which may be a passcode.
func (w Work) String() string {
	return "work " + strconv.Itoa(int(w.ID)) + " of kind " + strconv.Itoa(int(w.Kind)) + " [redacted]"
}

// GoString is String.
func (w Work) GoString() string { return w.String() }

// ResumptionSaved: a handshake left a record with which the next one with this
// node is shorter. A host that wants to keep it stores it; it holds a secret.
type ResumptionSaved struct{ Record *ResumptionRecord }

// PASEClosed: passcodes are accepted no more, after too many failures.
type PASEClosed struct{}

func (MessageReceived) isEvent()    {}
func (Delivered) isEvent()          {}
func (ExchangeFailed) isEvent()     {}
func (SessionEstablished) isEvent() {}
func (HandshakeFailed) isEvent()    {}
func (SessionClosed) isEvent()      {}
func (WorkWanted) isEvent()         {}
func (ResumptionSaved) isEvent()    {}
func (PASEClosed) isEvent()         {}
