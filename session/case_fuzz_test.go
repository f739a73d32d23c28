package session

import (
	"runtime"
	"testing"

	"github.com/matter-session/matter-session/session/tlv"
)

// checkMutated demands what the protocol promises when one octet of one message
// was changed on the way.
//
// In full every octet of Sigma1, Sigma2 and Sigma3 is bound by the transcript
// and by what is encrypted and signed, so that nobody gets past the message
// that shows the change: never do both sides have a session. The report of
// success is bound by nothing: whoever waits for it can be made to give up, and
// the responder has its session by then.
//
// A resumption binds the random, the resumption IDs and the MICs, and nothing
// else. Session IDs, parameters and the ephemeral key, which is not used, can be
// changed unseen: the keys are still the same, no third party knows them, and a
// wrong session ID makes a session in which nothing can be said.
func checkMutated(t *testing.T, p *testPair, r *testRun, message int) {
	t.Helper()
	a, b := r.a.secrets, r.b.secrets
	if r.a.secrets != nil && r.a.err != nil || r.b.secrets != nil && r.b.err != nil {
		t.Fatal("a session and an error")
	}
	if a == nil || b == nil {
		if r.a.err == nil && r.b.err == nil {
			t.Fatal("nobody has noticed, and there is no session")
		}
		if a != nil && !a.resumed {
			t.Fatal("an initiator has a full session that its responder does not know of")
		}
		return
	}
	if a.resumed != b.resumed || a.keys != b.keys || a.resumption.ID != b.resumption.ID || a.resumption.secret != b.resumption.secret {
		t.Fatal("two sessions that do not fit")
	}
	if !a.resumed {
		t.Fatalf("message %d was changed and nobody noticed", message)
	}
	if a.fabric != p.fa || b.fabric != p.fb || a.peerNode != p.fb.node || b.peerNode != p.fa.node {
		t.Fatal("a resumed session with somebody else")
	}
	// A change of Sigma1 shows at the responder, one of Sigma2Resume at the
	// initiator, and only in what is named above.
	if message != 0 && (b.peerSessionID != p.sessionA || b.peerParameters != p.parametersA) ||
		message != 1 && (a.peerSessionID != p.sessionB || a.peerParameters != p.parametersB) {
		t.Fatalf("a change of message %d shows on the wrong side", message)
	}
}

func mutate(t *testing.T, p *testPair, message, at int, flip byte) (r *testRun, done bool) {
	t.Helper()
	r = p.new()
	r.tap = func(n int, m *handshakeMessage) *handshakeMessage {
		if n == message && len(m.payload) > 0 {
			m.payload[at%len(m.payload)] ^= flip
			done = true
		}
		return m
	}
	r.run(t)
	return r, done
}

func FuzzCASEMutatedSequence(f *testing.F) {
	for message := range uint8(4) {
		for _, at := range []uint16{0, 3, 36, 40, 75, 100, 145, 170, 200, 400} {
			f.Add(false, message, at, byte(1))
			f.Add(true, message, at, byte(0x80))
		}
	}
	f.Fuzz(func(t *testing.T, resume bool, message uint8, at uint16, flip byte) {
		message %= 4
		if flip == 0 {
			return
		}
		p := newTestPair(t, 41)
		if resume {
			p.establish(t)
		}
		r, done := mutate(t, p, int(message), int(at), flip)
		if done {
			checkMutated(t, p, r, int(message))
		}
	})
}

// Every octet of every message, one bit each. Under wasm, where the curve is an
// order of magnitude slower, every seventh of a CASE in full.
func TestCASEEveryOctetChanged(t *testing.T) {
	full, resumed := newTestPair(t, 42), newTestPair(t, 42)
	resumed.establish(t)
	record, records := resumed.record, resumed.tables.records
	unseen := 0
	for _, resume := range []bool{false, true} {
		p := full
		if resume {
			p = resumed
			p.record, p.tables.records = record, copyRecords(records)
		}
		plain := p.new()
		plain.run(t)
		for message, m := range plain.wire {
			step := 1
			if !resume && runtime.GOARCH == "wasm" {
				step = 7
			}
			for at := 0; at < len(m.payload); at += step {
				if resume {
					p.record, p.tables.records = record, copyRecords(records)
				}
				r, _ := mutate(t, p, message, at, 1<<(at%8))
				checkMutated(t, p, r, message)
				if r.a.secrets != nil && r.b.secrets != nil {
					unseen++
				}
			}
		}
	}
	// In a resumption: a session ID of 2 octets and an ephemeral key of 65 in
	// Sigma1, a session ID in Sigma2Resume, and what parameters hold in both. More
	// would mean that something has come loose.
	parameters := len(tlvParameters(DefaultParameters()))
	if unseen < 2+65+2 || unseen > 2+65+2+2*parameters {
		t.Errorf("%d octets can be changed unseen", unseen)
	}
}

func tlvParameters(p Parameters) []byte {
	w := tlv.NewWriter(nil)
	appendParameters(w, tlv.Anonymous, p)
	return w.Octets()
}
