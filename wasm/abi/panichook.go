//go:build panichook

package abi

import (
	"runtime"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// Request 255 of a blob that is built for tests of its death. No other has it.
//
//	1 = 1: a panic that the boundary recovers
//	1 = 2: one that it cannot, because it is on a goroutine of its own
//	1 = 3: more memory than there is
//	1 = 4: 64 MiB more than there was, and free again
func init() {
	operations[255], free[255] = hook, true
}

var kept [][]byte

func hook(_ *instance, _ session.Instant, m *members, _ *tlv.Writer) error {
	switch m.u8(1) {
	case 1:
		var p *int
		*p = 1
	case 2:
		go func() { panic("hook: on purpose") }()
		runtime.Gosched()
	case 3:
		for {
			kept = append(kept, make([]byte, 512<<20))
		}
	case 4:
		kept = append(kept, make([]byte, 64<<20))
		kept = nil
		runtime.GC() // else what is free again counts as what a program of this size needs
	}
	return m.err
}
