//go:build !js

package main

import (
	"net"
	"net/netip"
	"testing"
)

func listenAt(t *testing.T, end netip.AddrPort) *net.UDPConn {
	t.Helper()
	socket, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(end))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return socket
}

func TestCarried(t *testing.T) {
	for text, want := range map[string]bool{
		"10.0.0.1": true, "172.16.0.1": true, "172.31.255.254": true, "192.168.1.1": true, "169.254.7.7": true, "127.0.0.1": true,
		"::1": true, "fe80::1%eth0": true, "fd00::1": true, "fc00::1": true,
		"172.32.0.1": false, "100.64.0.1": false, "192.0.2.1": false, "8.8.8.8": false, "0.0.0.0": false, "255.255.255.255": false,
		"224.0.0.251": false, "2001:db8::1": false, "2000::1": false, "::": false, "ff02::fb": false, "ff02::1%eth0": false, "fec0::1": false,
		"::ffff:192.168.1.1": false, "::ffff:8.8.8.8": false, "64:ff9b::c0a8:101": false, "2002:c0a8:101::1": false,
		// The clouds' credentials.
		"169.254.169.254": false, "fd00:ec2::254": false, "fd00:ec2::254%eth0": false,
	} {
		if got := carried(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if carried(netip.Addr{}) {
		t.Error("no address is carried to")
	}
}

func TestDiscoverable(t *testing.T) {
	for _, c := range []struct {
		end      string
		loopback bool
		want     bool
	}{
		{"192.168.1.7:5540", false, true},
		{"[fe80::1%eth0]:49152", false, true},
		{"192.168.1.7:53", false, false},
		{"192.168.1.7:1023", false, false},
		{"192.168.1.7:1024", false, true},
		{"8.8.8.8:5540", false, false},
		{"127.0.0.1:5540", false, false},
		{"[::1]:5540", false, false},
		{"127.0.0.1:5540", true, true},
		{"8.8.8.8:5540", true, false},
		// A router's port mapping, and what else answers there: a datagram of Matter's
		// shape can be a valid one of these.
		{"192.168.1.1:5351", false, false},
		{"192.168.1.7:5353", false, false},
		{"[fe80::1%eth0]:5353", false, false},
		{"192.168.1.7:1900", false, false},
		{"127.0.0.1:5353", true, false},
	} {
		if got := discoverable(netip.MustParseAddrPort(c.end), c.loopback); got != c.want {
			t.Errorf("%s, loopback %v: %v", c.end, c.loopback, got)
		}
	}
}

func TestParseNamed(t *testing.T) {
	for _, c := range []struct {
		text    string
		allowed []string
		not     []string
	}{
		{"192.168.1.7", []string{"192.168.1.7:5540", "192.168.1.7:1024"}, []string{"192.168.1.8:5540", "192.168.1.7:53"}},
		{"192.168.1.7:53", []string{"192.168.1.7:53"}, []string{"192.168.1.7:5540"}},
		{"::1", []string{"[::1]:5540"}, []string{"[::2]:5540", "127.0.0.1:5540"}},
		{"[::1]", []string{"[::1]:5540"}, nil},
		{"[fe80::1%eth0]:5540", []string{"[fe80::1%eth0]:5540"}, []string{"[fe80::1%eth1]:5540", "[fe80::1%eth0]:5541"}},
		{"fe80::1", []string{"[fe80::1%eth0]:5540", "[fe80::1%eth1]:5540"}, []string{"[fe80::2%eth0]:5540"}},
		{"192.168.1.99/24", []string{"192.168.1.1:5540"}, []string{"192.168.2.1:5540", "192.168.1.1:80"}},
		{"fd00::/8", []string{"[fd12::1]:5540"}, []string{"[fc00::1]:5540"}},
	} {
		n, err := parseNamed(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		for _, end := range c.allowed {
			if !n.allows(netip.MustParseAddrPort(end)) {
				t.Errorf("%s does not allow %s", c.text, end)
			}
		}
		for _, end := range c.not {
			if n.allows(netip.MustParseAddrPort(end)) {
				t.Errorf("%s allows %s", c.text, end)
			}
		}
	}
	for _, text := range []string{"", "lamp.local", "8.8.8.8", "8.8.8.8:53", "0.0.0.0/0", "10.0.0.0/7", "::/0", "192.168.1.1:0", "::ffff:10.0.0.1", "169.254.169.254", "224.0.0.251", "[::1", "192.168.1.1:99999"} {
		if n, err := parseNamed(text); err == nil {
			t.Errorf("%q is taken as %+v", text, n)
		}
	}
}

func TestBroadcastAddresses(t *testing.T) {
	_, home, _ := net.ParseCIDR("192.168.1.7/24")
	_, wide, _ := net.ParseCIDR("10.0.0.0/9")
	_, pair, _ := net.ParseCIDR("10.0.0.2/31")
	for _, c := range []struct {
		address string
		network *net.IPNet
		want    bool
	}{
		{"192.168.1.255", home, true},
		{"192.168.1.254", home, false},
		{"192.168.2.255", home, false},
		{"10.127.255.255", wide, true},
		{"10.0.255.255", wide, false},
		{"10.0.0.3", pair, false},
	} {
		if got := isLast(netip.MustParseAddr(c.address), c.network); got != c.want {
			t.Errorf("%s in %v: %v", c.address, c.network, got)
		}
	}
	if !broadcast(netip.MustParseAddr("127.255.255.255")) || broadcast(netip.MustParseAddr("127.0.0.1")) || broadcast(netip.MustParseAddr("fe80::1")) {
		t.Error("the loopback's broadcast address is not the only one")
	}
}

func FuzzNamed(f *testing.F) {
	for _, s := range []string{"192.168.1.7", "192.168.1.7:5540", "[fe80::1%eth0]:5540", "10.0.0.0/8", "::ffff:10.0.0.1/120", "fd00::/7"} {
		f.Add(s, "10.0.0.1:5540")
		f.Add(s, "[fd00::1%a]:80")
	}
	f.Fuzz(func(t *testing.T, text, end string) {
		n, err := parseNamed(text)
		to, errTo := netip.ParseAddrPort(end)
		if err != nil || errTo != nil {
			return
		}
		if n.allows(to) && !carried(to.Addr()) && !metadata[to.Addr().WithZone("")] {
			t.Fatalf("%q allows %v, to which nothing is carried", text, to)
		}
	})
}
