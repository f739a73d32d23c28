package commission

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/matter-session/matter-session/session"
)

func TestClientEndToEnd(t *testing.T) {
	for _, stream := range []bool{false, true} {
		l := newTestLink(t, stream)
		l.serve = func(n int, in Message) []Message {
			switch in.Opcode {
			case OpcodeReadRequest:
				return []Message{report(ReportData{MoreChunks: true, Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf(1)}}})}
			case OpcodeStatusResponse:
				if n == 1 {
					item := partsPath
					item.List = ListAppend
					return []Message{report(ReportData{Attributes: []AttributeReport{{Path: item, Data: uintOf(2)}}})}
				}
			case OpcodeWriteRequest:
				return []Message{{OpcodeWriteResponse, WriteResponse{[]AttributeStatus{{Path: partsPath}}}.Append(nil)}}
			case OpcodeTimedRequest:
				return []Message{*success()}
			case OpcodeInvokeRequest:
				return []Message{toggled()}
			}
			return nil
		}
		read := l.must(l.c.Read(l.now, l.id, ReadRequest{Selection{Attributes: []AttributePath{partsPath}}}, Options{}))
		write := l.must(l.c.Write(l.now, l.id, []AttributeData{{Path: partsPath, Data: testData}}, Options{TimedMs: 1000}))
		invoke := l.must(l.toggle())
		want := []Event{
			ReadDone{read, Report{Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf(1, 2)}}}},
			WriteDone{write, []AttributeStatus{{Path: partsPath}}},
			InvokeDone{invoke, []CommandResult{{Path: Toggle(1).Path}}},
		}
		if got := l.take(); !reflect.DeepEqual(got, want) {
			t.Errorf("stream %v:\ngot  %+v\nwant %+v", stream, got, want)
		}
		if _, due := l.c.Deadline(); due {
			t.Error("a deadline is left")
		}
		if l.c.HandleEvent(l.now, session.PASEClosed{}) {
			t.Error("a foreign event was consumed")
		}
	}
}

func TestClientCannotStart(t *testing.T) {
	l := newTestLink(t, false)
	if _, err := l.c.Read(l.now, 9999, ReadRequest{Selection{Attributes: []AttributePath{partsPath}}}, Options{}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("unknown session: %v", err)
	}
	if _, err := l.c.Invoke(l.now, 9999, []CommandData{Toggle(1)}, Options{}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("unknown session: %v", err)
	}
	if _, err := l.c.Invoke(l.now, l.id, make([]CommandData, 4), Options{}); !errors.Is(err, session.ErrLimit) {
		t.Errorf("more commands than the device takes: %v", err)
	}
	if _, err := l.c.Read(l.now, l.id, ReadRequest{}, Options{}); !errors.Is(err, errNothingAsked) {
		t.Errorf("nothing asked: %v", err)
	}
	if err := l.c.Cancel(l.now, 1); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("unknown interaction: %v", err)
	}
	l.c.subs = make([]*subscription, maxSubscriptions)
	if _, err := l.c.Subscribe(l.now, l.id, SubscribeRequest{Selection: Selection{Attributes: []AttributePath{partsPath}}}, Options{}); !errors.Is(err, session.ErrLimit) {
		t.Errorf("too many subscriptions: %v", err)
	}
	l.c.subs = nil
	if got := l.take(); got != nil {
		t.Errorf("events of what never started: %v", got)
	}
}

func TestClientPeerRefuses(t *testing.T) {
	l := newTestLink(t, false)
	l.serve = always(*statusMessage(StatusUnsupportedAccess))
	id := l.must(l.toggle())
	e := only[InteractionFailed](l)
	var refused *InteractionError
	if e.ID != id || !errors.As(e.Err, &refused) || refused.Status != StatusUnsupportedAccess {
		t.Errorf("%+v", e)
	}
}

func TestClientPeerTalksNonsense(t *testing.T) {
	l := newTestLink(t, false)
	var told []Message
	l.serve = func(n int, in Message) []Message {
		if n == 0 {
			return []Message{{OpcodeInvokeResponse, []byte{0x15}}}
		}
		told = append(told, in)
		return nil
	}
	l.must(l.toggle())
	if e := only[InteractionFailed](l); e.Err == nil {
		t.Errorf("%+v", e)
	}
	if len(told) != 1 || statusOf(t, &told[0]) != StatusInvalidAction {
		t.Errorf("told %v", told)
	}
}

func TestClientNoAnswer(t *testing.T) {
	l := newTestLink(t, false)
	start := l.now
	l.must(l.toggle()) // acknowledged, never answered
	l.advance(start + 29_000)
	if got := l.take(); got != nil {
		t.Errorf("too early: %+v", got)
	}
	l.advance(start + 31_000)
	if e := only[InteractionFailed](l); !errors.Is(e.Err, session.ErrTimeout) {
		t.Errorf("%+v", e)
	}
	// A late answer changes nothing.
	l.must(l.c.Invoke(l.now, l.id, []CommandData{Toggle(1)}, Options{Patience: 2000}))
	l.advance(l.now + 3_000)
	only[InteractionFailed](l)
	l.advance(l.now + 60_000)
	if got := l.take(); got != nil {
		t.Errorf("%+v", got)
	}
}

func TestClientNoAnswerOnAStream(t *testing.T) {
	l := newTestLink(t, true)
	l.must(l.toggle())
	l.advance(l.now + 60_000)
	if e := only[InteractionFailed](l); !errors.Is(e.Err, session.ErrTimeout) {
		t.Errorf("%+v", e)
	}
}

func TestClientUndeliverable(t *testing.T) {
	l := newTestLink(t, false)
	l.advance(l.now + 60_000)
	l.lost = func(bool) bool { return true }
	before := l.sent
	l.must(l.toggle())
	l.advance(l.now + 60_000)
	if e := only[InteractionFailed](l); !errors.Is(e.Err, session.ErrTimeout) {
		t.Errorf("%+v", e)
	}
	if n := l.sent - before; n != 5 {
		t.Errorf("%d transmissions", n)
	}
}

// F3: giving up stops the timer at once, and everyone who waits is told once.
func TestField_F03_CancelStopsEverything(t *testing.T) {
	l := newTestLink(t, false)
	l.advance(l.now + 60_000)
	l.lost = func(bool) bool { return true }
	id := l.must(l.toggle())
	before := l.sent
	if err := l.c.Cancel(l.now, id); err != nil {
		t.Fatal(err)
	}
	l.advance(l.now + 60_000)
	if e := only[InteractionFailed](l); e.ID != id || !errors.Is(e.Err, ErrCancelled) {
		t.Errorf("%+v", e)
	}
	if l.sent != before {
		t.Errorf("%d datagrams after the end", l.sent-before)
	}
	if err := l.c.Cancel(l.now, id); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("cancelled twice: %v", err)
	}
}

// F3: the end of a session ends what runs on it, with its reason, once.
func TestField_F03_SessionLoss(t *testing.T) {
	for name, end := range map[string]func(*testLink){
		"ours":  func(l *testLink) { _ = l.client.CloseSession(l.now, l.id) },
		"peers": func(l *testLink) { _ = l.device.CloseSession(l.now, l.deviceID) },
	} {
		l := newTestLink(t, false)
		sub := l.subscribe(7, 60)
		l.take()
		l.serve = nil
		a := l.must(l.toggle())
		b := l.must(l.c.Read(l.now, l.id, ReadRequest{Selection{Attributes: []AttributePath{partsPath}}}, Options{}))
		// A report in progress ends as well.
		l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true, MoreChunks: true}))
		end(l)
		l.pump()
		ends := map[InteractionID]error{}
		for _, e := range l.take() {
			switch e := e.(type) {
			case InteractionFailed:
				ends[e.ID] = e.Err
			case SubscriptionLost:
				ends[e.ID] = e.Err
			default:
				t.Errorf("%s: %+v", name, e)
			}
		}
		if len(ends) != 3 || ends[a] == nil || ends[b] == nil || ends[sub] == nil {
			t.Errorf("%s: %v", name, ends)
		}
		l.advance(l.now + 200_000)
		if got := l.take(); got != nil {
			t.Errorf("%s: later %+v", name, got)
		}
		if len(l.c.inbound)+len(l.c.running)+len(l.c.subs) != 0 {
			t.Errorf("%s: something is left", name)
		}
	}
}

func TestClientSubscription(t *testing.T) {
	l := newTestLink(t, false)
	id := l.subscribe(7, 60)
	want := []Event{
		SubscriptionReport{id, Report{Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf(1)}}}},
		SubscriptionEstablished{id, 7, 60},
	}
	if got := l.take(); !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	// A change.
	l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true, Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf(1, 2)}}}))
	if e := only[SubscriptionReport](l); e.ID != id || len(e.Attributes) != 1 {
		t.Errorf("%+v", e)
	}
	if len(l.answers) != 1 || statusOf(t, &l.answers[0]) != StatusSuccess {
		t.Errorf("answers %v", l.answers)
	}
	// Kept alive by an empty report, that wants an answer or does not.
	for _, suppress := range []bool{false, true} {
		l.answers = nil
		l.advance(l.now + 60_000)
		l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true, SuppressResponse: suppress}))
		if e := only[SubscriptionReport](l); len(e.Attributes)+len(e.Events) != 0 {
			t.Errorf("%+v", e)
		}
		if (len(l.answers) == 0) != suppress {
			t.Errorf("suppress %v, answers %v", suppress, l.answers)
		}
	}
	// In chunks.
	l.answers = nil
	item := partsPath
	item.List = ListAppend
	x := l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true, MoreChunks: true, Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf()}}}))
	if got := l.take(); got != nil {
		t.Errorf("half a report: %+v", got)
	}
	l.deviceSend(x, report(ReportData{SubscriptionID: 7, HasSubscription: true, Attributes: []AttributeReport{{Path: item, Data: uintOf(9)}}}))
	l.pump()
	if e := only[SubscriptionReport](l); !reflect.DeepEqual(e.Attributes, []AttributeReport{{Path: partsPath, Data: arrayOf(9)}}) {
		t.Errorf("%+v", e)
	}
	if len(l.answers) != 2 {
		t.Errorf("answers %v", l.answers)
	}
	// Silence.
	l.advance(l.now + 74_000)
	if got := l.take(); got != nil {
		t.Errorf("too early: %+v", got)
	}
	l.advance(l.now + 2_000)
	if e := only[SubscriptionLost](l); e.ID != id || !errors.Is(e.Err, session.ErrTimeout) {
		t.Errorf("%+v", e)
	}
	// What comes after is refused, so that the device gives it up.
	l.answers = nil
	l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true}))
	if len(l.answers) != 1 || statusOf(t, &l.answers[0]) != StatusInvalidSubscription {
		t.Errorf("answers %v", l.answers)
	}
	if len(l.leftover) != 1 { // SessionEstablished
		t.Errorf("not consumed: %+v", l.leftover)
	}
}

func TestClientSubscriptionCancelled(t *testing.T) {
	l := newTestLink(t, false)
	id := l.subscribe(7, 60)
	l.take()
	l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true, MoreChunks: true}))
	if err := l.c.Cancel(l.now, id); err != nil {
		t.Fatal(err)
	}
	l.pump()
	if e := only[SubscriptionLost](l); e.ID != id || !errors.Is(e.Err, ErrCancelled) {
		t.Errorf("%+v", e)
	}
	l.answers = nil
	l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true}))
	if len(l.answers) != 1 || statusOf(t, &l.answers[0]) != StatusInvalidSubscription || l.take() != nil {
		t.Errorf("answers %v", l.answers)
	}
}

func TestClientSubscriptionReplaced(t *testing.T) {
	l := newTestLink(t, false)
	first := l.subscribe(7, 60)
	second := l.subscribe(8, 60)
	l.take()
	// The peer gives an ID out again: the older one is over.
	third := l.subscribe(8, 60)
	var lost []InteractionID
	for _, e := range l.take() {
		if e, ok := e.(SubscriptionLost); ok && errors.Is(e.Err, ErrReplaced) {
			lost = append(lost, e.ID)
		}
	}
	if !reflect.DeepEqual(lost, []InteractionID{second}) {
		t.Errorf("lost %v", lost)
	}
	// A subscription that keeps no others.
	request := SubscribeRequest{MaxIntervalCeilingS: 60, Selection: Selection{Events: []EventPath{anyEvent}}}
	l.must(l.c.Subscribe(l.now, l.id, request, Options{}))
	lost = nil
	for _, e := range l.take() {
		if e, ok := e.(SubscriptionLost); ok && errors.Is(e.Err, ErrReplaced) {
			lost = append(lost, e.ID)
		}
	}
	if !reflect.DeepEqual(lost, []InteractionID{first, third}) {
		t.Errorf("lost %v", lost)
	}
}

// A change can be reported before the answer to the subscription has arrived.
func TestClientReportBeforeSubscribeResponse(t *testing.T) {
	for _, establish := range []bool{true, false} {
		l := newTestLink(t, false)
		var waiting session.Exchange
		l.serve = func(n int, in Message) []Message {
			if n == 0 {
				return []Message{report(ReportData{SubscriptionID: 7, HasSubscription: true})}
			}
			return nil
		}
		l.opened = func(x session.Exchange) { waiting = x }
		request := SubscribeRequest{MaxIntervalCeilingS: 60, Selection: Selection{Attributes: []AttributePath{partsPath}}}
		id := l.must(l.c.Subscribe(l.now, l.id, request, Options{}))
		l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true, Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf(1)}}}))
		if len(l.answers) != 1 || statusOf(t, &l.answers[0]) != StatusSuccess {
			t.Errorf("answers %v", l.answers)
		}
		if got := l.take(); len(got) != 2 || len(got[1].(SubscriptionReport).Attributes) != 1 {
			t.Errorf("%+v", got)
		}
		if !establish {
			// It never stands: one last event, and what is in progress goes with it.
			l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true, MoreChunks: true}))
			l.deviceSend(waiting, *statusMessage(StatusResourceExhausted))
			l.pump()
			if e := only[InteractionFailed](l); e.ID != id || len(l.c.subs)+len(l.c.inbound)+len(l.c.running) != 0 {
				t.Errorf("%+v", e)
			}
			continue
		}
		l.deviceSend(waiting, Message{OpcodeSubscribeResponse, SubscribeResponse{7, 60}.Append(nil)})
		l.pump()
		if e := only[SubscriptionEstablished](l); e.ID != id {
			t.Errorf("%+v", e)
		}
	}
}

func TestClientUnwantedReports(t *testing.T) {
	l := newTestLink(t, false)
	id := l.subscribe(7, 60)
	l.take()
	for name, e := range map[string]struct {
		messages []Message
		want     Status
	}{
		"unknown subscription": {[]Message{report(ReportData{SubscriptionID: 8, HasSubscription: true})}, StatusInvalidSubscription},
		"no subscription":      {[]Message{report(ReportData{})}, StatusInvalidSubscription},
		"broken":               {[]Message{{OpcodeReportData, []byte{0x15}}}, StatusInvalidAction},
		"item of no list": {[]Message{report(ReportData{SubscriptionID: 7, HasSubscription: true, Attributes: []AttributeReport{
			{Path: partsPath, Data: uintOf(1)}, {Path: AttributePath{Cluster: partsPath.Cluster, Attribute: partsPath.Attribute, List: ListAppend}, Data: uintOf(1)},
		}})}, StatusInvalidAction},
		"another subscription in a chunk": {[]Message{
			report(ReportData{SubscriptionID: 7, HasSubscription: true, MoreChunks: true}), report(ReportData{SubscriptionID: 8, HasSubscription: true}),
		}, StatusInvalidAction},
		"broken chunk": {[]Message{
			report(ReportData{SubscriptionID: 7, HasSubscription: true, MoreChunks: true}), {OpcodeReportData, nil},
		}, StatusInvalidAction},
	} {
		l.answers = nil
		x := l.push(e.messages[0])
		if len(e.messages) > 1 {
			l.deviceSend(x, e.messages[1])
			l.pump()
		}
		if n := len(l.answers); n != len(e.messages) || statusOf(t, &l.answers[n-1]) != e.want {
			t.Errorf("%s: answers %v", name, l.answers)
		}
		if got := l.take(); got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// A status in the middle of a report ends it without a word.
	l.answers = nil
	x := l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true, MoreChunks: true}))
	l.deviceSend(x, *statusMessage(StatusFailure))
	l.pump()
	if len(l.answers) != 1 || len(l.c.inbound) != 0 {
		t.Errorf("answers %v, %d in progress", l.answers, len(l.c.inbound))
	}
	// A report that the device never ends is forgotten with its exchange.
	l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true, MoreChunks: true}))
	in := l.c.inbound[0]
	if !l.c.HandleEvent(l.now, session.ExchangeFailed{Exchange: in.exchange, Err: session.ErrTimeout}) || len(l.c.inbound) != 0 {
		t.Error("still in progress")
	}
	// Reports in progress are bounded.
	l.c.inbound = make([]*inbound, maxIncoming)
	for n := range l.c.inbound {
		l.c.inbound[n] = &inbound{sub: &subscription{}}
	}
	l.answers = nil
	l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true}))
	if len(l.answers) != 1 || statusOf(t, &l.answers[0]) != StatusBusy {
		t.Errorf("answers %v", l.answers)
	}
	l.c.inbound = nil
	if err := l.c.Cancel(l.now, id); err != nil {
		t.Error(err)
	}
}

func TestClientLeavesRequestsToOthers(t *testing.T) {
	l := newTestLink(t, false)
	l.push(Message{OpcodeReadRequest, ReadRequest{}.Append(nil)})
	l.push(Message{OpcodeStatusResponse, StatusResponse{}.Append(nil)})
	n := 0
	for _, e := range l.leftover {
		if m, ok := e.(session.MessageReceived); ok && m.Protocol == session.ProtocolInteractionModel {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d of 2 left to others", n)
	}
	for _, e := range []session.Event{
		session.MessageReceived{Protocol: 0xFFF10001, Opcode: OpcodeReportData, First: true},
		session.Delivered{Exchange: 12345}, session.ExchangeFailed{Exchange: 12345}, session.SessionClosed{Session: 12345},
	} {
		if l.c.HandleEvent(l.now, e) {
			t.Errorf("%+v consumed", e)
		}
	}
}

// Lossy paths: every interaction ends, and what ends well has brought its result.
func TestClientOnALossyPath(t *testing.T) {
	done := 0
	for seed := range uint64(60) {
		l := newTestLink(t, false)
		rng := rand.New(rand.NewPCG(seed, 99))
		l.lost = func(bool) bool { return rng.Float64() < 0.2 }
		l.serve = func(n int, in Message) []Message {
			switch {
			case in.Opcode == OpcodeReadRequest:
				return []Message{report(ReportData{MoreChunks: true, Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf(1)}}})}
			case in.Opcode == OpcodeStatusResponse && n < 4:
				item := partsPath
				item.List = ListAppend
				return []Message{report(ReportData{MoreChunks: n < 3, Attributes: []AttributeReport{{Path: item, Data: uintOf(uint64(n))}}})}
			case in.Opcode == OpcodeInvokeRequest:
				return []Message{toggled()}
			}
			return nil
		}
		l.must(l.c.Read(l.now, l.id, ReadRequest{Selection{Attributes: []AttributePath{partsPath}}}, Options{}))
		l.must(l.toggle())
		l.advance(l.now + 300_000)
		events := l.take()
		if len(events) != 2 {
			t.Fatalf("seed %d: %+v", seed, events)
		}
		for _, e := range events {
			switch e := e.(type) {
			case ReadDone:
				done++
				if !reflect.DeepEqual(e.Attributes[0].Data, arrayOf(1, 1, 2, 3)) {
					t.Errorf("seed %d: %x", seed, e.Attributes[0].Data)
				}
			case InvokeDone:
				done++
			case InteractionFailed:
				if !errors.Is(e.Err, session.ErrTimeout) {
					t.Errorf("seed %d: %v", seed, e.Err)
				}
			}
		}
	}
	if done < 110 {
		t.Errorf("%d of 120 done", done)
	}
}

// FuzzClient: whatever a peer says, in whatever order, no interaction ends twice
// and none outlives its deadlines.
func FuzzClient(f *testing.F) {
	for _, c := range codecs {
		f.Add(append([]byte{5, byte(len(c.example)), 0}, c.example...))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		l := newTestLink(t, true)
		l.serve = func(int, Message) []Message {
			if len(script) < 3 {
				return nil
			}
			op, n := session.Opcode(script[0]%11), int(binary.LittleEndian.Uint16(script[1:])%1024)
			script = script[3:]
			n = min(n, len(script))
			m := Message{op, script[:n]}
			script = script[n:]
			return []Message{m}
		}
		started := 0
		for _, begin := range []func() (InteractionID, error){
			l.toggle,
			func() (InteractionID, error) {
				return l.c.Read(l.now, l.id, ReadRequest{Selection{Attributes: []AttributePath{partsPath}}}, Options{})
			},
			func() (InteractionID, error) {
				return l.c.Write(l.now, l.id, []AttributeData{{Path: partsPath, Data: testData}}, Options{TimedMs: 1})
			},
			func() (InteractionID, error) {
				return l.c.Subscribe(l.now, l.id, SubscribeRequest{Selection: Selection{Attributes: []AttributePath{partsPath}}}, Options{})
			},
		} {
			l.must(begin())
			started++
		}
		l.advance(l.now + 100_000_000)
		if len(l.ended) != started || len(l.c.running)+len(l.c.subs)+len(l.c.inbound) != 0 {
			t.Fatalf("%d of %d ended; left %d, %d, %d", len(l.ended), started, len(l.c.running), len(l.c.subs), len(l.c.inbound))
		}
	})
}
