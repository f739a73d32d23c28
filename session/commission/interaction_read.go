package commission

import "github.com/matter-session/matter-session/session/tlv"

// A Selection is what a read or a subscription asks for.
type Selection struct {
	Attributes     []AttributePath
	Events         []EventPath
	EventFilters   []EventFilter
	FabricFiltered bool // of fabric-scoped lists, only our own fabric's items
	DataVersions   []DataVersionFilter
}

// A ReadRequest reads attributes and events once. Matter Core §10.7.2.
type ReadRequest struct {
	Selection
}

// Append appends the message.
func (m ReadRequest) Append(dst []byte) []byte {
	w := newMessage(dst)
	m.Selection.append(w, 0)
	return endMessage(w)
}

// append writes the selection; its tags start at base, but for those that a
// subscription has elsewhere (a ReadRequest has 3 and 4, a SubscribeRequest 7 and 8).
func (s *Selection) append(w *tlv.Writer, base uint8) {
	filtered := base + 3
	if base > 0 {
		filtered = base + 4
	}
	if len(s.Attributes) > 0 {
		appendArray(w, ctx(base), s.Attributes)
	}
	if len(s.Events) > 0 {
		appendArray(w, ctx(base+1), s.Events)
	}
	if len(s.EventFilters) > 0 {
		appendArray(w, ctx(base+2), s.EventFilters)
	}
	w.Bool(ctx(filtered), s.FabricFiltered)
	if len(s.DataVersions) > 0 {
		appendArray(w, ctx(filtered+1), s.DataVersions)
	}
}

// member reads the member of a selection just read; n is its tag in a ReadRequest.
func (s *Selection) member(r *tlv.Reader, n int) {
	switch n {
	case 0:
		s.Attributes = array(r, parseAttributePath)
	case 1:
		s.Events = array(r, parseEventPath)
	case 2:
		s.EventFilters = array(r, parseEventFilter)
	case 3:
		s.FabricFiltered = r.Bool()
	case 4:
		s.DataVersions = array(r, parseDataVersionFilter)
	}
}

// ParseReadRequest decodes a ReadRequest.
func ParseReadRequest(b []byte) (m ReadRequest, err error) {
	r, seen := openStruct(b)
	for r.Next() {
		m.member(r, r.Member(&seen))
	}
	r.Require(&seen, 3)
	return result(r, m)
}

// A SubscribeRequest reads once and then wants to be told of changes.
// Matter Core §10.7.4.
type SubscribeRequest struct {
	KeepSubscriptions   bool   // keep those that we have with this node
	MinIntervalFloorS   uint16 // no report sooner than this after the last
	MaxIntervalCeilingS uint16 // a report at least this often
	Selection
}

// subscribeBase is the first tag of the selection in a SubscribeRequest.
const subscribeBase = 3

// Append appends the message.
func (m SubscribeRequest) Append(dst []byte) []byte {
	w := newMessage(dst)
	w.Bool(ctx(0), m.KeepSubscriptions)
	w.Uint(ctx(1), uint64(m.MinIntervalFloorS))
	w.Uint(ctx(2), uint64(m.MaxIntervalCeilingS))
	m.Selection.append(w, subscribeBase)
	return endMessage(w)
}

// ParseSubscribeRequest decodes a SubscribeRequest.
func ParseSubscribeRequest(b []byte) (m SubscribeRequest, err error) {
	r, seen := openStruct(b)
	for r.Next() {
		switch n := r.Member(&seen); n {
		case 0:
			m.KeepSubscriptions = r.Bool()
		case 1:
			m.MinIntervalFloorS = r.Uint16()
		case 2:
			m.MaxIntervalCeilingS = r.Uint16()
		case 3, 4, 5:
			m.member(r, n-3)
		case 7, 8:
			m.member(r, n-4)
		}
	}
	r.Require(&seen, 0, 1, 2, 7)
	return result(r, m)
}

// A SubscribeResponse says that a subscription stands. Matter Core §10.7.5.
type SubscribeResponse struct {
	SubscriptionID uint32
	MaxIntervalS   uint16 // the peer reports at least this often
}

// Append appends the message.
func (m SubscribeResponse) Append(dst []byte) []byte {
	w := newMessage(dst)
	w.Uint(ctx(0), uint64(m.SubscriptionID))
	w.Uint(ctx(2), uint64(m.MaxIntervalS))
	return endMessage(w)
}

// ParseSubscribeResponse decodes a SubscribeResponse.
func ParseSubscribeResponse(b []byte) (m SubscribeResponse, err error) {
	r, seen := openStruct(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			m.SubscriptionID = r.Uint32()
		case 2:
			m.MaxIntervalS = r.Uint16()
		}
	}
	r.Require(&seen, 0, 2)
	return result(r, m)
}
