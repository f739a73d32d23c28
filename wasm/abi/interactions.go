package abi

import (
	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/commission"
	"github.com/matter-session/matter-session/session/tlv"
)

func selection(m *members) (s commission.Selection) {
	m.each(2, func(p *members) { s.Attributes = append(s.Attributes, attributePath(p)) })
	m.each(3, func(p *members) {
		s.Events = append(s.Events, commission.EventPath{
			Endpoint: commission.EndpointID(p.optional(0, maxEndpoint, uint64(commission.AnyEndpoint))),
			Cluster:  commission.ClusterID(p.optional(1, maxID, uint64(commission.AnyCluster))),
			Event:    commission.EventID(p.optional(2, maxID, uint64(commission.AnyEvent))),
		})
	})
	s.FabricFiltered = m.flag(4)
	if m.has(5) {
		s.EventFilters = []commission.EventFilter{{Min: m.u64(5)}}
	}
	return s
}

func attributePath(p *members) commission.AttributePath {
	return commission.AttributePath{
		Endpoint:  commission.EndpointID(p.optional(0, maxEndpoint, uint64(commission.AnyEndpoint))),
		Cluster:   commission.ClusterID(p.optional(1, maxID, uint64(commission.AnyCluster))),
		Attribute: commission.AttributeID(p.optional(2, maxID, uint64(commission.AnyAttribute))),
	}
}

// The largest identifiers in a path: above them is the wildcard, which is said
// by leaving a member out, and where there must be none is refused.
const (
	maxEndpoint = uint64(commission.AnyEndpoint) - 1
	maxID       = 1<<32 - 2
)

func writeInteraction(w *tlv.Writer, id commission.InteractionID, err error) error {
	w.Uint(ctx(1), uint64(id))
	return err
}

func read(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	id, q := session.SessionID(m.u16(1)), commission.ReadRequest{Selection: selection(m)}
	o := commission.Options{Patience: session.Milliseconds(m.optional(6, 1<<31, 0))}
	if m.err != nil {
		return m.err
	}
	i, err := in.controller.Read(now, id, q, o)
	return writeInteraction(w, i, err)
}

func subscribe(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	id := session.SessionID(m.u16(1))
	q := commission.SubscribeRequest{
		Selection: selection(m), MinIntervalFloorS: m.u16(7), MaxIntervalCeilingS: m.u16(8), KeepSubscriptions: m.flag(9),
	}
	o := commission.Options{Patience: session.Milliseconds(m.optional(6, 1<<31, 0))}
	if m.err != nil {
		return m.err
	}
	i, err := in.controller.Subscribe(now, id, q, o)
	return writeInteraction(w, i, err)
}

// timing reads what writes and invokes have in common.
func timing(m *members) commission.Options {
	return commission.Options{TimedMs: uint16(m.optional(5, 1<<16-1, 0)), Patience: session.Milliseconds(m.optional(6, 1<<31, 0))}
}

func write(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	id, o := session.SessionID(m.u16(1)), timing(m)
	var writes []commission.AttributeData
	m.each(2, func(p *members) {
		d := commission.AttributeData{
			Path: commission.AttributePath{
				Endpoint: commission.EndpointID(p.uint(0, maxEndpoint)), Cluster: commission.ClusterID(p.uint(1, maxID)), Attribute: commission.AttributeID(p.uint(2, maxID)),
			},
			Data: p.element(3), HasDataVersion: p.has(4),
		}
		if d.HasDataVersion {
			d.DataVersion = p.u32(4)
		}
		if d.Data == nil {
			p.err = errArgument
		}
		writes = append(writes, d)
	})
	if m.err != nil {
		return m.err
	}
	i, err := in.controller.Write(now, id, writes, o)
	return writeInteraction(w, i, err)
}

func invoke(in *instance, now session.Instant, m *members, w *tlv.Writer) error {
	id, o := session.SessionID(m.u16(1)), timing(m)
	var commands []commission.CommandData
	m.each(2, func(p *members) {
		commands = append(commands, commission.CommandData{
			Path: commission.CommandPath{
				Endpoint: commission.EndpointID(p.uint(0, maxEndpoint)), Cluster: commission.ClusterID(p.uint(1, maxID)), Command: commission.CommandID(p.uint(2, maxID)),
			},
			Fields: p.structure(3),
		})
	})
	if m.err != nil {
		return m.err
	}
	i, err := in.controller.Invoke(now, id, commands, o)
	return writeInteraction(w, i, err)
}
