//go:build !js

package interop

import (
	"crypto/rand"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/commission"
	"github.com/matter-session/matter-session/session/commission/trust"
)

// An administrator is a controller on a UDP socket, stepped by the test itself.
type administrator struct {
	*commission.Controller
	t      *testing.T
	socket *net.UDPConn
	start  time.Time
	peers  []netip.AddrPort
}

func newAdministrator(t *testing.T) *administrator {
	t.Helper()
	lists := make([]commission.Roots, 0, 2)
	for _, name := range []string{"paa.tlv", "paa-test.tlv"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "session", "commission", "trust", name))
		if err != nil {
			t.Fatal(err)
		}
		store, err := trust.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		lists = append(lists, store)
	}
	c, err := commission.NewController(commission.ControllerConfig{
		Session: session.Config{Rand: rand.Reader}, Roots: lists[0], TestRoots: lists[1],
	})
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	return &administrator{Controller: c, t: t, socket: socket, start: time.Now()}
}

func (a *administrator) now() session.Instant {
	return session.Instant(time.Since(a.start).Milliseconds())
}

func (a *administrator) at(port int) commission.Location {
	a.peers = append(a.peers, netip.AddrPortFrom(netip.IPv6Loopback(), uint16(port)))
	return commission.Location{Peer: session.Peer(len(a.peers) - 1)}
}

// run steps the controller until an event satisfies done, at most 30 s.
func (a *administrator) run(done func(commission.ControllerEvent) bool) {
	a.t.Helper()
	end := time.Now().Add(30 * time.Second)
	for b := make([]byte, 2048); time.Now().Before(end); {
		out := a.Output()
		for _, d := range out.Datagrams {
			if _, err := a.socket.WriteToUDPAddrPort(d.Octets, a.peers[d.Peer]); err != nil {
				a.t.Fatal(err)
			}
		}
		finished := false
		for _, e := range out.Events {
			finished = done(e) || finished
		}
		if finished {
			return
		}
		if len(out.Events)+len(out.Datagrams) > 0 {
			continue // what handled them may have made more
		}
		wait := end
		if out.HasDeadline {
			wait = a.start.Add(time.Duration(out.Deadline) * time.Millisecond)
		}
		_ = a.socket.SetReadDeadline(wait)
		n, from, err := a.socket.ReadFromUDPAddrPort(b)
		if err != nil {
			a.Tick(a.now())
			continue
		}
		for i, known := range a.peers {
			if known == from {
				a.Receive(a.now(), session.Peer(i), b[:n])
			}
		}
	}
	a.t.Fatal("not within 30 s")
}

// TestCommissionNatively is the whole of it in Go, without the blob: matter.js's
// light joins a fabric of ours, is switched on by its certificate session, and
// again by a resumed one; once below our root, once below an intermediate
// authority of it.
func TestCommissionNatively(t *testing.T) {
	for name, intermediate := range map[string]bool{"root": false, "intermediate": true} {
		t.Run(name, func(t *testing.T) { commissionNatively(t, intermediate) })
	}
}

func commissionNatively(t *testing.T, intermediate bool) {
	device := startPeer(t, "device.mjs")
	a := newAdministrator(t)
	utc := session.EpochSeconds(time.Now().Unix() - 946_684_800)
	a.Sessions().SetUTC(a.now(), utc)
	authority, err := commission.NewAuthority(commission.AuthorityConfig{Rand: rand.Reader, UTC: utc, AdminVendorID: 0xFFF1, Label: "Home", Intermediate: intermediate})
	if err != nil {
		t.Fatal(err)
	}
	fabric, err := a.AddAuthority(authority)
	if err != nil {
		t.Fatal(err)
	}
	payloads, err := commission.ParseCode(device.ready.text("qr"))
	if err != nil {
		t.Fatal(err)
	}
	at := a.at(device.ready.number("port"))
	id, err := a.Commission(a.now(), commission.CommissionOptions{Fabric: fabric, Payload: payloads[0], At: at, HasAt: true, UTC: utc})
	if err != nil {
		t.Fatal(err)
	}
	var finished *commission.Finished
	a.run(func(e commission.ControllerEvent) bool {
		job, ok := e.(commission.CommissioningEvent)
		if !ok {
			return false
		}
		switch r := job.Request.(type) {
		case commission.Progress:
			t.Logf("%4d ms %s %s", a.now(), r.Step, r.Status)
		case commission.DecideAttestation:
			if r.Verdict.Class != commission.Test {
				t.Errorf("verdict %v, want test: %+v", r.Verdict.Class, r.Verdict.Findings)
			}
			if r.ID != 0 {
				if err := a.Reply(a.now(), id, commission.AttestationDecision{ID: r.ID, Accept: true}); err != nil {
					t.Error(err)
				}
			}
		case commission.Finished:
			finished = &r
			return true
		case commission.Failed:
			t.Fatalf("%+v", r)
		}
		return false
	})
	on := func(s session.SessionID, command commission.CommandID) {
		t.Helper()
		if _, err := a.Invoke(a.now(), s, []commission.CommandData{{Path: commission.CommandPath{Endpoint: 1, Cluster: 6, Command: command}}}, commission.Options{}); err != nil {
			t.Fatal(err)
		}
		a.run(func(e commission.ControllerEvent) bool {
			in, ok := e.(commission.InteractionEvent)
			if !ok {
				return false
			}
			done, ok := in.Event.(commission.InvokeDone)
			if !ok || done.Results[0].Err() != nil {
				t.Fatalf("%+v", in.Event)
			}
			return true
		})
	}
	on(finished.Session, 1)
	device.next("it is on", func(l line) bool { return l["onOff"] == true })
	if err := a.CloseSession(a.now(), finished.Session); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Connect(a.now(), fabric, finished.Node, at, false); err != nil {
		t.Fatal(err)
	}
	var again session.SessionID
	a.run(func(e commission.ControllerEvent) bool {
		switch e := e.(type) {
		case commission.ConnectFailed:
			t.Fatal(e.Err)
		case commission.Connected:
			again = e.Session
		}
		return again != 0
	})
	if info, _ := a.Sessions().Session(again); !info.Resumed {
		t.Error("the session was not resumed")
	}
	on(again, 0)
	device.next("it is off", func(l line) bool { return l["onOff"] == false })
}
