package commission

import (
	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

// Identifiers of the data model.
type (
	// An EndpointID names one function of a node; 0 is the node itself.
	EndpointID uint16
	// A ClusterID names a cluster: vendor in the high 16 bits, 0 for standard ones.
	ClusterID uint32
	// An AttributeID names an attribute of a cluster.
	AttributeID uint32
	// A CommandID names a command of a cluster, requests and responses apart.
	CommandID uint32
	// An EventID names an event of a cluster.
	EventID uint32
)

// Wildcards. They are no valid identifiers (Matter Core §7.18.2), so they stand
// for a member that is absent from a path and never go over the wire.
const (
	AnyEndpoint  EndpointID  = 0xFFFF
	AnyCluster   ClusterID   = 0xFFFF_FFFF
	AnyAttribute AttributeID = 0xFFFF_FFFF
	AnyEvent     EventID     = 0xFFFF_FFFF
)

// A ListIndex names an item of a list attribute. The zero value names none: the
// path is that of the whole list.
type ListIndex struct {
	Present bool
	Null    bool   // the item to be appended
	Index   uint16 // valid if Present and not Null
}

// What a wildcard can leave out ([AttributePath.Flags]). Matter Core §8.9.2.3.
const (
	SkipRootNode            uint32 = 1 << 0
	SkipGlobalAttributes    uint32 = 1 << 1
	SkipAttributeList       uint32 = 1 << 2
	SkipCommandLists        uint32 = 1 << 4
	SkipCustomElements      uint32 = 1 << 5
	SkipFixedAttributes     uint32 = 1 << 6
	SkipChangesOmitted      uint32 = 1 << 7
	SkipDiagnosticsClusters uint32 = 1 << 8
)

// ListAppend is the index of the item that an attribute data appends to a list.
var ListAppend = ListIndex{Present: true, Null: true}

// An AttributePath names attributes, by wildcard possibly many.
// Matter Core §10.6.2.
type AttributePath struct {
	Node      session.NodeID // 0: the node that is spoken to
	Endpoint  EndpointID     // or AnyEndpoint
	Cluster   ClusterID      // or AnyCluster
	Attribute AttributeID    // or AnyAttribute
	List      ListIndex
	Flags     uint32 // what a wildcard leaves out; 0: nothing
}

// Attribute returns the path of one attribute.
func Attribute(e EndpointID, c ClusterID, a AttributeID) AttributePath {
	return AttributePath{Endpoint: e, Cluster: c, Attribute: a}
}

// IsWildcard reports whether p may name more than one attribute.
func (p AttributePath) IsWildcard() bool {
	return p.Endpoint == AnyEndpoint || p.Cluster == AnyCluster || p.Attribute == AnyAttribute
}

func (p AttributePath) append(w *tlv.Writer, t tlv.Tag) {
	w.List(t)
	if p.Node != 0 {
		w.Uint(ctx(1), uint64(p.Node))
	}
	if p.Endpoint != AnyEndpoint {
		w.Uint(ctx(2), uint64(p.Endpoint))
	}
	if p.Cluster != AnyCluster {
		w.Uint(ctx(3), uint64(p.Cluster))
	}
	if p.Attribute != AnyAttribute {
		w.Uint(ctx(4), uint64(p.Attribute))
	}
	if p.List.Present {
		if p.List.Null {
			w.Null(ctx(5))
		} else {
			w.Uint(ctx(5), uint64(p.List.Index))
		}
	}
	if p.Flags != 0 {
		w.Uint(ctx(6), uint64(p.Flags))
	}
	w.End()
}

// endpoint, cluster, … read an identifier; the wildcard's value is none.
func endpoint(r *tlv.Reader) EndpointID   { return EndpointID(r.Uint(uint64(AnyEndpoint) - 1)) }
func cluster(r *tlv.Reader) ClusterID     { return ClusterID(r.Uint(uint64(AnyCluster) - 1)) }
func attribute(r *tlv.Reader) AttributeID { return AttributeID(r.Uint(uint64(AnyAttribute) - 1)) }
func event(r *tlv.Reader) EventID         { return EventID(r.Uint(uint64(AnyEvent) - 1)) }

func parseAttributePath(r *tlv.Reader) AttributePath {
	p := AttributePath{Endpoint: AnyEndpoint, Cluster: AnyCluster, Attribute: AnyAttribute}
	var seen tlv.Set
	r.Enter(tlv.List)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			if r.Bool() {
				r.Fail(errTags)
			}
		case 1:
			p.Node = session.NodeID(r.Uint64())
		case 2:
			p.Endpoint = endpoint(r)
		case 3:
			p.Cluster = cluster(r)
		case 4:
			p.Attribute = attribute(r)
		case 5:
			p.List = ListIndex{Present: true, Null: r.IsNull()}
			if !p.List.Null {
				p.List.Index = r.Uint16()
			}
		case 6:
			p.Flags = r.Uint32()
		}
	}
	r.Exit()
	return p
}

// A CommandPath names a command. Matter Core §10.6.11.
type CommandPath struct {
	Endpoint EndpointID // or AnyEndpoint, in a request to a group
	Cluster  ClusterID
	Command  CommandID
}

func (p CommandPath) append(w *tlv.Writer, t tlv.Tag) {
	w.List(t)
	if p.Endpoint != AnyEndpoint {
		w.Uint(ctx(0), uint64(p.Endpoint))
	}
	w.Uint(ctx(1), uint64(p.Cluster))
	w.Uint(ctx(2), uint64(p.Command))
	w.End()
}

func parseCommandPath(r *tlv.Reader) CommandPath {
	p := CommandPath{Endpoint: AnyEndpoint}
	var seen tlv.Set
	r.Enter(tlv.List)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			p.Endpoint = endpoint(r)
		case 1:
			p.Cluster = cluster(r)
		case 2:
			p.Command = CommandID(r.Uint32())
		}
	}
	r.Require(&seen, 1, 2)
	r.Exit()
	return p
}

// An EventPath names events, by wildcard possibly many. Matter Core §10.6.8.
type EventPath struct {
	Node     session.NodeID // 0: the node that is spoken to
	Endpoint EndpointID     // or AnyEndpoint
	Cluster  ClusterID      // or AnyCluster
	Event    EventID        // or AnyEvent
	Urgent   bool           // report it at once; for subscriptions
}

func (p EventPath) append(w *tlv.Writer, t tlv.Tag) {
	w.List(t)
	if p.Node != 0 {
		w.Uint(ctx(0), uint64(p.Node))
	}
	if p.Endpoint != AnyEndpoint {
		w.Uint(ctx(1), uint64(p.Endpoint))
	}
	if p.Cluster != AnyCluster {
		w.Uint(ctx(2), uint64(p.Cluster))
	}
	if p.Event != AnyEvent {
		w.Uint(ctx(3), uint64(p.Event))
	}
	if p.Urgent {
		w.Bool(ctx(4), true)
	}
	w.End()
}

func parseEventPath(r *tlv.Reader) EventPath {
	p := EventPath{Endpoint: AnyEndpoint, Cluster: AnyCluster, Event: AnyEvent}
	var seen tlv.Set
	r.Enter(tlv.List)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			p.Node = session.NodeID(r.Uint64())
		case 1:
			p.Endpoint = endpoint(r)
		case 2:
			p.Cluster = cluster(r)
		case 3:
			p.Event = event(r)
		case 4:
			p.Urgent = r.Bool()
		}
	}
	r.Exit()
	return p
}

// An EventFilter leaves out events below a number. Matter Core §10.6.6.
type EventFilter struct {
	Node session.NodeID // 0: the node that is spoken to
	Min  uint64         // the first event number wanted
}

func (f EventFilter) append(w *tlv.Writer, t tlv.Tag) {
	w.Struct(t)
	if f.Node != 0 {
		w.Uint(ctx(0), uint64(f.Node))
	}
	w.Uint(ctx(1), f.Min)
	w.End()
}

func parseEventFilter(r *tlv.Reader) (f EventFilter) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			f.Node = session.NodeID(r.Uint64())
		case 1:
			f.Min = r.Uint64()
		}
	}
	r.Require(&seen, 1)
	r.Exit()
	return f
}

// A DataVersionFilter leaves out a cluster that is still at the version that we
// have. Matter Core §10.6.3.
type DataVersionFilter struct {
	Node        session.NodeID // 0: the node that is spoken to
	Endpoint    EndpointID
	Cluster     ClusterID
	DataVersion uint32
}

func (f DataVersionFilter) append(w *tlv.Writer, t tlv.Tag) {
	w.Struct(t)
	w.List(ctx(0))
	if f.Node != 0 {
		w.Uint(ctx(0), uint64(f.Node))
	}
	w.Uint(ctx(1), uint64(f.Endpoint))
	w.Uint(ctx(2), uint64(f.Cluster))
	w.End()
	w.Uint(ctx(1), uint64(f.DataVersion))
	w.End()
}

func parseDataVersionFilter(r *tlv.Reader) (f DataVersionFilter) {
	var seen, path tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			r.Enter(tlv.List)
			for r.Next() {
				switch r.Member(&path) {
				case 0:
					f.Node = session.NodeID(r.Uint64())
				case 1:
					f.Endpoint = endpoint(r)
				case 2:
					f.Cluster = cluster(r)
				}
			}
			r.Require(&path, 1, 2)
			r.Exit()
		case 1:
			f.DataVersion = r.Uint32()
		}
	}
	r.Require(&seen, 0, 1)
	r.Exit()
	return f
}
