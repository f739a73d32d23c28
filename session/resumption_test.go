package session

import (
	"errors"
	"reflect"
	"testing"

	"github.com/matter-session/matter-session/session/tlv"
)

func testRecord() ResumptionRecord {
	return ResumptionRecord{
		ID: [16]byte(fill(16, 1)), Fabric: 254, Peer: 0xFFFF_FFEF_FFFF_FFFF,
		PeerCATs: []CAT{0x00010001, 0x00020001, 0xFFFFFFFF}, Parameters: DefaultParameters(),
		compressed: [8]byte(fill(8, 2)), local: 9, secret: sharedSecret(fill(32, 3)),
	}
}

func TestResumptionRecordIsStoredAndRestored(t *testing.T) {
	full := testRecord()
	bare := ResumptionRecord{Peer: 1, local: 1}
	for _, want := range []ResumptionRecord{full, bare} {
		got, err := ParseResumptionRecord(want.AppendTLV(nil))
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
		if got.FabricID() != want.compressed {
			t.Error("the fabric is forgotten")
		}
	}
	// A record that was restored resumes.
	p := newTestPair(t, 1)
	p.establish(t)
	var err error
	if p.record, err = ParseResumptionRecord(p.record.AppendTLV(nil)); err != nil {
		t.Fatal(err)
	}
	stored, err := ParseResumptionRecord(p.tables.records[0].AppendTLV(nil))
	if err != nil {
		t.Fatal(err)
	}
	p.tables.records[0] = stored
	checkSession(t, p, p.establish(t), true)
}

func TestResumptionRecordTruncated(t *testing.T) {
	r := testRecord()
	b := r.AppendTLV(nil)
	for n := range b {
		if got, err := ParseResumptionRecord(b[:n]); got != nil || !errors.Is(err, tlv.ErrTruncated) {
			t.Errorf("%d of %d octets: got %v", n, len(b), err)
		}
	}
}

func TestResumptionRecordRefusesWhatCannotBe(t *testing.T) {
	for name, change := range map[string]func(r *ResumptionRecord){
		"fabric index 255":       func(r *ResumptionRecord) { r.Fabric = 255 },
		"peer 0":                 func(r *ResumptionRecord) { r.Peer = 0 },
		"a group as peer":        func(r *ResumptionRecord) { r.Peer = 0xFFFF_FFFF_FFFF_0001 },
		"this node 0":            func(r *ResumptionRecord) { r.local = 0 },
		"four tags":              func(r *ResumptionRecord) { r.PeerCATs = append(r.PeerCATs, 0x00030001) },
		"a tag of version 0":     func(r *ResumptionRecord) { r.PeerCATs[0] = 0x00050000 },
		"an identifier twice":    func(r *ResumptionRecord) { r.PeerCATs[1] = 0x00010002 },
		"the same tag, repeated": func(r *ResumptionRecord) { r.PeerCATs[1] = 0x00010001 },
	} {
		r := testRecord()
		change(&r)
		if got, err := ParseResumptionRecord(r.AppendTLV(nil)); err == nil || !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	r := testRecord()
	if r.clear(); r.secret != (sharedSecret{}) {
		t.Error("the secret is still there")
	}
}
