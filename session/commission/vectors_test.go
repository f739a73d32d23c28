package commission

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/matter-session/matter-session/session"
)

// Another implementation's octets: see the file for how they were made.
type interactionVectors struct {
	Messages, Commands, Responses []struct{ Name, Octets string }
	Codes                         []struct {
		Vendor, Product, Flow, Discovery, Discriminator uint16
		Passcode                                        uint32
		QR, Manual, Long                                string
	}
}

func readVectors(t testing.TB) (v interactionVectors) {
	t.Helper()
	b, err := os.ReadFile("../testdata/interaction_matterjs.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestMessagesOfAnotherImplementation(t *testing.T) {
	v := readVectors(t)
	if len(v.Messages) != len(codecs) {
		t.Errorf("%d messages, %d codecs", len(v.Messages), len(codecs))
	}
	for i, m := range v.Messages {
		c, octets := codecs[i], unhex(t, m.Octets)
		if c.name != m.Name {
			t.Fatalf("%s stands where %s is expected", m.Name, c.name)
		}
		got, _, err := c.parse(octets)
		if err != nil || !reflect.DeepEqual(got, c.value) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", c.name, err, got, c.value)
		}
		if !bytes.Equal(c.example, octets) {
			t.Errorf("%s:\nours   %x\ntheirs %x", c.name, c.example, octets)
		}
	}
}

func TestCommandsOfAnotherImplementation(t *testing.T) {
	sevens := func(n int) []byte { return bytes.Repeat([]byte{7}, n) }
	commands := map[string]CommandData{
		"ArmFailSafe":               ArmFailSafe(0x1234, 5),
		"SetRegulatoryConfig":       SetRegulatoryConfig(LocationIndoorOutdoor, "XX", 2),
		"SetUTCTime":                SetUTCTime(1<<40, TimeGranularityMilliseconds),
		"CertificateChainRequest":   CertificateChainRequest(CertificatePAI),
		"AttestationRequest":        AttestationRequest([32]byte(sevens(32))),
		"CSRRequest":                CSRRequest([32]byte(sevens(32))),
		"AddTrustedRootCertificate": AddTrustedRootCertificate(sevens(200)),
		"AddNOC": AddNOC(AddNOCRequest{
			NOC: sevens(300), ICAC: sevens(20), IPK: [16]byte(sevens(16)), AdminSubject: 0x1_0000_0001, AdminVendorID: 0xFFF1,
		}),
		"UpdateFabricLabel":        UpdateFabricLabel("Home"),
		"RemoveFabric":             RemoveFabric(3),
		"ScanNetworks":             ScanNetworks(0, nil, 4),
		"ScanNetworks for one":     ScanNetworks(0, sevens(2), 4),
		"AddOrUpdateWiFiNetwork":   AddOrUpdateWiFiNetwork(0, sevens(2), sevens(8), 4),
		"AddOrUpdateThreadNetwork": AddOrUpdateThreadNetwork(0, sevens(9), 4),
		"RemoveNetwork":            RemoveNetwork(0, sevens(2), 4),
		"ConnectNetwork":           ConnectNetwork(0, sevens(2), 4),
		"OpenCommissioningWindow":  OpenCommissioningWindow(WindowRequest{180, sevens(97), 3840, 1000, sevens(16)}),
	}
	v := readVectors(t)
	if len(v.Commands) != len(commands) {
		t.Errorf("%d commands of %d", len(v.Commands), len(commands))
	}
	for _, c := range v.Commands {
		if ours := commands[c.Name].Fields; !bytes.Equal(ours, unhex(t, c.Octets)) {
			t.Errorf("%s:\nours   %x\ntheirs %s", c.Name, ours, c.Octets)
		}
	}
}

func TestResponsesOfAnotherImplementation(t *testing.T) {
	sevens := func(n int) []byte { return bytes.Repeat([]byte{7}, n) }
	signature := [64]byte(sevens(64))
	for _, r := range readVectors(t).Responses {
		b := unhex(t, r.Octets)
		var got, want any
		var err error
		switch r.Name {
		case "ArmFailSafeResponse":
			got, err = ParseCommissioningResponse(b)
			want = CommissioningResponse{CommissioningBusyWithOtherAdmin, "hi"}
		case "CertificateChainResponse":
			got, err = ParseCertificateChainResponse(b)
			want = sevens(400)
		case "AttestationResponse":
			got, err = ParseSignedElements(b)
			want = SignedElements{sevens(500), signature}
		case "CSRResponse":
			got, err = ParseSignedElements(b)
			want = SignedElements{sevens(300), signature}
		case "NOCResponse":
			got, err = ParseNOCResponse(b)
			want = NOCResponse{NOCOK, 2, "hi"}
		case "NetworkConfigResponse":
			got, err = ParseNetworkConfigResponse(b)
			want = NetworkResponse{Status: NetworkBoundsExceeded, Text: "hi", Index: 1, HasIndex: true}
		case "ConnectNetworkResponse":
			got, err = ParseConnectNetworkResponse(b)
			want = NetworkResponse{Status: NetworkAuthFailure, Text: "hi", Error: -40, HasError: true}
		case "ScanNetworksResponse":
			got, err = ParseScanNetworksResponse(b)
			want = ScanResult{
				WiFi:   []WiFiNetwork{{WiFiWPA2, sevens(2), sevens(6), 6, 2, -42}},
				Thread: []ThreadNetwork{{0x1234, 0x0102030405060708, "a", 15, 4, sevens(8), -42, 99}},
			}
		default:
			t.Fatalf("%s is unknown", r.Name)
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", r.Name, got, err, want)
		}
	}
}

func TestCodesOfAnotherImplementation(t *testing.T) {
	codes := readVectors(t).Codes
	if len(codes) < 50 {
		t.Fatalf("%d codes", len(codes))
	}
	for _, c := range codes {
		p := Payload{
			VendorID: c.Vendor, ProductID: c.Product, Flow: Flow(c.Flow), Discovery: Discovery(c.Discovery),
			Discriminator: c.Discriminator, Passcode: c.Passcode,
		}
		if got, err := ParseCode(c.QR); err != nil || !reflect.DeepEqual(got, []Payload{p}) {
			t.Errorf("%s: %v, %v", c.QR, fields2(got), err)
		}
		if got, err := p.QR(); err != nil || got != c.QR {
			t.Errorf("%q, %v, want %q", got, err, c.QR)
		}
		if got, err := p.LongManualCode(); err != nil || got != c.Long {
			t.Errorf("%q, %v, want %q", got, err, c.Long)
		}
		q := p
		q.Flow = FlowStandard
		if got, err := q.ManualCode(); err != nil || got != c.Manual {
			t.Errorf("%q, %v, want %q", got, err, c.Manual)
		}
		for _, code := range []string{c.Manual, c.Long} {
			got, err := ParseManual(code)
			if err != nil || got.Passcode != c.Passcode || !got.MatchesDiscriminator(c.Discriminator) || session.CheckPasscode(got.Passcode) != nil {
				t.Errorf("%s: %v, %v", code, fields2([]Payload{got}), err)
			}
		}
	}
}
