package relay

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// What Parse and Append return.
var (
	ErrTruncated = errors.New("relay: frame ends too early")
	ErrTrailing  = errors.New("relay: octets after the end of a frame")
	ErrKind      = errors.New("relay: no such kind of frame")
	ErrField     = errors.New("relay: field out of its range")
)

const none = 0

// bounds holds the least and the greatest length of each kind, its first octet included.
var bounds = [...][2]int{
	KindHello:    {1 + 4 + 1, 1 + 4 + 1 + MaxVersion},
	KindOpen:     {3 + 1 + 1 + 1, 3 + 1 + 1 + MaxHost + 2 + 1 + MaxZone},
	KindOpened:   {3, 3},
	KindClose:    {3, 3},
	KindClosed:   {4, 4},
	KindDatagram: {3 + minDatagram, 3 + MaxDatagram},
	KindDropped:  {8, 8},
	KindSearch:   {3 + 1, 3 + 1 + OperationalName},
	KindFound:    {3 + (1 + 2 + 2 + 1) + (1 + 1) + 1 + 1 + 2, 3 + 1 + MaxHost + 2 + 1 + MaxZone + 1 + MaxInstance + 1 + MaxName + 1 + MaxInstruction + 2 + 4*int(fields)},
	KindStop:     {3, 3},
	KindStopped:  {4, 4},
}

// Bounds returns the least and the greatest length in octets of a frame of kind
// k, and 0, 0 if there is no such kind.
func Bounds(k Kind) (least, greatest int) {
	if int(k) >= len(bounds) {
		return 0, 0
	}
	return bounds[k][0], bounds[k][1]
}

// Append appends the encoding of f. On an error dst comes back as it was.
//
// It returns [ErrField] if a field of f is out of its range, and the errors of
// [CheckDatagram].
func Append(dst []byte, f Frame) ([]byte, error) {
	out, err := f.append(append(dst, byte(f.Kind())))
	if err != nil {
		return dst, err
	}
	return out, nil
}

func (f Hello) append(b []byte) ([]byte, error) {
	b = binary.LittleEndian.AppendUint16(b, f.Channels)
	b = binary.LittleEndian.AppendUint16(b, f.Searches)
	return appendText(b, f.Version, none, MaxVersion)
}

func (f Open) append(b []byte) ([]byte, error) {
	b = binary.LittleEndian.AppendUint16(b, f.Channel)
	if f.Peer.Instance != "" {
		if f.Peer != (Peer{Instance: f.Peer.Instance}) {
			return nil, ErrField
		}
		return appendText(append(b, peerInstance), f.Peer.Instance, 1, MaxInstance)
	}
	return appendAddress(append(b, peerAddress), f.Peer)
}

func (f Opened) append(b []byte) ([]byte, error) {
	return binary.LittleEndian.AppendUint16(b, f.Channel), nil
}

func (f Close) append(b []byte) ([]byte, error) {
	return binary.LittleEndian.AppendUint16(b, f.Channel), nil
}

func (f Closed) append(b []byte) ([]byte, error) {
	return appendEnding(b, f.Channel, f.Reason)
}

func (f Datagram) append(b []byte) ([]byte, error) {
	if err := CheckDatagram(f.Octets); err != nil {
		return nil, err
	}
	return append(binary.LittleEndian.AppendUint16(b, f.Channel), f.Octets...), nil
}

func (f Dropped) append(b []byte) ([]byte, error) {
	if f.Cause == 0 || f.Cause > lastCause {
		return nil, ErrField
	}
	b = append(binary.LittleEndian.AppendUint16(b, f.Channel), byte(f.Cause))
	return binary.LittleEndian.AppendUint32(b, f.Count), nil
}

func (f Search) append(b []byte) ([]byte, error) {
	b = append(binary.LittleEndian.AppendUint16(b, f.Search), byte(f.Query.Kind))
	q := f.Query
	if (q.Kind != Operational && q.Instance != "") || q.Discriminator > discriminatorMax(q.Kind) {
		return nil, ErrField
	}
	switch q.Kind {
	case LongDiscriminator, ShortDiscriminator:
		return binary.LittleEndian.AppendUint16(b, q.Discriminator), nil
	case Operational:
		if !operationalName(q.Instance) {
			return nil, ErrField
		}
		return append(b, q.Instance...), nil
	case AllCommissionable:
		return b, nil
	}
	return nil, ErrField
}

func (f Found) append(b []byte) ([]byte, error) {
	n := &f.Node
	b, err := appendAddress(binary.LittleEndian.AppendUint16(b, f.Search), n.Address)
	if err != nil || n.Address.Instance != "" {
		return nil, ErrField
	}
	if b, err = appendText(b, n.Instance, 1, MaxInstance); err != nil {
		return nil, err
	}
	if b, err = appendText(b, n.Name, none, MaxName); err != nil {
		return nil, err
	}
	if b, err = appendText(b, n.Instruction, none, MaxInstruction); err != nil {
		return nil, err
	}
	b = binary.LittleEndian.AppendUint16(b, n.known)
	for i := range fields {
		if value, ok := n.Get(i); ok {
			b = binary.LittleEndian.AppendUint32(b, value)
		}
	}
	return b, nil
}

func (f Stop) append(b []byte) ([]byte, error) {
	return binary.LittleEndian.AppendUint16(b, f.Search), nil
}

func (f Stopped) append(b []byte) ([]byte, error) {
	return appendEnding(b, f.Search, f.Reason)
}

func appendEnding(b []byte, number uint16, r Reason) ([]byte, error) {
	if r == 0 || r > lastReason {
		return nil, ErrField
	}
	return append(binary.LittleEndian.AppendUint16(b, number), byte(r)), nil
}

// What follows a channel's number in Open.
const (
	peerAddress  = 1
	peerInstance = 2
)

func appendAddress(b []byte, p Peer) ([]byte, error) {
	if !hostText(p.Host) || p.Port == 0 {
		return nil, ErrField
	}
	b, err := appendText(b, p.Host, 2, MaxHost)
	if err != nil {
		return nil, err
	}
	return appendText(binary.LittleEndian.AppendUint16(b, p.Port), p.Zone, none, MaxZone)
}

func appendText(b []byte, s string, least, greatest int) ([]byte, error) {
	if !plainText(s, least, greatest) {
		return nil, ErrField
	}
	return append(append(b, byte(len(s))), s...), nil
}

// plainText reports whether s can stand in a frame: what others wrote goes
// through here to people's screens and terminals.
func plainText(s string, least, greatest int) bool {
	if len(s) < least || len(s) > greatest || !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		if c < 0x20 || c >= 0x7F && c < 0xA0 {
			return false
		}
	}
	return true
}

// hostText reports whether s may be an address. Only the octets of one are let
// in: a name would have to be resolved, and by that lead anywhere.
func hostText(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F', c == '.', c == ':':
		default:
			return false
		}
	}
	return true
}

// operationalName reports whether s can be the name of an operational node. Matter
// Core §4.3.2.1.
func operationalName(s string) bool {
	if len(s) != OperationalName || s[16] != '-' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 16, c >= '0' && c <= '9', c >= 'A' && c <= 'F', c >= 'a' && c <= 'f':
		default:
			return false
		}
	}
	return true
}

func discriminatorMax(k QueryKind) uint16 {
	switch k {
	case LongDiscriminator:
		return 0xFFF
	case ShortDiscriminator:
		return 0xF
	}
	return 0
}

// Parse decodes one frame, which is the whole of b. The octets of a Datagram
// alias b.
//
// It returns [ErrKind], [ErrTruncated], [ErrTrailing], [ErrField], and for a
// datagram's octets the errors of [CheckDatagram]. After an error the stream is
// broken: the other side speaks another protocol, or not at all.
func Parse(b []byte) (Frame, error) {
	if len(b) == 0 {
		return nil, ErrTruncated
	}
	least, greatest := Bounds(Kind(b[0]))
	switch {
	case greatest == 0:
		return nil, ErrKind
	case Kind(b[0]) == KindDatagram:
		return parseDatagram(b)
	case len(b) < least:
		return nil, ErrTruncated
	case len(b) > greatest:
		return nil, ErrTrailing
	}
	r := reader{b: b[1:]}
	f := r.frame(Kind(b[0]))
	if r.err == nil && len(r.b) > 0 {
		r.err = ErrTrailing
	}
	if r.err != nil {
		return nil, r.err
	}
	return f, nil
}

func parseDatagram(b []byte) (Frame, error) {
	if len(b) < 3 {
		return nil, ErrTruncated
	}
	if err := CheckDatagram(b[3:]); err != nil {
		return nil, err
	}
	return Datagram{Channel: binary.LittleEndian.Uint16(b[1:]), Octets: b[3:]}, nil
}

// reader takes fields from the start of b. Its first error stays.
type reader struct {
	b   []byte
	err error
}

func (r *reader) frame(k Kind) Frame {
	switch k {
	case KindHello:
		channels, searches := r.uint16(), r.uint16()
		return Hello{Channels: channels, Searches: searches, Version: r.text(none, MaxVersion)}
	case KindOpen:
		return Open{Channel: r.uint16(), Peer: r.peer()}
	case KindOpened:
		return Opened{Channel: r.uint16()}
	case KindClose:
		return Close{Channel: r.uint16()}
	case KindClosed:
		return Closed{Channel: r.uint16(), Reason: r.reason()}
	case KindDropped:
		return Dropped{Channel: r.uint16(), Cause: Cause(r.ranged(1, uint8(lastCause))), Count: r.uint32()}
	case KindSearch:
		return Search{Search: r.uint16(), Query: r.query()}
	case KindFound:
		return Found{Search: r.uint16(), Node: r.node()}
	case KindStop:
		return Stop{Search: r.uint16()}
	case KindStopped:
		return Stopped{Search: r.uint16(), Reason: r.reason()}
	}
	panic("relay: a kind with bounds has no reader")
}

func (r *reader) peer() Peer {
	switch r.ranged(peerAddress, peerInstance) {
	case peerAddress:
		return r.address()
	case peerInstance:
		return Peer{Instance: r.text(1, MaxInstance)}
	}
	return Peer{}
}

func (r *reader) address() Peer {
	p := Peer{Host: r.text(2, MaxHost), Port: r.uint16(), Zone: r.text(none, MaxZone)}
	if r.err == nil && (!hostText(p.Host) || p.Port == 0) {
		r.err = ErrField
	}
	return p
}

func (r *reader) query() Query {
	q := Query{Kind: QueryKind(r.ranged(uint8(LongDiscriminator), uint8(AllCommissionable)))}
	switch q.Kind {
	case LongDiscriminator, ShortDiscriminator:
		q.Discriminator = r.uint16()
		if r.err == nil && q.Discriminator > discriminatorMax(q.Kind) {
			r.err = ErrField
		}
	case Operational:
		q.Instance = string(r.take(OperationalName))
		if r.err == nil && !operationalName(q.Instance) {
			r.err = ErrField
		}
	}
	return q
}

func (r *reader) node() Node {
	n := Node{Address: r.address(), Instance: r.text(1, MaxInstance), Name: r.text(none, MaxName), Instruction: r.text(none, MaxInstruction)}
	known := r.uint16()
	if r.err == nil && known>>fields != 0 {
		r.err = ErrField
	}
	for i := range fields {
		if known&(1<<i) != 0 {
			if value := r.uint32(); r.err == nil && !n.Set(i, value) {
				r.err = ErrField
			}
		}
	}
	return n
}

func (r *reader) reason() Reason { return Reason(r.ranged(1, uint8(lastReason))) }

// ranged reads an octet that must be from least to greatest, and returns 0 if it is not.
func (r *reader) ranged(least, greatest uint8) uint8 {
	v := r.take(1)
	if r.err != nil {
		return 0
	}
	if v[0] < least || v[0] > greatest {
		r.err = ErrField
		return 0
	}
	return v[0]
}

func (r *reader) uint16() uint16 {
	if v := r.take(2); v != nil {
		return binary.LittleEndian.Uint16(v)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if v := r.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

func (r *reader) text(least, greatest int) string {
	length := r.take(1)
	if length == nil {
		return ""
	}
	n := int(length[0])
	if n < least || n > greatest {
		r.err = ErrField
		return ""
	}
	s := string(r.take(n))
	if r.err == nil && !plainText(s, least, greatest) {
		r.err = ErrField
	}
	return s
}

func (r *reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if len(r.b) < n {
		r.err = ErrTruncated
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}
