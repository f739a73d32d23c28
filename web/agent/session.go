//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/matter-session/matter-session/web/transport/relay"
)

// Limits of one page.
const (
	maxChannels = 64
	maxSearches = 8
	perSecond   = 500 // datagrams from a page, and from one device
	burst       = 250
	// Requests beside datagrams. Who sends more is read more slowly.
	requestsPerSecond = 20
	requestBurst      = 2 * maxChannels
	// Frames that wait for a page. Datagrams and finds are dropped at the half, so
	// that what ends a channel or a search has room.
	maxQueue = 512
	// A page that takes nothing for so long is gone; a dead one too.
	writeTime = time.Minute
	pingEvery = 30 * time.Second
	// Errors of a socket that come at once must not come in a loop.
	errorPause = 10 * time.Millisecond
)

// A session is one page's WebSocket and all that hangs on it.
type session struct {
	agent  *agent
	conn   *websocket.Conn
	number int
	queue  chan []byte
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu       sync.Mutex
	channels map[uint16]*channel
	// searches are of the reading goroutine alone.
	searches map[uint16]func()

	rate     bucket // of the reading goroutine
	requests bucket
	sent     int // likewise: datagrams to devices
	received atomic.Int64
	dropped  atomic.Int64
}

// A channel is one UDP socket, connected to its peer: the system lets in nobody
// else's datagrams.
type channel struct {
	number uint16
	cancel context.CancelFunc
	socket atomic.Pointer[net.UDPConn]
	// drops by cause, and how many of them the page was told.
	drops [relay.Unsent + 1]atomic.Uint32
	told  [relay.Unsent + 1]uint32
}

func newSession(a *agent, conn *websocket.Conn, number int) *session {
	now := time.Now()
	s := &session{
		agent: a, conn: conn, number: number, queue: make(chan []byte, maxQueue),
		channels: map[uint16]*channel{}, searches: map[uint16]func(){},
		rate:     bucket{burst: burst, perSecond: perSecond, left: burst, at: now},
		requests: bucket{burst: requestBurst, perSecond: requestsPerSecond, left: requestBurst, at: now},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// run serves the page until it or the agent goes. When it returns, the page's
// sockets are closed and its searches over.
func (s *session) run(remote string) {
	a, start := s.agent, time.Now()
	name := "page " + strconv.Itoa(s.number)
	a.log(name + " connected")
	a.verbose(name + " is at " + remote)
	s.conn.SetReadLimit(relay.MaxFrame)
	stop := context.AfterFunc(a.ctx, func() {
		_ = s.conn.Close(relay.CloseStopping, "")
		s.cancel()
	})
	defer stop()
	s.tasks.Go(s.write)
	s.tasks.Go(s.keep)
	s.control(relay.Hello{Version: version, Channels: maxChannels, Searches: maxSearches})

	err := s.read()
	if errors.Is(err, errMalformed) {
		a.log(name + " broke the protocol: " + err.Error())
		_ = s.conn.Close(relay.CloseMalformed, "")
	}
	s.cancel()
	s.conn.CloseNow()
	for _, end := range s.searches {
		end()
	}
	s.tasks.Wait()
	a.log(fmt.Sprintf("%s has gone after %v: %d datagrams to devices, %d from them, %d dropped",
		name, time.Since(start).Round(time.Second), s.sent, s.received.Load(), s.dropped.Load()))
}

var errMalformed = errors.New("it sent what no page sends")

// read handles the page's frames until the connection or the protocol breaks.
func (s *session) read() error {
	for {
		kind, octets, err := s.conn.Read(s.ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageBinary {
			return errMalformed
		}
		if len(octets) > 0 && relay.Kind(octets[0]) != relay.KindDatagram && !s.wait() {
			return s.ctx.Err()
		}
		f, err := relay.Parse(octets)
		if errors.Is(err, relay.ErrShape) || errors.Is(err, relay.ErrLength) {
			// Opaque to us both: whoever made it, the page is told.
			if len(octets) >= 3 {
				s.drop(s.channel(uint16(octets[1])|uint16(octets[2])<<8), relay.Shape)
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errMalformed, err)
		}
		if err := s.handle(f); err != nil {
			return err
		}
	}
}

// wait slows a page down that asks for much. It reports false if the page has gone.
func (s *session) wait() bool {
	for !s.requests.take(time.Now()) {
		select {
		case <-time.After(time.Second / requestsPerSecond):
		case <-s.ctx.Done():
			return false
		}
	}
	return true
}

func (s *session) handle(f relay.Frame) error {
	switch f := f.(type) {
	case relay.Datagram:
		s.send(f)
	case relay.Open:
		return s.open(f)
	case relay.Close:
		if c := s.channel(f.Channel); c != nil {
			c.cancel()
		}
	case relay.Search:
		return s.search(f)
	case relay.Stop:
		if end := s.searches[f.Search]; end != nil {
			end()
			delete(s.searches, f.Search)
			s.control(relay.Stopped{Search: f.Search, Reason: relay.ByPage})
		}
	default:
		return errMalformed // the agent's own frames
	}
	return nil
}

func (s *session) search(f relay.Search) error {
	if s.searches[f.Search] != nil {
		return errMalformed
	}
	if len(s.searches) >= maxSearches {
		s.control(relay.Stopped{Search: f.Search, Reason: relay.Full})
		return nil
	}
	s.agent.verbose(fmt.Sprintf("page %d searches", s.number))
	// A named device may be any: on networks without multicast nothing else is found.
	for _, n := range s.agent.set.named {
		if node, ok := n.node(); ok {
			s.data(relay.Found{Search: f.Search, Node: node})
		}
	}
	s.searches[f.Search] = s.agent.browser.Search(f.Query, func(n relay.Node) bool {
		return s.data(relay.Found{Search: f.Search, Node: n})
	})
	return nil
}

func (s *session) open(f relay.Open) error {
	if s.channel(f.Channel) != nil {
		return errMalformed
	}
	if !s.agent.takeChannel() {
		s.control(relay.Closed{Channel: f.Channel, Reason: relay.Full})
		return nil
	}
	ctx, cancel := context.WithCancel(s.ctx)
	c := &channel{number: f.Channel, cancel: cancel}
	s.mu.Lock()
	room := len(s.channels) < maxChannels
	if room {
		s.channels[c.number] = c
	}
	s.mu.Unlock()
	if !room {
		cancel()
		s.agent.giveChannel()
		s.control(relay.Closed{Channel: f.Channel, Reason: relay.Full})
		return nil
	}
	s.tasks.Go(func() {
		reason := s.serve(ctx, c, f.Peer)
		cancel()
		s.agent.giveChannel()
		s.mu.Lock()
		delete(s.channels, c.number)
		s.mu.Unlock()
		// Nothing of this channel comes after its end: its number is free then.
		for _, d := range c.news() {
			s.control(d)
		}
		s.control(relay.Closed{Channel: c.number, Reason: reason})
	})
	return nil
}

// serve carries a channel's datagrams from the device until ctx ends. It returns
// why the channel is over.
func (s *session) serve(ctx context.Context, c *channel, p relay.Peer) relay.Reason {
	end, refused := s.agent.end(ctx, p)
	switch {
	case ctx.Err() != nil:
		return relay.ByPage
	case refused != 0:
		s.agent.verbose(fmt.Sprintf("page %d gets no channel to %s%s: reason %d", s.number, p.Host, p.Instance, refused))
		return refused
	}
	socket, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(end))
	if err != nil {
		s.agent.verbose(fmt.Sprintf("page %d gets no channel to %v: %v", s.number, end, err))
		return relay.Unreachable
	}
	defer socket.Close()
	stop := context.AfterFunc(ctx, func() { socket.Close() })
	defer stop()
	c.socket.Store(socket)
	s.agent.verbose(fmt.Sprintf("page %d has a channel to %v", s.number, end))
	s.control(relay.Opened{Channel: c.number})
	now := time.Now()
	rate := bucket{burst: burst, perSecond: perSecond, left: burst, at: now}
	buffer := make([]byte, relay.MaxDatagram+1)
	for {
		n, err := socket.Read(buffer)
		switch {
		case ctx.Err() != nil:
			return relay.ByPage
		case errors.Is(err, net.ErrClosed):
			return relay.Failed
		case err != nil:
			// Nobody listens there, or no way leads there, yet or again: the page hears
			// it by silence.
			time.Sleep(errorPause)
		case relay.CheckDatagram(buffer[:n]) != nil:
			s.drop(c, relay.Shape)
		case !rate.take(time.Now()):
			s.drop(c, relay.Rate)
		case !s.data(relay.Datagram{Channel: c.number, Octets: buffer[:n]}):
			s.drop(c, relay.Slow)
		default:
			s.received.Add(1)
		}
	}
}

// send carries one datagram to the device.
func (s *session) send(f relay.Datagram) {
	c := s.channel(f.Channel)
	if c == nil {
		return // its end is on its way to the page
	}
	now := time.Now()
	if !s.rate.take(now) || !s.agent.takeDatagram(now) {
		s.drop(c, relay.Rate)
		return
	}
	socket := c.socket.Load()
	if socket == nil {
		s.drop(c, relay.Unsent)
		return
	}
	if _, err := socket.Write(f.Octets); err == nil {
		s.sent++
		return
	}
	// The system tells of an earlier one, by not sending this one.
	if _, err := socket.Write(f.Octets); err != nil {
		s.drop(c, relay.Unsent)
		return
	}
	s.sent++
}

func (s *session) channel(number uint16) *channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.channels[number]
}

// drop counts a datagram that goes no further; c may be nil.
func (s *session) drop(c *channel, cause relay.Cause) {
	s.dropped.Add(1)
	if c != nil {
		c.drops[cause].Add(1)
	}
}

// news returns what the page has not been told yet about drops. As long as the
// channel is in the table, the table's lock is to be held.
func (c *channel) news() (frames []relay.Frame) {
	for cause := relay.Shape; cause <= relay.Unsent; cause++ {
		if count := c.drops[cause].Load(); count != c.told[cause] {
			c.told[cause] = count
			frames = append(frames, relay.Dropped{Channel: c.number, Cause: cause, Count: count})
		}
	}
	return frames
}

// control queues a frame that must not be lost; it waits for room.
func (s *session) control(f relay.Frame) {
	octets, err := relay.Append(nil, f)
	if err != nil {
		s.agent.log("a frame that breaks our own protocol: " + err.Error())
		return
	}
	select {
	case s.queue <- octets:
	case <-s.ctx.Done():
	}
}

// data queues a frame if there is room for it.
func (s *session) data(f relay.Frame) bool {
	if len(s.queue) >= maxQueue/2 {
		return false
	}
	octets, err := relay.Append(nil, f)
	if err != nil {
		// The network's words were checked where they came in; should one get through
		// all the same, it stays here.
		s.agent.log("a frame that breaks our own protocol: " + err.Error())
		return true
	}
	select {
	case s.queue <- octets:
		return true
	default:
		return false
	}
}

func (s *session) write() {
	for {
		select {
		case octets := <-s.queue:
			ctx, cancel := context.WithTimeout(s.ctx, writeTime)
			err := s.conn.Write(ctx, websocket.MessageBinary, octets)
			cancel()
			if err != nil {
				s.cancel()
				return
			}
		case <-s.ctx.Done():
			return
		}
	}
}

// keep tells the page about drops, and finds out when it is dead.
func (s *session) keep() {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		select {
		case <-second.C:
			s.mu.Lock()
			// Within the lock: nothing of a channel may come after its end, before
			// which it leaves the table.
			for _, c := range s.channels {
				for _, f := range c.news() {
					s.control(f)
				}
			}
			s.mu.Unlock()
		case <-ping.C:
			ctx, cancel := context.WithTimeout(s.ctx, pingEvery)
			err := s.conn.Ping(ctx)
			cancel()
			if err != nil {
				s.cancel()
				return
			}
		case <-s.ctx.Done():
			return
		}
	}
}
