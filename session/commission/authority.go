package commission

import (
	"errors"
	"io"
	"unicode/utf8"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/internal/p256"
	"github.com/matter-session/matter-session/session/tlv"
)

// An Authority makes a fabric and the certificates of its nodes. It holds the
// fabric's root key: whoever loses it has to reset every device, and whoever
// gets it is the owner of the home. Matter Core §6.4.5.
//
// It prints as [redacted].
type Authority struct {
	fabric session.FabricID
	vendor uint16
	label  string
	ipk    EpochKey
	root   issuer
	sub    *issuer // intermediate; nil: the root issues
	node   session.NodeID
	key    *p256.PrivateKey // ours, as a node
	noc    []byte
}

// An issuer is a certificate that issues others, and its key.
type issuer struct {
	key         *p256.PrivateKey
	certificate *cert.Certificate
}

// String returns a fixed text: an authority is a secret.
func (*Authority) String() string { return "[redacted]" }

// GoString returns the same.
func (*Authority) GoString() string { return "[redacted]" }

// AuthorityConfig is what a new [Authority] is made with.
type AuthorityConfig struct {
	Rand io.Reader            // required
	UTC  session.EpochSeconds // now; 0: no trusted clock, certificates are valid from the year 2000 on
	// Intermediate: a second authority under the root issues, so that the root
	// key is not needed for it.
	Intermediate  bool
	FabricID      session.FabricID // 0: a random one
	AdminNode     session.NodeID   // ours; 0: a random one
	AdminVendorID uint16           // ours, assigned by the CSA; FFF1 to FFF4 are for tests
	CATs          []session.CAT    // of ours
	Label         string           // for people and for the devices, at most 32 octets
}

var (
	errAdminVendor = errors.New("commission: an administrator has a vendor ID")
	errAuthority   = errors.New("commission: the stored authority is not one")
)

const daySeconds = 24 * 60 * 60

// NewAuthority makes a fabric: its root key and certificate, its identity
// protection key, and our own membership.
func NewAuthority(cfg AuthorityConfig) (*Authority, error) {
	switch {
	case cfg.Rand == nil:
		return nil, errNoRand
	case cfg.AdminVendorID == 0:
		return nil, errAdminVendor
	case len(cfg.Label) > maxLabel || !utf8.ValidString(cfg.Label):
		return nil, errLabel
	}
	a := &Authority{fabric: cfg.FabricID, vendor: cfg.AdminVendorID, label: cfg.Label, node: cfg.AdminNode}
	if _, err := io.ReadFull(cfg.Rand, a.ipk[:]); err != nil {
		return nil, err
	}
	for a.fabric == 0 {
		id, err := random64(cfg.Rand)
		if err != nil {
			return nil, err
		}
		a.fabric = session.FabricID(id)
	}
	if a.node == 0 {
		var err error
		if a.node, err = RandomNodeID(cfg.Rand); err != nil {
			return nil, err
		}
	}
	if err := a.makeIssuers(cfg.Rand, cfg.UTC, cfg.Intermediate); err != nil {
		return nil, err
	}
	var err error
	if a.key, err = p256.GenerateKey(cfg.Rand); err != nil {
		return nil, err
	}
	own, err := a.Issue(cfg.Rand, cfg.UTC, a.key.PublicKey(), a.node, cfg.CATs...)
	if err != nil {
		return nil, err
	}
	a.noc = own.NOC
	return a, nil
}

func (a *Authority) makeIssuers(rand io.Reader, utc session.EpochSeconds, intermediate bool) error {
	name, err := newRootName(rand)
	if err != nil {
		return err
	}
	if err := a.root.make(rand, utc, cert.RoleRoot, name, nil); err != nil || !intermediate {
		return err
	}
	id, err := random64(rand)
	if err != nil {
		return err
	}
	a.sub = new(issuer)
	// Like the root it names no fabric: it need not, and matter.js 0.9.4 refuses a
	// chain in which only one of the two does.
	return a.sub.make(rand, utc, cert.RoleICAC, cert.ICACName(id, 0), &a.root)
}

// newRootName draws a root's name. It leaves the fabric out: the root may serve
// others one day.
func newRootName(rand io.Reader) (cert.Name, error) {
	id, err := random64(rand)
	return cert.RootName(id, 0), err
}

// make draws a key and has by certify it; by is nil for a root.
func (i *issuer) make(rand io.Reader, utc session.EpochSeconds, role cert.Role, name cert.Name, by *issuer) (err error) {
	if i.key, err = p256.GenerateKey(rand); err != nil {
		return err
	}
	if by == nil {
		by = i
	}
	i.certificate, err = by.issue(rand, utc, role, name, i.key.PublicKey())
	return err
}

// issue makes one certificate.
func (i *issuer) issue(rand io.Reader, utc session.EpochSeconds, role cert.Role, name cert.Name, key [65]byte) (*cert.Certificate, error) {
	t, err := newTemplate(rand, utc, role, name, key, i.certificate)
	if err != nil {
		return nil, err
	}
	return cert.Issue(t, func(tbs []byte) ([64]byte, error) { return i.key.Sign(rand, tbs) })
}

// newTemplate says what a certificate of this fabric is to be like; issuer is nil
// for a root. It is valid from a day ago, for clocks differ, and without end: a
// device whose certificate ends is lost.
func newTemplate(rand io.Reader, utc session.EpochSeconds, role cert.Role, name cert.Name, key [65]byte, issuer *cert.Certificate) (cert.Template, error) {
	serial, err := cert.NewSerial(rand)
	if err != nil {
		return cert.Template{}, err
	}
	t := cert.Template{Role: role, Serial: serial, Subject: name, NotBefore: 1, PublicKey: key, Issuer: issuer}
	if utc > daySeconds {
		t.NotBefore = uint32(utc) - daySeconds
	}
	if issuer != nil { // a clock that was set back since must not make it invalid
		t.NotBefore = max(t.NotBefore, issuer.NotBefore)
	}
	return t, nil
}

// Credentials are the certificates of one node, in Matter TLV. ICAC is nil if
// the root issued the NOC.
type Credentials struct{ NOC, ICAC []byte }

// Issue certifies publicKey as the key of a node. It is never asked twice for
// one key and another node: a device that needs a new certificate makes a new key.
func (a *Authority) Issue(rand io.Reader, utc session.EpochSeconds, publicKey [65]byte, node session.NodeID, cats ...session.CAT) (Credentials, error) {
	if !node.IsOperational() {
		return Credentials{}, errNodeID
	}
	by := &a.root
	var c Credentials
	if a.sub != nil {
		by, c.ICAC = a.sub, a.sub.certificate.AppendTLV(nil)
	}
	noc, err := by.issue(rand, utc, cert.RoleNode, nodeName(node, a.fabric, cats), publicKey)
	if err != nil {
		return Credentials{}, err
	}
	c.NOC = noc.AppendTLV(nil)
	return c, nil
}

func nodeName(node session.NodeID, fabric session.FabricID, cats []session.CAT) cert.Name {
	tags := make([]uint32, len(cats))
	for i, t := range cats {
		tags[i] = uint32(t)
	}
	return cert.NodeName(uint64(node), uint64(fabric), tags...)
}

// FabricID returns the fabric's ID.
func (a *Authority) FabricID() session.FabricID { return a.fabric }

// AdminNode returns our own node ID.
func (a *Authority) AdminNode() session.NodeID { return a.node }

// Label returns the fabric's label.
func (a *Authority) Label() string { return a.label }

// FabricConfig returns our own membership, for [session.NewFabric].
func (a *Authority) FabricConfig() session.FabricConfig {
	key := a.key.Bytes()
	c := session.FabricConfig{
		Root: a.root.certificate.AppendTLV(nil), NOC: append([]byte(nil), a.noc...),
		EpochKeys: [][16]byte{a.ipk}, Key: key[:], Label: a.label,
	}
	if a.sub != nil {
		c.ICAC = a.sub.certificate.AppendTLV(nil)
	}
	return c
}

// Access returns what a commissioner needs for this fabric; f is our membership,
// made of [Authority.FabricConfig] and known to the session manager.
func (a *Authority) Access(f *session.Fabric) FabricAccess {
	return FabricAccess{Fabric: f, IPK: a.ipk, AdminVendorID: a.vendor, Label: a.label, Authority: a}
}

// Clear erases the keys. Best effort. The authority cannot be used any more.
func (a *Authority) Clear() {
	a.root.key.Clear()
	if a.sub != nil {
		a.sub.key.Clear()
	}
	a.key.Clear()
	a.ipk = EpochKey{}
}

// RandomNodeID draws an operational node ID.
func RandomNodeID(rand io.Reader) (session.NodeID, error) {
	for {
		id, err := random64(rand)
		if err != nil || session.NodeID(id).IsOperational() {
			return session.NodeID(id), err
		}
	}
}

func random64(rand io.Reader) (v uint64, err error) {
	var b [8]byte
	_, err = io.ReadFull(rand, b[:])
	for _, x := range b {
		v = v<<8 | uint64(x)
	}
	return v, err
}

// Context tags of a stored authority.
const (
	storedVersion = iota
	storedFabric
	storedVendor
	storedLabel
	storedIPK
	storedRootKey
	storedRoot
	storedSubKey
	storedSub
	storedNode
	storedKey
	storedNOC
)

// storedFormat is the version of the form that AppendTLV writes.
const storedFormat = 1

const (
	maxLabel  = 32
	maxStored = 400 // of a certificate
)

// AppendTLV appends the authority with all its keys, for storage. Whoever reads
// it owns the fabric: keep it as a secret.
func (a *Authority) AppendTLV(dst []byte) []byte {
	w := tlv.NewWriter(dst)
	w.Struct(tlv.Anonymous)
	w.Uint(ctx(storedVersion), storedFormat)
	w.Uint(ctx(storedFabric), uint64(a.fabric))
	w.Uint(ctx(storedVendor), uint64(a.vendor))
	w.String(ctx(storedLabel), a.label)
	w.Bytes(ctx(storedIPK), a.ipk[:])
	a.root.append(w, storedRootKey)
	if a.sub != nil {
		a.sub.append(w, storedSubKey)
	}
	w.Uint(ctx(storedNode), uint64(a.node))
	key := a.key.Bytes()
	w.Bytes(ctx(storedKey), key[:])
	w.Bytes(ctx(storedNOC), a.noc)
	w.End()
	return w.Octets()
}

// append writes key and certificate under two tags in a row.
func (i *issuer) append(w *tlv.Writer, tag uint8) {
	key := i.key.Bytes()
	w.Bytes(ctx(tag), key[:])
	w.Bytes(ctx(tag+1), i.certificate.AppendTLV(nil))
}

// ParseAuthority reads what AppendTLV wrote. It checks that keys and
// certificates belong together.
func ParseAuthority(b []byte) (*Authority, error) {
	a := new(Authority)
	var keys, certificates [2][]byte
	var own []byte
	r, seen := openStruct(b)
	for r.Next() {
		switch r.Member(&seen) {
		case storedVersion:
			if r.Uint8() != storedFormat {
				r.Fail(errAuthority)
			}
		case storedFabric:
			a.fabric = session.FabricID(r.Uint64())
		case storedVendor:
			a.vendor = r.Uint16()
		case storedLabel:
			a.label = r.String(maxLabel)
		case storedIPK:
			copy(a.ipk[:], r.Bytes(len(a.ipk), len(a.ipk)))
		case storedRootKey:
			keys[0] = r.Bytes(p256.ScalarSize, p256.ScalarSize)
		case storedRoot:
			certificates[0] = r.Bytes(1, maxStored)
		case storedSubKey:
			keys[1] = r.Bytes(p256.ScalarSize, p256.ScalarSize)
		case storedSub:
			certificates[1] = r.Bytes(1, maxStored)
		case storedNode:
			a.node = session.NodeID(r.Uint64())
		case storedKey:
			own = r.Bytes(p256.ScalarSize, p256.ScalarSize)
		case storedNOC:
			a.noc = append([]byte(nil), r.Bytes(1, maxStored)...)
		}
	}
	r.Require(&seen, storedVersion, storedFabric, storedVendor, storedLabel, storedIPK, storedRootKey, storedRoot, storedNode, storedKey, storedNOC)
	if seen.Has(storedSubKey) != seen.Has(storedSub) {
		r.Fail(errAuthority)
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	if err := a.restore(keys, certificates, own); err != nil {
		return nil, err
	}
	return a, nil
}

// restore makes the authority of its parts and checks it as a whole: a fabric
// can be made of it.
func (a *Authority) restore(keys, certificates [2][]byte, own []byte) (err error) {
	if err := a.root.restore(keys[0], certificates[0]); err != nil {
		return err
	}
	if keys[1] != nil {
		a.sub = new(issuer)
		if err := a.sub.restore(keys[1], certificates[1]); err != nil {
			return err
		}
	}
	if a.key, err = p256.NewPrivateKey(own); err != nil {
		return err
	}
	if err := cert.VerifyRoot(a.root.certificate, 0); err != nil {
		return err
	}
	f, err := session.NewFabric(a.FabricConfig())
	if err != nil {
		return err
	}
	if f.ID() != a.fabric || f.NodeID() != a.node {
		return errAuthority
	}
	return nil
}

func (i *issuer) restore(key, certificate []byte) (err error) {
	if i.key, err = p256.NewPrivateKey(key); err != nil {
		return err
	}
	if i.certificate, err = cert.ParseTLV(certificate); err != nil {
		return err
	}
	if i.certificate.PublicKey != i.key.PublicKey() {
		return errAuthority
	}
	return nil
}
