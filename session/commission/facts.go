package commission

import "math"

// take notes what was read. What is missing or unreadable keeps its default: a
// device may lack most of it.
func (f *facts) take(reports []AttributeReport) {
	for i := range reports {
		r := &reports[i]
		if r.Data == nil {
			continue
		}
		switch r.Path.Cluster {
		case ClusterGeneralCommissioning:
			f.takeGeneral(r)
		case ClusterBasicInformation:
			f.takeBasic(r)
		case ClusterOperationalCredentials:
			f.takeFabrics(r)
		case ClusterNetworkCommissioning:
			f.takeNetwork(r)
		case ClusterTimeSynchronization:
			f.hasClock = true
		}
	}
}

func (f *facts) takeGeneral(r *AttributeReport) {
	switch r.Path.Attribute {
	case GeneralBasicCommissioningInfo:
		if info, err := ParseBasicCommissioningInfo(r.Data); err == nil {
			f.failSafeS, f.cumulativeS = info.FailSafeExpiryS, info.MaxCumulativeS
		}
	case GeneralLocationCapability:
		if v, err := ParseUint(r.Data, uint64(LocationIndoorOutdoor)); err == nil {
			f.location = RegulatoryLocation(v)
		}
	case GeneralTermsRequired:
		f.termsRequired, _ = ParseBool(r.Data)
	}
}

func (f *facts) takeBasic(r *AttributeReport) {
	switch r.Path.Attribute {
	case BasicVendorID:
		v, _ := ParseUint(r.Data, math.MaxUint16)
		f.vendorID = uint16(v)
	case BasicProductID:
		v, _ := ParseUint(r.Data, math.MaxUint16)
		f.productID = uint16(v)
	case BasicProductName:
		f.productName, _ = ParseText(r.Data, 32)
	}
}

func (f *facts) takeFabrics(r *AttributeReport) {
	v, err := ParseUint(r.Data, math.MaxUint8)
	switch {
	case err != nil:
	case r.Path.Attribute == CredentialsSupportedFabrics:
		f.supported = uint8(v)
	case r.Path.Attribute == CredentialsCommissionedFabrics:
		f.joined = uint8(v)
	}
}

func (f *facts) takeNetwork(r *AttributeReport) {
	n := f.instance(r.Path.Endpoint)
	switch r.Path.Attribute {
	case AttributeFeatureMap:
		v, _ := ParseUint(r.Data, math.MaxUint32)
		n.features = uint32(v)
	case NetworkNetworks:
		n.connected = connectedNetworks(r.Data)
	case NetworkScanMaxTimeS:
		v, _ := ParseUint(r.Data, math.MaxUint8)
		n.scanS = uint8(v)
	case NetworkConnectMaxTimeS:
		v, _ := ParseUint(r.Data, math.MaxUint8)
		n.joinS = uint8(v)
	}
}

// maxInstances bounds what a device can make us remember.
const maxInstances = 16

// instance returns the interface at an endpoint.
func (f *facts) instance(at EndpointID) *netInstance {
	for i := range f.instances {
		if f.instances[i].endpoint == at {
			return &f.instances[i]
		}
	}
	if len(f.instances) == maxInstances {
		return &netInstance{}
	}
	f.instances = append(f.instances, netInstance{endpoint: at})
	return &f.instances[len(f.instances)-1]
}
