//go:build js && wasm

// The gallery draws every screen of the wizard in named states, also the hard
// ones, for tests and for eyes:
//
//	gallery.speak("en", {…})            // messages
//	gallery.open(element, "en")         // a view in an element
//	gallery.show("wifi-many")           // one of gallery.names, in a fresh view
//	gallery.render("wifi-many")         // in the same view
//	gallery.close(); gallery.functions()
//	gallery.events()                    // what was sent since the last call
//	gallery.walk(1000)                  // opens a view, shows two screens, closes it
package main

import (
	"fmt"
	"runtime"
	"syscall/js"

	"honnef.co/go/js/dom/v2"

	"github.com/matter-session/matter-session/web/flow"
	"github.com/matter-session/matter-session/web/view"
)

var (
	messages = map[string]view.Messages{}
	root     js.Value
	language string
	shown    *view.View
	sent     []any
)

func main() {
	names := make([]any, len(states))
	for i, s := range states {
		names[i] = s.name
	}
	object := js.Global().Get("Object").New()
	object.Set("names", names)
	for name, do := range map[string]func(args []js.Value) any{
		"speak": speak,
		"open": func(args []js.Value) any {
			closeView()
			root, language = args[0], args[1].String()
			openView()
			return nil
		},
		"show": func(args []js.Value) any {
			closeView()
			openView()
			shown.Render(state(args[0].String()))
			return nil
		},
		"render":    func(args []js.Value) any { shown.Render(state(args[0].String())); return nil },
		"close":     func([]js.Value) any { closeView(); return nil },
		"functions": func([]js.Value) any { return view.Functions() },
		"events": func([]js.Value) any {
			all := sent
			sent = nil
			return all
		},
		"walk":    walk,
		"collect": func([]js.Value) any { runtime.GC(); return nil },
	} {
		object.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any { return do(args) }))
	}
	js.Global().Set("gallery", object)
	select {}
}

func speak(args []js.Value) any {
	texts := view.Messages{}
	keys := js.Global().Get("Object").Call("keys", args[1])
	for i := range keys.Length() {
		key := keys.Index(i).String()
		texts[key] = args[1].Get(key).String()
	}
	messages[args[0].String()] = texts
	return nil
}

// walk opens a view, goes through some screens and closes it, n times; the next
// view goes on with the screens after those.
func walk(args []js.Value) any {
	every := screens()
	for range args[0].Int() {
		openView()
		for range 2 {
			shown.Render(every[walked%len(every)])
			walked++
		}
		closeView()
	}
	return nil
}

var walked int

// screens has one state of each screen.
func screens() []flow.State {
	var out []flow.State
	seen := map[flow.Screen]bool{}
	for _, it := range states {
		if s := state(it.name); !seen[s.Screen] {
			seen[s.Screen] = true
			out = append(out, s)
		}
	}
	return out
}

func openView() {
	hooks := view.Hooks{File: func(kind string, file js.Value) { sent = append(sent, "file "+kind+" "+file.Get("name").String()) }}
	shown = view.New(dom.WrapElement(root), func(e flow.Event) { sent = append(sent, fmt.Sprintf("%T%+v", e, e)) }, hooks, messages[language])
}

func closeView() {
	if shown != nil {
		shown.Close()
		shown = nil
	}
}

func state(name string) flow.State {
	if name == "idle" { // nothing to look at, so not in the list
		return flow.State{Screen: flow.ScreenIdle}
	}
	for _, it := range states {
		if it.name == name {
			s := flow.State{Now: now, Entered: now - 300, Options: options(language)}
			it.fill(&s)
			return s
		}
	}
	panic("no state " + name)
}
