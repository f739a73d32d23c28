package flow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// Nothing secret is in a state after it was used, whatever happens next: not in
// a field that nobody shows either.
func TestNoSecretStays(t *testing.T) {
	secret := map[string][]Event{
		password:   {JoinWiFi{password}},
		datasetKey: {DatasetTyped{datasetHex}, JoinThread{datasetHex}, DatasetTyped{datasetHex[:60]}, JoinThread{datasetHex + "zz"}},
		passphrase: {ExportWanted{passphrase}, ImportWanted{passphrase}},
		goodManual: {CodeTyped{goodManual, 3}, Started{goodManual}, Scanned{[]string{goodManual}}},
		goodQR:     {CodeTyped{goodQR, 3}, Started{goodQR}, Scanned{[]string{goodQR, goodQR}}, WindowOpened{node().ID, goodQR, goodManual, 1000}},
	}
	states := everyScreen(t)
	states["reading a picture"] = at(t, begun(t, options()), PictureGiven{})
	states["scanner runs"] = scanning(t)
	states["exporting"] = at(t, atHome(t), HomePanel{"export"})
	states["opening"] = at(t, atHome(t), ShareWanted{node().ID}, ShareOpen{})
	states["other network"] = at(t, onNetwork(t), NetworkPicked{-1}, SSIDTyped{"x"})
	for name, s := range states {
		for canary, events := range secret {
			for _, e := range events {
				after := at(t, s, e)
				if found := leak(after, canary); found != "" {
					t.Errorf("%s × %T: %s", name, e, found)
				}
				for _, next := range []Event{Continue{}, Back{}, Stop{}, Close{}, Again{}, Died{}, TypeInstead{}, StopAnswered{true}, ScanWanted{}} {
					if found := leak(at(t, after, next), canary); found != "" {
						t.Errorf("%s × %T × %T: %s", name, e, next, found)
					}
				}
			}
		}
	}
}

// leak says where a secret is, unless that is the one place where it belongs: the
// field, while somebody types, and the window's code, while it is shown.
func leak(s State, canary string) string {
	if (s.Screen == ScreenCode || s.Screen == ScreenScan) && !s.Code.Accepted {
		s.Code.Text = ""
	}
	if s.Screen == ScreenShare && s.Share.Phase == "open" {
		s.Share.QR, s.Share.Manual = "", ""
	}
	return leakIn(dump(s), canary)
}

func leakIn(text, canary string) string {
	plain := strings.ToLower(strings.ReplaceAll(text, "-", ""))
	for what, form := range map[string]string{
		"as it is": canary, "in hex": fmt.Sprintf("%x", canary), "in decimal": fmt.Sprint([]byte(canary)), "passcode": passcode,
	} {
		if strings.Contains(plain, strings.ToLower(form)) {
			return what + ": " + text
		}
	}
	return ""
}

// The leak finder finds what it looks for.
func TestLeakFinder(t *testing.T) {
	for canary, s := range map[string]State{
		password: {Network: &NetworkQuestion{Problem: &Problem{Params: map[string]string{"x": "<" + password + ">"}}}},
		"x":      {run: run{joining: passcode}}, goodManual: {Code: CodeEntry{Text: goodGrouped, Accepted: true}},
		goodQR: {Screen: ScreenHome, Share: Share{Phase: "open", QR: goodQR}},
	} {
		if leak(s, canary) == "" {
			t.Errorf("%q is not found", canary)
		}
	}
	if leak(State{Screen: ScreenCode, Code: CodeEntry{Text: goodGrouped}}, goodManual) != "" {
		t.Error("while it is typed it is in the field")
	}
}

// A hostile device says far too much of everything. What is kept is bounded, and
// so is what each text can do to a reader.
func TestHostileDevice(t *testing.T) {
	evil := "\u202e<script>\x00\x1b[31m" + strings.Repeat("Zalgo\u0301\u0302\u0303\u0304\u0305\u0306\u0307", 10_000) + "\xff"
	many := make([]Network, 5_000)
	for i := range many {
		many[i] = Network{ID: []byte("n" + strconv.Itoa(i)), Name: evil, RSSI: i}
	}
	bad := Node{
		ID: node().ID, Name: evil, VendorName: evil, ProductName: evil, Serial: evil, FabricID: evil, CompressedID: evil, Address: evil,
	}
	stored := make([]StoredNetwork, 500)
	for i := range stored {
		stored[i] = StoredNetwork{strings.Repeat("i", i+1), evil}
	}
	discover := onDiscover(t, options())
	s := joining(t)
	for i := range 3_000 {
		discover, _ = Update(discover, CandidateFound{Candidate{ID: "c" + strconv.Itoa(i), Name: evil, Address: evil, Exact: i%2 == 0}})
		s, _ = Update(s, StepReported{Step{ID: "step" + strconv.Itoa(i), Status: StepStart}})
		s, _ = Update(s, StepReported{Step{ID: "noc", Status: StepStart}})
	}
	discover = at(t, discover, CandidateFound{Candidate{ID: strings.Repeat("x", 1_000)}})
	ends := make([]Endpoint, 5_000)
	for i := range ends {
		ends[i] = Endpoint{ID: uint16(i), Label: evil, Types: make([]uint32, 10_000), HasOnOff: true, Pending: true}
	}
	nodes := slices.Repeat([]Node{bad}, 10_000)
	findings := slices.Repeat([]string{evil}, 1_000)
	for name, s := range map[string]State{
		"candidates":  discover,
		"steps":       s,
		"networks":    at(t, armed(t), NetworkAsked{Question: NetworkQuestion{Request: 1, Kind: evil, Scanned: many, Stored: stored}, Problem: evil}),
		"attestation": at(t, armed(t), AttestationAsked{Attestation{Request: 1, Verdict: "unlisted", Findings: findings, CertificateID: evil}}),
		"failure":     failedBy(t, Failed{ID: evil, Step: evil, Status: evil, Technical: evil, Retry: evil, Params: map[string]string{evil: evil}}),
		"params":      failedBy(t, Failed{ID: "connection-lost", Params: map[string]string{"step": evil}}),
		"done":        at(t, connecting(t, options()), Commissioned{bad}),
		"picked":      at(t, onPick(t, options()), Picked{evil}),
		"home":        at(t, atHome(t), HomeRead{Home{Nodes: nodes, Label: evil, FabricID: evil}}),
		"device":      at(t, onDevice(t), DeviceRead{bad, ends}),
		"shared":      at(t, sharing(t), WindowEnded{node().ID, "joined", evil}),
		"window":      at(t, atHome(t), ShareWanted{node().ID}, ShareOpen{}, WindowOpened{node().ID, evil, evil, 1 << 60}),
		"died":        at(t, connecting(t, options()), Died{evil}),
		"options":     at(t, New(options()), Configured{Options{FabricLabel: evil, AgentURL: evil, Language: evil}}),
		"cameras":     at(t, scanning(t), ScanChanged{Phase: "live", Cameras: slices.Repeat([]Camera{{evil, evil}, {"x", evil}}, 500), Camera: evil, Torch: 200}),
		"codes":       at(t, scanning(t), Scanned{slices.Repeat([]string{evil}, 1_000)}),
		"typed":       at(t, begun(t, options()), CodeTyped{evil, 1 << 30}),
		"payloads":    at(t, begun(t, options()), CodeTyped{goodQR + strings.Repeat("*"+goodQR[3:], 180), 0}),
		"dataset":     at(t, onThread(t), DatasetTyped{evil}),
		"ssid":        at(t, onNetwork(t), NetworkPicked{-1}, SSIDTyped{evil}),
	} {
		if n := len(dump(s)); n > 300_000 || name != "home" && n > 40_000 {
			t.Errorf("%s: a state of %d octets", name, n)
		}
		for _, p := range problems(s) {
			for name, value := range p.Params {
				if utf8.RuneCountInString(value) > maxURL || strings.ContainsFunc(value, invisible) {
					t.Errorf("%s: %s is %q", p.ID, name, value)
				}
			}
		}
		if name != "typed" && strings.ContainsAny(strings.ReplaceAll(dump(s), "\\x", ""), "\x00\x1b\u202e") {
			t.Errorf("%s: control characters stay", name)
		}
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " Lamp ": "Lamp", "a\tb\nc": "a b c", "a\u202eb\u2066c\u200fd\ufeff": "abcd", "\x00\x1b[31m": "[31m",
		"bad \xff one": "bad \ufffd one", "\U0001F469\u200d\U0001F52C": "\U0001F469\u200d\U0001F52C",
		"e\u0301\u0301\u0301\u0301\u0301\u0301": "e\u0301\u0301\u0301\u0301", "\u0e01\u0e49\u0e49\u0e49\u0e49\u0e49": "\u0e01\u0e49\u0e49\u0e49\u0e49", "<b>&": "<b>&", "\u2028": "",
		"0123456789": "0123456789", "0123456789x": "012345678…", "012345678 x": "012345678…", strings.Repeat("ä", 11): strings.Repeat("ä", 9) + "…",
	} {
		if got := clean(text, 10); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if !utf8.ValidString(clean("\xf0\x9f", 3)) {
		t.Error("half a character")
	}
}
