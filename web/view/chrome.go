//go:build js && wasm

package view

import (
	"strconv"

	"honnef.co/go/js/dom/v2"

	"github.com/matter-session/matter-session/web/flow"
)

// chrome is what all screens have in common, made once for the whole view.
type chrome struct {
	frame   *node
	stages  *node
	stage   [6]*node // by flow.Stage
	heading *node
	kicker  *node
	title   *node
	alert   alert
	panel   *node
	details details
	notice  *node  // what has just been done, for eyes; the speaker says it
	noticed string // State.Notice as shown
	bar     *node
	leave   *node // Back, or Stop
	next    *node
	closer  *node // only where the view is in a dialog
	speaker speaker
	stop    stopDialog
}

func (c *chrome) build(v *View) {
	c.stages = el("ol", "stages").part("stages").attr("aria-label", v.msg("stage.list"))
	for i := flow.StageCode; i <= flow.StageFinish; i++ {
		name := strconv.Itoa(int(i))
		c.stage[i] = el("li", "stage",
			el("span", "stage-mark").attr("aria-hidden", "true").add(el("span", "stage-number").text(name), icon("check")),
			v.label("span", "stage-name", "stage."+name)).part("stage")
		c.stages.add(c.stage[i])
	}
	c.kicker = el("span", "kicker")
	c.title = el("span", "title")
	c.heading = el("h2", "heading", c.kicker, c.title).part("heading").attr("tabindex", "-1").attr("id", v.id("heading"))
	c.alert.build(v)
	c.panel = el("div", "panel").part("panel")
	c.details.build(v)
	c.leave = v.button("quiet", "action.back")
	c.next = el("div", "next")
	c.bar = el("div", "bar", c.leave, c.next)
	c.notice = el("p", "note good notice").attr("aria-hidden", "true").show(false)
	c.speaker.build(v)
	c.stop.build(v)
	header := el("header", "header", c.stages, c.heading).part("header")
	if !v.root.Call("closest", "dialog").IsNull() {
		c.closer = v.button("close", "action.close").attr("aria-label", v.msg("action.close")).attr("title", v.msg("action.close"))
		c.closer.empty()
		header.add(c.closer.add(icon("close")))
		v.bag.on(c.closer, "click", func(dom.Event) { v.send(flow.Stop{}) })
	}
	c.frame = el("section", "frame",
		header,
		c.alert.region, c.panel, c.details.box, c.notice, c.bar,
		el("slot", "").attr("name", "footer"),
		c.speaker.region, c.stop.dialog,
	).attr("aria-labelledby", v.id("heading"))
	v.bag.on(c.leave, "click", func(dom.Event) {
		if canStop(v.state) {
			v.send(flow.Stop{})
		} else {
			v.send(flow.Back{})
		}
	})
	v.root.add(c.frame)
}

func (c *chrome) close() {
	c.speaker.close()
}

func (c *chrome) update(v *View, s flow.State) {
	c.frame.attr("lang", s.Options.Language)
	now := stageOf(s)
	c.stages.show(now != flow.StageNone)
	for i := flow.StageCode; i <= flow.StageFinish; i++ {
		c.stage[i].class("past", i < now || s.Screen == flow.ScreenDone)
		c.stage[i].class("broken", i == now && s.Screen == flow.ScreenFailed)
		if i == now {
			c.stage[i].attr("aria-current", "step")
		} else {
			c.stage[i].attr("aria-current", "")
		}
	}
	c.kicker.show(now != flow.StageNone)
	if now != flow.StageNone {
		n := strconv.Itoa(int(now))
		v.say(c.kicker, "stage.heading", "n", n, "stage", v.msg("stage."+n))
	}
	id, pairs := v.screen.heading(s)
	v.say(c.title, id, pairs...)

	stop, back := canStop(s), s.CanGoBack()
	c.leave.show(stop || back)
	if stop {
		v.say(c.leave, "action.stop")
	} else {
		v.say(c.leave, "action.back")
	}
	c.alert.update(v, s)
	c.details.update(v, s)
	c.stop.update(v, s)
	c.note(v, s)
}

// note shows and says what has just been done. Home has a place of its own for it.
func (c *chrome) note(v *View, s flow.State) {
	notice := s.Notice
	if !v.has(notice) {
		notice = ""
	}
	c.notice.show(notice != "" && s.Screen != flow.ScreenHome)
	if notice == c.noticed {
		return
	}
	c.noticed = notice
	if notice == "" {
		c.speaker.latest = "" // the same may be said again
		return
	}
	v.say(c.notice, notice)
	c.notice.class("good", notice != "notice.copy-failed")
	c.speaker.say(v.msg(notice))
}

// stageOf is the stage to show; what was stopped belongs to none any more.
func stageOf(s flow.State) flow.Stage {
	if s.Screen == flow.ScreenStopped {
		return flow.StageNone
	}
	return s.Stage()
}

// running tells whether a device is being set up right now.
func running(screen flow.Screen) bool {
	switch screen {
	case flow.ScreenConnecting, flow.ScreenSecuring, flow.ScreenChecking, flow.ScreenJoining, flow.ScreenFinding, flow.ScreenFinishing:
		return true
	}
	return false
}

// canStop tells whether going back means undoing. The screen that asks whether to
// go on has its own button for that.
func canStop(s flow.State) bool {
	return (running(s.Screen) || s.Screen == flow.ScreenNetwork) && !s.CanGoBack()
}
