package transport

import (
	"strconv"
	"syscall/js"
)

// funcs counts what [Funcs] tells.
var funcs int

// Funcs returns how many functions this package has given to JavaScript that
// are not released yet, for tests that look for leaks: 0 when nothing is picked,
// 1 at most while a device is that is not connected.
func Funcs() int { return funcs }

// newFunc is js.FuncOf, counted.
func newFunc(f func(this js.Value, args []js.Value) any) js.Func {
	funcs++
	return js.FuncOf(f)
}

func release(f js.Func) {
	funcs--
	f.Release()
}

// await calls ok or fail when promise is settled, unless cancel is called
// before. After either nothing is kept.
//
// A promise never gives a function back, and some are never settled: those of a
// connection that ended, for one. So the promise is given functions of the
// browser's own, bound to what they need, which put the value into a holder and
// raise an event; and only the event's listener, which can be taken away, is
// ours.
func await(promise js.Value, ok, fail func(js.Value)) (cancel func()) {
	global := js.Global()
	reflect, holder, target := global.Get("Reflect"), global.Get("Object").New(), global.Get("EventTarget").New()
	keep := func(name string) js.Value { return reflect.Get("set").Call("bind", reflect, holder, name) }
	var l *listener
	over := false
	l = listen(target, "settled", func(js.Value) {
		l.remove()
		over = true
		if reason := holder.Get("reason"); holder.Call("hasOwnProperty", "reason").Bool() {
			fail(reason)
		} else {
			ok(holder.Get("value"))
		}
	})
	raise := target.Get("dispatchEvent").Call("bind", target, global.Get("Event").New("settled"))
	promise.Call("then", keep("value"), keep("reason")).Call("then", raise)
	return func() {
		if !over {
			over = true
			l.remove()
		}
	}
}

// A domError is what a promise was rejected with.
type domError struct{ name, message string }

func (e *domError) Error() string {
	if e.name == "" {
		return e.message
	}
	return e.name + ": " + e.message
}

// maxErrorText bounds what is kept of a browser's message: devices' names can be in it.
const maxErrorText = 300

func errorOf(reason js.Value) error {
	e := &domError{}
	switch reason.Type() {
	case js.TypeObject:
		e.name, e.message = textOf(reason.Get("name")), textOf(reason.Get("message"))
	case js.TypeString:
		e.message = reason.String()
	default:
		e.message = "rejected with " + reason.Type().String()
	}
	if len(e.message) > maxErrorText {
		e.message = e.message[:maxErrorText] + "… (" + strconv.Itoa(len(e.message)) + " octets)"
	}
	return e
}

func textOf(v js.Value) string {
	if v.Type() != js.TypeString {
		return ""
	}
	return v.String()
}

// A listener is an event listener that can be taken away again.
type listener struct {
	target js.Value
	event  string
	f      js.Func
}

func listen(target js.Value, event string, do func(js.Value)) *listener {
	l := &listener{target: target, event: event}
	l.f = newFunc(func(_ js.Value, args []js.Value) any {
		do(args[0])
		return nil
	})
	target.Call("addEventListener", event, l.f)
	return l
}

// remove takes the listener away. It may be called on nil.
func (l *listener) remove() {
	if l == nil {
		return
	}
	l.target.Call("removeEventListener", l.event, l.f)
	release(l.f)
}
