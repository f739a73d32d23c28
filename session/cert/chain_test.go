package cert

import (
	"errors"
	"testing"
)

// wantChain checks that err is a ChainError of this role and reason.
func wantChain(t *testing.T, what string, err error, role Role, reason Reason) {
	t.Helper()
	var e *ChainError
	if !errors.As(err, &e) || e.Role != role || e.Reason != reason {
		t.Errorf("%s: got %v, want %v", what, err, &ChainError{role, reason})
	}
}

func TestChainHolds(t *testing.T) {
	f := newForge(t)
	for _, at := range []Time{0, testBegin, testNow, testEnd} {
		if err := VerifyChain(f.noc, f.icac, f.root, at); err != nil {
			t.Errorf("at %d: %v", at, err)
		}
		if err := VerifyRoot(f.root, at); err != nil {
			t.Errorf("root at %d: %v", at, err)
		}
	}
	f.direct()
	if err := VerifyChain(f.noc, nil, f.root, testNow); err != nil {
		t.Errorf("without an intermediate: %v", err)
	}
}

// refusals are chains that are sound but for one thing: every certificate is
// signed anew after the change.
var refusals = []struct {
	name   string
	change func(*forge)
	role   Role
	reason Reason
}{
	// The node's certificate.
	{"NOCThatIsACA", func(f *forge) { f.noc.find(BasicConstraints).IsCA = true }, RoleNode, ReasonIsCA},
	{"NOCWithPathLength", func(f *forge) { f.noc.find(BasicConstraints).HasPathLength = true }, RoleNode, ReasonPathLength},
	{"NOCWithoutBasicConstraints", func(f *forge) { f.noc.remove(BasicConstraints) }, RoleNode, ReasonBasicConstraints},
	{"NOCWithoutKeyUsage", func(f *forge) { f.noc.remove(KeyUsage) }, RoleNode, ReasonKeyUsage},
	{"NOCThatMaySignCertificates", func(f *forge) { f.noc.find(KeyUsage).KeyUsage |= KeyCertSign }, RoleNode, ReasonKeyUsage},
	{"NOCThatMaySignLists", func(f *forge) { f.noc.find(KeyUsage).KeyUsage |= CRLSign }, RoleNode, ReasonKeyUsage},
	{"NOCWithoutDigitalSignature", func(f *forge) { f.noc.find(KeyUsage).KeyUsage = 1 << 1 }, RoleNode, ReasonKeyUsage},
	{"NOCWithoutExtendedKeyUsage", func(f *forge) { f.noc.remove(ExtendedKeyUsage) }, RoleNode, ReasonExtendedKeyUsage},
	{"NOCForServersOnly", func(f *forge) { f.noc.find(ExtendedKeyUsage).Purposes = []byte{ServerAuth} }, RoleNode, ReasonExtendedKeyUsage},
	{"NOCForClientsOnly", func(f *forge) { f.noc.find(ExtendedKeyUsage).Purposes = []byte{ClientAuth} }, RoleNode, ReasonExtendedKeyUsage},
	{"NOCForCodeSigning", func(f *forge) { f.noc.find(ExtendedKeyUsage).Purposes = []byte{3, 4} }, RoleNode, ReasonExtendedKeyUsage},
	{"NOCWithoutSubjectKeyID", func(f *forge) { f.noc.remove(SubjectKeyID) }, RoleNode, ReasonSubjectKeyID},
	{"NOCWithoutAuthorityKeyID", func(f *forge) { f.noc.remove(AuthorityKeyID) }, RoleNode, ReasonAuthorityKeyID},
	{"NOCWithoutNodeID", func(f *forge) { f.noc.Subject = Name{{Type: FabricID, Number: 0xFAB}} }, RoleNode, ReasonNodeID},
	{"NOCOfNodeZero", func(f *forge) { f.noc.Subject = NodeName(0, 0xFAB) }, RoleNode, ReasonNodeID},
	{"NOCOfGroupNodeID", func(f *forge) { f.noc.Subject = NodeName(0xFFFF_FFFF_FFFF_0001, 0xFAB) }, RoleNode, ReasonNodeID},
	{"NOCOfTwoNodes", func(f *forge) { f.noc.Subject = append(NodeName(1, 0xFAB), Attribute{Type: NodeID, Number: 2}) }, RoleNode, ReasonSubject},
	{"NOCWithoutFabricID", func(f *forge) { f.noc.Subject = Name{{Type: NodeID, Number: 1}} }, RoleNode, ReasonFabricID},
	{"NOCOfFabricZero", func(f *forge) { f.noc.Subject = NodeName(1, 0) }, RoleNode, ReasonFabricID},
	{"NOCOfTwoFabrics", func(f *forge) { f.noc.Subject = append(NodeName(1, 0xFAB), Attribute{Type: FabricID, Number: 0xFAB}) }, RoleNode, ReasonFabricID},
	{"NOCThatIsAnICACToo", func(f *forge) { f.noc.Subject = append(NodeName(1, 0xFAB), Attribute{Type: ICACID, Number: 2}) }, RoleNode, ReasonSubject},
	{"NOCThatIsARootToo", func(f *forge) { f.noc.Subject = append(NodeName(1, 0xFAB), Attribute{Type: RootID, Number: 2}) }, RoleNode, ReasonSubject},
	{"NOCThatSignsFirmware", func(f *forge) {
		f.noc.Subject = append(NodeName(1, 0xFAB), Attribute{Type: FirmwareSigningID, Number: 2})
	}, RoleNode, ReasonSubject},
	{"NOCOfAVendorVerifier", func(f *forge) { f.noc.Subject = append(NodeName(1, 0xFAB), Attribute{Type: VVSID, Number: 2}) }, RoleNode, ReasonSubject},
	{"NOCWithFourCATs", func(f *forge) { f.noc.Subject = NodeName(1, 0xFAB, 0x10001, 0x20001, 0x30001, 0x40001) }, RoleNode, ReasonCAT},
	{"NOCWithCATOfVersionZero", func(f *forge) { f.noc.Subject = NodeName(1, 0xFAB, 0x10000) }, RoleNode, ReasonCAT},
	{"NOCWithCATTwice", func(f *forge) { f.noc.Subject = NodeName(1, 0xFAB, 0x10001, 0x10002) }, RoleNode, ReasonCAT},
	{"NOCExpired", func(f *forge) { f.noc.NotAfter = testNow - 1 }, RoleNode, ReasonExpired},
	{"NOCNotYetValid", func(f *forge) { f.noc.NotBefore = testNow + 1 }, RoleNode, ReasonNotYetValid},
	{"NOCWithUnknownCriticalExtension", func(f *forge) { f.noc.Extensions = append(f.noc.Extensions, foreign(true)) }, RoleNode, ReasonUnknownCritical},
	{"NOCOfAnotherFabricThanICAC", func(f *forge) {
		f.icac.Subject = ICACName(0xB, 0xFAC)
		f.root.Subject = RootName(0xA, 0)
		f.root.Issuer, f.icac.Issuer, f.noc.Issuer = f.root.Subject, f.root.Subject, f.icac.Subject
	}, RoleNode, ReasonFabricID},
	{"NOCOfAnotherFabricThanRoot", func(f *forge) {
		f.icac.Subject = ICACName(0xB, 0)
		f.noc.Issuer = f.icac.Subject
		f.noc.Subject = NodeName(1, 0xFAC)
	}, RoleNode, ReasonFabricID},
	// A NOC that does not name the ICAC must lead to the root.
	{"NOCIssuerOfAnotherName", func(f *forge) { f.noc.Issuer = ICACName(0xBB, 0xFAB) }, RoleNode, ReasonIssuer},
	{"NOCIssuerInAnotherOrder", func(f *forge) { f.noc.Issuer = Name{f.icac.Subject[1], f.icac.Subject[0]} }, RoleNode, ReasonIssuer},
	{"NOCWithForeignAuthorityKeyID", func(f *forge) {
		f.noc.Issuer = f.root.Subject
		f.noc.find(AuthorityKeyID).KeyID = make([]byte, KeyIDSize)
	}, RoleNode, ReasonAuthorityKeyID},

	// The intermediate.
	{"ICACThatIsNoCA", func(f *forge) { f.icac.find(BasicConstraints).IsCA = false }, RoleICAC, ReasonNotCA},
	{"ICACWithoutBasicConstraints", func(f *forge) { f.icac.remove(BasicConstraints) }, RoleICAC, ReasonBasicConstraints},
	{"ICACPathLengthOne", func(f *forge) { f.icac.find(BasicConstraints).PathLength = 1 }, RoleICAC, ReasonPathLength},
	{"ICACWithoutKeyUsage", func(f *forge) { f.icac.remove(KeyUsage) }, RoleICAC, ReasonKeyUsage},
	{"ICACThatMayNotSignCertificates", func(f *forge) { f.icac.find(KeyUsage).KeyUsage = CRLSign }, RoleICAC, ReasonKeyUsage},
	{"ICACWithoutAuthorityKeyID", func(f *forge) { f.icac.remove(AuthorityKeyID) }, RoleICAC, ReasonAuthorityKeyID},
	{"ICACWithForeignAuthorityKeyID", func(f *forge) { f.icac.find(AuthorityKeyID).KeyID = make([]byte, KeyIDSize) }, RoleICAC, ReasonAuthorityKeyID},
	{"ICACIssuerOfAnotherName", func(f *forge) { f.icac.Issuer = RootName(0xAA, 0xFAB) }, RoleICAC, ReasonIssuer},
	{"ICACOfAnotherFabric", func(f *forge) {
		f.icac.Subject = ICACName(0xB, 0xFAC)
		f.noc.Issuer = f.icac.Subject
		f.noc.Subject = NodeName(1, 0xFAC)
	}, RoleICAC, ReasonFabricID},
	{"ICACOfFabricZero", func(f *forge) {
		f.icac.Subject = append(ICACName(0xB, 0), Attribute{Type: FabricID})
		f.noc.Issuer = f.icac.Subject
	}, RoleICAC, ReasonFabricID},
	{"ICACWithoutICACID", func(f *forge) {
		f.icac.Subject = Name{{Type: FabricID, Number: 0xFAB}}
		f.noc.Issuer = f.icac.Subject
	}, RoleICAC, ReasonSubject},
	{"ICACThatIsANode", func(f *forge) {
		f.icac.Subject = append(ICACName(0xB, 0xFAB), Attribute{Type: NodeID, Number: 1})
		f.noc.Issuer = f.icac.Subject
	}, RoleICAC, ReasonSubject},
	{"ICACWithCAT", func(f *forge) {
		f.icac.Subject = append(ICACName(0xB, 0xFAB), Attribute{Type: CAT, Number: 0x10001})
		f.noc.Issuer = f.icac.Subject
	}, RoleICAC, ReasonCAT},
	{"ICACExpired", func(f *forge) { f.icac.NotAfter = testNow - 1 }, RoleICAC, ReasonExpired},
	{"ICACNotYetValid", func(f *forge) { f.icac.NotBefore = testNow + 1 }, RoleICAC, ReasonNotYetValid},
	{"ICACWithUnknownCriticalExtension", func(f *forge) { f.icac.Extensions = append(f.icac.Extensions, foreign(true)) }, RoleICAC, ReasonUnknownCritical},

	// The root.
	{"RCACPathLengthTwo", func(f *forge) {
		b := f.root.find(BasicConstraints)
		b.HasPathLength, b.PathLength = true, 2
	}, RoleRoot, ReasonPathLength},
	{"RCACPathLengthZeroAboveAnICAC", func(f *forge) { f.root.find(BasicConstraints).HasPathLength = true }, RoleRoot, ReasonPathLength},
	{"RCACThatIsNoCA", func(f *forge) { f.root.find(BasicConstraints).IsCA = false }, RoleRoot, ReasonNotCA},
	{"RCACWithoutKeyUsage", func(f *forge) { f.root.remove(KeyUsage) }, RoleRoot, ReasonKeyUsage},
	{"RCACWithoutSubjectKeyID", func(f *forge) { f.root.remove(SubjectKeyID) }, RoleRoot, ReasonSubjectKeyID},
	{"RCACWithoutRootID", func(f *forge) { f.root.Subject = Name{{Type: FabricID, Number: 0xFAB}} }, RoleRoot, ReasonSubject},
	{"RCACExpired", func(f *forge) { f.root.NotAfter = testNow - 1 }, RoleRoot, ReasonExpired},
	{"RCACNotYetValid", func(f *forge) { f.root.NotBefore = testNow + 1 }, RoleRoot, ReasonNotYetValid},
	{"RCACWithUnknownCriticalExtension", func(f *forge) { f.root.Extensions = append(f.root.Extensions, foreign(true)) }, RoleRoot, ReasonUnknownCritical},
}

// foreign returns an extension that nobody knows.
func foreign(critical bool) Extension {
	b, mark := beginDER(nil, derSequence)
	b = appendDERString(b, derOID, "\x2a\x03")
	if critical {
		b = append(b, derBoolean, 1, 0xFF)
	}
	b = appendDER(b, derOctetString, []byte{1, 2, 3})
	return Extension{Kind: OtherExtension, DER: endDER(b, mark)}
}

func TestChainRefused(t *testing.T) {
	for _, v := range refusals {
		t.Run(v.name, func(t *testing.T) {
			f := newForge(t)
			v.change(f)
			f.sign()
			wantChain(t, v.name, VerifyChain(f.noc, f.icac, f.root, testNow), v.role, v.reason)
		})
	}
}

func TestSignatureRefused(t *testing.T) {
	for name, v := range map[string]struct {
		change func(*forge)
		role   Role
	}{
		"NOCSignedByTheRootInTheICACsName": {func(f *forge) { f.noc.Signature, _ = f.rootKey.Sign(nil, f.noc.AppendTBS(nil)) }, RoleNode},
		"NOCChangedAfterSigning":           {func(f *forge) { f.noc.NotAfter++ }, RoleNode},
		"NOCSignatureOfZeros":              {func(f *forge) { f.noc.Signature = [64]byte{} }, RoleNode},
		"ICACSignedByItself":               {func(f *forge) { f.icac.Signature, _ = f.icacKey.Sign(nil, f.icac.AppendTBS(nil)) }, RoleICAC},
		"ICACChangedAfterSigning":          {func(f *forge) { f.icac.Serial = []byte{9} }, RoleICAC},
		"ICACKeyNotOnTheCurve": {func(f *forge) {
			f.icac.PublicKey[64] ^= 1
			f.icac.Signature, _ = f.rootKey.Sign(nil, f.icac.AppendTBS(nil))
		}, RoleNode},
	} {
		t.Run(name, func(t *testing.T) {
			f := newForge(t)
			v.change(f)
			wantChain(t, name, VerifyChain(f.noc, f.icac, f.root, testNow), v.role, ReasonSignature)
		})
	}
}

func TestRootRefusedOnItsOwn(t *testing.T) {
	f := newForge(t)
	f.root.Signature[5] ^= 1
	wantChain(t, "bad signature", VerifyRoot(f.root, testNow), RoleRoot, ReasonSignature)
	f = newForge(t)
	f.root.Issuer = RootName(0xAA, 0xFAB)
	wantChain(t, "issued by another", VerifyRoot(f.root, testNow), RoleRoot, ReasonIssuer)
	f = newForge(t)
	f.root.find(AuthorityKeyID).KeyID = make([]byte, KeyIDSize)
	wantChain(t, "other authority key ID", VerifyRoot(f.root, testNow), RoleRoot, ReasonAuthorityKeyID)
	wantChain(t, "an ICAC", VerifyRoot(f.icac, testNow), RoleRoot, ReasonSubject)
	wantChain(t, "a node", VerifyRoot(f.noc, testNow), RoleRoot, ReasonNotCA)
}

func TestValidityIsNotJudgedWithoutAClock(t *testing.T) {
	f := newForge(t)
	f.noc.NotBefore, f.noc.NotAfter = 1, 2
	f.sign()
	if err := VerifyChain(f.noc, f.icac, f.root, 0); err != nil {
		t.Error(err)
	}
	f.noc.NotAfter = 0
	f.sign()
	if err := VerifyChain(f.noc, f.icac, f.root, testEnd); err != nil {
		t.Errorf("not-after 0 is no end: %v", err)
	}
}

func TestFieldOdditiesPass(t *testing.T) {
	for name, change := range map[string]func(*forge){
		"root with more key usages":       func(f *forge) { f.root.find(KeyUsage).KeyUsage |= DigitalSignature },
		"intermediate without pathlen":    func(f *forge) { f.icac.find(BasicConstraints).HasPathLength = false },
		"root with path length 1":         func(f *forge) { b := f.root.find(BasicConstraints); b.HasPathLength, b.PathLength = true, 1 },
		"purposes in the other order":     func(f *forge) { f.noc.find(ExtendedKeyUsage).Purposes = []byte{ServerAuth, ClientAuth} },
		"unknown extension, not critical": func(f *forge) { f.noc.Extensions = append(f.noc.Extensions, foreign(false)) },
		"extensions in another order": func(f *forge) {
			e := f.noc.Extensions
			e[0], e[4] = e[4], e[0]
		},
		"no fabric but the node's": func(f *forge) {
			f.root.Subject, f.icac.Subject = RootName(0xA, 0), ICACName(0xB, 0)
			f.root.Issuer, f.icac.Issuer, f.noc.Issuer = f.root.Subject, f.root.Subject, f.icac.Subject
		},
		"three CATs": func(f *forge) { f.noc.Subject = NodeName(1, 0xFAB, 0x10001, 0x20001, 0x30001) },
	} {
		f := newForge(t)
		change(f)
		f.sign()
		if err := VerifyChain(f.noc, f.icac, f.root, testNow); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A fabric sends an ICAC, yet its NOC is signed by the root directly. The NOC's
// issuer and authority key ID decide; an ICAC that they do not name is not
// looked at.
func TestField_F10_ICACThatIsSentButNotUsed(t *testing.T) {
	f := newForge(t)
	f.direct()
	if err := VerifyChain(f.noc, f.icac, f.root, testNow); err != nil {
		t.Errorf("unused ICAC of the same root: %v", err)
	}
	other := newForge(t)
	other.icac.Subject = ICACName(0xBB, 0x999)
	other.icac.Issuer = RootName(0xAA, 0x999)
	other.sign()
	if err := VerifyChain(f.noc, other.icac, f.root, testNow); err != nil {
		t.Errorf("unrelated but valid ICAC: %v", err)
	}
	other.icac.NotAfter = testBegin + 1
	other.icac.Signature = [64]byte{}
	if err := VerifyChain(f.noc, other.icac, f.root, testNow); err != nil {
		t.Errorf("ICAC that is not looked at: %v", err)
	}

	// The same name as the ICAC's but the root's key ID: the root is meant, and
	// its name does not fit.
	f = newForge(t)
	f.noc.find(AuthorityKeyID).KeyID = f.root.SubjectKeyID()
	f.sign()
	wantChain(t, "named half", VerifyChain(f.noc, f.icac, f.root, testNow), RoleNode, ReasonIssuer)

	// Signed by neither.
	f = newForge(t)
	f.direct()
	f.noc.Signature, _ = newKey("neither").Sign(nil, f.noc.AppendTBS(nil))
	wantChain(t, "signed by neither", VerifyChain(f.noc, f.icac, f.root, testNow), RoleNode, ReasonSignature)
	f = newForge(t)
	f.noc.Signature, _ = newKey("neither").Sign(nil, f.noc.AppendTBS(nil))
	wantChain(t, "signed by neither", VerifyChain(f.noc, f.icac, f.root, testNow), RoleNode, ReasonSignature)
	// An intermediate that is needed and missing.
	wantChain(t, "ICAC missing", VerifyChain(f.noc, nil, f.root, testNow), RoleNode, ReasonIssuer)
}

func TestChainErrorTexts(t *testing.T) {
	for r := ReasonBasicConstraints; int(r) < len(reasons); r++ {
		if r.String() == "" {
			t.Errorf("reason %d has no text", r)
		}
	}
	for _, v := range []struct{ got, want string }{
		{(&ChainError{RoleNode, ReasonExpired}).Error(), "cert: node certificate: it has expired"},
		{(&ChainError{RoleICAC, ReasonIssuer}).Error(), "cert: intermediate certificate: its issuer is not the subject of the certificate above it"},
		{(&ChainError{RoleRoot, ReasonNotCA}).Error(), "cert: root certificate: it is not marked as an authority's"},
		{(&ChainError{}).Error(), "cert: unknown certificate: unknown"},
	} {
		if v.got != v.want {
			t.Errorf("got %q, want %q", v.got, v.want)
		}
	}
}
