package cert

// derVersion3 is the version of X.509 that has extensions.
const derVersion3 = "\xa0\x03\x02\x01\x02"

// x509Parts are those of a certificate of X.509 that is signed by ECDSA-SHA256 over P-256,
// as its octets stand. RFC 5280 §4.1.
type x509Parts struct {
	tbs                 []byte // whole
	serial              []byte
	issuer, subject     []byte // whole Names
	notBefore, notAfter int64  // seconds since 2000
	publicKey           [65]byte
	extensions          []byte // content of Extensions; empty if there are none
	signature           [64]byte
}

// parseX509 decodes b. It looks neither into names nor into extensions. The
// slices alias b.
func parseX509(b []byte) (x *x509Parts, err error) {
	if len(b) > MaxDERSize {
		return nil, &SizeError{formatX509, len(b), MaxDERSize}
	}
	x = new(x509Parts)
	var ok bool
	if x.tbs, x.signature, ok = parseSigned(b); !ok {
		return nil, &ParseError{formatX509, "certificate", "not one signed by ECDSA with SHA-256"}
	}
	whole := der{b: x.tbs}
	d := whole.enter(derSequence)
	version := d.whole(derExplicit)
	if string(version) != derVersion3 {
		return nil, &ParseError{formatX509, "version", "not 3"}
	}
	x.serial = d.take(derInteger)
	if reason := checkSerial(x.serial); reason != "" {
		return nil, &ParseError{formatX509, "serial number", reason}
	}
	if string(d.whole(derSequence)) != derSignatureAlgorithm {
		return nil, &ParseError{formatX509, "signature", "not ECDSA with SHA-256"}
	}
	x.issuer = d.whole(derSequence)
	validity := d.enter(derSequence)
	x.notBefore = validity.time()
	x.notAfter = validity.time()
	d.leave(&validity)
	x.subject = d.whole(derSequence)
	if d.bad {
		return nil, &ParseError{formatX509, "certificate", "malformed names or validity"}
	}
	x.publicKey = d.publicKey()
	if d.bad {
		return nil, &ParseError{formatX509, "public key", "not an uncompressed point of P-256"}
	}
	if len(d.b) > 0 {
		explicit := d.enter(derExplicit + 3)
		x.extensions = explicit.take(derSequence)
		d.leave(&explicit)
	}
	if whole.leave(&d); !whole.done() {
		return nil, &ParseError{formatX509, "extensions", "malformed"}
	}
	return x, nil
}

// ParseDER decodes an operational certificate in X.509. It accepts what has a
// form in Matter TLV, and nothing else: b is then exactly what AppendDER writes
// again.
//
// It returns a [SizeError] over [MaxDERSize] octets and a [ParseError]
// otherwise.
func ParseDER(b []byte) (*Certificate, error) {
	b = append([]byte(nil), b...)
	x, err := parseX509(b)
	if err != nil {
		return nil, err
	}
	c := &Certificate{Serial: x.serial, PublicKey: x.publicKey, Signature: x.signature}
	var reason string
	if c.Issuer, reason = parseNameDER(nameContent(x.issuer)); reason != "" {
		return nil, &ParseError{formatX509, "issuer", reason}
	}
	if c.Subject, reason = parseNameDER(nameContent(x.subject)); reason != "" {
		return nil, &ParseError{formatX509, "subject", reason}
	}
	var okBefore, okAfter bool
	c.NotBefore, okBefore = matterTime(x.notBefore)
	c.NotAfter, okAfter = matterTime(x.notAfter)
	if !okBefore || !okAfter {
		return nil, &ParseError{formatX509, "validity", "a time that Matter cannot express"}
	}
	for d := (der{b: x.extensions}); len(d.b) > 0; {
		h := d.extension()
		if d.bad {
			return nil, &ParseError{formatX509, "extensions", "malformed"}
		}
		e, ok := parseExtensionDER(h)
		if !ok {
			return nil, &ParseError{formatX509, "extensions", "one that Matter cannot express"}
		}
		c.Extensions = append(c.Extensions, e)
	}
	if reason := c.check(); reason != "" {
		return nil, &ParseError{formatX509, "certificate", reason}
	}
	// What was signed must be what is built from the parts; else the TLV that
	// AppendTLV writes would not verify.
	if string(c.AppendTBS(nil)) != string(x.tbs) {
		return nil, &ParseError{formatX509, "certificate", "not in the form that Matter signs"}
	}
	if n := len(c.AppendTLV(nil)); n > MaxTLVSize {
		return nil, &SizeError{formatTLV, n, MaxTLVSize}
	}
	return c, nil
}

// nameContent strips the head of a Name that was parsed whole.
func nameContent(whole []byte) []byte {
	d := der{b: whole}
	return d.take(derSequence)
}

// matterTime converts seconds since 2000 to a Time.
func matterTime(t int64) (Time, bool) {
	if t == noEnd {
		return 0, true
	}
	return Time(t), t >= 1 && t <= 1<<32-1
}
