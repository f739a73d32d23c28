package session

import (
	"errors"
	"slices"
)

var (
	errFabricRemoved = errors.New("session: closed: its fabric was removed")
	errEvicted       = errors.New("session: closed to make room: it was the least recently active one")
	errClosedByPeer  = errors.New("session: closed by the peer")
	errRestarted     = errors.New("session: the initiator began anew")
)

// Session returns what is known of a session.
func (m *Manager) Session(id SessionID) (SessionInfo, bool) {
	s := m.sessions[id]
	if s == nil {
		return SessionInfo{}, false
	}
	return s.info(), true
}

// FindSession returns the session with a node of a fabric that was heard last.
func (m *Manager) FindSession(fabric FabricIndex, node NodeID) (SessionID, bool) {
	var found *Session
	for _, s := range m.sessions {
		if s.kind == KindCASE && s.fabric == fabric && s.peerNode == node && !s.expiring &&
			(found == nil || s.lastHeard > found.lastHeard || s.lastHeard == found.lastHeard && s.id > found.id) {
			found = s
		}
	}
	if found == nil {
		return 0, false
	}
	return found.id, true
}

// sessionIDs returns the local IDs of all sessions, ascending.
func (m *Manager) sessionIDs() []SessionID {
	ids := make([]SessionID, 0, len(m.sessions))
	for id := range m.sessions {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// reserveID holds a local session ID for a handshake: never 0, never one that a
// session or another handshake has. It closes no session: whoever asks for a
// handshake is a stranger yet.
func (m *Manager) reserveID() (SessionID, error) {
	if len(m.sessions)+len(m.reserved) >= 65_535 {
		return 0, ErrLimit
	}
	for {
		m.lastID++
		if m.lastID != 0 && m.sessions[m.lastID] == nil && !m.reserved[m.lastID] {
			m.reserved[m.lastID] = true
			return m.lastID, nil
		}
	}
}

// evict closes the least recently active session: of those of a removed fabric
// if there are any, else of those of fabrics (or without one, by PASE) that have
// more than each is entitled to, else of all. A handshake in progress is not a
// session and is never hit.
func (m *Manager) evict(now Instant) {
	var count [1 << 8]int
	for _, s := range m.sessions {
		count[s.fabric]++
	}
	rank := func(s *Session) int {
		switch {
		case s.expiring:
			return 0
		case count[s.fabric] > sessionsPerFabric:
			return 1
		}
		return 2
	}
	var victim *Session
	var lowest int
	for _, s := range m.sessions {
		r := rank(s)
		if victim == nil || r < lowest ||
			r == lowest && (s.lastUsed < victim.lastUsed || s.lastUsed == victim.lastUsed && s.id < victim.id) {
			victim, lowest = s, r
		}
	}
	m.closeSession(now, victim, errEvicted, true)
}

// addSession turns a handshake's reservation into a session.
func (m *Manager) addSession(now Instant, id SessionID, secrets *sessionSecrets, peer Peer) (*Session, error) {
	s, err := newSession(m.rand, id, secrets, peer, now)
	if err != nil {
		return nil, err
	}
	for len(m.sessions) >= m.maxSessions {
		m.evict(now)
	}
	delete(m.reserved, id)
	m.sessions[id] = s
	return s, nil
}

// CloseSession closes a session and tells its peer. Exchanges on it fail.
func (m *Manager) CloseSession(now Instant, id SessionID) error {
	s := m.sessions[id]
	if s == nil {
		return ErrNotFound
	}
	m.closeSession(now, s, ErrClosed, true)
	return nil
}

// DropPeer ends every session and handshake with peer without a word to it: the
// way to it is gone, and a new one will be another [Peer].
func (m *Manager) DropPeer(now Instant, peer Peer, err error) {
	if err == nil {
		err = ErrClosed
	}
	for _, x := range append([]*exchange(nil), m.exchanges...) { // first, so that nobody is told
		if x.session == nil && x.peer() == peer {
			m.removeExchange(now, x)
		}
	}
	for _, run := range append([]*handshakeRun(nil), m.runs...) {
		if run.peer == peer {
			m.failHandshake(now, run, err)
		}
	}
	for _, id := range m.sessionIDs() {
		if s := m.sessions[id]; s.peer == peer {
			m.closeSession(now, s, err, false)
		}
	}
	for k, u := range m.unsecured {
		if u.peer == peer {
			delete(m.unsecured, k) // duplicates that still come from it are not acknowledged
		}
	}
	m.SetStream(peer, false)
}

// closeSession is every ending of a session: tell sends a CloseSession first.
func (m *Manager) closeSession(now Instant, s *Session, err error, tell bool) {
	if m.sessions[s.id] != s {
		return
	}
	if tell {
		p, payload := standaloneStatus(StatusReport{General: GeneralSuccess, Code: StatusCloseSession}, m.newExchangeKey(s, nil).id, true)
		if octets, sealErr := s.Seal(nil, &p, payload); sealErr == nil {
			m.transmit(s.peer, octets)
		}
	}
	delete(m.sessions, s.id)
	if s.expiring {
		m.notExpiring(s)
	}
	if s.exchanges > 0 {
		for _, x := range append([]*exchange(nil), m.exchanges...) {
			if x.session == s {
				m.failExchange(now, x, err)
			}
		}
	}
	if m.pase != nil && m.pase.session == s.id {
		m.pase.session = 0
	}
	s.clear()
	m.emit(SessionClosed{s.id, err})
}

// notExpiring takes s out of the list, at the front of which it usually is: there
// may be thousands, and each is closed.
func (m *Manager) notExpiring(s *Session) {
	switch i := slices.Index(m.expiring, s); {
	case i == 0:
		m.expiring[0] = nil
		m.expiring = m.expiring[1:]
	case i > 0:
		m.expiring = slices.Delete(m.expiring, i, i+1)
	}
}

// AddFabric makes f one of the node's fabrics, and the node a CASE responder for
// it. It returns the index that names f from now on.
func (m *Manager) AddFabric(f *Fabric) (FabricIndex, error) {
	if m.closed {
		return 0, ErrClosed
	}
	if f.index != 0 {
		return 0, errors.New("session: the fabric belongs to a manager already")
	}
	for index := FabricIndex(1); index <= maxFabrics; index++ {
		if m.fabric(index) == nil && !slices.ContainsFunc(m.expiring, func(s *Session) bool { return s.fabric == index }) {
			f.index = index
			m.fabrics = append(m.fabrics, f)
			return index, nil
		}
	}
	return 0, ErrLimit
}

func (m *Manager) fabric(index FabricIndex) *Fabric {
	for _, f := range m.fabrics {
		if f.index == index {
			return f
		}
	}
	return nil
}

// Fabric returns the fabric of an index, or nil.
func (m *Manager) Fabric(index FabricIndex) *Fabric { return m.fabric(index) }

// RemoveFabric forgets a fabric: no new session and no resumption from now on.
// Its sessions live on for 10 s, so that the answer to the removal, and what the
// peer still has to say, can go out; then they are closed.
func (m *Manager) RemoveFabric(now Instant, index FabricIndex) error {
	f := m.fabric(index)
	if f == nil {
		return ErrNotFound
	}
	m.fabrics = slices.DeleteFunc(m.fabrics, func(o *Fabric) bool { return o == f })
	f.clear() // a peer's handshake that is in progress finds no key, or no fabric at its end
	m.forgetResumptions(func(r *ResumptionRecord) bool { return r.Fabric == index })
	for _, run := range append([]*handshakeRun(nil), m.runs...) {
		if run.fabric == index {
			m.failHandshake(now, run, errFabricRemoved)
		}
	}
	for _, id := range m.sessionIDs() {
		if s := m.sessions[id]; s.fabric == index && !s.expiring {
			s.expiring, s.graceEnds = true, now+removalGrace
			m.expiring = append(m.expiring, s)
		}
	}
	return nil
}

// AddResumption gives back a record that [ResumptionSaved] handed out in the
// past, perhaps under another index of its fabric. r is copied. It returns
// [ErrNotFound] if the fabric is not there, or this node has another ID in it.
func (m *Manager) AddResumption(r *ResumptionRecord) error {
	for _, f := range m.fabrics {
		if r.belongs(f) {
			own := *r
			own.Fabric = f.index
			m.saveResumption(&own)
			return nil
		}
	}
	return ErrNotFound
}

// saveResumption takes r for the one record of its fabric and peer.
func (m *Manager) saveResumption(r *ResumptionRecord) {
	m.forgetResumptions(func(o *ResumptionRecord) bool { return o.Fabric == r.Fabric && o.Peer == r.Peer })
	if len(m.resumptions) >= maxResumptions {
		m.spendResumption(m.resumptions[0])
	}
	m.resumptions = append(m.resumptions, r)
}

// forgetResumptions erases the records for which forget returns true.
func (m *Manager) forgetResumptions(forget func(*ResumptionRecord) bool) {
	m.resumptions = slices.DeleteFunc(m.resumptions, func(r *ResumptionRecord) bool {
		if !forget(r) {
			return false
		}
		r.clear()
		return true
	})
}

// The three tables that a CASE responder looks into.

func (m *Manager) fabricList() []*Fabric { return m.fabrics }

func (m *Manager) findResumption(id [16]byte) *ResumptionRecord {
	for _, r := range m.resumptions {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (m *Manager) spendResumption(r *ResumptionRecord) {
	m.forgetResumptions(func(o *ResumptionRecord) bool { return o == r })
}

func (m *Manager) resumptionFor(fabric FabricIndex, node NodeID) *ResumptionRecord {
	for _, r := range m.resumptions {
		if r.Fabric == fabric && r.Peer == node {
			return r
		}
	}
	return nil
}
