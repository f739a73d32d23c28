//go:build js && wasm

package view

import "github.com/matter-session/matter-session/web/flow"

func init() {
	screens[flow.ScreenPick] = pickScreen
	screens[flow.ScreenDiscover] = discoverScreen
}

// pickScreen prepares for the browser's own list, in which Matter devices are
// often nameless.
func pickScreen(p *page) {
	list := el("ol", "checklist")
	for _, id := range []string{"pick.pairing", "pick.nameless", "pick.two"} {
		list.add(p.label("li", "", id))
	}
	p.add(p.label("p", "lead", "pick.lead"), list)
	p.action("secondary", "pick.not-listed", always(flow.NotListed{}))
	p.action("primary", "pick.show", always(flow.PickWanted{}))
}

// discoverScreen lists what answers on the network.
func discoverScreen(p *page) {
	type candidate struct{ name, more, exact, open, address *node }
	searching := el("div", "activity").add(el("div", "activity-bar").attr("aria-hidden", "true"), p.label("p", "", "discover.searching"))
	found := rows[candidate]{box: el("ul", "list").part("list")}
	p.listClick(found.box, "data-id", func(id string) { p.send(flow.CandidatePicked{ID: id}) })
	count := el("p", "hint")
	p.add(p.label("p", "lead", "discover.lead"), searching, count, found.box)
	again := p.action("primary", "discover.again", always(flow.Again{}))

	p.render = func(s flow.State) {
		searching.show(s.Searching)
		again.show(!s.Searching)
		found.box.show(len(s.Candidates) > 0)
		keys := make([]string, len(s.Candidates))
		for i, c := range s.Candidates {
			keys[i] = c.ID
		}
		found.sync(keys, func(i int) (*node, candidate) {
			c := candidate{el("bdi", "option-title"), el("span", "option-more"), p.label("span", "badge good", "discover.exact"), el("span", "badge"), el("bdi", "option-more mono")}
			button := el("button", "option option-button", el("span", "option-icon", icon("device")), el("span", "option-text", c.name, c.more, c.address, el("span", "badges", c.exact, c.open))).
				attr("type", "button").attr("data-id", s.Candidates[i].ID).part("option")
			return el("li", "", button), c
		}, func(i int, c candidate) {
			it := s.Candidates[i]
			if it.Name != "" {
				c.name.text(it.Name)
			} else {
				p.say(c.name, "device.unnamed")
			}
			c.more.show(it.VendorID != 0)
			p.say(c.more, "discover.maker", "vendor", hex4(it.VendorID), "product", hex4(it.ProductID))
			c.exact.show(it.Exact)
			c.address.text(it.Address)
			c.open.class("muted", it.Open == 0)
			if it.Open == 0 {
				p.say(c.open, "discover.closed")
			} else {
				p.say(c.open, "discover.open")
			}
		})
		count.show(len(s.Candidates) > 0)
		if len(s.Candidates) == 1 {
			p.say(count, "discover.one")
		} else {
			p.say(count, "discover.choose")
		}
		if len(s.Candidates) > 0 {
			p.chrome.speaker.say(p.msg("discover.count", "n", itoa(len(s.Candidates))))
		}
	}
}
