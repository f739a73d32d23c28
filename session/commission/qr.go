package commission

import (
	"github.com/matter-session/matter-session/session"
)

// The text of a QR code: "MT:" and base38 of 88 bits, lowest bit first, and the
// optional data. Matter Core §5.1.3.

const (
	qrPrefix      = "MT:"
	qrVersion     = 0
	qrFixedOctets = 11
	qrFixedChars  = 19   // of qrFixedOctets
	qrPartChars   = 255  // longest single payload
	qrTextChars   = 4296 // what the largest QR code holds
	qrPaddingBits = 4
)

// ParseQR reads the text of a QR code: one payload, or several joined by '*'.
// All errors are [*CodeError].
func ParseQR(text string) ([]Payload, error) { return parseQR(text, false) }

// ParseQRLenient reads as [ParseQR] does, but lets pass what does not keep a
// device from being commissioned: padding that is not zero, optional data that
// cannot be read (TLV is then nil), and segments that are separated by '%'
// around the payload, as early codes had them.
func ParseQRLenient(text string) ([]Payload, error) { return parseQR(text, true) }

func parseQR(text string, lenient bool) ([]Payload, error) {
	marks := strip(text, false)
	if lenient {
		marks = qrSegment(marks)
	}
	if !startsQR(marks) {
		return nil, notMatter(marks)
	}
	if len(marks) > qrTextChars {
		return nil, &CodeError{Kind: CodeLength, Form: FormQR, Got: len(marks), Want: qrTextChars}
	}
	marks = marks[len(qrPrefix):]
	for _, m := range marks {
		if m.r != '*' && (m.r >= 0x80 || base38Digit(byte(m.r)) < 0) {
			return nil, &CodeError{Kind: CodeCharacter, Form: FormQR, Position: m.position, Got: int(m.r), Want: -1}
		}
	}
	parts := splitParts(marks)
	payloads := make([]Payload, 0, len(parts))
	for i, part := range parts {
		p, err := parseQRPart(part, lenient)
		if err != nil {
			err.Form = FormQR
			if len(parts) > 1 {
				err.Part = i + 1
			}
			return nil, err
		}
		payloads = append(payloads, p)
	}
	return payloads, nil
}

func startsQR(marks []mark) bool {
	for i, c := range qrPrefix {
		if i >= len(marks) || marks[i].r != c {
			return false
		}
	}
	return true
}

// notMatter is the error for a text that is of neither form.
func notMatter(marks []mark) *CodeError {
	if len(marks) == 0 {
		return &CodeError{Kind: CodeLength, Got: 0, Want: shortCodeDigits}
	}
	return &CodeError{Kind: CodeCharacter, Got: int(marks[0].r), Want: -1, Position: marks[0].position}
}

// qrSegment returns the segment between '%' signs that is a payload, or all.
func qrSegment(marks []mark) []mark {
	start := 0
	for i := 0; i <= len(marks); i++ {
		if i < len(marks) && marks[i].r != '%' {
			continue
		}
		if startsQR(marks[start:i]) {
			return marks[start:i]
		}
		start = i + 1
	}
	return marks
}

func splitParts(marks []mark) (parts [][]mark) {
	start := 0
	for i, m := range marks {
		if m.r == '*' {
			parts = append(parts, marks[start:i])
			start = i + 1
		}
	}
	return append(parts, marks[start:])
}

// parseQRPart reads one payload, whose characters are checked. Version before
// length: what a later format holds is not ours to count.
func parseQRPart(part []mark, lenient bool) (Payload, *CodeError) {
	text := make([]byte, len(part))
	for i, m := range part {
		text[i] = byte(m.r)
	}
	if len(text) >= 5 {
		first, _, ok := parseBase38(string(text[:5]))
		if ok && first[0]&7 != qrVersion {
			return Payload{}, &CodeError{Kind: CodeVersion, Got: int(first[0] & 7), Want: qrVersion}
		}
	}
	switch rest := len(text) % 5; {
	case len(text) < qrFixedChars:
		return Payload{}, &CodeError{Kind: CodeLength, Got: len(text), Want: qrFixedChars}
	case len(text) > qrPartChars:
		return Payload{}, &CodeError{Kind: CodeLength, Got: len(text), Want: qrPartChars}
	case rest == 1 || rest == 3:
		return Payload{}, &CodeError{Kind: CodeLength, Got: len(text), Want: len(text)}
	}
	octets, fault, ok := parseBase38(string(text))
	if !ok {
		return Payload{}, &CodeError{Kind: CodeRange, Position: part[fault].position, Field: "group of characters", Got: -1, Want: -1}
	}
	p := unpackQR(octets)
	if err := p.check(); err != nil {
		return Payload{}, err
	}
	if octets[qrFixedOctets-1]>>(8-qrPaddingBits) != 0 && !lenient {
		return Payload{}, &CodeError{Kind: CodePadding, Got: -1, Want: -1}
	}
	if len(octets) > qrFixedOctets {
		p.TLV = octets[qrFixedOctets:]
		if _, err := ParseOptional(p.TLV); err != nil {
			if !lenient {
				return Payload{}, &CodeError{Kind: CodeTLV, Got: -1, Want: -1, Err: err}
			}
			p.TLV = nil
		}
	}
	return p, nil
}

// unpackQR takes the fields from their places in the bit stream.
func unpackQR(octets []byte) Payload {
	bits := func(from, n int) (v uint32) {
		for i := range n {
			v |= uint32(octets[(from+i)/8]>>((from+i)%8)&1) << i
		}
		return v
	}
	return Payload{
		VendorID:      uint16(bits(3, 16)),
		ProductID:     uint16(bits(19, 16)),
		Flow:          Flow(bits(35, 2)),
		Discovery:     Discovery(bits(37, 8)),
		Discriminator: uint16(bits(45, 12)),
		Passcode:      bits(57, 27),
	}
}

// QR returns the text of p's QR code. It returns a [*CodeError] if p is not a
// payload that a device can have, or if its discriminator is only known in part.
func (p Payload) QR() (string, error) { return QRText(p) }

// QRText returns the text of one QR code for one or several payloads.
func QRText(payloads ...Payload) (string, error) {
	if len(payloads) == 0 {
		return "", session.ErrInvalid
	}
	text := []byte(qrPrefix)
	for i := range payloads {
		part, err := payloads[i].appendQR(nil)
		if err != nil {
			err.Form = FormQR
			if len(payloads) > 1 {
				err.Part = i + 1
			}
			return "", err
		}
		if i > 0 {
			text = append(text, '*')
		}
		text = append(text, part...)
	}
	if len(text) > qrTextChars {
		return "", &CodeError{Kind: CodeLength, Form: FormQR, Got: len(text), Want: qrTextChars}
	}
	return string(text), nil
}

func (p *Payload) appendQR(dst []byte) ([]byte, *CodeError) {
	if p.Short {
		return nil, &CodeError{Kind: CodeInconsistent, Field: "only 4 bits of the discriminator are known", Got: -1, Want: -1}
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	octets := make([]byte, qrFixedOctets, qrFixedOctets+len(p.TLV))
	put := func(from, n int, v uint32) {
		for i := range n {
			octets[(from+i)/8] |= byte(v>>i&1) << ((from + i) % 8)
		}
	}
	put(0, 3, qrVersion)
	put(3, 16, uint32(p.VendorID))
	put(19, 16, uint32(p.ProductID))
	put(35, 2, uint32(p.Flow))
	put(37, 8, uint32(p.Discovery))
	put(45, 12, uint32(p.Discriminator))
	put(57, 27, p.Passcode)
	if p.TLV != nil {
		if _, err := ParseOptional(p.TLV); err != nil {
			return nil, &CodeError{Kind: CodeTLV, Got: -1, Want: -1, Err: err}
		}
		octets = append(octets, p.TLV...)
	}
	text := appendBase38(dst, octets)
	if len(text) > qrPartChars {
		return nil, &CodeError{Kind: CodeLength, Got: len(text), Want: qrPartChars}
	}
	return text, nil
}
