package transport

import (
	"errors"
	"syscall/js"
)

// What a Matter device offers. Matter Core §4.19.2.
const (
	service = 0xFFF6
	c1      = "18ee2ef5-263d-4559-959f-4f9c429f9d11" // written by us
	c2      = "18ee2ef5-263d-4559-959f-4f9c429f9d12" // indicated by the device
)

// maxValue is one octet more than Bluetooth's longest value: what is longer is
// cut off there, and is an error all the same.
const maxValue = 513

// A webDevice is a gatt by Web Bluetooth.
type webDevice struct {
	device js.Value // BluetoothDevice

	number      int // of the connection; what comes of an earlier one is ignored
	connecting  bool
	write1      js.Value // C1
	indicate2   js.Value // C2
	array       js.Value // a Uint8Array as long as the longest segment so far
	lost, value *listener
}

func newWebDevice(device js.Value) *webDevice { return &webDevice{device: device} }

func (d *webDevice) connect(lost func(), done func(error)) {
	d.release()
	d.number++
	d.connecting = true
	number := d.number
	server := d.device.Get("gatt")
	finish := func(err error) {
		if d.number == number {
			d.connecting = false
			done(err)
		}
	}
	fail := func(reason js.Value) { finish(errorOf(reason)) }
	d.lost = listen(d.device, "gattserverdisconnected", func(js.Value) {
		// While connecting the promise tells.
		if d.number == number && !d.connecting {
			lost()
		}
	})
	await(server.Call("connect"), func(js.Value) {
		if d.number != number {
			if d.lost == nil { // nobody wants a connection any more
				server.Call("disconnect")
			}
			return
		}
		d.find(number, server, finish)
	}, fail)
}

// find looks for the service and its two characteristics, one after the other.
func (d *webDevice) find(number int, server js.Value, finish func(error)) {
	missing := func(reason js.Value) {
		err := errorOf(reason)
		var e *domError
		if errors.As(err, &e) && e.name == "NotFoundError" {
			err = errNotMatter
		}
		finish(err)
	}
	still := func(next func(js.Value)) func(js.Value) {
		return func(v js.Value) {
			if d.number == number {
				next(v)
			}
		}
	}
	await(server.Call("getPrimaryService", service), still(func(s js.Value) {
		await(s.Call("getCharacteristic", c1), still(func(c js.Value) {
			d.write1 = c
			await(s.Call("getCharacteristic", c2), still(func(c js.Value) {
				d.indicate2 = c
				finish(nil)
			}), missing)
		}), missing)
	}), missing)
}

func (d *webDevice) write(segment []byte, done func(error)) {
	number := d.number
	finish := func(err error) {
		if d.number == number {
			done(err)
		}
	}
	if d.array.IsUndefined() || d.array.Length() < len(segment) {
		d.array = js.Global().Get("Uint8Array").New(len(segment))
	}
	js.CopyBytesToJS(d.array, segment)
	// The browser copies it before the call returns.
	await(d.write1.Call("writeValueWithResponse", d.array.Call("subarray", 0, len(segment))),
		func(js.Value) { finish(nil) }, func(reason js.Value) { finish(errorOf(reason)) })
}

func (d *webDevice) subscribe(indicated func([]byte), done func(error)) {
	number := d.number
	d.value = listen(d.indicate2, "characteristicvaluechanged", func(event js.Value) {
		if d.number == number {
			indicated(octets(event.Get("target").Get("value")))
		}
	})
	finish := func(err error) {
		if d.number == number {
			done(err)
		}
	}
	await(d.indicate2.Call("startNotifications"), func(js.Value) { finish(nil) }, func(reason js.Value) { finish(errorOf(reason)) })
}

func (d *webDevice) disconnect() {
	d.number++
	d.connecting = false
	d.release()
	d.device.Get("gatt").Call("disconnect")
}

// release takes away the listeners and forgets the characteristics.
func (d *webDevice) release() {
	d.lost.remove()
	d.value.remove()
	d.lost, d.value = nil, nil
	d.write1, d.indicate2 = js.Undefined(), js.Undefined()
}

// octets copies a DataView.
func octets(view js.Value) []byte {
	if view.Type() != js.TypeObject {
		return nil
	}
	n := min(view.Get("byteLength").Int(), maxValue)
	b := make([]byte, n)
	js.CopyBytesToGo(b, js.Global().Get("Uint8Array").New(view.Get("buffer"), view.Get("byteOffset"), n))
	return b
}
