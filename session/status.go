package session

import "strconv"

// A GeneralCode is the first field of a StatusReport. Matter Core §4.11.1.3 and appendix D.
type GeneralCode uint16

// General codes.
const (
	GeneralSuccess GeneralCode = iota
	GeneralFailure
	GeneralBadPrecondition
	GeneralOutOfRange
	GeneralBadRequest
	GeneralUnsupported
	GeneralUnexpected
	GeneralResourceExhausted
	GeneralBusy
	GeneralTimeout
	GeneralContinue
	GeneralAborted
	GeneralInvalidArgument
	GeneralNotFound
	GeneralAlreadyExists
	GeneralPermissionDenied
	GeneralDataLoss
	GeneralMessageTooLarge
)

// Protocol codes of the secure channel protocol.
const (
	StatusSessionEstablished uint16 = 0
	StatusNoSharedTrustRoots uint16 = 1
	StatusInvalidParameter   uint16 = 2
	StatusCloseSession       uint16 = 3
	StatusBusy               uint16 = 4
	StatusSessionNotFound    uint16 = 5
	StatusGeneralFailure     uint16 = 0xFFFF
)

// A StatusReport ends a handshake, well or badly, or closes a session.
// Matter Core §4.11.1.3.
type StatusReport struct {
	General  GeneralCode
	Protocol ProtocolID
	Code     uint16
	Data     []byte
}

// Append appends the report's wire form: 8 octets and Data.
func (s StatusReport) Append(b []byte) []byte {
	p := uint32(s.Protocol)
	b = append(b, byte(s.General), byte(s.General>>8),
		byte(p), byte(p>>8), byte(p>>16), byte(p>>24), byte(s.Code), byte(s.Code>>8))
	return append(b, s.Data...)
}

// ParseStatusReport decodes a StatusReport. Data aliases b. Unknown general
// codes are kept as they are: callers treat every one but success and continue
// as a failure.
//
// It returns [ErrTruncated] if b is shorter than 8 octets.
func ParseStatusReport(b []byte) (StatusReport, error) {
	if len(b) < 8 {
		return StatusReport{}, ErrTruncated
	}
	s := StatusReport{
		General:  GeneralCode(b[0]) | GeneralCode(b[1])<<8,
		Protocol: ProtocolID(b[2]) | ProtocolID(b[3])<<8 | ProtocolID(b[4])<<16 | ProtocolID(b[5])<<24,
		Code:     uint16(b[6]) | uint16(b[7])<<8,
	}
	if len(b) > 8 {
		s.Data = b[8:]
	}
	return s, nil
}

// IsSuccess reports whether s says that a session is established.
func (s StatusReport) IsSuccess() bool {
	return s.General == GeneralSuccess && s.Protocol == ProtocolSecureChannel && s.Code == StatusSessionEstablished
}

// BusyWait returns how long a Busy report asks us to wait, and whether s is one.
// A Busy without data asks for 500 ms.
func (s StatusReport) BusyWait() (Milliseconds, bool) {
	if s.General != GeneralBusy || s.Protocol != ProtocolSecureChannel || s.Code != StatusBusy {
		return 0, false
	}
	if len(s.Data) < 2 {
		return 500, true
	}
	return Milliseconds(s.Data[0]) | Milliseconds(s.Data[1])<<8, true
}

// A StatusError is an error that the peer is told of: Report is what to send.
type StatusError struct {
	Report StatusReport
	Err    error // why; never sent
}

func (e *StatusError) Error() string { return e.Err.Error() }
func (e *StatusError) Unwrap() error { return e.Err }

// invalidParameter is the answer to nearly everything that a peer can get wrong
// in a handshake.
func invalidParameter(err error) error {
	return &StatusError{StatusReport{General: GeneralFailure, Code: StatusInvalidParameter}, err}
}

// A PeerStatusError is a failure that the peer reported. The peer is not
// answered.
type PeerStatusError struct {
	Report StatusReport
}

func (e *PeerStatusError) Error() string {
	s := "session: the peer refused: "
	switch {
	case e.Report.Protocol != ProtocolSecureChannel:
		s += "protocol 0x" + strconv.FormatUint(uint64(e.Report.Protocol), 16) + " code " + strconv.Itoa(int(e.Report.Code))
	case e.Report.Code == StatusNoSharedTrustRoots:
		s += "it shares no trust root with us (is it still in this fabric?)"
	case e.Report.Code == StatusInvalidParameter:
		s += "invalid parameter"
	case e.Report.Code == StatusCloseSession:
		s += "it closed the session"
	case e.Report.Code == StatusBusy:
		s += "it is busy"
	case e.Report.Code == StatusSessionNotFound:
		s += "it does not know the session"
	default:
		s += "code " + strconv.Itoa(int(e.Report.Code))
	}
	return s + " (general code " + strconv.Itoa(int(e.Report.General)) + ")"
}
