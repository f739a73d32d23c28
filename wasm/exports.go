//go:build js && wasm

// The session blob: package abi behind functions over linear memory.
//
// The octets of every call lie in one buffer that never moves; handles and
// lengths are the only arguments. No export blocks and none panics across the
// boundary. README.md has the whole table.
package main

import (
	"unsafe"

	"github.com/matter-session/matter-session/wasm/abi"
)

func main() {
	select {} // a main that returns ends the instance at a later collection
}

//go:wasmimport matter random
func hostRandom(at unsafe.Pointer, n uint32) int32

// hostRand is the host's randomness. It does not fail: a host that has none
// ends the instance.
type hostRand struct{}

func (hostRand) Read(b []byte) (int, error) {
	// What draws until it gets a usable number would draw zeros for ever.
	if len(b) > 0 && hostRandom(unsafe.Pointer(&b[0]), uint32(len(b))) != 0 {
		panic("the host has no randomness")
	}
	return len(b), nil
}

//go:wasmexport buffer
func exportBuffer() unsafe.Pointer { return unsafe.Pointer(&abi.Buffer) }

//go:wasmexport open
func exportOpen(n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.Open(n, hostRand{})
}

//go:wasmexport close
func exportClose(h int32, now float64) (result int32) {
	defer abi.Catch(&result)
	return abi.Close(h, now)
}

//go:wasmexport receive
func exportReceive(h int32, now float64, peer, n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.Receive(h, now, peer, n)
}

//go:wasmexport tick
func exportTick(h int32, now float64) (result int32) {
	defer abi.Catch(&result)
	return abi.Tick(h, now)
}

//go:wasmexport request
func exportRequest(h int32, now float64, n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.Request(h, now, n, hostRand{})
}

//go:wasmexport next
func exportNext(h int32) (result int32) {
	defer abi.Catch(&result)
	return abi.Next(h)
}

// deadline has no room for an error: one shows in the next call.
//
//go:wasmexport deadline
func exportDeadline(h int32) (result float64) {
	var failed int32
	result = -1
	defer abi.Catch(&failed)
	return abi.Deadline(h)
}

//go:wasmexport lastError
func exportLastError() (result int32) {
	defer abi.Catch(&result)
	return abi.LastError()
}
