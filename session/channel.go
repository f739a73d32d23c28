package session

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/matter-session/matter-session/session/internal/ccm"
)

// ErrCounterUsed: a message counter under which the session has sealed another
// message, or one so old that this cannot be told any more. Nothing was sealed.
var ErrCounterUsed = errors.New("session: this message counter has served another message: take a new one")

// minHeaderSize is how many octets of a message header there are at least, and
// all that a nonce needs of it.
const minHeaderSize = 8

// A Channel is the secret half of a secure unicast session: keys, the counters
// that were used and those that were seen. It is for hosts that have sessions,
// exchanges and message headers of their own, and so no use for a [Manager].
//
// It contains no pointers and keeps keys as they are, so that a host can have
// as many as there are session IDs: 344 octets each. What AES makes of the keys is
// twice that and belongs to the caller; see [ChannelSchedule].
//
// Keys serve one channel: of two with the same ones, neither knows what the other
// has sealed.
type Channel struct {
	encrypt, decrypt     key
	attestationChallenge key
	localNode, peerNode  NodeID
	out                  outgoingCounter
	in                   reception
	sealed               sealedCounters
}

// A ChannelConfig is what a channel is made with besides its keys.
type ChannelConfig struct {
	// LocalNode and PeerNode are the operational node IDs of CASE; 0 for PASE.
	LocalNode, PeerNode NodeID
	// FirstCounter is what NextCounter begins with; 0: it is drawn from Rand.
	FirstCounter uint32
	Rand         io.Reader
}

// DeriveChannel makes the channel of a session from what its handshake ended
// in: Ke and no salt for PASE, the ECDH secret for CASE, the old session's
// secret if it is resumed. initiator is the role in the handshake.
// Matter Core §4.14.2.6.
func DeriveChannel(cfg ChannelConfig, secret, salt []byte, initiator, resumed bool) (Channel, error) {
	keys := deriveSessionKeys(secret, salt, resumed)
	defer keys.clear()
	return newChannel(cfg, &keys, initiator)
}

// NewChannel makes a channel of the keys themselves.
func NewChannel(cfg ChannelConfig, encrypt, decrypt, attestationChallenge *[16]byte) (Channel, error) {
	keys := sessionKeys{*encrypt, *decrypt, *attestationChallenge}
	defer keys.clear()
	return newChannel(cfg, &keys, true)
}

func newChannel(cfg ChannelConfig, k *sessionKeys, initiator bool) (Channel, error) {
	c := Channel{
		encrypt: k.i2r, decrypt: k.r2i, attestationChallenge: k.attestationChallenge,
		localNode: cfg.LocalNode, peerNode: cfg.PeerNode,
		out: outgoingCounter{next: cfg.FirstCounter},
	}
	if !initiator {
		c.encrypt, c.decrypt = c.decrypt, c.encrypt
	}
	if cfg.FirstCounter == 0 {
		var err error
		if c.out, err = newOutgoingCounter(cfg.Rand, false); err != nil {
			c.Clear()
			return Channel{}, err
		}
	}
	return c, nil
}

// Clear erases the channel, as far as a garbage-collected language can promise it.
func (c *Channel) Clear() { *c = Channel{} }

// String does not tell the keys.
func (Channel) String() string { return "channel [redacted]" }

// GoString is String.
func (Channel) GoString() string { return "channel [redacted]" }

// AttestationChallenge returns the third of the session's keys.
func (c *Channel) AttestationChallenge() AttestationChallenge {
	return AttestationChallenge(c.attestationChallenge)
}

// SetLocalNode changes whose messages ours are.
func (c *Channel) SetLocalNode(n NodeID) { c.localNode = n }

// SetNextCounter changes what NextCounter gives next, for a host that draws its
// counters from elsewhere.
func (c *Channel) SetNextCounter(counter uint32) { c.out = outgoingCounter{next: counter} }

// NextCounter returns a counter for one message and takes it. It returns
// [ErrExhausted] when there is none left.
func (c *Channel) NextCounter() (uint32, error) {
	counter, err := c.out.peek()
	if err == nil {
		c.out.take()
	}
	return counter, err
}

// A ChannelSchedule is what AES makes of a channel's keys, when they are first
// needed. Its zero value is ready. It serves one channel until it is cleared,
// and can be cleared at any time.
type ChannelSchedule struct {
	encrypt, decrypt       ccm.Cipher
	canEncrypt, canDecrypt bool
}

// Clear erases the schedule, which can then serve another channel.
func (x *ChannelSchedule) Clear() { *x = ChannelSchedule{} }

// Seal encrypts what follows the header in message, whose first header octets
// it is, in place and returns message with the tag at its end, in the same
// memory if that has room.
//
// The counter in the header is the caller's to choose, and a message may be
// sealed again to be retransmitted: that gives the same octets. No counter seals
// two messages: see [ErrCounterUsed].
func (c *Channel) Seal(x *ChannelSchedule, message []byte, header int) ([]byte, error) {
	if header < minHeaderSize || header > len(message) {
		return message, ErrTruncated
	}
	if header > ccm.MaxAssociated || len(message)-header > ccm.MaxPlaintext {
		return message, ErrTooLarge
	}
	counter := binary.LittleEndian.Uint32(message[4:])
	if !c.sealed.possible(counter) {
		return message, ErrCounterUsed
	}
	if !x.canEncrypt {
		x.encrypt.Init((*[16]byte)(&c.encrypt))
		x.canEncrypt = true
	}
	nonce := makeNonce(message[3], counter, c.localNode)
	n := len(message)
	message = x.encrypt.Seal(message[:header], &nonce, message[header:], message[:header])
	if !c.sealed.take(counter, binary.LittleEndian.Uint32(message[n:])) {
		clear(message[header:])
		return message[:n], ErrCounterUsed
	}
	return message, nil
}

// Open authenticates message, whose first header octets are its header as it
// was received, decrypts it in place and then, only then, records its counter. It
// returns message without its tag.
//
// It returns [ErrDuplicate] together with the message if it was received before.
// It returns [ErrAuthentication] if the message is not this session's, and has
// then erased what follows the header and changed nothing else.
func (c *Channel) Open(x *ChannelSchedule, message []byte, header int) ([]byte, error) {
	if header < minHeaderSize || header > len(message) {
		return message, ErrTruncated
	}
	counter := binary.LittleEndian.Uint32(message[4:])
	if !x.canDecrypt {
		x.decrypt.Init((*[16]byte)(&c.decrypt))
		x.canDecrypt = true
	}
	nonce := makeNonce(message[3], counter, c.peerNode)
	opened, err := x.decrypt.Open(message[:header], &nonce, message[header:], message[:header])
	if err != nil {
		return message, ErrAuthentication
	}
	if !c.in.accept(counter) {
		return opened, ErrDuplicate
	}
	return opened, nil
}

// Check tells what Open would find of a counter, and changes nothing: the
// message is not authenticated.
func (c *Channel) Check(counter uint32) Reception { return c.in.judge(counter) }

// sealedSlots is how many of the counters that were sealed are remembered with
// what they sealed: far more than one message is outrun by others before its last
// retransmission.
const sealedSlots = 32

// sealedCounters sees to it that no counter, and so no nonce, seals two
// different messages. A counter's place is its remainder; it holds the largest
// counter that has sealed there, and of its message the first 32 bits of the tag,
// which a host's mistake does not hit (an attacker has no say in it). So a larger
// counter is new, the same one may seal the same message again, and of a smaller
// one it is not known what it has sealed.
type sealedCounters struct {
	used    uint32 // bit i: place i holds a counter
	counter [sealedSlots]uint32
	tag     [sealedSlots]uint32
}

// possible reports whether take could take counter.
func (s *sealedCounters) possible(counter uint32) bool {
	i := counter % sealedSlots
	return s.used>>i&1 == 0 || counter >= s.counter[i]
}

// take records what counter has sealed. It reports false if that was another
// message before.
func (s *sealedCounters) take(counter, tag uint32) bool {
	i := counter % sealedSlots
	if s.used>>i&1 != 0 && counter == s.counter[i] {
		return tag == s.tag[i]
	}
	s.used |= 1 << i
	s.counter[i], s.tag[i] = counter, tag
	return true
}
