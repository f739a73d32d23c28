package commission

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/internal/p256"
	"github.com/matter-session/matter-session/session/tlv"
)

// A maker makes devices: an authority, an intermediate and a signer of
// certification declarations, by the standard library.
type maker struct {
	paaKey, paiKey, dacKey *ecdsa.PrivateKey
	paa                    *cert.PAA
	pai, dac               []byte
	vendor, product        uint16
	signerKey              *ecdsa.PrivateKey
	declaration            cert.Declaration
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func public(k *ecdsa.PrivateKey) (b [65]byte) {
	o, err := k.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	copy(b[:], o)
	return b
}

func keyID(k *ecdsa.PrivateKey) []byte {
	p := public(k)
	id := sha1.Sum(p[:])
	return id[:]
}

func sign(k *ecdsa.PrivateKey, message []byte) (s [64]byte) {
	raw, err := k.Bytes()
	if err != nil {
		panic(err)
	}
	own, err := p256.NewPrivateKey(raw)
	if err != nil {
		panic(err)
	}
	if s, err = own.Sign(rand.Reader, message); err != nil {
		panic(err)
	}
	return s
}

// attestationName is a distinguished name with the vendor and product attributes
// of Matter; 0 leaves one out.
func attestationName(cn string, vendor, product uint16) pkix.Name {
	n := pkix.Name{CommonName: cn}
	add := func(last int, v uint16) {
		const digits = "0123456789ABCDEF"
		text := []byte{digits[v>>12], digits[v>>8&15], digits[v>>4&15], digits[v&15]}
		n.ExtraNames = append(n.ExtraNames, pkix.AttributeTypeAndValue{
			Type:  asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 37244, 2, last},
			Value: asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: text},
		})
	}
	if vendor != 0 {
		add(1, vendor)
	}
	if product != 0 {
		add(2, product)
	}
	return n
}

// certify makes a certificate of t; change may spoil it first.
func certify(t testing.TB, subject pkix.Name, key *ecdsa.PrivateKey, ca bool, pathLength int, issuer *x509.Certificate, issuerKey *ecdsa.PrivateKey) []byte {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(0x4711), Subject: subject, BasicConstraintsValid: true, IsCA: ca,
		NotBefore: time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC),
		SubjectKeyId: keyID(key), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if ca {
		c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
		c.MaxPathLen, c.MaxPathLenZero = pathLength, pathLength == 0
	}
	if issuer == nil {
		issuer, issuerKey = c, key
	}
	c.AuthorityKeyId = issuer.SubjectKeyId
	der, err := x509.CreateCertificate(rand.Reader, c, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// newMaker makes the papers of a product. pai and dac may differ from the
// product in what their certificates name.
func newMaker(t testing.TB, vendor, product uint16) *maker {
	t.Helper()
	m := &maker{paaKey: newKey(t), paiKey: newKey(t), dacKey: newKey(t), signerKey: newKey(t), vendor: vendor, product: product}
	m.declaration = cert.Declaration{
		FormatVersion: 1, VendorID: vendor, ProductIDs: []uint16{product, product + 1}, DeviceType: 0x100,
		CertificateID: "ZIG20141ZB330001-24", VersionNumber: 1, Type: cert.DeclarationOfficial,
	}
	root := certify(t, attestationName("PAA", 0, 0), m.paaKey, true, 1, nil, nil)
	parsed, err := cert.ParseAttestation(root)
	if err != nil {
		t.Fatal(err)
	}
	paa, ok := parsed.PAA()
	if !ok {
		t.Fatal("the test's own root is not one")
	}
	m.paa = &paa
	rootX, err := x509.ParseCertificate(root)
	if err != nil {
		t.Fatal(err)
	}
	m.pai = certify(t, attestationName("PAI", vendor, 0), m.paiKey, true, 0, rootX, m.paaKey)
	m.makeDAC(t, vendor, product)
	return m
}

func (m *maker) makeDAC(t testing.TB, vendor, product uint16) {
	t.Helper()
	paiX, err := x509.ParseCertificate(m.pai)
	if err != nil {
		t.Fatal(err)
	}
	m.dac = certify(t, attestationName("DAC", vendor, product), m.dacKey, false, 0, paiX, m.paiKey)
}

// signed returns the signed declaration.
func (m *maker) signed(t testing.TB) []byte {
	t.Helper()
	d, err := cert.SignDeclaration(m.declaration, [20]byte(keyID(m.signerKey)), func(b []byte) ([64]byte, error) { return sign(m.signerKey, b), nil })
	if err != nil {
		t.Fatal(err)
	}
	return d.AppendCMS(nil)
}

// Lookup makes a maker a list of roots that has its own.
func (m *maker) Lookup(keyID []byte) (*cert.PAA, bool) {
	return m.paa, string(keyID) == string(m.paa.KeyID[:])
}

func (m *maker) signers(keyID_ [20]byte) (cert.DeclarationSigner, bool) {
	return cert.DeclarationSigner{Name: "the test's", PublicKey: public(m.signerKey)}, string(keyID_[:]) == string(keyID(m.signerKey))
}

// nobody is an empty list of roots.
type nobody struct{}

func (nobody) Lookup([]byte) (*cert.PAA, bool) { return nil, false }

// A fakeDevice is a device on the level of commands and attributes: what it
// demands and undoes is what a real one does.
type fakeDevice struct {
	t     testing.TB
	maker *maker

	challenge  [16]byte
	feature    uint32 // of its network commissioning cluster, on endpoint netAt; 0: it has none
	netAt      EndpointID
	onNetwork  bool
	password   string
	scanFails  NetworkStatus
	capability RegulatoryLocation
	badCountry string
	terms      bool
	clock      bool
	fabrics    uint8 // commissioned by others
	supported  uint8
	cumulative uint16

	until    session.Instant // fail-safe; 0: not armed
	limit    session.Instant
	armings  []uint16
	key      *p256.PrivateKey
	root     *cert.Certificate
	noc      *cert.Certificate
	ipk      []byte
	network  []byte // told, not joined
	joined   bool
	complete bool
	label    string
	country  string
	utc      uint64
	accepted bool

	commands []CommandPath
}

func newDevice(t testing.TB, m *maker) *fakeDevice {
	return &fakeDevice{t: t, maker: m, challenge: [16]byte{1, 2, 3}, supported: 5, cumulative: 900, capability: LocationIndoorOutdoor, password: "correct horse"}
}

// expire undoes everything if the fail-safe has run out.
func (d *fakeDevice) expire(now session.Instant) {
	if d.until != 0 && now >= d.until {
		d.undo()
	}
}

func (d *fakeDevice) undo() {
	d.until, d.limit = 0, 0
	if !d.complete {
		d.key, d.root, d.noc, d.ipk, d.network, d.joined = nil, nil, nil, nil, nil, false
	}
}

func (d *fakeDevice) pristine() bool {
	return d.until == 0 && d.root == nil && d.noc == nil && !d.joined
}

// armedByPASE is what a device does when PASE succeeds.
func (d *fakeDevice) armedByPASE(now session.Instant) {
	d.until, d.limit = now+60_000, now+session.Instant(d.cumulative)*1000
}

func (d *fakeDevice) read(paths []AttributePath) (reports []AttributeReport) {
	uintOf := func(v uint64) []byte {
		w := tlv.NewWriter(nil)
		w.Uint(tlv.Anonymous, v)
		return w.Octets()
	}
	boolOf := func(v bool) []byte {
		w := tlv.NewWriter(nil)
		w.Bool(tlv.Anonymous, v)
		return w.Octets()
	}
	values := map[AttributePath][]byte{}
	add := func(e EndpointID, c ClusterID, a AttributeID, v []byte) { values[Attribute(e, c, a)] = v }
	info := tlv.NewWriter(nil)
	info.Struct(tlv.Anonymous)
	info.Uint(ctx(0), 60)
	info.Uint(ctx(1), uint64(d.cumulative))
	info.End()
	add(0, ClusterGeneralCommissioning, GeneralBasicCommissioningInfo, info.Octets())
	add(0, ClusterGeneralCommissioning, GeneralLocationCapability, uintOf(uint64(d.capability)))
	if d.terms {
		add(0, ClusterGeneralCommissioning, GeneralTermsRequired, boolOf(true))
	}
	name := tlv.NewWriter(nil)
	name.String(tlv.Anonymous, "Lamp")
	add(0, ClusterBasicInformation, BasicVendorID, uintOf(uint64(d.maker.vendor)))
	add(0, ClusterBasicInformation, BasicProductID, uintOf(uint64(d.maker.product)))
	add(0, ClusterBasicInformation, BasicProductName, name.Octets())
	add(0, ClusterOperationalCredentials, CredentialsSupportedFabrics, uintOf(uint64(d.supported)))
	add(0, ClusterOperationalCredentials, CredentialsCommissionedFabrics, uintOf(uint64(d.fabrics)))
	if d.clock {
		add(0, ClusterTimeSynchronization, AttributeFeatureMap, uintOf(0))
	}
	if d.feature != 0 {
		list := tlv.NewWriter(nil)
		list.Array(tlv.Anonymous)
		list.Struct(tlv.Anonymous)
		list.Bytes(ctx(0), []byte("old"))
		list.Bool(ctx(1), d.onNetwork)
		list.End()
		list.End()
		add(d.netAt, ClusterNetworkCommissioning, AttributeFeatureMap, uintOf(uint64(d.feature)))
		add(d.netAt, ClusterNetworkCommissioning, NetworkNetworks, list.Octets())
		add(d.netAt, ClusterNetworkCommissioning, NetworkScanMaxTimeS, uintOf(10))
		add(d.netAt, ClusterNetworkCommissioning, NetworkConnectMaxTimeS, uintOf(20))
	}
	if len(paths) > 9 {
		d.t.Errorf("%d paths in one read: a device takes 9", len(paths))
	}
	for _, p := range paths {
		found := false
		for at, v := range values {
			if (p.Endpoint == at.Endpoint || p.Endpoint == AnyEndpoint) && p.Cluster == at.Cluster && p.Attribute == at.Attribute {
				reports = append(reports, AttributeReport{Path: at, Data: v})
				found = true
			}
		}
		if !found && p.Endpoint != AnyEndpoint {
			reports = append(reports, AttributeReport{Path: p, Status: StatusIB{Status: StatusUnsupportedAttribute}})
		}
	}
	return reports
}

func failure(s Status) CommandResult { return CommandResult{Status: StatusIB{Status: s}} }

func general(code CommissioningCode) CommandResult {
	return CommandResult{Fields: CommissioningResponse{Code: code}.AppendFields(nil)}
}

func nocAnswer(s NOCStatus) CommandResult {
	return CommandResult{Fields: NOCResponse{Status: s}.AppendFields(nil)}
}

// networkAnswer is the answer of each command of Network Commissioning.
func networkAnswer(s NetworkStatus) CommandResult {
	w := newMessage(nil)
	w.Uint(ctx(0), uint64(s))
	w.End()
	return CommandResult{Fields: w.Octets()}
}

// field returns the n-th field of a command, for a reader to stand on.
func field(t testing.TB, fields []byte, n uint8) *tlv.Reader {
	t.Helper()
	r := tlv.NewReader(fields)
	r.Next()
	r.Enter(tlv.Struct)
	for r.Next() {
		if k, ok := r.Tag().ContextNumber(); ok && k == n {
			return r
		}
	}
	t.Fatalf("no field %d in % x", n, fields)
	return nil
}

// invoke runs one command. overCASE says on which session.
func (d *fakeDevice) invoke(now session.Instant, overCASE bool, c CommandData) CommandResult {
	d.commands = append(d.commands, c.Path)
	d.expire(now)
	switch c.Path.Cluster {
	case ClusterGeneralCommissioning:
		return d.general(now, overCASE, c)
	case ClusterOperationalCredentials:
		return d.credentials(overCASE, c)
	case ClusterNetworkCommissioning:
		return d.networking(c)
	case ClusterTimeSynchronization:
		if !d.clock {
			return failure(StatusUnsupportedCluster)
		}
		d.utc = field(d.t, c.Fields, 0).Uint64()
		return failure(StatusSuccess)
	}
	return failure(StatusUnsupportedCluster)
}

func (d *fakeDevice) general(now session.Instant, overCASE bool, c CommandData) CommandResult {
	switch c.Path.Command {
	case CommandArmFailSafe:
		expiry := field(d.t, c.Fields, 0).Uint16()
		d.armings = append(d.armings, expiry)
		if expiry == 0 {
			d.undo()
			return general(CommissioningOK)
		}
		if d.limit == 0 {
			d.limit = now + session.Instant(d.cumulative)*1000
		}
		d.until = min(now+session.Instant(expiry)*1000, d.limit)
		return general(CommissioningOK)
	case CommandSetRegulatoryConfig:
		if d.until == 0 {
			return general(CommissioningNoFailSafe)
		}
		place := RegulatoryLocation(field(d.t, c.Fields, 0).Uint8())
		country := field(d.t, c.Fields, 1).String(2)
		if country == d.badCountry || d.capability != LocationIndoorOutdoor && place != d.capability {
			return general(CommissioningValueOutsideRange)
		}
		d.country = country
		return general(CommissioningOK)
	case CommandSetTerms:
		d.accepted = true
		return general(CommissioningOK)
	case CommandCommissioningComplete:
		switch {
		case !overCASE:
			return general(CommissioningInvalidAuthentication)
		case d.until == 0:
			return general(CommissioningNoFailSafe)
		}
		d.complete, d.until = true, 0
		return general(CommissioningOK)
	}
	return failure(StatusUnsupportedCommand)
}

// answerSigned signs elements as a device does.
func (d *fakeDevice) answerSigned(elements []byte) CommandResult {
	m := SignedElements{Elements: elements, Signature: sign(d.maker.dacKey, append(append([]byte(nil), elements...), d.challenge[:]...))}
	return CommandResult{Fields: m.AppendFields(nil)}
}

func (d *fakeDevice) attestationElements(nonce []byte) []byte {
	w := newMessage(nil)
	w.Bytes(ctx(1), d.maker.signed(d.t))
	w.Bytes(ctx(2), nonce)
	w.Uint(ctx(3), 0)
	w.Bytes(tlv.Full(0xFFF1, 0, 1), []byte("of the vendor"))
	w.End()
	return w.Octets()
}

func (d *fakeDevice) nocsrElements(nonce []byte) []byte {
	key, err := p256.GenerateKey(rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	d.key = key
	publicKey := key.PublicKey()
	csr, err := cert.AppendCSR(nil, &publicKey, func(info []byte) ([64]byte, error) { return key.Sign(rand.Reader, info) })
	if err != nil {
		d.t.Fatal(err)
	}
	w := newMessage(nil)
	w.Bytes(ctx(1), csr)
	w.Bytes(ctx(2), nonce)
	w.End()
	return w.Octets()
}

func (d *fakeDevice) credentials(overCASE bool, c CommandData) CommandResult {
	if d.until == 0 && c.Path.Command != CommandUpdateFabricLabel && c.Path.Command != CommandCertificateChainRequest && c.Path.Command != CommandAttestationRequest {
		return failure(StatusFailSafeRequired)
	}
	switch c.Path.Command {
	case CommandCertificateChainRequest:
		w := newMessage(nil)
		if field(d.t, c.Fields, 0).Uint8() == CertificateDAC {
			w.Bytes(ctx(0), d.maker.dac)
		} else {
			w.Bytes(ctx(0), d.maker.pai)
		}
		w.End()
		return CommandResult{Fields: w.Octets()}
	case CommandAttestationRequest:
		return d.answerSigned(d.attestationElements(field(d.t, c.Fields, 0).Bytes(32, 32)))
	case CommandCSRRequest:
		if d.noc != nil {
			return failure(StatusConstraintError)
		}
		return d.answerSigned(d.nocsrElements(field(d.t, c.Fields, 0).Bytes(32, 32)))
	case CommandAddTrustedRootCertificate:
		root, err := cert.ParseTLV(field(d.t, c.Fields, 0).Bytes(1, 400))
		switch {
		case d.root != nil:
			return failure(StatusConstraintError)
		case err != nil || cert.VerifyRoot(root, 0) != nil:
			return failure(StatusInvalidCommand)
		}
		d.root = root
		return failure(StatusSuccess)
	case CommandAddNOC:
		return d.addNOC(c)
	case CommandUpdateFabricLabel:
		if !overCASE || !d.complete {
			return failure(StatusUnsupportedAccess)
		}
		d.label = field(d.t, c.Fields, 0).String(32)
		return nocAnswer(NOCOK)
	}
	return failure(StatusUnsupportedCommand)
}

func (d *fakeDevice) addNOC(c CommandData) CommandResult {
	noc, err := cert.ParseTLV(field(d.t, c.Fields, 0).Bytes(1, 400))
	var icac *cert.Certificate
	r := tlv.NewReader(c.Fields)
	r.Next()
	r.Enter(tlv.Struct)
	for r.Next() {
		if k, _ := r.Tag().ContextNumber(); k == 1 && err == nil {
			icac, err = cert.ParseTLV(r.Bytes(1, 400))
		}
	}
	switch {
	case err != nil:
		return nocAnswer(NOCInvalidNOC)
	case d.key == nil:
		return nocAnswer(NOCMissingCSR)
	case noc.PublicKey != d.key.PublicKey():
		return nocAnswer(NOCInvalidPublicKey)
	case d.root == nil || cert.VerifyChain(noc, icac, d.root, 0) != nil:
		return nocAnswer(NOCInvalidNOC)
	case !validSubject(session.NodeID(field(d.t, c.Fields, 3).Uint64())):
		return nocAnswer(NOCInvalidAdminSubject)
	}
	d.ipk = append([]byte(nil), field(d.t, c.Fields, 2).Bytes(16, 16)...)
	d.noc = noc
	return CommandResult{Fields: NOCResponse{Status: NOCOK, Fabric: 3}.AppendFields(nil)}
}

// validSubject: an administrator is a node, or a CASE authenticated tag with a version.
func validSubject(n session.NodeID) bool {
	return n.IsOperational() || n>>32 == 0xFFFF_FFFD && n&0xFFFF != 0
}

func (d *fakeDevice) networking(c CommandData) CommandResult {
	if c.Path.Endpoint != d.netAt || d.feature == 0 {
		return failure(StatusUnsupportedEndpoint)
	}
	if d.until == 0 && c.Path.Command != CommandScanNetworks {
		return failure(StatusFailSafeRequired)
	}
	switch c.Path.Command {
	case CommandScanNetworks:
		if d.scanFails != 0 {
			return networkAnswer(d.scanFails)
		}
		w := newMessage(nil)
		w.Uint(ctx(0), 0)
		w.Array(ctx(2))
		w.Struct(tlv.Anonymous)
		w.Uint(ctx(0), uint64(WiFiWPA2))
		w.Bytes(ctx(1), []byte("home"))
		w.Int(ctx(5), -50)
		w.End()
		w.End()
		w.End()
		return CommandResult{Fields: w.Octets()}
	case CommandAddOrUpdateWiFiNetwork:
		d.network = append([]byte(nil), field(d.t, c.Fields, 0).Bytes(1, 32)...)
		if string(field(d.t, c.Fields, 1).Bytes(0, 64)) != d.password {
			d.network = append(d.network, 0) // known to fail
		}
		return networkAnswer(NetworkOK)
	case CommandAddOrUpdateThreadNetwork:
		id, ok := ThreadNetworkID(field(d.t, c.Fields, 0).Bytes(1, 254))
		if !ok {
			return networkAnswer(NetworkOutOfRange)
		}
		d.network = append([]byte(nil), id...)
		return networkAnswer(NetworkOK)
	case CommandConnectNetwork:
		id := field(d.t, c.Fields, 0).Bytes(1, 32)
		switch {
		case string(d.network) == string(id):
			d.joined = true
			return networkAnswer(NetworkOK)
		case len(d.network) == len(id)+1:
			return networkAnswer(NetworkAuthFailure)
		}
		return networkAnswer(NetworkIDNotFound)
	}
	return failure(StatusUnsupportedCommand)
}
