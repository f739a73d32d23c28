// Package commission brings a new device into a fabric and talks to it there.
//
// What to call:
//
//   - [ParseCode] reads what is printed on a device, QR text or digits alike;
//     [Payload.QR] and [Payload.ManualCode] make them.
//   - [Client] runs reads, writes, commands and subscriptions over the sessions
//     of a [session.Manager].
//
// The messages of the Interaction Model have Append and Parse each, for both
// directions. Values stay Matter TLV at this layer: one anonymous element per
// value, so any cluster can be reached by its path. clusters.go names what
// commissioning itself needs.
//
// As in package session nothing here does I/O, reads a clock or starts a
// goroutine. References are to the Matter Core Specification, revision 1.4.2.
package commission
