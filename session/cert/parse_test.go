package cert

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session/tlv"
)

// wantParse checks that err is a ParseError whose text has these words.
func wantParse(t *testing.T, what string, err error, words string) {
	t.Helper()
	var e *ParseError
	if !errors.As(err, &e) || !strings.Contains(e.Error(), words) {
		t.Errorf("%s: got %v, want a ParseError of %q", what, err, words)
	}
}

// bothWays parses c as TLV and as DER. The signature is not looked at.
func bothWays(c *Certificate) (fromTLV, fromDER error) {
	_, fromTLV = ParseTLV(c.AppendTLV(nil))
	_, fromDER = ParseDER(c.AppendDER(nil))
	return fromTLV, fromDER
}

// What has a form in neither TLV nor X.509, by name.
func TestParseRefusesBothWays(t *testing.T) {
	for _, v := range []struct {
		name   string
		change func(*Certificate)
		words  string
	}{
		{"SerialEmpty", func(c *Certificate) { c.Serial = nil }, ""},
		{"SerialNegative", func(c *Certificate) { c.Serial = []byte{0x80} }, "negative serial"},
		{"SerialNotMinimal", func(c *Certificate) { c.Serial = []byte{0, 0x7F} }, "redundant octet"},
		{"SerialNotMinimalNegative", func(c *Certificate) { c.Serial = []byte{0xFF, 0x80} }, "negative serial"},
		{"SerialTooLong", func(c *Certificate) { c.Serial = append([]byte{1}, make([]byte, 20)...) }, "more than 20 octets"},
		{"SixAttributes", func(c *Certificate) {
			c.Subject = make(Name, 6)
			for i := range c.Subject {
				c.Subject[i].Type = CommonName
			}
		}, "got 6 attributes, want at most 5"},
		{"PrintableStringOfOthers", func(c *Certificate) { c.Issuer = Name{{Type: CommonName | Printable, Text: "a*b"}} }, "PrintableString"},
		{"DomainComponentOfOthers", func(c *Certificate) { c.Issuer = Name{{Type: DomainComponent, Text: "ä"}} }, "IA5String"},
		{"TextThatIsNotUTF8", func(c *Certificate) { c.Issuer = Name{{Type: CommonName, Text: "\xFF"}} }, ""},
		{"ExtensionTwice", func(c *Certificate) { c.Extensions = append(c.Extensions, c.Extensions[1]) }, "an extension twice"},
		{"UnknownExtensionTwice", func(c *Certificate) { c.Extensions = append(c.Extensions, foreign(false), foreign(false)) }, "an extension twice"},
		{"KeyPurposeNone", func(c *Certificate) { c.find(ExtendedKeyUsage).Purposes = nil }, ""},
		{"PublicKeyCompressed", func(c *Certificate) { c.PublicKey[0] = 2 }, "uncompressed point"},
	} {
		t.Run(v.name, func(t *testing.T) {
			c := newForge(t).noc
			v.change(c)
			fromTLV, fromDER := bothWays(c)
			if fromTLV == nil || fromDER == nil {
				t.Fatalf("accepted: TLV %v, DER %v", fromTLV, fromDER)
			}
			if v.words != "" {
				wantParse(t, "TLV", fromTLV, v.words)
				wantParse(t, "DER", fromDER, v.words)
			}
		})
	}
}

// members is a certificate in TLV that can be written wrongly.
func members(c *Certificate, replace func(w *tlv.Writer, n int, raw []byte) bool) []byte {
	r := tlv.NewReader(c.AppendTLV(nil))
	w := tlv.NewWriter(nil)
	w.Struct(tlv.Anonymous)
	r.Next()
	r.Enter(tlv.Struct)
	for r.Next() {
		n, _ := r.Tag().ContextNumber()
		if raw := r.Raw(); !replace(w, int(n), raw) {
			w.Raw(r.Tag(), raw)
		}
	}
	w.End()
	return w.Octets()
}

func TestTLVRefused(t *testing.T) {
	c := newForge(t).noc
	type replace = func(w *tlv.Writer, n int, raw []byte) bool
	number := func(tag int, v uint64) replace {
		return func(w *tlv.Writer, n int, raw []byte) bool {
			if n == tag {
				w.Uint(tlv.Context(uint8(tag)), v)
			}
			return n == tag
		}
	}
	extension := func(write func(w *tlv.Writer)) replace {
		return func(w *tlv.Writer, n int, raw []byte) bool {
			if n == tagExtensions {
				w.List(tlv.Context(tagExtensions))
				write(w)
				w.End()
			}
			return n == tagExtensions
		}
	}
	subject := func(write func(w *tlv.Writer)) replace {
		return func(w *tlv.Writer, n int, raw []byte) bool {
			if n == tagSubject {
				w.List(tlv.Context(tagSubject))
				write(w)
				w.End()
			}
			return n == tagSubject
		}
	}
	standard := (&Extension{Kind: BasicConstraints, IsCA: true}).appendDER(nil)
	for name, v := range map[string]struct {
		replace replace
		words   string // "": any error
	}{
		"signature algorithm 2":         {number(tagSignatureAlgorithm, 2), "signature algorithm: unknown"},
		"public key algorithm 2":        {number(tagKeyAlgorithm, 2), "public key algorithm: unknown"},
		"curve 2":                       {number(tagCurve, 2), "curve: unknown"},
		"time of more than 32 bits":     {number(tagNotBefore, 1<<32), ""},
		"unknown extension":             {extension(func(w *tlv.Writer) { w.Bytes(tlv.Context(7), nil) }), "unknown extension 7"},
		"extension without context tag": {extension(func(w *tlv.Writer) { w.Bytes(tlv.Anonymous, nil) }), "without a context tag"},
		"key usage of 10 bits":          {extension(func(w *tlv.Writer) { w.Uint(tlv.Context(2), 1<<9) }), "unknown key usage"},
		"purpose 0":                     {extension(func(w *tlv.Writer) { w.Array(tlv.Context(3)); w.Uint(tlv.Anonymous, 0); w.End() }), "unknown key purpose 0"},
		"purpose 7":                     {extension(func(w *tlv.Writer) { w.Array(tlv.Context(3)); w.Uint(tlv.Anonymous, 7); w.End() }), "unknown key purpose 7"},
		"key ID of 19":                  {extension(func(w *tlv.Writer) { w.Bytes(tlv.Context(4), make([]byte, 19)) }), ""},
		"basic constraints without CA":  {extension(func(w *tlv.Writer) { w.Struct(tlv.Context(1)); w.End() }), ""},
		"path length 128": {extension(func(w *tlv.Writer) {
			w.Struct(tlv.Context(1))
			w.Bool(tlv.Context(1), true)
			w.Uint(tlv.Context(2), 128)
			w.End()
		}), "path length over 127"},
		"malformed extension":                {extension(func(w *tlv.Writer) { w.Bytes(tlv.Context(6), []byte{0x30, 1}) }), "malformed extension"},
		"standard extension in foreign form": {extension(func(w *tlv.Writer) { w.Bytes(tlv.Context(6), standard) }), "foreign form"},
		"unknown attribute":                  {subject(func(w *tlv.Writer) { w.String(tlv.Context(24), "") }), "unknown attribute 24"},
		"attribute 0":                        {subject(func(w *tlv.Writer) { w.String(tlv.Context(0), "") }), "unknown attribute 0"},
		"printable number":                   {subject(func(w *tlv.Writer) { w.String(tlv.Context(128+17), "") }), "unknown attribute 145"},
		"attribute without a tag":            {subject(func(w *tlv.Writer) { w.String(tlv.Anonymous, "") }), "not a distinguished name"},
		"CAT of more than 32 bits":           {subject(func(w *tlv.Writer) { w.Uint(tlv.Context(22), 1<<32) }), "more than 32 bits"},
		"node ID as text":                    {subject(func(w *tlv.Writer) { w.String(tlv.Context(17), "0") }), ""},
		"a name of hundreds": {subject(func(w *tlv.Writer) {
			for range 20 {
				w.Uint(tlv.Context(17), 1)
			}
		}), "not a distinguished name"},
		"a member twice": {func(w *tlv.Writer, n int, raw []byte) bool {
			if n == tagSerial {
				w.Raw(tlv.Context(tagSerial), raw)
			}
			return false
		}, ""},
		"members out of order": {func(w *tlv.Writer, n int, raw []byte) bool {
			if n == tagNotBefore {
				w.Uint(tlv.Context(tagNotAfter), uint64(c.NotAfter))
				w.Uint(tlv.Context(tagNotBefore), uint64(c.NotBefore))
			}
			return n == tagNotBefore || n == tagNotAfter
		}, "out of order"},
	} {
		_, err := ParseTLV(members(c, v.replace))
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if v.words != "" {
			wantParse(t, name, err, v.words)
		}
	}
	for n := tagSerial; n <= tagSignature; n++ {
		_, err := ParseTLV(members(c, func(w *tlv.Writer, m int, raw []byte) bool { return m == n }))
		var e *tlv.MemberError
		if !errors.As(err, &e) || e.Duplicate || e.Tag != tlv.Context(uint8(n)) {
			t.Errorf("without member %d: got %v", n, err)
		}
	}
	w := tlv.NewWriter(nil)
	w.Raw(tlv.Context(1), c.AppendTLV(nil))
	_, err := ParseTLV(w.Octets())
	wantParse(t, "tagged structure", err, "structure with a tag")
}

// Unknown members of the outer structure are skipped, whatever they hold, and
// the octets stay as they were received.
func TestField_F11_UnknownMembersOfACertificate(t *testing.T) {
	f := newForge(t)
	b := members(f.noc, func(w *tlv.Writer, n int, raw []byte) bool {
		if n == tagNotAfter {
			w.List(tlv.Context(0x20))
			w.List(tlv.Anonymous)
			w.Uint(tlv.Context(4), 1)
			w.End()
			w.End()
		}
		return false
	})
	c, err := ParseTLV(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.AppendTLV(nil), b) {
		t.Error("the octets are not those received")
	}
	if err := VerifyChain(c, f.icac, f.root, testNow); err != nil {
		t.Error(err)
	}
	for n := range b {
		if _, err := ParseTLV(b[:n]); !errors.Is(err, tlv.ErrTruncated) {
			t.Errorf("%d of %d octets: got %v", n, len(b), err)
		}
	}
	if _, err := ParseTLV(append(b[:len(b):len(b)], 0x18)); err == nil {
		t.Error("accepted with an octet appended")
	}
}

func TestTLVOver400Octets(t *testing.T) {
	c := newForge(t).noc
	grow := func(size int) []byte {
		c.Issuer = Name{{Type: CommonName}}
		for len(c.AppendTLV(nil)) < size {
			c.Issuer[0].Text += "x"
		}
		return c.AppendTLV(nil)
	}
	if _, err := ParseTLV(grow(MaxTLVSize)); err != nil {
		t.Errorf("%d octets: %v", MaxTLVSize, err)
	}
	_, err := ParseTLV(grow(MaxTLVSize + 1))
	var e *SizeError
	if !errors.As(err, &e) || e.Got != 401 || e.Max != 400 {
		t.Errorf("got %v, want a SizeError", err)
	}
	if got, want := err.Error(), "cert: Matter TLV: got 401 octets, want at most 400"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// Its DER may be of an allowed size and its TLV not.
	big := foreign(false)
	big.DER = replaceOnce(t, big.DER, "\x04\x03\x01\x02\x03", string(appendDER(nil, derOctetString, make([]byte, 300))))
	c = newForgeOnce(t)
	c.Issuer, c.Subject, c.Extensions = nil, nil, []Extension{big}
	_, err = ParseDER(c.AppendDER(nil))
	if !errors.As(err, &e) || e.Max != 400 {
		t.Errorf("got %v, want a SizeError", err)
	}
}

func TestDEROver600Octets(t *testing.T) {
	c := newForge(t).noc
	c.Issuer = Name{{Type: CommonName}}
	for len(c.AppendDER(nil)) <= MaxDERSize {
		c.Issuer[0].Text += "x"
	}
	var e *SizeError
	if _, err := ParseDER(c.AppendDER(nil)); !errors.As(err, &e) || e.Got != 601 || e.Max != 600 {
		t.Errorf("got %v, want a SizeError", err)
	}
	if _, err := ParseAttestation(c.AppendDER(nil)); !errors.As(err, &e) || e.Max != 600 {
		t.Errorf("got %v, want a SizeError", err)
	}
}

// replaceOnce replaces the one place of old in b and mends the lengths around
// it, which must stay below 64 KiB.
func replaceOnce(t *testing.T, b []byte, old, new string) []byte {
	t.Helper()
	if bytes.Count(b, []byte(old)) != 1 {
		t.Fatalf("%x is %d times in %x", old, bytes.Count(b, []byte(old)), b)
	}
	return replaceIn(t, b, bytes.Index(b, []byte(old)), old, new)
}

func replaceIn(t *testing.T, b []byte, at int, old, new string) []byte {
	t.Helper()
	var out []byte
	for d := (der{b: b}); len(d.b) > 0; {
		start := len(b) - len(d.b)
		tag, content, whole := d.next()
		if d.bad {
			t.Fatalf("malformed: %x", b)
		}
		head := start + len(whole) - len(content)
		switch end := start + len(whole); {
		case start == at:
			rest := b[at+len(old):]
			return append(append(out, new...), rest...)
		case at >= head && at < end:
			out = appendDER(out, tag, replaceIn(t, content, at-head, old, new))
		default:
			out = append(out, whole...)
		}
	}
	return out
}

// DER that is a certificate of X.509, but not one that Matter can express.
func TestDERRefused(t *testing.T) {
	_, ders := specification(t)
	noc := ders["noc"]
	const (
		basic    = "\x30\x0c\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00"
		keyUsage = "\x30\x0e\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x07\x80"
		node     = "\x06\x0a\x2b\x06\x01\x04\x01\x82\xa2\x7c\x01\x01\x0c\x10DEDEDEDE00010001"
		purposes = "\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"
	)
	for name, v := range map[string]struct{ old, new, words string }{
		"version 2":                   {"\xa0\x03\x02\x01\x02", "\xa0\x03\x02\x01\x01", "version"},
		"no version":                  {"\xa0\x03\x02\x01\x02", "", "version"},
		"critical FALSE written":      {basic, "\x30\x0c\x06\x03\x55\x1d\x13\x01\x01\x00\x04\x02\x30\x00", "malformed"},
		"not critical":                {basic, "\x30\x09\x06\x03\x55\x1d\x13\x04\x02\x30\x00", "not in the form that Matter signs"},
		"CA FALSE written":            {basic, "\x30\x0f\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x05\x30\x03\x01\x01\x00", "cannot express"},
		"basic constraints and more":  {basic, "\x30\x0e\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x04\x30\x00\x05\x00", "cannot express"},
		"negative path length":        {basic, "\x30\x0f\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x05\x30\x03\x02\x01\xff", "cannot express"},
		"key usage not minimal":       {keyUsage, "\x30\x0e\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x00\x80", "cannot express"},
		"key usage with an octet 00":  {keyUsage, "\x30\x0f\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x05\x03\x03\x00\x80\x00", "cannot express"},
		"key usage of 10 bits":        {keyUsage, "\x30\x0f\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x05\x03\x03\x06\x80\x40", "cannot express"},
		"key usage of 8 spare bits":   {keyUsage, "\x30\x0e\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x08\x80", "cannot express"},
		"key usage without octets":    {keyUsage, "\x30\x0c\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x02\x03\x00", "cannot express"},
		"unknown purpose":             {purposes, "\x30\x04\x06\x02\x2a\x03", "cannot express"},
		"malformed purposes":          {purposes, "\x30\x02\x05\x00", "cannot express"},
		"node ID in lower case":       {node, strings.Replace(node, "DEDEDEDE", "dededede", 1), "16 upper-case"},
		"node ID of 15 digits":        {node, "\x06\x0a\x2b\x06\x01\x04\x01\x82\xa2\x7c\x01\x01\x0c\x0fDEDEDEDE0001000", "16 upper-case"},
		"node ID as PrintableString":  {node, strings.Replace(node, "\x0c\x10", "\x13\x10", 1), "16 upper-case"},
		"attribute of Matter unknown": {node, strings.Replace(node, "\x7c\x01\x01", "\x7c\x01\x08", 1), "does not know"},
		"attribute of others":         {node, "\x06\x03\x55\x04\x05\x16\x01x", "another type"},
		"attribute unknown":           {node, "\x06\x03\x55\x04\x63\x0c\x01x", "does not know"},
		"name with a null":            {node, node + "\x05\x00", "malformed distinguished name"},
		"subject that is a set":       {"\x31\x20\x30\x1e" + node, "\x05\x00", "malformed distinguished name"},
		"year 1999":                   {"\x17\x0d201015142343Z", "\x17\x0d991015142343Z", "validity"},
		"2040 as GeneralizedTime":     {"\x17\x0d401015142342Z", "\x18\x0f20401015142342Z", "not in the form that Matter signs"},
		"UTCTime without seconds":     {"\x17\x0d401015142342Z", "\x17\x0b4010151423Z", "validity"},
		"key of another algorithm":    {"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", "\x06\x07\x2a\x86\x48\xce\x3d\x02\x02", "public key"},
		"key of another curve":        {"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", "\x06\x05\x2b\x81\x04\x00\x22", "public key"},
	} {
		_, err := ParseDER(replaceOnce(t, noc, v.old, v.new))
		wantParse(t, name, err, v.words)
	}
	aki := string(appendDER(nil, derContext, newNOCKey(t, noc)))
	full := replaceOnce(t, noc, aki, aki+"\x82\x01\x05")
	_, err := ParseDER(full)
	wantParse(t, "authority key ID with a serial", err, "cannot express")
	c, err := ParseDER(noc)
	if err != nil {
		t.Fatal(err)
	}
	whole := der{b: c.AppendTBS(nil)}
	_, err = ParseDER(appendSigned(nil, appendDER(nil, derSequence, append(whole.take(derSequence), 0x05, 0)), &c.Signature))
	wantParse(t, "an element behind the extensions", err, "extensions: malformed")
	algorithm := "\x06\x08" + oidECDSAWithSHA256
	other := "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"
	inner := bytes.Index(noc, []byte(algorithm))
	_, err = ParseDER(replaceIn(t, noc, inner, algorithm, other))
	wantParse(t, "inner algorithm", err, "signature: not ECDSA with SHA-256")
	outer := bytes.LastIndex(noc, []byte(algorithm))
	_, err = ParseDER(replaceIn(t, noc, outer, algorithm, other))
	wantParse(t, "outer algorithm", err, "not one signed by ECDSA")
}

// newNOCKey returns the authority key ID of a certificate in DER.
func newNOCKey(t *testing.T, der []byte) []byte {
	t.Helper()
	c, err := ParseDER(der)
	if err != nil {
		t.Fatal(err)
	}
	return c.AuthorityKeyID()
}

// Serial numbers of raw random octets are not always a minimal INTEGER.
func TestField_F21_SerialNumbers(t *testing.T) {
	for _, lead := range []byte{0x00, 0x01, 0x7F, 0x80, 0xFF} {
		for _, next := range []byte{0x00, 0x01, 0x7F, 0x80, 0xFF} {
			for size := 1; size <= 23; size++ {
				serial := bytes.Repeat([]byte{0x5A}, size)
				serial[0] = lead
				if size > 1 {
					serial[1] = next
				}
				want := lead < 0x80 && (lead != 0 || size == 1 || next >= 0x80) && (size <= 20 || size == 21 && lead == 0)
				c := newForgeOnce(t)
				c.Serial = serial
				fromTLV, fromDER := bothWays(c)
				if (fromTLV == nil) != want || (fromDER == nil) != want {
					t.Errorf("%x: TLV %v, DER %v; want accepted %v", serial, fromTLV, fromDER, want)
				}
				if !want {
					continue
				}
				b := c.AppendTLV(nil)
				p, err := ParseTLV(b)
				if err != nil {
					t.Fatal(err)
				}
				if p, err = ParseDER(p.AppendDER(nil)); err != nil || !bytes.Equal(p.AppendTLV(nil), b) {
					t.Errorf("%x: TLV to DER to TLV: %v", serial, err)
				}
			}
		}
	}
}

var forged *Certificate

// newForgeOnce is the node's certificate of newForge, made once.
func newForgeOnce(t testing.TB) *Certificate {
	if forged == nil {
		forged = newForge(t).noc
	}
	c := *forged
	return &c
}

func TestNotBeforeZeroIsReadAsOthersReadIt(t *testing.T) {
	f := newForge(t)
	f.noc.NotBefore = 0
	f.sign()
	if !bytes.Contains(f.noc.AppendTBS(nil), []byte(noEndText)) {
		t.Error("not-before 0 is not the year 9999 in what is signed")
	}
	c, err := ParseDER(f.noc.AppendDER(nil))
	if err != nil || c.NotBefore != 0 {
		t.Fatalf("got %v", err)
	}
	if err := VerifyChain(c, f.icac, f.root, testNow); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	var all Name
	for i := AttributeType(1); i <= DomainComponent; i++ {
		all = append(all, Attribute{Type: i, Text: "x"}, Attribute{Type: i | Printable, Text: "A z09'()+,-./:=?"})
	}
	for i := NodeID; i <= VVSID; i++ {
		all = append(all, Attribute{Type: i, Number: 0x89ABCDEF})
	}
	for i, a := range all {
		c := newForgeOnce(t)
		c.Subject = Name{a}
		back, err := ParseTLV(c.AppendTLV(nil))
		if err != nil || !reflect.DeepEqual(back.Subject, c.Subject) {
			t.Errorf("%d: TLV: got %v, %v", i, back, err)
			continue
		}
		back, err = ParseDER(c.AppendDER(nil))
		if err != nil || !back.Subject.Equal(c.Subject) {
			t.Errorf("%d: DER: %v", i, err)
			continue
		}
		if a.Type.IsNumber() {
			if got, ok := c.Subject.Number(a.Type); !ok || got != 0x89ABCDEF {
				t.Errorf("%d: got %x", i, got)
			}
		} else if got, ok := c.Subject.Text(a.Type &^ Printable); !ok || got != a.Text {
			t.Errorf("%d: got %q", i, got)
		}
		if !strings.Contains(c.Subject.String(), "=") || strings.HasPrefix(c.Subject.String(), "=") {
			t.Errorf("%d: got %q", i, c.Subject)
		}
	}
	n := NodeName(10, 0xFAB, 0x00010002)
	if got, want := n.String(), "node=000000000000000A, fabric=0000000000000FAB, CAT=00010002"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, ok := n.Number(RootID); ok {
		t.Error("a root ID in a node's name")
	}
	if _, ok := n.Text(CommonName); ok {
		t.Error("a common name in a node's name")
	}
	if n.Equal(n[:2]) || n.Equal(NodeName(10, 0xFAB, 0x00010003)) || !n.Equal(NodeName(10, 0xFAB, 0x00010002)) {
		t.Error("Equal")
	}
}
