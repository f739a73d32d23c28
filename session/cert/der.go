package cert

// The little of DER (X.690) that certificates need. Only definite, minimal
// lengths up to 65535 octets and one-octet tags are accepted: what is read here
// has one encoding.

// Tags.
const (
	derBoolean     = 0x01
	derInteger     = 0x02
	derBitString   = 0x03
	derOctetString = 0x04
	derNull        = 0x05
	derOID         = 0x06
	derUTF8        = 0x0C
	derPrintable   = 0x13
	derIA5         = 0x16
	derUTCTime     = 0x17
	derTime        = 0x18 // GeneralizedTime
	derSequence    = 0x30
	derSet         = 0x31
	derContext     = 0x80 // [n] IMPLICIT of a primitive type
	derExplicit    = 0xA0 // [n] EXPLICIT, or IMPLICIT of a constructed type
)

// A der is a cursor over the elements of b. bad sticks: a bad cursor yields
// nothing.
type der struct {
	b   []byte
	bad bool
}

// next consumes one element. whole includes its head.
func (d *der) next() (tag byte, content, whole []byte) {
	b := d.b
	if d.bad || len(b) < 2 || b[0]&0x1F == 0x1F {
		d.bad = true
		return 0, nil, nil
	}
	head, n := 2, int(b[1])
	switch {
	case n < 0x80:
	case n == 0x81 && len(b) > 2 && b[2] >= 0x80:
		head, n = 3, int(b[2])
	case n == 0x82 && len(b) > 3 && b[2] != 0:
		head, n = 4, int(b[2])<<8|int(b[3])
	default:
		d.bad = true
		return 0, nil, nil
	}
	if n > len(b)-head {
		d.bad = true
		return 0, nil, nil
	}
	d.b = b[head+n:]
	return b[0], b[head : head+n : head+n], b[: head+n : head+n]
}

// is reports whether the next element has this tag.
func (d *der) is(tag byte) bool { return !d.bad && len(d.b) > 0 && d.b[0] == tag }

// take consumes an element of this tag and returns its content.
func (d *der) take(tag byte) []byte {
	got, content, _ := d.next()
	if got != tag {
		d.bad = true
		return nil
	}
	return content
}

// whole is take, but includes the head.
func (d *der) whole(tag byte) []byte {
	got, _, whole := d.next()
	if got != tag {
		d.bad = true
		return nil
	}
	return whole
}

// expect consumes an element that must be these octets.
func (d *der) expect(tag byte, content string) {
	if string(d.take(tag)) != content {
		d.bad = true
	}
}

// enter consumes a constructed element and returns a cursor over its content.
func (d *der) enter(tag byte) der {
	content := d.take(tag)
	return der{b: content, bad: d.bad}
}

// leave demands that child, entered from d, was read well and to its end.
func (d *der) leave(child *der) {
	d.bad = d.bad || !child.done()
}

// done reports whether all was read and nothing was bad.
func (d *der) done() bool { return !d.bad && len(d.b) == 0 }

// small consumes an INTEGER from 0 to 127.
func (d *der) small() uint8 {
	b := d.take(derInteger)
	if len(b) != 1 || b[0] > 0x7F {
		d.bad = true
		return 0
	}
	return b[0]
}

// A BOOLEAN that is DEFAULT FALSE: DER leaves FALSE out and writes TRUE as FF.
func (d *der) optionalTrue() bool {
	if !d.is(derBoolean) {
		return false
	}
	d.expect(derBoolean, "\xFF")
	return !d.bad
}

// unsigned consumes an INTEGER that is not negative and fits dst, big-endian.
func (d *der) unsigned(dst []byte) {
	b := d.take(derInteger)
	if !minimalUnsigned(b) {
		d.bad = true
		return
	}
	if b[0] == 0 {
		b = b[1:]
	}
	if len(b) > len(dst) {
		d.bad = true
		return
	}
	clear(dst)
	copy(dst[len(dst)-len(b):], b)
}

// minimalUnsigned reports whether b is the content of a DER INTEGER that is not
// negative.
func minimalUnsigned(b []byte) bool {
	return len(b) > 0 && b[0] < 0x80 && (len(b) == 1 || b[0] != 0 || b[1] >= 0x80)
}

// appendDER appends one element.
func appendDER(dst []byte, tag byte, content []byte) []byte {
	dst = appendDERHead(dst, tag, len(content))
	return append(dst, content...)
}

func appendDERString(dst []byte, tag byte, content string) []byte {
	dst = appendDERHead(dst, tag, len(content))
	return append(dst, content...)
}

func appendDERHead(dst []byte, tag byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(dst, tag, byte(n))
	case n < 0x100:
		return append(dst, tag, 0x81, byte(n))
	}
	return append(dst, tag, 0x82, byte(n>>8), byte(n))
}

// beginDER starts a constructed element; its content is appended behind, then
// endDER(dst, mark) finishes it.
func beginDER(dst []byte, tag byte) (out []byte, mark int) {
	return append(dst, tag, 0), len(dst)
}

func endDER(dst []byte, mark int) []byte {
	n := len(dst) - mark - 2
	var head [4]byte
	h := appendDERHead(head[:0], dst[mark], n)
	for range len(h) - 2 {
		dst = append(dst, 0)
	}
	copy(dst[mark+len(h):], dst[mark+2:mark+2+n])
	copy(dst[mark:], h)
	return dst
}

// appendUnsigned appends an INTEGER of the big-endian number b.
func appendUnsigned(dst, b []byte) []byte {
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	if b[0] < 0x80 {
		return appendDER(dst, derInteger, b)
	}
	dst = appendDERHead(dst, derInteger, len(b)+1)
	dst = append(dst, 0)
	return append(dst, b...)
}

// Object identifiers, as the content of an OBJECT IDENTIFIER.
const (
	oidECPublicKey     = "\x2a\x86\x48\xce\x3d\x02\x01"
	oidPrime256v1      = "\x2a\x86\x48\xce\x3d\x03\x01\x07"
	oidECDSAWithSHA256 = "\x2a\x86\x48\xce\x3d\x04\x03\x02"
	oidSHA256          = "\x60\x86\x48\x01\x65\x03\x04\x02\x01"
	oidData            = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
	oidSignedData      = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	oidMatter          = "\x2b\x06\x01\x04\x01\x82\xa2\x7c" // 1.3.6.1.4.1.37244
	oidX520            = "\x55\x04"
	oidExtension       = "\x55\x1d"
	oidKeyPurpose      = "\x2b\x06\x01\x05\x05\x07\x03"
	oidDomainComponent = "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"
)

// Elements that are the same in every certificate.
const (
	derSignatureAlgorithm = "\x30\x0a\x06\x08" + oidECDSAWithSHA256
	derPublicKeyHead      = "\x30\x59\x30\x13\x06\x07" + oidECPublicKey + "\x06\x08" + oidPrime256v1 + "\x03\x42\x00"
)

// publicKey consumes a SubjectPublicKeyInfo of an uncompressed P-256 point.
func (d *der) publicKey() (key [65]byte) {
	b := d.whole(derSequence)
	n := len(derPublicKeyHead)
	if len(b) != n+len(key) || string(b[:n]) != derPublicKeyHead || b[n] != 4 {
		d.bad = true
		return key
	}
	copy(key[:], b[n:])
	return key
}

func appendPublicKey(dst []byte, key *[65]byte) []byte {
	dst = append(dst, derPublicKeyHead...)
	return append(dst, key[:]...)
}

// signatureValue consumes SEQUENCE{r, s}, and nothing may follow it.
func (d *der) signatureValue() (signature [64]byte) {
	s := d.enter(derSequence)
	s.unsigned(signature[:32])
	s.unsigned(signature[32:])
	d.leave(&s)
	if !d.done() {
		d.bad = true
	}
	return signature
}

func appendSignatureValue(dst []byte, signature *[64]byte) []byte {
	dst, mark := beginDER(dst, derSequence)
	dst = appendUnsigned(dst, signature[:32])
	dst = appendUnsigned(dst, signature[32:])
	return endDER(dst, mark)
}

// appendSigned appends SEQUENCE{body, ecdsa-with-SHA256, BIT STRING signature}:
// the outer form of a certificate and of a request.
func appendSigned(dst, body []byte, signature *[64]byte) []byte {
	dst, mark := beginDER(dst, derSequence)
	dst = append(dst, body...)
	dst = append(dst, derSignatureAlgorithm...)
	dst, bits := beginDER(dst, derBitString)
	dst = append(dst, 0)
	dst = appendSignatureValue(dst, signature)
	dst = endDER(dst, bits)
	return endDER(dst, mark)
}

// parseSigned is the reverse of appendSigned.
func parseSigned(b []byte) (body []byte, signature [64]byte, ok bool) {
	d := der{b: b}
	s := d.enter(derSequence)
	body = s.whole(derSequence)
	if string(s.whole(derSequence)) != derSignatureAlgorithm {
		s.bad = true
	}
	bits := s.take(derBitString)
	if len(bits) == 0 || bits[0] != 0 {
		return nil, signature, false
	}
	value := der{b: bits[1:]}
	signature = value.signatureValue()
	d.leave(&s)
	return body, signature, d.done() && value.done()
}
