//go:build js && wasm

// A blob that misbehaves on request, for the loader's tests: it speaks the ABI of the real one as far
// as a test needs, with operations that panic, grow and fail.
package main

import "unsafe"

var buffer [128 << 10]byte
var kept [][]byte
var handles int32

func main() {
	select {}
}

//go:wasmimport matter random
func random(at unsafe.Pointer, n uint32)

//go:wasmexport buffer
func exportBuffer() unsafe.Pointer { return unsafe.Pointer(&buffer) }

//go:wasmexport open
func exportOpen(n int32) int32 {
	handles++
	return handles
}

//go:wasmexport close
func exportClose(h int32, now float64) int32 { return 0 }

//go:wasmexport receive
func exportReceive(h int32, now float64, peer, n int32) int32 { return 0 }

//go:wasmexport lastError
func exportLastError() int32 {
	return int32(copy(buffer[:], "\x15\x24\x00\x05\x2c\x01\x06closed\x18"))
}

//go:wasmexport next
func exportNext(h int32) int32 { return 0 }

//go:wasmexport deadline
func exportDeadline(h int32) float64 { return -1 }

//go:wasmexport request
func exportRequest(h int32, now float64, n int32) int32 { return 0 }

// tick does what now says.
//
//go:wasmexport tick
func exportTick(h int32, now float64) int32 {
	switch now {
	case 1:
		var p *int
		return int32(*p)
	case 2:
		panic("told")
	case 3: // more than the memory that is there
		kept = append(kept, make([]byte, 32<<20))
	case 4:
		return -1
	case 5: // recovered
		defer func() { recover() }()
		panic("caught")
	case 6:
		random(unsafe.Pointer(&buffer), 100_000)
	case 7:
		return exportTick(h, now) // until the stack ends
	}
	return 0
}
