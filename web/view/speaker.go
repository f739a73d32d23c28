//go:build js && wasm

package view

import "syscall/js"

// A speaker is the one polite live region. It says one sentence in two seconds
// at most; of several that wait, the last.
type speaker struct {
	region *node
	last   float64
	latest string
	timer  js.Value
	later  js.Func
	bag    bag
}

const speakerPauseMs = 2000

func (p *speaker) build(*View) {
	p.region = el("p", "unseen").attr("role", "status")
	p.later = p.bag.fn(func() {
		p.timer = js.Undefined()
		p.utter()
	})
}

func (p *speaker) say(sentence string) {
	if sentence == "" || sentence == p.latest {
		return
	}
	p.latest = sentence
	if !p.timer.IsUndefined() {
		return
	}
	wait := p.last + speakerPauseMs - js.Global().Get("performance").Call("now").Float()
	if p.last == 0 || wait <= 0 {
		p.utter()
		return
	}
	p.timer = js.Global().Call("setTimeout", p.later, wait)
}

func (p *speaker) utter() {
	p.last = js.Global().Get("performance").Call("now").Float()
	p.region.SetTextContent(p.latest)
}

func (p *speaker) close() {
	if !p.timer.IsUndefined() {
		js.Global().Call("clearTimeout", p.timer)
	}
	p.bag.release()
}
