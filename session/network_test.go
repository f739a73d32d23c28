package session

import (
	"container/heap"
	"math/rand/v2"
	"testing"
)

// A testNetwork carries datagrams between managers on a clock of its own, and
// loses, repeats, reorders and delays them as its seed says. An hour takes as
// long as its arithmetic.
type testNetwork struct {
	t     testing.TB
	rng   *rand.Rand
	now   Instant
	nodes map[Peer]*testNode
	queue datagramQueue
	order int

	loss, duplicate float64 // probabilities
	delay           int64   // of a datagram: 1 to delay ms
	// filter, if set, sees each datagram and may drop or replace it.
	filter func(from, to Peer, octets []byte) [][]byte
	arrive func(to Peer, octets []byte) // if set, sees each datagram as it arrives
	sent   int
}

// A testNode is a manager on a testNetwork. Its peer handle is the same for all.
type testNode struct {
	*Manager
	network *testNetwork
	peer    Peer
	events  []Event
	batch   int         // how many outputs were taken
	on      func(Event) // called for each event, after it is recorded
}

type queued struct {
	at     Instant
	order  int
	from   Peer
	to     Peer
	octets []byte
}

type datagramQueue []queued

func (q datagramQueue) Len() int { return len(q) }
func (q datagramQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].order < q[j].order
}
func (q datagramQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *datagramQueue) Push(x any)   { *q = append(*q, x.(queued)) }
func (q *datagramQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// randReader is a seeded source of octets for tests.
type randReader struct{ *rand.Rand }

func (r randReader) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return len(b), nil
}

func newTestNetwork(t testing.TB, seed uint64) *testNetwork {
	return &testNetwork{t: t, rng: rand.New(rand.NewPCG(seed, 0x6d617474)), nodes: map[Peer]*testNode{}, delay: 1, now: 1000}
}

func (n *testNetwork) node(peer Peer, c Config) *testNode {
	n.t.Helper()
	c.Rand = randReader{rand.New(rand.NewPCG(n.rng.Uint64(), uint64(peer)))}
	m, err := NewManager(c)
	if err != nil {
		n.t.Fatal(err)
	}
	node := &testNode{Manager: m, network: n, peer: peer}
	n.nodes[peer] = node
	return node
}

// flush sends what the node's manager wants sent and hands out its events.
func (d *testNode) flush() {
	for {
		out := d.Output()
		d.batch++
		for _, g := range out.Datagrams {
			d.network.carry(d.peer, g.Peer, g.Octets)
		}
		for _, e := range out.Events {
			d.events = append(d.events, e)
			if d.on != nil {
				d.on(e)
			}
		}
		if len(out.Events) == 0 && len(out.Datagrams) == 0 {
			return
		}
	}
}

func (n *testNetwork) carry(from, to Peer, octets []byte) {
	n.sent++
	copies := [][]byte{octets}
	if n.filter != nil {
		copies = n.filter(from, to, octets)
	}
	for _, c := range copies {
		if n.rng.Float64() < n.loss {
			continue
		}
		times := 1
		if n.rng.Float64() < n.duplicate {
			times = 2
		}
		for range times {
			n.order++
			heap.Push(&n.queue, queued{n.now + 1 + Instant(n.rng.Int64N(n.delay)), n.order, from, to, append([]byte(nil), c...)})
		}
	}
}

// run lets time pass until nothing is waited for, until done says so, or until
// limit milliseconds have gone.
func (n *testNetwork) run(limit Instant, done func() bool) {
	n.t.Helper()
	end := n.now + limit
	for step := 0; ; step++ {
		if step > 200_000 {
			n.t.Fatal("the network does not come to rest")
		}
		next, has := Instant(0), false
		earlier := func(t Instant) {
			if !has || t < next {
				next, has = t, true
			}
		}
		for peer := range Peer(len(n.nodes) + 1) {
			node := n.nodes[peer]
			if node == nil {
				continue
			}
			node.flush()
		}
		if done != nil && done() {
			return
		}
		for _, node := range n.nodes {
			if at, ok := node.deadline(); ok {
				earlier(at)
			}
		}
		if len(n.queue) > 0 {
			earlier(n.queue[0].at)
		}
		if !has || next > end {
			n.now = end
			return
		}
		n.now = max(n.now, next)
		for len(n.queue) > 0 && n.queue[0].at <= n.now {
			q := heap.Pop(&n.queue).(queued)
			if node := n.nodes[q.to]; node != nil {
				if n.arrive != nil {
					n.arrive(q.to, q.octets)
				}
				node.Receive(n.now, q.from, q.octets)
				node.flush()
			}
		}
		for peer := range Peer(len(n.nodes) + 1) {
			if node := n.nodes[peer]; node != nil {
				node.Tick(n.now)
				if at, ok := node.deadline(); ok && at <= n.now {
					n.t.Fatalf("after Tick(%d) the deadline is %d: a host would spin", n.now, at)
				}
			}
		}
	}
}

// eventsOf returns the events of one type that a node has had.
func eventsOf[E Event](d *testNode) []E {
	var found []E
	for _, e := range d.events {
		if e, ok := e.(E); ok {
			found = append(found, e)
		}
	}
	return found
}
