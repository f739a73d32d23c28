package flow

import (
	"errors"
	"strconv"
	"strings"

	"github.com/matter-session/matter-session/session/commission"
)

// The code screen: one field for both forms, read while somebody types.

const (
	shortDigits  = 11
	longDigits   = 21
	bareDigits   = 8   // a passcode alone, or a HomeKit code
	laterFormat  = '8' // a first digit from here on is of a later format
	longFormat   = '4' // and from here on of the long one
	qrPrefix     = "MT:"
	qrShortest   = len(qrPrefix) + 19
	maxTyped     = 4400 // a QR code holds at most 4,296 characters
	pastedAtOnce = 6    // characters that nobody types between two events
)

func (m *machine) codeTyped(text string, caret int) {
	if m.Screen != ScreenCode && m.Screen != ScreenScan {
		return
	}
	m.show(ScreenCode)
	before := len(m.Code.Text)
	m.forgetCode()
	m.Scan.Problem = nil
	m.Code = readCode(text, caret, false)
	if m.Code.Form == "" && len(m.Code.Text) >= before+pastedAtOnce {
		m.Code = readCode(text, caret, true)
	}
}

func (m *machine) codeLeft() {
	if m.Screen == ScreenCode && !m.Code.Accepted {
		chosen := m.Code.Chosen
		m.Code = readCode(m.Code.Text, m.Code.Caret, true)
		m.Code.Chosen = chosen
	}
}

func (m *machine) payloadPicked(i int) {
	if m.Screen == ScreenCode && i >= 0 && i < len(m.Code.Payloads) {
		m.Code.Chosen = i
	}
}

// codeDone goes on with the code, if it can be used.
func (m *machine) codeDone() {
	if !m.Code.Accepted {
		m.codeLeft()
		if !m.Code.Complete {
			return
		}
		chosen := m.Code.Chosen
		text, _, _ := significant(m.Code.Text, 0)
		m.accept(text, m.Code.Payloads)
		m.Code.Chosen = chosen
	}
	m.goTransport()
}

// accept hands a code that can be used to the worker. What is left of it here is
// what it says without the passcode.
func (m *machine) accept(text string, payloads []Payload) {
	m.forgetCode()
	m.do(KeepCode{text})
	m.Code = CodeEntry{Form: payloads[0].Form, Complete: true, Accepted: true, Payloads: payloads}
	m.Candidates, m.Candidate, m.run.routePicked = nil, "", false
}

// given takes a code from the host.
func (m *machine) given(code string) {
	text, _, _ := significant(code, 0)
	entry := readCode(code, 0, true)
	if entry.Complete {
		m.accept(text, entry.Payloads)
		return
	}
	m.Code = entry
}

// readCode reads what stands in the field. Nothing is a problem before all of it
// is there: judged says that it is, since the field was left.
func readCode(text string, caret int, judged bool) CodeEntry {
	code, at, form := significant(text, caret)
	e := CodeEntry{Text: code, Caret: at, Form: form}
	n := len([]rune(code))
	whole := judged
	if form == "manual" {
		e.Text, e.Caret = grouped(code, at)
		for _, r := range code {
			if '0' <= r && r <= '9' {
				e.Digits++
			}
		}
		switch {
		case code[0] < longFormat:
			e.Length = shortDigits
		case code[0] < laterFormat:
			e.Length = longDigits
		}
		whole = whole || n >= max(e.Length, shortDigits)
	}
	if n == 0 {
		return e
	}
	payloads, err := commission.ParseCode(code)
	if err == nil {
		e.Complete, e.Payloads = true, payloadsOf(code, form, payloads)
		return e
	}
	var fault *commission.CodeError
	errors.As(err, &fault)
	if form == "qr" && n >= qrShortest {
		// A longer one may still be on its way, unless no end of it can be right.
		whole = whole || n == qrShortest || fault.Kind == commission.CodeCharacter || fault.Kind == commission.CodeVersion
	}
	if whole {
		e.Problem = codeProblem(fault, code, &e)
	}
	return e
}

// significant drops what is no part of a code and says where the caret is then.
// Form is "manual", "qr", or "" for neither, or not yet.
func significant(text string, caret int) (code string, at int, form string) {
	var kept []rune
	var before []bool // of the caret
	position := 0
	for _, r := range text {
		position++
		if blank(r) || invisible(r) {
			continue
		}
		if '０' <= r && r <= '９' {
			r += '0' - '０'
		}
		if len(kept) == maxTyped {
			break
		}
		kept, before = append(kept, r), append(before, position <= caret)
	}
	code, at = without(kept, before, true)
	if code != "" && '0' <= code[0] && code[0] <= '9' {
		return code, at, "manual"
	}
	code, at = without(kept, before, false)
	if len(code) >= len(qrPrefix) && strings.EqualFold(code[:len(qrPrefix)], qrPrefix) {
		return upper(code), at, "qr"
	}
	return code, at, ""
}

func without(kept []rune, before []bool, dashes bool) (code string, at int) {
	var b strings.Builder
	for i, r := range kept {
		if dashes && dash(r) {
			continue
		}
		b.WriteRune(r)
		if before[i] {
			at++
		}
	}
	return b.String(), at
}

// upper folds ASCII letters: a QR text has capitals only.
func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

func blank(r rune) bool {
	switch {
	case r == ' ', '\t' <= r && r <= '\r', r == 0x85, r == 0xA0, r == 0x1680,
		0x2000 <= r && r <= 0x200D, r == 0x2028, r == 0x2029, r == 0x202F, r == 0x205F, r == 0x3000:
		return true
	}
	return false
}

func dash(r rune) bool {
	switch {
	case r == '-', 0x2010 <= r && r <= 0x2015, r == 0x2043, r == 0x2212, r == 0xFE58, r == 0xFE63, r == 0xFF0D:
		return true
	}
	return false
}

// grouped draws a manual code 4-3-4 and then 5-5, as far as it goes. The caret
// stays behind the digit that it was behind.
func grouped(code string, caret int) (text string, at int) {
	long := code[0] >= longFormat && code[0] < laterFormat
	var b strings.Builder
	n := 0
	for _, r := range code {
		if n == 4 || n == 7 || long && (n == 11 || n == 16) {
			b.WriteByte('-')
			if n < caret {
				at++
			}
		}
		b.WriteRune(r)
		if n++; n <= caret {
			at++
		}
	}
	return b.String(), at
}

func payloadsOf(code, form string, list []commission.Payload) []Payload {
	parts := []string{code}
	if form == "qr" {
		parts = strings.Split(strings.TrimPrefix(code, qrPrefix), "*")
	}
	out := make([]Payload, 0, len(list))
	for i, p := range head(list, maxPayloads) {
		length := len(code)
		if form == "qr" && i < len(parts) {
			length = len(qrPrefix) + len(parts[i])
		}
		q := Payload{
			Form: form, Length: length, Discriminator: p.Discriminator, Short: p.Short,
			HasProduct: p.VendorID != 0, VendorID: p.VendorID, ProductID: p.ProductID,
			Flow: uint8(p.Flow), HasDiscovery: p.Discovery != 0, Discovery: uint8(p.Discovery),
		}
		if q.Short {
			q.Discriminator >>= 8 // the 4 bits that are known
		}
		out = append(out, q)
	}
	return out
}

// codeProblem names what is wrong with a code.
func codeProblem(fault *commission.CodeError, code string, e *CodeEntry) *Problem {
	n := len([]rune(code))
	digitsOnly := e.Form == "manual" && fault.Kind != commission.CodeCharacter
	switch {
	case strings.HasPrefix(upper(code), "X-HM:"), digitsOnly && n == bareDigits:
		return &Problem{ID: "code-homekit"}
	case digitsOnly && e.Length > 0 && n != e.Length: // whatever else is wrong
		return &Problem{ID: "code-length", Params: map[string]string{"n": strconv.Itoa(n), "of": strconv.Itoa(e.Length)}}
	}
	if e.Form == "" {
		return &Problem{ID: "code-not-matter"}
	}
	switch fault.Kind {
	case commission.CodeCharacter:
		return &Problem{ID: "code-character", Params: map[string]string{"char": shown(rune(fault.Got))}}
	case commission.CodeVersion:
		return &Problem{ID: "code-version"}
	case commission.CodeLength:
		return &Problem{ID: "code-incomplete", Params: map[string]string{"n": strconv.Itoa(n)}}
	case commission.CodeCheckDigit:
		return &Problem{ID: "code-check-digit"}
	case commission.CodeRange:
		return &Problem{ID: "code-range"}
	case commission.CodePasscode:
		return &Problem{ID: "code-passcode"}
	}
	return &Problem{ID: "code-inconsistent"}
}

// shown writes a character so that it can be seen in a sentence.
func shown(r rune) string {
	if r < ' ' || combining(r) {
		return "U+" + strings.ToUpper(strconv.FormatInt(int64(r), 16))
	}
	return string(r)
}
