package commission

import (
	"errors"
	"runtime"
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// A peer that goes on for ever with chunks that say nothing is not waited for for ever.
func TestEmptyChunksAreBounded(t *testing.T) {
	i := readOf(partsPath)
	started(t, i)
	m := report(ReportData{MoreChunks: true})
	for n := 0; ; n++ {
		if n > 10_000 {
			t.Fatal("no bound")
		}
		if _, err := i.handle(m); err != nil {
			if !errors.Is(err, session.ErrLimit) || n < 1000 {
				t.Errorf("after %d chunks: %v", n, err)
			}
			return
		}
	}
}

// tinyReports is a chunk of the smallest reports there are, each of another attribute.
func tinyReports(from, n int, more bool) Message {
	m := ReportData{MoreChunks: more}
	for k := range n {
		m.Attributes = append(m.Attributes, AttributeReport{Path: Attribute(EndpointID((from+k)>>8), ClusterID((from+k)&0xFF), AnyAttribute), Data: []byte{0x08}})
	}
	return report(m)
}

// Many small reports take more memory here than octets on the wire: their number is bounded too.
func TestSmallReportsAreBounded(t *testing.T) {
	i := readOf(partsPath)
	started(t, i)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for n := 0; ; n++ {
		m := tinyReports(n*60, 60, true)
		if len(m.Payload) > maxPayload {
			t.Fatalf("%d octets do not fit a datagram", len(m.Payload))
		}
		if _, err := i.handle(m); err != nil {
			if !errors.Is(err, session.ErrLimit) || n < 300 {
				t.Errorf("after %d chunks: %v", n, err)
			}
			break
		}
		if n > 10_000 {
			t.Fatal("no bound")
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 24<<20 {
		t.Errorf("%d octets are held", grown)
	}
	if len(i.assembly.attributes) > maxReportItems {
		t.Errorf("%d attributes are held", len(i.assembly.attributes))
	}
}

// One subscription reports one thing at a time: a report that begins anew takes
// the place of one that was left unfinished.
func TestClientKeepsOneReportPerSubscription(t *testing.T) {
	l := newTestLink(t, false)
	l.subscribe(7, 60)
	l.take()
	for range 10 {
		l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true, MoreChunks: true, Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf(1)}}}))
	}
	if len(l.c.inbound) != 1 {
		t.Errorf("%d reports in progress", len(l.c.inbound))
	}
	// The last of them still comes to its end, and holds nothing of the others.
	item := partsPath
	item.List = ListAppend
	x := l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true, MoreChunks: true, Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf(2)}}}))
	l.deviceSend(x, report(ReportData{SubscriptionID: 7, HasSubscription: true, Attributes: []AttributeReport{{Path: item, Data: uintOf(3)}}}))
	l.pump()
	if e := only[SubscriptionReport](l); len(e.Attributes) != 1 || string(e.Attributes[0].Data) != string(arrayOf(2, 3)) {
		t.Errorf("%+v", e)
	}
}

// What all reports in progress hold together is bounded: many subscriptions
// with a peer that finishes none must not use up the memory.
func TestClientBoundsReportsTogether(t *testing.T) {
	l := newTestLink(t, false)
	const subscriptions = 12
	for n := range uint32(subscriptions) {
		l.subscribe(n, 60)
	}
	l.take()
	var xs []session.Exchange
	for n := range uint32(subscriptions) {
		xs = append(xs, l.push(report(ReportData{SubscriptionID: n, HasSubscription: true, MoreChunks: true})))
	}
	for _, i := range l.c.inbound { // as after some thousand chunks
		i.assembly.octets = maxReportOctets - 10_000
	}
	refused := 0
	for n, x := range xs {
		l.answers = nil
		l.deviceSend(x, report(ReportData{
			SubscriptionID: uint32(n), HasSubscription: true, MoreChunks: true, Attributes: []AttributeReport{{Path: partsPath, Data: octetString(1000)}},
		}))
		l.pump()
		if statusOf(t, &l.answers[0]) != StatusSuccess {
			refused++
		}
	}
	if held := l.c.held(); held > maxHeld || refused == 0 || len(l.c.inbound) != subscriptions-refused {
		t.Errorf("%d octets held, %d reports refused", held, refused)
	}
	// What others hold must not keep a read from being refused either.
	l.serve = always(report(ReportData{MoreChunks: true, Attributes: []AttributeReport{{Path: partsPath, Data: octetString(1000)}}}))
	for _, i := range l.c.inbound {
		i.assembly.octets = maxHeld / len(l.c.inbound)
	}
	l.must(l.c.Read(l.now, l.id, ReadRequest{Selection{Attributes: []AttributePath{partsPath}}}, Options{}))
	if e := only[InteractionFailed](l); !errors.Is(e.Err, session.ErrLimit) {
		t.Errorf("%+v", e)
	}
}

func octetString(n int) []byte {
	w := tlv.NewWriter(nil)
	w.Bytes(tlv.Anonymous, make([]byte, n))
	return w.Octets()
}
