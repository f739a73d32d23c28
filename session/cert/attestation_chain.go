package cert

import "bytes"

// CheckAttestation checks a device's certificate dac under pai under paa, which
// is the authority found by pai.AuthorityKeyID, or nil if there is none: then
// what does not need it is checked all the same. Matter Core §6.2.3.1.
//
// The chain is judged at the point at which the device was made, its
// certificate's NotBefore: devices outlive certificates. That one is not valid
// at now (seconds since 2000; 0: not judged) is only a warning.
//
// Revocation lists are not at hand; [FindingRevocationUnchecked] always says
// so. A signature is the last thing to be checked of each link.
func CheckAttestation(dac, pai *AttestationCertificate, paa *PAA, now Time) Findings {
	var f Findings
	dac.checkDAC(&f)
	pai.checkPAI(&f)
	f.add(FindingDACIssuer, !bytes.Equal(dac.Issuer, pai.Subject))
	f.add(FindingDACKeyID, !bytes.Equal(dac.AuthorityKeyID, pai.SubjectKeyID))
	f.add(FindingDACSignature, !dac.VerifySignature(&pai.PublicKey))
	made := dac.NotBefore
	f.add(FindingPAIValidity, made < pai.NotBefore || made > pai.NotAfter)
	checkProducts(&f, dac, pai)
	if paa == nil {
		f.add(FindingAuthorityUnknown, true)
	} else {
		f.add(FindingTestAuthority, paa.Test)
		f.add(FindingPAIIssuer, !bytes.Equal(pai.Issuer, paa.Subject))
		f.add(FindingPAIKeyID, !bytes.Equal(pai.AuthorityKeyID, paa.KeyID[:]))
		f.add(FindingPAISignature, !pai.VerifySignature(&paa.PublicKey))
		f.add(FindingPAAValidity, made < paa.NotBefore || made > paa.NotAfter)
		f.add(FindingAuthorityVendor, paa.HasVendorID && pai.HasVendorID && paa.VendorID != pai.VendorID)
	}
	if now != 0 {
		at := int64(now)
		f.add(FindingDACNow, at < dac.NotBefore || at > dac.NotAfter)
		f.add(FindingPAINow, at < pai.NotBefore || at > pai.NotAfter)
	}
	f.add(FindingRevocationUnchecked, true)
	return f
}

// checkProducts compares what the two certificates say of vendor and product.
func checkProducts(f *Findings, dac, pai *AttestationCertificate) {
	f.add(FindingDACVendor, !dac.HasVendorID)
	f.add(FindingDACProduct, !dac.HasProductID)
	f.add(FindingPAIVendor, !pai.HasVendorID)
	f.add(FindingVendorMismatch, dac.HasVendorID && pai.HasVendorID && dac.VendorID != pai.VendorID)
	f.add(FindingProductMismatch, dac.HasProductID && pai.HasProductID && dac.ProductID != pai.ProductID)
}

func (c *AttestationCertificate) checkDAC(f *Findings) {
	f.add(FindingDACCritical, c.unknownCritical)
	f.add(FindingDACProfile, !c.hasBasicConstraints || c.IsCA || c.HasPathLength ||
		c.KeyUsage != DigitalSignature || c.SubjectKeyID == nil || c.AuthorityKeyID == nil)
}

func (c *AttestationCertificate) checkPAI(f *Findings) {
	f.add(FindingPAICritical, c.unknownCritical)
	f.add(FindingPAIProfile, !c.isAuthority() || !c.HasPathLength || c.PathLength != 0 || c.AuthorityKeyID == nil)
}

// isAuthority reports whether c has what PAI and PAA share.
func (c *AttestationCertificate) isAuthority() bool {
	const issuing = KeyCertSign | CRLSign
	return c.hasBasicConstraints && c.IsCA && c.KeyUsage&^DigitalSignature == issuing && c.SubjectKeyID != nil
}

// PAA returns c as an authority to be trusted, and false if it is not of that
// profile: a self-issued authority of no product. Matter Core §6.2.2.5. Its
// SHA256 is left to the caller, and so is the decision to trust it.
func (c *AttestationCertificate) PAA() (p PAA, ok bool) {
	ok = c.isAuthority() && !c.unknownCritical && !c.HasProductID &&
		(!c.HasPathLength || c.PathLength == 1) &&
		(c.AuthorityKeyID == nil || bytes.Equal(c.AuthorityKeyID, c.SubjectKeyID)) &&
		bytes.Equal(c.Issuer, c.Subject) && c.VerifySignature(&c.PublicKey)
	if !ok {
		return p, false
	}
	p = PAA{
		Subject:     c.Subject,
		VendorID:    c.VendorID,
		HasVendorID: c.HasVendorID,
		PublicKey:   c.PublicKey,
		NotBefore:   c.NotBefore,
		NotAfter:    c.NotAfter,
	}
	copy(p.KeyID[:], c.SubjectKeyID)
	return p, true
}
