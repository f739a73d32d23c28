//go:build js && wasm

package view

import (
	"syscall/js"

	"honnef.co/go/js/dom/v2"
)

// A bag holds the Go functions that JavaScript can call, until release: a
// js.Func is never collected by itself.
type bag struct {
	bound    []bound
	panicked func(any)
}

type bound struct {
	target dom.EventTarget
	typ    string
	fn     js.Func
}

// functions counts those of all bags that are not released.
var functions int

// Functions is the number of Go functions that all views of this program keep
// alive for JavaScript. It returns to what it was when a view is closed.
func Functions() int { return functions }

// on calls fn for each event of the type at target.
func (b *bag) on(target dom.EventTarget, typ string, fn func(dom.Event)) {
	b.bound = append(b.bound, bound{target, typ, target.AddEventListener(typ, false, func(e dom.Event) {
		defer b.guard()
		fn(e)
	})})
	functions++
}

// fn makes a function for what is no event: timers.
func (b *bag) fn(f func()) js.Func {
	made := js.FuncOf(func(js.Value, []js.Value) any {
		defer b.guard()
		f()
		return nil
	})
	b.bound = append(b.bound, bound{fn: made})
	functions++
	return made
}

// release removes the listeners and lets go of the functions.
func (b *bag) release() {
	for _, it := range b.bound {
		if it.target != nil {
			it.target.RemoveEventListener(it.typ, false, it.fn) // releases too
		} else {
			it.fn.Release()
		}
		functions--
	}
	b.bound = nil
}

// guard ends a panic in a listener, where somebody wants to hear of it.
func (b *bag) guard() {
	if b.panicked == nil {
		return
	}
	if r := recover(); r != nil {
		b.panicked(r)
	}
}
