package commission

import (
	"strconv"

	"github.com/matter-session/matter-session/session/tlv"
)

// A Status is a status code of the Interaction Model. Matter Core §8.10.
type Status uint8

// Status codes.
const (
	StatusSuccess                Status = 0x00
	StatusFailure                Status = 0x01
	StatusInvalidSubscription    Status = 0x7D
	StatusUnsupportedAccess      Status = 0x7E
	StatusUnsupportedEndpoint    Status = 0x7F
	StatusInvalidAction          Status = 0x80
	StatusUnsupportedCommand     Status = 0x81
	StatusInvalidCommand         Status = 0x85
	StatusUnsupportedAttribute   Status = 0x86
	StatusConstraintError        Status = 0x87
	StatusUnsupportedWrite       Status = 0x88
	StatusResourceExhausted      Status = 0x89
	StatusNotFound               Status = 0x8B
	StatusUnreportableAttribute  Status = 0x8C
	StatusInvalidDataType        Status = 0x8D
	StatusUnsupportedRead        Status = 0x8F
	StatusDataVersionMismatch    Status = 0x92
	StatusTimeout                Status = 0x94
	StatusUnsupportedNode        Status = 0x9B
	StatusBusy                   Status = 0x9C
	StatusAccessRestricted       Status = 0x9D
	StatusUnsupportedCluster     Status = 0xC3
	StatusNoUpstreamSubscription Status = 0xC5
	StatusNeedsTimedInteraction  Status = 0xC6
	StatusUnsupportedEvent       Status = 0xC7
	StatusPathsExhausted         Status = 0xC8
	StatusTimedRequestMismatch   Status = 0xC9
	StatusFailSafeRequired       Status = 0xCA
	StatusInvalidInState         Status = 0xCB
	StatusNoCommandResponse      Status = 0xCC
	StatusTermsChanged           Status = 0xCD
	StatusMaintenanceRequired    Status = 0xCE
	StatusDynamicConstraintError Status = 0xCF
	StatusAlreadyExists          Status = 0xD0
	StatusInvalidTransportType   Status = 0xD1
)

// String returns the code's name in words, or its number.
func (s Status) String() string {
	switch s {
	case StatusSuccess:
		return "success"
	case StatusFailure:
		return "failure"
	case StatusInvalidSubscription:
		return "invalid subscription"
	case StatusUnsupportedAccess:
		return "unsupported access"
	case StatusUnsupportedEndpoint:
		return "unsupported endpoint"
	case StatusInvalidAction:
		return "invalid action"
	case StatusUnsupportedCommand:
		return "unsupported command"
	case StatusInvalidCommand:
		return "invalid command"
	case StatusUnsupportedAttribute:
		return "unsupported attribute"
	case StatusConstraintError:
		return "constraint error"
	case StatusUnsupportedWrite:
		return "unsupported write"
	case StatusResourceExhausted:
		return "resource exhausted"
	case StatusNotFound:
		return "not found"
	case StatusUnreportableAttribute:
		return "unreportable attribute"
	case StatusInvalidDataType:
		return "invalid data type"
	case StatusUnsupportedRead:
		return "unsupported read"
	case StatusDataVersionMismatch:
		return "data version mismatch"
	case StatusTimeout:
		return "timeout"
	case StatusUnsupportedNode:
		return "unsupported node"
	case StatusBusy:
		return "busy"
	case StatusAccessRestricted:
		return "access restricted"
	case StatusUnsupportedCluster:
		return "unsupported cluster"
	default:
		return s.laterName()
	}
}

// laterName names the codes from 0xC5 on.
func (s Status) laterName() string {
	switch s {
	case StatusNoUpstreamSubscription:
		return "no upstream subscription"
	case StatusNeedsTimedInteraction:
		return "needs timed interaction"
	case StatusUnsupportedEvent:
		return "unsupported event"
	case StatusPathsExhausted:
		return "paths exhausted"
	case StatusTimedRequestMismatch:
		return "timed request mismatch"
	case StatusFailSafeRequired:
		return "fail-safe required"
	case StatusInvalidInState:
		return "invalid in state"
	case StatusNoCommandResponse:
		return "no command response"
	case StatusTermsChanged:
		return "terms changed"
	case StatusMaintenanceRequired:
		return "maintenance required"
	case StatusDynamicConstraintError:
		return "dynamic constraint error"
	case StatusAlreadyExists:
		return "already exists"
	case StatusInvalidTransportType:
		return "invalid transport type"
	}
	return "status 0x" + strconv.FormatUint(uint64(s), 16)
}

// A StatusIB is a status and, if the cluster has one of its own to add, that.
// Matter Core §10.6.17.
type StatusIB struct {
	Status     Status
	Cluster    uint8 // its meaning belongs to the cluster; valid if HasCluster
	HasCluster bool
}

// Err returns nil if s is a success, else an [*InteractionError].
func (s StatusIB) Err() error {
	if s.Status == StatusSuccess {
		return nil
	}
	return &InteractionError{s}
}

func (s StatusIB) append(w *tlv.Writer, t tlv.Tag) {
	w.Struct(t)
	w.Uint(ctx(0), uint64(s.Status))
	if s.HasCluster {
		w.Uint(ctx(1), uint64(s.Cluster))
	}
	w.End()
}

func parseStatusIB(r *tlv.Reader) (s StatusIB) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			s.Status = Status(r.Uint8())
		case 1:
			s.Cluster, s.HasCluster = r.Uint8(), true
		}
	}
	r.Require(&seen, 0)
	r.Exit()
	return s
}

// An InteractionError is a status with which the peer refused: a whole
// interaction, one attribute or one command.
type InteractionError struct {
	StatusIB
}

func (e *InteractionError) Error() string {
	s := "commission: the device answered: " + e.Status.String() + " (0x" + strconv.FormatUint(uint64(e.Status), 16)
	if e.HasCluster {
		s += ", cluster status " + strconv.Itoa(int(e.Cluster))
	}
	return s + ")"
}

// A StatusResponse ends an action, or asks for the next part of one.
// Matter Core §10.7.1.
type StatusResponse struct {
	Status Status
}

// Append appends the message.
func (m StatusResponse) Append(dst []byte) []byte {
	w := newMessage(dst)
	w.Uint(ctx(0), uint64(m.Status))
	return endMessage(w)
}

// ParseStatusResponse decodes a StatusResponse.
func ParseStatusResponse(b []byte) (m StatusResponse, err error) {
	r, seen := openStruct(b)
	for r.Next() {
		if r.Member(&seen) == 0 {
			m.Status = Status(r.Uint8())
		}
	}
	r.Require(&seen, 0)
	return result(r, m)
}

// A TimedRequest announces that a Write or Invoke follows on the same exchange
// within TimeoutMs. Matter Core §10.7.11.
type TimedRequest struct {
	TimeoutMs uint16
}

// Append appends the message.
func (m TimedRequest) Append(dst []byte) []byte {
	w := newMessage(dst)
	w.Uint(ctx(0), uint64(m.TimeoutMs))
	return endMessage(w)
}

// ParseTimedRequest decodes a TimedRequest.
func ParseTimedRequest(b []byte) (m TimedRequest, err error) {
	r, seen := openStruct(b)
	for r.Next() {
		if r.Member(&seen) == 0 {
			m.TimeoutMs = r.Uint16()
		}
	}
	r.Require(&seen, 0)
	return result(r, m)
}
