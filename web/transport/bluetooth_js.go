package transport

import (
	"errors"
	"strings"
	"syscall/js"
)

// A Bluetooth is the one device that a person picked in this window, and the
// link to it. All its methods are for the event loop, and none waits.
type Bluetooth struct {
	device *webDevice
	link   *link
	picks  int    // so that the answer to an earlier list is known as such
	cancel func() // ends the look at a device that was picked; nil: there is none
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
	bluetooth := js.Global().Get("navigator").Get("bluetooth")
	if bluetooth.IsUndefined() {
		Availability(func(state string) { answer("", &Problem{ID: missing[state]}) })
		return
	}
	await(bluetooth.Call("requestDevice", question(all)), func(device js.Value) {
		if b.picks != number {
			return
		}
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
	b.cancel = func() {
		clock.stop()
		d.disconnect()
	}
	finish := func(err error) {
		b.cancel()
		b.cancel = nil
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
	b.device = nil
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
	bluetooth := js.Global().Get("navigator").Get("bluetooth")
	if bluetooth.IsUndefined() {
		await(js.Global().Get("Promise").Call("resolve"), func(js.Value) { then(absent()) }, func(js.Value) {})
		return
	}
	if bluetooth.Get("getAvailability").IsUndefined() { // an old one
		await(js.Global().Get("Promise").Call("resolve"), func(js.Value) { then(stateReady) }, func(js.Value) {})
		return
	}
	// A frame that may not use it is told that there is none.
	framed := !allowed()
	await(bluetooth.Call("getAvailability"), func(available js.Value) {
		switch {
		case framed:
			then(stateFramed)
		case available.Truthy():
			then(stateReady)
		default:
			then(stateOff)
		}
	}, func(js.Value) { then(stateDisabled) })
}

// WatchAvailability tells the state, and again whenever the browser says that it
// has changed, until stop is called.
func WatchAvailability(changed func(state string)) (stop func()) {
	stopped := false
	tell := func() {
		Availability(func(state string) {
			if !stopped {
				changed(state)
			}
		})
	}
	var l *listener
	if bluetooth := js.Global().Get("navigator").Get("bluetooth"); !bluetooth.IsUndefined() {
		l = listen(bluetooth, "availabilitychanged", func(js.Value) { tell() })
	}
	tell()
	return func() {
		if !stopped {
			stopped = true
			l.remove()
		}
	}
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
