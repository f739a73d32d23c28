package commission

import (
	"crypto/rand"
	"errors"
	"testing"

	"github.com/matter-session/matter-session/session"
)

// A rig is everything around a commissioner: a device, a host, and the owner of
// the sessions, in one goroutine and on one clock.
type rig struct {
	t         testing.TB
	c         *Commissioner
	d         *fakeDevice
	authority *Authority
	now       session.Instant
	replies   []Reply

	// hook sees every request first; true keeps the rig from executing it.
	hook func(Request) bool
	// choose answers the n-th question for a network.
	choose func(n int, q ChooseNetwork) Reply
	refuse bool // the attestation
	lonely bool // no discovery finds anything
	away   bool // CASE gets no answer

	pase, operational session.SessionID // 0: there is none
	lastSession       session.SessionID

	progress []Progress
	asked    []DecideAttestation
	choices  []ChooseNetwork
	searches []Discover
	final    []Request
	closed   []session.SessionID
	commands int
}

const (
	setupPeer       = 7  // where the device is before
	operationalPeer = 70 // and after
)

var testPayload = Payload{VendorID: 0xFFF1, ProductID: 0x8000, Discriminator: 3840, Passcode: 20202021}

// newRig makes a rig; change may alter the configuration.
func newRig(t testing.TB, d *fakeDevice, change func(*Config)) *rig {
	t.Helper()
	a, f := home(t)
	cfg := Config{
		Rand: rand.Reader, Payload: testPayload, Fabric: a.Access(f),
		Roots: d.maker, Signers: d.maker.signers, UTC: 800_000_000,
	}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{t: t, c: c, d: d, authority: a, lastSession: 100, choose: wifiChoice("correct horse")}
}

var homeAuthority *Authority
var homeFabric *session.Fabric

// home returns one fabric for all tests: it does not change, and making one is slow.
func home(t testing.TB) (*Authority, *session.Fabric) {
	t.Helper()
	if homeFabric != nil {
		return homeAuthority, homeFabric
	}
	a, err := NewAuthority(AuthorityConfig{Rand: rand.Reader, UTC: 800_000_000, AdminVendorID: 0xFFF1, Label: "Home", Intermediate: true})
	if err != nil {
		t.Fatal(err)
	}
	manager, err := session.NewManager(session.Config{Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	f, err := session.NewFabric(a.FabricConfig())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manager.AddFabric(f); err != nil {
		t.Fatal(err)
	}
	homeAuthority, homeFabric = a, f
	return a, f
}

func wifiChoice(password string) func(int, ChooseNetwork) Reply {
	return func(_ int, q ChooseNetwork) Reply {
		return NetworkChosen{ID: q.ID, SSID: []byte("home"), Credentials: []byte(password)}
	}
}

func (r *rig) reply(x Reply) { r.replies = append(r.replies, x) }

// step does one thing: one reply, or the next thing that is due. It returns
// false at the end.
func (r *rig) step() bool {
	r.drain()
	if r.c.Done() {
		return false
	}
	if len(r.replies) > 0 {
		x := r.replies[0]
		r.replies = r.replies[1:]
		r.now += 20
		r.c.Handle(r.now, x)
		return true
	}
	at, ok := r.c.Deadline()
	if !ok {
		r.t.Fatalf("stuck in step %q: nothing is asked and nothing is waited for", r.c.step.id)
	}
	r.now = max(r.now, at)
	r.c.Tick(r.now)
	return true
}

// drain executes what is asked for.
func (r *rig) drain() {
	for _, q := range r.c.Requests() {
		r.note(q)
		if r.hook == nil || !r.hook(q) {
			r.execute(q)
		}
	}
}

// run goes on to the end.
func (r *rig) run() *rig {
	r.t.Helper()
	r.c.Start(r.now)
	for n := 0; r.step(); n++ {
		if n == 3000 {
			r.t.Fatalf("no end in sight, in step %q", r.c.step.id)
		}
	}
	if len(r.final) != 1 {
		r.t.Fatalf("%d last requests: %+v", len(r.final), r.final)
	}
	return r
}

func (r *rig) note(q Request) {
	switch q := q.(type) {
	case Progress:
		r.progress = append(r.progress, q)
	case DecideAttestation:
		r.asked = append(r.asked, q)
	case ChooseNetwork:
		r.choices = append(r.choices, q)
	case Discover:
		r.searches = append(r.searches, q)
	case Finished, Failed:
		r.final = append(r.final, q)
	case CloseSession:
		r.closed = append(r.closed, q.Session)
	}
	if len(r.final) > 0 {
		switch q.(type) {
		case Finished, Failed:
		default:
			r.t.Errorf("%T after the last request", q)
		}
	}
}

var errGone = errors.New("test: the session is gone")

func (r *rig) execute(q Request) {
	switch q := q.(type) {
	case Discover:
		switch {
		case r.lonely:
		case q.Commissionable != nil:
			r.reply(Discovered{ID: q.ID, At: Location{Peer: setupPeer}, HasDetails: true, Discriminator: 3840, VendorID: 0xFFF1})
		case r.d.noc != nil && (r.d.feature == 0 || r.d.joined || r.d.onNetwork):
			r.reply(Discovered{ID: q.ID, At: Location{Peer: operationalPeer}})
		}
	case EstablishPASE:
		if q.Passcode != 20202021 {
			r.t.Errorf("passcode %d", uint32(q.Passcode))
		}
		r.lastSession++
		r.pase = r.lastSession
		r.d.armedByPASE(r.now)
		r.reply(SessionReady{q.ID, r.pase, r.d.challenge})
	case EstablishCASE:
		r.establishCASE(q)
	case Read:
		if !r.has(q.Session) {
			r.reply(OperationFailed{q.ID, errGone})
			return
		}
		r.reply(ReadAnswered{q.ID, r.d.read(q.Paths)})
	case Invoke:
		r.commands++
		if !r.has(q.Session) {
			r.reply(OperationFailed{q.ID, errGone})
			return
		}
		r.reply(InvokeAnswered{q.ID, r.d.invoke(r.now, q.Session == r.operational, q.Command)})
	case Abandon:
		// As its owner does: no answer, and no session that nobody wants.
		for i, x := range r.replies {
			if id, _ := answerTo(x); id == q.ID {
				if ready, ok := x.(SessionReady); ok {
					r.drop(ready.Session)
				}
				r.replies = append(r.replies[:i:i], r.replies[i+1:]...)
				break
			}
		}
	case CloseSession:
		r.drop(q.Session)
	case DecideAttestation:
		if q.ID != 0 {
			r.reply(AttestationDecision{q.ID, !r.refuse})
		}
	case ChooseNetwork:
		r.reply(r.choose(len(r.choices), q))
	}
}

func (r *rig) establishCASE(q EstablishCASE) {
	r.d.expire(r.now)
	switch {
	case r.away:
		r.reply(OperationFailed{q.ID, session.ErrTimeout})
	case r.d.noc == nil:
		r.reply(OperationFailed{q.ID, &session.PeerStatusError{Report: session.StatusReport{
			General: session.GeneralFailure, Protocol: session.ProtocolSecureChannel, Code: session.StatusNoSharedTrustRoots}}})
	default:
		if id, _ := r.d.noc.NodeID(); session.NodeID(id) != q.Node {
			r.t.Errorf("CASE with node %x, but the device is %x", q.Node, id)
		}
		r.lastSession++
		r.operational = r.lastSession
		r.reply(SessionReady{q.ID, r.operational, [16]byte{}})
	}
}

func (r *rig) has(id session.SessionID) bool { return id != 0 && (id == r.pase || id == r.operational) }

func (r *rig) drop(id session.SessionID) {
	switch id {
	case r.pase:
		r.pase = 0
	case r.operational:
		r.operational = 0
	}
}

// lose ends a session as a peer or a radio does.
func (r *rig) lose(id session.SessionID) {
	r.drop(id)
	r.reply(SessionLost{id, session.ErrTimeout})
}

func (r *rig) failed() Failed {
	r.t.Helper()
	f, ok := r.final[0].(Failed)
	if !ok {
		r.t.Fatalf("finished: %+v", r.final[0])
	}
	return f
}

func (r *rig) finished() Finished {
	r.t.Helper()
	f, ok := r.final[0].(Finished)
	if !ok {
		r.t.Fatalf("failed: %+v", r.final[0])
	}
	return f
}

// outcomes returns how each step ended, in order.
func (r *rig) outcomes() (list []string) {
	for _, p := range r.progress {
		if p.Status != StepStarted && p.Status != StepSlow {
			list = append(list, string(p.Step)+" "+string(p.Status))
		}
	}
	return list
}

func (r *rig) ended(step StepID) StepStatus {
	status := StepStatus("")
	for _, p := range r.progress {
		if p.Step == step && p.Status != StepStarted && p.Status != StepSlow {
			status = p.Status
		}
	}
	return status
}
