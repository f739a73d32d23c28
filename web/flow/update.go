package flow

// New returns the state before anything has happened. The zero State with
// ScreenIdle is one as well.
func New(o Options) State {
	m := machine{State: State{Screen: ScreenIdle}}
	m.configured(o)
	return m.State
}

// Update returns what becomes of a state by an event, and what has to be done
// about it, in this order. It changes neither: the state before stays as it was.
func Update(s State, e Event) (State, []Effect) {
	m := machine{State: s}
	switch e := e.(type) {
	case Tick:
		m.tick(e.Now)
	case Configured:
		m.configured(e.Options)
	case Started:
		m.started(e.Code)
	case Died:
		m.died(e.Technical)
	default:
		if !m.person(e) && !m.keeper(e) {
			m.told(e)
		}
	}
	return m.State, m.out
}

// A machine is one Update at work. Slices, maps and what pointers lead to are
// shared with the state before: they are replaced, never written to.
type machine struct {
	State
	out []Effect
}

// A run is what a state remembers and no screen shows.
type run struct {
	active bool  // a Begin is out, and neither its end nor a Cancel
	stops  int   // Cancels that were not answered yet
	next   bool  // begin again once they are
	begin  Begin // the last one

	routePicked bool    // by a person, not by the code
	picked      bool    // a Bluetooth device is chosen
	unpick      bool    // let it go once the Cancel is answered
	exactAt     Instant // when the first exact candidate came
	newAt       Instant // when the last new one came
	waitSince   Instant
	noticeAt    Instant
	ssid        string // octets of the network that was chosen last
	joining     string // its name
	deviceFrom  Screen
	provenAt    Instant // when the code was proven, which armed the device
	outcome     string  // of the last commissioning, as Closed tells it
}

func (m *machine) do(e ...Effect) { m.out = append(m.out, e...) }

// show goes to a screen and does what leaving the last one takes.
func (m *machine) show(to Screen) {
	if m.Screen == to {
		return
	}
	switch m.Screen {
	case ScreenScan:
		m.do(StopScan{})
		m.Scan = Scan{Cameras: m.Scan.Cameras, Camera: m.Scan.Camera}
	case ScreenCode:
		m.Scan.Phase, m.Scan.Problem = "", nil
	case ScreenDiscover:
		m.stopSearch()
	case ScreenDevice:
		m.do(LeaveDevice{m.Device.Node.ID})
		m.Device.Confirm = false
	case ScreenShare:
		m.Share.QR, m.Share.Manual, m.Share.Until = "", "", 0
	case ScreenHome:
		m.Home.Panel, m.Home.Notice, m.Home.Problem = "", "", nil
	}
	m.Screen, m.Entered = to, m.Now
	m.Problem, m.Waiting, m.Scanning, m.ConfirmStop = nil, false, false, false
}

func (m *machine) notice(id string) { m.Notice, m.run.noticeAt = id, m.Now }

// person takes what somebody did about a setup, and reports whether it is such
// an event.
func (m *machine) person(e Event) bool {
	switch e := e.(type) {
	case CodeTyped:
		m.codeTyped(e.Text, e.Caret)
	case CodeLeft:
		m.codeLeft()
	case PayloadPicked:
		m.payloadPicked(e.Index)
	case Continue:
		m.proceed()
	case Back:
		m.back()
	case Stop, Close:
		m.stop()
	case StopAnswered:
		m.stopAnswered(e.Yes)
	case Again:
		m.again()
	case ScanWanted:
		m.scanWanted()
	case TypeInstead:
		m.typeInstead()
	case CameraPicked:
		m.cameraPicked(e.ID)
	case TorchToggled:
		m.torchToggled()
	case PictureGiven:
		m.pictureGiven()
	case RoutePicked:
		m.routePicked(e.Route)
	case PickWanted:
		m.pickWanted(false)
	case NotListed:
		m.pickWanted(true)
	case CandidatePicked:
		m.candidatePicked(e.ID)
	case GoOnAlone:
		m.goOnAlone()
	case AttestationAnswered:
		m.attestationAnswered(e.Accept)
	case NetworkPicked:
		m.networkPicked(e.Index)
	case SSIDTyped:
		m.ssidTyped(e.Text)
	case DatasetTyped:
		m.datasetTyped(e.Text)
	case JoinWiFi:
		m.joinWiFi(e.Password)
	case JoinThread:
		m.joinThread(e.Dataset)
	case JoinStored:
		m.joinStored(e.ID)
	default:
		return false
	}
	return true
}

// keeper takes what somebody did about devices that are in the home already.
func (m *machine) keeper(e Event) bool {
	switch e := e.(type) {
	case ShareWanted:
		m.shareWanted(e.Node)
	case ShareSeconds:
		m.shareSeconds(e.Seconds)
	case ShareOpen:
		m.shareOpen()
	case ShareClose:
		m.shareClose()
	case CopyWanted:
		if m.Screen != ScreenIdle && e.Text != "" && len(e.Text) <= maxCopied {
			m.do(Copy{e.Text})
		}
	case ReportWanted:
		if m.Screen != ScreenIdle {
			m.do(SaveReport{e.WithNames})
		}
	case AddWanted:
		m.addWanted()
	case DeviceWanted:
		m.deviceWanted(e.Node)
	case Switched:
		m.switched(e.Endpoint, e.On)
	case LevelSet:
		m.levelSet(e.Endpoint, e.Level)
	case IdentifyWanted:
		m.identifyWanted(e.Endpoint)
	case RemoveWanted:
		m.removeWanted()
	case RemoveAnswered:
		m.removeAnswered(e.Yes, e.ForgetOnly)
	case HomePanel:
		m.homePanel(e.Panel)
	case ExportWanted:
		m.exportWanted(e.Passphrase)
	case ImportWanted:
		m.importWanted(e.Passphrase)
	case ForgetAnswered:
		m.forgetAnswered(e.Yes)
	default:
		return false
	}
	return true
}

// told takes what the browser and the sessions say.
func (m *machine) told(e Event) {
	switch e := e.(type) {
	case Scanned:
		m.scanned(e.Texts)
	case ScanChanged:
		m.scanChanged(e)
	case Picked:
		m.picked(e.Name)
	case PickFailed:
		m.pickFailed(e.ID, e.Technical)
	case LinkStalled:
		m.linkStalled()
	case CandidateFound:
		m.candidateFound(e.Candidate)
	case SearchEnded:
		m.searchEnded(e.ID, e.Technical)
	case StepReported:
		m.stepReported(e.Step)
	case AttestationAsked:
		m.attestationAsked(e.Attestation)
	case NetworkAsked:
		m.networkAsked(e.Question, e.Problem)
	case Failed:
		m.failed(e)
	case Commissioned:
		m.commissioned(e.Node)
	case StopDone:
		m.stopDone(e.RolledBack, e.Wait)
	case WindowOpened:
		m.windowOpened(e)
	case WindowEnded:
		m.windowEnded(e)
	case WindowFailed:
		m.windowFailed(e.Node, e.Status)
	case HomeRead:
		m.homeRead(e.Home)
	case HomeDone:
		m.homeDone(e.What)
	case HomeFailed:
		m.homeFailed(e)
	case DeviceRead:
		m.deviceRead(e.Node, e.Endpoints)
	case DeviceFailed:
		m.deviceFailed(e)
	case AttributeTold:
		m.attributeTold(e)
	case CommandDone:
		m.commandDone(e)
	case DeviceRemoved:
		m.deviceRemoved(e.Node)
	case Copied:
		if e.OK {
			m.notice("notice.copied")
		} else {
			m.notice("notice.copy-failed")
		}
	case ReportSaved:
		m.notice("notice.report-saved")
	}
}

// Times of the wizard's own.
const (
	noticeMs Milliseconds = 6_000
	agentMs  Milliseconds = 10_000 // for the agent's answer before going on
	exactMs  Milliseconds = 1_500  // for a second device that fits as well
	soleMs   Milliseconds = 3_000  // for a second device where only a part of the discriminator is known
	scanMs   Milliseconds = 10_000 // before the scanner gives advice
)

func (m *machine) since(at Instant) Milliseconds { return Milliseconds(m.Now - at) }

func (m *machine) tick(now Instant) {
	m.Now = max(m.Now, now)
	if m.Notice != "" && m.since(m.run.noticeAt) >= noticeMs {
		m.Notice = ""
	}
	switch m.Screen {
	case ScreenTransport:
		if m.Waiting && m.since(m.run.waitSince) >= agentMs {
			m.agentAnswered()
		}
	case ScreenDiscover:
		m.takeOnly()
	case ScreenShare:
		if m.Share.Phase == "open" && m.Now >= m.Share.Until {
			m.endShare("ended")
		}
	}
}

// configured replaces the options.
func (m *machine) configured(o Options) {
	o.FabricLabel = clean(o.FabricLabel, maxLabel)
	o.AgentURL = clean(o.AgentURL, maxURL)
	o.Language = clean(o.Language, maxLabel)
	var routes []Route
	for _, r := range o.Routes {
		if (r == RouteBluetooth || r == RouteAgent || r == RouteHost) && !contains(routes, r) {
			routes = append(routes, r)
		}
	}
	o.Routes = routes
	m.Options = o
	if m.Screen == ScreenTransport {
		m.routesChanged()
	}
	if m.Screen == ScreenFinding && m.Problem != nil && m.Problem.ID == "no-ip-path" && o.reachesNetwork() {
		m.Problem = nil
	}
	if m.Screen == ScreenPick && m.Problem != nil && m.Problem.ID == "bluetooth-off" && o.Bluetooth == Ready {
		m.Problem = nil
	}
}

// started begins at the first screen, unless something is under way.
func (m *machine) started(code string) {
	if m.run.active || m.run.next {
		return
	}
	m.clear()
	if code == "" {
		m.first()
		return
	}
	m.show(ScreenCode)
	m.given(code)
}

// clear forgets all of the last setup.
func (m *machine) clear() {
	m.forgetCode()
	m.unpick()
	m.show(ScreenIdle)
	m.State = State{
		Screen: m.Screen, Now: m.Now, Entered: m.Entered, Options: m.Options, Attempts: m.Attempts,
		Home: m.Home, Notice: m.Notice, run: run{stops: m.run.stops, unpick: m.run.unpick, noticeAt: m.run.noticeAt},
	}
}

// first shows the screen where it all begins.
func (m *machine) first() {
	if m.Options.Manage {
		m.goHome()
		return
	}
	m.show(ScreenCode)
}

// close ends the wizard.
func (m *machine) close() {
	outcome := m.run.outcome
	if outcome == "" {
		outcome = "cancelled"
	}
	home := m.Screen != ScreenHome && m.Options.Manage
	m.clear()
	if home {
		m.goHome()
		return
	}
	m.do(Closed{outcome})
}

// forgetCode drops the code, here and in the worker.
func (m *machine) forgetCode() {
	if m.Code.Accepted {
		m.do(ForgetCode{})
	}
	m.Code = CodeEntry{}
}

// unpick lets the Bluetooth device go: at once, or when an undoing over it is done.
func (m *machine) unpick() {
	if !m.run.picked {
		return
	}
	m.PickedName, m.run.picked = "", false
	if m.run.stops > 0 {
		m.run.unpick = true
		return
	}
	m.do(Unpick{})
}

// proceed is the primary button.
func (m *machine) proceed() {
	switch m.Screen {
	case ScreenCode:
		m.codeDone()
	case ScreenTransport:
		m.transportDone()
	case ScreenPick:
		m.pickWanted(false)
	}
}

func contains[T comparable](list []T, v T) bool {
	for _, e := range list {
		if e == v {
			return true
		}
	}
	return false
}
