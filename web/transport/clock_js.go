package transport

import (
	"syscall/js"

	"github.com/matter-session/matter-session/web/transport/btp"
)

// A pageClock is the browser's clock and one timeout.
type pageClock struct {
	f    js.Func
	made bool
	id   js.Value // of the timeout that runs; undefined: none
	wake func()
}

func (c *pageClock) now() btp.Instant {
	return btp.Instant(js.Global().Get("performance").Call("now").Float())
}

// set adds a millisecond: the deadline has passed when a browser rounds it down, too.
func (c *pageClock) set(after btp.Milliseconds, wake func()) {
	c.clear()
	if !c.made {
		c.made = true
		c.f = newFunc(func(js.Value, []js.Value) any {
			do := c.wake
			c.id, c.wake = js.Undefined(), nil
			if do != nil {
				do()
			}
			return nil
		})
	}
	c.wake = wake
	c.id = js.Global().Call("setTimeout", c.f, int(after)+1)
}

func (c *pageClock) stop() {
	c.clear()
	if c.made {
		c.made = false
		release(c.f)
	}
}

func (c *pageClock) clear() {
	if !c.id.IsUndefined() {
		js.Global().Call("clearTimeout", c.id)
	}
	c.id, c.wake = js.Undefined(), nil
}
