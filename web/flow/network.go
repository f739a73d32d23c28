package flow

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// Which network the device shall join.

// Bits of a Wi-Fi network's security, as the device tells them. Matter Core §11.9.5.
const (
	securityOpen = 1 << iota
	securityWEP
	securityWPA
	securityWPA2
	securityWPA3
)

const (
	maxSSID     = 32 // octets
	maxPassword = 64
	minPassword = 8
)

// networkAsked shows what the device sees. After a network that did not work it
// is asked again, and what was chosen stays.
func (m *machine) networkAsked(q NetworkQuestion, problem string) {
	if !m.run.active || rank(m.Screen) == 0 {
		return
	}
	m.Armed = true
	again := ""
	if problem != "" {
		again = m.run.ssid
	}
	n := NetworkQuestion{Request: q.Request, Kind: q.Kind, Scanned: Merge(q.Scanned), Chosen: -1}
	for _, s := range head(q.Stored, maxStored) {
		if s.ID != "" && len(s.ID) <= maxURL {
			n.Stored = append(n.Stored, StoredNetwork{s.ID, clean(s.Label, maxName)})
		}
	}
	if n.Kind != "thread" {
		n.Kind = "wifi"
		n.choose(again)
	}
	if problem != "" {
		n.Problem = m.problem(problem, "", nil)
	}
	m.goOn(ScreenNetwork)
	m.Scanning, m.Network = false, &n
}

// choose preselects the network with these octets, the strongest if there are none.
func (n *NetworkQuestion) choose(ssid string) {
	if ssid == "" {
		if len(n.Scanned) > 0 && !n.Scanned[0].Hidden {
			n.Chosen = 0
		}
		n.Other = n.Chosen < 0
		return
	}
	for i := range n.Scanned {
		if string(n.Scanned[i].ID) == ssid {
			n.Chosen = i
			return
		}
	}
	n.Other = true
	if utf8.ValidString(ssid) {
		n.SSID = ssid
	}
}

// Merge makes one network of the access points of each name: the strongest
// counts. The strongest network comes first, those without a name last.
func Merge(list []Network) []Network {
	var out []Network
	at := make(map[string]int)
	for _, n := range head(list, maxScanned) {
		if len(n.ID) > maxSSID {
			continue
		}
		n = network(n)
		i, seen := at[string(n.ID)]
		if !seen {
			if len(out) < maxNetworks {
				at[string(n.ID)] = len(out)
				out = append(out, n)
			}
			continue
		}
		security, open := out[i].Security|n.Security, out[i].Open && n.Open
		if n.RSSI > out[i].RSSI {
			out[i] = n
		}
		out[i].Security, out[i].Open = security, open
	}
	slices.SortStableFunc(out, func(a, b Network) int {
		if a.Hidden != b.Hidden {
			if a.Hidden {
				return 1
			}
			return -1
		}
		return cmp.Compare(b.RSSI, a.RSSI)
	})
	return out
}

// network fills in what follows from what the device says.
func network(n Network) Network {
	n.ID = slices.Clone(n.ID)
	n.Hidden = !slices.ContainsFunc(n.ID, func(o byte) bool { return o != 0 })
	if n.Hidden {
		n.ID = nil
	}
	n.Name = clean(n.Name, maxName)
	if n.Name == "" && utf8.Valid(n.ID) {
		n.Name = clean(string(n.ID), maxName)
	}
	if n.Name == "" && !n.Hidden {
		n.Name = hexText(n.ID)
	}
	n.RSSI = min(max(n.RSSI, -128), 0)
	n.Bars = bars(n.RSSI)
	n.Open = n.Open || n.Security == securityOpen
	switch n.Band {
	case "2.4", "5", "6":
	default:
		n.Band = band(n.Channel)
	}
	return n
}

func bars(rssi int) int {
	for i, least := range [...]int{-55, -65, -75, -85} {
		if rssi >= least {
			return 4 - i
		}
	}
	return 0
}

// band is that of a Wi-Fi channel. 6 GHz has the numbers of the others again, so
// only a device can say it.
func band(channel int) string {
	switch {
	case 1 <= channel && channel <= 14:
		return "2.4"
	case 32 <= channel && channel <= 177:
		return "5"
	}
	return ""
}

// question returns the network question to answer, as a copy; nil if there is none.
func (m *machine) question() *NetworkQuestion {
	if m.Screen != ScreenNetwork || m.Network == nil || m.Network.Request == 0 {
		return nil
	}
	n := *m.Network
	return &n
}

func (m *machine) networkPicked(i int) {
	n := m.question()
	if n == nil || i >= len(n.Scanned) {
		return
	}
	n.Problem = nil
	n.Chosen, n.Other = i, false
	if i < 0 || n.Scanned[i].Hidden {
		n.Chosen, n.Other = -1, true
	}
	m.Network = n
}

func (m *machine) ssidTyped(text string) {
	n := m.question()
	if n == nil || !n.Other {
		return
	}
	n.SSID = ssid(text)
	n.Problem = nil
	m.Network = n
}

// ssid keeps the beginning of a text that fits into a network's name, without
// what only pasting can bring along.
func ssid(text string) string {
	var b []byte
	for _, r := range text {
		if r == utf8.RuneError || len(b)+utf8.RuneLen(r) > maxSSID {
			break
		}
		if !invisible(r) {
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}

func (m *machine) joinWiFi(password string) {
	n := m.question()
	if n == nil || n.Kind != "wifi" {
		return
	}
	id, name, security, open := []byte(n.SSID), clean(n.SSID, maxName), uint8(0), false
	if !n.Other {
		if n.Chosen < 0 || n.Chosen >= len(n.Scanned) {
			return
		}
		c := n.Scanned[n.Chosen]
		id, name, security, open = slices.Clone(c.ID), c.Name, c.Security, c.Open
	}
	problem := ""
	switch {
	case len(id) == 0:
		problem = "wifi-name"
	case len(password) > maxPassword:
		problem = "wifi-password-long"
	case open:
		password = ""
	case len(password) < minPassword && security >= securityWPA && security&(securityOpen|securityWEP) == 0,
		n.Other && password != "" && len(password) < 5: // 5 is the shortest WEP key
		problem = "wifi-password-short"
	}
	if problem != "" {
		n.Problem = m.problem(problem, "", nil)
		m.Network = n
		return
	}
	m.join(n, string(id), name, Join{Request: n.Request, Kind: n.Kind, SSID: id, Password: password})
}

func (m *machine) datasetTyped(text string) {
	n := m.question()
	if n == nil || n.Kind != "thread" {
		return
	}
	n.Dataset, _ = m.dataset(text)
	n.Problem = nil
	m.Network = n
}

func (m *machine) joinThread(text string) {
	n := m.question()
	if n == nil || n.Kind != "thread" {
		return
	}
	summary, hex := m.dataset(text)
	n.Dataset = summary
	if summary == nil || !summary.Complete {
		if summary == nil {
			n.Problem = m.problem("thread-dataset", "", nil)
		}
		m.Network = n
		return
	}
	n.Problem = nil
	m.join(n, "", summary.Name, Join{Request: n.Request, Kind: n.Kind, Dataset: hex})
}

func (m *machine) joinStored(id string) {
	n := m.question()
	if n == nil {
		return
	}
	for _, s := range n.Stored {
		if s.ID == id {
			m.join(n, "", s.Label, Join{Request: n.Request, Kind: n.Kind, Stored: id})
			return
		}
	}
}

// join hands on the credentials. What stays here is the network's name.
func (m *machine) join(n *NetworkQuestion, ssid, name string, e Join) {
	m.run.ssid, m.run.joining = ssid, name
	n.Request, n.Problem = 0, nil
	m.Network = n
	m.do(e)
	m.goOn(ScreenJoining)
}
