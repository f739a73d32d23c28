package session

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session/internal/ccm"
)

// printed returns the ways in which fmt may show the start of a secret.
func printed(secret []byte) []string {
	b := secret[:min(len(secret), 8)]
	syntax := fmt.Sprintf("%#v", b)
	return []string{
		string(b), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), fmt.Sprintf("% x", b),
		strings.Trim(fmt.Sprint(b), "[]"), syntax[strings.Index(syntax, "{")+1 : len(syntax)-1],
	}
}

// A log line is where a secret is lost most easily. Whatever of this package's
// a host prints, by whichever verb and as a value or by a pointer, none of its
// secrets is in it. What holds one in an unexported field must say for itself
// how it prints: fmt does not ask the field.
func TestSecretsAreNotPrinted(t *testing.T) {
	n := newTestNetwork(t, 130)
	authority := newTestAuthority(t, 130, 0xFAB1, false, 2)
	a, b := n.node(1, Config{Delegate: DelegatePBKDF2}), n.node(2, Config{})
	join(t, a, authority, testAdmin)
	join(t, b, authority, testDevice)
	verifier := testVerifier(t)
	if err := b.OpenPASE(verifier); err != nil {
		t.Fatal(err)
	}
	sa, _ := connect(t, n, a, b, testDevice, CASEOptions{})
	if _, err := a.StartPASE(n.now, b.peer, testPasscode, Parameters{}); err != nil {
		t.Fatal(err)
	}
	for len(a.out.Events) == 0 || len(b.runs) == 0 { // until the host is asked for work; it stays in a's output
		n.now++
		for _, g := range a.Output().Datagrams {
			b.Receive(n.now, a.peer, g.Octets)
		}
		for _, g := range b.Output().Datagrams {
			a.Receive(n.now, b.peer, g.Octets)
		}
	}
	work := a.out.Events[0].(WorkWanted).Work
	if work.Kind != WorkPBKDF2 {
		t.Fatalf("work of kind %d", work.Kind)
	}
	s, record, fabric := a.sessions[sa], a.resumptions[0], a.fabrics[0]
	info, _ := a.Session(sa)
	operational := fabric.key.Bytes()
	secrets := map[string][]string{
		"passcode":              append(printed(passcodeOctets(testPasscode)), fmt.Sprint(testPasscode), fmt.Sprintf("%x", testPasscode)),
		"attestation challenge": printed(s.attestationChallenge[:]),
		"resumption secret":     printed(record.secret[:]),
		"operational key":       printed(operational[:]),
		"IPK":                   printed(fabric.ipks[0][:]),
		"w0":                    printed(verifier.w0[:]),
		"L":                     printed(verifier.l[:]),
	}
	schedule := strings.Trim(fmt.Sprintf("%v", struct{ c ccm.Cipher }{s.encrypt}), "{[]} ")
	secrets["key schedule"] = []string{schedule[:40], schedule[len(schedule)-40:]}
	for name, forms := range secrets {
		for _, f := range forms {
			if len(f) < 4 {
				t.Fatalf("%s: no form to look for: %q", name, f)
			}
		}
	}
	if all := fmt.Sprintf("%v", struct{ s sharedSecret }{record.secret}); !strings.Contains(all, secrets["resumption secret"][4]) {
		t.Fatal("this test does not see what it looks for")
	}
	channel, err := NewChannel(ChannelConfig{FirstCounter: 1}, (*[16]byte)(&s.attestationChallenge), (*[16]byte)(&s.attestationChallenge), (*[16]byte)(&s.attestationChallenge))
	if err != nil {
		t.Fatal(err)
	}
	used := ChannelSchedule{encrypt: s.encrypt, canEncrypt: true}
	config := FabricConfig{Key: operational[:], EpochKeys: [][16]byte{fabric.ipks[0]}}
	hosted := HostedFabric{Key: operational[:], IPKs: [][16]byte{fabric.ipks[0]}}
	shake, err := NewPASEInitiator(HandshakeConfig{SessionID: 1, Rand: newTestRand(1)}, testPasscode)
	if err != nil {
		t.Fatal(err)
	}
	report := &StatusError{StatusReport{General: GeneralFailure}, ErrWrongPasscode}
	for _, v := range []any{
		s, *s, a.Manager, *a.Manager, info, &info, fabric, record, ResumptionSaved{record},
		work, &work, WorkWanted{work}, a.out, &a.out, Output{Events: a.out.Events},
		verifier, *verifier, info.AttestationChallenge, passcode(testPasscode),
		HandshakeFailed{1, KindPASE, true, report}, report, Config{}, a.Stats(), fabric.Index(), KindPASE,
		channel, &channel, *record, *fabric, Established{Channel: channel}, used, &used, config, &config, hosted, &hosted, shake, *shake,
		MessageReceived{}, SessionEstablished{}, SessionClosed{}, ExchangeFailed{}, Delivered{}, PASEClosed{},
		struct{ Secret key }{key(s.attestationChallenge)},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
			text := fmt.Sprintf(verb, v)
			for name, forms := range secrets {
				for _, f := range forms {
					if strings.Contains(text, f) || verb == "%x" && bytes.Contains([]byte(text), []byte(hex.EncodeToString([]byte(f)))) {
						t.Errorf("%s of a %T prints the %s", verb, v, name)
					}
				}
			}
		}
	}
}
