//go:build !js

// Package interop runs the sessions of package session on UDP, for tests
// against live peers. A host of the blob does the same in JavaScript.
package interop

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/matter-session/matter-session/session"
)

// A Node is a [session.Manager] on a UDP socket of the loopback interface. Its
// methods can be called from any goroutine.
type Node struct {
	socket *net.UDPConn
	start  time.Time
	calls  chan func()
	done   chan struct{}

	mu     sync.Mutex
	events []session.Event
	news   chan struct{} // closed and replaced at each event

	// Only the node's own goroutine touches these.
	manager *session.Manager
	peers   []netip.AddrPort // by session.Peer
	onEvent func(m *session.Manager, now session.Instant, e session.Event)
}

// Listen makes a node on a free port. onEvent, if not nil, is called on the
// node's goroutine for every event, before [Node.Await] can see it.
func Listen(onEvent func(m *session.Manager, now session.Instant, e session.Event)) (*Node, error) {
	socket, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		return nil, err
	}
	manager, err := session.NewManager(session.Config{Rand: rand.Reader})
	if err != nil {
		return nil, err
	}
	n := &Node{
		socket: socket, start: time.Now(), calls: make(chan func()), done: make(chan struct{}),
		news: make(chan struct{}), manager: manager, onEvent: onEvent,
	}
	const epoch = 946_684_800 // 2000-01-01 in Unix time
	manager.SetUTC(0, session.EpochSeconds(time.Now().Unix()-epoch))
	datagrams := make(chan received)
	go n.read(datagrams)
	go n.run(datagrams)
	return n, nil
}

// Port returns the UDP port of the node on [::1].
func (n *Node) Port() int { return n.socket.LocalAddr().(*net.UDPAddr).Port }

type received struct {
	octets []byte
	from   netip.AddrPort
}

func (n *Node) read(datagrams chan<- received) {
	defer close(datagrams)
	for {
		b := make([]byte, 2048)
		size, from, err := n.socket.ReadFromUDPAddrPort(b)
		if err != nil {
			return // closed
		}
		datagrams <- received{b[:size], from}
	}
}

func (n *Node) now() session.Instant { return session.Instant(time.Since(n.start).Milliseconds()) }

func (n *Node) run(datagrams <-chan received) {
	defer close(n.done)
	timer := time.NewTimer(time.Hour)
	for {
		select {
		case d, open := <-datagrams:
			if !open {
				return
			}
			n.manager.Receive(n.now(), n.peer(d.from), d.octets)
		case call := <-n.calls:
			call()
		case <-timer.C:
			n.manager.Tick(n.now())
		}
		n.settle(timer)
	}
}

// settle does what the manager wants done, until it wants nothing.
func (n *Node) settle(timer *time.Timer) {
	for {
		out := n.manager.Output()
		for _, d := range out.Datagrams {
			// What cannot be sent is lost, as on any network.
			_, _ = n.socket.WriteToUDPAddrPort(d.Octets, n.peers[d.Peer])
		}
		for _, e := range out.Events {
			if n.onEvent != nil {
				n.onEvent(n.manager, n.now(), e)
			}
		}
		if len(out.Events) > 0 {
			n.mu.Lock()
			n.events = append(n.events, out.Events...)
			close(n.news)
			n.news = make(chan struct{})
			n.mu.Unlock()
			continue // handling them may have made more output
		}
		if out.HasDeadline {
			timer.Reset(max(0, time.Duration(out.Deadline-n.now())*time.Millisecond))
		} else {
			timer.Stop()
		}
		return
	}
}

// peer returns the handle of an address.
func (n *Node) peer(address netip.AddrPort) session.Peer {
	for i, known := range n.peers {
		if known == address {
			return session.Peer(i)
		}
	}
	n.peers = append(n.peers, address)
	return session.Peer(len(n.peers) - 1)
}

// Do runs f on the node's goroutine. peer gives the handle of a port on [::1].
func (n *Node) Do(f func(m *session.Manager, now session.Instant, peer func(port int) session.Peer)) {
	ran := make(chan struct{})
	call := func() {
		defer close(ran)
		f(n.manager, n.now(), func(port int) session.Peer {
			return n.peer(netip.AddrPortFrom(netip.IPv6Loopback(), uint16(port)))
		})
	}
	select {
	case n.calls <- call:
		<-ran
	case <-n.done:
	}
}

// Await returns the first event, past or to come, that match accepts, and
// forgets it. It waits at most ten seconds.
func (n *Node) Await(match func(session.Event) bool) (session.Event, error) {
	limit := time.After(10 * time.Second)
	for {
		n.mu.Lock()
		for i, e := range n.events {
			if match(e) {
				n.events = append(n.events[:i:i], n.events[i+1:]...)
				n.mu.Unlock()
				return e, nil
			}
		}
		news, all := n.news, fmt.Sprintf("%+v", n.events)
		n.mu.Unlock()
		select {
		case <-news:
		case <-n.done:
			return nil, net.ErrClosed
		case <-limit:
			return nil, fmt.Errorf("interop: not within ten seconds; events so far: %s", all)
		}
	}
}

// Await waits for an event of one type.
func Await[E session.Event](n *Node) (E, error) {
	e, err := n.Await(func(e session.Event) bool {
		_, is := e.(E)
		return is
	})
	if err != nil {
		var zero E
		return zero, fmt.Errorf("waiting for %T: %w", zero, err)
	}
	return e.(E), nil
}

// Close closes every session with a word to its peer, and the socket.
func (n *Node) Close() {
	n.Do(func(m *session.Manager, now session.Instant, _ func(int) session.Peer) { m.Close(now) })
	_ = n.socket.Close()
	<-n.done
}
