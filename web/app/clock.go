//go:build js && wasm

package main

import "github.com/matter-session/matter-session/web/flow"

// A clock makes of the computer's time of day one that never runs backwards. It
// is the time of day, and not a count since the page was opened, so that the
// worker's times mean the same here, and so that a computer's sleep counts.
type clock struct {
	last   flow.Instant
	behind flow.Instant // how far the computer's clock was set back
}

func (c *clock) at(timeOfDay int64) flow.Instant {
	now := flow.Instant(timeOfDay) + c.behind
	if now < c.last {
		c.behind += c.last - now
		now = c.last
	}
	c.last = now
	return now
}
