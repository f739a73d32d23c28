package session

import "testing"

// A message through a channel, its header's counter included: sealed and opened.
func BenchmarkChannel200(b *testing.B) {
	one, two := newChannelPair(b)
	buffer := make([]byte, 1280)
	b.SetBytes(200)
	for b.Loop() {
		counter, err := one.NextCounter()
		if err != nil {
			b.Fatal(err)
		}
		clear(buffer[:208])
		buffer[4], buffer[5], buffer[6], buffer[7] = byte(counter), byte(counter>>8), byte(counter>>16), byte(counter>>24)
		sealed, err := one.Seal(&one.schedule, buffer[:208], minHeaderSize)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := two.Open(&two.schedule, sealed, minHeaderSize); err != nil {
			b.Fatal(err)
		}
	}
}
