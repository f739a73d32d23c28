//go:build js && wasm

package view

import (
	"honnef.co/go/js/dom/v2"

	"github.com/matter-session/matter-session/web/flow"
)

func init() { screens[flow.ScreenDevice] = deviceScreen }

// deviceScreen shows one device: enough to see that it works.
func deviceScreen(p *page) {
	p.heading = func(s flow.State) (string, []string) {
		return "title.device", []string{"name", deviceName(p.View, &s.Device.Node)}
	}
	reading := el("div", "activity", el("div", "activity-bar").attr("aria-hidden", "true"), el("p", ""))
	readingText := el("span", "")
	reading.add(readingText)
	endpoints := endpointsView(p)
	facts := p.facts()
	about := el("section", "about", p.label("h3", "subtitle", "device.about"), facts.list)
	share := p.does(p.button("secondary", "done.share"), func() flow.Event {
		return flow.ShareWanted{Node: p.state.Device.Node.ID}
	})
	share.lead(icon("share"))
	remove := p.does(p.button("secondary", "device.remove").class("danger-text", true), always(flow.RemoveWanted{}))
	sure := removePanel(p)
	p.add(reading, endpoints.box, el("div", "ways", share, remove), sure.box, about)

	p.render = func(s flow.State) {
		d := &s.Device
		reading.show(d.Phase == "reading" || d.Phase == "removing")
		if d.Phase == "removing" {
			p.say(readingText, "device.removing")
		} else {
			p.say(readingText, "device.reading")
		}
		endpoints.update(s)
		share.flag("disabled", d.Phase != "ready")
		remove.show(!d.Confirm && d.Phase != "removing")
		sure.update(s)
		setNodeFacts(p, facts, s, &d.Node)
	}
}

// removePanel asks whether to remove the device, and says what to do if it
// does not answer.
func removePanel(p *page) section {
	no := p.does(p.button("secondary", "device.remove-no"), always(flow.RemoveAnswered{}))
	only := p.does(p.button("secondary", "device.remove-only"), always(flow.RemoveAnswered{Yes: true, ForgetOnly: true}))
	yes := p.does(p.button("danger", "device.remove-yes"), always(flow.RemoveAnswered{Yes: true}))
	box := el("div", "sub", p.label("h3", "subtitle", "device.remove-question"), p.label("p", "", "device.remove-text"), el("div", "ways", no, only, yes))
	asked := false
	return section{box, func(s flow.State) {
		box.show(s.Device.Confirm)
		if s.Device.Confirm && !asked && no.Get("isConnected").Bool() {
			no.focus()
		}
		asked = s.Device.Confirm
	}}
}

type endpoint struct {
	name, kind, toggle, state, level, percent, levelBox, identify, wrong, problem, action *node

	sliding bool
}

func endpointsView(p *page) section {
	list := rows[*endpoint]{box: el("ul", "endpoints")}
	p.listClick(list.box, "data-switch", func(value string) {
		if it := endpointOf(p.state, value); it != nil {
			p.send(flow.Switched{Endpoint: it.ID, On: !it.On})
		}
	})
	p.listClick(list.box, "data-identify", func(value string) {
		if it := endpointOf(p.state, value); it != nil {
			p.send(flow.IdentifyWanted{Endpoint: it.ID})
		}
	})
	// While a slider is held, what the device tells must not move it.
	p.on(list.box, "input", func(e dom.Event) {
		if key, ok := hit(e, "data-level"); ok {
			if row := list.made[key]; row != nil {
				row.parts.sliding = true
				row.parts.percent.text(p.percent(row.parts.level.value()))
			}
		}
	})
	p.on(list.box, "change", func(e dom.Event) {
		if key, ok := hit(e, "data-level"); ok {
			row, it := list.made[key], endpointOf(p.state, key)
			if row == nil || it == nil {
				return
			}
			row.parts.sliding = false
			if level, ok := atoi(row.parts.level.value()); ok {
				p.send(flow.LevelSet{Endpoint: it.ID, Level: uint8(min(max(level, 1), 254))})
			}
		}
	})
	return section{list.box, func(s flow.State) {
		shown := s.Device.Endpoints
		list.box.show(len(shown) > 0 && s.Device.Phase != "removing")
		keys := make([]string, len(shown))
		for i := range shown {
			keys[i] = itoa(int(shown[i].ID))
		}
		list.sync(keys, func(i int) (*node, *endpoint) { return buildEndpoint(p, keys[i]) },
			func(i int, it *endpoint) { it.update(p, &shown[i]) })
	}}
}

func endpointOf(s flow.State, id string) *flow.Endpoint {
	for i := range s.Device.Endpoints {
		if itoa(int(s.Device.Endpoints[i].ID)) == id {
			return &s.Device.Endpoints[i]
		}
	}
	return nil
}

func buildEndpoint(p *page, key string) (*node, *endpoint) {
	it := &endpoint{name: el("bdi", "option-title"), kind: el("span", "option-more"), state: el("span", "switch-word"),
		percent: el("output", "percent"), problem: el("span", ""), action: el("span", "")}
	nameID := p.id("endpoint-" + key)
	it.name.attr("id", nameID)
	it.toggle = el("button", "switch", el("span", "switch-track", el("span", "switch-thumb")).attr("aria-hidden", "true"), it.state).
		attr("type", "button").attr("role", "switch").attr("data-switch", key).attr("aria-labelledby", nameID)
	it.level = el("input", "range").attr("type", "range").attr("min", "1").attr("max", "254").attr("data-level", key).attr("id", p.id("level-"+key)).part("input")
	it.levelBox = el("div", "level", p.label("label", "label", "device.level").attr("for", p.id("level-"+key)), it.level, it.percent)
	it.identify = p.button("secondary", "device.identify").attr("data-identify", key).attr("aria-describedby", nameID)
	it.wrong = el("p", "below bad", it.problem, it.action)
	top := el("li", "endpoint", el("div", "endpoint-head", el("span", "option-text", it.name, it.kind), it.toggle), it.levelBox, el("div", "ways", it.identify), it.wrong)
	return top, it
}

func (it *endpoint) update(p *page, e *flow.Endpoint) {
	kind := "device.type.other"
	if len(e.Types) > 0 {
		if known := "device.type." + hexType(e.Types[0]); p.has(known) {
			kind = known
		}
	}
	if e.Label != "" {
		it.name.text(e.Label)
		p.say(it.kind, kind)
	} else {
		p.say(it.name, kind)
	}
	it.kind.show(e.Label != "")
	it.toggle.show(e.HasOnOff)
	checked := "false"
	word := "device.off"
	if e.On {
		checked, word = "true", "device.on"
	}
	it.toggle.attr("aria-checked", checked).class("on", e.On)
	it.toggle.class("pending", e.Pending)
	p.say(it.state, word)
	it.levelBox.show(e.HasLevel)
	if e.HasLevel && !it.sliding {
		it.level.put(itoa(int(e.Level)))
		it.percent.text(p.percent(itoa(int(e.Level))))
		it.level.attr("aria-valuetext", p.percent(itoa(int(e.Level))))
	}
	it.identify.show(e.Identify)
	it.wrong.show(e.Problem != nil)
	if e.Problem != nil {
		p.explain(e.Problem, it.problem, nil, it.action)
	}
}

// percent of a level of 1 to 254.
func (v *View) percent(level string) string {
	n, _ := atoi(level)
	return v.msg("device.percent", "n", itoa((n*100+127)/254))
}

// hexType writes a device type as messages name it.
func hexType(t uint32) string {
	if t > 0xffff {
		return ""
	}
	return hex4(uint16(t))[2:]
}
