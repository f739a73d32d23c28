//go:build js && wasm

package view

import (
	"syscall/js"

	"honnef.co/go/js/dom/v2"
)

// A node is an element that remembers what was set, so that setting it again
// costs nothing and disturbs nobody: a screen reader, a selection, a caret.
type node struct {
	*dom.BasicHTMLElement
	said  string            // what say put in
	attrs map[string]string // as set; "" is absent
	on    map[string]bool   // classes that were switched
}

const svgNamespace = "http://www.w3.org/2000/svg"

var document = js.Global().Get("document")

// wrap does without dom.WrapElement, which compares the constructor with sixty
// others.
func wrap(v js.Value) *node {
	return &node{BasicHTMLElement: &dom.BasicHTMLElement{BasicElement: &dom.BasicElement{BasicNode: &dom.BasicNode{Value: v}}}}
}

// el makes an element. Class may be several, separated by blanks.
func el(tag, class string, children ...*node) *node {
	n := wrap(document.Call("createElement", tag))
	if class != "" {
		n.SetClass(class)
	}
	n.add(children...)
	return n
}

func (n *node) add(children ...*node) *node {
	if len(children) > 0 {
		all := make([]any, len(children))
		for i, child := range children {
			all[i] = child.Value
		}
		n.Call("append", all...) // in one call, and without a result that Go would keep
	}
	return n
}

// lead puts child before all others.
func (n *node) lead(child *node) { n.Call("prepend", child.Value) }

// find calls with with what a selector finds below n. dom's own look-ups would
// bring the types of every kind of element into the program.
func (n *node) find(selector string, with func(js.Value)) {
	found := n.Call("querySelectorAll", selector)
	for i := range found.Length() {
		with(found.Index(i))
	}
}

// first returns the first of them, or null.
func (n *node) first(selector string) js.Value { return n.Call("querySelector", selector) }

// attr sets an attribute, or removes it if the value is "".
func (n *node) attr(name, value string) *node {
	if n.attrs == nil {
		n.attrs = map[string]string{}
	}
	if old, ok := n.attrs[name]; ok && old == value {
		return n
	}
	n.attrs[name] = value
	if value == "" {
		n.RemoveAttribute(name)
	} else {
		n.SetAttribute(name, value)
	}
	return n
}

// flag sets an attribute without a value.
func (n *node) flag(name string, on bool) *node {
	if n.attrs == nil {
		n.attrs = map[string]string{}
	}
	want := "off"
	if on {
		want = "on"
	}
	if n.attrs[name] == want || n.attrs[name] == "" && !on {
		return n
	}
	n.attrs[name] = want
	if on {
		n.SetAttribute(name, "")
	} else {
		n.RemoveAttribute(name)
	}
	return n
}

func (n *node) part(names string) *node { return n.attr("part", names) }

func (n *node) show(on bool) *node { return n.flag("hidden", !on) }

// class switches one class.
func (n *node) class(name string, on bool) *node {
	if n.on == nil {
		n.on = map[string]bool{}
	}
	if n.on[name] == on {
		return n
	}
	n.on[name] = on
	n.Get("classList").Call("toggle", name, on)
	return n
}

// text puts in what a device, a network or a number says.
func (n *node) text(s string) *node {
	if key := "=" + s; n.said != key {
		n.said = key
		n.SetTextContent(s)
	}
	return n
}

func (n *node) empty() { n.Call("replaceChildren") }

// value is what stands in an input.
func (n *node) value() string { return n.Get("value").String() }

// take reads an input and empties it: secrets do not stay in the document.
func (n *node) take() string {
	s := n.value()
	n.Set("value", "")
	return s
}

// put sets an input's value if it is another one, so that the caret stays.
func (n *node) put(s string) {
	if n.value() != s {
		n.Set("value", s)
	}
}

// focus does not scroll sideways parts of the page that the host arranged.
func (n *node) focus() { n.Call("focus") }

// active is the focused element of the tree that n is in, or null.
func (n *node) active() js.Value {
	tree := n.Call("getRootNode")
	if tree.Get("activeElement").IsUndefined() { // n is in no document
		return js.Null()
	}
	return tree.Get("activeElement")
}

// holds tells whether the focus is on n or in it.
func (n *node) holds() bool {
	active := n.active()
	return !active.IsNull() && n.Call("contains", active).Bool()
}

// hit finds the value of a data attribute at the event's target or around it,
// for one listener on a whole list.
func hit(e dom.Event, attribute string) (string, bool) {
	target := e.Underlying().Get("target").Call("closest", "["+attribute+"]")
	if target.IsNull() {
		return "", false
	}
	return target.Call("getAttribute", attribute).String(), true
}
