package flow

import (
	"slices"
	"testing"
)

func TestHome(t *testing.T) {
	s, effects := play(t, New(managed()), Started{})
	has[ReadHome](t, effects)
	if s.Home.Phase != "reading" {
		t.Error(s.Home.Phase)
	}
	s = atHome(t)
	if s.Home.Phase != "ready" || len(s.Home.Nodes) != 1 || s.Home.Label != "My home" {
		t.Errorf("%+v", s.Home)
	}
	if got := at(t, s, HomeRead{Home{Backup: "odd"}}).Home; got.Backup != "none" || len(got.Nodes) != 0 {
		t.Errorf("%+v", got)
	}
	failed := at(t, s, HomeFailed{"read", "storage-failed", "x"})
	if failed.Home.Phase != "failed" || problemID(failed.Home.Problem) != "storage-failed" {
		t.Errorf("%+v", failed.Home)
	}
	failed, effects = play(t, failed, Again{})
	if has[ReadHome](t, effects); failed.Home.Phase != "reading" {
		t.Error(failed.Home.Phase)
	}
	if at(t, failed, HomeRead{}).Home.Problem != nil {
		t.Error("read again, all is well")
	}
	if at(t, s, DeviceWanted{"FF"}).Screen != ScreenHome || at(t, s, DeviceWanted{""}).Screen != ScreenHome {
		t.Error("there is no such device")
	}
}

func TestBackups(t *testing.T) {
	s, effects := play(t, atHome(t), HomePanel{"export"}, ExportWanted{passphrase})
	if has[ExportHome](t, effects).Passphrase != passphrase || s.Home.Panel != "export" {
		t.Errorf("%+v", s.Home)
	}
	s, effects = play(t, s, HomeDone{"exported"})
	none[ReadHome](t, effects)
	if s.Home.Panel != "" || s.Home.Notice != "notice.exported" || s.Home.Backup != "made" {
		t.Errorf("%+v", s.Home)
	}
	s, effects = play(t, atHome(t), HomePanel{"export"}, ExportWanted{"short"})
	if none[ExportHome](t, effects); problemID(s.Home.Problem) != "backup-passphrase" {
		t.Errorf("%+v", s.Home)
	}
	if s = at(t, s, HomePanel{"export"}); s.Home.Problem != nil {
		t.Error("opened anew, nothing is wrong")
	}
	s, effects = play(t, atHome(t), HomePanel{"import"}, ImportWanted{"x"})
	if has[ImportHome](t, effects).Passphrase != "x" {
		t.Error("whether a passphrase is right, its backup knows")
	}
	for _, id := range []string{"backup-wrong-passphrase", "backup-not-a-backup", "backup-damaged", "backup-newer", "backup-exists"} {
		if got := at(t, s, HomeFailed{"import", id, ""}); problemID(got.Home.Problem) != id || got.Home.Panel != "import" || got.Home.Phase != "ready" {
			t.Errorf("%+v", got.Home)
		}
	}
	s, effects = play(t, s, HomeDone{"imported"})
	if has[ReadHome](t, effects); s.Home.Notice != "notice.imported" {
		t.Errorf("%+v", s.Home)
	}
	if got := at(t, atHome(t), HomeFailed{"export", "backup-impossible", ""}); problemID(got.Home.Problem) != "backup-impossible" {
		t.Errorf("%+v", got.Home)
	}
	s, effects = play(t, done(t, options()), ExportWanted{passphrase}, HomeDone{"exported"})
	if has[ExportHome](t, effects); !s.Done.CredentialsBackup || s.Notice != "notice.exported" {
		t.Errorf("%+v", s.Done)
	}
	_, effects = play(t, onPick(t, options()), ExportWanted{passphrase}, ImportWanted{passphrase}, HomePanel{"export"}, HomeFailed{What: "read"})
	if len(effects) > 0 {
		t.Error("there is no home here")
	}
}

func TestForgetting(t *testing.T) {
	_, effects := play(t, atHome(t), ForgetAnswered{true})
	none[ForgetHome](t, effects)
	s, effects := play(t, atHome(t), HomePanel{"forget"}, ForgetAnswered{false})
	if none[ForgetHome](t, effects); s.Home.Panel != "" {
		t.Error("no means no")
	}
	s, effects = play(t, atHome(t), HomePanel{"forget"}, ForgetAnswered{true}, HomeDone{"forgotten"})
	has[ForgetHome](t, effects)
	if len(s.Home.Nodes) > 0 || s.Home.Notice != "notice.forgotten" || s.Home.Exists {
		t.Errorf("%+v", s.Home)
	}
	if at(t, s, HomeDone{"odd"}).Home.Notice != "notice.forgotten" || at(t, s, HomePanel{"odd"}).Home.Panel != "" {
		t.Error("what nobody knows is nothing")
	}
}

func TestDevice(t *testing.T) {
	s, effects := play(t, atHome(t), DeviceWanted{node().ID})
	has[ReadDevice](t, effects)
	if s.Device.Phase != "reading" {
		t.Error(s.Device.Phase)
	}
	s = at(t, s, DeviceRead{Node{ID: "other"}, nil})
	if s.Device.Phase != "reading" {
		t.Error("that is another device")
	}
	s = onDevice(t)
	on, level := true, uint8(99)
	s, effects = play(t, s, Switched{1, true}, Switched{1, false}, Switched{2, true}, Switched{3, true})
	if has[Command](t, effects) != (Command{node().ID, 1, "on"}) || !s.Device.Endpoints[0].Pending {
		t.Error("one order at a time")
	}
	s = at(t, s, AttributeTold{node().ID, 1, &on, &level}, CommandDone{Node: node().ID, Endpoint: 1})
	if e := s.Device.Endpoints[0]; !e.On || e.Level != 99 || e.Pending {
		t.Errorf("%+v", e)
	}
	s = at(t, s, AttributeTold{"other", 1, new(bool), nil}, AttributeTold{Node: node().ID, Endpoint: 1}, CommandDone{Node: "other", Endpoint: 1, ID: "x"})
	if e := s.Device.Endpoints[0]; !e.On || e.Problem != nil {
		t.Errorf("%+v", e)
	}
	_, effects = play(t, s, Switched{1, false})
	if has[Command](t, effects).Command != "off" {
		t.Error("off")
	}
	for asked, want := range map[uint8]uint8{0: 1, 100: 100, 255: 254} {
		if _, effects := play(t, s, LevelSet{1, asked}); has[SetLevel](t, effects).Level != want {
			t.Errorf("level %d", asked)
		}
	}
	_, effects = play(t, s, IdentifyWanted{1}, LevelSet{2, 5}, IdentifyWanted{2})
	if has[Command](t, effects).Command != "identify" {
		t.Error("identify")
	}
	s = at(t, s, Switched{1, false}, CommandDone{node().ID, 1, "device-unreachable", "x"})
	if p := s.Device.Endpoints[0].Problem; problemID(p) != "device-unreachable" || p.Detail != "x" {
		t.Errorf("%+v", p)
	}
	s = at(t, s, DeviceFailed{node().ID, "device-unreachable", ""})
	if s.Device.Phase != "failed" {
		t.Error(s.Device.Phase)
	}
	if s := at(t, s, DeviceFailed{"other", "x", ""}); problemID(s.Device.Problem) != "device-unreachable" {
		t.Error("that is another device")
	}
	_, effects = play(t, s, Again{})
	has[ReadDevice](t, effects)
	_, effects = play(t, onDevice(t), Back{})
	if has[LeaveDevice](t, effects).Node != node().ID {
		t.Error("nobody watches it any more")
	}
	_, effects = play(t, atHome(t), Switched{1, true}, RemoveWanted{}, RemoveAnswered{true, true})
	if len(effects) > 0 {
		t.Error("no device is shown")
	}
}

func TestRemoving(t *testing.T) {
	_, effects := play(t, onDevice(t), RemoveAnswered{true, false})
	none[RemoveDevice](t, effects)
	s, effects := play(t, onDevice(t), RemoveWanted{}, RemoveAnswered{false, false})
	if none[RemoveDevice](t, effects); s.Device.Confirm {
		t.Error("no means no")
	}
	s, effects = play(t, onDevice(t), RemoveWanted{}, RemoveAnswered{true, false}, RemoveWanted{})
	if has[RemoveDevice](t, effects).ForgetOnly || s.Device.Phase != "removing" || s.Device.Confirm {
		t.Errorf("%+v", s.Device)
	}
	if at(t, s, DeviceRead{node(), nil}).Device.Phase != "removing" {
		t.Error("what is read meanwhile changes nothing")
	}
	gone := at(t, s, DeviceRemoved{node().ID})
	if gone.Screen != ScreenHome || len(gone.Home.Nodes) != 0 || gone.Home.Notice != "notice.removed" {
		t.Errorf("%s %+v", gone.Screen, gone.Home)
	}
	s = at(t, s, DeviceFailed{node().ID, "device-unreachable", ""})
	if s.Device.Phase != "ready" || problemID(s.Device.Problem) != "device-unreachable" {
		t.Errorf("%+v", s.Device)
	}
	_, effects = play(t, s, RemoveWanted{}, RemoveAnswered{true, true})
	if !has[RemoveDevice](t, effects).ForgetOnly {
		t.Error("forgotten here, at least")
	}
	alone := at(t, done(t, options()), DeviceWanted{node().ID}, RemoveWanted{}, RemoveAnswered{true, false}, DeviceRemoved{node().ID})
	if alone.Screen != ScreenCode || alone.Done != nil || alone.Notice != "notice.removed" {
		t.Errorf("%s", alone.Screen)
	}
	if s := at(t, done(t, options()), DeviceRemoved{node().ID}); s.Done == nil || s.Screen != ScreenDone {
		t.Error("what is shown stays shown")
	}
	if s := at(t, done(t, options()), ShareWanted{node().ID}, DeviceRemoved{node().ID}, Back{}); s.Screen != ScreenCode {
		t.Errorf("there is nothing to go back to: %s", s.Screen)
	}
}

func TestSharing(t *testing.T) {
	s, effects := play(t, atHome(t), ShareWanted{node().ID}, ShareSeconds{60}, ShareOpen{}, ShareOpen{}, ShareSeconds{400})
	if has[OpenWindow](t, effects) != (OpenWindow{node().ID, MinShare}) || s.Share.Seconds != MinShare {
		t.Errorf("%+v", s.Share)
	}
	if s := at(t, atHome(t), ShareWanted{node().ID}); s.Share.Seconds != DefaultShare || at(t, s, ShareSeconds{9_999}).Share.Seconds != MaxShare {
		t.Errorf("%+v", s.Share)
	}
	s = sharing(t)
	if s.Share.Phase != "open" || s.Share.QR != goodQR || s.Share.Manual != goodGrouped || Clock(Left(s, s.Share.Until)) != "5:00" {
		t.Errorf("%+v", s.Share)
	}
	if grouped := at(t, atHome(t), ShareWanted{node().ID}, ShareOpen{}, WindowOpened{node().ID, goodQR, goodGrouped, 0}); grouped.Share.Manual != goodGrouped ||
		Clock(Left(grouped, grouped.Share.Until)) != "5:00" {
		t.Errorf("%+v", grouped.Share)
	}
	gone := func(s State, phase string) {
		t.Helper()
		if s.Share.Phase != phase || s.Share.QR+s.Share.Manual != "" || s.Share.Until != 0 {
			t.Errorf("%+v, want %s", s.Share, phase)
		}
	}
	joined := at(t, s, WindowEnded{node().ID, "joined", "Other\u202e maker"})
	gone(joined, "joined")
	if joined.Share.Vendor != "Other maker" {
		t.Error(joined.Share.Vendor)
	}
	gone(at(t, s, WindowEnded{node().ID, "expired", ""}), "ended")
	gone(at(t, s, Tick{301_000}), "ended")
	gone(at(t, s, Tick{301_000}, WindowEnded{node().ID, "expired", ""}), "ended")
	gone(at(t, s, Tick{301_000}, WindowEnded{node().ID, "joined", ""}), "joined")
	closed, effects := play(t, s, ShareClose{})
	gone(closed, "ended")
	has[CloseWindow](t, effects)
	gone(at(t, s, WindowFailed{node().ID, "x"}), "choose")
	again, effects := play(t, closed, ShareOpen{})
	if has[OpenWindow](t, effects); again.Share.Phase != "opening" {
		t.Error(again.Share.Phase)
	}
	if at(t, closed, Again{}).Share.Phase != "choose" {
		t.Error("once more")
	}
	for _, e := range []Event{WindowOpened{Node: "other"}, WindowEnded{Node: "other"}, WindowFailed{Node: "other"}, Copied{true}} {
		if got := at(t, s, e); got.Share.Phase != "open" {
			t.Errorf("%T: %s", e, got.Share.Phase)
		}
	}
	left, effects := play(t, s, Back{})
	none[CloseWindow](t, effects) // the other app may be at it
	if left.Share.QR+left.Share.Manual != "" {
		t.Error("the code is not shown any more")
	}
	if s := at(t, left, WindowEnded{node().ID, "joined", "x"}); s.Screen != ScreenHome {
		t.Error("no matter any more")
	}
}

func TestCopyAndReport(t *testing.T) {
	_, effects := play(t, done(t, options()), CopyWanted{"00000000000000AB"}, CopyWanted{""}, ReportWanted{true})
	if has[Copy](t, effects).Text != "00000000000000AB" || !has[SaveReport](t, effects).WithNames {
		t.Errorf("%#v", effects)
	}
	_, effects = play(t, New(options()), CopyWanted{"x"}, ReportWanted{}, Copied{}, ReportSaved{}, HomeRead{}, HomeDone{"exported"})
	if len(effects) > 0 {
		t.Errorf("%#v", effects)
	}
	for e, want := range map[Event]string{Copied{true}: "notice.copied", Copied{}: "notice.copy-failed", ReportSaved{}: "notice.report-saved"} {
		if got := at(t, done(t, options()), e).Notice; got != want {
			t.Errorf("%T: %s", e, got)
		}
	}
}

// A code's own words about how the device is found preselect the way.
func TestRouteIsPreselected(t *testing.T) {
	both := []Route{RouteAgent, RouteBluetooth}
	for _, test := range []struct {
		name      string
		routes    []Route
		bits      uint8
		bluetooth Availability
		agent     Availability
		want      Route
	}{
		{"code says nothing", both, 0, Ready, Ready, RouteAgent},
		{"code says Bluetooth", both, foundByBluetooth, Ready, Ready, RouteBluetooth},
		{"code says network", []Route{RouteBluetooth, RouteAgent}, foundOnNetwork, Ready, Ready, RouteAgent},
		{"code says both", both, foundByBluetooth | foundOnNetwork, Ready, Ready, RouteAgent},
		{"Bluetooth is missing", both, foundByBluetooth, Missing, Ready, RouteAgent},
		{"the agent is being asked", both, foundOnNetwork, Ready, Checking, RouteAgent},
		{"the agent is not there", both, 0, Ready, Unreachable, RouteBluetooth},
		{"nothing works", both, foundByBluetooth, Off, Unreachable, RouteBluetooth},
		{"network by the host", []Route{RouteBluetooth, RouteHost}, foundOnNetwork, Ready, None, RouteHost},
		{"nothing exists", nil, 0, Ready, None, ""},
	} {
		o := options()
		o.Routes, o.Bluetooth, o.Agent = test.routes, test.bluetooth, test.agent
		m := machine{State: New(o)}
		m.Code.Payloads = []Payload{{HasDiscovery: test.bits != 0, Discovery: test.bits}}
		if got := m.preselected(); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if m := (machine{}); m.payload() != nil {
		t.Error("there is no code yet")
	}
	s := onTransport(t, options())
	if s.Route != RouteBluetooth {
		t.Error(s.Route)
	}
	if s := at(t, s, Configured{bluetoothIs(Off)}); s.Route != RouteAgent {
		t.Error("what nobody chose may change")
	}
	if s := at(t, s, RoutePicked{RouteBluetooth}, Configured{bluetoothIs(Off)}); s.Route != RouteBluetooth {
		t.Error("what somebody chose stays")
	}
	if s := at(t, s, RoutePicked{RouteHost}); s.Route != RouteBluetooth {
		t.Error("there is no such way")
	}
	none := options()
	none.Routes = nil
	for bluetooth, want := range map[Availability]string{Ready: "bluetooth-missing", Missing: "bluetooth-missing", Framed: "blocked-by-frame"} {
		none.Bluetooth = bluetooth
		if s := at(t, onTransport(t, none), Continue{}); problemID(s.Problem) != want {
			t.Errorf("no way at all, %s: %s", bluetooth, problemID(s.Problem))
		}
	}
	for r, a := range map[Route]string{RouteBluetooth: "bluetooth-off", RouteAgent: "agent-blocked", RouteHost: ""} {
		if got := (Options{Bluetooth: Off, Agent: Blocked}).RouteProblem(r); got != a {
			t.Errorf("%s: %s", r, got)
		}
	}
}

// Somebody who presses Continue while the agent is being asked need not press again.
func TestWaitingForTheAgent(t *testing.T) {
	for route, want := range map[Route]Screen{RouteAgent: ScreenDiscover, RouteBluetooth: ScreenPick} {
		s, effects := play(t, at(t, onTransport(t, agentIs(Unreachable)), RoutePicked{route}), Continue{})
		has[CheckAgent](t, effects)
		if !s.Waiting || s.Screen != ScreenTransport || !s.Ticking() {
			t.Fatalf("%s: %+v", route, s.Screen)
		}
		s = at(t, s, Configured{agentIs(Checking)}, Tick{2_000})
		if !s.Waiting {
			t.Error("not answered yet")
		}
		if got := at(t, s, Configured{options()}); got.Screen != want || got.Waiting {
			t.Errorf("%s: %s, want %s", route, got.Screen, want)
		}
		if got := at(t, s, Tick{30_000}); got.Waiting || got.Problem == nil {
			t.Errorf("%s: an agent that does not answer is none", route)
		}
		if got := at(t, s, RoutePicked{route}); got.Waiting {
			t.Error("somebody changed their mind")
		}
	}
	s := at(t, onTransport(t, agentIs(None)), RoutePicked{RouteBluetooth}, Continue{})
	if s.Waiting || problemID(s.Problem) != "no-ip-path" {
		t.Error("there is nobody to wait for")
	}
}

func TestCandidates(t *testing.T) {
	s := at(t, onDiscover(t, options()),
		CandidateFound{Candidate{ID: "closed"}}, CandidateFound{Candidate{ID: "open", Open: 1, Name: "a\u202eb"}},
		CandidateFound{Candidate{ID: "exact", Open: 1, Exact: true}}, CandidateFound{Candidate{ID: "twin", Open: 2, Exact: true}}, CandidateFound{Candidate{}})
	var ids []string
	for _, c := range s.Candidates {
		ids = append(ids, c.ID)
	}
	if !slices.Equal(ids, []string{"exact", "twin", "open", "closed"}) || s.Candidates[2].Name != "ab" {
		t.Errorf("%v", ids)
	}
	if s = at(t, s, CandidateFound{Candidate{ID: "twin"}}); len(s.Candidates) != 4 {
		t.Error("news of a device replace what was known")
	}
	_, effects := play(t, s, Again{})
	has[StopSearch](t, effects)
	has[Search](t, effects)
	s, effects = play(t, s, Back{})
	has[StopSearch](t, effects)
	if len(at(t, s, CandidateFound{Candidate{ID: "late"}}, SearchEnded{}).Candidates) != 4 {
		t.Error("too late")
	}
	s = at(t, onDiscover(t, options()), SearchEnded{}, Again{}, CandidateFound{Candidate{ID: "a"}}, SearchEnded{})
	if s.Problem != nil || s.Searching {
		t.Error("one is there to choose")
	}
}
