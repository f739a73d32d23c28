package commission

import (
	"math"

	"github.com/matter-session/matter-session/session/tlv"
)

// Network Commissioning: one instance per network interface, on endpoint 0 or
// elsewhere. Matter Core §11.9.
const (
	NetworkMax                AttributeID = 0
	NetworkNetworks           AttributeID = 1
	NetworkScanMaxTimeS       AttributeID = 2
	NetworkConnectMaxTimeS    AttributeID = 3
	NetworkInterfaceEnabled   AttributeID = 4
	NetworkLastStatus         AttributeID = 5
	NetworkLastID             AttributeID = 6
	NetworkLastConnectError   AttributeID = 7
	NetworkWiFiBands          AttributeID = 8
	NetworkThreadFeatures     AttributeID = 9
	NetworkThreadVersionValue AttributeID = 10

	CommandScanNetworks             CommandID = 0
	CommandScanNetworksResponse     CommandID = 1
	CommandAddOrUpdateWiFiNetwork   CommandID = 2
	CommandAddOrUpdateThreadNetwork CommandID = 3
	CommandRemoveNetwork            CommandID = 4
	CommandNetworkConfigResponse    CommandID = 5
	CommandConnectNetwork           CommandID = 6
	CommandConnectNetworkResponse   CommandID = 7
	CommandReorderNetwork           CommandID = 8

	// Features: an instance has exactly one.
	NetworkFeatureWiFi     uint32 = 1 << 0
	NetworkFeatureThread   uint32 = 1 << 1
	NetworkFeatureEthernet uint32 = 1 << 2
)

// A NetworkStatus is how a device answers the commands of this cluster.
type NetworkStatus uint8

// Statuses. Matter Core §11.9.5.4.
const (
	NetworkOK NetworkStatus = iota
	NetworkOutOfRange
	NetworkBoundsExceeded
	NetworkIDNotFound
	NetworkDuplicateID
	NetworkNotFound
	NetworkRegulatoryError
	NetworkAuthFailure
	NetworkUnsupportedSecurity
	NetworkOtherConnectionFailure
	NetworkIPv6Failed
	NetworkIPBindFailed
	NetworkUnknownError
)

var networkNames = [...]string{
	"OK", "OutOfRange", "BoundsExceeded", "NetworkIDNotFound", "DuplicateNetworkID", "NetworkNotFound",
	"RegulatoryError", "AuthFailure", "UnsupportedSecurity", "OtherConnectionFailure", "IPV6Failed",
	"IPBindFailed", "UnknownError",
}

// String returns the specification's name of s, or its number.
func (s NetworkStatus) String() string { return nameOf(networkNames[:], uint8(s)) }

// A NetworkResponse answers the commands that change networks, ConnectNetwork
// included.
type NetworkResponse struct {
	Status   NetworkStatus
	Text     string // the device's own words, or empty
	Index    uint8  // of the network; valid if HasIndex
	HasIndex bool
	Error    int32 // of the driver, its meaning is the device's; valid if HasError
	HasError bool
}

// Err returns nil if the answer is a success, else a [*NetworkError].
func (m NetworkResponse) Err() error {
	if m.Status == NetworkOK {
		return nil
	}
	return &NetworkError{m.Status, m.Text}
}

// A NetworkError is an answer of Network Commissioning that is no success.
type NetworkError struct {
	Status NetworkStatus
	Text   string // the device's own words, or empty
}

func (e *NetworkError) Error() string { return named(e.Status.String(), uint8(e.Status), e.Text) }

// ParseNetworkConfigResponse decodes the answer to adding, updating, removing
// and ordering networks.
func ParseNetworkConfigResponse(fields []byte) (m NetworkResponse, err error) {
	r, seen := openStruct(fields)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			m.Status = NetworkStatus(r.Uint8())
		case 1:
			m.Text = r.String(maxText)
		case 2:
			m.Index, m.HasIndex = r.Uint8(), true
		}
	}
	r.Require(&seen, 0)
	return result(r, m)
}

// ParseConnectNetworkResponse decodes the answer to ConnectNetwork.
func ParseConnectNetworkResponse(fields []byte) (m NetworkResponse, err error) {
	r, seen := openStruct(fields)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			m.Status = NetworkStatus(r.Uint8())
		case 1:
			m.Text = r.String(maxText)
		case 2:
			if !r.IsNull() {
				m.Error, m.HasError = int32(r.Int(math.MinInt32, math.MaxInt32)), true
			}
		}
	}
	r.Require(&seen, 0)
	return result(r, m)
}

// ScanNetworks looks for networks: for all, or on Wi-Fi for ssid if it is not nil.
func ScanNetworks(e EndpointID, ssid []byte, breadcrumb uint64) CommandData {
	return command(e, ClusterNetworkCommissioning, CommandScanNetworks, func(w *tlv.Writer) {
		if ssid != nil {
			w.Bytes(ctx(0), ssid)
		} else {
			w.Null(ctx(0))
		}
		w.Uint(ctx(1), breadcrumb)
	})
}

// AddOrUpdateWiFiNetwork tells the device a Wi-Fi network: SSID of 1..32 octets,
// credentials of 0..64 (none: an open network).
func AddOrUpdateWiFiNetwork(e EndpointID, ssid, credentials []byte, breadcrumb uint64) CommandData {
	return command(e, ClusterNetworkCommissioning, CommandAddOrUpdateWiFiNetwork, func(w *tlv.Writer) {
		w.Bytes(ctx(0), ssid)
		w.Bytes(ctx(1), credentials)
		w.Uint(ctx(2), breadcrumb)
	})
}

// AddOrUpdateThreadNetwork tells the device a Thread network: its operational
// dataset, at most 254 octets.
func AddOrUpdateThreadNetwork(e EndpointID, dataset []byte, breadcrumb uint64) CommandData {
	return command(e, ClusterNetworkCommissioning, CommandAddOrUpdateThreadNetwork, func(w *tlv.Writer) {
		w.Bytes(ctx(0), dataset)
		w.Uint(ctx(1), breadcrumb)
	})
}

// RemoveNetwork makes the device forget a network. A network's ID is its SSID, or
// the 8 octets of its extended PAN ID.
func RemoveNetwork(e EndpointID, id []byte, breadcrumb uint64) CommandData {
	return withNetwork(e, CommandRemoveNetwork, id, breadcrumb)
}

// ConnectNetwork makes the device join a network that it was told. Over Bluetooth
// the answer may never arrive.
func ConnectNetwork(e EndpointID, id []byte, breadcrumb uint64) CommandData {
	return withNetwork(e, CommandConnectNetwork, id, breadcrumb)
}

func withNetwork(e EndpointID, c CommandID, id []byte, breadcrumb uint64) CommandData {
	return command(e, ClusterNetworkCommissioning, c, func(w *tlv.Writer) {
		w.Bytes(ctx(0), id)
		w.Uint(ctx(1), breadcrumb)
	})
}

// ThreadNetworkID returns the extended PAN ID of an operational dataset: by this
// the network is connected and removed.
func ThreadNetworkID(dataset []byte) ([]byte, bool) {
	const extendedPANID = 2 // MeshCoP TLV type
	for len(dataset) >= 2 {
		typ, n := dataset[0], int(dataset[1])
		if n == 0xFF || len(dataset) < 2+n {
			return nil, false
		}
		if typ == extendedPANID && n == 8 {
			return dataset[2:10:10], true
		}
		dataset = dataset[2+n:]
	}
	return nil, false
}

// A ScanResult is the answer to ScanNetworks.
type ScanResult struct {
	Status NetworkStatus
	Text   string // the device's own words, or empty
	WiFi   []WiFiNetwork
	Thread []ThreadNetwork
}

// Err returns nil if the answer is a success, else a [*NetworkError].
func (m ScanResult) Err() error { return NetworkResponse{Status: m.Status, Text: m.Text}.Err() }

// Security bits of a [WiFiNetwork].
const (
	WiFiUnencrypted uint8 = 1 << iota
	WiFiWEP
	WiFiWPA
	WiFiWPA2
	WiFiWPA3
)

// A WiFiNetwork is one that the device sees. Matter Core §11.9.5.6.
type WiFiNetwork struct {
	Security uint8 // bits
	SSID     []byte
	BSSID    []byte // 6 octets
	Channel  uint16
	Band     uint8 // 0: 2.4 GHz, 1: 3.65, 2: 5, 3: 6, 4: 60, 5: 1
	RSSI     int8  // dBm
}

// A ThreadNetwork is one that the device sees. Matter Core §11.9.5.7.
type ThreadNetwork struct {
	PANID         uint16
	ExtendedPANID uint64
	Name          string
	Channel       uint16
	Version       uint8
	Address       []byte // extended address of the router, 8 octets
	RSSI          int8   // dBm
	LQI           uint8
}

// ParseScanNetworksResponse decodes the answer to ScanNetworks. Octets alias fields.
func ParseScanNetworksResponse(fields []byte) (m ScanResult, err error) {
	r, seen := openStruct(fields)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			m.Status = NetworkStatus(r.Uint8())
		case 1:
			m.Text = r.String(maxText)
		case 2:
			m.WiFi = array(r, parseWiFiNetwork)
		case 3:
			m.Thread = array(r, parseThreadNetwork)
		}
	}
	r.Require(&seen, 0)
	return result(r, m)
}

func parseWiFiNetwork(r *tlv.Reader) (n WiFiNetwork) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			n.Security = r.Uint8()
		case 1:
			n.SSID = r.Bytes(0, 32) // 0: a hidden network
		case 2:
			n.BSSID = r.Bytes(0, 8)
		case 3:
			n.Channel = r.Uint16()
		case 4:
			n.Band = r.Uint8()
		case 5:
			n.RSSI = int8(r.Int(math.MinInt8, math.MaxInt8))
		}
	}
	r.Require(&seen, 1)
	r.Exit()
	return n
}

func parseThreadNetwork(r *tlv.Reader) (n ThreadNetwork) {
	var seen tlv.Set
	r.Enter(tlv.Struct)
	for r.Next() {
		switch r.Member(&seen) {
		case 0:
			n.PANID = r.Uint16()
		case 1:
			n.ExtendedPANID = r.Uint64()
		case 2:
			n.Name = r.String(16)
		case 3:
			n.Channel = r.Uint16()
		case 4:
			n.Version = r.Uint8()
		case 5:
			n.Address = r.Bytes(0, 8)
		case 6:
			n.RSSI = int8(r.Int(math.MinInt8, math.MaxInt8))
		case 7:
			n.LQI = r.Uint8()
		}
	}
	r.Require(&seen, 1)
	r.Exit()
	return n
}
