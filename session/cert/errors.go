package cert

import (
	"errors"
	"strconv"
)

// A ParseError says what is wrong in the octets of a certificate, a request or
// a declaration.
type ParseError struct {
	Format string // "Matter TLV", "X.509", "CSR", "CMS"
	Part   string // where, in the specification's words
	Reason string
}

func (e *ParseError) Error() string { return "cert: " + e.Format + ": " + e.Part + ": " + e.Reason }

// A SizeError says that a certificate is larger than its form may be.
type SizeError struct {
	Format   string
	Got, Max int // octets
}

func (e *SizeError) Error() string {
	return "cert: " + e.Format + ": got " + strconv.Itoa(e.Got) + " octets, want at most " + strconv.Itoa(e.Max)
}

// A TemplateError says why a certificate is not issued.
type TemplateError struct{ Reason string }

func (e *TemplateError) Error() string { return "cert: not issued: " + e.Reason }

// errSignature is what VerifySignature returns; VerifyChain says whose it is.
var errSignature = errors.New("cert: signature does not fit the issuer's key")
