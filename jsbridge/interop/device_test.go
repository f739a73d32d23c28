//go:build !js

package interop

import (
	"errors"
	"fmt"
	"testing"

	"github.com/matter-session/matter-session/session"
)

func listen(t *testing.T) *Node {
	t.Helper()
	n, err := Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// startPASE begins PASE with the device that listens on port.
func startPASE(t *testing.T, n *Node, port int, passcode uint32) session.HandshakeID {
	t.Helper()
	var id session.HandshakeID
	n.Do(func(m *session.Manager, now session.Instant, peer func(int) session.Peer) {
		var err error
		if id, err = m.StartPASE(now, peer(port), passcode, session.Parameters{}); err != nil {
			t.Error(err)
		}
	})
	return id
}

// ending waits for the end of a handshake.
func ending(n *Node, id session.HandshakeID) (session.SessionID, error) {
	e, err := n.Await(func(e session.Event) bool {
		switch e := e.(type) {
		case session.SessionEstablished:
			return e.Handshake == id
		case session.HandshakeFailed:
			return e.Handshake == id
		}
		return false
	})
	if err != nil {
		return 0, fmt.Errorf("handshake %d has no end: %w", id, err)
	}
	if failed, is := e.(session.HandshakeFailed); is {
		return 0, failed.Err
	}
	return e.(session.SessionEstablished).Session, nil
}

func closeSession(t *testing.T, n *Node, id session.SessionID) {
	t.Helper()
	n.Do(func(m *session.Manager, now session.Instant, _ func(int) session.Peer) {
		if err := m.CloseSession(now, id); err != nil {
			t.Error(err)
		}
	})
}

// TestDevice is our initiator against matter.js's device, natively. The
// subtests share one device and leave it as they found it.
func TestDevice(t *testing.T) {
	device := startPeer(t, "device.mjs")
	port, passcode := device.ready.number("port"), uint32(device.ready.number("passcode"))

	t.Run("PASE", func(t *testing.T) {
		n := listen(t)
		id, err := ending(n, startPASE(t, n, port, passcode))
		if err != nil {
			t.Fatal(err)
		}
		opened := device.next("the session", func(l line) bool { return l["session"] == "opened" })
		n.Do(func(m *session.Manager, _ session.Instant, _ func(int) session.Peer) {
			info, _ := m.Session(id)
			if int(info.PeerID) != opened.number("id") || int(info.ID) != opened.number("peerId") {
				t.Errorf("our session IDs are %d and %d, the device's %v", info.ID, info.PeerID, opened)
			}
		})
		closeSession(t, n, id)
		device.next("CloseSession", func(l line) bool {
			return l["session"] == "closed" && l["id"] == opened["id"]
		})
	})

	// A device takes one commissioner at a time and lets the other wait; the
	// first must not notice. matter.js says nothing to the second. Which of two
	// datagrams from two sockets it reads first is the system's choice.
	t.Run("two initiators at once", func(t *testing.T) {
		type attempt struct {
			node *Node
			id   session.HandshakeID
			err  error
		}
		ended := make(chan attempt, 2)
		var started [2]attempt
		for i := range started {
			n := listen(t)
			started[i] = attempt{node: n, id: startPASE(t, n, port, passcode)}
		}
		for _, a := range started {
			go func() {
				_, a.err = ending(a.node, a.id)
				ended <- a
			}()
		}
		winner := <-ended
		if winner.err != nil {
			t.Fatalf("the one that the device took: %v", winner.err)
		}
		waiter := started[0]
		if waiter.node == winner.node {
			waiter = started[1]
		}
		if state, err := device.ask(line{"do": "state"}); err != nil || len(state["sessions"].([]any)) != 1 {
			t.Errorf("the device has the sessions %v (%v), want one", state["sessions"], err)
		}
		waiter.node.Do(func(m *session.Manager, now session.Instant, _ func(int) session.Peer) {
			if err := m.CancelHandshake(now, waiter.id); err != nil {
				t.Errorf("the other does not wait any more: %v", err)
			}
		})
		if waiter = <-ended; !errors.Is(waiter.err, session.ErrClosed) {
			t.Errorf("the other: got %v, want ErrClosed", waiter.err)
		}
		winner.node.Close() // and with it its session
		// matter.js may have begun with the other just when that gave up, and keeps
		// such a half handshake, and everybody else out, for a minute.
		if _, err := device.ask(line{"do": "erase"}); err != nil {
			t.Fatal(err)
		}

		id, err := ending(waiter.node, startPASE(t, waiter.node, port, passcode))
		if err != nil {
			t.Fatalf("the other, after the first has left: %v", err)
		}
		closeSession(t, waiter.node, id)
	})

	// The last one, since the device opens no window after it until it is reset.
	t.Run("20 wrong passcodes", func(t *testing.T) {
		n := listen(t)
		for i := range 20 {
			_, err := ending(n, startPASE(t, n, port, passcode+1))
			if !errors.Is(err, session.ErrWrongPasscode) {
				t.Fatalf("attempt %d: got %v, want ErrWrongPasscode", i+1, err)
			}
		}
		_, err := ending(n, startPASE(t, n, port, passcode))
		if refused := (*session.PeerStatusError)(nil); !errors.As(err, &refused) || errors.Is(err, session.ErrWrongPasscode) {
			t.Errorf("the right passcode after 20 wrong ones: got %v, want the device's refusal", err)
		}
		if _, err := device.ask(line{"do": "erase"}); err != nil {
			t.Fatal(err)
		}
		id, err := ending(n, startPASE(t, n, port, passcode))
		if err != nil {
			t.Fatal(err)
		}
		closeSession(t, n, id)
	})
}
