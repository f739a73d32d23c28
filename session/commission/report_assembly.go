package commission

import (
	"errors"

	"github.com/matter-session/matter-session/session"
)

// Bounds of what one read or one report may bring over all of its chunks.
const (
	// A node with many bridged devices has some hundred kilobytes.
	maxReportOctets = 4 << 20
	// Small items take more memory than octets on the wire.
	maxReportItems = 1 << 16
	// What a chunk counts at least, so that a peer cannot go on for ever with
	// chunks that say nothing.
	minChunkOctets = 1 << 10
	// What an item counts beside its octets when memory is added up.
	itemOverhead = 128
)

var errListItem = errors.New("commission: an item was reported for something that is no list")

// A reportAssembly joins the chunks of a report. A list may come in pieces: a
// whole array first, then items that are appended to it, in this or a later
// chunk. Matter Core §10.6.4.3.1.
type reportAssembly struct {
	attributes []AttributeReport
	events     []EventReport
	index      map[AttributePath]int // of attributes, by the path of the whole attribute
	octets     int
}

// held is about how much memory the assembly takes.
func (a *reportAssembly) held() int { return a.octets + itemOverhead*(len(a.attributes)+len(a.events)) }

// add takes a chunk whose payload was of that many octets. It returns
// [session.ErrLimit] if that is too much.
func (a *reportAssembly) add(m *ReportData, octets int) error {
	a.octets += max(octets, minChunkOctets)
	if a.octets > maxReportOctets || len(a.attributes)+len(a.events)+len(m.Attributes)+len(m.Events) > maxReportItems {
		return session.ErrLimit
	}
	for i := range m.Attributes {
		if err := a.attribute(m.Attributes[i]); err != nil {
			return err
		}
	}
	a.events = append(a.events, m.Events...)
	return nil
}

func (a *reportAssembly) attribute(r AttributeReport) error {
	whole := r.Path
	whole.List, whole.Flags = ListIndex{}, 0
	at, known := a.index[whole]
	switch {
	case r.Path.List == ListAppend && known && r.Data != nil:
		base := a.attributes[at].Data
		if len(base) < 2 || base[0] != emptyArray[0] {
			return errListItem
		}
		base = append(base[:len(base)-1], r.Data...)
		a.attributes[at].Data = append(base, emptyArray[1])
		return nil
	case r.Path.List.Present:
		// An item of a list that was not reported before: it is the owner's to judge.
		a.attributes = append(a.attributes, r)
		return nil
	case known:
		a.attributes[at] = r
		return nil
	}
	if a.index == nil {
		a.index = make(map[AttributePath]int)
	}
	a.index[whole] = len(a.attributes)
	a.attributes = append(a.attributes, r)
	return nil
}

// take returns what was joined and starts anew.
func (a *reportAssembly) take() Report {
	r := Report{a.attributes, a.events}
	*a = reportAssembly{}
	return r
}

// A Report is what a read or a subscription brought: the chunks of one report
// joined, lists whole.
type Report struct {
	Attributes []AttributeReport
	Events     []EventReport
}
