package commission

import (
	"math/rand/v2"
	"testing"

	"github.com/matter-session/matter-session/session"
)

// A device that has a session says whatever it likes, on exchanges of both
// sides: true, false and broken messages in any order. Everything ends, once,
// and nothing is left.
func TestClientAgainstAHostileDevice(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 7))
		l := newTestLink(t, seed%2 == 0)
		said := func() Message {
			c := codecs[rng.IntN(len(codecs))]
			m := Message{session.Opcode(rng.IntN(12)), append([]byte(nil), c.example...)}
			switch rng.IntN(4) {
			case 0:
				m = report(ReportData{SubscriptionID: rng.Uint32N(3), HasSubscription: rng.IntN(8) != 0, MoreChunks: rng.IntN(3) != 0, Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf(1)}}})
			case 1:
				m = Message{OpcodeSubscribeResponse, SubscribeResponse{rng.Uint32N(3), uint16(rng.IntN(100))}.Append(nil)}
			case 2:
				for range rng.IntN(3) {
					m.Payload[rng.IntN(len(m.Payload))] ^= 1 << rng.IntN(8)
				}
			}
			return m
		}
		l.serve = func(int, Message) []Message {
			if rng.IntN(6) == 0 {
				return nil
			}
			return []Message{said()}
		}
		started := 0
		note := func(id InteractionID, err error) {
			if err == nil {
				started++
			}
			l.pump()
		}
		var xs []session.Exchange
		for range 80 {
			selection := Selection{Attributes: []AttributePath{partsPath}}
			switch rng.IntN(8) {
			case 0:
				note(l.toggle())
			case 1:
				note(l.c.Read(l.now, l.id, ReadRequest{selection}, Options{}))
			case 2:
				note(l.c.Write(l.now, l.id, []AttributeData{{Path: partsPath, Data: testData}}, Options{TimedMs: uint16(rng.IntN(2))}))
			case 3, 4:
				note(l.c.Subscribe(l.now, l.id, SubscribeRequest{KeepSubscriptions: rng.IntN(2) == 0, Selection: selection}, Options{}))
			case 5:
				if x, err := l.device.OpenExchange(l.now, l.deviceID); err == nil {
					l.open[x] = true
					xs = append(xs, x)
					m := said()
					_ = l.device.Send(l.now, x, session.Message{Protocol: session.ProtocolInteractionModel, Opcode: m.Opcode, Payload: m.Payload})
					l.pump()
				}
			case 6:
				if len(xs) > 0 { // it may be gone
					m := said()
					_ = l.device.Send(l.now, xs[rng.IntN(len(xs))], session.Message{Protocol: session.ProtocolInteractionModel, Opcode: m.Opcode, Payload: m.Payload})
					l.pump()
				}
			case 7:
				l.advance(l.now + session.Instant(rng.IntN(20_000)))
			}
			if len(l.c.inbound) > len(l.c.subs) {
				t.Fatalf("seed %d: %d reports of %d subscriptions", seed, len(l.c.inbound), len(l.c.subs))
			}
		}
		l.advance(l.now + 100_000_000)
		if len(l.ended) != started || len(l.c.running)+len(l.c.subs)+len(l.c.inbound) != 0 {
			t.Fatalf("seed %d: %d of %d ended; left %d, %d, %d", seed, len(l.ended), started, len(l.c.running), len(l.c.subs), len(l.c.inbound))
		}
	}
}
