//go:build js && wasm

package main

import (
	"strings"

	"github.com/matter-session/matter-session/web/flow"
)

// now is the same in every picture.
const now flow.Instant = 1_760_000_000_000

func options(language string) flow.Options {
	return flow.Options{
		FabricLabel: "Elm Street 12", Language: language, Camera: true, AllowTest: true,
		Routes:    []flow.Route{flow.RouteBluetooth, flow.RouteAgent},
		Bluetooth: flow.Ready, Agent: flow.Ready, AgentURL: "ws://127.0.0.1:8347/agent",
	}
}

// markup is what a hostile device calls itself.
const markup = `<img src=x onerror="alert(1)"><b>"Lamp"</b> &amp; {vendor} **bold**`

var states = []struct {
	name string
	fill func(*flow.State)
}{
	// home and device
	{"home-empty", home(func(h *flow.Home) { h.Exists, h.Backup = false, "none" })},
	{"home-one", home(func(h *flow.Home) { h.Nodes = nodes(1) })},
	{"home-twelve", home(func(h *flow.Home) { h.Nodes, h.Backup, h.Persisted = nodes(12), "made", false })},
	{"home-reading", home(func(h *flow.Home) { h.Phase = "reading" })},
	{"home-export", home(func(h *flow.Home) { h.Nodes, h.Panel = nodes(2), "export" })},
	{"home-import", home(func(h *flow.Home) {
		h.Exists, h.Panel, h.Problem = false, "import", &flow.Problem{ID: "backup-passphrase"}
	})},
	{"home-forget", home(func(h *flow.Home) { h.Nodes, h.Panel, h.Backup = nodes(2), "forget", "impossible" })},
	{"device-light", device(func(d *flow.DeviceView) {})},
	{"device-parts", device(func(d *flow.DeviceView) {
		d.Endpoints = append(d.Endpoints,
			flow.Endpoint{ID: 2, Types: []uint32{0x010A}, Label: "Socket by the window", HasOnOff: true, Pending: true, Identify: true},
			flow.Endpoint{ID: 3, Types: []uint32{0x0302}, Label: markup, Identify: true, Problem: &flow.Problem{ID: "device-unreachable"}})
	})},
	{"device-remove", device(func(d *flow.DeviceView) { d.Confirm = true })},
	{"device-failed", device(func(d *flow.DeviceView) {
		d.Phase, d.Endpoints, d.Problem = "failed", nil, &flow.Problem{ID: "device-unreachable", Detail: "session: no answer after 5 retransmissions"}
	})},

	// code
	{"code-empty", code(flow.CodeEntry{})},
	{"code-4", code(flow.CodeEntry{Text: "3497", Caret: 4, Form: "manual", Digits: 4, Length: 11})},
	{"code-10", code(flow.CodeEntry{Text: "3497-011-233", Caret: 12, Form: "manual", Digits: 10, Length: 11})},
	{"code-11", code(flow.CodeEntry{Text: "3497-011-2332", Caret: 13, Form: "manual", Digits: 11, Length: 11, Complete: true,
		Payloads: []flow.Payload{{Form: "manual", Length: 11, Discriminator: 15, Short: true}}})},
	{"code-wrong", code(flow.CodeEntry{Text: "3497-011-2331", Caret: 13, Form: "manual", Digits: 11, Length: 11, Problem: &flow.Problem{ID: "code-check-digit"}})},
	{"code-21", code(flow.CodeEntry{Text: "7497-011-2332-65521-32769", Caret: 25, Form: "manual", Digits: 21, Length: 21, Complete: true,
		Payloads: []flow.Payload{{Form: "manual", Length: 21, Discriminator: 15, Short: true, HasProduct: true, VendorID: 0xfff1, ProductID: 0x8001, Flow: 1}}})},
	{"code-mt", code(flow.CodeEntry{Text: "MT:Y.K9042C00KA0648G00", Caret: 22, Form: "qr", Complete: true,
		Payloads: []flow.Payload{{Form: "qr", Length: 22, Discriminator: 3840, HasProduct: true, VendorID: 0xfff1, ProductID: 0x8000, HasDiscovery: true, Discovery: 2, Flow: 2}}})},
	{"code-homekit", code(flow.CodeEntry{Text: "X-HM://0023ISYWYUQ2D", Caret: 20, Problem: &flow.Problem{ID: "code-homekit"}})},
	{"code-several", code(flow.CodeEntry{Accepted: true, Complete: true, Form: "qr", Chosen: 1, Payloads: []flow.Payload{
		{Form: "qr", HasProduct: true, VendorID: 0x1217, ProductID: 0x2001, HasDiscovery: true, Discovery: 2},
		{Form: "qr", HasProduct: true, VendorID: 0x1217, ProductID: 0x2002, HasDiscovery: true, Discovery: 6}}})},
	{"code-picture", func(s *flow.State) {
		code(flow.CodeEntry{})(s)
		s.Scan.Problem = &flow.Problem{ID: "picture-unreadable"}
	}},
	{"scan-starting", scan(flow.Scan{Phase: "starting"})},
	{"scan-live", scan(flow.Scan{Phase: "live", Since: now - 3000, Torch: flow.TorchOff, Camera: "b",
		Cameras: []flow.Camera{{ID: "a", Label: "FaceTime HD"}, {ID: "b", Label: "USB 2.0 Camera: back, facing away from the keyboard"}}})},
	{"scan-nothing", scan(flow.Scan{Phase: "live", Since: now - 14_000, Torch: flow.TorchOn})},
	{"scan-denied", scan(flow.Scan{Problem: &flow.Problem{ID: "camera-denied"}})},

	// the way
	{"transport-bluetooth", transport(flow.RouteBluetooth, func(*flow.State) {})},
	{"transport-alone", transport(flow.RouteBluetooth, func(s *flow.State) {
		s.Options.Agent = flow.None
		s.Problem = &flow.Problem{ID: "no-ip-path", Params: map[string]string{"command": flow.AgentCommand}}
	})},
	{"transport-agent", transport(flow.RouteAgent, func(s *flow.State) { s.Options.Bluetooth, s.Options.Agent = flow.Missing, flow.Unreachable })},
	{"transport-all", transport(flow.RouteHost, func(s *flow.State) {
		s.Options.Routes = append(s.Options.Routes, flow.RouteHost)
		s.Options.Bluetooth, s.Options.Agent, s.Waiting = flow.Off, flow.Checking, true
	})},
	{"pick", func(s *flow.State) { s.Screen, s.Route = flow.ScreenPick, flow.RouteBluetooth }},
	{"pick-dismissed", func(s *flow.State) {
		s.Screen, s.Route, s.Problem = flow.ScreenPick, flow.RouteBluetooth, &flow.Problem{ID: "picker-dismissed"}
	}},
	{"discover-searching", func(s *flow.State) { s.Screen, s.Route, s.Searching = flow.ScreenDiscover, flow.RouteAgent, true }},
	{"discover-several", func(s *flow.State) {
		s.Screen, s.Route, s.Searching = flow.ScreenDiscover, flow.RouteAgent, true
		s.Candidates = []flow.Candidate{
			{ID: "1", Name: "Nanoleaf A19 Bulb", VendorID: 0x115a, ProductID: 0x0034, Exact: true, Open: 1, Address: "fd12:3456:789a::1c2d"},
			{ID: "2", VendorID: 0xfff1, ProductID: 0x8001, Open: 2, Address: "192.168.178.41"},
			{ID: "3", Name: markup, Address: "fe80::1ff:fe23:4567:890a%en0"}}
	}},
	{"discover-one", func(s *flow.State) {
		s.Screen, s.Route, s.Searching = flow.ScreenDiscover, flow.RouteAgent, true
		s.Candidates = []flow.Candidate{{ID: "1", Name: "Nanoleaf A19 Bulb", VendorID: 0x115a, ProductID: 0x0034, Open: 1, Address: "fd12:3456:789a::1c2d"}}
	}},
	{"discover-none", func(s *flow.State) {
		s.Screen, s.Route, s.Problem = flow.ScreenDiscover, flow.RouteAgent, &flow.Problem{ID: "not-found"}
	}},

	// progress
	{"connecting-0.3s", progress(flow.ScreenConnecting, 300, "link")},
	{"connecting-5s", progress(flow.ScreenConnecting, 5000, "link")},
	{"connecting-40s", progress(flow.ScreenConnecting, 40_000, "link")},
	{"securing", progress(flow.ScreenSecuring, 2000, "pase")},
	{"checking", armed(progress(flow.ScreenChecking, 1200, "attestation"))},
	{"joining", joining("connect", 12_000)},
	{"joining-certificate", joining("noc", 900)},
	{"finding-long", progress(flow.ScreenFinding, 26_000, "discover")},
	{"finding-alone", func(s *flow.State) {
		progress(flow.ScreenFinding, 6_000, "discover")(s)
		s.Problem = &flow.Problem{ID: "no-ip-path", Params: map[string]string{"command": flow.AgentCommand}}
		s.FailSafeEnds = s.Now + 161_000
	}},
	{"finishing", progress(flow.ScreenFinishing, 400, "complete")},
	{"stop-asked", func(s *flow.State) {
		progress(flow.ScreenChecking, 1200, "attestation")(s)
		s.Armed, s.ConfirmStop = true, true
	}},

	// the maker
	{"decide-certified", decide("certified", 0x1217, 0x2001, "CSA2A14D3MAT40010-24", "revocation-unchecked")},
	{"decide-unlisted", decide("unlisted", 0x1401, 0x0034, "CSA2A14D3MAT40010-24", "authority-unknown", "revocation-unchecked")},
	{"decide-test", decide("test", 0xfff1, 0x8000, "ZIG20142ZB330003-24", "authority-test", "declaration-test", "test-vendor")},
	{"decide-invalid", decide("invalid", 0x1217, 0x2001, "", "signature", "nonce", markup)},

	// networks
	{"wifi-none", network(func(q *flow.NetworkQuestion) { q.Other, q.Chosen = true, -1 })},
	{"wifi-one", network(func(q *flow.NetworkQuestion) { q.Scanned = wifi(1) })},
	{"wifi-many", network(func(q *flow.NetworkQuestion) { q.Scanned, q.Chosen = wifi(40), 1 })},
	{"wifi-open", network(func(q *flow.NetworkQuestion) { q.Scanned, q.Chosen = wifi(5), 3 })},
	{"wifi-other", network(func(q *flow.NetworkQuestion) {
		q.Scanned, q.Other, q.Chosen, q.SSID = wifi(4), true, -1, "Attic"
		q.Stored = []flow.StoredNetwork{{ID: "s1", Label: "Home Wi-Fi"}, {ID: "s2", Label: "Guests"}}
	})},
	{"wifi-refused", network(func(q *flow.NetworkQuestion) {
		q.Scanned, q.Problem = wifi(5), &flow.Problem{ID: "wifi-auth", Params: map[string]string{"ssid": "Elm Street"}}
	})},
	{"wifi-scanning", func(s *flow.State) {
		network(func(q *flow.NetworkQuestion) { q.Request, q.Chosen = 0, -1 })(s)
		s.Scanning = true
	}},
	{"thread-empty", thread(nil)},
	{"thread-complete", thread(&flow.ThreadSummary{Name: "MyHome1234", Channel: 15, PANID: "1111111122222222", Complete: true})},
	{"thread-wrong", thread(&flow.ThreadSummary{Name: "MyHome1234", Channel: 15, Problem: &flow.Problem{ID: "thread-dataset", Params: map[string]string{"missing": "network key"}}})},

	// the end
	{"done", done("Nanoleaf Essentials A19", "Nanoleaf", "NL68-1A2B3C")},
	{"done-copied", func(s *flow.State) {
		done("Nanoleaf Essentials A19", "Nanoleaf", "NL68-1A2B3C")(s)
		s.Notice = "notice.copied"
	}},
	{"done-hostile", done(markup, markup, markup)},
	{"share-choose", share(func(sh *flow.Share) { sh.Phase, sh.Seconds = "choose", 300 })},
	{"share-open", share(func(sh *flow.Share) {})},
	{"share-joined", share(func(sh *flow.Share) { sh.Phase, sh.Vendor = "joined", "Apple Home" })},
	{"share-ended", share(func(sh *flow.Share) { sh.Phase = "ended" })},
	{"failed-same", failed("fail-safe-busy", "same", "fail-safe", 42_000, nil)},
	{"failed-network", failed("wifi-not-found", "network", "connect", 0, map[string]string{"ssid": "Elm Street"})},
	{"failed-restart", failed("connection-lost", "restart", "attestation", 0, map[string]string{"step": "attestation"})},
	{"failed-code", failed("wrong-code", "code", "pase", 0, map[string]string{"n": "3", "of": "20"})},
	{"failed-none", failed("fabric-table-full", "none", "noc", 0, map[string]string{"n": "5"})},
	{"failed-unknown", failed("no-such-problem", "restart", "case", 0, nil)},
	{"stopped-undone", stopped(flow.Stopped{Phase: "stopped", RolledBack: true})},
	{"stopped-wait", stopped(flow.Stopped{Phase: "stopped", Until: now + 42_000})},
	{"stopping", stopped(flow.Stopped{Phase: "stopping"})},
}

func home(change func(*flow.Home)) func(*flow.State) {
	return func(s *flow.State) {
		s.Screen, s.Options.Manage = flow.ScreenHome, true
		s.Home = flow.Home{Phase: "ready", Label: "Elm Street 12", FabricID: "FAB000000000001D", Exists: true, Persisted: true, Backup: "none"}
		change(&s.Home)
	}
}

func nodes(n int) []flow.Node {
	names := []string{"Hall", "Nanoleaf Essentials A19", "Kitchen window", markup, "Bad", "Ventilator über dem Küchentisch im Obergeschoss", "", "السقف", "Bedroom", "Desk", "Garage", "Garden"}
	out := make([]flow.Node, n)
	for i := range out {
		out[i] = flow.Node{ID: "00000000000000" + string("0123456789ABCDEF"[i/16]) + string("0123456789ABCDEF"[i%16]), Name: names[i%len(names)],
			VendorName: "Nanoleaf", ProductName: "Essentials A19", CommissionedAt: int64(now) - int64(i)*86_400_000*9}
	}
	return out
}

func lamp() flow.Node {
	return flow.Node{ID: "0000000000000001", Name: "Hall", VendorName: "Nanoleaf", ProductName: "Essentials A19", Serial: "NL68-1A2B3C",
		VendorID: 0x115a, ProductID: 0x34, FabricID: "FAB000000000001D", CompressedID: "87E1B004E235A130", Address: "[fd12:3456:789a::1c2d]:5540", CommissionedAt: int64(now)}
}

func device(change func(*flow.DeviceView)) func(*flow.State) {
	return func(s *flow.State) {
		s.Screen = flow.ScreenDevice
		s.Device = flow.DeviceView{Node: lamp(), Phase: "ready", Endpoints: []flow.Endpoint{
			{ID: 1, Types: []uint32{0x0101}, HasOnOff: true, On: true, HasLevel: true, Level: 152, Identify: true}}}
		change(&s.Device)
	}
}

func code(entry flow.CodeEntry) func(*flow.State) {
	return func(s *flow.State) { s.Screen, s.Code = flow.ScreenCode, entry }
}

func scan(scan flow.Scan) func(*flow.State) {
	return func(s *flow.State) { s.Screen, s.Scan = flow.ScreenScan, scan }
}

func transport(route flow.Route, change func(*flow.State)) func(*flow.State) {
	return func(s *flow.State) {
		s.Screen, s.Route = flow.ScreenTransport, route
		change(s)
	}
}

// sequence is the order of steps, with stage, duration and expected time.
var sequence = []struct {
	id       string
	stage    flow.Stage
	took     flow.Milliseconds
	expected flow.Milliseconds
}{
	{"payload", 1, 2, 0}, {"link", 2, 1740, 10_000}, {"pase", 2, 890, 5000}, {"facts", 3, 310, 3000}, {"fail-safe", 3, 60, 1000},
	{"regulatory", 3, 80, 1000}, {"time", 3, 0, 1000}, {"attestation", 3, 640, 5000}, {"csr", 4, 420, 3000}, {"root", 4, 120, 2000},
	{"noc", 4, 1310, 5000}, {"scan", 4, 5020, 10_000}, {"network", 4, 90, 2000}, {"connect", 4, 7740, 20_000}, {"discover", 5, 2210, 20_000},
	{"case", 5, 380, 5000}, {"complete", 5, 70, 2000}, {"label", 5, 60, 1000},
}

// steps is how far a setup is when step id has run for a while.
func steps(id string, elapsed flow.Milliseconds) []flow.Step {
	var out []flow.Step
	for _, it := range sequence {
		step := flow.Step{ID: it.id, Stage: it.stage, Status: flow.StepDone, Elapsed: it.took, Expected: it.expected}
		if it.id == "time" {
			step.Status = flow.StepSkipped
		}
		if it.id == id {
			step.Status, step.StartedAt, step.Elapsed = flow.StepStart, now-flow.Instant(elapsed), elapsed
			if elapsed > it.expected {
				step.Status = flow.StepSlow
			}
			return append(out, step)
		}
		out = append(out, step)
	}
	return out
}

func progress(screen flow.Screen, elapsed flow.Milliseconds, id string) func(*flow.State) {
	return func(s *flow.State) {
		s.Screen, s.Route, s.PickedName = screen, flow.RouteBluetooth, "MATTER-3840"
		s.Steps, s.Entered = steps(id, elapsed), now-flow.Instant(elapsed)
	}
}

func armed(fill func(*flow.State)) func(*flow.State) {
	return func(s *flow.State) {
		fill(s)
		s.Armed = true
	}
}

func joining(id string, elapsed flow.Milliseconds) func(*flow.State) {
	return func(s *flow.State) {
		progress(flow.ScreenJoining, elapsed, id)(s)
		s.Armed = true
		s.Network = &flow.NetworkQuestion{Kind: "wifi", Scanned: wifi(3), Chosen: 0}
	}
}

func decide(verdict string, vendor, product uint16, certificate string, findings ...string) func(*flow.State) {
	return func(s *flow.State) {
		s.Screen, s.Armed, s.Steps = flow.ScreenDecide, true, steps("attestation", 700)
		s.Attestation = &flow.Attestation{Request: 1, Verdict: verdict, Findings: findings, VendorID: vendor, ProductID: product, CertificateID: certificate}
	}
}

func network(change func(*flow.NetworkQuestion)) func(*flow.State) {
	return func(s *flow.State) {
		s.Screen, s.Armed, s.Steps, s.Route = flow.ScreenNetwork, true, steps("network", 300), flow.RouteBluetooth
		s.Network = &flow.NetworkQuestion{Request: 1, Kind: "wifi"}
		change(s.Network)
	}
}

func wifi(n int) []flow.Network {
	names := []string{"Elm Street", "Elm Street 5G", "Café ☕🏡 Obergeschoss", "FreeWiFi", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "", "  spaces  ", markup[:32], "שלום עולם", "DIRECT-7f-HP"}
	out := make([]flow.Network, n)
	for i := range out {
		name := names[i%len(names)]
		if i >= len(names) && name != "" {
			name = strings.ToUpper(name[:min(len(name), 4)]) + "-" + string(rune('A'+i%26)) + string(rune('0'+i%10))
		}
		name = strings.ToValidUTF8(name, "?")
		out[i] = flow.Network{Name: name, ID: []byte{byte(i), 1}, RSSI: -40 - i, Bars: max(4-i/3, 0), Channel: 1 + i%11, Band: []string{"2.4", "5"}[i%2],
			Open: i%10 == 3, Hidden: name == ""}
	}
	return out
}

func thread(summary *flow.ThreadSummary) func(*flow.State) {
	return func(s *flow.State) {
		network(func(q *flow.NetworkQuestion) {
			q.Kind, q.Dataset = "thread", summary
			if summary == nil {
				q.Stored = []flow.StoredNetwork{{ID: "t1", Label: "Thread of the hub"}}
			}
		})(s)
	}
}

func done(product, vendor, serial string) func(*flow.State) {
	return func(s *flow.State) {
		n := lamp()
		n.Name, n.ProductName, n.VendorName, n.Serial = "", product, vendor, serial
		s.Screen, s.Done, s.Steps = flow.ScreenDone, &n, steps("", 0)
	}
}

func share(change func(*flow.Share)) func(*flow.State) {
	return func(s *flow.State) {
		s.Screen = flow.ScreenShare
		s.Share = flow.Share{Node: lamp(), Seconds: 300, Phase: "open", QR: "MT:Y.K9042C00KA0648G00", Manual: "34970112332", Until: now + 291_000}
		change(&s.Share)
	}
}

func failed(id, retry, step string, wait flow.Milliseconds, params map[string]string) func(*flow.State) {
	return func(s *flow.State) {
		s.Screen, s.Steps = flow.ScreenFailed, steps(step, 3000)
		s.Steps[len(s.Steps)-1].Status = flow.StepFailed
		s.Failure = &flow.Failure{Problem: flow.Problem{ID: id, Params: params}, Step: step, Retry: retry, Status: "BUSY (156)", Technical: "session: status report: general code BUSY, protocol code 4"}
		if wait > 0 {
			s.Failure.Until = now + flow.Instant(wait)
		}
	}
}

func stopped(how flow.Stopped) func(*flow.State) {
	return func(s *flow.State) { s.Screen, s.Stopped = flow.ScreenStopped, how }
}
