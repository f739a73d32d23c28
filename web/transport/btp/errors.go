package btp

import (
	"errors"
	"strconv"
)

// Sentinels: only what a caller can act on. Test with errors.Is.
var (
	// ErrClosed: [Conn.Close] was called.
	ErrClosed = errors.New("btp: closed")
	// ErrQueueFull: [Config.MaxQueue] messages wait already; try again after the next [Conn.Written].
	ErrQueueFull = errors.New("btp: send queue full")
	// ErrTooLarge: the message is longer than [Config.MaxMessage]. The connection goes on.
	ErrTooLarge = errors.New("btp: message too large")
	// ErrIdle: neither side sent data for [Config.IdleTimeout].
	ErrIdle = errors.New("btp: closed because no data was sent")
	// ErrLost: the Bluetooth connection ended ([Conn.Lost]); connect again.
	ErrLost = errors.New("btp: the Bluetooth connection was lost")
	// ErrHandshakeTimeout: the peer did not take part in the handshake in 15 s.
	ErrHandshakeTimeout = errors.New("btp: no handshake within 15 s")
	// ErrWriteTimeout: a write that was asked for did not end ([Conn.Written]) in 15 s.
	ErrWriteTimeout = errors.New("btp: a Bluetooth write did not end within 15 s")
)

// An UnacknowledgedError ends a connection whose peer stopped acknowledging at
// this level, whatever Bluetooth said of the writes. Matter Core §4.19.4.8.
type UnacknowledgedError struct {
	Sequence    uint8 // of the oldest segment without acknowledgement
	Segments    int   // how many are without
	Longest     int   // octets of the longest of them
	Acked       int   // octets of the longest that was ever acknowledged; 0 if none was
	SegmentSize int   // as negotiated
	Lost        bool  // the connection broke after a long silence, before 15 s were over
}

// RetrySegmentSize returns the [Config.SegmentSize] with which a new connection
// may succeed, or 0 if the segment size cannot be the reason. Some adapters
// confirm writes that do not fit one packet of the link and lose them: the
// handshake succeeds, and nothing longer than the smallest segment arrives.
func (e *UnacknowledgedError) RetrySegmentSize() int {
	if e.Longest > MinSegmentSize && e.Acked <= MinSegmentSize {
		return MinSegmentSize
	}
	return 0
}

func (e *UnacknowledgedError) Error() string {
	s := "btp: segment " + strconv.Itoa(int(e.Sequence)) + " was not acknowledged within 15 s"
	if e.Lost {
		s = "btp: the connection was lost before segment " + strconv.Itoa(int(e.Sequence)) + " was acknowledged"
	}
	s += " (" + strconv.Itoa(e.Segments) + " outstanding, up to " + strconv.Itoa(e.Longest) + " octets; segment size " +
		strconv.Itoa(e.SegmentSize) + ")"
	if e.RetrySegmentSize() != 0 {
		s += ": no segment over " + strconv.Itoa(MinSegmentSize) + " octets has arrived, try again with segment size " +
			strconv.Itoa(MinSegmentSize)
	}
	return s
}

// A Rule is what a peer can break.
type Rule uint8

// Rules. Got, Min and Max of [ProtocolError] are what the comment says.
const (
	_                Rule = iota
	RuleHandshake         // the segment before the handshake is no handshake segment: flags and opcode as u16, big-endian
	RuleHandshakeEnd      // octets of the handshake segment
	RuleVersion           // the version; 0 from a peer that speaks none of ours
	RuleSegmentSize       // the segment size of the response
	RuleWindowSize        // the window of the request or response
	RuleEarly             // octets of a segment that comes before its time
	RuleTruncated         // octets of a segment that ends in its header
	RuleManagement        // flags of a handshake or management segment after the handshake
	RuleFlags             // flags that exclude each other
	RuleNothing           // flags of a segment that carries neither message nor acknowledgement
	RuleAckPayload        // octets of payload of a segment with an acknowledgement alone
	RuleEmpty             // octets of payload of a segment of a message
	RuleSize              // octets of the segment
	RuleSequence          // the sequence number
	RuleAck               // the sequence number acknowledged; Min to Max are outstanding, and may pass 255: 250 to 260 are 250 to 4
	RuleWindow            // segments received without our acknowledgement
	RuleInterleaved       // octets of the message that a new one interrupts; Min and Max are its announced length
	RuleNoFirst           // flags of a segment that continues no message
	RuleLength            // announced octets of a message
	RuleTotal             // octets of a message; Min and Max are its announced length
	RuleNoLast            // octets of a message that is complete in a segment without the last flag
)

var ruleText = [...]string{
	RuleHandshake:    "no handshake segment: starts with",
	RuleHandshakeEnd: "octets of a handshake segment",
	RuleVersion:      "version",
	RuleSegmentSize:  "segment size",
	RuleWindowSize:   "window size",
	RuleEarly:        "segment before the handshake: octets",
	RuleTruncated:    "segment ends in its header: octets",
	RuleManagement:   "handshake or management segment after the handshake: flags",
	RuleFlags:        "first and continuing at once: flags",
	RuleNothing:      "neither message nor acknowledgement: flags",
	RuleAckPayload:   "acknowledgement with payload: octets",
	RuleEmpty:        "segment of a message without payload: octets",
	RuleSize:         "octets of a segment",
	RuleSequence:     "sequence number",
	RuleAck:          "acknowledgement of",
	RuleWindow:       "segments beyond the window: unacknowledged",
	RuleInterleaved:  "message begun before the last one ended: octets",
	RuleNoFirst:      "segment that continues no message: flags",
	RuleLength:       "announced octets of a message",
	RuleTotal:        "octets of a message",
	RuleNoLast:       "complete message goes on: octets",
}

func (r Rule) String() string {
	if int(r) < len(ruleText) && r != 0 {
		return ruleText[r]
	}
	return "rule " + strconv.Itoa(int(r))
}

// A ProtocolError ends a connection whose peer broke a rule: Got is what came,
// Min to Max what could. None could if Min is greater than Max.
type ProtocolError struct {
	Rule          Rule
	Got, Min, Max int
}

func (e *ProtocolError) Error() string {
	s := "btp: " + e.Rule.String() + " " + strconv.Itoa(e.Got)
	switch {
	case e.Min > e.Max:
		return s + ", want none"
	case e.Min == e.Max:
		return s + ", want " + strconv.Itoa(e.Min)
	}
	return s + ", want " + strconv.Itoa(e.Min) + " to " + strconv.Itoa(e.Max)
}

// A ConfigError says which field of [Config] has no possible value.
type ConfigError struct {
	Field         string
	Got, Min, Max int
}

func (e *ConfigError) Error() string {
	return "btp: Config." + e.Field + " is " + strconv.Itoa(e.Got) + ", want 0 or " + strconv.Itoa(e.Min) + " to " + strconv.Itoa(e.Max)
}
