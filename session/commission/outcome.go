package commission

import (
	"errors"

	"github.com/matter-session/matter-session/session/tlv"
)

// An outcome is what came of a command.
type outcome struct {
	CommandResult
	err error // an InteractionError if the device refused; anything else: it did not answer
}

// status returns the status with which the device refused the command itself.
func (o *outcome) status() Status {
	var e *InteractionError
	if errors.As(o.err, &e) {
		return e.StatusIB.Status
	}
	return StatusSuccess
}

// unreadable is the code of an answer without one. No cluster has it.
const unreadable CommissioningCode = 0xFF

// code returns the first field of an answer, which is its code in every cluster
// that commissioning uses; those that answer differently have their parsers.
func (o *outcome) code() (code CommissioningCode) {
	r := tlv.NewReader(o.Fields)
	code = unreadable
	r.Next()
	r.Enter(tlv.Struct)
	for r.Next() {
		if n, ok := r.Tag().ContextNumber(); ok && n == 0 {
			code = CommissioningCode(r.Uint8())
		}
	}
	r.Exit()
	if r.Close() != nil {
		return unreadable
	}
	return code
}

// status returns the code as something to show.
func (c CommissioningCode) status() DeviceStatus { return DeviceStatus{c.String(), uint16(c)} }
