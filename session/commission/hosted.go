package commission

import (
	"io"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/cert"
)

// The certificates of a fabric whose root key is not here: a host keeps it where
// it can sign and not be read. Each certificate takes two calls. The first says
// what is to be signed, a TBSCertificate in DER; the host signs it by ECDSA with
// SHA-256; [FinishCertificate] makes the certificate of both. What comes of it is
// what an [Authority] issues.

// PrepareRoot returns what the holder of publicKey's key has to sign to become
// the root of a fabric. utc is now, or 0 without a trusted clock.
func PrepareRoot(rand io.Reader, utc session.EpochSeconds, publicKey [65]byte) (tbs []byte, err error) {
	name, err := newRootName(rand)
	if err != nil {
		return nil, err
	}
	return prepare(rand, utc, cert.RoleRoot, name, publicKey, nil)
}

// PrepareNOC returns what the root, a certificate in Matter TLV, has to sign so
// that publicKey is the key of a node of the fabric.
func PrepareNOC(rand io.Reader, utc session.EpochSeconds, root []byte, publicKey [65]byte, fabric session.FabricID, node session.NodeID, cats ...session.CAT) (tbs []byte, err error) {
	if !node.IsOperational() {
		return nil, errNodeID
	}
	issuer, err := parseRoot(root)
	if err != nil {
		return nil, err
	}
	return prepare(rand, utc, cert.RoleNode, nodeName(node, fabric, cats), publicKey, issuer)
}

func prepare(rand io.Reader, utc session.EpochSeconds, role cert.Role, name cert.Name, key [65]byte, issuer *cert.Certificate) ([]byte, error) {
	t, err := newTemplate(rand, utc, role, name, key, issuer)
	if err != nil {
		return nil, err
	}
	c, err := cert.Prepare(t)
	if err != nil {
		return nil, err
	}
	return c.AppendTBS(nil), nil
}

// FinishCertificate makes a certificate in Matter TLV of what was prepared and
// its signature, r ‖ s. Without a root in Matter TLV it is to be one itself; with
// one, a node's. A signature by another key, or of other octets, is refused.
func FinishCertificate(tbs []byte, signature [64]byte, root []byte) ([]byte, error) {
	role, issuer := cert.RoleRoot, (*cert.Certificate)(nil)
	if len(root) > 0 {
		role = cert.RoleNode
		var err error
		if issuer, err = parseRoot(root); err != nil {
			return nil, err
		}
	}
	c, err := cert.Finish(role, tbs, signature, issuer)
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
