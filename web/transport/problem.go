package transport

import (
	"errors"

	"github.com/matter-session/matter-session/web/transport/btp"
)

// IDs of problems: those that the page has sentences for, and closed.
const (
	PickerDismissed   = "picker-dismissed"
	BluetoothMissing  = "bluetooth-missing"  // the browser has no Web Bluetooth
	BluetoothDisabled = "bluetooth-disabled" // it has, but switched off
	BluetoothOff      = "bluetooth-off"      // no adapter, or not powered
	InsecureContext   = "insecure-context"
	BlockedByFrame    = "blocked-by-frame"
	NotMatterDevice   = "not-matter-device" // it does not offer Matter's service
	ConnectFailed     = "connect-failed"    // before messages could go
	ConnectionLost    = "connection-lost"   // later
	Stalled           = "btp-stalled"       // connected, but the device acknowledges nothing
	Closed            = "closed"            // by this side
	Unexpected        = "unexpected"
)

// A Problem is why a device was not picked, or why its link ended.
type Problem struct {
	ID        string // one of those above
	Technical string // for people who look closer; what a device sent is not in it
}

func (p *Problem) Error() string {
	if p.Technical == "" {
		return p.ID
	}
	return p.ID + ": " + p.Technical
}

// ErrNotOpen: there is no link, or it has ended.
var ErrNotOpen = errors.New("transport: the link is not open")

var (
	// errNotMatter: the device has no Matter service, or not what belongs to it.
	errNotMatter = errors.New("the device does not offer Matter's Bluetooth service")
	// errConnectTimeout: connecting took longer than connectTime.
	errConnectTimeout = errors.New("no Bluetooth connection within 30 s")
)

// problem says what an error means that ended a link, before or after it was
// open, and before or after a message came.
func problem(err error, opened, heard bool) *Problem {
	id := ConnectFailed
	if opened {
		id = ConnectionLost
	}
	var stalled *btp.UnacknowledgedError
	switch {
	case errors.Is(err, btp.ErrClosed):
		return &Problem{ID: Closed}
	case errors.Is(err, errNotMatter):
		id = NotMatterDevice
	case errors.As(err, &stalled) && !heard:
		id = Stalled
	}
	return &Problem{ID: id, Technical: err.Error()}
}
