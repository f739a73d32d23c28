package commission

import "github.com/matter-session/matter-session/session"

// A StepID names one step of a commissioning. The names are part of the public
// interface: events, pages and reports use them.
type StepID string

// The steps, in the order in which a commissioning usually takes them.
const (
	StepPayload     StepID = "payload"     // the setup code was read
	StepLink        StepID = "link"        // a way to the device: found, or given
	StepPASE        StepID = "pase"        // session by passcode
	StepFacts       StepID = "facts"       // what the device says of itself
	StepFailSafe    StepID = "fail-safe"   // from here on the device undoes all of it by itself
	StepRegulatory  StepID = "regulatory"  // country and location, terms and conditions
	StepTime        StepID = "time"        // the device's clock
	StepAttestation StepID = "attestation" // who made it
	StepCSR         StepID = "csr"         // the device makes its operational key
	StepRoot        StepID = "root"        // our root certificate
	StepNOC         StepID = "noc"         // its certificate
	StepScan        StepID = "scan"        // which networks the device sees
	StepNetwork     StepID = "network"     // the credentials of one of them
	StepConnect     StepID = "connect"     // the device joins it
	StepDiscover    StepID = "discover"    // we find it there
	StepCASE        StepID = "case"        // session by certificate
	StepComplete    StepID = "complete"    // the fail-safe ends, all of it stays
	StepLabel       StepID = "label"       // our fabric's name on the device
)

// expectedMs is how long a step usually takes; a step that takes longer is
// reported as slow, once.
var expectedMs = map[StepID]session.Milliseconds{
	StepLink: 10_000, StepPASE: 5_000, StepFacts: 3_000, StepFailSafe: 1_000,
	StepRegulatory: 1_000, StepTime: 1_000, StepAttestation: 5_000, StepCSR: 3_000,
	StepRoot: 2_000, StepNOC: 5_000, StepScan: 10_000, StepNetwork: 2_000,
	StepConnect: 20_000, StepDiscover: 20_000, StepCASE: 5_000, StepComplete: 2_000,
	StepLabel: 1_000,
}

// A StepStatus says what a step is doing.
type StepStatus string

// Statuses of steps.
const (
	StepStarted StepStatus = "start"
	StepSlow    StepStatus = "slow" // still at it, longer than expected
	StepDone    StepStatus = "done"
	StepFailed  StepStatus = "failed" // of an optional step: it is left out and the rest goes on
	StepSkipped StepStatus = "skipped"
)

// A Code says why a commissioning failed, or why a network has to be chosen
// again. It is stable; the sentences that people see are chosen by it.
type Code string

// Codes.
const (
	CodeNotFound           Code = "not-found"
	CodeConnectionLost     Code = "connection-lost"
	CodeWrongCode          Code = "wrong-code"
	CodeWindowClosed       Code = "window-closed"
	CodePASETimeout        Code = "pase-timeout"
	CodeDeviceBusy         Code = "device-busy"
	CodeFailSafeBusy       Code = "fail-safe-busy"
	CodeAttestationRefused Code = "attestation-refused"
	CodeAttestationInvalid Code = "attestation-invalid"
	CodeTermsRequired      Code = "terms-required"
	CodeCSRInvalid         Code = "csr-invalid"
	CodeNOCRejected        Code = "noc-rejected"
	CodeFabricTableFull    Code = "fabric-table-full"
	CodeFabricConflict     Code = "fabric-conflict"
	CodeScanFailed         Code = "scan-failed"
	CodeWiFiNotFound       Code = "wifi-not-found"
	CodeWiFiAuth           Code = "wifi-auth"
	CodeWiFiSecurity       Code = "wifi-security"
	CodeNetworkTableFull   Code = "network-table-full"
	CodeIPFailed           Code = "ip-failed"
	CodeThreadDataset      Code = "thread-dataset"
	CodeThreadNotFound     Code = "thread-not-found"
	CodeRetryRefused       Code = "retry-refused"
	CodeNotSeen            Code = "not-seen"
	CodeCASEFailed         Code = "case-failed"
	CodeCompleteRefused    Code = "complete-refused"
	CodeRolledBack         Code = "rolled-back"
	CodeCancelled          Code = "cancelled"
	CodeUnexpected         Code = "unexpected"
)

// A Retry says where a person can enter again after a failure.
type Retry string

// Retry points.
const (
	RetrySame    Retry = "same"    // the same step, once what is missing is there
	RetryNetwork Retry = "network" // another network, on the same session
	RetryRestart Retry = "restart" // from the start, with the same code
	RetryCode    Retry = "code"    // another code
	RetryNone    Retry = "none"    // not before something outside has changed
)

// A NetworkKind is the medium of a network commissioning cluster.
type NetworkKind string

// Kinds of networks that a device can be told to join.
const (
	NetworkWiFi   NetworkKind = "wifi"
	NetworkThread NetworkKind = "thread"
)

// A RequestID names one [Request] of one [Commissioner]; 0 is none. A reply
// under an ID that is not awaited (any more) is ignored.
type RequestID uint32
