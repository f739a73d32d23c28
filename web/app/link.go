//go:build js && wasm

package main

import (
	"syscall/js"

	"github.com/matter-session/matter-session/web/app/codec"
	"github.com/matter-session/matter-session/web/flow"
	"github.com/matter-session/matter-session/web/transport"
)

// pick shows the browser's list of devices.
func (i *instance) pick(e flow.Pick) {
	i.bluetooth.Pick(e.Any, func(name string, problem *transport.Problem) {
		defer i.guard()
		if i.closed {
			return
		}
		if problem == nil {
			i.send(flow.Picked{Name: name})
			return
		}
		i.send(flow.PickFailed{ID: problem.ID, Technical: problem.Technical})
	})
}

// open connects to the device that was picked. Of opened and failed, one is
// called once. What a lost link means for the attempt the sessions say.
func (i *instance) open(opened, failed js.Value) {
	connected := false
	i.bluetooth.Open(transport.Events{
		Opened: func(maxMessage int) {
			connected = true
			opened.Invoke(maxMessage)
		},
		Received: func(message []byte) {
			defer i.guard()
			if !i.closed {
				i.host.Call("received", codec.Octets(message))
			}
		},
		Stalled: func() { i.send(flow.LinkStalled{}) },
		Closed: func(problem *transport.Problem) {
			defer i.guard()
			if !connected {
				failed.Invoke(problem.Error())
			} else if !i.closed {
				i.host.Call("closed", problem.Error())
			}
		},
	})
}

// transmit sends one message. One that the link does not take is lost, as one
// on the way may be: the sessions above ask again, or end.
func (i *instance) transmit(message js.Value) {
	if message.Type() != js.TypeObject || !message.InstanceOf(js.Global().Get("Uint8Array")) {
		return
	}
	octets := make([]byte, message.Length())
	js.CopyBytesToGo(octets, message)
	if err := i.bluetooth.Send(octets); err != nil {
		js.Global().Get("console").Call("warn", "matter-commission: "+err.Error())
	}
}
