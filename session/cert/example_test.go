package cert_test

import (
	"crypto/rand"
	"fmt"

	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/internal/p256"
)

// A root issues itself and a node's certificate; the node's chain is checked.
func ExampleIssue() {
	rootKey, _ := p256.GenerateKey(rand.Reader)
	nodeKey, _ := p256.GenerateKey(rand.Reader)
	sign := func(tbs []byte) ([64]byte, error) { return rootKey.Sign(rand.Reader, tbs) }

	const now = 800_000_000 // seconds since 2000
	serial, _ := cert.NewSerial(rand.Reader)
	root, err := cert.Issue(cert.Template{
		Role: cert.RoleRoot, Serial: serial, Subject: cert.RootName(1, 0),
		NotBefore: now - 86400, PublicKey: rootKey.PublicKey(),
	}, sign)
	fmt.Println(root.Subject, err)

	serial, _ = cert.NewSerial(rand.Reader)
	noc, err := cert.Issue(cert.Template{
		Role: cert.RoleNode, Serial: serial, Subject: cert.NodeName(0xA, 0xFAB),
		NotBefore: now - 86400, PublicKey: nodeKey.PublicKey(), Issuer: root,
	}, sign)
	fmt.Println(noc.Subject, err)

	// What a peer receives.
	received, _ := cert.ParseTLV(noc.AppendTLV(nil))
	fmt.Println(cert.VerifyChain(received, nil, root, now))
	fmt.Println(cert.VerifyChain(received, nil, root, now-100_000))
	// Output:
	// root=0000000000000001 <nil>
	// node=000000000000000A, fabric=0000000000000FAB <nil>
	// <nil>
	// cert: node certificate: it is not yet valid
}
