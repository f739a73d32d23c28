package commission

import (
	"slices"
	"testing"

	"github.com/matter-session/matter-session/session"
)

func byIP(c *Config)        { c.At, c.HasAt = Location{Peer: setupPeer}, true }
func byBluetooth(c *Config) { c.At, c.HasAt = Location{Peer: setupPeer, Link: LinkBLE}, true }

var testMaker *maker

// lamp returns a device of a certified product; makers are slow to make.
func lamp(t testing.TB) *fakeDevice {
	t.Helper()
	if testMaker == nil {
		testMaker = newMaker(t, 0x1234, 0x8000)
	}
	return newDevice(t, testMaker)
}

func wifiLamp(t testing.TB) *fakeDevice {
	d := lamp(t)
	d.feature, d.netAt = NetworkFeatureWiFi, 1
	return d
}

func anyVendor(c *Config) { c.Payload.VendorID, c.Payload.ProductID = 0, 0 }

func TestCommissionOnNetwork(t *testing.T) {
	d := lamp(t)
	d.clock = true
	r := newRig(t, d, func(c *Config) { byIP(c) }).run()
	f := r.finished()
	want := []string{
		"payload done", "link done", "pase done", "facts done", "fail-safe done", "regulatory skipped", "time done",
		"attestation done", "scan skipped", "csr done", "root done", "noc done", "network skipped", "connect skipped",
		"discover done", "case done", "complete done", "label done",
	}
	if got := r.outcomes(); !slices.Equal(got, want) {
		t.Errorf("steps:\n%v, want\n%v", got, want)
	}
	if !d.complete || d.label != "Home" || d.until != 0 {
		t.Errorf("the device: complete %v, label %q, fail-safe until %d", d.complete, d.label, d.until)
	}
	if f.Node != r.c.NodeID() || f.Fabric != 3 || f.Session != r.operational || f.VendorID != 0x1234 || f.ProductID != 0x8000 || f.ProductName != "Lamp" {
		t.Errorf("finished: %+v", f)
	}
	if f.At.Peer != setupPeer || len(r.searches) != 0 {
		t.Errorf("a device whose address is given is searched for: %v", r.searches)
	}
	if r.pase != 0 || r.operational == 0 {
		t.Error("PASE is to be closed in the end, CASE is not")
	}
	if string(d.ipk) != string(r.authority.ipk[:]) {
		t.Error("the device got another identity protection key")
	}
	if d.utc < 800_000_000*1_000_000 || d.utc > 800_000_100*1_000_000 {
		t.Errorf("the device's clock: %d", d.utc)
	}
	if len(r.asked) != 1 || r.asked[0].ID != 0 || r.asked[0].Verdict.Class != Certified {
		t.Errorf("verdict: %+v", r.asked)
	}
}

func TestCommissionDiscovered(t *testing.T) {
	r := newRig(t, lamp(t), nil).run()
	if f := r.finished(); f.At.Peer != operationalPeer {
		t.Errorf("found at %d", f.At.Peer)
	}
	if len(r.searches) != 2 || r.searches[0].Commissionable == nil || r.searches[1].Operational != InstanceName(homeFabric.CompressedID(), r.finished().Node) {
		t.Errorf("searches: %+v", r.searches)
	}
}

func TestCommissionWiFi(t *testing.T) {
	d := wifiLamp(t)
	d.badCountry = "DE"
	r := newRig(t, d, func(c *Config) { byBluetooth(c); c.Country = "DE" }).run()
	if f := r.finished(); f.At.Peer != operationalPeer {
		t.Errorf("found at %d", f.At.Peer)
	}
	if !d.joined || d.country != "XX" {
		t.Errorf("joined %v, country %q", d.joined, d.country)
	}
	if len(r.choices) != 1 || len(r.choices[0].WiFi) != 1 || string(r.choices[0].WiFi[0].SSID) != "home" || r.choices[0].Problem != "" {
		t.Errorf("choices: %+v", r.choices)
	}
	want := []string{
		"payload done", "link done", "pase done", "facts done", "fail-safe done", "regulatory done", "time skipped",
		"attestation done", "scan done", "csr done", "root done", "noc done", "network done", "connect done",
		"discover done", "case done", "complete done", "label done",
	}
	if got := r.outcomes(); !slices.Equal(got, want) {
		t.Errorf("steps:\n%v, want\n%v", got, want)
	}
}

// dataset is a complete Thread operational dataset.
var dataset = []byte{
	0, 3, 0, 0, 15, // channel
	1, 2, 0x12, 0x34,
	2, 8, 1, 2, 3, 4, 5, 6, 7, 8,
	3, 4, 'h', 'o', 'm', 'e',
	5, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
}

func TestCommissionThread(t *testing.T) {
	d := lamp(t)
	d.feature = NetworkFeatureThread
	r := newRig(t, d, byBluetooth)
	r.choose = func(n int, q ChooseNetwork) Reply {
		if n == 1 {
			return NetworkChosen{ID: q.ID, Dataset: dataset[:len(dataset)-1]}
		}
		return NetworkChosen{ID: q.ID, Dataset: dataset}
	}
	r.run().finished()
	if !d.joined || len(r.choices) != 2 || r.choices[1].Problem != CodeThreadDataset || r.choices[0].Kind != NetworkThread {
		t.Errorf("joined %v, choices %+v", d.joined, r.choices)
	}
}

func TestThreadDatasetMustBeComplete(t *testing.T) {
	if id, ok := extendedPANID(dataset); !ok || id[0] != 1 || len(id) != 8 {
		t.Fatalf("%x %v", id, ok)
	}
	for n := range dataset {
		if _, ok := extendedPANID(dataset[:n]); ok {
			t.Errorf("%d of %d octets are taken for a dataset", n, len(dataset))
		}
	}
	if _, ok := extendedPANID(append(slices.Clone(dataset), make([]byte, 254)...)); ok {
		t.Error("a dataset of more than 254 octets is taken")
	}
	wrong := slices.Clone(dataset)
	wrong[1] = 2 // the channel's length
	if _, ok := extendedPANID(wrong); ok {
		t.Error("a channel of another size is taken")
	}
}

func TestWrongPasswordIsAskedAgainInTheSameSession(t *testing.T) {
	d := wifiLamp(t)
	r := newRig(t, d, byBluetooth)
	r.choose = func(n int, q ChooseNetwork) Reply {
		if n == 1 {
			return wifiChoice("wrong")(n, q)
		}
		return wifiChoice("correct horse")(n, q)
	}
	r.run().finished()
	if len(r.choices) != 2 || r.choices[1].Problem != CodeWiFiAuth || r.choices[1].Status != (DeviceStatus{"AuthFailure", 7}) {
		t.Errorf("choices: %+v", r.choices)
	}
	if n := count(d.commands, CommandAddNOC); n != 1 {
		t.Errorf("%d AddNOC: the device is in the fabric already", n)
	}
}

func count(list []CommandPath, id CommandID) (n int) {
	for _, p := range list {
		if p.Cluster == ClusterOperationalCredentials && p.Command == id {
			n++
		}
	}
	return n
}

func TestNetworkStepsOnlyWhereNeeded(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup NetworkSetup
		link  Link
		on    bool
		wants bool
	}{
		{"by IP", NetworkAuto, LinkIP, false, false},
		{"by Bluetooth", NetworkAuto, LinkBLE, false, true},
		{"by Bluetooth, on a network", NetworkAuto, LinkBLE, true, false},
		{"by IP, always", NetworkAlways, LinkIP, false, true},
		{"by IP, always, on a network", NetworkAlways, LinkIP, true, false},
		{"never", NetworkNever, LinkBLE, false, false},
	} {
		f := facts{instances: []netInstance{{endpoint: 0, features: NetworkFeatureEthernet}, {endpoint: 1, features: NetworkFeatureWiFi, connected: c.on}}}
		if got := f.toSetUp(c.setup, "", c.link) != nil; got != c.wants {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	both := facts{instances: []netInstance{{features: NetworkFeatureThread}, {features: NetworkFeatureWiFi}}}
	for prefer, want := range map[NetworkKind]NetworkKind{"": NetworkWiFi, NetworkWiFi: NetworkWiFi, NetworkThread: NetworkThread} {
		if got := both.toSetUp(NetworkAuto, prefer, LinkBLE).kind(); got != want {
			t.Errorf("prefer %q: %q", prefer, got)
		}
	}
}

func TestExternalAuthority(t *testing.T) {
	var outside *Authority
	d := lamp(t)
	r := newRig(t, d, func(c *Config) {
		byIP(c)
		outside, c.Fabric.Authority = c.Fabric.Authority, nil
	})
	r.hook = func(q Request) bool {
		if q, ok := q.(IssueNOC); ok {
			own, err := outside.Issue(r.c.cfg.Rand, 0, q.PublicKey, q.Node)
			if err != nil {
				t.Fatal(err)
			}
			r.reply(Issued{q.ID, own.NOC, own.ICAC})
		}
		return false
	}
	r.run().finished()
}

func TestExternalAuthorityIsChecked(t *testing.T) {
	for name, issue := range map[string]func(a *Authority, q IssueNOC) Issued{
		"other node": func(a *Authority, q IssueNOC) Issued {
			own, _ := a.Issue(testRand{}, 0, q.PublicKey, q.Node^1)
			return Issued{q.ID, own.NOC, own.ICAC}
		},
		"other key": func(a *Authority, q IssueNOC) Issued {
			own, _ := a.Issue(testRand{}, 0, a.key.PublicKey(), q.Node)
			return Issued{q.ID, own.NOC, own.ICAC}
		},
		"other root": func(a *Authority, q IssueNOC) Issued {
			b, err := NewAuthority(AuthorityConfig{Rand: testRand{}, AdminVendorID: 1, FabricID: a.fabric})
			if err != nil {
				t.Fatal(err)
			}
			own, _ := b.Issue(testRand{}, 0, q.PublicKey, q.Node)
			return Issued{q.ID, own.NOC, own.ICAC}
		},
		"no NOC":   func(a *Authority, q IssueNOC) Issued { return Issued{ID: q.ID} },
		"bad ICAC": func(a *Authority, q IssueNOC) Issued { return Issued{q.ID, a.noc, []byte{1}} },
	} {
		t.Run(name, func(t *testing.T) {
			var outside *Authority
			d := lamp(t)
			r := newRig(t, d, func(c *Config) {
				byIP(c)
				outside, c.Fabric.Authority = c.Fabric.Authority, nil
			})
			r.hook = func(q Request) bool {
				if q, ok := q.(IssueNOC); ok {
					r.reply(issue(outside, q))
				}
				return false
			}
			if f := r.run().failed(); f.Code != CodeNOCRejected || !f.RolledBack || !d.pristine() {
				t.Errorf("%+v", f)
			}
			if n := count(d.commands, CommandAddNOC); n != 0 {
				t.Errorf("the device got %d of them", n)
			}
		})
	}
}

func TestTermsAndConditions(t *testing.T) {
	d := lamp(t)
	d.terms = true
	if f := newRig(t, d, byIP).run().failed(); f.Code != CodeTermsRequired || f.Retry != RetryNone || !f.RolledBack {
		t.Errorf("%+v", f)
	}
	d = lamp(t)
	d.terms = true
	newRig(t, d, func(c *Config) { byIP(c); c.Terms = &Terms{1, 1} }).run().finished()
	if !d.accepted {
		t.Error("the terms were not acknowledged")
	}
}

func TestFullDevice(t *testing.T) {
	d := lamp(t)
	d.fabrics = 5
	r := newRig(t, d, byIP).run()
	if f := r.failed(); f.Code != CodeFabricTableFull || f.Step != StepFacts || !f.RolledBack || r.pase != 0 {
		t.Errorf("%+v", f)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	good := newRig(t, lamp(t), byIP).c.cfg
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Config){
		"rand":       func(c *Config) { c.Rand = nil },
		"roots":      func(c *Config) { c.Roots = nil },
		"fabric":     func(c *Config) { c.Fabric.Fabric = nil },
		"node":       func(c *Config) { c.NodeID = 0xFFFF_FFFF_FFFF_FFFF },
		"label":      func(c *Config) { c.Fabric.Label = "a label of thirty-three octets...." },
		"country":    func(c *Config) { c.Country = "DEU" },
		"passcode":   func(c *Config) { c.Payload.Passcode = 12345678 },
		"no manager": func(c *Config) { c.Fabric.Fabric, _ = session.NewFabric(c.Fabric.Authority.FabricConfig()) },
		"no entropy": func(c *Config) { c.Rand = noRand{} },
	} {
		bad := good
		spoil(&bad)
		if c, err := New(bad); err == nil || c != nil {
			t.Errorf("%s: no error", name)
		}
	}
}
