//go:build js && wasm

package view

import "github.com/matter-session/matter-session/web/flow"

func init() { screens[flow.ScreenDecide] = decideScreen }

// decideScreen shows what was found out about the device's maker. Its safe
// button has the focus; a proof that failed cannot be overridden.
func decideScreen(p *page) {
	verdict := "invalid"
	if a := p.state.Attestation; a != nil && p.has("decide."+a.Verdict) {
		verdict = a.Verdict
	}
	p.heading = func(flow.State) (string, []string) { return "title.decide." + verdict, nil }
	text := el("p", "verdict-text")
	card := el("div", "verdict verdict-"+verdict,
		el("p", "verdict-head", icon(verdict), p.label("strong", "", "decide."+verdict+".word")), text)
	facts := p.facts()
	findings := rows[*node]{box: el("ul", "findings")}
	found := el("div", "found", p.label("h3", "subtitle", "decide.findings"), findings.box)
	not := p.label("p", "note", "decide.test-refused")
	patience := patienceView(p)
	p.add(card, not, facts.list, found, patience.box)

	accept := decideButtons(p, verdict)

	p.render = func(s flow.State) {
		a := s.Attestation
		if a == nil {
			a = new(flow.Attestation)
		}
		p.say(text, "decide."+verdict, "vendor", hex4(a.VendorID), "product", hex4(a.ProductID), "certificate", a.CertificateID)
		forbidden := verdict == "test" && !s.Options.AllowTest
		patience.update(s)
		not.show(forbidden)
		accept.show(verdict != "invalid" && !forbidden).flag("disabled", a.Request == 0)
		facts.set(p, s, "fact.vendor-id", hex4(a.VendorID), false)
		facts.set(p, s, "fact.product-id", hex4(a.ProductID), false)
		facts.set(p, s, "fact.certificate", a.CertificateID, false)
		found.show(len(a.Findings) > 0)
		findings.sync(a.Findings, func(int) (*node, *node) {
			item := el("li", "")
			return item, item
		}, func(i int, item *node) {
			if id := "finding." + a.Findings[i]; p.has(id) {
				p.say(item, id)
			} else {
				item.text(a.Findings[i])
			}
		})
	}
}

// decideButtons: the primary one, which has the focus, is what we would do.
func decideButtons(p *page, verdict string) (accept *node) {
	yes, no := always(flow.AttestationAnswered{Accept: true}), always(flow.AttestationAnswered{Accept: false})
	if verdict == "certified" {
		p.action("secondary", "decide.stop", no)
		accept = p.action("primary", "action.continue", yes)
		p.focus = accept
		return accept
	}
	accept = p.action("secondary", "decide.accept", yes)
	p.focus = p.action("primary", "decide.stop", no)
	return accept
}

// patienceView says how long the device waits for an answer.
func patienceView(p *page) section {
	left := el("span", "")
	box := el("p", "hint share-until", icon("clock"), left)
	return section{box, func(s flow.State) {
		until := s.DecideUntil()
		box.show(until > 0)
		p.say(left, "decide.until", "left", flow.Clock(flow.Left(s, until)))
	}}
}
