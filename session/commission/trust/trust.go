// Package trust is a list of product attestation authorities (PAA): the roots
// that vouch for genuine Matter devices.
//
// The list is data, not code: the caller gives it to [Parse], so that it can be
// renewed without building anything anew. The lists kept beside this package
// are paa.tlv, the production authorities, and paa-test.tlv, those for tests:
// anybody has their private keys, so the second is given only where a developer
// has asked for it. README.md says where they come from and how old they are.
//
// A list may lack an authority that is newer, and hold one that was revoked
// since: revocation must be checked elsewhere.
package trust

//go:generate go run gen.go

import (
	"strconv"

	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/tlv"
)

// A List is one dated list of authorities.
type List struct {
	Collected   cert.Time // when the list was made
	Authorities []cert.PAA
}

// format is the version of the list's form.
const format = 1

// ParseList decodes a list. It copies what it keeps.
//
// The form is Matter TLV: a structure of 0 form (1), 1 time of collection
// (seconds since 2000), 2 array of authorities, each a structure of 0 subject
// (DER), 1 vendor ID if it has one, 2 subject key ID, 3 public key (65 octets),
// 4 and 5 validity (seconds since 2000; the year 9999 is no end), 6 SHA-256 of
// the certificate, 7 whether it is for tests.
func ParseList(b []byte) (*List, error) {
	l := new(List)
	r := tlv.NewReader(append([]byte(nil), b...))
	r.Next()
	r.Enter(tlv.Struct)
	var seen tlv.Set
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			if v := r.Uint64(); v != format {
				r.Fail(&FormatError{Got: v})
			}
		case 1:
			l.Collected = r.Uint32()
		case 2:
			r.Enter(tlv.Array)
			for r.Next() {
				l.Authorities = append(l.Authorities, parseAuthority(r))
			}
			r.Exit()
		}
	}
	r.Require(&seen, 0, 1, 2)
	if err := r.Close(); err != nil {
		return nil, err
	}
	return l, nil
}

// A FormatError says that a list is of a form that is newer than this package.
type FormatError struct{ Got uint64 }

func (e *FormatError) Error() string {
	return "trust: got a list of form " + strconv.FormatUint(e.Got, 10) + ", want " + strconv.Itoa(format)
}

// maxSubjectSize bounds a subject: the certificate around it has at most so many octets.
const maxSubjectSize = cert.MaxDERSize

func parseAuthority(r *tlv.Reader) (p cert.PAA) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			p.Subject = r.Bytes(2, maxSubjectSize)
		case 1:
			p.VendorID, p.HasVendorID = r.Uint16(), true
		case 2:
			copy(p.KeyID[:], r.Bytes(len(p.KeyID), len(p.KeyID)))
		case 3:
			copy(p.PublicKey[:], r.Bytes(len(p.PublicKey), len(p.PublicKey)))
		case 4:
			p.NotBefore = int64(r.Uint(cert.NoEnd))
		case 5:
			p.NotAfter = int64(r.Uint(cert.NoEnd))
		case 6:
			copy(p.SHA256[:], r.Bytes(len(p.SHA256), len(p.SHA256)))
		case 7:
			p.Test = r.Bool()
		}
	}
	r.Require(&seen, 0, 2, 3, 4, 5, 6)
	r.Exit()
	return p
}

// Append appends the list in the form that [ParseList] reads.
func (l *List) Append(dst []byte) []byte {
	w := tlv.NewWriter(dst)
	w.Struct(tlv.Anonymous)
	w.Uint(tlv.Context(0), format)
	w.Uint(tlv.Context(1), uint64(l.Collected))
	w.Array(tlv.Context(2))
	for i := range l.Authorities {
		p := &l.Authorities[i]
		w.Struct(tlv.Anonymous)
		w.Bytes(tlv.Context(0), p.Subject)
		if p.HasVendorID {
			w.Uint(tlv.Context(1), uint64(p.VendorID))
		}
		w.Bytes(tlv.Context(2), p.KeyID[:])
		w.Bytes(tlv.Context(3), p.PublicKey[:])
		w.Uint(tlv.Context(4), uint64(p.NotBefore))
		w.Uint(tlv.Context(5), uint64(p.NotAfter))
		w.Bytes(tlv.Context(6), p.SHA256[:])
		if p.Test {
			w.Bool(tlv.Context(7), true)
		}
		w.End()
	}
	w.End()
	w.End()
	return w.Octets()
}

// A Store is what a commissioner trusts: the authorities of one or more lists.
// The zero Store trusts nobody.
type Store struct {
	Lists []*List
}

// Parse decodes lists into a store, in their order.
func Parse(lists ...[]byte) (*Store, error) {
	s := new(Store)
	for _, b := range lists {
		l, err := ParseList(b)
		if err != nil {
			return nil, err
		}
		s.Lists = append(s.Lists, l)
	}
	return s, nil
}

// Date returns when the oldest of the lists was made, in seconds since 2000;
// 0 if there is none.
func (s *Store) Date() (oldest cert.Time) {
	for _, l := range s.Lists {
		if oldest == 0 || l.Collected < oldest {
			oldest = l.Collected
		}
	}
	return oldest
}

// Lookup returns the authority of this subject key ID, which is what the
// certificate below it has as its authority key ID, and whether there is one.
// An earlier list goes before a later one.
func (s *Store) Lookup(keyID []byte) (*cert.PAA, bool) {
	for _, l := range s.Lists {
		for i := range l.Authorities {
			if p := &l.Authorities[i]; string(p.KeyID[:]) == string(keyID) {
				return p, true
			}
		}
	}
	return nil, false
}
