package abi

import (
	"bytes"
	"errors"
	"io"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/commission"
	"github.com/matter-session/matter-session/session/commission/trust"
	"github.com/matter-session/matter-session/session/tlv"
)

// Operations have this bit set in the IDs that cross the boundary, interactions
// do not: the bridge has one number space.
const operationBit = 1 << 31

// defaultVendorID is the administrator's when none is given: one for tests.
const defaultVendorID = 0xFFF1

// An operation is what one request number does. It writes its result's members
// to w.
type operation func(in *instance, now session.Instant, m *members, w *tlv.Writer) error

// operations are the requests by their number. Those in free are given an instance
// that has randomness and nothing else.
var operations = map[uint8]operation{
	1: createAuthority, 2: openAuthority, 3: openExternal, 4: addResumption, 5: setTrust, 6: setUTC, 7: setStream, 8: removeFabric,
	16: startCommission, 17: connect, 18: pair, 19: cancel,
	20: read, 21: write, 22: invoke, 23: subscribe, 24: closeSession,
	25: openPASE, 26: closePASE, 27: sessionInfo,
	30: parseCode, 31: makeCode,
	32: discovered, 33: discoveryEnded, 34: attestationDecision, 35: networkChoice, 36: issued, 37: channelLost, 38: workAnswer,
	40: prepareRoot, 41: prepareNOC, 42: finishCertificate,
}

// free are the operations that need no instance.
var free = map[uint8]bool{30: true, 31: true, 40: true, 41: true, 42: true}

// Request carries out the request in the buffer's first n octets, and returns
// the length of its result, which takes their place.
func Request(h handle, now float64, n int32, rand io.Reader) int32 {
	at, err := instantOf(now)
	if err != nil {
		return fail(err)
	}
	b, err := arguments(n)
	if err != nil {
		return fail(err)
	}
	// The buffer is for the result now; a request may hold secrets.
	b = bytes.Clone(b)
	clear(Buffer[:n])
	m, err := parseMembers(b)
	if err != nil {
		return fail(err)
	}
	number := m.u8(0)
	op := operations[number]
	if m.err != nil || op == nil {
		return fail(errArgument)
	}
	in, err := find(h)
	switch {
	case free[number] && !dead:
		in = &instance{rand: rand}
	case err != nil:
		return fail(err)
	case in.controller == nil:
		return fail(errHandle)
	}
	w := tlv.NewWriter(Buffer[:0])
	w.Struct(tlv.Anonymous)
	if err = op(in, at, m, w); err == nil {
		err = m.err
	}
	if err != nil {
		return fail(err)
	}
	w.End()
	n, err = put(w.Octets())
	if err != nil {
		return fail(err)
	}
	return n
}

func ctx(n uint8) tlv.Tag { return tlv.Context(n) }

func parseConfig(b []byte) (c commission.ControllerConfig, err error) {
	m, err := parseMembers(b)
	if err != nil {
		return c, err
	}
	c.Session.Parameters = session.DefaultParameters()
	if p := parameters(m, 1, 2, 3); p != (session.Parameters{}) {
		d := &c.Session.Parameters
		d.IdleIntervalMs, d.ActiveIntervalMs = p.IdleIntervalMs, p.ActiveIntervalMs
		d.ActiveThresholdMs, d.HasActiveThreshold = p.ActiveThresholdMs, p.HasActiveThreshold
	}
	c.Session.Delegate = session.Delegate(m.optional(4, 7, 0))
	c.Session.MaxSessions = int(m.optional(5, session.MaxSessionsLimit, 0))
	c.Session.ExtraDelay = session.Milliseconds(m.optional(6, 3_600_000, 0))
	return c, m.err
}

// parameters reads what is known of a peer's timing from three members.
func parameters(m *members, idle, active, threshold int) (p session.Parameters) {
	p.IdleIntervalMs = uint32(m.optional(idle, 1<<32-1, 0))
	p.ActiveIntervalMs = uint32(m.optional(active, 1<<32-1, 0))
	if p.HasActiveThreshold = m.has(threshold); p.HasActiveThreshold {
		p.ActiveThresholdMs = m.u16(threshold)
	}
	return p
}

func location(m *members, peer, idle, link int) commission.Location {
	return commission.Location{
		Peer: session.Peer(m.u32(peer)), Link: commission.Link(m.optional(link, 1, 0)),
		Parameters: parameters(m, idle, idle+1, idle+2),
	}
}

func writeFabric(w *tlv.Writer, in *instance, index session.FabricIndex) {
	f := in.controller.Sessions().Fabric(index)
	compressed := f.CompressedID()
	w.Uint(ctx(1), uint64(index))
	w.Uint(ctx(2), uint64(f.ID()))
	w.Uint(ctx(3), uint64(f.NodeID()))
	w.Bytes(ctx(4), compressed[:])
}

func createAuthority(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	cfg := commission.AuthorityConfig{
		Rand: in.rand, UTC: in.utc(now), Label: m.text(1), Intermediate: m.flag(2),
		AdminVendorID: uint16(m.optional(3, 0xFFFF, defaultVendorID)),
		AdminNode:     session.NodeID(m.optional(6, 1<<64-1, 0)), FabricID: session.FabricID(m.optional(7, 1<<64-1, 0)),
	}
	if m.err != nil {
		return m.err
	}
	a, err := commission.NewAuthority(cfg)
	if err != nil {
		return err
	}
	defer a.Clear() // the controller has its own
	index, err := in.controller.AddAuthority(a)
	if err != nil {
		return err
	}
	writeFabric(w, in, index)
	w.Bytes(ctx(5), a.AppendTLV(nil))
	return nil
}

func openAuthority(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	stored := m.octets(1)
	if m.err != nil {
		return m.err
	}
	a, err := commission.ParseAuthority(stored)
	if err != nil {
		return err
	}
	defer a.Clear() // the controller has its own
	index, err := in.controller.AddAuthority(a)
	if err != nil {
		return err
	}
	writeFabric(w, in, index)
	return nil
}

func openExternal(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	ipk := m.octets(4)
	if len(ipk) != 16 {
		return errArgument
	}
	cfg, vendor := session.FabricConfig{
		Root: m.octets(1), NOC: m.octets(2), ICAC: m.octets(3), EpochKeys: [][16]byte{[16]byte(ipk)},
		Label: m.text(6), UTC: in.utc(now),
	}, m.u16(5)
	if m.err != nil {
		return m.err
	}
	index, err := in.controller.AddFabric(cfg, vendor)
	if err != nil {
		return err
	}
	writeFabric(w, in, index)
	return nil
}

func addResumption(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	r, err := session.ParseResumptionRecord(m.octets(1))
	if err != nil {
		return err
	}
	return in.controller.Sessions().AddResumption(r)
}

func setTrust(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	var roots, test commission.Roots
	for n, to := range map[int]*commission.Roots{1: &roots, 2: &test} {
		if m.has(n) {
			store, err := trust.Parse(m.octets(n))
			if err != nil {
				return err
			}
			*to = store
		}
	}
	if m.err != nil {
		return m.err
	}
	in.controller.SetTrust(roots, test)
	return nil
}

func setUTC(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	utc := session.EpochSeconds(m.u32(1))
	if m.err != nil {
		return m.err
	}
	in.utcOffset, in.utcKnown = int64(utc)-int64(now)/1000, true
	in.controller.Sessions().SetUTC(now, utc)
	return nil
}

// utc returns the time of day that set-utc told, gone on; 0 if it told none.
func (in *instance) utc(now session.Instant) session.EpochSeconds {
	if !in.utcKnown {
		return 0
	}
	return session.EpochSeconds(max(1, in.utcOffset+int64(now)/1000))
}

func setStream(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	peer, stream := session.Peer(m.u32(1)), m.flag(2)
	if m.err != nil {
		return m.err
	}
	in.controller.Sessions().SetStream(peer, stream)
	return nil
}

func removeFabric(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	index := session.FabricIndex(m.u8(1))
	if m.err != nil {
		return m.err
	}
	return in.controller.RemoveFabric(now, index)
}

var errSeveral = errors.New("abi: the code is of several devices: say which one")

func startCommission(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	payloads, err := commission.ParseCode(m.text(2))
	if err != nil {
		return err
	}
	index := int(m.optional(17, 255, 0))
	if len(payloads) > 1 && !m.has(17) || index >= len(payloads) {
		return errSeveral
	}
	o := commission.CommissionOptions{
		Fabric: session.FabricIndex(m.u8(1)), Payload: payloads[index],
		NodeID: session.NodeID(m.optional(15, 1<<64-1, 0)), Network: commission.NetworkSetup(m.optional(14, 2, 0)),
		Country: m.text(8), UTC: in.utc(now),
	}
	if o.HasAt = m.has(3); o.HasAt {
		o.At = location(m, 3, 4, 20)
	}
	if m.has(7) {
		o.Place = commission.RegulatoryLocation(m.uint(7, 2))
	}
	if m.flag(10) {
		o.Policy = commission.PolicyCertified
	}
	if m.has(18) {
		o.Terms = &commission.Terms{Version: m.u16(18), Accepted: m.u16(19)}
	}
	if m.err != nil {
		return m.err
	}
	id, err := in.controller.Commission(now, o)
	return writeOperation(w, id, err)
}

func writeOperation(w *tlv.Writer, id commission.OperationID, err error) error {
	w.Uint(ctx(1), uint64(id)|operationBit)
	return err
}

func connect(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	fabric, node, at, full := session.FabricIndex(m.u8(1)), session.NodeID(m.u64(2)), location(m, 3, 4, 8), m.flag(7)
	if m.err != nil {
		return m.err
	}
	id, err := in.controller.Connect(now, fabric, node, at, full)
	return writeOperation(w, id, err)
}

func pair(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	passcode, at := commission.Passcode(m.u32(2)), location(m, 1, 4, 8)
	if m.err != nil {
		return m.err
	}
	id, err := in.controller.Pair(now, passcode, at)
	return writeOperation(w, id, err)
}

func cancel(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	id := m.u32(1)
	switch {
	case m.err != nil:
		return m.err
	case id&operationBit == 0:
		return in.controller.CancelInteraction(now, commission.InteractionID(id))
	}
	operation := commission.OperationID(id &^ operationBit)
	if err := in.controller.CancelConnect(now, operation); err == nil {
		return nil
	}
	return in.controller.Reply(now, operation, commission.Cancel{})
}

func closeSession(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	id := session.SessionID(m.u16(1))
	if m.err != nil {
		return m.err
	}
	return in.controller.CloseSession(now, id)
}

func openPASE(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	iterations, salt := m.u32(2), m.octets(3)
	var (
		v   *session.PASEVerifier
		err error
	)
	if m.has(4) == m.has(1) {
		return errArgument
	}
	if m.has(4) {
		stored := m.octets(4)
		if m.err == nil {
			v, err = session.ParsePASEVerifier(stored, iterations, salt)
		}
	} else if passcode := m.u32(1); m.err == nil {
		v, err = session.NewPASEVerifier(passcode, iterations, salt)
	}
	if m.err != nil {
		return m.err
	}
	if err != nil {
		return err
	}
	return in.controller.Sessions().OpenPASE(v)
}

func closePASE(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	in.controller.Sessions().ClosePASE(now)
	in.controller.Tick(now)
	return nil
}

func sessionInfo(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	s, ok := in.controller.Sessions().Session(session.SessionID(m.u16(1)))
	if !ok {
		return session.ErrNotFound
	}
	w.Uint(ctx(1), uint64(s.ID))
	w.Uint(ctx(2), uint64(s.PeerID))
	w.Uint(ctx(3), uint64(s.Kind))
	w.Bool(ctx(4), s.Initiator)
	w.Bool(ctx(5), s.Resumed)
	w.Uint(ctx(6), uint64(s.Fabric))
	w.Uint(ctx(7), uint64(s.LocalNode))
	w.Uint(ctx(8), uint64(s.PeerNode))
	w.Uint(ctx(9), uint64(s.Peer))
	w.Bytes(ctx(10), s.AttestationChallenge[:])
	return nil
}

func parseCode(_ *instance, _ session.Instant, m *members, w *tlv.Writer) error {
	text := m.text(1)
	payloads, err := commission.ParseCode(text)
	if err != nil {
		return err
	}
	w.Array(ctx(1))
	for _, p := range payloads {
		w.Struct(tlv.Anonymous)
		w.Uint(ctx(0), uint64(commission.CodeFormOf(text)))
		w.Uint(ctx(1), uint64(p.VendorID))
		w.Uint(ctx(2), uint64(p.ProductID))
		w.Uint(ctx(3), uint64(p.Flow))
		w.Uint(ctx(4), uint64(p.Discovery))
		w.Uint(ctx(5), uint64(p.Discriminator))
		w.Bool(ctx(6), p.Short)
		w.Uint(ctx(7), uint64(p.Passcode))
		if p.TLV != nil {
			w.Bytes(ctx(8), p.TLV)
		}
		w.End()
	}
	w.End()
	return nil
}

func makeCode(_ *instance, _ session.Instant, m *members, w *tlv.Writer) error {
	p := commission.Payload{
		VendorID: m.u16(1), ProductID: m.u16(2), Flow: commission.Flow(m.u8(3)), Discovery: commission.Discovery(m.u8(4)),
		Discriminator: m.u16(5), Passcode: m.u32(6),
	}
	if m.err != nil {
		return m.err
	}
	qr, err := p.QR()
	if err != nil {
		return err
	}
	manual, err := p.ManualCode()
	if err != nil {
		return err
	}
	w.String(ctx(1), qr)
	w.String(ctx(2), manual)
	return nil
}
