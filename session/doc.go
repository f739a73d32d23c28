// Package session is the session layer of Matter: secure unicast sessions
// (PASE and CASE), their handshakes, exchanges and reliable messaging, and the
// manager that holds them together.
//
// Start with [NewManager]. Hand it every datagram ([Manager.Receive]) and the
// time ([Manager.Tick]); after each call take what it wants done
// ([Manager.Output]): datagrams to send, events, and the instant at which to
// call Tick next. A commissioner calls [Manager.StartPASE] and
// [Manager.StartCASE]; a device offers a passcode with [Manager.OpenPASE] and a
// fabric with [Manager.AddFabric]. Package commission does all of this for a
// whole commissioning.
//
// Who has sessions and exchanges already, and wants no more than that keys,
// nonces, windows and handshakes are kept here, begins with
// [NewPASEInitiator], [NewCASEResponder] and their like; each ends in a [Channel].
//
// The contracts:
//
//   - Octets. Arguments are not kept and not modified unless their comment says
//     so; what is returned belongs to the caller.
//   - Time. The package reads no clock. An [Instant] is milliseconds on a clock
//     of the caller's that never runs backwards; the time of day, which
//     certificates need, comes with [Manager.SetUTC].
//   - Randomness. [Config.Rand] is required; there is no default.
//   - Concurrency. A Manager is not safe for concurrent use and starts no
//     goroutine; a call never blocks.
//   - Trust. No octet moves a session's state before it is authenticated.
//
// Section numbers are those of the Matter Core Specification, revision 1.4.2.
package session
