package commission

import (
	"slices"
	"strconv"
	"testing"

	"github.com/matter-session/matter-session/session"
)

// A scene is one kind of commissioning.
type scene struct {
	name   string
	device func(testing.TB) *fakeDevice
	config func(*Config)
}

var scenes = []scene{
	{"on the network", func(t testing.TB) *fakeDevice { d := lamp(t); d.clock = true; return d }, nil},
	{"at an address", lamp, byIP},
	{"Wi-Fi", wifiLamp, byBluetooth},
	{"Thread", func(t testing.TB) *fakeDevice { d := lamp(t); d.feature = NetworkFeatureThread; return d }, byBluetooth},
}

func (s scene) rig(t testing.TB) *rig {
	r := newRig(t, s.device(t), s.config)
	r.choose = func(_ int, q ChooseNetwork) Reply {
		return NetworkChosen{ID: q.ID, SSID: []byte("home"), Credentials: []byte("correct horse"), Dataset: dataset}
	}
	return r
}

// A fault is what can go wrong with one request to the device.
type fault struct {
	name string
	// inject answers in the device's place; session is where the request went.
	inject func(r *rig, id RequestID, on session.SessionID)
	// reaches: the command reached the device before its answer was lost.
	reaches bool
	// gone: the session is over.
	gone bool
}

var faults = []fault{
	{name: "no answer", inject: func(r *rig, id RequestID, _ session.SessionID) {
		r.reply(OperationFailed{id, session.ErrTimeout})
	}},
	{name: "answer lost", reaches: true, inject: func(r *rig, id RequestID, _ session.SessionID) {
		r.reply(OperationFailed{id, session.ErrTimeout})
	}},
	{name: "silence", inject: func(*rig, RequestID, session.SessionID) {}},
	{name: "session lost", gone: true, inject: func(r *rig, _ RequestID, on session.SessionID) { r.lose(on) }},
	{name: "refused", inject: func(r *rig, id RequestID, _ session.SessionID) {
		r.reply(OperationFailed{id, StatusIB{Status: StatusFailure}.Err()})
	}},
	{name: "busy", inject: func(r *rig, id RequestID, _ session.SessionID) {
		r.reply(OperationFailed{id, StatusIB{Status: StatusBusy}.Err()})
	}},
	{name: "status", inject: func(r *rig, id RequestID, _ session.SessionID) {
		r.reply(InvokeAnswered{id, failure(StatusInvalidInState)})
	}},
	{name: "garbage", inject: func(r *rig, id RequestID, _ session.SessionID) {
		r.reply(InvokeAnswered{id, CommandResult{Fields: []byte{0x15, 0x30}}})
	}},
	{name: "code 9", inject: func(r *rig, id RequestID, _ session.SessionID) {
		r.reply(InvokeAnswered{id, networkAnswer(9)})
	}},
	{name: "fail-safe gone", inject: func(r *rig, id RequestID, _ session.SessionID) {
		r.d.undo()
		r.reply(InvokeAnswered{id, failure(StatusFailSafeRequired)})
	}},
}

// TestFaultAtEveryStep injects each fault in turn into each request to the
// device, and demands of whatever follows: an end, one last word, no session
// left open by failure, nothing left on a device that can be told, and the
// truth about what is left on one that cannot.
func TestFaultAtEveryStep(t *testing.T) {
	for _, s := range scenes {
		for _, f := range faults {
			for n := 0; ; n++ {
				name := s.name + ", " + f.name + ", request " + strconv.Itoa(n)
				r := s.rig(t)
				seen, hit := 0, Request(nil)
				r.hook = func(q Request) bool {
					var id RequestID
					var on session.SessionID
					switch q := q.(type) {
					case Read:
						id, on = q.ID, q.Session
					case Invoke:
						id, on = q.ID, q.Session
					default:
						return false
					}
					if seen++; seen-1 != n {
						return false
					}
					hit = q
					if q, ok := q.(Invoke); ok && f.reaches {
						r.d.invoke(r.now, on == r.operational, q.Command)
					}
					f.inject(r, id, on)
					return true
				}
				r.run()
				if hit == nil {
					break
				}
				checkEnd(t, name, r)
			}
		}
	}
}

// checkEnd holds what was said last against what the device is like.
func checkEnd(t *testing.T, name string, r *rig) {
	t.Helper()
	if r.c.core.open() || r.c.host.open() || r.c.search.open() {
		t.Errorf("%s: something is still open", name)
	}
	if r.pase != 0 {
		t.Errorf("%s: PASE is left open", name)
	}
	if f, ok := r.final[0].(Finished); ok {
		if !r.d.complete || f.Session != r.operational {
			t.Errorf("%s: finished, but the device is not commissioned, or CASE is not open", name)
		}
		return
	}
	f := r.failed()
	if r.operational != 0 {
		t.Errorf("%s: %s, and CASE is left open", name, f.Code)
	}
	if f.Code == "" || f.Retry == "" || f.Message == "" || f.Step == "" {
		t.Errorf("%s: incomplete: %+v", name, f)
	}
	switch {
	case f.RolledBack && f.WaitMs != 0 && f.Code != CodeFailSafeBusy:
		t.Errorf("%s: undone, and yet %d ms to wait", name, f.WaitMs)
	case f.RolledBack:
		if r.d.expire(r.now); !r.d.pristine() {
			t.Errorf("%s: %s says that it was undone; it was not", name, f.Code)
		}
	default:
		if r.d.expire(r.now + session.Instant(f.WaitMs)); !r.d.pristine() && !r.d.complete {
			t.Errorf("%s: %s says to wait %d ms; then the device is still not free", name, f.Code, f.WaitMs)
		}
	}
}

// TestFaultCodes pins what a fault in one command is called.
func TestFaultCodes(t *testing.T) {
	for _, c := range []struct {
		name   string
		path   CommandPath
		answer CommandResult
		code   Code
		step   StepID
		status DeviceStatus
	}{
		{"another administrator", CommandPath{0, ClusterGeneralCommissioning, CommandArmFailSafe}, general(CommissioningBusyWithOtherAdmin), CodeFailSafeBusy, StepFailSafe, DeviceStatus{"BusyWithOtherAdmin", 4}},
		{"fail-safe refused", CommandPath{0, ClusterGeneralCommissioning, CommandArmFailSafe}, general(CommissioningInvalidAuthentication), CodeUnexpected, StepFailSafe, DeviceStatus{"InvalidAuthentication", 2}},
		{"no DAC", CommandPath{0, ClusterOperationalCredentials, CommandCertificateChainRequest}, failure(StatusNotFound), CodeAttestationInvalid, StepAttestation, DeviceStatus{"not found", 0x8B}},
		{"DAC unreadable", CommandPath{0, ClusterOperationalCredentials, CommandCertificateChainRequest}, CommandResult{Fields: emptyStruct}, CodeAttestationInvalid, StepAttestation, DeviceStatus{}},
		{"no proof", CommandPath{0, ClusterOperationalCredentials, CommandAttestationRequest}, failure(StatusFailure), CodeAttestationInvalid, StepAttestation, DeviceStatus{"failure", 1}},
		{"no key", CommandPath{0, ClusterOperationalCredentials, CommandCSRRequest}, failure(StatusFailure), CodeCSRInvalid, StepCSR, DeviceStatus{"failure", 1}},
		{"no key any more", CommandPath{0, ClusterOperationalCredentials, CommandCSRRequest}, failure(StatusFailSafeRequired), CodeRolledBack, StepCSR, DeviceStatus{"fail-safe required", 0xCA}},
		{"key request unreadable", CommandPath{0, ClusterOperationalCredentials, CommandCSRRequest}, CommandResult{Fields: emptyStruct}, CodeCSRInvalid, StepCSR, DeviceStatus{}},
		{"root refused", CommandPath{0, ClusterOperationalCredentials, CommandAddTrustedRootCertificate}, failure(StatusInvalidCommand), CodeNOCRejected, StepRoot, DeviceStatus{"invalid command", 0x85}},
		{"NOC refused", CommandPath{0, ClusterOperationalCredentials, CommandAddNOC}, nocAnswer(NOCInvalidNodeOpID), CodeNOCRejected, StepNOC, DeviceStatus{"InvalidNodeOpId", 2}},
		{"full", CommandPath{0, ClusterOperationalCredentials, CommandAddNOC}, nocAnswer(NOCTableFull), CodeFabricTableFull, StepNOC, DeviceStatus{"TableFull", 5}},
		{"in the fabric", CommandPath{0, ClusterOperationalCredentials, CommandAddNOC}, nocAnswer(NOCFabricConflict), CodeFabricConflict, StepNOC, DeviceStatus{"FabricConflict", 9}},
		{"NOC answer unreadable", CommandPath{0, ClusterOperationalCredentials, CommandAddNOC}, CommandResult{Fields: emptyStruct}, CodeNOCRejected, StepNOC, DeviceStatus{}},
		{"NOC status", CommandPath{0, ClusterOperationalCredentials, CommandAddNOC}, failure(StatusConstraintError), CodeNOCRejected, StepNOC, DeviceStatus{"constraint error", 0x87}},
		{"busy", CommandPath{0, ClusterOperationalCredentials, CommandAddNOC}, failure(StatusBusy), CodeDeviceBusy, StepNOC, DeviceStatus{"busy", 0x9C}},
		{"no network", CommandPath{1, ClusterNetworkCommissioning, CommandAddOrUpdateWiFiNetwork}, failure(StatusUnsupportedCommand), CodeUnexpected, StepNetwork, DeviceStatus{"unsupported command", 0x81}},
		{"complete refused", CommandPath{0, ClusterGeneralCommissioning, CommandCommissioningComplete}, general(CommissioningInvalidAuthentication), CodeCompleteRefused, StepComplete, DeviceStatus{"InvalidAuthentication", 2}},
		{"complete too late", CommandPath{0, ClusterGeneralCommissioning, CommandCommissioningComplete}, general(CommissioningNoFailSafe), CodeRolledBack, StepComplete, DeviceStatus{"NoFailSafe", 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, wifiLamp(t), byBluetooth)
			r.hook = answering(r, c.path, func(int, Invoke) *CommandResult { return &c.answer })
			f := r.run().failed()
			if f.Code != c.code || f.Step != c.step || f.Status != c.status {
				t.Errorf("%+v", f)
			}
			checkEndExpired(t, c.name, r)
		})
	}
}

func checkEndExpired(t *testing.T, name string, r *rig) {
	t.Helper()
	if f := r.failed(); f.Code == CodeRolledBack || f.Code == CodeFailSafeBusy {
		r.d.undo() // what the device claims to have done
	}
	checkEnd(t, name, r)
}

// answering makes a hook that lets answer stand in for the device in one
// command; nil lets the device answer.
func answering(r *rig, path CommandPath, answer func(n int, q Invoke) *CommandResult) func(Request) bool {
	n := 0
	return func(q Request) bool {
		i, ok := q.(Invoke)
		if !ok || i.Command.Path != path {
			return false
		}
		// The word that undoes everything is not what is tampered with.
		if path.Command == CommandArmFailSafe && path.Cluster == ClusterGeneralCommissioning && n > 0 {
			return false
		}
		n++
		a := answer(n, i)
		if a == nil {
			return false
		}
		r.reply(InvokeAnswered{i.ID, *a})
		return true
	}
}

// anything returns every kind of reply, well and badly filled in.
func anything(id RequestID, on session.SessionID) []Reply {
	return []Reply{
		nil,
		Discovered{ID: id, At: Location{Peer: 99}},
		SessionReady{ID: id, Session: 999},
		ReadAnswered{ID: id}, ReadAnswered{ID: id, Reports: []AttributeReport{{Data: []byte{0xFF}, Path: Attribute(0, ClusterBasicInformation, BasicVendorID)}}},
		InvokeAnswered{ID: id}, InvokeAnswered{ID: id, Result: CommandResult{Fields: []byte{0x15, 0x24, 0}}},
		OperationFailed{ID: id}, OperationFailed{ID: id, Err: session.ErrClosed},
		AttestationDecision{ID: id}, AttestationDecision{ID: id, Accept: true},
		NetworkChosen{ID: id}, NetworkChosen{ID: id, SSID: make([]byte, 33)}, NetworkChosen{ID: id, SSID: []byte("x"), Credentials: make([]byte, 65)},
		Issued{ID: id}, Issued{ID: id, NOC: []byte{1}, ICAC: []byte{2}},
		SessionLost{Session: on},
		Cancel{},
	}
}

// TestEveryReplyInEveryState gives each state each reply, under the IDs that are
// awaited. Whatever comes of it, it ends, and says so once.
func TestEveryReplyInEveryState(t *testing.T) {
	for _, s := range []scene{scenes[0], scenes[3]} {
		for k := range anything(0, 0) {
			for n := 0; ; n++ {
				r := s.rig(t)
				if s.name == "Thread" {
					r.c.cfg.Fabric.Authority, r.c.cfg.Signers = nil, nil // decisions are asked, and certificates
					r.hook = issuing(r)
				}
				r.c.Start(0)
				live := true
				for i := 0; live && i < n; i++ {
					live = r.step()
				}
				if !live {
					break
				}
				r.drain()
				sessions := []session.SessionID{r.pase, r.operational, 12345}
				for j, id := range []RequestID{r.c.core.id, r.c.host.id, r.c.search.id} {
					r.now++
					r.c.Handle(r.now, anything(id, sessions[j])[k])
					r.c.Tick(r.now)
				}
				for m := 0; r.step(); m++ {
					if m == 3000 {
						t.Fatalf("%s, reply %d after %d: no end", s.name, k, n)
					}
				}
				if len(r.final) != 1 {
					t.Fatalf("%s, reply %d after %d: %d last words: %v", s.name, k, n, len(r.final), r.final)
				}
				r.c.Handle(r.now, Cancel{})
				r.c.Tick(r.now + 1)
				r.c.Start(r.now)
				if more := r.c.Requests(); len(more) != 0 {
					t.Fatalf("%s: after the end: %v", s.name, more)
				}
			}
		}
	}
}

// TestRepliesThatAreNotAwaited floods every state with replies under IDs that
// are not awaited, and with ends of sessions that are not its own: none counts.
func TestRepliesThatAreNotAwaited(t *testing.T) {
	for _, s := range scenes {
		r := s.rig(t)
		r.c.Start(0)
		for r.step() {
			if r.c.Done() {
				continue
			}
			r.drain()
			for _, id := range []RequestID{0, r.c.lastID + 1} {
				for _, x := range anything(id, 12345) {
					if _, ok := x.(Cancel); !ok {
						r.c.Handle(r.now, x)
					}
				}
			}
		}
		r.finished()
	}
}

// issuing answers IssueNOC in the rig's own name.
func issuing(r *rig) func(Request) bool {
	return func(q Request) bool {
		if q, ok := q.(IssueNOC); ok {
			own, err := r.authority.Issue(testRand{}, 0, q.PublicKey, q.Node)
			if err != nil {
				r.t.Fatal(err)
			}
			r.reply(Issued{q.ID, own.NOC, own.ICAC})
		}
		return false
	}
}

// TestCancelAtEveryStep stops after each step. Nothing is left on the device.
func TestCancelAtEveryStep(t *testing.T) {
	for _, s := range scenes {
		var codes []Code
		for n := 0; ; n++ {
			r := s.rig(t)
			r.c.Start(0)
			live := true
			for i := 0; live && i < n; i++ {
				live = r.step()
			}
			if !live {
				break
			}
			r.c.Handle(r.now, Cancel{})
			for r.step() {
			}
			if len(r.final) != 1 {
				t.Fatalf("%s after %d: %v", s.name, n, r.final)
			}
			if f, ok := r.final[0].(Failed); ok {
				codes = append(codes, f.Code)
				r.d.expire(r.now + session.Instant(f.WaitMs))
				if !f.RolledBack || r.pase != 0 || r.operational != 0 {
					t.Errorf("%s after %d: %+v", s.name, n, f)
				}
				if !r.d.pristine() && !r.d.complete {
					t.Errorf("%s after %d: the device is not as it was", s.name, n)
				}
			} else if !r.d.complete {
				t.Errorf("%s after %d: finished without the device", s.name, n)
			}
		}
		if len(codes) < 10 || slices.ContainsFunc(codes, func(c Code) bool { return c != CodeCancelled }) {
			t.Errorf("%s: %v", s.name, codes)
		}
	}
}
