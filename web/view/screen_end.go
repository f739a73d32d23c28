//go:build js && wasm

package view

import "github.com/matter-session/matter-session/web/flow"

func init() {
	screens[flow.ScreenFailed] = failedScreen
	screens[flow.ScreenStopped] = stoppedScreen
}

// failedScreen says what can be done about it, with one primary button. What
// happened is in the alert above, what the protocol said in the details below.
func failedScreen(p *page) {
	left := el("span", "")
	countdown := el("p", "wait", icon("clock"), left)
	kept := el("p", "hint")
	p.add(countdown, kept, reportView(p))
	close := p.action("secondary", "action.close", always(flow.Close{}))
	again := p.action("primary", "action.retry", func() flow.Event {
		if f := p.state.Failure; f == nil || f.Retry == "none" {
			return flow.Close{}
		}
		return flow.Again{}
	})

	p.render = func(s flow.State) {
		f := s.Failure
		if f == nil {
			f = &flow.Failure{Retry: "restart"}
		}
		// Nobody is kept from trying at once: the device may have been restarted.
		wait := f.Until > s.Now
		countdown.show(wait)
		if wait {
			p.say(left, "failed.wait", "left", flow.Clock(flow.Left(s, f.Until)))
		}
		p.say(again, retryLabel(f.Retry))
		close.show(f.Retry != "none")
		kept.show(f.Retry == "restart" || f.Retry == "same")
		p.say(kept, "failed.code-kept")
	}
}

func retryLabel(retry string) string {
	switch retry {
	case "network":
		return "failed.retry.network"
	case "restart":
		return "failed.retry.restart"
	case "code":
		return "failed.retry.code"
	case "none":
		return "action.close"
	}
	return "action.retry"
}

// stoppedScreen says what was undone.
func stoppedScreen(p *page) {
	p.heading = func(s flow.State) (string, []string) {
		if s.Stopped.Phase == "stopping" {
			return "title.stopping", nil
		}
		return "title.stopped", nil
	}
	stopping := el("div", "activity", el("div", "activity-bar").attr("aria-hidden", "true"), p.label("p", "", "stopped.stopping"))
	sentence := el("p", "lead")
	p.add(stopping, sentence)
	close := p.action("secondary", "action.close", always(flow.Close{}))
	again := p.action("primary", "failed.retry.restart", always(flow.Again{}))

	p.render = func(s flow.State) {
		over := s.Stopped.Phase != "stopping"
		stopping.show(!over)
		sentence.show(over)
		again.show(over)
		close.show(over)
		switch {
		case s.Stopped.RolledBack:
			p.say(sentence, "stopped.undone")
		case s.Stopped.Until > s.Now:
			p.say(sentence, "stopped.wait", "left", flow.Clock(flow.Left(s, s.Stopped.Until)))
		case s.Stopped.Until > 0:
			p.say(sentence, "stopped.free")
		default:
			p.say(sentence, "stopped.nothing")
		}
		if over {
			p.chrome.speaker.say(p.msg("title.stopped"))
		}
	}
}
