//go:build js && wasm

// Package view draws a [flow.State] into an element, and tells what a person
// does there as [flow.Event] values.
//
//	v := view.New(root, send, view.Hooks{}, messages)
//	v.Render(state) // after every change
//	v.Close()
//
// A screen builds its elements once, when it is entered; after that Render
// changes what differs, so focus, caret and scroll position stay. All text goes
// in as text: names that devices and networks tell are never markup. Listeners
// live in bags that are released with what they listen to.
//
// The root may lie inside a shadow tree, and several views may share a
// document: every look-up starts at the root, every id carries the view's number.
package view

import (
	"strconv"
	"syscall/js"

	"honnef.co/go/js/dom/v2"

	"github.com/matter-session/matter-session/web/flow"
)

// Messages are the texts of one language, by id.
type Messages map[string]string

// Hooks are what a view asks of its host beside events. Each may be nil.
type Hooks struct {
	// File hands over a file before the event that uses it is sent: kind is
	// "picture" (followed by [flow.PictureGiven]) or "backup" (followed by
	// [flow.ImportWanted]).
	File func(kind string, file js.Value)
	// Heading tells the heading of a new screen, for the title of a page.
	Heading func(text string)
	// Panicked gets what a listener panicked with, so that one mistake does not
	// end the program. If it is nil the panic goes on.
	Panicked func(any)
}

// A View is one wizard on a page.
type View struct {
	root     *node
	send     func(flow.Event)
	hooks    Hooks
	messages Messages
	prefix   string // of ids
	bag      bag    // lives as long as the view
	chrome   chrome
	screen   *page
	shown    flow.Screen
	variant  string
	state    flow.State
	copied   *copier // the one that was pressed last
	closed   bool
}

var views int // made so far, for ids

// New takes over root, which should be an empty element. Send is called
// synchronously in the listener of what a person does, so what it starts still
// has the user's activation.
func New(root dom.Element, send func(flow.Event), hooks Hooks, text Messages) *View {
	views++
	v := &View{root: wrap(root.Underlying()), send: send, hooks: hooks, messages: text, prefix: "mv" + strconv.Itoa(views) + "-"}
	v.bag.panicked = hooks.Panicked
	v.root.class("matter-view", true)
	v.chrome.build(v)
	return v
}

// Render shows a state.
func (v *View) Render(s flow.State) {
	if v.closed {
		return
	}
	v.state = s
	if drawnByHost(s.Screen) {
		v.leave()
		v.shown = s.Screen
		v.chrome.frame.show(false)
		return
	}
	v.chrome.frame.show(true)
	before, entered := v.shown, v.screen == nil || v.shown != s.Screen || v.variant != variant(s)
	if entered {
		v.enter(s)
	}
	v.chrome.update(v, s)
	v.screen.update(s)
	if entered {
		v.settle(s, before)
	}
}

// Close releases every listener and empties the root.
func (v *View) Close() {
	if v.closed {
		return
	}
	v.closed = true
	v.leave()
	v.chrome.close()
	v.bag.release()
	v.root.empty()
	v.root.class("matter-view", false)
}
