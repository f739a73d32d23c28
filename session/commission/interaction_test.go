package commission

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session/tlv"
)

// A codec is one message of the Interaction Model: an example that uses every
// member, and how to parse and append it.
type codec struct {
	name    string
	example []byte
	value   any
	// parse returns what it has read and its octets written again.
	parse func([]byte) (any, []byte, error)
	// missing are the context tags without which the message is refused.
	missing []byte
}

func codecOf[T interface{ Append([]byte) []byte }](name string, value T, parse func([]byte) (T, error), missing ...byte) codec {
	return codec{name, value.Append(nil), value, func(b []byte) (any, []byte, error) {
		m, err := parse(b)
		if err != nil {
			return nil, nil, err
		}
		return m, m.Append(nil), nil
	}, missing}
}

var (
	testPath    = AttributePath{Node: 5, Endpoint: 1, Cluster: 6, Attribute: 0x4000, List: ListIndex{Present: true, Index: 7}, Flags: SkipRootNode | SkipGlobalAttributes}
	anyPath     = AttributePath{Endpoint: AnyEndpoint, Cluster: AnyCluster, Attribute: AnyAttribute}
	testEvent   = EventPath{Node: 5, Endpoint: 1, Cluster: 0x28, Event: 0, Urgent: true}
	anyEvent    = EventPath{Endpoint: AnyEndpoint, Cluster: AnyCluster, Event: AnyEvent}
	testCommand = CommandPath{Endpoint: 1, Cluster: 6, Command: 2}
	testStatus  = StatusIB{Status: StatusFailure, Cluster: 4, HasCluster: true}
	testData    = []byte{0x15, 0x24, 0x00, 0x2A, 0x18}

	testSelection = Selection{
		Attributes:     []AttributePath{testPath, anyPath, {Endpoint: 0, Cluster: 0x1D, Attribute: 3, List: ListAppend}},
		Events:         []EventPath{testEvent, anyEvent},
		EventFilters:   []EventFilter{{Min: 1 << 40}, {Node: 9, Min: 2}},
		FabricFiltered: true,
		DataVersions:   []DataVersionFilter{{Node: 9, Endpoint: 1, Cluster: 6, DataVersion: 77}, {Cluster: 0x28, DataVersion: 1}},
	}
)

var codecs = []codec{
	codecOf("StatusResponse", StatusResponse{StatusBusy}, ParseStatusResponse, 0),
	codecOf("TimedRequest", TimedRequest{5000}, ParseTimedRequest, 0),
	codecOf("ReadRequest", ReadRequest{testSelection}, ParseReadRequest, 3),
	codecOf("SubscribeRequest", SubscribeRequest{true, 1, 300, testSelection}, ParseSubscribeRequest, 0, 1, 2, 7),
	codecOf("SubscribeResponse", SubscribeResponse{0xDEADBEEF, 300}, ParseSubscribeResponse, 0, 2),
	codecOf("ReportData", ReportData{
		SubscriptionID: 7, HasSubscription: true, MoreChunks: true,
		Attributes: []AttributeReport{
			{Path: testPath, DataVersion: 9, HasDataVersion: true, Data: testData},
			{Path: anyPath, Data: []byte{0x14}},
			{Path: testPath, Status: testStatus},
		},
		Events: []EventReport{
			{Path: testEvent, Number: 3, Priority: 2, Clock: ClockEpoch, Time: 1 << 41, Data: testData},
			{Path: testEvent, Number: 4, Priority: 1, Clock: ClockDeltaSystem, Time: 12, Data: emptyStruct},
			{Path: testEvent, Number: 5, Data: emptyStruct},
			{Path: anyEvent, Status: StatusIB{Status: StatusUnsupportedEvent}},
		},
	}, ParseReportData),
	codecOf("last ReportData", ReportData{SuppressResponse: true}, ParseReportData),
	codecOf("WriteRequest", WriteRequest{
		SuppressResponse: true, Timed: true, MoreChunks: true,
		Writes: []AttributeData{{Path: testPath, DataVersion: 4, HasDataVersion: true, Data: testData}, {Path: anyPath, Data: []byte{0x09}}},
	}, ParseWriteRequest, 1, 2),
	codecOf("WriteResponse", WriteResponse{[]AttributeStatus{{testPath, testStatus}, {anyPath, StatusIB{}}}}, ParseWriteResponse, 0),
	codecOf("InvokeRequest", InvokeRequest{true, true, []CommandData{
		{Path: testCommand, Fields: testData, Ref: 1, HasRef: true},
		{Path: CommandPath{Endpoint: AnyEndpoint, Cluster: 6, Command: 1}, Fields: emptyStruct},
	}}, ParseInvokeRequest, 0, 1, 2),
	codecOf("InvokeResponse", InvokeResponse{true, []CommandResult{
		{Path: testCommand, Fields: testData, Ref: 1, HasRef: true},
		{Path: testCommand, Status: testStatus, Ref: 2, HasRef: true},
		{Path: testCommand, Status: StatusIB{}},
	}, true}, ParseInvokeResponse, 1),
}

// The octets that another implementation makes of the same messages.
func TestInteractionOctets(t *testing.T) {
	commissioningInfo := Attribute(0, ClusterGeneralCommissioning, GeneralBasicCommissioningInfo)
	for _, e := range []struct {
		name, octets string
		message      interface{ Append([]byte) []byte }
	}{
		{
			"read of BasicCommissioningInfo", "15 36 00 17 24 02 00 24 03 30 24 04 01 18 18 29 03 24 ff 0c 18",
			ReadRequest{Selection{Attributes: []AttributePath{commissioningInfo}, FabricFiltered: true}},
		},
		{
			"ArmFailSafe", "15 28 00 28 01 36 02 15 37 00 24 00 00 24 01 30 24 02 00 18 35 01 24 00 3c 24 01 01 18 18 18 24 ff 0c 18",
			InvokeRequest{Commands: []CommandData{ArmFailSafe(60, 1)}},
		},
		{"success", "15 24 00 00 24 ff 0c 18", StatusResponse{StatusSuccess}},
		{"timed, 5 s", "15 25 00 88 13 24 ff 0c 18", TimedRequest{5000}},
		{"nothing matched", "15 29 04 24 ff 0c 18", ReportData{SuppressResponse: true}},
		{
			"command without fields", "15 28 00 28 01 36 02 15 37 00 24 00 01 24 01 06 24 02 02 18 35 01 18 18 18 24 ff 0c 18",
			InvokeRequest{Commands: []CommandData{{Path: CommandPath{1, ClusterOnOff, CommandToggle}}}},
		},
	} {
		if got, want := e.message.Append([]byte{0xAA}), append([]byte{0xAA}, unhex(t, e.octets)...); !bytes.Equal(got, want) {
			t.Errorf("%s:\ngot  %x\nwant %x", e.name, got, want)
		}
	}
}

func TestInteractionRoundTrip(t *testing.T) {
	for _, c := range codecs {
		got, again, err := c.parse(c.example)
		if err != nil || !reflect.DeepEqual(got, c.value) || !bytes.Equal(again, c.example) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", c.name, err, got, c.value)
		}
	}
}

func TestInteractionTruncated(t *testing.T) {
	for _, c := range codecs {
		for n := range c.example {
			if _, _, err := c.parse(c.example[:n]); !errors.Is(err, tlv.ErrTruncated) {
				t.Errorf("%s, %d of %d octets: got %v, want ErrTruncated", c.name, n, len(c.example), err)
			}
		}
		if _, _, err := c.parse(append(bytes.Clone(c.example), 0x14)); err == nil {
			t.Errorf("%s: trailing octets accepted", c.name)
		}
	}
}

// unknown puts an element with an unknown tag, which nests, into every structure
// and list of a message.
func unknown(r *tlv.Reader, w *tlv.Writer, tag tlv.Tag) {
	typ := r.Type()
	raw := untagged(r.Raw())
	if !typ.IsContainer() || bytes.Equal(raw, testData) || bytes.Equal(raw, emptyStruct) {
		w.Raw(tag, raw) // values are kept as they are
		return
	}
	switch typ {
	case tlv.Struct:
		w.Struct(tag)
	case tlv.Array:
		w.Array(tag)
	case tlv.List:
		w.List(tag)
	}
	r.Enter(typ)
	for r.Next() {
		unknown(r, w, r.Tag())
	}
	r.Exit()
	if typ != tlv.Array {
		w.List(ctx(0x20))
		w.Uint(tlv.Anonymous, 1)
		w.Struct(tlv.Full(0xFFF1, 1, 2))
		w.End()
		w.End()
	}
	w.End()
}

// F11: unknown tags of any type and depth are skipped, and the end of the
// containers is demanded all the same.
func TestField_F11_UnknownTagsInInteractions(t *testing.T) {
	for _, c := range codecs {
		r := tlv.NewReader(c.example)
		w := tlv.NewWriter(nil)
		r.Next()
		unknown(r, w, tlv.Anonymous)
		b := w.Octets()
		got, _, err := c.parse(b)
		if err != nil || !reflect.DeepEqual(got, c.value) {
			t.Errorf("%s with unknown tags: %v\ngot  %+v\nwant %+v", c.name, err, got, c.value)
		}
		for n := range b {
			if _, _, err := c.parse(b[:n]); err == nil {
				t.Errorf("%s with unknown tags, %d of %d octets: accepted", c.name, n, len(b))
			}
		}
	}
}

// edit returns a message with one of its outer members left out or doubled.
func edit(b []byte, change func(w *tlv.Writer, tag uint8, raw []byte)) []byte {
	r := tlv.NewReader(b)
	r.Next()
	r.Enter(tlv.Struct)
	w := newMessage(nil)
	for r.Next() {
		n, _ := r.Tag().ContextNumber()
		change(w, n, r.Raw())
	}
	w.End()
	return w.Octets()
}

func TestInteractionMandatoryMembers(t *testing.T) {
	for _, c := range codecs {
		_, present := openStruct(c.example)
		r, _ := openStruct(c.example)
		for r.Next() {
			r.Member(&present)
		}
		for tag := range 16 {
			if !present.Has(uint8(tag)) {
				continue
			}
			_, _, err := c.parse(edit(c.example, func(w *tlv.Writer, n uint8, raw []byte) {
				if int(n) != tag {
					w.Raw(ctx(n), raw)
				}
			}))
			var missing *tlv.MemberError
			if mandatory := bytes.IndexByte(c.missing, byte(tag)) >= 0; mandatory != errors.As(err, &missing) {
				t.Errorf("%s without member %d: %v", c.name, tag, err)
			}
			_, _, err = c.parse(edit(c.example, func(w *tlv.Writer, n uint8, raw []byte) {
				w.Raw(ctx(n), raw)
				if int(n) == tag {
					w.Raw(ctx(n), raw)
				}
			}))
			if !errors.As(err, &missing) || !missing.Duplicate {
				t.Errorf("%s with member %d twice: %v", c.name, tag, err)
			}
		}
		// The revision may be any, or none.
		got, _, err := c.parse(edit(c.example, func(w *tlv.Writer, n uint8, raw []byte) {
			if n != revisionTag {
				w.Raw(ctx(n), raw)
			}
		}))
		if err != nil || !reflect.DeepEqual(got, c.value) {
			t.Errorf("%s without a revision: %v", c.name, err)
		}
	}
}

func TestInteractionRefused(t *testing.T) {
	for _, e := range []struct{ name, octets string }{
		{"report: goes on and suppresses", "15 29 03 29 04 18"},
		{"report: neither data nor status", "15 36 01 15 18 18 18"},
		{"report: data and status", "15 36 01 15 35 00 37 00 18 35 01 24 00 01 18 18 35 01 37 01 18 24 02 01 18 18 18 18"},
		{"report: compressed path", "15 36 01 15 35 01 37 01 29 00 18 24 02 01 18 18 18 18"},
		{"report: path is a structure", "15 36 01 15 35 01 35 01 18 24 02 01 18 18 18 18"},
		{"report: wildcard on the wire", "15 36 01 15 35 01 37 01 25 02 ff ff 18 24 02 01 18 18 18 18"},
		{"report: status too wide", "15 36 01 15 35 00 37 00 18 35 01 25 00 01 01 18 18 18 18 18"},
		{"report: signed status", "15 36 01 15 35 00 37 00 18 35 01 20 00 01 18 18 18 18 18"},
		{"report: no status", "15 36 01 15 35 00 37 00 18 35 01 18 18 18 18"},
		{"report: attributes are a list", "15 37 01 18 18"},
		{"event: neither", "15 36 02 15 18 18 18"},
		{"event: status without a path", "15 36 02 15 35 00 35 01 24 00 01 18 18 18 18 18"},
		{"event: data is no structure", "15 36 02 15 35 01 37 00 18 24 01 01 24 02 01 24 07 01 18 18 18 18"},
		{"event: no number", "15 36 02 15 35 01 37 00 18 24 02 01 18 18 18 18"},
	} {
		if m, err := ParseReportData(unhex(t, e.octets)); err == nil {
			t.Errorf("%s: accepted as %+v", e.name, m)
		}
	}
	for _, e := range []struct{ name, octets string }{
		{"fields are no structure", "15 28 00 36 01 15 35 00 37 00 24 01 06 24 02 00 18 24 01 01 18 18 18 18"},
		{"no command", "15 28 00 36 01 15 35 00 37 00 24 01 06 18 18 18 18 18"},
		{"no path", "15 28 00 36 01 15 35 00 35 01 18 18 18 18 18"},
		{"status without a path", "15 28 00 36 01 15 35 01 35 01 24 00 00 18 18 18 18 18"},
		{"neither", "15 28 00 36 01 15 18 18 18"},
	} {
		if m, err := ParseInvokeResponse(unhex(t, e.octets)); err == nil {
			t.Errorf("%s: accepted as %+v", e.name, m)
		}
	}
	// One of several times: the first tag counts. Fields may be left out.
	m, err := ParseReportData(unhex(t, "15 36 02 15 35 01 37 00 18 24 01 01 24 02 01 24 04 05 24 03 09 18 18 18 18"))
	if err != nil || m.Events[0].Clock != ClockEpoch || m.Events[0].Time != 9 || !bytes.Equal(m.Events[0].Data, emptyStruct) {
		t.Errorf("%+v, %v", m, err)
	}
	i, err := ParseInvokeResponse(unhex(t, "15 36 01 15 35 00 37 00 24 01 06 24 02 00 18 18 18 18 18"))
	if err != nil || !bytes.Equal(i.Results[0].Fields, emptyStruct) || i.Results[0].Path.Endpoint != AnyEndpoint {
		t.Errorf("%+v, %v", i, err)
	}
}

func TestWidthsAreAccepted(t *testing.T) {
	// A path whose numbers are 8 octets wide, as some devices write them.
	m, err := ParseReadRequest(unhex(t, "15 36 00 17 27 02 0100000000000000 27 03 0600000000000000 27 04 0000000000000000 18 18 28 03 24 ff 01 18"))
	if err != nil || m.Attributes[0] != Attribute(1, 6, 0) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestStatusNames(t *testing.T) {
	// Every code that is named, and one that is not.
	for code, name := range map[Status]string{
		0x00: "success", 0x01: "failure", 0x7D: "invalid subscription", 0x7E: "unsupported access", 0x7F: "unsupported endpoint",
		0x80: "invalid action", 0x81: "unsupported command", 0x85: "invalid command", 0x86: "unsupported attribute",
		0x87: "constraint error", 0x88: "unsupported write", 0x89: "resource exhausted", 0x8B: "not found",
		0x8C: "unreportable attribute", 0x8D: "invalid data type", 0x8F: "unsupported read", 0x92: "data version mismatch",
		0x94: "timeout", 0x9B: "unsupported node", 0x9C: "busy", 0x9D: "access restricted", 0xC3: "unsupported cluster",
		0xC5: "no upstream subscription", 0xC6: "needs timed interaction", 0xC7: "unsupported event", 0xC8: "paths exhausted",
		0xC9: "timed request mismatch", 0xCA: "fail-safe required", 0xCB: "invalid in state", 0xCC: "no command response",
		0xCD: "terms changed", 0xCE: "maintenance required", 0xCF: "dynamic constraint error", 0xD0: "already exists",
		0xD1: "invalid transport type", 0x42: "status 0x42",
	} {
		if got := code.String(); got != name {
			t.Errorf("%#x: %q, want %q", uint8(code), got, name)
		}
	}
	err := testStatus.Err()
	if got := err.Error(); got != "commission: the device answered: failure (0x1, cluster status 4)" {
		t.Errorf("%q", got)
	}
	var e *InteractionError
	if !errors.As(err, &e) || e.Cluster != 4 || (StatusIB{}).Err() != nil {
		t.Errorf("%v", err)
	}
	for _, good := range []error{
		AttributeReport{Data: testData}.Err(), EventReport{Data: testData}.Err(), AttributeStatus{}.Err(),
		CommandResult{Fields: testData}.Err(), CommandResult{}.Err(),
	} {
		if good != nil {
			t.Error(good)
		}
	}
	for i, bad := range []error{
		AttributeReport{Status: testStatus}.Err(), EventReport{Status: testStatus}.Err(), AttributeStatus{Status: testStatus}.Err(),
		CommandResult{Status: testStatus}.Err(),
	} {
		if bad == nil {
			t.Errorf("%d: no error", i)
		}
	}
}

func TestWildcardPaths(t *testing.T) {
	for _, p := range []AttributePath{anyPath, {Endpoint: AnyEndpoint}, {Cluster: AnyCluster}, {Attribute: AnyAttribute}} {
		if !p.IsWildcard() {
			t.Errorf("%+v", p)
		}
	}
	if testPath.IsWildcard() {
		t.Error("a path without wildcards")
	}
	b := ReadRequest{Selection{Attributes: []AttributePath{anyPath}}}.Append(nil)
	if want := unhex(t, "15 36 00 17 18 18 28 03 24 ff 0c 18"); !bytes.Equal(b, want) {
		t.Errorf("%x", b)
	}
}

// FuzzInteraction: what parses is written again, and that parses to the same.
func FuzzInteraction(f *testing.F) {
	for i, c := range codecs {
		f.Add(byte(i), c.example)
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		c := codecs[int(which)%len(codecs)]
		got, again, err := c.parse(b)
		if err != nil {
			if text := err.Error(); !strings.Contains(text, ": ") {
				t.Fatalf("%s: %q", c.name, text)
			}
			return
		}
		same, third, err := c.parse(again)
		if err != nil || !reflect.DeepEqual(same, got) || !bytes.Equal(third, again) {
			t.Fatalf("%s: %v\nfirst  %s\nsecond %s", c.name, err, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", same))
		}
	})
}
