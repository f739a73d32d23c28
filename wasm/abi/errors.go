package abi

import (
	"errors"
	"strings"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/commission"
	"github.com/matter-session/matter-session/session/crypto"
	"github.com/matter-session/matter-session/session/tlv"
)

// A code says to the bridge which class of error to make.
type code uint16

const (
	codeInternal code = iota + 1 // the blob is dead
	codeHandle
	codeArgument
	codeNotFound
	codeClosed
	codeTimeout
	codeLimit
	codeTooLarge
	codeExhausted
	codeWrongPasscode
	codePeerStatus
	codeInteraction
	codeSetupCode
	codeCertificate
	codeCancelled
	codeProtocol
	codeAuthentication
	codeFabric
	codeHost
	codeCounterUsed
)

var codes = []struct {
	sentinel error
	code     code
}{
	{errDead, codeInternal},
	{errHandle, codeHandle},
	{errArgument, codeArgument},
	{errSeveral, codeArgument},
	{errFull, codeLimit},
	{session.ErrHost, codeHost},
	{session.ErrNotFound, codeNotFound},
	{session.ErrClosed, codeClosed},
	{commission.ErrChannelLost, codeClosed},
	{session.ErrTimeout, codeTimeout},
	{session.ErrLimit, codeLimit},
	{session.ErrTooLarge, codeTooLarge},
	{session.ErrExhausted, codeExhausted},
	{session.ErrCounterUsed, codeCounterUsed},
	{session.ErrWrongPasscode, codeWrongPasscode},
	{session.ErrPasscode, codeSetupCode},
	{session.ErrAuthentication, codeAuthentication},
	{commission.ErrCancelled, codeCancelled},
	{crypto.ErrPoint, codeArgument},
	{crypto.ErrScalar, codeArgument},
	{crypto.ErrTooLong, codeTooLarge},
	{session.ErrTruncated, codeProtocol},
	{session.ErrInvalid, codeProtocol},
	{session.ErrUnexpected, codeProtocol},
}

func codeOf(err error) code {
	for _, c := range codes {
		if errors.Is(err, c.sentinel) {
			return c.code
		}
	}
	var (
		peer        *session.PeerStatusError
		interaction *commission.InteractionError
		setup       *commission.CodeError
		chain       *cert.ChainError
		parse       *cert.ParseError
		template    *cert.TemplateError
	)
	switch {
	case errors.As(err, &peer):
		return codePeerStatus
	case errors.As(err, &interaction):
		return codeInteraction
	case errors.As(err, &setup):
		return codeSetupCode
	case errors.As(err, &chain), errors.As(err, &parse), errors.As(err, &template):
		return codeCertificate
	}
	return codeProtocol
}

// appendError appends what is known of an error: 0 its code, 1 its message, 2
// and 3 name and value of the peer's status or the kind of fault in a setup code,
// 4 the StatusReport that a handshake's peer is to be sent.
func appendError(b []byte, err error) []byte {
	w := tlv.NewWriter(b)
	w.Struct(tlv.Anonymous)
	if err != nil {
		w.Uint(tlv.Context(0), uint64(codeOf(err)))
		w.String(tlv.Context(1), messageOf(err))
		if name, value, ok := statusOf(err); ok {
			w.String(tlv.Context(2), name)
			w.Uint(tlv.Context(3), value)
		}
		var status *session.StatusError
		if errors.As(err, &status) {
			w.Bytes(tlv.Context(4), status.Report.Append(nil))
		}
	}
	w.End()
	return w.Octets()
}

// messageOf leaves out the package: a JavaScript reader has its class instead.
func messageOf(err error) string {
	s := err.Error()
	if i := strings.Index(s, ": "); i > 0 && !strings.Contains(s[:i], " ") {
		s = s[i+2:]
	}
	return s
}

func statusOf(err error) (name string, value uint64, ok bool) {
	var (
		peer        *session.PeerStatusError
		interaction *commission.InteractionError
		setup       *commission.CodeError
	)
	switch {
	case errors.As(err, &interaction):
		return interaction.Status.String(), uint64(interaction.Status), true
	case errors.As(err, &peer):
		return "secure channel", uint64(peer.Report.Code), true
	case errors.As(err, &setup):
		return setup.Kind.String(), uint64(setup.Kind), true
	}
	return "", 0, false
}
