package commission

import (
	"io"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/cert"
)

// The certificates of a fabric whose root key is not here: a host keeps it where
// it can sign and not be read. Each certificate takes two calls. The first says
// what is to be signed; the host signs it by ECDSA with SHA-256; then
// [FinishCertificate] makes the certificate. What comes of it is what an
// [Authority] issues.

// A PreparedCertificate is a certificate that lacks its signature.
type PreparedCertificate struct {
	TBS     []byte // TBSCertificate in DER: to be signed
	Pending []byte // for FinishCertificate
}

// PrepareRoot prepares the certificate of a fabric's root, for its own key to
// sign. utc is now, or 0 without a trusted clock.
func PrepareRoot(rand io.Reader, utc session.EpochSeconds, publicKey [65]byte) (PreparedCertificate, error) {
	name, err := newRootName(rand)
	if err != nil {
		return PreparedCertificate{}, err
	}
	return prepare(rand, utc, cert.RoleRoot, name, publicKey, nil)
}

// PrepareNOC prepares the certificate of a node of the fabric, whose key is
// publicKey's, for the key of root to sign. root is a certificate in Matter TLV.
func PrepareNOC(rand io.Reader, utc session.EpochSeconds, root []byte, publicKey [65]byte, fabric session.FabricID, node session.NodeID, cats ...session.CAT) (PreparedCertificate, error) {
	if !node.IsOperational() {
		return PreparedCertificate{}, errNodeID
	}
	issuer, err := parseRoot(root)
	if err != nil {
		return PreparedCertificate{}, err
	}
	return prepare(rand, utc, cert.RoleNode, nodeName(node, fabric, cats), publicKey, issuer)
}

func prepare(rand io.Reader, utc session.EpochSeconds, role cert.Role, name cert.Name, key [65]byte, issuer *cert.Certificate) (PreparedCertificate, error) {
	t, err := newTemplate(rand, utc, role, name, key, issuer)
	if err != nil {
		return PreparedCertificate{}, err
	}
	c, err := cert.Prepare(t)
	if err != nil {
		return PreparedCertificate{}, err
	}
	return PreparedCertificate{TBS: c.AppendTBS(nil), Pending: c.AppendTLV(nil)}, nil
}

// FinishCertificate makes a certificate in Matter TLV of what is pending and the
// signature, r ‖ s. Without a root in Matter TLV it is to be one itself; with
// one, a node's. A signature by another key, or of other octets, is refused.
func FinishCertificate(pending []byte, signature [64]byte, root []byte) ([]byte, error) {
	role, issuer := cert.RoleRoot, (*cert.Certificate)(nil)
	prepared, err := cert.ParseTLV(pending)
	if err == nil && len(root) > 0 {
		role = cert.RoleNode
		issuer, err = parseRoot(root)
	}
	if err != nil {
		return nil, err
	}
	c, err := cert.Finish(role, prepared, signature, issuer)
	if err != nil {
		return nil, err
	}
	return c.AppendTLV(nil), nil
}

// parseRoot reads a root that issues: one that others would refuse must not.
func parseRoot(b []byte) (*cert.Certificate, error) {
	root, err := cert.ParseTLV(b)
	if err != nil {
		return nil, err
	}
	return root, cert.VerifyRoot(root, 0)
}
