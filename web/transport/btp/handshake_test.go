package btp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wantRule checks that err is of rule.
func wantRule(t testing.TB, err error, rule Rule) {
	t.Helper()
	var e *ProtocolError
	if !errors.As(err, &e) || e.Rule != rule {
		t.Errorf("got %v, want a ProtocolError of rule %q", err, rule)
	}
}

func TestHandshakeRequest(t *testing.T) {
	for _, test := range []struct {
		name   string
		config Config
		want   string
	}{
		{"nothing known", Config{}, "656c 04000000 0000 ff"},
		{"MTU known", Config{MTU: 247}, "656c 04000000 f700 ff"},
		{"window", Config{Window: 6}, "656c 04000000 0000 06"},
		{"smallest segments asked for", Config{SegmentSize: 20}, "656c 04000000 1700 ff"},
		{"smaller segments than the MTU", Config{MTU: 247, SegmentSize: 20}, "656c 04000000 1700 ff"},
		{"larger segments than the MTU", Config{MTU: 100, SegmentSize: 244}, "656c 04000000 6400 ff"},
	} {
		c, err := New(test.config)
		if err != nil {
			t.Fatal(err)
		}
		if out := c.Output(); out.Segment != nil || out.HasDeadline {
			t.Errorf("%s: before Start: %+v", test.name, out)
		}
		c.Start(5)
		c.Start(6)
		out := c.Output()
		if want := unhex(t, stripSpaces(test.want)); !bytes.Equal(out.Segment, want) {
			t.Errorf("%s: got %x, want %x", test.name, out.Segment, want)
		}
		if out.Deadline != 15_005 {
			t.Errorf("%s: deadline %d", test.name, out.Deadline)
		}
	}
}

func stripSpaces(s string) string {
	return string(bytes.ReplaceAll([]byte(s), []byte(" "), nil))
}

func TestHandshakeResponse(t *testing.T) {
	for _, test := range []struct {
		name              string
		config            Config
		request, response string
		size, window      int
	}{
		{"neither knows the MTU", Config{}, "656c 04000000 0000 ff", "656c 04 1400 ff", 20, 255},
		{"the central knows it", Config{}, "656c 04000000 f700 06", "656c 04 f400 06", 244, 6},
		{"the peripheral knows it", Config{MTU: 185, Window: 5}, "656c 04000000 0000 ff", "656c 04 b600 05", 182, 5},
		{"both know it", Config{MTU: 517}, "656c 04000000 b900 ff", "656c 04 b600 ff", 182, 255},
		{"at most 244", Config{MTU: 517}, "656c 04000000 0502 01", "656c 04 f400 01", 244, 1},
		{"at least 20", Config{}, "656c 04000000 1400 ff", "656c 04 1400 ff", 20, 255},
		{"granted at most", Config{MTU: 517, SegmentSize: 100}, "656c 04000000 0000 ff", "656c 04 6400 ff", 100, 255},
		{"version 4 among others", Config{}, "656c 65040000 0000 ff", "656c 04 1400 ff", 20, 255},
		{"version 4 in an upper half, last", Config{}, "656c 00000040 0000 ff", "656c 04 1400 ff", 20, 255},
	} {
		test.config.Role = Peripheral
		p, err := New(test.config)
		if err != nil {
			t.Fatal(err)
		}
		p.Start(0)
		p.Receive(0, unhex(t, stripSpaces(test.request)))
		out := p.Output()
		if want := unhex(t, stripSpaces(test.response)); !bytes.Equal(out.Segment, want) || out.Err != nil {
			t.Errorf("%s: got %x, %v, want %x", test.name, out.Segment, out.Err, want)
		}
		if p.SegmentSize() != test.size || p.Window() != test.window || !p.Open() {
			t.Errorf("%s: %d and %d, open %v", test.name, p.SegmentSize(), p.Window(), p.Open())
		}
	}
}

func TestHandshakeCentralTrustsTheResponse(t *testing.T) {
	for _, test := range []struct {
		name         string
		config       Config
		response     string
		size, window int
	}{
		{"as granted", Config{}, "656c 04 b600 05", 182, 5},
		{"whatever the MTU was", Config{MTU: 247}, "656c 04 1400 01", 20, 1},
		// Peers that take the request's MTU without its header grant 3 octets more.
		{"MTU taken for the segment size", Config{SegmentSize: 20}, "656c 04 1700 ff", 23, 255},
		{"upper half of the version reserved", Config{}, "656c f4 f400 ff", 244, 255},
		{"more than the greatest segment", Config{}, "656c 04 0502 ff", 244, 255},
	} {
		c, err := New(test.config)
		if err != nil {
			t.Fatal(err)
		}
		c.Start(0)
		c.Output()
		if c.Open() || c.SegmentSize() != 0 || c.Window() != 0 {
			t.Errorf("%s: open before the response", test.name)
		}
		c.Written(0)
		c.Receive(0, unhex(t, stripSpaces(test.response)))
		if out := c.Output(); out.Err != nil || !c.Open() || c.SegmentSize() != test.size || c.Window() != test.window {
			t.Errorf("%s: %v, segment size %d, window %d", test.name, out.Err, c.SegmentSize(), c.Window())
		}
	}
}

// The indication can overtake the end of the write that it answers.
func TestHandshakeResponseBeforeWritten(t *testing.T) {
	c, p := make2(t, Config{}, Config{})
	p.Receive(0, c.Output().Segment)
	c.Receive(0, p.Output().Segment)
	if err := c.Send(0, []byte("1")); err != nil {
		t.Fatal(err)
	}
	if out := c.Output(); out.Segment != nil || out.Err != nil {
		t.Errorf("during the write: %+v", out)
	}
	c.Written(0)
	if got, want := c.Output().Segment, unhex(t, "0d0000010031"); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestHandshakeRejectedByCentral(t *testing.T) {
	for _, test := range []struct {
		name     string
		config   Config
		response string
		rule     Rule
	}{
		{"empty", Config{}, "", RuleHandshakeEnd},
		{"one octet", Config{}, "65", RuleHandshakeEnd},
		{"a data segment", Config{}, "0d0000010031", RuleHandshake},
		{"another opcode", Config{}, "656b 04 f400 ff", RuleHandshake},
		{"a request", Config{}, "656c 04000000 0000 ff", RuleHandshakeEnd},
		{"no version", Config{}, "656c 00 f400 ff", RuleVersion},
		{"version 5", Config{}, "656c 05 f400 ff", RuleVersion},
		{"segment size 0", Config{}, "656c 04 0000 ff", RuleSegmentSize},
		{"segment size 19", Config{}, "656c 04 1300 ff", RuleSegmentSize},
		{"more than asked for", Config{SegmentSize: 20}, "656c 04 1800 ff", RuleSegmentSize},
		{"window 0", Config{}, "656c 04 f400 00", RuleWindowSize},
		{"window over ours", Config{Window: 6}, "656c 04 f400 07", RuleWindowSize},
	} {
		c, err := New(test.config)
		if err != nil {
			t.Fatal(err)
		}
		c.Start(0)
		c.Output()
		c.Receive(0, unhex(t, stripSpaces(test.response)))
		out := c.Output()
		t.Logf("%s: %v", test.name, out.Err)
		wantRule(t, out.Err, test.rule)
		if out.Segment != nil || out.HasDeadline || c.Open() {
			t.Errorf("%s: goes on", test.name)
		}
	}
}

func TestHandshakeRejectedByPeripheral(t *testing.T) {
	for _, test := range []struct {
		name, request string
		rule          Rule
	}{
		{"empty", "", RuleHandshakeEnd},
		{"a data segment", "0500010031", RuleHandshake},
		{"a response", "656c 04 f400 ff", RuleHandshakeEnd},
		{"an octet too many", "656c 04000000 0000 ff 00", RuleHandshakeEnd},
		{"window 0", "656c 04000000 0000 00", RuleWindowSize},
	} {
		p, err := New(Config{Role: Peripheral})
		if err != nil {
			t.Fatal(err)
		}
		p.Start(0)
		p.Receive(0, unhex(t, stripSpaces(test.request)))
		out := p.Output()
		t.Logf("%s: %v", test.name, out.Err)
		wantRule(t, out.Err, test.rule)
		if out.Segment != nil || p.Open() {
			t.Errorf("%s: goes on", test.name)
		}
	}
}

// A central none of whose versions is ours is told so, and then it is over.
func TestHandshakeRejectedVersion(t *testing.T) {
	p, err := New(Config{Role: Peripheral})
	if err != nil {
		t.Fatal(err)
	}
	p.Start(0)
	p.Receive(0, unhex(t, "656c530000000000ff"))
	out := p.Output()
	if want := unhex(t, "656c001400ff"); !bytes.Equal(out.Segment, want) || out.Err != nil || p.Open() {
		t.Fatalf("got %x, %v, want %x", out.Segment, out.Err, want)
	}
	p.Written(0)
	out = p.Output()
	wantRule(t, out.Err, RuleVersion)
	if got := out.Err.Error(); got != "btp: version 5, want 4" {
		t.Error(got)
	}

	c, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	c.Output()
	c.Receive(0, unhex(t, "656c001400ff"))
	wantRule(t, c.Output().Err, RuleVersion)
}

func TestHandshakeTruncated(t *testing.T) {
	request, response := unhex(t, "656c04000000f700ff"), unhex(t, "656c04f400ff")
	for n := range request {
		if _, err := parseRequest(request[:n]); err == nil {
			t.Errorf("request of %d octets accepted", n)
		} else {
			wantRule(t, err, RuleHandshakeEnd)
		}
	}
	for n := range response {
		if _, err := parseResponse(response[:n]); err == nil {
			t.Errorf("response of %d octets accepted", n)
		} else {
			wantRule(t, err, RuleHandshakeEnd)
		}
	}
}

// A second request, or data before the response was made, comes too early.
func TestHandshakeRejectedEarly(t *testing.T) {
	p, err := New(Config{Role: Peripheral})
	if err != nil {
		t.Fatal(err)
	}
	p.Receive(0, []byte{1})
	wantRule(t, p.Output().Err, RuleEarly)

	if p, err = New(Config{Role: Peripheral}); err != nil {
		t.Fatal(err)
	}
	p.Start(0)
	p.Receive(0, unhex(t, "656c04000000f700ff"))
	p.Receive(0, unhex(t, "656c04000000f700ff"))
	wantRule(t, p.Output().Err, RuleEarly)

	c, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	c.Receive(0, unhex(t, "656c04f400ff"))
	wantRule(t, c.Output().Err, RuleEarly)
}
