package commission

import "slices"

// The manual code: 11 digits, or 21 with vendor and product. Matter Core §5.1.4.1.

const (
	shortCodeDigits = 11
	longCodeDigits  = 21

	// The first digit is the upper 2 bits of the discriminator, plus 4 if vendor
	// and product follow; 8 and 9 are a later format.
	manualVersion      = 0
	manualLaterVersion = 8
	manualIDsPresent   = 4
)

// ParseManual reads a manual code as it was typed. All errors are [*CodeError].
//
// Only the upper 4 bits of the discriminator are known then, and nothing of how
// the device can be discovered. The long form is for devices whose flow is not
// the standard one; it does not say which, and is read as [FlowCustom].
func ParseManual(text string) (Payload, error) {
	p, err := parseManual(text)
	if err != nil {
		return Payload{}, err
	}
	return p, nil
}

func parseManual(text string) (Payload, *CodeError) {
	marks := strip(text, true)
	if digitOf(marks) < 0 {
		return Payload{}, notMatter(marks)
	}
	digits := make([]byte, len(marks))
	for i, m := range marks {
		if m.r < '0' || m.r > '9' {
			return Payload{}, &CodeError{Kind: CodeCharacter, Form: FormManual, Position: m.position, Got: int(m.r), Want: -1}
		}
		digits[i] = byte(m.r - '0')
	}
	if digits[0] >= manualLaterVersion {
		return Payload{}, &CodeError{Kind: CodeVersion, Form: FormManual, Got: 1, Want: manualVersion}
	}
	if n := len(digits); n != shortCodeDigits && n != longCodeDigits {
		return Payload{}, &CodeError{Kind: CodeLength, Form: FormManual, Got: n, Want: expectedDigits(digits[0])}
	}
	if verhoeffSum(digits) != 0 {
		return Payload{}, checkDigitError(digits)
	}
	p, err := manualFields(digits)
	if err != nil {
		err.Form = FormManual
		return Payload{}, err
	}
	return p, nil
}

// expectedDigits is the length that the first digit asks for.
func expectedDigits(first byte) int {
	if first&manualIDsPresent != 0 {
		return longCodeDigits
	}
	return shortCodeDigits
}

// manualFields decodes digits, whose number and check digit are not looked at.
func manualFields(digits []byte) (Payload, *CodeError) {
	if len(digits) != expectedDigits(digits[0]) {
		e := &CodeError{Kind: CodeInconsistent, Got: len(digits), Want: expectedDigits(digits[0]), Groups: groupsOf(0)}
		e.Field = "its first digit says that vendor and product follow, and they do not"
		if len(digits) == longCodeDigits {
			e.Field = "its first digit says that no vendor and product follow, and they do"
		}
		return Payload{}, e
	}
	low := number(digits[1:6])
	high := number(digits[6:10])
	p := Payload{Short: true}
	switch {
	case low > 0xFFFF:
		return Payload{}, rangeError("number in digits 2 to 6", low, 0xFFFF, 1, 5)
	case high > 0x1FFF:
		return Payload{}, rangeError("number in digits 7 to 10", high, 0x1FFF, 6, 9)
	}
	p.Discriminator = uint16(digits[0]&3)<<10 | uint16(low>>14)<<8
	p.Passcode = high<<14 | low&0x3FFF
	if len(digits) == longCodeDigits {
		vendor, product := number(digits[10:15]), number(digits[15:20])
		switch {
		case vendor > maxVendorID:
			return Payload{}, rangeError("vendor ID", vendor, maxVendorID, 10, 14)
		case product > 0xFFFF:
			return Payload{}, rangeError("product ID", product, 0xFFFF, 15, 19)
		}
		p.VendorID, p.ProductID, p.Flow = uint16(vendor), uint16(product), FlowCustom
	}
	return p, p.check()
}

// rangeError says that the digits from index first to last make no value that a
// device can have. A value that is part of the passcode is not told.
func rangeError(field string, got, want uint32, first, last int) *CodeError {
	if last < 10 {
		got = 0
	}
	return &CodeError{Kind: CodeRange, Field: field, Got: int(got), Want: int(want), Groups: groupsOf(first, last)}
}

func number(digits []byte) (v uint32) {
	for _, d := range digits {
		v = v*10 + uint32(d)
	}
	return v
}

// groupOf returns the group, from 1, in which digit i of a manual code is drawn:
// 4-3-4, and 5-5 in the long form.
func groupOf(i int) int {
	switch {
	case i < 4:
		return 1
	case i < 7:
		return 2
	case i < 11:
		return 3
	case i < 16:
		return 4
	}
	return 5
}

// checkDigitError tells where the slip can be. At every place there is exactly
// one digit that makes the check digit fit; most of these codes, and most swaps
// of neighbours, are none that a device can have, which leaves the places where
// a slip explains the fault.
func checkDigitError(digits []byte) *CodeError {
	e := &CodeError{Kind: CodeCheckDigit, Form: FormManual, Got: -1, Want: len(digits)}
	trial := slices.Clone(digits)
	repaired := func() bool {
		if trial[0] >= manualLaterVersion || verhoeffSum(trial) != 0 {
			return false
		}
		_, err := manualFields(trial)
		return err == nil
	}
	for i, was := range digits {
		for d := byte(0); d <= 9; d++ {
			trial[i] = d
			if d != was && repaired() {
				e.note(lookAlike(d, was), i)
			}
		}
		trial[i] = was
		if i+1 < len(digits) && digits[i+1] != was {
			trial[i], trial[i+1] = digits[i+1], was
			if repaired() {
				e.note(true, i, i+1)
			}
			trial[i], trial[i+1] = was, digits[i+1]
		}
	}
	slices.Sort(e.Groups)
	slices.Sort(e.Likely)
	return e
}

// note records that a slip at the digits of these indices explains the fault.
func (e *CodeError) note(likely bool, indices ...int) {
	for _, g := range groupsOf(indices...) {
		if !slices.Contains(e.Groups, g) {
			e.Groups = append(e.Groups, g)
		}
		if likely && !slices.Contains(e.Likely, g) {
			e.Likely = append(e.Likely, g)
		}
	}
}

// lookAlike reports whether a and b are taken for each other on small labels.
func lookAlike(a, b byte) bool {
	switch [2]byte{min(a, b), max(a, b)} {
	case [2]byte{1, 7}, [2]byte{3, 8}, [2]byte{0, 6}:
		return true
	}
	return false
}

// ManualCode returns p's manual code: 11 digits, or 21 if the flow is not the
// standard one. It returns a [*CodeError] if p is not a payload that a device
// can have.
func (p Payload) ManualCode() (string, error) { return p.manualCode(p.Flow != FlowStandard) }

// LongManualCode returns the manual code of 21 digits, whatever the flow.
func (p Payload) LongManualCode() (string, error) { return p.manualCode(true) }

func (p *Payload) manualCode(long bool) (string, error) {
	if err := p.check(); err != nil {
		err.Form = FormManual
		return "", err
	}
	first := byte(p.Discriminator >> 10)
	if long {
		first += manualIDsPresent
	}
	digits := make([]byte, 1, longCodeDigits)
	digits[0] = first
	digits = appendNumber(digits, uint32(p.Discriminator>>8&3)<<14|p.Passcode&0x3FFF, 5)
	digits = appendNumber(digits, p.Passcode>>14, 4)
	if long {
		digits = appendNumber(digits, uint32(p.VendorID), 5)
		digits = appendNumber(digits, uint32(p.ProductID), 5)
	}
	digits = append(digits, verhoeffDigit(digits))
	for i := range digits {
		digits[i] += '0'
	}
	return string(digits), nil
}

// appendNumber appends the n decimal digits of v, leading zeros included.
func appendNumber(digits []byte, v uint32, n int) []byte {
	at := len(digits)
	for range n {
		digits = append(digits, 0)
	}
	for i := at + n - 1; i >= at; i-- {
		digits[i] = byte(v % 10)
		v /= 10
	}
	return digits
}

// FormatManualCode draws the digits of a manual code in groups of 4-3-4, the
// long form's further digits in 5-5. Text of another length is returned as it is.
func FormatManualCode(digits string) string {
	if len(digits) != shortCodeDigits && len(digits) != longCodeDigits {
		return digits
	}
	s := digits[:4] + "-" + digits[4:7] + "-" + digits[7:11]
	if len(digits) == longCodeDigits {
		s += "-" + digits[11:16] + "-" + digits[16:]
	}
	return s
}
