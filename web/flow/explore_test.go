package flow

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"testing"
)

// everyEvent has at least one event of each kind, and those that lead to
// different places.
func everyEvent() []Event {
	off, level := false, uint8(3)
	none := options()
	none.Agent, none.Bluetooth, none.Camera, none.Routes, none.AllowTest = None, Off, false, []Route{RouteBluetooth}, false
	return []Event{
		Tick{1_000}, Tick{10_000_000}, Configured{options()}, Configured{none}, Configured{managed()}, Started{}, Started{goodQR}, Died{"x"},
		CodeTyped{goodManual, 3}, CodeTyped{"349", 3}, CodeTyped{goodQR + "*" + goodQR[3:], 0}, CodeLeft{}, PayloadPicked{1},
		Continue{}, Back{}, Stop{}, StopAnswered{true}, StopAnswered{}, Again{}, Close{},
		ScanWanted{}, TypeInstead{}, CameraPicked{"1"}, TorchToggled{}, PictureGiven{},
		RoutePicked{RouteBluetooth}, RoutePicked{RouteAgent}, PickWanted{}, NotListed{}, CandidatePicked{"a"}, GoOnAlone{},
		AttestationAnswered{true}, AttestationAnswered{},
		NetworkPicked{0}, NetworkPicked{-1}, SSIDTyped{"Attic"}, DatasetTyped{datasetHex}, DatasetTyped{"00"},
		JoinWiFi{password}, JoinThread{datasetHex}, JoinStored{"s1"},
		ShareWanted{node().ID}, ShareSeconds{200}, ShareOpen{}, ShareClose{}, CopyWanted{"x"}, ReportWanted{true},
		AddWanted{}, DeviceWanted{node().ID}, Switched{1, true}, LevelSet{1, 7}, IdentifyWanted{1}, RemoveWanted{}, RemoveAnswered{true, false}, RemoveAnswered{},
		HomePanel{"export"}, HomePanel{"forget"}, HomePanel{}, ExportWanted{passphrase}, ExportWanted{"x"}, ImportWanted{passphrase}, ForgetAnswered{true},
		Scanned{[]string{goodQR}}, Scanned{[]string{"x"}}, Scanned{}, ScanChanged{Phase: "live", Cameras: []Camera{{"1", "x"}}, Torch: TorchOff}, ScanChanged{Phase: "denied"},
		Picked{"lamp"}, PickFailed{"picker-dismissed", ""}, LinkStalled{}, CandidateFound{Candidate{ID: "a", Open: 1, Exact: true}}, CandidateFound{Candidate{ID: "b"}}, SearchEnded{},
		StepReported{Step{ID: "link", Status: StepStart}}, StepReported{Step{ID: "pase", Status: StepStart}}, StepReported{Step{ID: "fail-safe", Status: StepDone}},
		StepReported{Step{ID: "scan", Status: StepStart}}, StepReported{Step{ID: "csr", Status: StepStart}}, StepReported{Step{ID: "discover", Status: StepSlow}},
		StepReported{Step{ID: "discover", Status: StepStart}}, StepReported{Step{ID: "complete", Status: StepStart}},
		AttestationAsked{Attestation{Request: 1, Verdict: "unlisted"}}, AttestationAsked{Attestation{Request: 1, Verdict: "test"}}, AttestationAsked{},
		NetworkAsked{Question: wifi("Home", "Guest")}, NetworkAsked{wifi("Home"), "wifi-auth"},
		NetworkAsked{Question: NetworkQuestion{Request: 2, Kind: "thread", Stored: []StoredNetwork{{"s1", "x"}}}},
		Failed{ID: "wrong-code"}, Failed{ID: "device-busy", Wait: 5_000}, Failed{ID: "rolled-back"}, Failed{ID: "storage-lost"}, Failed{ID: "cancelled"}, Failed{ID: "terms-required"},
		Commissioned{node()}, StopDone{true, 0}, StopDone{false, 9_000},
		WindowOpened{node().ID, goodQR, goodManual, 200_000}, WindowEnded{node().ID, "joined", "x"}, WindowFailed{node().ID, "x"},
		HomeRead{Home{Nodes: []Node{node()}}}, HomeRead{}, HomeDone{"exported"}, HomeDone{"forgotten"}, HomeFailed{"read", "storage-failed", ""},
		DeviceRead{node(), endpoints()}, DeviceFailed{node().ID, "device-unreachable", ""}, AttributeTold{node().ID, 1, &off, &level},
		CommandDone{Node: node().ID, Endpoint: 1}, DeviceRemoved{node().ID}, Copied{true}, ReportSaved{},
	}
}

// kinds returns the types of events.
func kinds(events []Event) (names []string) {
	for _, e := range events {
		if name := reflect.TypeOf(e).Name(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// The list above has every kind of event that there is.
func TestNoEventIsLeftOut(t *testing.T) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "event" {
			all = append(all, f.Recv.List[0].Type.(*ast.Ident).Name)
		}
	}
	slices.Sort(all)
	if have := kinds(everyEvent()); !slices.Equal(have, all) {
		t.Errorf("events %q\nare not all, which are\n%q", have, all)
	}
}

// key is what makes two states of this exploration the same. Times, lists of
// steps and counts are left out: with them there is no end.
func key(s State) string {
	network, chosen, dataset := "", 0, false
	if s.Network != nil {
		network, chosen, dataset = s.Network.Kind, s.Network.Chosen, s.Network.Dataset != nil
		if s.Network.Request == 0 {
			network += "!"
		}
	}
	verdict := ""
	if s.Attestation != nil && s.Screen == ScreenDecide {
		verdict = s.Attestation.Verdict
	}
	retry := ""
	if s.Failure != nil {
		retry = s.Failure.Retry
	}
	pending := len(s.Device.Endpoints) > 0 && s.Device.Endpoints[0].Pending
	return fmt.Sprint(s.Screen, s.Options.Manage, s.Options.Bluetooth, s.Code.Complete, s.Code.Accepted, s.Scan.Phase,
		s.Route, len(s.Candidates), s.Searching, s.Armed, s.ConfirmStop, s.run.active, min(s.run.stops, 2), s.run.next, s.run.picked,
		problemID(s.Problem) != "", s.Waiting, s.Scanning, network, chosen, dataset, verdict, retry, s.Done != nil, s.Share.Phase, s.Share.From,
		s.Home.Phase, s.Home.Panel, s.Device.Phase, s.Device.Confirm, pending, s.Stopped.Phase, s.Notice != "")
}

// Every event in every state that can be reached, up to a number of states: no
// panic, and everything that has to hold holds. A state that is met is kept as
// it was, so sharing a slice shows as well.
func TestEveryEventInEveryState(t *testing.T) {
	limit := 2_500
	if testing.Short() {
		limit = 500
	}
	events := everyEvent()
	queue := []State{New(options())}
	for _, s := range everyScreen(t) {
		queue = append(queue, s)
	}
	seen := map[string]bool{}
	for _, s := range queue {
		seen[key(s)] = true
	}
	met := map[Screen]int{}
	for n := 0; n < len(queue); n++ {
		s := queue[n]
		met[s.Screen]++
		before := dump(s)
		for _, canary := range []string{password, datasetKey, passphrase, goodManual} {
			if found := leak(s, canary); found != "" {
				t.Fatalf("%s in %s", canary, found)
			}
		}
		for _, e := range events {
			next, effects := Update(s, e)
			for _, problem := range violations(s, e, next, effects) {
				t.Errorf("%s × %#v: %s", s.Screen, e, problem)
			}
			if t.Failed() {
				t.Fatal(before)
			}
			if k := key(next); !seen[k] && len(queue) < limit {
				seen[k] = true
				queue = append(queue, next)
			}
		}
		if dump(s) != before {
			t.Fatalf("a state was changed:\n%s\n%s", before, dump(s))
		}
	}
	for _, s := range screens {
		if met[s] == 0 {
			t.Errorf("screen %s was never met", s)
		}
	}
	t.Logf("%d states × %d events of %d kinds: %v", len(queue), len(events), len(kinds(events)), met)
}

// The wizard driven by octets: each chooses an event; what has to hold holds
// after each.
func FuzzUpdate(f *testing.F) {
	events := everyEvent()
	f.Add([]byte{5, 8, 13, 25, 13, 27, 68})
	f.Add([]byte{6, 13, 26, 13, 72, 29, 75, 76, 77, 81, 31, 84, 38, 92, 15})
	path := []Event{
		Started{}, CodeTyped{goodManual, 3}, Continue{}, RoutePicked{RouteBluetooth}, Continue{}, Picked{"lamp"},
		NetworkAsked{Question: wifi("Home", "Guest")}, JoinWiFi{password}, Commissioned{node()}, ShareWanted{node().ID},
	}
	var seed []byte
	for _, e := range path {
		seed = append(seed, byte(slices.IndexFunc(events, func(x Event) bool { return reflect.DeepEqual(x, e) })))
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, choices []byte) {
		s := New(options())
		running, stops := 0, 0
		for _, c := range choices[:min(len(choices), 200)] {
			e := events[int(c)%len(events)]
			next, effects := Update(s, e)
			for _, problem := range violations(s, e, next, effects) {
				t.Fatalf("%s × %#v: %s", s.Screen, e, problem)
			}
			// A model of the worker: what it was asked to do, and has not ended.
			switch e.(type) {
			case Died:
				running, stops = 0, 0
			case Failed:
				running = 0
			case Commissioned, StopDone:
				if running > 0 && (stops == 0 || e == Event(Commissioned{node()})) {
					running = 0
				} else if stops > 0 {
					stops--
				}
			}
			for _, effect := range effects {
				switch effect.(type) {
				case Begin:
					if running++; running > 1 || stops > 0 {
						t.Fatalf("%d run, %d are being stopped", running, stops)
					}
				case Cancel:
					running--
					stops++
				}
			}
			if running < 0 || (running == 1) != next.run.active || stops != next.run.stops {
				t.Fatalf("%T: the worker runs %d and stops %d, the wizard thinks %v and %d", e, running, stops, next.run.active, next.run.stops)
			}
			s = next
		}
		for _, canary := range []string{password, datasetKey, passphrase} {
			if found := leak(s, canary); found != "" {
				t.Fatal(found)
			}
		}
	})
}
