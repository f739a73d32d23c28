package session

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/matter-session/matter-session/session/message"
)

// A model is two managers that talk at random over a bad network, and what is
// known of every exchange and message of theirs.
type model struct {
	*testNetwork
	nodes     [2]*testNode
	sessions  [2][]SessionID // each with the other's at the same place
	exchanges [2]map[Exchange]*modelExchange
	messages  map[string]*modelMessage
	delivered int
}

// A modelExchange is what an exchange's owner knows of it.
type modelExchange struct {
	handle     Exchange
	session    SessionID
	wire       ExchangeID
	initiator  bool
	sent       []*modelMessage // reliably
	waiting    bool            // for Delivered
	ended      bool            // closed or aborted by its owner
	endedBatch int             // events of that output were on their way already
	failed     bool
}

type modelMessage struct {
	text  string
	times int // delivered
	// late: a copy came when the window had passed its counter, and nobody can
	// tell whether there was one before. It counts as a duplicate.
	late bool
}

// TestModel: whatever is lost, repeated, reordered, closed and aborted, each
// message is delivered at most once, what is acknowledged was delivered, each
// exchange ends once, and nothing is left behind.
func TestModel(t *testing.T) {
	delivered, limited := 0, uint64(0)
	for seed := range uint64(60) {
		m := newModel(t, seed)
		for range 250 {
			m.step()
			m.run(Instant(m.rng.Int64N(300)), nil)
			if t.Failed() {
				t.Fatalf("seed %d, at %d", seed, m.now)
			}
		}
		m.end()
		if t.Failed() {
			t.Fatalf("seed %d, at its end", seed)
		}
		delivered += m.delivered
		limited += m.nodes[0].Stats().Limited + m.nodes[1].Stats().Limited
	}
	if delivered < 5_000 || limited < 20 {
		t.Errorf("%d messages delivered, %d found no room: this tests little", delivered, limited)
	}
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{testNetwork: newTestNetwork(t, 1000+seed), messages: map[string]*modelMessage{}}
	m.loss, m.duplicate, m.delay = float64(seed%5)*0.08, 0.15, 1+int64(seed%4)*200
	for i := range m.nodes {
		m.exchanges[i] = map[Exchange]*modelExchange{}
		d := m.node(Peer(i+1), Config{})
		d.on = func(e Event) { m.event(i, e) }
		m.nodes[i] = d
	}
	m.arrive = func(to Peer, octets []byte) {
		h, n, err := message.ParseHeader(octets)
		if err != nil {
			t.Fatal(err)
		}
		s := m.nodes[to-1].Manager.sessions[SessionID(h.SessionID)]
		if s == nil || h.Counter+windowSize >= s.in.max {
			return
		}
		nonce := makeNonce(h.SecurityFlags(), h.Counter, s.peerNode)
		plain, err := s.decrypt.Open(nil, &nonce, octets[n:], octets[:n])
		if err != nil {
			t.Fatal(err)
		}
		if _, n, err = message.ParseProtocolHeader(plain); err != nil {
			t.Fatal(err)
		}
		if known := m.messages[string(plain[n:])]; known != nil {
			known.late = true
		}
	}
	for range 2 {
		m.addSessions()
	}
	return m
}

// addSessions gives both a session with the other, with the same keys.
func (m *model) addSessions() {
	var k sessionKeys
	_, _ = randReader{m.rng}.Read(k.i2r[:])
	_, _ = randReader{m.rng}.Read(k.r2i[:])
	ids := [2]SessionID{}
	for i, d := range m.nodes {
		id, err := d.reserveID()
		if err != nil {
			m.t.Fatal(err)
		}
		ids[i] = id
	}
	for i, d := range m.nodes {
		s := &sessionSecrets{keys: k, initiator: i == 0, peerSessionID: ids[1-i]}
		if _, err := d.addSession(m.now, ids[i], s, m.nodes[1-i].peer); err != nil {
			m.t.Fatal(err)
		}
		m.sessions[i] = append(m.sessions[i], ids[i])
	}
}

// step lets one of the two do something.
func (m *model) step() {
	i := m.rng.IntN(2)
	d := m.nodes[i]
	switch dice := m.rng.IntN(100); {
	case dice < 45:
		m.ask(i)
	case dice < 60: // more than the other has room for
		for range m.rng.IntN(12) {
			m.ask(i)
		}
	case dice < 62:
		at := m.rng.IntN(len(m.sessions[i]))
		if err := d.CloseSession(m.now, m.sessions[i][at]); err != nil && !errors.Is(err, ErrNotFound) {
			m.t.Error(err)
		}
		if m.rng.IntN(2) == 0 {
			m.addSessions()
		}
	default:
		if x := m.any(i); x != nil {
			m.touch(i, x)
		}
	}
}

// any returns one of a node's exchanges that its owner has not ended.
func (m *model) any(i int) *modelExchange {
	var open []Exchange
	for h, x := range m.exchanges[i] {
		if !x.ended && !x.failed {
			open = append(open, h)
		}
	}
	if len(open) == 0 {
		return nil
	}
	slices.Sort(open)
	return m.exchanges[i][open[m.rng.IntN(len(open))]]
}

func (m *model) ask(i int) {
	s := m.sessions[i][m.rng.IntN(len(m.sessions[i]))]
	h, err := m.nodes[i].OpenExchange(m.now, s)
	if errors.Is(err, ErrNotFound) && m.nodes[i].sessions[s] == nil {
		return
	}
	if err != nil {
		m.t.Errorf("OpenExchange: %v", err)
		return
	}
	x := &modelExchange{handle: h, session: s, wire: m.nodes[i].exchangeByHandle[h].key.id, initiator: true}
	m.exchanges[i][h] = x
	for range 1 + m.rng.IntN(2) {
		m.say(i, x)
	}
	if m.rng.IntN(6) == 0 {
		m.finish(i, x)
	}
}

func (m *model) say(i int, x *modelExchange) {
	sent := &modelMessage{text: strconv.Itoa(len(m.messages))}
	unreliable := m.rng.IntN(8) == 0
	err := m.nodes[i].Send(m.now, x.handle, Message{
		Protocol: ProtocolInteractionModel, Opcode: 1, Payload: []byte(sent.text), Unreliable: unreliable,
	})
	switch {
	case err == nil:
		m.messages[sent.text] = sent
		if !unreliable {
			x.sent, x.waiting = append(x.sent, sent), true
		}
	case !errors.Is(err, ErrLimit) || !x.waiting:
		m.t.Errorf("Send: %v", err)
	}
}

// touch does one of the things that an owner can do with an exchange.
func (m *model) touch(i int, x *modelExchange) {
	switch m.rng.IntN(4) {
	case 0, 1:
		m.say(i, x)
	case 2:
		m.say(i, x)
		m.finish(i, x)
	case 3:
		m.finish(i, x)
	}
}

func (m *model) finish(i int, x *modelExchange) {
	if m.rng.IntN(5) == 0 {
		m.nodes[i].AbortExchange(m.now, x.handle)
		if m.nodes[i].exchangeByHandle[x.handle] != nil {
			m.t.Error("an aborted exchange is still there")
		}
	} else {
		m.nodes[i].CloseExchange(m.now, x.handle)
	}
	x.ended, x.endedBatch = true, m.nodes[i].batch
	if err := m.nodes[i].Send(m.now, x.handle, Message{}); !errors.Is(err, ErrNotFound) {
		m.t.Errorf("Send after the end: %v", err)
	}
}

// live returns the exchange of an event, which must not have ended.
func (m *model) live(i int, h Exchange, e Event) *modelExchange {
	x := m.exchanges[i][h]
	switch {
	case x == nil:
		m.t.Errorf("%T of exchange %d, which nobody knows", e, h)
	case x.failed:
		m.t.Errorf("%T after ExchangeFailed", e)
	case x.ended && x.endedBatch != m.nodes[i].batch:
		m.t.Errorf("%T after the end of exchange %d", e, h)
	}
	return x
}

func (m *model) event(i int, e Event) {
	switch e := e.(type) {
	case MessageReceived:
		m.received(i, e)
	case Delivered:
		x := m.live(i, e.Exchange, e)
		if x == nil || x.ended {
			return
		}
		if !x.waiting {
			m.t.Errorf("Delivered twice on exchange %d", x.handle)
		}
		x.waiting = false
		m.checkDelivered(i, x)
	case ExchangeFailed:
		x := m.live(i, e.Exchange, e)
		if x == nil {
			return
		}
		x.failed = true
		if e.Err == nil || errors.Is(e.Err, ErrTimeout) && x.initiator && !x.waiting {
			m.t.Errorf("exchange %d failed without a reason: %v", x.handle, e.Err)
		}
	case SessionClosed:
		for _, x := range m.exchanges[i] {
			if x.session == e.Session && !x.ended && !x.failed {
				m.t.Errorf("session %d is gone, its exchange %d was not told", e.Session, x.handle)
			}
		}
	}
}

func (m *model) received(i int, e MessageReceived) {
	got := m.messages[string(e.Payload)]
	if got == nil {
		m.t.Fatalf("a message that nobody sent: %q", e.Payload)
	}
	m.delivered++
	if got.times++; got.times > 1 {
		m.t.Errorf("message %s is delivered %d times", got.text, got.times)
	}
	if e.First != (m.exchanges[i][e.Exchange] == nil) {
		m.t.Errorf("exchange %d: First is %v", e.Exchange, e.First)
	}
	if e.First {
		m.exchanges[i][e.Exchange] = &modelExchange{
			handle: e.Exchange, session: e.Session, wire: m.nodes[i].exchangeByHandle[e.Exchange].key.id,
		}
	}
	x := m.live(i, e.Exchange, e)
	if x == nil || x.ended {
		return
	}
	if x.session != e.Session {
		m.t.Errorf("exchange %d of session %d has a message of session %d", x.handle, x.session, e.Session)
	}
	if m.rng.IntN(3) > 0 {
		m.touch(i, x)
	}
}

// checkDelivered: all that was sent on x is acknowledged, so it was delivered,
// unless the other side had ended the exchange.
func (m *model) checkDelivered(i int, x *modelExchange) {
	at := slices.Index(m.sessions[i], x.session)
	ended := false
	for _, o := range m.exchanges[1-i] {
		if o.session == m.sessions[1-i][at] && o.wire == x.wire && o.initiator != x.initiator && (o.ended || o.failed) {
			ended = true
		}
	}
	for _, sent := range x.sent {
		if sent.times == 0 && !ended && !sent.late {
			m.t.Errorf("message %s is acknowledged and not delivered", sent.text)
		}
	}
}

// end lets everything come to an end on a good network.
func (m *model) end() {
	m.loss = 0
	m.run(60_000, nil)
	for i := range m.nodes {
		for _, x := range m.exchanges[i] {
			if x.waiting && !x.ended && !x.failed {
				m.t.Errorf("exchange %d of %d neither delivered nor failed", x.handle, i)
			}
		}
		for x := m.any(i); x != nil; x = m.any(i) {
			m.finish(i, x)
		}
	}
	m.run(60_000, nil)
	for i, d := range m.nodes {
		if len(d.exchanges)+len(d.exchangeByKey)+len(d.exchangeByHandle)+d.peerExchanges+d.unsecuredExchanges != 0 {
			m.t.Errorf("%d: %d exchanges left, %d of the peer", i, len(d.exchanges), d.peerExchanges)
		}
		for _, s := range d.Manager.sessions {
			if s.exchanges+s.peerExchanges != 0 {
				m.t.Errorf("%d: session %d counts %d exchanges", i, s.id, s.exchanges)
			}
		}
		if at, ok := d.deadline(); ok {
			m.t.Errorf("%d waits for %d", i, at)
		}
	}
}
