package session

import "errors"

// Sentinels: only what a caller can act on. Test with errors.Is.
var (
	// ErrTruncated: the octets end before the structure does.
	ErrTruncated = errors.New("session: truncated")
	// ErrAuthentication: the message was not sealed with this session's key, or was changed. Nothing has moved.
	ErrAuthentication = errors.New("session: message authentication failed")
	// ErrDuplicate: the message is authentic and was received before.
	ErrDuplicate = errors.New("session: duplicate message")
	// ErrExhausted: the session's message counter is used up; the session must be closed.
	ErrExhausted = errors.New("session: message counter exhausted: open a new session")
	// ErrClosed: the session, exchange or handshake is closed.
	ErrClosed = errors.New("session: closed")
	// ErrNotFound: no such session, exchange, handshake, fabric or work.
	ErrNotFound = errors.New("session: not found")
	// ErrTimeout: the peer did not answer in time.
	ErrTimeout = errors.New("session: the peer did not answer in time")
	// ErrLimit: a table is full; close something first.
	ErrLimit = errors.New("session: table full")
	// ErrWrongPasscode: the two sides do not share the passcode.
	ErrWrongPasscode = errors.New("session: the setup code does not fit this device")
	// ErrUnexpected: a message that cannot come now.
	ErrUnexpected = errors.New("session: unexpected message")
	// ErrInvalid: a message whose content is not acceptable.
	ErrInvalid = errors.New("session: invalid message")
	// ErrHost: the host could not do work that was delegated to it ([WorkWanted]). The peer is not at fault.
	ErrHost = errors.New("session: the host could not do the work that was asked of it")
	// ErrTooLarge: the message does not fit a datagram.
	ErrTooLarge = errors.New("session: message too large")
)
