package cert

import (
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// template is a node's, under the forge's ICAC.
func (f *forge) template() Template {
	return Template{
		Role: RoleNode, Serial: []byte{1, 2, 3, 4, 5, 6, 7, 8}, Subject: NodeName(1, 0xFAB),
		NotBefore: testBegin, NotAfter: testEnd, PublicKey: f.nocKey.PublicKey(), Issuer: f.icac,
	}
}

func TestIssueRefuses(t *testing.T) {
	f := newForge(t)
	for name, v := range map[string]struct {
		change func(*Template)
		words  string
	}{
		"NotBeforeZero":          {func(t *Template) { t.NotBefore = 0 }, "not-before 0"},
		"SerialZero":             {func(t *Template) { t.Serial = []byte{0} }, "serial number 0"},
		"SerialEmpty":            {func(t *Template) { t.Serial = nil }, "empty serial"},
		"SerialNegative":         {func(t *Template) { t.Serial = []byte{0x80} }, "negative serial"},
		"SerialNotMinimal":       {func(t *Template) { t.Serial = []byte{0, 1} }, "redundant octet"},
		"SerialOf21Octets":       {func(t *Template) { t.Serial = append([]byte{0, 0xFF}, make([]byte, 19)...) }, "more than 20"},
		"EndsBeforeItBegins":     {func(t *Template) { t.NotAfter = t.NotBefore }, "ends before"},
		"BeginsBeforeItsIssuer":  {func(t *Template) { t.NotBefore-- }, "begins before its issuer"},
		"EndsAfterItsIssuer":     {func(t *Template) { t.NotAfter++ }, "ends after its issuer"},
		"NoEndUnderOneWithAnEnd": {func(t *Template) { t.NotAfter = 0 }, "ends after its issuer"},
		"NoRole":                 {func(t *Template) { t.Role = 0 }, "unknown role"},
		"UnknownRole":            {func(t *Template) { t.Role = 4 }, "unknown role"},
		"RootWithIssuer":         {func(t *Template) { t.Role = RoleRoot }, "a root issues itself"},
		"NodeWithoutIssuer":      {func(t *Template) { t.Issuer = nil }, "a root issues itself"},
		"IssuerThatIsNoCA":       {func(t *Template) { t.Issuer = f.noc }, "no authority"},
		"IssuerWithoutKeyID": {func(t *Template) {
			c := *f.icac
			c.remove(SubjectKeyID)
			t.Issuer = &c
		}, "no subject key ID"},
		"ICACUnderICAC":      {func(t *Template) { t.Role, t.Subject = RoleICAC, ICACName(9, 0) }, "issues no other"},
		"MalformedSubject":   {func(t *Template) { t.Subject = Name{{Type: 99}} }, "unknown attribute"},
		"SubjectOfOtherRole": {func(t *Template) { t.Subject = ICACName(1, 0xFAB) }, "node ID is missing"},
		"CATOfVersionZero":   {func(t *Template) { t.Subject = NodeName(1, 0xFAB, 0x10000) }, "CASE authenticated tags"},
		"AnotherFabric":      {func(t *Template) { t.Subject = NodeName(1, 0xFAC) }, "fabric ID"},
		"PublicKeyOffCurve":  {func(t *Template) { t.PublicKey[64] ^= 1 }, "not a point"},
		"TooLarge": {func(t *Template) {
			t.Subject = append(NodeName(1, 0xFAB), Attribute{Type: CommonName, Text: strings.Repeat("x", 150)})
		}, "at most 400"},
	} {
		template := f.template()
		v.change(&template)
		c, err := Issue(template, signWith(f.icacKey))
		if c != nil || err == nil || !strings.Contains(err.Error(), v.words) {
			t.Errorf("%s: got %v, want %q", name, err, v.words)
		}
	}
	broken := errors.New("broken")
	if _, err := Issue(f.template(), func([]byte) ([64]byte, error) { return [64]byte{}, broken }); err != broken {
		t.Errorf("got %v, want the signer's error", err)
	}
	_, err := Issue(f.template(), signWith(f.rootKey))
	wantChain(t, "signed by another key", err, RoleNode, ReasonSignature)
}

func TestDERSizeOfWhatIsIssued(t *testing.T) {
	f := newForge(t)
	template := f.template()
	// With many attributes the DER grows past its limit first.
	template.Subject = NodeName(1, 0xFAB, 0x10001, 0x20001, 0x30001)
	f.icac.Subject = Name{
		{Type: ICACID, Number: 1 << 63},
		{Type: CommonName}, {Type: DomainComponent, Text: "x"},
	}
	var e *SizeError
	for {
		c, err := Issue(template, signWith(f.icacKey))
		if errors.As(err, &e) {
			if e.Format != formatX509 || e.Got != 601 {
				t.Errorf("got %v, want one octet of X.509 too many", err)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n := len(c.AppendDER(nil)); n > MaxDERSize {
			t.Fatalf("issued with %d octets", n)
		}
		f.icac.Subject[1].Text += "x"
	}
}

func TestSerials(t *testing.T) {
	for _, fill := range []byte{0x00, 0x7F, 0x80, 0xFF} {
		serial, err := NewSerial(bytes.NewReader(bytes.Repeat([]byte{fill}, 16)))
		if err != nil || len(serial) != 16 || serial[0] < 0x40 || serial[0] > 0x7F || checkSerial(serial) != "" {
			t.Errorf("%02x: got %x, %v", fill, serial, err)
		}
	}
	if _, err := NewSerial(bytes.NewReader(make([]byte, 15))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("short randomness: got %v", err)
	}
}

// An authority issued certificates with not-before 0, which others rebuild as
// the year 9999: its own check passed and theirs failed. No not-before 0 is
// issued, no path length stands in a root, and what is issued is verified by
// another implementation, from its DER.
func TestField_F20_IssuedChainsVerifiedByAnotherImplementation(t *testing.T) {
	f := newForge(t)
	if f.root.find(BasicConstraints).HasPathLength {
		t.Error("a path length in the root")
	}
	forever, err := Issue(Template{
		Role: RoleRoot, Serial: []byte{1}, Subject: RootName(1, 0), NotBefore: 1, PublicKey: f.rootKey.PublicKey(),
	}, signWith(f.rootKey))
	if err != nil {
		t.Fatal(err)
	}
	late, err := Issue(Template{
		Role: RoleNode, Serial: []byte{2}, Subject: NodeName(1, 1, 0x10001, 0x20002), NotBefore: utcTimeEnd - 1, NotAfter: utcTimeEnd,
		PublicKey: f.nocKey.PublicKey(), Issuer: forever,
	}, signWith(f.rootKey))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		noc, icac, root *Certificate
		at              Time
	}{
		{f.noc, f.icac, f.root, testNow},
		{late, nil, forever, utcTimeEnd},
	} {
		parse := func(c *Certificate) *x509.Certificate {
			p, err := x509.ParseCertificate(c.AppendDER(nil))
			if err != nil {
				t.Fatal(err)
			}
			// Critical, and understood by it: nothing may be left.
			if len(p.UnhandledCriticalExtensions) > 0 {
				t.Errorf("unhandled: %v", p.UnhandledCriticalExtensions)
			}
			return p
		}
		roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
		roots.AddCert(parse(v.root))
		if v.icac != nil {
			intermediates.AddCert(parse(v.icac))
		}
		options := x509.VerifyOptions{
			Roots: roots, Intermediates: intermediates,
			CurrentTime: time.Date(2000, 1, 1, 0, 0, int(v.at), 0, time.UTC),
		}
		for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} {
			options.KeyUsages = []x509.ExtKeyUsage{usage}
			if _, err := parse(v.noc).Verify(options); err != nil {
				t.Error(err)
			}
		}
		root := parse(v.root)
		if err := root.CheckSignatureFrom(root); err != nil {
			t.Error(err)
		}
		options.CurrentTime = options.CurrentTime.Add(400 * 24 * time.Hour)
		if _, err := parse(v.noc).Verify(options); err == nil {
			t.Error("valid after its end")
		}
		if err := VerifyChain(v.noc, v.icac, v.root, v.at); err != nil {
			t.Error(err)
		}
	}
	if got := x509Not(t, forever); !got.Equal(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)) {
		t.Errorf("not-after 0 is %v", got)
	}
}

func x509Not(t *testing.T, c *Certificate) time.Time {
	p, err := x509.ParseCertificate(c.AppendDER(nil))
	if err != nil {
		t.Fatal(err)
	}
	return p.NotAfter
}

// What was issued reads back the same in both forms.
func TestIssuedBothWays(t *testing.T) {
	f := newForge(t)
	for _, c := range []*Certificate{f.root, f.icac, f.noc} {
		b := c.AppendTLV(nil)
		p, err := ParseTLV(b)
		if err != nil {
			t.Fatal(err)
		}
		q, err := ParseDER(p.AppendDER(nil))
		if err != nil || !bytes.Equal(q.AppendTLV(nil), b) {
			t.Errorf("%v: %v", c.Subject, err)
		}
		if id := KeyID(&c.PublicKey); !bytes.Equal(c.SubjectKeyID(), id[:]) {
			t.Errorf("%v: subject key ID %x, want %x", c.Subject, c.SubjectKeyID(), id)
		}
	}
	if got := f.noc.CATs(); len(got) != 1 || got[0] != 0x00010002 {
		t.Errorf("CATs %x", got)
	}
	if !bytes.Equal(f.noc.AuthorityKeyID(), f.icac.SubjectKeyID()) || (&Certificate{}).SubjectKeyID() != nil || (&Certificate{}).IsCA() {
		t.Error("key identifiers")
	}
	if err := f.noc.VerifySignature(f.root); err == nil || err.Error() == "" {
		t.Error("signed by the root")
	}
}
