//go:build js && wasm

package view

import "github.com/matter-session/matter-session/web/flow"

func init() { screens[flow.ScreenTransport] = transportScreen }

// transportScreen asks how the device can be reached.
func transportScreen(p *page) {
	type card struct{ input, box, reason *node }
	cards := rows[card]{box: el("div", "options cards")}
	group := el("fieldset", "group", p.label("legend", "unseen", "title.transport"), cards.box)
	legs := legsView(p)
	p.chosen(group, func(value string) { p.send(flow.RoutePicked{Route: flow.Route(value)}) })
	p.add(group, legs.box)
	alone := p.action("secondary", "transport.alone", always(flow.GoOnAlone{}))
	next := p.action("primary", "action.continue", always(flow.Continue{}))

	p.render = func(s flow.State) {
		keys := make([]string, len(s.Options.Routes))
		for i, r := range s.Options.Routes {
			keys[i] = string(r)
		}
		cards.sync(keys, func(i int) (*node, card) {
			reason := el("span", "reason")
			box, input := p.choice("route", keys[i], el("span", "option-icon", icon(keys[i])),
				p.label("span", "option-title", "route."+keys[i]), p.label("span", "option-more", "route."+keys[i]+".more"), reason)
			return box, card{input, box, reason}
		}, func(i int, c card) {
			why := availability(s, s.Options.Routes[i])
			c.reason.show(why != flow.Ready)
			if why != flow.Ready {
				p.say(c.reason, p.reason(s.Options.Routes[i], why), "url", s.Options.AgentURL)
			}
			never := why == flow.Missing || why == flow.Disabled || why == flow.Insecure || why == flow.Framed
			c.input.flag("disabled", never).check(s.Options.Routes[i] == s.Route)
			c.box.class("off", never)
			c.reason.class("wait", why == flow.Checking)
		})
		legs.update(s)
		alone.show(s.Problem != nil && s.Problem.ID == "no-ip-path")
		if s.Waiting {
			p.say(next, "transport.waiting").attr("aria-disabled", "true")
		} else {
			p.say(next, "action.continue").attr("aria-disabled", "")
		}
	}
}

func availability(s flow.State, r flow.Route) flow.Availability {
	switch r {
	case flow.RouteBluetooth:
		return s.Options.Bluetooth
	case flow.RouteAgent:
		return s.Options.Agent
	}
	return flow.Ready
}

// reason says why a way cannot be used now.
func (v *View) reason(r flow.Route, why flow.Availability) string {
	if id := "reason." + string(r) + "." + string(why); v.has(id) {
		return id
	}
	return "reason." + string(r) + ".none"
}

// legsView draws both parts of the way: a page cannot reach the network alone.
type legs struct {
	box    *node
	update func(flow.State)
}

func legsView(p *page) legs {
	first, second := el("span", "leg-name"), el("span", "leg-name")
	firstLeg, secondLeg := el("span", "leg", first), el("span", "leg", second)
	end := func(name, id string) *node {
		return el("span", "leg-end", icon(name), p.label("span", "", id))
	}
	line := el("div", "legs", end("device", "legs.device"), firstLeg, end("page", "legs.page"), secondLeg, end("agent", "legs.agent")).attr("aria-hidden", "true")
	words := el("p", "hint")
	box := el("div", "way", line, words)
	return legs{box, func(s flow.State) {
		ready := s.Options.Agent == flow.Ready
		secondLeg.class("open", !ready)
		p.say(second, "legs.network")
		box.show(s.Route != flow.RouteHost && s.Route != "")
		firstLeg.class("on-air", s.Route == flow.RouteBluetooth)
		if s.Route == flow.RouteBluetooth {
			p.say(first, "legs.bluetooth")
		} else {
			p.say(first, "legs.network")
		}
		switch {
		case s.Route == flow.RouteBluetooth && ready:
			p.say(words, "legs.both")
		case s.Route == flow.RouteBluetooth:
			p.say(words, "legs.bluetooth-only")
		case ready:
			p.say(words, "legs.agent-only")
		default:
			p.say(words, "legs.no-agent")
		}
	}}
}
