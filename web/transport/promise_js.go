package transport

import (
	"strconv"
	"syscall/js"
)

// funcs counts what [Funcs] tells.
var funcs int

// Funcs returns how many functions this package has given to JavaScript that
// are not released yet, for tests that look for leaks: with no link open it is 0,
// once the browser has settled what was under way.
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

// await calls ok or fail when promise is settled, and then keeps nothing. A
// browser that never settles a promise keeps these two functions.
func await(promise js.Value, ok, fail func(js.Value)) {
	var resolved, rejected js.Func
	settle := func(then func(js.Value)) func(js.Value, []js.Value) any {
		return func(_ js.Value, args []js.Value) any {
			release(resolved)
			release(rejected)
			value := js.Undefined()
			if len(args) > 0 {
				value = args[0]
			}
			then(value)
			return nil
		}
	}
	resolved, rejected = newFunc(settle(ok)), newFunc(settle(fail))
	promise.Call("then", resolved, rejected)
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
