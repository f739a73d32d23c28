//go:build js && wasm

package view

import (
	"github.com/matter-session/matter-session/web/flow"
)

func init() {
	screens[flow.ScreenConnecting] = connectingScreen
	screens[flow.ScreenSecuring] = securingScreen
	screens[flow.ScreenChecking] = checkingScreen
	screens[flow.ScreenJoining] = joiningScreen
	screens[flow.ScreenFinding] = findingScreen
	screens[flow.ScreenFinishing] = finishingScreen
}

func connectingScreen(p *page) {
	progress(p, func(s flow.State) (string, []string) {
		if s.PickedName != "" && s.Route == flow.RouteBluetooth {
			return "progress.connecting.name", []string{"name", s.PickedName}
		}
		if s.Route == flow.RouteBluetooth {
			return "progress.connecting.bluetooth", nil
		}
		return "progress.connecting.network", nil
	})
}

func securingScreen(p *page) { progress(p, saying("progress.securing")) }

func checkingScreen(p *page) { progress(p, saying("progress.checking")) }

func joiningScreen(p *page) {
	progress(p, func(s flow.State) (string, []string) {
		step := current(s)
		if step != nil && (step.ID == "network" || step.ID == "connect") {
			if name := networkName(s); name != "" {
				if s.Route == flow.RouteBluetooth {
					return "progress.joining.network", []string{"ssid", name}
				}
				return "progress.joining.name", []string{"ssid", name}
			}
			return "progress.joining.any", nil
		}
		return "progress.joining.certificate", []string{"fabric", fabricName(p.View, s)}
	})
}

// farAwayMs is when a device that joined may still be waiting for its router.
const farAwayMs = 20_000

func findingScreen(p *page) {
	left := el("span", "")
	countdown := el("p", "wait", icon("clock"), left)
	progress(p, func(s flow.State) (string, []string) {
		// Without a way over the network nobody looks yet: what is left is said, and
		// for how long the device waits for it.
		alone := s.Problem != nil && s.Problem.ID == "no-ip-path"
		countdown.show(alone && s.FailSafeEnds > s.Now)
		if alone {
			p.say(left, "progress.finding.left", "left", flow.Clock(flow.Left(s, s.FailSafeEnds)))
			return "progress.finding.alone", nil
		}
		if s.Now-s.Entered >= farAwayMs {
			return "progress.finding.long", nil
		}
		return "progress.finding", nil
	})
	p.add(countdown)
}

func finishingScreen(p *page) {
	progress(p, func(s flow.State) (string, []string) {
		return "progress.finishing", []string{"fabric", fabricName(p.View, s)}
	})
}

func saying(id string) func(flow.State) (string, []string) {
	return func(flow.State) (string, []string) { return id, nil }
}

// progress is the body of all screens on which a device is set up: what is
// done, for how long, how long it usually takes, and what of this stage is done
// already. There is no percentage: nobody knows it.
func progress(p *page, sentence func(flow.State) (string, []string)) {
	lead := el("p", "lead")
	elapsed := el("span", "clock-now")
	usual := el("span", "clock-usual")
	line := el("div", "activity-bar").attr("aria-hidden", "true")
	slow := el("p", "slow note")
	ticks := newTicks(p.View, "ticks")
	p.add(lead, el("div", "activity", line, el("p", "clock", elapsed, usual)), slow, ticks.box)

	p.render = func(s flow.State) {
		id, pairs := sentence(s)
		p.say(lead, id, pairs...)
		step := current(s)
		since := flow.Milliseconds(s.Now - s.Entered)
		if step != nil {
			since = s.Running(*step)
		}
		elapsed.text(p.seconds(since))
		late := step != nil && isLate(s, *step)
		usual.show(step != nil && step.Expected > 0 && !late) // else the sentence says it
		slow.show(late)
		line.class("late", late)
		if step != nil {
			p.say(usual, "progress.usual", "expected", p.seconds(step.Expected))
		}
		if late {
			p.say(slow, "progress.slow."+waitsFor(step), "elapsed", p.seconds(since), "expected", p.seconds(step.Expected))
			p.chrome.speaker.say(p.msg("progress.late." + waitsFor(step)))
		}
		stage := stageOf(s)
		var own []flow.Step
		for _, it := range s.Steps {
			if it.Stage == stage && it.Status != flow.StepSkipped {
				own = append(own, it)
			}
		}
		ticks.update(s, own, false)
	}
}

// current is the step that runs, if one does.
func current(s flow.State) *flow.Step {
	if step, ok := s.Current(); ok && runs(step) {
		return &step
	}
	return nil
}

func runs(step flow.Step) bool { return step.Status == flow.StepStart || step.Status == flow.StepSlow }

// isLate also believes the sessions, which have their own clock.
func isLate(s flow.State, step flow.Step) bool { return step.Status == flow.StepSlow || s.Late(step) }

// waitsFor is who makes us wait.
func waitsFor(step *flow.Step) string {
	if step.ID == "discover" || step.ID == "connect" {
		return "network"
	}
	return "device"
}

func networkName(s flow.State) string {
	q := s.Network
	switch {
	case s.NetworkName() != "":
		return s.NetworkName()
	case q == nil:
		return ""
	case q.Kind == "thread" && q.Dataset != nil:
		return q.Dataset.Name
	case q.Other || q.Chosen < 0 || q.Chosen >= len(q.Scanned):
		return q.SSID
	}
	return q.Scanned[q.Chosen].Name
}

func fabricName(v *View, s flow.State) string {
	if s.Options.FabricLabel != "" {
		return s.Options.FabricLabel
	}
	return v.msg("home.unnamed")
}
