//go:build js && wasm

package view

import (
	"github.com/matter-session/matter-session/web/flow"
)

// details lists the protocol's steps for those who want to know, and the
// technical cause of a failure. It stays open from screen to screen.
type details struct {
	box   *node
	ticks *ticks
	cause *node
	rows  [3]*node // step, status, technical
	facts [3]*node // their values
}

func (d *details) build(v *View) {
	d.ticks = newTicks(v, "ticks timed")
	d.cause = el("dl", "facts")
	for i, id := range []string{"details.step", "details.status", "details.technical"} {
		d.facts[i] = el("dd", "mono")
		d.rows[i] = el("div", "fact", v.label("dt", "", id), d.facts[i])
		d.cause.add(d.rows[i])
	}
	summary := el("summary", "summary", icon("chevron"), v.label("span", "", "details.title"))
	d.box = el("details", "details", summary, el("div", "details-body", d.cause, d.ticks.box)).show(false)
}

func (d *details) update(v *View, s flow.State) {
	show := running(s.Screen)
	switch s.Screen {
	case flow.ScreenDecide, flow.ScreenNetwork, flow.ScreenDone, flow.ScreenFailed:
		show = true
	}
	var technical [3]string
	if s.Screen == flow.ScreenFailed && s.Failure != nil {
		step := s.Failure.Step
		if v.has("step." + step) {
			step = v.msg("step."+step) + " (" + step + ")"
		}
		technical = [3]string{step, s.Failure.Status, s.Failure.Technical}
	}
	if problem := problemOf(s); technical[2] == "" && problem != nil {
		technical[2] = problem.Detail
	}
	some := false
	for i, text := range technical {
		d.facts[i].text(text)
		some = some || text != ""
		d.rows[i].show(text != "")
	}
	d.cause.show(some)
	d.box.show(some || show && len(s.Steps) > 0)
	d.ticks.update(s, s.Steps, true)
}

// ticks is a list of steps with a sign for each: to do, running, done, failed.
type ticks struct {
	v    *View
	box  *node
	rows rows[tick]
}

type tick struct{ item, name, status, time, late *node }

func newTicks(v *View, class string) *ticks {
	t := &ticks{v: v, box: el("ol", class)}
	t.rows.box = t.box
	return t
}

// update draws the steps; timed also says how long each took, and how long the
// running one usually takes.
func (t *ticks) update(s flow.State, steps []flow.Step, timed bool) {
	keys := make([]string, len(steps))
	for i := range steps {
		keys[i] = steps[i].ID
	}
	t.box.show(len(steps) > 0)
	t.rows.sync(keys, func(i int) (*node, tick) {
		var it tick
		it.name, it.status, it.time, it.late = el("span", "tick-name"), el("span", "unseen"), el("span", "tick-time"), el("span", "tick-late")
		it.item = el("li", "tick", el("span", "tick-sign", icon("check"), icon("cross"), icon("dash")).attr("aria-hidden", "true"), it.name, it.status, it.time, it.late)
		return it.item, it
	}, func(i int, it tick) {
		step := &steps[i]
		if t.v.has("step." + step.ID) {
			t.v.say(it.name, "step."+step.ID)
		} else {
			it.name.text(step.ID)
		}
		it.item.class("done", step.Status == flow.StepDone).class("failed", step.Status == flow.StepFailed).
			class("skipped", step.Status == flow.StepSkipped).class("runs", runs(*step))
		t.v.say(it.status, "status."+string(step.Status))
		it.time.show(timed && step.Status != flow.StepSkipped)
		it.late.show(timed && runs(*step) && isLate(s, *step))
		if !timed {
			return
		}
		if runs(*step) {
			it.time.text(t.v.seconds(s.Running(*step)))
			t.v.say(it.late, "progress.usual", "expected", t.v.seconds(step.Expected))
		} else {
			it.time.text(t.v.tenths(step.Elapsed))
		}
	})
}
