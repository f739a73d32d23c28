package commission

import (
	"slices"
	"strconv"

	"github.com/matter-session/matter-session/session"
)

// A Flow says what the user must do before the device can be commissioned.
type Flow uint8

// Flows. Matter Core §5.1.1.3.
const (
	FlowStandard   Flow = iota // nothing
	FlowUserIntent             // act on the device first: press its button
	FlowCustom                 // the maker's page or app comes first
)

// Discovery is the set of ways in which a device can be found; unknown bits are
// kept. Empty, as after a manual code, means: try everything.
type Discovery uint8

// Ways of discovery. Matter Core §5.1.1.4.
const (
	DiscoverySoftAP  Discovery = 1 << iota // obsolete
	DiscoveryBLE                           // Bluetooth Low Energy
	DiscoveryIP                            // on the IP network that it is on already
	DiscoveryWiFiPAF                       // Wi-Fi public action frames
	DiscoveryNFC
	DiscoveryThread
)

// A Payload is what a device's label says. Matter Core §5.1.
//
// It holds the passcode, so it prints as [redacted].
type Payload struct {
	VendorID, ProductID uint16 // 0: not stated, never compare it
	Flow                Flow
	Discovery           Discovery
	Discriminator       uint16 // 12 bits
	Short               bool   // only the upper 4 bits of Discriminator are known: the code was a manual one
	Passcode            uint32

	// TLV is the optional data of a QR code: one anonymous structure as it was
	// read, or nil. [ParseOptional] decodes it.
	TLV []byte
}

// String returns a fixed text: a payload is a secret.
func (Payload) String() string { return "[redacted]" }

// GoString returns the same.
func (Payload) GoString() string { return "[redacted]" }

// The largest values of the fields, and the identifiers that no device has.
const (
	maxDiscriminator = 0xFFF
	maxPasscode      = 99_999_999
	maxVendorID      = 0xFFF4 // the last one for tests; Matter Core §2.5.2
	maxFlow          = FlowCustom
)

// MatchesDiscriminator reports whether a device that announces this
// discriminator can be the one that p is the code of.
func (p Payload) MatchesDiscriminator(discriminator uint16) bool {
	if p.Short {
		return p.Discriminator>>8 == discriminator>>8
	}
	return p.Discriminator == discriminator
}

// MatchesProduct reports whether a device that announces these identifiers can
// be the one that p is the code of. A 0 on either side is not compared.
func (p Payload) MatchesProduct(vendor, product uint16) bool {
	return (p.VendorID == 0 || vendor == 0 || p.VendorID == vendor) &&
		(p.ProductID == 0 || product == 0 || p.ProductID == product)
}

// check returns what is wrong with the fields of p, or nil: consistency, ranges,
// passcode, in this order.
func (p *Payload) check() *CodeError {
	e := &CodeError{Got: -1, Want: -1}
	switch {
	case p.VendorID != 0 && p.ProductID == 0:
		// Product 0 is an announcement without identity, never a label's. Matter Core §2.5.3.
		e.Kind, e.Field = CodeInconsistent, "it names a vendor, but product 0"
	case p.VendorID > maxVendorID:
		e.Kind, e.Field, e.Got, e.Want = CodeRange, "vendor ID", int(p.VendorID), maxVendorID
	case p.Flow > maxFlow:
		e.Kind, e.Field, e.Got, e.Want = CodeRange, "commissioning flow", int(p.Flow), int(maxFlow)
	case p.Discriminator > maxDiscriminator:
		e.Kind, e.Field, e.Got, e.Want = CodeRange, "discriminator", int(p.Discriminator), maxDiscriminator
	case p.Passcode > maxPasscode:
		e.Kind, e.Field, e.Want = CodeRange, "passcode", maxPasscode-1
	default:
		err := session.CheckPasscode(p.Passcode)
		if err == nil {
			return nil
		}
		e.Kind, e.Err = CodePasscode, err
	}
	return e
}

// ParseCode reads a setup code in either form, as it was typed, pasted or
// scanned: several payloads only if it is a QR text that joins them. All errors
// are [*CodeError].
//
// In a manual code blanks and dashes of every kind are ignored and full-width
// digits are digits; in a QR text blanks are ignored, for a dash is a character
// there.
func ParseCode(text string) ([]Payload, error) {
	if CodeFormOf(text) == FormQR {
		return ParseQR(text)
	}
	p, err := ParseManual(text)
	if err != nil {
		return nil, err
	}
	return []Payload{p}, nil
}

// CodeFormOf says which form the beginning of text has, complete or not:
// [FormUnknown] if it has neither or is empty.
func CodeFormOf(text string) CodeForm {
	marks := strip(text, false)
	switch {
	case len(marks) >= len(qrPrefix) && startsQR(marks):
		return FormQR
	case len(marks) > 0 && digitOf(strip(text, true)) >= 0:
		return FormManual
	}
	return FormUnknown
}

// digitOf returns the value of the first of marks if it is a digit, else -1.
func digitOf(marks []mark) int {
	if len(marks) == 0 || marks[0].r < '0' || marks[0].r > '9' {
		return -1
	}
	return int(marks[0].r - '0')
}

// A mark is a character of a code and its place in the text as given, from 1.
type mark struct {
	r        rune
	position int
}

// strip drops blanks, and dashes if asked to, and folds full-width digits.
func strip(text string, dashes bool) []mark {
	marks := make([]mark, 0, len(text))
	position := 0
	for _, r := range text {
		position++
		switch {
		case isBlank(r), dashes && isDash(r):
			continue
		case '０' <= r && r <= '９':
			r += '0' - '０'
		}
		marks = append(marks, mark{r, position})
	}
	return marks
}

func isBlank(r rune) bool {
	switch {
	case r == ' ', '\t' <= r && r <= '\r', r == 0x85, r == 0xA0, r == 0x1680,
		0x2000 <= r && r <= 0x200D, // spaces by width, zero-width ones
		r == 0x2028, r == 0x2029, r == 0x202F, r == 0x205F, r == 0x2060, r == 0x3000, r == 0xFEFF:
		return true
	}
	return false
}

func isDash(r rune) bool {
	switch {
	case r == '-', r == 0xAD, // soft hyphen
		0x2010 <= r && r <= 0x2015, r == 0x2043, r == 0x2212,
		r == 0xFE58, r == 0xFE63, r == 0xFF0D:
		return true
	}
	return false
}

// Optional is the optional data of a QR code. Matter Core §5.1.5.
type Optional struct {
	Serial        string // at most 32 octets; a serial number that is a number is written in decimal
	Iterations    uint32 // with Salt, or 0
	Salt          []byte // 16..32 octets, or nil; aliases the input
	Devices       uint8  // how many devices share the code; 0: not stated
	TimeoutS      uint16 // how long commissioning may take; 0: not stated
	HasVendorData bool   // there are elements of the vendor's own
}

// ParseOptional decodes the optional data of a QR code ([Payload.TLV]). Reserved
// and vendor elements are skipped. A commissioner can do without: an error here
// need not stop it.
func ParseOptional(element []byte) (Optional, error) {
	var o Optional
	r, seen := openStruct(element)
	for r.Next() {
		switch n := r.Member(&seen); n {
		case 0:
			if r.Type() == typeUint {
				o.Serial = strconv.FormatUint(r.Uint64(), 10)
			} else {
				o.Serial = r.String(32)
			}
		case 1:
			o.Iterations = uint32(r.Uint(maxIterations))
		case 2:
			o.Salt = r.Bytes(16, 32)
		case 3:
			o.Devices = r.Uint8()
		case 4:
			o.TimeoutS = r.Uint16()
		default:
			o.HasVendorData = o.HasVendorData || n >= 0x80
		}
	}
	if seen.Has(1) != seen.Has(2) {
		r.Fail(errHalfPBKDF)
	}
	if seen.Has(1) && o.Iterations < minIterations || seen.Has(3) && o.Devices == 0 {
		r.Fail(session.ErrInvalid)
	}
	if err := r.Close(); err != nil {
		return Optional{}, err
	}
	return o, nil
}

// AppendTLV appends the optional data as one anonymous structure, to be put into
// [Payload.TLV].
func (o Optional) AppendTLV(dst []byte) []byte {
	w := newMessage(dst)
	if o.Serial != "" {
		w.String(ctx(0), o.Serial)
	}
	if o.Salt != nil {
		w.Uint(ctx(1), uint64(o.Iterations))
		w.Bytes(ctx(2), o.Salt)
	}
	if o.Devices != 0 {
		w.Uint(ctx(3), uint64(o.Devices))
	}
	if o.TimeoutS != 0 {
		w.Uint(ctx(4), uint64(o.TimeoutS))
	}
	w.End()
	return w.Octets()
}

// groupsOf returns the groups in which the digits at the given indices are drawn.
func groupsOf(indices ...int) []int {
	var groups []int
	for _, i := range indices {
		g := groupOf(i)
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	slices.Sort(groups)
	return groups
}
