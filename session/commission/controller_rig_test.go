package commission

import (
	"crypto/rand"
	"errors"
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// A node is a device with sessions of its own: a fakeDevice behind the
// Interaction Model.
type node struct {
	t       testing.TB
	m       *session.Manager
	d       *fakeDevice
	pase    session.SessionID
	fabric  session.FabricIndex
	told    []Status // what the controller answered on exchanges that the node opened
	answers int
	refused int // messages on exchanges that nobody serves
	mute    bool
}

func newNode(t testing.TB, d *fakeDevice) *node {
	t.Helper()
	m, err := session.NewManager(session.Config{Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	v, err := session.NewPASEVerifier(testPasscode, 1000, make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.OpenPASE(v); err != nil {
		t.Fatal(err)
	}
	return &node{t: t, m: m, d: d}
}

func (n *node) handle(now session.Instant, e session.Event) {
	switch e := e.(type) {
	case session.SessionEstablished:
		info, _ := n.m.Session(e.Session)
		if info.Kind == session.KindPASE {
			n.pase, n.d.challenge = e.Session, info.AttestationChallenge
			n.d.armedByPASE(now)
		}
	case session.SessionClosed:
		if e.Session == n.pase {
			n.pase = 0
			n.d.undo() // a device does not wait for an administrator who has left
		}
	case session.MessageReceived:
		n.received(now, e)
	}
}

func (n *node) received(now session.Instant, e session.MessageReceived) {
	if e.Protocol != session.ProtocolInteractionModel || n.mute {
		return
	}
	var answer Message
	switch e.Opcode {
	case OpcodeReadRequest:
		q, err := ParseReadRequest(e.Payload)
		if err != nil {
			n.t.Fatal(err)
		}
		answer = Message{OpcodeReportData, ReportData{Attributes: n.d.read(q.Attributes), SuppressResponse: true}.Append(nil)}
	case OpcodeInvokeRequest:
		q, err := ParseInvokeRequest(e.Payload)
		if err != nil {
			n.t.Fatal(err)
		}
		c := q.Commands[0]
		r := n.d.invoke(now, e.Session != n.pase, c)
		r.Path = c.Path
		if r.Fields != nil {
			r.Path.Command++
		}
		n.join(c.Path)
		answer = Message{OpcodeInvokeResponse, InvokeResponse{Results: []CommandResult{r}}.Append(nil)}
	case OpcodeWriteRequest:
		answer = Message{OpcodeWriteResponse, WriteResponse{Statuses: []AttributeStatus{{Path: Attribute(0, ClusterBasicInformation, BasicNodeLabel)}}}.Append(nil)}
	case OpcodeSubscribeRequest:
		answer = Message{OpcodeStatusResponse, StatusResponse{StatusResourceExhausted}.Append(nil)}
	case OpcodeStatusResponse:
		s, err := ParseStatusResponse(e.Payload)
		if err != nil {
			n.t.Fatal(err)
		}
		n.told = append(n.told, s.Status)
		n.m.CloseExchange(now, e.Exchange)
		return
	}
	n.answers++
	if err := n.m.Send(now, e.Exchange, session.Message{Protocol: session.ProtocolInteractionModel, Opcode: answer.Opcode, Payload: answer.Payload}); err != nil {
		n.t.Fatal(err)
	}
	n.m.CloseExchange(now, e.Exchange)
}

// join makes the node a member of the fabric that it was told.
func (n *node) join(p CommandPath) {
	if p.Cluster != ClusterOperationalCredentials || p.Command != CommandAddNOC || n.d.noc == nil {
		return
	}
	key := n.d.key.Bytes()
	cfg := session.FabricConfig{Root: n.d.root.AppendTLV(nil), NOC: n.d.noc.AppendTLV(nil), EpochKeys: [][16]byte{[16]byte(n.d.ipk)}, Key: key[:]}
	if homeAuthority.sub != nil {
		cfg.ICAC = homeAuthority.sub.certificate.AppendTLV(nil)
	}
	f, err := session.NewFabric(cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	if n.fabric, err = n.m.AddFabric(f); err != nil {
		n.t.Fatal(err)
	}
}

// A street is a controller and its devices, on one clock, with datagrams in between.
type street struct {
	t      testing.TB
	c      *Controller
	nodes  map[session.Peer]*node
	now    session.Instant
	events []ControllerEvent
	lose   func(n int) bool // whether the n-th datagram is lost
	count  int
	// hook sees each event; true keeps the street from answering it.
	hook func(e ControllerEvent) bool
	down bool // nothing arrives any more
}

func newStreet(t testing.TB, nodes ...*node) *street {
	t.Helper()
	home(t)
	s := &street{t: t, now: 1000, nodes: map[session.Peer]*node{}, lose: func(int) bool { return false }}
	cfg := ControllerConfig{Session: session.Config{Rand: rand.Reader}, Roots: nobody{}, Signers: nil}
	if testMaker != nil {
		cfg.Roots, cfg.Signers = testMaker, testMaker.signers
	}
	c, err := NewController(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.c = c
	for i, n := range nodes {
		s.nodes[session.Peer(i+1)] = n
	}
	return s
}

// settle carries datagrams and answers events until all are still.
func (s *street) settle() {
	for busy := true; busy; {
		busy = false
		out := s.c.Output()
		for _, e := range out.Events {
			busy = true
			s.events = append(s.events, e)
			if s.hook == nil || !s.hook(e) {
				s.answer(e)
			}
		}
		for _, d := range out.Datagrams {
			busy = true
			if n := s.nodes[d.Peer]; n != nil && !s.dropped() {
				n.m.Receive(s.now, 1, d.Octets)
			}
		}
		for peer, n := range s.nodes {
			out := n.m.Output()
			for _, e := range out.Events {
				busy = true
				n.handle(s.now, e)
			}
			for _, d := range out.Datagrams {
				busy = true
				if !s.dropped() {
					s.c.Receive(s.now, peer, d.Octets)
				}
			}
		}
	}
}

func (s *street) dropped() bool {
	s.count++
	return s.down || s.lose(s.count)
}

func (s *street) answer(e ControllerEvent) {
	job, ok := e.(CommissioningEvent)
	if !ok {
		return
	}
	switch q := job.Request.(type) {
	case Discover:
		for peer, n := range s.nodes {
			if q.Commissionable != nil || n.fabric != 0 {
				s.reply(job.Commissioning, Discovered{ID: q.ID, At: Location{Peer: peer}})
			}
		}
	case DecideAttestation:
		if q.ID != 0 {
			s.reply(job.Commissioning, AttestationDecision{q.ID, true})
		}
	case ChooseNetwork:
		s.reply(job.Commissioning, wifiChoice("correct horse")(1, q))
	}
}

func (s *street) reply(id OperationID, r Reply) {
	// One that is over does not listen any more.
	if err := s.c.Reply(s.now, id, r); err != nil && !errors.Is(err, session.ErrNotFound) {
		s.t.Errorf("%T: %v", r, err)
	}
}

// until runs the clock until an event satisfies done, at most 20 minutes of it.
func (s *street) until(done func(ControllerEvent) bool) ControllerEvent {
	s.t.Helper()
	end := s.now + 1_200_000
	for seen := 0; s.now < end; {
		s.settle()
		for ; seen < len(s.events); seen++ {
			if done(s.events[seen]) {
				e := s.events[seen]
				s.events = s.events[seen+1:]
				return e
			}
		}
		next := end
		if s.c.deadline.at != 0 {
			next = min(next, s.c.deadline.at)
		}
		for _, n := range s.nodes {
			// Output was fetched: only its deadline is left in it.
			if out := n.m.Output(); out.HasDeadline {
				next = min(next, out.Deadline)
			}
		}
		s.now = max(s.now+1, next)
		s.c.Tick(s.now)
		for _, n := range s.nodes {
			n.m.Tick(s.now)
		}
	}
	s.t.Fatal("not within 20 minutes")
	return nil
}

// last runs until a commissioning has said its last word.
func (s *street) last(id OperationID) Request {
	s.t.Helper()
	e := s.until(func(e ControllerEvent) bool {
		job, ok := e.(CommissioningEvent)
		if !ok || job.Commissioning != id {
			return false
		}
		switch job.Request.(type) {
		case Finished, Failed:
			return true
		}
		return false
	})
	return e.(CommissioningEvent).Request
}

func isEvent[T any](match func(T) bool) func(ControllerEvent) bool {
	return func(e ControllerEvent) bool {
		switch x := e.(type) {
		case InteractionEvent:
			v, ok := x.Event.(T)
			return ok && match(v)
		case SessionEvent:
			v, ok := x.Event.(T)
			return ok && match(v)
		}
		v, ok := e.(T)
		return ok && match(v)
	}
}

func text(s string) []byte {
	w := tlv.NewWriter(nil)
	w.String(tlv.Anonymous, s)
	return w.Octets()
}
