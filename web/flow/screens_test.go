package flow

import (
	"slices"
	"testing"
)

// One test per row of the table of screens: what is shown, and every way of
// leaving.
func TestScreens(t *testing.T) {
	o := options()
	alone := options()
	alone.Agent, alone.Routes = None, []Route{RouteBluetooth}
	host := options()
	host.Routes = []Route{RouteHost}
	tests := []struct {
		name  string
		from  State
		event Event
		want  Screen
	}{
		{"idle, started", New(o), Started{}, ScreenCode},
		{"idle, started with a code", New(o), Started{goodQR}, ScreenCode},
		{"idle, started where homes are managed", New(managed()), Started{}, ScreenHome},
		{"idle, anything else", New(o), Continue{}, ScreenIdle},
		{"code, a valid one", coded(t, o), Continue{}, ScreenTransport},
		{"code, half of one", at(t, begun(t, o), CodeTyped{"3497", 4}), Continue{}, ScreenCode},
		{"code, to the camera", begun(t, o), ScanWanted{}, ScreenScan},
		{"code, closed", begun(t, o), Close{}, ScreenIdle},
		{"code, back home", at(t, atHome(t), AddWanted{}), Back{}, ScreenHome},
		{"code, back without a home", begun(t, o), Back{}, ScreenCode},
		{"scan, the first valid code", at(t, begun(t, o), ScanWanted{}), Scanned{[]string{goodQR}}, ScreenCode},
		{"scan, another code", at(t, begun(t, o), ScanWanted{}), Scanned{[]string{"https://example.com"}}, ScreenScan},
		{"scan, type instead", at(t, begun(t, o), ScanWanted{}), TypeInstead{}, ScreenCode},
		{"scan, back", at(t, begun(t, o), ScanWanted{}), Back{}, ScreenCode},
		{"scan, something pasted", at(t, begun(t, o), ScanWanted{}), CodeTyped{goodQR, 0}, ScreenCode},
		{"scan, a picture dropped", at(t, begun(t, o), ScanWanted{}), PictureGiven{}, ScreenCode},
		{"transport, Bluetooth", at(t, onTransport(t, o), RoutePicked{RouteBluetooth}), Continue{}, ScreenPick},
		{"transport, Bluetooth without a way over the network", onTransport(t, alone), Continue{}, ScreenTransport},
		{"transport, all the same", at(t, onTransport(t, alone), Continue{}), GoOnAlone{}, ScreenPick},
		{"transport, all the same, not asked for", onTransport(t, alone), GoOnAlone{}, ScreenTransport},
		{"transport, home network", at(t, onTransport(t, o), RoutePicked{RouteAgent}), Continue{}, ScreenDiscover},
		{"transport, the host's", onTransport(t, host), Continue{}, ScreenConnecting},
		{"transport, back", onTransport(t, o), Back{}, ScreenCode},
		{"pick, chosen", onPick(t, o), Picked{"lamp"}, ScreenConnecting},
		{"pick, dismissed", onPick(t, o), PickFailed{"picker-dismissed", ""}, ScreenPick},
		{"pick, back", onPick(t, o), Back{}, ScreenTransport},
		{"discover, one chosen", at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Open: 1}}), CandidatePicked{"a"}, ScreenConnecting},
		{"discover, an unknown one", onDiscover(t, o), CandidatePicked{"b"}, ScreenDiscover},
		{"discover, one exact", at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Open: 1, Exact: true}}), Tick{9_000}, ScreenConnecting},
		{"discover, one exact, too early", at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Open: 1, Exact: true}}), Tick{1_500}, ScreenDiscover},
		{"discover, one exact, searched", at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Open: 1, Exact: true}}), SearchEnded{}, ScreenConnecting},
		{"discover, one for a manual code", at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Open: 1}}), Tick{4_000}, ScreenConnecting},
		{"discover, one for a manual code, too early", at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Open: 1}}), Tick{3_900}, ScreenDiscover},
		{"discover, one for a manual code, another just came", at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Open: 1}}, Tick{3_000}, CandidateFound{Candidate{ID: "b"}}), Tick{5_000}, ScreenDiscover},
		{"discover, one for a manual code, another is closed", at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Open: 1}}, CandidateFound{Candidate{ID: "b"}}), Tick{4_000}, ScreenConnecting},
		{"discover, two for a manual code", at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Open: 1}}, CandidateFound{Candidate{ID: "b", Open: 1}}, Tick{9_000}), SearchEnded{}, ScreenDiscover},
		{"discover, one for a manual code, searched", at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Open: 1}}), SearchEnded{}, ScreenConnecting},
		{"discover, one that does not fit a QR code in all", at(t, scannedDiscover(t), CandidateFound{Candidate{ID: "a", Open: 1}}, Tick{9_000}), SearchEnded{}, ScreenDiscover},
		{"discover, one that is closed", at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Exact: true}}, Tick{9_000}), SearchEnded{}, ScreenDiscover},
		{"discover, several", at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Open: 1, Exact: true}}, CandidateFound{Candidate{ID: "b", Open: 1, Exact: true}}, Tick{9_000}), SearchEnded{}, ScreenDiscover},
		{"discover, none", onDiscover(t, o), SearchEnded{}, ScreenDiscover},
		{"discover, back", onDiscover(t, o), Back{}, ScreenTransport},
		{"connecting, reached", at(t, connecting(t, o), steps("link")...), steps("pase")[0], ScreenSecuring},
		{"connecting, back", connecting(t, o), Back{}, ScreenPick},
		{"connecting by network, back", overNetwork(t, o), Back{}, ScreenTransport},
		{"connecting, stopped", connecting(t, o), Stop{}, ScreenIdle},
		{"securing, session", stepped(t, "pase"), steps("facts")[0], ScreenChecking},
		{"securing, back", stepped(t, "pase"), Back{}, ScreenPick},
		{"securing, an older step", stepped(t, "pase"), steps("link")[0], ScreenSecuring},
		{"checking, not armed, back", stepped(t, "facts"), Back{}, ScreenPick},
		{"checking, armed, back", armed(t), Back{}, ScreenChecking},
		{"checking, certified", armed(t), AttestationAsked{Attestation{Request: 1, Verdict: "certified"}}, ScreenChecking},
		{"checking, certified, goes on", at(t, armed(t), AttestationAsked{Attestation{Request: 1, Verdict: "certified"}}), steps("scan")[0], ScreenNetwork},
		{"checking, on the network", at(t, armed(t), steps("attestation")...), steps("csr")[0], ScreenJoining},
		{"checking, unlisted", armed(t), AttestationAsked{Attestation{Request: 1, Verdict: "unlisted"}}, ScreenDecide},
		{"checking, test", armed(t), AttestationAsked{Attestation{Request: 1, Verdict: "test"}}, ScreenDecide},
		{"checking, invalid", armed(t), AttestationAsked{Attestation{Request: 1, Verdict: "invalid"}}, ScreenChecking},
		{"checking, a verdict nobody knows", armed(t), AttestationAsked{Attestation{Request: 1, Verdict: "fine"}}, ScreenChecking},
		{"decide, stop here", deciding(t, "unlisted"), AttestationAnswered{false}, ScreenChecking},
		{"decide, anyway", deciding(t, "unlisted"), AttestationAnswered{true}, ScreenChecking},
		{"decide, the host did", deciding(t, "unlisted"), steps("scan")[0], ScreenNetwork},
		{"decide, back", deciding(t, "unlisted"), Back{}, ScreenDecide},
		{"network, join", onNetwork(t), JoinWiFi{password}, ScreenJoining},
		{"network, stored", onThread(t), JoinStored{"s1"}, ScreenJoining},
		{"network, not stored", onThread(t), JoinStored{"s2"}, ScreenNetwork},
		{"network, dataset", onThread(t), JoinThread{datasetHex}, ScreenJoining},
		{"network, back", onNetwork(t), Back{}, ScreenNetwork},
		{"network, the host did", onNetwork(t), steps("csr")[0], ScreenJoining},
		{"joining, another one", joining(t), NetworkAsked{wifi("Home"), "wifi-auth"}, ScreenNetwork},
		{"joining, joined", joining(t), steps("discover")[0], ScreenFinding},
		{"finding, found", at(t, joining(t), steps("discover", "case")...), steps("complete")[0], ScreenFinishing},
		{"finishing, finished", at(t, joining(t), steps("complete")...), Commissioned{node()}, ScreenDone},
		{"done, closed", done(t, o), Close{}, ScreenIdle},
		{"done, closed, managed", done(t, managed()), Close{}, ScreenHome},
		{"done, another", done(t, o), Again{}, ScreenCode},
		{"done, share", done(t, o), ShareWanted{node().ID}, ScreenShare},
		{"done, share something else", done(t, o), ShareWanted{"0"}, ScreenDone},
		{"done, try it", done(t, o), DeviceWanted{node().ID}, ScreenDevice},
		{"done, back", done(t, o), Back{}, ScreenDone},
		{"share, back to done", at(t, done(t, o), ShareWanted{node().ID}), Back{}, ScreenDone},
		{"share, back home", sharing(t), Back{}, ScreenHome},
		{"share, back to the device", at(t, onDevice(t), ShareWanted{node().ID}), Back{}, ScreenDevice},
		{"share, closed", at(t, done(t, o), ShareWanted{node().ID}), Close{}, ScreenIdle},
		{"device, back home", onDevice(t), Back{}, ScreenHome},
		{"device, back to done", at(t, done(t, o), DeviceWanted{node().ID}), Back{}, ScreenDone},
		{"device, removed", at(t, onDevice(t), RemoveWanted{}, RemoveAnswered{true, false}), DeviceRemoved{node().ID}, ScreenHome},
		{"device, closed", onDevice(t), Close{}, ScreenHome},
		{"home, add", atHome(t), AddWanted{}, ScreenCode},
		{"home, one device", atHome(t), DeviceWanted{node().ID}, ScreenDevice},
		{"home, closed", atHome(t), Close{}, ScreenIdle},
		{"failed, closed", failedBy(t, Failed{ID: "not-seen"}), Close{}, ScreenIdle},
		{"armed, stop, no", at(t, armed(t), Stop{}), StopAnswered{false}, ScreenChecking},
		{"armed, stop, yes", at(t, armed(t), Stop{}), StopAnswered{true}, ScreenStopped},
		{"not asked, yes", armed(t), StopAnswered{true}, ScreenChecking},
		{"stopping, started again", at(t, armed(t), Stop{}, StopAnswered{true}), Again{}, ScreenStopped},
		{"stopping, it was too late", at(t, armed(t), Stop{}, StopAnswered{true}), Commissioned{node()}, ScreenDone},
		{"stopped, start again", at(t, armed(t), Stop{}, StopAnswered{true}, StopDone{}), Again{}, ScreenCode},
		{"stopped, closed", at(t, armed(t), Stop{}, StopAnswered{true}, StopDone{}), Close{}, ScreenIdle},
		{"the host stopped it", armed(t), StopDone{true, 0}, ScreenStopped},
		{"cancelled by the sessions", armed(t), Failed{ID: "cancelled", Wait: 1000}, ScreenStopped},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := at(t, test.from, test.event).Screen; got != test.want {
				t.Errorf("%s × %#v: %s, want %s", test.from.Screen, test.event, got, test.want)
			}
		})
	}
}

func TestStages(t *testing.T) {
	want := map[Screen]Stage{
		ScreenCode: StageCode, ScreenScan: StageCode, ScreenTransport: StageConnect, ScreenPick: StageConnect,
		ScreenDiscover: StageConnect, ScreenConnecting: StageConnect, ScreenSecuring: StageConnect, ScreenChecking: StageCheck,
		ScreenDecide: StageCheck, ScreenNetwork: StageNetwork, ScreenJoining: StageNetwork, ScreenFinding: StageFinish, ScreenFinishing: StageFinish,
	}
	for name, s := range everyScreen(t) {
		if s.Screen == ScreenFailed || s.Screen == ScreenStopped {
			continue
		}
		if got := s.Stage(); got != want[s.Screen] {
			t.Errorf("%s: stage %d, want %d", name, got, want[s.Screen])
		}
	}
	for _, test := range []struct {
		step string
		want Stage
	}{{"pase", StageConnect}, {"attestation", StageCheck}, {"connect", StageNetwork}, {"case", StageFinish}, {"", StageConnect}} {
		if got := failedBy(t, Failed{ID: "unexpected", Step: test.step}).Stage(); got != test.want {
			t.Errorf("failed in %q: stage %d, want %d", test.step, got, test.want)
		}
	}
	if got := at(t, joining(t), Stop{}, StopAnswered{true}).Stage(); got != StageCheck {
		t.Errorf("stopped after the last step of stage 3: stage %d", got)
	}
	if got := (State{Screen: ScreenStopped}).Stage(); got != StageCode {
		t.Errorf("stopped before anything: stage %d", got)
	}
}

// The clock runs where something on the screen depends on it, and nowhere else.
func TestTicking(t *testing.T) {
	still := []string{"idle", "code", "code typed", "code accepted", "scan", "transport", "pick", "done", "failed", "home", "device", "share from done", "home reading"}
	for name, s := range everyScreen(t) {
		runs := map[string]bool{
			"discover": true, "stopping": true, "stopped": true, "share": true, "failed code": false, "going back": false,
			"device from done": false, "done, managed": false,
		}
		want, listed := runs[name]
		if !listed {
			want = rank(s.Screen) > 0
			if !want && !slices.Contains(still, name) {
				t.Errorf("%s is in no list", name)
			}
		}
		if s.Ticking() != want {
			t.Errorf("%s: ticking is %v", name, !want)
		}
	}
	scan := at(t, begun(t, options()), ScanWanted{}, ScanChanged{Phase: "live"})
	if !scan.Ticking() || scan.ScanHint() {
		t.Error("the scanner has to wait for its advice")
	}
	scan = at(t, scan, Tick{11_000})
	if scan.Ticking() || !scan.ScanHint() {
		t.Error("after ten seconds the scanner gives advice")
	}
	waiting := failedBy(t, Failed{ID: "device-busy", Wait: 5_000})
	if !waiting.Ticking() || at(t, waiting, Tick{6_000}).Ticking() {
		t.Error("a countdown runs until it is over")
	}
	copied := at(t, done(t, options()), Copied{true})
	if !copied.Ticking() || copied.Notice != "notice.copied" {
		t.Error("a notice goes by itself")
	}
	if after := at(t, copied, Tick{7_000}); after.Notice != "" || after.Ticking() {
		t.Error("a notice has to go")
	}
}

func TestCanGoBack(t *testing.T) {
	no := []string{"idle", "code", "code typed", "code accepted", "armed", "decide", "decide test", "network", "thread", "scanning", "joining", "finding",
		"finishing", "done", "done, managed", "failed", "failed code", "stopping", "stopped", "asking", "home", "home reading"}
	for name, s := range everyScreen(t) {
		if want := !slices.Contains(no, name); s.CanGoBack() != want {
			t.Errorf("%s: can go back is %v", name, !want)
		}
		after, effects := Update(s, Back{})
		if !s.CanGoBack() && (after.Screen != s.Screen || len(effects) > 0) {
			t.Errorf("%s: Back leads to %s, %#v", name, after.Screen, effects)
		}
		if s.CanGoBack() && after.Screen == s.Screen {
			t.Errorf("%s: Back leads nowhere", name)
		}
	}
}

// The whole of it, over Bluetooth: every effect, in order.
func TestHappyPath(t *testing.T) {
	s, effects := play(t, New(options()),
		Tick{1}, Started{}, CodeTyped{goodManual, 11}, Continue{}, RoutePicked{RouteBluetooth}, Continue{}, PickWanted{}, Picked{"lamp"})
	s, more := play(t, s, slices.Concat(
		steps("payload", "link", "pase", "facts", "fail-safe", "regulatory", "time", "attestation"),
		[]Event{AttestationAsked{Attestation{Request: 3, Verdict: "unlisted"}}, AttestationAnswered{true}},
		steps("scan"),
		[]Event{NetworkAsked{Question: wifi("Home")}, JoinWiFi{password}},
		steps("csr", "root", "noc", "network", "connect", "discover", "case", "complete", "label"),
		[]Event{Commissioned{node()}, Close{}})...)
	want := []Effect{
		KeepCode{goodManual}, CheckAgent{}, Pick{}, Begin{Route: RouteBluetooth}, Decide{3, true},
		Join{Request: 9, Kind: "wifi", SSID: []byte("Home"), Password: password}, ForgetCode{}, Unpick{}, Closed{"commissioned"},
	}
	if got := dump(slices.Concat(effects, more)); got != dump(want) {
		t.Errorf("effects\n%s\nwant\n%s", got, dump(want))
	}
	if s.Screen != ScreenIdle {
		t.Errorf("the end is %s", s.Screen)
	}
}

func TestOutcomes(t *testing.T) {
	for want, s := range map[string]State{
		"commissioned": done(t, options()), "failed": failedBy(t, Failed{ID: "not-seen"}), "cancelled": onPick(t, options()),
	} {
		for _, e := range []Event{Close{}, Stop{}} {
			_, effects := play(t, s, e)
			if got := has[Closed](t, effects); got.Outcome != want {
				t.Errorf("%s × %T: outcome %s, want %s", s.Screen, e, got.Outcome, want)
			}
		}
	}
	s := at(t, failedBy(t, Failed{ID: "connection-lost"}), Again{})
	if _, effects := play(t, s, Close{}); has[Closed](t, effects).Outcome != "cancelled" {
		t.Error("a failure that was tried again is no outcome")
	}
	_, effects := play(t, at(t, done(t, options()), ShareWanted{node().ID}), Stop{})
	if has[Closed](t, effects).Outcome != "commissioned" {
		t.Error("stopped while sharing, the device is commissioned all the same")
	}
}

// Before the device is armed Back undoes at once, and a new beginning waits for
// the old one to end: there are never two.
func TestOneAtATime(t *testing.T) {
	s, effects := play(t, connecting(t, options()), Back{})
	has[Cancel](t, effects)
	none[Unpick](t, effects) // the undoing goes over it
	s, effects = play(t, s, PickWanted{}, Picked{"other"})
	none[Begin](t, effects)
	if s.Screen != ScreenConnecting {
		t.Fatal(s.Screen)
	}
	late := []Event{StepReported{Step{ID: "pase", Status: StepStart}}, Failed{ID: "wrong-code"}}
	if late := at(t, s, late...); late.Screen != ScreenConnecting || late.Attempts != 0 {
		t.Error("what the old one says is of no interest")
	}
	s, effects = play(t, s, StopDone{true, 0})
	has[Begin](t, effects)
	none[Unpick](t, effects)
	at(t, s, steps("pase")...)

	_, effects = play(t, connecting(t, options()), Back{}, Back{}, StopDone{true, 0})
	has[Unpick](t, effects)
	_, effects = play(t, at(t, connecting(t, options()), Back{}, Picked{"x"}), Back{}, StopDone{true, 0})
	none[Begin](t, effects)
	s, effects = play(t, at(t, connecting(t, options()), Back{}, Picked{"x"}), Commissioned{node()})
	if s.Screen != ScreenDone {
		t.Error("it was too late to undo it")
	}
	none[Begin](t, effects)
	s = at(t, connecting(t, options()), Close{}, Started{}, CodeTyped{goodQR, 0}, Continue{}, RoutePicked{RouteBluetooth}, Continue{})
	if _, effects = play(t, s, Picked{"x"}); s.run.stops != 1 {
		t.Error("a closed wizard still waits for its end")
	}
	none[Begin](t, effects)
	if at(t, at(t, connecting(t, options()), Close{}), Commissioned{node()}, StopDone{}).Screen != ScreenIdle {
		t.Error("a closed wizard stays closed")
	}
}

func TestStopping(t *testing.T) {
	s, effects := play(t, armed(t), Back{})
	if len(effects) > 0 || !s.ConfirmStop {
		t.Fatal("an armed device is left only after asking")
	}
	if moved := at(t, s, steps("csr")...); !moved.ConfirmStop {
		t.Error("what goes on meanwhile must not take the question away")
	}
	s, effects = play(t, s, StopAnswered{true})
	has[Cancel](t, effects)
	if s.Stopped.Phase != "stopping" || s.Armed {
		t.Errorf("%+v", s.Stopped)
	}
	s, effects = play(t, s, StopDone{false, 42_000})
	has[Unpick](t, effects)
	if s.Stopped != (Stopped{"stopped", false, 43_000}) || Clock(Left(s, s.Stopped.Until)) != "0:42" {
		t.Errorf("%+v", s.Stopped)
	}
	s = at(t, s, Again{})
	if !s.Code.Accepted || s.Screen != ScreenCode {
		t.Error("the code is kept")
	}
	if s := at(t, armed(t), Stop{}, StopAnswered{true}, StopDone{true, 42_000}); s.Stopped.Until != 0 || !s.Stopped.RolledBack {
		t.Error("what is undone needs no waiting")
	}
	if s := at(t, armed(t), Stop{}, Failed{ID: "not-seen"}); s.ConfirmStop || s.Screen != ScreenFailed {
		t.Error("it ended by itself")
	}
}

func TestStepsAreListed(t *testing.T) {
	s := at(t, connecting(t, options()),
		StepReported{Step{ID: "link", Status: StepStart}}, Tick{3_000},
		StepReported{Step{ID: "link", Status: StepDone, Elapsed: 1_900}},
		StepReported{Step{ID: "pase", Status: StepStart, Expected: 1234}},
		StepReported{Step{ID: "nonsense", Status: StepStart}}, StepReported{Step{ID: "facts", Status: "odd"}},
		StepReported{Step{ID: "time", Status: StepSkipped}})
	if len(s.Steps) != 3 || s.Armed {
		t.Fatalf("%+v, armed %v", s.Steps, s.Armed)
	}
	left := Milliseconds(60_000)
	if armed := at(t, s, StepReported{Step{ID: "fail-safe", Status: StepStart, FailSafe: &left}}); armed.FailSafeEnds != armed.Now+60_000 {
		t.Errorf("the device undoes everything at %d, at %d", armed.FailSafeEnds, armed.Now)
	}
	if want := (Step{ID: "link", Stage: StageConnect, Status: StepDone, StartedAt: 1000, Elapsed: 1_900, Expected: 10_000}); s.Steps[0] != want {
		t.Errorf("%+v, want %+v", s.Steps[0], want)
	}
	current, ok := s.Current()
	if !ok || current.ID != "pase" || current.Expected != 1234 {
		t.Errorf("current %+v", current)
	}
	s = at(t, s, Tick{5_000})
	if s.Running(current) != 2_000 || !s.Late(current) || s.Late(s.Steps[0]) || s.Running(s.Steps[0]) != 1_900 {
		t.Error("a step that takes longer than usual is late")
	}
	s = at(t, s, StepReported{Step{ID: "pase", Status: StepDone}})
	if current, _ := s.Current(); current.ID != "pase" {
		t.Errorf("the last one counts if none is open: %+v", current)
	}
	if _, ok := (State{}).Current(); ok {
		t.Error("there is none yet")
	}
	s = at(t, s, StepReported{Step{ID: "link", Status: StepStart}})
	if s.Steps[len(s.Steps)-1].StartedAt != 5_000 {
		t.Error("a step that is done again begins anew")
	}
	for id, screen := range map[string]Screen{
		"payload": ScreenConnecting, "link": ScreenConnecting, "pase": ScreenSecuring, "facts": ScreenChecking, "fail-safe": ScreenChecking,
		"regulatory": ScreenChecking, "time": ScreenChecking, "attestation": ScreenChecking, "scan": ScreenNetwork, "csr": ScreenJoining,
		"root": ScreenJoining, "noc": ScreenJoining, "network": ScreenJoining, "connect": ScreenJoining, "discover": ScreenFinding,
		"case": ScreenFinding, "complete": ScreenFinishing, "label": ScreenFinishing,
	} {
		if got := stepped(t, id); got.Screen != screen || got.Armed != (rank(screen) > 2 && id != "facts") {
			t.Errorf("step %s: screen %s, armed %v", id, got.Screen, got.Armed)
		}
	}
}

func TestClock(t *testing.T) {
	for ms, want := range map[Milliseconds]string{-1: "0:00", 0: "0:00", 1: "0:01", 42_000: "0:42", 291_000: "4:51", 600_000: "10:00", 59_001: "1:00"} {
		if got := Clock(ms); got != want {
			t.Errorf("%d ms: %s, want %s", ms, got, want)
		}
	}
	if Left(State{Now: 10}, 4) != 0 || Left(State{Now: 4}, 10) != 6 {
		t.Error("what is left is never negative")
	}
}

func TestNewCleansOptions(t *testing.T) {
	s := New(Options{Routes: []Route{"odd", RouteAgent, RouteAgent}, FabricLabel: "a\u202eb"})
	if s.Screen != ScreenIdle || !slices.Equal(s.Options.Routes, []Route{RouteAgent}) || s.Options.FabricLabel != "ab" {
		t.Errorf("%+v", s.Options)
	}
	if s := at(t, New(Options{}), Tick{5}, Tick{3}); s.Now != 5 {
		t.Error("the clock never runs backwards")
	}
	if s := at(t, joining(t), Started{}); s.Screen != ScreenJoining {
		t.Error("what runs is not begun anew")
	}
}
