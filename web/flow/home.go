package flow

import "slices"

// The devices of this home, and one of them.

const minPassphrase = 8

func cleanNode(n Node) Node {
	n.ID = clean(n.ID, maxName)
	n.Name, n.VendorName = clean(n.Name, maxName), clean(n.VendorName, maxName)
	n.ProductName, n.Serial = clean(n.ProductName, maxName), clean(n.Serial, maxName)
	n.FabricID, n.CompressedID = clean(n.FabricID, maxName), clean(n.CompressedID, maxName)
	n.Address = clean(n.Address, maxURL)
	return n
}

// goHome shows the devices; what was known of them stays until it is read anew.
func (m *machine) goHome() {
	m.show(ScreenHome)
	m.Home.Problem = nil
	if m.Home.Phase != "ready" {
		m.Home.Phase = "reading"
	}
	m.do(ReadHome{})
}

func (m *machine) homeRead(h Home) {
	if m.Screen == ScreenIdle {
		return
	}
	panel, notice, problem := m.Home.Panel, m.Home.Notice, m.Home.Problem
	if m.Home.Phase != "ready" {
		problem = nil
	}
	nodes := make([]Node, 0, min(len(h.Nodes), maxNodes))
	for _, n := range head(h.Nodes, maxNodes) {
		nodes = append(nodes, cleanNode(n))
	}
	m.Home = Home{
		Phase: "ready", Label: clean(h.Label, maxLabel), FabricID: clean(h.FabricID, maxName), Nodes: nodes,
		Exists: h.Exists, Persisted: h.Persisted, Backup: h.Backup, Panel: panel, Notice: notice, Problem: problem,
	}
	switch h.Backup {
	case "none", "made", "impossible":
	default:
		m.Home.Backup = "none"
	}
}

func (m *machine) homePanel(panel string) {
	if m.Screen != ScreenHome {
		return
	}
	switch panel {
	case "", "export", "import", "forget":
		m.Home.Panel, m.Home.Problem, m.Home.Notice = panel, nil, ""
	}
}

func (m *machine) exportWanted(passphrase string) {
	// A backup can be made on the last screen of a setup as well.
	if m.Screen != ScreenHome && m.Screen != ScreenDone {
		return
	}
	m.Home.Notice = ""
	if m.Home.Problem = m.weak(passphrase); m.Home.Problem == nil {
		m.do(ExportHome{passphrase})
	}
}

func (m *machine) importWanted(passphrase string) {
	if m.Screen != ScreenHome {
		return
	}
	m.Home.Problem, m.Home.Notice = nil, ""
	m.do(ImportHome{passphrase})
}

// weak says that a passphrase is too short to keep keys.
func (m *machine) weak(passphrase string) *Problem {
	if len([]rune(passphrase)) < minPassphrase {
		return m.problem("backup-passphrase", "", nil)
	}
	return nil
}

func (m *machine) forgetAnswered(yes bool) {
	if m.Screen != ScreenHome || m.Home.Panel != "forget" {
		return
	}
	m.Home.Problem, m.Home.Notice = nil, ""
	if !yes {
		m.Home.Panel = ""
		return
	}
	m.do(ForgetHome{})
}

func (m *machine) homeDone(what string) {
	if m.Screen == ScreenIdle {
		return
	}
	switch what {
	case "exported":
		m.Home.Backup = "made"
		if m.Done != nil {
			n := *m.Done
			n.CredentialsBackup = true
			m.Done = &n
		}
	case "imported":
	case "forgotten":
		m.Home = Home{Phase: "reading"}
	default:
		return
	}
	m.Home.Panel, m.Home.Problem = "", nil
	m.notice("notice." + what)
	if m.Screen == ScreenHome {
		m.Home.Notice = m.Notice
		if what != "exported" {
			m.do(ReadHome{})
		}
	}
}

func (m *machine) homeFailed(e HomeFailed) {
	if m.Screen != ScreenHome && m.Screen != ScreenDone {
		return
	}
	m.Home.Problem = m.problem(e.ID, e.Technical, nil)
	if e.What == "read" {
		m.Home.Phase = "failed"
	}
}

// addWanted begins with a new device.
func (m *machine) addWanted() {
	if m.Screen != ScreenHome && m.Screen != ScreenDone {
		return
	}
	m.clear()
	m.show(ScreenCode)
}

func (m *machine) deviceWanted(id string) {
	if n, ok := m.nodeNamed(id); ok && m.Screen != ScreenDevice {
		m.run.deviceFrom = m.Screen
		m.showDevice(n)
	}
}

func (m *machine) showDevice(n Node) {
	m.show(ScreenDevice)
	m.Device = DeviceView{Node: n}
	m.readDevice()
}

func (m *machine) readDevice() {
	m.Device.Phase, m.Device.Problem, m.Device.Endpoints = "reading", nil, nil
	m.do(ReadDevice{m.Device.Node.ID})
}

func (m *machine) leaveDevice() {
	if m.run.deviceFrom == ScreenDone && m.Done != nil {
		m.show(ScreenDone)
		return
	}
	m.first()
}

// viewed reports whether this device is the one that is shown.
func (m *machine) viewed(node string) bool {
	return m.Screen == ScreenDevice && m.Device.Node.ID == node
}

func (m *machine) deviceRead(n Node, list []Endpoint) {
	n = cleanNode(n)
	if !m.viewed(n.ID) || m.Device.Phase == "removing" {
		return
	}
	endpoints := make([]Endpoint, 0, min(len(list), maxEndpoints))
	for _, e := range head(list, maxEndpoints) {
		e.Types = slices.Clone(head(e.Types, maxTypes))
		e.Label, e.Pending, e.Problem = clean(e.Label, maxName), false, nil
		endpoints = append(endpoints, e)
	}
	m.Device.Node, m.Device.Phase, m.Device.Problem, m.Device.Endpoints = n, "ready", nil, endpoints
}

func (m *machine) deviceFailed(e DeviceFailed) {
	if !m.viewed(e.Node) {
		return
	}
	m.Device.Problem = m.problem(e.ID, e.Technical, nil)
	if m.Device.Phase == "removing" && len(m.Device.Endpoints) > 0 {
		m.Device.Phase = "ready"
		return
	}
	m.Device.Phase = "failed"
}

// endpoint changes one endpoint of the device that is shown.
func (m *machine) endpoint(id uint16, change func(*Endpoint)) {
	list := slices.Clone(m.Device.Endpoints)
	for i := range list {
		if list[i].ID == id {
			change(&list[i])
			break
		}
	}
	m.Device.Endpoints = list
}

// order sends a command to an endpoint that has what it takes.
func (m *machine) order(id uint16, able func(*Endpoint) bool, e Effect) {
	if m.Screen != ScreenDevice || m.Device.Phase != "ready" {
		return
	}
	m.endpoint(id, func(p *Endpoint) {
		if able(p) && !p.Pending {
			p.Pending, p.Problem = true, nil
			m.do(e)
		}
	})
}

func (m *machine) switched(id uint16, on bool) {
	command := "off"
	if on {
		command = "on"
	}
	m.order(id, func(e *Endpoint) bool { return e.HasOnOff }, Command{m.Device.Node.ID, id, command})
}

func (m *machine) levelSet(id uint16, level uint8) {
	level = min(max(level, 1), 254)
	m.order(id, func(e *Endpoint) bool { return e.HasLevel }, SetLevel{m.Device.Node.ID, id, level})
}

func (m *machine) identifyWanted(id uint16) {
	m.order(id, func(e *Endpoint) bool { return e.Identify }, Command{m.Device.Node.ID, id, "identify"})
}

func (m *machine) attributeTold(e AttributeTold) {
	if !m.viewed(e.Node) {
		return
	}
	m.endpoint(e.Endpoint, func(p *Endpoint) {
		if e.On != nil {
			p.On = *e.On
		}
		if e.Level != nil {
			p.Level = *e.Level
		}
	})
}

func (m *machine) commandDone(e CommandDone) {
	if !m.viewed(e.Node) {
		return
	}
	m.endpoint(e.Endpoint, func(p *Endpoint) {
		p.Pending, p.Problem = false, nil
		if e.ID != "" {
			p.Problem = m.problem(e.ID, e.Technical, nil)
		}
	})
}

func (m *machine) removeWanted() {
	if m.Screen == ScreenDevice && m.Device.Phase != "removing" {
		m.Device.Confirm = true
	}
}

func (m *machine) removeAnswered(yes, forgetOnly bool) {
	if m.Screen != ScreenDevice || !m.Device.Confirm {
		return
	}
	m.Device.Confirm = false
	if yes {
		m.Device.Phase, m.Device.Problem = "removing", nil
		m.do(RemoveDevice{m.Device.Node.ID, forgetOnly})
	}
}

func (m *machine) deviceRemoved(node string) {
	if m.Done != nil && m.Done.ID == node && m.Screen != ScreenDone {
		m.Done = nil
	}
	m.Home.Nodes = slices.DeleteFunc(slices.Clone(m.Home.Nodes), func(n Node) bool { return n.ID == node })
	if !m.viewed(node) {
		return
	}
	m.notice("notice.removed")
	if m.Options.Manage {
		m.goHome()
		m.Home.Notice = m.Notice
		return
	}
	m.clear()
	m.show(ScreenCode)
}
