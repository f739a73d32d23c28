package btp

// handBack is the first wait of an acknowledgement of an acknowledgement under
// the smallest windows.
const handBack Milliseconds = 20

// outstanding returns how many of our segments are not yet acknowledged.
func (c *Conn) outstanding() int { return int(c.lastSent - c.lastAcked) }

// free returns how many segments we may send now.
func (c *Conn) free() int { return c.window - c.outstanding() }

// owed returns how many of the peer's segments we have not yet acknowledged.
func (c *Conn) owed() int { return int(c.lastReceived - c.lastConfirmed) }

// produce makes the segment to be written next, and changes all that follows
// from its being sent in the same step: numbers, windows, what is owed. However
// long the write then takes, nothing can be numbered or acknowledged twice.
func (c *Conn) produce() []byte {
	if c.writing {
		return nil
	}
	var b []byte
	switch c.phase {
	case phaseRequest:
		b = c.makeRequest()
		c.phase = phaseAwait
	case phaseAnswer:
		b = c.makeResponse()
	case phaseOpen:
		b = c.makeSegment()
	}
	if b != nil {
		c.writing, c.writtenBy = true, c.now+Instant(WriteTime)
	}
	return b
}

// makeSegment makes the next segment of the first message, or an
// acknowledgement, or nil. The last free slot is for acknowledgements: two full
// windows would wait for each other for ever. Matter Core §4.19.4.7.
func (c *Conn) makeSegment() []byte {
	free, owed := c.free(), c.owed()
	if free < 1 {
		return nil
	}
	s := segment{}
	if owed > 0 {
		s.flags, s.ack = flagAck, c.lastReceived
	}
	switch {
	case len(c.queue) > 0 && (free > 1 || owed > 0):
		c.fill(&s)
		c.quiet = 0
		c.touch()
	case owed == 0 || !c.ackDue():
		return nil
	}
	c.lastSent++
	s.sequence = c.lastSent
	if owed > 0 {
		c.lastConfirmed, c.dataOwed, c.ackAt = c.lastReceived, false, 0
	}
	b := s.append(make([]byte, 0, headerSize(s.flags)+len(s.payload)))
	c.sizes[s.sequence] = uint8(len(b))
	return b
}

// fill puts into s as much of the first message as it holds: some peers refuse
// segments that are not full, unless they are the last.
func (c *Conn) fill(s *segment) {
	message := c.queue[0]
	if c.offset == 0 {
		s.flags |= flagFirst
		s.length = len(message)
	} else {
		s.flags |= flagContinuing
	}
	n := min(len(message)-c.offset, c.segmentSize-headerSize(s.flags))
	s.payload = message[c.offset : c.offset+n]
	c.offset += n
	if c.offset < len(message) {
		return
	}
	s.flags |= flagLast
	c.queue[0] = nil
	c.queue, c.offset = c.queue[1:], 0
	if len(c.queue) == 0 {
		c.queue = nil
	}
}

// ackDue reports whether what is owed must be acknowledged now. A lone
// acknowledgement can always wait: two sides that answered such at once under a
// small window would never stop. Matter Core §4.19.4.8.
func (c *Conn) ackDue() bool {
	low := c.window-c.owed() <= lowWindow
	return c.now >= c.ackAt || low && (c.dataOwed || c.owed() > 1)
}

// ackDelay returns how long the acknowledgement of a segment may wait for data
// to travel with.
//
// A window of 1 or 2 leaves the peer no slot for data once it has acknowledged
// something, until that is acknowledged too. Hand the slot back soon, but ever
// later while neither side has data.
func (c *Conn) ackDelay() Milliseconds {
	if c.window > lowWindow {
		return SendAckTime
	}
	d := min(handBack<<c.quiet, SendAckTime)
	if d < SendAckTime {
		c.quiet++
	}
	return d
}

// receiveSegment takes a segment of an open connection.
func (c *Conn) receiveSegment(b []byte) error {
	if len(b) > c.segmentSize+surplus {
		return &ProtocolError{Rule: RuleSize, Got: len(b), Min: 3, Max: c.segmentSize}
	}
	s, err := parseSegment(b)
	if err != nil {
		return err
	}
	if want := c.lastReceived + 1; s.sequence != want {
		return &ProtocolError{Rule: RuleSequence, Got: int(s.sequence), Min: int(want), Max: int(want)}
	}
	if c.owed() >= c.window {
		return &ProtocolError{Rule: RuleWindow, Got: c.owed() + 1, Min: 0, Max: c.window}
	}
	if s.hasAck() {
		if err := c.acknowledged(s.ack); err != nil {
			return err
		}
	}
	c.lastReceived++
	if s.hasMessage() {
		c.dataOwed, c.quiet = true, 0
		c.touch()
		if err := c.reassemble(&s); err != nil {
			return err
		}
	}
	if c.ackAt == 0 {
		c.ackAt = c.now + Instant(c.ackDelay())
	}
	return nil
}

// acknowledged takes the peer's acknowledgement of our segments up to number.
// It is one of those outstanding; an acknowledgement given twice is an error.
func (c *Conn) acknowledged(number uint8) error {
	n := int(number - c.lastAcked)
	if n < 1 || n > c.outstanding() {
		e := &ProtocolError{Rule: RuleAck, Got: int(number), Min: 1, Max: 0}
		if c.outstanding() > 0 {
			// Numbers that wrap are told as such: Min 250 and Max 260 are 250 to 4.
			e.Min = int(c.lastAcked + 1)
			e.Max = e.Min + c.outstanding() - 1
		}
		return e
	}
	for range n {
		c.lastAcked++
		c.longestAcked = max(c.longestAcked, c.sizes[c.lastAcked])
	}
	c.ackedBy = 0
	// A segment that is still being written begins to wait when it is.
	waiting := c.outstanding()
	if c.writing {
		waiting--
	}
	if waiting > 0 {
		c.awaitAck()
	}
	return nil
}

// awaitAck starts the timer for the peer's next acknowledgement.
func (c *Conn) awaitAck() {
	c.silentSince, c.ackedBy = c.now, c.now+Instant(AckTime)
}

func (c *Conn) unacknowledged() *UnacknowledgedError {
	e := &UnacknowledgedError{
		Sequence: c.lastAcked + 1, Segments: c.outstanding(), Acked: int(c.longestAcked), SegmentSize: c.segmentSize,
	}
	for i := range e.Segments {
		e.Longest = max(e.Longest, int(c.sizes[c.lastAcked+1+uint8(i)]))
	}
	return e
}

// reassemble adds a segment to the message that is arriving.
func (c *Conn) reassemble(s *segment) error {
	switch {
	case s.first() && c.announced >= 0:
		return &ProtocolError{Rule: RuleInterleaved, Got: len(c.partial), Min: c.announced, Max: c.announced}
	case s.first() && s.length > c.cfg.MaxMessage:
		return &ProtocolError{Rule: RuleLength, Got: s.length, Min: 0, Max: c.cfg.MaxMessage}
	case s.first():
		c.announced, c.partial = s.length, make([]byte, 0, s.length)
	case c.announced < 0:
		return &ProtocolError{Rule: RuleNoFirst, Got: int(s.flags), Min: flagFirst, Max: flagFirst | flagLast | flagAck}
	}
	// Only the last segment completes a message, and it does.
	total := len(c.partial) + len(s.payload)
	if total > c.announced || total < c.announced && s.last() {
		return &ProtocolError{Rule: RuleTotal, Got: total, Min: c.announced, Max: c.announced}
	}
	if total == c.announced && !s.last() {
		return &ProtocolError{Rule: RuleNoLast, Got: total, Min: 0, Max: c.announced - 1}
	}
	c.partial = append(c.partial, s.payload...)
	if s.last() {
		c.messages = append(c.messages, c.partial)
		c.partial, c.announced = nil, -1
	}
	return nil
}
