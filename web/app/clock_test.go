//go:build js && wasm

package main

import (
	"testing"

	"github.com/matter-session/matter-session/web/flow"
)

func TestClockNeverRunsBackwards(t *testing.T) {
	var c clock
	for i, step := range []struct {
		day  int64
		want flow.Instant
	}{
		{1000, 1000}, {2500, 2500},
		{500, 2500}, // set back by two seconds: stands still for the moment of it,
		{600, 2600}, // and goes on
		{590, 2600}, {690, 2700},
		{9000, 11010}, // set forward, or the computer slept
	} {
		if got := c.at(step.day); got != step.want {
			t.Errorf("step %d: at %d it is %d, want %d", i, step.day, got, step.want)
		}
	}
}
