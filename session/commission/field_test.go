package commission

import (
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/cert"
)

// F20: what is issued has a not-before that no reader takes for the year 9999,
// and a root has no path length.
func TestField_F20_IssuedCertificatesBeginAfterZero(t *testing.T) {
	for _, utc := range []session.EpochSeconds{0, 1, daySeconds, daySeconds + 1, 800_000_000} {
		a, err := NewAuthority(AuthorityConfig{Rand: testRand{}, UTC: utc, AdminVendorID: 1, Intermediate: true})
		if err != nil {
			t.Fatal(err)
		}
		own, err := a.Issue(testRand{}, 0, a.key.PublicKey(), 5) // a clock that was lost since
		if err != nil {
			t.Fatal(err)
		}
		later, err := cert.ParseTLV(own.NOC)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*cert.Certificate{a.root.certificate, a.sub.certificate, later} {
			if c.NotBefore < 1 || c.NotAfter != 0 {
				t.Errorf("utc %d: valid from %d to %d", utc, c.NotBefore, c.NotAfter)
			}
			if utc > daySeconds && c.NotBefore > uint32(utc)-daySeconds {
				t.Errorf("utc %d: not valid yet for a clock that is a day late: %d", utc, c.NotBefore)
			}
		}
		for _, e := range a.root.certificate.Extensions {
			if e.HasPathLength {
				t.Error("the root has a path length")
			}
		}
	}
}

// F22: a key request whose subject is empty is as good as any.
func TestField_F22_EmptySubjectOfCSR(t *testing.T) {
	d := lamp(t)
	r := newRig(t, d, byIP)
	path := CommandPath{0, ClusterOperationalCredentials, CommandCSRRequest}
	r.hook = answering(r, path, func(_ int, q Invoke) *CommandResult {
		nonce := field(t, q.Command.Fields, 0).Bytes(32, 32)
		d.nocsrElements(nonce) // makes the key
		key := d.key.PublicKey()
		// CertificationRequestInfo: version 0, subject 30 00, the key, no attributes.
		info := append([]byte{0x02, 0x01, 0x00, 0x30, 0x00, 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
			0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00}, key[:]...)
		info = append(info, 0xA0, 0x00)
		info = append([]byte{0x30, byte(len(info))}, info...)
		s, err := d.key.Sign(testRand{}, info)
		if err != nil {
			t.Fatal(err)
		}
		integer := func(b []byte) []byte {
			for len(b) > 1 && b[0] == 0 && b[1] < 0x80 {
				b = b[1:]
			}
			if b[0] >= 0x80 {
				b = append([]byte{0}, b...)
			}
			return append([]byte{0x02, byte(len(b))}, b...)
		}
		body := append(integer(s[:32]), integer(s[32:])...)
		csr := append(info, 0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02, 0x03, byte(len(body)+3), 0x00, 0x30, byte(len(body)))
		csr = append(csr, body...)
		csr = append([]byte{0x30, 0x81, byte(len(csr))}, csr...)
		w := newMessage(nil)
		w.Bytes(ctx(1), csr)
		w.Bytes(ctx(2), nonce)
		w.End()
		a := d.answerSigned(w.Octets())
		return &a
	})
	r.run().finished()
}

// F23: AddNOC answered InvalidNOC once: a new key and a new certificate, in the
// same fail-safe, without a second root.
func TestField_F23_InvalidNOCOnce(t *testing.T) {
	d := lamp(t)
	r := newRig(t, d, byIP)
	var nocs []string
	path := CommandPath{0, ClusterOperationalCredentials, CommandAddNOC}
	r.hook = answering(r, path, func(n int, q Invoke) *CommandResult {
		nocs = append(nocs, string(field(t, q.Command.Fields, 0).Bytes(1, 400)))
		if n == 1 {
			a := nocAnswer(NOCInvalidNOC)
			return &a
		}
		return nil
	})
	r.run().finished()
	if len(nocs) != 2 || nocs[0] == nocs[1] {
		t.Errorf("%d NOCs, or the same one for another key", len(nocs))
	}
	if n := count(d.commands, CommandCSRRequest); n != 2 {
		t.Errorf("%d key requests", n)
	}
	if n := count(d.commands, CommandAddTrustedRootCertificate); n != 1 {
		t.Errorf("%d roots in one fail-safe", n)
	}
}

// F23: twice is too often; the status is told by name and number.
func TestField_F23_InvalidNOCTwice(t *testing.T) {
	d := lamp(t)
	r := newRig(t, d, byIP)
	tries := 0
	r.hook = answering(r, CommandPath{0, ClusterOperationalCredentials, CommandAddNOC}, func(int, Invoke) *CommandResult {
		tries++
		a := nocAnswer(NOCInvalidNOC)
		return &a
	})
	f := r.run().failed()
	if tries != 2 || f.Code != CodeNOCRejected || f.Status != (DeviceStatus{"InvalidNOC", 3}) || !f.RolledBack || !d.pristine() {
		t.Errorf("%d tries: %+v", tries, f)
	}
}

// F24: a device that vanishes from Bluetooth. Before AddNOC that is an error with
// a name; after it, CASE follows within a second of the address being known.
func TestField_F24_ChannelLostAfterEachStep(t *testing.T) {
	vanish := []struct {
		command CommandID
		cluster ClusterID
		ends    bool // the commissioning
		joins   bool // the device gets so far, though its answer does not arrive
	}{
		{CommandArmFailSafe, ClusterGeneralCommissioning, true, false},
		{CommandAttestationRequest, ClusterOperationalCredentials, true, false},
		{CommandScanNetworks, ClusterNetworkCommissioning, true, false},
		{CommandCSRRequest, ClusterOperationalCredentials, true, false},
		{CommandAddTrustedRootCertificate, ClusterOperationalCredentials, true, false},
		{CommandAddNOC, ClusterOperationalCredentials, true, false},
		{CommandAddOrUpdateWiFiNetwork, ClusterNetworkCommissioning, false, true},
		{CommandConnectNetwork, ClusterNetworkCommissioning, false, true},
	}
	for _, silent := range []bool{false, true} { // silent: nobody tells that it is gone
		for _, v := range vanish {
			d := wifiLamp(t)
			r := newRig(t, d, byBluetooth)
			gone, found := false, session.Instant(0)
			r.hook = func(q Request) bool {
				switch q := q.(type) {
				case Invoke:
					if gone && q.Session != r.operational {
						if q.Command.Path.Command == CommandArmFailSafe && q.Command.Path.Cluster == ClusterGeneralCommissioning && !silent {
							t.Errorf("after %v: a command on a dead channel: %v", v, q.Command.Path)
						}
						return true
					}
					if q.Command.Path.Cluster != v.cluster || q.Command.Path.Command != v.command {
						return false
					}
					gone = true
					if v.joins {
						d.invoke(r.now, false, q.Command)
						d.joined = true
					}
					if !silent {
						r.lose(q.Session)
					}
					return true
				case Discover:
					if q.Operational != "" && gone {
						r.reply(Discovered{ID: q.ID, At: Location{Peer: operationalPeer}})
						found = r.now
						return true
					}
				case EstablishCASE:
					if r.now-found > 1000 {
						t.Errorf("after %v: CASE %d ms after the device was found", v, r.now-found)
					}
				}
				return false
			}
			r.run()
			if !v.ends {
				r.finished()
				continue
			}
			if f := r.failed(); f.Code != CodeConnectionLost || f.Retry != RetryRestart || f.WaitMs == 0 {
				t.Errorf("after %v: %+v", v, f)
			}
		}
	}
}

// F24: the fail-safe is long enough for joining, finding and CASE before the
// device is told to join.
func TestField_F24_FailSafeArmedBeforeConnect(t *testing.T) {
	d := wifiLamp(t)
	r := newRig(t, d, byBluetooth)
	left := session.Milliseconds(0)
	r.hook = answering(r, CommandPath{1, ClusterNetworkCommissioning, CommandConnectNetwork}, func(int, Invoke) *CommandResult {
		left = session.Milliseconds(d.until - r.now)
		return nil
	})
	r.run().finished()
	if want := minConnectMs + discoverMs + caseMs - 100; left < want {
		t.Errorf("%d ms are left, want %d", left, want)
	}
}

// F25: each finding is reachable, the owner decides where a decision is his, and
// nothing lets a bad signature or nonce pass.
func TestField_F25_DecisionsOfTheOwner(t *testing.T) {
	for _, c := range []struct {
		name   string
		config func(*Config)
		refuse bool
		code   Code // "": it is commissioned
		class  Class
		asked  bool
	}{
		{"certified", nil, true, "", Certified, false},
		{"unknown root, accepted", func(c *Config) { c.Roots = nobody{} }, false, "", Unlisted, true},
		{"unknown root, refused", func(c *Config) { c.Roots = nobody{} }, true, CodeAttestationRefused, Unlisted, true},
		{"unknown root, certified only", func(c *Config) { c.Roots, c.Policy = nobody{}, PolicyCertified }, false, CodeAttestationRefused, Unlisted, false},
		{"test root, accepted", func(c *Config) { c.Roots, c.TestRoots = nobody{}, c.Roots }, false, "", Test, true},
		{"test root, certified only", func(c *Config) { c.Roots, c.TestRoots, c.Policy = nobody{}, c.Roots, PolicyCertified }, false, CodeAttestationRefused, Test, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := lamp(t)
			r := newRig(t, d, func(cfg *Config) {
				byIP(cfg)
				if c.config != nil {
					c.config(cfg)
				}
			})
			r.refuse = c.refuse
			r.run()
			if len(r.asked) != 1 || r.asked[0].Verdict.Class != c.class || (r.asked[0].ID != 0) != c.asked {
				t.Fatalf("asked: %+v", r.asked)
			}
			if c.code == "" {
				r.finished()
			} else if f := r.failed(); f.Code != c.code || !f.RolledBack || !d.pristine() {
				t.Errorf("%+v", f)
			}
		})
	}
}
