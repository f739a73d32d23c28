//go:build js && wasm

package view

import (
	"syscall/js"

	"honnef.co/go/js/dom/v2"

	"github.com/matter-session/matter-session/web/flow"
)

func init() { screens[flow.ScreenHome] = homeScreen }

// homeScreen lists the devices of this home, and keeps its keys.
func homeScreen(p *page) {
	p.heading = func(s flow.State) (string, []string) {
		if s.Home.Label == "" {
			return "title.home", nil
		}
		return "title.home.label", []string{"label", s.Home.Label}
	}
	reading := el("div", "activity", el("div", "activity-bar").attr("aria-hidden", "true"), p.label("p", "", "home.reading"))
	none := el("div", "empty", icon("home"), p.label("p", "empty-title", "home.empty"), p.label("p", "hint", "home.empty-hint"))
	devices := homeDevices(p)
	notice := el("p", "note good")
	care := homeCare(p)
	p.add(reading, none, devices.box, notice, care.box)
	p.action("primary", "home.add", always(flow.AddWanted{}))

	p.render = func(s flow.State) {
		h := &s.Home
		reading.show(h.Phase == "reading")
		none.show(h.Phase == "ready" && len(h.Nodes) == 0)
		devices.update(s)
		notice.show(h.Notice != "" && p.has(h.Notice))
		if h.Notice != "" && p.has(h.Notice) {
			p.say(notice, h.Notice)
			p.chrome.speaker.say(p.msg(h.Notice))
		}
		care.update(s)
	}
}

// section is a part of a screen that brings itself up to the state.
type section struct {
	box    *node
	update func(flow.State)
}

func homeDevices(p *page) section {
	type entry struct{ name, more, added *node }
	list := rows[entry]{box: el("ul", "list").part("list")}
	p.listClick(list.box, "data-id", func(id string) { p.send(flow.DeviceWanted{Node: id}) })
	return section{list.box, func(s flow.State) {
		nodes := s.Home.Nodes
		list.box.show(len(nodes) > 0)
		keys := make([]string, len(nodes))
		for i := range nodes {
			keys[i] = nodes[i].ID
		}
		list.sync(keys, func(i int) (*node, entry) {
			it := entry{el("bdi", "option-title"), el("bdi", "option-more"), el("span", "option-more")}
			button := el("button", "option option-button", el("span", "option-icon", icon("device")), el("span", "option-text", it.name, it.more, it.added), icon("chevron")).
				attr("type", "button").attr("data-id", nodes[i].ID).part("option")
			return el("li", "", button), it
		}, func(i int, it entry) {
			n := &nodes[i]
			it.name.text(deviceName(p.View, n))
			more := n.VendorName
			if n.Name != "" && n.ProductName != "" {
				more = join(more, n.ProductName)
			}
			it.more.show(more != "").text(more)
			it.added.show(n.CommissionedAt > 0)
			if n.CommissionedAt > 0 {
				p.say(it.added, "home.added", "date", date(n.CommissionedAt, s.Options.Language))
			}
		})
	}}
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " · " + b
}

// date writes a day as the language does.
func date(unixMs int64, language string) string {
	if language == "" {
		language = "en"
	}
	options := map[string]any{"dateStyle": "medium"}
	return js.Global().Get("Date").New(unixMs).Call("toLocaleDateString", language, js.ValueOf(options)).String()
}

// homeCare is backup, import and forgetting.
func homeCare(p *page) section {
	state := el("p", "hint")
	persist := p.label("p", "note", "home.not-persisted")
	buttons := map[string]*node{}
	ways := el("div", "ways")
	for _, panel := range []string{"export", "import", "forget"} {
		buttons[panel] = p.does(p.button("secondary", "home."+panel).class("danger-text", panel == "forget"), func() flow.Event {
			if p.state.Home.Panel == panel {
				return flow.HomePanel{}
			}
			return flow.HomePanel{Panel: panel}
		}).attr("aria-controls", p.id(panel))
		ways.add(buttons[panel])
	}
	panels := map[string]*node{"export": exportPanel(p), "import": importPanel(p), "forget": forgetPanel(p)}
	box := el("section", "care", p.label("h3", "subtitle", "home.care"), state, persist, ways)
	for _, panel := range []string{"export", "import", "forget"} {
		box.add(panels[panel].attr("id", p.id(panel)))
	}
	before := ""
	return section{box, func(s flow.State) {
		h := &s.Home
		box.show(h.Phase != "reading")
		persist.show(h.Exists && !h.Persisted)
		state.show(h.Exists)
		switch h.Backup {
		case "made":
			p.say(state, "home.backup.made")
		case "impossible":
			p.say(state, "home.backup.impossible")
		default:
			p.say(state, "home.backup.none")
		}
		buttons["export"].show(h.Exists && h.Backup != "impossible")
		buttons["forget"].show(h.Exists)
		for name, panel := range panels {
			open := h.Panel == name
			panel.show(open)
			expanded := "false"
			if open {
				expanded = "true"
			}
			buttons[name].attr("aria-expanded", expanded)
			if open && before != name { // the person asked for it
				if target := panel.first("input:not([hidden]), button"); target.Truthy() && panel.Get("isConnected").Bool() {
					target.Call("focus")
				}
			}
			if !open && before == name {
				empty(panel)
			}
		}
		before = h.Panel
	}}
}

// empty takes the secrets out of a panel that was closed.
func empty(panel *node) {
	panel.find("input", func(input js.Value) { input.Set("value", "") })
}

func exportPanel(p *page) *node {
	f := p.secret("export-passphrase", "home.passphrase")
	f.input.attr("autocomplete", "new-password")
	p.say(f.below, "home.passphrase-hint")
	save := func() flow.Event { return flow.ExportWanted{Passphrase: f.input.take()} }
	p.enter(f.input, save)
	button := p.does(p.button("secondary", "home.export-save"), save)
	return el("div", "sub", p.label("p", "", "home.export-text"), f.box, el("div", "ways", button))
}

func importPanel(p *page) *node {
	var file js.Value
	name := el("bdi", "file-name")
	input := el("input", "").attr("type", "file").attr("id", p.id("backup")).flag("hidden", true)
	choose := p.button("secondary", "home.import-choose")
	p.on(choose, "click", func(dom.Event) { input.Call("click") })
	p.on(input, "change", func(dom.Event) {
		if files := input.Get("files"); files.Length() > 0 {
			file = files.Index(0)
			name.text(file.Get("name").String())
		}
	})
	f := p.secret("import-passphrase", "home.passphrase")
	bring := func() flow.Event {
		if file.IsUndefined() {
			choose.focus()
			p.chrome.speaker.say(p.msg("home.import-first"))
			return nil
		}
		p.give("backup", file)
		return flow.ImportWanted{Passphrase: f.input.take()}
	}
	p.enter(f.input, bring)
	button := p.does(p.button("secondary", "home.import-read"), bring)
	return el("div", "sub", p.label("p", "", "home.import-text"), el("p", "files", choose, input, name), f.box, el("div", "ways", button))
}

func forgetPanel(p *page) *node {
	no := p.does(p.button("secondary", "home.forget-no"), always(flow.ForgetAnswered{Yes: false}))
	yes := p.does(p.button("danger", "home.forget-yes"), always(flow.ForgetAnswered{Yes: true}))
	return el("div", "sub", p.label("p", "", "home.forget-text"), el("div", "ways", no, yes))
}
