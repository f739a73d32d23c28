package flow

import (
	"errors"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session/commission"
)

// The code field at everything that can stand in it.
func TestCodeField(t *testing.T) {
	tests := []struct {
		name, typed, text, form string
		digits, length          int
		complete                bool
		typing, left            string // problems
	}{
		{"empty", "", "", "", 0, 0, false, "", ""},
		{"four digits", "3497", "3497", "manual", 4, 11, false, "", "code-length"},
		{"seven of eleven", "3497011", "3497-011", "manual", 7, 11, false, "", "code-length"},
		{"eight: HomeKit or a passcode", "12345678", "1234-567-8", "manual", 8, 11, false, "", "code-homekit"},
		{"ten right", "3497011233", "3497-011-233", "manual", 10, 11, false, "", "code-length"},
		{"complete", goodManual, goodGrouped, "manual", 11, 11, true, "", ""},
		{"dashes and blanks", " 3497-011\u00a02332 ", goodGrouped, "manual", 11, 11, true, "", ""},
		{"other dashes", "3497–011—2332", goodGrouped, "manual", 11, 11, true, "", ""},
		{"full-width", "３４９７０１１２３３２", goodGrouped, "manual", 11, 11, true, "", ""},
		{"invisible marks", "\u200e3497\u200b0112332\ufeff", goodGrouped, "manual", 11, 11, true, "", ""},
		{"leading zero", "00876800071", "0087-680-0071", "manual", 11, 11, true, "", ""},
		{"check digit", "34970112333", "3497-011-2333", "manual", 11, 11, false, "code-check-digit", "code-check-digit"},
		{"one too many", goodManual + "1", "3497-011-23321", "manual", 12, 11, false, "code-length", "code-length"},
		{"21, half", "7497011", "7497-011", "manual", 7, 21, false, "", "code-length"},
		{"21, eleven of them", "74970112334", "7497-011-2334", "manual", 11, 21, false, "", "code-length"},
		{"newer format", "8", "8", "manual", 1, 0, false, "", "code-version"},
		{"newer format, eleven", "89123456789", "8912-345-6789", "manual", 11, 0, false, "code-version", "code-version"},
		{"a letter", "3497a", "3497-a", "manual", 4, 11, false, "", "code-character"},
		{"a letter at the end", "3497011233a", "3497-011-233a", "manual", 10, 11, false, "code-character", "code-character"},
		{"forbidden passcode", checked("0000000000"), "", "manual", 11, 11, false, "code-passcode", "code-passcode"},
		{"out of range", checked("0999990000"), "", "manual", 11, 11, false, "code-range", "code-range"},
		{"contradiction: a vendor, and product 0", checked("40000000006552100000"), "", "manual", 21, 21, false, "code-inconsistent", "code-inconsistent"},
		{"QR", goodQR, goodQR, "qr", 0, 0, true, "", ""},
		{"QR in small letters", strings.ToLower(goodQR), goodQR, "qr", 0, 0, true, "", ""},
		{"QR with a blank", goodQR[:9] + " " + goodQR[9:], goodQR, "qr", 0, 0, true, "", ""},
		{"QR, half", goodQR[:12], goodQR[:12], "qr", 0, 0, false, "", "code-incomplete"},
		{"QR, one more", goodQR + "A", goodQR + "A", "qr", 0, 0, false, "", "code-range"},
		{"QR, wrong character", goodQR[:21] + "$", goodQR[:21] + "$", "qr", 0, 0, false, "code-character", "code-character"},
		{"QR of a later version", "MT:1000000000000000000", "", "qr", 0, 0, false, "code-version", "code-version"},
		{"beginning of a QR text", "MT", "MT", "", 0, 0, false, "", "code-not-matter"},
		{"a web address, pasted", "https://example.com/x", "https://example.com/x", "", 0, 0, false, "code-not-matter", "code-not-matter"},
		{"Wi-Fi code, pasted", "WIFI:S:Home;;", "WIFI:S:Home;;", "", 0, 0, false, "code-not-matter", "code-not-matter"},
		{"HomeKit, pasted", "X-HM://0023ISYWYABCD", "X-HM://0023ISYWYABCD", "", 0, 0, false, "code-homekit", "code-homekit"},
		{"only a dash", "-", "-", "", 0, 0, false, "", "code-not-matter"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := at(t, begun(t, options()), CodeTyped{test.typed, len(test.typed)})
			c := s.Code
			if test.text != "" && c.Text != test.text || c.Form != test.form || c.Digits != test.digits || c.Length != test.length || c.Complete != test.complete {
				t.Errorf("%+v", c)
			}
			if got := problemID(c.Problem); got != test.typing {
				t.Errorf("while typing: %q, want %q", got, test.typing)
			}
			for _, e := range []Event{CodeLeft{}, Continue{}} {
				if test.complete && e == (Continue{}) {
					continue
				}
				if got := problemID(at(t, s, e).Code.Problem); got != test.left {
					t.Errorf("after %T: %q, want %q", e, got, test.left)
				}
			}
		})
	}
}

// checked appends the check digit.
func checked(digits string) string {
	for d := '0'; d <= '9'; d++ {
		var fault *commission.CodeError
		_, err := commission.ParseManual(digits + string(d))
		if !errors.As(err, &fault) || fault.Kind != commission.CodeCheckDigit {
			return digits + string(d)
		}
	}
	panic("every digit is wrong")
}

// Nothing is red on the way to a right code, at any place.
func TestNoProblemWhileTyping(t *testing.T) {
	for _, code := range []string{goodManual, "74970112334", goodQR, "８９"} {
		s := begun(t, options())
		for n := range []rune(code) {
			s = at(t, s, CodeTyped{string([]rune(code)[:n+1]), n + 1})
			if s.Code.Problem != nil {
				t.Errorf("%q: %s after %d", code, s.Code.Problem.ID, n+1)
			}
		}
	}
}

func TestCaret(t *testing.T) {
	tests := []struct {
		text  string
		caret int
		want  string
		at    int
	}{
		{"3497", 4, "3497", 4}, {"34970", 5, "3497-0", 6}, {"3497-0", 6, "3497-0", 6}, {"3497-0", 5, "3497-0", 4},
		{"34970", 4, "3497-0", 4}, {"3497-01x", 2, "3497-01x", 2}, {"  3497", 2, "3497", 0}, {"３４97 0", 3, "3497-0", 3},
		{"3497-011-2332", 13, goodGrouped, 13}, {"34970112332", 0, goodGrouped, 0}, {"34970112332", 99, goodGrouped, 13},
		{"749701123341234567890", 21, "7497-011-2334-12345-67890", 25}, {"749701123341234567890", 17, "7497-011-2334-12345-67890", 21},
		{"mt:y.", 5, "MT:Y.", 5}, {"M T:", 2, "MT:", 1}, {"", 3, "", 0}, {"34", -1, "34", 0},
	}
	for _, test := range tests {
		c := at(t, begun(t, options()), CodeTyped{test.text, test.caret}).Code
		if c.Text != test.want || c.Caret != test.at {
			t.Errorf("%q at %d: %q at %d, want %q at %d", test.text, test.caret, c.Text, c.Caret, test.want, test.at)
		}
	}
}

func TestPayloads(t *testing.T) {
	s := at(t, begun(t, options()), CodeTyped{goodQR, 0})
	if len(s.Code.Payloads) != 1 {
		t.Fatalf("%+v", s.Code)
	}
	p := s.Code.Payloads[0]
	if p.Form != "qr" || p.Length != len(goodQR) || p.Short || !p.HasProduct || p.VendorID != 0xFFF1 || p.ProductID != 0x8000 || !p.HasDiscovery {
		t.Errorf("%+v", p)
	}
	p = coded(t, options()).Code.Payloads[0]
	if p.Form != "manual" || p.Length != 11 || !p.Short || p.Discriminator != 15 || p.HasProduct || p.HasDiscovery {
		t.Errorf("%+v", p)
	}
	two := goodQR + "*" + goodQR[3:]
	s, effects := play(t, begun(t, options()), CodeTyped{two, 0}, PayloadPicked{1}, PayloadPicked{2}, PayloadPicked{-1}, Continue{})
	if has[KeepCode](t, effects).Code != two || s.Code.Chosen != 1 || len(s.Code.Payloads) != 2 || s.Code.Payloads[1].Length != len(goodQR) {
		t.Errorf("%+v", s.Code)
	}
	_, effects = play(t, s, RoutePicked{RouteAgent}, Continue{})
	if has[Search](t, effects).Payload != 1 {
		t.Error("the chosen device is looked for")
	}
}

// An accepted code can be replaced by typing, and the worker forgets the old one.
func TestReplacingACode(t *testing.T) {
	s := at(t, onTransport(t, options()), Back{})
	if s.Code.Text != "" || !s.Code.Accepted {
		t.Fatalf("%+v", s.Code)
	}
	same, effects := play(t, s, CodeLeft{}, Continue{})
	if none[KeepCode](t, effects); same.Screen != ScreenTransport {
		t.Error("the code is there already")
	}
	s, effects = play(t, s, CodeTyped{"3", 1})
	has[ForgetCode](t, effects)
	if s.Code.Accepted || s.Code.Text != "3" {
		t.Errorf("%+v", s.Code)
	}
	s = at(t, s, ScanWanted{}, TypeInstead{})
	if s.Code.Text != "3" {
		t.Error("what was typed is kept while scanning")
	}
	if s = at(t, s, Close{}, Started{}); s.Code.Text != "" {
		t.Error("and forgotten afterwards")
	}
}

func TestGivenCode(t *testing.T) {
	s, effects := play(t, New(options()), Started{" 3497 0112332"})
	if has[KeepCode](t, effects).Code != goodManual || !s.Code.Accepted || s.Code.Text != "" {
		t.Errorf("%+v", s.Code)
	}
	s = at(t, New(options()), Started{"34970112333"})
	if s.Screen != ScreenCode || problemID(s.Code.Problem) != "code-check-digit" || s.Code.Text != "3497-011-2333" {
		t.Errorf("%+v", s.Code)
	}
	s, effects = play(t, New(managed()), Started{goodQR})
	if has[KeepCode](t, effects); s.Screen != ScreenCode {
		t.Error("a given code leads past the home")
	}
	if s := at(t, begun(t, options()), CodeTyped{strings.Repeat("9", 100_000), 0}); len(s.Code.Text) > maxTyped+4 {
		t.Error("a text without end")
	}
}

func TestShownCharacters(t *testing.T) {
	for r, want := range map[rune]string{'ä': "ä", 0x301: "U+301", 7: "U+7"} {
		if got := shown(r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
