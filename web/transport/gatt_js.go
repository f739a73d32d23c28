package transport

import (
	"errors"
	"syscall/js"

	"github.com/matter-session/matter-session/web/transport/btp"
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
	cancel      func() // of the operation under way; nil: there was none
	forget      func() // of the latest connecting; nil: there was none
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
	linked := false
	d.lost = listen(d.device, "gattserverdisconnected", func(js.Value) {
		switch {
		case d.number != number:
		case !d.connecting:
			lost()
		case linked: // of an operation that is under way not every browser says that it failed
			finish(btp.ErrLost)
		}
	})
	// The latest is always waited for: a connection that comes about too late has to be ended.
	if d.forget != nil {
		d.forget()
	}
	d.forget = await(server.Call("connect"), func(js.Value) {
		if d.number != number {
			if d.lost == nil { // nobody wants a connection any more
				server.Call("disconnect")
			}
			return
		}
		linked = true
		d.find(server, finish)
	}, func(reason js.Value) { finish(errorOf(reason)) })
}

// find looks for the service and its two characteristics, one after the other.
func (d *webDevice) find(server js.Value, finish func(error)) {
	missing := func(reason js.Value) {
		err := errorOf(reason)
		var e *domError
		if errors.As(err, &e) && e.name == "NotFoundError" {
			err = errNotMatter
		}
		finish(err)
	}
	d.operate(server.Call("getPrimaryService", service), func(s js.Value) {
		d.operate(s.Call("getCharacteristic", c1), func(c js.Value) {
			d.write1 = c
			d.operate(s.Call("getCharacteristic", c2), func(c js.Value) {
				d.indicate2 = c
				finish(nil)
			}, missing)
		}, missing)
	}, missing)
}

// operate waits for an operation of this connection. Those that it still waits
// for when the connection ends are not heard of any more: there is one at a time.
func (d *webDevice) operate(promise js.Value, ok, fail func(js.Value)) {
	d.cancel = await(promise, ok, fail)
}

func (d *webDevice) write(segment []byte, done func(error)) {
	if d.array.IsUndefined() || d.array.Length() < len(segment) {
		d.array = js.Global().Get("Uint8Array").New(len(segment))
	}
	js.CopyBytesToJS(d.array, segment)
	// The browser copies it before the call returns.
	d.operate(d.write1.Call("writeValueWithResponse", d.array.Call("subarray", 0, len(segment))),
		func(js.Value) { done(nil) }, func(reason js.Value) { done(errorOf(reason)) })
}

func (d *webDevice) subscribe(indicated func([]byte), done func(error)) {
	d.value = listen(d.indicate2, "characteristicvaluechanged", func(event js.Value) {
		indicated(octets(event.Get("target").Get("value")))
	})
	d.operate(d.indicate2.Call("startNotifications"), func(js.Value) { done(nil) }, func(reason js.Value) { done(errorOf(reason)) })
}

func (d *webDevice) disconnect() {
	d.number++
	d.connecting = false
	d.release()
	d.device.Get("gatt").Call("disconnect")
}

// drop disconnects for good. Connecting that the browser never gives up is its own affair then.
func (d *webDevice) drop() {
	d.disconnect()
	if d.forget != nil {
		d.forget()
		d.forget = nil
	}
}

// release takes away the listeners and forgets the characteristics.
func (d *webDevice) release() {
	if d.cancel != nil {
		d.cancel()
		d.cancel = nil
	}
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
