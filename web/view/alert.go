//go:build js && wasm

package view

import "github.com/matter-session/matter-session/web/flow"

// An alert is the one region for what went wrong: what happened, why probably,
// what to do.
type alert struct {
	region   *node
	icon     *node
	sentence *node
	cause    *node
	action   *node
	shown    *flow.Problem
}

func (a *alert) build(v *View) {
	a.sentence = el("p", "alert-sentence")
	a.cause = el("p", "alert-cause")
	a.action = el("p", "alert-action")
	a.icon = icon("warning")
	a.region = el("div", "alert").part("alert").attr("role", "alert").attr("id", v.id("alert"))
}

// update shows the problem of the screen. The region itself always exists, and
// is empty while nothing is wrong.
func (a *alert) update(v *View, s flow.State) {
	p := problemOf(s)
	if p == nil {
		if a.shown != nil {
			a.shown = nil
			a.region.empty()
		}
		return
	}
	fresh := a.shown == nil
	a.shown = p
	v.explain(p, a.sentence, a.cause, a.action)
	if fresh {
		a.region.add(a.icon, el("div", "alert-text", a.sentence, a.cause, a.action))
	}
}

// explain puts the three texts of a problem where they belong. An id without
// text is a mistake of ours, and says so.
func (v *View) explain(p *flow.Problem, sentence, cause, action *node) {
	id := "error." + p.ID
	if !v.has(id) {
		id = "error.unexpected"
	}
	pairs := v.params(p)
	v.say(sentence, id, pairs...)
	for suffix, n := range map[string]*node{".cause": cause, ".action": action} {
		if n == nil {
			continue
		}
		n.show(v.has(id + suffix))
		if v.has(id + suffix) {
			v.say(n, id+suffix, pairs...)
		}
	}
}

// problemOf is what the screen's alert is about. The code's problem stands
// beside its field instead.
func problemOf(s flow.State) *flow.Problem {
	switch s.Screen {
	case flow.ScreenScan:
		return s.Scan.Problem
	case flow.ScreenCode:
		return s.Scan.Problem
	case flow.ScreenNetwork:
		if s.Network != nil {
			return s.Network.Problem
		}
	case flow.ScreenFailed:
		if s.Failure != nil {
			return &s.Failure.Problem
		}
	case flow.ScreenShare:
		return s.Share.Problem
	case flow.ScreenHome:
		return s.Home.Problem
	case flow.ScreenDevice:
		return s.Device.Problem
	}
	return s.Problem
}
