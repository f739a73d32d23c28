//go:build js && wasm

package main

import (
	"syscall/js"

	"github.com/matter-session/matter-session/web/app/codec"
	"github.com/matter-session/matter-session/web/flow"
	"github.com/matter-session/matter-session/web/transport"
	"github.com/matter-session/matter-session/web/view"
)

// maxPanics is how many times one instance starts again after a panic.
const maxPanics = 3

// An instance is one wizard in one element.
type instance struct {
	root     js.Value
	host     js.Value // functions that do not throw, see program.ts
	messages view.Messages

	state     flow.State
	told      flow.Screen // the host was told of this one last
	view      *view.View
	bluetooth *transport.Bluetooth
	clock     clock

	// Events wait here while one is handled: an effect may be answered at once.
	queue []flow.Event
	busy  bool
	// fallen is what a listener of the view panicked about while an event was handled.
	fallen any
	panics int
	closed bool

	functions []js.Func
	document  js.Value
	changed   js.Func // visibilitychange
	tick      js.Func
	timer     js.Value // undefined while none runs
}

// start returns the functions that program.ts calls.
func (i *instance) start(language string) js.Value {
	i.state = flow.State{Screen: flow.ScreenIdle, Options: flow.Options{Language: language}}
	i.told = i.state.Screen
	i.bluetooth = transport.NewBluetooth()
	i.document = i.root.Get("ownerDocument")
	i.newView()
	i.tick = i.function(func([]js.Value) any {
		i.timer = js.Undefined()
		i.send(flow.Tick{Now: i.now()})
		return nil
	})
	i.changed = i.function(func([]js.Value) any {
		if i.visible() {
			i.send(flow.Tick{Now: i.now()})
		} else {
			i.schedule()
		}
		return nil
	})
	i.document.Call("addEventListener", "visibilitychange", i.changed)

	out := js.Global().Get("Object").New()
	out.Set("event", i.function(func(args []js.Value) any {
		e, err := codec.Event(args[0])
		if err != nil {
			return err.Error()
		}
		i.send(e)
		return nil
	}))
	out.Set("open", i.function(func(args []js.Value) any {
		i.open(args[0], args[1])
		return nil
	}))
	out.Set("send", i.function(func(args []js.Value) any {
		i.transmit(args[0])
		return nil
	}))
	out.Set("closeLink", i.function(func([]js.Value) any {
		i.bluetooth.Close()
		return nil
	}))
	out.Set("close", i.function(func([]js.Value) any {
		i.close()
		return nil
	}))
	return out
}

// function is a js.Func that lives as long as the instance. What panics in it
// ends, at worst, this instance.
func (i *instance) function(fn func(args []js.Value) any) js.Func {
	f := js.FuncOf(func(_ js.Value, args []js.Value) (result any) {
		defer i.guard()
		if i.closed {
			return nil
		}
		return fn(args)
	})
	functions++
	i.functions = append(i.functions, f)
	return f
}

func (i *instance) newView() {
	i.view = view.New(element(i.root), i.send, view.Hooks{
		File:    func(kind string, file js.Value) { i.host.Call("file", kind, file) },
		Heading: func(text string) { i.host.Call("heading", text) },
		Panicked: func(r any) {
			if i.busy {
				i.fallen = r
			} else {
				i.panicked(r)
			}
		},
	}, i.messages)
}

// send handles an event, and what its effects bring about at once.
func (i *instance) send(e flow.Event) {
	if i.closed {
		return
	}
	i.queue = append(i.queue, e)
	if i.busy {
		return
	}
	i.busy = true
	for len(i.queue) > 0 && !i.closed {
		e := i.queue[0]
		i.queue = i.queue[1:]
		i.handle(e)
		if r := i.fallen; r != nil {
			i.fallen = nil
			i.panicked(r)
		}
	}
	i.busy = false
	if !i.closed {
		i.schedule()
	}
}

// handle is one turn: the time, the event, what is to be done, what is seen.
// Effects come before drawing, so that what needs the click's task is in it.
func (i *instance) handle(e flow.Event) {
	defer i.guard()
	before := i.state.Problem
	if _, ok := e.(flow.Tick); !ok {
		i.update(flow.Tick{Now: i.now()})
	}
	i.update(e)
	i.show()
	if now := i.state.Problem; now != nil && (before == nil || before.ID != now.ID) && !i.closed && found(e, now.ID) {
		i.host.Call("problem", now.ID, now.Detail)
	}
}

// found reports whether the wizard found a problem itself: of what a host's
// event said the host need not be told.
func found(e flow.Event, id string) bool {
	switch e := e.(type) {
	case flow.SearchEnded:
		return e.ID == ""
	case flow.Failed, flow.Died:
		return false
	}
	return id != "btp-retry" // not yet one
}

func (i *instance) update(e flow.Event) {
	if i.closed {
		return
	}
	state, effects := flow.Update(i.state, e)
	i.state = state
	for _, effect := range effects {
		if i.closed {
			return
		}
		i.do(effect)
	}
}

func (i *instance) show() {
	if i.closed {
		return
	}
	i.view.Render(i.state)
	if now, before := i.state.Screen, i.told; now != before && !i.closed {
		i.told = now
		i.host.Call("screen", string(now), string(before))
	}
}

func (i *instance) do(effect flow.Effect) {
	switch e := effect.(type) {
	case flow.Pick:
		i.pick(e)
	case flow.Unpick:
		i.bluetooth.Unpick()
	default:
		if object, ok := codec.Effect(effect); ok {
			i.host.Call("effect", object)
		}
	}
}

// now is the time of day, made to run forwards.
func (i *instance) now() flow.Instant {
	return i.clock.at(int64(js.Global().Get("Date").Call("now").Float()))
}

func (i *instance) visible() bool {
	return i.document.Get("visibilityState").String() == "visible"
}

// schedule has the next tick come in a second, where there is one to be seen.
func (i *instance) schedule() {
	wanted := !i.closed && i.state.Ticking() && i.visible()
	switch running := !i.timer.IsUndefined(); {
	case wanted && !running:
		i.timer = js.Global().Call("setTimeout", i.tick, 1000)
	case !wanted && running:
		js.Global().Call("clearTimeout", i.timer)
		i.timer = js.Undefined()
	}
}

// guard is deferred where Go is entered.
func (i *instance) guard() {
	if r := recover(); r != nil {
		i.panicked(r)
	}
}

// panicked draws anew: the last good state with the news that the program
// stumbled, or, if that is what it stumbles over, an empty one. After a few of
// these the instance is given up, and its host told.
func (i *instance) panicked(r any) {
	if i.closed {
		return
	}
	technical := reason(r)
	js.Global().Get("console").Call("error", "matter-commission: "+technical)
	i.queue = nil
	for i.panics < maxPanics && !i.closed {
		i.panics++
		if i.startAgain(technical) {
			return
		}
		i.state = flow.State{Screen: flow.ScreenIdle, Options: i.state.Options}
	}
	if i.closed {
		return
	}
	i.close()
	i.host.Call("died", technical)
}

func (i *instance) startAgain(technical string) (fine bool) {
	defer func() {
		if recover() != nil {
			fine = false
		}
	}()
	i.closeView()
	i.newView()
	i.update(flow.Died{Technical: technical})
	i.show()
	i.host.Call("problem", "core-dead", technical)
	return true
}

func (i *instance) closeView() {
	defer func() {
		if recover() != nil {
			i.root.Call("replaceChildren")
		}
	}()
	i.view.Close()
}

// close lets go of everything. It may be called inside any of the functions
// that it releases.
func (i *instance) close() {
	if i.closed {
		return
	}
	i.closed = true
	i.schedule() // no more
	i.document.Call("removeEventListener", "visibilitychange", i.changed)
	i.bluetooth.Unpick()
	i.closeView()
	for _, f := range i.functions {
		f.Release()
		functions--
	}
	i.functions, i.queue = nil, nil
}
