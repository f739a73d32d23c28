package flow

// The ways to a device: transport, pick and discover.

// Ways of being found, as bits of a QR code. Matter Core §5.1.1.4.
const (
	foundByBluetooth = 1 << 1
	foundOnNetwork   = 1 << 2
)

// AgentCommand starts the agent, which then serves this page too.
const AgentCommand = "git clone https://github.com/matter-session/matter-session && make -C matter-session agent"

func (m *machine) goTransport() {
	if !m.Code.Accepted {
		m.show(ScreenCode)
		return
	}
	m.show(ScreenTransport)
	if !m.run.routePicked || !contains(m.Options.Routes, m.Route) {
		m.Route = m.preselected()
	}
	if m.Options.Agent != None && m.Options.Agent != "" {
		m.do(CheckAgent{})
	}
}

// preselected is the way that the code asks for, if it exists and works, else
// the first that works, else the first.
func (m *machine) preselected() Route {
	var bits uint8
	if p := m.payload(); p != nil && p.HasDiscovery {
		bits = p.Discovery
	}
	byBluetooth, onNetwork := bits&foundByBluetooth != 0, bits&foundOnNetwork != 0
	asked := func(r Route) bool {
		return byBluetooth == onNetwork || (r == RouteBluetooth) == byBluetooth
	}
	best, rank := Route(""), -1
	for _, r := range m.Options.Routes {
		score := 0
		if m.Options.usable(r) {
			score = 2
		} else if r == RouteAgent && m.Options.Agent == Checking {
			score = 2
		}
		if asked(r) {
			score++
		}
		if score > rank {
			best, rank = r, score
		}
	}
	return best
}

func (m *machine) payload() *Payload {
	if m.Code.Chosen < 0 || m.Code.Chosen >= len(m.Code.Payloads) {
		return nil
	}
	return &m.Code.Payloads[m.Code.Chosen]
}

// usable reports whether a way works as far as is known.
func (o *Options) usable(r Route) bool {
	switch r {
	case RouteBluetooth:
		return o.Bluetooth == Ready
	case RouteAgent:
		return o.Agent == Ready
	}
	return r == RouteHost
}

// reachesNetwork reports whether there is a way for the last steps, which run
// over the network: a page cannot speak there by itself.
func (o *Options) reachesNetwork() bool {
	return o.Agent == Ready || contains(o.Routes, RouteHost)
}

// RouteProblem says why a way cannot be used, as a problem's ID; "" if it can,
// or if that is not known yet.
func (o Options) RouteProblem(r Route) string {
	if r == RouteBluetooth {
		return bluetoothProblem(o.Bluetooth)
	}
	if r == RouteAgent {
		return agentProblem(o.Agent)
	}
	return ""
}

func bluetoothProblem(a Availability) string {
	switch a {
	case Ready, Checking:
		return ""
	case Disabled:
		return "bluetooth-disabled"
	case Insecure:
		return "insecure-context"
	case Framed:
		return "blocked-by-frame"
	case Off:
		return "bluetooth-off"
	}
	return "bluetooth-missing"
}

func agentProblem(a Availability) string {
	switch a {
	case Ready, Checking:
		return ""
	case Blocked:
		return "agent-blocked"
	case TokenNeeded:
		return "agent-token"
	}
	return "agent-unreachable"
}

func (m *machine) routePicked(r Route) {
	if m.Screen == ScreenTransport && contains(m.Options.Routes, r) {
		m.Route, m.run.routePicked = r, true
		m.Problem, m.Waiting = nil, false
	}
}

// routesChanged is called when the options change on the transport screen.
func (m *machine) routesChanged() {
	if !contains(m.Options.Routes, m.Route) || !m.run.routePicked && !m.Waiting {
		m.Route = m.preselected()
	}
	if m.Waiting && m.Options.Agent != Checking {
		m.agentAnswered()
		return
	}
	if m.Problem == nil {
		return
	}
	// What was mended is no problem any more.
	switch {
	case m.Options.RouteProblem(m.Route) != "":
	case m.Route == RouteBluetooth && m.Problem.ID != "bluetooth-off" && !m.Options.reachesNetwork():
	default:
		m.Problem = nil
	}
}

// transportDone goes on over the chosen way.
func (m *machine) transportDone() {
	m.Problem, m.Waiting = nil, false
	switch {
	case m.Route == RouteHost:
		m.begin(Begin{Route: RouteHost, Payload: m.Code.Chosen})
		return
	case m.Route == "":
		m.Problem = m.problem(bluetoothProblem(m.Options.Bluetooth), "", nil)
		if m.Problem.ID == "unexpected" {
			m.Problem = m.problem("bluetooth-missing", "", nil)
		}
		return
	case m.Route == RouteBluetooth && m.Options.Bluetooth != Ready:
		m.Problem = m.problem(m.Options.RouteProblem(RouteBluetooth), "", nil)
		return
	}
	if m.Options.Agent != Ready && m.Options.Agent != None && m.Options.Agent != "" &&
		(m.Route == RouteAgent || !m.Options.reachesNetwork()) {
		m.Waiting, m.run.waitSince = true, m.Now
		m.do(CheckAgent{})
		return
	}
	m.agentAnswered()
}

// agentAnswered goes on, or says why not, by what is known of the agent now.
func (m *machine) agentAnswered() {
	m.Waiting = false
	switch {
	case m.Route == RouteAgent && m.Options.Agent == Ready:
		m.goDiscover()
	case m.Route == RouteBluetooth && m.Options.reachesNetwork():
		m.show(ScreenPick)
	default:
		m.Problem = m.problem(m.agentMissing(), string(m.Options.Agent), nil)
	}
}

// agentMissing names what keeps the agent from helping. Over Bluetooth the agent
// may be news to somebody, so its absence is another problem there.
func (m *machine) agentMissing() string {
	id := agentProblem(m.Options.Agent)
	if m.Route == RouteBluetooth && id == "agent-unreachable" {
		return "no-ip-path"
	}
	if id == "" { // it has not answered in time
		if m.Route == RouteBluetooth {
			return "no-ip-path"
		}
		return "agent-unreachable"
	}
	return id
}

func (m *machine) goOnAlone() {
	if m.Screen == ScreenTransport && m.Route == RouteBluetooth && m.Options.Bluetooth == Ready && m.Problem != nil {
		m.show(ScreenPick)
	}
}

func (m *machine) pickWanted(all bool) {
	if m.Screen != ScreenPick {
		return
	}
	m.Problem = nil
	m.run.unpick = false // choosing drops the one before
	m.do(Pick{Any: all})
}

func (m *machine) picked(name string) {
	if m.Screen != ScreenPick {
		return
	}
	m.PickedName, m.run.picked = clean(name, maxName), true
	m.begin(Begin{Route: RouteBluetooth, Payload: m.Code.Chosen})
}

func (m *machine) pickFailed(id, technical string) {
	if m.Screen == ScreenPick {
		m.Problem = m.problem(id, technical, nil)
	}
}

func (m *machine) linkStalled() {
	if m.run.active && m.Route == RouteBluetooth {
		m.Problem = m.problem("btp-retry", "", nil)
	}
}

// goDiscover looks on the network for devices that the code may belong to.
func (m *machine) goDiscover() {
	m.show(ScreenDiscover)
	m.stopSearch()
	m.Problem = nil
	m.Candidates, m.Candidate, m.Searching = nil, "", true
	m.do(Search{m.Code.Chosen})
}

func (m *machine) stopSearch() {
	if m.Searching {
		m.Searching = false
		m.do(StopSearch{})
	}
}

// candidateFound adds a device, or replaces what was known of it. Those that fit
// best come first.
func (m *machine) candidateFound(c Candidate) {
	if m.Screen != ScreenDiscover || !m.Searching || c.ID == "" || len(c.ID) > maxID {
		return
	}
	none, known := len(m.exact()) == 0, len(m.Candidates)
	c.Name, c.Address = clean(c.Name, maxName), clean(c.Address, maxURL)
	list := make([]Candidate, 0, len(m.Candidates)+1)
	for _, old := range m.Candidates {
		if old.ID != c.ID {
			list = append(list, old)
		}
	}
	at := 0
	for at < len(list) && !fitsBetter(&c, &list[at]) {
		at++
	}
	list = append(list, Candidate{})
	copy(list[at+1:], list[at:])
	list[at] = c
	m.Candidates = head(list, maxCandidates)
	m.Problem = nil
	if none {
		m.run.exactAt = m.Now
	}
	if len(list) > known {
		m.run.newAt = m.Now
	}
}

func fitsBetter(a, b *Candidate) bool {
	if a.Exact != b.Exact {
		return a.Exact
	}
	return a.Open != 0 && b.Open == 0
}

// exact returns those that fit in all that the code says, and are open.
func (m *machine) exact() (list []Candidate) {
	for _, c := range m.Candidates {
		if c.Exact && c.Open != 0 {
			list = append(list, c)
		}
	}
	return list
}

// only returns the device that goes without saying, and since when: the only one
// that fits in all. A manual code has just 4 bits of the discriminator, so that
// nothing fits in all; there it is the only one in pairing mode. A wrong device
// does no more than refuse the code.
func (m *machine) only() (id string, since Instant, patience Milliseconds) {
	if exact := m.exact(); len(exact) > 0 {
		if len(exact) > 1 {
			return "", 0, 0
		}
		return exact[0].ID, m.run.exactAt, exactMs
	}
	if p := m.payload(); p == nil || !p.Short {
		return "", 0, 0
	}
	for _, c := range m.Candidates {
		switch {
		case c.Open == 0:
		case id != "":
			return "", 0, 0
		default:
			id = c.ID
		}
	}
	return id, m.run.newAt, soleMs
}

// takeOnly goes on by itself with that device, once there was time for another
// one to show up.
func (m *machine) takeOnly() {
	if id, since, patience := m.only(); m.Searching && id != "" && m.since(since) >= patience {
		m.candidatePicked(id)
	}
}

func (m *machine) searchEnded(id, technical string) {
	if m.Screen != ScreenDiscover || !m.Searching {
		return
	}
	m.Searching = false
	only, _, _ := m.only()
	switch {
	case only != "":
		m.candidatePicked(only)
	case id != "":
		m.Problem = m.problem(id, technical, nil)
	case len(m.Candidates) == 0:
		m.Problem = m.problem("not-found", technical, nil)
	}
}

func (m *machine) candidatePicked(id string) {
	if m.Screen != ScreenDiscover {
		return
	}
	for _, c := range m.Candidates {
		if c.ID == id {
			m.Candidate = id
			m.begin(Begin{Route: m.Route, Candidate: id, Payload: m.Code.Chosen})
			return
		}
	}
}

// begin starts a commissioning, or has it start when the last one is undone.
func (m *machine) begin(b Begin) {
	m.show(ScreenConnecting)
	m.Steps, m.Attestation, m.Network, m.Failure, m.Done = nil, nil, nil, nil, nil
	m.FailSafeEnds = 0
	m.Problem, m.Armed = nil, false
	m.run.begin, m.run.outcome, m.run.provenAt = b, "", 0
	if m.run.stops > 0 {
		m.run.next = true
		return
	}
	m.run.active = true
	m.do(b)
}
