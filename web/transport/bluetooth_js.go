package transport

import (
	"errors"
	"strings"
	"syscall/js"

	"github.com/matter-session/matter-session/web/transport/btp"
)

// A Bluetooth is the one device that a person picked in this window, and the
// link to it. All its methods are for the event loop, and none waits.
type Bluetooth struct {
	device *webDevice
	link   *link
	picks  int    // so that the answer to an earlier list is known as such
	cancel func() // ends picking; nil: nothing is being picked
}

// NewBluetooth returns one without a device.
func NewBluetooth() *Bluetooth { return &Bluetooth{} }

// Picked reports whether there is a device.
func (b *Bluetooth) Picked() bool { return b.device != nil }

// Pick shows the browser's list of devices: those that offer Matter, or all of
// them, since some offer Matter without saying so. It must be called in the
// task of a click. done is called exactly once, unless another Pick or Unpick
// comes before; the name is the device's own word, and often empty.
//
// A device that was picked before is dropped.
func (b *Bluetooth) Pick(all bool, done func(name string, p *Problem)) {
	b.Unpick()
	number := b.picks
	answer := func(name string, p *Problem) {
		if b.picks == number {
			done(name, p)
		}
	}
	bluetooth, state := find()
	if state != stateReady {
		Availability(func(state string) { answer("", &Problem{ID: missing[state]}) })
		return
	}
	b.cancel = await(bluetooth.Call("requestDevice", question(all)), func(device js.Value) {
		b.cancel = nil
		d := newWebDevice(device)
		name := textOf(device.Get("name"))
		if !all {
			b.device = d
			answer(name, nil)
			return
		}
		b.check(d, func(p *Problem) {
			if p == nil {
				b.device = d
			}
			answer(name, p)
		})
	}, func(reason js.Value) {
		b.cancel = nil
		diagnose(errorOf(reason), func(p *Problem) { answer("", p) })
	})
}

// question is requestDevice's argument.
func question(all bool) map[string]any {
	if all {
		return map[string]any{"acceptAllDevices": true, "optionalServices": []any{service}}
	}
	return map[string]any{"filters": []any{map[string]any{"services": []any{service}}}}
}

// check finds out whether a device offers Matter. One that cannot be connected to
// now passes: Open tries it again.
func (b *Bluetooth) check(d *webDevice, done func(*Problem)) {
	clock := &pageClock{}
	end := func() {
		clock.stop()
		d.drop()
	}
	b.cancel = end
	finish := func(err error) {
		b.cancel = nil
		end()
		if errors.Is(err, errNotMatter) {
			done(&Problem{ID: NotMatterDevice, Technical: err.Error()})
			return
		}
		done(nil)
	}
	clock.set(connectTime, func() { finish(errConnectTimeout) })
	d.connect(func() {}, finish)
}

// Unpick drops the device, and its link with it.
func (b *Bluetooth) Unpick() {
	b.picks++
	if b.cancel != nil {
		b.cancel()
		b.cancel = nil
	}
	b.Close()
	if b.device != nil {
		b.device.drop()
		b.device = nil
	}
}

// Open connects to the device that was picked. A link that is open already is closed.
func (b *Bluetooth) Open(events Events) {
	b.Close()
	if b.device == nil {
		events.Closed(&Problem{ID: Unexpected, Technical: "no Bluetooth device was picked"})
		return
	}
	b.link = newLink(b.device, &pageClock{}, events)
}

// Send queues a message for the device, and copies it. It returns [ErrNotOpen],
// or package btp's ErrTooLarge or ErrQueueFull.
func (b *Bluetooth) Send(message []byte) error {
	if b.link == nil {
		return ErrNotOpen
	}
	return b.link.send(message)
}

// Close ends the link, by disconnecting. The device stays picked.
func (b *Bluetooth) Close() {
	if l := b.link; l != nil {
		b.link = nil
		l.close()
	}
}

// States that [Availability] tells.
const (
	stateReady    = "ready"
	stateMissing  = "missing"
	stateDisabled = "disabled"
	stateInsecure = "insecure"
	stateFramed   = "frame"
	stateOff      = "off"
)

// missing are the problems of the states in which there is nothing to pick from.
var missing = map[string]string{
	stateReady:    Unexpected,
	stateMissing:  BluetoothMissing,
	stateDisabled: BluetoothDisabled,
	stateInsecure: InsecureContext,
	stateFramed:   BlockedByFrame,
	stateOff:      BluetoothOff,
}

// Availability finds out whether this window can use Bluetooth, or why not:
// ready, missing, disabled, insecure, frame or off. then is called once, later.
func Availability(then func(state string)) {
	later := func(state string) {
		await(js.Global().Get("Promise").Call("resolve"), func(js.Value) { then(state) }, func(js.Value) {})
	}
	bluetooth, state := find()
	if state != stateReady {
		later(state)
		return
	}
	if bluetooth.Get("getAvailability").IsUndefined() { // an old one
		later(stateReady)
		return
	}
	await(bluetooth.Call("getAvailability"), func(available js.Value) {
		if available.Truthy() {
			then(stateReady)
		} else {
			then(stateOff)
		}
	}, func(js.Value) { then(stateDisabled) })
}

// WatchAvailability tells the state, and again whenever it has changed, until
// stop is called. Few browsers tell of a change, so while Bluetooth is off they
// are asked; when it is switched off later, picking tells.
func WatchAvailability(changed func(state string)) (stop func()) {
	clock := &pageClock{}
	last, stopped := "", false
	var tell func()
	tell = func() {
		Availability(func(state string) {
			if stopped {
				return
			}
			if state == stateOff {
				clock.set(askAgain, tell)
			}
			if state != last {
				last = state
				changed(state)
			}
		})
	}
	var l *listener
	if bluetooth, state := find(); state == stateReady {
		l = listen(bluetooth, "availabilitychanged", func(js.Value) { tell() })
	}
	tell()
	return func() {
		if !stopped {
			stopped = true
			clock.stop()
			l.remove()
		}
	}
}

// askAgain is how soon it is noticed that Bluetooth was switched on.
const askAgain btp.Milliseconds = 2_000

// find returns navigator.bluetooth, and ready, or why there is none for us.
func find() (bluetooth js.Value, state string) {
	navigator := js.Global().Get("navigator")
	if !navigator.IsUndefined() {
		bluetooth = navigator.Get("bluetooth")
	}
	switch {
	case bluetooth.IsUndefined():
		return bluetooth, absent()
	case !allowed():
		return bluetooth, stateFramed // to ask anyway would only leave an error in the console
	}
	return bluetooth, stateReady
}

// absent says why there is no navigator.bluetooth. Chromium has it everywhere but
// on Linux, where it is behind a switch, as it is in Brave on all systems.
func absent() string {
	global := js.Global()
	if secure := global.Get("isSecureContext"); secure.Type() == js.TypeBoolean && !secure.Bool() {
		return stateInsecure
	}
	navigator := global.Get("navigator")
	if navigator.IsUndefined() {
		return stateMissing
	}
	if !navigator.Get("brave").IsUndefined() {
		return stateDisabled
	}
	if data := navigator.Get("userAgentData"); !data.IsUndefined() {
		brands := data.Get("brands")
		for i := range brands.Length() {
			if brands.Index(i).Get("brand").String() == "Chromium" {
				return stateDisabled
			}
		}
	}
	return stateMissing
}

// allowed asks the page that embeds this one, where the browser lets us ask.
func allowed() bool {
	document := js.Global().Get("document")
	if document.IsUndefined() {
		return true
	}
	policy := document.Get("featurePolicy")
	if policy.IsUndefined() || policy.Get("allowsFeature").IsUndefined() {
		return true
	}
	return policy.Call("allowsFeature", "bluetooth").Truthy()
}

// diagnose says why requestDevice failed. That the list was dismissed and that
// there is no adapter is the same error: only the adapter's state tells them apart.
func diagnose(err error, done func(*Problem)) {
	var e *domError
	if !errors.As(err, &e) {
		e = &domError{}
	}
	technical := err.Error()
	Availability(func(state string) {
		id := Unexpected
		switch {
		case state != stateReady:
			id = missing[state]
		case strings.Contains(e.message, "globally disabled"):
			id = BluetoothDisabled
		case e.name == "NotFoundError":
			id = PickerDismissed
		case e.name == "NotAllowedError":
			id = BluetoothDisabled
		}
		done(&Problem{ID: id, Technical: technical})
	})
}
