package commission

import (
	"errors"
	"slices"
	"testing"

	"github.com/matter-session/matter-session/session"
)

func busyReport(waitMs uint16) error {
	return &session.PeerStatusError{Report: session.StatusReport{
		General: session.GeneralBusy, Protocol: session.ProtocolSecureChannel, Code: session.StatusBusy, Data: []byte{byte(waitMs), byte(waitMs >> 8)}}}
}

// PASE outcomes, each with its name.
func TestPASEFailures(t *testing.T) {
	invalid := &session.PeerStatusError{Report: session.StatusReport{General: session.GeneralFailure, Protocol: session.ProtocolSecureChannel, Code: session.StatusInvalidParameter}}
	for _, c := range []struct {
		err   error
		code  Code
		retry Retry
	}{
		{session.ErrWrongPasscode, CodeWrongCode, RetryCode},
		{session.ErrTimeout, CodePASETimeout, RetryRestart},
		{invalid, CodeWindowClosed, RetryRestart},
		{errGone, CodeConnectionLost, RetryRestart},
		{session.ErrHost, CodeUnexpected, RetryRestart},
		{busyReport(700), CodeDeviceBusy, RetrySame},
	} {
		d := lamp(t)
		r := newRig(t, d, byIP)
		tries := 0
		r.hook = func(q Request) bool {
			if q, ok := q.(EstablishPASE); ok {
				tries++
				r.reply(OperationFailed{q.ID, c.err})
				return true
			}
			return false
		}
		f := r.run().failed()
		if f.Code != c.code || f.Retry != c.retry || !f.RolledBack || f.Step != StepPASE {
			t.Errorf("%v: %+v", c.err, f)
		}
		if c.code == CodeDeviceBusy && (tries != paseTries || f.WaitMs != 700 || r.now < 1400) {
			t.Errorf("busy: %d tries in %d ms: %+v", tries, r.now, f)
		}
		if c.code == CodeWindowClosed && f.Status != (DeviceStatus{"InvalidParameter", 2}) {
			t.Errorf("%+v", f)
		}
	}
}

func TestBusyPeerIsTriedAgain(t *testing.T) {
	r := newRig(t, lamp(t), byIP)
	first := true
	r.hook = func(q Request) bool {
		if q, ok := q.(EstablishPASE); ok && first {
			first = false
			r.reply(OperationFailed{q.ID, busyReport(5000)})
			return true
		}
		return false
	}
	if r.run().finished(); r.now < 5000 {
		t.Errorf("after %d ms", r.now)
	}
}

// Several devices fit a short discriminator: each is tried, PASE decides.
func TestShortDiscriminatorTriesEachDevice(t *testing.T) {
	d := lamp(t)
	r := newRig(t, d, func(c *Config) { c.Payload.Short, c.Payload.Discriminator = true, 0xF00 })
	var tried []session.Peer
	r.hook = func(q Request) bool {
		switch q := q.(type) {
		case Discover:
			if q.Commissionable == nil {
				return false
			}
			if q.Commissionable.Discriminator != 0xF || !q.Commissionable.Short {
				t.Errorf("query: %+v", q.Commissionable)
			}
			for _, x := range []Discovered{
				{At: Location{Peer: 1}, HasDetails: true, Discriminator: 0xF01},
				{At: Location{Peer: 2}, HasDetails: true, Discriminator: 0xE01},                    // does not fit
				{At: Location{Peer: 3}, HasDetails: true, Discriminator: 0xF02, VendorID: 0xFFF2},  // another vendor
				{At: Location{Peer: 1}, HasDetails: true, Discriminator: 0xF01},                    // seen again
				{At: Location{Peer: 4}, HasDetails: true, Discriminator: 0xF02, ProductID: 0x8000}, // the one
			} {
				x.ID = q.ID
				r.reply(x)
			}
			return true
		case EstablishPASE:
			tried = append(tried, q.At.Peer)
			if q.At.Peer != 4 {
				r.reply(OperationFailed{q.ID, session.ErrWrongPasscode})
				return true
			}
		}
		return false
	}
	r.run().finished()
	if !slices.Equal(tried, []session.Peer{1, 4}) {
		t.Errorf("tried %v", tried)
	}
}

func TestWrongCodeAfterWaitingForOthers(t *testing.T) {
	r := newRig(t, lamp(t), func(c *Config) { c.Payload.Short = true })
	r.hook = func(q Request) bool {
		if q, ok := q.(EstablishPASE); ok {
			r.reply(OperationFailed{q.ID, session.ErrWrongPasscode})
			return true
		}
		return false
	}
	if f := r.run().failed(); f.Code != CodeWrongCode || r.now < session.Instant(otherHitsMs) || r.now > 2*session.Instant(otherHitsMs) {
		t.Errorf("after %d ms: %+v", r.now, f)
	}
}

func TestNothingFound(t *testing.T) {
	r := newRig(t, lamp(t), nil)
	r.lonely = true
	if f := r.run().failed(); f.Code != CodeNotFound || f.Step != StepLink || f.Retry != RetrySame || !f.RolledBack {
		t.Errorf("%+v", f)
	}
	if r.now != session.Instant(linkMs) {
		t.Errorf("after %d ms", r.now)
	}
	r = newRig(t, lamp(t), nil)
	r.hook = func(q Request) bool {
		if q, ok := q.(Discover); ok {
			r.reply(OperationFailed{q.ID, errGone}) // a host that cannot search
			return true
		}
		return false
	}
	if f := r.run().failed(); f.Code != CodeNotFound {
		t.Errorf("%+v", f)
	}
}

func TestManyHitsAreBounded(t *testing.T) {
	r := newRig(t, lamp(t), nil)
	r.hook = func(q Request) bool {
		switch q := q.(type) {
		case Discover:
			for n := range 100 {
				r.reply(Discovered{ID: q.ID, At: Location{Peer: session.Peer(n)}})
			}
			return true
		case EstablishPASE:
			r.reply(OperationFailed{q.ID, session.ErrTimeout})
			return true
		}
		return false
	}
	r.run().failed()
	if n := len(r.progress); n > 8*maxCandidates {
		t.Errorf("%d steps told", n)
	}
}

// The fail-safe is armed within the minute that PASE gives, however slow the
// device is, and extended again and again while somebody decides.
func TestFailSafeIsKeptAliveWhileDeciding(t *testing.T) {
	for _, ask := range []string{"attestation", "network", "certificate"} {
		d := wifiLamp(t)
		r := newRig(t, d, func(c *Config) {
			byBluetooth(c)
			switch ask {
			case "attestation":
				c.Roots = nobody{}
			case "certificate":
				c.Fabric.Authority = nil
			}
		})
		const patience = 300_000 // of the person
		var answerAt session.Instant
		var answer Reply
		armed := session.Instant(0)
		r.hook = func(q Request) bool {
			switch q := q.(type) {
			case DecideAttestation:
				if ask == "attestation" {
					answerAt, answer = r.now+patience, AttestationDecision{q.ID, true}
					return true
				}
			case ChooseNetwork:
				if ask == "network" {
					answerAt, answer = r.now+patience, wifiChoice("correct horse")(1, q)
					return true
				}
			case IssueNOC:
				own, err := r.authority.Issue(testRand{}, 0, q.PublicKey, q.Node)
				if err != nil {
					t.Fatal(err)
				}
				answerAt, answer = r.now+patience, Issued{q.ID, own.NOC, own.ICAC}
				return true
			case Invoke:
				if q.Command.Path.Command == CommandArmFailSafe && q.Command.Path.Cluster == ClusterGeneralCommissioning && armed == 0 {
					armed = r.now
				}
			}
			return false
		}
		r.c.Start(r.now)
		for r.step() {
			if answer != nil {
				if at, _ := r.c.Deadline(); at > answerAt {
					r.now, answer = answerAt, nil
					switch ask {
					case "attestation":
						r.reply(AttestationDecision{r.c.host.id, true})
					case "network":
						r.reply(wifiChoice("correct horse")(1, ChooseNetwork{ID: r.c.host.id}))
					case "certificate":
						own, _ := r.authority.Issue(testRand{}, 0, r.c.noc.publicKey, r.c.node)
						r.reply(Issued{r.c.host.id, own.NOC, own.ICAC})
					}
				}
				if d.expire(r.now); d.until == 0 && r.c.safe.armed() {
					t.Fatalf("%s: the fail-safe ran out at %d", ask, r.now)
				}
			}
		}
		r.finished()
		if r.now < patience || armed > 60_000 {
			t.Errorf("%s: done after %d ms, armed at %d", ask, r.now, armed)
		}
		for _, p := range r.progress {
			if p.Status == StepSlow {
				t.Errorf("%s: a person is called slow: %+v", ask, p)
			}
		}
	}
}

// A person who does not answer at all has as long as the device allows.
func TestNobodyDecides(t *testing.T) {
	d := lamp(t)
	d.cumulative = 200
	r := newRig(t, d, func(c *Config) { byIP(c); c.Roots = nobody{} })
	r.hook = func(q Request) bool { _, ok := q.(DecideAttestation); return ok }
	if f := r.run().failed(); f.Code != CodeRolledBack || f.Retry != RetryRestart || f.Step != StepAttestation {
		t.Errorf("%+v", f)
	}
	if d.expire(r.now); !d.pristine() || r.now < 195_000 || r.now > 205_000 {
		t.Errorf("at %d", r.now)
	}
	for _, s := range d.armings {
		if s > 200 {
			t.Errorf("armed for %d s; the device allows 200 in all", s)
		}
	}
}

func TestSlowStepsAreToldOnce(t *testing.T) {
	r := newRig(t, lamp(t), byIP)
	r.hook = func(q Request) bool {
		if q, ok := q.(EstablishPASE); ok {
			r.now += 12_000
			r.c.Tick(r.now)
			r.c.Tick(r.now + 1)
			r.reply(OperationFailed{q.ID, session.ErrTimeout})
			return true
		}
		return false
	}
	r.run()
	slow := 0
	for _, p := range r.progress {
		if p.Status == StepSlow {
			slow++
			if p.Step != StepPASE || p.ElapsedMs != 12_000 || p.ExpectedMs != 5_000 {
				t.Errorf("%+v", p)
			}
		}
	}
	if slow != 1 {
		t.Errorf("told %d times", slow)
	}
}

// Discovery, CASE and the end are tried three times as a whole.
func TestOperationalTries(t *testing.T) {
	for name, c := range map[string]struct {
		failures int
		code     Code
	}{"recovers": {2, ""}, "does not": {3, CodeCASEFailed}} {
		d := lamp(t)
		r := newRig(t, d, nil)
		tries := 0
		r.hook = func(q Request) bool {
			if q, ok := q.(EstablishCASE); ok {
				if tries++; tries <= c.failures {
					r.reply(OperationFailed{q.ID, errGone})
					return true
				}
			}
			return false
		}
		r.run()
		if c.code == "" {
			r.finished()
		} else if f := r.failed(); f.Code != c.code || f.Step != StepCASE || !f.RolledBack || !d.pristine() {
			t.Errorf("%s: %+v", name, f)
		}
		if len(r.searches) != 4 {
			t.Errorf("%s: %d searches", name, len(r.searches))
		}
	}
}

// A node that is seen at several addresses is tried at each before anew.
func TestEveryAddressIsTried(t *testing.T) {
	r := newRig(t, lamp(t), nil)
	var tried []session.Peer
	r.hook = func(q Request) bool {
		switch q := q.(type) {
		case Discover:
			if q.Operational != "" {
				for _, p := range []session.Peer{50, 51, 50, 52} {
					r.reply(Discovered{ID: q.ID, At: Location{Peer: p}})
				}
				return true
			}
		case EstablishCASE:
			tried = append(tried, q.At.Peer)
			if q.At.Peer != 52 {
				r.reply(OperationFailed{q.ID, session.ErrTimeout})
				return true
			}
		}
		return false
	}
	if f := r.run().finished(); f.At.Peer != 52 || !slices.Equal(tried, []session.Peer{50, 51, 52}) {
		t.Errorf("%v: %+v", tried, f)
	}
}

func TestBusyCASE(t *testing.T) {
	r := newRig(t, lamp(t), byIP)
	busy := 0
	r.hook = func(q Request) bool {
		if q, ok := q.(EstablishCASE); ok && busy < 2 {
			busy++
			r.reply(OperationFailed{q.ID, busyReport(1000)})
			return true
		}
		return false
	}
	if r.run().finished(); r.now < 2000 {
		t.Errorf("after %d", r.now)
	}
}

// A device that does not know our root any more has undone everything.
func TestNoSharedTrustRootsIsARollback(t *testing.T) {
	d := lamp(t)
	r := newRig(t, d, byIP)
	r.hook = func(q Request) bool {
		if _, ok := q.(EstablishCASE); ok {
			d.undo()
		}
		return false
	}
	if f := r.run().failed(); f.Code != CodeRolledBack || f.Status != (DeviceStatus{"NoSharedTrustRoots", 1}) || f.Retry != RetryRestart {
		t.Errorf("%+v", f)
	}
}

// The answer to CommissioningComplete is lost. The next one is told that there is
// no fail-safe: it is done.
func TestLostAnswerOfCommissioningComplete(t *testing.T) {
	d := lamp(t)
	r := newRig(t, d, byIP)
	first := true
	r.hook = func(q Request) bool {
		if q, ok := q.(Invoke); ok && first && q.Command.Path.Command == CommandCommissioningComplete && q.Command.Path.Cluster == ClusterGeneralCommissioning {
			first = false
			d.invoke(r.now, true, q.Command)
			r.reply(OperationFailed{q.ID, session.ErrTimeout})
			return true
		}
		return false
	}
	r.run().finished()
}

// A device that has joined, but is not seen: looked for until it undoes.
func TestNotSeen(t *testing.T) {
	d := wifiLamp(t)
	r := newRig(t, d, byBluetooth)
	r.lonely = true
	f := r.run().failed()
	if f.Code != CodeNotSeen || f.Step != StepDiscover || !f.RolledBack {
		t.Errorf("%+v", f)
	}
	if d.expire(r.now); !d.pristine() {
		t.Errorf("given up at %d, before the device does", r.now)
	}
	// A host that cannot search at all.
	d = wifiLamp(t)
	r = newRig(t, d, byBluetooth)
	r.hook = func(q Request) bool {
		if q, ok := q.(Discover); ok {
			r.reply(OperationFailed{q.ID, errors.New("test: no search here")})
			return true
		}
		return false
	}
	if f := r.run().failed(); f.Code != CodeNotSeen || f.Message == "" || !f.RolledBack || !d.pristine() {
		t.Errorf("%+v", f)
	}
}

// On the network already and no search at hand: it is where it was.
func TestNoSearchOnTheNetwork(t *testing.T) {
	r := newRig(t, lamp(t), byIP)
	tries := 0
	r.hook = func(q Request) bool {
		switch q := q.(type) {
		case Discover:
			r.reply(OperationFailed{q.ID, errGone})
			return true
		case EstablishCASE:
			if tries++; tries == 1 {
				r.reply(OperationFailed{q.ID, session.ErrTimeout})
				return true
			}
		}
		return false
	}
	if f := r.run().finished(); f.At.Peer != setupPeer || tries != 2 {
		t.Errorf("%d tries: %+v", tries, f)
	}
}

// What a device can say to a network, and what it is called.
func TestNetworkProblems(t *testing.T) {
	for _, c := range []struct {
		kind   NetworkKind
		status NetworkStatus
		code   Code
	}{
		{NetworkWiFi, NetworkNotFound, CodeWiFiNotFound}, {NetworkWiFi, NetworkAuthFailure, CodeWiFiAuth},
		{NetworkWiFi, NetworkOutOfRange, CodeWiFiAuth}, {NetworkWiFi, NetworkUnsupportedSecurity, CodeWiFiSecurity},
		{NetworkWiFi, NetworkRegulatoryError, CodeWiFiSecurity}, {NetworkWiFi, NetworkBoundsExceeded, CodeNetworkTableFull},
		{NetworkWiFi, NetworkIPv6Failed, CodeIPFailed}, {NetworkWiFi, NetworkIPBindFailed, CodeIPFailed},
		{NetworkWiFi, NetworkUnknownError, CodeWiFiNotFound}, {NetworkThread, NetworkNotFound, CodeThreadNotFound},
		{NetworkThread, NetworkAuthFailure, CodeThreadDataset}, {NetworkThread, NetworkOtherConnectionFailure, CodeThreadNotFound},
		{NetworkThread, NetworkBoundsExceeded, CodeNetworkTableFull},
	} {
		if got := networkProblem(c.kind, c.status); got != c.code {
			t.Errorf("%s, %s: %s, want %s", c.kind, c.status, got, c.code)
		}
	}
}

// A device that cannot scan is told a network all the same.
func TestScanFails(t *testing.T) {
	d := wifiLamp(t)
	d.scanFails = NetworkUnknownError
	r := newRig(t, d, byBluetooth).run()
	r.finished()
	if len(r.choices) != 1 || r.choices[0].Problem != CodeScanFailed || r.choices[0].Status != (DeviceStatus{"UnknownError", 12}) || r.ended(StepScan) != StepFailed {
		t.Errorf("%+v", r.choices)
	}
}

// Choices that no device would take are asked again at once.
func TestImpossibleChoices(t *testing.T) {
	d := wifiLamp(t)
	r := newRig(t, d, byBluetooth)
	r.choose = func(n int, q ChooseNetwork) Reply {
		switch n {
		case 1:
			return NetworkChosen{ID: q.ID}
		case 2:
			return NetworkChosen{ID: q.ID, SSID: []byte("home"), Credentials: make([]byte, 65)}
		}
		return wifiChoice("correct horse")(n, q)
	}
	r.run().finished()
	if len(r.choices) != 3 || r.choices[1].Problem != CodeWiFiNotFound || r.choices[2].Problem != CodeWiFiAuth {
		t.Errorf("%+v", r.choices)
	}
	r = newRig(t, wifiLamp(t), byBluetooth)
	r.choose = func(_ int, q ChooseNetwork) Reply { return OperationFailed{q.ID, errGone} }
	if f := r.run().failed(); f.Code != CodeCancelled {
		t.Errorf("%+v", f)
	}
}

// After a wrong password the device takes no other: the attempt is over.
func TestRetryRefused(t *testing.T) {
	for _, how := range []string{"status", "lost"} {
		d := wifiLamp(t)
		r := newRig(t, d, byBluetooth)
		r.choose = func(n int, q ChooseNetwork) Reply {
			if n == 2 && how == "lost" {
				on := r.pase
				r.lose(on)
				return nil
			}
			return wifiChoice("wrong")(n, q)
		}
		tells := 0
		r.hook = func(q Request) bool {
			if q, ok := q.(Invoke); ok && q.Command.Path.Cluster == ClusterNetworkCommissioning && q.Command.Path.Command == CommandAddOrUpdateWiFiNetwork {
				if tells++; tells == 2 {
					r.reply(InvokeAnswered{q.ID, failure(StatusInvalidInState)})
					return true
				}
			}
			return false
		}
		if f := r.run().failed(); f.Code != CodeRetryRefused || f.Retry != RetryRestart || f.RolledBack == (how == "lost") {
			t.Errorf("%s: %+v", how, f)
		}
		checkEnd(t, how, r)
	}
}

// A network list that is full is a problem with a name, also as a status.
func TestNetworkTableFull(t *testing.T) {
	r := newRig(t, wifiLamp(t), byBluetooth)
	r.hook = answering(r, CommandPath{1, ClusterNetworkCommissioning, CommandAddOrUpdateWiFiNetwork}, func(n int, _ Invoke) *CommandResult {
		if n == 1 {
			a := failure(StatusResourceExhausted)
			return &a
		}
		return nil
	})
	r.run().finished()
	if len(r.choices) != 2 || r.choices[1].Problem != CodeNetworkTableFull {
		t.Errorf("%+v", r.choices)
	}
}

// A device that can be at one place only is told that one; one that may be at
// either, the owner's.
func TestRegulatoryLocation(t *testing.T) {
	for _, c := range []struct{ capability, place, want RegulatoryLocation }{
		{LocationIndoor, LocationOutdoor, LocationIndoor}, {LocationOutdoor, LocationIndoor, LocationOutdoor},
		{LocationIndoorOutdoor, LocationOutdoor, LocationOutdoor}, {LocationIndoorOutdoor, LocationIndoorOutdoor, LocationIndoorOutdoor},
	} {
		d := wifiLamp(t)
		d.capability = c.capability
		r := newRig(t, d, func(cfg *Config) { byBluetooth(cfg); cfg.Place = c.place })
		r.hook = answering(r, CommandPath{0, ClusterGeneralCommissioning, CommandSetRegulatoryConfig}, func(_ int, q Invoke) *CommandResult {
			if got := RegulatoryLocation(field(t, q.Command.Fields, 0).Uint8()); got != c.want {
				t.Errorf("%+v: %d", c, got)
			}
			return nil
		})
		r.run().finished()
	}
}

// A setting that the device does not take does not stop it; a fail-safe that is
// gone does.
func TestRegulatoryRefused(t *testing.T) {
	path := CommandPath{0, ClusterGeneralCommissioning, CommandSetRegulatoryConfig}
	r := newRig(t, wifiLamp(t), byBluetooth)
	r.hook = answering(r, path, func(int, Invoke) *CommandResult { a := general(CommissioningValueOutsideRange); return &a })
	r.run().finished()
	if r.ended(StepRegulatory) != StepFailed {
		t.Errorf("%v", r.outcomes())
	}
	for _, a := range []CommandResult{general(CommissioningNoFailSafe), failure(StatusFailSafeRequired)} {
		r = newRig(t, wifiLamp(t), byBluetooth)
		r.hook = answering(r, path, func(int, Invoke) *CommandResult { return &a })
		if f := r.run().failed(); f.Code != CodeRolledBack {
			t.Errorf("%+v", f)
		}
	}
}

// A better clock and a label that is taken are no failures.
func TestOptionalStepsMayFail(t *testing.T) {
	d := lamp(t)
	d.clock = true
	r := newRig(t, d, byIP)
	r.hook = func(q Request) bool {
		if q, ok := q.(Invoke); ok {
			switch q.Command.Path {
			case CommandPath{0, ClusterTimeSynchronization, CommandSetUTCTime}:
				r.reply(InvokeAnswered{q.ID, CommandResult{Status: StatusIB{Status: StatusFailure, Cluster: TimeNotAccepted, HasCluster: true}}})
				return true
			case CommandPath{0, ClusterOperationalCredentials, CommandUpdateFabricLabel}:
				r.reply(InvokeAnswered{q.ID, nocAnswer(NOCLabelConflict)})
				return true
			}
		}
		return false
	}
	r.run().finished()
	if r.ended(StepTime) != StepFailed || r.ended(StepLabel) != StepFailed {
		t.Errorf("%v", r.outcomes())
	}
}

func TestNoRandomnessOnTheWay(t *testing.T) {
	for n := 0; n < 2; n++ {
		r := newRig(t, lamp(t), func(c *Config) { byIP(c); c.NodeID = 5 })
		r.c.cfg.Rand = &someRand{32 * n}
		if f := r.run().failed(); f.Code != CodeUnexpected || !f.RolledBack {
			t.Errorf("%+v", f)
		}
	}
	r := newRig(t, lamp(t), func(c *Config) { byIP(c); c.NodeID = 5 })
	r.c.cfg.Rand = &someRand{64}
	if f := r.run().failed(); f.Code != CodeUnexpected || f.Step != StepCSR {
		t.Errorf("%+v", f)
	}
}

func TestFaultyKeyRequests(t *testing.T) {
	for name, spoil := range map[string]func(d *fakeDevice, nonce []byte) CommandResult{
		"other nonce": func(d *fakeDevice, nonce []byte) CommandResult {
			return d.answerSigned(d.nocsrElements(make([]byte, 32)))
		},
		"not signed": func(d *fakeDevice, nonce []byte) CommandResult {
			a := d.answerSigned(d.nocsrElements(nonce))
			a.Fields[len(a.Fields)-2]++
			return a
		},
		"unreadable": func(d *fakeDevice, nonce []byte) CommandResult { return d.answerSigned([]byte{0x15, 0x18}) },
		"no CSR": func(d *fakeDevice, nonce []byte) CommandResult {
			w := newMessage(nil)
			w.Bytes(ctx(1), []byte{0x30, 0})
			w.Bytes(ctx(2), nonce)
			w.End()
			return d.answerSigned(w.Octets())
		},
	} {
		d := lamp(t)
		r := newRig(t, d, byIP)
		r.hook = answering(r, CommandPath{0, ClusterOperationalCredentials, CommandCSRRequest}, func(_ int, q Invoke) *CommandResult {
			a := spoil(d, field(t, q.Command.Fields, 0).Bytes(32, 32))
			return &a
		})
		if f := r.run().failed(); f.Code != CodeCSRInvalid || f.Step != StepCSR || !d.pristine() {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// Stopped while the last step is on its way: its answer decides, and without one
// nothing is claimed.
func TestCancelWhileCompleting(t *testing.T) {
	for _, c := range []struct {
		name    string
		reaches bool
		answer  *CommandResult // nil: none
		code    Code           // "": it is commissioned
		undone  bool
	}{
		{"answered", true, ptr(general(CommissioningOK)), "", false},
		{"answer lost", true, nil, CodeCancelled, false},
		{"lost", false, nil, CodeCancelled, false},
		{"refused", false, ptr(general(CommissioningInvalidAuthentication)), CodeCancelled, true},
	} {
		d := lamp(t)
		r := newRig(t, d, byIP)
		r.hook = func(q Request) bool {
			i, ok := q.(Invoke)
			if !ok || i.Command.Path != (CommandPath{0, ClusterGeneralCommissioning, CommandCommissioningComplete}) {
				return false
			}
			if c.reaches {
				d.invoke(r.now, true, i.Command)
			}
			r.reply(Cancel{})
			r.reply(Cancel{})
			if c.answer != nil {
				r.reply(InvokeAnswered{i.ID, *c.answer})
			}
			return true
		}
		r.run()
		if c.code == "" {
			r.finished()
			continue
		}
		f := r.failed()
		if f.Code != c.code || f.RolledBack != c.undone || !c.reaches && !d.pristine() {
			t.Errorf("%s: %+v", c.name, f)
		}
		checkEnd(t, c.name, r)
	}
}

func ptr[T any](v T) *T { return &v }

// Every answer to the last step is lost, and it may have been taken: nothing is
// claimed to be undone.
func TestLastStepNeverAnswered(t *testing.T) {
	for _, reaches := range []bool{false, true} {
		d := lamp(t)
		r := newRig(t, d, byIP)
		r.hook = func(q Request) bool {
			i, ok := q.(Invoke)
			if !ok || i.Command.Path != (CommandPath{0, ClusterGeneralCommissioning, CommandCommissioningComplete}) {
				return false
			}
			if reaches {
				d.invoke(r.now, true, i.Command)
			}
			r.reply(OperationFailed{i.ID, session.ErrTimeout})
			return true
		}
		if f := r.run().failed(); f.Code != CodeCompleteRefused || f.RolledBack || f.WaitMs == 0 && !reaches && !d.pristine() {
			t.Errorf("%+v", f)
		}
		checkEnd(t, "never answered", r)
	}
}

// An authority whose certificates no device would take is noticed before the
// device is told.
func TestAuthorityFails(t *testing.T) {
	d := lamp(t)
	r := newRig(t, d, func(c *Config) { byIP(c); c.Fabric.Authority = newTestAuthority(t, false) })
	r.c.cfg.Fabric.Authority.fabric = 0
	if f := r.run().failed(); f.Code != CodeUnexpected || f.Step != StepCSR || !d.pristine() {
		t.Errorf("%+v", f)
	}
	// The host has no certificate to give.
	d = lamp(t)
	r = newRig(t, d, func(c *Config) { byIP(c); c.Fabric.Authority = nil })
	r.hook = func(q Request) bool {
		if q, ok := q.(IssueNOC); ok {
			r.reply(OperationFailed{q.ID, errGone})
			return true
		}
		return false
	}
	if f := r.run().failed(); f.Code != CodeCancelled || !d.pristine() {
		t.Errorf("%+v", f)
	}
}
