package cert

import (
	"strconv"
	"unicode/utf8"

	"github.com/matter-session/matter-session/session/tlv"
)

// An AttributeType is the kind of an attribute of a distinguished name: its
// context tag in Matter TLV. Matter Core §6.5.6.
type AttributeType uint8

// The attributes that Matter gives a meaning to. Those from 17 on are numbers;
// the X.520 attributes, 1 to 16, are text.
const (
	CommonName         AttributeType = 1
	Organization       AttributeType = 7
	OrganizationalUnit AttributeType = 8
	DomainComponent    AttributeType = 16
	NodeID             AttributeType = 17
	FirmwareSigningID  AttributeType = 18
	ICACID             AttributeType = 19
	RootID             AttributeType = 20
	FabricID           AttributeType = 21
	CAT                AttributeType = 22 // CASE authenticated tag, 32 bits; up to three
	VVSID              AttributeType = 23 // vendor verification signer

	// Printable, added to a text attribute, says that its string is a
	// PrintableString in X.509, not a UTF8String.
	Printable AttributeType = 128
)

// MaxAttributes is how many attributes a name can have. Matter Core §6.5.6.
const MaxAttributes = 5

// IsNumber reports whether t is an attribute of Matter's own, a number.
func (t AttributeType) IsNumber() bool { return t >= NodeID && t <= VVSID }

func (t AttributeType) isText() bool { return t&^Printable >= 1 && t&^Printable <= DomainComponent }

// digits is how many hexadecimal digits a number has in X.509.
func (t AttributeType) digits() int {
	if t == CAT {
		return 8
	}
	return 16
}

// x520 are the last arcs of 2.5.4.n by attribute type; domainComponent's OID is
// of another kind.
var x520 = [DomainComponent]byte{0, 3, 4, 5, 6, 7, 8, 10, 11, 12, 41, 42, 43, 44, 46, 65}

// An Attribute is one attribute of a name.
type Attribute struct {
	Type   AttributeType
	Number uint64 // if Type.IsNumber
	Text   string // otherwise
}

// A Name is a distinguished name of an operational certificate. The order of
// its attributes is signed, and counts when names are compared.
type Name []Attribute

// RootName returns the subject of a root: its ID and, if not 0, its fabric's.
func RootName(id, fabric uint64) Name { return authorityName(RootID, id, fabric) }

// ICACName returns the subject of an intermediate authority.
func ICACName(id, fabric uint64) Name { return authorityName(ICACID, id, fabric) }

func authorityName(t AttributeType, id, fabric uint64) Name {
	n := Name{{Type: t, Number: id}}
	if fabric != 0 {
		n = append(n, Attribute{Type: FabricID, Number: fabric})
	}
	return n
}

// NodeName returns the subject of a node's certificate, with up to three CASE
// authenticated tags.
func NodeName(node, fabric uint64, cats ...uint32) Name {
	n := Name{{Type: NodeID, Number: node}, {Type: FabricID, Number: fabric}}
	for _, c := range cats {
		n = append(n, Attribute{Type: CAT, Number: uint64(c)})
	}
	return n
}

// Number returns the first attribute of a numeric type, and whether there is one.
func (n Name) Number(t AttributeType) (uint64, bool) {
	for _, a := range n {
		if a.Type == t {
			return a.Number, true
		}
	}
	return 0, false
}

// Text returns the first attribute of a text type, in either string type, and
// whether there is one.
func (n Name) Text(t AttributeType) (string, bool) {
	for _, a := range n {
		if a.Type&^Printable == t {
			return a.Text, true
		}
	}
	return "", false
}

// Equal reports whether the names are the same in every attribute and their order.
func (n Name) Equal(o Name) bool {
	if len(n) != len(o) {
		return false
	}
	for i := range n {
		if n[i] != o[i] {
			return false
		}
	}
	return true
}

// attributeNames are what String calls the attributes.
var attributeNames = [...]string{
	"", "CN", "SN", "serialNumber", "C", "L", "ST", "O", "OU", "title", "name", "GN", "initials", "generation",
	"dnQualifier", "pseudonym", "DC", "node", "firmware-signing", "ICAC", "root", "fabric", "CAT", "VVS",
}

// String returns the name for people to read: "node=000000000000000A, fabric=…".
func (n Name) String() string {
	var b []byte
	for i, a := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		if t := a.Type &^ Printable; int(t) < len(attributeNames) {
			b = append(b, attributeNames[t]...)
		}
		b = append(b, '=')
		if a.Type.IsNumber() {
			b = appendHexDigits(b, a.Number, a.Type.digits())
		} else {
			b = append(b, a.Text...)
		}
	}
	return string(b)
}

// check says what is wrong with the name in every form, or "".
func (n Name) check() string {
	if len(n) > MaxAttributes {
		return "got " + strconv.Itoa(len(n)) + " attributes, want at most " + strconv.Itoa(MaxAttributes)
	}
	for _, a := range n {
		switch {
		case a.Type.IsNumber():
			if a.Type == CAT && a.Number > 0xFFFFFFFF {
				return "CASE authenticated tag of more than 32 bits"
			}
		case !a.Type.isText():
			return "unknown attribute " + strconv.Itoa(int(a.Type))
		case a.Type&Printable != 0 && !isPrintable(a.Text):
			return "characters that no PrintableString has"
		case a.Type == DomainComponent && !isIA5(a.Text):
			return "characters that no IA5String has"
		case !utf8.ValidString(a.Text):
			return "text that is not UTF-8"
		}
	}
	return ""
}

func isIA5(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// isPrintable reports whether s is a PrintableString, X.680 §41.4.
func isPrintable(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		case c == ' ' || c == '\'' || c == '(' || c == ')' || c >= '+' && c <= '/' || c == ':' || c == '=' || c == '?':
		default:
			return false
		}
	}
	return true
}

func (n Name) appendTLV(w *tlv.Writer, tag tlv.Tag) {
	w.List(tag)
	for _, a := range n {
		if t := tlv.Context(uint8(a.Type)); a.Type.IsNumber() {
			w.Uint(t, a.Number)
		} else {
			w.String(t, a.Text)
		}
	}
	w.End()
}

// parseNameTLV reads the list that r stands on.
func parseNameTLV(r *tlv.Reader, part string) Name {
	var n Name
	r.Enter(tlv.List)
	for r.Next() {
		number, ok := r.Tag().ContextNumber()
		if !ok || len(n) > MaxAttributes {
			r.Fail(&ParseError{formatTLV, part, "not a distinguished name"})
			break
		}
		a := Attribute{Type: AttributeType(number)}
		if a.Type.IsNumber() {
			a.Number = r.Uint64()
		} else {
			a.Text = r.String(MaxTLVSize)
		}
		n = append(n, a)
	}
	r.Exit()
	if reason := n.check(); reason != "" {
		r.Fail(&ParseError{formatTLV, part, reason})
	}
	return n
}

func (n Name) appendDER(dst []byte) []byte {
	dst, name := beginDER(dst, derSequence)
	for _, a := range n {
		var set, pair, oid int
		dst, set = beginDER(dst, derSet)
		dst, pair = beginDER(dst, derSequence)
		dst, oid = beginDER(dst, derOID)
		switch t := a.Type &^ Printable; {
		case a.Type.IsNumber():
			dst = append(dst, oidMatter...)
			dst = append(dst, 1, byte(t-NodeID+1))
		case t == DomainComponent:
			dst = append(dst, oidDomainComponent...)
		default:
			dst = append(dst, oidX520...)
			dst = append(dst, x520[t])
		}
		dst = endDER(dst, oid)
		switch {
		case a.Type.IsNumber():
			dst = appendDERHead(dst, derUTF8, a.Type.digits())
			dst = appendHexDigits(dst, a.Number, a.Type.digits())
		case a.Type == DomainComponent:
			dst = appendDERString(dst, derIA5, a.Text)
		case a.Type&Printable != 0:
			dst = appendDERString(dst, derPrintable, a.Text)
		default:
			dst = appendDERString(dst, derUTF8, a.Text)
		}
		dst = endDER(dst, pair)
		dst = endDER(dst, set)
	}
	return endDER(dst, name)
}

// attribute consumes a RelativeDistinguishedName of one attribute.
func (d *der) attribute() (oid []byte, tag byte, value []byte) {
	set := d.enter(derSet)
	pair := set.enter(derSequence)
	oid = pair.take(derOID)
	tag, value, _ = pair.next()
	set.leave(&pair)
	d.leave(&set)
	return oid, tag, value
}

// parseNameDER reads the content of a Name that Matter TLV can express. The
// reason is "" if it can.
func parseNameDER(content []byte) (n Name, reason string) {
	for d := (der{b: content}); len(d.b) > 0; {
		oid, tag, value := d.attribute()
		if d.bad {
			return nil, "malformed distinguished name"
		}
		a := Attribute{Type: attributeType(oid)}
		switch {
		case a.Type == 0:
			return nil, "attribute that Matter does not know"
		case a.Type.IsNumber():
			number, ok := parseHexDigits(value, a.Type.digits())
			if !ok || tag != derUTF8 {
				return nil, "number that is not " + strconv.Itoa(a.Type.digits()) + " upper-case hexadecimal digits"
			}
			a.Number = number
		case tag == derPrintable:
			a.Type |= Printable
		case a.Type == DomainComponent && tag == derIA5, a.Type != DomainComponent && tag == derUTF8:
		default:
			return nil, "string of another type"
		}
		if !a.Type.IsNumber() {
			a.Text = string(value)
		}
		n = append(n, a)
	}
	return n, n.check()
}

// attributeType returns the type that an object identifier names, or 0.
func attributeType(oid []byte) AttributeType {
	last := len(oid) - 1
	switch {
	case string(oid) == oidDomainComponent:
		return DomainComponent
	case last == len(oidX520) && string(oid[:last]) == oidX520:
		for t, arc := range x520 {
			if t > 0 && arc == oid[last] {
				return AttributeType(t)
			}
		}
	case last == len(oidMatter)+1 && string(oid[:last]) == oidMatter+"\x01":
		if t := AttributeType(oid[last]) + NodeID - 1; oid[last] <= 7 && t.IsNumber() {
			return t
		}
	}
	return 0
}

const upperHex = "0123456789ABCDEF"

func appendHexDigits(dst []byte, v uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, upperHex[v>>(4*i)&15])
	}
	return dst
}

// parseHexDigits decodes exactly so many upper-case digits.
func parseHexDigits(b []byte, digits int) (v uint64, ok bool) {
	if len(b) != digits {
		return 0, false
	}
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		v = v<<4 | uint64(c)
	}
	return v, true
}
