package btp

// Matter's version of BTP. Matter Core §4.19.2.
const version = 4

// Handshake segments begin with these flags and this management opcode.
const (
	handshakeFlags  = flagHandshake | flagManagement | flagLast | flagFirst
	handshakeOpcode = 0x6C

	requestSize  = 9
	responseSize = 6
)

// A request is what the central begins with. Matter Core §4.19.3.1.
type request struct {
	versions [8]uint8 // 4 bits each, 0 = no version
	mtu      int      // ATT_MTU that the central sees, 0 = unknown
	window   int      // segments the central takes without acknowledgement
}

func (r *request) append(dst []byte) []byte {
	dst = append(dst, handshakeFlags, handshakeOpcode)
	for i := 0; i < len(r.versions); i += 2 {
		dst = append(dst, r.versions[i]&0xF|r.versions[i+1]<<4)
	}
	return append(dst, byte(r.mtu), byte(r.mtu>>8), byte(r.window))
}

func parseRequest(b []byte) (request, error) {
	if err := checkHandshake(b, requestSize); err != nil {
		return request{}, err
	}
	r := request{mtu: int(b[6]) | int(b[7])<<8, window: int(b[8])}
	for i := range r.versions {
		r.versions[i] = b[2+i/2] >> (i % 2 * 4) & 0xF
	}
	return r, nil
}

// A response ends the handshake. Matter Core §4.19.3.2.
type response struct {
	version     int // 4 bits; 0 = none of those requested
	segmentSize int // octets of a segment, both ways, header included
	window      int // segments without acknowledgement, both ways
}

func (r *response) append(dst []byte) []byte {
	return append(dst, handshakeFlags, handshakeOpcode, byte(r.version), byte(r.segmentSize), byte(r.segmentSize>>8), byte(r.window))
}

func parseResponse(b []byte) (response, error) {
	if err := checkHandshake(b, responseSize); err != nil {
		return response{}, err
	}
	// The upper half of the version's octet is reserved.
	return response{version: int(b[2] & 0xF), segmentSize: int(b[3]) | int(b[4])<<8, window: int(b[5])}, nil
}

func checkHandshake(b []byte, size int) error {
	if len(b) >= 2 && (b[0] != handshakeFlags || b[1] != handshakeOpcode) {
		const want = int(handshakeFlags)<<8 | handshakeOpcode
		return &ProtocolError{Rule: RuleHandshake, Got: int(b[0])<<8 | int(b[1]), Min: want, Max: want}
	}
	if len(b) != size {
		return &ProtocolError{Rule: RuleHandshakeEnd, Got: len(b), Min: size, Max: size}
	}
	return nil
}

// makeRequest is the central's offer.
func (c *Conn) makeRequest() []byte {
	// Peers take this for an ATT_MTU: with its 3 octets of header.
	mtu := c.cfg.MTU
	if asked := c.cfg.SegmentSize + attHeader; c.cfg.SegmentSize != 0 && (mtu == 0 || asked < mtu) {
		mtu = asked
	}
	c.askedMTU = mtu
	r := request{versions: [8]uint8{version}, mtu: mtu, window: c.cfg.Window}
	return r.append(make([]byte, 0, requestSize))
}

// receiveResponse opens the central's side.
func (c *Conn) receiveResponse(b []byte) error {
	r, err := parseResponse(b)
	if err != nil {
		return err
	}
	if r.version != version {
		return &ProtocolError{Rule: RuleVersion, Got: r.version, Min: version, Max: version}
	}
	// What the request's MTU comes to is read in several ways, so only the
	// response counts; but it cannot be more than was asked for. Above the greatest
	// segment size, take that: such peers mean the MTU.
	most := 0xFFFF
	if c.askedMTU != 0 {
		most = max(c.askedMTU, MinSegmentSize)
	}
	if r.segmentSize < MinSegmentSize || r.segmentSize > most {
		return &ProtocolError{Rule: RuleSegmentSize, Got: r.segmentSize, Min: MinSegmentSize, Max: most}
	}
	if r.window < 1 || r.window > c.cfg.Window {
		return &ProtocolError{Rule: RuleWindowSize, Got: r.window, Min: 1, Max: c.cfg.Window}
	}
	c.segmentSize, c.window = min(r.segmentSize, MaxSegmentSize), r.window
	// The response counts as the peer's first segment, and wants to be acknowledged.
	c.lastSent, c.lastAcked = c.cfg.firstLocal-1, c.cfg.firstLocal-1
	c.lastConfirmed, c.lastReceived = c.cfg.firstPeer-1, c.cfg.firstPeer
	c.ackAt = c.now + Instant(c.ackDelay())
	c.open()
	return nil
}

// receiveRequest decides what the peripheral answers; makeResponse opens its side.
func (c *Conn) receiveRequest(b []byte) error {
	r, err := parseRequest(b)
	if err != nil {
		return err
	}
	if r.window < 1 {
		return &ProtocolError{Rule: RuleWindowSize, Got: r.window, Min: 1, Max: MaxWindow}
	}
	c.window = min(r.window, c.cfg.Window)
	// The smaller MTU of those known, less the header; the smallest segment if none is.
	mtu := c.cfg.MTU
	if mtu == 0 || r.mtu != 0 && r.mtu < mtu {
		mtu = r.mtu
	}
	most := MaxSegmentSize
	if c.cfg.SegmentSize != 0 {
		most = c.cfg.SegmentSize
	}
	c.segmentSize = max(min(mtu-attHeader, most), MinSegmentSize)
	c.refused = &ProtocolError{Rule: RuleVersion, Min: version, Max: version}
	for _, v := range r.versions {
		c.refused.Got = max(c.refused.Got, int(v))
	}
	for _, v := range r.versions {
		if v == version {
			c.refused = nil
		}
	}
	c.phase = phaseAnswer
	return nil
}

func (c *Conn) makeResponse() []byte {
	r := response{version: version, segmentSize: c.segmentSize, window: c.window}
	if c.refused != nil {
		r.version = 0
	}
	b := r.append(make([]byte, 0, responseSize))
	// The response counts as our first segment.
	c.lastSent, c.lastAcked = c.cfg.firstLocal, c.cfg.firstLocal-1
	c.lastConfirmed, c.lastReceived = c.cfg.firstPeer-1, c.cfg.firstPeer-1
	c.sizes[c.lastSent] = uint8(len(b))
	c.open()
	return b
}

func (c *Conn) open() {
	c.phase = phaseOpen
	c.handshakeAt = 0
	c.touch()
}
