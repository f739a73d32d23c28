// Package relay is what a page and an agent say to each other over a WebSocket:
// searches for devices, channels to them, and the datagrams of those channels,
// which are Matter's own and opaque to whoever carries them.
//
// One binary WebSocket message is one frame; text messages are not used. A frame
// is an octet that says its kind, and fields at fixed places or with their
// length before them, integers least significant octet first as in Matter. Every
// frame has exactly one encoding, so that [Parse] and [Append] are each other's
// inverse, and every kind has a least and a greatest length ([Bounds]): something
// between page and agent, which can neither open nor make what the datagrams
// hold, checks a frame by those, by its channel and by [CheckDatagram], and
// passes it on as it is. Kinds 0x80 to 0xFF are left to such a carrier's own
// frames; Parse refuses them.
//
// The page numbers its channels and its searches, each for itself. A number is
// in use from [Open] until the page has seen [Closed], which the agent sends
// exactly once for each Open, whoever ends it and why; likewise from [Search]
// until [Stopped].
//
//	page                               agent
//	                                   Hello          first of all
//	Search 1, discriminator 2748
//	                                   Found 1, [fe80::1%eth0]:5540, …
//	Open 1, [fe80::1%eth0]:5540
//	                                   Opened 1
//	Datagram 1, PBKDFParamRequest
//	                                   Datagram 1, PBKDFParamResponse
//	Close 1
//	                                   Closed 1, by the page
//
// The package does no I/O and allocates no more than the frame it is given has.
package relay

// Subprotocol is the WebSocket subprotocol that both sides name: this protocol
// and its version.
const Subprotocol = "matter-session.relay.1"

// TokenSubprotocol is the beginning of the other subprotocol that a page offers:
// the agent's token follows. A browser can send nothing else with a WebSocket
// but its address, and addresses are logged. The agent never chooses it, so the
// token does not come back.
const TokenSubprotocol = "matter-session.token."

// Codes with which an agent closes a WebSocket. A browser tells a page nothing
// of a handshake that failed, so what a page must be able to tell apart is said
// after it.
const (
	CloseStopping  = 1001 // the agent ends
	CloseMalformed = 4400 // the page broke this protocol
	CloseToken     = 4401 // no token, or a wrong one
	CloseAttempts  = 4429 // too many wrong tokens from this address: wait
	CloseFull      = 4503 // as many pages as the agent takes are connected
)

// Limits of what a frame may hold, in octets.
const (
	MaxDatagram     = 1280 // the IPv6 minimum MTU. Matter Core §4.4.4
	MaxFrame        = 3 + MaxDatagram
	MaxHost         = 45 // the longest text of an IPv6 address
	MaxZone         = 64 // interfaces: 15 on Linux, more elsewhere
	MaxInstance     = 63 // a DNS label
	OperationalName = 16 + 1 + 16
	MaxName         = 32 // TXT DN
	MaxInstruction  = 128
	MaxVersion      = 32
)
