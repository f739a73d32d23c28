// Package tlv reads and writes Matter TLV, the tagged binary format of Matter's
// messages and certificates. Matter Core appendix A.
//
// A message is written with a [Writer] and read with a [Reader]:
//
//	w := tlv.NewWriter(nil)
//	w.Struct(tlv.Anonymous)
//	w.Uint(tlv.Context(1), 3)
//	w.End()
//	b := w.Octets()
//
//	r := tlv.NewReader(b)
//	var seen tlv.Set
//	r.Next()
//	r.Enter(tlv.Struct)
//	for r.Next() {
//		switch r.Member(&seen) {
//		case 1:
//			count = r.Uint16()
//		}
//	}
//	r.Require(&seen, 1)
//	err := r.Close()
//
// The reader keeps the first error and does nothing after it, so a parser is
// written as straight-line code with one check at its end. An element that the
// parser does not know, of any type and depth, is skipped by calling Next again;
// the end of every container is demanded all the same.
//
// The writer is canonical: integers, lengths and tags take their shortest form,
// and members stand in the order in which they were written.
package tlv
