package session

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/matter-session/matter-session/session/internal/ccm"
)

// standardHKDF is the standard library's, beside ours.
func standardHKDF(t *testing.T, secret []byte, salt [][]byte, info string, n int) []byte {
	t.Helper()
	b, err := hkdf.Key(sha256.New, secret, bytes.Join(salt, nil), info, n)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func standardOpen(t *testing.T, key, sealed []byte, nonce string) []byte {
	t.Helper()
	b, err := ccm.New((*[16]byte)(key)).Open(nil, (*[13]byte)([]byte(nonce)), sealed, nil)
	if err != nil {
		t.Fatalf("%s: %v", nonce, err)
	}
	return b
}

func checkSignature(t *testing.T, certificate testCertificate, message, signature []byte) {
	t.Helper()
	k := ecdsa.PublicKey{Curve: elliptic.P256(),
		X: new(big.Int).SetBytes(certificate.PublicKey[1:33]), Y: new(big.Int).SetBytes(certificate.PublicKey[33:])}
	digest := sha256.Sum256(message)
	if !ecdsa.Verify(&k, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Error("the signature is over something else")
	}
}

// octetString is a member of a message: context tag, length of one or two octets.
func octetString(tag byte, b []byte) []byte {
	if len(b) < 256 {
		return append([]byte{0x30, tag, byte(len(b))}, b...)
	}
	return append(binary.LittleEndian.AppendUint16([]byte{0x31, tag}, uint16(len(b))), b...)
}

func structure(members ...[]byte) []byte {
	return append(append([]byte{0x15}, bytes.Join(members, nil)...), 0x18)
}

// The two roles could agree with each other on something wrong. Here the wire is
// read by the formulae of Matter Core §4.14.2, with the standard library's
// ECDH, HKDF and ECDSA.
func TestCASEFollowsTheFormulae(t *testing.T) {
	authority := newTestAuthority(t, 50, 0x1122334455667788, false, 1)
	p := newPairOf(t, authority, 50)
	nocA, nocB := authority.noc(t, p.nodeA, nil), authority.noc(t, p.nodeB, nil)
	p.fa.noc, p.fa.key, p.fb.noc, p.fb.key = nocA.tlv, nocA.key, nocB.tlv, nocB.key

	var ephemeral [32]byte // the initiator's
	r := p.new()
	r.tap = func(n int, m *handshakeMessage) *handshakeMessage {
		if n == 1 {
			ephemeral = caseRunOf(r.a.hs).ephemeral.Bytes()
		}
		return m
	}
	r.run(t)
	if r.a.secrets == nil || r.b.secrets == nil {
		t.Fatal(r.a.err, r.b.err)
	}
	s1, _ := parseSigma1(r.wire[0].payload)
	s2, _ := parseSigma2(r.wire[1].payload)
	s3, _ := parseSigma3(r.wire[2].payload)

	private, err := ecdh.P256().NewPrivateKey(ephemeral[:])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(private.PublicKey().Bytes(), s1.publicKey[:]) {
		t.Error("Sigma1 has another key")
	}
	peer, err := ecdh.P256().NewPublicKey(s2.publicKey[:])
	if err != nil {
		t.Fatal(err)
	}
	secret, err := private.ECDH(peer)
	if err != nil {
		t.Fatal(err)
	}
	fabricID := binary.BigEndian.AppendUint64(nil, authority.fabric)
	compressed := standardHKDF(t, authority.root.PublicKey[1:], [][]byte{fabricID}, "CompressedFabric", 8)
	ipk := standardHKDF(t, authority.epochKeys[0][:], [][]byte{compressed}, "GroupKey v1.0", 16)
	digest := func(n int) []byte {
		h := sha256.New()
		for _, m := range r.wire[:n] {
			h.Write(m.payload)
		}
		return h.Sum(nil)
	}

	// Sigma2.
	key := standardHKDF(t, secret, [][]byte{ipk, s2.random[:], s2.publicKey[:], digest(1)}, "Sigma2", 16)
	part := standardOpen(t, key, s2.sealed, "NCASE_Sigma2N")
	tbe2, err := parseTBE(part, "Sigma2")
	if err != nil {
		t.Fatal(err)
	}
	if want := structure(octetString(1, nocB.tlv), octetString(3, tbe2.signature[:]), octetString(4, tbe2.resumptionID[:])); !bytes.Equal(part, want) {
		t.Errorf("Sigma2's part %x, want %x", part, want)
	}
	checkSignature(t, nocB, structure(octetString(1, nocB.tlv), octetString(3, s2.publicKey[:]), octetString(4, s1.publicKey[:])), tbe2.signature[:])

	// Sigma3.
	key = standardHKDF(t, secret, [][]byte{ipk, digest(2)}, "Sigma3", 16)
	part = standardOpen(t, key, s3.sealed, "NCASE_Sigma3N")
	tbe3, err := parseTBE(part, "Sigma3")
	if err != nil {
		t.Fatal(err)
	}
	if want := structure(octetString(1, nocA.tlv), octetString(3, tbe3.signature[:])); !bytes.Equal(part, want) {
		t.Errorf("Sigma3's part %x, want %x", part, want)
	}
	checkSignature(t, nocA, structure(octetString(1, nocA.tlv), octetString(3, s1.publicKey[:]), octetString(4, s2.publicKey[:])), tbe3.signature[:])

	if !bytes.Equal(r.wire[3].payload, make([]byte, 8)) {
		t.Errorf("the end is %x", r.wire[3].payload)
	}
	checkKeys(t, r.a.secrets.keys, standardHKDF(t, secret, [][]byte{ipk, digest(3)}, "SessionKeys", 48))
	if id := r.a.secrets.resumption.ID; id != *tbe2.resumptionID {
		t.Error("another resumption ID")
	}

	// Resumption.
	p.record, p.tables.records = r.a.secrets.resumption, []*ResumptionRecord{r.b.secrets.resumption}
	old := p.record.ID
	r = p.establish(t)
	s1, _ = parseSigma1(r.wire[0].payload)
	resume, err := parseSigma2Resume(r.wire[1].payload)
	if err != nil || s1.resumption == nil || s1.resumption.id != old || resume.id == old {
		t.Fatalf("no resumption: %v", err)
	}
	key = standardHKDF(t, secret, [][]byte{s1.random[:], old[:]}, "Sigma1_Resume", 16)
	if b := standardOpen(t, key, s1.resumption.mic[:], "NCASE_SigmaS1"); len(b) != 0 {
		t.Error("the first MIC is over something")
	}
	key = standardHKDF(t, secret, [][]byte{s1.random[:], resume.id[:]}, "Sigma2_Resume", 16)
	if b := standardOpen(t, key, resume.mic[:], "NCASE_SigmaS2"); len(b) != 0 {
		t.Error("the second MIC is over something")
	}
	if !bytes.Equal(r.wire[2].payload, make([]byte, 8)) {
		t.Errorf("the end is %x", r.wire[2].payload)
	}
	checkKeys(t, r.b.secrets.keys, standardHKDF(t, secret, [][]byte{s1.random[:], old[:]}, "SessionResumptionKeys", 48))
}

func checkKeys(t *testing.T, got sessionKeys, want []byte) {
	t.Helper()
	if got.i2r != key(want[:16]) || got.r2i != key(want[16:32]) || got.attestationChallenge != key(want[32:]) {
		t.Error("the session keys follow another formula")
	}
}
