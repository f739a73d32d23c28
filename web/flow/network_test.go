package flow

import (
	"slices"
	"strings"
	"testing"
)

func TestMerge(t *testing.T) {
	list := Merge([]Network{
		{ID: []byte("Home"), RSSI: -70, Channel: 1, Security: securityWPA2},
		{ID: []byte("Guest"), RSSI: -60, Channel: 36, Security: securityOpen},
		{ID: []byte("Home"), RSSI: -50, Channel: 44, Security: securityWPA3},
		{ID: []byte("Home"), RSSI: -80, Channel: 11, Security: securityWPA2},
		{ID: nil, RSSI: -30, Channel: 6}, {ID: []byte{0, 0, 0}, RSSI: -35},
		{ID: []byte(strings.Repeat("x", 33)), RSSI: -1},
		{ID: []byte("Far"), RSSI: -300, Channel: 200}, {ID: []byte("Near"), RSSI: 5, Channel: 5, Band: "6"},
	})
	type line struct {
		name                string
		rssi, bars, channel int
		band                string
		open, hidden        bool
		security            uint8
	}
	want := []line{
		{"Near", 0, 4, 5, "6", false, false, 0},
		{"Home", -50, 4, 44, "5", false, false, securityWPA2 | securityWPA3},
		{"Guest", -60, 3, 36, "5", true, false, securityOpen},
		{"Far", -128, 0, 200, "", false, false, 0},
		{"", -30, 4, 6, "2.4", false, true, 0},
	}
	if len(list) != len(want) {
		t.Fatalf("%+v", list)
	}
	for i, n := range list {
		if got := (line{n.Name, n.RSSI, n.Bars, n.Channel, n.Band, n.Open, n.Hidden, n.Security}); got != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got, want[i])
		}
	}
	for rssi, want := range map[int]int{-55: 4, -56: 3, -65: 3, -66: 2, -75: 2, -76: 1, -85: 1, -86: 0} {
		if got := bars(rssi); got != want {
			t.Errorf("%d dBm: %d bars, want %d", rssi, got, want)
		}
	}
	// An open twin of a protected network does not make it an open one.
	twin := Merge([]Network{{ID: []byte("Home"), RSSI: -70, Security: securityWPA2}, {ID: []byte("Home"), RSSI: -20, Security: securityOpen}})
	if len(twin) != 1 || twin[0].Open || twin[0].RSSI != -20 {
		t.Errorf("%+v", twin)
	}
	if names := Merge([]Network{{ID: []byte{1, 0xFF}}, {ID: []byte("Caf\u00e9 \U0001F600")}, {ID: []byte("\u202e\u200f")}}); names[0].Name != "01FF" ||
		names[1].Name != "Café \U0001F600" || names[2].Name != "E280AEE2808F" {
		t.Errorf("%q %q %q", names[0].Name, names[1].Name, names[2].Name)
	}
}

func TestMergeKeepsNothingOfItsInput(t *testing.T) {
	in := []Network{{ID: []byte("Home"), RSSI: -50}}
	out := Merge(in)
	in[0].ID[0] = 'X'
	if string(out[0].ID) != "Home" {
		t.Error("octets are shared")
	}
}

func TestJoiningWiFi(t *testing.T) {
	join := func(s State, events ...Event) Join {
		t.Helper()
		_, effects := play(t, s, events...)
		return has[Join](t, effects)
	}
	if e := join(onNetwork(t), JoinWiFi{password}); string(e.SSID) != "Home" || e.Password != password || e.Request != 9 {
		t.Errorf("%+v", e)
	}
	if e := join(onNetwork(t), NetworkPicked{1}, JoinWiFi{password}); string(e.SSID) != "Guest" {
		t.Errorf("%+v", e)
	}
	if e := join(onNetwork(t), NetworkPicked{-1}, SSIDTyped{"Attic"}, JoinWiFi{password}); string(e.SSID) != "Attic" {
		t.Errorf("%+v", e)
	}
	if e := join(onNetwork(t), NetworkPicked{-1}, SSIDTyped{"Open one"}, JoinWiFi{""}); e.Password != "" {
		t.Errorf("%+v", e)
	}
	open := wifi("Bar")
	open.Scanned[0].Security = securityOpen
	if e := join(at(t, armed(t), NetworkAsked{Question: open}), JoinWiFi{"not needed"}); e.Password != "" {
		t.Errorf("an open network takes no password: %+v", e)
	}
	stored := wifi("Home")
	stored.Stored = []StoredNetwork{{"w1", "My Wi-Fi"}, {"", "x"}}
	if e := join(at(t, armed(t), NetworkAsked{Question: stored}), JoinStored{"w1"}); e.Stored != "w1" || e.Password != "" || e.SSID != nil {
		t.Errorf("%+v", e)
	}
	for name, test := range map[string]struct {
		s    State
		e    Event
		want string
	}{
		"short":         {onNetwork(t), JoinWiFi{"1234567"}, "wifi-password-short"},
		"none":          {onNetwork(t), JoinWiFi{""}, "wifi-password-short"},
		"long":          {onNetwork(t), JoinWiFi{strings.Repeat("x", 65)}, "wifi-password-long"},
		"no name":       {at(t, onNetwork(t), NetworkPicked{-1}), JoinWiFi{password}, "wifi-name"},
		"short, other":  {at(t, onNetwork(t), NetworkPicked{-1}, SSIDTyped{"x"}), JoinWiFi{"1234"}, "wifi-password-short"},
		"a thread text": {onThread(t), JoinThread{""}, "thread-dataset"},
	} {
		s, effects := play(t, test.s, test.e)
		if none[Join](t, effects); shownProblem(s) != test.want || s.Screen != ScreenNetwork {
			t.Errorf("%s: %q on %s", name, shownProblem(s), s.Screen)
		}
	}
	for _, e := range []Event{JoinThread{datasetHex}, JoinStored{"x"}, DatasetTyped{"00"}, NetworkPicked{5}, SSIDTyped{"not open"}} {
		s, effects := play(t, onNetwork(t), e)
		if len(effects) > 0 || dump(s) != dump(onNetwork(t)) {
			t.Errorf("%T on the Wi-Fi screen: %#v", e, effects)
		}
	}
	s := at(t, armed(t), NetworkAsked{Question: NetworkQuestion{Request: 1, Kind: "wifi", Scanned: []Network{{RSSI: -10}}}})
	if !s.Network.Other || s.Network.Chosen != -1 {
		t.Error("a hidden network has to be named")
	}
	if s = at(t, s, NetworkPicked{0}); !s.Network.Other || s.Network.Chosen != -1 {
		t.Error("also if it is picked")
	}
	s = at(t, armed(t), steps("scan")...)
	if !s.Scanning || s.Network == nil {
		t.Error("while the device looks, nothing can be chosen")
	}
	_, effects := play(t, s, JoinWiFi{password}, NetworkPicked{0}, SSIDTyped{"x"})
	none[Join](t, effects)
}

// After a wrong password the network is still chosen, the name is still there.
func TestNetworkIsKeptAfterAFailure(t *testing.T) {
	s := at(t, onNetwork(t), NetworkPicked{1}, JoinWiFi{password}, NetworkAsked{wifi("Home", "Guest"), "wifi-auth"})
	if s.Network.Chosen != 1 || s.Network.Problem.Params["ssid"] != "Guest" {
		t.Errorf("%+v", s.Network)
	}
	s = at(t, onNetwork(t), NetworkPicked{-1}, SSIDTyped{"Attic"}, JoinWiFi{password}, NetworkAsked{wifi("Home"), "wifi-not-found"})
	if !s.Network.Other || s.Network.SSID != "Attic" || s.Network.Chosen != -1 {
		t.Errorf("%+v", s.Network)
	}
	q := wifi("x")
	q.Scanned[0].ID = []byte{0xFF, 1}
	s = at(t, armed(t), NetworkAsked{Question: q})
	s = at(t, s, JoinWiFi{password}, NetworkAsked{wifi("Home"), "wifi-auth"})
	if s.Network.SSID != "" || !s.Network.Other {
		t.Errorf("octets that are no text cannot be typed: %+v", s.Network)
	}
}

func TestSSID(t *testing.T) {
	for text, want := range map[string]string{
		"Home": "Home", strings.Repeat("x", 40): strings.Repeat("x", 32), strings.Repeat("ä", 20): strings.Repeat("ä", 16),
		strings.Repeat("\U0001F600", 9): strings.Repeat("\U0001F600", 8), "a\xffb": "a", "": "",
		"a\u202eb\x00c": "abc",
	} {
		if got := ssid(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestThread(t *testing.T) {
	s, hex := Thread(" \n" + datasetHex[:10] + " " + datasetHex[10:] + "\n")
	if s == nil || !s.Complete || s.Problem != nil || s.Name != "OpenThread" || s.Channel != 15 || s.PANID != "3333333300000000" || !strings.EqualFold(hex, datasetHex) {
		t.Fatalf("%+v %s", s, hex)
	}
	if strings.Contains(strings.ToLower(dump(s)), datasetKey) {
		t.Error("the key is kept")
	}
	if s, hex := Thread(" \n"); s != nil || hex != "" {
		t.Error("no text is no problem")
	}
	part := func(kind, value string) string {
		return kind + string(hexDigits[len(value)/32]) + string(hexDigits[len(value)/2%16]) + value
	}
	parts := []string{part("00", "00000f"), part("01", "1234"), part("02", "3333333300000000"), part("03", "4f54"), part("05", datasetKey)}
	missing := []string{"thread-no-channel", "thread-no-pan", "thread-no-extended-pan", "thread-no-name", "thread-no-key"}
	if s, _ := Thread(strings.Join(parts, "")); !s.Complete {
		t.Fatalf("%+v", s.Problem)
	}
	for i, want := range missing {
		s, hex := Thread(strings.Join(slices.Concat(parts[:i], parts[i+1:]), ""))
		if problemID(s.Problem) != want || s.Complete || hex != "" {
			t.Errorf("without %s: %+v", parts[i], s)
		}
	}
	for text, want := range map[string]string{
		"HEX:00": "thread-hex-prefix", "00 0g": "thread-not-hex", "000": "thread-odd", "00": "thread-broken", "000400": "thread-broken",
		"0004000000ff": "thread-broken", part("03", ""): "thread-no-name", part("03", strings.Repeat("41", 17)): "thread-no-name",
		strings.Repeat("00", 300): "thread-long", strings.Repeat("0", 10_000): "thread-long",
	} {
		if s, _ := Thread(text); problemID(s.Problem) != want {
			t.Errorf("%.20q: %q, want %q", text, problemID(s.Problem), want)
		}
	}
	if s, _ := Thread("\n00 0\u00fc"); s.Problem.Params["n"] != "6" {
		t.Errorf("the place counts characters as they were pasted: %v", s.Problem.Params)
	}
	for n := range len(datasetHex) {
		s, _ := Thread(datasetHex[:n])
		if s != nil && s.Complete {
			t.Errorf("complete after %d digits", n)
		}
	}
	if s := at(t, onThread(t), JoinThread{"00"}); s.Screen != ScreenNetwork || s.Network.Dataset == nil || s.Network.Dataset.Complete {
		t.Errorf("%+v", s.Network)
	}
}

func FuzzThreadDataset(f *testing.F) {
	f.Add(datasetHex)
	f.Add("hex:00")
	f.Add("000300000f 03024f54")
	f.Fuzz(func(t *testing.T, text string) {
		s, hex := Thread(text)
		if s == nil {
			if strings.TrimSpace(text) != "" || hex != "" {
				t.Fatalf("%q is nothing", text)
			}
			return
		}
		if s.Complete != (s.Problem == nil) || s.Complete != (hex != "") {
			t.Fatalf("%q: %+v, %q", text, s, hex)
		}
		if s.Problem != nil {
			if _, known := problemParams(s.Problem.ID); !known {
				t.Fatal(s.Problem.ID)
			}
			return
		}
		again, same := Thread(strings.ToLower(hex))
		if dump(again) != dump(s) || same != hex {
			t.Fatalf("%q: %+v, then %+v", text, s, again)
		}
		if len(hex) > 2*maxDataset || len(s.PANID) != 16 || len([]rune(s.Name)) > 16 {
			t.Fatalf("%+v", s)
		}
	})
}
