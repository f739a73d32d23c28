package cert

import "github.com/matter-session/matter-session/session/internal/p256"

const formatCSR = "CSR"

// MaxCSRSize is the size of the largest request that is read, in octets: the
// elements that carry one are smaller.
const MaxCSRSize = 900

// derVersion0 is the version of every PKCS#10 request.
const derVersion0 = "\x02\x01\x00"

// ParseCSR reads a PKCS#10 request (RFC 2986) and returns its public key. The
// key must be a point of P-256 and the request signed by it with ECDSA-SHA256.
//
// The subject is ignored, whatever its form, and so are the attributes: the
// name that the certificate will carry is the issuer's to choose. Matter Core
// §6.4.7.
//
// It returns a [SizeError] over [MaxCSRSize] octets and a [ParseError]
// otherwise.
func ParseCSR(b []byte) (publicKey [65]byte, err error) {
	var none [65]byte
	if len(b) > MaxCSRSize {
		return none, &SizeError{formatCSR, len(b), MaxCSRSize}
	}
	body, signature, ok := parseSigned(b)
	if !ok {
		return none, &ParseError{formatCSR, "request", "not one signed by ECDSA with SHA-256"}
	}
	whole := der{b: body}
	d := whole.enter(derSequence)
	if string(d.whole(derInteger)) != derVersion0 {
		return none, &ParseError{formatCSR, "version", "not 0"}
	}
	d.take(derSequence)
	if d.bad {
		return none, &ParseError{formatCSR, "subject", "malformed"}
	}
	publicKey = d.publicKey()
	if d.bad || p256.CheckPoint(publicKey[:]) != nil {
		return none, &ParseError{formatCSR, "public key", "not an uncompressed point of P-256"}
	}
	if len(d.b) > 0 { // mandatory, but empty for many: some leave it out
		d.take(derExplicit)
	}
	if whole.leave(&d); !whole.done() {
		return none, &ParseError{formatCSR, "attributes", "malformed"}
	}
	if !p256.Verify(publicKey[:], body, signature[:]) {
		return none, &ParseError{formatCSR, "signature", "not by the key that the request names"}
	}
	return publicKey, nil
}

// AppendCSR appends a request for publicKey, of the subject O=CSR. sign is given
// the CertificationRequestInfo and returns the ECDSA-SHA256 signature by the
// private key, r ‖ s. It returns the error of sign.
func AppendCSR(dst []byte, publicKey *[65]byte, sign func(info []byte) ([64]byte, error)) ([]byte, error) {
	// An empty subject would do, but there are commissioners that stumble over it.
	subject := Name{{Type: Organization, Text: "CSR"}}
	body, mark := beginDER(nil, derSequence)
	body = append(body, derVersion0...)
	body = subject.appendDER(body)
	body = appendPublicKey(body, publicKey)
	body = append(body, derExplicit, 0)
	body = endDER(body, mark)
	signature, err := sign(body)
	if err != nil {
		return dst, err
	}
	return appendSigned(dst, body, &signature), nil
}
