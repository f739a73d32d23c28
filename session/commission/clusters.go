package commission

import (
	"github.com/matter-session/matter-session/session/tlv"
)

// Endpoint 0 is the node itself: everything that commissioning needs is there.
const RootEndpoint EndpointID = 0

// Clusters.
const (
	ClusterOnOff                      ClusterID = 0x0006
	ClusterDescriptor                 ClusterID = 0x001D
	ClusterAccessControl              ClusterID = 0x001F
	ClusterBasicInformation           ClusterID = 0x0028
	ClusterGeneralCommissioning       ClusterID = 0x0030
	ClusterNetworkCommissioning       ClusterID = 0x0031
	ClusterTimeSynchronization        ClusterID = 0x0038
	ClusterAdministratorCommissioning ClusterID = 0x003C
	ClusterOperationalCredentials     ClusterID = 0x003E
	ClusterICDManagement              ClusterID = 0x0046
)

// Attributes that every cluster has. Matter Core §7.13.
const (
	AttributeGeneratedCommands AttributeID = 0xFFF8
	AttributeAcceptedCommands  AttributeID = 0xFFF9
	AttributeAttributeList     AttributeID = 0xFFFB
	AttributeFeatureMap        AttributeID = 0xFFFC
	AttributeClusterRevision   AttributeID = 0xFFFD
)

// Descriptor. Matter Core §9.5.
const (
	DescriptorDeviceTypes AttributeID = 0
	DescriptorServers     AttributeID = 1
	DescriptorClients     AttributeID = 2
	DescriptorParts       AttributeID = 3
)

// Basic Information. Matter Core §11.1.
const (
	BasicVendorName           AttributeID = 0x01
	BasicVendorID             AttributeID = 0x02
	BasicProductName          AttributeID = 0x03
	BasicProductID            AttributeID = 0x04
	BasicNodeLabel            AttributeID = 0x05
	BasicLocation             AttributeID = 0x06
	BasicSoftwareVersion      AttributeID = 0x09
	BasicSoftwareVersionText  AttributeID = 0x0A
	BasicSerialNumber         AttributeID = 0x0F
	BasicUniqueID             AttributeID = 0x12
	BasicSpecificationVersion AttributeID = 0x15
	BasicMaxPathsPerInvoke    AttributeID = 0x16
)

// On/Off. Matter Application Clusters §1.5.
const (
	OnOffState AttributeID = 0

	CommandOff    CommandID = 0
	CommandOn     CommandID = 1
	CommandToggle CommandID = 2
)

// Off, On and Toggle switch an endpoint.
func Off(e EndpointID) CommandData    { return command(e, ClusterOnOff, CommandOff, nil) }
func On(e EndpointID) CommandData     { return command(e, ClusterOnOff, CommandOn, nil) }
func Toggle(e EndpointID) CommandData { return command(e, ClusterOnOff, CommandToggle, nil) }

// Time Synchronization. Matter Core §11.17.
const (
	CommandSetUTCTime CommandID = 0

	TimeGranularityNone         uint8 = 0
	TimeGranularityMinutes      uint8 = 1
	TimeGranularitySeconds      uint8 = 2
	TimeGranularityMilliseconds uint8 = 3
	TimeGranularityMicroseconds uint8 = 4

	// TimeNotAccepted is the cluster status of a device that has a better clock.
	TimeNotAccepted uint8 = 2
)

// SetUTCTime tells a device the time, in µs since 2000-01-01T00:00:00Z.
// The answer is a status.
func SetUTCTime(microseconds uint64, granularity uint8) CommandData {
	return command(RootEndpoint, ClusterTimeSynchronization, CommandSetUTCTime, func(w *tlv.Writer) {
		w.Uint(ctx(0), microseconds)
		w.Uint(ctx(1), uint64(granularity))
	})
}

// Administrator Commissioning: windows for another administrator. Both commands
// are timed and answered by a status. Matter Core §11.19.
const (
	CommandOpenCommissioningWindow CommandID = 0
	CommandRevokeCommissioning     CommandID = 2

	WindowStatus      AttributeID = 0 // 0 closed, 1 enhanced, 2 basic
	WindowFabricIndex AttributeID = 1 // of the administrator who opened it, or null
	WindowVendorID    AttributeID = 2

	// Cluster statuses.
	WindowBusy          uint8 = 2 // one is open, or the fail-safe is armed
	WindowPAKEParameter uint8 = 3
	WindowNotOpen       uint8 = 4
)

// A WindowRequest says with which passcode a device can be commissioned by
// another administrator, and for how long.
type WindowRequest struct {
	TimeoutS      uint16 // 180..900
	Verifier      []byte // 97 octets: w0 ‖ L
	Discriminator uint16
	Iterations    uint32 // 1,000..100,000
	Salt          []byte // 16..32 octets
}

// OpenCommissioningWindow opens a window. The command is timed.
func OpenCommissioningWindow(q WindowRequest) CommandData {
	return command(RootEndpoint, ClusterAdministratorCommissioning, CommandOpenCommissioningWindow, func(w *tlv.Writer) {
		w.Uint(ctx(0), uint64(q.TimeoutS))
		w.Bytes(ctx(1), q.Verifier)
		w.Uint(ctx(2), uint64(q.Discriminator))
		w.Uint(ctx(3), uint64(q.Iterations))
		w.Bytes(ctx(4), q.Salt)
	})
}

// RevokeCommissioning closes the window. The command is timed.
func RevokeCommissioning() CommandData {
	return command(RootEndpoint, ClusterAdministratorCommissioning, CommandRevokeCommissioning, nil)
}

// command makes a command whose fields are written by write, or that has none.
func command(e EndpointID, c ClusterID, id CommandID, write func(*tlv.Writer)) CommandData {
	d := CommandData{Path: CommandPath{e, c, id}, Fields: emptyStruct}
	if write != nil {
		w := newMessage(nil)
		write(w)
		w.End()
		d.Fields = w.Octets()
	}
	return d
}

// ParseUint reads an attribute value that is an unsigned integer of at most max.
func ParseUint(element []byte, max uint64) (uint64, error) {
	r := tlv.NewReader(element)
	r.Next()
	return result(r, r.Uint(max))
}

// ParseBool reads an attribute value that is a boolean.
func ParseBool(element []byte) (bool, error) {
	r := tlv.NewReader(element)
	r.Next()
	return result(r, r.Bool())
}

// ParseText reads an attribute value that is a string of at most max octets.
func ParseText(element []byte, max int) (string, error) {
	r := tlv.NewReader(element)
	r.Next()
	return result(r, r.String(max))
}

// ParseUints reads an attribute value that is a list of unsigned integers, each
// of at most max: endpoints, clusters, commands.
func ParseUints(element []byte, max uint64) ([]uint64, error) {
	r := tlv.NewReader(element)
	r.Next()
	return result(r, array(r, func(r *tlv.Reader) uint64 { return r.Uint(max) }))
}
