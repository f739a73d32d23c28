package session

import "strconv"

// A caseError is a reason why CASE was given up that has nothing more to say
// than its name.
type caseError string

const (
	errTaggedMessage  caseError = "the outermost structure has a tag"
	errHalfResumption caseError = "a resumption ID and its MIC come together or not at all"
	errSessionIDZero  caseError = "session ID 0"

	errNoSharedRoot  caseError = "no fabric of ours fits the destination ID"
	errPublicKey     caseError = "the peer's ephemeral public key is not a point of the curve"
	errSealedPart    caseError = "the encrypted part does not open"
	errSignature     caseError = "the peer's signature does not fit its certificate"
	errCATs          caseError = "CASE authenticated tags that no certificate can have"
	errResumeMIC     caseError = "the MIC of Sigma2Resume does not hold"
	errResumeUnasked caseError = "Sigma2Resume without having been asked to resume"
	errHostAnswer    caseError = "the host's answer has the wrong form"

	errRecordMismatch caseError = "the resumption record is of another fabric or node"
	errPeerNode       caseError = "a node ID that is not an operational one"
	errKeyMismatch    caseError = "the operational key does not fit the certificate"
	errEpochKeys      caseError = "1 to 3 IPK epoch keys are wanted"
)

func (e caseError) Error() string { return "session: CASE: " + string(e) }

func (e caseError) reason() string { return string(e) }

// Unwrap makes every caseError an [ErrInvalid].
func (e caseError) Unwrap() error { return ErrInvalid }

// An IdentityError says that a peer's certificate is of another node or fabric
// than the one that was asked for.
type IdentityError struct {
	Field     string // "node ID" or "fabric ID"
	Got, Want uint64
}

func (e *IdentityError) Error() string {
	return "session: CASE: the peer's certificate names " + e.Field + " 0x" + strconv.FormatUint(e.Got, 16) +
		", not 0x" + strconv.FormatUint(e.Want, 16)
}

// Unwrap makes every IdentityError an [ErrInvalid].
func (e *IdentityError) Unwrap() error { return ErrInvalid }

// An opcodeError is a message that cannot come now.
type opcodeError struct {
	got, want Opcode // want 0: none is due
}

func (e *opcodeError) Error() string {
	s := "session: opcode 0x" + strconv.FormatUint(uint64(e.got), 16)
	if e.want != 0 {
		return s + " where 0x" + strconv.FormatUint(uint64(e.want), 16) + " is due"
	}
	return s + " where none is due"
}

func (e *opcodeError) Unwrap() error { return ErrUnexpected }

// hostFailure is what the peer is told when the fault is not its own.
func hostFailure(err error) error {
	return &StatusError{StatusReport{General: GeneralFailure, Code: StatusGeneralFailure}, err}
}
