package commission

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Codes on which two independent implementations agreed.
var codeExamples = []struct {
	name            string
	payloads        []Payload
	octets          string // of the first payload
	qr, manual, all string // all: 21 digits
}{
	{
		"BLE", []Payload{{VendorID: 0xFFF1, ProductID: 0x8000, Discovery: DiscoveryBLE, Discriminator: 3840, Passcode: 20202021}},
		"88ff07004400e04b846802", "MT:Y.K9042C00KA0648G00", "34970112332", "749701123365521327687",
	}, {
		"on network", []Payload{{VendorID: 0xFFF1, ProductID: 0x8001, Discovery: DiscoveryIP, Discriminator: 3840, Passcode: 20202021}},
		"88ff0f008400e04b846802", "MT:-24J0AFN00KA0648G00", "34970112332", "749701123365521327694",
	}, {
		"other", []Payload{{VendorID: 9050, ProductID: 65279, Discovery: DiscoveryBLE, Discriminator: 2976, Passcode: 34567890}},
		"d01af9f7470074a5ed1e04", "MT:YNJV7VSC00CMVH7SR00", "26318621095", "",
	}, {
		"with serial number",
		[]Payload{{
			VendorID: 0xFFF1, ProductID: 0x8000, Discovery: DiscoveryBLE, Discriminator: 3840, Passcode: 20202021,
			TLV: []byte("\x15\x2c\x00\x0a1234567890\x18"),
		}},
		"88ff07004400e04b846802152c000a3132333435363738393018", "MT:Y.K9042C00KA064IJ3P0IXZB0DK5N1K8SQ1RYCU1-A40", "34970112332", "",
	}, {
		"two devices",
		[]Payload{
			{VendorID: 0xFFF1, ProductID: 0x8000, Discovery: DiscoveryBLE, Discriminator: 3840, Passcode: 20202021},
			{VendorID: 0xFFF1, ProductID: 0x8001, Discovery: DiscoveryBLE, Discriminator: 3841, Passcode: 20202022},
		},
		"88ff07004400e04b846802", "MT:Y.K9042C00KA0648G00*-24J0CEK010O0648G00", "34970112332", "",
	},
}

func TestQRExamples(t *testing.T) {
	for _, e := range codeExamples {
		got, err := ParseCode(e.qr)
		if err != nil || !reflect.DeepEqual(got, e.payloads) {
			t.Errorf("%s: parsed to %#v, %v", e.name, fields2(got), err)
		}
		text, err := QRText(e.payloads...)
		if err != nil || text != e.qr {
			t.Errorf("%s: made %q, %v, want %q", e.name, text, err, e.qr)
		}
		octets, _, ok := parseBase38(strings.Split(strings.TrimPrefix(e.qr, "MT:"), "*")[0])
		if want := unhex(t, e.octets); !ok || !bytes.Equal(octets, want) {
			t.Errorf("%s: octets %x, want %x", e.name, octets, want)
		}
	}
}

// fields2 shows what a payload's String hides.
func fields2(list []Payload) (s []string) {
	type open Payload
	for _, p := range list {
		s = append(s, fmt.Sprintf("%+v", open(p)))
	}
	return s
}

func TestManualExamples(t *testing.T) {
	for _, e := range codeExamples {
		p := e.payloads[0]
		if got, err := p.ManualCode(); err != nil || got != e.manual {
			t.Errorf("%s: made %q, %v, want %q", e.name, got, err, e.manual)
		}
		if e.all == "" {
			continue
		}
		if got, err := p.LongManualCode(); err != nil || got != e.all {
			t.Errorf("%s: made %q, %v, want %q", e.name, got, err, e.all)
		}
		got, err := ParseCode(e.all)
		want := Payload{VendorID: p.VendorID, ProductID: p.ProductID, Flow: FlowCustom, Discriminator: p.Discriminator &^ 0xFF, Short: true, Passcode: p.Passcode}
		if err != nil || !reflect.DeepEqual(got, []Payload{want}) {
			t.Errorf("%s: parsed to %v, %v", e.name, fields2(got), err)
		}
	}
	for _, e := range []struct {
		code string
		want Payload
	}{
		{"34970112332", Payload{Discriminator: 0xF00, Short: true, Passcode: 20202021}},
		{"26318621095", Payload{Discriminator: 2976 &^ 0xFF, Short: true, Passcode: 34567890}},
		{"00876800071", Payload{Discriminator: 0, Short: true, Passcode: 123456}},
		{"641295075365521327694", Payload{VendorID: 0xFFF1, ProductID: 0x8001, Flow: FlowCustom, Discriminator: 2560, Short: true, Passcode: 12345679}},
	} {
		got, err := ParseManual(e.code)
		if err != nil || !reflect.DeepEqual(got, e.want) {
			t.Errorf("%s: %v, %v", e.code, fields2([]Payload{got}), err)
		}
		if again, err := got.ManualCode(); err != nil || again != e.code {
			t.Errorf("%s: made again as %q, %v", e.code, again, err)
		}
	}
	if got, _ := (Payload{Discriminator: 250, Passcode: 123456}).ManualCode(); got != "00876800071" {
		t.Errorf("discriminator 250: %q", got)
	}
}

func TestCodeInputIsNormalised(t *testing.T) {
	for _, text := range []string{
		"3497-011-2332", " 3497 011 2332\n", "3497\u00a0011\u00a02332", "3497\u2011011\u20132332",
		"3497−011−2332", "３４９７０１１２３３２", "34 97\t01\u200b1-2332", "3497\u00ad0112332",
	} {
		if p, err := ParseManual(text); err != nil || p.Passcode != 20202021 {
			t.Errorf("%q: %v", text, err)
		}
		if f := CodeFormOf(text); f != FormManual {
			t.Errorf("%q: form %d", text, f)
		}
	}
	for _, text := range []string{" MT:Y.K9042C00KA0648G00\r\n", "MT:Y.K9042C0\n0KA0648G00"} {
		if p, err := ParseQR(text); err != nil || p[0].Passcode != 20202021 {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, want := range map[string]CodeForm{
		"": FormUnknown, "  ": FormUnknown, "-": FormUnknown, "M": FormUnknown, "MT": FormUnknown, "MT:": FormQR, " MT:Y": FormQR,
		"0": FormManual, "-0": FormManual, "X-HM://0": FormUnknown, "mt:Y": FormUnknown, "https://example.org": FormUnknown,
	} {
		if got := CodeFormOf(text); got != want {
			t.Errorf("CodeFormOf(%q) = %d, want %d", text, got, want)
		}
	}
}

// withCheckDigit completes the digits of a manual code.
func withCheckDigit(digits string) string {
	values := []byte(digits)
	for i := range values {
		values[i] -= '0'
	}
	return digits + string(rune('0'+verhoeffDigit(values)))
}

// packQR makes a QR text from fields without checking them.
func packQR(vendor, product uint16, flow byte, discriminator uint16, passcode uint32, version, padding byte, tlv []byte) string {
	var bits []byte
	put := func(n int, v uint32) {
		for i := range n {
			bits = append(bits, byte(v>>i&1))
		}
	}
	put(3, uint32(version))
	put(16, uint32(vendor))
	put(16, uint32(product))
	put(2, uint32(flow))
	put(8, 2)
	put(12, uint32(discriminator))
	put(27, passcode)
	put(4, uint32(padding))
	octets := make([]byte, 11)
	for i, b := range bits {
		octets[i/8] |= b << (i % 8)
	}
	return "MT:" + string(appendBase38(nil, append(octets, tlv...)))
}

// F18: every fault has its kind, and what is not the fault is right.
func TestField_F18_OneKindPerFault(t *testing.T) {
	for _, e := range []struct {
		name, code string
		kind       CodeErrorKind
		text       string // in the sentence
	}{
		{"empty", "", CodeLength, "empty"},
		{"only dashes", "--", CodeLength, "empty"},
		{"letter O", "3497O112332", CodeCharacter, `'O' at position 5`},
		{"HomeKit", "X-HM://0023ISYWY7V9D", CodeCharacter, "begins with MT:"},
		{"a link", "https://example.org", CodeCharacter, "begins with MT:"},
		{"lower case prefix", "mt:Y.K9042C00KA0648G00", CodeCharacter, "capitals"},
		{"lower case", "MT:Y.k9042C00KA0648G00", CodeCharacter, `'k' at position 6`},
		{"not ASCII", "MT:Y.K9042C00KA0648Gé0", CodeCharacter, "'é'"},
		{"later manual format 8", "84970112332", CodeVersion, "newer"},
		{"later manual format 9, check digit right", withCheckDigit("9497011233"), CodeVersion, "newer"},
		{"later QR format", packQR(0xFFF1, 0x8000, 0, 3840, 20202021, 1, 0, nil), CodeVersion, "newer"},
		{"later QR format of another length", packQR(0xFFF1, 0x8000, 0, 3840, 20202021, 7, 0, nil)[:15], CodeVersion, "newer"},
		{"7 digits", "3497011", CodeLength, "too short: 7 of 11 digits"},
		{"12 digits", "349701123321", CodeLength, "too long: 12 of 11 digits"},
		{"bare passcode", "20202021", CodeLength, "8 of 11 digits"},
		{"20 digits", "74970112336552132768", CodeLength, "too short: 20 of 21 digits"},
		{"22 digits", "7497011233655213276871", CodeLength, "too long: 22 of 21 digits"},
		{"short QR", "MT:Y.K9042C00KA0648G0", CodeLength, "too short: 18 of 19 characters"},
		{"prefix only", "MT:", CodeLength, "too short: 0 of 19"},
		{"QR of 21 characters", "MT:Y.K9042C00KA0648G0000", CodeLength, "within a group"},
		{"long QR", "MT:" + strings.Repeat("0", 260), CodeLength, "too long: 260 of 255"},
		{"very long QR", "MT:" + strings.Repeat("0", 4300), CodeLength, "too long: 4303 of 4296"},
		{"empty part", "MT:Y.K9042C00KA0648G00*", CodeLength, "payload 2: too short: 0 of 19"},
		{"check digit", "34970112333", CodeCheckDigit, "group"},
		{"check digit of 21", "749701123365521327686", CodeCheckDigit, "group"},
		{"21 digits that say 11", withCheckDigit("34970112336552132768"), CodeInconsistent, "no vendor and product follow, and they do"},
		{"11 digits that say 21", withCheckDigit("7497011233"), CodeInconsistent, "vendor and product follow, and they do not"},
		{"product 0", withCheckDigit("74970112336552100000"), CodeInconsistent, "product 0"},
		{"product 0, QR", packQR(0xFFF1, 0, 0, 3840, 20202021, 0, 0, nil), CodeInconsistent, "product 0"},
		{"digits 2 to 6", withCheckDigit("3655361233"), CodeRange, "digits 2 to 6 (the largest is 65535); see groups 1 and 2"},
		{"digits 7 to 10", withCheckDigit("3497018192"), CodeRange, "digits 7 to 10 (the largest is 8191); see groups 2 and 3"},
		{"passcode above", withCheckDigit("3497018191"), CodeRange, "passcode"},
		{"vendor", withCheckDigit("74970112336552532768"), CodeRange, "vendor ID (the largest is 65524); see groups 3 and 4"},
		{"product", withCheckDigit("74970112336552165536"), CodeRange, "product ID (the largest is 65535); see groups 4 and 5"},
		{"vendor, QR", packQR(0xFFF5, 0x8000, 0, 3840, 20202021, 0, 0, nil), CodeRange, "vendor ID (the largest is 65524)"},
		{"flow", packQR(0xFFF1, 0x8000, 3, 3840, 20202021, 0, 0, nil), CodeRange, "commissioning flow"},
		{"passcode above, QR", packQR(0xFFF1, 0x8000, 0, 3840, 100_000_000, 0, 0, nil), CodeRange, "passcode"},
		{"group of characters", "MT:.....042C00KA0648G00", CodeRange, "group of characters"},
		{"last group of characters", "MT:Y.K9042C00KA0648G..", CodeRange, "group of characters"},
		{"padding", packQR(0xFFF1, 0x8000, 0, 3840, 20202021, 0, 1, nil), CodePadding, "must be zero"},
		{"no TLV", packQR(0xFFF1, 0x8000, 0, 3840, 20202021, 0, 0, []byte{0, 0}), CodeTLV, "optional data"},
		{"half a TLV", packQR(0xFFF1, 0x8000, 0, 3840, 20202021, 0, 0, []byte{0x15}), CodeTLV, "truncated"},
		{"fault in the second payload", "MT:Y.K9042C00KA0648G00*" + packQR(0xFFF1, 0x8000, 0, 3840, 20202021, 0, 1, nil)[3:], CodePadding, "payload 2: "},
	} {
		_, err := ParseCode(e.code)
		var got *CodeError
		if !errors.As(err, &got) || got.Kind != e.kind || !strings.Contains(err.Error(), e.text) {
			t.Errorf("%s: got %v, want kind %d with %q", e.name, err, e.kind, e.text)
		}
	}
}

// F18: the twelve forbidden passcodes, in both forms, read and written.
func TestField_F18_ForbiddenPasscodes(t *testing.T) {
	for _, passcode := range []uint32{
		0, 11111111, 22222222, 33333333, 44444444, 55555555, 66666666, 77777777, 88888888, 99999999, 12345678, 87654321,
	} {
		low := fmt.Sprintf("%05d", 3<<14|passcode&0x3FFF)
		high := fmt.Sprintf("%04d", passcode>>14)
		for _, code := range []string{
			withCheckDigit("3" + low + high), packQR(0xFFF1, 0x8000, 0, 3840, passcode, 0, 0, nil),
		} {
			_, err := ParseCode(code)
			var got *CodeError
			if !errors.As(err, &got) || got.Kind != CodePasscode {
				t.Errorf("%q: %v", code, err)
			} else if text := err.Error(); passcode > 9 && passcode != 12345678 && strings.Contains(text, fmt.Sprint(passcode)) {
				t.Errorf("the sentence tells the passcode: %q", text)
			}
		}
		p := Payload{Discriminator: 3840, Passcode: passcode}
		for _, make := range []func() (string, error){p.QR, p.ManualCode, p.LongManualCode} {
			var got *CodeError
			if _, err := make(); !errors.As(err, &got) || got.Kind != CodePasscode {
				t.Errorf("%d written: %v", passcode, err)
			}
		}
	}
}

// F18: a leading zero is part of the code.
func TestField_F18_LeadingZero(t *testing.T) {
	if _, err := ParseManual("00876800071"); err != nil {
		t.Error(err)
	}
	var got *CodeError
	if _, err := ParseManual("0876800071"); !errors.As(err, &got) || got.Kind != CodeLength {
		t.Errorf("without its first zero: %v", err)
	}
}

func TestVerhoeffFindsEverySingleSlip(t *testing.T) {
	for _, code := range []string{"34970112332", "26318621095", "749701123365521327687"} {
		good := []byte(code)
		for i := range good {
			for d := byte('0'); d <= '9'; d++ {
				bad := slices.Clone(good)
				bad[i] = d
				var got *CodeError
				_, err := ParseManual(string(bad))
				if d == good[i] {
					if err != nil {
						t.Errorf("%s: %v", bad, err)
					}
					continue
				}
				if !errors.As(err, &got) {
					t.Fatalf("%s accepted", bad)
				}
				if got.Kind == CodeCheckDigit && !slices.Contains(got.Groups, groupOf(i)) {
					t.Errorf("%s: slip in group %d, named %v", bad, groupOf(i), got.Groups)
				}
				if got.Kind == CodeCheckDigit && lookAlike(d-'0', good[i]-'0') && !slices.Contains(got.Likely, groupOf(i)) {
					t.Errorf("%s: usual slip in group %d, named %v", bad, groupOf(i), got.Likely)
				}
			}
			if i == 0 || good[i] == good[i-1] {
				continue
			}
			bad := slices.Clone(good)
			bad[i-1], bad[i] = good[i], good[i-1]
			var got *CodeError
			if _, err := ParseManual(string(bad)); !errors.As(err, &got) {
				t.Errorf("%s: neighbours swapped, accepted", bad)
			} else if got.Kind == CodeCheckDigit && (!slices.Contains(got.Likely, groupOf(i)) || !slices.Contains(got.Likely, groupOf(i-1))) {
				t.Errorf("%s: swap in groups %d and %d, named %v", bad, groupOf(i-1), groupOf(i), got.Likely)
			}
		}
	}
}

// The groups are told as far as they can be known, and no further.
func TestCheckDigitErrorNamesGroups(t *testing.T) {
	for _, e := range []struct{ code, text string }{
		// 3497 011 2332 with a 1 read as a 7; a usual slip in the last group would
		// explain it as well, none in the first does.
		{"34970172332", "look first at groups 2 and 3"},
		// Digits 2 to 6 make 99701: only the digit after the first can be wrong.
		{"39970112332", "a single slip can only be in group 1"},
		{"34970112333", "look first at group 3, then at groups 1 and 2"},
	} {
		_, err := ParseManual(e.code)
		if err == nil || !strings.Contains(err.Error(), e.text) {
			t.Errorf("%s: %v, want %q", e.code, err, e.text)
		}
	}
	for _, e := range []struct {
		err  CodeError
		text string
	}{
		{CodeError{Kind: CodeCheckDigit, Want: 11}, "compare every digit"},
		{CodeError{Kind: CodeCheckDigit, Want: 11, Groups: []int{1, 2, 3}}, "it can be in any group"},
		{CodeError{Kind: CodeCheckDigit, Want: 11, Groups: []int{2}, Likely: []int{2}}, "look first at group 2"},
		{CodeError{Kind: CodeCheckDigit, Want: 21, Groups: []int{1, 2, 3}}, "only be in groups 1, 2 and 3"},
		{CodeError{}, "not a setup code"},
		{CodeError{Kind: CodeTLV}, "cannot be read"},
	} {
		if got := e.err.Error(); !strings.Contains(got, e.text) {
			t.Errorf("%q, want %q in it", got, e.text)
		}
	}
}

func TestParseQRLenient(t *testing.T) {
	for name, text := range map[string]string{
		"padding":  packQR(0xFFF1, 0x8000, 0, 3840, 20202021, 0, 15, nil),
		"bad TLV":  packQR(0xFFF1, 0x8000, 0, 3840, 20202021, 0, 0, []byte{0, 0}),
		"segments": "OTHER%MT:Y.K9042C00KA0648G00%MORE",
	} {
		if _, err := ParseQR(text); err == nil {
			t.Errorf("%s: the strict reader takes it", name)
		}
		p, err := ParseQRLenient(text)
		if err != nil || len(p) != 1 || p[0].Passcode != 20202021 || p[0].TLV != nil {
			t.Errorf("%s: %v, %v", name, fields2(p), err)
		}
	}
	if _, err := ParseQRLenient("OTHER%MORE"); err == nil {
		t.Error("no segment is a payload, yet it is read")
	}
	if _, err := ParseQRLenient(packQR(0xFFF1, 0x8000, 0, 3840, 11111111, 0, 0, nil)); err == nil {
		t.Error("a forbidden passcode is read")
	}
}

func TestOptionalData(t *testing.T) {
	salt := bytes.Repeat([]byte{7}, 16)
	full := Optional{Serial: "1234567890", Iterations: 1000, Salt: salt, Devices: 3, TimeoutS: 600}
	element := full.AppendTLV(nil)
	if got, err := ParseOptional(element); err != nil || !reflect.DeepEqual(got, full) {
		t.Errorf("%+v, %v", got, err)
	}
	for n := range element {
		if _, err := ParseOptional(element[:n]); err == nil {
			t.Errorf("cut to %d of %d octets: accepted", n, len(element))
		}
	}
	if got, err := ParseOptional(unhex(t, "15 25 00 d204 24 7f 01 2c 80 01 41 18")); err != nil || got.Serial != "1234" || !got.HasVendorData {
		t.Errorf("number as serial number, reserved and vendor tags: %+v, %v", got, err)
	}
	for name, b := range map[string][]byte{
		"salt alone":       Optional{Salt: salt}.AppendTLV(nil),
		"iterations alone": unhex(t, "15 25 01 e803 18"),
		"999 iterations":   Optional{Salt: salt, Iterations: 999}.AppendTLV(nil),
		"short salt":       Optional{Salt: salt[:15], Iterations: 1000}.AppendTLV(nil),
		"no devices":       unhex(t, "15 24 03 00 18"),
		"long serial":      Optional{Serial: strings.Repeat("1", 33)}.AppendTLV(nil),
		"trailing octets":  append(full.AppendTLV(nil), 0x14),
	} {
		if _, err := ParseOptional(b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestCodesCannotBeMadeOfNonsense(t *testing.T) {
	good := Payload{VendorID: 0xFFF1, ProductID: 0x8000, Discriminator: 3840, Passcode: 20202021}
	for name, change := range map[string]func(*Payload){
		"short discriminator": func(p *Payload) { p.Short = true },
		"discriminator":       func(p *Payload) { p.Discriminator = 0x1000 },
		"flow":                func(p *Payload) { p.Flow = 3 },
		"vendor":              func(p *Payload) { p.VendorID = 0xFFFF },
		"product":             func(p *Payload) { p.ProductID = 0 },
		"TLV":                 func(p *Payload) { p.TLV = []byte{0x15} },
		"long TLV":            func(p *Payload) { p.TLV = append(append([]byte{0x15, 0x30, 0x80, 0xFF}, make([]byte, 255)...), 0x18) },
	} {
		p := good
		change(&p)
		var got *CodeError
		if _, err := p.QR(); !errors.As(err, &got) || got.Form != FormQR {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := QRText(good, p); !errors.As(err, &got) || got.Part != 2 {
			t.Errorf("%s as the second: %v", name, err)
		}
	}
	if _, err := QRText(); err == nil {
		t.Error("no payload: accepted")
	}
	many := make([]Payload, 250)
	for i := range many {
		many[i] = good
	}
	if _, err := QRText(many...); err == nil {
		t.Error("5,000 characters: accepted")
	}
}

func TestPayloadMatches(t *testing.T) {
	p := Payload{VendorID: 0xFFF1, ProductID: 0x8000, Discriminator: 0xF12}
	for d, want := range map[uint16]bool{0xF12: true, 0xF13: false, 0xE12: false} {
		if p.MatchesDiscriminator(d) != want {
			t.Errorf("%x: %v", d, !want)
		}
	}
	p.Short = true
	for d, want := range map[uint16]bool{0xF12: true, 0xFFF: true, 0xE12: false} {
		if p.MatchesDiscriminator(d) != want {
			t.Errorf("short, %x: %v", d, !want)
		}
	}
	for _, e := range []struct {
		vendor, product uint16
		want            bool
	}{{0xFFF1, 0x8000, true}, {0, 0, true}, {0xFFF1, 0, true}, {0, 0x8000, true}, {0xFFF1, 0x8001, false}, {0xFFF2, 0x8000, false}} {
		if p.MatchesProduct(e.vendor, e.product) != e.want {
			t.Errorf("%x/%x: %v", e.vendor, e.product, !e.want)
		}
	}
	if !(Payload{}).MatchesProduct(1, 2) {
		t.Error("a code that states nothing fits nothing")
	}
}

func TestPayloadPrintsNothing(t *testing.T) {
	p := Payload{Passcode: 20202021}
	for _, s := range []string{fmt.Sprint(p), fmt.Sprintf("%+v %#v %s", p, p, &p), fmt.Sprint([]Payload{p}), fmt.Sprintf("%v %#v", AddNOCRequest{}, AddNOCRequest{})} {
		if strings.Contains(s, "2020") || !strings.Contains(s, "[redacted]") {
			t.Errorf("%q", s)
		}
	}
}

func TestFormatManualCode(t *testing.T) {
	for in, want := range map[string]string{
		"34970112332": "3497-011-2332", "749701123365521327687": "7497-011-2336-55213-27687", "3497": "3497",
	} {
		if got := FormatManualCode(in); got != want {
			t.Errorf("%q", got)
		}
	}
}

// FuzzParseCode: a code that is read is made again; an error is a CodeError with
// a sentence, and says nothing of the passcode.
func FuzzParseCode(f *testing.F) {
	for _, e := range codeExamples {
		f.Add(e.qr)
		f.Add(e.manual)
	}
	f.Add("749701123365521327687")
	f.Add("34970112333")
	f.Fuzz(func(t *testing.T, text string) {
		payloads, err := ParseCode(text)
		if err != nil {
			var e *CodeError
			if !errors.As(err, &e) || e.Kind == 0 || len(e.Error()) < 20 {
				t.Fatalf("%T %v", err, err)
			}
			if lenient, err := ParseQRLenient(text); err == nil {
				roundTripQR(t, lenient)
			}
			return
		}
		if CodeFormOf(text) == FormQR {
			roundTripQR(t, payloads)
			return
		}
		again, err := payloads[0].ManualCode()
		if err != nil {
			t.Fatal(err)
		}
		if p, err := ParseManual(FormatManualCode(again)); err != nil || !reflect.DeepEqual(p, payloads[0]) {
			t.Fatalf("%q: %v", again, err)
		}
	})
}

func roundTripQR(t *testing.T, payloads []Payload) {
	text, err := QRText(payloads...)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := ParseQR(text); err != nil || !reflect.DeepEqual(p, payloads) {
		t.Fatalf("%q: %v", text, err)
	}
}

func FuzzParseOptional(f *testing.F) {
	f.Add(Optional{Serial: "1", Iterations: 1000, Salt: make([]byte, 16), Devices: 3, TimeoutS: 600}.AppendTLV(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := ParseOptional(b)
		if err != nil {
			return
		}
		o.HasVendorData = false
		if again, err := ParseOptional(o.AppendTLV(nil)); err != nil || !reflect.DeepEqual(again, o) {
			t.Fatalf("%+v, %v, want %+v", again, err, o)
		}
	})
}
