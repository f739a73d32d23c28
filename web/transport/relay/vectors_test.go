package relay

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"testing"
)

// The vectors are read by the test of the page's side too (jsbridge/test/agent.test.ts).
// -update writes what this package makes of the frames below; a change of it is a
// change of the protocol.
var update = flag.Bool("update", false, "write testdata/frames.json")

type vector struct {
	Name  string         `json:"name"`
	From  string         `json:"from"` // page, agent or both
	Frame map[string]any `json:"frame"`
	Hex   string         `json:"hex"`
}

type refusal struct {
	Name string `json:"name"`
	From string `json:"from"`
	Hex  string `json:"hex"`
	// Shape: it is refused for its datagram alone, which the page's side does not look at.
	Shape bool `json:"shape,omitempty"`
}

type vectors struct {
	Comment string    `json:"comment"`
	Frames  []vector  `json:"frames"`
	Refused []refusal `json:"refused"`
}

// pbkdf is an unsecured message with a source: the first of every PASE, without its payload.
var pbkdf = []byte{0x04, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 1, 2, 3, 4, 5, 6, 7, 8, 0x05, 0x20, 0x11, 0x22, 0, 0}

// sealed is a secured message of the least length.
var sealed = append([]byte{0, 0x39, 0x30, 0, 1, 0, 0, 0}, bytes.Repeat([]byte{0xA5}, 22)...)

func light() Node {
	n := Node{Address: Peer{Host: "fe80::a", Port: 5540, Zone: "eth0"}, Instance: "0DA17B03966E2FE7", Name: "Küche", Instruction: "5"}
	for f, v := range map[Field]uint32{Discriminator: 2748, VendorID: 0xFFF1, ProductID: 0x8000, CommissionMode: 2, DeviceType: 256, PairingHint: 33, IdleInterval: 500, ActiveInterval: 300, ActiveThreshold: 4000, LongIdleTime: 1} {
		if !n.Set(f, v) {
			panic("a value of the test is out of its range")
		}
	}
	return n
}

// samples has at least one frame of each kind, and of each form of it.
var samples = []struct {
	name  string
	from  string
	frame Frame
}{
	{"hello", "agent", Hello{Version: "0.1.0", Channels: 64, Searches: 8}},
	{"open by IPv6 address and zone", "page", Open{Channel: 1, Peer: Peer{Host: "fe80::a", Port: 5540, Zone: "eth0"}}},
	{"open by IPv4 address", "page", Open{Channel: 0xFFFF, Peer: Peer{Host: "192.168.1.20", Port: 65535}}},
	{"open by name", "page", Open{Channel: 2, Peer: Peer{Instance: "87E1B004E235A130-8FC7772401CD0696"}}},
	{"opened", "agent", Opened{Channel: 258}},
	{"close", "page", Close{Channel: 258}},
	{"closed by the page", "agent", Closed{Channel: 258, Reason: ByPage}},
	{"closed as refused", "agent", Closed{Channel: 258, Reason: Refused}},
	{"closed as unknown", "agent", Closed{Channel: 258, Reason: Unknown}},
	{"closed as full", "agent", Closed{Channel: 258, Reason: Full}},
	{"closed as unreachable", "agent", Closed{Channel: 258, Reason: Unreachable}},
	{"closed as failed", "agent", Closed{Channel: 258, Reason: Failed}},
	{"datagram without a session", "both", Datagram{Channel: 1, Octets: pbkdf}},
	{"datagram of a session", "both", Datagram{Channel: 513, Octets: sealed}},
	{"dropped for its shape", "agent", Dropped{Channel: 1, Cause: Shape, Count: 1}},
	{"dropped for the rate", "agent", Dropped{Channel: 1, Cause: Rate, Count: 0x01020304}},
	{"dropped as the page is slow", "agent", Dropped{Channel: 1, Cause: Slow, Count: 0xFFFFFFFF}},
	{"dropped unsent", "agent", Dropped{Channel: 1, Cause: Unsent, Count: 3}},
	{"search by discriminator", "page", Search{Search: 3, Query: Query{Kind: LongDiscriminator, Discriminator: 2748}}},
	{"search by short discriminator", "page", Search{Search: 3, Query: Query{Kind: ShortDiscriminator, Discriminator: 10}}},
	{"search for a node", "page", Search{Search: 3, Query: Query{Kind: Operational, Instance: "87E1B004E235A130-8FC7772401CD0696"}}},
	{"search for all", "page", Search{Search: 3, Query: Query{Kind: AllCommissionable}}},
	{"found, all told", "agent", Found{Search: 3, Node: light()}},
	{"found, nothing told", "agent", Found{Search: 3, Node: Node{Address: Peer{Host: "::1", Port: 1}, Instance: "A"}}},
	{"stop", "page", Stop{Search: 3}},
	{"stopped", "agent", Stopped{Search: 3, Reason: ByPage}},
}

var refusals = []refusal{
	{Name: "nothing", From: "both", Hex: ""},
	{Name: "search for a name of no node", From: "page", Hex: "08030003" + hex.EncodeToString([]byte("87E1B004E235A13.-.FC7772401CD0696"))},
	{Name: "kind 0", From: "both", Hex: "00"},
	{Name: "kind of none", From: "both", Hex: "0c0000"},
	{Name: "kind of a carrier", From: "both", Hex: "800100"},
	{Name: "octet too many", From: "agent", Hex: "03010000"},
	{Name: "octet too few", From: "agent", Hex: "0301"},
	{Name: "reason 0", From: "agent", Hex: "05010000"},
	{Name: "reason of none", From: "agent", Hex: "05010007"},
	{Name: "cause of none", From: "agent", Hex: "0701000501000000"},
	{Name: "port 0", From: "agent", Hex: "09030003" + "3a3a31" + "0000" + "00" + "0141" + "00" + "00" + "0000"},
	{Name: "name as host", From: "agent", Hex: "09030005" + "6c616d702e" + "0100" + "00" + "0141" + "00" + "00" + "0000"},
	{Name: "field of none", From: "agent", Hex: "09030003" + "3a3a31" + "0100" + "00" + "0141" + "00" + "00" + "0004" + "00000000"},
	{Name: "discriminator of 13 bits", From: "agent", Hex: "09030003" + "3a3a31" + "0100" + "00" + "0141" + "00" + "00" + "0100" + "00100000"},
	{Name: "escape sequence as name", From: "agent", Hex: "09030003" + "3a3a31" + "0100" + "00" + "0141" + "041b5b326a" + "00" + "0000"},
	{Name: "name that is no UTF-8", From: "agent", Hex: "09030003" + "3a3a31" + "0100" + "00" + "0141" + "01ff" + "00" + "0000"},
	{Name: "name of 33 octets", From: "agent", Hex: "09030003" + "3a3a31" + "0100" + "00" + "0141" + "21" + hex.EncodeToString(bytes.Repeat([]byte{'a'}, 33)) + "00" + "0000"},
	{Name: "instance of no octets", From: "agent", Hex: "09030003" + "3a3a31" + "0100" + "00" + "00" + "00" + "00" + "0000"},
	{Name: "datagram of no octets", From: "agent", Hex: "060100"},
	{Name: "datagram of 1,281 octets", From: "agent", Hex: "060100" + hex.EncodeToString(make([]byte, 1281))},
	{Name: "DNS question as datagram", From: "both", Hex: "060100" + "123401000001000000000000046c616d70056c6f63616c0000010001", Shape: true},
}

// asObject is a frame in the words of the page's side.
func asObject(f Frame) map[string]any {
	peer := func(p Peer) map[string]any {
		if p.Instance != "" {
			return map[string]any{"id": p.Instance}
		}
		out := map[string]any{"host": p.Host, "port": p.Port}
		if p.Zone != "" {
			out["zone"] = p.Zone
		}
		return out
	}
	reasons := [...]string{ByPage: "by-page", Refused: "refused", Unknown: "unknown", Full: "full", Unreachable: "unreachable", Failed: "failed"}
	causes := [...]string{Shape: "shape", Rate: "rate", Slow: "slow", Unsent: "unsent"}
	switch f := f.(type) {
	case Hello:
		return map[string]any{"kind": "hello", "channels": f.Channels, "searches": f.Searches, "version": f.Version}
	case Open:
		return map[string]any{"kind": "open", "channel": f.Channel, "peer": peer(f.Peer)}
	case Opened:
		return map[string]any{"kind": "opened", "channel": f.Channel}
	case Close:
		return map[string]any{"kind": "close", "channel": f.Channel}
	case Closed:
		return map[string]any{"kind": "closed", "channel": f.Channel, "reason": reasons[f.Reason]}
	case Datagram:
		return map[string]any{"kind": "datagram", "channel": f.Channel, "octets": hex.EncodeToString(f.Octets)}
	case Dropped:
		return map[string]any{"kind": "dropped", "channel": f.Channel, "cause": causes[f.Cause], "count": f.Count}
	case Search:
		query := map[string]any{"kind": [...]string{LongDiscriminator: "long", ShortDiscriminator: "short", Operational: "operational", AllCommissionable: "commissionable"}[f.Query.Kind]}
		switch f.Query.Kind {
		case LongDiscriminator, ShortDiscriminator:
			query["discriminator"] = f.Query.Discriminator
		case Operational:
			query["instance"] = f.Query.Instance
		}
		return map[string]any{"kind": "search", "search": f.Search, "query": query}
	case Found:
		node := map[string]any{"peer": peer(f.Node.Address), "instance": f.Node.Instance}
		if f.Node.Name != "" {
			node["name"] = f.Node.Name
		}
		if f.Node.Instruction != "" {
			node["pairingInstruction"] = f.Node.Instruction
		}
		for field, key := range [...]string{"discriminator", "vendorId", "productId", "open", "deviceType", "pairingHint", "idleIntervalMs", "activeIntervalMs", "activeThresholdMs", "icd"} {
			if v, ok := f.Node.Get(Field(field)); ok {
				node[key] = v
			}
		}
		return map[string]any{"kind": "found", "search": f.Search, "node": node}
	case Stop:
		return map[string]any{"kind": "stop", "search": f.Search}
	case Stopped:
		return map[string]any{"kind": "stopped", "search": f.Search, "reason": reasons[f.Reason]}
	}
	panic(fmt.Sprintf("%T has no object", f))
}

const file = "testdata/frames.json"

func TestVectorsAreTheseFrames(t *testing.T) {
	want := vectors{Comment: "Made by this package's test with -update; origin: this project. frame has the words of jsbridge/src/commission/relay.ts.", Refused: refusals}
	for _, s := range samples {
		octets, err := Append(nil, s.frame)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		want.Frames = append(want.Frames, vector{Name: s.name, From: s.from, Frame: asObject(s.frame), Hex: hex.EncodeToString(octets)})
	}
	made, err := json.MarshalIndent(want, "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, '\n')
	if *update {
		if err := os.WriteFile(file, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, made) {
		t.Errorf("%s is not what the frames of this test are", file)
	}
}

func TestEveryKindHasAFrame(t *testing.T) {
	seen := map[Kind]bool{}
	for _, s := range samples {
		seen[s.frame.Kind()] = true
	}
	for k := range 256 {
		if _, greatest := Bounds(Kind(k)); (greatest > 0) != seen[Kind(k)] {
			t.Errorf("kind 0x%02x: greatest length %d, in the samples: %v", k, greatest, seen[Kind(k)])
		}
	}
}

func TestParseAndAppendAreInverse(t *testing.T) {
	for _, s := range samples {
		octets, err := Append([]byte("before"), s.frame)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		octets = octets[len("before"):]
		got, err := Parse(octets)
		if err != nil || !reflect.DeepEqual(got, s.frame) {
			t.Errorf("%s: %#v, %v, want %#v", s.name, got, err, s.frame)
		}
		least, greatest := Bounds(s.frame.Kind())
		if len(octets) < least || len(octets) > greatest {
			t.Errorf("%s has %d octets, the kind %d to %d", s.name, len(octets), least, greatest)
		}
	}
}

func TestTruncatedAtEveryOctet(t *testing.T) {
	for _, s := range samples {
		octets, err := Append(nil, s.frame)
		if err != nil {
			t.Fatal(err)
		}
		for n := range octets {
			got, err := Parse(octets[:n:n])
			// A datagram has no length of its own: cut, it may be one still, but no other.
			if d, ok := got.(Datagram); ok && err == nil && bytes.Equal(d.Octets, octets[3:n]) {
				continue
			}
			if _, ok := s.frame.(Datagram); ok && n >= 3 && (errors.Is(err, ErrLength) || errors.Is(err, ErrShape)) {
				continue
			}
			if !errors.Is(err, ErrTruncated) {
				t.Errorf("%s, %d of %d octets: %v, want %v", s.name, n, len(octets), err, ErrTruncated)
			}
		}
		if _, ok := s.frame.(Datagram); ok {
			continue
		}
		if _, err := Parse(append(octets, 0)); !errors.Is(err, ErrTrailing) {
			t.Errorf("%s and an octet: %v, want %v", s.name, err, ErrTrailing)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, r := range refusals {
		octets, err := hex.DecodeString(r.Hex)
		if err != nil {
			t.Fatal(err)
		}
		if f, err := Parse(octets); err == nil {
			t.Errorf("%s: parsed as %#v", r.Name, f)
		} else if shape := errors.Is(err, ErrShape); shape != r.Shape {
			t.Errorf("%s: %v, of its datagram: %v", r.Name, err, r.Shape)
		}
	}
}

func TestBoundsAreReached(t *testing.T) {
	text := func(n int) string { return string(bytes.Repeat([]byte{'a'}, n)) }
	host := func(n int) string { return string(bytes.Repeat([]byte{'1'}, n)) }
	long := light()
	long.Address = Peer{Host: host(MaxHost), Port: 1, Zone: text(MaxZone)}
	long.Instance, long.Name, long.Instruction = text(MaxInstance), text(MaxName), text(MaxInstruction)
	big := append(bytes.Clone(sealed), make([]byte, MaxDatagram-len(sealed))...)
	for _, c := range []struct{ least, greatest Frame }{
		{Hello{}, Hello{Version: text(MaxVersion)}},
		{Open{Peer: Peer{Instance: "A"}}, Open{Peer: long.Address}},
		{Search{Query: Query{Kind: AllCommissionable}}, Search{Query: Query{Kind: Operational, Instance: text(16) + "-" + text(16)}}},
		{Found{Node: Node{Address: Peer{Host: "::", Port: 1}, Instance: "A"}}, Found{Node: long}},
		{Datagram{Octets: append(make([]byte, 8), 0, 0x40, 0, 0, 0, 0)}, Datagram{Octets: big}},
	} {
		least, greatest := Bounds(c.least.Kind())
		for want, f := range map[int]Frame{least: c.least, greatest: c.greatest} {
			octets, err := Append(nil, f)
			if err != nil || len(octets) != want || len(octets) > MaxFrame {
				t.Errorf("%#v has %d octets, %v, want %d", f, len(octets), err, want)
			}
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	ok := Peer{Host: "::1", Port: 1}
	for name, f := range map[string]Frame{
		"long version":                    Hello{Version: string(make([]byte, 33))},
		"peer of nothing":                 Open{},
		"peer with a name and an address": Open{Peer: Peer{Host: "::1", Port: 1, Instance: "A"}},
		"host name":                       Open{Peer: Peer{Host: "lamp.local", Port: 1}},
		"port 0":                          Open{Peer: Peer{Host: "::1"}},
		"line feed in a zone":             Open{Peer: Peer{Host: "fe80::1", Port: 1, Zone: "a\nb"}},
		"reason 0":                        Closed{},
		"reason of none":                  Stopped{Reason: 7},
		"cause 0":                         Dropped{},
		"query of none":                   Search{},
		"discriminator of 13 bits":        Search{Query: Query{Kind: LongDiscriminator, Discriminator: 0x1000}},
		"short discriminator of 5 bits":   Search{Query: Query{Kind: ShortDiscriminator, Discriminator: 0x10}},
		"discriminator for all":           Search{Query: Query{Kind: AllCommissionable, Discriminator: 1}},
		"name of no node":                 Search{Query: Query{Kind: Operational, Instance: "87E1B004E235A130_8FC7772401CD0696"}},
		"name with an octet too many":     Search{Query: Query{Kind: Operational, Instance: "87E1B004E235A130-8FC7772401CD06960"}},
		"name that is a path":             Search{Query: Query{Kind: Operational, Instance: "87E1B004E235A13.-.FC7772401CD0696"}},
		"instance for all":                Search{Query: Query{Kind: AllCommissionable, Instance: "A"}},
		"node without a name":             Found{Node: Node{Address: ok}},
		"node at a name":                  Found{Node: Node{Address: Peer{Instance: "A"}, Instance: "A"}},
		"half a character":                Found{Node: Node{Address: ok, Instance: "A", Name: "\xc3"}},
		"datagram of another protocol":    Datagram{Octets: []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")},
	} {
		before := []byte{1, 2}
		got, err := Append(before, f)
		if err == nil || !bytes.Equal(got, before) {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
	var n Node
	if n.Set(Discriminator, 0x1000) || n.Set(fields, 0) {
		t.Error("a node took a field that is out of its range")
	}
	if _, ok := n.Get(fields); ok {
		t.Error("a node has a field that there is none of")
	}
}

func TestCheckDatagram(t *testing.T) {
	header := func(flags, security byte, id uint16, rest ...byte) []byte {
		return append([]byte{flags, byte(id), byte(id >> 8), security, 1, 0, 0, 0}, rest...)
	}
	secure := []byte{0x05, 0x20, 1, 0, 0, 0}
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"handshake", pbkdf, nil},
		{"session", sealed, nil},
		{"session of 1,280 octets", append(bytes.Clone(sealed), make([]byte, 1250)...), nil},
		{"session of 1,281 octets", append(bytes.Clone(sealed), make([]byte, 1251)...), ErrLength},
		{"session without room for its check", sealed[:29], ErrShape},
		{"session with a source and no room for its check", header(4, 0, 7, make([]byte, 29)...), ErrShape},
		{"session with a source", header(4, 0, 7, make([]byte, 30)...), nil},
		{"group", header(6, 1, 0x39, make([]byte, 32)...), nil},
		{"privacy", header(0, 0x80, 0x39, make([]byte, 22)...), nil},
		{"privacy without a session", header(0, 0x80, 0, make([]byte, 22)...), ErrShape},
		{"privacy and too short", header(0, 0x80, 0x39, make([]byte, 21)...), ErrShape},
		{"privacy of a session type of none", header(0, 0x82, 0x39, make([]byte, 22)...), ErrShape},
		{"session type of none", header(0, 2, 0x39, make([]byte, 22)...), ErrShape},
		{"version 1", header(0x10, 0, 0x39, make([]byte, 22)...), ErrShape},
		{"destination of none", header(3, 0, 0x39, make([]byte, 22)...), ErrShape},
		{"extensions that are not there", header(0, 0x20, 0x39, append([]byte{0xFF, 0xFF}, make([]byte, 22)...)...), ErrShape},
		{"without a session, another protocol", header(0, 0, 0, 0x05, 0x02, 1, 0, 1, 0), ErrShape},
		{"without a session, another vendor", header(0, 0, 0, 0x15, 0x20, 1, 0, 0xF1, 0xFF, 0, 0), ErrShape},
		{"without a session, half a protocol header", header(0, 0, 0, 0x07, 0x20, 1, 0, 0, 0), ErrShape},
		{"without a session, whole", header(0, 0, 0, secure...), nil},
		{"nothing", nil, ErrLength},
		{"13 octets", make([]byte, 13), ErrLength},
	} {
		if err := CheckDatagram(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for n := range pbkdf {
		if err := CheckDatagram(pbkdf[:n]); err == nil {
			t.Errorf("%d of %d octets of a handshake's message pass", n, len(pbkdf))
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range samples {
		octets, err := Append(nil, s.frame)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(octets)
	}
	for _, r := range refusals {
		octets, err := hex.DecodeString(r.Hex)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(octets)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := Parse(bytes.Clone(b))
		if err != nil {
			if frame != nil {
				t.Fatalf("a frame beside an error: %#v, %v", frame, err)
			}
			return
		}
		if least, greatest := Bounds(frame.Kind()); len(b) < least || len(b) > greatest || frame.Kind() != Kind(b[0]) {
			t.Fatalf("%d octets of kind 0x%02x, bounds %d to %d", len(b), b[0], least, greatest)
		}
		again, err := Append(nil, frame)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%#v is %x, %v, and was %x", frame, again, err, b)
		}
		if d, ok := frame.(Datagram); ok && CheckDatagram(d.Octets) != nil {
			t.Fatalf("a datagram that is none: %x", d.Octets)
		}
	})
}
