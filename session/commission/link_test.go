package commission

import (
	"math/rand/v2"
	"testing"

	"github.com/matter-session/matter-session/session"
)

// seeded is randomness that repeats.
type seeded struct{ *rand.Rand }

func (s seeded) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(s.Uint32())
	}
	return len(b), nil
}

// A testLink is a client and a device with a PASE session between them, on a
// clock of its own.
type testLink struct {
	t              testing.TB
	now            session.Instant
	client, device *session.Manager
	c              *Client
	id, deviceID   session.SessionID
	events         []Event // what the client has told

	// serve answers the n-th message (from 0) of an exchange, on the device's side.
	serve    func(n int, in Message) []Message
	opened   func(session.Exchange) // told of each message's exchange before it is served
	counts   map[session.Exchange]int
	answers  []Message                 // what the client said on exchanges that the device opened
	lost     func(toDevice bool) bool  // whether a datagram is lost
	sent     int                       // datagrams of the client
	leftover []session.Event           // events that the client did not consume
	open     map[session.Exchange]bool // of the device's
	ended    map[InteractionID]int     // last events per interaction
	stream   bool
}

const testPasscode = 20202021

func newTestLink(t testing.TB, stream bool) *testLink {
	l := &testLink{
		t: t, now: 1000, counts: map[session.Exchange]int{}, open: map[session.Exchange]bool{}, ended: map[InteractionID]int{},
		lost: func(bool) bool { return false }, stream: stream,
	}
	parameters := session.DefaultParameters()
	parameters.MaxPathsPerInvoke = 3
	for i, m := range []**session.Manager{&l.client, &l.device} {
		made, err := session.NewManager(session.Config{Rand: seeded{rand.New(rand.NewPCG(uint64(i), 1))}, Parameters: parameters})
		if err != nil {
			t.Fatal(err)
		}
		*m = made
		made.SetStream(1, stream)
	}
	l.c = NewClient(l.client)
	v, err := session.NewPASEVerifier(testPasscode, 1000, make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.device.OpenPASE(v); err != nil {
		t.Fatal(err)
	}
	if _, err := l.client.StartPASE(l.now, 1, testPasscode, session.Parameters{}); err != nil {
		t.Fatal(err)
	}
	l.pump()
	if l.id == 0 || l.deviceID == 0 {
		t.Fatal("no session")
	}
	return l
}

// pump carries datagrams and handles events until both sides are still.
func (l *testLink) pump() {
	for busy := true; busy; {
		busy = false
		out := l.client.Output()
		for _, e := range out.Events {
			busy = true
			if s, ok := e.(session.SessionEstablished); ok {
				l.id = s.Session
			}
			if !l.c.HandleEvent(l.now, e) {
				l.leftover = append(l.leftover, e)
			}
		}
		for _, d := range out.Datagrams {
			busy = true
			l.sent++
			if !l.lost(true) {
				l.device.Receive(l.now, 1, d.Octets)
			}
		}
		out = l.device.Output()
		for _, e := range out.Events {
			busy = true
			l.deviceEvent(e)
		}
		for _, d := range out.Datagrams {
			busy = true
			if !l.lost(false) {
				l.client.Receive(l.now, 1, d.Octets)
			}
		}
		for _, e := range l.c.Events() {
			l.events = append(l.events, e)
			switch e := e.(type) {
			case ReadDone:
				l.ended[e.ID]++
			case WriteDone:
				l.ended[e.ID]++
			case InvokeDone:
				l.ended[e.ID]++
			case InteractionFailed:
				l.ended[e.ID]++
			case SubscriptionLost:
				l.ended[e.ID]++
			}
		}
	}
	for id, n := range l.ended {
		if n != 1 {
			l.t.Fatalf("interaction %d has ended %d times", id, n)
		}
	}
}

func (l *testLink) deviceEvent(e session.Event) {
	switch e := e.(type) {
	case session.SessionEstablished:
		l.deviceID = e.Session
	case session.MessageReceived:
		in := Message{e.Opcode, e.Payload}
		if l.open[e.Exchange] {
			l.answers = append(l.answers, in)
			return
		}
		if l.opened != nil {
			l.opened(e.Exchange)
		}
		n := l.counts[e.Exchange]
		l.counts[e.Exchange]++
		if l.serve == nil {
			return
		}
		for _, m := range l.serve(n, in) {
			l.deviceSend(e.Exchange, m)
		}
	}
}

func (l *testLink) deviceSend(x session.Exchange, m Message) {
	l.t.Helper()
	if err := l.device.Send(l.now, x, session.Message{Protocol: session.ProtocolInteractionModel, Opcode: m.Opcode, Payload: m.Payload}); err != nil {
		l.t.Error(err)
	}
}

// push makes the device open an exchange with a message.
func (l *testLink) push(m Message) session.Exchange {
	l.t.Helper()
	x, err := l.device.OpenExchange(l.now, l.deviceID)
	if err != nil {
		l.t.Fatal(err)
	}
	l.open[x] = true
	l.deviceSend(x, m)
	l.pump()
	return x
}

// advance lets time pass, doing what is due on the way.
func (l *testLink) advance(to session.Instant) {
	for {
		at, due := to, false
		for _, deadline := range []func() (session.Instant, bool){
			l.c.Deadline, func() (session.Instant, bool) { o := l.client.Output(); return o.Deadline, o.HasDeadline },
			func() (session.Instant, bool) { o := l.device.Output(); return o.Deadline, o.HasDeadline },
		} {
			if d, ok := deadline(); ok && d <= at {
				at, due = d, true
			}
		}
		if at > l.now {
			l.now = at
		}
		l.client.Tick(l.now)
		l.device.Tick(l.now)
		l.c.Tick(l.now)
		l.pump()
		if !due {
			return
		}
	}
}

// take returns the events since the last take.
func (l *testLink) take() []Event {
	e := l.events
	l.events = nil
	return e
}

func (l *testLink) must(id InteractionID, err error) InteractionID {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
	l.pump()
	return id
}

func (l *testLink) toggle() (InteractionID, error) {
	return l.c.Invoke(l.now, l.id, []CommandData{Toggle(1)}, Options{})
}

func toggled() Message {
	return Message{OpcodeInvokeResponse, InvokeResponse{Results: []CommandResult{{Path: Toggle(1).Path}}}.Append(nil)}
}

func always(messages ...Message) func(int, Message) []Message {
	return func(int, Message) []Message { return messages }
}

// only returns the one event there must be, as a T.
func only[T Event](l *testLink) T {
	l.t.Helper()
	events := l.take()
	if len(events) != 1 {
		l.t.Fatalf("events %+v, want one", events)
	}
	e, ok := events[0].(T)
	if !ok {
		l.t.Fatalf("event %T %+v", events[0], events[0])
	}
	return e
}

// subscribe sets up a subscription that the device calls id.
func (l *testLink) subscribe(id uint32, maxIntervalS uint16) InteractionID {
	l.t.Helper()
	l.serve = func(n int, in Message) []Message {
		if n == 0 {
			return []Message{report(ReportData{SubscriptionID: id, HasSubscription: true, Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf(1)}}})}
		}
		if n == 1 && statusOf(l.t, &in) == StatusSuccess {
			return []Message{{OpcodeSubscribeResponse, SubscribeResponse{id, maxIntervalS}.Append(nil)}}
		}
		return nil
	}
	request := SubscribeRequest{KeepSubscriptions: true, MaxIntervalCeilingS: maxIntervalS, Selection: Selection{Attributes: []AttributePath{partsPath}}}
	return l.must(l.c.Subscribe(l.now, l.id, request, Options{}))
}
