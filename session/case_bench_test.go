package session

import "testing"

// A whole CASE: both roles, in one process, without an ICAC or with one.
func BenchmarkCASE(b *testing.B) {
	for name, icac := range map[string]bool{"root-noc": false, "root-icac-noc": true} {
		b.Run(name, func(b *testing.B) {
			p := newPairOf(b, newTestAuthority(b, 1, 1, icac, 1), 1)
			for b.Loop() {
				r := p.new()
				r.run(b)
				if r.a.secrets == nil || r.b.secrets == nil {
					b.Fatal(r.a.err, r.b.err)
				}
			}
		})
	}
}

// A resumption: both roles.
func BenchmarkCASEResumption(b *testing.B) {
	p := newPairOf(b, newTestAuthority(b, 1, 1, false, 1), 1)
	p.record = nil
	r := p.new()
	r.run(b)
	record, other := r.a.secrets.resumption, r.b.secrets.resumption
	for b.Loop() {
		p.record, p.tables.records = record, copyRecords([]*ResumptionRecord{other})
		r := p.new()
		r.run(b)
		if r.a.secrets == nil || !r.b.secrets.resumed {
			b.Fatal(r.a.err, r.b.err)
		}
	}
}

// A Sigma1 for somebody else: what a stranger costs.
func BenchmarkCASENoSharedRoot(b *testing.B) {
	p := newPairOf(b, newTestAuthority(b, 1, 1, false, 3), 1)
	step, err := p.new().a.hs.start()
	if err != nil {
		b.Fatal(err)
	}
	p.fb.node++
	for b.Loop() {
		if _, err := p.new().b.hs.handle(*step.send); err == nil {
			b.Fatal("taken")
		}
	}
}
