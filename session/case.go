package session

import "github.com/matter-session/matter-session/session/tlv"

// The messages of CASE. Matter Core §4.14.2.3. Each has an append method and a
// parse function; what was parsed aliases the input where it is a slice.

const (
	randomSize       = 32
	digestSize       = 32
	publicKeySize    = 65
	signatureSize    = 64
	resumptionIDSize = 16
	micSize          = 16

	// maxCertificateSize bounds a certificate in Matter TLV. Matter Core §6.1.3.
	maxCertificateSize = 400
	// maxSealedSize bounds an encrypted part: two certificates, a signature, a
	// resumption ID, what TLV adds to them, and the MIC, with room for members
	// that a later revision may add.
	maxSealedSize = 1232
)

// A sigma1 opens CASE.
type sigma1 struct {
	random        [randomSize]byte
	sessionID     SessionID
	destinationID [digestSize]byte
	publicKey     [publicKeySize]byte
	parameters    *Parameters // nil: not stated
	resumption    *sigma1Resumption
}

// A sigma1Resumption asks that a session be resumed and shows that the asker
// knows its secret.
type sigma1Resumption struct {
	id  [resumptionIDSize]byte
	mic [micSize]byte
}

func (m *sigma1) append(b []byte) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), m.random[:])
	w.Uint(tlv.Context(2), uint64(m.sessionID))
	w.Bytes(tlv.Context(3), m.destinationID[:])
	w.Bytes(tlv.Context(4), m.publicKey[:])
	if m.parameters != nil {
		appendParameters(w, tlv.Context(5), *m.parameters)
	}
	if m.resumption != nil {
		w.Bytes(tlv.Context(6), m.resumption.id[:])
		w.Bytes(tlv.Context(7), m.resumption.mic[:])
	}
	w.End()
	return w.Octets()
}

// parseSigma1 decodes a Sigma1. Of the two resumption fields one alone is an
// error: who sends it has not understood what it asks for.
func parseSigma1(b []byte) (m sigma1, err error) {
	var seen tlv.Set
	var resumption sigma1Resumption
	r := enterMessage(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			readFixed(r, m.random[:])
		case 2:
			m.sessionID = readSessionID(r)
		case 3:
			readFixed(r, m.destinationID[:])
		case 4:
			readFixed(r, m.publicKey[:])
		case 5:
			m.parameters = readParameters(r)
		case 6:
			readFixed(r, resumption.id[:])
		case 7:
			readFixed(r, resumption.mic[:])
		}
	}
	r.Require(&seen, 1, 2, 3, 4)
	if seen.Has(6) != seen.Has(7) {
		r.Fail(errHalfResumption)
	}
	if seen.Has(6) {
		m.resumption = &resumption
	}
	return m, closeMessage(r, "Sigma1")
}

// A sigma2 answers a Sigma1 in full. sealed is a tbe.
type sigma2 struct {
	random     [randomSize]byte
	sessionID  SessionID
	publicKey  [publicKeySize]byte
	sealed     []byte
	parameters *Parameters
}

func (m *sigma2) append(b []byte) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), m.random[:])
	w.Uint(tlv.Context(2), uint64(m.sessionID))
	w.Bytes(tlv.Context(3), m.publicKey[:])
	w.Bytes(tlv.Context(4), m.sealed)
	if m.parameters != nil {
		appendParameters(w, tlv.Context(5), *m.parameters)
	}
	w.End()
	return w.Octets()
}

func parseSigma2(b []byte) (m sigma2, err error) {
	var seen tlv.Set
	r := enterMessage(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			readFixed(r, m.random[:])
		case 2:
			m.sessionID = readSessionID(r)
		case 3:
			readFixed(r, m.publicKey[:])
		case 4:
			m.sealed = r.Bytes(micSize, maxSealedSize)
		case 5:
			m.parameters = readParameters(r)
		}
	}
	r.Require(&seen, 1, 2, 3, 4)
	return m, closeMessage(r, "Sigma2")
}

// A sigma3 ends the initiator's part of a full CASE. sealed is a tbe.
type sigma3 struct {
	sealed []byte
}

func (m *sigma3) append(b []byte) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), m.sealed)
	w.End()
	return w.Octets()
}

func parseSigma3(b []byte) (m sigma3, err error) {
	var seen tlv.Set
	r := enterMessage(b)
	for r.Next() {
		if r.Member(&seen) == 1 {
			m.sealed = r.Bytes(micSize, maxSealedSize)
		}
	}
	r.Require(&seen, 1)
	return m, closeMessage(r, "Sigma3")
}

// A sigma2Resume answers a Sigma1 whose resumption is accepted. id is the one
// to ask with the next time.
type sigma2Resume struct {
	id         [resumptionIDSize]byte
	mic        [micSize]byte
	sessionID  SessionID
	parameters *Parameters
}

func (m *sigma2Resume) append(b []byte) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), m.id[:])
	w.Bytes(tlv.Context(2), m.mic[:])
	w.Uint(tlv.Context(3), uint64(m.sessionID))
	if m.parameters != nil {
		appendParameters(w, tlv.Context(4), *m.parameters)
	}
	w.End()
	return w.Octets()
}

func parseSigma2Resume(b []byte) (m sigma2Resume, err error) {
	var seen tlv.Set
	r := enterMessage(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			readFixed(r, m.id[:])
		case 2:
			readFixed(r, m.mic[:])
		case 3:
			m.sessionID = readSessionID(r)
		case 4:
			m.parameters = readParameters(r)
		}
	}
	r.Require(&seen, 1, 2, 3)
	return m, closeMessage(r, "Sigma2Resume")
}

// A tbs is what an operational key signs in Sigma2 and Sigma3. The
// certificates are as they are sent, or as they were received: nothing is
// encoded anew. A nil icac is none; an empty one is signed as it was sent.
type tbs struct {
	noc, icac           []byte
	signerKey, otherKey *[publicKeySize]byte // ephemeral
}

func (m *tbs) append(b []byte) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), m.noc)
	if m.icac != nil {
		w.Bytes(tlv.Context(2), m.icac)
	}
	w.Bytes(tlv.Context(3), m.signerKey[:])
	w.Bytes(tlv.Context(4), m.otherKey[:])
	w.End()
	return w.Octets()
}

// A tbe is the plaintext of an encrypted part. Only Sigma2 has a resumption ID.
type tbe struct {
	noc, icac    []byte
	signature    [signatureSize]byte
	resumptionID *[resumptionIDSize]byte
}

func (m *tbe) append(b []byte) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), m.noc)
	if m.icac != nil {
		w.Bytes(tlv.Context(2), m.icac)
	}
	w.Bytes(tlv.Context(3), m.signature[:])
	if m.resumptionID != nil {
		w.Bytes(tlv.Context(4), m.resumptionID[:])
	}
	w.End()
	return w.Octets()
}

// parseTBE decodes what an encrypted part held. name is that of the message it
// came with; in Sigma2 the resumption ID is mandatory, in Sigma3 member 4 is
// one that we do not know.
func parseTBE(b []byte, name string) (m tbe, err error) {
	var seen tlv.Set
	withID := name == "Sigma2"
	r := enterMessage(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			m.noc = r.Bytes(1, maxCertificateSize)
		case 2:
			m.icac = r.Bytes(0, maxCertificateSize)
		case 3:
			readFixed(r, m.signature[:])
		case 4:
			if withID {
				m.resumptionID = new([resumptionIDSize]byte)
				readFixed(r, m.resumptionID[:])
			}
		}
	}
	r.Require(&seen, 1, 3)
	if withID {
		r.Require(&seen, 4)
	}
	return m, closeMessage(r, "the encrypted part of "+name)
}

// enterMessage returns a reader inside the one structure that b has to be.
func enterMessage(b []byte) *tlv.Reader {
	r := tlv.NewReader(b)
	r.Next()
	if r.Tag() != tlv.Anonymous {
		r.Fail(errTaggedMessage)
	}
	r.Enter(tlv.Struct)
	return r
}

// closeMessage demands the end of the message and names it in the error.
func closeMessage(r *tlv.Reader, name string) error {
	if err := r.Close(); err != nil {
		return &messageError{name, err}
	}
	return nil
}

func readFixed(r *tlv.Reader, to []byte) {
	copy(to, r.Bytes(len(to), len(to)))
}

// readSessionID refuses 0: it names the unsecured session. Matter Core §4.14.
func readSessionID(r *tlv.Reader) SessionID {
	id := r.Uint16()
	if id == 0 {
		r.Fail(errSessionIDZero)
	}
	return SessionID(id)
}

func readParameters(r *tlv.Reader) *Parameters {
	p := parseParameters(r)
	return &p
}

// A messageError says which message of a handshake could not be read.
type messageError struct {
	message string
	err     error
}

func (e *messageError) Error() string {
	why := e.err.Error()
	if r, ok := e.err.(interface{ reason() string }); ok {
		why = r.reason() // without the name of the protocol in front
	}
	return "session: " + e.message + " is malformed: " + why
}

func (e *messageError) Unwrap() []error { return []error{ErrInvalid, e.err} }
