package commission

import "github.com/matter-session/matter-session/session"

// What the device says of itself, its fail-safe, and the settings that it wants
// before anything else.

// facts is what the device says of itself.
type facts struct {
	failSafeS, cumulativeS uint16
	location               RegulatoryLocation // where it may be
	termsRequired          bool
	vendorID, productID    uint16
	productName            string
	supported, joined      uint8 // fabrics
	hasClock               bool  // time synchronization cluster
	instances              []netInstance
}

// The first read has no wildcard and at most 9 paths, which every device takes.
var (
	factPaths = []AttributePath{
		Attribute(RootEndpoint, ClusterGeneralCommissioning, GeneralBasicCommissioningInfo),
		Attribute(RootEndpoint, ClusterGeneralCommissioning, GeneralLocationCapability),
		Attribute(RootEndpoint, ClusterBasicInformation, BasicVendorID),
		Attribute(RootEndpoint, ClusterBasicInformation, BasicProductID),
		Attribute(RootEndpoint, ClusterBasicInformation, BasicProductName),
		Attribute(RootEndpoint, ClusterOperationalCredentials, CredentialsSupportedFabrics),
		Attribute(RootEndpoint, ClusterOperationalCredentials, CredentialsCommissionedFabrics),
		Attribute(RootEndpoint, ClusterGeneralCommissioning, GeneralTermsRequired),
	}
	networkPaths = []AttributePath{
		Attribute(AnyEndpoint, ClusterNetworkCommissioning, AttributeFeatureMap),
		Attribute(AnyEndpoint, ClusterNetworkCommissioning, NetworkNetworks),
		Attribute(AnyEndpoint, ClusterNetworkCommissioning, NetworkScanMaxTimeS),
		Attribute(AnyEndpoint, ClusterNetworkCommissioning, NetworkConnectMaxTimeS),
		Attribute(RootEndpoint, ClusterTimeSynchronization, AttributeFeatureMap),
	}
)

func (c *Commissioner) startFacts() {
	c.begin(StepFacts)
	c.read(factPaths, func(reports []AttributeReport, err error) {
		if c.unread(err) {
			return
		}
		c.facts.take(reports)
		c.read(networkPaths, func(reports []AttributeReport, err error) {
			if c.unread(err) {
				return
			}
			c.facts.take(reports)
			c.checkFacts()
		})
	})
}

// unread takes the error of a read and reports whether there was one.
func (c *Commissioner) unread(err error) bool {
	if err == nil {
		return false
	}
	o := outcome{err: err}
	if !c.unanswered(o) {
		c.refused(CodeUnexpected, RetryRestart, "The device could not be asked what it is.", o, DeviceStatus{})
	}
	return true
}

func (c *Commissioner) checkFacts() {
	f := &c.facts
	if f.cumulativeS != 0 {
		c.safe.limit = c.safe.until - session.Instant(armedByPASEMs) + session.Instant(f.cumulativeS)*1000
	}
	if f.supported != 0 && f.joined >= f.supported {
		c.fail(Failed{Code: CodeFabricTableFull, Retry: RetryNone, Status: DeviceStatus{"CommissionedFabrics", uint16(f.joined)},
			Message: "The device belongs to as many homes as it can. Remove one in another app, or reset the device."})
		return
	}
	c.startFailSafe()
}

func (c *Commissioner) startFailSafe() {
	c.begin(StepFailSafe)
	c.arm(max(wantedArmMs, session.Milliseconds(c.facts.failSafeS)*1000), func(o outcome) {
		if c.unanswered(o) {
			return
		}
		switch status := o.code().status(); {
		case o.err == nil && o.code() == 0:
			c.startRegulatory()
		case o.err == nil && o.code() == CommissioningBusyWithOtherAdmin:
			// It is another's: nothing of ours is armed, nothing is to be undone.
			c.fail(Failed{Code: CodeFailSafeBusy, Retry: RetrySame, Status: status, RolledBack: true, WaitMs: armedByPASEMs,
				Message: "An earlier attempt is still open on the device. It ends by itself."})
		default:
			c.refused(CodeUnexpected, RetryRestart, "The device did not arm its fail-safe.", o, status)
		}
	})
}

// startRegulatory tells a device with a radio where it is. Matter Core §11.10.7.4.
func (c *Commissioner) startRegulatory() {
	if !c.facts.hasRadio() {
		c.skip(StepRegulatory)
		c.startTerms()
		return
	}
	c.begin(StepRegulatory)
	country := c.cfg.Country
	if country == "" {
		country = noCountry
	}
	c.regulate(country)
}

// noCountry is the country code of a device that is in none. Matter Core §11.10.7.4.2.
const noCountry = "XX"

func (c *Commissioner) regulate(country string) {
	location := c.facts.location
	if location == LocationIndoorOutdoor {
		location = c.cfg.Place
	}
	c.invoke(c.pase.id, SetRegulatoryConfig(location, country, c.nextBreadcrumb()), answerMs, func(o outcome) {
		if c.unanswered(o) {
			return
		}
		switch code := o.code(); {
		case o.status() == StatusFailSafeRequired || o.err == nil && code == CommissioningNoFailSafe:
			c.fail(rolledBack())
			return
		case o.err == nil && code == 0:
		case o.err == nil && code == CommissioningValueOutsideRange && country != noCountry:
			c.regulate(noCountry)
			return
		default: // it keeps the setting that it has
			c.end(StepFailed)
		}
		c.startTerms()
	})
}

// startTerms acknowledges the maker's terms and conditions, if the device wants
// that. Matter Core §11.10.7.8.
func (c *Commissioner) startTerms() {
	switch {
	case !c.facts.termsRequired:
		c.startTime()
		return
	case c.cfg.Terms == nil:
		c.fail(Failed{Code: CodeTermsRequired, Retry: RetryNone, Message: "The maker asks for its terms to be accepted first."})
		return
	}
	c.invoke(c.pase.id, SetTermsAcknowledgements(c.cfg.Terms.Version, c.cfg.Terms.Accepted), answerMs, func(o outcome) {
		switch {
		case c.unanswered(o):
		case o.err == nil && o.code() == 0:
			c.startTime()
		default:
			c.refused(CodeTermsRequired, RetryNone, "The device did not take the terms as accepted.", o, o.code().status())
		}
	})
}

// startTime sets the device's clock if there is one and we know the time.
// Certificates are judged by it, so a device without it trusts them all the same.
func (c *Commissioner) startTime() {
	if !c.facts.hasClock || c.cfg.UTC == 0 {
		c.skip(StepTime)
		c.startProof()
		return
	}
	c.begin(StepTime)
	c.invoke(c.pase.id, SetUTCTime(c.microseconds(), TimeGranularityMilliseconds), answerMs, func(o outcome) {
		if c.unanswered(o) {
			return
		}
		if o.err != nil { // it has a better source of time
			c.end(StepFailed)
		}
		c.startProof()
	})
}

// microseconds returns the time of day since 2000-01-01T00:00:00Z.
func (c *Commissioner) microseconds() uint64 {
	return uint64(c.cfg.UTC)*1_000_000 + uint64(c.now-c.started)*1000
}

// utc returns the time of day; 0 if there is no trusted clock.
func (c *Commissioner) utc() session.EpochSeconds {
	if c.cfg.UTC == 0 {
		return 0
	}
	return c.cfg.UTC + session.EpochSeconds((c.now-c.started)/1000)
}
