package session

import (
	"errors"
	"slices"

	"github.com/matter-session/matter-session/session/message"
)

const (
	handshakePatience = 30_000 // ms until a handshake in which nothing comes is given up
	paseTimeout       = 60_000 // ms for one attempt as PASE responder, Matter Core §4.14.1
	paseMaxFailures   = 20     // until passcodes are accepted no more
	staleHandshake    = 2_000  // ms of silence after which one makes room at the limit
	busyWaitMs        = 1_000  // what we ask of an initiator when we are busy
	maxBusyRetries    = 5
)

// A handshakeRun is a handshake on its exchange.
type handshakeRun struct {
	id        HandshakeID
	kind      SessionKind
	initiator bool
	fabric    FabricIndex // CASE initiators
	sessionID SessionID   // reserved for it
	peer      Peer
	params    Parameters // of the peer, as discovered; initiators only

	hs        handshake
	again     func(now Instant) handshake // makes hs, anew after Busy; initiators only
	retries   int
	waiting   bool // for deadline, to begin again after Busy
	x         *exchange
	work      WorkID // asked and not answered; 0 is none
	lastHeard Instant
	last      bool    // a Sigma3 or Pake3 came: nearly done
	met       bool    // the peer knows of it, and is to be told of its end
	deadline  Instant // to give up, or to begin again
	abandonAt Instant // PASE responders: however lively the peer is
}

// A paseWindow is a responder's readiness to accept a passcode.
type paseWindow struct {
	verifier *PASEVerifier
	failures int
	run      *handshakeRun // at most one at a time
	session  SessionID     // the session that came of one, while it lives
}

// OpenPASE makes the node a PASE responder: it accepts one initiator at a time
// that knows the passcode behind v, until [Manager.ClosePASE] or 20 failures.
//
// It returns [ErrLimit] if it is one already, and an [ErrInvalid] if v is nil or
// what a passcode is stretched with is out of bounds.
func (m *Manager) OpenPASE(v *PASEVerifier) error {
	if m.closed {
		return ErrClosed
	}
	if v == nil {
		return errVerifier
	}
	if err := (&pbkdfParameters{v.Iterations, v.Salt}).check(); err != nil {
		return err
	}
	if m.pase != nil {
		return ErrLimit
	}
	m.pase = &paseWindow{verifier: v}
	return nil
}

// ClosePASE ends what OpenPASE began. A session that came of it lives on.
func (m *Manager) ClosePASE(now Instant) {
	if m.pase == nil {
		return
	}
	run := m.pase.run
	m.pase = nil
	if run != nil {
		m.failHandshake(now, run, ErrClosed)
	}
}

// StartPASE begins PASE with the device at peer as its initiator. params is what
// discovery told of the device; the zero value is none. The outcome is a
// [SessionEstablished] or a [HandshakeFailed].
func (m *Manager) StartPASE(now Instant, peer Peer, passcode uint32, params Parameters) (HandshakeID, error) {
	if err := CheckPasscode(passcode); err != nil {
		return 0, err
	}
	run := &handshakeRun{kind: KindPASE, peer: peer, params: params}
	run.again = func(now Instant) handshake { return newPASEInitiator(m.handshakeConfig(now, run), passcode) }
	return m.startInitiator(now, run)
}

// CASEOptions are the options of [Manager.StartCASE].
type CASEOptions struct {
	Parameters Parameters // of the peer, as discovery told them
	Full       bool       // do not offer resumption
}

// StartCASE begins CASE with a node of a fabric, with resumption if there is a
// record. The outcome is a [SessionEstablished] or a [HandshakeFailed].
func (m *Manager) StartCASE(now Instant, peer Peer, fabric FabricIndex, node NodeID, o CASEOptions) (HandshakeID, error) {
	f := m.fabric(fabric)
	if f == nil {
		return 0, ErrNotFound
	}
	run := &handshakeRun{kind: KindCASE, peer: peer, params: o.Parameters, fabric: fabric}
	run.again = func(now Instant) handshake {
		var record *ResumptionRecord
		if !o.Full {
			record = m.resumptionFor(fabric, node)
		}
		return newCASEInitiator(m.handshakeConfig(now, run), f, node, record)
	}
	return m.startInitiator(now, run)
}

// CancelHandshake ends a handshake that we initiated. The peer is told, at once
// if it was heard, else when it answers: a device refuses everyone else while it
// waits for us.
func (m *Manager) CancelHandshake(now Instant, id HandshakeID) error {
	for _, run := range m.runs {
		if run.id == id && run.initiator {
			m.cancelRun(now, run)
			return nil
		}
	}
	return ErrNotFound
}

func (m *Manager) cancelRun(now Instant, run *handshakeRun) {
	var err error = ErrClosed
	switch {
	case run.x == nil:
	case run.x.unsecured.heard:
		err = hostFailure(err)
	default:
		run.x.unsecured.cancelled = true
	}
	m.failHandshake(now, run, err)
}

func (m *Manager) handshakeConfig(now Instant, run *handshakeRun) handshakeConfig {
	return handshakeConfig{
		rand: m.rand, sessionID: run.sessionID, parameters: m.parameters, delegate: m.delegate, utc: m.utc(now),
	}
}

func (m *Manager) startInitiator(now Instant, run *handshakeRun) (HandshakeID, error) {
	if m.closed {
		return 0, ErrClosed
	}
	if len(m.runs) >= 2*maxHandshakes {
		return 0, ErrLimit
	}
	id, err := m.reserveID()
	if err != nil {
		return 0, err
	}
	m.lastRun++
	run.id, run.initiator, run.sessionID = m.lastRun, true, id
	m.runs = append(m.runs, run)
	if err := m.begin(now, run); err != nil {
		m.dropRun(run)
		return 0, err
	}
	return run.id, nil
}

// begin starts an initiator's handshake, on a fresh unsecured session each time.
func (m *Manager) begin(now Instant, run *handshakeRun) error {
	node, err := m.ephemeralNode()
	if err != nil {
		return err
	}
	u, err := m.addUnsecured(now, unsecuredKey{node, true}, run.peer)
	if err != nil {
		return err
	}
	u.params = run.params
	x, err := m.openExchange(now, m.newExchangeKey(nil, u), nil, u)
	if err != nil {
		delete(m.unsecured, unsecuredKey{node, true})
		return err
	}
	x.run, run.x, run.waiting = run, x, false
	run.hs, run.lastHeard, run.deadline = run.again(now), now, now+handshakePatience
	step, err := run.hs.start()
	m.advance(now, run, step, err)
	return nil
}

// startResponder takes the first message of a handshake that a peer initiates.
// u is nil if its unsecured session is new. A peer that is refused gets an
// answer that leaves nothing behind here.
func (m *Manager) startResponder(now Instant, peer Peer, node NodeID, u *unsecured, p *message.ProtocolHeader, counter uint32, in handshakeMessage) {
	kind := KindCASE
	if in.opcode == OpcodePBKDFParamRequest {
		kind = KindPASE
	}
	if refusal, refused := m.refuse(now, kind); refused {
		h, payload := standaloneStatus(refusal, ExchangeID(p.ExchangeID), false)
		h.HasAck = p.Reliable
		if h.HasAck {
			h.AckedCounter = counter
		}
		if octets, _, err := m.encodeUnsecured(node, false, &h, payload); err == nil {
			m.transmit(peer, octets)
		}
		return
	}
	id, err := m.reserveID()
	if err != nil {
		m.stats.Limited++
		return
	}
	run := &handshakeRun{kind: kind, peer: peer, sessionID: id, lastHeard: now, deadline: now + handshakePatience}
	if u == nil {
		if u, err = m.addUnsecured(now, unsecuredKey{node, false}, peer); err == nil {
			u.in.accept(counter)
			u.heard, u.lastHeard = true, now
		}
	}
	if err == nil {
		m.makeUnsecuredRoom(now)
		run.x, err = m.openExchange(now, exchangeKey{unsecured: u, id: ExchangeID(p.ExchangeID)}, nil, u)
	}
	if err != nil {
		delete(m.reserved, id)
		m.stats.Limited++
		return
	}
	m.lastRun++
	run.id, run.x.run = m.lastRun, run
	if p.Reliable {
		run.x.ack = owedAck{owed: true, counter: counter, due: now + Instant(standaloneAckDelay)}
	}
	if kind == KindPASE {
		run.abandonAt = now + paseTimeout
		m.pase.run = run
		run.hs = newPASEResponder(m.handshakeConfig(now, run), m.pase.verifier)
	} else {
		run.hs = newCASEResponder(m.handshakeConfig(now, run), m)
	}
	m.runs = append(m.runs, run)
	m.handshakeReceived(now, run, in)
}

// refuse says whether a new handshake of a peer cannot be taken, and why. It
// touches neither the timer nor the failures of a PASE in progress.
func (m *Manager) refuse(now Instant, kind SessionKind) (StatusReport, bool) {
	busy := StatusReport{General: GeneralBusy, Code: StatusBusy, Data: []byte{busyWaitMs & 0xFF, busyWaitMs >> 8}}
	switch {
	case kind == KindPASE && m.pase == nil:
		return StatusReport{General: GeneralFailure, Code: StatusInvalidParameter}, true
	case kind == KindPASE:
		return busy, m.pase.run != nil || m.pase.session != 0
	}
	responders := 0
	var stale *handshakeRun
	for _, run := range m.runs {
		if run.initiator {
			continue
		}
		responders++
		if stale == nil && run.kind == KindCASE && !run.last && now-run.lastHeard >= staleHandshake {
			stale = run
		}
	}
	if responders < maxHandshakes {
		return StatusReport{}, false
	}
	if stale != nil {
		m.failHandshake(now, stale, ErrTimeout) // so that the peer's next try finds room
	}
	return busy, true
}

// handshakeReceived hands a new message of the peer to its handshake.
func (m *Manager) handshakeReceived(now Instant, run *handshakeRun, in handshakeMessage) {
	run.lastHeard, run.deadline = now, now+handshakePatience
	run.last = in.opcode == OpcodeCASESigma3 || in.opcode == OpcodePASEPake3
	step, err := run.hs.handle(in)
	m.advance(now, run, step, err)
}

// Answer gives the result of a piece of work that [WorkWanted] asked for; err
// says that the host could not do it: that ends the handshake with an error that
// is both [ErrHost] and err. It returns [ErrNotFound] if nobody waits for it any
// more.
func (m *Manager) Answer(now Instant, id WorkID, result []byte, err error) error {
	for _, run := range m.runs {
		if run.work == id && id != 0 {
			run.work = 0
			run.deadline = now + handshakePatience
			var step handshakeStep
			if err == nil {
				step, err = run.hs.answer(result)
			} else if err = (&workError{err}); run.met || !run.initiator {
				// A peer that is not told waits, and refuses others meanwhile.
				err = hostFailure(err)
			}
			m.advance(now, run, step, err)
			return nil
		}
	}
	return ErrNotFound
}

// A workError is why the host could not do what a handshake asked of it.
type workError struct{ err error }

func (e *workError) Error() string   { return "session: the host failed: " + e.err.Error() }
func (e *workError) Unwrap() []error { return []error{ErrHost, e.err} }

// advance does what a handshake wants done.
func (m *Manager) advance(now Instant, run *handshakeRun, step handshakeStep, err error) {
	if err == nil && step.secrets != nil && !m.stands(step.secrets.fabric) {
		step.secrets.keys.clear()
		err = &StatusError{StatusReport{General: GeneralFailure, Code: StatusNoSharedTrustRoots}, errFabricRemoved}
	}
	if err == nil && step.send != nil {
		run.met = true
		err = m.send(now, run.x, Message{Protocol: ProtocolSecureChannel, Opcode: step.send.opcode, Payload: step.send.payload})
	}
	if err != nil {
		m.failHandshake(now, run, err)
		return
	}
	if step.work != nil {
		m.lastWork++
		step.work.ID, run.work = m.lastWork, m.lastWork
		m.emit(WorkWanted{*step.work})
	}
	if step.secrets != nil {
		m.establish(now, run, step.secrets)
	}
}

// stands reports whether f, of a handshake that succeeds, is still one of ours.
// Its index does not tell: another fabric may have it by now.
func (m *Manager) stands(f *Fabric) bool { return f == nil || m.fabric(f.index) == f }

// establish ends a handshake well.
func (m *Manager) establish(now Instant, run *handshakeRun, secrets *sessionSecrets) {
	record := secrets.resumption
	s, err := m.addSession(now, run.sessionID, secrets, run.x.peer())
	if err != nil {
		m.failHandshake(now, run, err)
		return
	}
	m.dropRun(run)
	m.closeExchange(now, run.x)
	if m.pase != nil && m.pase.run == run {
		m.pase.run, m.pase.session = nil, s.id
	}
	m.emit(SessionEstablished{Handshake: run.id, Session: s.id, Initiator: run.initiator})
	if record != nil {
		m.saveResumption(record)
		told := *record
		m.emit(ResumptionSaved{&told})
	}
}

// failHandshake ends a handshake badly: it tells the peer what err wants it
// told, and the owner why. An initiator that met a busy peer only waits.
func (m *Manager) failHandshake(now Instant, run *handshakeRun, err error) {
	if !slices.Contains(m.runs, run) {
		return
	}
	run.hs.close()
	run.work = 0
	var peerStatus *PeerStatusError
	if errors.As(err, &peerStatus) && run.initiator && run.retries < maxBusyRetries {
		if wait, busy := peerStatus.Report.BusyWait(); busy {
			run.retries++
			m.giveUpExchange(now, run.x, nil)
			run.x, run.waiting, run.deadline = nil, true, now+Instant(wait)
			return
		}
	}
	x := run.x
	m.dropRun(run)
	if x != nil {
		var told *StatusError
		errors.As(err, &told)
		m.giveUpExchange(now, x, told)
	}
	m.emit(HandshakeFailed{run.id, run.kind, run.initiator, err})
	if m.pase != nil && m.pase.run == run {
		m.pase.run = nil
		if m.pase.failures++; m.pase.failures >= paseMaxFailures {
			m.pase = nil
			m.emit(PASEClosed{})
		}
	}
}

// giveUpExchange ends the exchange of a handshake that failed, and tells the
// peer why if told is not nil. What was outstanding or waited has no meaning any
// more, and is not repeated.
func (m *Manager) giveUpExchange(now Instant, x *exchange, told *StatusError) {
	if m.exchangeByHandle[x.handle] != x {
		return // it is what failed
	}
	x.pending, x.queue, x.failed = nil, nil, true
	if told != nil {
		// If it cannot be sent the peer times out.
		_ = m.send(now, x, Message{Protocol: ProtocolSecureChannel, Opcode: OpcodeStatusReport, Payload: told.Report.Append(nil)})
	}
	m.closeExchange(now, x)
}

// dropRun takes a handshake out of the table and gives back its session ID.
func (m *Manager) dropRun(run *handshakeRun) {
	m.runs = slices.DeleteFunc(m.runs, func(o *handshakeRun) bool { return o == run })
	if m.sessions[run.sessionID] == nil {
		delete(m.reserved, run.sessionID)
	}
	run.work, run.again = 0, nil
	if run.x != nil {
		run.x.run = nil
	}
}

// tickHandshake does what is due for a handshake.
func (m *Manager) tickHandshake(now Instant, run *handshakeRun) {
	switch {
	case !slices.Contains(m.runs, run):
	case run.abandonAt != 0 && now >= run.abandonAt:
		m.failHandshake(now, run, ErrTimeout)
	case now < run.deadline:
	case run.waiting:
		if err := m.begin(now, run); err != nil {
			m.failHandshake(now, run, err)
		}
	case run.initiator && run.x.pending != nil:
		// It may not even be reached yet: a sleepy peer hears us when it wakes. How
		// often we try bounds that.
		run.deadline = run.x.pending.next + handshakePatience
	default:
		m.failHandshake(now, run, ErrTimeout)
	}
}
