//go:build js && wasm

package view

import "github.com/matter-session/matter-session/web/flow"

func init() { screens[flow.ScreenDone] = doneScreen }

// doneScreen says what the device is now, and what can be done next.
func doneScreen(p *page) {
	p.heading = func(s flow.State) (string, []string) {
		return "title.done", []string{"product", deviceName(p.View, s.Done)}
	}
	sentence := el("p", "lead")
	hero := el("div", "hero", el("span", "hero-sign", icon("check")), sentence)
	facts := p.facts()
	kept := el("p", "hint")
	try := p.does(p.button("secondary", "done.try"), func() flow.Event {
		if p.state.Done == nil {
			return nil
		}
		return flow.DeviceWanted{Node: p.state.Done.ID}
	})
	share := p.does(p.button("secondary", "done.share"), func() flow.Event {
		if p.state.Done == nil {
			return nil
		}
		return flow.ShareWanted{Node: p.state.Done.ID}
	})
	share.lead(icon("share"))
	try.lead(icon("device"))
	again := p.does(p.button("secondary", "done.again"), always(flow.Again{}))
	again.lead(icon("plus"))
	next := el("div", "ways", try, share, again)
	p.add(hero, next, el("slot", "").attr("name", "done"), facts.list, kept, reportView(p))
	p.action("primary", "action.done", always(flow.Close{}))

	p.render = func(s flow.State) {
		n := s.Done
		if n == nil {
			n = new(flow.Node)
		}
		p.say(sentence, "done.lead", "fabric", fabricName(p.View, s))
		setNodeFacts(p, facts, s, n)
		if n.CredentialsBackup {
			p.say(kept, "done.kept-backup")
		} else {
			p.say(kept, "done.kept")
		}
	}
}

// setNodeFacts lists what is known of a device.
func setNodeFacts(p *page, facts *facts, s flow.State, n *flow.Node) {
	facts.set(p, s, "fact.vendor", n.VendorName, false)
	facts.set(p, s, "fact.product", n.ProductName, false)
	facts.set(p, s, "fact.serial", n.Serial, true)
	facts.set(p, s, "fact.node", n.ID, true)
	facts.set(p, s, "fact.fabric", n.FabricID, true)
	facts.set(p, s, "fact.address", n.Address, true)
}

// deviceName is the best name that a device has.
func deviceName(v *View, n *flow.Node) string {
	switch {
	case n == nil:
	case n.Name != "":
		return n.Name
	case n.ProductName != "":
		return n.ProductName
	case n.VendorName != "":
		return v.msg("device.of", "vendor", n.VendorName)
	}
	return v.msg("device.unnamed")
}

// reportView offers the report. Names and addresses are in it only if asked for.
func reportView(p *page) *node {
	names := el("input", "checkbox").attr("type", "checkbox").attr("id", p.id("report-names"))
	save := p.does(p.button("secondary", "report.save"), func() flow.Event {
		return flow.ReportWanted{WithNames: names.Get("checked").Bool()}
	})
	save.lead(icon("report"))
	return el("div", "report", save, el("label", "tickbox", names, p.label("span", "", "report.names")))
}
