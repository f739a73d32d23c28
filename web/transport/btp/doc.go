// Package btp is the Bluetooth Transport Protocol of Matter as a pure state
// machine: messages over the writes and indications of two GATT
// characteristics.
//
// Start with [New] and [Conn.Start]. Hand the connection every value that the
// peer wrote or indicated ([Conn.Receive]), messages to send ([Conn.Send]), the
// end of each write ([Conn.Written]) and the time ([Conn.Tick]); after each call
// take what it wants done ([Conn.Output]): one segment to write, messages that
// arrived, and the instant at which to call Tick next. When [Output.Err] is set
// it is over: disconnect.
//
// A commissioner is the [Central]. It writes its first segment, the handshake
// request, to C1, calls Written, subscribes to C2 and passes on what is
// indicated there. A device is the [Peripheral]: it indicates its first segment,
// the response, once C2 is subscribed.
//
// The contracts:
//
//   - Octets. Arguments are not kept and not modified; what is returned belongs
//     to the caller.
//   - Time. The package reads no clock. An [Instant] is milliseconds on a clock
//     of the caller's that never runs backwards.
//   - One GATT operation at a time: after a segment there is no other before
//     Written.
//   - State changes when a segment is made, which is in Output and in one step. A
//     write may then take its time: no number is sent twice meanwhile.
//   - Concurrency. A Conn is not safe for concurrent use and starts no
//     goroutine; a call never blocks.
//   - Bounds. One message is put together at a time, at most
//     [Config.MaxMessage] octets; at most [Config.MaxQueue] wait to be sent. What
//     the peer may send before the next Output is bounded by the window.
//
// Section numbers are those of the Matter Core Specification, revision 1.4.2.
package btp
