package session

import (
	"bytes"
	"errors"
	"testing"
)

func TestStatusReportRoundTrip(t *testing.T) {
	for _, r := range []StatusReport{
		{},
		{General: GeneralFailure, Code: StatusNoSharedTrustRoots},
		{General: GeneralBusy, Code: StatusBusy, Data: []byte{0x10, 0x27}},
		{General: 0xABCD, Protocol: 0xFFF10001, Code: 0xFFFF, Data: []byte{1}},
	} {
		octets := r.Append(nil)
		got, err := ParseStatusReport(octets)
		if err != nil || got.General != r.General || got.Protocol != r.Protocol || got.Code != r.Code || !bytes.Equal(got.Data, r.Data) {
			t.Errorf("%+v: came back as %+v, %v", r, got, err)
		}
		for n := range 8 {
			if _, err := ParseStatusReport(octets[:n]); !errors.Is(err, ErrTruncated) {
				t.Errorf("%d octets: %v, want ErrTruncated", n, err)
			}
		}
	}
}

func TestStatusReportBusyWait(t *testing.T) {
	for _, test := range []struct {
		report StatusReport
		wait   Milliseconds
		busy   bool
	}{
		{StatusReport{General: GeneralBusy, Code: StatusBusy, Data: []byte{0x10, 0x27}}, 10_000, true},
		{StatusReport{General: GeneralBusy, Code: StatusBusy}, 500, true},
		{StatusReport{General: GeneralBusy, Code: StatusBusy, Data: []byte{1}}, 500, true},
		{StatusReport{General: GeneralBusy, Code: StatusInvalidParameter}, 0, false},
		{StatusReport{General: GeneralFailure, Code: StatusBusy}, 0, false},
		{StatusReport{General: GeneralBusy, Protocol: 1, Code: StatusBusy}, 0, false},
	} {
		if wait, busy := test.report.BusyWait(); wait != test.wait || busy != test.busy {
			t.Errorf("%+v: %d, %v; want %d, %v", test.report, wait, busy, test.wait, test.busy)
		}
	}
}

func FuzzStatusReport(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 0, 2, 0})
	f.Add([]byte{8, 0, 0, 0, 0, 0, 4, 0, 0x10, 0x27})
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := ParseStatusReport(b); err == nil && !bytes.Equal(r.Append(nil), b) {
			t.Errorf("%x came back as %x", b, r.Append(nil))
		}
	})
}
