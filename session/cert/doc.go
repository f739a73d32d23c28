// Package cert reads, writes, issues and checks the certificates of Matter.
//
// A fabric's operational certificates exist in two forms: as Matter TLV, in
// which nodes exchange them, and as X.509 in DER, which is what is signed.
// [ParseTLV] and [ParseDER] read either, [Certificate.AppendTLV],
// [Certificate.AppendDER] and [Certificate.AppendTBS] write either,
// [VerifyChain] checks a node's chain and [Issue] makes one. Matter Core §6.4
// to §6.6.
//
// The certificates that a device was born with are X.509 alone:
// [ParseAttestation], [CheckAttestation], and [ParseSignedDeclaration] for the
// certification declaration beside them. Matter Core §6.2 and §6.3.
//
// [ParseCSR] reads the request that a device answers with while it is being
// commissioned.
//
// Nothing here reads a clock: validity is judged at the [Time] given. Parsers
// copy what they keep.
package cert

// Time is a point in time in seconds since 2000-01-01T00:00:00Z. As a
// certificate's end, 0 is no end; as a point at which to judge, 0 is no trusted
// clock.
type Time = uint32

// Limits of the two forms, in octets. Matter Core §6.1.3.
const (
	MaxTLVSize = 400
	MaxDERSize = 600
)

// KeyIDSize is the size of a key identifier, a SHA-1, in octets.
const KeyIDSize = 20
