package session

import "io"

// A handshakeMessage is one message of the secure channel protocol.
type handshakeMessage struct {
	opcode  Opcode
	payload []byte
}

// A handshake is one run of PASE or CASE in one role. It knows nothing of
// headers, exchanges, retransmission or time: the manager sends what it returns
// and hands it each new message once.
//
// Every method returns what the handshake wants next. After an error the
// handshake is dead and its secrets are gone; what the peer must be told of it
// is a [StatusError] inside the error (errors.As).
type handshake interface {
	// start makes an initiator's first step. A responder starts with handle.
	start() (handshakeStep, error)
	// handle consumes one message from the peer, StatusReport included.
	handle(in handshakeMessage) (handshakeStep, error)
	// answer gives the result of the work that the last step asked for.
	answer(result []byte) (handshakeStep, error)
	// close erases secrets. A closed handshake refuses every further call.
	close()
}

// A handshakeStep is what a handshake wants done: at most one message to send,
// or one piece of work to have answered before it can go on, or the end. The
// zero step waits for the peer.
type handshakeStep struct {
	send    *handshakeMessage // reliably, on the handshake's exchange
	work    *Work             // answer(result) continues; ID is filled in by the manager
	secrets *sessionSecrets   // non-nil: the handshake has succeeded
}

// handshakeConfig is what every handshake is made with.
type handshakeConfig struct {
	rand       io.Reader
	sessionID  SessionID  // ours, reserved for this handshake
	parameters Parameters // ours, as they are told to the peer; zero: nothing is told
	delegate   Delegate   // which work is asked of the host
	utc        EpochSeconds
}

func (c *handshakeConfig) statedParameters() *Parameters {
	if c.parameters == (Parameters{}) {
		return nil
	}
	return &c.parameters
}

// EpochSeconds is a time of day in seconds since 2000-01-01T00:00:00Z, as
// certificates carry it; 0 means that no trusted clock is at hand.
type EpochSeconds uint32

// sessionSecrets is what a finished handshake leaves behind: all that a secure
// session needs.
type sessionSecrets struct {
	keys           sessionKeys
	initiator      bool // our role in the handshake: decides which key is whose
	peerSessionID  SessionID
	peerParameters Parameters

	// CASE only; a nil fabric means PASE.
	fabric     *Fabric
	peerNode   NodeID
	peerCATs   []CAT
	resumption *ResumptionRecord // to keep for this (fabric, node), replacing an older one
	resumed    bool
}

// Delegate is a set of the kinds of work that the host does in the core's place.
type Delegate uint8

// The kinds of work that can be delegated.
const (
	DelegateSign   Delegate = 1 << iota // [WorkSign]
	DelegateECDH                        // [WorkKeyPair] and [WorkECDH]
	DelegatePBKDF2                      // [WorkPBKDF2]
)

// A WorkKind says what a [Work] asks for.
type WorkKind uint8

// Kinds of work. Each names the shape of its answer.
const (
	// WorkSign asks for ECDSA-SHA256 over Data by the operational key of Fabric.
	// Answer: r ‖ s, 64 octets.
	WorkSign WorkKind = iota + 1
	// WorkKeyPair asks for a fresh ephemeral P-256 key pair under Key.
	// Answer: its public key, 65 octets, uncompressed.
	WorkKeyPair
	// WorkECDH asks for the x coordinate that the private key under Key makes
	// with the public key in Data; the key is used once and can go.
	// Answer: 32 octets.
	WorkECDH
	// WorkPBKDF2 asks for PBKDF2-HMAC-SHA256(Data, Salt, Iterations).
	// Answer: 80 octets.
	WorkPBKDF2
)

// A WorkID names one piece of work of one [Manager]; never reused.
type WorkID uint32

// Work is something that a handshake asks its host to compute. Data may hold a
// passcode (WorkPBKDF2): do not log it.
type Work struct {
	ID         WorkID
	Kind       WorkKind
	Fabric     FabricIndex
	Key        uint32 // names the ephemeral key pair within this Manager
	Data       []byte
	Salt       []byte
	Iterations uint32
}
