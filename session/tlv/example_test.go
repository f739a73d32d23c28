package tlv_test

import (
	"fmt"

	"github.com/matter-session/matter-session/session/tlv"
)

func ExampleWriter() {
	w := tlv.NewWriter(nil)
	w.Struct(tlv.Anonymous)
	w.Uint(tlv.Context(1), 300)
	w.Array(tlv.Context(2))
	w.String(tlv.Anonymous, "on")
	w.String(tlv.Anonymous, "off")
	w.End()
	w.End()
	fmt.Printf("%x\n", w.Octets())
	// Output: 1525012c0136020c026f6e0c036f66661818
}

func ExampleReader() {
	b := []byte{0x15, 0x25, 0x01, 0x2c, 0x01, 0x24, 0x63, 0x07, 0x36, 0x02, 0x0c, 0x02, 'o', 'n', 0x18, 0x18}

	var interval uint16
	var names []string
	var seen tlv.Set
	r := tlv.NewReader(b)
	r.Next()
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			interval = r.Uint16()
		case 2:
			r.Enter(tlv.Array)
			for r.Next() {
				names = append(names, r.String(32))
			}
			r.Exit()
		} // 0x63 is unknown: skipped
	}
	r.Require(&seen, 1)
	fmt.Println(interval, names, r.Close())
	// Output: 300 [on] <nil>
}

func ExampleReader_Raw() {
	b := []byte{0x15, 0x30, 0x01, 0x02, 0xca, 0xfe, 0x18}

	r := tlv.NewReader(b)
	r.Next()
	r.Enter(tlv.Struct)
	r.Next()
	w := tlv.NewWriter(nil)
	w.Raw(tlv.Anonymous, r.Raw()) // the same element under another tag
	fmt.Printf("%x %v\n", w.Octets(), r.Close())
	// Output: 1002cafe <nil>
}
