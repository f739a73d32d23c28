package btp

import (
	"bytes"
	"errors"
	"testing"
)

func TestSegment(t *testing.T) {
	for _, test := range []struct {
		wire                  string
		first, last, ack, all bool
		acked, sequence       uint8
		length                int
		payload               string
	}{
		{wire: "05 07 0300 616263", first: true, last: true, sequence: 7, length: 3, payload: "abc"},
		{wire: "0d 06 07 0300 616263", first: true, last: true, ack: true, acked: 6, sequence: 7, length: 3, payload: "abc"},
		{wire: "05 07 0000", first: true, last: true, sequence: 7},
		{wire: "01 ff 0005 61", first: true, sequence: 255, length: 1280, payload: "a"},
		{wire: "02 00 6162", sequence: 0, payload: "ab"},
		{wire: "06 01 61", last: true, sequence: 1, payload: "a"},
		{wire: "04 01 61", last: true, sequence: 1, payload: "a"},
		{wire: "0a fe 02 61", ack: true, acked: 254, sequence: 2, payload: "a"},
		{wire: "0e fe 02 61", last: true, ack: true, acked: 254, sequence: 2, payload: "a"},
		{wire: "08 0d 0e", ack: true, acked: 13, sequence: 14},
	} {
		wire := unhex(t, stripSpaces(test.wire))
		s, err := parseSegment(wire)
		if err != nil {
			t.Errorf("%s: %v", test.wire, err)
			continue
		}
		if s.first() != test.first || s.last() != test.last || s.hasAck() != test.ack || s.ack != test.acked ||
			s.sequence != test.sequence || s.length != test.length || string(s.payload) != test.payload {
			t.Errorf("%s: got %+v", test.wire, s)
		}
		if got := s.append(nil); !bytes.Equal(got, wire) {
			t.Errorf("%s: encoded %x", test.wire, got)
		}
		// Within its header a segment is truncated at every octet.
		for n := range headerSize(s.flags) {
			_, err := parseSegment(wire[:n])
			wantRule(t, err, RuleTruncated)
		}
	}
}

// opened returns an open connection that has received the peer's first segment
// and sent two: a single one with an acknowledgement, 0, and 1. Its segment size is 20,
// its window 4, its longest message 100 octets.
func opened(t testing.TB) *Conn {
	t.Helper()
	c, _ := open2(t, Config{Window: 4, SegmentSize: 20, MaxMessage: 100}, Config{})
	if err := c.Send(0, make([]byte, 20)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if c.Output().Segment == nil {
			t.Fatal("no segment")
		}
		c.Written(0)
	}
	return c
}

func TestRejected(t *testing.T) {
	for _, test := range []struct {
		name     string
		segments []string
		rule     Rule
		text     string
	}{
		{"empty value", []string{""}, RuleTruncated,
			"btp: segment ends in its header: octets 0, want 2 to 244"},
		{"handshake in an open connection", []string{"656c04f400ff"}, RuleManagement,
			"btp: handshake or management segment after the handshake: flags 101, want 1 to 15"},
		{"management segment", []string{"20 01"}, RuleManagement, ""},
		{"first and continuing", []string{"03 01 0200 6162"}, RuleFlags,
			"btp: first and continuing at once: flags 3, want none"},
		{"first, continuing and last", []string{"07 01 0200 6162"}, RuleFlags, ""},
		{"neither message nor acknowledgement", []string{"00 01"}, RuleNothing, ""},
		{"payload of neither", []string{"00 01 6162"}, RuleNothing, ""},
		{"acknowledgement with payload", []string{"08 01 01 61"}, RuleAckPayload,
			"btp: acknowledgement with payload: octets 1, want 0"},
		{"first segment without payload", []string{"01 01 0200"}, RuleEmpty, ""},
		{"single segment without payload", []string{"05 01 0200"}, RuleEmpty, ""},
		{"continuing segment without payload", []string{"01 01 0200 61", "02 02"}, RuleEmpty, ""},
		{"last segment without payload", []string{"01 01 0200 61", "06 02"}, RuleEmpty, ""},
		{"empty message in a first segment", []string{"01 01 0000"}, RuleEmpty, ""},
		{"four octets over the segment size", []string{"01 01 3000 61626364656667686970717273747576777879" + "30"}, RuleSize,
			"btp: octets of a segment 24, want 3 to 20"},
		{"sequence number repeated", []string{"05 01 0100 61", "05 01 0100 61"}, RuleSequence,
			"btp: sequence number 1, want 2"},
		{"sequence number of the response again", []string{"05 00 0100 61"}, RuleSequence, ""},
		{"sequence number left out", []string{"05 02 0100 61"}, RuleSequence,
			"btp: sequence number 2, want 1"},
		{"acknowledgement of what was not sent", []string{"08 02 01"}, RuleAck,
			"btp: acknowledgement of 2, want 0 to 1"},
		{"acknowledgement of what was before the first", []string{"08 ff 01"}, RuleAck, ""},
		{"acknowledgement repeated", []string{"08 00 01", "08 00 02"}, RuleAck,
			"btp: acknowledgement of 0, want 1"},
		{"acknowledgement going back", []string{"08 01 01", "08 00 02"}, RuleAck,
			"btp: acknowledgement of 0, want none"},
		{"more than the window", []string{"05 01 0100 61", "05 02 0100 61", "05 03 0100 61", "05 04 0100 61", "05 05 0100 61"}, RuleWindow,
			"btp: segments beyond the window: unacknowledged 5, want 0 to 4"},
		{"message begun inside another", []string{"01 01 0200 61", "01 02 0200 61"}, RuleInterleaved,
			"btp: message begun before the last one ended: octets 1, want 2"},
		{"whole message inside another", []string{"01 01 0200 61", "05 02 0100 61"}, RuleInterleaved, ""},
		{"continuing without a first", []string{"02 01 61"}, RuleNoFirst, ""},
		{"last without a first", []string{"06 01 61"}, RuleNoFirst, ""},
		{"last alone without a first", []string{"04 01 61"}, RuleNoFirst, ""},
		{"continuing after the last", []string{"05 01 0100 61", "02 02 61"}, RuleNoFirst, ""},
		{"longer than accepted", []string{"01 01 6500 61"}, RuleLength,
			"btp: announced octets of a message 101, want 0 to 100"},
		{"65,535 octets", []string{"01 01 ffff 61"}, RuleLength, ""},
		{"single segment too short", []string{"05 01 0200 61"}, RuleTotal,
			"btp: octets of a message 1, want 2"},
		{"single segment too long", []string{"05 01 0100 6162"}, RuleTotal, ""},
		{"payload of an empty message", []string{"05 01 0000 61"}, RuleTotal, ""},
		{"last segment too short", []string{"01 01 0300 61", "06 02 62"}, RuleTotal, ""},
		{"last segment too long", []string{"01 01 0300 61", "06 02 626364"}, RuleTotal, ""},
		{"continuing segment over the length", []string{"01 01 0300 61", "02 02 62636465"}, RuleTotal, ""},
		{"complete without the last flag", []string{"01 01 0300 616263"}, RuleNoLast,
			"btp: complete message goes on: octets 3, want 0 to 2"},
		{"complete in a continuing segment", []string{"01 01 0300 61", "02 02 6263"}, RuleNoLast, ""},
	} {
		c := opened(t)
		for i, s := range test.segments {
			if err := c.err; err != nil {
				t.Errorf("%s: segment %d: %v", test.name, i, err)
			}
			c.Receive(0, unhex(t, stripSpaces(s)))
		}
		out := c.Output()
		if out.Err == nil {
			t.Errorf("%s: accepted", test.name)
			continue
		}
		wantRule(t, out.Err, test.rule)
		if got := out.Err.Error(); test.text != "" && got != test.text {
			t.Errorf("%s: got %q, want %q", test.name, got, test.text)
		}
		if out.Segment != nil || out.HasDeadline {
			t.Errorf("%s: goes on: %+v", test.name, out)
		}
	}
}

func TestAccepted(t *testing.T) {
	for _, test := range []struct {
		name     string
		segments []string
		want     []string
	}{
		{"single segment", []string{"05 01 0300 616263"}, []string{"abc"}},
		{"with acknowledgement", []string{"0d 01 01 0300 616263"}, []string{"abc"}},
		{"acknowledgement alone", []string{"08 00 01", "08 01 02"}, nil},
		{"three segments", []string{"01 01 0300 61", "02 02 62", "06 03 63"}, []string{"abc"}},
		{"last without continuing", []string{"01 01 0300 61", "02 02 62", "04 03 63"}, []string{"abc"}},
		{"acknowledgement alone inside a message", []string{"01 01 0200 61", "08 00 02", "06 03 62"}, []string{"ab"}},
		{"two messages", []string{"05 01 0100 61", "05 02 0100 62"}, []string{"a", "b"}},
		{"empty message", []string{"05 01 0000", "05 02 0100 62"}, []string{"", "b"}},
		{"three octets over the segment size", []string{"05 01 1300 61626364656667686970717273747576777879"}, []string{"abcdefghipqrstuvwxy"}},
		{"reserved flags", []string{"95 01 0300 616263"}, []string{"abc"}},
	} {
		c := opened(t)
		for _, s := range test.segments {
			c.Receive(0, unhex(t, stripSpaces(s)))
		}
		out := c.Output()
		if out.Err != nil {
			t.Errorf("%s: %v", test.name, out.Err)
		}
		if len(out.Messages) != len(test.want) {
			t.Errorf("%s: got %q", test.name, out.Messages)
			continue
		}
		for i, m := range out.Messages {
			if string(m) != test.want[i] {
				t.Errorf("%s: got %q, want %q", test.name, m, test.want[i])
			}
		}
	}
}

// No truncated segment, whichever it is of a long exchange, yields a message: either it is
// refused at once, or its message is at its end.
func TestEverySegmentTruncated(t *testing.T) {
	record := func(cut, octets int) (sizes []int, err error, messages int) {
		c, p := open2(t, Config{SegmentSize: 20, Window: 3}, Config{})
		for _, n := range []int{0, 1, 15, 16, 40, 53} {
			if err := c.Send(0, make([]byte, n)); err != nil {
				t.Fatal(err)
			}
		}
		for range 100 {
			out := c.Output()
			if out.Segment == nil {
				break
			}
			b := out.Segment
			if len(sizes) == cut {
				b = b[:octets]
			}
			sizes = append(sizes, len(out.Segment))
			p.Receive(0, b)
			c.Written(0)
			answer := p.Output()
			messages += len(answer.Messages)
			if answer.Err != nil {
				return sizes, answer.Err, messages
			}
			if answer.Segment != nil {
				c.Receive(0, answer.Segment)
				p.Written(0)
			}
		}
		return sizes, nil, messages
	}
	sizes, err, all := record(-1, 0)
	if err != nil || all != 6 || len(sizes) < 10 {
		t.Fatalf("%v, %d messages in %d segments", err, all, len(sizes))
	}
	for i, size := range sizes {
		for n := range size {
			_, err, messages := record(i, n)
			var e *ProtocolError
			if !errors.As(err, &e) || messages >= all {
				t.Errorf("segment %d of %d octets cut to %d: %v, %d messages", i, size, n, err, messages)
			}
		}
	}
}
