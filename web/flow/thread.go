package flow

import (
	"strconv"
	"strings"
)

// A Thread operational dataset: TLVs of one octet type and one octet length, as
// hex. It holds the network's key, which is looked at and not kept.

// Types of TLV. Thread 1.3 §8.10.1.
const (
	threadChannel     = 0
	threadPAN         = 1
	threadExtendedPAN = 2
	threadName        = 3
	threadKey         = 5

	maxDataset     = 254 // octets
	maxDatasetText = 4096
)

// Thread reads a dataset as it was pasted: what it says, and as hex without
// blanks if it is complete. Nil if there is no text.
func Thread(text string) (summary *ThreadSummary, hex string) {
	var m machine
	return m.dataset(text)
}

func (m *machine) dataset(text string) (summary *ThreadSummary, hex string) {
	s := &ThreadSummary{}
	problem := func(id string, params map[string]string) (*ThreadSummary, string) {
		s.Problem = m.problem(id, "", params)
		return s, ""
	}
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return nil, ""
	}
	if len(trimmed) >= 4 && strings.EqualFold(trimmed[:4], "hex:") {
		return problem("thread-hex-prefix", nil)
	}
	var octets []byte
	position, digits := 0, 0
	for _, r := range text {
		position++
		if blank(r) || r == 0xFEFF {
			continue
		}
		v, ok := hexValue(r)
		if !ok {
			return problem("thread-not-hex", map[string]string{"n": strconv.Itoa(position)})
		}
		if digits++; digits > maxDatasetText {
			break
		}
		if digits%2 == 1 {
			octets = append(octets, v<<4)
		} else {
			octets[len(octets)-1] |= v
		}
	}
	defer clear(octets)
	switch {
	case len(octets) > maxDataset:
		return problem("thread-long", nil)
	case digits%2 == 1:
		return problem("thread-odd", nil)
	}
	if id := s.read(octets); id != "" {
		return problem(id, nil)
	}
	s.Complete = true
	return s, hexText(octets)
}

// read takes what is not secret, and returns the problem's ID if something is
// missing or broken.
func (s *ThreadSummary) read(octets []byte) (problem string) {
	var seen [256]bool
	for b := octets; len(b) > 0; {
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			return "thread-broken"
		}
		kind, value := b[0], b[2:2+int(b[1])]
		b = b[2+len(value):]
		if want := datasetSize(kind); want != 0 && len(value) != want {
			return "thread-broken"
		}
		switch kind {
		case threadChannel:
			s.Channel = int(value[1])<<8 | int(value[2])
		case threadExtendedPAN:
			s.PANID = hexText(value)
		case threadName:
			s.Name = clean(string(value), maxName)
			if len(value) == 0 || len(value) > 16 {
				return "thread-no-name"
			}
		}
		seen[kind] = true
	}
	switch {
	case !seen[threadKey]:
		return "thread-no-key"
	case !seen[threadChannel]:
		return "thread-no-channel"
	case !seen[threadName]:
		return "thread-no-name"
	case !seen[threadPAN]:
		return "thread-no-pan"
	case !seen[threadExtendedPAN]:
		return "thread-no-extended-pan"
	}
	return ""
}

// datasetSize is the size that a TLV must have; 0 if it may vary.
func datasetSize(kind byte) int {
	switch kind {
	case threadChannel:
		return 3
	case threadPAN:
		return 2
	case threadExtendedPAN:
		return 8
	case threadKey:
		return 16
	}
	return 0
}
