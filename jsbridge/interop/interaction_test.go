//go:build !js

package interop

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/commission"
	"github.com/matter-session/matter-session/session/tlv"
)

// A visitor has a certificate session with matter.js's light.
type visitor struct {
	*administrator
	device *peer
	id     session.SessionID
}

// visit commissions a light of the test's own.
func visit(t *testing.T) *visitor {
	t.Helper()
	v := &visitor{administrator: newAdministrator(t), device: startPeer(t, "device.mjs")}
	utc := session.EpochSeconds(time.Now().Unix() - 946_684_800)
	v.Sessions().SetUTC(v.now(), utc)
	authority, err := commission.NewAuthority(commission.AuthorityConfig{Rand: rand.Reader, UTC: utc, AdminVendorID: 0xFFF1})
	if err != nil {
		t.Fatal(err)
	}
	fabric, err := v.AddAuthority(authority)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := commission.ParseManual(v.device.ready.text("manual"))
	if err != nil {
		t.Fatal(err)
	}
	job, err := v.Commission(v.now(), commission.CommissionOptions{
		Fabric: fabric, Payload: payload, At: v.at(v.device.ready.number("port")), HasAt: true, UTC: utc,
	})
	if err != nil {
		t.Fatal(err)
	}
	v.run(func(e commission.ControllerEvent) bool {
		c, ok := e.(commission.CommissioningEvent)
		if !ok {
			return false
		}
		switch r := c.Request.(type) {
		case commission.DecideAttestation:
			if r.ID != 0 {
				if err := v.Reply(v.now(), job, commission.AttestationDecision{ID: r.ID, Accept: true}); err != nil {
					t.Fatal(err)
				}
			}
		case commission.Finished:
			v.id = r.Session
		case commission.Failed:
			t.Fatalf("%+v", r)
		}
		return v.id != 0
	})
	return v
}

// next waits for an event of an interaction.
func next[E commission.Event](v *visitor) (event E) {
	v.t.Helper()
	v.run(func(e commission.ControllerEvent) bool {
		in, ok := e.(commission.InteractionEvent)
		if !ok {
			return false
		}
		if event, ok = in.Event.(E); !ok {
			if _, also := in.Event.(commission.SubscriptionReport); also {
				return false // a subscription goes on beside it
			}
			v.t.Fatalf("got %T %+v, want %T", in.Event, in.Event, event)
		}
		return true
	})
	return event
}

func (v *visitor) read(paths ...commission.AttributePath) []commission.AttributeReport {
	v.t.Helper()
	q := commission.ReadRequest{Selection: commission.Selection{Attributes: paths, FabricFiltered: true}}
	if _, err := v.Read(v.now(), v.id, q, commission.Options{}); err != nil {
		v.t.Fatal(err)
	}
	return next[commission.ReadDone](v).Attributes
}

func (v *visitor) write(d ...commission.AttributeData) []commission.AttributeStatus {
	v.t.Helper()
	if _, err := v.Write(v.now(), v.id, d, commission.Options{}); err != nil {
		v.t.Fatal(err)
	}
	return next[commission.WriteDone](v).Statuses
}

func (v *visitor) invoke(c commission.CommandData, timedMs uint16) commission.CommandResult {
	v.t.Helper()
	if _, err := v.Invoke(v.now(), v.id, []commission.CommandData{c}, commission.Options{TimedMs: timedMs}); err != nil {
		v.t.Fatal(err)
	}
	return next[commission.InvokeDone](v).Results[0]
}

// wellFormed fails unless b is one element without a tag.
func wellFormed(t *testing.T, b []byte) {
	t.Helper()
	r := tlv.NewReader(b)
	if !r.Next() || r.Tag() != tlv.Anonymous || r.Close() != nil {
		t.Errorf("not one element: %x", b)
	}
}

func text(s string) []byte {
	w := tlv.NewWriter(nil)
	w.String(tlv.Anonymous, s)
	return w.Octets()
}

func wantStatus(t *testing.T, what string, err error, want commission.Status) {
	t.Helper()
	var refused *commission.InteractionError
	if !errors.As(err, &refused) || refused.Status != want {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// TestInteractions is the interaction client against matter.js's device: what
// no single message shows, chunks above all.
func TestInteractions(t *testing.T) {
	v := visit(t)
	label := commission.Attribute(0, commission.ClusterBasicInformation, commission.BasicNodeLabel)
	onOff := commission.Attribute(1, commission.ClusterOnOff, commission.OnOffState)

	t.Run("everything is read, in chunks, lists whole", func(t *testing.T) {
		all := commission.AttributePath{Endpoint: commission.AnyEndpoint, Cluster: commission.AnyCluster, Attribute: commission.AnyAttribute}
		q := commission.ReadRequest{Selection: commission.Selection{
			Attributes: []commission.AttributePath{all},
			Events:     []commission.EventPath{{Endpoint: commission.AnyEndpoint, Cluster: commission.AnyCluster, Event: commission.AnyEvent}},
		}}
		if _, err := v.Read(v.now(), v.id, q, commission.Options{}); err != nil {
			t.Fatal(err)
		}
		got := next[commission.ReadDone](v)
		octets, seen := 0, map[commission.AttributePath][]byte{}
		for _, a := range got.Attributes {
			if a.Err() != nil || a.Path.List.Present || seen[a.Path] != nil {
				t.Errorf("%+v: %v", a.Path, a.Err())
				continue
			}
			wellFormed(t, a.Data)
			octets += len(a.Data)
			seen[a.Path] = a.Data
		}
		if len(seen) < 100 || octets < 1280 || len(got.Events) == 0 { // more than a datagram holds, paths aside
			t.Errorf("%d attributes, %d octets, %d events", len(seen), octets, len(got.Events))
		}
		t.Logf("%d attributes of %d octets, %d events", len(seen), octets, len(got.Events))
		servers, err := commission.ParseUints(seen[commission.Attribute(0, commission.ClusterDescriptor, commission.DescriptorServers)], 0xFFFF_FFFF)
		if err != nil || len(servers) < 8 {
			t.Errorf("servers %v, %v", servers, err)
		}
		for _, e := range got.Events {
			if e.Err() != nil || e.Clock == commission.ClockNone {
				t.Errorf("%+v: %v", e, e.Err())
			}
			wellFormed(t, e.Data)
		}
		fabrics, err := commission.ParseFabrics(seen[commission.Attribute(0, commission.ClusterOperationalCredentials, commission.CredentialsFabrics)])
		if err != nil || len(fabrics) != 1 || fabrics[0].VendorID != 0xFFF1 {
			t.Errorf("%+v, %v", fabrics, err)
		}
	})

	t.Run("what is not there", func(t *testing.T) {
		for _, e := range []struct {
			path commission.AttributePath
			want commission.Status
		}{
			{commission.Attribute(9, 6, 0), commission.StatusUnsupportedEndpoint},
			{commission.Attribute(0, 6, 0), commission.StatusUnsupportedCluster},
			{commission.Attribute(1, 6, 0x1234), commission.StatusUnsupportedAttribute},
		} {
			if got := v.read(e.path); len(got) != 1 || got[0].Path != e.path {
				t.Errorf("%+v: %+v", e.path, got)
			} else {
				wantStatus(t, "read", got[0].Err(), e.want)
			}
		}
		wild := commission.AttributePath{Endpoint: commission.AnyEndpoint, Cluster: 0x0031, Attribute: commission.AnyAttribute}
		for _, a := range v.read(wild) {
			if a.Err() != nil {
				t.Errorf("%+v", a)
			}
		}
		wantStatus(t, "invoke", v.invoke(commission.Toggle(9), 0).Err(), commission.StatusUnsupportedEndpoint)
	})

	t.Run("write", func(t *testing.T) {
		if s := v.write(commission.AttributeData{Path: label, Data: text("Lamp")}); len(s) != 1 || s[0].Err() != nil {
			t.Errorf("%+v", s)
		}
		got := v.read(label)
		if s, err := commission.ParseText(got[0].Data, 32); err != nil || s != "Lamp" || !got[0].HasDataVersion {
			t.Errorf("%+v, %v", got, err)
		}
		s := v.write(commission.AttributeData{Path: onOff, Data: []byte{0x09}}, commission.AttributeData{Path: label, Data: text("Lamp 2")})
		if len(s) != 2 || s[1].Err() != nil {
			t.Fatalf("%+v", s)
		}
		wantStatus(t, "read-only", s[0].Err(), commission.StatusUnsupportedWrite)
		s = v.write(commission.AttributeData{Path: label, Data: text("far longer than thirty-two octets")})
		wantStatus(t, "too long", s[0].Err(), commission.StatusConstraintError)
		s = v.write(commission.AttributeData{Path: label, Data: text("x"), DataVersion: got[0].DataVersion - 1, HasDataVersion: true})
		wantStatus(t, "old version", s[0].Err(), commission.StatusDataVersionMismatch)
	})

	t.Run("write in chunks", func(t *testing.T) {
		// More than one message holds, to a list that is not there: each message is
		// answered, and so is each item.
		w := tlv.NewWriter(nil)
		w.Array(tlv.Anonymous)
		for range 20 {
			w.Bytes(tlv.Anonymous, make([]byte, 200))
		}
		w.End()
		s := v.write(commission.AttributeData{Path: commission.Attribute(0, 0x001F, 0x7777), Data: w.Octets()})
		if len(s) != 21 {
			t.Fatalf("%d statuses", len(s))
		}
		for _, x := range s {
			wantStatus(t, "item", x.Err(), commission.StatusUnsupportedAttribute)
		}
	})

	t.Run("timed", func(t *testing.T) {
		verifier, err := session.NewPASEVerifier(20202021, 1000, make([]byte, 16))
		if err != nil {
			t.Fatal(err)
		}
		open := commission.OpenCommissioningWindow(commission.WindowRequest{
			TimeoutS: 180, Verifier: verifier.Octets(), Discriminator: 100, Iterations: 1000, Salt: make([]byte, 16),
		})
		wantStatus(t, "untimed", v.invoke(open, 0).Err(), commission.StatusNeedsTimedInteraction)
		if err := v.invoke(open, 5000).Err(); err != nil {
			t.Error(err)
		}
		state := v.read(commission.Attribute(0, commission.ClusterAdministratorCommissioning, commission.WindowStatus))
		if s, err := commission.ParseUint(state[0].Data, 2); err != nil || s != 1 {
			t.Errorf("window %d, %v", s, err)
		}
		var refused *commission.InteractionError
		if err := v.invoke(open, 5000).Err(); !errors.As(err, &refused) || !refused.HasCluster || refused.Cluster != commission.WindowBusy {
			t.Errorf("a second window: %v", err)
		}
		if err := v.invoke(commission.RevokeCommissioning(), 5000).Err(); err != nil {
			t.Error(err)
		}
	})

	t.Run("subscription", func(t *testing.T) {
		q := commission.SubscribeRequest{MaxIntervalCeilingS: 3, Selection: commission.Selection{
			Attributes: []commission.AttributePath{onOff, {Endpoint: 0, Cluster: commission.AnyCluster, Attribute: commission.AnyAttribute}},
			Events:     []commission.EventPath{{Endpoint: commission.AnyEndpoint, Cluster: commission.AnyCluster, Event: commission.AnyEvent}},
		}}
		id, err := v.Subscribe(v.now(), v.id, q, commission.Options{})
		if err != nil {
			t.Fatal(err)
		}
		first := next[commission.SubscriptionReport](v)
		if first.ID != id || len(first.Attributes) < 60 {
			t.Errorf("%d attributes at first", len(first.Attributes))
		}
		stands := next[commission.SubscriptionEstablished](v)
		t.Logf("every %d s", stands.MaxIntervalS)
		for _, on := range []bool{true, false} {
			if _, err := v.device.ask(line{"do": "set", "onOff": on}); err != nil {
				t.Fatal(err)
			}
			for changed := false; !changed; {
				for _, a := range next[commission.SubscriptionReport](v).Attributes {
					if is, err := commission.ParseBool(a.Data); a.Path == onOff && err == nil && is == on {
						changed = true
					}
				}
			}
		}
		if stands.MaxIntervalS <= 20 { // the device's choice; it keeps the subscription alive by an empty report
			if r := next[commission.SubscriptionReport](v); r.ID != id {
				t.Errorf("%+v", r)
			}
		}
		if err := v.CancelInteraction(v.now(), id); err != nil {
			t.Fatal(err)
		}
		if lost := next[commission.SubscriptionLost](v); !errors.Is(lost.Err, commission.ErrCancelled) {
			t.Errorf("%+v", lost)
		}
		// The next report is refused; the device gives it up and the session stays.
		if _, err := v.device.ask(line{"do": "set", "onOff": true}); err != nil {
			t.Fatal(err)
		}
		if got := v.read(onOff); len(got) != 1 || got[0].Err() != nil {
			t.Errorf("%+v", got)
		}
	})
}
