//go:build !js

package main

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/matter-session/matter-session/web/transport/relay"
)

// Cloud machines get their credentials from these; no Matter device has them.
var metadata = map[netip.Addr]bool{
	netip.MustParseAddr("169.254.169.254"): true,
	netip.MustParseAddr("fd00:ec2::254"):   true,
}

// carried reports whether the agent carries datagrams to an address at all,
// whoever names it: private ones, link-local ones and this machine's own. An IPv4
// address in IPv6's clothes is refused as it stands.
func carried(a netip.Addr) bool {
	if !a.IsValid() || a.Is4In6() || a.IsUnspecified() || a.IsMulticast() || metadata[a.WithZone("")] {
		return false
	}
	return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback()
}

// services are ports from 1024 on that others than devices listen at, routers
// first. Matter's shape alone does not keep a page from them: its octets can be a
// valid request to map a port, or a question to multicast DNS.
var services = map[uint16]bool{
	1900: true, // SSDP
	3702: true, // WS-Discovery
	4500: true, // IPsec
	5350: true, // NAT-PMP and PCP
	5351: true,
	5353: true, // multicast DNS
	5355: true, // LLMNR
	5683: true, // CoAP
	5684: true,
}

// discoverable reports whether the address that a node tells of itself is taken.
// It can tell of any. So that it makes a page's datagrams go to nothing but
// devices: no port of services that are known, and this machine only if it says so
// itself.
func discoverable(end netip.AddrPort, loopback bool) bool {
	return carried(end.Addr()) && end.Port() >= 1024 && !services[end.Port()] && (loopback || !end.Addr().IsLoopback())
}

// broadcast reports whether a is the broadcast address of a network that this
// machine is in.
func broadcast(a netip.Addr) bool {
	if !a.Is4() {
		return false
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return true // unknown is refused
	}
	for _, each := range addresses {
		if n, ok := each.(*net.IPNet); ok && n.IP.To4() != nil && isLast(a, n) {
			return true
		}
	}
	return false
}

func isLast(a netip.Addr, n *net.IPNet) bool {
	ones, bits := n.Mask.Size()
	if bits != 32 || ones >= 31 || !n.Contains(a.AsSlice()) {
		return false
	}
	host := a.As4()
	for i, m := range n.Mask {
		if host[i]|m != 0xFF {
			return false
		}
	}
	return true
}

// A named is what the user allows without discovery: an address, or all of a
// network.
type named struct {
	prefix netip.Prefix
	zone   string // empty: any
	port   uint16 // 0: any from 1024 on but those of services
}

func parseNamed(text string) (named, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		if !carried(p.Masked().Addr()) || !carried(last(p)) {
			return named{}, notCarried(text)
		}
		return named{prefix: p.Masked()}, nil
	}
	end, err := netip.ParseAddrPort(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if len(text) > 2 && text[0] == '[' && text[len(text)-1] == ']' {
			a, err = netip.ParseAddr(text[1 : len(text)-1])
		}
		if err != nil {
			return named{}, fmt.Errorf("%q is no address: give ADDRESS, ADDRESS:PORT, [IPV6]:PORT or a network as in 192.168.1.0/24", text)
		}
		end = netip.AddrPortFrom(a, 0)
	} else if end.Port() == 0 {
		return named{}, fmt.Errorf("%q has no port that can be sent to", text)
	}
	a := end.Addr()
	if !carried(a) {
		return named{}, notCarried(text)
	}
	n := named{zone: a.Zone(), port: end.Port()}
	a = a.WithZone("")
	n.prefix = netip.PrefixFrom(a, a.BitLen())
	return n, nil
}

func notCarried(text string) error {
	return fmt.Errorf("%s: the agent carries datagrams to private, link-local and loopback addresses only", text)
}

// last returns the last address of p.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := range b {
		for bit := range 8 {
			if i*8+bit >= p.Bits() {
				b[i] |= 0x80 >> bit
			}
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// node returns what every search is told of n: where it is, and nothing about what
// it is; its name is its address. A network, or an address without a port, is no
// node.
func (n named) node() (node relay.Node, ok bool) {
	if !n.prefix.IsSingleIP() || n.port == 0 {
		return node, false
	}
	end := netip.AddrPortFrom(n.prefix.Addr().WithZone(n.zone), n.port)
	node.Address = relay.Peer{Host: n.prefix.Addr().String(), Port: n.port, Zone: n.zone}
	node.Instance = end.String()
	return node, true
}

func (n named) allows(end netip.AddrPort) bool {
	a := end.Addr()
	if !n.prefix.Contains(a.WithZone("")) || n.zone != "" && n.zone != a.Zone() {
		return false
	}
	return n.port == end.Port() || n.port == 0 && end.Port() >= 1024 && !services[end.Port()]
}
