package session

import (
	"encoding/binary"

	"github.com/matter-session/matter-session/session/internal/ccm"
	"github.com/matter-session/matter-session/session/internal/hash"
	"github.com/matter-session/matter-session/session/message"
)

// groupKeys are what one epoch key of a group key set is used as in one fabric.
// Matter Core §4.17.2.
type groupKeys struct {
	operational key // seals the messages
	privacy     key // hides their headers
	// sessionID names the key on the wire. It is a hash of 16 bits: several keys
	// may share one, and only the tag tells which of them sealed a message.
	sessionID SessionID
}

// deriveGroupKeys derives a group's keys from the epoch key that is told.
func deriveGroupKeys(epochKey *[16]byte, compressed *[8]byte) (k groupKeys) {
	k.operational = operationalGroupKey(epochKey, compressed)
	k.privacy = privacyKey(&k.operational)
	k.sessionID = groupSessionID(&k.operational)
	return k
}

func (k *groupKeys) clear() { *k = groupKeys{} }

// groupSessionID derives the session ID of an operational group key.
// Matter Core §4.17.3.
func groupSessionID(operational *key) SessionID {
	var b [2]byte
	hash.HKDF(b[:], operational[:], nil, "GroupKeyHash")
	return SessionID(binary.BigEndian.Uint16(b[:]))
}

// privacyKey derives the key that hides the headers of what another key seals.
// Matter Core §4.8.1.
func privacyKey(sealing *key) (k key) {
	hash.HKDF(k[:], sealing[:], nil, "PrivacyKey")
	return k
}

// privacyOffset is where privacy begins: the flags and the session ID, which
// choose the key, stay in the clear.
const privacyOffset = 4

// privacyNonce is made of the session ID, big-endian, and the tag but for its
// first five octets. Matter Core §4.8.2.
func privacyNonce(id SessionID, tag *[ccm.TagSize]byte) (nonce [ccm.NonceSize]byte) {
	binary.BigEndian.PutUint16(nonce[:], uint16(id))
	copy(nonce[2:], tag[5:])
	return nonce
}

// datagramPrivacyNonce takes the nonce's parts from a sealed message of at least
// a header and a tag.
func datagramPrivacyNonce(datagram []byte) [ccm.NonceSize]byte {
	return privacyNonce(SessionID(binary.LittleEndian.Uint16(datagram[1:])),
		(*[ccm.TagSize]byte)(datagram[len(datagram)-ccm.TagSize:]))
}

// obfuscateHeader obfuscates, in place, the header of a sealed message, which is the
// first n octets of datagram. The header must have its privacy flag, and must
// have been sealed with it. c has the privacy key. Matter Core §4.8.3.
func obfuscateHeader(c *ccm.Cipher, datagram []byte, n int) {
	nonce := datagramPrivacyNonce(datagram)
	c.CTR(datagram[privacyOffset:n], datagram[privacyOffset:n], &nonce)
}

// deobfuscateHeader appends to dst the header of a sealed message with privacy, in the
// clear: what the message's associated data is. The datagram is not changed, so
// that the next key can be tried; c has the privacy key. Matter Core §4.8.4.
//
// What is returned is not authentic before the message is opened. With a wrong
// key it is noise, and may fail to parse.
//
// It returns [ErrTruncated] if datagram cannot hold its header and a tag, and
// what [message.HeaderLength] returns.
func deobfuscateHeader(c *ccm.Cipher, dst, datagram []byte) ([]byte, error) {
	n, err := message.HeaderLength(datagram)
	if err != nil {
		return dst, err
	}
	room := len(datagram) - ccm.TagSize
	if room < n {
		return dst, ErrTruncated
	}
	nonce := datagramPrivacyNonce(datagram)
	start := len(dst)
	show := func(n int) {
		dst = append(dst[:start], datagram[:n]...)
		hidden := dst[start+privacyOffset:]
		c.CTR(hidden, hidden, &nonce)
	}
	if datagram[3]&message.SecurityExtensions == 0 {
		show(n)
		return dst, nil
	}
	// The length of the extensions is hidden too: the key stream does not depend
	// on where it ends, so it is shown first.
	if room < n+2 {
		return dst, ErrTruncated
	}
	show(n + 2)
	n += 2 + int(binary.LittleEndian.Uint16(dst[start+n:]))
	if room < n {
		return dst[:start], ErrTruncated
	}
	show(n)
	return dst, nil
}
