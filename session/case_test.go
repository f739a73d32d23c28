package session

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"testing"

	"github.com/matter-session/matter-session/session/tlv"
)

// A caseMessage is one of CASE's messages with what there is to do with it.
type caseMessage struct {
	name  string
	bytes []byte
	again func(b []byte) ([]byte, error) // parse, then append
}

func fill(n int, start byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = start + byte(i)
	}
	return b
}

func caseMessages() []caseMessage {
	p := DefaultParameters()
	s1 := sigma1{
		random: [32]byte(fill(32, 1)), sessionID: 0x1234, destinationID: [32]byte(fill(32, 2)),
		publicKey: [65]byte(fill(65, 3)), parameters: &p,
		resumption: &sigma1Resumption{[16]byte(fill(16, 4)), [16]byte(fill(16, 5))},
	}
	s1short := s1
	s1short.parameters, s1short.resumption = nil, nil
	s2 := sigma2{random: [32]byte(fill(32, 6)), sessionID: 1, publicKey: [65]byte(fill(65, 7)), sealed: fill(300, 8), parameters: &p}
	s2r := sigma2Resume{[16]byte(fill(16, 9)), [16]byte(fill(16, 10)), 0xFFFF, &p}
	s3 := sigma3{fill(280, 11)}
	id := [16]byte(fill(16, 12))
	t2 := tbe{fill(250, 13), fill(240, 14), [64]byte(fill(64, 15)), &id}
	t3 := tbe{fill(250, 13), nil, [64]byte(fill(64, 15)), nil}
	rec := ResumptionRecord{id, 3, 0x1122334455667788, []CAT{0x10002, 0x20001}, p, [8]byte(fill(8, 1)), 5, sharedSecret(fill(32, 2))}
	return []caseMessage{
		{"Sigma1", s1.append(nil), again(parseSigma1, (*sigma1).append)},
		{"Sigma1 without options", s1short.append(nil), again(parseSigma1, (*sigma1).append)},
		{"Sigma2", s2.append(nil), again(parseSigma2, (*sigma2).append)},
		{"Sigma3", s3.append(nil), again(parseSigma3, (*sigma3).append)},
		{"Sigma2Resume", s2r.append(nil), again(parseSigma2Resume, (*sigma2Resume).append)},
		{"TBE of Sigma2", t2.append(nil), again(parseTBE2, (*tbe).append)},
		{"TBE of Sigma3", t3.append(nil), again(parseTBE3, (*tbe).append)},
		{"ResumptionRecord", rec.AppendTLV(nil), func(b []byte) ([]byte, error) {
			r, err := ParseResumptionRecord(b)
			if err != nil {
				return nil, err
			}
			return r.AppendTLV(nil), nil
		}},
	}
}

func parseTBE2(b []byte) (tbe, error) { return parseTBE(b, "Sigma2") }
func parseTBE3(b []byte) (tbe, error) { return parseTBE(b, "Sigma3") }

func again[M any](parse func([]byte) (M, error), appendTo func(*M, []byte) []byte) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		m, err := parse(b)
		if err != nil {
			return nil, err
		}
		return appendTo(&m, nil), nil
	}
}

func TestCASEMessagesRoundTrip(t *testing.T) {
	for _, m := range caseMessages() {
		got, err := m.again(m.bytes)
		if err != nil || !bytes.Equal(got, m.bytes) {
			t.Errorf("%s: got %x, %v\nwant %x", m.name, got, err, m.bytes)
		}
	}
}

// The octets of a Sigma1, Sigma2Resume and Sigma3 written out by hand.
func TestCASEMessageOctets(t *testing.T) {
	s1 := sigma1{sessionID: 0x1234, resumption: &sigma1Resumption{}}
	want := "15" + "300120" + zeros(32) + "25023412" + "300320" + zeros(32) + "300441" + zeros(65) +
		"300610" + zeros(16) + "300710" + zeros(16) + "18"
	if got := hex.EncodeToString(s1.append(nil)); got != want {
		t.Errorf("Sigma1: got %s\nwant %s", got, want)
	}
	s2r := sigma2Resume{sessionID: 7}
	want = "15" + "300110" + zeros(16) + "300210" + zeros(16) + "240307" + "18"
	if got := hex.EncodeToString(s2r.append(nil)); got != want {
		t.Errorf("Sigma2Resume: got %s\nwant %s", got, want)
	}
	s3 := sigma3{make([]byte, 256)}
	want = "15" + "31010001" + zeros(256) + "18"
	if got := hex.EncodeToString(s3.append(nil)); got != want {
		t.Errorf("Sigma3: got %s\nwant %s", got, want)
	}
	var a, b [65]byte
	want = "15" + "300102" + "0000" + "300203" + "000000" + "300341" + zeros(65) + "300441" + zeros(65) + "18"
	if got := hex.EncodeToString((&tbs{make([]byte, 2), make([]byte, 3), &a, &b}).append(nil)); got != want {
		t.Errorf("TBS: got %s\nwant %s", got, want)
	}
}

func zeros(n int) string { return hex.EncodeToString(make([]byte, n)) }

func TestField_F11_UnknownMembersAreSkippedAndEveryEndDemanded(t *testing.T) {
	w := tlv.NewWriter(nil)
	w.List(tlv.Context(0x20))
	w.Uint(tlv.Context(1), 99)
	w.Struct(tlv.Anonymous)
	w.Bytes(tlv.Context(1), []byte{0x18, 0x18})
	w.Array(tlv.Context(2))
	w.Null(tlv.Anonymous)
	w.End()
	w.End()
	w.End()
	extra := w.Octets()

	for _, m := range caseMessages() {
		body := m.bytes[:len(m.bytes)-1]
		for _, at := range []int{1, len(body)} { // first and last member
			with := append(append(append([]byte{}, body[:at]...), extra...), m.bytes[at:]...)
			got, err := m.again(with)
			if err != nil || !bytes.Equal(got, m.bytes) {
				t.Errorf("%s with an unknown member at %d: got %x, %v", m.name, at, got, err)
			}
			for n := range with {
				if _, err := m.again(with[:n]); !errors.Is(err, tlv.ErrTruncated) || !errors.Is(err, ErrInvalid) {
					t.Errorf("%s with an unknown member, %d of %d octets: got %v", m.name, n, len(with), err)
				}
			}
		}
		for n := range m.bytes {
			if _, err := m.again(m.bytes[:n]); !errors.Is(err, tlv.ErrTruncated) || !errors.Is(err, ErrInvalid) {
				t.Errorf("%s, %d of %d octets: got %v", m.name, n, len(m.bytes), err)
			}
		}
		for _, b := range []byte{0, 0x14, 0x18, 0xFF} {
			if got, err := m.again(append(bytes.Clone(m.bytes), b)); err == nil {
				t.Errorf("%s with octet %#x behind it: taken as %x", m.name, b, got)
			}
		}
	}
}

func TestCASEMessagesRefuseMissingMembers(t *testing.T) {
	optional := map[string]bool{"Sigma1 5": true, "Sigma2 5": true, "Sigma2Resume 4": true, "TBE of Sigma2 2": true}
	for _, m := range caseMessages() {
		for _, cut := range caseMembers(t, m.bytes) {
			name := m.name + " " + string('0'+cut.tag)
			_, err := m.again(cut.without)
			if (err == nil) != optional[name] {
				t.Errorf("%s left out: got %v", name, err)
			}
			var member *tlv.MemberError
			if !optional[name] && !errors.As(err, &member) && !errors.Is(err, errHalfResumption) {
				t.Errorf("%s left out: got %v, want a MemberError", name, err)
			}
			if _, err := m.again(cut.twice); !errors.As(err, &member) {
				t.Errorf("%s twice: got %v, want a MemberError", name, err)
			}
		}
	}
}

type memberCut struct {
	tag            byte
	without, twice []byte
}

// caseMembers takes a message apart: without and with a second copy of each member.
func caseMembers(t *testing.T, b []byte) (cuts []memberCut) {
	t.Helper()
	r := tlv.NewReader(b)
	r.Next()
	r.Enter(tlv.Struct)
	at := 1
	for r.Next() {
		n, _ := r.Tag().ContextNumber()
		raw := r.Raw()
		cuts = append(cuts, memberCut{n,
			append(bytes.Clone(b[:at]), b[at+len(raw):]...),
			append(append(bytes.Clone(b[:at]), raw...), b[at:]...),
		})
		at += len(raw)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return cuts
}

func TestSigma1RefusesHalfAResumption(t *testing.T) {
	for _, cut := range caseMembers(t, caseMessages()[0].bytes) {
		if cut.tag != 6 && cut.tag != 7 {
			continue
		}
		if _, err := parseSigma1(cut.without); !errors.Is(err, errHalfResumption) {
			t.Errorf("without member %d: got %v", cut.tag, err)
		}
	}
}

func TestCASEMessagesRefuseWrongSizes(t *testing.T) {
	sized := func(members ...any) []byte {
		w := tlv.NewWriter(nil)
		w.Struct(tlv.Anonymous)
		for i, m := range members {
			switch m := m.(type) {
			case int:
				w.Bytes(tlv.Context(uint8(i+1)), make([]byte, m))
			case uint64:
				w.Uint(tlv.Context(uint8(i+1)), m)
			}
		}
		w.End()
		return w.Octets()
	}
	id := uint64(1)
	for _, c := range []struct {
		name  string
		b     []byte
		parse func([]byte) error
		ok    bool
	}{
		{"Sigma1", sized(32, id, 32, 65), errOf(parseSigma1), true},
		{"Sigma1 random 31", sized(31, id, 32, 65), errOf(parseSigma1), false},
		{"Sigma1 random 33", sized(33, id, 32, 65), errOf(parseSigma1), false},
		{"Sigma1 destination 16", sized(32, id, 16, 65), errOf(parseSigma1), false},
		{"Sigma1 key 33", sized(32, id, 32, 33), errOf(parseSigma1), false},
		{"Sigma1 session ID 17 bits", sized(32, uint64(0x10000), 32, 65), errOf(parseSigma1), false},
		{"Sigma1 session ID 0", sized(32, uint64(0), 32, 65), errOf(parseSigma1), false},
		{"Sigma2", sized(32, id, 65, 16), errOf(parseSigma2), true},
		{"Sigma2 without a MIC", sized(32, id, 65, 15), errOf(parseSigma2), false},
		{"Sigma2 sealed too long", sized(32, id, 65, maxSealedSize+1), errOf(parseSigma2), false},
		{"Sigma2 session ID 0", sized(32, uint64(0), 65, 16), errOf(parseSigma2), false},
		{"Sigma2Resume", sized(16, 16, id), errOf(parseSigma2Resume), true},
		{"Sigma2Resume ID 15", sized(15, 16, id), errOf(parseSigma2Resume), false},
		{"Sigma2Resume MIC 8", sized(16, 8, id), errOf(parseSigma2Resume), false},
		{"Sigma2Resume session ID 0", sized(16, 16, uint64(0)), errOf(parseSigma2Resume), false},
		{"Sigma3", sized(16), errOf(parseSigma3), true},
		{"Sigma3 without a MIC", sized(15), errOf(parseSigma3), false},
		{"TBE2", sized(1, 0, 64, 16), errOf(parseTBE2), true},
		{"TBE2 empty NOC", sized(0, 0, 64, 16), errOf(parseTBE2), false},
		{"TBE2 NOC too long", sized(401, 0, 64, 16), errOf(parseTBE2), false},
		{"TBE2 ICAC too long", sized(1, 401, 64, 16), errOf(parseTBE2), false},
		{"TBE2 signature 63", sized(1, 0, 63, 16), errOf(parseTBE2), false},
		{"TBE2 ID 17", sized(1, 0, 64, 17), errOf(parseTBE2), false},
		{"TBE3 with something at 4", sized(1, 0, 64, 17), errOf(parseTBE3), true},
	} {
		if err := c.parse(c.b); (err == nil) != c.ok {
			t.Errorf("%s: got %v", c.name, err)
		} else if err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v is no ErrInvalid", c.name, err)
		}
	}
}

func errOf[M any](parse func([]byte) (M, error)) func([]byte) error {
	return func(b []byte) error { _, err := parse(b); return err }
}

// Widths beyond the shortest and members out of order are taken; the outermost
// structure has no tag.
func TestCASEMessagesAreReadLeniently(t *testing.T) {
	b, _ := hex.DecodeString("15" + "2703" + "0700000000000000" + "300210" + zeros(16) + "300110" + zeros(16) + "18")
	m, err := parseSigma2Resume(b)
	if err != nil || m.sessionID != 7 {
		t.Errorf("wide and unordered: got %v, %v", m.sessionID, err)
	}
	b, _ = hex.DecodeString("15" + "2103" + "0700" + "300210" + zeros(16) + "300110" + zeros(16) + "18")
	if _, err := parseSigma2Resume(b); err == nil {
		t.Error("a signed session ID was taken")
	}
	b, _ = hex.DecodeString("3501" + "300110" + zeros(16) + "300210" + zeros(16) + "240307" + "18")
	if _, err := parseSigma2Resume(b); !errors.Is(err, errTaggedMessage) {
		t.Errorf("a tagged message: got %v", err)
	}
	b, _ = hex.DecodeString("17" + "300110" + zeros(16) + "300210" + zeros(16) + "240307" + "18")
	if _, err := parseSigma2Resume(b); err == nil {
		t.Error("a list was taken as a message")
	}
}

// fuzzCASEMessage asserts that what is taken is stable: what it is appended as
// parses to the same value and the same octets.
func fuzzCASEMessage[M any](f *testing.F, parse func([]byte) (M, error), appendTo func(*M, []byte) []byte) {
	for _, m := range caseMessages() {
		f.Add(m.bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		m, err := parse(b)
		if !bytes.Equal(b, before) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("%v is no ErrInvalid", err)
			}
			return
		}
		once := appendTo(&m, nil)
		m2, err := parse(once)
		if err != nil || !reflect.DeepEqual(m, m2) {
			t.Fatalf("again: %+v, %v, want %+v", m2, err, m)
		}
		if twice := appendTo(&m2, nil); !bytes.Equal(once, twice) {
			t.Fatalf("again: %x, want %x", twice, once)
		}
	})
}

func FuzzParseSigma1(f *testing.F) { fuzzCASEMessage(f, parseSigma1, (*sigma1).append) }
func FuzzParseSigma2(f *testing.F) { fuzzCASEMessage(f, parseSigma2, (*sigma2).append) }
func FuzzParseSigma3(f *testing.F) { fuzzCASEMessage(f, parseSigma3, (*sigma3).append) }
func FuzzParseSigma2Resume(f *testing.F) {
	fuzzCASEMessage(f, parseSigma2Resume, (*sigma2Resume).append)
}
func FuzzParseTBE2(f *testing.F) { fuzzCASEMessage(f, parseTBE2, (*tbe).append) }
func FuzzParseTBE3(f *testing.F) { fuzzCASEMessage(f, parseTBE3, (*tbe).append) }
func FuzzParseResumptionRecord(f *testing.F) {
	fuzzCASEMessage(f, ParseResumptionRecord, func(r **ResumptionRecord, b []byte) []byte { return (*r).AppendTLV(b) })
}
