//go:build js && wasm

package view

import (
	"syscall/js"
	"unicode/utf8"

	"honnef.co/go/js/dom/v2"

	"github.com/matter-session/matter-session/web/flow"
)

func init() { screens[flow.ScreenCode] = codeScreen }

// codeScreen takes the setup code: typed, pasted, dropped or from a picture.
// The camera has its own screen.
func codeScreen(p *page) {
	f := p.field("code", "code.label")
	f.box.class("code-field", true)
	f.input.attr("inputmode", "text").attr("autocapitalize", "characters").attr("enterkeyhint", "next").class("code", true)
	sign := el("span", "sign")
	sign.add(icon("check"), icon("warning"))
	words, action := el("span", ""), el("span", "")
	f.below.add(sign, words, action)

	p.on(f.input, "input", func(dom.Event) {
		p.send(flow.CodeTyped{Text: f.input.value(), Caret: f.input.caret()})
	})
	p.on(f.input, "blur", func(e dom.Event) {
		// On the way to a button of the bar, that button says what follows.
		to := e.Underlying().Get("relatedTarget")
		if to.IsNull() || to.IsUndefined() || !p.next.Call("contains", to).Bool() {
			p.send(flow.CodeLeft{})
		}
	})
	p.enter(f.input, always(flow.Continue{}))

	scan := p.does(p.button("secondary", "code.scan"), always(flow.ScanWanted{}))
	scan.lead(icon("camera"))
	picture := p.files("picture", "code.picture", "image/*", func() { p.send(flow.PictureGiven{}) })
	where := el("figure", "where", labelDrawing(), p.label("figcaption", "", "code.where"))
	says := payloadView(p)

	p.add(el("slot", "").attr("name", "intro"), p.label("p", "lead", "code.lead"), f.box, says.box,
		el("div", "ways", scan, picture), p.label("p", "hint", "code.drop"), where)
	p.action("primary", "action.continue", always(flow.Continue{}))
	receive(p)

	p.render = func(s flow.State) {
		scan.show(s.Options.Camera)
		f.input.flag("disabled", s.Scan.Phase == "reading")
		draw := f.input.value() != s.Code.Text
		f.input.put(s.Code.Text)
		f.input.class("long", len(s.Code.Text) > len("1234-567-8901"))
		if draw && f.input.holds() {
			f.input.setCaret(s.Code.Caret)
		}
		state := codeLine(p, s.Code, words, action)
		if s.Scan.Phase == "reading" {
			p.say(words, "code.reading")
		}
		f.wrong(state == "bad")
		f.below.class("good", state == "good")
		if state != "" {
			p.chrome.speaker.say(words.TextContent())
		}
		says.update(s)
	}
}

// codeLine says below the field how far it is. It returns "good", "bad", or ""
// while there is nothing to say about it yet.
func codeLine(p *page, c flow.CodeEntry, words, action *node) string {
	action.show(false)
	switch {
	case c.Problem != nil:
		p.explain(c.Problem, words, nil, action)
		return "bad"
	case c.Accepted && c.Text == "":
		p.say(words, "code.accepted")
		return "good"
	case c.Complete:
		p.say(words, "code.complete")
		return "good"
	case c.Form == "manual" && c.Digits > 0:
		p.say(words, "code.digits", "n", itoa(c.Digits), "of", itoa(c.Length))
	case c.Form == "qr":
		p.say(words, "code.text")
	default:
		p.say(words, "code.format")
	}
	return ""
}

// receive takes what is dropped or pasted anywhere on the screen.
func receive(p *page) {
	frame := p.chrome.frame
	take := func(data js.Value, e dom.Event) {
		if data.IsNull() || data.IsUndefined() {
			return
		}
		if files := data.Get("files"); files.Length() > 0 {
			e.PreventDefault()
			p.give("picture", files.Index(0))
			p.send(flow.PictureGiven{})
			return
		}
		text := data.Call("getData", "text/plain").String()
		if text == "" || e.Underlying().Get("target").Get("localName").String() == "input" && e.Type() == "paste" {
			return // the field takes it by itself
		}
		e.PreventDefault()
		p.send(flow.CodeTyped{Text: text, Caret: utf8.RuneCountInString(text)})
	}
	p.on(frame, "paste", func(e dom.Event) { take(e.Underlying().Get("clipboardData"), e) })
	p.on(frame, "dragover", func(e dom.Event) {
		e.PreventDefault()
		frame.class("dropping", true)
	})
	p.on(frame, "dragleave", func(dom.Event) { frame.class("dropping", false) })
	p.on(frame, "drop", func(e dom.Event) {
		e.PreventDefault()
		frame.class("dropping", false)
		take(e.Underlying().Get("dataTransfer"), e)
	})
}

// says shows what a code tells beside its secret.
type says struct {
	box    *node
	update func(flow.State)
}

func payloadView(p *page) says {
	device := el("p", "says-device")
	how := el("p", "says-how")
	first := el("p", "says-first note")
	several := rows[*node]{box: el("div", "options")}
	group := el("fieldset", "group", p.label("legend", "label", "code.several"), several.box)
	box := el("div", "says", group, device, how, first)
	p.chosen(group, func(value string) {
		if i, ok := atoi(value); ok {
			p.send(flow.PayloadPicked{Index: i})
		}
	})
	return says{box, func(s flow.State) {
		payloads := s.Code.Payloads
		group.show(len(payloads) > 1)
		keys := make([]string, 0, len(payloads))
		if len(payloads) > 1 {
			for i := range payloads {
				keys = append(keys, itoa(i))
			}
		}
		several.sync(keys, func(i int) (*node, *node) {
			pl := payloads[i]
			return p.choice("payload", itoa(i), p.label("span", "", "code.device", "n", itoa(i+1), "vendor", hex4(pl.VendorID), "product", hex4(pl.ProductID)))
		}, func(i int, input *node) { input.check(i == s.Code.Chosen) })
		var pl flow.Payload
		if s.Code.Chosen >= 0 && s.Code.Chosen < len(payloads) {
			pl = payloads[s.Code.Chosen]
		}
		something := len(payloads) > 1 || pl.HasProduct || pl.HasDiscovery || pl.Flow != 0
		box.show(something && (s.Code.Complete || s.Code.Accepted))
		device.show(pl.HasProduct)
		p.say(device, "code.product", "vendor", hex4(pl.VendorID), "product", hex4(pl.ProductID))
		how.show(pl.HasDiscovery)
		p.say(how, discoveryText(pl.Discovery))
		first.show(pl.Flow == 1 || pl.Flow == 2)
		if pl.Flow == 1 {
			p.say(first, "code.flow.button")
		} else {
			p.say(first, "code.flow.app")
		}
	}}
}

// discoveryText: bit 0 is a soft access point, 1 Bluetooth, 2 the network it is
// already on. Matter Core §5.1.3.
func discoveryText(bits uint8) string {
	switch {
	case bits&2 != 0 && bits&4 != 0:
		return "code.discovery.both"
	case bits&2 != 0:
		return "code.discovery.bluetooth"
	case bits&4 != 0:
		return "code.discovery.network"
	}
	return "code.discovery.other"
}
