package session

import (
	"encoding/binary"
	"testing"
)

// FuzzReceive gives a device with an open commissioning window, a fabric and a
// session whatever the fuzzer makes, as a run of datagrams: each is preceded by
// its length in two octets. Nothing of it is authentic, so no secure state may
// move, whatever it says; and no table may outgrow its bound.
func FuzzReceive(f *testing.F) {
	n, a, b, _ := casePair(f, 40)
	sa, sb := connect(f, n, a, b, testDevice, CASEOptions{})
	genuine := [][]byte{}
	n.filter = func(from, to Peer, octets []byte) [][]byte {
		genuine = append(genuine, octets)
		return nil
	}
	x, err := a.OpenExchange(n.now, sa)
	if err == nil {
		err = a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: 2, Payload: []byte("hello")})
	}
	if err != nil {
		f.Fatal(err)
	}
	for _, start := range []func() (HandshakeID, error){
		func() (HandshakeID, error) { return a.StartCASE(n.now, 2, 1, testDevice, CASEOptions{Full: true}) },
		func() (HandshakeID, error) { return a.StartPASE(n.now, 2, testPasscode, Parameters{}) },
	} {
		if _, err := start(); err != nil {
			f.Fatal(err)
		}
	}
	a.flush()
	if err := b.OpenPASE(testVerifier(f)); err != nil {
		f.Fatal(err)
	}
	secured := binary.LittleEndian.Uint16(genuine[0][1:])
	var all []byte
	for i, g := range genuine {
		if i > 0 { // the genuine secure one would be authentic: only a changed one is given
			all = binary.LittleEndian.AppendUint16(all, uint16(len(g)))
			all = append(all, g...)
		}
		f.Add(all)
	}
	changed := append([]byte(nil), genuine[0]...)
	for i := range 16 { // of the tag: a single octet the fuzzer would find again
		changed[len(changed)-1-i] ^= 0x5A
	}
	f.Add(append(binary.LittleEndian.AppendUint16(nil, uint16(len(changed))), changed...))
	if SessionID(secured) != sb {
		f.Fatal("the seed is not of the session")
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := *b.sessions[sb]
		now := n.now
		for i := 0; len(data) >= 2 && i < 64; i++ {
			size := min(int(binary.LittleEndian.Uint16(data)), len(data)-2)
			b.Receive(now, Peer(i%3), data[2:2+size])
			data = data[2+size:]
			now += 50
			b.Tick(now)
			out := b.Output()
			for _, e := range out.Events {
				switch e.(type) {
				case HandshakeFailed, PASEClosed:
				default:
					t.Fatalf("an event of unauthenticated octets: %#v", e)
				}
			}
			for _, d := range out.Datagrams {
				if len(d.Octets) > 1280 {
					t.Fatalf("a datagram of %d octets", len(d.Octets))
				}
			}
		}
		after := b.sessions[sb]
		if after == nil || after.in != before.in || after.peer != before.peer || after.lastHeard != before.lastHeard {
			t.Fatal("unauthenticated octets moved a secure session")
		}
		if len(b.sessions) != 1 || len(b.runs) > maxHandshakes || len(b.unsecured) > maxUnsecured ||
			len(b.exchanges) > maxExchanges || len(b.reserved) > maxHandshakes {
			t.Fatal("a table outgrew its bound")
		}
		// The next input starts with an idle device.
		for range 20 { // each lets one transmission more pass
			now += 400_000
			b.Tick(now)
		}
		b.Output()
		if b.pase == nil {
			if err := b.OpenPASE(testVerifier(t)); err != nil {
				t.Fatal(err)
			}
		}
		if len(b.runs)+len(b.reserved)+len(b.exchanges)+len(b.unsecured) != 0 {
			t.Fatal("something of it stays for ever")
		}
	})
}
