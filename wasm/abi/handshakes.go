package abi

import (
	"io"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// Handshakes without a controller, one message at a time.

// maxHandshakes bounds how many are under way at once in one blob.
const maxHandshakes = 4096

var handshakes = table[*session.Handshake]{kind: kindHandshake, limit: maxHandshakes}

// The members of a handshake's configuration, those that roles share.
const (
	configSessionID  = 1
	configDelegate   = 3
	configParameters = 4
	configUTC        = 7
	configCounter    = 8
)

// newHandshake takes the n octets of a configuration apart, which are erased in
// the end, and has a handshake made of them.
func newHandshake(n int32, rand io.Reader, make func(session.HandshakeConfig, *members) (*session.Handshake, error)) int32 {
	b, err := spans(n)
	if err != nil {
		return fail(err)
	}
	defer clear(b)
	m, err := parseMembers(b)
	if err != nil {
		return fail(err)
	}
	config := session.HandshakeConfig{
		Rand:         rand,
		SessionID:    session.SessionID(m.u16(configSessionID)),
		Parameters:   statedParameters(m, configParameters),
		Delegate:     session.Delegate(m.optional(configDelegate, 7, 0)),
		UTC:          session.EpochSeconds(m.optional(configUTC, 1<<32-1, 0)),
		FirstCounter: uint32(m.optional(configCounter, 1<<32-1, 0)),
	}
	made, err := make(config, m)
	if m.err != nil {
		err = m.err
	}
	if err != nil {
		return fail(err)
	}
	h, place, err := handshakes.add()
	if err != nil {
		made.Close()
		return fail(err)
	}
	*place = made
	return h
}

// nested takes apart the structure that is member n; an absent one is empty.
func (m *members) nested(n int) *members {
	inner := new(members)
	if m.has(n) {
		m.read(n, inner.fill)
	}
	return inner
}

// statedParameters are all zero if they are absent.
func statedParameters(m *members, n int) session.Parameters {
	p := m.nested(n)
	out := session.Parameters{
		IdleIntervalMs:           uint32(p.optional(1, 1<<32-1, 0)),
		ActiveIntervalMs:         uint32(p.optional(2, 1<<32-1, 0)),
		ActiveThresholdMs:        uint16(p.optional(3, 1<<16-1, 0)),
		HasActiveThreshold:       p.has(3),
		DataModelRevision:        uint16(p.optional(4, 1<<16-1, 0)),
		InteractionModelRevision: uint16(p.optional(5, 1<<16-1, 0)),
		SpecificationVersion:     uint32(p.optional(6, 1<<32-1, 0)),
		MaxPathsPerInvoke:        uint16(p.optional(7, 1<<16-1, 0)),
	}
	m.take(p)
	return out
}

// take takes over what went wrong in a structure inside.
func (m *members) take(inner *members) {
	if inner.err != nil {
		m.err = inner.err
	}
}

// fixed copies member n, which must be as long as to.
func (m *members) fixed(n int, to []byte) {
	b := m.octets(n)
	if copy(to, b) != len(to) || len(b) != len(to) {
		m.err = errArgument
	}
}

// fabric is member 2: 1 root, 2 NOC, 3 ICAC?, 4 array of IPKs, 5 key?.
func fabric(m *members) (*session.Fabric, error) {
	f := m.nested(2)
	config := session.HostedFabric{Root: f.octets(1), NOC: f.octets(2), ICAC: f.octets(3), Key: f.octets(5)}
	f.read(4, func(r *tlv.Reader) {
		r.Enter(tlv.Array)
		for r.Next() {
			if b := r.Bytes(16, 16); r.Err() == nil {
				config.IPKs = append(config.IPKs, [16]byte(b))
			}
		}
		r.Exit()
	})
	if m.take(f); m.err != nil {
		return nil, m.err
	}
	return session.NewHostedFabric(config)
}

// record is member 6, or nil: 1 resumption ID, 2 secret, 3 peer, 4 array of
// CATs?, 5 parameters?.
func record(m *members, f *session.Fabric) (*session.ResumptionRecord, error) {
	if !m.has(6) {
		return nil, nil
	}
	var (
		r      = m.nested(6)
		id     [16]byte
		secret [32]byte
		cats   []session.CAT
	)
	defer clear(secret[:])
	r.fixed(1, id[:])
	r.fixed(2, secret[:])
	if r.has(4) {
		r.read(4, func(r *tlv.Reader) {
			r.Enter(tlv.Array)
			for r.Next() {
				cats = append(cats, session.CAT(r.Uint32()))
			}
			r.Exit()
		})
	}
	peer, p := session.NodeID(r.u64(3)), statedParameters(r, 5)
	if m.take(r); m.err != nil {
		return nil, m.err
	}
	return session.NewResumptionRecord(f, id, &secret, peer, cats, p)
}

// PASEInitiator makes the commissioner's side of PASE: 2 passcode.
func PASEInitiator(n int32, rand io.Reader) int32 {
	return newHandshake(n, rand, func(c session.HandshakeConfig, m *members) (*session.Handshake, error) {
		passcode := m.u32(2)
		if m.err != nil {
			return nil, m.err
		}
		return session.NewPASEInitiator(c, passcode)
	})
}

// PASEResponder makes the device's side of PASE: 2 verifier, 5 iterations? and
// 6 salt?.
func PASEResponder(n int32, rand io.Reader) int32 {
	return newHandshake(n, rand, func(c session.HandshakeConfig, m *members) (*session.Handshake, error) {
		var v *session.PASEVerifier
		var err error
		if octets := m.octets(2); m.has(5) || m.has(6) {
			v, err = session.ParsePASEVerifier(octets, m.u32(5), m.octets(6))
		} else {
			v, err = session.ParseBarePASEVerifier(octets)
		}
		if err != nil {
			return nil, err
		}
		return session.NewPASEResponder(c, v)
	})
}

// PASEVerifier writes the verifier, w0 ‖ L, of 80 octets that a passcode was
// stretched to, and erases those.
func PASEVerifier() int32 {
	b, err := spans(session.StretchedSize)
	if err != nil {
		return fail(err)
	}
	v, err := session.StretchedPASEVerifier((*[session.StretchedSize]byte)(b))
	clear(b)
	if err != nil {
		return fail(err)
	}
	return int32(copy(Buffer[:], v.Octets()))
}

// CASEInitiator makes the side of CASE that asks: 2 fabric, 5 peer, 6 record?.
func CASEInitiator(n int32, rand io.Reader) int32 {
	return newHandshake(n, rand, func(c session.HandshakeConfig, m *members) (*session.Handshake, error) {
		f, err := fabric(m)
		if err != nil {
			return nil, err
		}
		peer := session.NodeID(m.u64(5))
		r, err := record(m, f)
		if err != nil {
			return nil, err
		}
		return session.NewCASEInitiator(c, f, peer, r)
	})
}

// CASEResponder makes the side of CASE that is asked: 2 fabric, 6 record?.
func CASEResponder(n int32, rand io.Reader) int32 {
	return newHandshake(n, rand, func(c session.HandshakeConfig, m *members) (*session.Handshake, error) {
		f, err := fabric(m)
		if err != nil {
			return nil, err
		}
		r, err := record(m, f)
		if err != nil {
			return nil, err
		}
		return session.NewCASEResponder(c, f, r)
	})
}

// Sigma1 looks into a Sigma1 of n octets and writes a structure: 1 random,
// 2 session ID, 3 destination ID, 5 parameters?, 6 resumption ID?.
func Sigma1(n int32) int32 {
	b, err := spans(n)
	if err != nil {
		return fail(err)
	}
	s, err := session.ParseSigma1(b)
	if err != nil {
		return fail(err)
	}
	w := tlv.NewWriter(Buffer[:0])
	w.Struct(tlv.Anonymous)
	w.Bytes(ctx(1), s.Random[:])
	w.Uint(ctx(2), uint64(s.SessionID))
	w.Bytes(ctx(3), s.DestinationID[:])
	writeParameters(w, 5, s.Parameters)
	if s.Resumes {
		w.Bytes(ctx(6), s.ResumptionID[:])
	}
	w.End()
	return finish(w)
}

// HandshakeStart makes an initiator's first step.
func HandshakeStart(h handle) int32 {
	return handshakeStep(h, 0, func(hs *session.Handshake, _ []byte) (session.HandshakeStep, error) {
		return hs.Start()
	})
}

// HandshakeReceive hands over one message of the peer, its payload in the
// buffer.
func HandshakeReceive(h handle, opcode, n int32) int32 {
	return handshakeStep(h, n, func(hs *session.Handshake, b []byte) (session.HandshakeStep, error) {
		if opcode < 0 || opcode > 0xFF {
			return session.HandshakeStep{}, errArgument
		}
		return hs.Receive(session.Opcode(opcode), b)
	})
}

// HandshakeAnswer hands over the result of work, which is erased. A negative n
// says that the host failed at it.
func HandshakeAnswer(h handle, n int32) int32 {
	failed := n < 0
	return handshakeStep(h, max(n, 0), func(hs *session.Handshake, b []byte) (session.HandshakeStep, error) {
		if failed {
			return session.HandshakeStep{}, hs.Fail()
		}
		return hs.Answer(b)
	})
}

// HandshakeClose ends a handshake and erases its secrets.
func HandshakeClose(h handle) int32 {
	hs, err := findHandshake(h)
	if err != nil {
		return fail(err)
	}
	hs.Close()
	handshakes.remove(h)
	return 0
}

func findHandshake(h handle) (*session.Handshake, error) {
	if dead {
		return nil, errDead
	}
	if place := handshakes.find(h); place != nil {
		return *place, nil
	}
	return nil, errHandle
}

// handshakeStep has one step made and writes it. The handle goes stale with the
// handshake's end, well or badly.
func handshakeStep(h handle, n int32, do func(*session.Handshake, []byte) (session.HandshakeStep, error)) int32 {
	hs, err := findHandshake(h)
	if err != nil {
		return fail(err)
	}
	b, err := spans(n)
	if err != nil {
		return fail(err)
	}
	in := append([]byte(nil), b...) // a step is written where its input lay
	clear(b)
	defer clear(in)
	step, err := do(hs, in)
	if err == errArgument {
		return fail(err)
	}
	var made handle
	if err == nil && step.Established != nil {
		if made, err = addChannel(step.Established.Channel, nil); err != nil {
			err = &session.StatusError{
				Report: session.StatusReport{General: session.GeneralFailure, Code: session.StatusGeneralFailure}, Err: err}
		}
		step.Established.Channel.Clear()
	}
	if err != nil {
		hs.Close()
		handshakes.remove(h)
		return fail(err)
	}
	if made != 0 {
		handshakes.remove(h)
	}
	w := tlv.NewWriter(Buffer[:0])
	w.Struct(tlv.Anonymous)
	writeStep(w, &step, made)
	w.End()
	return finish(w)
}

// writeStep writes what is to be done: 1 opcode and 2 payload to send; 3 kind, 4
// data, 5 salt, 6 iterations of work; 7 session and what is known of it, 8 peer's
// session ID, 9 its parameters, 10 node and 11 CATs, 12 record, 13 resumed; 14
// whether the record that was given is spent.
func writeStep(w *tlv.Writer, s *session.HandshakeStep, made handle) {
	if s.Send {
		w.Uint(ctx(1), uint64(s.Opcode))
		w.Bytes(ctx(2), s.Payload)
	}
	if work := s.Work; work != nil {
		w.Uint(ctx(3), uint64(work.Kind))
		w.Bytes(ctx(4), work.Data)
		w.Bytes(ctx(5), work.Salt)
		w.Uint(ctx(6), uint64(work.Iterations))
	}
	if e := s.Established; e != nil {
		w.Uint(ctx(7), uint64(made))
		w.Uint(ctx(8), uint64(e.PeerSessionID))
		writeParameters(w, 9, e.PeerParameters)
		if e.Record != nil {
			w.Uint(ctx(10), uint64(e.PeerNode))
			w.Array(ctx(11))
			for _, c := range e.PeerCATs {
				w.Uint(tlv.Anonymous, uint64(c))
			}
			w.End()
			secret := e.Record.Secret()
			w.Struct(ctx(12))
			w.Bytes(ctx(1), e.Record.ID[:])
			w.Bytes(ctx(2), secret[:])
			w.End()
			clear(secret[:])
		}
		w.Bool(ctx(13), e.Resumed)
	}
	if s.SpentRecord {
		w.Bool(ctx(14), true)
	}
}

// writeParameters writes what was stated.
func writeParameters(w *tlv.Writer, n uint8, p session.Parameters) {
	w.Struct(ctx(n))
	for i, v := range [...]uint32{p.IdleIntervalMs, p.ActiveIntervalMs} {
		if v != 0 {
			w.Uint(ctx(uint8(1+i)), uint64(v))
		}
	}
	if p.HasActiveThreshold {
		w.Uint(ctx(3), uint64(p.ActiveThresholdMs))
	}
	for i, v := range [...]uint32{uint32(p.DataModelRevision), uint32(p.InteractionModelRevision),
		p.SpecificationVersion, uint32(p.MaxPathsPerInvoke)} {
		if v != 0 {
			w.Uint(ctx(uint8(4+i)), uint64(v))
		}
	}
	w.End()
}

// finish is the result of a call that has written its structure.
func finish(w *tlv.Writer) int32 {
	n, err := put(w.Octets())
	if err != nil {
		return fail(err)
	}
	return n
}
