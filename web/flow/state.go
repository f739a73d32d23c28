package flow

// An Instant is a point on the host's clock, in milliseconds; it never runs
// backwards.
type Instant int64

// Milliseconds is a duration.
type Milliseconds int64

// A Screen is one kind of state. The names are public: hosts see them as
// matter-state.
type Screen string

// Screens. Idle, unsupported and loading are drawn by the element's shell
// before this package runs; they are named here because hosts are told of them.
const (
	ScreenIdle        Screen = "idle"
	ScreenUnsupported Screen = "unsupported"
	ScreenLoading     Screen = "loading"
	ScreenHome        Screen = "home"   // the devices of this home; only where Options.Manage
	ScreenDevice      Screen = "device" // one of them
	ScreenCode        Screen = "code"
	ScreenScan        Screen = "scan"
	ScreenTransport   Screen = "transport"
	ScreenPick        Screen = "pick"
	ScreenDiscover    Screen = "discover"
	ScreenConnecting  Screen = "connecting"
	ScreenSecuring    Screen = "securing"
	ScreenChecking    Screen = "checking"
	ScreenDecide      Screen = "decide"
	ScreenNetwork     Screen = "network"
	ScreenJoining     Screen = "joining"
	ScreenFinding     Screen = "finding"
	ScreenFinishing   Screen = "finishing"
	ScreenDone        Screen = "done"
	ScreenShare       Screen = "share"
	ScreenFailed      Screen = "failed"
	ScreenStopped     Screen = "stopped"
)

// A Stage is one of the five that people see.
type Stage int

// Stages. 0 belongs to no stage: home, device, share, done.
const (
	StageNone Stage = iota
	StageCode
	StageConnect
	StageCheck
	StageNetwork
	StageFinish
)

// A Route is how the page reaches the device.
type Route string

// Routes.
const (
	RouteBluetooth Route = "bluetooth"
	RouteAgent     Route = "agent"
	RouteHost      Route = "host" // a transport that the host page gave
)

// Availability says whether a way can be used, or why not.
type Availability string

// Availabilities. Bluetooth: all but checking, unreachable, blocked. Agent: none,
// checking, ready, unreachable, blocked, token.
const (
	Ready       Availability = "ready"
	None        Availability = "none"     // not configured
	Missing     Availability = "missing"  // the browser has no such API (E01)
	Disabled    Availability = "disabled" // switched off in the browser (E02)
	Insecure    Availability = "insecure" // not https (E03)
	Framed      Availability = "frame"    // blocked by the embedding page (E04)
	Off         Availability = "off"      // no adapter, or switched off (E05)
	Checking    Availability = "checking"
	Unreachable Availability = "unreachable" // E22
	Blocked     Availability = "blocked"     // E22, the browser's local network permission
	TokenNeeded Availability = "token"       // the agent wants the token that it printed
)

// Options come from the element's attributes and the host, before anything
// happens and whenever they change.
type Options struct {
	Manage      bool // begin with ScreenHome
	FabricLabel string
	// Routes in the order of preference; only those that can exist here.
	Routes    []Route
	Bluetooth Availability
	Agent     Availability
	AgentURL  string
	Camera    bool
	// AllowTest: test roots are loaded, so "test" verdicts can be accepted.
	AllowTest bool
	Language  string
}

// CodeEntry is what is known of the setup code.
type CodeEntry struct {
	// Text is what stands in the field, drawn in groups; empty once accepted.
	Text  string
	Caret int // where the caret belongs, in runes of Text
	// Form is "", "manual" or "qr".
	Form string
	// Digits counts those typed and Length those expected (11 or 21), for manual codes.
	Digits, Length int
	Complete       bool // it can be used
	// Problem is nil while nothing is wrong, or too early to say.
	Problem *Problem
	// Payloads are what the code says, without its passcode; one for each device of a QR code.
	Payloads []Payload
	Chosen   int // index of Payloads
	Accepted bool
}

// A Payload is a setup code without its secret.
type Payload struct {
	Form                string // "manual" or "qr"
	Length              int    // characters of the code
	Discriminator       uint16 // 12 bits, or 4 where Short
	Short               bool
	HasProduct          bool
	VendorID, ProductID uint16
	// Flow: 0 standard, 1 press a button first, 2 the maker's app first.
	Flow uint8
	// HasDiscovery: the code says how the device is found; Discovery has the bits of the QR code.
	HasDiscovery bool
	Discovery    uint8
}

// A Problem is something that a person can do something about. ID names its
// sentences: messages "error.<ID>", "error.<ID>.cause", "error.<ID>.action".
type Problem struct {
	ID     string
	Params map[string]string
	// Detail is the cause as the sessions or the browser tell it; never secret.
	Detail string
}

// Scan is the state of the camera and of picture reading.
type Scan struct {
	// Phase: "", "starting", "live", "reading" (a picture).
	Phase   string
	Cameras []Camera
	Camera  string // ID of the one in use
	Torch   TorchState
	Problem *Problem
	Since   Instant
}

// A Camera is one that can be chosen.
type Camera struct{ ID, Label string }

// TorchState says whether there is a light.
type TorchState uint8

// Torch states.
const (
	NoTorch TorchState = iota
	TorchOff
	TorchOn
)

// A Candidate is a device that was found and may be the one.
type Candidate struct {
	ID                  string // the host's
	Name                string // untrusted text
	VendorID, ProductID uint16
	Discriminator       uint16
	Exact               bool  // long discriminator, or vendor and product, match as well
	Open                uint8 // TXT CM: 0 not in pairing mode
	Address             string
}

// A StepStatus is as the sessions report it.
type StepStatus string

// Statuses.
const (
	StepStart   StepStatus = "start"
	StepSlow    StepStatus = "slow"
	StepDone    StepStatus = "done"
	StepFailed  StepStatus = "failed"
	StepSkipped StepStatus = "skipped"
)

// A Step is one protocol step, as "Details" lists it.
type Step struct {
	ID        string // commission.StepID
	Stage     Stage
	Status    StepStatus
	StartedAt Instant
	Elapsed   Milliseconds
	Expected  Milliseconds
	// FailSafe is how long the device still waits before it undoes everything by
	// itself; nil: unknown. It becomes State.FailSafeEnds.
	FailSafe *Milliseconds
}

// Attestation is what was found out about the device's maker.
type Attestation struct {
	Request             uint32
	Verdict             string // certified, unlisted, test, invalid
	Findings            []string
	VendorID, ProductID uint16
	CertificateID       string
}

// NetworkQuestion asks for the network that the device shall join.
type NetworkQuestion struct {
	Request uint32
	Kind    string // wifi, thread
	Scanned []Network
	Stored  []StoredNetwork
	// Chosen is an index of Scanned, or -1 for another network.
	Chosen int
	Other  bool
	SSID   string // of the other network, kept after a failure
	// Problem is why it is asked again.
	Problem *Problem
	// Dataset is what a pasted Thread dataset says, without its key.
	Dataset *ThreadSummary
}

// A Network is one that the device sees. Several access points of one SSID are merged, the strongest counts.
type Network struct {
	Name     string // untrusted text
	ID       []byte
	RSSI     int
	Bars     int // 0..4
	Channel  int
	Band     string // "2.4", "5", "6" or ""
	Open     bool
	Security uint8
	Hidden   bool
}

// A StoredNetwork is one whose credentials the host has.
type StoredNetwork struct{ ID, Label string }

// ThreadSummary is what a dataset says that is not secret.
type ThreadSummary struct {
	Name     string
	Channel  int
	PANID    string // extended, 16 hex digits
	Problem  *Problem
	Complete bool
}

// A Failure is why it ended, and where a person can enter again.
type Failure struct {
	Problem
	Step      string
	Retry     string // same, network, restart, code, none
	Status    string // the peer's status name, with its number
	Technical string // the cause as the sessions tell it; never secret
	// Until is when waiting is over; 0 if it is no matter of waiting.
	Until Instant
}

// A Node is a device of this home. IDs are hex, since they have 64 bits.
type Node struct {
	ID                string // 16 upper-case hex digits
	Name              string // untrusted text
	VendorName        string // untrusted text
	ProductName       string // untrusted text
	Serial            string // untrusted text
	VendorID          uint16
	ProductID         uint16
	FabricID          string
	CompressedID      string
	Address           string
	CommissionedAt    int64 // Unix milliseconds
	CredentialsBackup bool  // of the home: an encrypted backup exists
}

// DeviceView is one device, as the device screen shows it.
type DeviceView struct {
	Node      Node
	Phase     string // "reading", "ready", "failed", "removing"
	Endpoints []Endpoint
	Problem   *Problem
	Confirm   bool // removal was asked for once
}

// An Endpoint is a part of a device.
type Endpoint struct {
	ID       uint16
	Types    []uint32 // device types
	Label    string   // untrusted text
	HasOnOff bool
	On       bool
	HasLevel bool
	Level    uint8 // 1..254
	Identify bool
	Pending  bool
	Problem  *Problem
}

// Share is an open commissioning window for another app.
type Share struct {
	Node    Node
	Seconds int    // asked for
	Phase   string // "choose", "opening", "open", "joined", "ended"
	QR      string
	Manual  string // 4-3-4
	Until   Instant
	Vendor  string // who joined
	Problem *Problem
	From    Screen // where Back leads
}

// Home is all that this browser keeps.
type Home struct {
	Phase     string // "reading", "ready", "failed"
	Label     string
	FabricID  string
	Nodes     []Node
	Exists    bool // there is a home
	Persisted bool // the browser promised to keep it
	// Backup: "none" (can be made now), "made", "impossible" (the keys can no longer be read)
	Backup  string
	Panel   string // "", "export", "import", "forget"
	Notice  string // message ID of what has just been done
	Problem *Problem
}

// Stopped is how a stop ended.
type Stopped struct {
	Phase      string // "stopping", "stopped"
	RolledBack bool
	Until      Instant // when the device forgets by itself
}

// State is all that a screen shows. It is a value: Update returns another one,
// and shares no slice or map that it changes.
type State struct {
	Screen  Screen
	Now     Instant
	Entered Instant // when Screen began
	Options Options

	Code        CodeEntry
	Scan        Scan
	Route       Route
	Candidates  []Candidate
	Candidate   string // ID of the chosen one
	PickedName  string // of the chosen Bluetooth device; untrusted text
	Searching   bool
	Steps       []Step
	Attempts    int // wrong codes in this session
	Attestation *Attestation
	Network     *NetworkQuestion
	// Armed: the device's fail-safe runs, from here on going back means stopping.
	Armed bool
	// FailSafeEnds is when the device undoes everything by itself, as far as is known; 0: unknown.
	FailSafeEnds Instant
	Done         *Node
	Share        Share
	Failure      *Failure
	Stopped      Stopped
	Home         Home
	Device       DeviceView
	// ConfirmStop: "Stop setting up?" is asked.
	ConfirmStop bool
	// Notice is a message ID for the status region ("copied").
	Notice string

	// Problem is what is wrong on the screen that is shown, where the screen has
	// no place of its own for it: transport, pick, discover, connecting, finding.
	Problem *Problem
	// Waiting: transport goes on by itself once the agent has answered.
	Waiting bool
	// Scanning: the device looks for networks; Network has no Request yet.
	Scanning bool

	run run
}
