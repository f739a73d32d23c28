package abi

import (
	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/commission"
	"github.com/matter-session/matter-session/session/tlv"
)

// Certificates of a fabric whose root key the host has: first what is to be
// signed, then the certificate of that and its signature.

func prepareRoot(in *instance, _ session.Instant, m *members, w *tlv.Writer) error {
	key, utc := publicKey(m, 1), session.EpochSeconds(m.optional(2, 1<<32-1, 0))
	if m.err != nil {
		return m.err
	}
	p, err := commission.PrepareRoot(in.rand, utc, key)
	return writePrepared(w, p, err)
}

func prepareNOC(in *instance, _ session.Instant, m *members, w *tlv.Writer) error {
	root, fabric, node, utc := m.octets(1), session.FabricID(m.u64(4)), session.NodeID(m.u64(5)), session.EpochSeconds(m.optional(6, 1<<32-1, 0))
	var (
		key [65]byte
		err error
	)
	if m.has(2) == m.has(3) {
		return errArgument
	}
	if m.has(3) {
		key = publicKey(m, 3)
	} else if csr := m.octets(2); m.err == nil {
		key, err = cert.ParseCSR(csr)
	}
	if m.err != nil {
		return m.err
	}
	if err != nil {
		return err
	}
	p, err := commission.PrepareNOC(in.rand, utc, root, key, fabric, node)
	return writePrepared(w, p, err)
}

func finishCertificate(_ *instance, _ session.Instant, m *members, w *tlv.Writer) error {
	pending, signature, root := m.octets(1), m.octets(2), m.octets(3)
	if m.err != nil || len(signature) != 64 {
		return errArgument
	}
	c, err := commission.FinishCertificate(pending, [64]byte(signature), root)
	w.Bytes(ctx(1), c)
	return err
}

func writePrepared(w *tlv.Writer, p commission.PreparedCertificate, err error) error {
	w.Bytes(ctx(1), p.TBS)
	w.Bytes(ctx(2), p.Pending)
	return err
}

// publicKey is an uncompressed point.
func publicKey(m *members, n int) (key [65]byte) {
	if b := m.octets(n); len(b) == len(key) {
		return [65]byte(b)
	}
	m.err = errArgument
	return key
}
