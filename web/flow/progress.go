package flow

import "maps"

// From the first octet to the device until the end, good or bad.

// A place is where a step belongs: its screen, and how long it usually takes.
type place struct {
	screen   Screen
	expected Milliseconds
}

// placeOf returns the place of a step of package commission; false if there is
// no such step.
func placeOf(step string) (place, bool) {
	switch step {
	case "payload":
		return place{ScreenConnecting, 0}, true
	case "link":
		return place{ScreenConnecting, 10_000}, true
	case "pase":
		return place{ScreenSecuring, 5_000}, true
	case "facts":
		return place{ScreenChecking, 3_000}, true
	case "fail-safe", "regulatory", "time":
		return place{ScreenChecking, 1_000}, true
	case "attestation":
		return place{ScreenChecking, 5_000}, true
	case "scan":
		return place{ScreenNetwork, 10_000}, true
	case "csr":
		return place{ScreenJoining, 3_000}, true
	case "root", "network":
		return place{ScreenJoining, 2_000}, true
	case "noc":
		return place{ScreenJoining, 5_000}, true
	case "connect":
		return place{ScreenJoining, 20_000}, true
	case "discover":
		return place{ScreenFinding, 20_000}, true
	case "case":
		return place{ScreenFinding, 5_000}, true
	case "complete":
		return place{ScreenFinishing, 2_000}, true
	case "label":
		return place{ScreenFinishing, 1_000}, true
	}
	return place{}, false
}

// rank orders the screens of a commissioning: steps only lead on.
func rank(s Screen) int {
	switch s {
	case ScreenConnecting:
		return 1
	case ScreenSecuring:
		return 2
	case ScreenChecking:
		return 3
	case ScreenDecide:
		return 4
	case ScreenNetwork:
		return 5
	case ScreenJoining:
		return 6
	case ScreenFinding:
		return 7
	case ScreenFinishing:
		return 8
	}
	return 0
}

// stepReported notes a step, and goes to its screen when it starts. Steps that
// nobody knows are not listed, so the list has an end.
func (m *machine) stepReported(e Step) {
	where, known := placeOf(e.ID)
	if !m.run.active || !known || rank(m.Screen) == 0 {
		return
	}
	switch e.Status {
	case StepStart, StepSlow, StepDone, StepFailed, StepSkipped:
	default:
		return
	}
	step := Step{ID: e.ID, Stage: stageOf(where.screen), Status: e.Status, Expected: where.expected}
	if e.Expected > 0 {
		step.Expected = e.Expected
	}
	steps := make([]Step, 0, len(m.Steps)+1)
	step.StartedAt = m.Now
	for _, old := range m.Steps {
		if old.ID != e.ID {
			steps = append(steps, old)
			continue
		}
		if e.Status != StepStart {
			step.StartedAt = old.StartedAt
		}
	}
	step.Elapsed = max(e.Elapsed, 0)
	if e.FailSafe != nil {
		m.FailSafeEnds = m.Now + Instant(min(max(*e.FailSafe, 0), maxWait))
	}
	if e.ID == "facts" && e.Status == StepStart {
		m.run.provenAt = m.Now
	}
	m.Steps = append(steps, step)
	if e.Status != StepSkipped && rank(where.screen) >= rank(ScreenChecking) && e.ID != "facts" {
		m.Armed = true
	}
	switch {
	case e.Status == StepStart && rank(where.screen) > rank(m.Screen):
		m.advance(where.screen)
	case e.Status == StepSlow && e.ID == "discover" && m.Screen == ScreenFinding && m.Problem == nil:
		m.Problem = m.problem("not-seen", "", nil)
	}
}

// goOn goes to another screen of the same commissioning. Whether to stop it
// stays asked.
func (m *machine) goOn(to Screen) {
	asked := m.ConfirmStop
	m.show(to)
	m.ConfirmStop = asked
}

// advance goes where a step leads.
func (m *machine) advance(to Screen) {
	m.goOn(to)
	switch to {
	case ScreenFinding:
		if !m.Options.reachesNetwork() {
			m.Problem = m.problem("no-ip-path", "", nil)
		}
	case ScreenNetwork:
		m.Scanning = true
		m.Network = &NetworkQuestion{Chosen: -1}
	}
}

// attestationAsked shows who made the device, if that has to be decided. For a
// device that is certified, and for one that could not prove what it is, there is
// nothing to decide: the sessions go on, or fail.
func (m *machine) attestationAsked(a Attestation) {
	if !m.run.active || rank(m.Screen) == 0 {
		return
	}
	m.Armed = true
	findings := make([]string, 0, min(len(a.Findings), maxFindings))
	for _, f := range head(a.Findings, maxFindings) {
		findings = append(findings, clean(f, maxURL))
	}
	a.Findings, a.CertificateID = findings, clean(a.CertificateID, maxName)
	switch a.Verdict {
	case "unlisted", "test":
		m.Attestation = &a
		m.goOn(ScreenDecide)
		return
	case "certified":
	default:
		a.Verdict = "invalid"
	}
	a.Request = 0
	m.Attestation = &a
}

// CanAccept reports whether "Set it up anyway" may be offered: never for a device
// that could not prove what it is, and for test devices only where they are
// allowed at all.
func (s State) CanAccept() bool {
	if s.Attestation == nil || s.Attestation.Request == 0 {
		return false
	}
	return s.Attestation.Verdict == "unlisted" || s.Attestation.Verdict == "test" && s.Options.AllowTest
}

func (m *machine) attestationAnswered(accept bool) {
	if m.Screen != ScreenDecide || m.Attestation == nil || m.Attestation.Request == 0 || accept && !m.CanAccept() {
		return
	}
	a := *m.Attestation
	m.do(Decide{a.Request, accept})
	a.Request = 0
	m.Attestation = &a
	m.goOn(ScreenChecking)
}

// failed shows why it ended.
func (m *machine) failed(e Failed) {
	if !m.run.active {
		return
	}
	m.run.active, m.Armed = false, false
	if e.ID == "cancelled" {
		m.stopped(false, e.Wait)
		return
	}
	given := map[string]string{"step": e.Step}
	maps.Copy(given, e.Params)
	if e.ID == "wrong-code" {
		m.Attempts++
		delete(given, "n") // of this session, whatever the worker has counted
	}
	f := Failure{Problem: *m.problem(e.ID, e.Technical, given), Retry: e.Retry, Status: clean(e.Status, maxName)}
	f.Technical = f.Detail
	if _, known := placeOf(e.Step); known {
		f.Step = e.Step
	}
	switch e.Retry {
	case "same", "network", "restart", "code", "none":
	default:
		f.Retry = retryOf(f.ID)
	}
	if e.Wait > 0 {
		f.Until = m.Now + Instant(min(e.Wait, maxWait))
	}
	m.Failure, m.run.outcome = &f, "failed"
	m.endSetup()
	m.show(ScreenFailed)
}

// maxWait bounds what a device may ask us to wait.
const maxWait Milliseconds = 60 * 60 * 1000

// endSetup drops what is only of use while a commissioning goes on.
func (m *machine) endSetup() {
	m.Armed, m.Scanning, m.ConfirmStop = false, false, false
	if m.Network != nil {
		n := *m.Network
		n.Request, n.Scanned, n.Stored = 0, nil, nil
		m.Network = &n
	}
}

// died: the sessions' program is gone, and with it all that it was about to do.
func (m *machine) died(technical string) {
	m.run.active, m.run.next, m.run.stops = false, false, 0
	if m.run.unpick {
		m.run.unpick = false
		m.do(Unpick{})
	}
	after := m.problem("core-stopped", technical, nil)
	switch m.Screen {
	case ScreenIdle:
	case ScreenHome:
		m.Home.Phase, m.Home.Problem = "failed", after
	case ScreenDevice:
		m.Device.Phase, m.Device.Problem, m.Device.Confirm = "failed", after, false
	case ScreenShare:
		m.endShare("ended")
		m.Share.Problem = after
	case ScreenDone:
		m.Problem = after
	case ScreenStopped:
		if m.Stopped.Phase == "stopping" {
			m.stopped(false, 0)
		}
	default:
		p := m.problem("core-dead", technical, nil)
		m.Failure = &Failure{Problem: *p, Retry: "restart", Technical: p.Detail}
		m.Code = CodeEntry{} // it was kept there
		m.run.outcome = "failed"
		m.endSetup()
		m.show(ScreenFailed)
	}
}

// commissioned is the good end, also where it came faster than a stop.
func (m *machine) commissioned(n Node) {
	if !m.run.active && m.run.stops == 0 {
		return
	}
	if !m.run.active {
		m.run.stops-- // it came instead of StopDone
	}
	if m.Screen == ScreenIdle {
		return
	}
	n = cleanNode(n)
	m.run.active, m.run.next, m.run.unpick, m.Attempts = false, false, false, 0
	m.Done, m.Failure, m.run.outcome = &n, nil, "commissioned"
	m.endSetup()
	m.forgetCode()
	m.unpick()
	m.show(ScreenDone)
}

// back leads to the screen before, as long as the device does not wait for more.
func (m *machine) back() {
	if m.run.active && m.Armed {
		m.ConfirmStop = true
		return
	}
	if !m.CanGoBack() {
		return
	}
	switch m.Screen {
	case ScreenCode:
		m.clear()
		m.goHome()
	case ScreenScan, ScreenTransport:
		m.show(ScreenCode)
	case ScreenPick, ScreenDiscover:
		m.unpick()
		m.goTransport()
	case ScreenConnecting, ScreenSecuring, ScreenChecking:
		m.cancel()
		m.unpick()
		if m.Route == RouteBluetooth {
			m.show(ScreenPick)
			return
		}
		m.goTransport()
	case ScreenShare:
		m.leaveShare()
	case ScreenDevice:
		m.leaveDevice()
	}
}

// cancel has what was begun undone.
func (m *machine) cancel() {
	m.run.next = false
	if m.run.active {
		m.run.active, m.Armed = false, false
		m.run.stops++
		m.do(Cancel{})
	}
}

// stop ends it all; it asks first where the device would be left half done.
func (m *machine) stop() {
	switch {
	case m.Screen == ScreenIdle:
	case m.run.active && m.Armed:
		m.ConfirmStop = true
	case m.Screen == ScreenDevice || m.Screen == ScreenShare:
		if !m.Options.Manage {
			m.close()
			return
		}
		m.clear()
		m.goHome()
	default:
		m.cancel()
		m.close()
	}
}

func (m *machine) stopAnswered(yes bool) {
	if !m.ConfirmStop {
		return
	}
	m.ConfirmStop = false
	if yes && m.run.active {
		m.cancel()
		m.endSetup()
		m.Stopped = Stopped{Phase: "stopping"}
		m.show(ScreenStopped)
	}
}

// stopDone is the answer to one Cancel, or tells that the host stopped it.
func (m *machine) stopDone(rolledBack bool, wait Milliseconds) {
	stopping := m.Screen == ScreenStopped && m.Stopped.Phase == "stopping"
	switch {
	case m.run.stops > 0:
		m.run.stops--
	case m.run.active:
		m.run.active, stopping = false, true
	}
	if m.run.stops == 0 && m.run.unpick {
		m.run.unpick = false
		m.do(Unpick{})
	}
	switch {
	case stopping:
		m.stopped(rolledBack, wait)
	case m.run.next && m.run.stops == 0:
		m.run.next, m.run.active = false, true
		m.do(m.run.begin)
	}
}

func (m *machine) stopped(rolledBack bool, wait Milliseconds) {
	m.Stopped = Stopped{Phase: "stopped", RolledBack: rolledBack}
	if !rolledBack && wait > 0 {
		m.Stopped.Until = m.Now + Instant(min(wait, maxWait))
	}
	m.endSetup()
	m.unpick()
	m.show(ScreenStopped)
}

// again is "Start again", "Try again" and "Add another device".
func (m *machine) again() {
	switch m.Screen {
	case ScreenFailed:
		m.retry()
	case ScreenStopped:
		if m.Stopped.Phase == "stopped" {
			m.Candidates, m.Candidate = nil, ""
			m.show(ScreenCode)
		}
	case ScreenDone:
		m.addWanted()
	case ScreenDiscover:
		m.goDiscover()
	case ScreenScan:
		if m.Scan.Problem != nil {
			m.startScan(m.Scan.Camera)
		}
	case ScreenShare:
		if m.Share.Phase == "ended" || m.Share.Problem != nil {
			m.Share.Phase, m.Share.Problem, m.Share.Vendor = "choose", nil, ""
		}
	case ScreenDevice:
		if m.Device.Phase == "failed" {
			m.readDevice()
		}
	case ScreenHome:
		if m.Home.Phase == "failed" {
			m.goHome()
		}
	}
}

// retry enters again where the failure says.
func (m *machine) retry() {
	f := *m.Failure
	m.Failure, m.run.outcome = nil, ""
	switch f.Retry {
	case "same":
		m.retrySame(f.ID)
		return
	case "code", "none":
		m.unpick()
		m.clear()
		m.show(ScreenCode)
		return
	}
	m.unpick()
	m.goTransport()
}

func (m *machine) retrySame(id string) {
	switch {
	case id == "storage-lost" && m.Options.Manage:
		m.unpick()
		m.clear()
		m.goHome()
		m.Home.Panel = "import"
	case !m.Code.Accepted:
		m.unpick()
		m.goTransport()
	case id == "not-found" && m.run.begin.Route == RouteAgent:
		m.goDiscover()
	case m.run.begin.Route == RouteAgent && m.Options.agentLost(), m.run.begin.Route == RouteBluetooth && m.Options.Bluetooth != Ready:
		m.goTransport()
	default:
		m.begin(m.run.begin)
	}
}

func (o *Options) agentLost() bool { return o.Agent != Ready && o.Agent != Checking }
