package relay

// A Kind is a frame's first octet.
type Kind uint8

// Kinds of frames.
const (
	KindHello    Kind = 0x01
	KindOpen     Kind = 0x02
	KindOpened   Kind = 0x03
	KindClose    Kind = 0x04
	KindClosed   Kind = 0x05
	KindDatagram Kind = 0x06
	KindDropped  Kind = 0x07
	KindSearch   Kind = 0x08
	KindFound    Kind = 0x09
	KindStop     Kind = 0x0A
	KindStopped  Kind = 0x0B
)

// A Frame is one of this package's structs whose names are those of the kinds.
type Frame interface {
	Kind() Kind
	append(dst []byte) ([]byte, error)
}

// Hello is the agent's first frame: the page's token was right.
type Hello struct {
	Version  string // of the agent, for people
	Channels uint16 // how many channels one page may have
	Searches uint16
}

// Open asks for a channel to a device.
type Open struct {
	Channel uint16
	Peer    Peer
}

// Opened says that a channel can be used: what a page sends before is lost. It may
// come late, when the agent has first to find out that the address is a device's.
type Opened struct{ Channel uint16 }

// Close ends a channel.
type Close struct{ Channel uint16 }

// Closed is the agent's last word about a channel.
type Closed struct {
	Channel uint16
	Reason  Reason
}

// Datagram is one Matter message, from the page to the device or back.
type Datagram struct {
	Channel uint16
	Octets  []byte // at most MaxDatagram; aliases the frame after Parse
}

// Dropped tells a sender of datagrams, or the page that would have got them,
// that some went no further.
type Dropped struct {
	Channel uint16
	Cause   Cause
	Count   uint32 // with this cause since the channel was opened, never less than before
}

// Search looks for devices until it is stopped.
type Search struct {
	Search uint16
	Query  Query
}

// Found is one address of one device that a search has found. The next one of
// the same address replaces it.
type Found struct {
	Search uint16
	Node   Node
}

// Stop ends a search.
type Stop struct{ Search uint16 }

// Stopped is the agent's last word about a search.
type Stopped struct {
	Search uint16
	Reason Reason
}

func (Hello) Kind() Kind    { return KindHello }
func (Open) Kind() Kind     { return KindOpen }
func (Opened) Kind() Kind   { return KindOpened }
func (Close) Kind() Kind    { return KindClose }
func (Closed) Kind() Kind   { return KindClosed }
func (Datagram) Kind() Kind { return KindDatagram }
func (Dropped) Kind() Kind  { return KindDropped }
func (Search) Kind() Kind   { return KindSearch }
func (Found) Kind() Kind    { return KindFound }
func (Stop) Kind() Kind     { return KindStop }
func (Stopped) Kind() Kind  { return KindStopped }

// A Peer says where a device is: at an address, or wherever the agent has found
// the node with this name in DNS-SD. Exactly one of Host and Instance is given.
type Peer struct {
	Host     string // an IPv4 or IPv6 address as text, without brackets and zone
	Port     uint16 // not 0, with Host
	Zone     string // the interface of a link-local address, else empty
	Instance string // the first label of its service's name
}

// A QueryKind says what a search looks for.
type QueryKind uint8

// What is looked for.
const (
	LongDiscriminator  QueryKind = 1 // commissionable nodes with these 12 bits
	ShortDiscriminator QueryKind = 2 // and with these upper 4 of them
	Operational        QueryKind = 3 // the node with this name
	AllCommissionable  QueryKind = 4
)

// A Query is what a search looks for.
type Query struct {
	Kind          QueryKind
	Discriminator uint16 // of the first two kinds
	// Instance of an operational node: COMPRESSEDFABRICID-NODEID, sixteen hex digits
	// each. Only a page that knows a fabric can ask after its nodes.
	Instance string
}

// A Field is one of the numbers that a node may tell about itself.
type Field uint8

// The fields, by their keys in the TXT record. Matter Core §4.3.1 and §4.3.4.
const (
	Discriminator   Field = iota // D
	VendorID                     // VP
	ProductID                    // VP
	CommissionMode               // CM
	DeviceType                   // DT
	PairingHint                  // PH
	IdleInterval                 // SII, ms
	ActiveInterval               // SAI, ms
	ActiveThreshold              // SAT, ms
	LongIdleTime                 // ICD
	fields
)

var fieldMax = [fields]uint32{0xFFF, 0xFFFF, 0xFFFF, 3, 0xFFFFFFFF, 0xFFFFFFFF, 3_600_000, 3_600_000, 0xFFFF, 1}

// A Node is a device at one of its addresses.
type Node struct {
	Address     Peer // by Host
	Instance    string
	Name        string // TXT DN, empty if it says none
	Instruction string // TXT PI, likewise
	known       uint16 // bits by Field
	values      [fields]uint32
}

// Set stores a field. It reports false, and stores nothing, if the value is
// beyond what Matter allows there.
func (n *Node) Set(f Field, value uint32) bool {
	if f >= fields || value > fieldMax[f] {
		return false
	}
	n.known |= 1 << f
	n.values[f] = value
	return true
}

// Get returns a field, and whether the node has told it.
func (n *Node) Get(f Field) (uint32, bool) {
	if f >= fields {
		return 0, false
	}
	return n.values[f], n.known&(1<<f) != 0
}

// A Reason says why a channel or a search ended.
type Reason uint8

// Reasons.
const (
	ByPage      Reason = 1 // the page has asked for it
	Refused     Reason = 2 // the agent carries nothing to such an address, whoever names it
	Unknown     Reason = 3 // the agent has not found it, and nobody named it to the agent
	Full        Reason = 4 // a limit of the agent
	Unreachable Reason = 5 // no interface or no route leads there
	Failed      Reason = 6 // the agent's system did not let it
	lastReason         = Failed
)

// A Cause says why a datagram went no further.
type Cause uint8

// Causes.
const (
	Shape     Cause = 1 // not of a Matter message's shape, or too long
	Rate      Cause = 2 // more than the agent carries in this time
	Slow      Cause = 3 // the page does not take them as fast as they come
	Unsent    Cause = 4 // the agent's system did not take it
	lastCause       = Unsent
)
