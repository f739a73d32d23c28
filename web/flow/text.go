package flow

import (
	"strings"
	"unicode/utf8"
)

// Texts and lists that come from a device, or through it, are bounded here: a
// hostile one must neither fill the memory nor disturb what a person reads.
const (
	maxName       = 64 // characters of a name
	maxLabel      = 64
	maxURL        = 256
	maxTechnical  = 400
	maxCopied     = 400 // octets
	maxID         = 128 // octets of an ID that only the host understands
	maxCandidates = 32
	maxCameras    = 16
	maxNetworks   = 64
	maxScanned    = 256 // access points that are looked at
	maxStored     = 32
	maxFindings   = 16
	maxEndpoints  = 32
	maxTypes      = 8
	maxNodes      = 256
	maxPayloads   = 16
	maxTexts      = 16 // codes in one picture
	maxMarks      = 4  // combining marks on one letter
)

// clean makes a text safe to show: no control characters, none that turn the
// direction of writing around, no more than limit characters. Text that is cut
// ends with an ellipsis.
func clean(text string, limit int) string {
	var b strings.Builder
	n, marks := 0, 0
	for _, r := range text {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r == 0x2028 || r == 0x2029:
			r = ' '
		case invisible(r):
			continue
		}
		if combining(r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		if n == limit {
			cut := b.String()
			_, last := utf8.DecodeLastRuneInString(cut)
			return strings.TrimSpace(cut[:len(cut)-last]) + "…"
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}

// invisible reports whether r is a control character, one that changes the
// direction of text, or one that shows nothing. Joiners stay: emoji need them.
func invisible(r rune) bool {
	switch {
	case r < 0x20, 0x7F <= r && r < 0xA0, // C0, C1
		r == 0xAD, r == 0x61C, r == 0x180E, r == 0x200B, r == 0x200E, r == 0x200F,
		0x202A <= r && r <= 0x202E, 0x2060 <= r && r <= 0x206F,
		r == 0xFEFF, 0xFFF9 <= r && r <= 0xFFFB, 0xE0000 <= r && r <= 0xE007F:
		return true
	}
	return false
}

func combining(r rune) bool {
	switch {
	case 0x300 <= r && r <= 0x36F, 0x483 <= r && r <= 0x489, 0x1AB0 <= r && r <= 0x1AFF,
		0x1DC0 <= r && r <= 0x1DFF, 0x20D0 <= r && r <= 0x20FF, 0xFE20 <= r && r <= 0xFE2F,
		0x591 <= r && r <= 0x5BD, 0x64B <= r && r <= 0x65F, // Hebrew, Arabic
		0xE34 <= r && r <= 0xE3A, 0xE47 <= r && r <= 0xE4E, 0xEB4 <= r && r <= 0xEBC, 0xEC8 <= r && r <= 0xECE: // Thai, Lao
		return true
	}
	return false
}

const hexDigits = "0123456789ABCDEF"

func hexText(octets []byte) string {
	b := make([]byte, 0, 2*len(octets))
	for _, o := range octets {
		b = append(b, hexDigits[o>>4], hexDigits[o&15])
	}
	return string(b)
}

func hexValue(r rune) (byte, bool) {
	switch {
	case '0' <= r && r <= '9':
		return byte(r - '0'), true
	case 'a' <= r && r <= 'f':
		return byte(r-'a') + 10, true
	case 'A' <= r && r <= 'F':
		return byte(r-'A') + 10, true
	}
	return 0, false
}

// head returns the beginning of list, at most limit elements.
func head[T any](list []T, limit int) []T { return list[:min(len(list), limit)] }
