package flow

import (
	"testing"
)

// Reports from the field, as far as they reach the wizard.

// An acknowledgement must not be sent twice, a slow write must not reorder what
// was decided: here, that an event is one step whose effects are told in order,
// and the same event again makes no second one.
func TestField_F14_NothingIsDoneTwice(t *testing.T) {
	for name, test := range map[string]struct {
		s State
		e Event
	}{
		"picked": {onPick(t, options()), Picked{"lamp"}}, "answer": {deciding(t, "unlisted"), AttestationAnswered{true}},
		"join": {onNetwork(t), JoinWiFi{password}}, "stop": {at(t, armed(t), Stop{}), StopAnswered{true}},
		"window": {at(t, atHome(t), ShareWanted{node().ID}), ShareOpen{}}, "close": {sharing(t), ShareClose{}},
		"remove": {at(t, onDevice(t), RemoveWanted{}), RemoveAnswered{true, false}}, "switch": {onDevice(t), Switched{1, true}},
	} {
		s, effects := play(t, test.s, test.e)
		if len(effects) == 0 {
			t.Errorf("%s: nothing done", name)
		}
		if _, effects := play(t, s, test.e); len(effects) > 0 {
			t.Errorf("%s: done again: %#v", name, effects)
		}
	}
}

// The page asks for one small thing at a time of a connection: there is never a
// second beginning on it.
func TestField_F15_OneConnection(t *testing.T) {
	s := connecting(t, options())
	for _, e := range []Event{Picked{"other"}, PickWanted{}, NotListed{}, CandidatePicked{"a"}, Again{}, Continue{}, Started{goodQR}, AddWanted{}} {
		if _, effects := play(t, s, e); len(effects) > 0 {
			t.Errorf("%T: %#v", e, effects)
		}
	}
}

// A plug that swallows large segments: one sentence while it is tried with small
// ones, and one precise sentence if that does not help either.
func TestField_F16_SmallPackets(t *testing.T) {
	s := at(t, stepped(t, "link"), LinkStalled{})
	if problemID(s.Problem) != "btp-retry" || s.Screen != ScreenConnecting {
		t.Fatalf("%+v", s.Problem)
	}
	if s := at(t, s, steps("pase")...); s.Problem != nil || s.Screen != ScreenSecuring {
		t.Error("it goes on, and the sentence goes")
	}
	s = at(t, s, Failed{ID: "btp-stalled", Step: "link", Retry: "restart"})
	if s.Failure.ID != "btp-stalled" || s.Failure.Retry != "restart" {
		t.Errorf("%+v", s.Failure)
	}
	if s := at(t, overNetwork(t, options()), LinkStalled{}); s.Problem != nil {
		t.Error("that is not about this way")
	}
	if s := at(t, onPick(t, options()), LinkStalled{}); s.Problem != nil {
		t.Error("nothing is connected")
	}
}

// One field takes both forms and says which it sees; the failed step and the
// reason are on the page.
func TestField_F19_OneFieldAndTheReason(t *testing.T) {
	if s := at(t, begun(t, options()), CodeTyped{goodQR, 0}); s.Code.Form != "qr" {
		t.Error(s.Code.Form)
	}
	if s := coded(t, options()); s.Code.Form != "manual" {
		t.Error(s.Code.Form)
	}
	kinds := map[string]string{
		"length": "3497011233", "character": "3497011233x", "check digit": "34970112333", "version": "89123456789",
		"inconsistent": checked("40000000006552100000"), "range": checked("0999990000"), "passcode": checked("0000000000"),
		"padding": "MT:Y.K9042C00KA0648G0.",
	}
	sentences := map[string]string{}
	for kind, code := range kinds {
		s, effects := play(t, begun(t, options()), CodeTyped{code, 0}, Continue{})
		if none[KeepCode](t, effects); s.Screen != ScreenCode || s.Code.Problem == nil {
			t.Errorf("%s: %s goes on", kind, code)
			continue
		}
		if other, taken := sentences[s.Code.Problem.ID]; taken && kind != "padding" && other != "padding" {
			t.Errorf("%s and %s have the same sentence, %s", kind, other, s.Code.Problem.ID)
		}
		sentences[s.Code.Problem.ID] = kind
	}
	f := failedBy(t, Failed{ID: "csr-invalid", Step: "csr", Status: "FAILURE (1)", Technical: "no key"}).Failure
	if f.Step != "csr" || f.Status != "FAILURE (1)" || f.Technical != "no key" {
		t.Errorf("%+v", f)
	}
}

// The channel may go after the device has its certificate: that is no failure
// unless the sessions say so, and the network screens go on.
func TestField_F24_BluetoothMayDrop(t *testing.T) {
	s := at(t, joining(t), steps("noc", "network", "connect")...)
	s = at(t, s, PickFailed{"connection-lost", ""}, LinkStalled{})
	if s.Screen != ScreenJoining {
		t.Fatal(s.Screen)
	}
	if s = at(t, s, steps("discover", "case")...); s.Screen != ScreenFinding {
		t.Error(s.Screen)
	}
}

// A finding is shown and somebody decides; a proof that failed is never accepted.
func TestField_F25_VerdictsAreDecided(t *testing.T) {
	for _, test := range []struct {
		verdict string
		allow   bool
		can     bool
	}{{"unlisted", false, true}, {"test", true, true}, {"test", false, false}} {
		o := options()
		o.AllowTest = test.allow
		s := at(t, deciding(t, test.verdict), Configured{o})
		if s.CanAccept() != test.can {
			t.Errorf("%+v", test)
		}
		after, effects := play(t, s, AttestationAnswered{true})
		if test.can {
			if !has[Decide](t, effects).Accept || after.Screen != ScreenChecking || after.CanAccept() {
				t.Errorf("%+v: %s", test, after.Screen)
			}
			continue
		}
		if none[Decide](t, effects); after.Screen != ScreenDecide {
			t.Errorf("%+v: %s", test, after.Screen)
		}
		if _, effects := play(t, s, AttestationAnswered{false}); has[Decide](t, effects).Accept {
			t.Error("refused is refused")
		}
	}
	s := deciding(t, "unlisted")
	if s.DecideUntil() != 901_000 || armed(t).DecideUntil() != 0 || at(t, s, AttestationAnswered{true}).DecideUntil() != 0 {
		t.Error("the device waits for fifteen minutes, and that is shown while it does")
	}
	for _, verdict := range []string{"invalid", "", "certified!"} {
		s := at(t, armed(t), AttestationAsked{Attestation{Request: 1, Verdict: verdict}})
		if s.Attestation.Verdict != "invalid" || s.CanAccept() {
			t.Errorf("%q: %+v", verdict, s.Attestation)
		}
		_, effects := play(t, s, AttestationAnswered{true})
		none[Decide](t, effects)
	}
}

// Without an adapter operation queue two things at once break a connection; the
// wizard never asks for a second one before the first has ended.
func TestField_F29_NeverTwoInFlight(t *testing.T) {
	s, effects := play(t, connecting(t, options()), Back{}, Picked{"a"}, Back{}, Picked{"b"}, Back{}, Picked{"c"})
	has[Cancel](t, effects)
	none[Begin](t, effects)
	_, effects = play(t, s, StopDone{})
	has[Begin](t, effects)
	// What comes in the same moment as the list's answer is not lost.
	if s := at(t, onPick(t, options()), Picked{"lamp"}, StepReported{Step{ID: "link", Status: StepStart}}); len(s.Steps) != 1 {
		t.Error("the first step is lost")
	}
}

// Devices that do not announce Matter: a second button lists all, and one that
// turns out not to be one has its sentence.
func TestField_F30_NotListed(t *testing.T) {
	_, effects := play(t, onPick(t, options()), PickWanted{})
	if has[Pick](t, effects).Any {
		t.Error("first, only those of Matter")
	}
	_, effects = play(t, onPick(t, options()), Continue{})
	if has[Pick](t, effects).Any {
		t.Error("first, only those of Matter")
	}
	s, effects := play(t, onPick(t, options()), PickFailed{"picker-dismissed", ""}, NotListed{})
	if !has[Pick](t, effects).Any || s.Problem != nil {
		t.Error("then all")
	}
	if s := at(t, s, PickFailed{"not-matter-device", ""}); problemID(s.Problem) != "not-matter-device" || s.Screen != ScreenPick {
		t.Errorf("%+v", s.Problem)
	}
	_, effects = play(t, onTransport(t, options()), NotListed{})
	none[Pick](t, effects)
	if s := at(t, s, Picked{""}); s.Screen != ScreenConnecting || s.PickedName != "" {
		t.Error("many have no name")
	}
}

// Over Bluetooth without a way over the network, it is said before the first
// octet goes to the device; and again where it stops, if somebody goes on.
func TestSecondLegIsAskedForFirst(t *testing.T) {
	o := options()
	o.Agent, o.Routes = None, []Route{RouteBluetooth}
	s, effects := play(t, onTransport(t, o), Continue{})
	none[Pick](t, effects)
	if problemID(s.Problem) != "no-ip-path" || s.Problem.Params["command"] != AgentCommand {
		t.Fatalf("%+v", s.Problem)
	}
	if s := at(t, s, Configured{options()}); s.Problem != nil {
		t.Error("an agent came")
	}
	s = at(t, s, GoOnAlone{}, Picked{"lamp"})
	s = at(t, s, steps("pase", "attestation", "csr", "connect", "discover")...)
	if s.Screen != ScreenFinding || problemID(s.Problem) != "no-ip-path" {
		t.Errorf("%s %+v", s.Screen, s.Problem)
	}
	if s := at(t, s, StepReported{Step{ID: "discover", Status: StepSlow}}); problemID(s.Problem) != "no-ip-path" {
		t.Error("what is missing is more to the point than that it is slow")
	}
	if s := at(t, s, Configured{options()}); s.Problem != nil {
		t.Error("an agent came in time")
	}
	s = at(t, s, Failed{ID: "no-ip-path", Wait: 90_000, Retry: "restart"})
	if s.Failure.ID != "no-ip-path" || Clock(Left(s, s.Failure.Until)) != "1:30" {
		t.Errorf("%+v", s.Failure)
	}
	host := options()
	host.Agent, host.Routes = None, []Route{RouteBluetooth, RouteHost}
	if s := at(t, onTransport(t, host), RoutePicked{RouteBluetooth}, Continue{}); s.Screen != ScreenPick {
		t.Error("the host's way is a way over the network")
	}
}
