//go:build js && wasm

package view

import (
	"strconv"
	"syscall/js"

	"honnef.co/go/js/dom/v2"

	"github.com/matter-session/matter-session/web/flow"
)

// A field is an input with its label and what is said below it.
type field struct {
	box   *node
	input *node
	below *node
}

// field makes one. Name is unique on the screen.
func (p *page) field(name, label string) field {
	f := field{
		input: el("input", "input").part("input").attr("id", p.id(name)).attr("type", "text").
			attr("autocomplete", "off").attr("autocapitalize", "none").attr("spellcheck", "false"),
		below: el("p", "below").attr("id", p.id(name+"-below")),
	}
	f.input.attr("aria-describedby", p.id(name+"-below"))
	f.box = el("div", "field", p.label("label", "label", label).attr("for", p.id(name)), f.input, f.below).part("field")
	return f
}

// secret makes a field whose text is hidden until "Show" is pressed.
func (p *page) secret(name, label string) field {
	f := p.field(name, label)
	f.input.attr("type", "password")
	eye := p.button("reveal", "field.show").attr("aria-pressed", "false").attr("aria-controls", p.id(name))
	line := el("div", "with-reveal")
	f.box.InsertBefore(line, f.below)
	line.add(f.input, eye)
	p.on(eye, "click", func(dom.Event) {
		show := f.input.GetAttribute("type") == "password"
		if show {
			f.input.attr("type", "text")
			p.say(eye, "field.hide").attr("aria-pressed", "true")
		} else {
			f.input.attr("type", "password")
			p.say(eye, "field.show").attr("aria-pressed", "false")
		}
	})
	return f
}

// enter sends an event when Enter is pressed in n, but not where it ends the
// input of a composed character.
func (p *page) enter(n *node, event func() flow.Event) {
	p.on(n, "keydown", func(e dom.Event) {
		key := e.Underlying()
		if key.Get("key").String() == "Enter" && !key.Get("isComposing").Bool() {
			e.PreventDefault()
			if it := event(); it != nil {
				p.send(it)
			}
		}
	})
}

// wrong marks a field whose content is not accepted, for eye and ear.
func (f *field) wrong(on bool) {
	value := ""
	if on {
		value = "true"
	}
	f.input.attr("aria-invalid", value)
	f.below.class("bad", on)
}

// caret is the caret of an input in runes; the document counts UTF-16 units.
func (n *node) caret() int {
	at := n.Get("selectionStart")
	if at.IsNull() || at.IsUndefined() {
		return len([]rune(n.value()))
	}
	runes, units := 0, 0
	for _, r := range n.value() {
		if units >= at.Int() {
			break
		}
		units++
		if r > 0xffff {
			units++
		}
		runes++
	}
	return runes
}

// setCaret is its reverse.
func (n *node) setCaret(runes int) {
	text := []rune(n.value())
	units := 0
	for _, r := range text[:min(max(runes, 0), len(text))] {
		units++
		if r > 0xffff {
			units++
		}
	}
	n.Call("setSelectionRange", units, units)
}

// files makes a button that opens the browser's file dialog, and hands over
// what is chosen there.
func (p *page) files(kind, label, accept string, chosen func()) *node {
	input := el("input", "").attr("type", "file").attr("accept", accept).flag("hidden", true)
	button := p.button("secondary", label)
	p.on(button, "click", func(dom.Event) { input.Call("click") })
	p.on(input, "change", func(dom.Event) {
		if files := input.Get("files"); files.Length() > 0 {
			file := files.Index(0)
			p.give(kind, file)
			input.Set("value", "") // the same file may be chosen again
			chosen()
		}
	})
	return el("span", "files", button, input)
}

func (v *View) give(kind string, file js.Value) {
	if v.hooks.File != nil {
		v.hooks.File(kind, file)
	}
}

// copier is a button that copies a text. That it was copied is said once the
// host says so.
type copier struct {
	button *node
	text   string
}

func (p *page) copier(label string) *copier {
	c := &copier{button: el("button", "button copy", icon("copy"), icon("check"), p.label("span", "copy-word", "action.copy"))}
	c.button.attr("type", "button").part("secondary").attr("aria-label", p.msg("action.copy-what", "what", p.msg(label)))
	p.on(c.button, "click", func(dom.Event) {
		p.copied = c
		p.send(flow.CopyWanted{Text: c.text})
	})
	return c
}

// update changes what is copied, and shows that it was.
func (c *copier) update(p *page, s flow.State, text string) {
	c.text = text
	c.button.class("copied", p.copied == c && s.Notice == "notice.copied")
}

// facts is a list of names and values, some with a button to copy them.
type facts struct {
	list    *node
	entries map[string]*fact
}

type fact struct {
	row, value *node
	copier     *copier
}

func (p *page) facts() *facts {
	return &facts{list: el("dl", "facts"), entries: map[string]*fact{}}
}

// set shows a fact, or hides it while its value is "".
func (f *facts) set(p *page, s flow.State, label, value string, copyable bool) {
	it := f.entries[label]
	if it == nil {
		it = &fact{value: el("bdi", "")}
		if copyable {
			it.value.class("mono", true)
			it.copier = p.copier(label)
		}
		box := el("dd", "", it.value)
		if it.copier != nil {
			box.add(it.copier.button)
		}
		it.row = el("div", "fact", p.label("dt", "", label), box)
		f.entries[label] = it
		f.list.add(it.row)
	}
	it.value.text(value)
	it.row.show(value != "")
	if it.copier != nil {
		it.copier.update(p, s, value)
	}
}

// choice makes a radio button that looks like a card.
func (p *page) choice(group, value string, content ...*node) (box, input *node) {
	input = el("input", "radio").attr("type", "radio").attr("name", p.id(group)).attr("value", value)
	box = el("label", "option", input, el("span", "option-text", content...)).part("option")
	return box, input
}

// ungroup takes the radio buttons below n out of their groups before they go:
// Chromium (156) keeps removed ones alive as members of a group if they were in a
// shadow tree and in no form.
func ungroup(n *node) {
	n.find("input[type=radio]", func(input js.Value) { input.Call("removeAttribute", "name") })
}

// chosen tells which radio button of a box was chosen.
func (p *page) chosen(box *node, pick func(value string)) {
	p.on(box, "change", func(e dom.Event) {
		if target := e.Underlying().Get("target"); target.Get("type").String() == "radio" {
			pick(target.Get("value").String())
		}
	})
}

func (n *node) check(on bool) *node {
	if n.Get("checked").Bool() != on {
		n.Set("checked", on)
	}
	return n
}

// hex4 writes a vendor or product ID as the makers do.
func hex4(id uint16) string {
	const digits = "0123456789ABCDEF"
	return "0x" + string([]byte{digits[id>>12], digits[id>>8&15], digits[id>>4&15], digits[id&15]})
}

func itoa(n int) string { return strconv.Itoa(n) }
