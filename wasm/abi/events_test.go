package abi

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/commission"
	"github.com/matter-session/matter-session/session/tlv"
)

// tell makes an instance have events to fetch, and returns all that it gives.
func tell(t testing.TB, events ...commission.ControllerEvent) (got []*members) {
	t.Helper()
	h := openInstance(t)
	in, err := find(h)
	if err != nil {
		t.Fatal(err)
	}
	in.events = events
	for {
		n := Next(h)
		switch {
		case n < 0:
			t.Fatalf("next: %v", failure)
		case n == 0:
			return got
		case n>>24 != 2:
			t.Fatalf("kind %d", n>>24)
		}
		// A reader on the other side is strict.
		event, ok := tlv.Strict(bytes.Clone(Buffer[:n&0xFFFFFF]))
		m, err := parseMembers(event)
		if !ok || err != nil || !bytes.Equal(event, Buffer[:n&0xFFFFFF]) {
			t.Fatalf("malformed event %x", Buffer[:min(n&0xFFFFFF, 100)])
		}
		got = append(got, m)
	}
}

func interaction(e commission.Event) commission.ControllerEvent {
	return commission.InteractionEvent{Event: e}
}

func octetsOf(n int) []byte {
	w := tlv.NewWriter(nil)
	w.Bytes(tlv.Anonymous, make([]byte, n))
	return w.Octets()
}

func largeReport(attributes, events, size int) (r commission.Report) {
	for n := range attributes {
		r.Attributes = append(r.Attributes, commission.AttributeReport{
			Path: commission.Attribute(commission.EndpointID(n), 6, 0), DataVersion: 7, HasDataVersion: true, Data: octetsOf(size),
		})
	}
	for n := range events {
		r.Events = append(r.Events, commission.EventReport{
			Path: commission.EventPath{Endpoint: commission.EndpointID(n), Cluster: 6, Event: 1}, Number: uint64(n), Clock: commission.ClockEpoch, Time: 1 << 40, Data: []byte{0x15, 0x18},
		})
	}
	return r
}

// A report that the buffer does not hold comes in several events; nothing of it
// is lost, and only the last of them says that it is the last.
func TestLargeReportsComeInParts(t *testing.T) {
	for name, r := range map[string]commission.Report{
		"attributes": largeReport(2000, 0, 300), "events": largeReport(0, 30_000, 0), "both": largeReport(1000, 20_000, 250), "one each": largeReport(1, 1, maxValue-5),
		"nothing": {}, "just so": largeReport(3, 0, BufferSize/3-30), "full": largeReport(1, 0, maxValue-10),
	} {
		for _, read := range []bool{true, false} {
			e := interaction(commission.SubscriptionReport{ID: 9, Report: r})
			if read {
				e = interaction(commission.ReadDone{ID: 9, Report: r})
			}
			got := tell(t, e)
			attributes, events := 0, 0
			for i, m := range got {
				if m.u8(0) != eventReport || m.u32(1) != 9 || m.flag(4) != (read && i == len(got)-1) {
					t.Fatalf("%s: part %d of %d: %d, id %d, last %v", name, i+1, len(got), m.u8(0), m.u32(1), m.flag(4))
				}
				m.each(2, func(p *members) {
					if int(p.u16(0)) != attributes || p.u32(3) != 7 || len(p.octets(4)) != len(r.Attributes[attributes].Data)-valueHead(p.octets(4)) {
						t.Fatalf("%s: attribute %d is another", name, attributes)
					}
					attributes++
				})
				m.each(3, func(p *members) {
					if int(p.u64(3)) != events || p.u64(5) != 1<<40 || !p.has(7) {
						t.Fatalf("%s: event %d is another", name, events)
					}
					events++
				})
				if m.err != nil {
					t.Fatal(m.err)
				}
			}
			if attributes != len(r.Attributes) || events != len(r.Events) {
				t.Errorf("%s: %d of %d attributes, %d of %d events", name, attributes, len(r.Attributes), events, len(r.Events))
			}
		}
	}
}

// valueHead is how many octets an anonymous octet string has before its content.
func valueHead(b []byte) int {
	switch {
	case len(b) < 1<<8:
		return 2
	case len(b) < 1<<16:
		return 3
	}
	return 5
}

// A value that no event holds is told as a status: the rest of the report comes.
func TestValueLargerThanTheBuffer(t *testing.T) {
	r := largeReport(3, 0, 10)
	r.Attributes[1].Data = octetsOf(BufferSize)
	w := tlv.NewWriter(nil)
	w.Struct(tlv.Anonymous)
	w.Bytes(ctx(0), make([]byte, BufferSize))
	w.End()
	r.Events = []commission.EventReport{{Number: 5, Data: w.Octets()}}
	var statuses []uint8
	count := 0
	for _, m := range tell(t, interaction(commission.ReadDone{ID: 9, Report: r})) {
		m.each(2, func(p *members) {
			if count++; p.has(5) {
				statuses = append(statuses, p.u8(5))
			}
		})
		m.each(3, func(p *members) {
			if count++; p.has(8) {
				statuses = append(statuses, p.u8(8))
			}
		})
	}
	if count != 4 || len(statuses) != 2 || statuses[0] != uint8(commission.StatusResourceExhausted) || statuses[1] != uint8(commission.StatusResourceExhausted) {
		t.Errorf("%d items, statuses %x", count, statuses)
	}
}

// An answer that cannot be split fails: whoever waits for it is told.
func TestAnswerLargerThanTheBufferFails(t *testing.T) {
	result := commission.CommandResult{Fields: structure(func(w *tlv.Writer) { w.Bytes(ctx(0), make([]byte, BufferSize/2)) })}
	results := []commission.CommandResult{result, result, result}
	for name, e := range map[string]commission.Event{
		"invoke": commission.InvokeDone{ID: 9, Results: results},
		"write":  commission.WriteDone{ID: 9, Statuses: make([]commission.AttributeStatus, 30_000)},
	} {
		got := tell(t, interaction(e))
		if len(got) != 1 || got[0].u8(0) != eventFailed || got[0].u32(1) != 9 || got[0].u16(2) != uint16(codeTooLarge) || got[0].text(3) == "" {
			t.Errorf("%s: %d events", name, len(got))
		}
	}
}

// What a device says is not always fit for the other side's strict reader: one
// value must not cost the event, and with it every session.
func TestMalformedValuesDoNotSpoilAnEvent(t *testing.T) {
	cut := structure(func(w *tlv.Writer) {
		w.Array(ctx(1))
		w.String(tlv.Anonymous, "K\xc3")
		w.End()
	})
	twice := []byte{0x15, 0x24, 1, 1, 0x24, 1, 2, 0x18}
	r := commission.Report{
		Attributes: []commission.AttributeReport{{Data: []byte{0x0c, 1, 0xff}}, {Data: twice}, {Data: cut}},
		Events:     []commission.EventReport{{Data: twice}, {Data: cut}},
	}
	got := tell(t, interaction(commission.ReadDone{ID: 1, Report: r}), interaction(commission.InvokeDone{ID: 2, Results: []commission.CommandResult{{Fields: twice}, {Fields: cut}}}))
	if len(got) != 2 {
		t.Fatalf("%d events", len(got))
	}
	var attributes, events, results []*members
	got[0].each(2, func(p *members) { attributes = append(attributes, p) })
	got[0].each(3, func(p *members) { events = append(events, p) })
	got[1].each(2, func(p *members) { results = append(results, p) })
	const invalid = uint8(commission.StatusInvalidDataType)
	if !bytes.Equal(attributes[0].octets(4), []byte{0xff}) || attributes[1].u8(5) != invalid || !attributes[2].has(4) {
		t.Error("attributes")
	}
	if events[0].u8(8) != invalid || !events[1].has(7) || results[0].u8(5) != invalid || !results[1].has(4) {
		t.Error("events or results")
	}
	if !bytes.Contains(attributes[2].elements[4], []byte{0x10, 2, 'K', 0xc3}) {
		t.Errorf("the text that is cut: %x", attributes[2].elements[4])
	}
}

// A clock that runs backwards must not make an event that cannot be read.
func TestTimesStayWithin32Bits(t *testing.T) {
	got := tell(t, commission.CommissioningEvent{Request: commission.Progress{ElapsedMs: -5, ExpectedMs: 1 << 40}}, commission.CommissioningEvent{Request: commission.Failed{WaitMs: 1 << 40}})
	if len(got) != 2 || got[0].u32(4) != 0 || got[0].u32(5) != 1<<32-1 || got[1].u32(7) != 1<<32-1 || got[0].err != nil || got[1].err != nil {
		t.Error("a time outside 32 bits")
	}
}

// What was fetched does not stay in the buffer.
func TestResultsLeaveNoSecretInTheBuffer(t *testing.T) {
	h := openInstance(t)
	made := ask(t, h, 0, 1, func(*tlv.Writer) {})
	secret := made.octets(5)
	if Next(h) != 0 || bytes.Contains(Buffer[:], secret[len(secret)-32:]) {
		t.Error("the authority is still in the buffer")
	}
	in, err := find(h)
	if err != nil {
		t.Fatal(err)
	}
	in.events = []commission.ControllerEvent{commission.SessionEvent{Event: session.WorkWanted{Work: session.Work{Data: bytes.Clone(secret)}}}}
	if n := Next(h); n>>24 != 2 || !bytes.Contains(Buffer[:], secret) {
		t.Fatalf("next: %d", n)
	}
	if Next(h) != 0 || bytes.Contains(Buffer[:], secret[len(secret)-32:]) {
		t.Error("the work is still in the buffer")
	}
}

// The buffer belongs to the host between two calls: nothing here keeps what lay in it.
func TestNothingKeepsTheBuffer(t *testing.T) {
	a, b := openInstance(t), openInstance(t)
	scribble := func() { _, _ = rand.Read(Buffer[:]) }
	ask(t, b, 0, 25, func(w *tlv.Writer) {
		w.Uint(ctx(1), 20202021)
		w.Uint(ctx(2), 1000)
		w.Bytes(ctx(3), make([]byte, 16))
	})
	scribble()
	ask(t, a, 0, 18, func(w *tlv.Writer) {
		w.Uint(ctx(1), 1)
		w.Uint(ctx(2), 20202021)
	})
	scribble()
	sessions := 0
	for busy := true; busy; {
		busy = false
		for i, h := range []handle{a, b} {
			for n := Next(h); n != 0; n = Next(h) {
				busy = true
				out := bytes.Clone(Buffer[:n&0xFFFFFF])
				scribble()
				if n>>24 == 1 {
					if r := Receive([]handle{a, b}[1-i], 1, 1, load(out[4:])); r != 0 {
						t.Fatal(failure)
					}
					scribble()
				} else if m, err := parseMembers(out); err == nil && m.u8(0) == eventSession {
					sessions++
				}
			}
		}
	}
	if sessions != 2 {
		t.Errorf("%d of 2 sessions", sessions)
	}
}

// A request of the wrong types does nothing at all.
func TestWrongTypesHaveNoEffect(t *testing.T) {
	h := openInstance(t)
	refused := func(name string, number uint64, f func(w *tlv.Writer)) {
		t.Helper()
		if r := Request(h, 0, load(structure(func(w *tlv.Writer) {
			w.Uint(ctx(0), number)
			f(w)
		})), rand.Reader); r != -int32(codeArgument) {
			t.Errorf("%s: %d, %v", name, r, failure)
		}
	}
	item := func(f func(w *tlv.Writer)) func(w *tlv.Writer) {
		return func(w *tlv.Writer) {
			w.Uint(ctx(1), 1)
			w.Array(ctx(2))
			w.Struct(tlv.Anonymous)
			f(w)
			w.End()
			w.End()
		}
	}
	path := func(w *tlv.Writer, missing int, endpoint uint64) {
		for n, v := range []uint64{endpoint, 6, 0} {
			if n != missing {
				w.Uint(ctx(uint8(n)), v)
			}
		}
	}
	for missing := range 3 {
		refused("write to all", 21, item(func(w *tlv.Writer) {
			path(w, missing, 1)
			w.Bool(ctx(3), true)
		}))
		refused("invoke on all", 22, item(func(w *tlv.Writer) { path(w, missing, 1) }))
	}
	refused("write to endpoint 65535", 21, item(func(w *tlv.Writer) {
		path(w, -1, 0xFFFF)
		w.Bool(ctx(3), true)
	}))
	refused("invoke on endpoint 65535", 22, item(func(w *tlv.Writer) { path(w, -1, 0xFFFF) }))
	refused("fields that are no structure", 22, item(func(w *tlv.Writer) {
		path(w, -1, 1)
		w.Uint(ctx(3), 1)
	}))
	refused("which device of the code", 16, func(w *tlv.Writer) {
		w.Uint(ctx(1), 1)
		w.String(ctx(2), "MT:Y.K9042C00KA0648G00*-24J0CEK010O0648G00")
	})
}

// Work that is answered by what is no octet string is still to be done.
func TestWorkAnswerOfTheWrongType(t *testing.T) {
	b := openInstance(t)
	h := Open(load(structure(func(w *tlv.Writer) { w.Uint(ctx(4), 4) })), rand.Reader)
	if h <= 0 {
		t.Fatal(failure)
	}
	t.Cleanup(func() { slots[h&(1<<handleSlotBits-1)].instance = nil })
	ask(t, b, 0, 25, func(w *tlv.Writer) {
		w.Uint(ctx(1), 20202021)
		w.Uint(ctx(2), 1000)
		w.Bytes(ctx(3), make([]byte, 16))
	})
	ask(t, h, 0, 18, func(w *tlv.Writer) {
		w.Uint(ctx(1), 1)
		w.Uint(ctx(2), 20202021)
	})
	events := shuttle(t, 1, h, b)[0]
	if len(events) != 1 || events[0].u8(0) != eventWork {
		t.Fatalf("%d events", len(events))
	}
	if r := Request(h, 1, load(structure(func(w *tlv.Writer) {
		w.Uint(ctx(0), 38)
		w.Uint(ctx(1), events[0].u64(1))
		w.Uint(ctx(2), 1)
	})), rand.Reader); r != -int32(codeArgument) {
		t.Errorf("%d, %v", r, failure)
	}
	if n := Next(h); n != 0 {
		t.Errorf("the handshake went on or ended: %d", n)
	}
}

// FuzzReports gives the boundary whatever a device reports: each event of it is
// one that the strictest of readers takes, and nothing is left out.
func FuzzReports(f *testing.F) {
	r := commission.ReportData{}
	r.Attributes = largeReport(3, 0, 10).Attributes
	r.Events = largeReport(0, 3, 0).Events
	f.Add(r.Append(nil))
	r.Attributes[0].Data = []byte{0x0c, 1, 0xff}
	r.Attributes[1].Data = []byte{0x15, 0x24, 1, 1, 0x24, 1, 2, 0x18}
	f.Add(r.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := commission.ParseReportData(b)
		if err != nil {
			return
		}
		items := 0
		for _, e := range tell(t, interaction(commission.SubscriptionReport{ID: 1, Report: commission.Report{Attributes: m.Attributes, Events: m.Events}})) {
			e.each(2, func(p *members) { items++ })
			e.each(3, func(p *members) { items++ })
			if e.err != nil {
				t.Fatal(e.err)
			}
		}
		if items != len(m.Attributes)+len(m.Events) {
			t.Fatalf("%d items of %d", items, len(m.Attributes)+len(m.Events))
		}
	})
}
