//go:build !js

package interop

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"testing"

	"github.com/matter-session/matter-session/session"
)

// TestController is matter.js's controller against our responder, natively.
func TestController(t *testing.T) {
	controller := startPeer(t, "controller.mjs")
	n := listen(t)

	t.Run("PASE", func(t *testing.T) {
		const passcode = 20202021
		verifier, err := session.NewPASEVerifier(passcode, 1000, []byte("SPAKE2P Key Salt"))
		if err != nil {
			t.Fatal(err)
		}
		n.Do(func(m *session.Manager, _ session.Instant, _ func(int) session.Peer) {
			if err := m.OpenPASE(verifier); err != nil {
				t.Error(err)
			}
		})
		if _, err := controller.ask(line{"do": "pase", "port": n.Port(), "passcode": passcode + 1}); err == nil {
			t.Error("the wrong passcode was taken")
		}
		if _, err := Await[session.HandshakeFailed](n); err != nil {
			t.Fatal(err)
		}

		answer, err := controller.ask(line{"do": "pase", "port": n.Port(), "passcode": passcode})
		if err != nil {
			t.Fatal(err)
		}
		established, err := Await[session.SessionEstablished](n)
		if err != nil {
			t.Fatal(err)
		}
		if int(established.Session) != answer.number("peerId") {
			t.Errorf("our session ID is %d, the controller says %v", established.Session, answer)
		}
		// The controller closes it again.
		if _, err := Await[session.SessionClosed](n); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("CASE and resumption", func(t *testing.T) {
		const node = 0x1234
		join(t, n, controller, node)
		for _, resumed := range []bool{false, true} {
			answer, err := controller.ask(line{"do": "connect", "port": n.Port(), "nodeId": strconv.Itoa(node)})
			if err != nil {
				t.Fatal(err)
			}
			established, err := Await[session.SessionEstablished](n)
			if err != nil {
				t.Fatal(err)
			}
			n.Do(func(m *session.Manager, _ session.Instant, _ func(int) session.Peer) {
				info, _ := m.Session(established.Session)
				if info.Kind != session.KindCASE || info.Resumed != resumed || answer["resumed"] != resumed {
					t.Errorf("session %+v, the controller says %v; want resumed %v", info, answer, resumed)
				}
			})
			if _, err := controller.ask(line{"do": "close"}); err != nil {
				t.Fatal(err)
			}
			if _, err := Await[session.SessionClosed](n); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// join makes our node a member of the controller's fabric.
func join(t *testing.T, n *Node, controller *peer, node int) {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issued, err := controller.ask(line{
		"do": "issue", "publicKey": hex.EncodeToString(key.PublicKey().Bytes()), "nodeId": strconv.Itoa(node),
	})
	if err != nil {
		t.Fatal(err)
	}
	octets := func(key string) []byte {
		b, err := hex.DecodeString(issued.text(key))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	fabric, err := session.NewFabric(session.FabricConfig{
		Root: octets("root"), ICAC: octets("icac"), NOC: octets("noc"), EpochKeys: [][16]byte{[16]byte(octets("ipk"))}, Key: key.Bytes(),
	})
	if err != nil {
		t.Fatal(err)
	}
	n.Do(func(m *session.Manager, _ session.Instant, _ func(int) session.Peer) {
		if _, err := m.AddFabric(fabric); err != nil {
			t.Error(err)
		}
	})
}
