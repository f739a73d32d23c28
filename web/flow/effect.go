package flow

// An Effect is something for somebody else to do.
type Effect interface{ effect() }

// Done by the app in the window itself.
type (
	// Pick opens the browser's list of Bluetooth devices. It must happen in the
	// same task as the click. Any lists every device that is near, for those that
	// do not announce Matter.
	Pick struct{ Any bool }
	// Unpick drops the chosen Bluetooth device and its connection.
	Unpick struct{}
)

// Done by the host: the element's shell, or the worker behind it.
type (
	// KeepCode hands the setup code to the worker, which keeps it for retries.
	KeepCode   struct{ Code string }
	ForgetCode struct{}

	StartScan   struct{ Camera string }
	StopScan    struct{}
	SetTorch    struct{ On bool }
	ReadPicture struct{}

	CheckAgent struct{}
	// Search looks for devices that the kept code may belong to.
	Search     struct{ Payload int }
	StopSearch struct{}
	// Begin commissions with the kept code.
	Begin struct {
		Route     Route
		Candidate string // of the search, or "" for Bluetooth and hosts
		Payload   int    // which device of the code
	}
	Decide struct {
		Request uint32
		Accept  bool
	}
	Join struct {
		Request  uint32
		Kind     string // wifi, thread
		SSID     []byte
		Password string
		Dataset  string
		Stored   string // ID, instead of all others
	}
	// Cancel undoes what was done on the device; StopDone follows.
	Cancel struct{}

	OpenWindow struct {
		Node    string
		Seconds int
	}
	CloseWindow struct{ Node string }

	ReadHome    struct{}
	ReadDevice  struct{ Node string } // and tells of changes until LeaveDevice
	LeaveDevice struct{ Node string }
	// Command: on, off, identify.
	Command struct {
		Node     string
		Endpoint uint16
		Command  string
	}
	SetLevel struct {
		Node     string
		Endpoint uint16
		Level    uint8
	}
	RemoveDevice struct {
		Node       string
		ForgetOnly bool // on this side only: the device is gone
	}
	ExportHome struct{ Passphrase string }
	ImportHome struct{ Passphrase string }
	ForgetHome struct{}

	Copy       struct{ Text string }
	SaveReport struct{ WithNames bool }
	// Closed ends the wizard. Outcome: commissioned, cancelled, failed.
	Closed struct{ Outcome string }
)

func (Pick) effect()         {}
func (Unpick) effect()       {}
func (KeepCode) effect()     {}
func (ForgetCode) effect()   {}
func (StartScan) effect()    {}
func (StopScan) effect()     {}
func (SetTorch) effect()     {}
func (ReadPicture) effect()  {}
func (CheckAgent) effect()   {}
func (Search) effect()       {}
func (StopSearch) effect()   {}
func (Begin) effect()        {}
func (Decide) effect()       {}
func (Join) effect()         {}
func (Cancel) effect()       {}
func (OpenWindow) effect()   {}
func (CloseWindow) effect()  {}
func (ReadHome) effect()     {}
func (ReadDevice) effect()   {}
func (LeaveDevice) effect()  {}
func (Command) effect()      {}
func (SetLevel) effect()     {}
func (RemoveDevice) effect() {}
func (ExportHome) effect()   {}
func (ImportHome) effect()   {}
func (ForgetHome) effect()   {}
func (Copy) effect()         {}
func (SaveReport) effect()   {}
func (Closed) effect()       {}
