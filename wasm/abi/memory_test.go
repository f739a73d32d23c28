package abi

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/matter-session/matter-session/session/message"
	"github.com/matter-session/matter-session/session/tlv"
)

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Whatever strangers send, and however often, takes no memory that is not given
// back: handshakes that go nowhere, forged messages of a session, replays, noise.
func TestReceivesDoNotGrow(t *testing.T) {
	a, b := openInstance(t), openInstance(t)
	ask(t, b, 0, 25, func(w *tlv.Writer) {
		w.Uint(ctx(1), 20202021)
		w.Uint(ctx(2), 1000)
		w.Bytes(ctx(3), make([]byte, 16))
	})
	ask(t, a, 0, 18, func(w *tlv.Writer) {
		w.Uint(ctx(1), 1)
		w.Uint(ctx(2), 20202021)
	})
	id := shuttle(t, 1, a, b)[1][0].u16(2)
	rng := rand.New(rand.NewPCG(1, 2))
	now, next := 1.0, 0
	send := func(n int) {
		for range n {
			now++
			next++
			d := make([]byte, 8+rng.IntN(200))
			for i := range d {
				d[i] = byte(rng.Uint32())
			}
			d[0], d[3] = 0, 0 // no source, no destination
			switch next % 4 {
			case 0: // the beginning of a handshake, each by another initiator
				op := []byte{0x20, 0x30}[next/4%2]
				h := message.Header{Counter: uint32(next), HasSource: true, Source: uint64(next)}
				p := message.ProtocolHeader{Initiator: true, Reliable: true, Opcode: op, ExchangeID: uint16(next)}
				body := structure(func(w *tlv.Writer) {
					w.Bytes(ctx(1), d[:min(len(d), 32)])
					w.Uint(ctx(2), 7)
					w.Uint(ctx(3), 0)
					w.Bool(ctx(4), false)
				})
				d, _ = h.Append(nil)
				d, _ = p.Append(d)
				d = append(d, body...)
			case 1: // of the session
				binary.LittleEndian.PutUint16(d[1:], id)
			case 2: // of another
				binary.LittleEndian.PutUint16(d[1:], id+1)
			}
			if r := Receive(b, now, int32(next), load(d)); r != 0 {
				t.Fatal(failure)
			}
			if at := Deadline(b); at >= 0 && at <= now {
				Tick(b, now)
			}
			for Next(b) != 0 {
			}
		}
	}
	send(5_000)
	before := heap()
	send(20_000)
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("%d octets more after 20,000 datagrams", grown)
	}
}
