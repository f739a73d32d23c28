package cert

// A Finding is one thing that a check of a device's attestation has found.
// Checks go on after a finding, so that a person can be shown all of them.
type Finding uint8

// Severity is how much a finding weighs.
type Severity uint8

// The severities.
const (
	SeverityNote    Severity = iota + 1 // worth telling
	SeverityWarning                     // genuine as far as can be seen, but a person should know
	SeverityError                       // not a certified device, or not shown to be one
)

// What can be found. Matter Core §6.2.2, §6.2.3 and §6.3.
const (
	// The chain.
	FindingAuthorityUnknown Finding = iota + 1
	FindingTestAuthority
	FindingDACIssuer
	FindingDACKeyID
	FindingDACSignature
	FindingPAIIssuer
	FindingPAIKeyID
	FindingPAISignature

	// Each certificate by itself.
	FindingDACProfile
	FindingPAIProfile
	FindingDACCritical
	FindingPAICritical

	// Validity.
	FindingPAIValidity
	FindingPAAValidity
	FindingDACNow
	FindingPAINow

	// Vendor and product.
	FindingDACVendor
	FindingDACProduct
	FindingPAIVendor
	FindingVendorMismatch
	FindingProductMismatch
	FindingAuthorityVendor

	FindingRevocationUnchecked

	// The certification declaration.
	FindingDeclarationSigner
	FindingDeclarationSignature
	FindingDeclarationTestSigner
	FindingDeclarationTestOfficial
	FindingDeclarationFormat
	FindingDeclarationType
	FindingDeclarationNotOfficial
	FindingDeclarationVendor
	FindingDeclarationProduct
	FindingDeclarationDACVendor
	FindingDeclarationDACProduct
	FindingDeclarationPAIVendor
	FindingDeclarationPAIProduct
	FindingDeclarationAuthority

	findingEnd
)

// findings are the texts, for people, and the severities.
var findings = [findingEnd]struct {
	severity Severity
	text     string
}{
	FindingAuthorityUnknown: {SeverityError, "the authority that vouches for the device is not on the list"},
	FindingTestAuthority:    {SeverityWarning, "the device is vouched for by a test authority, as anybody can make one"},
	FindingDACIssuer:        {SeverityError, "the device certificate's issuer is not the intermediate's subject"},
	FindingDACKeyID:         {SeverityError, "the device certificate's authority key ID is not the intermediate's"},
	FindingDACSignature:     {SeverityError, "the device certificate is not signed by the intermediate"},
	FindingPAIIssuer:        {SeverityError, "the intermediate's issuer is not the authority's subject"},
	FindingPAIKeyID:         {SeverityError, "the intermediate's authority key ID is not the authority's"},
	FindingPAISignature:     {SeverityError, "the intermediate is not signed by the authority"},

	FindingDACProfile:  {SeverityError, "the device certificate has not the extensions of one"},
	FindingPAIProfile:  {SeverityError, "the intermediate has not the extensions of one"},
	FindingDACCritical: {SeverityError, "the device certificate has an unknown critical extension"},
	FindingPAICritical: {SeverityError, "the intermediate has an unknown critical extension"},

	FindingPAIValidity: {SeverityError, "the intermediate was not valid when the device was made"},
	FindingPAAValidity: {SeverityError, "the authority was not valid when the device was made"},
	FindingDACNow:      {SeverityWarning, "the device certificate is not valid at this time"},
	FindingPAINow:      {SeverityWarning, "the intermediate is not valid at this time"},

	FindingDACVendor:       {SeverityError, "the device certificate names no vendor"},
	FindingDACProduct:      {SeverityError, "the device certificate names no product"},
	FindingPAIVendor:       {SeverityError, "the intermediate names no vendor"},
	FindingVendorMismatch:  {SeverityError, "the device certificate and the intermediate name different vendors"},
	FindingProductMismatch: {SeverityError, "the device certificate and the intermediate name different products"},
	FindingAuthorityVendor: {SeverityError, "the authority vouches for another vendor"},

	FindingRevocationUnchecked: {SeverityNote, "whether the certificates were revoked was not checked"},

	FindingDeclarationSigner:       {SeverityError, "the certification declaration is signed by an unknown key"},
	FindingDeclarationSignature:    {SeverityError, "the certification declaration's signature is not valid"},
	FindingDeclarationTestSigner:   {SeverityWarning, "the certification declaration is signed by the test key, as anybody can"},
	FindingDeclarationTestOfficial: {SeverityError, "the test key vouches for an official certification"},
	FindingDeclarationFormat:       {SeverityError, "the certification declaration is of an unknown format"},
	FindingDeclarationType:         {SeverityError, "the certification declaration is of an unknown type"},
	FindingDeclarationNotOfficial:  {SeverityWarning, "the device's certification is a test or provisional"},
	FindingDeclarationVendor:       {SeverityError, "the certification is another vendor's"},
	FindingDeclarationProduct:      {SeverityError, "the certification does not cover the product"},
	FindingDeclarationDACVendor:    {SeverityError, "the certification and the device certificate name different vendors"},
	FindingDeclarationDACProduct:   {SeverityError, "the certification does not cover the device certificate's product"},
	FindingDeclarationPAIVendor:    {SeverityError, "the certification and the intermediate name different vendors"},
	FindingDeclarationPAIProduct:   {SeverityError, "the certification does not cover the intermediate's product"},
	FindingDeclarationAuthority:    {SeverityError, "the certification does not allow this authority"},
}

// Severity returns how much f weighs.
func (f Finding) Severity() Severity {
	if f >= findingEnd {
		return 0
	}
	return findings[f].severity
}

// String returns f as a sentence without its capital and stop.
func (f Finding) String() string {
	if f == 0 || f >= findingEnd {
		return "unknown finding"
	}
	return findings[f].text
}

// Findings are what one check has found.
type Findings []Finding

// Failed reports whether one of the findings is an error.
func (f Findings) Failed() bool { return f.Worst() == SeverityError }

// Worst returns the highest severity; 0 if nothing was found.
func (f Findings) Worst() (worst Severity) {
	for _, x := range f {
		worst = max(worst, x.Severity())
	}
	return worst
}

// Has reports whether x was found.
func (f Findings) Has(x Finding) bool {
	for _, y := range f {
		if x == y {
			return true
		}
	}
	return false
}

// add notes x if it is so.
func (f *Findings) add(x Finding, so bool) {
	if so {
		*f = append(*f, x)
	}
}
