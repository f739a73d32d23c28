package session

import (
	"crypto/subtle"

	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/internal/hash"
	"github.com/matter-session/matter-session/session/internal/p256"
)

// maxEpochKeys is how many epoch keys one group key set has.
const maxEpochKeys = 3

// A FabricConfig is what makes this node a member of a fabric. [NewFabric]
// copies it.
type FabricConfig struct {
	// Root, ICAC and NOC are certificates in Matter TLV, as they were received:
	// they are never encoded anew. ICAC is empty if the root signed the NOC.
	Root, ICAC, NOC []byte
	// EpochKeys are the fabric's identity protection key as AddNOC carries it
	// and, where keys are being changed, the ones beside it: 1 to 3, by start
	// time, newest last.
	EpochKeys [][16]byte
	// Key is the operational private key, 32 octets big-endian. If it is empty,
	// signatures are asked of the host ([WorkSign]).
	Key []byte
	// Label is for people; the core does not look at it.
	Label string
	// UTC is when the certificates are judged; 0 judges no validity.
	UTC EpochSeconds
}

// A Fabric is this node's membership of one fabric: its root, its own
// certificates and, unless the host keeps it, its operational key. Apart from
// its index it does not change once it is made.
type Fabric struct {
	id         FabricID
	node       NodeID
	index      FabricIndex // given by the Manager
	compressed [8]byte
	label      string
	cats       []CAT

	root          *cert.Certificate
	rootPublicKey [publicKeySize]byte
	rcac          []byte
	icac          []byte // nil: none
	noc           []byte

	ipks []key            // operational, one for each epoch key, newest last
	key  *p256.PrivateKey // nil: the host signs
}

// NewFabric checks that the certificates chain up to the root, that the key, if
// there is one, is the one in the NOC, and derives what CASE needs.
//
// Errors are those of package cert, or wrap [ErrInvalid].
func NewFabric(cfg FabricConfig) (*Fabric, error) {
	if len(cfg.EpochKeys) < 1 || len(cfg.EpochKeys) > maxEpochKeys {
		return nil, errEpochKeys
	}
	f := &Fabric{
		label: cfg.Label,
		rcac:  append([]byte(nil), cfg.Root...),
		noc:   append([]byte(nil), cfg.NOC...),
	}
	if len(cfg.ICAC) > 0 {
		f.icac = append([]byte(nil), cfg.ICAC...)
	}
	var err error
	if f.root, err = cert.ParseTLV(f.rcac); err != nil {
		return nil, err
	}
	if err = cert.VerifyRoot(f.root, cert.Time(cfg.UTC)); err != nil {
		return nil, err
	}
	f.rootPublicKey = f.root.PublicKey
	noc, icac, err := parseChain(f.noc, f.icac)
	if err != nil {
		return nil, err
	}
	if err := cert.VerifyChain(noc, icac, f.root, cert.Time(cfg.UTC)); err != nil {
		return nil, err
	}
	id, _ := noc.FabricID()
	own := identify(noc)
	f.id, f.node, f.cats = FabricID(id), own.node, own.cats
	if len(cfg.Key) > 0 {
		if f.key, err = p256.NewPrivateKey(cfg.Key); err != nil {
			return nil, err
		}
		if f.key.PublicKey() != noc.PublicKey {
			f.key.Clear()
			return nil, errKeyMismatch
		}
	}
	f.compressed = compressedFabricID(&f.rootPublicKey, f.id)
	f.ipks = make([]key, len(cfg.EpochKeys))
	for i := range cfg.EpochKeys {
		f.ipks[i] = operationalGroupKey(&cfg.EpochKeys[i], &f.compressed)
	}
	return f, nil
}

// ID returns the fabric's ID, which is unique only together with its root.
func (f *Fabric) ID() FabricID { return f.id }

// NodeID returns this node's ID in the fabric.
func (f *Fabric) NodeID() NodeID { return f.node }

// Index returns the number that the Manager gave the fabric; 0 before that.
func (f *Fabric) Index() FabricIndex { return f.index }

// Label returns the label that the fabric was made with.
func (f *Fabric) Label() string { return f.label }

// CompressedID returns the ID by which the fabric is known in DNS-SD and in
// derivations: 8 octets, big-endian. Matter Core §4.3.2.2.
func (f *Fabric) CompressedID() [8]byte { return f.compressed }

// RootPublicKey returns the root's public key, uncompressed.
func (f *Fabric) RootPublicKey() [65]byte { return f.rootPublicKey }

// CATs returns the CASE authenticated tags of this node's own NOC. The slice is
// the fabric's: do not change it.
func (f *Fabric) CATs() []CAT { return f.cats }

// Certificates returns root, ICAC (nil if there is none) and NOC as they were
// given. The slices are the fabric's: do not change them.
func (f *Fabric) Certificates() (root, icac, noc []byte) { return f.rcac, f.icac, f.noc }

// HasKey reports whether the fabric signs by itself.
func (f *Fabric) HasKey() bool { return f.key != nil }

// String names the fabric without its secrets.
func (f Fabric) String() string {
	const digits = "0123456789abcdef"
	s := []byte("fabric ")
	for _, b := range f.compressed {
		s = append(s, digits[b>>4], digits[b&15])
	}
	return string(s)
}

// GoString is String: no verb prints the keys.
func (f Fabric) GoString() string { return f.String() }

// DestinationIDs returns by what a Sigma1 to the given node of the fabric can
// name it: one destination ID for each epoch key, in their order.
// Matter Core §4.14.2.4.1.
func (f *Fabric) DestinationIDs(random *[32]byte, node NodeID) [][32]byte {
	ids := make([][32]byte, len(f.ipks))
	for i := range f.ipks {
		ids[i] = f.destinationID(&f.ipks[i], random, node)
	}
	return ids
}

func (f *Fabric) destinationID(ipk *key, random *[randomSize]byte, node NodeID) [digestSize]byte {
	return destinationID(ipk, random, &f.rootPublicKey, f.id, node)
}

// matchDestination returns the identity protection key under which a
// destination ID names this node, and whether there is one.
func (f *Fabric) matchDestination(random *[randomSize]byte, id *[digestSize]byte) (key, bool) {
	for i := range f.ipks {
		own := f.destinationID(&f.ipks[i], random, f.node)
		if subtle.ConstantTimeCompare(own[:], id[:]) == 1 {
			return f.ipks[i], true
		}
	}
	return key{}, false
}

// initiatorIPK returns the identity protection key of a Sigma1 of ours: the one
// with the second newest start time if there are several, because the newest
// may not have reached every node yet. Matter Core §4.14.2.6.
func (f *Fabric) initiatorIPK() (key, bool) {
	switch n := len(f.ipks); n {
	case 0:
		return key{}, false // erased
	case 1:
		return f.ipks[0], true
	default:
		return f.ipks[n-2], true
	}
}

// clear erases the fabric's secrets, as far as a garbage collector lets us.
// What is still running on the fabric fails.
func (f *Fabric) clear() {
	clear(f.ipks)
	f.ipks = nil
	if f.key != nil {
		f.key.Clear()
	}
}

// A peerIdentity is what a NOC says of who holds it.
type peerIdentity struct {
	node      NodeID
	cats      []CAT
	publicKey [publicKeySize]byte
}

// identify reads a NOC's identity, which [cert.VerifyChain] has judged or will.
func identify(noc *cert.Certificate) *peerIdentity {
	node, _ := noc.NodeID()
	p := &peerIdentity{node: NodeID(node), publicKey: noc.PublicKey}
	for _, tag := range noc.CATs() {
		p.cats = append(p.cats, CAT(tag))
	}
	return p
}

// parseChain parses a NOC and what may stand between it and the root. An empty
// icac is none.
func parseChain(noc, icac []byte) (leaf, between *cert.Certificate, err error) {
	if leaf, err = cert.ParseTLV(noc); err != nil {
		return nil, nil, err
	}
	if len(icac) > 0 {
		if between, err = cert.ParseTLV(icac); err != nil {
			return nil, nil, err
		}
	}
	return leaf, between, nil
}

// verifyPeer takes a peer's certificates and its signature over message for
// good, or says why not. want is the node that was asked for; 0 takes every
// operational one.
//
// The cheap comparisons come first, then one signature, then those of the
// chain: a stranger should cost little.
func (f *Fabric) verifyPeer(m *tbe, message []byte, want NodeID, at EpochSeconds) (*peerIdentity, error) {
	noc, icac, err := parseChain(m.noc, m.icac)
	if err != nil {
		return nil, err
	}
	if id, _ := noc.FabricID(); FabricID(id) != f.id {
		return nil, &IdentityError{Field: "fabric ID", Got: id, Want: uint64(f.id)}
	}
	peer := identify(noc)
	if want != 0 && peer.node != want {
		return nil, &IdentityError{Field: "node ID", Got: uint64(peer.node), Want: uint64(want)}
	}
	if !p256.Verify(peer.publicKey[:], message, m.signature[:]) {
		return nil, errSignature
	}
	if err := cert.VerifyChain(noc, icac, f.root, cert.Time(at)); err != nil {
		return nil, err
	}
	return peer, nil
}

// compressedFabricID is what a root and a fabric ID are squeezed into.
// Matter Core §4.3.2.2. The root's leading 0x04 does not take part.
func compressedFabricID(rootPublicKey *[publicKeySize]byte, id FabricID) (out [8]byte) {
	salt := appendBigEndian64(nil, uint64(id))
	hash.HKDF(out[:], rootPublicKey[1:], salt, "CompressedFabric")
	return out
}

// operationalGroupKey derives what is used from the epoch key that is told.
// Matter Core §4.17.2.
func operationalGroupKey(epochKey *[16]byte, compressed *[8]byte) (out key) {
	hash.HKDF(out[:], epochKey[:], compressed[:], "GroupKey v1.0")
	return out
}

// destinationID hides from a listener which node of which fabric a Sigma1 is
// for. Matter Core §4.14.2.4.1.
func destinationID(ipk *key, random *[randomSize]byte, rootPublicKey *[publicKeySize]byte, id FabricID, node NodeID) [digestSize]byte {
	var tail [16]byte
	for i := range 8 {
		tail[i] = byte(id >> (8 * i))
		tail[8+i] = byte(node >> (8 * i))
	}
	return hash.HMAC(ipk[:], random[:], rootPublicKey[:], tail[:])
}

func appendBigEndian64(b []byte, v uint64) []byte {
	for shift := 56; shift >= 0; shift -= 8 {
		b = append(b, byte(v>>shift))
	}
	return b
}
