package commission

import (
	"slices"
	"strconv"
)

// A CodeForm is one of the two ways in which a setup payload is printed.
type CodeForm uint8

// Forms.
const (
	FormUnknown CodeForm = iota
	FormQR               // "MT:" and characters
	FormManual           // 11 or 21 digits
)

// A CodeErrorKind says what is wrong with a setup code. Kinds are checked in the
// order character, version, length, check digit, consistency, ranges, passcode,
// padding, TLV: the first that fails is the one reported.
type CodeErrorKind uint8

// Kinds.
const (
	CodeCharacter    CodeErrorKind = iota + 1 // a character that such a code cannot have
	CodeVersion                               // a later format: not a typing error
	CodeLength                                // too short or too long
	CodeCheckDigit                            // a digit is wrong, or two are swapped
	CodeInconsistent                          // two parts contradict each other
	CodeRange                                 // a field whose value no device has
	CodePasscode                              // a passcode that the specification forbids
	CodePadding                               // bits that must be zero are not
	CodeTLV                                   // the optional data cannot be read
)

// String returns the kind's name, as interfaces of other languages use it.
func (k CodeErrorKind) String() string {
	names := [...]string{"", "Character", "Version", "Length", "CheckDigit", "Inconsistent", "Range", "Passcode", "Padding", "Tlv"}
	if int(k) >= len(names) || k == 0 {
		return "CodeErrorKind(" + strconv.Itoa(int(k)) + ")"
	}
	return names[k]
}

// A CodeError is why a setup code cannot be read or made. It holds neither the
// code nor the passcode.
type CodeError struct {
	Kind CodeErrorKind
	Form CodeForm

	// Part is which of several payloads joined by '*' is at fault, from 1; 0 if
	// there is only one.
	Part int
	// Position is the character at fault, from 1, in the text as it was given;
	// 0 if it is not one character.
	Position int
	// Field names the field at fault, or is empty.
	Field string
	// Got and Want are counts or values, as Kind has it: characters or digits for
	// CodeLength, versions for CodeVersion, the largest value for CodeRange. Got
	// is a character for CodeCharacter. Both are -1 if there is nothing to say.
	Got, Want int

	// Groups are the groups of the manual code, 4-3-4 digits (and 5-5 in the long
	// form), counted from 1, in which the fault can be. For CodeCheckDigit these
	// are the groups where another digit, or a swap of two neighbours, gives a
	// code that a device can have.
	Groups []int
	// Likely are those of Groups where the slip is a usual one: a swap of
	// neighbours, or digits that look alike (1 and 7, 3 and 8, 6 and 0, …).
	Likely []int

	// Err is the cause, or nil.
	Err error
}

// Unwrap returns the cause, or nil.
func (e *CodeError) Unwrap() error { return e.Err }

// Error returns one sentence.
func (e *CodeError) Error() string {
	s := "commission: "
	if e.Part > 0 {
		s += "payload " + strconv.Itoa(e.Part) + ": "
	}
	switch e.Kind {
	case CodeCharacter:
		return s + e.characterText()
	case CodeVersion:
		return s + "the code has format " + strconv.Itoa(e.Got) + ", which is newer than the one known here (" + strconv.Itoa(e.Want) + ")"
	case CodeLength:
		return s + e.lengthText()
	case CodeCheckDigit:
		return s + e.checkDigitText()
	case CodeInconsistent:
		return s + "the code contradicts itself: " + e.Field + e.groupsText()
	case CodeRange:
		s += "no device has this " + e.Field
		if e.Want >= 0 {
			s += " (the largest is " + strconv.Itoa(e.Want) + ")"
		}
		return s + e.groupsText()
	case CodePasscode:
		return s + "the passcode is one of those that the specification forbids, such as 12345678"
	case CodePadding:
		return s + "bits that must be zero are not"
	case CodeTLV:
		s += "the optional data cannot be read"
		if e.Err != nil {
			s += ": " + e.Err.Error()
		}
		return s
	}
	return s + "not a setup code"
}

func (e *CodeError) characterText() string {
	s := "the code has " + strconv.QuoteRune(rune(e.Got))
	if e.Position > 0 {
		s += " at position " + strconv.Itoa(e.Position)
	}
	switch e.Form {
	case FormManual:
		return s + "; a manual code has digits only"
	case FormQR:
		return s + "; a QR text has capitals, digits, '-' and '.' only"
	}
	return s + "; a setup code is 11 or 21 digits, or begins with MT: in capitals"
}

func (e *CodeError) lengthText() string {
	if e.Got == 0 && e.Part == 0 && e.Form == FormUnknown {
		return "the code is empty"
	}
	unit := " characters"
	if e.Form == FormManual {
		unit = " digits"
	}
	word := "too short: "
	if e.Got > e.Want {
		word = "too long: "
	}
	if e.Got == e.Want {
		return "the text ends within a group of characters"
	}
	return word + strconv.Itoa(e.Got) + " of " + strconv.Itoa(e.Want) + unit
}

func (e *CodeError) checkDigitText() string {
	s := "the check digit does not fit: a digit is wrong or two are swapped"
	switch {
	case len(e.Groups) == 0:
		return s + "; no single slip explains it, compare every digit"
	case len(e.Likely) > 0 && len(e.Likely) < groupCount(e.Want):
		return s + "; look first at " + groupList(e.Likely) + e.elsewhereText()
	case len(e.Groups) < groupCount(e.Want):
		return s + "; a single slip can only be in " + groupList(e.Groups)
	}
	return s + "; it can be in any group"
}

// elsewhereText completes a sentence that has named the likely groups.
func (e *CodeError) elsewhereText() string {
	var rest []int
	for _, g := range e.Groups {
		if !slices.Contains(e.Likely, g) {
			rest = append(rest, g)
		}
	}
	if len(rest) == 0 {
		return ""
	}
	return ", then at " + groupList(rest)
}

func (e *CodeError) groupsText() string {
	if len(e.Groups) == 0 {
		return ""
	}
	return "; see " + groupList(e.Groups)
}

// groupCount is how many groups a manual code of that many digits is drawn in.
func groupCount(digits int) int {
	if digits > shortCodeDigits {
		return 5
	}
	return 3
}

// groupList writes "group 1", "groups 1 and 2", "groups 1, 2 and 3".
func groupList(groups []int) string {
	s := "group "
	if len(groups) > 1 {
		s = "groups "
	}
	for i, g := range groups {
		switch {
		case i > 0 && i == len(groups)-1:
			s += " and "
		case i > 0:
			s += ", "
		}
		s += strconv.Itoa(g)
	}
	return s
}
