package commission

import (
	"strconv"

	"github.com/matter-session/matter-session/session/tlv"
)

// General Commissioning. Matter Core §11.10.
const (
	GeneralBreadcrumb              AttributeID = 0
	GeneralBasicCommissioningInfo  AttributeID = 1
	GeneralRegulatoryConfig        AttributeID = 2
	GeneralLocationCapability      AttributeID = 3
	GeneralConcurrentConnection    AttributeID = 4
	GeneralTermsAcceptedVersion    AttributeID = 5
	GeneralTermsMinRequiredVersion AttributeID = 6
	GeneralTermsAcknowledgements   AttributeID = 7
	GeneralTermsRequired           AttributeID = 8
	GeneralTermsUpdateDeadline     AttributeID = 9

	CommandArmFailSafe                   CommandID = 0
	CommandArmFailSafeResponse           CommandID = 1
	CommandSetRegulatoryConfig           CommandID = 2
	CommandSetRegulatoryConfigResponse   CommandID = 3
	CommandCommissioningComplete         CommandID = 4
	CommandCommissioningCompleteResponse CommandID = 5
	CommandSetTerms                      CommandID = 6
	CommandSetTermsResponse              CommandID = 7

	// GeneralFeatureTerms is the feature of devices that ask for terms.
	GeneralFeatureTerms uint32 = 1 << 0
)

// A RegulatoryLocation says where a radio is used.
type RegulatoryLocation uint8

// Locations.
const (
	LocationIndoor RegulatoryLocation = iota
	LocationOutdoor
	LocationIndoorOutdoor
)

// A CommissioningCode is how a device answers the commands of this cluster.
type CommissioningCode uint8

// Codes. Matter Core §11.10.5.1.
const (
	CommissioningOK CommissioningCode = iota
	CommissioningValueOutsideRange
	CommissioningInvalidAuthentication
	CommissioningNoFailSafe
	CommissioningBusyWithOtherAdmin
	CommissioningRequiredTCNotAccepted
	CommissioningTCAcknowledgementsNotReceived
	CommissioningTCMinVersionNotMet
)

var commissioningNames = [...]string{
	"OK", "ValueOutsideRange", "InvalidAuthentication", "NoFailSafe", "BusyWithOtherAdmin",
	"RequiredTCNotAccepted", "TCAcknowledgementsNotReceived", "TCMinVersionNotMet",
}

// String returns the specification's name of c, or its number.
func (c CommissioningCode) String() string { return nameOf(commissioningNames[:], uint8(c)) }

// nameOf returns the name of a code, or its number if it has none.
func nameOf(names []string, code uint8) string {
	if int(code) < len(names) && names[code] != "" {
		return names[code]
	}
	return "code " + strconv.Itoa(int(code))
}

// named writes a code as an error says it: name, number, the device's own words.
func named(name string, code uint8, text string) string {
	s := "commission: the device answered: " + name + " (" + strconv.Itoa(int(code)) + ")"
	if text != "" {
		s += ": " + strconv.Quote(text)
	}
	return s
}

// A CommissioningResponse answers all commands of General Commissioning.
type CommissioningResponse struct {
	Code CommissioningCode
	Text string // the device's own words, or empty
}

// Err returns nil if the answer is a success, else a [*CommissioningError].
func (m CommissioningResponse) Err() error {
	if m.Code == CommissioningOK {
		return nil
	}
	return &CommissioningError{m}
}

// A CommissioningError is an answer of General Commissioning that is no success.
type CommissioningError struct{ CommissioningResponse }

func (e *CommissioningError) Error() string { return named(e.Code.String(), uint8(e.Code), e.Text) }

// ParseCommissioningResponse decodes the fields of an answer to ArmFailSafe,
// SetRegulatoryConfig, CommissioningComplete or SetTermsAcknowledgements.
func ParseCommissioningResponse(fields []byte) (m CommissioningResponse, err error) {
	r, seen := openStruct(fields)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			m.Code = CommissioningCode(r.Uint8())
		case 1:
			m.Text = r.String(maxText)
		}
	}
	r.Require(&seen, 0)
	return result(r, m)
}

// maxText bounds the words that a device adds to an answer: 128 octets in most
// clusters, 512 in Network Commissioning.
const maxText = 512

// AppendFields appends the fields of the response command.
func (m CommissioningResponse) AppendFields(dst []byte) []byte {
	w := newMessage(dst)
	w.Uint(ctx(0), uint64(m.Code))
	w.String(ctx(1), m.Text)
	w.End()
	return w.Octets()
}

// ArmFailSafe lets the device undo everything unless it is commissioned within
// expiryS seconds; 0 undoes it now. The breadcrumb is ours, and read back from
// the device by a run that goes on where another stopped.
func ArmFailSafe(expiryS uint16, breadcrumb uint64) CommandData {
	return command(RootEndpoint, ClusterGeneralCommissioning, CommandArmFailSafe, func(w *tlv.Writer) {
		w.Uint(ctx(0), uint64(expiryS))
		w.Uint(ctx(1), breadcrumb)
	})
}

// SetRegulatoryConfig tells the device where it is; country has 2 characters.
func SetRegulatoryConfig(location RegulatoryLocation, country string, breadcrumb uint64) CommandData {
	return command(RootEndpoint, ClusterGeneralCommissioning, CommandSetRegulatoryConfig, func(w *tlv.Writer) {
		w.Uint(ctx(0), uint64(location))
		w.String(ctx(1), country)
		w.Uint(ctx(2), breadcrumb)
	})
}

// CommissioningComplete makes everything permanent. It goes over CASE.
func CommissioningComplete() CommandData {
	return command(RootEndpoint, ClusterGeneralCommissioning, CommandCommissioningComplete, nil)
}

// SetTermsAcknowledgements tells which terms the user has accepted.
func SetTermsAcknowledgements(version, accepted uint16) CommandData {
	return command(RootEndpoint, ClusterGeneralCommissioning, CommandSetTerms, func(w *tlv.Writer) {
		w.Uint(ctx(0), uint64(version))
		w.Uint(ctx(1), uint64(accepted))
	})
}

// BasicCommissioningInfo is the attribute of the same name.
type BasicCommissioningInfo struct {
	FailSafeExpiryS uint16 // how long the device wants the fail-safe to be armed
	MaxCumulativeS  uint16 // how long it can be armed in all
}

// ParseBasicCommissioningInfo decodes the attribute's value.
func ParseBasicCommissioningInfo(element []byte) (m BasicCommissioningInfo, err error) {
	r, seen := openStruct(element)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			m.FailSafeExpiryS = r.Uint16()
		case 1:
			m.MaxCumulativeS = r.Uint16()
		}
	}
	r.Require(&seen, 0, 1)
	return result(r, m)
}
