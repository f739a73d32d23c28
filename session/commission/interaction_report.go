package commission

import "github.com/matter-session/matter-session/session/tlv"

// A ReportData carries values, to a reader or a subscriber. Matter Core §10.7.3.
type ReportData struct {
	SubscriptionID   uint32 // valid if HasSubscription
	HasSubscription  bool
	Attributes       []AttributeReport
	Events           []EventReport
	MoreChunks       bool // a StatusResponse asks for the next one
	SuppressResponse bool // no StatusResponse is wanted; not together with MoreChunks
}

// An AttributeReport is one attribute's value, or why there is none.
// Matter Core §10.6.5.
type AttributeReport struct {
	Path           AttributePath // without wildcards
	DataVersion    uint32        // of the cluster, valid if HasDataVersion
	HasDataVersion bool
	Data           []byte   // one anonymous element, or nil
	Status         StatusIB // valid if Data is nil
}

// Err returns nil if there is a value, else an [*InteractionError].
func (a AttributeReport) Err() error {
	if a.Data != nil {
		return nil
	}
	return &InteractionError{a.Status}
}

func (a AttributeReport) append(w *tlv.Writer, t tlv.Tag) {
	w.Struct(t)
	if a.Data == nil {
		AttributeStatus{a.Path, a.Status}.append(w, ctx(0))
	} else {
		AttributeData{a.Path, a.DataVersion, a.HasDataVersion, a.Data}.append(w, ctx(1))
	}
	w.End()
}

func parseAttributeReport(r *tlv.Reader) (a AttributeReport) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			s := parseAttributeStatus(r)
			a.Path, a.Status = s.Path, s.Status
		case 1:
			d := parseAttributeData(r)
			a = AttributeReport{Path: d.Path, DataVersion: d.DataVersion, HasDataVersion: d.HasDataVersion, Data: d.Data}
		}
	}
	if r.Err() == nil && seen.Has(0) == seen.Has(1) {
		r.Fail(errChoice)
	}
	r.Exit()
	return a
}

// An EventClock says what an event's time counts.
type EventClock uint8

// Clocks. The deltas are against the event before it in the same list.
// Matter Core §10.6.9.
const (
	ClockNone        EventClock = 0
	ClockEpoch       EventClock = 3 // ms since 1970-01-01T00:00:00Z
	ClockSystem      EventClock = 4 // ms since the device started
	ClockDeltaEpoch  EventClock = 5
	ClockDeltaSystem EventClock = 6
)

// An EventReport is one event, or why there is none. Matter Core §10.6.10.
type EventReport struct {
	Path     EventPath
	Number   uint64 // increasing within the node
	Priority uint8  // 0 debug, 1 info, 2 critical
	Clock    EventClock
	Time     uint64   // by Clock
	Data     []byte   // one anonymous structure, or nil
	Status   StatusIB // valid if Data is nil
}

// Err returns nil if there is an event, else an [*InteractionError].
func (e EventReport) Err() error {
	if e.Data != nil {
		return nil
	}
	return &InteractionError{e.Status}
}

func (e EventReport) append(w *tlv.Writer, t tlv.Tag) {
	w.Struct(t)
	if e.Data == nil {
		w.Struct(ctx(0))
		e.Path.append(w, ctx(0))
		e.Status.append(w, ctx(1))
	} else {
		w.Struct(ctx(1))
		e.Path.append(w, ctx(0))
		w.Uint(ctx(1), e.Number)
		w.Uint(ctx(2), uint64(e.Priority))
		if e.Clock != ClockNone {
			w.Uint(ctx(uint8(e.Clock)), e.Time)
		}
		w.Raw(ctx(7), e.Data)
	}
	w.End()
	w.End()
}

func parseEventReport(r *tlv.Reader) (e EventReport) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			e = parseEventStatus(r)
		case 1:
			e = parseEventData(r)
		}
	}
	if r.Err() == nil && seen.Has(0) == seen.Has(1) {
		r.Fail(errChoice)
	}
	r.Exit()
	return e
}

func parseEventStatus(r *tlv.Reader) (e EventReport) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			e.Path = parseEventPath(r)
		case 1:
			e.Status = parseStatusIB(r)
		}
	}
	r.Require(&seen, 0, 1)
	r.Exit()
	return e
}

func parseEventData(r *tlv.Reader) (e EventReport) {
	e.Data = emptyStruct // an event without fields may leave them out
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch n := r.Member(&seen); n {
		case 0:
			e.Path = parseEventPath(r)
		case 1:
			e.Number = r.Uint64()
		case 2:
			e.Priority = r.Uint8()
		case 3, 4, 5, 6:
			if v := r.Uint64(); e.Clock == ClockNone || n < int(e.Clock) {
				e.Clock, e.Time = EventClock(n), v
			}
		case 7:
			e.Data = fields(r)
		}
	}
	r.Require(&seen, 0, 1, 2)
	r.Exit()
	return e
}

// Append appends the message.
func (m ReportData) Append(dst []byte) []byte {
	w := newMessage(dst)
	if m.HasSubscription {
		w.Uint(ctx(0), uint64(m.SubscriptionID))
	}
	if len(m.Attributes) > 0 {
		appendArray(w, ctx(1), m.Attributes)
	}
	if len(m.Events) > 0 {
		appendArray(w, ctx(2), m.Events)
	}
	if m.MoreChunks {
		w.Bool(ctx(3), true)
	}
	if m.SuppressResponse {
		w.Bool(ctx(4), true)
	}
	return endMessage(w)
}

// ParseReportData decodes a ReportData. One without reports is valid: nothing
// matched the paths, or a subscription is being kept alive.
func ParseReportData(b []byte) (m ReportData, err error) {
	r, seen := openStruct(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			m.SubscriptionID, m.HasSubscription = r.Uint32(), true
		case 1:
			m.Attributes = array(r, parseAttributeReport)
		case 2:
			m.Events = array(r, parseEventReport)
		case 3:
			m.MoreChunks = r.Bool()
		case 4:
			m.SuppressResponse = r.Bool()
		}
	}
	if m.MoreChunks && m.SuppressResponse {
		r.Fail(errReport)
	}
	return result(r, m)
}
