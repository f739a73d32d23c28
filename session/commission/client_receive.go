package commission

import (
	"slices"

	"github.com/matter-session/matter-session/session"
)

// HandleEvent takes an event of the manager. It returns whether the event was
// for an interaction of ours alone; one that concerns others too, such as the
// end of a session, is handled and false is returned.
func (c *Client) HandleEvent(now session.Instant, e session.Event) (consumed bool) {
	switch e := e.(type) {
	case session.MessageReceived:
		return c.received(now, e)
	case session.Delivered:
		for _, r := range c.running {
			if r.exchange == e.Exchange {
				r.deadline = now + session.Instant(r.patience)
				return true
			}
		}
		return slices.ContainsFunc(c.inbound, func(i *inbound) bool { return i.exchange == e.Exchange })
	case session.ExchangeFailed:
		return c.failed(now, e)
	case session.SessionClosed:
		c.closed(now, e)
	}
	return false
}

func (c *Client) received(now session.Instant, e session.MessageReceived) bool {
	if e.Protocol != session.ProtocolInteractionModel {
		return false
	}
	in := Message{e.Opcode, e.Payload}
	for _, r := range c.running {
		if r.exchange == e.Exchange {
			c.advance(now, r, in)
			return true
		}
	}
	for _, i := range c.inbound {
		if i.exchange == e.Exchange {
			c.reported(now, i, in)
			return true
		}
	}
	if !e.First || e.Opcode != OpcodeReportData {
		return false
	}
	c.opened(now, e.Session, e.Exchange, in)
	return true
}

// advance gives a run its next message.
func (c *Client) advance(now session.Instant, r *run, in Message) {
	s, err := r.action.handle(in)
	if err == nil && !s.done && c.held() > maxHeld {
		s, err = refuse(session.ErrLimit)
	}
	if s.reply != nil {
		if sendErr := c.send(now, r.exchange, *s.reply); err == nil {
			err = sendErr
		}
	}
	if s.report != nil {
		c.events = append(c.events, SubscriptionReport{r.id, *s.report})
		c.subs = append(c.subs, &subscription{id: r.id, session: r.session, peerID: r.action.(*subscribing).id, pending: true})
	}
	switch {
	case err != nil:
		c.manager.CloseExchange(now, r.exchange)
		c.fail(now, r, err)
	case !s.done:
		c.await(now, r)
	default:
		c.manager.CloseExchange(now, r.exchange)
		e := s.outcome(r.id)
		if e, ok := e.(SubscriptionEstablished); ok {
			c.established(now, r, e)
		}
		c.end(r, e)
	}
}

// established turns a run into a subscription.
func (c *Client) established(now session.Instant, r *run, e SubscriptionEstablished) {
	keep := r.action.(*subscribing).request.KeepSubscriptions
	for _, s := range slices.Clone(c.subs) {
		// An ID that the peer gives out again is that of the new one.
		if !s.pending && (!keep || s.peerID == e.SubscriptionID) && c.samePeer(s.session, r.session) {
			c.lose(now, s, ErrReplaced)
		}
	}
	s := c.pending(r)
	s.pending = false
	s.interval = session.Milliseconds(e.MaxIntervalS)*1000 + SubscriptionMargin
	s.deadline = now + session.Instant(s.interval)
}

// samePeer reports whether two sessions are with the same node: a node may
// report on another session than the one that was subscribed on.
func (c *Client) samePeer(a, b session.SessionID) bool {
	if a == b {
		return true
	}
	x, okX := c.manager.Session(a)
	y, okY := c.manager.Session(b)
	return okX && okY && x.Kind == session.KindCASE && y.Kind == session.KindCASE &&
		x.Fabric == y.Fabric && x.PeerNode == y.PeerNode
}

// opened takes the first message of an exchange that a peer opened with a report.
func (c *Client) opened(now session.Instant, id session.SessionID, x session.Exchange, in Message) {
	m, err := ParseReportData(in.Payload)
	if err != nil {
		c.dismiss(now, x, StatusInvalidAction)
		return
	}
	for _, s := range c.subs {
		if m.HasSubscription && s.peerID == m.SubscriptionID && c.samePeer(s.session, id) {
			c.restart(now, s)
			if len(c.inbound) >= maxIncoming {
				c.dismiss(now, x, StatusBusy)
				return
			}
			i := &inbound{exchange: x, sub: s}
			c.inbound = append(c.inbound, i)
			c.chunk(now, i, m, len(in.Payload))
			return
		}
	}
	// The peer gives up a subscription that is refused so: this is how one ends
	// that was cancelled.
	c.dismiss(now, x, StatusInvalidSubscription)
}

// restart gives up a report of s that is in progress: a peer makes one report
// of a subscription at a time, so it has begun anew.
func (c *Client) restart(now session.Instant, s *subscription) {
	for _, i := range c.inbound {
		if i.sub == s {
			c.manager.AbortExchange(now, i.exchange)
			c.forget(i)
			return
		}
	}
}

// reported takes a later message of such an exchange.
func (c *Client) reported(now session.Instant, i *inbound, in Message) {
	if in.Opcode == OpcodeReportData {
		m, err := ParseReportData(in.Payload)
		if err == nil && m.HasSubscription && m.SubscriptionID == i.sub.peerID {
			c.chunk(now, i, m, len(in.Payload))
			return
		}
	}
	c.forget(i)
	if in.Opcode == OpcodeStatusResponse {
		c.manager.CloseExchange(now, i.exchange) // a status is not answered
		return
	}
	c.dismiss(now, i.exchange, StatusInvalidAction)
}

// chunk takes one part of a report, and delivers the report after the last.
func (c *Client) chunk(now session.Instant, i *inbound, m ReportData, octets int) {
	err := i.assembly.add(&m, octets)
	if err != nil || m.MoreChunks && c.held() > maxHeld {
		c.forget(i)
		c.dismiss(now, i.exchange, StatusInvalidAction)
		return
	}
	i.sub.deadline = now + session.Instant(i.sub.interval)
	if !m.SuppressResponse {
		// If it cannot be sent the exchange is gone, and the peer repeats its report.
		_ = c.send(now, i.exchange, *success())
	}
	if m.MoreChunks {
		return
	}
	c.forget(i)
	c.manager.CloseExchange(now, i.exchange)
	c.events = append(c.events, SubscriptionReport{i.sub.id, i.assembly.take()})
}

// dismiss answers with a status and is done with the exchange.
func (c *Client) dismiss(now session.Instant, x session.Exchange, s Status) {
	_ = c.send(now, x, *statusMessage(s)) // best effort
	c.manager.CloseExchange(now, x)
}

// failed handles the end of an exchange.
func (c *Client) failed(now session.Instant, e session.ExchangeFailed) bool {
	for _, r := range c.running {
		if r.exchange == e.Exchange {
			c.fail(now, r, e.Err)
			return true
		}
	}
	for _, i := range c.inbound {
		if i.exchange == e.Exchange {
			c.forget(i)
			return true
		}
	}
	return false
}

// closed handles the end of a session: its subscriptions end with it. Its
// exchanges have failed before.
func (c *Client) closed(now session.Instant, e session.SessionClosed) {
	for _, s := range slices.Clone(c.subs) {
		if s.session == e.Session && !s.pending {
			c.lose(now, s, e.Err)
		}
	}
}
