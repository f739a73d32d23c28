package cert

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session/internal/p256"
)

// csrWith makes a request of a subject and attributes, as DER, signed well.
func csrWith(subject, attributes string, k *p256.PrivateKey) []byte {
	public := k.PublicKey()
	body, mark := beginDER(nil, derSequence)
	body = append(body, derVersion0...)
	body = append(body, subject...)
	body = appendPublicKey(body, &public)
	body = append(body, attributes...)
	body = endDER(body, mark)
	signature, _ := k.Sign(nil, body)
	return appendSigned(nil, body, &signature)
}

// An empty subject aborted a commissioning: the subject is nobody's business.
func TestField_F22_CSRSubjects(t *testing.T) {
	k := newKey("csr")
	long := string(appendDER(nil, derSequence, appendDER(nil, derSet, appendDER(nil, derSequence,
		[]byte("\x06\x03\x55\x04\x03"+string(appendDERString(nil, derUTF8, strings.Repeat("long ", 100))))))))
	name := "\x30\x08\x06\x03\x55\x04\x0a\x0c\x01a"
	for what, subject := range map[string]string{
		"empty":        "\x30\x00",
		"long":         long,
		"multi-valued": "\x30\x16\x31\x14" + name + name,
		"nonsense":     "\x30\x03\x02\x01\x05",
	} {
		for _, attributes := range []string{"\xa0\x00", "", "\xa0\x02\x05\x00"} {
			got, err := ParseCSR(csrWith(subject, attributes, k))
			if err != nil || got != k.PublicKey() {
				t.Errorf("%s subject, attributes %x: got %x, %v", what, attributes, got, err)
			}
		}
	}
}

func TestCSRIsReadByAnotherImplementation(t *testing.T) {
	k := newKey("csr")
	public := k.PublicKey()
	b, err := AppendCSR([]byte{0xAA}, &public, signWith(k))
	if err != nil || b[0] != 0xAA {
		t.Fatal(err)
	}
	request, err := x509.ParseCertificateRequest(b[1:])
	if err != nil {
		t.Fatal(err)
	}
	if err := request.CheckSignature(); err != nil {
		t.Error(err)
	}
	if got := request.Subject.String(); got != "O=CSR" {
		t.Errorf("subject %q", got)
	}
	if got, err := ParseCSR(b[1:]); err != nil || got != public {
		t.Errorf("got %x, %v", got, err)
	}
	broken := errors.New("broken")
	if _, err := AppendCSR(nil, &public, func([]byte) ([64]byte, error) { return [64]byte{}, broken }); err != broken {
		t.Errorf("got %v, want the signer's error", err)
	}
}

// matter.js's request, signed with its key.
func TestCSRVector(t *testing.T) {
	var file struct {
		Values []struct{ Name, Hex string }
	}
	readJSON(t, "certs_matterjs.json", &file)
	var key, public, info []byte
	for i, v := range file.Values {
		if v.Name == "TEST_PRIVATE_KEY" {
			key, public, info = unhex(t, v.Hex), unhex(t, file.Values[i+1].Hex), unhex(t, file.Values[i+2].Hex)
		}
	}
	k, err := p256.NewPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := k.Sign(nil, info)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseCSR(appendSigned(nil, info, &signature))
	if err != nil || !bytes.Equal(got[:], public) {
		t.Errorf("got %x, %v; want %x", got, err, public)
	}
	// Ours is the same request.
	point := k.PublicKey()
	ours, err := AppendCSR(nil, &point, signWith(k))
	if err != nil || !strings.Contains(hex.EncodeToString(ours), hex.EncodeToString(info)) {
		t.Errorf("got %x, %v", ours, err)
	}
}

func TestCSRRefused(t *testing.T) {
	k := newKey("csr")
	good := csrWith("\x30\x00", "\xa0\x00", k)
	public := k.PublicKey()
	offCurve := public
	offCurve[64] ^= 1
	for name, v := range map[string]struct {
		b     []byte
		words string
	}{
		"signature":         {csrWith("\x30\x00", "\xa0\x00", k), ""},
		"another key signs": {bytes.Replace(good, public[:], []byte(string(keyOf("other"))), 1), "signature"},
		"subject changed":   {replaceIn(t, good, bytes.Index(good, []byte("\x30\x00")), "\x30\x00", "\x30\x02\x05\x00"), "signature"},
		"version 1":         {replaceOnce(t, good, derVersion0, "\x02\x01\x01"), "version"},
		"subject missing":   {replaceIn(t, good, bytes.Index(good, []byte("\x30\x00")), "\x30\x00", "\x05\x00"), "subject"},
		"compressed key":    {bytes.Replace(good, public[:], append([]byte{2}, public[1:]...), 1), "public key"},
		"key not on curve":  {bytes.Replace(good, public[:], offCurve[:], 1), "public key"},
		"other attributes":  {csrWith("\x30\x00", "\xa1\x00", k), "attributes"},
		"two attributes":    {csrWith("\x30\x00", "\xa0\x00\xa0\x00", k), "attributes"},
		"another algorithm": {bytes.ReplaceAll(good, []byte(oidECDSAWithSHA256), []byte("\x2a\x86\x48\xce\x3d\x04\x03\x03")), "ECDSA with SHA-256"},
	} {
		_, err := ParseCSR(v.b)
		if v.words == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		wantParse(t, name, err, v.words)
	}
	for n := range good {
		if got, err := ParseCSR(good[:n]); err == nil || got != [65]byte{} {
			t.Errorf("%d of %d octets: accepted", n, len(good))
		}
	}
	if _, err := ParseCSR(append(good[:len(good):len(good)], 0)); err == nil {
		t.Error("accepted with an octet appended")
	}
	var e *SizeError
	if _, err := ParseCSR(make([]byte, MaxCSRSize+1)); !errors.As(err, &e) {
		t.Errorf("got %v, want a SizeError", err)
	}
}

func keyOf(word string) []byte {
	p := newKey(word).PublicKey()
	return p[:]
}
