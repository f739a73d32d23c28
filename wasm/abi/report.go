package abi

import (
	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/commission"
	"github.com/matter-session/matter-session/session/tlv"
)

const (
	// reportTail is what closes a report behind its last item: two arrays, one of
	// them to be opened, the flag and the structure.
	reportTail = 16
	// itemHead is the most that an item has beside its value.
	itemHead = 64
	// maxValue is the largest value of an attribute or event, in octets, that a
	// report can hold. Larger ones do not occur in practice.
	maxValue = BufferSize - reportTail - 2*itemHead
)

// nextEvent writes the first of the events that wait. Of a report that the
// buffer does not hold it writes a part, and leaves the rest as the first.
func (in *instance) nextEvent() (int32, error) {
	e := in.events[0]
	b := Buffer[:0]
	more := false
	switch i, _ := e.(commission.InteractionEvent); r := i.Event.(type) {
	case commission.ReadDone:
		b, more = appendReport(b, r.ID, &r.Report, true)
		in.events[0] = commission.InteractionEvent{Event: r}
	case commission.SubscriptionReport:
		b, more = appendReport(b, r.ID, &r.Report, false)
		in.events[0] = commission.InteractionEvent{Event: r}
	case commission.WriteDone:
		b = orFailed(in.appendEvent(b, e), r.ID)
	case commission.InvokeDone:
		b = orFailed(in.appendEvent(b, e), r.ID)
	default:
		b = in.appendEvent(b, e)
	}
	if !more {
		in.events[0] = nil // it may hold a secret
		in.events = in.events[1:]
	}
	return put(b)
}

// orFailed puts a failure in the place of an event that the buffer does not
// hold: whoever waits for it must be told something.
func orFailed(b []byte, id commission.InteractionID) []byte {
	if len(b) <= BufferSize {
		return b
	}
	w := tlv.NewWriter(Buffer[:0])
	w.Struct(tlv.Anonymous)
	writeFailure(w, eventFailed, uint64(id), session.ErrTooLarge)
	w.End()
	return w.Octets()
}

// appendReport appends a report event of as much of r as the buffer holds, takes
// that out of r, and reports whether there is more. Last says of r's last part
// that the read is done.
func appendReport(b []byte, id commission.InteractionID, r *commission.Report, last bool) (out []byte, more bool) {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	begin(w, eventReport, uint64(id))
	w.Array(ctx(2))
	for len(r.Attributes) > 0 && fits(w, r.Attributes[0].Data) {
		writeAttribute(w, &r.Attributes[0])
		r.Attributes = r.Attributes[1:]
	}
	w.End()
	w.Array(ctx(3))
	for len(r.Attributes) == 0 && len(r.Events) > 0 && fits(w, r.Events[0].Data) {
		writeEventReport(w, &r.Events[0])
		r.Events = r.Events[1:]
	}
	w.End()
	more = len(r.Attributes)+len(r.Events) > 0
	w.Bool(ctx(4), last && !more)
	w.End()
	return w.Octets(), more
}

// fits reports whether an item of this value can be written; one whose value no
// report can hold is written without it.
func fits(w *tlv.Writer, value []byte) bool {
	n := len(value)
	if n > maxValue {
		n = 0
	}
	return w.Len()+itemHead+n+reportTail <= BufferSize
}

func writeAttribute(w *tlv.Writer, a *commission.AttributeReport) {
	w.Struct(tlv.Anonymous)
	writeAttributePath(w, a.Path)
	if a.HasDataVersion {
		w.Uint(ctx(3), uint64(a.DataVersion))
	}
	writeValue(w, 4, a.Data, a.Status)
	w.End()
}

func writeEventReport(w *tlv.Writer, e *commission.EventReport) {
	w.Struct(tlv.Anonymous)
	w.Uint(ctx(0), uint64(e.Path.Endpoint))
	w.Uint(ctx(1), uint64(e.Path.Cluster))
	w.Uint(ctx(2), uint64(e.Path.Event))
	w.Uint(ctx(3), e.Number)
	w.Uint(ctx(4), uint64(e.Priority))
	switch e.Clock {
	case commission.ClockEpoch:
		w.Uint(ctx(5), e.Time)
	case commission.ClockSystem:
		w.Uint(ctx(6), e.Time)
	}
	writeValue(w, 7, e.Data, e.Status)
	w.End()
}

// writeValue writes a value as member n, or the status that stands in its place
// as the two members after it. A value that the other side would stumble over
// has a status of ours: one device's fault must not cost the event.
func writeValue(w *tlv.Writer, n uint8, value []byte, s commission.StatusIB) {
	if value == nil {
		writeStatus(w, n+1, s)
		return
	}
	strict, ok := tlv.Strict(value)
	switch {
	case len(value) > maxValue:
		writeStatus(w, n+1, commission.StatusIB{Status: commission.StatusResourceExhausted})
	case !ok:
		writeStatus(w, n+1, commission.StatusIB{Status: commission.StatusInvalidDataType})
	default:
		w.Raw(ctx(n), strict)
	}
}

func writeStatus(w *tlv.Writer, n uint8, s commission.StatusIB) {
	w.Uint(ctx(n), uint64(s.Status))
	if s.HasCluster {
		w.Uint(ctx(n+1), uint64(s.Cluster))
	}
}

func writeAttributePath(w *tlv.Writer, p commission.AttributePath) {
	w.Uint(ctx(0), uint64(p.Endpoint))
	w.Uint(ctx(1), uint64(p.Cluster))
	w.Uint(ctx(2), uint64(p.Attribute))
}
