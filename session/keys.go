package session

import "github.com/matter-session/matter-session/session/internal/hash"

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

// deriveSessionKeys derives the keys of a session from what a handshake ended
// in: Ke and no salt for PASE, the ECDH secret for CASE, the old session's
// secret if it is resumed. Matter Core §4.14.2.6.
func deriveSessionKeys(secret, salt []byte, resumed bool) (k sessionKeys) {
	info := "SessionKeys"
	if resumed {
		info = "SessionResumptionKeys"
	}
	k.derive(secret, salt, info)
	return k
}

// derive fills all three keys, in the order in which the specification has them.
func (k *sessionKeys) derive(secret, salt []byte, info string) {
	var b [48]byte
	hash.HKDF(b[:], secret, salt, info)
	copy(k.i2r[:], b[:16])
	copy(k.r2i[:], b[16:32])
	copy(k.attestationChallenge[:], b[32:])
	clear(b[:])
}
