package commission

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session"
	"github.com/matter-session/matter-session/session/tlv"
)

func TestCommandFields(t *testing.T) {
	nonce := [32]byte{1, 2, 3}
	for _, e := range []struct {
		name   string
		got    CommandData
		path   CommandPath
		fields string
	}{
		{"off", Off(1), CommandPath{1, 6, 0}, "15 18"},
		{"on", On(2), CommandPath{2, 6, 1}, "15 18"},
		{"toggle", Toggle(3), CommandPath{3, 6, 2}, "15 18"},
		{"ArmFailSafe", ArmFailSafe(0x1234, 5), CommandPath{0, 0x30, 0}, "15 25 00 3412 24 01 05 18"},
		{"SetRegulatoryConfig", SetRegulatoryConfig(LocationIndoorOutdoor, "XX", 2), CommandPath{0, 0x30, 2}, "15 24 00 02 2c 01 02 5858 24 02 02 18"},
		{"CommissioningComplete", CommissioningComplete(), CommandPath{0, 0x30, 4}, "15 18"},
		{"SetTCAcknowledgements", SetTermsAcknowledgements(1, 3), CommandPath{0, 0x30, 6}, "15 24 00 01 24 01 03 18"},
		{"SetUTCTime", SetUTCTime(1<<40, TimeGranularityMilliseconds), CommandPath{0, 0x38, 0}, "15 27 00 0000000000010000 24 01 03 18"},
		{"CertificateChainRequest", CertificateChainRequest(CertificatePAI), CommandPath{0, 0x3E, 2}, "15 24 00 02 18"},
		{"AttestationRequest", AttestationRequest(nonce), CommandPath{0, 0x3E, 0}, "15 30 00 20 010203" + strings.Repeat("00", 29) + "18"},
		{"CSRRequest", CSRRequest(nonce), CommandPath{0, 0x3E, 4}, "15 30 00 20 010203" + strings.Repeat("00", 29) + "18"},
		{"AddTrustedRootCertificate", AddTrustedRootCertificate([]byte{0xAA}), CommandPath{0, 0x3E, 0xB}, "15 30 00 01 aa 18"},
		{
			"AddNOC", AddNOC(AddNOCRequest{NOC: []byte{1}, ICAC: []byte{2}, AdminSubject: 0x1_0000_0001, AdminVendorID: 0xFFF1}),
			CommandPath{0, 0x3E, 6}, "15 30 00 01 01 30 01 01 02 30 02 10 " + strings.Repeat("00", 16) + "27 03 0100000001000000 25 04 f1ff 18",
		},
		{
			"AddNOC without ICAC", AddNOC(AddNOCRequest{NOC: []byte{1}, AdminSubject: 9, AdminVendorID: 0xFFF1}),
			CommandPath{0, 0x3E, 6}, "15 30 00 01 01 30 02 10 " + strings.Repeat("00", 16) + "24 03 09 25 04 f1ff 18",
		},
		{"UpdateFabricLabel", UpdateFabricLabel("Home"), CommandPath{0, 0x3E, 9}, "15 2c 00 04 486f6d65 18"},
		{"RemoveFabric", RemoveFabric(3), CommandPath{0, 0x3E, 0xA}, "15 24 00 03 18"},
		{"ScanNetworks", ScanNetworks(0, nil, 4), CommandPath{0, 0x31, 0}, "15 34 00 24 01 04 18"},
		{"ScanNetworks for one", ScanNetworks(1, []byte("ab"), 4), CommandPath{1, 0x31, 0}, "15 30 00 02 6162 24 01 04 18"},
		{"AddOrUpdateWiFiNetwork", AddOrUpdateWiFiNetwork(0, []byte("ab"), nil, 4), CommandPath{0, 0x31, 2}, "15 30 00 02 6162 30 01 00 24 02 04 18"},
		{"AddOrUpdateThreadNetwork", AddOrUpdateThreadNetwork(0, []byte{9}, 4), CommandPath{0, 0x31, 3}, "15 30 00 01 09 24 01 04 18"},
		{"RemoveNetwork", RemoveNetwork(0, []byte("ab"), 4), CommandPath{0, 0x31, 4}, "15 30 00 02 6162 24 01 04 18"},
		{"ConnectNetwork", ConnectNetwork(0, []byte("ab"), 4), CommandPath{0, 0x31, 6}, "15 30 00 02 6162 24 01 04 18"},
		{
			"OpenCommissioningWindow", OpenCommissioningWindow(WindowRequest{180, []byte{1}, 3840, 1000, []byte{2}}),
			CommandPath{0, 0x3C, 0}, "15 24 00 b4 30 01 01 01 25 02 000f 25 03 e803 30 04 01 02 18",
		},
		{"RevokeCommissioning", RevokeCommissioning(), CommandPath{0, 0x3C, 2}, "15 18"},
	} {
		if e.got.Path != e.path || !bytes.Equal(e.got.Fields, unhex(t, e.fields)) || e.got.HasRef {
			t.Errorf("%s: %+v %x", e.name, e.got.Path, e.got.Fields)
		}
	}
}

// A decoder reads the fields of one command or the value of one attribute.
type decoder struct {
	name   string
	octets string
	want   any
	parse  func([]byte) (any, error)
}

func decoderOf[T any](name, octets string, want T, parse func([]byte) (T, error)) decoder {
	return decoder{name, octets, want, func(b []byte) (any, error) { return parse(b) }}
}

var decoders = []decoder{
	decoderOf("CommissioningResponse", "15 24 00 04 2c 01 02 6869 18", CommissioningResponse{CommissioningBusyWithOtherAdmin, "hi"}, ParseCommissioningResponse),
	decoderOf("BasicCommissioningInfo", "15 24 00 3c 25 01 8403 18", BasicCommissioningInfo{60, 900}, ParseBasicCommissioningInfo),
	decoderOf("CertificateChainResponse", "15 30 00 02 3000 18", []byte{0x30, 0}, ParseCertificateChainResponse),
	decoderOf("SignedElements", "15 30 00 01 15 30 01 40"+strings.Repeat("07", 64)+"18", SignedElements{[]byte{0x15}, sevens()}, ParseSignedElements),
	decoderOf("NOCResponse", "15 24 00 09 24 01 02 2c 02 02 6869 18", NOCResponse{NOCFabricConflict, 2, "hi"}, ParseNOCResponse),
	decoderOf("Fabrics", "16 15 30 01 41"+strings.Repeat("07", 65)+"25 02 f1ff 24 03 01 24 04 02 2c 05 01 61 24 fe 03 18 15 24 fe 04 18 18",
		[]FabricDescriptor{{sevens65(), 0xFFF1, 1, 2, "a", 3}, {Index: 4}}, ParseFabrics),
	decoderOf("NetworkConfigResponse", "15 24 00 02 2c 01 02 6869 24 02 01 18", NetworkResponse{Status: NetworkBoundsExceeded, Text: "hi", Index: 1, HasIndex: true}, ParseNetworkConfigResponse),
	decoderOf("ConnectNetworkResponse", "15 24 00 07 2c 01 02 6869 20 02 ff 18", NetworkResponse{Status: NetworkAuthFailure, Text: "hi", Error: -1, HasError: true}, ParseConnectNetworkResponse),
	decoderOf("ConnectNetworkResponse without an error", "15 24 00 00 34 02 18", NetworkResponse{}, ParseConnectNetworkResponse),
	decoderOf("ScanNetworksResponse",
		"15 24 00 00 2c 01 00 36 02 15 24 00 08 30 01 02 6162 30 02 06 010203040506 24 03 06 24 04 02 20 05 d6 18 18"+
			"36 03 15 25 00 3412 27 01 0807060504030201 2c 02 01 61 24 03 0f 24 04 04 30 05 08 0102030405060708 20 06 d6 24 07 63 18 18 18",
		ScanResult{
			WiFi:   []WiFiNetwork{{WiFiWPA2, []byte("ab"), []byte{1, 2, 3, 4, 5, 6}, 6, 2, -42}},
			Thread: []ThreadNetwork{{0x1234, 0x0102030405060708, "a", 15, 4, []byte{1, 2, 3, 4, 5, 6, 7, 8}, -42, 99}},
		}, ParseScanNetworksResponse),
	decoderOf("uint", "25 3412", uint64(0x1234), func(b []byte) (uint64, error) { return ParseUint(b, 0xFFFF) }),
	decoderOf("bool", "09", true, ParseBool),
	decoderOf("text", "0c 02 6869", "hi", func(b []byte) (string, error) { return ParseText(b, 2) }),
	decoderOf("uints", "16 04 01 05 0203 18", []uint64{1, 0x302}, func(b []byte) ([]uint64, error) { return ParseUints(b, 0xFFFF) }),
}

func sevens() (b [64]byte)   { copy(b[:], bytes.Repeat([]byte{7}, 64)); return }
func sevens65() (b [65]byte) { copy(b[:], bytes.Repeat([]byte{7}, 65)); return }

func TestClusterDecoders(t *testing.T) {
	for _, d := range decoders {
		b := unhex(t, d.octets)
		if d.name == "uint" {
			b = uintOf(0x1234)
		}
		got, err := d.parse(b)
		if err != nil || !reflect.DeepEqual(got, d.want) {
			t.Errorf("%s: %+v, %v, want %+v", d.name, got, err, d.want)
		}
		for n := range b {
			if _, err := d.parse(b[:n]); !errors.Is(err, tlv.ErrTruncated) {
				t.Errorf("%s, %d of %d octets: %v", d.name, n, len(b), err)
			}
		}
		if _, err := d.parse(append(bytes.Clone(b), 0x14)); err == nil {
			t.Errorf("%s: trailing octets accepted", d.name)
		}
		if b[0] != 0x15 {
			continue
		}
		// Unknown members are skipped; the first mandatory one may not be missing.
		extra := append(bytes.Clone(b[:len(b)-1]), unhex(t, "37 20 04 01 35 21 18 18 18")...)
		if got, err := d.parse(extra); err != nil || !reflect.DeepEqual(got, d.want) {
			t.Errorf("%s with an unknown member: %+v, %v", d.name, got, err)
		}
		var missing *tlv.MemberError
		if _, err := d.parse([]byte{0x15, 0x18}); !errors.As(err, &missing) {
			t.Errorf("%s, empty: %v", d.name, err)
		}
	}
}

func TestClusterAnswersRoundTrip(t *testing.T) {
	a := CommissioningResponse{CommissioningNoFailSafe, "no"}
	if got, err := ParseCommissioningResponse(a.AppendFields(nil)); err != nil || got != a {
		t.Errorf("%+v, %v", got, err)
	}
	for _, n := range []NOCResponse{{NOCOK, 3, ""}, {NOCTableFull, 0, "full"}} {
		if got, err := ParseNOCResponse(n.AppendFields(nil)); err != nil || got != n {
			t.Errorf("%+v, %v", got, err)
		}
	}
	s := SignedElements{[]byte{1, 2}, sevens()}
	if got, err := ParseSignedElements(s.AppendFields(nil)); err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("%+v, %v", got, err)
	}
}

// F23: a refusal is shown by name and number, with the device's own words.
func TestField_F23_RefusalsByNameAndNumber(t *testing.T) {
	for _, e := range []struct {
		err  error
		text string
	}{
		{CommissioningResponse{CommissioningBusyWithOtherAdmin, ""}.Err(), "BusyWithOtherAdmin (4)"},
		{CommissioningResponse{99, "x"}.Err(), `code 99 (99): "x"`},
		{NOCResponse{NOCInvalidNOC, 0, "signature"}.Err(), `InvalidNOC (3): "signature"`},
		{NOCResponse{Status: 7}.Err(), "code 7 (7)"},
		{NetworkResponse{Status: NetworkAuthFailure}.Err(), "AuthFailure (7)"},
		{ScanResult{Status: NetworkNotFound, Text: "none"}.Err(), `NetworkNotFound (5): "none"`},
	} {
		if e.err == nil || !strings.Contains(e.err.Error(), e.text) {
			t.Errorf("%v, want %q", e.err, e.text)
		}
	}
	for _, err := range []error{CommissioningResponse{}.Err(), NOCResponse{}.Err(), NetworkResponse{}.Err(), ScanResult{}.Err()} {
		if err != nil {
			t.Error(err)
		}
	}
	var (
		c *CommissioningError
		n *NOCError
		w *NetworkError
	)
	if !errors.As(CommissioningResponse{Code: 4}.Err(), &c) || !errors.As(NOCResponse{Status: 3}.Err(), &n) || !errors.As(ScanResult{Status: 5}.Err(), &w) {
		t.Error("an error has another type")
	}
	for code, name := range map[fmt.Stringer]string{
		CommissioningTCMinVersionNotMet: "TCMinVersionNotMet", NOCInvalidFabricIndex: "InvalidFabricIndex", NOCLabelConflict: "LabelConflict",
		NetworkUnknownError: "UnknownError", NetworkIPBindFailed: "IPBindFailed", NetworkOK: "OK",
	} {
		if code.String() != name {
			t.Errorf("%v, want %s", code, name)
		}
	}
}

func TestThreadNetworkID(t *testing.T) {
	// Channel, extended PAN ID, name.
	dataset := unhex(t, "00 03 00000f 02 08 1122334455667788 03 01 61")
	if id, ok := ThreadNetworkID(dataset); !ok || !bytes.Equal(id, unhex(t, "1122334455667788")) {
		t.Errorf("%x, %v", id, ok)
	}
	for n := range 15 {
		if _, ok := ThreadNetworkID(dataset[:n]); ok {
			t.Errorf("%d octets: found", n)
		}
	}
	for _, s := range []string{"", "02 07 11223344556677", "02 ff 1122334455667788", "00 03 00000f"} {
		if _, ok := ThreadNetworkID(unhex(t, s)); ok {
			t.Errorf("%s: found", s)
		}
	}
}

func TestCodeErrorUnwraps(t *testing.T) {
	_, err := ParseManual(withCheckDigit("3" + "51911" + "0678"))
	var e *CodeError
	if !errors.As(err, &e) || e.Kind != CodePasscode || e.Err == nil || !errors.Is(err, e.Err) {
		t.Errorf("%v", err)
	}
	if session.CheckPasscode(20202021) != nil {
		t.Error("a passcode of the examples is forbidden")
	}
}

// FuzzCluster: decoders refuse or read, and never twice differently.
func FuzzCluster(f *testing.F) {
	for i, d := range decoders {
		f.Add(byte(i), unhex(f, d.octets))
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		d := decoders[int(which)%len(decoders)]
		got, err := d.parse(b)
		if err != nil {
			if !strings.Contains(err.Error(), ": ") {
				t.Fatalf("%s: %q", d.name, err)
			}
			return
		}
		if again, err := d.parse(bytes.Clone(b)); err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("%s: %+v, %v", d.name, again, err)
		}
		switch m := got.(type) {
		case CommissioningResponse:
			if again, err := ParseCommissioningResponse(m.AppendFields(nil)); err != nil || again != m {
				t.Fatalf("%+v, %v", again, err)
			}
		case NOCResponse:
			if again, err := ParseNOCResponse(m.AppendFields(nil)); err != nil || again != m {
				t.Fatalf("%+v, %v", again, err)
			}
		case SignedElements:
			if len(m.Elements) == 0 || len(m.Elements) > maxElements {
				t.Fatalf("%d octets of elements", len(m.Elements))
			}
		case []byte:
			if len(m) == 0 || len(m) > maxCertificateDER {
				t.Fatalf("%d octets of certificate", len(m))
			}
		case uint64:
			if m > 0xFFFF {
				t.Fatalf("%d", m)
			}
		case string:
			if len(m) > 2 {
				t.Fatalf("%q", m)
			}
		}
	})
}
