package flow

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// What holds of every state and every step, whatever happened before.

var screens = []Screen{
	ScreenIdle, ScreenHome, ScreenDevice, ScreenCode, ScreenScan, ScreenTransport, ScreenPick, ScreenDiscover,
	ScreenConnecting, ScreenSecuring, ScreenChecking, ScreenDecide, ScreenNetwork, ScreenJoining, ScreenFinding,
	ScreenFinishing, ScreenDone, ScreenShare, ScreenFailed, ScreenStopped,
}

// violations names what should not be, of the step from one state to the next.
func violations(before State, e Event, after State, effects []Effect) (out []string) {
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if !slices.Contains(screens, after.Screen) {
		bad("no such screen: %q", after.Screen)
	}
	run := after.run
	onTheWay := rank(after.Screen) > 0
	switch {
	case after.Armed && !run.active:
		bad("armed, and nothing runs")
	case run.active && !onTheWay:
		bad("a commissioning runs behind screen %s", after.Screen)
	case onTheWay && !run.active && !run.next:
		bad("screen %s, and nothing runs", after.Screen)
	case run.next && (run.active || run.stops == 0):
		bad("a deferred beginning that need not wait")
	case run.stops < 0:
		bad("%d stops", run.stops)
	case after.ConfirmStop && !run.active:
		bad("it is asked whether to stop nothing")
	}
	for what, missing := range map[string]bool{
		"failure":     after.Screen == ScreenFailed && after.Failure == nil,
		"attestation": after.Screen == ScreenDecide && (after.Attestation == nil || after.Attestation.Request == 0 && before.Screen != ScreenDecide),
		"question":    after.Screen == ScreenNetwork && after.Network == nil,
		"node":        after.Screen == ScreenDone && after.Done == nil,
		"code":        (onTheWay || after.Screen == ScreenTransport || after.Screen == ScreenPick || after.Screen == ScreenDiscover) && !after.Code.Accepted,
		"stop":        after.Screen == ScreenStopped && after.Stopped.Phase == "",
		"share":       after.Screen == ScreenShare && (after.Share.Phase == "" || after.Share.Node.ID == ""),
	} {
		if missing {
			bad("screen %s without its %s", after.Screen, what)
		}
	}
	if after.Network != nil && after.Network.Chosen >= len(after.Network.Scanned) && after.Screen == ScreenNetwork {
		bad("chosen network %d of %d", after.Network.Chosen, len(after.Network.Scanned))
	}
	out = append(out, wrongEffects(before, e, after, effects)...)
	out = append(out, wrongProblems(after)...)
	return append(out, tooMuch(after)...)
}

func wrongEffects(before State, e Event, after State, effects []Effect) (out []string) {
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	begins, cancels := 0, 0
	for _, f := range effects {
		switch f := f.(type) {
		case Begin:
			begins++
			if before.run.active || !after.run.active || after.run.stops > 0 {
				bad("a beginning while another one runs")
			}
			if f.Payload < 0 || f.Payload >= max(len(after.Code.Payloads), 1) {
				bad("payload %d of %d", f.Payload, len(after.Code.Payloads))
			}
		case Cancel:
			cancels++
			if !before.run.active {
				bad("nothing to cancel")
			}
		case Pick:
			if before.Screen != ScreenPick {
				bad("the browser's list on screen %s", before.Screen)
			}
			switch e.(type) {
			case PickWanted, NotListed, Continue:
			default:
				bad("the browser's list without a click: %T", e)
			}
		case Decide:
			if before.Screen != ScreenDecide || f.Accept && !before.CanAccept() {
				bad("a decision that nobody may make: %#v", f)
			}
		case Join:
			if before.Screen != ScreenNetwork || f.Request == 0 || before.Scanning {
				bad("a network that was not asked for: %d", f.Request)
			}
		case OpenWindow, CloseWindow:
			if before.Screen != ScreenShare {
				bad("a window on screen %s", before.Screen)
			}
		case Command, SetLevel, RemoveDevice:
			if before.Screen != ScreenDevice {
				bad("%T on screen %s", f, before.Screen)
			}
		case ForgetHome, ImportHome:
			if before.Screen != ScreenHome {
				bad("%T on screen %s", f, before.Screen)
			}
		case Closed:
			if after.Screen != ScreenIdle {
				bad("closed, and %s is shown", after.Screen)
			}
		case StartScan:
			if after.Screen != ScreenScan {
				bad("the camera runs behind %s", after.Screen)
			}
		case KeepCode:
			if f.Code == "" || !after.Code.Accepted {
				bad("a code is kept that is not accepted")
			}
		}
	}
	if begins > 1 || cancels > 1 || begins+cancels > 1 {
		bad("%d beginnings and %d ends at once", begins, cancels)
	}
	if before.Armed && before.run.active {
		switch e.(type) {
		case Back, Stop, Close:
			if len(effects) > 0 || after.Screen != before.Screen || !after.ConfirmStop {
				bad("left without asking: %#v", effects)
			}
		}
	}
	return out
}

// problems returns every problem in a state.
func problems(s State) (list []*Problem) {
	list = append(list, s.Problem, s.Code.Problem, s.Scan.Problem, s.Share.Problem, s.Home.Problem, s.Device.Problem)
	if s.Failure != nil {
		list = append(list, &s.Failure.Problem)
	}
	if s.Network != nil {
		list = append(list, s.Network.Problem)
		if s.Network.Dataset != nil {
			list = append(list, s.Network.Dataset.Problem)
		}
	}
	for i := range s.Device.Endpoints {
		list = append(list, s.Device.Endpoints[i].Problem)
	}
	return slices.DeleteFunc(list, func(p *Problem) bool { return p == nil })
}

func wrongProblems(s State) (out []string) {
	for _, p := range problems(s) {
		names, known := problemParams(p.ID)
		if !known {
			out = append(out, "no such problem: "+p.ID)
		}
		if have := slices.Sorted(maps.Keys(p.Params)); !slices.Equal(have, slices.Sorted(slices.Values(names))) {
			out = append(out, fmt.Sprintf("%s has parameters %q, not %q", p.ID, have, names))
		}
		for name, value := range p.Params {
			if value == "" {
				out = append(out, p.ID+": nothing for "+name)
			}
		}
		if len(p.Detail) > 4*maxTechnical {
			out = append(out, "a long detail")
		}
	}
	return out
}

// tooMuch says what grows beyond its bound, and which text could disturb a reader.
func tooMuch(s State) (out []string) {
	for what, n := range map[string][2]int{
		"candidates": {len(s.Candidates), maxCandidates}, "steps": {len(s.Steps), 18}, "payloads": {len(s.Code.Payloads), maxPayloads},
		"cameras": {len(s.Scan.Cameras), maxCameras}, "nodes": {len(s.Home.Nodes), maxNodes}, "endpoints": {len(s.Device.Endpoints), maxEndpoints},
		"code": {utf8.RuneCountInString(s.Code.Text), maxTyped + 4}, "routes": {len(s.Options.Routes), 3}, "stops": {s.run.stops, 1000},
	} {
		if n[0] > n[1] {
			out = append(out, fmt.Sprintf("%d %s", n[0], what))
		}
	}
	texts := []string{s.PickedName, s.run.joining, s.Options.FabricLabel, s.Share.Vendor, s.Home.Label}
	names := func(n Node) {
		texts = append(texts, n.ID, n.Name, n.VendorName, n.ProductName, n.Serial, n.FabricID, n.CompressedID)
	}
	for _, c := range s.Candidates {
		texts = append(texts, c.Name)
	}
	if s.Network != nil {
		if len(s.Network.Scanned) > maxNetworks || len(s.Network.Stored) > maxStored || len(s.Network.SSID) > maxSSID {
			out = append(out, "too many networks")
		}
		for _, n := range s.Network.Scanned {
			texts = append(texts, n.Name)
		}
		for _, n := range s.Network.Stored {
			texts = append(texts, n.Label)
		}
	}
	for _, n := range s.Home.Nodes {
		names(n)
	}
	names(s.Device.Node)
	names(s.Share.Node)
	if s.Done != nil {
		names(*s.Done)
	}
	for _, e := range s.Device.Endpoints {
		texts = append(texts, e.Label)
	}
	for _, text := range texts {
		if utf8.RuneCountInString(text) > maxName || !utf8.ValidString(text) || strings.ContainsFunc(text, invisible) {
			out = append(out, fmt.Sprintf("text %q", text))
		}
	}
	return out
}
