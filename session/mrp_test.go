package session

import "testing"

func TestField_F04_RetransmissionWaits(t *testing.T) {
	// The table of shortest and longest waits for both default intervals.
	for _, test := range []struct {
		base   Milliseconds
		ranges [][2]Milliseconds
	}{
		{300, [][2]Milliseconds{{330, 413}, {330, 413}, {528, 660}, {845, 1056}, {1352, 1690}}},
		{500, [][2]Milliseconds{{550, 688}, {550, 688}, {880, 1100}, {1408, 1760}, {2253, 2816}}},
	} {
		for n, want := range test.ranges {
			low, high := retransmissionWait(test.base, n, 0, 0), retransmissionWait(test.base, n, 255, 0)
			if low < want[0]-1 || low > want[0]+1 || high < want[1]-1 || high > want[1]+1 {
				t.Errorf("base %d, transmission %d: %d..%d, want %d..%d", test.base, n, low, high, want[0], want[1])
			}
			if l, h := retransmissionWait(test.base, n, 0, 500), retransmissionWait(test.base, n, 255, 500); l != low+500 || h != high+500 {
				t.Errorf("TestField_F05: an extra delay of 500 ms gives %d..%d, want %d..%d", l, h, low+500, high+500)
			}
		}
	}
}
