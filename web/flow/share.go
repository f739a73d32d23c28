package flow

import "github.com/matter-session/matter-session/session/commission"

// Letting another app in.

// Seconds of a commissioning window. Matter Core §11.19.8.1 allows 180 to 900.
const (
	MinShare     = 180
	MaxShare     = 900
	DefaultShare = 300
)

// nodeNamed finds a device that is shown somewhere.
func (m *machine) nodeNamed(id string) (Node, bool) {
	if id == "" {
		return Node{}, false
	}
	switch {
	case m.Screen == ScreenDone && m.Done != nil && m.Done.ID == id:
		return *m.Done, true
	case m.Screen == ScreenDevice && m.Device.Node.ID == id:
		return m.Device.Node, true
	case m.Screen == ScreenHome:
		for _, n := range m.Home.Nodes {
			if n.ID == id {
				return n, true
			}
		}
	}
	return Node{}, false
}

func (m *machine) shareWanted(id string) {
	n, ok := m.nodeNamed(id)
	if !ok {
		return
	}
	m.Share = Share{Node: n, Seconds: DefaultShare, Phase: "choose", From: m.Screen}
	m.show(ScreenShare)
}

func (m *machine) shareSeconds(seconds int) {
	if m.Screen == ScreenShare && m.Share.Phase == "choose" {
		m.Share.Seconds = min(max(seconds, MinShare), MaxShare)
	}
}

func (m *machine) shareOpen() {
	if m.Screen == ScreenShare && (m.Share.Phase == "choose" || m.Share.Phase == "ended") {
		m.Share.Phase, m.Share.Problem, m.Share.Vendor = "opening", nil, ""
		m.do(OpenWindow{m.Share.Node.ID, m.Share.Seconds})
	}
}

func (m *machine) shareClose() {
	if m.Screen == ScreenShare && m.Share.Phase == "open" {
		m.do(CloseWindow{m.Share.Node.ID})
		m.endShare("ended")
	}
}

// endShare drops the code: it is worth nothing any more.
func (m *machine) endShare(phase string) {
	m.Share.Phase, m.Share.QR, m.Share.Manual, m.Share.Until = phase, "", "", 0
}

// shared reports whether a window of this device is shown.
func (m *machine) shared(node string) bool {
	return m.Screen == ScreenShare && m.Share.Node.ID == node
}

func (m *machine) windowOpened(e WindowOpened) {
	if !m.shared(e.Node) || m.Share.Phase != "opening" {
		return
	}
	if e.Lasts <= 0 || e.Lasts > MaxShare*1000 {
		e.Lasts = Milliseconds(m.Share.Seconds) * 1000
	}
	m.Share.Phase, m.Share.Problem = "open", nil
	m.Share.QR = shownCode(e.QR)
	m.Share.Manual = commission.FormatManualCode(shownCode(e.Manual))
	m.Share.Until = m.Now + Instant(e.Lasts)
}

// shownCode bounds a code that the sessions made.
func shownCode(code string) string { return clean(code, 64) }

func (m *machine) windowEnded(e WindowEnded) {
	if !m.shared(e.Node) || m.Share.Phase != "open" && m.Share.Phase != "ended" {
		return
	}
	if e.Reason == "joined" {
		m.endShare("joined")
		m.Share.Vendor = clean(e.Vendor, maxName)
		return
	}
	if m.Share.Phase == "open" {
		m.endShare("ended")
	}
}

func (m *machine) windowFailed(node, status string) {
	if !m.shared(node) || m.Share.Phase != "opening" && m.Share.Phase != "open" {
		return
	}
	m.endShare("choose")
	m.Share.Problem = m.problem("share-failed", status, nil)
}

// leaveShare goes back. A window that is open stays open: the other app may be
// at it.
func (m *machine) leaveShare() {
	from := m.Share.From
	m.endShare("choose")
	switch {
	case from == ScreenDevice:
		m.showDevice(m.Share.Node)
	case from == ScreenDone && m.Done != nil:
		m.show(ScreenDone)
	default:
		m.first()
	}
}
