package session

import (
	"io"
	"strconv"

	"github.com/matter-session/matter-session/session/internal/ccm"
)

// A SessionKind says how a session was set up.
type SessionKind uint8

// The kinds of secure unicast session.
const (
	KindPASE SessionKind = iota + 1 // by a passcode, while commissioning
	KindCASE                        // by operational certificates
)

func (k SessionKind) String() string {
	switch k {
	case KindPASE:
		return "PASE"
	case KindCASE:
		return "CASE"
	}
	return "SessionKind(" + strconv.Itoa(int(k)) + ")"
}

// A Session is one secure unicast session. Its keys are used by Seal and Open
// alone and never leave it, save the attestation challenge.
type Session struct {
	id, peerID SessionID // local, and what the peer calls it; they may be equal
	kind       SessionKind
	initiator  bool // we initiated the handshake
	resumed    bool

	encrypt, decrypt     ccm.Cipher
	attestationChallenge key
	out                  outgoingCounter
	in                   reception

	// Whose node ID goes into a nonce: the sender's operational one for CASE, 0
	// for PASE. Never what a message header says.
	localNode, peerNode NodeID
	fabric              FabricIndex
	peerCATs            []CAT
	peerParameters      Parameters

	peer      Peer
	lastHeard Instant // an authenticated message came
	lastUsed  Instant // one came or went
	expiring  bool    // its fabric was removed: it lives until graceEnds
	graceEnds Instant
	exchanges int // open ones
	// peerExchanges of them were opened by the peer, which is what its limit is about.
	peerExchanges int
}

// String names the session without its keys, which fmt would else find.
func (s Session) String() string {
	return "session " + strconv.Itoa(int(s.id)) + " (" + s.kind.String() + ") [redacted]"
}

// GoString is String.
func (s Session) GoString() string { return s.String() }

// newSession makes the session that a finished handshake left behind. It clears
// what it was given.
func newSession(rand io.Reader, id SessionID, s *sessionSecrets, peer Peer, now Instant) (*Session, error) {
	defer s.keys.clear()
	out, err := newOutgoingCounter(rand, false)
	if err != nil {
		return nil, err
	}
	n := &Session{
		id: id, peerID: s.peerSessionID, kind: KindPASE, initiator: s.initiator, resumed: s.resumed,
		attestationChallenge: s.keys.attestationChallenge, out: out,
		peerParameters: s.peerParameters.withDefaults(),
		peer:           peer, lastHeard: now, lastUsed: now,
	}
	if s.fabric != nil {
		n.kind, n.fabric, n.localNode, n.peerNode = KindCASE, s.fabric.Index(), s.fabric.NodeID(), s.peerNode
		n.peerCATs = s.peerCATs
	}
	ours, theirs := &s.keys.r2i, &s.keys.i2r
	if s.initiator {
		ours, theirs = theirs, ours
	}
	n.encrypt.Init((*[16]byte)(ours))
	n.decrypt.Init((*[16]byte)(theirs))
	return n, nil
}

// clear erases the keys. Best effort: copies that the runtime made are not reached.
func (s *Session) clear() {
	s.encrypt.Clear()
	s.decrypt.Clear()
	s.attestationChallenge = key{}
}

// peerIsActive reports whether the peer was heard within its active threshold.
func (s *Session) peerIsActive(now Instant) bool {
	return now-s.lastHeard < Instant(s.peerParameters.ActiveThresholdMs)
}

// SessionInfo is what is known of a session, without its keys.
type SessionInfo struct {
	ID, PeerID     SessionID
	Kind           SessionKind
	Initiator      bool // we initiated the handshake
	Resumed        bool
	Fabric         FabricIndex // 0 for PASE
	LocalNode      NodeID      // 0 for PASE
	PeerNode       NodeID      // 0 for PASE
	PeerCATs       []CAT
	PeerParameters Parameters
	Peer           Peer
	LastHeard      Instant
	// AttestationChallenge is what a device signs over, so that its attestation
	// belongs to this session. Matter Core §4.14.2.6.3.
	AttestationChallenge AttestationChallenge
}

func (s *Session) info() SessionInfo {
	return SessionInfo{
		ID: s.id, PeerID: s.peerID, Kind: s.kind, Initiator: s.initiator, Resumed: s.resumed, Fabric: s.fabric,
		LocalNode: s.localNode, PeerNode: s.peerNode, PeerCATs: s.peerCATs, PeerParameters: s.peerParameters,
		Peer: s.peer, LastHeard: s.lastHeard, AttestationChallenge: AttestationChallenge(s.attestationChallenge),
	}
}

// An AttestationChallenge is the third of a session's keys. It prints as [redacted].
type AttestationChallenge [16]byte

func (AttestationChallenge) String() string   { return "[redacted]" }
func (AttestationChallenge) GoString() string { return "[redacted]" }
