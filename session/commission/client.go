package commission

import (
	"slices"

	"github.com/matter-session/matter-session/session"
)

// Bounds of a [Client]'s tables. Exchanges are bounded by the manager.
const (
	maxSubscriptions = 1024
	maxIncoming      = 256      // reports that are still coming in chunks
	maxHeld          = 32 << 20 // octets of memory in all reports that are not complete
)

// A Client runs interactions over the sessions of a [session.Manager]. Its owner
// hands it every event of the manager and calls Tick when it is due:
//
//	id, err := client.Invoke(now, sess, []commission.CommandData{commission.Toggle(1)}, commission.Options{})
//	…
//	for _, e := range manager.Output().Events {
//		client.HandleEvent(now, e)
//	}
//	for _, e := range client.Events() { … }
//
// What the calls make the manager send is in the manager's next Output.
type Client struct {
	manager *session.Manager
	last    InteractionID
	running []*run          // in the order they were started
	subs    []*subscription // in the order their first reports came
	inbound []*inbound      // reports in progress on exchanges that a peer opened
	events  []Event
}

// A run is an interaction on its exchange.
type run struct {
	id       InteractionID
	session  session.SessionID
	exchange session.Exchange
	action   interaction
	patience session.Milliseconds
	deadline session.Instant
}

// A subscription is one that stands, or is about to: the peer may report a
// change before its SubscribeResponse has arrived.
type subscription struct {
	id       InteractionID
	session  session.SessionID
	peerID   uint32 // what the peer calls it
	pending  bool   // its run goes on, and tells how it ends
	interval session.Milliseconds
	deadline session.Instant
}

// An inbound is a report that comes in chunks.
type inbound struct {
	exchange session.Exchange
	sub      *subscription
	assembly reportAssembly
}

// NewClient returns a Client over m.
func NewClient(m *session.Manager) *Client { return &Client{manager: m} }

// Read reads what is selected. Like the other three it returns an error, and no
// event follows, if the interaction cannot even start: [session.ErrNotFound] if
// the session is gone, [session.ErrTooLarge], [session.ErrLimit].
func (c *Client) Read(now session.Instant, id session.SessionID, q ReadRequest, o Options) (InteractionID, error) {
	return c.begin(now, id, &reading{request: q}, o)
}

// Write writes attributes.
func (c *Client) Write(now session.Instant, id session.SessionID, writes []AttributeData, o Options) (InteractionID, error) {
	return c.begin(now, id, &writing{timed: timed{timeoutMs: o.TimedMs}, writes: writes}, o)
}

// Invoke invokes commands: one, or as many as the peer has said that it takes.
func (c *Client) Invoke(now session.Instant, id session.SessionID, commands []CommandData, o Options) (InteractionID, error) {
	info, ok := c.manager.Session(id)
	if !ok {
		return 0, session.ErrNotFound
	}
	if len(commands) > max(1, int(info.PeerParameters.MaxPathsPerInvoke)) {
		return 0, session.ErrLimit
	}
	return c.begin(now, id, &invoking{timed: timed{timeoutMs: o.TimedMs}, commands: commands}, o)
}

// Subscribe subscribes to what is selected. The ID names the subscription until
// it is lost or cancelled.
func (c *Client) Subscribe(now session.Instant, id session.SessionID, q SubscribeRequest, o Options) (InteractionID, error) {
	if len(c.subs) >= maxSubscriptions {
		return 0, session.ErrLimit
	}
	return c.begin(now, id, &subscribing{request: q}, o)
}

func (c *Client) begin(now session.Instant, id session.SessionID, action interaction, o Options) (InteractionID, error) {
	m, err := action.start()
	if err != nil {
		return 0, err
	}
	x, err := c.manager.OpenExchange(now, id)
	if err != nil {
		return 0, err
	}
	if err := c.send(now, x, m); err != nil {
		c.manager.AbortExchange(now, x)
		return 0, err
	}
	c.last++
	r := &run{id: c.last, session: id, exchange: x, action: action, patience: o.Patience}
	if r.patience <= 0 {
		r.patience = DefaultPatience
	}
	c.running = append(c.running, r)
	c.await(now, r)
	return r.id, nil
}

func (c *Client) send(now session.Instant, x session.Exchange, m Message) error {
	return c.manager.Send(now, x, session.Message{Protocol: session.ProtocolInteractionModel, Opcode: m.Opcode, Payload: m.Payload})
}

// await sets the deadline for the next message: the peer's patience, and what
// delivery may take before it. Delivery by MRP fails by itself; the allowance is
// for transports without it, and for a peer that acknowledges and says no more.
func (c *Client) await(now session.Instant, r *run) {
	var idle session.Milliseconds
	if info, ok := c.manager.Session(r.session); ok {
		idle = session.Milliseconds(info.PeerParameters.IdleIntervalMs)
	}
	// The sum of all waits of a message sent five times is 14.1 intervals.
	r.deadline = now + session.Instant(r.patience+15*idle)
}

// Cancel gives an interaction or a subscription up. Nothing more is sent for it.
// A subscription's peer learns of it when its next report is refused.
func (c *Client) Cancel(now session.Instant, id InteractionID) error {
	for _, r := range c.running {
		if r.id == id {
			c.abort(now, r, ErrCancelled)
			return nil
		}
	}
	for _, s := range c.subs {
		if s.id == id {
			c.lose(now, s, ErrCancelled)
			return nil
		}
	}
	return session.ErrNotFound
}

// Events returns what has happened since the last Events.
func (c *Client) Events() []Event {
	events := c.events
	c.events = nil
	return events
}

// Deadline returns when Tick has something to do; false if never.
func (c *Client) Deadline() (at session.Instant, ok bool) {
	for _, r := range c.running {
		if !ok || r.deadline < at {
			at, ok = r.deadline, true
		}
	}
	for _, s := range c.subs {
		if !s.pending && (!ok || s.deadline < at) {
			at, ok = s.deadline, true
		}
	}
	return at, ok
}

// Tick does all that is due at now. Calling it early or often does no harm.
func (c *Client) Tick(now session.Instant) {
	for _, r := range slices.Clone(c.running) {
		if now >= r.deadline {
			c.abort(now, r, session.ErrTimeout)
		}
	}
	for _, s := range slices.Clone(c.subs) {
		if !s.pending && now >= s.deadline {
			c.lose(now, s, session.ErrTimeout)
		}
	}
}

// abort ends a run at once and tells its owner.
func (c *Client) abort(now session.Instant, r *run, err error) {
	c.manager.AbortExchange(now, r.exchange)
	c.fail(now, r, err)
}

// fail ends a run that came to nothing.
func (c *Client) fail(now session.Instant, r *run, err error) {
	if s := c.pending(r); s != nil {
		c.drop(now, s)
	}
	c.end(r, InteractionFailed{r.id, err})
}

// end takes a run out of the table and tells its owner the last of it.
func (c *Client) end(r *run, e Event) {
	c.running = slices.DeleteFunc(c.running, func(o *run) bool { return o == r })
	c.events = append(c.events, e)
}

// pending returns the subscription that a run is about to establish, or nil.
func (c *Client) pending(r *run) *subscription {
	for _, s := range c.subs {
		if s.id == r.id {
			return s
		}
	}
	return nil
}

// lose ends a subscription that stands.
func (c *Client) lose(now session.Instant, s *subscription, err error) {
	c.drop(now, s)
	c.events = append(c.events, SubscriptionLost{s.id, err})
}

// drop forgets a subscription, and the reports of it that are in progress.
func (c *Client) drop(now session.Instant, s *subscription) {
	c.subs = slices.DeleteFunc(c.subs, func(o *subscription) bool { return o == s })
	for _, in := range slices.Clone(c.inbound) {
		if in.sub == s {
			c.manager.AbortExchange(now, in.exchange)
			c.forget(in)
		}
	}
}

// held is how much memory the reports that are not complete take.
func (c *Client) held() (octets int) {
	for _, r := range c.running {
		if a, ok := r.action.(interface{ held() int }); ok {
			octets += a.held()
		}
	}
	for _, in := range c.inbound {
		octets += in.assembly.held()
	}
	return octets
}

func (c *Client) forget(in *inbound) {
	c.inbound = slices.DeleteFunc(c.inbound, func(o *inbound) bool { return o == in })
}
