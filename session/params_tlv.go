package session

import "github.com/matter-session/matter-session/session/tlv"

// appendParameters writes p as the structure that PASE and CASE messages carry.
// What is zero is not stated and left out. Matter Core §4.13.1.
func appendParameters(w *tlv.Writer, tag tlv.Tag, p Parameters) {
	w.Struct(tag)
	for i, v := range [...]uint32{p.IdleIntervalMs, p.ActiveIntervalMs} {
		if v != 0 {
			w.Uint(tlv.Context(uint8(1+i)), uint64(v))
		}
	}
	if p.HasActiveThreshold {
		w.Uint(tlv.Context(3), uint64(p.ActiveThresholdMs))
	}
	for i, v := range [...]uint32{uint32(p.DataModelRevision), uint32(p.InteractionModelRevision),
		p.SpecificationVersion, uint32(p.MaxPathsPerInvoke)} {
		if v != 0 {
			w.Uint(tlv.Context(uint8(4+i)), uint64(v))
		}
	}
	w.End()
}

// parseParameters reads the structure that r stands on. What is not stated
// stays zero; intervals are cut to an hour, so that a peer cannot make us wait
// for longer. Members that we do not know (8 and 9 are TCP's) are skipped.
func parseParameters(r *tlv.Reader) (p Parameters) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 1:
			p.IdleIntervalMs = min(r.Uint32(), maxIntervalMs)
		case 2:
			p.ActiveIntervalMs = min(r.Uint32(), maxIntervalMs)
		case 3:
			p.ActiveThresholdMs, p.HasActiveThreshold = r.Uint16(), true
		case 4:
			p.DataModelRevision = r.Uint16()
		case 5:
			p.InteractionModelRevision = r.Uint16()
		case 6:
			p.SpecificationVersion = r.Uint32()
		case 7:
			p.MaxPathsPerInvoke = r.Uint16()
		}
	}
	r.Exit()
	return p
}
