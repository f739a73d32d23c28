package session

import (
	"errors"
	"testing"
)

// TestAdversity runs PASE and an exchange of requests over a network that loses,
// repeats, reorders and delays: each seed completes, or fails with the right
// error; none hangs, delivers twice or leaves anything behind.
func TestAdversity(t *testing.T) {
	completed := 0
	for seed := range uint64(200) {
		if adversity(t, seed) {
			completed++
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d of 200 seeds completed", completed)
	if completed < 190 {
		t.Errorf("%d of 200 seeds completed at 10 %% loss, want at least 190", completed)
	}
}

func adversity(t *testing.T, seed uint64) (completed bool) {
	n, a, b := pasePair(t, seed)
	n.loss, n.duplicate, n.delay = 0.1, 0.1, 300
	const requests = 5
	delivered := map[byte]int{}
	b.on = func(e Event) {
		if in, ok := e.(MessageReceived); ok {
			delivered[in.Payload[0]]++
			if err := b.Send(n.now, in.Exchange, Message{Protocol: in.Protocol, Opcode: 9, Payload: in.Payload}); err != nil {
				t.Error(err)
			}
			b.CloseExchange(n.now, in.Exchange)
		}
	}
	answered, failed := 0, false
	ask := func(s SessionID) {
		x, err := a.OpenExchange(n.now, s)
		if err == nil {
			err = a.Send(n.now, x, Message{Protocol: ProtocolInteractionModel, Opcode: 8, Payload: []byte{byte(answered)}})
		}
		if err != nil {
			t.Error(err)
		}
	}
	a.on = func(e Event) {
		switch e := e.(type) {
		case SessionEstablished:
			ask(e.Session)
		case MessageReceived:
			if int(e.Payload[0]) != answered {
				t.Errorf("answer %d while waiting for %d", e.Payload[0], answered)
			}
			a.CloseExchange(n.now, e.Exchange)
			if answered++; answered < requests {
				ask(e.Session)
			}
		case ExchangeFailed:
			failed = true
			if !errors.Is(e.Err, ErrTimeout) {
				t.Errorf("exchange failed with %v", e.Err)
			}
		case HandshakeFailed:
			failed = true
			if !errors.Is(e.Err, ErrTimeout) {
				t.Errorf("handshake failed with %v", e.Err)
			}
		}
	}
	if _, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	n.run(600_000, nil)
	if answered < requests && !failed {
		t.Errorf("hangs after %d answers", answered)
	}
	for k, times := range delivered {
		if times != 1 {
			t.Errorf("request %d was delivered %d times", k, times)
		}
	}
	if left := len(a.exchanges) + len(b.exchanges) + len(a.runs) + len(b.runs) + len(a.unsecured) + len(b.unsecured) + len(a.reserved) + len(b.reserved); left != 0 {
		t.Errorf("%d things are left behind", left)
	}
	return answered == requests
}
