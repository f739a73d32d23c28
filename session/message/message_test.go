package message

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strconv"
	"testing"
)

// headers has every combination of the fields that shape a header.
func headers() (all []Header) {
	for _, source := range []bool{false, true} {
		for _, destination := range []DestinationKind{NoDestination, NodeDestination, GroupDestination} {
			for flags := range 16 {
				h := Header{
					SessionID: 0x1234, Counter: 0x89ABCDEF, HasSource: source, Destination: destination,
					Type: SessionType(flags & 1), Privacy: flags&2 != 0, Control: flags&4 != 0,
				}
				if source {
					h.Source = 0x0102030405060708
				}
				switch destination {
				case NodeDestination:
					h.DestinationNode = 0x1112131415161718
				case GroupDestination:
					h.DestinationGroup = 0x2122
				}
				if flags&8 == 0 {
					all = append(all, h)
					continue
				}
				h.HasExtensions = true
				for _, e := range [][]byte{{}, {1}, bytes.Repeat([]byte{0xE5}, 300)} {
					h.Extensions = e
					all = append(all, h)
				}
			}
		}
	}
	return all
}

func protocolHeaders() (all []ProtocolHeader) {
	for flags := range 32 {
		h := ProtocolHeader{
			Initiator: flags&1 != 0, Reliable: flags&2 != 0, HasAck: flags&4 != 0, HasVendor: flags&8 != 0,
			Opcode: 0x20, ExchangeID: 0x3132, ProtocolID: 0x4142,
		}
		if h.HasAck {
			h.AckedCounter = 0x51525354
		}
		if h.HasVendor {
			h.VendorID = 0xFFF1
		}
		if flags&16 == 0 {
			all = append(all, h)
			continue
		}
		h.HasExtensions = true
		for _, e := range [][]byte{{}, {1}, bytes.Repeat([]byte{0xE5}, 300)} {
			h.Extensions = e
			all = append(all, h)
		}
	}
	return all
}

func TestHeaderRoundTripAndTruncation(t *testing.T) {
	for _, h := range headers() {
		full, err := h.Append([]byte("before"))
		if err != nil {
			t.Fatalf("%+v: %v", h, err)
		}
		full = full[len("before"):]
		got, n, err := ParseHeader(append(bytes.Clone(full), "what follows"...))
		if err != nil || n != len(full) || !reflect.DeepEqual(got, h) {
			t.Errorf("%x: got %+v, %d, %v, want %+v, %d", full, got, n, err, h, len(full))
		}
		fixed, err := HeaderLength(full[:1])
		if want := len(full) - len(h.Extensions); err != nil || h.HasExtensions && fixed != want-2 || !h.HasExtensions && fixed != want {
			t.Errorf("%x: length %d, %v", full, fixed, err)
		}
		if fixed > MaxFixedHeader {
			t.Errorf("%x: longer than MaxFixedHeader", full)
		}
		for n := range full {
			if got, used, err := ParseHeader(full[:n]); !errors.Is(err, ErrTruncated) || used != 0 || !reflect.DeepEqual(got, Header{}) {
				t.Errorf("%x: %d of %d octets: got %+v, %d, %v, want ErrTruncated", full, n, len(full), got, used, err)
			}
		}
	}
}

func TestProtocolHeaderRoundTripAndTruncation(t *testing.T) {
	for _, h := range protocolHeaders() {
		full, err := h.Append([]byte("before"))
		if err != nil {
			t.Fatalf("%+v: %v", h, err)
		}
		full = full[len("before"):]
		got, n, err := ParseProtocolHeader(append(bytes.Clone(full), "what follows"...))
		if err != nil || n != len(full) || !reflect.DeepEqual(got, h) {
			t.Errorf("%x: got %+v, %d, %v, want %+v, %d", full, got, n, err, h, len(full))
		}
		for n := range full {
			if got, used, err := ParseProtocolHeader(full[:n]); !errors.Is(err, ErrTruncated) || used != 0 || !reflect.DeepEqual(got, ProtocolHeader{}) {
				t.Errorf("%x: %d of %d octets: got %+v, %d, %v, want ErrTruncated", full, n, len(full), got, used, err)
			}
		}
	}
}

// The octets themselves, once: a codec that is wrong in the same way both ways
// round-trips too.
func TestHeaderOctets(t *testing.T) {
	for _, v := range []struct {
		h    Header
		want string
	}{
		{Header{SessionID: 0x0BB8, Counter: 0x3039}, "00b80b0039300000"},
		{Header{Counter: 1, HasSource: true, Source: 0x0102030405060708}, "04000000010000000807060504030201"},
		{Header{Destination: NodeDestination, DestinationNode: 0x0102030405060708}, "01000000000000000807060504030201"},
		{Header{
			Type: Group, Control: true, Privacy: true, HasSource: true, Source: 1, Destination: GroupDestination,
			DestinationGroup: 0xFF01, HasExtensions: true, Extensions: []byte{0xAA, 0xBB, 0xCC},
		}, "060000e100000000" + "0100000000000000" + "01ff" + "0300aabbcc"},
	} {
		got, err := v.h.Append(nil)
		if err != nil || hex.EncodeToString(got) != v.want {
			t.Errorf("%+v: got %x, %v, want %s", v.h, got, err, v.want)
		}
	}
}

func TestVendorComesBeforeProtocol(t *testing.T) {
	h := ProtocolHeader{
		Initiator: true, Reliable: true, Opcode: 0x08, ExchangeID: 0x0201, HasVendor: true, VendorID: 0x1234,
		ProtocolID: 0x0005, HasAck: true, AckedCounter: 0x0A0B0C0D,
	}
	got, err := h.Append(nil)
	if want := "17080102" + "3412" + "0500" + "0d0c0b0a"; err != nil || hex.EncodeToString(got) != want {
		t.Errorf("got %x, %v, want %s", got, err, want)
	}
}

func TestGroupDestinationIsTwoOctets(t *testing.T) {
	h := Header{Type: Group, Destination: GroupDestination, DestinationGroup: 0xFFFF}
	if got, err := h.Append(nil); err != nil || len(got) != 10 {
		t.Errorf("got %x, %v, want 10 octets", got, err)
	}
}

func TestNodeAndGroupDestinationAtOnceIsRefused(t *testing.T) {
	for _, b := range [][]byte{{0x03}, append([]byte{0x07}, make([]byte, 40)...), append([]byte{0x13}, make([]byte, 40)...)} {
		_, n, err := ParseHeader(b)
		var want DestinationError
		if !errors.As(err, &want) || !errors.Is(err, ErrReserved) || n != 0 || err.Error() == "" {
			t.Errorf("%x: got %d, %v, want DestinationError", b, n, err)
		}
	}
}

func TestUnknownVersionIsRefused(t *testing.T) {
	for version := 1; version < 16; version++ {
		_, n, err := ParseHeader(append([]byte{byte(version) << 4}, make([]byte, 40)...))
		var got VersionError
		if !errors.As(err, &got) || int(got) != version || !errors.Is(err, ErrVersion) || n != 0 {
			t.Errorf("version %d: got %d, %v, want VersionError", version, n, err)
		}
		if want := "message: header version " + strconv.Itoa(version) + ", want 0"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}

func TestUnknownSessionTypeIsRefused(t *testing.T) {
	for _, kind := range []byte{2, 3} {
		b := make([]byte, 8)
		b[3] = kind
		_, n, err := ParseHeader(b)
		var got SessionTypeError
		if !errors.As(err, &got) || byte(got) != kind || !errors.Is(err, ErrReserved) || n != 0 {
			t.Errorf("type %d: got %d, %v, want SessionTypeError", kind, n, err)
		}
		if want := "message: session type " + strconv.Itoa(int(kind)) + ", want 0 or 1"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
		if _, _, err := ParseHeader(b[:7]); !errors.Is(err, ErrTruncated) {
			t.Errorf("short header of type %d: got %v, want ErrTruncated", kind, err)
		}
	}
}

func TestReservedBitsAreKept(t *testing.T) {
	b := append([]byte{0x0E, 0x34, 0x12, 0x1D}, make([]byte, 14)...)
	h, n, err := ParseHeader(b)
	if err != nil || n != len(b) || h.ReservedFlags != 0x08 || h.ReservedSecurityFlags != 0x1C || h.SecurityFlags() != 0x1D {
		t.Fatalf("got %+v, %d, %v", h, n, err)
	}
	if got, err := h.Append(nil); err != nil || !bytes.Equal(got, b) {
		t.Errorf("got %x, %v, want %x", got, err, b)
	}
	p, n, err := ParseProtocolHeader([]byte{0xE1, 2, 3, 4, 5, 6})
	if err != nil || n != 6 || p.ReservedFlags != 0xE0 {
		t.Fatalf("got %+v, %d, %v", p, n, err)
	}
	if got, err := p.Append(nil); err != nil || !bytes.Equal(got, []byte{0xE1, 2, 3, 4, 5, 6}) {
		t.Errorf("got %x, %v", got, err)
	}
}

// TestZeroVendorIsKept: vendor 0 may be spelled out, and then stays so.
func TestZeroVendorIsKept(t *testing.T) {
	b := []byte{0x10, 1, 2, 3, 0, 0, 1, 0}
	h, n, err := ParseProtocolHeader(b)
	if err != nil || n != len(b) || !h.HasVendor || h.VendorID != 0 || h.ProtocolID != 1 {
		t.Fatalf("got %+v, %d, %v", h, n, err)
	}
	if got, err := h.Append(nil); err != nil || !bytes.Equal(got, b) {
		t.Errorf("got %x, %v, want %x", got, err, b)
	}
}

func TestHeadersWithoutWireForm(t *testing.T) {
	long := make([]byte, 65536)
	for _, h := range []Header{
		{Type: 2}, {Destination: 3}, {ReservedFlags: 0x01}, {ReservedSecurityFlags: 0x80},
		{HasExtensions: true, Extensions: long},
	} {
		if got, err := h.Append([]byte("dst")); !errors.Is(err, ErrInvalid) || string(got) != "dst" {
			t.Errorf("type %d, destination %d: got %d octets, %v, want ErrInvalid", h.Type, h.Destination, len(got), err)
		}
	}
	for _, h := range []ProtocolHeader{
		{ReservedFlags: 0x10}, {VendorID: 1}, {HasExtensions: true, Extensions: long},
	} {
		if got, err := h.Append([]byte("dst")); !errors.Is(err, ErrInvalid) || string(got) != "dst" {
			t.Errorf("vendor %d: got %d octets, %v, want ErrInvalid", h.VendorID, len(got), err)
		}
	}
	longest := Header{HasExtensions: true, Extensions: long[1:]}
	b, err := longest.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, n, err := ParseHeader(b); err != nil || n != len(b) || len(got.Extensions) != 65535 {
		t.Errorf("got %d octets of extensions, %d, %v", len(got.Extensions), n, err)
	}
}

// TestField_F01_AddressesInUnicastHeaders: source and destination may be there
// or not, and may be zero; a session ID may be small.
func TestField_F01_AddressesInUnicastHeaders(t *testing.T) {
	for _, v := range []struct {
		b           string
		hasSource   bool
		destination DestinationKind
		octets      int
	}{
		{"0001000012345678", false, NoDestination, 8},
		{"01010000123456780000000000000000", false, NodeDestination, 16},
		{"04010000123456780000000000000000", true, NoDestination, 16},
		{"050100001234567800000000000000000000000000000000", true, NodeDestination, 24},
	} {
		b, err := hex.DecodeString(v.b)
		if err != nil {
			t.Fatal(err)
		}
		h, n, err := ParseHeader(b)
		if err != nil || n != v.octets || h.SessionID != 1 || h.HasSource != v.hasSource || h.Destination != v.destination {
			t.Errorf("%s: got %+v, %d, %v", v.b, h, n, err)
		}
		if got, err := h.Append(nil); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s: appended %x, %v", v.b, got, err)
		}
	}
}

func TestVectors(t *testing.T) {
	var file struct {
		Tests []struct {
			Name, Payload, Plain, Encrypted string
			SessionID, GroupID              uint16
		}
	}
	b, err := os.ReadFile("../testdata/chip_messages.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Tests) != 7 {
		t.Errorf("%d vectors, want 7", len(file.Tests))
	}
	for _, v := range file.Tests {
		plain, err := hex.DecodeString(v.Plain)
		if err != nil {
			t.Fatal(v.Name, err)
		}
		h, n, err := ParseHeader(plain)
		if err != nil || h.SessionID != v.SessionID || h.DestinationGroup != v.GroupID || v.Encrypted[:2*n] != v.Plain[:2*n] {
			t.Errorf("%s: got %+v, %d, %v", v.Name, h, n, err)
			continue
		}
		p, m, err := ParseProtocolHeader(plain[n:])
		if err != nil || hex.EncodeToString(plain[n+m:]) != v.Payload {
			t.Errorf("%s: got %+v, %d, %v", v.Name, p, m, err)
			continue
		}
		again, err := h.Append(nil)
		if err != nil {
			t.Fatal(v.Name, err)
		}
		if again, err = p.Append(again); err != nil || !bytes.Equal(again, plain[:n+m]) {
			t.Errorf("%s: appended %x, %v, want %x", v.Name, again, err, plain[:n+m])
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, h := range headers() {
		b, err := h.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0x0E, 0x34, 0x12, 0x1D, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := ParseHeader(b)
		if err != nil {
			if n != 0 || !reflect.DeepEqual(h, Header{}) {
				t.Fatalf("%x: %+v, %d beside %v", b, h, n, err)
			}
			if !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrVersion) && !errors.Is(err, ErrReserved) {
				t.Fatalf("%x: %v is none of the documented errors", b, err)
			}
			return
		}
		again, err := h.Append(nil)
		if err != nil || !bytes.Equal(again, b[:n]) {
			t.Fatalf("%x: appended %x, %v, want %x", b, again, err, b[:n])
		}
		if h.SecurityFlags() != b[3] {
			t.Fatalf("%x: security flags %x, want %x", b, h.SecurityFlags(), b[3])
		}
		if fixed, err := HeaderLength(b); err != nil || fixed > n || h.HasExtensions != (fixed != n) {
			t.Fatalf("%x: length %d, %v of %d", b, fixed, err, n)
		}
	})
}

func FuzzProtocolHeader(f *testing.F) {
	for _, h := range protocolHeaders() {
		b, err := h.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := ParseProtocolHeader(b)
		if err != nil {
			if n != 0 || !reflect.DeepEqual(h, ProtocolHeader{}) || !errors.Is(err, ErrTruncated) {
				t.Fatalf("%x: %+v, %d beside %v", b, h, n, err)
			}
			return
		}
		again, err := h.Append(nil)
		if err != nil || !bytes.Equal(again, b[:n]) {
			t.Fatalf("%x: appended %x, %v, want %x", b, again, err, b[:n])
		}
	})
}

// FuzzAppendHeader makes a header from its fields: what has a wire form parses
// to the same.
func FuzzAppendHeader(f *testing.F) {
	f.Add(uint16(1), byte(0), byte(0), uint32(2), uint64(3), uint64(4), []byte("extensions"))
	f.Add(uint16(1), byte(0xFF), byte(2), uint32(2), uint64(3), uint64(4), []byte{})
	f.Fuzz(func(t *testing.T, id uint16, flags, destination byte, counter uint32, source, to uint64, extensions []byte) {
		h := Header{
			SessionID: id, Type: SessionType(flags & 1), Privacy: flags&2 != 0, Control: flags&4 != 0, Counter: counter,
			HasSource: flags&8 != 0, Destination: DestinationKind(destination % 3), HasExtensions: flags&16 != 0,
			ReservedFlags: flags >> 5 & 1 << 3, ReservedSecurityFlags: flags >> 6 & 1 << 2,
		}
		if h.HasSource {
			h.Source = source
		}
		switch h.Destination {
		case NodeDestination:
			h.DestinationNode = to
		case GroupDestination:
			h.DestinationGroup = uint16(to)
		}
		if h.HasExtensions {
			h.Extensions = append([]byte{}, extensions...)
		}
		b, err := h.Append(nil)
		if err != nil {
			if len(extensions) <= 0xFFFF || !errors.Is(err, ErrInvalid) {
				t.Fatalf("%+v: %v", h, err)
			}
			return
		}
		got, n, err := ParseHeader(b)
		if err != nil || n != len(b) || !reflect.DeepEqual(got, h) {
			t.Fatalf("%x: got %+v, %d, %v, want %+v", b, got, n, err, h)
		}
	})
}

func TestNoAllocation(t *testing.T) {
	h := Header{SessionID: 1, Counter: 2, HasSource: true, HasExtensions: true, Extensions: []byte{1}}
	p := ProtocolHeader{HasAck: true, HasVendor: true}
	b := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() {
		out, err := h.Append(b)
		if err == nil {
			_, _, err = ParseHeader(out)
		}
		if err == nil {
			out, err = p.Append(out[:0])
		}
		if err == nil {
			_, _, err = ParseProtocolHeader(out)
		}
		if err != nil {
			t.Fatal(err)
		}
		ParseHeader(out[:3]) // nor does refusing
		out[0] = 0xFF
		ParseHeader(out)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkHeaders(b *testing.B) {
	h, p := Header{SessionID: 1, Counter: 2}, ProtocolHeader{HasAck: true}
	buffer := make([]byte, 0, 100)
	for b.Loop() {
		out, _ := h.Append(buffer)
		out, _ = p.Append(out)
		_, n, _ := ParseHeader(out)
		ParseProtocolHeader(out[n:])
	}
}
