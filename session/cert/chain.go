package cert

import "bytes"

// A Role is what a certificate is in a chain.
type Role uint8

// The roles.
const (
	RoleRoot Role = iota + 1 // RCAC
	RoleICAC
	RoleNode // NOC
)

func (r Role) String() string {
	switch r {
	case RoleRoot:
		return "root"
	case RoleICAC:
		return "intermediate"
	case RoleNode:
		return "node"
	}
	return "unknown"
}

// A Reason is why a certificate cannot stand in its role.
type Reason uint8

// The reasons. Matter Core §6.4 and §6.5.
const (
	ReasonBasicConstraints Reason = iota + 1 // missing
	ReasonIsCA                               // a node's certificate marked as an authority's
	ReasonNotCA                              // an authority's certificate not marked as one
	ReasonPathLength
	ReasonKeyUsage // missing or not the role's
	ReasonExtendedKeyUsage
	ReasonSubjectKeyID   // missing
	ReasonAuthorityKeyID // missing, or not the issuer's subject key ID
	ReasonUnknownCritical
	ReasonSubject // attributes that are missing, twice, or another role's
	ReasonNodeID  // missing or not operational
	ReasonFabricID
	ReasonCAT // more than three, version 0, or an identifier twice
	ReasonNotYetValid
	ReasonExpired
	ReasonIssuer // issuer is not the subject of the certificate above
	ReasonSignature
	ReasonPublicKey // not a point on the curve
)

var reasons = [...]string{
	ReasonBasicConstraints: "basic constraints are missing",
	ReasonIsCA:             "it is marked as an authority's",
	ReasonNotCA:            "it is not marked as an authority's",
	ReasonPathLength:       "its path length is not allowed",
	ReasonKeyUsage:         "its key usage is missing or another role's",
	ReasonExtendedKeyUsage: "its extended key usage is missing or another role's",
	ReasonSubjectKeyID:     "its subject key ID is missing",
	ReasonAuthorityKeyID:   "its authority key ID is missing or not its issuer's",
	ReasonUnknownCritical:  "it has an unknown critical extension",
	ReasonSubject:          "its subject is not of this role",
	ReasonNodeID:           "its node ID is missing or not operational",
	ReasonFabricID:         "its fabric ID is missing or not the chain's",
	ReasonCAT:              "its CASE authenticated tags are not valid",
	ReasonNotYetValid:      "it is not yet valid",
	ReasonExpired:          "it has expired",
	ReasonIssuer:           "its issuer is not the subject of the certificate above it",
	ReasonSignature:        "its signature does not fit its issuer's key",
	ReasonPublicKey:        "its public key is not a point on the curve",
}

func (r Reason) String() string {
	if r == 0 || int(r) >= len(reasons) {
		return "unknown"
	}
	return reasons[r]
}

// A ChainError says which certificate of a chain is refused, and why.
type ChainError struct {
	Role   Role
	Reason Reason
}

func (e *ChainError) Error() string {
	return "cert: " + e.Role.String() + " certificate: " + e.Reason.String()
}

// VerifyChain checks that noc is a node's certificate that root vouches for,
// directly or through icac, which may be nil: profiles, names, key identifiers,
// signatures, fabric IDs, and validity at the time at (0: no trusted clock, not
// judged). Matter Core §6.4.10.
//
// A peer may send an ICAC that its NOC does not need. Whether it is used is
// decided by the NOC's issuer and authority key ID: if they name the ICAC, the
// chain goes through it; if not, it must lead to the root directly, and the ICAC
// is not looked at: nothing is trusted for its sake, so it needs no vouching.
//
// The root is trusted for being given. Its profile is checked here; its
// signature, which can be checked once when the root is accepted, by
// [VerifyRoot].
//
// It returns a [ChainError]. That the node is the one that was asked for is for
// the caller to compare.
func VerifyChain(noc, icac, root *Certificate, at Time) error {
	if err := noc.checkRole(RoleNode, at); err != nil {
		return err
	}
	if err := root.checkRole(RoleRoot, at); err != nil {
		return err
	}
	if icac == nil || !noc.namesIssuer(icac) {
		return noc.checkIssuer(RoleNode, root)
	}
	if err := icac.checkRole(RoleICAC, at); err != nil {
		return err
	}
	if b := root.find(BasicConstraints); b.HasPathLength && b.PathLength == 0 {
		return &ChainError{RoleRoot, ReasonPathLength}
	}
	if err := icac.checkIssuer(RoleICAC, root); err != nil {
		return err
	}
	// An intermediate without a fabric ID must not hide that the root has one.
	if !sameFabric(noc, root) {
		return &ChainError{RoleNode, ReasonFabricID}
	}
	return noc.checkIssuer(RoleNode, icac)
}

// VerifyRoot checks a root on its own: its profile, that it issued and signed
// itself, and validity at the time at (0: not judged). It returns a [ChainError].
func VerifyRoot(root *Certificate, at Time) error {
	if err := root.checkRole(RoleRoot, at); err != nil {
		return err
	}
	return root.checkIssuer(RoleRoot, root)
}

// namesIssuer reports whether c says that issuer issued it.
func (c *Certificate) namesIssuer(issuer *Certificate) bool {
	return c.Issuer.Equal(issuer.Subject) && bytes.Equal(c.AuthorityKeyID(), issuer.SubjectKeyID())
}

// checkIssuer checks the link from c to the certificate above it.
func (c *Certificate) checkIssuer(role Role, issuer *Certificate) error {
	switch {
	case !c.Issuer.Equal(issuer.Subject):
		return &ChainError{role, ReasonIssuer}
	case !bytes.Equal(c.AuthorityKeyID(), issuer.SubjectKeyID()):
		return &ChainError{role, ReasonAuthorityKeyID}
	case !sameFabric(c, issuer):
		return &ChainError{role, ReasonFabricID}
	case c.VerifySignature(issuer) != nil:
		return &ChainError{role, ReasonSignature}
	}
	return nil
}

// sameFabric reports whether two certificates name the same fabric; one that
// names none goes with all.
func sameFabric(a, b *Certificate) bool {
	x, hasX := a.FabricID()
	y, hasY := b.FabricID()
	return !hasX || !hasY || x == y
}

// checkRole checks all that a certificate says of itself.
func (c *Certificate) checkRole(role Role, at Time) error {
	reason := c.checkExtensions(role)
	if reason == 0 {
		reason = c.checkSubject(role)
	}
	if reason == 0 {
		reason = c.checkValidity(at)
	}
	if reason != 0 {
		return &ChainError{role, reason}
	}
	return nil
}

func (c *Certificate) checkValidity(at Time) Reason {
	switch {
	case at == 0:
	case at < c.NotBefore:
		return ReasonNotYetValid
	case c.NotAfter != 0 && at > c.NotAfter:
		return ReasonExpired
	}
	return 0
}

func (c *Certificate) checkExtensions(role Role) Reason {
	for i := range c.Extensions {
		if c.Extensions[i].isUnknownCritical() {
			return ReasonUnknownCritical
		}
	}
	basic := c.find(BasicConstraints)
	if basic == nil {
		return ReasonBasicConstraints
	}
	usage := uint16(0)
	if e := c.find(KeyUsage); e != nil {
		usage = e.KeyUsage
	}
	if role == RoleNode {
		switch {
		case basic.IsCA:
			return ReasonIsCA
		case basic.HasPathLength:
			return ReasonPathLength
		case usage&DigitalSignature == 0 || usage&(KeyCertSign|CRLSign) != 0:
			return ReasonKeyUsage
		case !c.hasBothPurposes():
			return ReasonExtendedKeyUsage
		}
	} else {
		// Roots in the field have usages beside these two: they are let pass.
		const issuing = KeyCertSign | CRLSign
		longest := uint8(0)
		if role == RoleRoot {
			longest = 1
		}
		switch {
		case !basic.IsCA:
			return ReasonNotCA
		case basic.HasPathLength && basic.PathLength > longest:
			return ReasonPathLength
		case usage&issuing != issuing:
			return ReasonKeyUsage
		}
	}
	switch {
	case c.SubjectKeyID() == nil:
		return ReasonSubjectKeyID
	case c.AuthorityKeyID() == nil:
		return ReasonAuthorityKeyID
	}
	return 0
}

// hasBothPurposes reports whether c serves as client and as server.
func (c *Certificate) hasBothPurposes() bool {
	e := c.find(ExtendedKeyUsage)
	return e != nil && bytes.IndexByte(e.Purposes, ServerAuth) >= 0 && bytes.IndexByte(e.Purposes, ClientAuth) >= 0
}

// checkSubject checks which of Matter's attributes the subject has. Matter Core
// §6.5.6.3.
func (c *Certificate) checkSubject(role Role) Reason {
	var count [VVSID + 1]int
	for _, a := range c.Subject {
		if a.Type.IsNumber() {
			count[a.Type]++
		}
	}
	node, own := 0, NodeID
	switch role {
	case RoleRoot:
		own = RootID
	case RoleICAC:
		own = ICACID
	case RoleNode:
		node = 1
	}
	if role == RoleNode && count[NodeID] == 0 {
		return ReasonNodeID
	}
	if count[own] != 1 || count[NodeID] != node || count[FirmwareSigningID] != 0 || count[VVSID] != 0 ||
		role != RoleICAC && count[ICACID] != 0 || role != RoleRoot && count[RootID] != 0 {
		return ReasonSubject
	}
	if count[FabricID] > 1 {
		return ReasonFabricID
	}
	if fabric, ok := c.FabricID(); ok && fabric == 0 || !ok && role == RoleNode {
		return ReasonFabricID
	}
	if role != RoleNode {
		if count[CAT] != 0 {
			return ReasonCAT
		}
		return 0
	}
	if id, _ := c.NodeID(); id == 0 || id > maxOperationalNodeID {
		return ReasonNodeID
	}
	if !validCATs(c.CATs()) {
		return ReasonCAT
	}
	return 0
}

// maxOperationalNodeID is the last of the operational node IDs. Matter Core
// §2.5.5.1.
const maxOperationalNodeID = 0xFFFF_FFEF_FFFF_FFFF

// maxCATs is how many CASE authenticated tags a node can have. Matter Core
// §6.6.2.1.2.
const maxCATs = 3

// validCATs reports whether there are at most three tags, of different
// identifiers (high 16 bits), none of version (low 16 bits) 0.
func validCATs(cats []uint32) bool {
	if len(cats) > maxCATs {
		return false
	}
	for i, c := range cats {
		if c&0xFFFF == 0 {
			return false
		}
		for _, o := range cats[:i] {
			if o>>16 == c>>16 {
				return false
			}
		}
	}
	return true
}
