package commission

import "github.com/matter-session/matter-session/session/tlv"

// An AttributeData is a value to be written, or one that is reported.
// Matter Core §10.6.4.
type AttributeData struct {
	Path           AttributePath
	DataVersion    uint32 // write only if the cluster is at this version; valid if HasDataVersion
	HasDataVersion bool
	Data           []byte // one anonymous element
}

func (d AttributeData) append(w *tlv.Writer, t tlv.Tag) {
	w.Struct(t)
	if d.HasDataVersion {
		w.Uint(ctx(0), uint64(d.DataVersion))
	}
	d.Path.append(w, ctx(1))
	w.Raw(ctx(2), d.Data)
	w.End()
}

func parseAttributeData(r *tlv.Reader) (d AttributeData) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			d.DataVersion, d.HasDataVersion = r.Uint32(), true
		case 1:
			d.Path = parseAttributePath(r)
		case 2:
			d.Data = value(r)
		}
	}
	r.Require(&seen, 1, 2)
	r.Exit()
	return d
}

// An AttributeStatus is what became of one attribute. Matter Core §10.6.16.
type AttributeStatus struct {
	Path   AttributePath
	Status StatusIB
}

// Err returns nil if the status is a success, else an [*InteractionError].
func (s AttributeStatus) Err() error { return s.Status.Err() }

func (s AttributeStatus) append(w *tlv.Writer, t tlv.Tag) {
	w.Struct(t)
	s.Path.append(w, ctx(0))
	s.Status.append(w, ctx(1))
	w.End()
}

func parseAttributeStatus(r *tlv.Reader) (s AttributeStatus) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			s.Path = parseAttributePath(r)
		case 1:
			s.Status = parseStatusIB(r)
		}
	}
	r.Require(&seen, 0, 1)
	r.Exit()
	return s
}

// A WriteRequest writes attributes. Matter Core §10.7.6.
type WriteRequest struct {
	SuppressResponse bool // to groups only
	Timed            bool // a TimedRequest went before it
	Writes           []AttributeData
	MoreChunks       bool // another WriteRequest follows the response
}

// Append appends the message.
func (m WriteRequest) Append(dst []byte) []byte {
	w := newMessage(dst)
	w.Bool(ctx(0), m.SuppressResponse)
	w.Bool(ctx(1), m.Timed)
	appendArray(w, ctx(2), m.Writes)
	if m.MoreChunks {
		w.Bool(ctx(3), true)
	}
	return endMessage(w)
}

// ParseWriteRequest decodes a WriteRequest.
func ParseWriteRequest(b []byte) (m WriteRequest, err error) {
	r, seen := openStruct(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			m.SuppressResponse = r.Bool()
		case 1:
			m.Timed = r.Bool()
		case 2:
			m.Writes = array(r, parseAttributeData)
		case 3:
			m.MoreChunks = r.Bool()
		}
	}
	r.Require(&seen, 1, 2)
	return result(r, m)
}

// A WriteResponse tells what became of each attribute. Matter Core §10.7.7.
type WriteResponse struct {
	Statuses []AttributeStatus
}

// Append appends the message.
func (m WriteResponse) Append(dst []byte) []byte {
	w := newMessage(dst)
	appendArray(w, ctx(0), m.Statuses)
	return endMessage(w)
}

// ParseWriteResponse decodes a WriteResponse.
func ParseWriteResponse(b []byte) (m WriteResponse, err error) {
	r, seen := openStruct(b)
	for r.Next() {
		if r.Member(&seen) == 0 {
			m.Statuses = array(r, parseAttributeStatus)
		}
	}
	r.Require(&seen, 0)
	return result(r, m)
}
