package commission

import (
	"errors"
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/internal/p256"
)

func (s *street) fabric() session.FabricIndex {
	s.t.Helper()
	index, err := s.c.AddAuthority(homeAuthority)
	if err != nil {
		s.t.Fatal(err)
	}
	return index
}

func (s *street) commission(o CommissionOptions) OperationID {
	s.t.Helper()
	if o.Payload.Passcode == 0 {
		o.Payload = Payload{Discriminator: 3840, Passcode: testPasscode}
	}
	id, err := s.c.Commission(s.now, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func TestControllerCommissionsAndTalks(t *testing.T) {
	n := newNode(t, lamp(t))
	s := newStreet(t, n)
	fabric := s.fabric()
	done, ok := s.last(s.commission(CommissionOptions{Fabric: fabric})).(Finished)
	if !ok || !n.d.complete || n.d.label != "Home" {
		t.Fatalf("%+v", done)
	}
	if n.pase != 0 {
		t.Error("PASE is open still")
	}
	on := done.Session

	// Each kind of interaction.
	read, err := s.c.Read(s.now, on, ReadRequest{Selection{Attributes: []AttributePath{Attribute(0, ClusterBasicInformation, BasicVendorID)}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.until(isEvent(func(e ReadDone) bool { return e.ID == read && e.Attributes[0].Data != nil }))
	write, err := s.c.Write(s.now, on, []AttributeData{{Path: Attribute(0, ClusterBasicInformation, BasicNodeLabel), Data: text("x")}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.until(isEvent(func(e WriteDone) bool { return e.ID == write }))
	invoke, err := s.c.Invoke(s.now, on, []CommandData{Toggle(1)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.until(isEvent(func(e InvokeDone) bool {
		return e.ID == invoke && e.Results[0].Status.Status == StatusUnsupportedCluster
	}))
	subscribe, err := s.c.Subscribe(s.now, on, SubscribeRequest{MaxIntervalCeilingS: 60, Selection: Selection{Attributes: []AttributePath{Attribute(0, ClusterBasicInformation, BasicVendorID)}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.until(isEvent(func(e InteractionFailed) bool { return e.ID == subscribe }))
	n.mute = true
	given, err := s.c.Invoke(s.now, on, []CommandData{Toggle(1)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.c.CancelInteraction(s.now, given); err != nil {
		t.Error(err)
	}
	s.until(isEvent(func(e InteractionFailed) bool { return e.ID == given && errors.Is(e.Err, ErrCancelled) }))
	if err := s.c.CancelInteraction(s.now, given); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
	n.mute = false

	// Another session, by resumption, and a full one.
	for _, full := range []bool{false, true} {
		connection, err := s.c.Connect(s.now, fabric, done.Node, done.At, full)
		if err != nil {
			t.Fatal(err)
		}
		e := s.until(isEvent(func(e Connected) bool { return e.Connection == connection })).(Connected)
		if info, _ := s.c.Sessions().Session(e.Session); info.Resumed == full || info.PeerNode != done.Node {
			t.Errorf("full %v: %+v", full, info)
		}
		if err := s.c.CloseSession(s.now, e.Session); err != nil {
			t.Error(err)
		}
		s.until(isEvent(func(c session.SessionClosed) bool { return c.Session == e.Session }))
	}
	s.c.Close(s.now)
	if _, err := s.c.Commission(s.now, CommissionOptions{Fabric: fabric, Payload: testPayload, At: done.At, HasAt: true}); !errors.Is(err, session.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
	s.settle()
}

// Nothing of what a commissioning does on the way is told to the host: neither
// its interactions nor its PASE session.
func TestControllerTellsLittle(t *testing.T) {
	n := newNode(t, lamp(t))
	s := newStreet(t, n)
	id := s.commission(CommissionOptions{Fabric: s.fabric()})
	s.hook = func(e ControllerEvent) bool {
		switch e := e.(type) {
		case CommissioningEvent:
		case SessionEvent:
			if _, ok := e.Event.(session.ResumptionSaved); !ok {
				t.Errorf("%T", e.Event)
			}
		default:
			t.Errorf("%T", e)
		}
		return false
	}
	if done, ok := s.last(id).(Finished); !ok {
		t.Errorf("%+v", done)
	}
}

// A quarter of all datagrams is lost.
func TestControllerOnALossyStreet(t *testing.T) {
	n := newNode(t, lamp(t))
	s := newStreet(t, n)
	s.lose = func(n int) bool { return n%4 == 2 }
	if done, ok := s.last(s.commission(CommissionOptions{Fabric: s.fabric()})).(Finished); !ok || !n.d.complete {
		t.Errorf("%+v", done)
	}
}

func TestControllerRunsSeveralAtATime(t *testing.T) {
	a, b := newNode(t, lamp(t)), newNode(t, lamp(t))
	s := newStreet(t, a, b)
	fabric := s.fabric()
	first := s.commission(CommissionOptions{Fabric: fabric, At: Location{Peer: 1}, HasAt: true})
	second := s.commission(CommissionOptions{Fabric: fabric, At: Location{Peer: 2}, HasAt: true})
	ended := map[OperationID]bool{}
	s.until(func(e ControllerEvent) bool {
		if job, ok := e.(CommissioningEvent); ok {
			if _, ok := job.Request.(Finished); ok {
				ended[job.Commissioning] = true
			}
		}
		return len(ended) == 2
	})
	if !ended[first] || !ended[second] || !a.d.complete || !b.d.complete {
		t.Errorf("%v", ended)
	}
}

func TestControllerWrongPasscode(t *testing.T) {
	n := newNode(t, lamp(t))
	s := newStreet(t, n)
	f, _ := s.last(s.commission(CommissionOptions{Fabric: s.fabric(), Payload: Payload{Discriminator: 3840, Passcode: 20202022}, At: Location{Peer: 1}, HasAt: true})).(Failed)
	if f.Code != CodeWrongCode || f.Retry != RetryCode {
		t.Errorf("%+v", f)
	}
}

// Stopped at any event: the device is free afterwards, and no session is left.
func TestControllerCancelAtEveryEvent(t *testing.T) {
	for at := 0; ; at++ {
		n := newNode(t, lamp(t))
		s := newStreet(t, n)
		fabric, events := s.fabric(), 0
		var id OperationID
		s.hook = func(e ControllerEvent) bool {
			job, ok := e.(CommissioningEvent)
			if ok && events == at {
				// A finished one is over: there is nothing to stop.
				if err := s.c.Reply(s.now, job.Commissioning, Cancel{}); err != nil && !errors.Is(err, session.ErrNotFound) {
					t.Error(err)
				}
			}
			if ok {
				events++
			}
			return false
		}
		id = s.commission(CommissionOptions{Fabric: fabric})
		last := s.last(id)
		s.settle()
		if f, ok := last.(Failed); ok {
			if f.Code != CodeCancelled || !f.RolledBack || n.pase != 0 || !n.d.pristine() && f.WaitMs == 0 {
				t.Fatalf("at event %d: %+v, PASE %d, %+v", at, f, n.pase, n.d)
			}
			continue
		}
		if events <= at+1 {
			break
		}
	}
}

// A host that keeps the root key, and one that keeps its own operational key.
func TestControllerWithKeysElsewhere(t *testing.T) {
	n := newNode(t, lamp(t))
	s := newStreet(t, n)
	s.c, _ = NewController(ControllerConfig{
		Session: session.Config{Rand: testRand{}, Delegate: session.DelegateSign}, Roots: testMaker, Signers: testMaker.signers,
	})
	cfg := homeAuthority.FabricConfig()
	cfg.Key = nil
	fabric, err := s.c.AddFabric(cfg, 0xFFF1)
	if err != nil {
		t.Fatal(err)
	}
	signatures := 0
	s.hook = func(e ControllerEvent) bool {
		switch e := e.(type) {
		case CommissioningEvent:
			if q, ok := e.Request.(IssueNOC); ok {
				own, err := homeAuthority.Issue(testRand{}, 0, q.PublicKey, q.Node)
				if err != nil {
					t.Fatal(err)
				}
				s.reply(e.Commissioning, Issued{q.ID, own.NOC, own.ICAC})
			}
		case SessionEvent:
			if w, ok := e.Event.(session.WorkWanted); ok && w.Work.Kind == session.WorkSign {
				signatures++
				key := homeAuthority.key.Bytes()
				k, err := p256.NewPrivateKey(key[:])
				if err != nil {
					t.Fatal(err)
				}
				sig, err := k.Sign(testRand{}, w.Work.Data)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.c.Answer(s.now, w.Work.ID, sig[:], nil); err != nil {
					t.Error(err)
				}
			}
		}
		return false
	}
	if done, ok := s.last(s.commission(CommissionOptions{Fabric: fabric, AdminCAT: 0x0001_0002})).(Finished); !ok || signatures != 1 {
		t.Errorf("%d signatures: %+v", signatures, done)
	}
}

// The radio is gone: what ran over it fails at once, with a name.
func TestControllerChannelLost(t *testing.T) {
	d := wifiLamp(t)
	n := newNode(t, d)
	s := newStreet(t, n)
	id := s.commission(CommissionOptions{Fabric: s.fabric(), At: Location{Peer: 1, Link: LinkBLE}, HasAt: true})
	n.m.SetStream(1, true)
	s.hook = func(e ControllerEvent) bool {
		if job, ok := e.(CommissioningEvent); ok {
			if p, ok := job.Request.(Progress); ok && p.Step == StepCSR && p.Status == StepStarted {
				s.down = true
				s.c.ChannelLost(s.now, 1)
			}
		}
		return false
	}
	began := s.now
	if f, _ := s.last(id).(Failed); f.Code != CodeConnectionLost || f.Step != StepCSR || f.WaitMs == 0 || s.now > began+1000 {
		t.Errorf("at %d: %+v", s.now, f)
	}
}

func TestControllerRemoveFabric(t *testing.T) {
	n := newNode(t, lamp(t))
	s := newStreet(t, n)
	fabric := s.fabric()
	id := s.commission(CommissionOptions{Fabric: fabric})
	s.hook = func(e ControllerEvent) bool {
		if job, ok := e.(CommissioningEvent); ok {
			if p, ok := job.Request.(Progress); ok && p.Step == StepNOC && p.Status == StepStarted {
				if err := s.c.RemoveFabric(s.now, fabric); err != nil {
					t.Error(err)
				}
			}
		}
		return false
	}
	if f, _ := s.last(id).(Failed); f.Code != CodeCancelled || !n.d.pristine() {
		t.Errorf("%+v", f)
	}
	if _, err := s.c.Commission(s.now, CommissionOptions{Fabric: fabric, Payload: testPayload}); err == nil {
		t.Error("the fabric is there still")
	}
	if err := s.c.RemoveFabric(s.now, fabric); !errors.Is(err, session.ErrNotFound) {
		t.Error(err)
	}
}

func TestControllerPairAndConnectFailures(t *testing.T) {
	n := newNode(t, lamp(t))
	s := newStreet(t, n)
	fabric := s.fabric()
	pair, err := s.c.Pair(s.now, testPasscode, Location{Peer: 1})
	if err != nil {
		t.Fatal(err)
	}
	s.until(isEvent(func(e Connected) bool { return e.Connection == pair }))
	if _, err := s.c.Pair(s.now, 11111111, Location{Peer: 1}); err == nil {
		t.Error("a passcode that is none")
	}
	if _, err := s.c.Connect(s.now, fabric+1, 5, Location{Peer: 1}, false); !errors.Is(err, session.ErrNotFound) {
		t.Error(err)
	}
	nobody, err := s.c.Connect(s.now, fabric, 5, Location{Peer: 99}, false)
	if err != nil {
		t.Fatal(err)
	}
	s.until(isEvent(func(e ConnectFailed) bool { return e.Connection == nobody && errors.Is(e.Err, session.ErrTimeout) }))
	given, err := s.c.Connect(s.now, fabric, 5, Location{Peer: 99}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.c.CancelConnect(s.now, given); err != nil {
		t.Error(err)
	}
	s.until(isEvent(func(e ConnectFailed) bool { return e.Connection == given }))
	if err := s.c.CancelConnect(s.now, given); !errors.Is(err, session.ErrNotFound) {
		t.Error(err)
	}
}

// A device may open sessions and exchanges of its own. What a controller does
// not serve is refused politely.
func TestControllerIsNoServer(t *testing.T) {
	n := newNode(t, lamp(t))
	s := newStreet(t, n)
	done, ok := s.last(s.commission(CommissionOptions{Fabric: s.fabric()})).(Finished)
	if !ok {
		t.Fatalf("%+v", done)
	}
	var on session.SessionID
	if _, err := n.m.StartCASE(s.now, 1, n.fabric, homeAuthority.node, session.CASEOptions{}); err != nil {
		t.Fatal(err)
	}
	e := s.until(isEvent(func(e session.SessionEstablished) bool { return !e.Initiator })).(SessionEvent)
	info, _ := s.c.Sessions().Session(e.Event.(session.SessionEstablished).Session)
	on = info.PeerID
	for _, m := range []session.Message{
		{Protocol: session.ProtocolInteractionModel, Opcode: OpcodeReadRequest, Payload: ReadRequest{Selection{Attributes: []AttributePath{Attribute(0, 6, 0)}}}.Append(nil)},
		{Protocol: session.ProtocolInteractionModel, Opcode: OpcodeStatusResponse, Payload: StatusResponse{}.Append(nil)},
		{Protocol: 0x0002, Opcode: 1, Payload: []byte{1}},
	} {
		x, err := n.m.OpenExchange(s.now, on)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.m.Send(s.now, x, m); err != nil {
			t.Fatal(err)
		}
		s.settle()
	}
	if len(n.told) != 1 || n.told[0] != StatusInvalidAction {
		t.Errorf("told: %v", n.told)
	}
}

func TestControllerRefuses(t *testing.T) {
	s := newStreet(t)
	fabric := s.fabric()
	if _, err := NewController(ControllerConfig{}); err == nil {
		t.Error("no randomness")
	}
	if _, err := s.c.AddFabric(homeAuthority.FabricConfig(), 0); err == nil {
		t.Error("no vendor")
	}
	cfg := homeAuthority.FabricConfig()
	cfg.Label = "a label of thirty-three octets...."
	if _, err := s.c.AddFabric(cfg, 1); err == nil {
		t.Error("a long label")
	}
	if _, err := s.c.AddFabric(session.FabricConfig{}, 1); err == nil {
		t.Error("nothing")
	}
	if err := s.c.Reply(s.now, 1, Cancel{}); !errors.Is(err, session.ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.c.Commission(s.now, CommissionOptions{Fabric: fabric, Payload: Payload{Passcode: 12345678}}); err == nil {
		t.Error("a passcode that is none")
	}
	s.c.SetTrust(nil, nil)
	if _, err := s.c.Commission(s.now, CommissionOptions{Fabric: fabric, Payload: testPayload}); !errors.Is(err, errNoRoots) {
		t.Errorf("without roots: %v", err)
	}
	s.c.SetTrust(nobody{}, nil)
	id := s.commission(CommissionOptions{Fabric: fabric})
	for _, r := range []Reply{SessionReady{}, ReadAnswered{}, InvokeAnswered{}, SessionLost{}} {
		if err := s.c.Reply(s.now, id, r); !errors.Is(err, session.ErrUnexpected) {
			t.Errorf("%T: %v", r, err)
		}
	}
	for n := 1; n < maxOperations; n++ {
		s.commission(CommissionOptions{Fabric: fabric})
	}
	if _, err := s.c.Commission(s.now, CommissionOptions{Fabric: fabric, Payload: testPayload}); !errors.Is(err, session.ErrLimit) {
		t.Errorf("one too many: %v", err)
	}
}

// A fabric's keys go with it, and with the controller; the caller's copy stays.
func TestControllerErasesAuthorities(t *testing.T) {
	c, err := NewController(ControllerConfig{Session: session.Config{Rand: testRand{}}})
	if err != nil {
		t.Fatal(err)
	}
	var given, kept [2]*Authority
	var index [2]session.FabricIndex
	for i := range given {
		if given[i], err = NewAuthority(AuthorityConfig{Rand: testRand{}, AdminVendorID: 0xFFF1}); err != nil {
			t.Fatal(err)
		}
		if index[i], err = c.AddAuthority(given[i]); err != nil {
			t.Fatal(err)
		}
		kept[i] = c.fabrics[index[i]].Authority
	}
	if err := c.RemoveFabric(0, index[0]); err != nil {
		t.Fatal(err)
	}
	if kept[0].ipk != (EpochKey{}) || kept[1].ipk != given[1].ipk {
		t.Error("removing a fabric erases its authority, and no other")
	}
	c.Close(1)
	if kept[1].ipk != (EpochKey{}) {
		t.Error("the authority outlives the controller")
	}
	if given[0].ipk == (EpochKey{}) || given[1].ipk == (EpochKey{}) {
		t.Error("the caller's authority was erased")
	}
}

// PASEClosed reaches the host: nobody else can tell it that the window is shut.
func TestControllerTellsThatPasscodesAreOver(t *testing.T) {
	c, err := NewController(ControllerConfig{Session: session.Config{Rand: testRand{}}})
	if err != nil {
		t.Fatal(err)
	}
	c.sessionEvent(0, session.PASEClosed{})
	if events := c.Output().Events; len(events) != 1 || events[0] != (SessionEvent{session.PASEClosed{}}) {
		t.Errorf("%v", events)
	}
}
