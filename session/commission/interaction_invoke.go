package commission

import "github.com/matter-session/matter-session/session/tlv"

// A CommandData is a command with its fields: a request, or a response that
// carries data. Matter Core §10.6.12.
type CommandData struct {
	Path   CommandPath
	Fields []byte // one anonymous structure; nil is written as the empty one
	Ref    uint16 // tells several commands of one message apart; valid if HasRef
	HasRef bool
}

func (d CommandData) append(w *tlv.Writer, t tlv.Tag) {
	w.Struct(t)
	d.Path.append(w, ctx(0))
	if d.Fields == nil {
		d.Fields = emptyStruct
	}
	w.Raw(ctx(1), d.Fields)
	if d.HasRef {
		w.Uint(ctx(2), uint64(d.Ref))
	}
	w.End()
}

func parseCommandData(r *tlv.Reader) (d CommandData) {
	d.Fields = emptyStruct // may be left out
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			d.Path = parseCommandPath(r)
		case 1:
			d.Fields = fields(r)
		case 2:
			d.Ref, d.HasRef = r.Uint16(), true
		}
	}
	r.Require(&seen, 0)
	r.Exit()
	return d
}

// A CommandResult is the answer to one command: data or a status.
// Matter Core §10.6.13, §10.6.14.
type CommandResult struct {
	Path   CommandPath // of the response command if there is data, else of the request
	Fields []byte      // one anonymous structure, or nil
	Status StatusIB    // valid if Fields is nil
	Ref    uint16      // of the request; valid if HasRef
	HasRef bool
}

// Err returns nil if there is data or the status is a success, else an
// [*InteractionError].
func (c CommandResult) Err() error {
	if c.Fields != nil {
		return nil
	}
	return c.Status.Err()
}

func (c CommandResult) append(w *tlv.Writer, t tlv.Tag) {
	w.Struct(t)
	if c.Fields != nil {
		CommandData{c.Path, c.Fields, c.Ref, c.HasRef}.append(w, ctx(0))
	} else {
		w.Struct(ctx(1))
		c.Path.append(w, ctx(0))
		c.Status.append(w, ctx(1))
		if c.HasRef {
			w.Uint(ctx(2), uint64(c.Ref))
		}
		w.End()
	}
	w.End()
}

func parseCommandResult(r *tlv.Reader) (c CommandResult) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			d := parseCommandData(r)
			c = CommandResult{Path: d.Path, Fields: d.Fields, Ref: d.Ref, HasRef: d.HasRef}
		case 1:
			c = parseCommandStatus(r)
		}
	}
	if r.Err() == nil && seen.Has(0) == seen.Has(1) {
		r.Fail(errChoice)
	}
	r.Exit()
	return c
}

func parseCommandStatus(r *tlv.Reader) (c CommandResult) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			c.Path = parseCommandPath(r)
		case 1:
			c.Status = parseStatusIB(r)
		case 2:
			c.Ref, c.HasRef = r.Uint16(), true
		}
	}
	r.Require(&seen, 0, 1)
	r.Exit()
	return c
}

// An InvokeRequest invokes commands: one, unless the peer has said that it takes
// more. Matter Core §10.7.9.
type InvokeRequest struct {
	SuppressResponse bool // to groups only: peers answer all the same
	Timed            bool // a TimedRequest went before it
	Commands         []CommandData
}

// Append appends the message.
func (m InvokeRequest) Append(dst []byte) []byte {
	w := newMessage(dst)
	w.Bool(ctx(0), m.SuppressResponse)
	w.Bool(ctx(1), m.Timed)
	appendArray(w, ctx(2), m.Commands)
	return endMessage(w)
}

// ParseInvokeRequest decodes an InvokeRequest.
func ParseInvokeRequest(b []byte) (m InvokeRequest, err error) {
	r, seen := openStruct(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			m.SuppressResponse = r.Bool()
		case 1:
			m.Timed = r.Bool()
		case 2:
			m.Commands = array(r, parseCommandData)
		}
	}
	r.Require(&seen, 0, 1, 2)
	return result(r, m)
}

// An InvokeResponse answers commands. Matter Core §10.7.10.
type InvokeResponse struct {
	SuppressResponse bool
	Results          []CommandResult
	MoreChunks       bool // a StatusResponse asks for the next one
}

// Append appends the message.
func (m InvokeResponse) Append(dst []byte) []byte {
	w := newMessage(dst)
	w.Bool(ctx(0), m.SuppressResponse)
	appendArray(w, ctx(1), m.Results)
	if m.MoreChunks {
		w.Bool(ctx(2), true)
	}
	return endMessage(w)
}

// ParseInvokeResponse decodes an InvokeResponse.
func ParseInvokeResponse(b []byte) (m InvokeResponse, err error) {
	r, seen := openStruct(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			m.SuppressResponse = r.Bool()
		case 1:
			m.Results = array(r, parseCommandResult)
		case 2:
			m.MoreChunks = r.Bool()
		}
	}
	r.Require(&seen, 1)
	return result(r, m)
}
