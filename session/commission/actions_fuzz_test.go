package commission

import (
	"testing"

	"github.com/matter-session/matter-session/session"
)

// FuzzActions gives each kind of interaction whatever messages there are,
// without sessions around it: that is a thousand times faster than [FuzzClient].
func FuzzActions(f *testing.F) {
	for _, c := range codecs {
		for which := range byte(5) {
			for op := byte(1); op <= 10; op++ {
				f.Add(which, append([]byte{op, byte(len(c.example))}, c.example...))
			}
		}
	}
	item := partsPath
	item.List = ListAppend
	for _, which := range []byte{0, 4} {
		var script []byte
		for _, m := range []Message{
			report(ReportData{HasSubscription: true, MoreChunks: true, Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf(1)}}}),
			report(ReportData{HasSubscription: true, Attributes: []AttributeReport{{Path: item, Data: uintOf(2)}, {Path: item, Status: StatusIB{Status: 1}}}}),
			{OpcodeSubscribeResponse, SubscribeResponse{0, 60}.Append(nil)},
		} {
			script = append(append(script, byte(m.Opcode), byte(len(m.Payload))), m.Payload...)
		}
		f.Add(which, script)
	}
	f.Fuzz(func(t *testing.T, which byte, script []byte) {
		selection := Selection{Attributes: []AttributePath{partsPath}}
		actions := []interaction{
			&reading{request: ReadRequest{selection}},
			&writing{writes: []AttributeData{{Path: partsPath, Data: testData}}},
			&invoking{commands: []CommandData{Toggle(1), Toggle(2)}},
			&invoking{timed: timed{timeoutMs: 100}, commands: []CommandData{Toggle(1)}},
			&subscribing{request: SubscribeRequest{Selection: selection}},
		}
		i := actions[int(which)%len(actions)]
		started(t, i)
		for len(script) >= 2 {
			in := Message{Opcode: session.Opcode(script[0] % 12)}
			n := min(int(script[1]), len(script)-2)
			in.Payload, script = script[2:2+n], script[2+n:]
			s, err := i.handle(in)
			switch {
			case s.reply != nil && len(s.reply.Payload) > maxPayload:
				t.Fatalf("a reply of %d octets", len(s.reply.Payload))
			case err != nil && s.done, s.done != (s.outcome != nil):
				t.Fatalf("%+v, %v", s, err)
			case err != nil && s.reply != nil && in.Opcode == OpcodeStatusResponse:
				t.Fatalf("a status is answered: %+v, %v", s, err)
			case err != nil && s.reply != nil && statusOf(t, s.reply) == StatusSuccess:
				t.Fatalf("the peer is told of a success: %v", err)
			}
			if err != nil {
				return
			}
			if s.done {
				e := s.outcome(1)
				if d, ok := e.(InvokeDone); ok && (len(d.Results) == 0 || len(d.Results) > 2) {
					t.Fatalf("%d results", len(d.Results))
				}
				return
			}
		}
	})
}
