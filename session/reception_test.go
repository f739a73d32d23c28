package session

import (
	"math/rand/v2"
	"testing"
)

// receptionModel is the slow, obvious reading of the rules: a set of counters.
type receptionModel struct {
	rule    receptionRule
	started bool
	max     uint32
	seen    map[uint32]bool
}

func (m *receptionModel) accept(c uint32) bool {
	if m.rule == receiveSecureUnicast && !m.started {
		m.started, m.max, m.seen = true, 0, map[uint32]bool{0: true}
	}
	if !m.started {
		m.started, m.max, m.seen = true, c, map[uint32]bool{c: true}
		if m.rule == receiveGroup {
			for i := uint32(1); i <= windowSize; i++ {
				m.seen[c-i] = true
			}
		}
		return true
	}
	distance := int64(c) - int64(m.max) // ahead is positive
	if m.rule != receiveSecureUnicast {
		distance = int64(int32(c - m.max))
	}
	switch {
	case distance > 0:
		m.max, m.seen[c] = c, true
		// What falls out of the window and comes back around is not remembered.
		for k := range m.seen {
			if m.max-k > windowSize {
				delete(m.seen, k)
			}
		}
		return true
	case distance >= -windowSize:
		if m.seen[c] {
			return false
		}
		m.seen[c] = true
		return true
	case m.rule == receiveUnsecured:
		m.max, m.seen = c, map[uint32]bool{c: true}
		return true
	}
	return false
}

func TestReceptionAgreesWithModel(t *testing.T) {
	for _, rule := range []receptionRule{receiveSecureUnicast, receiveGroup, receiveUnsecured} {
		rng := rand.New(rand.NewPCG(1, uint64(rule)))
		for run := range 300 {
			r, m := reception{rule: rule}, receptionModel{rule: rule}
			base := []uint32{1, 100, 0x8000_0000, 0xFFFF_FFF0, 0x7FFF_FFF0}[run%5]
			for i := range 400 {
				c := base
				switch rng.IntN(20) {
				case 0:
					c = rng.Uint32()
				case 1:
					c += 100 + rng.Uint32N(5)
				case 2:
					c += windowSize - 1 + rng.Uint32N(3)
				case 3:
					c -= windowSize - 1 + rng.Uint32N(3)
				default:
					c += rng.Uint32N(12) - 4
				}
				wasNew := r.isNew(c)
				got, want := r.accept(c), m.accept(c)
				if got != want || wasNew != want {
					t.Fatalf("rule %d run %d step %d: counter %#x: isNew %v, accept %v, model %v", rule, run, i, c, wasNew, got, want)
				}
				if got && rng.IntN(3) > 0 {
					base = c
				}
			}
		}
	}
}

func TestField_F33_WindowEdges(t *testing.T) {
	for _, test := range []struct {
		behind uint32
		want   bool
	}{{31, true}, {32, true}, {33, false}} {
		var r reception
		if !r.accept(1000) {
			t.Fatal("first counter refused")
		}
		if got := r.accept(1000 - test.behind); got != test.want {
			t.Errorf("%d behind the largest: accepted %v, want %v", test.behind, got, test.want)
		}
		if r.accept(1000 - test.behind) {
			t.Errorf("%d behind the largest: accepted twice", test.behind)
		}
	}
	u := reception{rule: receiveUnsecured}
	for _, c := range []uint32{0xFFFF_FFFE, 0xFFFF_FFFF, 0, 1} {
		if !u.accept(c) {
			t.Errorf("unsecured counter %#x refused at the rollover", c)
		}
		if u.accept(c) {
			t.Errorf("unsecured counter %#x accepted twice at the rollover", c)
		}
	}
}

func TestReceptionLargestCounterIsNotSpecial(t *testing.T) {
	var r reception
	if !r.accept(0xFFFF_FFFE) || !r.accept(0xFFFF_FFFF) || r.accept(0xFFFF_FFFF) || r.accept(0) {
		t.Error("a secure session takes 0xFFFFFFFF once, and nothing after it")
	}
}

func TestUnsecuredRestartMovesWindow(t *testing.T) {
	r := reception{rule: receiveUnsecured}
	if !r.accept(1_000_000) || !r.accept(5) {
		t.Fatal("a restart was refused")
	}
	if r.accept(5) {
		t.Error("the message after a restart is accepted for ever")
	}
}
