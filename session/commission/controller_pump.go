package commission

import (
	"slices"

	"github.com/matter-session/matter-session/session"
)

// pump carries requests, events and answers between the parts until none has
// anything more to say, and computes the next deadline.
func (c *Controller) pump(now session.Instant) {
	for {
		busy := false
		for _, id := range slices.Clone(c.running) {
			for _, r := range c.runs[id].Requests() {
				busy = true
				c.execute(now, id, r)
			}
		}
		out := c.manager.Output()
		c.datagrams = append(c.datagrams, out.Datagrams...)
		for _, e := range out.Events {
			busy = true
			c.sessionEvent(now, e)
		}
		for _, e := range c.client.Events() {
			busy = true
			c.interactionEvent(now, e)
		}
		if busy {
			continue
		}
		c.deadline = deadline{}
		if out.HasDeadline {
			c.deadline.add(max(out.Deadline, 1))
		}
		if at, ok := c.client.Deadline(); ok {
			c.deadline.add(max(at, 1))
		}
		for _, id := range c.running {
			if at, ok := c.runs[id].Deadline(); ok {
				c.deadline.add(at)
			}
		}
		return
	}
}

// execute does what a commissioning wants of us, or passes it on to the host.
func (c *Controller) execute(now session.Instant, id OperationID, r Request) {
	switch r := r.(type) {
	case EstablishPASE:
		c.manager.SetStream(r.At.Peer, r.At.Link == LinkBLE)
		shake, err := c.manager.StartPASE(now, r.At.Peer, uint32(r.Passcode), r.At.Parameters)
		c.shaking(now, errand{id, r.ID}, shake, err)
	case EstablishCASE:
		c.manager.SetStream(r.At.Peer, r.At.Link == LinkBLE)
		shake, err := c.manager.StartCASE(now, r.At.Peer, r.Fabric, r.Node, session.CASEOptions{Parameters: r.At.Parameters})
		c.shaking(now, errand{id, r.ID}, shake, err)
	case Read:
		action, err := c.client.Read(now, r.Session, ReadRequest{Selection{Attributes: r.Paths}}, Options{Patience: r.TimeoutMs})
		c.acting(now, errand{id, r.ID}, action, err)
	case Invoke:
		action, err := c.client.Invoke(now, r.Session, []CommandData{r.Command}, Options{Patience: r.TimeoutMs})
		c.acting(now, errand{id, r.ID}, action, err)
	case Abandon:
		c.abandon(now, errand{id, r.ID})
	case CloseSession:
		// Its SessionClosed still belongs to the commissioning, and is swallowed.
		// If the session is gone already there is nothing to close.
		_ = c.manager.CloseSession(now, r.Session)
	case Finished:
		delete(c.sessions, r.Session) // the host's from now on
		c.over(id)
		c.events = append(c.events, CommissioningEvent{id, r})
	case Failed:
		c.over(id)
		c.events = append(c.events, CommissioningEvent{id, r})
	default:
		c.events = append(c.events, CommissioningEvent{id, r})
	}
}

func (c *Controller) over(id OperationID) {
	delete(c.runs, id)
	c.running = slices.DeleteFunc(c.running, func(o OperationID) bool { return o == id })
}

func (c *Controller) shaking(now session.Instant, e errand, shake session.HandshakeID, err error) {
	if err != nil {
		c.tell(now, e.owner, OperationFailed{e.request, err})
		return
	}
	c.shakes[shake] = e
}

func (c *Controller) acting(now session.Instant, e errand, action InteractionID, err error) {
	if err != nil {
		c.tell(now, e.owner, OperationFailed{e.request, err})
		return
	}
	c.actions[action] = e
}

// tell gives a commissioning a reply, if it is still there.
func (c *Controller) tell(now session.Instant, id OperationID, r Reply) {
	if run := c.runs[id]; run != nil {
		run.Handle(now, r)
	}
}

// abandon ends an errand; its outcome is not told.
func (c *Controller) abandon(now session.Instant, e errand) {
	for shake, o := range c.shakes {
		if o == e {
			c.shakes[shake] = errand{} // its end is nobody's
			// If it has just ended there is a session to be closed, when the
			// event comes.
			_ = c.manager.CancelHandshake(now, shake)
		}
	}
	for action, o := range c.actions {
		if o == e {
			c.actions[action] = errand{}
			_ = c.client.Cancel(now, action) // it may just have ended
		}
	}
}

func (c *Controller) sessionEvent(now session.Instant, e session.Event) {
	if c.client.HandleEvent(now, e) {
		return
	}
	switch e := e.(type) {
	case session.SessionEstablished:
		c.established(now, e)
	case session.HandshakeFailed:
		c.handshakeFailed(now, e)
	case session.SessionClosed:
		if id, ours := c.sessions[e.Session]; ours {
			delete(c.sessions, e.Session)
			c.tell(now, id, SessionLost{e.Session, e.Err})
			return
		}
		c.events = append(c.events, SessionEvent{e})
	case session.MessageReceived:
		c.refuse(now, e)
	case session.WorkWanted, session.ResumptionSaved, session.PASEClosed:
		c.events = append(c.events, SessionEvent{e})
	}
}

func (c *Controller) established(now session.Instant, e session.SessionEstablished) {
	errand, ours := c.shakes[e.Handshake]
	delete(c.shakes, e.Handshake)
	switch {
	case !ours: // a peer's
		c.events = append(c.events, SessionEvent{e})
	case errand.owner != 0 && errand.request == 0:
		c.events = append(c.events, Connected{errand.owner, e.Session})
	case c.runs[errand.owner] == nil: // nobody wants it any more
		c.sessions[e.Session] = 0
		_ = c.manager.CloseSession(now, e.Session)
	default:
		c.sessions[e.Session] = errand.owner
		info, _ := c.manager.Session(e.Session)
		c.tell(now, errand.owner, SessionReady{errand.request, e.Session, info.AttestationChallenge})
	}
}

func (c *Controller) handshakeFailed(now session.Instant, e session.HandshakeFailed) {
	errand, ours := c.shakes[e.Handshake]
	delete(c.shakes, e.Handshake)
	switch {
	case !ours || errand.owner == 0: // a peer's, or nobody's any more
	case errand.request == 0:
		c.events = append(c.events, ConnectFailed{errand.owner, e.Err})
	default:
		c.tell(now, errand.owner, OperationFailed{errand.request, e.Err})
	}
}

// refuse ends an exchange that a peer has opened for something that a controller
// does not serve, or that nobody listens to any more.
func (c *Controller) refuse(now session.Instant, e session.MessageReceived) {
	if e.First && e.Protocol == session.ProtocolInteractionModel && e.Opcode != OpcodeStatusResponse {
		c.client.dismiss(now, e.Exchange, StatusInvalidAction)
		return
	}
	c.manager.CloseExchange(now, e.Exchange)
}

func (c *Controller) interactionEvent(now session.Instant, e Event) {
	var id InteractionID
	var reply func(RequestID) Reply
	switch e := e.(type) {
	case ReadDone:
		id, reply = e.ID, func(r RequestID) Reply { return ReadAnswered{r, e.Attributes} }
	case InvokeDone:
		id, reply = e.ID, func(r RequestID) Reply { return InvokeAnswered{r, e.Results[0]} }
	case InteractionFailed:
		id, reply = e.ID, func(r RequestID) Reply { return OperationFailed{r, e.Err} }
	}
	errand, ours := c.actions[id]
	if !ours {
		c.events = append(c.events, InteractionEvent{e})
		return
	}
	delete(c.actions, id)
	if errand.owner != 0 {
		c.tell(now, errand.owner, reply(errand.request))
	}
}
