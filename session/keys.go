package session

// A key is a 128-bit secret. It prints as [redacted].
type key [16]byte

func (key) String() string   { return "[redacted]" }
func (key) GoString() string { return "[redacted]" }

// sessionKeys are the three keys that a handshake ends in. Matter Core §4.14.2.6.
type sessionKeys struct {
	i2r, r2i             key // initiator to responder and back; the handshake's initiator
	attestationChallenge key
}

func (k *sessionKeys) clear() { *k = sessionKeys{} }
