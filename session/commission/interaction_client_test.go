package commission

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// arrayOf makes an anonymous array of unsigned integers.
func arrayOf(values ...uint64) []byte {
	w := tlv.NewWriter(nil)
	w.Array(tlv.Anonymous)
	for _, v := range values {
		w.Uint(tlv.Anonymous, v)
	}
	w.End()
	return w.Octets()
}

func uintOf(v uint64) []byte {
	w := tlv.NewWriter(nil)
	w.Uint(tlv.Anonymous, v)
	return w.Octets()
}

func report(m ReportData) Message { return Message{OpcodeReportData, m.Append(nil)} }

func statusOf(t testing.TB, m *Message) Status {
	t.Helper()
	if m == nil || m.Opcode != OpcodeStatusResponse {
		t.Fatalf("got %v, want a StatusResponse", m)
	}
	s, err := ParseStatusResponse(m.Payload)
	if err != nil {
		t.Fatal(err)
	}
	return s.Status
}

var partsPath = Attribute(0, ClusterDescriptor, DescriptorParts)

func started(t testing.TB, i interaction) Message {
	t.Helper()
	m, err := i.start()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readOf(paths ...AttributePath) *reading {
	return &reading{request: ReadRequest{Selection{Attributes: paths}}}
}

func TestReadJoinsChunksAndLists(t *testing.T) {
	i := readOf(partsPath, Attribute(1, ClusterOnOff, OnOffState))
	if m := started(t, i); m.Opcode != OpcodeReadRequest {
		t.Fatalf("opcode %d", m.Opcode)
	}
	item := partsPath
	item.List = ListAppend
	chunks := []ReportData{
		{MoreChunks: true, Attributes: []AttributeReport{{Path: partsPath, DataVersion: 1, HasDataVersion: true, Data: arrayOf(1, 2)}}},
		{MoreChunks: true, Attributes: []AttributeReport{{Path: item, Data: uintOf(3)}, {Path: item, Data: uintOf(400)}}},
		{
			Attributes: []AttributeReport{{Path: item, Data: uintOf(5)}, {Path: Attribute(1, ClusterOnOff, OnOffState), Data: []byte{0x09}}},
			Events:     []EventReport{{Path: testEvent, Number: 1, Data: testData}},
		},
	}
	for n, m := range chunks {
		s, err := i.handle(report(m))
		if err != nil || statusOf(t, s.reply) != StatusSuccess || s.done != (n == 2) {
			t.Fatalf("chunk %d: %+v, %v", n, s, err)
		}
		if !s.done {
			continue
		}
		got := s.outcome(1).(ReadDone)
		if len(got.Attributes) != 2 || len(got.Events) != 1 || !bytes.Equal(got.Attributes[0].Data, arrayOf(1, 2, 3, 400, 5)) {
			t.Fatalf("%+v", got)
		}
		list, err := ParseUints(got.Attributes[0].Data, 0xFFFF)
		if err != nil || !reflect.DeepEqual(list, []uint64{1, 2, 3, 400, 5}) {
			t.Errorf("%v, %v", list, err)
		}
	}
}

func TestReadAnswersUnlessSuppressed(t *testing.T) {
	for _, suppress := range []bool{false, true} {
		i := readOf(partsPath)
		started(t, i)
		s, err := i.handle(report(ReportData{SuppressResponse: suppress}))
		if err != nil || !s.done || (s.reply == nil) != suppress {
			t.Errorf("suppress %v: %+v, %v", suppress, s, err)
		}
		if got := s.outcome(1).(ReadDone); len(got.Attributes) != 0 {
			t.Errorf("nothing matched, yet %+v", got)
		}
	}
}

func TestReadRefusesGoingOnAndSuppressing(t *testing.T) {
	i := readOf(partsPath)
	started(t, i)
	s, err := i.handle(Message{OpcodeReportData, unhex(t, "15 29 03 29 04 24 ff 0c 18")})
	if err == nil || statusOf(t, s.reply) != StatusInvalidAction || s.done {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestReadReplacesARepeatedAttribute(t *testing.T) {
	i := readOf(partsPath)
	started(t, i)
	s, err := i.handle(report(ReportData{Attributes: []AttributeReport{
		{Path: partsPath, Data: arrayOf(1)}, {Path: partsPath, Data: arrayOf(2)},
	}}))
	if err != nil || len(s.outcome(1).(ReadDone).Attributes) != 1 || !bytes.Equal(s.outcome(1).(ReadDone).Attributes[0].Data, arrayOf(2)) {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestReadListItems(t *testing.T) {
	item := partsPath
	item.List = ListAppend
	// An item without its list is the owner's to judge.
	i := readOf(partsPath)
	started(t, i)
	s, err := i.handle(report(ReportData{Attributes: []AttributeReport{{Path: item, Data: uintOf(1)}}}))
	if err != nil || s.outcome(1).(ReadDone).Attributes[0].Path.List != ListAppend {
		t.Errorf("%+v, %v", s, err)
	}
	// An item of what is no list, or has no value, is a fault.
	for _, base := range []AttributeReport{{Path: partsPath, Data: uintOf(1)}, {Path: partsPath, Status: testStatus}} {
		i = readOf(partsPath)
		started(t, i)
		s, err = i.handle(report(ReportData{Attributes: []AttributeReport{base, {Path: item, Data: uintOf(1)}}}))
		if !errors.Is(err, errListItem) || statusOf(t, s.reply) != StatusInvalidAction {
			t.Errorf("%+v, %v", s, err)
		}
	}
}

func TestReadIsBounded(t *testing.T) {
	i := readOf(partsPath)
	started(t, i)
	w := tlv.NewWriter(nil)
	w.Bytes(tlv.Anonymous, make([]byte, 1000))
	m := report(ReportData{MoreChunks: true, Attributes: []AttributeReport{{Path: partsPath, Data: w.Octets()}}})
	for n := 0; ; n++ {
		if _, err := i.handle(m); err != nil {
			if !errors.Is(err, session.ErrLimit) || n < 1000 {
				t.Errorf("after %d chunks: %v", n, err)
			}
			return
		}
		if n > maxReportOctets/1000 {
			t.Fatal("no bound")
		}
	}
}

func TestInteractionsFail(t *testing.T) {
	machines := map[string]func() interaction{
		"read":   func() interaction { return readOf(partsPath) },
		"write":  func() interaction { return &writing{writes: []AttributeData{{Path: partsPath, Data: testData}}} },
		"invoke": func() interaction { return &invoking{commands: []CommandData{Toggle(1)}} },
		"subscribe": func() interaction {
			return &subscribing{request: SubscribeRequest{Selection: Selection{Attributes: []AttributePath{partsPath}}}}
		},
		"timed": func() interaction {
			return &invoking{timed: timed{timeoutMs: 100}, commands: []CommandData{Toggle(1)}}
		},
	}
	for name, make := range machines {
		i := make()
		started(t, i)
		s, err := i.handle(*statusMessage(StatusUnsupportedAccess))
		var refused *InteractionError
		if !errors.As(err, &refused) || refused.Status != StatusUnsupportedAccess || s.reply != nil || s.done {
			t.Errorf("%s refused: %+v, %v", name, s, err)
		}
		for _, in := range []Message{
			{OpcodeReportData, []byte{0x15}}, {OpcodeWriteResponse, nil}, {OpcodeInvokeResponse, []byte{0x18}},
			{OpcodeSubscribeResponse, []byte{0x15, 0x18}}, {OpcodeReadRequest, nil}, {0x77, nil},
		} {
			i := make()
			started(t, i)
			if s, err := i.handle(in); err == nil || s.done || statusOf(t, s.reply) != StatusInvalidAction {
				t.Errorf("%s, opcode %#x: %+v, %v", name, in.Opcode, s, err)
			}
		}
		i = make()
		started(t, i)
		if s, err := i.handle(Message{OpcodeStatusResponse, []byte{0x15}}); err == nil || s.reply != nil {
			t.Errorf("%s, broken status: %+v, %v", name, s, err)
		}
		if name == "timed" {
			continue
		}
		i = make()
		started(t, i)
		if s, err := i.handle(*success()); !errors.Is(err, errWrongResponse) || s.reply != nil {
			t.Errorf("%s, success without a result: %+v, %v", name, s, err)
		}
	}
	for name, i := range map[string]interaction{
		"read": readOf(), "write": &writing{}, "invoke": &invoking{}, "subscribe": &subscribing{},
	} {
		if _, err := i.start(); !errors.Is(err, errNothingAsked) {
			t.Errorf("empty %s: %v", name, err)
		}
	}
}

func TestInvokeResults(t *testing.T) {
	result := CommandResult{Path: CommandPath{0, ClusterGeneralCommissioning, CommandArmFailSafeResponse}, Fields: CommissioningResponse{}.AppendFields(nil)}
	refused := CommandResult{Path: CommandPath{0, ClusterGeneralCommissioning, CommandArmFailSafe}, Status: testStatus}
	for _, r := range []CommandResult{result, refused} {
		i := &invoking{commands: []CommandData{ArmFailSafe(60, 1)}}
		started(t, i)
		s, err := i.handle(Message{OpcodeInvokeResponse, InvokeResponse{Results: []CommandResult{r}}.Append(nil)})
		if err != nil || !s.done || s.reply != nil || !reflect.DeepEqual(s.outcome(1).(InvokeDone).Results, []CommandResult{r}) {
			t.Errorf("%+v, %v", s, err)
		}
	}
	for _, more := range []bool{false, true} {
		i := &invoking{commands: []CommandData{Toggle(1)}}
		started(t, i)
		if s, err := i.handle(Message{OpcodeInvokeResponse, InvokeResponse{MoreChunks: more}.Append(nil)}); !errors.Is(err, errNoResult) || s.reply == nil {
			t.Errorf("no result: %+v, %v", s, err)
		}
	}
	i := &invoking{commands: []CommandData{Toggle(1)}}
	started(t, i)
	if s, err := i.handle(Message{OpcodeInvokeResponse, InvokeResponse{Results: []CommandResult{result, result}}.Append(nil)}); !errors.Is(err, session.ErrLimit) || s.reply == nil {
		t.Errorf("two results of one command: %v", err)
	}
}

func TestInvokeSeveralInChunks(t *testing.T) {
	commands := []CommandData{Toggle(1), Toggle(2), {Path: CommandPath{3, ClusterOnOff, CommandOn}, Ref: 9, HasRef: true}}
	i := &invoking{commands: commands}
	m := started(t, i)
	q, err := ParseInvokeRequest(m.Payload)
	if err != nil || q.SuppressResponse || q.Timed || len(q.Commands) != 3 {
		t.Fatalf("%+v, %v", q, err)
	}
	for n, want := range []uint16{0, 1, 9} {
		if c := q.Commands[n]; !c.HasRef || c.Ref != want {
			t.Errorf("command %d: %+v", n, c)
		}
	}
	if commands[0].HasRef {
		t.Error("the caller's commands were changed")
	}
	first := InvokeResponse{Results: []CommandResult{{Path: commands[0].Path, HasRef: true}}, MoreChunks: true}
	s, err := i.handle(Message{OpcodeInvokeResponse, first.Append(nil)})
	if err != nil || s.done || statusOf(t, s.reply) != StatusSuccess {
		t.Fatalf("%+v, %v", s, err)
	}
	rest := InvokeResponse{Results: []CommandResult{{Path: commands[1].Path, Ref: 1, HasRef: true}, {Path: commands[2].Path, Ref: 9, HasRef: true}}}
	s, err = i.handle(Message{OpcodeInvokeResponse, rest.Append(nil)})
	if err != nil || !s.done || s.reply != nil || len(s.outcome(1).(InvokeDone).Results) != 3 {
		t.Fatalf("%+v, %v", s, err)
	}
}

func TestTimedInvoke(t *testing.T) {
	i := &invoking{timed: timed{timeoutMs: 5000}, commands: []CommandData{RevokeCommissioning()}}
	m := started(t, i)
	if q, err := ParseTimedRequest(m.Payload); m.Opcode != OpcodeTimedRequest || err != nil || q.TimeoutMs != 5000 {
		t.Fatalf("%+v, %v", m, err)
	}
	s, err := i.handle(*success())
	if err != nil || s.done || s.reply == nil || s.reply.Opcode != OpcodeInvokeRequest {
		t.Fatalf("%+v, %v", s, err)
	}
	if q, err := ParseInvokeRequest(s.reply.Payload); err != nil || !q.Timed {
		t.Errorf("%+v, %v", q, err)
	}
	r := InvokeResponse{Results: []CommandResult{{Path: RevokeCommissioning().Path}}}
	if s, err = i.handle(Message{OpcodeInvokeResponse, r.Append(nil)}); err != nil || !s.done {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestTimedWrite(t *testing.T) {
	i := &writing{timed: timed{timeoutMs: 200}, writes: []AttributeData{{Path: Attribute(0, 0x28, BasicNodeLabel), Data: testData}}}
	if m := started(t, i); m.Opcode != OpcodeTimedRequest {
		t.Fatalf("%+v", m)
	}
	s, err := i.handle(*success())
	if err != nil || s.reply == nil {
		t.Fatalf("%+v, %v", s, err)
	}
	if q, err := ParseWriteRequest(s.reply.Payload); err != nil || !q.Timed || q.MoreChunks || len(q.Writes) != 1 {
		t.Errorf("%+v, %v", q, err)
	}
}

// A write that does not fit is spread over messages, each answered.
func TestWriteInChunks(t *testing.T) {
	list := partsPath
	items := make([]uint64, 3000)
	for n := range items {
		items[n] = uint64(n) << 20
	}
	small := Attribute(0, ClusterBasicInformation, BasicNodeLabel)
	writes := []AttributeData{{Path: small, Data: testData}, {Path: list, DataVersion: 3, HasDataVersion: true, Data: arrayOf(items...)}, {Path: small, Data: uintOf(1)}}
	i := &writing{writes: writes}
	m := started(t, i)
	var assembled reportAssembly
	messages, statuses := 0, 0
	for {
		messages++
		if len(m.Payload) > maxPayload {
			t.Fatalf("%d octets", len(m.Payload))
		}
		q, err := ParseWriteRequest(m.Payload)
		if err != nil || len(q.Writes) == 0 {
			t.Fatalf("%+v, %v", q, err)
		}
		var r WriteResponse
		for _, d := range q.Writes {
			if err := assembled.attribute(AttributeReport{Path: d.Path, DataVersion: d.DataVersion, HasDataVersion: d.HasDataVersion, Data: d.Data}); err != nil {
				t.Fatal(err)
			}
			r.Statuses = append(r.Statuses, AttributeStatus{Path: d.Path})
			statuses++
		}
		s, err := i.handle(Message{OpcodeWriteResponse, r.Append(nil)})
		if err != nil || s.done == q.MoreChunks {
			t.Fatalf("%+v, %v", s, err)
		}
		if s.done {
			if n := len(s.outcome(1).(WriteDone).Statuses); n != statuses {
				t.Errorf("%d statuses of %d", n, statuses)
			}
			break
		}
		m = *s.reply
	}
	if messages < 10 {
		t.Errorf("%d messages", messages)
	}
	got := assembled.take().Attributes
	if len(got) != 2 || !bytes.Equal(got[1].Data, arrayOf(items...)) || !got[1].HasDataVersion || !bytes.Equal(got[0].Data, uintOf(1)) {
		t.Errorf("%d attributes", len(got))
	}
}

func TestTooLarge(t *testing.T) {
	w := tlv.NewWriter(nil)
	w.Bytes(tlv.Anonymous, make([]byte, maxPayload))
	large := w.Octets()
	w = tlv.NewWriter(nil)
	w.Array(tlv.Anonymous)
	w.Bytes(tlv.Anonymous, make([]byte, maxPayload))
	w.End()
	item := partsPath
	item.List = ListAppend
	w2 := newMessage(nil)
	w2.Bytes(ctx(0), make([]byte, maxPayload))
	w2.End()
	many := make([]AttributePath, 200)
	for name, i := range map[string]interaction{
		"value":     &writing{writes: []AttributeData{{Path: partsPath, Data: large}}},
		"item":      &writing{writes: []AttributeData{{Path: partsPath, Data: w.Octets()}}},
		"list item": &writing{writes: []AttributeData{{Path: item, Data: large}}},
		"command":   &invoking{commands: []CommandData{{Path: testCommand, Fields: w2.Octets()}}},
		"timed": &invoking{
			timed: timed{timeoutMs: 1}, commands: []CommandData{{Path: testCommand, Fields: w2.Octets()}},
		},
		"paths":     readOf(many...),
		"subscribe": &subscribing{request: SubscribeRequest{Selection: Selection{Attributes: many}}},
	} {
		if _, err := i.start(); !errors.Is(err, session.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A broken list is not sent.
	whole := arrayOf(make([]uint64, 1000)...)
	for _, end := range [][]byte{{0x18, 0x14}, {0x15}, {}} {
		broken := append(bytes.Clone(whole[:len(whole)-1]), end...)
		if _, err := (&writing{writes: []AttributeData{{Path: partsPath, Data: broken}}}).start(); err == nil {
			t.Errorf("a list that ends in %x: sent", end)
		}
	}
}

func TestSubscribe(t *testing.T) {
	request := SubscribeRequest{KeepSubscriptions: true, MaxIntervalCeilingS: 60, Selection: Selection{Attributes: []AttributePath{partsPath}}}
	begin := func() *subscribing {
		i := &subscribing{request: request}
		started(t, i)
		return i
	}
	i := begin()
	s, err := i.handle(report(ReportData{SubscriptionID: 7, HasSubscription: true, MoreChunks: true, Attributes: []AttributeReport{{Path: partsPath, Data: arrayOf(1)}}}))
	if err != nil || statusOf(t, s.reply) != StatusSuccess || s.report != nil || s.done {
		t.Fatalf("%+v, %v", s, err)
	}
	s, err = i.handle(report(ReportData{SubscriptionID: 7, HasSubscription: true}))
	if err != nil || statusOf(t, s.reply) != StatusSuccess || s.report == nil || len(s.report.Attributes) != 1 || s.done {
		t.Fatalf("%+v, %v", s, err)
	}
	s, err = i.handle(Message{OpcodeSubscribeResponse, SubscribeResponse{7, 60}.Append(nil)})
	if err != nil || !s.done || s.outcome(1) != (SubscriptionEstablished{1, 7, 60}) {
		t.Fatalf("%+v, %v", s, err)
	}

	for name, second := range map[string]Message{
		"another ID in a chunk":  report(ReportData{SubscriptionID: 8, HasSubscription: true}),
		"no ID in a chunk":       report(ReportData{}),
		"response before report": {OpcodeSubscribeResponse, SubscribeResponse{7, 60}.Append(nil)},
	} {
		i := begin()
		if _, err := i.handle(report(ReportData{SubscriptionID: 7, HasSubscription: true, MoreChunks: true})); err != nil {
			t.Fatal(err)
		}
		if s, err := i.handle(second); err == nil || statusOf(t, s.reply) != StatusInvalidAction {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	for name, second := range map[string]Message{
		"another ID":      {OpcodeSubscribeResponse, SubscribeResponse{8, 60}.Append(nil)},
		"another report":  report(ReportData{SubscriptionID: 7, HasSubscription: true}),
		"broken response": {OpcodeSubscribeResponse, []byte{0x15, 0x18}},
	} {
		i := begin()
		if s, err := i.handle(report(ReportData{SubscriptionID: 7, HasSubscription: true, SuppressResponse: true})); err != nil || s.reply != nil || s.report == nil {
			t.Fatalf("%+v, %v", s, err)
		}
		if s, err := i.handle(second); err == nil || statusOf(t, s.reply) != StatusInvalidAction {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}
