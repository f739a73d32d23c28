package flow

// An Event is something that happened. Events that make no sense in a state
// leave it as it is.
type Event interface{ event() }

// From the clock and the host.
type (
	// Tick tells the time. The app sends one before every other event, and once
	// a second while [State.Ticking].
	Tick struct{ Now Instant }
	// Configured replaces the options.
	Configured struct{ Options Options }
	// Started begins at the first screen. Code is one that the host gave, or "".
	Started struct{ Code string }
	// Died: the sessions' program stopped unexpectedly.
	Died struct{ Technical string }
)

// From a person.
type (
	CodeTyped struct {
		Text  string
		Caret int
	} // Caret in runes
	CodeLeft      struct{} // the field lost the focus
	PayloadPicked struct{ Index int }
	Continue      struct{} // the primary button
	Back          struct{}
	Stop          struct{} // asks first when Armed
	StopAnswered  struct{ Yes bool }
	Again         struct{} // "Start again", "Try again", "Add another device"
	Close         struct{}

	ScanWanted   struct{}
	TypeInstead  struct{}
	CameraPicked struct{ ID string }
	TorchToggled struct{}
	PictureGiven struct{} // its file is the host's

	RoutePicked     struct{ Route Route }
	PickWanted      struct{} // "Show the list": synchronously in the click
	NotListed       struct{} // "My device is not listed"
	CandidatePicked struct{ ID string }
	// GoOnAlone: over Bluetooth without a way over the network, after no-ip-path.
	GoOnAlone struct{}

	AttestationAnswered struct{ Accept bool }

	NetworkPicked struct{ Index int } // -1: another one
	SSIDTyped     struct{ Text string }
	DatasetTyped  struct{ Text string }
	// JoinWiFi and JoinThread carry secrets; they go into an effect and nowhere else.
	JoinWiFi   struct{ Password string }
	JoinThread struct{ Dataset string }
	JoinStored struct{ ID string }

	ShareWanted  struct{ Node string }
	ShareSeconds struct{ Seconds int }
	ShareOpen    struct{}
	ShareClose   struct{}
	CopyWanted   struct{ Text string }
	ReportWanted struct{ WithNames bool }

	AddWanted    struct{} // from home
	DeviceWanted struct{ Node string }
	Switched     struct {
		Endpoint uint16
		On       bool
	}
	LevelSet struct {
		Endpoint uint16
		Level    uint8
	}
	IdentifyWanted struct{ Endpoint uint16 }
	RemoveWanted   struct{}
	RemoveAnswered struct{ Yes, ForgetOnly bool }
	HomePanel      struct{ Panel string } // "", "export", "import", "forget"
	ExportWanted   struct{ Passphrase string }
	ImportWanted   struct{ Passphrase string } // its file is the host's
	ForgetAnswered struct{ Yes bool }
)

// From the browser and the sessions.
type (
	Scanned     struct{ Texts []string } // every QR code in the picture
	ScanChanged struct {
		// Phase: starting, live, reading, denied, none, unreadable, failed.
		Phase   string
		Cameras []Camera
		Camera  string
		Torch   TorchState
	}
	// Picked: a device was chosen in the browser's list.
	Picked struct{ Name string }
	// PickFailed: ID is a problem's (picker-dismissed, bluetooth-off, not-matter-device…).
	PickFailed struct{ ID, Technical string }
	// LinkStalled: the device stopped answering on Bluetooth; one more try runs.
	LinkStalled    struct{}
	CandidateFound struct{ Candidate Candidate }
	SearchEnded    struct{ ID, Technical string }

	StepReported     struct{ Step Step }
	AttestationAsked struct{ Attestation Attestation }
	NetworkAsked     struct {
		Question NetworkQuestion // Scanned not yet merged or sorted
		Problem  string          // a commission.Code, or ""
	}
	Failed struct {
		ID, Step, Retry, Status, Technical string
		Wait                               Milliseconds
		Params                             map[string]string
	}
	Commissioned struct{ Node Node }
	StopDone     struct {
		RolledBack bool
		Wait       Milliseconds // until the device forgets by itself
	}

	WindowOpened struct {
		Node, QR, Manual string
		Lasts            Milliseconds
	}
	// WindowEnded: Reason is joined, closed or expired.
	WindowEnded  struct{ Node, Reason, Vendor string }
	WindowFailed struct{ Node, Status string }

	HomeRead struct{ Home Home }
	HomeDone struct{ What string } // exported, imported, forgotten
	// HomeFailed: What is export, import, forget or read.
	HomeFailed struct{ What, ID, Technical string }

	DeviceRead struct {
		Node      Node
		Endpoints []Endpoint
	}
	DeviceFailed struct{ Node, ID, Technical string }
	// AttributeTold: something changed on a device that is shown.
	AttributeTold struct {
		Node     string
		Endpoint uint16
		On       *bool
		Level    *uint8
	}
	CommandDone struct {
		Node      string
		Endpoint  uint16
		ID        string // a problem's, or "" if all is well
		Technical string
	}
	DeviceRemoved struct{ Node string }
	Copied        struct{ OK bool }
	ReportSaved   struct{}
)

func (Tick) event()                {}
func (Configured) event()          {}
func (Started) event()             {}
func (Died) event()                {}
func (CodeTyped) event()           {}
func (CodeLeft) event()            {}
func (PayloadPicked) event()       {}
func (Continue) event()            {}
func (Back) event()                {}
func (Stop) event()                {}
func (StopAnswered) event()        {}
func (Again) event()               {}
func (Close) event()               {}
func (ScanWanted) event()          {}
func (TypeInstead) event()         {}
func (CameraPicked) event()        {}
func (TorchToggled) event()        {}
func (PictureGiven) event()        {}
func (RoutePicked) event()         {}
func (PickWanted) event()          {}
func (NotListed) event()           {}
func (CandidatePicked) event()     {}
func (GoOnAlone) event()           {}
func (AttestationAnswered) event() {}
func (NetworkPicked) event()       {}
func (SSIDTyped) event()           {}
func (DatasetTyped) event()        {}
func (JoinWiFi) event()            {}
func (JoinThread) event()          {}
func (JoinStored) event()          {}
func (ShareWanted) event()         {}
func (ShareSeconds) event()        {}
func (ShareOpen) event()           {}
func (ShareClose) event()          {}
func (CopyWanted) event()          {}
func (ReportWanted) event()        {}
func (AddWanted) event()           {}
func (DeviceWanted) event()        {}
func (Switched) event()            {}
func (LevelSet) event()            {}
func (IdentifyWanted) event()      {}
func (RemoveWanted) event()        {}
func (RemoveAnswered) event()      {}
func (HomePanel) event()           {}
func (ExportWanted) event()        {}
func (ImportWanted) event()        {}
func (ForgetAnswered) event()      {}
func (Scanned) event()             {}
func (ScanChanged) event()         {}
func (Picked) event()              {}
func (PickFailed) event()          {}
func (LinkStalled) event()         {}
func (CandidateFound) event()      {}
func (SearchEnded) event()         {}
func (StepReported) event()        {}
func (AttestationAsked) event()    {}
func (NetworkAsked) event()        {}
func (Failed) event()              {}
func (Commissioned) event()        {}
func (StopDone) event()            {}
func (WindowOpened) event()        {}
func (WindowEnded) event()         {}
func (WindowFailed) event()        {}
func (HomeRead) event()            {}
func (HomeDone) event()            {}
func (HomeFailed) event()          {}
func (DeviceRead) event()          {}
func (DeviceFailed) event()        {}
func (AttributeTold) event()       {}
func (CommandDone) event()         {}
func (DeviceRemoved) event()       {}
func (Copied) event()              {}
func (ReportSaved) event()         {}
