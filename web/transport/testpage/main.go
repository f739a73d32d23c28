//go:build js

// Program testpage lets a page's script drive package transport, for its tests
// in a browser.
package main

import (
	"runtime"
	"syscall/js"

	"github.com/matter-session/matter-session/web/transport"
)

func main() {
	b := transport.NewBluetooth()
	method := func(f func(args []js.Value) any) js.Func {
		return js.FuncOf(func(_ js.Value, args []js.Value) any { return f(args) })
	}
	js.Global().Set("bluetooth", map[string]any{
		// pick(all, done(name, problem))
		"pick": method(func(args []js.Value) any {
			done := args[1]
			b.Pick(args[0].Bool(), func(name string, p *transport.Problem) { done.Invoke(name, text(p)) })
			return nil
		}),
		"unpick": method(func([]js.Value) any { b.Unpick(); return nil }),
		"picked": method(func([]js.Value) any { return b.Picked() }),
		// open({ opened(maxMessage), received(message), stalled(), closed(problem) })
		"open": method(func(args []js.Value) any {
			on := args[0]
			b.Open(transport.Events{
				Opened: func(maxMessage int) { on.Call("opened", maxMessage) },
				Received: func(message []byte) {
					array := js.Global().Get("Uint8Array").New(len(message))
					js.CopyBytesToJS(array, message)
					on.Call("received", array)
				},
				Stalled: func() { on.Call("stalled") },
				Closed:  func(p *transport.Problem) { on.Call("closed", text(p)) },
			})
			return nil
		}),
		// send(message) returns why not, or null
		"send": method(func(args []js.Value) any {
			message := make([]byte, args[0].Length())
			js.CopyBytesToGo(message, args[0])
			if err := b.Send(message); err != nil {
				return err.Error()
			}
			return nil
		}),
		"close":        method(func([]js.Value) any { b.Close(); return nil }),
		"availability": method(func(args []js.Value) any { transport.Availability(func(s string) { args[0].Invoke(s) }); return nil }),
		// watch(changed) returns stop
		"watch": method(func(args []js.Value) any {
			var f js.Func
			stop := transport.WatchAvailability(func(s string) { args[0].Invoke(s) })
			f = method(func([]js.Value) any { stop(); f.Release(); return nil })
			return f
		}),
		// heap returns the octets that are in use
		"heap": method(func([]js.Value) any {
			runtime.GC()
			runtime.GC() // the first finds what JavaScript's values were referred to by
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int(m.HeapAlloc)
		}),
		"funcs": method(func([]js.Value) any { return transport.Funcs() }),
	})
	select {}
}

func text(p *transport.Problem) any {
	if p == nil {
		return nil
	}
	return p.Error()
}
