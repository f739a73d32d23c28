package session

// Parameters are what a node tells of itself while a session is set up: how
// soon it can be expected to answer, and which revisions it speaks.
// Matter Core §4.13.1.
type Parameters struct {
	IdleIntervalMs     uint32 // wait before a retransmission to an idle peer; 0 = not stated
	ActiveIntervalMs   uint32 // the same for an active one; 0 = not stated
	ActiveThresholdMs  uint16 // how long after its last message a peer stays active; valid if HasActiveThreshold
	HasActiveThreshold bool

	DataModelRevision        uint16
	InteractionModelRevision uint16
	SpecificationVersion     uint32 // 0x01060000 is 1.6
	MaxPathsPerInvoke        uint16
}

// Defaults of Matter Core §4.12.8 and what a peer that states nothing is taken to be.
const (
	DefaultIdleIntervalMs    = 500
	DefaultActiveIntervalMs  = 300
	DefaultActiveThresholdMs = 4000
	maxIntervalMs            = 3_600_000
)

// DefaultParameters are the specification's defaults and the revisions that this
// package speaks.
func DefaultParameters() Parameters {
	return Parameters{
		IdleIntervalMs:           DefaultIdleIntervalMs,
		ActiveIntervalMs:         DefaultActiveIntervalMs,
		ActiveThresholdMs:        DefaultActiveThresholdMs,
		HasActiveThreshold:       true,
		DataModelRevision:        17,
		InteractionModelRevision: 12,
		SpecificationVersion:     0x01040200,
		MaxPathsPerInvoke:        1,
	}
}

// withDefaults fills in what was not stated and clamps what no peer can mean.
func (p Parameters) withDefaults() Parameters {
	if p.IdleIntervalMs == 0 {
		p.IdleIntervalMs = DefaultIdleIntervalMs
	}
	if p.ActiveIntervalMs == 0 {
		p.ActiveIntervalMs = DefaultActiveIntervalMs
	}
	if !p.HasActiveThreshold {
		p.ActiveThresholdMs, p.HasActiveThreshold = DefaultActiveThresholdMs, true
	}
	if p.DataModelRevision == 0 {
		p.DataModelRevision = 17
	}
	if p.InteractionModelRevision == 0 {
		p.InteractionModelRevision = 11
	}
	if p.MaxPathsPerInvoke == 0 {
		p.MaxPathsPerInvoke = 1
	}
	p.IdleIntervalMs = min(p.IdleIntervalMs, maxIntervalMs)
	p.ActiveIntervalMs = min(p.ActiveIntervalMs, maxIntervalMs)
	return p
}
