package commission

import (
	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// emptyArray is the anonymous array without members.
var emptyArray = []byte{0x16, 0x18}

// A writing writes attributes, in several messages if they do not fit into one.
// Matter Core §8.7.
type writing struct {
	timed
	writes   []AttributeData
	chunks   [][]AttributeData // those that are still to be sent
	statuses []AttributeStatus
}

func (i *writing) start() (Message, error) {
	if len(i.writes) == 0 {
		return Message{}, errNothingAsked
	}
	chunks, err := splitWrites(i.writes)
	if err != nil {
		return Message{}, err
	}
	i.chunks = chunks
	if i.timeoutMs == 0 {
		return i.chunk()
	}
	return i.first(func() (Message, error) { return Message{}, nil })
}

// chunk takes the next chunk and makes its message.
func (i *writing) chunk() (Message, error) {
	q := WriteRequest{Timed: i.timeoutMs != 0, Writes: i.chunks[0], MoreChunks: len(i.chunks) > 1}
	i.chunks = i.chunks[1:]
	return message(OpcodeWriteRequest, q.Append(nil))
}

func (i *writing) handle(in Message) (step, error) {
	if i.announced {
		return i.answered(in, i.chunk)
	}
	if in.Opcode != OpcodeWriteResponse {
		return unexpected(in)
	}
	m, err := ParseWriteResponse(in.Payload)
	if err != nil {
		return refuse(err)
	}
	i.statuses = append(i.statuses, m.Statuses...)
	if len(i.chunks) > 0 {
		next, err := i.chunk()
		return step{reply: &next}, err
	}
	return step{done: true, outcome: func(id InteractionID) Event { return WriteDone{id, i.statuses} }}, nil
}

// splitWrites spreads writes over messages that fit a datagram each. A list that
// is too large for one is emptied first and then appended to, item by item.
func splitWrites(writes []AttributeData) (chunks [][]AttributeData, err error) {
	overhead := len(WriteRequest{MoreChunks: true}.Append(nil))
	room := 0 // in the last chunk
	put := func(d AttributeData) error {
		size := d.size()
		if size > maxPayload-overhead {
			return session.ErrTooLarge
		}
		if len(chunks) == 0 || size > room {
			chunks, room = append(chunks, nil), maxPayload-overhead
		}
		last := len(chunks) - 1
		chunks[last] = append(chunks[last], d)
		room -= size
		return nil
	}
	for _, d := range writes {
		if d.size() <= maxPayload-overhead {
			err = put(d)
		} else {
			err = putItems(d, put)
		}
		if err != nil {
			return nil, err
		}
	}
	return chunks, nil
}

// size is how many octets d takes in a message.
func (d AttributeData) size() int {
	w := tlv.NewWriter(nil)
	d.append(w, tlv.Anonymous)
	return len(w.Octets())
}

// putItems puts a list as an empty one and its items.
func putItems(d AttributeData, put func(AttributeData) error) error {
	if d.Path.List.Present || len(d.Data) == 0 || d.Data[0] != emptyArray[0] {
		return session.ErrTooLarge
	}
	whole := d
	whole.Data = emptyArray
	if err := put(whole); err != nil {
		return err
	}
	d.Path.List, d.HasDataVersion = ListAppend, false
	r := tlv.NewReader(d.Data)
	r.Next()
	r.Enter(tlv.Array)
	for r.Next() {
		if d.Data = value(r); d.Data == nil {
			break
		}
		if err := put(d); err != nil {
			return err
		}
	}
	return r.Close()
}
