package abi

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/tlv"
)

// An outside key is one of the standard library's, as a host's is.
type outsideKey struct{ *ecdsa.PrivateKey }

func newOutsideKey(t testing.TB) outsideKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return outsideKey{k}
}

func (k outsideKey) public(t testing.TB) []byte {
	t.Helper()
	b, err := k.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (k outsideKey) sign(t testing.TB, data []byte) []byte {
	t.Helper()
	digest := sha256.Sum256(data)
	r, s, err := ecdsa.Sign(rand.Reader, k.PrivateKey, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

// certificate asks for a certificate in its two steps, without an instance.
func (k outsideKey) certificate(t testing.TB, number uint64, root []byte, f func(w *tlv.Writer)) []byte {
	t.Helper()
	m := ask(t, 0, 0, number, f)
	tbs, pending := m.octets(1), m.octets(2)
	return ask(t, 0, 0, 42, func(w *tlv.Writer) {
		w.Bytes(ctx(1), pending)
		w.Bytes(ctx(2), k.sign(t, tbs))
		if root != nil {
			w.Bytes(ctx(3), root)
		}
	}).octets(1)
}

// TestCertificatesOfAnOutsideKey makes a fabric whose keys the blob never sees
// and opens it.
func TestCertificatesOfAnOutsideKey(t *testing.T) {
	rootKey, own, device := newOutsideKey(t), newOutsideKey(t), newOutsideKey(t)
	const now = 800_000_000
	root := rootKey.certificate(t, 40, nil, func(w *tlv.Writer) {
		w.Bytes(ctx(1), rootKey.public(t))
		w.Uint(ctx(2), now)
	})
	noc := rootKey.certificate(t, 41, root, func(w *tlv.Writer) {
		w.Bytes(ctx(1), root)
		w.Bytes(ctx(3), own.public(t))
		w.Uint(ctx(4), 0xFAB)
		w.Uint(ctx(5), 0xA)
		w.Uint(ctx(6), now)
	})
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, device.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	issued := rootKey.certificate(t, 41, root, func(w *tlv.Writer) {
		w.Bytes(ctx(1), root)
		w.Bytes(ctx(2), csr)
		w.Uint(ctx(4), 0xFAB)
		w.Uint(ctx(5), 0xB)
	})
	c, err := cert.ParseTLV(issued)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.PublicKey[:], device.public(t)) {
		t.Error("the certificate is for another key than the request's")
	}
	h := openInstance(t)
	for _, noc := range [][]byte{noc, issued} {
		m := ask(t, h, 0, 3, func(w *tlv.Writer) {
			w.Bytes(ctx(1), root)
			w.Bytes(ctx(2), noc)
			w.Bytes(ctx(4), make([]byte, 16))
			w.Uint(ctx(5), 0xFFF1)
		})
		if m.u64(2) != 0xFAB || m.u64(3) != 0xA && m.u64(3) != 0xB {
			t.Errorf("fabric %x, node %x", m.u64(2), m.u64(3))
		}
		ask(t, h, 0, 8, func(w *tlv.Writer) { w.Uint(ctx(1), m.uint(1, 255)) })
	}
}

func TestCertificateRequestsThatAreRefused(t *testing.T) {
	key, other := newOutsideKey(t), newOutsideKey(t)
	root := key.certificate(t, 40, nil, func(w *tlv.Writer) { w.Bytes(ctx(1), key.public(t)) })
	m := ask(t, 0, 0, 41, func(w *tlv.Writer) {
		w.Bytes(ctx(1), root)
		w.Bytes(ctx(3), other.public(t))
		w.Uint(ctx(4), 1)
		w.Uint(ctx(5), 1)
	})
	tbs, pending := m.octets(1), m.octets(2)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, other.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	csr[len(csr)-1] ^= 1
	off := key.public(t)
	off[64] ^= 1
	node := func(f func(w *tlv.Writer)) func(w *tlv.Writer) {
		return func(w *tlv.Writer) {
			w.Bytes(ctx(1), root)
			f(w)
			w.Uint(ctx(4), 1)
			w.Uint(ctx(5), 1)
		}
	}
	for name, v := range map[string]struct {
		number uint64
		want   code
		f      func(w *tlv.Writer)
	}{
		"a root's key of 64 octets":      {40, codeArgument, func(w *tlv.Writer) { w.Bytes(ctx(1), off[:64]) }},
		"a root's key that is a text":    {40, codeArgument, func(w *tlv.Writer) { w.String(ctx(1), "key") }},
		"a root's key that is no point":  {40, codeCertificate, func(w *tlv.Writer) { w.Bytes(ctx(1), off) }},
		"a time of 33 bits":              {40, codeArgument, func(w *tlv.Writer) { w.Bytes(ctx(1), key.public(t)); w.Uint(ctx(2), 1<<32) }},
		"a node without a key":           {41, codeArgument, node(func(*tlv.Writer) {})},
		"a node with two":                {41, codeArgument, node(func(w *tlv.Writer) { w.Bytes(ctx(2), csr); w.Bytes(ctx(3), key.public(t)) })},
		"a request that is a number":     {41, codeArgument, node(func(w *tlv.Writer) { w.Uint(ctx(2), 1) })},
		"a request with a bad signature": {41, codeCertificate, node(func(w *tlv.Writer) { w.Bytes(ctx(2), csr) })},
		"no fabric": {41, codeArgument, func(w *tlv.Writer) {
			w.Bytes(ctx(1), root)
			w.Bytes(ctx(3), key.public(t))
			w.Uint(ctx(5), 1)
		}},
		"a signature of 63 octets": {42, codeArgument, func(w *tlv.Writer) {
			w.Bytes(ctx(1), pending)
			w.Bytes(ctx(2), make([]byte, 63))
			w.Bytes(ctx(3), root)
		}},
		"another key's signature": {42, codeCertificate, func(w *tlv.Writer) {
			w.Bytes(ctx(1), pending)
			w.Bytes(ctx(2), other.sign(t, tbs))
			w.Bytes(ctx(3), root)
		}},
		"a node's as a root's": {42, codeCertificate, func(w *tlv.Writer) {
			w.Bytes(ctx(1), pending)
			w.Bytes(ctx(2), key.sign(t, tbs))
		}},
		"what is signed already": {42, codeCertificate, func(w *tlv.Writer) {
			w.Bytes(ctx(1), root) // a root is not a node that it issued
			w.Bytes(ctx(2), make([]byte, 64))
			w.Bytes(ctx(3), root)
		}},
	} {
		b := structure(func(w *tlv.Writer) {
			w.Uint(ctx(0), v.number)
			v.f(w)
		})
		if r := Request(0, 0, load(b), rand.Reader); r != -int32(v.want) {
			t.Errorf("%s: got %d (%v), want %d", name, r, failure, -int32(v.want))
		}
	}
}
