//go:build !js

// Package gomat_test pairs our responder with gomat, an initiator that others
// wrote in Go. gomat goes straight to an address, asks for one answer at a time
// and retransmits nothing.
package gomat_test

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/tom-code/gomat"

	"github.com/matter-session/matter-session/jsbridge/interop"
	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/cert"
)

const (
	passcode   = 20202021
	fabric     = 0x2906_c908_d115_d362
	controller = 100
	device     = 200
)

// answer is the payload of an InvokeResponse that gomat finds status 0 in; our
// node sends it to whatever it is asked, so that the keys are used in both
// directions.
var answer = []byte{0x15, 0x28, 0x00, 0x36, 0x01, 0x18, 0x24, 0xff, 0x0c, 0x18}

// listen starts our node: a PASE responder and, with a fabric, a CASE responder.
func listen(t *testing.T) *interop.Node {
	t.Helper()
	n, err := interop.Listen(func(m *session.Manager, now session.Instant, e session.Event) {
		if got, is := e.(session.MessageReceived); is && got.First {
			err := m.Send(now, got.Exchange, session.Message{Protocol: got.Protocol, Opcode: 9, Payload: answer})
			if err != nil {
				t.Errorf("answering: %v", err)
			}
			m.CloseExchange(now, got.Exchange)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// dial opens gomat's plain channel to our node.
func dial(t *testing.T, n *interop.Node) gomat.SecureChannel {
	t.Helper()
	channel, err := gomat.StartSecureChannel(net.IPv6loopback, n.Port(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = channel.Udp.Udp.Close() })
	return channel
}

// converse sends one invocation of gomat's on a secure channel and checks our answer.
func converse(t *testing.T, n *interop.Node, secure *gomat.SecureChannel, kind session.SessionKind) {
	t.Helper()
	established, err := interop.Await[session.SessionEstablished](n)
	if err != nil {
		t.Fatal(err)
	}
	n.Do(func(m *session.Manager, _ session.Instant, _ func(int) session.Peer) {
		info, known := m.Session(established.Session)
		if !known || info.Kind != kind || info.Initiator {
			t.Errorf("session %d: %+v, want one of %v that the peer initiated", established.Session, info, kind)
		}
		if kind == session.KindCASE && (info.PeerNode != controller || info.LocalNode != device) {
			t.Errorf("nodes %d and %d, want %d and %d", info.PeerNode, info.LocalNode, controller, device)
		}
	})
	request := gomat.EncodeIMInvokeRequest(1, 6, 2, nil, false, 4711)
	if err := secure.Send(request); err != nil {
		t.Fatal(err)
	}
	received, err := interop.Await[session.MessageReceived](n)
	if err != nil {
		t.Fatal(err)
	}
	const protocolHeader = 6
	if received.Opcode != 8 || !bytes.Equal(received.Payload, request[protocolHeader:]) {
		t.Errorf("received opcode %d, payload %x; want 8, %x", received.Opcode, received.Payload, request[protocolHeader:])
	}
	got, err := secure.Receive()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Payload, answer) {
		t.Errorf("gomat received %x, want %x", got.Payload, answer)
	}
	secure.Close() // sends CloseSession
	if _, err := interop.Await[session.SessionClosed](n); err != nil {
		t.Fatal(err)
	}
}

func openPASE(t *testing.T, n *interop.Node) {
	t.Helper()
	verifier, err := session.NewPASEVerifier(passcode, 1000, []byte("SPAKE2P Key Salt"))
	if err != nil {
		t.Fatal(err)
	}
	n.Do(func(m *session.Manager, _ session.Instant, _ func(int) session.Peer) {
		if err := m.OpenPASE(verifier); err != nil {
			t.Error(err)
		}
	})
}

func TestPASE(t *testing.T) {
	n := listen(t)
	openPASE(t, n)
	secure, err := gomat.Spake2pExchange(passcode, dial(t, n).Udp)
	if err != nil {
		t.Fatal(err)
	}
	converse(t, n, &secure, session.KindPASE)
}

func TestPASEWithTheWrongPasscode(t *testing.T) {
	n := listen(t)
	openPASE(t, n)
	// gomat does not look at our confirmation; it is we who must refuse its own.
	if _, err := gomat.Spake2pExchange(passcode+1, dial(t, n).Udp); err == nil || !strings.Contains(err.Error(), "not success") {
		t.Errorf("gomat was told: %v", err)
	}
	if _, err := interop.Await[session.HandshakeFailed](n); err != nil {
		t.Fatal(err)
	}
}

// join makes our node a member of gomat's fabric.
func join(t *testing.T, n *interop.Node, f *gomat.Fabric, c *certificates) {
	t.Helper()
	if err := c.CreateUser(device); err != nil {
		t.Fatal(err)
	}
	key, err := c.keys[device].Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var epochKey [16]byte // gomat's is fixed: 00 to 0f
	for i := range epochKey {
		epochKey[i] = byte(i)
	}
	ours, err := session.NewFabric(session.FabricConfig{
		Root:      gomat.SerializeCertificateIntoMatter(f, c.root),
		NOC:       gomat.SerializeCertificateIntoMatter(f, c.nodes[device]),
		EpochKeys: [][16]byte{epochKey}, Key: key,
	})
	if err != nil {
		t.Fatal(err)
	}
	if compressed := ours.CompressedID(); !bytes.Equal(compressed[:], f.CompressedFabric()) {
		t.Errorf("compressed fabric ID %x, gomat has %x", compressed, f.CompressedFabric())
	}
	n.Do(func(m *session.Manager, _ session.Instant, _ func(int) session.Peer) {
		if _, err := m.AddFabric(ours); err != nil {
			t.Error(err)
		}
	})
}

func TestCASE(t *testing.T) {
	c := newCertificates(t, fabric)
	f := gomat.NewFabric(fabric, c)
	if err := c.CreateUser(controller); err != nil {
		t.Fatal(err)
	}
	// One Sigma3 of gomat's in 128 has a signature with a leading zero left out,
	// which is malformed. Ten in a row have one in 10^21.
	var refusals []error
	for range 10 {
		n := listen(t)
		join(t, n, f, c)
		secure, err := gomat.SigmaExchange(f, controller, device, dial(t, n))
		if err == nil {
			converse(t, n, &secure, session.KindCASE)
			return
		}
		refusals = append(refusals, err)
	}
	t.Fatalf("CASE failed each time: %v", refusals)
}

func TestCASEWithAnotherFabric(t *testing.T) {
	n := listen(t)
	c := newCertificates(t, fabric)
	join(t, n, gomat.NewFabric(fabric, c), c)
	strange := newCertificates(t, fabric)
	if err := strange.CreateUser(controller); err != nil {
		t.Fatal(err)
	}
	_, err := gomat.SigmaExchange(gomat.NewFabric(fabric, strange), controller, device, dial(t, n))
	if err == nil || !strings.Contains(err.Error(), "status: 1 1") { // failure, no shared trust roots
		t.Errorf("gomat was told: %v", err)
	}
}

// gomat's own certificate manager marks every NOC as a CA.
func TestCASEWithANOCThatIsACA(t *testing.T) {
	n := listen(t)
	c := newCertificates(t, fabric)
	f := gomat.NewFabric(fabric, c)
	join(t, n, f, c)
	c.marksCA = true
	if err := c.CreateUser(controller); err != nil {
		t.Fatal(err)
	}
	_, err := gomat.SigmaExchange(f, controller, device, dial(t, n))
	if err == nil || !strings.Contains(err.Error(), "not ok 1 0 2") { // failure, secure channel, invalid parameter
		t.Errorf("gomat was told: %v", err)
	}
	failed, err := interop.Await[session.HandshakeFailed](n)
	if err != nil {
		t.Fatal(err)
	}
	if chain := (*cert.ChainError)(nil); !errors.As(failed.Err, &chain) {
		t.Errorf("got %v, want a *cert.ChainError", failed.Err)
	}
}
