package cert

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestTimesBothWays(t *testing.T) {
	epoch := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, v := range []struct {
		at   Time
		want string
	}{
		{1, "\x17\x0d000101000001Z"},
		{5097600, "\x17\x0d000229000000Z"},
		{1577923199, "\x17\x0d491231235959Z"},
		{1577923200, "\x18\x0f20500101000000Z"},
		{3155759999, "\x18\x0f20991231235959Z"},
		{3160857599, "\x18\x0f21000228235959Z"}, // 2100 is no leap year
		{3160857600, "\x18\x0f21000301000000Z"},
		{4294967295, "\x18\x0f21360207062815Z"},
		{0, "\x18\x0f99991231235959Z"},
	} {
		got := appendTime(nil, v.at)
		if string(got) != v.want {
			t.Errorf("%d: got %q, want %q", v.at, got, v.want)
		}
		d := der{b: got}
		back, ok := matterTime(d.time())
		if !d.done() || !ok || back != v.at {
			t.Errorf("%q: got %d, %v; want %d", v.want, back, ok, v.at)
		}
	}
	// Against the calendar of package time.
	for at := int64(1); at < 1<<32; at += 86399*7 + 11 {
		want := epoch.Add(time.Duration(at) * time.Second)
		layout := "\x17\x0d060102150405Z"
		if want.Year() >= 2050 {
			layout = "\x18\x0f20060102150405Z"
		}
		if got := string(appendTime(nil, Time(at))); got != want.Format(layout) {
			t.Fatalf("%d: got %q, want %q", at, got, want.Format(layout))
		}
	}
}

func TestTimesRefused(t *testing.T) {
	for _, v := range []string{
		"\x17\x0d001301000000Z", "\x17\x0d000001000000Z", "\x17\x0d000132000000Z", "\x17\x0d000100000000Z",
		"\x17\x0d010229000000Z", "\x17\x0d000431000000Z", "\x17\x0d000101240000Z", "\x17\x0d000101006000Z",
		"\x17\x0d000101000060Z", "\x17\x0d0001010000000", "\x17\x0d-10101000000Z", "\x17\x0d00010100000:Z",
		"\x17\x11000101000000+0000", "\x18\x1120000101000000.0Z", "\x18\x0f00000101000000Z", "\x18\x0f20:00101000000Z",
		"\x18\x0f2:000101000000Z", "\x18\x0f21000229000000Z", "\x05\x00", "",
	} {
		d := der{b: []byte(v)}
		if d.time(); !d.bad {
			t.Errorf("%q: accepted", v)
		}
	}
	// UTCTime is of 1950 to 2049; what lies before 2000 is no time of Matter's.
	d := der{b: []byte("\x17\x0d500101000000Z")}
	if _, ok := matterTime(d.time()); ok || d.bad {
		t.Error("1950 is a time of Matter's")
	}
	if _, ok := matterTime(1 << 32); ok {
		t.Error("2136 is a time of Matter's")
	}
}

func TestLengthsOfDER(t *testing.T) {
	for n, head := range map[int]string{0: "\x04\x00", 127: "\x04\x7f", 128: "\x04\x81\x80", 255: "\x04\x81\xff", 256: "\x04\x82\x01\x00", 65535: "\x04\x82\xff\xff"} {
		content := make([]byte, n)
		b := appendDER(nil, derOctetString, content)
		inner, mark := beginDER(nil, derOctetString)
		inner = endDER(append(inner, content...), mark)
		if !strings.HasPrefix(string(b), head) || !bytes.Equal(inner, b) {
			t.Errorf("%d: got %x, and %x", n, b[:4], inner[:4])
		}
		d := der{b: b}
		if got := d.take(derOctetString); len(got) != n || !d.done() {
			t.Errorf("%d: got %d octets", n, len(got))
		}
	}
	for _, v := range []string{
		"", "\x04", "\x04\x01", "\x04\x80\x00\x00", "\x04\x81\x7f", "\x04\x81", "\x04\x82\x00\xff", "\x04\x82\x01",
		"\x04\x83\x01\x00\x00", "\x1f\x01\x00", "\x05\x00",
	} {
		d := der{b: append([]byte(v), make([]byte, 100)...)[:len(v)]}
		if d.take(derOctetString); !d.bad {
			t.Errorf("%x: accepted", v)
		}
	}
}

func TestSignatureValues(t *testing.T) {
	for _, v := range [][2]string{
		{"\x30\x06\x02\x01\x01\x02\x01\x02", ""},
		{"\x30\x07\x02\x02\x00\x80\x02\x01\x02", ""},
		{"\x30\x06\x02\x01\x80\x02\x01\x02", "negative"},
		{"\x30\x07\x02\x02\x00\x7f\x02\x01\x02", "not minimal"},
		{"\x30\x05\x02\x00\x02\x01\x02", "empty"},
		{"\x30\x08\x02\x01\x01\x02\x01\x02\x05\x00", "one more"},
		{"\x30\x03\x02\x01\x01", "one less"},
		{"\x30\x06\x02\x01\x01\x02\x01\x02\x00", "trailing"},
		{"\x30\x26\x02\x21\x01" + strings.Repeat("\x00", 32) + "\x02\x01\x02", "33 octets"},
	} {
		d := der{b: []byte(v[0])}
		s := d.signatureValue()
		if d.bad != (v[1] != "") {
			t.Errorf("%s: bad is %v", v[1], d.bad)
		}
		if !d.bad && string(appendSignatureValue(nil, &s)) != v[0] {
			t.Errorf("%x: not what was read", v[0])
		}
	}
}
