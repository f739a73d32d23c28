//go:build js && wasm

package main

import (
	"syscall/js"

	"honnef.co/go/js/dom/v2"

	"github.com/matter-session/matter-session/web/transport"
	"github.com/matter-session/matter-session/web/view"
)

// functions counts the js.Funcs that the instances keep, beside those of views and links.
var functions int

func main() {
	start := js.FuncOf(func(_ js.Value, args []js.Value) any { return mount(args) })
	alive := js.FuncOf(func(js.Value, []js.Value) any { return functions + view.Functions() + transport.Funcs() })
	// Only this program sees the function: the loader gives it, and takes what it is given here.
	js.Global().Call("matterPage", start, alive)
	select {}
}

// mount starts a wizard: (root, host, messages, language). It returns the
// instance's functions, or a sentence that says what is wrong.
func mount(args []js.Value) (result any) {
	defer func() {
		if r := recover(); r != nil {
			result = "mount: " + reason(r)
		}
	}()
	if len(args) != 4 || args[0].Type() != js.TypeObject || args[1].Type() != js.TypeObject {
		return "mount: an element, a host, messages and a language are expected"
	}
	i := &instance{root: args[0], host: args[1], messages: messages(args[2])}
	return i.start(args[3].String())
}

// texts are those of the last mount: all elements of a page mostly have the same.
var texts struct {
	source js.Value
	read   view.Messages
}

func messages(v js.Value) view.Messages {
	if texts.read != nil && texts.source.Equal(v) {
		return texts.read
	}
	keys := js.Global().Get("Object").Call("keys", v)
	out := make(view.Messages, keys.Length())
	for i := range keys.Length() {
		key := keys.Index(i).String()
		if text := v.Get(key); text.Type() == js.TypeString {
			out[key] = text.String()
		}
	}
	texts.source, texts.read = v, out
	return out
}

// element does without dom.WrapElement, which keeps all of that package's
// types in the program.
func element(v js.Value) dom.Element {
	return &dom.BasicHTMLElement{BasicElement: &dom.BasicElement{BasicNode: &dom.BasicNode{Value: v}}}
}

// reason says what a panic was about. What is no error or text has no words.
func reason(r any) string {
	switch r := r.(type) {
	case error:
		return r.Error()
	case string:
		return r
	}
	return "panic"
}
