//go:build js && wasm

package view

import (
	"strings"

	"rsc.io/qr/coding"

	"github.com/matter-session/matter-session/web/flow"
)

func init() { screens[flow.ScreenShare] = shareScreen }

// shareScreen opens a device for one more app, and shows the code for it.
func shareScreen(p *page) {
	p.heading = func(s flow.State) (string, []string) {
		return "title.share", []string{"product", deviceName(p.View, &s.Share.Node)}
	}
	choose := p.shareChoose()
	opening := el("div", "activity", el("div", "activity-bar").attr("aria-hidden", "true"), p.label("p", "", "share.opening"))
	open := p.shareOpen()
	joined := el("div", "hero", el("span", "hero-sign", icon("check")), el("p", "lead"))
	joinedText := el("span", "")
	joined.add(joinedText)
	ended := p.label("p", "lead", "share.ended")
	p.add(choose.box, opening, open.box, joined, ended)

	closeNow := p.action("secondary", "share.close", always(flow.ShareClose{}))
	start := p.action("primary", "share.open", always(flow.ShareOpen{}))
	again := p.action("primary", "share.again", always(flow.ShareOpen{}))
	done := p.action("primary", "action.done", always(flow.Back{}))

	p.render = func(s flow.State) {
		phase := s.Share.Phase
		choose.box.show(phase == "choose")
		opening.show(phase == "opening")
		open.box.show(phase == "open")
		joined.show(phase == "joined")
		ended.show(phase == "ended")
		closeNow.show(phase == "open")
		start.show(phase == "choose")
		again.show(phase == "ended")
		done.show(phase == "joined")
		choose.update(s)
		if phase == "open" {
			open.update(s)
		} else {
			open.clear()
		}
		if phase == "joined" {
			vendor := s.Share.Vendor
			if vendor == "" {
				vendor = p.msg("share.another")
			}
			p.say(joinedText, "share.joined", "vendor", vendor)
			p.chrome.speaker.say(p.msg("share.joined", "vendor", vendor))
		}
		if phase == "ended" {
			p.chrome.speaker.say(p.msg("share.ended"))
		}
	}
}

type shareChoice struct {
	box    *node
	update func(flow.State)
}

func (p *page) shareChoose() shareChoice {
	options := el("div", "options row")
	inputs := map[int]*node{}
	for _, seconds := range []int{180, 300, 600, 900} {
		box, input := p.choice("seconds", itoa(seconds), p.label("span", "option-title", "share.minutes", "n", itoa(seconds/60)))
		inputs[seconds] = input
		options.add(box)
	}
	group := el("fieldset", "group", p.label("legend", "label", "share.how-long"), options)
	p.chosen(group, func(value string) {
		if n, ok := atoi(value); ok {
			p.send(flow.ShareSeconds{Seconds: n})
		}
	})
	box := el("div", "share-open", p.label("p", "lead", "share.lead"), group)
	return shareChoice{box, func(s flow.State) {
		for seconds, input := range inputs {
			input.check(seconds == s.Share.Seconds)
		}
	}}
}

type shareOpen struct {
	box    *node
	update func(flow.State)
	clear  func()
}

func (p *page) shareOpen() shareOpen {
	picture := el("div", "qr").attr("role", "img").attr("aria-label", p.msg("share.qr"))
	digits := el("p", "digits mono")
	copy := p.copier("share.code")
	left := el("span", "countdown")
	until := el("p", "share-until", icon("clock"), left)
	box := el("div", "share-open",
		p.label("p", "lead", "share.scan"),
		el("div", "share-code", picture, el("div", "share-side", p.label("p", "label", "share.digits"), digits, copy.button, until)),
		p.label("p", "note", "share.no-reset"))
	drawn := ""
	return shareOpen{box, func(s flow.State) {
		if s.Share.QR != drawn {
			drawn = s.Share.QR
			picture.empty()
			if svg := qrCode(drawn); svg != nil {
				picture.add(svg)
			}
			picture.show(drawn != "")
		}
		manual := grouped(s.Share.Manual)
		digits.text(manual)
		copy.update(p, s, strings.ReplaceAll(manual, "-", ""))
		p.say(left, "share.until", "left", flow.Clock(flow.Left(s, s.Share.Until)))
	}, func() {
		if drawn != "" { // a code that is over is of no use to anybody
			drawn = ""
			picture.empty()
			digits.text("")
		}
	}}
}

// grouped writes eleven digits as 4-3-4.
func grouped(manual string) string {
	if len(manual) == 11 && !strings.Contains(manual, "-") {
		return manual[:4] + "-" + manual[4:7] + "-" + manual[7:]
	}
	return manual
}

// qrCode draws a code with dark modules on a light field, in dark pages as well:
// many readers do not read it the other way round. It is nil if text has no place.
func qrCode(text string) *node {
	var enc coding.Encoding = coding.String(text)
	if coding.Alpha(text).Check() == nil {
		enc = coding.Alpha(text)
	}
	const level = coding.M
	version := coding.Version(coding.MinVersion)
	for enc.Bits(version) > version.DataBytes(level)*8 {
		if version++; version > 10 { // no Matter code is longer
			return nil
		}
	}
	plan, err := coding.NewPlan(version, level, 0)
	if err != nil {
		return nil
	}
	code, err := plan.Encode(enc)
	if err != nil {
		return nil
	}
	const quiet = 4 // modules around it
	var d strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for code.Black(x+run, y) {
				run++
			}
			if run > 0 {
				d.WriteString("M" + itoa(x+quiet) + " " + itoa(y+quiet) + "h" + itoa(run) + "v1h-" + itoa(run) + "z")
				x += run
			}
		}
	}
	size := itoa(code.Size + 2*quiet)
	svg := wrap(document.Call("createElementNS", svgNamespace, "svg"))
	svg.attr("class", "qr-code").attr("viewBox", "0 0 "+size+" "+size).attr("shape-rendering", "crispEdges").attr("aria-hidden", "true")
	field := wrap(document.Call("createElementNS", svgNamespace, "path")).attr("class", "qr-field").attr("d", "M0 0h"+size+"v"+size+"h-"+size+"z")
	modules := wrap(document.Call("createElementNS", svgNamespace, "path")).attr("class", "qr-modules").attr("d", d.String())
	return svg.add(field, modules)
}
