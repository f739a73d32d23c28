package session

import (
	"io"

	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/internal/p256"
	"github.com/matter-session/matter-session/session/internal/spake2p"
)

// A Handshake is one run of PASE or CASE in one role, for a host that has
// exchanges of its own and so no use for a [Manager]: it is handed each message
// of the peer once, and tells what to do next. It knows nothing of headers,
// retransmission or time.
//
// After an error it is dead and its secrets are gone; what the peer must be told
// of it is a [StatusError] inside the error (errors.As).
type Handshake struct {
	run     handshake
	channel ChannelConfig
	tables  *oneFabric // CASE responders
	met     bool       // the peer knows of us
}

// A HandshakeConfig is what every handshake is made with.
type HandshakeConfig struct {
	Rand       io.Reader
	SessionID  SessionID  // ours, for the session that comes of it; not 0
	Parameters Parameters // ours, to be told to the peer; the zero value: nothing is told
	Delegate   Delegate   // which work is asked of the host
	UTC        EpochSeconds
	// FirstCounter is that of the channel; 0: it is drawn from Rand.
	FirstCounter uint32
}

func (c *HandshakeConfig) internal() (handshakeConfig, error) {
	switch {
	case c.SessionID == 0:
		return handshakeConfig{}, errSessionIDZero
	case c.Rand == nil:
		return handshakeConfig{}, errNoRand
	}
	return handshakeConfig{c.Rand, c.SessionID, c.Parameters, c.Delegate, c.UTC}, nil
}

func (c *HandshakeConfig) handshake(run handshake) *Handshake {
	return &Handshake{run: run, channel: ChannelConfig{FirstCounter: c.FirstCounter, Rand: c.Rand}}
}

// NewPASEInitiator makes the commissioner's side of PASE. It returns
// [ErrPasscode] if passcode may not be one.
func NewPASEInitiator(cfg HandshakeConfig, passcode uint32) (*Handshake, error) {
	c, err := cfg.internal()
	if err != nil {
		return nil, err
	}
	if err := CheckPasscode(passcode); err != nil {
		return nil, err
	}
	return cfg.handshake(newPASEInitiator(c, passcode)), nil
}

// NewPASEResponder makes the device's side of PASE for one attempt. One at a
// time, for a minute each, and 20 failures at most: that is for the host to see
// to. Matter Core §4.14.1.
func NewPASEResponder(cfg HandshakeConfig, v *PASEVerifier) (*Handshake, error) {
	c, err := cfg.internal()
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, ErrInvalid
	}
	return cfg.handshake(newPASEResponder(c, v)), nil
}

// NewCASEInitiator makes the side of CASE that asks peer, a node of f, for a
// session, and for the resumption of r if there is one.
func NewCASEInitiator(cfg HandshakeConfig, f *Fabric, peer NodeID, r *ResumptionRecord) (*Handshake, error) {
	c, err := cfg.internal()
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, ErrInvalid
	}
	if !peer.IsOperational() {
		return nil, errPeerNode
	}
	if r != nil && (r.Peer != peer || !r.fits(f)) {
		return nil, errRecordMismatch
	}
	return cfg.handshake(newCASEInitiator(c, f, peer, r)), nil
}

// NewCASEResponder makes the side of CASE that answers one Sigma1. The host has
// looked into it with [ParseSigma1] and found f, the fabric that it is for, and
// r, the record that it asks to resume (nil: none). If f is not the one, the peer
// is told that there is none; if r is not the one, CASE goes on in full.
func NewCASEResponder(cfg HandshakeConfig, f *Fabric, r *ResumptionRecord) (*Handshake, error) {
	c, err := cfg.internal()
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, ErrInvalid
	}
	t := &oneFabric{fabric: f, record: r}
	h := cfg.handshake(newCASEResponder(c, t))
	h.tables = t
	return h, nil
}

// oneFabric are a responder's tables of what its host found for one Sigma1.
type oneFabric struct {
	fabric *Fabric
	record *ResumptionRecord
	spent  bool
}

func (t *oneFabric) fabricList() []*Fabric { return []*Fabric{t.fabric} }

func (t *oneFabric) findResumption(id [16]byte) *ResumptionRecord {
	if t.record == nil || t.record.ID != id {
		return nil
	}
	return t.record
}

func (t *oneFabric) spendResumption(*ResumptionRecord) { t.spent = true }

// A HandshakeStep is what a handshake wants done next. The zero step waits for
// the peer.
type HandshakeStep struct {
	Send    bool // a message of the secure channel protocol, reliably
	Opcode  Opcode
	Payload []byte
	// SpentRecord: the record that a responder was given has served. Forget its
	// ID before Payload is sent: a replay of Sigma1 would lead to the same keys.
	SpentRecord bool
	Work        *Work // to be answered before anything else; its ID is 0
	// Established, if it is not nil, is the end. A message to send goes first.
	Established *Established
}

// Established is what came of a handshake.
type Established struct {
	Channel        Channel
	PeerSessionID  SessionID
	PeerParameters Parameters // as they were stated; zero where they were not
	Resumed        bool

	// Of CASE only.
	PeerNode NodeID
	PeerCATs []CAT
	Record   *ResumptionRecord // to be kept for the next time
}

// Start makes an initiator's first step.
func (h *Handshake) Start() (HandshakeStep, error) { return h.step(h.run.start()) }

// Receive consumes one message of the peer, StatusReport included.
func (h *Handshake) Receive(opcode Opcode, payload []byte) (HandshakeStep, error) {
	h.met = true
	return h.step(h.run.handle(handshakeMessage{opcode, payload}))
}

// Answer gives the result of the work that the last step asked for.
func (h *Handshake) Answer(result []byte) (HandshakeStep, error) {
	return h.step(h.run.answer(result))
}

// Fail ends a handshake because the host could not do the work that was asked of
// it. What it returns is an [ErrHost].
func (h *Handshake) Fail() error {
	h.run.close()
	if h.met {
		return hostFailure(ErrHost)
	}
	return ErrHost
}

// Close ends the handshake and erases its secrets.
func (h *Handshake) Close() { h.run.close() }

func (h *Handshake) step(s handshakeStep, err error) (HandshakeStep, error) {
	if err != nil {
		return HandshakeStep{}, err
	}
	out := HandshakeStep{Work: s.work}
	if s.send != nil {
		h.met = true
		out.Send, out.Opcode, out.Payload = true, s.send.opcode, s.send.payload
	}
	if h.tables != nil && h.tables.spent {
		out.SpentRecord, h.tables.spent = true, false
	}
	if s.secrets != nil {
		if out.Established, err = h.establish(s.secrets); err != nil {
			return HandshakeStep{}, hostFailure(err)
		}
	}
	return out, nil
}

func (h *Handshake) establish(s *sessionSecrets) (*Established, error) {
	defer s.keys.clear()
	e := &Established{
		PeerSessionID: s.peerSessionID, PeerParameters: s.peerParameters, Resumed: s.resumed,
		PeerNode: s.peerNode, PeerCATs: s.peerCATs, Record: s.resumption,
	}
	if s.fabric != nil {
		h.channel.LocalNode, h.channel.PeerNode = s.fabric.NodeID(), s.peerNode
	}
	var err error
	e.Channel, err = newChannel(h.channel, &s.keys, s.initiator)
	return e, err
}

// A HostedFabric is a fabric as a host has it that keeps its own: certificates
// in Matter TLV, and the identity protection keys in their operational form.
type HostedFabric struct {
	Root, ICAC, NOC []byte // ICAC is empty if the root signed the NOC
	IPKs            [][16]byte
	Key             []byte // 32 octets; empty: signatures are asked of the host
}

// NewHostedFabric makes a fabric for [NewCASEInitiator] and [NewCASEResponder].
// Unlike [NewFabric] it takes the host's own certificates as the host's word, at
// which it costs no signature; those of peers are verified as ever, against Root.
//
// Errors are those of package cert, or wrap [ErrInvalid].
func NewHostedFabric(cfg HostedFabric) (*Fabric, error) {
	if len(cfg.IPKs) < 1 || len(cfg.IPKs) > maxEpochKeys {
		return nil, errEpochKeys
	}
	f := &Fabric{rcac: append([]byte(nil), cfg.Root...), noc: append([]byte(nil), cfg.NOC...)}
	if len(cfg.ICAC) > 0 {
		f.icac = append([]byte(nil), cfg.ICAC...)
	}
	var err error
	if f.root, err = cert.ParseTLV(f.rcac); err != nil {
		return nil, err
	}
	noc, _, err := parseChain(f.noc, nil)
	if err != nil {
		return nil, err
	}
	id, ok := noc.FabricID()
	own := identify(noc)
	if !ok || !own.node.IsOperational() {
		return nil, errPeerNode
	}
	f.id, f.node, f.cats, f.rootPublicKey = FabricID(id), own.node, own.cats, f.root.PublicKey
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
	for _, ipk := range cfg.IPKs {
		f.ipks = append(f.ipks, ipk)
	}
	return f, nil
}

// NewResumptionRecord makes a record of what a host has kept of one, for a node
// of f. The secret is copied.
func NewResumptionRecord(f *Fabric, id [16]byte, secret *[32]byte, peer NodeID, cats []CAT, p Parameters) (*ResumptionRecord, error) {
	if f == nil {
		return nil, ErrInvalid
	}
	if !peer.IsOperational() {
		return nil, errPeerNode
	}
	return &ResumptionRecord{
		ID: id, Fabric: f.index, Peer: peer, PeerCATs: cats, Parameters: p,
		compressed: f.compressed, local: f.node, secret: *secret,
	}, nil
}

// Secret returns what the record is about, for a host that keeps records in a
// form of its own: store it as a key is stored.
func (r *ResumptionRecord) Secret() [32]byte { return r.secret }

// ParseBarePASEVerifier takes w0 ‖ L alone, for a device whose commissioners have
// what its passcode was stretched with from elsewhere: they are not told.
func ParseBarePASEVerifier(b []byte) (*PASEVerifier, error) {
	v, err := ParsePASEVerifier(b, MinPBKDFIterations, make([]byte, MinPBKDFSaltSize))
	if err != nil {
		return nil, err
	}
	v.Iterations, v.Salt = 0, nil
	return v, nil
}

// StretchedSize is how many octets a passcode is stretched to by PBKDF2.
const StretchedSize = stretchedSize

// StretchedPASEVerifier makes the verifier of a passcode that was stretched
// already: PBKDF2 of its four octets, little-endian, with a salt. ws is not kept.
func StretchedPASEVerifier(ws *[StretchedSize]byte) (*PASEVerifier, error) {
	w0, w1 := spake2p.Scalars(ws[:])
	defer clear(w1[:])
	l, err := spake2p.VerifierPoint(w1)
	if err != nil {
		return nil, errVerifier
	}
	return &PASEVerifier{w0: w0, l: l}, nil
}

// Sigma1Info is what the host of a CASE responder has to know of a Sigma1.
// Nothing of it is authenticated.
type Sigma1Info struct {
	Random        [32]byte
	SessionID     SessionID
	DestinationID [32]byte   // see [Fabric.DestinationIDs]
	Parameters    Parameters // zero where not stated
	Resumes       bool
	ResumptionID  [16]byte // if Resumes
}

// ParseSigma1 looks into a Sigma1.
func ParseSigma1(payload []byte) (Sigma1Info, error) {
	m, err := parseSigma1(payload)
	if err != nil {
		return Sigma1Info{}, invalidParameter(err)
	}
	s := Sigma1Info{Random: m.random, SessionID: m.sessionID, DestinationID: m.destinationID}
	if m.parameters != nil {
		s.Parameters = *m.parameters
	}
	if m.resumption != nil {
		s.Resumes, s.ResumptionID = true, m.resumption.id
	}
	return s, nil
}
