//go:build js && wasm

package view

import "github.com/matter-session/matter-session/web/flow"

// details lists the protocol's steps for those who want to know.
type details struct {
	box *node
}

func (d *details) build(v *View) {
	d.box = el("details", "details", v.label("summary", "summary", "details.title"))
}

func (d *details) update(v *View, s flow.State) {
	d.box.show(false)
}
