package session

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/matter-session/matter-session/session/message"
)

// addTestSession adds a CASE session of a fabric without a handshake.
func addTestSession(t testing.TB, d *testNode, f *Fabric, node NodeID, now Instant) *Session {
	t.Helper()
	id, err := d.reserveID()
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.addSession(now, id, &sessionSecrets{peerSessionID: 1, fabric: f, peerNode: node}, 9)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fillSessions adds copies of one session, with the same keys.
func fillSessions(t testing.TB, d *testNode, count int) {
	t.Helper()
	s := addTestSession(t, d, d.fabrics[0], 7, d.network.now)
	for range count - 1 {
		id, err := d.reserveID()
		if err != nil {
			t.Fatal(err)
		}
		delete(d.reserved, id)
		c := *s
		c.id = id
		d.sessions[id] = &c
	}
}

// Nobody loses a session to a datagram that is not authentic, though every
// session ID that may be used is.
func TestStrangerEvictsNobody(t *testing.T) {
	n := newTestNetwork(t, 110)
	authority := newTestAuthority(t, 110, 0xFAB1, false, 1)
	a, b := n.node(1, Config{}), n.node(2, Config{MaxSessions: MaxSessionsLimit})
	join(t, a, authority, testAdmin)
	join(t, b, authority, testDevice)
	fillSessions(t, b, MaxSessionsLimit)
	for i := range uint64(200) {
		p := message.ProtocolHeader{Initiator: true, Reliable: true, ExchangeID: uint16(i), Opcode: uint8(OpcodeCASESigma1)}
		b.Receive(n.now, 99, unsecuredOctets(t, 1+i, uint32(i+1), p, []byte{0x15, 0x18}))
	}
	b.flush()
	for range 40 { // ghosts that are half way
		if _, err := a.StartCASE(n.now, b.peer, 1, testDevice, CASEOptions{}); err != nil {
			break
		}
	}
	a.flush()
	for len(n.queue) > 0 {
		q := n.queue.Pop().(queued)
		if q.to == b.peer {
			b.Receive(n.now, q.from, q.octets)
		}
	}
	b.Output()
	if len(b.runs) != maxHandshakes || len(b.reserved) != maxHandshakes {
		t.Errorf("%d handshakes, %d IDs reserved", len(b.runs), len(b.reserved))
	}
	if len(b.sessions) != MaxSessionsLimit || len(eventsOf[SessionClosed](b)) != 0 {
		t.Errorf("%d sessions, %d closed", len(b.sessions), len(eventsOf[SessionClosed](b)))
	}
}

// A fabric that opens session after session does not cost another its last
// three, however long they were idle. Matter Core §4.14.2.8.
func TestEvictionLeavesEachFabricThreeSessions(t *testing.T) {
	n := newTestNetwork(t, 111)
	b := n.node(2, Config{MaxSessions: 20})
	quiet := newTestAuthority(t, 1, 0xFAB1, false, 1)
	greedy := newTestAuthority(t, 2, 0xFAB2, false, 1)
	join(t, b, quiet, testDevice)
	join(t, b, greedy, testDevice)
	for i := range 5 {
		addTestSession(t, b, b.fabrics[0], NodeID(10+i), n.now+Instant(i))
	}
	for i := range 100 {
		addTestSession(t, b, b.fabrics[1], NodeID(100+i), n.now+1000+Instant(i))
	}
	count := map[FabricIndex]int{}
	for _, s := range b.sessions {
		count[s.fabric]++
		if s.fabric == 1 && s.peerNode < 12 {
			t.Errorf("the session of node %d was the less recently active", s.peerNode)
		}
	}
	if len(b.sessions) != 20 || count[1] != 3 || count[2] != 17 {
		t.Errorf("sessions by fabric: %v", count)
	}
	// Those of a removed fabric go before any other.
	if err := b.RemoveFabric(n.now+2000, 2); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		addTestSession(t, b, b.fabrics[0], NodeID(1000+i), n.now+3000)
	}
	clear(count)
	for _, s := range b.sessions {
		count[s.fabric]++
	}
	if count[1] != 13 || count[2] != 7 || len(b.expiring) != 7 {
		t.Errorf("sessions by fabric after the removal of one: %v, %d expiring", count, len(b.expiring))
	}
}

// A full table is not slow to take apart.
func TestManySessionsEndInLinearTime(t *testing.T) {
	n := newTestNetwork(t, 112)
	authority := newTestAuthority(t, 112, 0xFAB1, false, 1)
	b := n.node(2, Config{MaxSessions: MaxSessionsLimit})
	join(t, b, authority, testDevice)
	fill := func(count int) (took time.Duration) {
		fillSessions(t, b, count)
		start := time.Now()
		if err := b.RemoveFabric(n.now, 1); err != nil {
			t.Fatal(err)
		}
		n.now += removalGrace
		b.Tick(n.now)
		if took = time.Since(start); len(b.sessions)+len(b.expiring) != 0 {
			t.Fatalf("%d sessions left", len(b.sessions))
		}
		b.Output()
		b.fabrics = nil
		join(t, b, authority, testDevice)
		return took
	}
	fill(1000) // warms up
	small, large := fill(4000), fill(32_000)
	if large > 40*small+50*time.Millisecond {
		t.Errorf("4,000 sessions: %v; 32,000: %v", small, large)
	}
}

func TestDropPeerEndsWhatIsThere(t *testing.T) {
	n, a, b, sa, sb := quietPair(t, 113)
	other := addTestSession(t, a, a.fabrics[0], 5, n.now)
	x := a.open(sa)
	a.send(x, "x")
	if _, err := a.StartCASE(n.now, b.peer, 1, testDevice, CASEOptions{}); err != nil {
		t.Fatal(err)
	}
	a.SetStream(b.peer, true)
	a.flush()
	sent := 0
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		if from == a.peer {
			sent++
		}
		return [][]byte{octets}
	}
	lost := errors.New("the way is gone")
	a.DropPeer(n.now, b.peer, lost)
	n.run(60_000, nil)
	if sent != 0 {
		t.Errorf("%d datagrams afterwards", sent)
	}
	for _, e := range a.events {
		var err error
		switch e := e.(type) {
		case ExchangeFailed:
			err = e.Err
		case HandshakeFailed:
			err = e.Err
		case SessionClosed:
			err = e.Err
		default:
			t.Errorf("%T", e)
		}
		if err != lost {
			t.Errorf("%T: %v", e, err)
		}
	}
	if len(a.events) != 3 || len(a.sessions) != 1 || a.sessions[other.id] == nil || len(a.runs)+len(a.exchanges)+len(a.reserved)+len(a.streams) != 0 {
		t.Errorf("%d events, %d sessions", len(a.events), len(a.sessions))
	}
	if b.sessions[sb] == nil {
		t.Error("the peer was told")
	}
	a.DropPeer(n.now, 9, nil)
	a.flush()
	if closed := eventsOf[SessionClosed](a); len(closed) != 2 || !errors.Is(closed[1].Err, ErrClosed) {
		t.Errorf("without a reason: %v", closed)
	}
}

func TestFindSession(t *testing.T) {
	n := newTestNetwork(t, 114)
	a := n.node(1, Config{})
	join(t, a, newTestAuthority(t, 114, 0xFAB1, false, 1), testAdmin)
	if _, ok := a.FindSession(1, 7); ok {
		t.Error("found one of none")
	}
	if _, ok := a.Session(7); ok {
		t.Error("information about none")
	}
	if err := a.CloseSession(n.now, 7); !errors.Is(err, ErrNotFound) {
		t.Errorf("CloseSession: %v", err)
	}
	if _, err := a.OpenExchange(n.now, 7); !errors.Is(err, ErrNotFound) {
		t.Errorf("OpenExchange: %v", err)
	}
	first, second := addTestSession(t, a, a.fabrics[0], 7, n.now), addTestSession(t, a, a.fabrics[0], 7, n.now)
	addTestSession(t, a, a.fabrics[0], 8, n.now+5)
	want := max(first.id, second.id)
	for range 20 { // whatever order a map has
		if id, ok := a.FindSession(1, 7); !ok || id != want {
			t.Fatalf("found %d, %v, want %d", id, ok, want)
		}
	}
	first.lastHeard++
	if id, _ := a.FindSession(1, 7); id != first.id {
		t.Errorf("found %d, want the one heard last, %d", id, first.id)
	}
	if err := a.RemoveFabric(n.now, 1); err != nil {
		t.Fatal(err)
	}
	if _, ok := a.FindSession(1, 7); ok {
		t.Error("found one of a removed fabric")
	}
}

func TestFabricTable(t *testing.T) {
	n := newTestNetwork(t, 115)
	a := n.node(1, Config{})
	authority := newTestAuthority(t, 115, 0xFAB1, false, 1)
	if err := a.RemoveFabric(n.now, 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("RemoveFabric: %v", err)
	}
	index := join(t, a, authority, testAdmin)
	f := a.Fabric(index)
	if f == nil || f.Index() != index || a.Fabric(index+1) != nil {
		t.Fatal("Fabric")
	}
	if _, err := a.AddFabric(f); err == nil {
		t.Error("a fabric was added twice")
	}
	if err := a.RemoveFabric(n.now, index); err != nil {
		t.Fatal(err)
	}
	if len(f.ipks) != 0 || f.key.Bytes() != [32]byte{} {
		t.Error("the removed fabric still has its keys")
	}
	for range maxFabrics {
		join(t, a, authority, testAdmin)
	}
	extra := authority.member(t, testAdmin)
	extra.index = 0
	if _, err := a.AddFabric(extra); !errors.Is(err, ErrLimit) {
		t.Errorf("one more than can be: %v", err)
	}
	last := a.fabrics[0]
	a.Close(n.now)
	if len(last.ipks) != 0 || last.key.Bytes() != [32]byte{} {
		t.Error("the closed manager's fabrics still have their keys")
	}
	if _, err := a.AddFabric(extra); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// Records are the table's own: whoever has been given one, or gave one, keeps it,
// and what leaves the table is erased.
func TestResumptionTable(t *testing.T) {
	n, a, b, _ := casePair(t, 116)
	connect(t, n, a, b, testDevice, CASEOptions{})
	saved := eventsOf[ResumptionSaved](a)[0].Record
	kept := a.resumptions[0]
	if saved == kept || saved.secret != kept.secret || saved.secret == (sharedSecret{}) {
		t.Error("the event's record is not a copy")
	}
	given := *saved
	given.Fabric = 77
	if err := a.AddResumption(&given); err != nil {
		t.Fatal(err)
	}
	if given.Fabric != 77 || len(a.resumptions) != 1 || a.resumptions[0] == &given || a.resumptions[0].Fabric != 1 {
		t.Error("AddResumption kept or changed its argument")
	}
	if kept.secret != (sharedSecret{}) {
		t.Error("the replaced record was not erased")
	}
	other := given
	other.local++
	if err := a.AddResumption(&other); !errors.Is(err, ErrNotFound) {
		t.Errorf("a record of another node of ours: %v", err)
	}
	kept = a.resumptions[0]
	a.spendResumption(kept)
	if len(a.resumptions) != 0 || kept.secret != (sharedSecret{}) {
		t.Error("a spent record was not erased")
	}
	for i := range maxResumptions + 3 {
		r := given
		r.Peer = NodeID(1 + i)
		if err := a.AddResumption(&r); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.resumptions) != maxResumptions || a.resumptions[0].Peer != 4 {
		t.Errorf("%d records, the oldest of %d", len(a.resumptions), a.resumptions[0].Peer)
	}
	kept = a.resumptions[5]
	if err := a.RemoveFabric(n.now, 1); err != nil {
		t.Fatal(err)
	}
	if len(a.resumptions) != 0 || kept.secret != (sharedSecret{}) || saved.secret == (sharedSecret{}) {
		t.Error("removal of the fabric")
	}
}

func TestTimeOfDay(t *testing.T) {
	a := newTestNetwork(t, 117).node(1, Config{})
	if got := a.utc(5_000); got != 0 {
		t.Errorf("without a clock: %d", got)
	}
	for _, test := range []struct {
		set  Instant
		utc  EpochSeconds
		now  Instant
		want EpochSeconds
	}{
		{5_000, 700_000_000, 5_000, 700_000_000},
		{5_000, 700_000_000, 65_999, 700_000_060},
		{5_000, 1, 0, 1}, // before it was set
		{5_000, 0, 65_000, 0},
		{0, math.MaxUint32, 10_000, math.MaxUint32}, // a time that certificates cannot say does not begin anew
	} {
		a.SetUTC(test.set, test.utc)
		if got := a.utc(test.now); got != test.want {
			t.Errorf("%d at %d: at %d it is %d, want %d", test.utc, test.set, test.now, got, test.want)
		}
	}
}

// After Close there is nothing more: no timer, no answer, no event.
func TestField_F17_NothingHappensAfterClose(t *testing.T) {
	n, a, b, sa, _ := quietPair(t, 118)
	if err := a.OpenPASE(testVerifier(t)); err != nil {
		t.Fatal(err)
	}
	a.send(a.open(sa), "x")
	if _, err := a.StartCASE(n.now, b.peer, 1, testDevice, CASEOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := a.RemoveFabric(n.now, 1); err != nil {
		t.Fatal(err)
	}
	a.Close(n.now)
	a.flush()
	if out := a.Output(); out.HasDeadline {
		t.Errorf("a deadline at %d", out.Deadline)
	}
	events := len(a.events)
	for i, op := range []Opcode{OpcodeCASESigma1, OpcodePBKDFParamRequest, OpcodeStatusReport} {
		p := message.ProtocolHeader{Initiator: true, Reliable: true, Opcode: uint8(op)}
		a.Receive(n.now, 9, unsecuredOctets(t, 5, uint32(i+1), p, []byte{0x15, 0x18}))
	}
	a.Tick(n.now + 1_000_000)
	a.Close(n.now + 1_000_000)
	a.DropPeer(n.now, b.peer, ErrTimeout)
	if out := a.Output(); len(out.Datagrams)+len(out.Events) != 0 || out.HasDeadline || len(a.events) != events {
		t.Errorf("%+v", out)
	}
	if len(a.sessions)+len(a.runs)+len(a.exchanges)+len(a.unsecured)+len(a.reserved)+len(a.expiring)+len(a.resumptions) != 0 {
		t.Error("something is left behind")
	}
}

func TestOurExchangesAreBounded(t *testing.T) {
	n, a, _, sa, _ := quietPair(t, 119)
	for range maxExchanges {
		a.open(sa)
	}
	if _, err := a.OpenExchange(n.now, sa); !errors.Is(err, ErrLimit) {
		t.Errorf("one more: %v", err)
	}
	// A handshake is still possible.
	if _, err := a.StartPASE(n.now, 9, testPasscode, Parameters{}); err != nil {
		t.Error(err)
	}
}

// The sessions of a removed fabric can be closed in any order meanwhile.
func TestExpiringSessionsThatAreClosed(t *testing.T) {
	n := newTestNetwork(t, 120)
	a := n.node(1, Config{})
	join(t, a, newTestAuthority(t, 120, 0xFAB1, false, 1), testAdmin)
	for range 4 {
		addTestSession(t, a, a.fabrics[0], 7, n.now)
	}
	ids := a.sessionIDs()
	if err := a.RemoveFabric(n.now, 1); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{2, 0, 3} {
		if err := a.CloseSession(n.now, ids[i]); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.expiring) != 1 || a.expiring[0].id != ids[1] {
		t.Errorf("%d are left", len(a.expiring))
	}
	n.run(removalGrace, nil)
	if len(a.expiring)+len(a.sessions) != 0 || len(eventsOf[SessionClosed](a)) != 4 {
		t.Error("the last is not closed")
	}
}
