package commission

import (
	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// Operational Credentials. Matter Core §11.18.
const (
	CredentialsNOCs                AttributeID = 0
	CredentialsFabrics             AttributeID = 1
	CredentialsSupportedFabrics    AttributeID = 2
	CredentialsCommissionedFabrics AttributeID = 3
	CredentialsTrustedRoots        AttributeID = 4
	CredentialsCurrentFabricIndex  AttributeID = 5

	CommandAttestationRequest        CommandID = 0x0
	CommandAttestationResponse       CommandID = 0x1
	CommandCertificateChainRequest   CommandID = 0x2
	CommandCertificateChainResponse  CommandID = 0x3
	CommandCSRRequest                CommandID = 0x4
	CommandCSRResponse               CommandID = 0x5
	CommandAddNOC                    CommandID = 0x6
	CommandUpdateNOC                 CommandID = 0x7
	CommandNOCResponse               CommandID = 0x8
	CommandUpdateFabricLabel         CommandID = 0x9
	CommandRemoveFabric              CommandID = 0xA
	CommandAddTrustedRootCertificate CommandID = 0xB
)

// Kinds of certificate that a device is asked for.
const (
	CertificateDAC uint8 = 1
	CertificatePAI uint8 = 2
)

// Sizes of what a device sends. Matter Core §11.18.4.7, §11.18.5.
const (
	maxCertificateDER = 600
	maxElements       = 900
	signatureSize     = 64
	nonceSize         = 32
)

func credentials(id CommandID, write func(*tlv.Writer)) CommandData {
	return command(RootEndpoint, ClusterOperationalCredentials, id, write)
}

// CertificateChainRequest asks for the DAC or the PAI.
func CertificateChainRequest(kind uint8) CommandData {
	return credentials(CommandCertificateChainRequest, func(w *tlv.Writer) { w.Uint(ctx(0), uint64(kind)) })
}

// ParseCertificateChainResponse returns the certificate, DER of at most 600
// octets. It aliases fields.
func ParseCertificateChainResponse(fields []byte) (der []byte, err error) {
	r, seen := openStruct(fields)
	for r.Next() {
		if r.Member(&seen) == 0 {
			der = r.Bytes(1, maxCertificateDER)
		}
	}
	r.Require(&seen, 0)
	return result(r, der)
}

// AttestationRequest asks the device to prove what it is.
func AttestationRequest(nonce [nonceSize]byte) CommandData {
	return credentials(CommandAttestationRequest, func(w *tlv.Writer) { w.Bytes(ctx(0), nonce[:]) })
}

// CSRRequest asks for a certificate signing request under a fresh key.
func CSRRequest(nonce [nonceSize]byte) CommandData {
	return credentials(CommandCSRRequest, func(w *tlv.Writer) { w.Bytes(ctx(0), nonce[:]) })
}

// SignedElements are the answer to AttestationRequest and to CSRRequest: a TLV
// structure and the DAC's signature over it and the attestation challenge. Keep
// the octets: they are what is signed.
type SignedElements struct {
	Elements  []byte // at most 900 octets
	Signature [signatureSize]byte
}

// ParseSignedElements decodes AttestationResponse and CSRResponse. Elements
// aliases fields.
func ParseSignedElements(fields []byte) (m SignedElements, err error) {
	r, seen := openStruct(fields)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			m.Elements = r.Bytes(1, maxElements)
		case 1:
			copy(m.Signature[:], r.Bytes(signatureSize, signatureSize))
		}
	}
	r.Require(&seen, 0, 1)
	return result(r, m)
}

// AppendFields appends the fields of either response command.
func (m SignedElements) AppendFields(dst []byte) []byte {
	w := newMessage(dst)
	w.Bytes(ctx(0), m.Elements)
	w.Bytes(ctx(1), m.Signature[:])
	w.End()
	return w.Octets()
}

// AddTrustedRootCertificate brings our root, in Matter TLV. The answer is a status.
func AddTrustedRootCertificate(root []byte) CommandData {
	return credentials(CommandAddTrustedRootCertificate, func(w *tlv.Writer) { w.Bytes(ctx(0), root) })
}

// An AddNOCRequest makes the device a node of a fabric.
type AddNOCRequest struct {
	NOC, ICAC     []byte         // Matter TLV; ICAC nil if there is none
	IPK           [16]byte       // the epoch key, not the one derived from it
	AdminSubject  session.NodeID // who administers the device: our node ID or a CAT's
	AdminVendorID uint16
}

// String returns a fixed text: the request holds a key.
func (AddNOCRequest) String() string { return "[redacted]" }

// GoString returns the same.
func (AddNOCRequest) GoString() string { return "[redacted]" }

// AddNOC brings the node's operational certificate.
func AddNOC(q AddNOCRequest) CommandData {
	return credentials(CommandAddNOC, func(w *tlv.Writer) {
		w.Bytes(ctx(0), q.NOC)
		if q.ICAC != nil {
			w.Bytes(ctx(1), q.ICAC)
		}
		w.Bytes(ctx(2), q.IPK[:])
		w.Uint(ctx(3), uint64(q.AdminSubject))
		w.Uint(ctx(4), uint64(q.AdminVendorID))
	})
}

// UpdateFabricLabel names our fabric on the device: at most 32 octets.
func UpdateFabricLabel(label string) CommandData {
	return credentials(CommandUpdateFabricLabel, func(w *tlv.Writer) { w.String(ctx(0), label) })
}

// RemoveFabric takes the device out of a fabric. The session may end with the
// answer, or before it.
func RemoveFabric(index session.FabricIndex) CommandData {
	return credentials(CommandRemoveFabric, func(w *tlv.Writer) { w.Uint(ctx(0), uint64(index)) })
}

// A NOCStatus is how a device answers AddNOC and its like.
type NOCStatus uint8

// Statuses. Matter Core §11.18.4.3.
const (
	NOCOK NOCStatus = iota
	NOCInvalidPublicKey
	NOCInvalidNodeOpID
	NOCInvalidNOC
	NOCMissingCSR
	NOCTableFull
	NOCInvalidAdminSubject
	_
	_
	NOCFabricConflict
	NOCLabelConflict
	NOCInvalidFabricIndex
)

var nocNames = [...]string{
	"OK", "InvalidPublicKey", "InvalidNodeOpId", "InvalidNOC", "MissingCsr", "TableFull", "InvalidAdminSubject",
	"", "", "FabricConflict", "LabelConflict", "InvalidFabricIndex",
}

// String returns the specification's name of s, or its number.
func (s NOCStatus) String() string { return nameOf(nocNames[:], uint8(s)) }

// A NOCResponse answers AddNOC, UpdateFabricLabel and RemoveFabric.
type NOCResponse struct {
	Status NOCStatus
	Fabric session.FabricIndex // on the device; 0: not told
	Text   string              // the device's own words, or empty
}

// Err returns nil if the answer is a success, else a [*NOCError].
func (m NOCResponse) Err() error {
	if m.Status == NOCOK {
		return nil
	}
	return &NOCError{m}
}

// A NOCError is a NOCResponse that is no success.
type NOCError struct{ NOCResponse }

func (e *NOCError) Error() string { return named(e.Status.String(), uint8(e.Status), e.Text) }

// ParseNOCResponse decodes the fields of NOCResponse.
func ParseNOCResponse(fields []byte) (m NOCResponse, err error) {
	r, seen := openStruct(fields)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			m.Status = NOCStatus(r.Uint8())
		case 1:
			m.Fabric = session.FabricIndex(r.Uint8())
		case 2:
			m.Text = r.String(maxText)
		}
	}
	r.Require(&seen, 0)
	return result(r, m)
}

// AppendFields appends the fields of the response command.
func (m NOCResponse) AppendFields(dst []byte) []byte {
	w := newMessage(dst)
	w.Uint(ctx(0), uint64(m.Status))
	if m.Fabric != 0 {
		w.Uint(ctx(1), uint64(m.Fabric))
	}
	if m.Text != "" {
		w.String(ctx(2), m.Text)
	}
	w.End()
	return w.Octets()
}

// A FabricDescriptor is one item of the attribute Fabrics: one fabric that the
// device is in. Matter Core §11.18.4.5.
type FabricDescriptor struct {
	RootPublicKey [65]byte
	VendorID      uint16
	Fabric        session.FabricID
	Node          session.NodeID
	Label         string
	Index         session.FabricIndex
}

// ParseFabrics decodes the value of the attribute Fabrics.
func ParseFabrics(element []byte) ([]FabricDescriptor, error) {
	r := tlv.NewReader(element)
	r.Next()
	return result(r, array(r, parseFabricDescriptor))
}

func parseFabricDescriptor(r *tlv.Reader) (d FabricDescriptor) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			copy(d.RootPublicKey[:], r.Bytes(65, 65))
		case 2:
			d.VendorID = r.Uint16()
		case 3:
			d.Fabric = session.FabricID(r.Uint64())
		case 4:
			d.Node = session.NodeID(r.Uint64())
		case 5:
			d.Label = r.String(32)
		case 0xFE:
			d.Index = session.FabricIndex(r.Uint8())
		}
	}
	// Fields of other fabrics can be kept from us.
	r.Require(&seen, 0xFE)
	r.Exit()
	return d
}
