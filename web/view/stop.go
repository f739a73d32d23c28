//go:build js && wasm

package view

import (
	"honnef.co/go/js/dom/v2"

	"github.com/matter-session/matter-session/web/flow"
)

// stopDialog asks before a setup is undone.
type stopDialog struct {
	dialog *node
	goOn   *node // the safe answer
	open   bool
}

func (d *stopDialog) build(v *View) {
	goOn := v.button("primary", "stop.no")
	d.goOn = goOn
	stop := v.button("danger", "stop.yes")
	title := v.label("h3", "dialog-title", "stop.question").attr("id", v.id("stop"))
	d.dialog = el("dialog", "confirm", title, v.label("p", "", "stop.consequence"), el("div", "dialog-bar", stop, goOn)).
		attr("aria-labelledby", v.id("stop"))
	v.bag.on(goOn, "click", func(dom.Event) { v.send(flow.StopAnswered{Yes: false}) })
	v.bag.on(stop, "click", func(dom.Event) { v.send(flow.StopAnswered{Yes: true}) })
	v.bag.on(d.dialog, "cancel", func(e dom.Event) {
		e.PreventDefault() // the state closes it
		e.StopPropagation()
		v.send(flow.StopAnswered{Yes: false})
	})
	// A browser may close it whatever we say, at the second Escape.
	v.bag.on(d.dialog, "close", func(dom.Event) {
		if d.open {
			d.open = false
			v.send(flow.StopAnswered{Yes: false})
		}
	})
}

// update opens and closes it. The browser gives the focus back to where it was.
func (d *stopDialog) update(_ *View, s flow.State) {
	if s.ConfirmStop == d.open || !d.dialog.Get("isConnected").Bool() {
		return
	}
	d.open = s.ConfirmStop
	if d.open {
		d.dialog.Call("showModal")
		d.goOn.focus()
	} else {
		d.dialog.Call("close")
	}
}
