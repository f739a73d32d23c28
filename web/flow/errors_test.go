package flow

import (
	"testing"
)

// One test per row of the table of error situations: where the problem is shown,
// and where a person enters again.

// shownProblem is the problem of the screen.
func shownProblem(s State) string {
	switch s.Screen {
	case ScreenCode:
		if s.Code.Problem == nil {
			return problemID(s.Scan.Problem)
		}
		return problemID(s.Code.Problem)
	case ScreenScan:
		return problemID(s.Scan.Problem)
	case ScreenNetwork:
		if s.Network.Problem == nil && s.Network.Dataset != nil {
			return problemID(s.Network.Dataset.Problem)
		}
		return problemID(s.Network.Problem)
	case ScreenFailed:
		return s.Failure.ID
	case ScreenShare:
		return problemID(s.Share.Problem)
	case ScreenHome:
		return problemID(s.Home.Problem)
	case ScreenDevice:
		return problemID(s.Device.Problem)
	}
	return problemID(s.Problem)
}

func bluetoothIs(a Availability) Options {
	o := options()
	o.Bluetooth = a
	return o
}

func agentIs(a Availability) Options {
	o := options()
	o.Agent = a
	return o
}

// Rows whose problem is shown on the screen where it came up: it stays there, and
// what mends it takes it away.
func TestErrorsOnTheSpot(t *testing.T) {
	o := options()
	noCamera := func(a Availability) State {
		o := bluetoothIs(a)
		o.Camera = false
		return begun(t, o)
	}
	byBluetooth := func(o Options) State { return at(t, onTransport(t, o), RoutePicked{RouteBluetooth}) }
	byAgent := func(o Options) State { return at(t, onTransport(t, o), RoutePicked{RouteAgent}) }
	typed := func(code string) State { return at(t, begun(t, o), CodeTyped{code, 0}) }
	thread := func(text string) Event { return DatasetTyped{text} }
	tests := []struct {
		row    string
		from   State
		event  Event
		want   string
		screen Screen
		mend   []Event // makes it go
	}{
		{"E01", byBluetooth(bluetoothIs(Missing)), Continue{}, "bluetooth-missing", ScreenTransport, []Event{RoutePicked{RouteAgent}}},
		{"E02", byBluetooth(bluetoothIs(Disabled)), Continue{}, "bluetooth-disabled", ScreenTransport, []Event{Configured{o}}},
		{"E03", byBluetooth(bluetoothIs(Insecure)), Continue{}, "insecure-context", ScreenTransport, []Event{Configured{o}}},
		{"E04", byBluetooth(bluetoothIs(Framed)), Continue{}, "blocked-by-frame", ScreenTransport, []Event{Configured{o}}},
		{"E04 camera", noCamera(Framed), ScanWanted{}, "blocked-by-frame", ScreenScan, []Event{TypeInstead{}}},
		{"E03 camera", noCamera(Insecure), ScanWanted{}, "insecure-context", ScreenScan, []Event{TypeInstead{}}},
		{"E05", byBluetooth(bluetoothIs(Off)), Continue{}, "bluetooth-off", ScreenTransport, []Event{Configured{o}}},
		{"E05 picking", onPick(t, o), PickFailed{"bluetooth-off", ""}, "bluetooth-off", ScreenPick, []Event{Configured{o}}},
		{"E11", typed("3497"), CodeLeft{}, "code-length", ScreenCode, []Event{CodeTyped{goodManual, 0}}},
		{"E12", typed(""), CodeTyped{"34970112333", 0}, "code-check-digit", ScreenCode, []Event{CodeTyped{goodManual, 0}}},
		{"E13", scanning(t), Scanned{[]string{"https://example.com"}}, "code-not-matter", ScreenScan, []Event{Scanned{[]string{goodQR}}}},
		{"E14", scanning(t), Scanned{[]string{"X-HM://0023ISYWYABCD"}}, "code-homekit", ScreenScan, []Event{TypeInstead{}}},
		{"E14 digits", typed("12345678"), CodeLeft{}, "code-homekit", ScreenCode, []Event{CodeTyped{goodManual, 0}}},
		{"E15", typed(""), CodeTyped{"89123456789", 0}, "code-version", ScreenCode, []Event{CodeTyped{goodManual, 0}}},
		{"E16 character", typed(""), CodeTyped{"3497011233x", 0}, "code-character", ScreenCode, []Event{CodeTyped{goodManual, 0}}},
		{"E16 inconsistent", typed(""), CodeTyped{checked("40000000006552100000"), 0}, "code-inconsistent", ScreenCode, []Event{CodeTyped{goodManual, 0}}},
		{"E16 range", typed(""), CodeTyped{checked("0999990000"), 0}, "code-range", ScreenCode, []Event{CodeTyped{goodManual, 0}}},
		{"E17", typed(""), CodeTyped{checked("0000000000"), 0}, "code-passcode", ScreenCode, []Event{CodeTyped{goodManual, 0}}},
		{"E18 denied", scanning(t), ScanChanged{Phase: "denied"}, "camera-denied", ScreenScan, []Event{Again{}}},
		{"E18 none", scanning(t), ScanChanged{Phase: "none"}, "camera-none", ScreenScan, []Event{ScanChanged{Phase: "live"}}},
		{"E18 none at all", noCamera(Ready), ScanWanted{}, "camera-none", ScreenScan, []Event{TypeInstead{}}},
		{"E18 failed", scanning(t), ScanChanged{Phase: "failed"}, "camera-failed", ScreenScan, []Event{Again{}}},
		{"E18 picture", at(t, begun(t, o), PictureGiven{}), ScanChanged{Phase: "unreadable"}, "picture-unreadable", ScreenCode, []Event{PictureGiven{}}},
		{"E21", byBluetooth(agentIs(None)), Continue{}, "no-ip-path", ScreenTransport, []Event{Configured{o}}},
		{"E21 not running", at(t, byBluetooth(agentIs(Unreachable)), Continue{}), Configured{agentIs(Unreachable)}, "no-ip-path", ScreenTransport, []Event{Configured{o}}},
		{"E22 unreachable", at(t, byAgent(agentIs(Unreachable)), Continue{}), Configured{agentIs(Unreachable)}, "agent-unreachable", ScreenTransport, []Event{Configured{o}}},
		{"E22 no answer", at(t, byAgent(agentIs(Checking)), Continue{}), Tick{20_000}, "agent-unreachable", ScreenTransport, []Event{Configured{o}}},
		{"E22 blocked", at(t, byAgent(agentIs(Blocked)), Continue{}), Configured{agentIs(Blocked)}, "agent-blocked", ScreenTransport, []Event{Configured{o}}},
		{"E22 blocked, Bluetooth", at(t, byBluetooth(agentIs(Blocked)), Continue{}), Configured{agentIs(Blocked)}, "agent-blocked", ScreenTransport, []Event{Configured{o}}},
		{"E22 token", at(t, byAgent(agentIs(TokenNeeded)), Continue{}), Configured{agentIs(TokenNeeded)}, "agent-token", ScreenTransport, []Event{Configured{o}}},
		{"E22 searching", onDiscover(t, o), SearchEnded{ID: "agent-unreachable"}, "agent-unreachable", ScreenDiscover, []Event{Again{}}},
		{"E23", onPick(t, o), PickFailed{"picker-dismissed", ""}, "picker-dismissed", ScreenPick, []Event{PickWanted{}}},
		{"E24", onDiscover(t, o), SearchEnded{}, "not-found", ScreenDiscover, []Event{Again{}}},
		{"E25", onPick(t, o), PickFailed{"not-matter-device", ""}, "not-matter-device", ScreenPick, []Event{NotListed{}}},
		{"E27 first", stepped(t, "pase"), LinkStalled{}, "btp-retry", ScreenSecuring, []Event{StepReported{Step{ID: "facts", Status: StepStart}}}},
		{"E51", armed(t), NetworkAsked{wifi(), "scan-failed"}, "scan-failed", ScreenNetwork, []Event{SSIDTyped{"Home"}}},
		{"E52", joining(t), NetworkAsked{wifi("Home"), "wifi-not-found"}, "wifi-not-found", ScreenNetwork, []Event{NetworkPicked{0}}},
		{"E53", joining(t), NetworkAsked{wifi("Home"), "wifi-auth"}, "wifi-auth", ScreenNetwork, []Event{JoinWiFi{password}}},
		{"E54", joining(t), NetworkAsked{wifi("Home"), "wifi-security"}, "wifi-security", ScreenNetwork, []Event{NetworkPicked{-1}}},
		{"E55 full", joining(t), NetworkAsked{wifi("Home"), "network-table-full"}, "network-table-full", ScreenNetwork, []Event{NetworkPicked{0}}},
		{"E55 address", joining(t), NetworkAsked{wifi("Home"), "ip-failed"}, "ip-failed", ScreenNetwork, []Event{NetworkPicked{0}}},
		{"E56 core", onThread(t), NetworkAsked{NetworkQuestion{Request: 2, Kind: "thread"}, "thread-dataset"}, "thread-dataset", ScreenNetwork, []Event{DatasetTyped{datasetHex}}},
		{"E56 missing", onThread(t), thread("000300000f"), "thread-no-key", ScreenNetwork, []Event{DatasetTyped{datasetHex}}},
		{"E56 not hex", onThread(t), thread("00 03 xx"), "thread-not-hex", ScreenNetwork, []Event{DatasetTyped{datasetHex}}},
		{"E56 prefix", onThread(t), thread("hex:" + datasetHex), "thread-hex-prefix", ScreenNetwork, []Event{DatasetTyped{datasetHex}}},
		{"E57", at(t, onThread(t), JoinThread{datasetHex}), NetworkAsked{NetworkQuestion{Request: 2, Kind: "thread"}, "thread-not-found"}, "thread-not-found", ScreenNetwork, []Event{DatasetTyped{datasetHex}}},
		{"E61 still looking", at(t, joining(t), steps("discover")...), StepReported{Step{ID: "discover", Status: StepSlow}}, "not-seen", ScreenFinding, steps("complete")},
		{"E71 import", at(t, atHome(t), HomePanel{"import"}), HomeFailed{"import", "storage-failed", "quota"}, "storage-failed", ScreenHome, []Event{HomePanel{"import"}}},
		{"E73", at(t, atHome(t), ShareWanted{node().ID}, ShareOpen{}), WindowFailed{node().ID, "Busy (2)"}, "share-failed", ScreenShare, []Event{ShareOpen{}}},
	}
	for _, test := range tests {
		t.Run(test.row, func(t *testing.T) {
			s := at(t, test.from, test.event)
			if got := shownProblem(s); got != test.want || s.Screen != test.screen {
				t.Fatalf("%q on %s, want %q on %s", got, s.Screen, test.want, test.screen)
			}
			if got := shownProblem(at(t, s, test.mend...)); got == test.want {
				t.Errorf("%#v does not mend it", test.mend)
			}
		})
	}
}

// Rows that end an attempt: the retry point that the sessions give, the one by
// default, and what "Try again" does.
func TestErrorsThatEndIt(t *testing.T) {
	tests := []struct {
		row, id, retry string // retry by default
		again          Screen
		begins         bool
	}{
		{"E26 made", "connect-failed", "restart", ScreenTransport, false},
		{"E26 lost", "connection-lost", "restart", ScreenTransport, false},
		{"E27", "btp-stalled", "restart", ScreenTransport, false},
		{"E31", "wrong-code", "code", ScreenCode, false},
		{"E33 closed", "window-closed", "restart", ScreenTransport, false},
		{"E33 timeout", "pase-timeout", "restart", ScreenTransport, false},
		{"E35 busy", "device-busy", "same", ScreenConnecting, true},
		{"E35 fail-safe", "fail-safe-busy", "same", ScreenConnecting, true},
		{"E35 tab", "other-tab", "same", ScreenConnecting, true},
		{"E41 refused", "attestation-refused", "none", ScreenCode, false},
		{"E41 invalid", "attestation-invalid", "none", ScreenCode, false},
		{"E43", "terms-required", "none", ScreenCode, false},
		{"E44 csr", "csr-invalid", "restart", ScreenTransport, false},
		{"E44 noc", "noc-rejected", "restart", ScreenTransport, false},
		{"E45 full", "fabric-table-full", "none", ScreenCode, false},
		{"E45 conflict", "fabric-conflict", "none", ScreenCode, false},
		{"E58", "retry-refused", "restart", ScreenTransport, false},
		{"E61", "not-seen", "restart", ScreenTransport, false},
		{"E62 case", "case-failed", "restart", ScreenTransport, false},
		{"E62 complete", "complete-refused", "restart", ScreenTransport, false},
		{"E63", "rolled-back", "restart", ScreenTransport, false},
		{"E71 failed", "storage-failed", "same", ScreenConnecting, true},
		{"E71 lost", "storage-lost", "same", ScreenConnecting, true},
		{"unforeseen", "no-such-id", "restart", ScreenTransport, false},
	}
	for _, test := range tests {
		t.Run(test.row, func(t *testing.T) {
			s := failedBy(t, Failed{ID: test.id, Step: "pase", Technical: "why", Status: "X (1)", Params: map[string]string{"junk": "x"}})
			f := s.Failure
			wantID, wantTechnical := test.id, "why"
			if test.id == "no-such-id" {
				wantID, wantTechnical = "unexpected", "no-such-id: why"
			}
			if s.Screen != ScreenFailed || f.ID != wantID || f.Retry != test.retry || f.Technical != wantTechnical || f.Status != "X (1)" || f.Step != "pase" || f.Until != 0 {
				t.Fatalf("%+v", f)
			}
			s, effects := play(t, s, Again{})
			if s.Screen != test.again || s.Failure != nil {
				t.Errorf("again: %s", s.Screen)
			}
			switch test.again {
			case ScreenConnecting:
				has[Begin](t, effects)
				none[Unpick](t, effects)
			case ScreenTransport:
				has[Unpick](t, effects)
				if none[ForgetCode](t, effects); !s.Code.Accepted {
					t.Error("the code is kept")
				}
			case ScreenCode:
				has[Unpick](t, effects)
				if has[ForgetCode](t, effects); s.Code.Accepted {
					t.Error("another code is needed")
				}
			}
			for _, retry := range []string{"same", "network", "restart", "code", "none"} {
				if got := failedBy(t, Failed{ID: test.id, Retry: retry}).Failure.Retry; got != retry {
					t.Errorf("the sessions say %s, not %s", retry, got)
				}
			}
		})
	}
}

func TestWaitingIsCountedDown(t *testing.T) {
	for _, id := range []string{"device-busy", "fail-safe-busy", "retry-refused"} {
		s := failedBy(t, Failed{ID: id, Wait: 42_000})
		if Clock(Left(s, s.Failure.Until)) != "0:42" {
			t.Errorf("%s: until %d", id, s.Failure.Until)
		}
		if s = at(t, s, Tick{31_000}); Clock(Left(s, s.Failure.Until)) != "0:12" {
			t.Errorf("%s: until %d", id, s.Failure.Until)
		}
		if _, effects := play(t, s, Again{}); id == "device-busy" {
			has[Begin](t, effects) // the other app may have been closed
		}
	}
	if s := failedBy(t, Failed{ID: "device-busy", Wait: 1 << 60}); Left(s, s.Failure.Until) > maxWait {
		t.Error("a device does not make us wait for ever")
	}
}

func TestWrongCodesAreCounted(t *testing.T) {
	s := failedBy(t, Failed{ID: "wrong-code", Retry: "code", Params: map[string]string{"n": "99"}})
	if s.Failure.Params["n"] != "1" || s.Failure.Params["of"] != "20" {
		t.Errorf("%v", s.Failure.Params)
	}
	s = at(t, s, Again{}, CodeTyped{goodManual, 0}, Continue{}, RoutePicked{RouteBluetooth}, Continue{}, Picked{"lamp"}, Failed{ID: "wrong-code"})
	if s.Failure.Params["n"] != "2" {
		t.Errorf("%v", s.Failure.Params)
	}
	s = at(t, s, Again{}, CodeTyped{goodManual, 0}, Continue{}, RoutePicked{RouteBluetooth}, Continue{}, Picked{"lamp"}, Commissioned{node()})
	if s.Attempts != 0 {
		t.Error("the right one ends the count")
	}
}

// What sentences name comes from the sessions, else from the state.
func TestParameters(t *testing.T) {
	s := at(t, stepped(t, "link", "pase"), Failed{ID: "connection-lost"})
	if s.Failure.Params["step"] != "pase" {
		t.Errorf("%v", s.Failure.Params)
	}
	if s := failedBy(t, Failed{ID: "connection-lost"}); s.Failure.Params["step"] != "link" {
		t.Errorf("%v", s.Failure.Params)
	}
	if s := failedBy(t, Failed{ID: "connection-lost", Step: "facts"}); s.Failure.Params["step"] != "facts" {
		t.Errorf("%v", s.Failure.Params)
	}
	s = at(t, stepped(t, "pase"), Tick{61_000}, Failed{ID: "pase-timeout"})
	if s.Failure.Params["s"] != "60" {
		t.Errorf("%v", s.Failure.Params)
	}
	if s := failedBy(t, Failed{ID: "pase-timeout"}); s.Failure.Params["s"] != "–" {
		t.Errorf("%v", s.Failure.Params)
	}
	if s := failedBy(t, Failed{ID: "storage-failed", Technical: "quota"}); s.Failure.Params["cause"] != "quota" {
		t.Errorf("%v", s.Failure.Params)
	}
	s = at(t, joining(t), NetworkAsked{wifi("Home"), "wifi-auth"})
	if s.Network.Problem.Params["ssid"] != "Home" {
		t.Errorf("%v", s.Network.Problem.Params)
	}
	s = at(t, onThread(t), JoinStored{"s1"}, NetworkAsked{NetworkQuestion{Request: 3, Kind: "thread"}, "thread-not-found"})
	if s.Network.Problem.Params["name"] != "Living room" || s.NetworkName() != "Living room" {
		t.Errorf("%v", s.Network.Problem.Params)
	}
	o := options()
	o.Agent, o.Routes = None, []Route{RouteBluetooth}
	if p := at(t, onTransport(t, o), Continue{}).Problem; p.Params["command"] != AgentCommand {
		t.Errorf("%v", p.Params)
	}
	s = at(t, onDiscover(t, options()), SearchEnded{ID: "agent-blocked", Technical: "x"})
	if s.Problem.Params["url"] != options().AgentURL || s.Problem.Detail != "x" {
		t.Errorf("%+v", s.Problem)
	}
	if p := onPick(t, options()); problemID(at(t, p, PickFailed{"", "x"}).Problem) != "unexpected" {
		t.Error("an error without an id is unexpected")
	}
}

// E07: whatever is shown, it is not lost in silence; and what is finished stays.
func TestProgramDies(t *testing.T) {
	for name, s := range everyScreen(t) {
		after, effects := play(t, s, Died{"boom"})
		none[Closed](t, effects)
		if after.run.active || after.run.stops > 0 {
			t.Errorf("%s: something runs", name)
		}
		want, problem := ScreenFailed, "core-dead"
		switch s.Screen {
		case ScreenIdle, ScreenHome, ScreenDevice, ScreenShare, ScreenDone:
			want, problem = s.Screen, "core-stopped"
		case ScreenStopped:
			want, problem = s.Screen, ""
		}
		if s.Screen == ScreenIdle {
			problem = ""
		}
		if after.Screen != want || shownProblem(after) != problem {
			t.Errorf("%s: %s on %s", name, shownProblem(after), after.Screen)
		}
		if after.Screen == ScreenFailed {
			if after.Failure.Retry != "restart" || after.Failure.Technical != "boom" {
				t.Errorf("%+v", after.Failure)
			}
			if again := at(t, after, Again{}); again.Screen != ScreenCode || again.Code.Accepted {
				t.Errorf("%s: the worker kept the code; now it is on %s", name, again.Screen)
			}
		}
	}
	s, effects := play(t, at(t, connecting(t, options()), Back{}, Back{}), Died{})
	has[Unpick](t, effects)
	if _, effects := play(t, s, Again{}, CodeTyped{goodManual, 0}, Continue{}, RoutePicked{RouteBluetooth}, Continue{}, Picked{"x"}); len(effects) > 0 {
		has[Begin](t, effects) // what the dead one owed is not waited for
	}
	_, effects = play(t, at(t, atHome(t), Died{}), Again{})
	has[ReadHome](t, effects)
	_, effects = play(t, at(t, onDevice(t), Died{}), Again{})
	has[ReadDevice](t, effects)
	if s := at(t, sharing(t), Died{}, Again{}); s.Share.Phase != "choose" || s.Share.Problem != nil {
		t.Errorf("%+v", s.Share)
	}
}

// Retrying in place needs what the attempt needed: a way that is gone leads back
// to the ways.
func TestRetryWhereTheWayIsGone(t *testing.T) {
	s := at(t, failedBy(t, Failed{ID: "device-busy"}), Configured{bluetoothIs(Off)}, Again{})
	if s.Screen != ScreenTransport {
		t.Error(s.Screen)
	}
	s = at(t, overNetwork(t, options()), Failed{ID: "agent-unreachable"}, Configured{agentIs(Unreachable)}, Again{})
	if s.Screen != ScreenTransport {
		t.Error(s.Screen)
	}
	s, effects := play(t, at(t, overNetwork(t, options()), Failed{ID: "not-found"}), Again{})
	if has[Search](t, effects); s.Screen != ScreenDiscover {
		t.Error(s.Screen)
	}
	s, effects = play(t, at(t, overNetwork(t, options()), Failed{ID: "device-busy"}), Again{})
	if has[Begin](t, effects).Candidate != "a" || s.Screen != ScreenConnecting {
		t.Error("the same device again")
	}
	s = at(t, connecting(t, managed()), Failed{ID: "storage-lost"}, Again{})
	if s.Screen != ScreenHome || s.Home.Panel != "import" {
		t.Error("lost keys are imported at home")
	}
}
