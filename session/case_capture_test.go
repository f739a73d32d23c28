package session

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/matter-session/matter-session/session/internal/p256"
)

type hexOctets []byte

func (h *hexOctets) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

type caseCapture struct {
	Root, NOC, EpochKey, EphemeralKey hexOctets
	Full, Resumed                     struct {
		Messages             []hexOctets
		AttestationChallenge hexOctets
	}
}

func readCASECapture(t *testing.T) (v caseCapture, f *Fabric) {
	t.Helper()
	b, err := os.ReadFile("testdata/case_capture.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Full.Messages) != 4 || len(v.Resumed.Messages) != 3 {
		t.Fatal("the capture is not whole")
	}
	f, err = NewFabric(FabricConfig{Root: v.Root, NOC: v.NOC, EpochKeys: [][16]byte{[16]byte(v.EpochKey)}})
	if err != nil {
		t.Fatal(err)
	}
	return v, f
}

// A CASE with matter.js as responder, gone through once more with its messages:
// its certificate, signature, MICs and keys, and ours as it took them.
func TestCASECapture(t *testing.T) {
	v, f := readCASECapture(t)
	s1, err := parseSigma1(v.Full.Messages[0])
	if err != nil {
		t.Fatal(err)
	}
	c := newCASEInitiator(handshakeConfig{sessionID: s1.sessionID}, f, 0x2222, nil).(*caseInitiator)
	c.random, c.ipk = s1.random, f.ipks[0]
	if c.ephemeral, err = p256.NewPrivateKey(v.EphemeralKey); err != nil {
		t.Fatal(err)
	}
	if c.publicKey = c.ephemeral.PublicKey(); c.publicKey != s1.publicKey || s1.destinationID != f.destinationID(&c.ipk, &c.random, 0x2222) {
		t.Fatal("this is not the capture's Sigma1")
	}
	c.transcript.Write(v.Full.Messages[0])
	step, err := c.full(v.Full.Messages[1])
	if err != nil || step.work == nil || step.work.Kind != WorkSign {
		t.Fatalf("Sigma2: got %+v, %v", step, err)
	}

	// Our part of it, which matter.js took.
	s3, err := parseSigma3(v.Full.Messages[2])
	if err != nil {
		t.Fatal(err)
	}
	digest := c.transcript.Sum()
	k := c.secret.sigma3Key(&c.ipk, &digest)
	plaintext, err := open(&k, &nonceSigma3, s3.sealed)
	if err != nil {
		t.Fatal(err)
	}
	own, err := parseTBE(plaintext, "Sigma3")
	if err != nil || string(own.noc) != string(v.NOC) {
		t.Fatalf("Sigma3: got %x, %v", own.noc, err)
	}
	noc, _, _ := parseChain(own.noc, nil)
	if !p256.Verify(noc.PublicKey[:], step.work.Data, own.signature[:]) {
		t.Error("what is signed has changed")
	}
	c.transcript.Write(v.Full.Messages[2])
	if err := awaitSuccess(handshakeMessage{OpcodeStatusReport, v.Full.Messages[3]}); err != nil {
		t.Error(err)
	}
	s2, _ := parseSigma2(v.Full.Messages[1])
	part := openSigma2(t, c, &s2, v.Full.Messages[0])
	secrets := c.establish(true, &peerIdentity{node: 0x2222}, *part.resumptionID)
	if string(secrets.keys.attestationChallenge[:]) != string(v.Full.AttestationChallenge) {
		t.Error("the keys differ from matter.js's")
	}

	// The resumption.
	r1, err := parseSigma1(v.Resumed.Messages[0])
	if err != nil {
		t.Fatal(err)
	}
	record := secrets.resumption
	if r1.resumption == nil || r1.resumption.id != record.ID || !record.secret.checkResume1MIC(&r1.random, &record.ID, &r1.resumption.mic) {
		t.Fatal("the resumption is another session's")
	}
	c = newCASEInitiator(handshakeConfig{}, f, 0x2222, record).(*caseInitiator)
	c.random = r1.random
	step, err = c.onSigma2(handshakeMessage{OpcodeCASESigma2Resume, v.Resumed.Messages[1]})
	if err != nil || step.secrets == nil || string(step.send.payload) != string(v.Resumed.Messages[2]) {
		t.Fatalf("Sigma2Resume: got %+v, %v", step, err)
	}
	if string(step.secrets.keys.attestationChallenge[:]) != string(v.Resumed.AttestationChallenge) {
		t.Error("the resumed keys differ from matter.js's")
	}
}

func openSigma2(t *testing.T, c *caseInitiator, m *sigma2, sigma1 []byte) tbe {
	t.Helper()
	var one caseRun
	one.transcript.Write(sigma1)
	digest := one.transcript.Sum()
	k := c.secret.sigma2Key(&c.ipk, &m.random, &c.peerPublicKey, &digest)
	plaintext, err := open(&k, &nonceSigma2, m.sealed)
	if err != nil {
		t.Fatal(err)
	}
	part, err := parseTBE(plaintext, "Sigma2")
	if err != nil {
		t.Fatal(err)
	}
	return part
}
