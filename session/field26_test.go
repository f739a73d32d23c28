package session

import (
	"bytes"
	"flag"
	"runtime"
	"testing"

	"github.com/matter-session/matter-session/session/message"
)

// sealedPairs is how many messages of 300 octets are sealed and opened. A million
// take a quarter of a minute, and a minute with the race detector; nothing that a
// hundred thousand would not show. To run them all the same, natively or as wasm:
//
//	go test ./session -run F26 -args -messages=1000000
var sealedPairs = flag.Int("messages", 100_000, "messages of 300 octets to seal and open")

// grown keeps what a test allocated to make the memory grow.
var grown []byte

// After the first 10,000 messages, and a growth of the memory in between, not one
// object is allocated.
func TestField_F26_MessagesAllocateNothing(t *testing.T) {
	n, a, b := pasePair(t, 26)
	sa, sb := establishPASE(t, n, a, b)
	alice, bob := a.sessions[sa], b.sessions[sb]
	payload := bytes.Repeat([]byte{0x5A}, 300)
	header := message.ProtocolHeader{Initiator: true, Reliable: true, Opcode: 8, ExchangeID: 7, ProtocolID: 1}
	sealed, opened := make([]byte, 0, message.MaxDatagram), make([]byte, 0, message.MaxDatagram)
	pair := func(from, to *Session) {
		datagram, err := from.Seal(sealed, &header, payload)
		if err != nil {
			t.Fatal(err)
		}
		o, err := to.Open(opened, datagram)
		if err != nil || len(o.Payload) != len(payload) || o.Payload[299] != 0x5A {
			t.Fatalf("opened %d octets, %v", len(o.Payload), err)
		}
	}
	if allocated := testing.AllocsPerRun(1000, func() { pair(alice, bob); pair(bob, alice) }); allocated != 0 {
		t.Errorf("%v objects for a message", allocated)
	}
	for range 10_000 {
		pair(alice, bob)
	}
	// The memory grows under the buffers, and what it grew by is given back.
	grown = make([]byte, 32<<20)
	for i := 0; i < len(grown); i += 4096 {
		grown[i] = 1
	}
	grown = nil
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range *sealedPairs - 10_000 {
		pair(alice, bob)
	}
	runtime.ReadMemStats(&after)
	// What the runtime does beside has been seen to take a handful.
	if objects := after.Mallocs - before.Mallocs; objects > 100 {
		t.Errorf("%d objects allocated for %d messages", objects, *sealedPairs)
	}
	if after.HeapSys > before.HeapSys || after.HeapAlloc > before.HeapAlloc+64<<10 {
		t.Errorf("the heap grew from %d to %d octets, in use from %d to %d", before.HeapSys, after.HeapSys, before.HeapAlloc, after.HeapAlloc)
	}
}
