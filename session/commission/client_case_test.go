package commission

import (
	"math/rand/v2"
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/internal/p256"
)

// withFabric makes both sides of a link nodes of one fabric, and returns the
// fabric's index at the client and the device's node ID.
func (l *testLink) withFabric() (session.FabricIndex, session.NodeID) {
	l.t.Helper()
	const node = 0x1234
	rng := seeded{rand.New(rand.NewPCG(5, 5))}
	a, err := NewAuthority(AuthorityConfig{Rand: rng, AdminVendorID: 0xFFF1})
	if err != nil {
		l.t.Fatal(err)
	}
	key, err := p256.GenerateKey(rng)
	if err != nil {
		l.t.Fatal(err)
	}
	ours := a.FabricConfig()
	issued, err := a.Issue(rng, 0, key.PublicKey(), node)
	if err != nil {
		l.t.Fatal(err)
	}
	private := key.Bytes()
	theirs := session.FabricConfig{Root: ours.Root, NOC: issued.NOC, ICAC: issued.ICAC, EpochKeys: ours.EpochKeys, Key: private[:]}
	var index session.FabricIndex
	for m, c := range map[*session.Manager]session.FabricConfig{l.client: ours, l.device: theirs} {
		f, err := session.NewFabric(c)
		if err != nil {
			l.t.Fatal(err)
		}
		i, err := m.AddFabric(f)
		if err != nil {
			l.t.Fatal(err)
		}
		if m == l.client {
			index = i
		}
	}
	return index, node
}

// connect opens a CASE session; it becomes the link's.
func (l *testLink) connect(f session.FabricIndex, node session.NodeID) session.SessionID {
	l.t.Helper()
	before := l.id
	if _, err := l.client.StartCASE(l.now, 1, f, node, session.CASEOptions{}); err != nil {
		l.t.Fatal(err)
	}
	l.pump()
	if l.id == before {
		l.t.Fatal("no session")
	}
	return l.id
}

// A node may report on another session than the one that was subscribed on, so
// long as it is the same node of the same fabric.
func TestClientReportsOnAnotherSession(t *testing.T) {
	l := newTestLink(t, false)
	paseDevice := l.deviceID
	f, node := l.withFabric()
	first := l.connect(f, node)
	id := l.subscribe(7, 60)
	l.take()
	second := l.connect(f, node)
	if first == second {
		t.Fatal("one session")
	}
	l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true}))
	if e := only[SubscriptionReport](l); e.ID != id {
		t.Errorf("%+v", e)
	}
	// Not from someone else: the PASE session is nobody's.
	l.answers, l.deviceID = nil, paseDevice
	l.push(report(ReportData{SubscriptionID: 7, HasSubscription: true}))
	if len(l.answers) != 1 || statusOf(t, &l.answers[0]) != StatusInvalidSubscription || l.take() != nil {
		t.Errorf("answers %v", l.answers)
	}
	// The end of the second session does not touch it, that of the first does.
	if err := l.client.CloseSession(l.now, second); err != nil {
		t.Fatal(err)
	}
	l.pump()
	if got := l.take(); got != nil {
		t.Errorf("%+v", got)
	}
	if err := l.client.CloseSession(l.now, first); err != nil {
		t.Fatal(err)
	}
	l.pump()
	if e := only[SubscriptionLost](l); e.ID != id || e.Err == nil {
		t.Errorf("%+v", e)
	}
}

// F12: what runs on a session of a removed fabric still ends in an answer.
func TestField_F12_RemoveFabricIsAnswered(t *testing.T) {
	l := newTestLink(t, false)
	f, node := l.withFabric()
	l.connect(f, node)
	l.serve = func(n int, in Message) []Message {
		if q, err := ParseInvokeRequest(in.Payload); err == nil && q.Commands[0].Path == RemoveFabric(1).Path {
			if err := l.device.RemoveFabric(l.now, 1); err != nil {
				t.Error(err)
			}
			return []Message{{OpcodeInvokeResponse, InvokeResponse{Results: []CommandResult{{
				Path: CommandPath{0, ClusterOperationalCredentials, CommandNOCResponse}, Fields: NOCResponse{Fabric: 1}.AppendFields(nil),
			}}}.Append(nil)}}
		}
		return nil
	}
	id := l.must(l.c.Invoke(l.now, l.id, []CommandData{RemoveFabric(1)}, Options{}))
	e := only[InvokeDone](l)
	answer, err := ParseNOCResponse(e.Results[0].Fields)
	if e.ID != id || err != nil || answer.Err() != nil || answer.Fabric != 1 {
		t.Errorf("%+v, %v", answer, err)
	}
}
