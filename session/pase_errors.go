package session

// A paseError is a reason why PASE was given up that has nothing more to say
// than its name.
type paseError string

const (
	errVerifier          paseError = "not a verifier: 97 octets, w0 in range and L on the curve are wanted"
	errPasscodeID        paseError = "the initiator asks for another passcode than the one that is set"
	errEcho              paseError = "the response does not repeat our random number"
	errNoPBKDFParameters paseError = "the response lacks the PBKDF parameters"
	errShare             paseError = "the peer's share is not acceptable"
	errStretched         paseError = "the host's answer to PBKDF2 is not 80 octets"
)

func (e paseError) Error() string { return "session: PASE: " + string(e) }

// Unwrap makes every paseError an [ErrInvalid].
func (e paseError) Unwrap() error { return ErrInvalid }
