//go:build js && wasm

package view

import (
	"strconv"

	"honnef.co/go/js/dom/v2"

	"github.com/matter-session/matter-session/web/flow"
)

// A page is one screen while it is shown.
type page struct {
	*View
	bag
	body *node // the panel's content
	next *node // its buttons at the end of the bar
	// heading says the title: a message's id and its parameters.
	heading func(flow.State) (id string, pairs []string)
	// render brings what is drawn up to the state.
	render func(flow.State)
	// focus is what the person asked for by coming here; nil means the heading.
	focus *node
}

// screens says who draws what. Each function builds p.body once and leaves
// p.render.
var screens = map[flow.Screen]func(p *page){}

func (p *page) update(s flow.State) {
	if p.render != nil {
		p.render(s)
	}
}

func (p *page) add(nodes ...*node) { p.body.add(nodes...) }

// does sends an event when n is clicked.
func (p *page) does(n *node, event func() flow.Event) *node {
	p.on(n, "click", func(dom.Event) {
		if e := event(); e != nil {
			p.send(e)
		}
	})
	return n
}

// button makes one with a message. Kind is primary, secondary, or a class of its own.
func (v *View) button(kind, id string, pairs ...string) *node {
	n := v.label("button", "button "+kind, id, pairs...).attr("type", "button")
	switch kind {
	case "primary":
		n.part("primary")
	default:
		n.part("secondary")
	}
	return n
}

// action is a button in the bar.
func (p *page) action(kind, id string, event func() flow.Event) *node {
	n := p.does(p.button(kind, id), event)
	p.next.add(n)
	return n
}

// always is an event that needs nothing from the moment of the click.
func always(e flow.Event) func() flow.Event { return func() flow.Event { return e } }

// listClick is one listener for all entries of a list: the nearest element with
// the attribute says which.
func (p *page) listClick(list *node, attribute string, pick func(value string)) {
	p.on(list, "click", func(e dom.Event) {
		if value, ok := hit(e, attribute); ok {
			pick(value)
		}
	})
}

func atoi(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil
}
