//go:build !js

package gomat_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"testing"
	"time"
)

// certificates is a gomat.CertificateManager in memory. gomat's own marks a NOC
// as a CA, which a responder must refuse; this one does so only if it is told to.
// The order of extensions matters: gomat's TLV has them in this one.
type certificates struct {
	fabric  uint64
	marksCA bool
	key     *ecdsa.PrivateKey
	root    *x509.Certificate
	keys    map[uint64]*ecdsa.PrivateKey
	nodes   map[uint64]*x509.Certificate
}

func newCertificates(t *testing.T, fabric uint64) *certificates {
	t.Helper()
	c := &certificates{fabric: fabric, keys: map[uint64]*ecdsa.PrivateKey{}, nodes: map[uint64]*x509.Certificate{}}
	var err error
	if c.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := c.template(name(rcacID, 1), &c.key.PublicKey, true)
	if c.root, err = c.issue(template, template, &c.key.PublicKey); err != nil {
		t.Fatal(err)
	}
	return c
}

// Matter's attribute types in distinguished names. Matter Core §6.5.6.1.
var (
	nodeID   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 37244, 1, 1}
	rcacID   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 37244, 1, 4}
	fabricID = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 37244, 1, 5}
)

func name(pairs ...any) pkix.Name {
	var n pkix.Name
	for i := 0; i < len(pairs); i += 2 {
		value, err := asn1.MarshalWithParams(fmt.Sprintf("%016X", pairs[i+1]), "utf8")
		if err != nil {
			panic(err) // digits are UTF-8
		}
		n.ExtraNames = append(n.ExtraNames, pkix.AttributeTypeAndValue{
			Type: pairs[i].(asn1.ObjectIdentifier), Value: asn1.RawValue{FullBytes: value},
		})
	}
	return n
}

func keyID(key *ecdsa.PublicKey) []byte {
	b, err := key.Bytes()
	if err != nil {
		panic(err) // our own key is on its curve
	}
	sum := sha1.Sum(b)
	return sum[:]
}

func (c *certificates) template(subject pkix.Name, key *ecdsa.PublicKey, ca bool) *x509.Certificate {
	basicConstraints, keyUsage := []byte{0x30, 0x00}, []byte{3, 2, 7, 0x80}
	if ca {
		basicConstraints, keyUsage = []byte{0x30, 3, 1, 1, 0xff}, []byte{3, 2, 1, 6}
	}
	extension := func(arc int, critical bool, value ...byte) pkix.Extension {
		return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, arc}, Critical: critical, Value: value}
	}
	extensions := []pkix.Extension{extension(19, true, basicConstraints...), extension(15, true, keyUsage...)}
	if !ca { // client and server authentication
		extensions = append(extensions, extension(37, true,
			0x30, 0x14, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1))
	}
	extensions = append(extensions,
		extension(14, false, append([]byte{4, 20}, keyID(key)...)...),
		extension(35, false, append([]byte{0x30, 22, 0x80, 20}, keyID(&c.key.PublicKey)...)...))
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(int64(10_000 + len(c.nodes))), Subject: subject, NotBefore: now, NotAfter: now.AddDate(1, 0, 0),
		SignatureAlgorithm: x509.ECDSAWithSHA256, IsCA: ca, ExtraExtensions: extensions,
	}
}

// issue signs until both halves of the signature have 32 octets: gomat writes
// them without leading zeros, and so a TLV signature of fewer than 64.
func (c *certificates) issue(template, parent *x509.Certificate, key *ecdsa.PublicKey) (*x509.Certificate, error) {
	for {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key, c.key)
		if err != nil {
			return nil, err
		}
		issued, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		var signature struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(issued.Signature, &signature); err != nil {
			return nil, err
		}
		if signature.R.BitLen() > 248 && signature.S.BitLen() > 248 {
			return issued, nil
		}
	}
}

func (c *certificates) GetCaPublicKey() ecdsa.PublicKey     { return c.key.PublicKey }
func (c *certificates) GetCaCertificate() *x509.Certificate { return c.root }
func (c *certificates) GetCertificate(id uint64) (*x509.Certificate, error) {
	if node := c.nodes[id]; node != nil {
		return node, nil
	}
	return nil, fmt.Errorf("no certificate of node %d", id)
}
func (c *certificates) GetPrivkey(id uint64) (*ecdsa.PrivateKey, error) {
	if key := c.keys[id]; key != nil {
		return key, nil
	}
	return nil, fmt.Errorf("no key of node %d", id)
}

func (c *certificates) CreateUser(id uint64) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	c.keys[id] = key
	_, err = c.SignCertificate(&key.PublicKey, id)
	return err
}

func (c *certificates) SignCertificate(key *ecdsa.PublicKey, id uint64) (*x509.Certificate, error) {
	issued, err := c.issue(c.template(name(nodeID, id, fabricID, c.fabric), key, c.marksCA), c.root, key)
	if err == nil {
		c.nodes[id] = issued
	}
	return issued, err
}
