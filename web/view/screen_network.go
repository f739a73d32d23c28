//go:build js && wasm

package view

import (
	"honnef.co/go/js/dom/v2"

	"github.com/matter-session/matter-session/web/flow"
)

func init() { screens[flow.ScreenNetwork] = networkScreen }

// networkScreen asks for the network that the device shall join. Secrets leave
// the document the moment they are read.
func networkScreen(p *page) {
	if q := p.state.Network; q != nil && q.Kind == "thread" {
		threadScreen(p)
	} else {
		wifiScreen(p)
	}
}

// other is the value of the radio button of a network that is not listed.
const other = "-1"

func wifiScreen(p *page) {
	p.heading = func(flow.State) (string, []string) { return "title.network.wifi", nil }
	lead := el("p", "lead")
	looking := el("div", "activity", el("div", "activity-bar").attr("aria-hidden", "true"), p.label("p", "", "network.scanning"))
	stored := storedView(p)
	list := networkList(p)
	ssid := p.field("ssid", "network.ssid")
	p.say(ssid.below, "network.ssid-hint")
	password := p.secret("password", "network.password")
	patience := patienceView(p)
	p.add(lead, looking, stored.box, list.group, ssid.box, password.box, helpSlot(), patience.box)

	p.on(ssid.input, "input", func(dom.Event) { p.send(flow.SSIDTyped{Text: ssid.input.value()}) })
	event := func() flow.Event { return flow.JoinWiFi{Password: password.input.take()} }
	p.enter(ssid.input, event)
	p.enter(password.input, event)
	join := p.action("primary", "network.join", event)
	if q := p.state.Network; q != nil && q.Problem != nil && q.Problem.ID == "wifi-auth" {
		p.focus = password.input
	}

	p.render = func(s flow.State) {
		q := s.Network
		if q == nil {
			q = &flow.NetworkQuestion{Chosen: -1}
		}
		looking.show(s.Scanning)
		list.group.show(!s.Scanning)
		join.show(q.Request != 0)
		lead.show(!s.Scanning)
		if len(q.Scanned) == 0 {
			p.say(lead, "network.none")
		} else {
			p.say(lead, "network.lead")
		}
		patience.update(s)
		stored.update(q)
		list.update(q)
		free := !s.Scanning && (q.Other || q.Chosen < 0 && len(q.Scanned) == 0)
		ssid.box.show(free)
		ssid.input.put(q.SSID)
		ssid.wrong(free && q.Problem != nil && q.Problem.ID == "wifi-not-found")
		open := !free && q.Chosen >= 0 && q.Chosen < len(q.Scanned) && q.Scanned[q.Chosen].Open
		password.box.show(free || !s.Scanning && q.Chosen >= 0 && !open)
		refused := q.Problem != nil && q.Problem.ID == "wifi-auth"
		password.wrong(refused)
		if refused {
			p.say(password.below, "network.password-refused")
		} else {
			p.say(password.below, "network.password-hint")
		}
	}
}

type networks struct {
	group  *node
	update func(*flow.NetworkQuestion)
}

// networkList has one radio button for each network that the device sees.
func networkList(p *page) networks {
	type entry struct{ box, input, name, signal, band, lock *node }
	var shown []flow.Network
	list := rows[entry]{box: el("div", "options")}
	elsewhere, elsewhereInput := p.choice("network", other, p.label("span", "option-title", "network.other"))
	group := el("fieldset", "group", p.label("legend", "unseen", "title.network.wifi"),
		el("div", "scroll", list.box), elsewhere).part("list")
	p.chosen(group, func(value string) {
		if i, ok := atoi(value); ok {
			p.send(flow.NetworkPicked{Index: i})
		}
	})
	return networks{group, func(q *flow.NetworkQuestion) {
		shown = q.Scanned
		keys := make([]string, len(shown))
		for i, n := range shown {
			keys[i] = string(n.ID) + "\x00" + n.Band
		}
		list.sync(keys, func(i int) (*node, entry) {
			it := entry{name: el("bdi", "option-title"), signal: el("span", ""), band: el("span", ""), lock: el("span", "")}
			lock := el("span", "with-icon", icon("lock"), icon("unlock"), it.lock)
			it.box, it.input = p.choice("network", itoa(i), it.name, el("span", "option-more facts-line", it.signal, it.band, lock))
			return it.box.add(barsIcon()), it
		}, func(i int, it entry) {
			n := shown[i]
			it.input.attr("value", itoa(i)).check(!q.Other && q.Chosen == i)
			if n.Hidden || n.Name == "" {
				p.say(it.name, "network.hidden").class("quiet-name", true)
			} else {
				it.name.text(n.Name).class("quiet-name", false)
			}
			p.say(it.signal, "network.bars."+itoa(min(max(n.Bars, 0), 4)))
			it.band.show(n.Band != "")
			p.say(it.band, "network.band", "ghz", n.Band)
			for bars := range 5 {
				it.box.class("bars-"+itoa(bars), bars == min(max(n.Bars, 0), 4))
			}
			it.box.class("unlocked", n.Open)
			if n.Open {
				p.say(it.lock, "network.open")
			} else {
				p.say(it.lock, "network.locked")
			}
		})
		elsewhereInput.check(q.Other || q.Chosen < 0 && len(shown) == 0)
		elsewhere.show(len(shown) > 0)
	}}
}

// barsIcon has four bars; the class of what it is in says how many count.
func barsIcon() *node {
	svg := wrap(document.Call("createElementNS", svgNamespace, "svg"))
	svg.attr("class", "icon").class("bars", true).attr("viewBox", "0 0 24 24").attr("aria-hidden", "true").attr("focusable", "false")
	for i, d := range []string{"M4.5 20v-3", "M9.5 20v-7", "M14.5 20v-11", "M19.5 20v-15"} {
		path := wrap(document.Call("createElementNS", svgNamespace, "path"))
		svg.add(path.attr("d", d).attr("class", "bar-"+itoa(i+1)))
	}
	return svg
}

// stored lists what the host has credentials of.
type stored struct {
	box    *node
	update func(*flow.NetworkQuestion)
}

func storedView(p *page) stored {
	list := rows[*node]{box: el("div", "options")}
	box := el("div", "stored", p.label("h3", "subtitle", "network.stored"), list.box)
	p.listClick(box, "data-id", func(id string) { p.send(flow.JoinStored{ID: id}) })
	return stored{box, func(q *flow.NetworkQuestion) {
		box.show(len(q.Stored) > 0)
		keys := make([]string, len(q.Stored))
		for i, it := range q.Stored {
			keys[i] = it.ID
		}
		list.sync(keys, func(i int) (*node, *node) {
			button := el("button", "option option-button", el("span", "option-icon", icon("lock"))).attr("type", "button").attr("data-id", q.Stored[i].ID).part("option")
			text := el("span", "")
			button.add(el("span", "option-text", text))
			return button, text
		}, func(i int, text *node) { p.say(text, "network.use", "label", q.Stored[i].Label) })
	}}
}

// helpSlot is where a host page says what it knows about its networks.
func helpSlot() *node { return el("slot", "").attr("name", "network-help") }

func threadScreen(p *page) {
	p.heading = func(flow.State) (string, []string) { return "title.network.thread", nil }
	stored := storedView(p)
	dataset := p.secret("dataset", "thread.dataset")
	dataset.input.class("mono", true)
	summary := p.facts()
	patience := patienceView(p)
	sentence, action := el("span", ""), el("span", "")
	dataset.below.add(sentence, action)
	p.add(p.label("p", "lead", "thread.lead"), stored.box, dataset.box, summary.list, helpSlot(), patience.box)

	p.on(dataset.input, "input", func(dom.Event) { p.send(flow.DatasetTyped{Text: dataset.input.value()}) })
	join := func() flow.Event { return flow.JoinThread{Dataset: dataset.input.take()} }
	p.enter(dataset.input, join)
	p.action("primary", "network.join", join)

	p.render = func(s flow.State) {
		q := s.Network
		if q == nil {
			q = new(flow.NetworkQuestion)
		}
		patience.update(s)
		stored.update(q)
		d := q.Dataset
		if d == nil {
			d = new(flow.ThreadSummary)
		}
		bad := d.Problem != nil
		dataset.wrong(bad)
		dataset.below.class("good", d.Complete && !bad)
		action.show(false)
		switch {
		case bad:
			p.explain(d.Problem, sentence, nil, action)
		case d.Complete:
			p.say(sentence, "thread.complete")
		default:
			p.say(sentence, "thread.hint")
		}
		channel := ""
		if d.Channel != 0 {
			channel = itoa(d.Channel)
		}
		summary.list.show(d.Name != "" || channel != "" || d.PANID != "")
		summary.set(p, s, "thread.name", d.Name, false)
		summary.set(p, s, "thread.channel", channel, false)
		summary.set(p, s, "thread.panid", d.PANID, false)
	}
}
