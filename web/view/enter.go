//go:build js && wasm

package view

import "github.com/matter-session/matter-session/web/flow"

// enter builds the screen of s in place of the one before.
func (v *View) enter(s flow.State) {
	v.leave()
	p := &page{View: v, body: v.chrome.panel, next: v.chrome.next}
	p.panicked = v.hooks.Panicked
	p.heading = func(s flow.State) (string, []string) { return "title." + string(s.Screen), nil }
	v.screen, v.shown, v.variant = p, s.Screen, variant(s)
	if build := screens[s.Screen]; build != nil {
		build(p)
	}
}

// leave releases the screen's listeners and empties its places. What of the
// frame is focused stays so.
func (v *View) leave() {
	if v.screen == nil {
		return
	}
	v.screen.release()
	ungroup(v.chrome.panel)
	v.chrome.panel.empty()
	v.chrome.next.empty()
	v.screen = nil
}

// settle puts the focus on a new screen. While a device is set up, screens
// follow each other by themselves: a button of the frame that has the focus
// then keeps it, and the new stage is spoken instead.
func (v *View) settle(s flow.State, before flow.Screen) {
	if heading := v.hooks.Heading; heading != nil {
		heading(v.chrome.title.TextContent())
	}
	if running(before) && running(s.Screen) && (v.chrome.leave.holds() || v.chrome.details.box.holds() || v.chrome.stop.dialog.holds()) {
		v.chrome.speaker.say(v.chrome.kicker.TextContent() + ". " + v.chrome.title.TextContent())
		return
	}
	if v.screen.focus != nil {
		v.screen.focus.focus()
		return
	}
	v.chrome.heading.focus()
}

// drawnByHost: what is there before this program runs, and after it.
func drawnByHost(screen flow.Screen) bool {
	switch screen {
	case flow.ScreenIdle, flow.ScreenUnsupported, flow.ScreenLoading, "":
		return true
	}
	return false
}

// variant tells apart what one screen draws differently from the ground up.
func variant(s flow.State) string {
	switch {
	case s.Screen == flow.ScreenNetwork && s.Network != nil:
		return s.Network.Kind
	case s.Screen == flow.ScreenDecide && s.Attestation != nil:
		return s.Attestation.Verdict
	}
	return ""
}
