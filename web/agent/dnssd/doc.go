// Package dnssd finds Matter nodes by DNS-SD over multicast DNS, on every
// interface and by IPv4 and IPv6: for one agent that searches for several pages
// at once. Matter Core §4.3, RFC 6762, RFC 6763.
//
// The packets are golang.org/x/net's dnsmessage, which skips what it is not asked
// to read, and its ipv4 and ipv6, which say on which interface a packet came: a
// link-local address means nothing without. The libraries that do all of DNS-SD
// lose that interface or ask only once, want one service type without subtypes,
// and remember as much as a network tells them.
//
// What comes in is anybody's: it is bounded in number and in length, and an
// address is believed only if [Config.Allow] lets it be.
package dnssd

import (
	"net/netip"
	"time"
)

// Bounds on what is remembered.
const (
	maxMessage   = 9000 // RFC 6762 §17
	maxRecords   = 256  // of one message
	maxServices  = 1024
	maxPerSender = 256 // of those, by one source address
	maxHosts     = 1024
	maxAddresses = 16 // of one host
	maxKnown     = 4096
	maxStrings   = 64 // of one TXT record
)

// A record lives as long as it says, within these.
const (
	minLife = time.Second
	maxLife = 75 * time.Minute // RFC 6762 §10: what a service's records say
	// A node's address stays one that was found for this long after it was last
	// heard, though the records be older: a page may come back to it.
	knownLife = time.Hour
)

// A Config says how to search.
type Config struct {
	// Interfaces by name. Default: every one that is up and takes multicast and
	// is no point-to-point link, or the loopback where there is no such.
	Interfaces []string
	// Allow says whether a node's address is taken. loopback: it was heard on the
	// loopback interface.
	Allow func(address netip.AddrPort, loopback bool) bool
	// Problem is told of what keeps searches from working, if it is not nil.
	Problem func(error)
}
