package commission

import "github.com/matter-session/matter-session/session"

// A Request is something that a [Commissioner] wants done: one of the types
// below. Those with an ID are answered by [Commissioner.Handle] with a [Reply]
// under the same ID; the rest are told and not answered.
type Request interface{ isRequest() }

// Requests to whoever owns the sessions. At most one of these is open at a time.
type (
	// EstablishPASE asks for a session by passcode.
	// Answer: SessionReady or OperationFailed.
	EstablishPASE struct {
		ID       RequestID
		At       Location
		Passcode Passcode
	}
	// EstablishCASE asks for a session by certificate with Node of Fabric.
	// Answer: SessionReady or OperationFailed.
	EstablishCASE struct {
		ID     RequestID
		At     Location
		Fabric session.FabricIndex
		Node   session.NodeID
	}
	// Read asks for attributes. Answer: ReadAnswered or OperationFailed.
	Read struct {
		ID        RequestID
		Session   session.SessionID
		Paths     []AttributePath
		TimeoutMs session.Milliseconds // how long the answer may take
	}
	// Invoke asks for a command. It may hold secrets. Answer: InvokeAnswered, also if
	// the device refused, or OperationFailed.
	Invoke struct {
		ID        RequestID
		Session   session.SessionID
		Command   CommandData
		TimeoutMs session.Milliseconds
	}
	// Abandon: the answer to the request ID is not awaited any more. Whatever
	// comes of it is closed.
	Abandon struct{ ID RequestID }
	// CloseSession asks for the end of a session, the peer included.
	CloseSession struct{ Session session.SessionID }
)

// Requests to the host.
type (
	// Discover asks for nodes by DNS-SD, or whatever else the host can search
	// with. Exactly one of Commissionable and Operational is set.
	// Answers: Discovered, as often as one is found, until StopDiscover;
	// OperationFailed if the host cannot search.
	Discover struct {
		ID             RequestID
		Commissionable *CommissionableQuery
		Operational    string // instance name of _matter._tcp, without the service
	}
	// StopDiscover ends a search.
	StopDiscover struct{ ID RequestID }
	// DecideAttestation shows what became of the device's proof of origin. With
	// ID 0 it is for information: a certified device goes on, an invalid one has
	// failed. Otherwise somebody has to decide. Answer: AttestationDecision.
	DecideAttestation struct {
		ID      RequestID
		Verdict *Verdict
	}
	// ChooseNetwork asks which network the device shall join. Problem says why it
	// is asked again, or that the device could not scan; Status is the device's
	// own word for it. Answer: NetworkChosen.
	ChooseNetwork struct {
		ID      RequestID
		Kind    NetworkKind
		WiFi    []WiFiNetwork
		Thread  []ThreadNetwork
		Problem Code
		Status  DeviceStatus
	}
	// IssueNOC asks an external authority for a certificate over PublicKey, for
	// Node. CSR is the PKCS#10 request, already verified. Answer: Issued or
	// OperationFailed.
	IssueNOC struct {
		ID        RequestID
		CSR       []byte
		PublicKey [65]byte
		Node      session.NodeID
	}
	// Progress tells of a step.
	Progress struct {
		Step       StepID
		Status     StepStatus
		ElapsedMs  session.Milliseconds
		ExpectedMs session.Milliseconds
		FailSafeMs session.Milliseconds // until the device undoes everything by itself; 0: nothing to undo
	}
	// Finished is the last request of a commissioning that succeeded.
	Finished struct {
		Node        session.NodeID
		Session     session.SessionID   // by certificate, open
		At          Location            // where the node was found
		Fabric      session.FabricIndex // the device's own index of our fabric
		VendorID    uint16
		ProductID   uint16
		ProductName string
	}
	// Failed is the last request of a commissioning that did not succeed.
	Failed struct {
		Code    Code
		Step    StepID
		Retry   Retry
		Status  DeviceStatus         // the device's own word, if there is one
		WaitMs  session.Milliseconds // until the device can be set up again, at the latest
		Message string               // one sentence in English; no secrets
		// RolledBack: the device has kept nothing. Otherwise it undoes the attempt
		// by itself, WaitMs from now at the latest; unless it took the last step
		// (StepComplete) and only its answer was lost: then it is in the fabric.
		RolledBack bool
	}
)

// A DeviceStatus is a refusal in the device's words. The zero value is none.
type DeviceStatus struct {
	Name  string // of the specification
	Value uint16
}

// A CommissionableQuery says which device to look for in _matterc._udp. Zero
// vendor and product are not compared.
type CommissionableQuery struct {
	Discriminator uint16 // 12 bits, or the upper 4 of them if Short
	Short         bool
	VendorID      uint16
	ProductID     uint16
}

// A Passcode is a setup passcode. It prints as [redacted].
type Passcode uint32

func (Passcode) String() string   { return "[redacted]" }
func (Passcode) GoString() string { return "[redacted]" }

// A Reply is what a [Commissioner] is told: one of the types below.
type Reply interface{ isReply() }

// Replies.
type (
	// Discovered answers [Discover].
	Discovered struct {
		ID            RequestID
		At            Location
		HasDetails    bool   // what follows was advertised, and is compared
		Discriminator uint16 // all 12 bits
		VendorID      uint16
		ProductID     uint16
	}
	// SessionReady answers [EstablishPASE] and [EstablishCASE].
	SessionReady struct {
		ID                   RequestID
		Session              session.SessionID
		AttestationChallenge [16]byte
	}
	// ReadAnswered answers [Read]. Attributes that could not be read are in it with
	// their status.
	ReadAnswered struct {
		ID      RequestID
		Reports []AttributeReport
	}
	// InvokeAnswered answers [Invoke].
	InvokeAnswered struct {
		ID     RequestID
		Result CommandResult
	}
	// OperationFailed answers every request that has an ID.
	OperationFailed struct {
		ID  RequestID
		Err error
	}
	// AttestationDecision answers [DecideAttestation].
	AttestationDecision struct {
		ID     RequestID
		Accept bool
	}
	// NetworkChosen answers [ChooseNetwork]. For Wi-Fi Credentials is the
	// passphrase, empty for an open network. For Thread Dataset is set.
	NetworkChosen struct {
		ID          RequestID
		SSID        []byte
		Credentials []byte
		Dataset     []byte
	}
	// Issued answers [IssueNOC]. Both in Matter TLV; ICAC nil if there is none.
	Issued struct {
		ID        RequestID
		NOC, ICAC []byte
	}
	// SessionLost: a session ended without our asking.
	SessionLost struct {
		Session session.SessionID
		Err     error
	}
	// Cancel: nobody wants this device any more. What was done is undone.
	Cancel struct{}
)

// A Link is the kind of way to a device.
type Link uint8

// Kinds of ways.
const (
	LinkIP  Link = iota // it is on an IP network already
	LinkBLE             // Bluetooth: it carries the first half only, and delivers by itself
)

// A Location is where a device can be spoken to.
type Location struct {
	Peer       session.Peer
	Link       Link
	Parameters session.Parameters // that it advertises; the zero value is none
}

func (EstablishPASE) isRequest()     {}
func (EstablishCASE) isRequest()     {}
func (Read) isRequest()              {}
func (Invoke) isRequest()            {}
func (Abandon) isRequest()           {}
func (CloseSession) isRequest()      {}
func (Discover) isRequest()          {}
func (StopDiscover) isRequest()      {}
func (DecideAttestation) isRequest() {}
func (ChooseNetwork) isRequest()     {}
func (IssueNOC) isRequest()          {}
func (Progress) isRequest()          {}
func (Finished) isRequest()          {}
func (Failed) isRequest()            {}

func (Discovered) isReply()          {}
func (SessionReady) isReply()        {}
func (ReadAnswered) isReply()        {}
func (InvokeAnswered) isReply()      {}
func (OperationFailed) isReply()     {}
func (AttestationDecision) isReply() {}
func (NetworkChosen) isReply()       {}
func (Issued) isReply()              {}
func (SessionLost) isReply()         {}
func (Cancel) isReply()              {}
