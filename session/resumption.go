package session

import "github.com/matter-session/matter-session/session/tlv"

// A ResumptionRecord lets a CASE session with one peer in one fabric be set up
// again without signatures. Each is good for one session, which leaves a new
// one. Matter Core §4.14.2.2.
//
// It holds the secret of past and coming sessions: store it as a key is stored.
type ResumptionRecord struct {
	ID         [16]byte
	Fabric     FabricIndex
	Peer       NodeID
	PeerCATs   []CAT
	Parameters Parameters // the peer's, as last stated

	// compressed is the fabric's compressed ID and local this node's ID in it.
	// The index alone would not do: it is given anew when a fabric is removed.
	compressed [8]byte
	local      NodeID
	secret     sharedSecret
}

// FabricID returns the compressed ID of the record's fabric, by which a stored
// record is brought to the right fabric again.
func (r *ResumptionRecord) FabricID() [8]byte { return r.compressed }

// String does not tell the secret.
func (ResumptionRecord) String() string { return "resumption record [redacted]" }

// GoString is String.
func (ResumptionRecord) GoString() string { return "resumption record [redacted]" }

// fits reports whether the record is of the fabric and of this node in it.
func (r *ResumptionRecord) fits(f *Fabric) bool {
	return r.Fabric == f.index && r.belongs(f)
}

// belongs is fits for a record that was stored: whatever index its fabric had then.
func (r *ResumptionRecord) belongs(f *Fabric) bool {
	return r.compressed == f.compressed && r.local == f.node
}

// clear erases the secret.
func (r *ResumptionRecord) clear() { clear(r.secret[:]) }

// maxPeerCATs is how many CASE authenticated tags a NOC can carry. Matter Core §6.6.2.1.2.
const maxPeerCATs = 3

// AppendTLV appends the record, its secret included, for storage: an anonymous
// structure of our own.
func (r *ResumptionRecord) AppendTLV(dst []byte) []byte {
	w := tlv.NewWriter(dst)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), r.ID[:])
	w.Bytes(tlv.Context(2), r.secret[:])
	w.Uint(tlv.Context(3), uint64(r.Fabric))
	w.Bytes(tlv.Context(4), r.compressed[:])
	w.Uint(tlv.Context(5), uint64(r.Peer))
	w.Array(tlv.Context(6))
	for _, c := range r.PeerCATs {
		w.Uint(tlv.Anonymous, uint64(c))
	}
	w.End()
	appendParameters(w, tlv.Context(7), r.Parameters)
	w.Uint(tlv.Context(8), uint64(r.local))
	w.End()
	return w.Octets()
}

// ParseResumptionRecord decodes what [ResumptionRecord.AppendTLV] made. Members
// that a later version may add are skipped. Errors wrap [ErrInvalid].
func ParseResumptionRecord(b []byte) (*ResumptionRecord, error) {
	m := new(ResumptionRecord)
	var seen tlv.Set
	r := enterMessage(b)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			readFixed(r, m.ID[:])
		case 2:
			readFixed(r, m.secret[:])
		case 3:
			m.Fabric = FabricIndex(r.Uint(254))
		case 4:
			readFixed(r, m.compressed[:])
		case 5:
			m.Peer = readNodeID(r)
		case 6:
			m.PeerCATs = readCATs(r)
		case 7:
			m.Parameters = parseParameters(r)
		case 8:
			m.local = readNodeID(r)
		}
	}
	r.Require(&seen, 1, 2, 3, 4, 5, 6, 7, 8)
	if err := closeMessage(r, "resumption record"); err != nil {
		m.clear()
		return nil, err
	}
	return m, nil
}

func readNodeID(r *tlv.Reader) NodeID {
	n := NodeID(r.Uint64())
	if !n.IsOperational() {
		r.Fail(errPeerNode)
	}
	return n
}

// readCATs reads tags as a NOC has them: each with a version, and no identifier
// twice. Matter Core §6.6.2.1.2.
func readCATs(r *tlv.Reader) (cats []CAT) {
	r.Enter(tlv.Array)
	for r.Next() {
		c := CAT(r.Uint32())
		for _, other := range cats {
			if other>>16 == c>>16 {
				r.Fail(errCATs)
			}
		}
		if c&0xFFFF == 0 || len(cats) == maxPeerCATs {
			r.Fail(errCATs)
		}
		cats = append(cats, c)
	}
	r.Exit()
	return cats
}
