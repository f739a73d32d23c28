//go:build !js

package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/matter-session/matter-session/web/transport/relay"
)

func TestOnlyWhoHasTheTokenIsLetIn(t *testing.T) {
	for _, c := range []struct {
		name      string
		protocols []string
		want      int
	}{
		{"none", []string{relay.Subprotocol}, relay.CloseToken},
		{"wrong", []string{relay.Subprotocol, relay.TokenSubprotocol + "0123456789abcdefXYz"}, relay.CloseToken},
		{"beginning of it", []string{relay.Subprotocol, relay.TokenSubprotocol + token[:18]}, relay.CloseToken},
		{"more than it", []string{relay.Subprotocol, relay.TokenSubprotocol + token + "a"}, relay.CloseToken},
		{"empty", []string{relay.Subprotocol, relay.TokenSubprotocol + "a"}, relay.CloseToken},
		{"no protocol that is spoken here", []string{"matter-session.relay.2", relay.TokenSubprotocol + token}, relay.CloseMalformed},
	} {
		b := newBench(t, nil)
		conn, err := b.dial(&websocket.DialOptions{Subprotocols: c.protocols})
		if err != nil {
			t.Fatal(err)
		}
		if p := conn.Subprotocol(); p != relay.Subprotocol && p != "" {
			t.Errorf("%s: the agent chose %q", c.name, p)
		}
		if got := (&client{t: t, conn: conn}).code(); got != c.want {
			t.Errorf("%s: closed with %d, want %d", c.name, got, c.want)
		}
	}
}

func TestWrongTokensAreCounted(t *testing.T) {
	b := newBench(t, nil)
	now := time.Now()
	b.gate.failed.now = func() time.Time { return now }
	try := func(tokens ...string) int {
		conn, err := b.dial(&websocket.DialOptions{Subprotocols: append([]string{relay.Subprotocol}, tokens...)})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		c := &client{t: t, conn: conn}
		if f, err := c.read(); err == nil {
			if _, ok := f.(relay.Hello); ok {
				return 0
			}
		} else {
			return int(websocket.CloseStatus(err))
		}
		return -1
	}
	for i := range maxWrong {
		if got := try(relay.TokenSubprotocol + fmt.Sprintf("wrong-token-number-%d", i)); got != relay.CloseToken {
			t.Fatalf("attempt %d: %d", i, got)
		}
	}
	// Now the right one tells no more than a wrong one.
	for _, tokens := range [][]string{{relay.TokenSubprotocol + token}, {relay.TokenSubprotocol + "wrong-token-again"}, nil} {
		if got := try(tokens...); got != relay.CloseAttempts {
			t.Errorf("%q after too many: %d", tokens, got)
		}
	}
	now = now.Add(wrongEvery)
	if got := try(relay.TokenSubprotocol + token); got != 0 {
		t.Errorf("the right token after a while: %d", got)
	}
	// None is no guess.
	for range 3 * maxWrong {
		if got := try(); got != relay.CloseToken {
			t.Fatalf("no token: %d", got)
		}
	}
	if n := strings.Count(b.logs.String(), "not let in"); n > 12 {
		t.Errorf("%d lines in the log of pages that were not let in", n)
	}
}

func TestSendersOfWrongTokensAreBounded(t *testing.T) {
	now := time.Now()
	b := buckets{burst: 1, every: time.Second, now: func() time.Time { return now }}
	for i := range 5 * maxSenders {
		b.take(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 32))
	}
	if len(b.senders) > maxSenders+1 {
		t.Errorf("%d senders are kept", len(b.senders))
	}
	if b.has(netip.MustParsePrefix("10.9.9.9/32")) {
		t.Error("a sender beyond the bound has a bucket of its own")
	}
	now = now.Add(2 * time.Second)
	if !b.has(netip.MustParsePrefix("10.9.9.8/32")) {
		t.Error("a sender is refused for ever")
	}
	one, other := group(netip.MustParseAddr("2001:db8::1")), group(netip.MustParseAddr("2001:db8::ffff:1%eth0"))
	if one != other || group(netip.MustParseAddr("::1")) == group(netip.MustParseAddr("::2")) {
		t.Errorf("%v and %v", one, other)
	}
}

func TestOriginAndHost(t *testing.T) {
	b := newBench(t, func(s *settings) {
		s.origins, s.hosts = []string{"https://home.example"}, []string{"agent.example"}
	})
	local := "127.0.0.1:" + b.port()
	for _, c := range []struct {
		name, host, origin string
		want               int
	}{
		{"its own page", local, "http://" + local, 101},
		{"its own page by name", "localhost:1", "http://localhost:1", 101},
		{"its own page by IPv6", "[::1]:1", "http://[::1]:1", 101},
		{"its own page by a private address", "192.168.1.5:1", "http://192.168.1.5:1", 101},
		{"a page that was allowed", local, "https://home.example", 101},
		{"a page that was allowed, in capitals", local, "HTTPS://HOME.example", 101},
		{"a program", local, "", 101},
		{"behind a proxy that was named", "agent.example", "https://agent.example", 101},
		{"another page", local, "https://evil.example", 403},
		{"an allowed page without encryption", local, "http://home.example", 403},
		{"an allowed page's other port", local, "https://home.example:8443", 403},
		{"a page whose name begins like an allowed one", local, "https://home.example.evil.example", 403},
		{"another port of this machine", local, "http://127.0.0.1:1", 403},
		{"a sandboxed frame", local, "null", 403},
		{"a file", local, "file://", 403},
		{"a name that was bound anew", "evil.example:1", "http://evil.example:1", 403},
		{"a name that was bound anew, no origin", "evil.example:1", "", 403},
		{"a name that ends like ours", "127.0.0.1.evil.example", "http://127.0.0.1.evil.example", 403},
		{"a subdomain of localhost that is none", "localhost.evil.example", "", 403},
		{"a public address that is not ours", "203.0.113.1:1", "http://203.0.113.1:1", 403},
		{"a port that is none", "127.0.0.1:1;script-src *", "", 403},
	} {
		r, err := http.NewRequest("GET", b.server.URL+agentPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = c.host
		for key, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
			"Sec-WebSocket-Protocol": relay.Subprotocol + ", " + relay.TokenSubprotocol + token,
		} {
			r.Header.Set(key, value)
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		response.Body.Close()
		if response.StatusCode != c.want {
			t.Errorf("%s: %d, want %d", c.name, response.StatusCode, c.want)
		}
	}
	eventually(t, "all of them have gone", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.pages == 0
	})
}

func TestRequestWithoutAHost(t *testing.T) {
	b := newBench(t, nil)
	for _, request := range []string{"GET /agent HTTP/1.0\r\n\r\n", "GET /agent HTTP/1.1\r\nHost:\r\n\r\n", "GET /agent HTTP/1.1\r\n\r\n"} {
		conn, err := net.Dial("tcp", b.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprint(conn, request)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || response.StatusCode != http.StatusForbidden && response.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %v, %v", request, response, err)
		}
	}
}

func TestAboutSaysNothingElse(t *testing.T) {
	b := newBench(t, func(s *settings) { s.origins = []string{"https://home.example"} })
	for origin, cors := range map[string]string{"": "", "https://evil.example": "", "https://home.example": "https://home.example"} {
		r, _ := http.NewRequest("GET", b.server.URL+agentPath, nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if want := `{"agent":"matter-session","version":"` + version + `"}`; strings.TrimSpace(string(body)) != want {
			t.Errorf("%s, want %s", body, want)
		}
		if got := response.Header.Get("Access-Control-Allow-Origin"); got != cors {
			t.Errorf("for %q it may be read by %q", origin, got)
		}
	}
	response, err := http.Post(b.server.URL+agentPath, "text/plain", strings.NewReader("x"))
	if err != nil || response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %v, %v", response, err)
	}
}

func TestCarriesBothWays(t *testing.T) {
	end, socket := device(t)
	go echo(socket)
	b := newBench(t, nil)
	b.finder.known[end] = true
	b.finder.names["A-B"] = end
	p := b.connected()
	for channel, peer := range map[uint16]relay.Peer{1: peerOf(end), 65535: {Instance: "A-B"}} {
		p.send(relay.Open{Channel: channel, Peer: peer})
		p.want(relay.Opened{Channel: channel})
		for _, octets := range [][]byte{message("first"), message(strings.Repeat("x", relay.MaxDatagram-8))} {
			p.send(relay.Datagram{Channel: channel, Octets: octets})
			p.want(relay.Datagram{Channel: channel, Octets: octets})
		}
		p.send(relay.Close{Channel: channel})
		p.want(relay.Closed{Channel: channel, Reason: relay.ByPage})
		// Its number is free again; what comes for a channel that is over is nobody's.
		p.send(relay.Datagram{Channel: channel, Octets: message("late")})
		p.send(relay.Close{Channel: channel})
		p.send(relay.Open{Channel: channel, Peer: peer})
		p.want(relay.Opened{Channel: channel})
	}
}

func TestOnlyThePeerIsHeard(t *testing.T) {
	end, socket := device(t)
	_, stranger := device(t)
	b := newBench(t, nil)
	b.finder.known[end] = true
	p := b.connected()
	p.send(relay.Open{Channel: 1, Peer: peerOf(end)})
	p.want(relay.Opened{Channel: 1})
	p.send(relay.Datagram{Channel: 1, Octets: message("hello")})
	got := make([]byte, 2000)
	n, agent, err := socket.ReadFromUDPAddrPort(got)
	if err != nil || !bytes.Equal(got[:n], message("hello")) {
		t.Fatal(err)
	}
	stranger.WriteToUDPAddrPort(message("stranger"), agent)
	// What is of no Matter message's shape is told as dropped.
	socket.WriteToUDPAddrPort([]byte("GET / HTTP/1.1\r\n\r\n"), agent)
	socket.WriteToUDPAddrPort(make([]byte, 1281), agent)
	socket.WriteToUDPAddrPort(message("device"), agent)
	p.want(relay.Datagram{Channel: 1, Octets: message("device")})
	p.want(relay.Dropped{Channel: 1, Cause: relay.Shape, Count: 2})
}

func TestOnlyMattersShapeIsSent(t *testing.T) {
	end, socket := device(t)
	b := newBench(t, nil)
	b.finder.known[end] = true
	p := b.connected()
	p.send(relay.Open{Channel: 258, Peer: peerOf(end)})
	p.want(relay.Opened{Channel: 258})
	for _, octets := range []string{"GET / HTTP/1.1\r\nHost: router\r\n\r\n", "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04lamp", "short"} {
		p.raw(append([]byte{byte(relay.KindDatagram), 2, 1}, octets...))
	}
	p.send(relay.Datagram{Channel: 258, Octets: message("good")})
	got := make([]byte, 2000)
	if n, _, err := socket.ReadFromUDPAddrPort(got); err != nil || !bytes.Equal(got[:n], message("good")) {
		t.Errorf("%q, %v", got[:n], err)
	}
	p.want(relay.Dropped{Channel: 258, Cause: relay.Shape, Count: 3})
}

func TestAddressesThatArePagesOwnIdeaAreRefused(t *testing.T) {
	end, socket := device(t)
	go echo(socket)
	named, socket := device(t)
	go echo(socket)
	b := newBench(t, func(s *settings) {
		for _, text := range []string{named.String(), "127.0.0.9:999", "10.1.0.0/16"} {
			n, err := parseNamed(text)
			if err != nil {
				t.Fatal(err)
			}
			s.named = append(s.named, n)
		}
	})
	b.finder.names["public"] = netip.MustParseAddrPort("127.255.255.255:5540")
	p := b.connected()
	for i, c := range []struct {
		peer relay.Peer
		want relay.Reason
	}{
		{peerOf(end), relay.Unknown},
		{peerOf(named), 0},
		{relay.Peer{Host: "127.0.0.9", Port: 999}, 0},
		{relay.Peer{Host: "127.0.0.9", Port: 998}, relay.Refused},
		{relay.Peer{Host: "10.2.0.1", Port: 5540}, relay.Unknown},
		{relay.Peer{Host: "10.1.0.1", Port: 53}, relay.Refused},
		{relay.Peer{Host: "203.0.113.1", Port: 5540}, relay.Refused},
		{relay.Peer{Host: "2001:db8::1", Port: 5540}, relay.Refused},
		{relay.Peer{Host: "::ffff:192.168.1.1", Port: 5540}, relay.Refused},
		{relay.Peer{Host: "169.254.169.254", Port: 5540}, relay.Refused},
		{relay.Peer{Host: "127.1", Port: 5540}, relay.Refused},
		{relay.Peer{Host: "0177.0.0.1", Port: 5540}, relay.Refused},
		{relay.Peer{Host: "fe80::1", Port: 5540}, relay.Unreachable},
		{relay.Peer{Host: "fe80::1", Port: 5540, Zone: "nosuch0"}, relay.Unreachable},
		{relay.Peer{Instance: "nobody"}, relay.Unknown},
		{relay.Peer{Instance: "public"}, relay.Refused},
	} {
		number := uint16(i + 1)
		p.send(relay.Open{Channel: number, Peer: c.peer})
		if c.want == 0 {
			p.want(relay.Opened{Channel: number})
		} else {
			p.want(relay.Closed{Channel: number, Reason: c.want})
		}
	}
}

func TestSearchesAreCarried(t *testing.T) {
	b := newBench(t, nil)
	p := b.connected()
	n := relay.Node{Address: relay.Peer{Host: "fe80::a", Port: 5540, Zone: "eth0"}, Instance: "A"}
	for i := range maxSearches {
		p.send(relay.Search{Search: uint16(i), Query: relay.Query{Kind: relay.LongDiscriminator, Discriminator: uint16(i)}})
	}
	p.send(relay.Search{Search: 100, Query: relay.Query{Kind: relay.AllCommissionable}})
	p.want(relay.Stopped{Search: 100, Reason: relay.Full})
	b.finder.mu.Lock()
	for q, found := range b.finder.found {
		if q.Discriminator == 5 && !found(n) {
			t.Error("a find had no room")
		}
	}
	b.finder.mu.Unlock()
	p.want(relay.Found{Search: 5, Node: n})
	p.send(relay.Stop{Search: 5})
	p.want(relay.Stopped{Search: 5, Reason: relay.ByPage})
	p.send(relay.Stop{Search: 5})
	p.send(relay.Search{Search: 5, Query: relay.Query{Kind: relay.AllCommissionable}})
	eventually(t, "the search has begun", func() bool { return b.finder.searches() == maxSearches })
	p.conn.CloseNow()
	eventually(t, "the page's searches are over", func() bool { return b.finder.searches() == 0 })
}

func TestNamedDevicesAreFoundWithoutMulticast(t *testing.T) {
	b := newBench(t, func(set *settings) {
		if err := set.setNamed([]string{"[::1]:5540", "192.168.1.7", "10.0.0.0/8"}); err != nil {
			t.Fatal(err)
		}
	})
	p := b.connected()
	at := relay.Peer{Host: "::1", Port: 5540}
	p.send(relay.Search{Search: 1, Query: relay.Query{Kind: relay.ShortDiscriminator, Discriminator: 5}})
	p.want(relay.Found{Search: 1, Node: relay.Node{Address: at, Instance: "[::1]:5540"}})
	p.send(relay.Search{Search: 2, Query: relay.Query{Kind: relay.Operational, Instance: "2906C908D115D362-8FC7772401CD0696"}})
	p.want(relay.Found{Search: 2, Node: relay.Node{Address: at, Instance: "[::1]:5540"}})
	// An address without a port, and a network, are no devices: nothing more is told.
	p.send(relay.Stop{Search: 2})
	p.want(relay.Stopped{Search: 2, Reason: relay.ByPage})
}

func TestWhoBreaksTheProtocolIsClosed(t *testing.T) {
	end, _ := device(t)
	for name, frames := range map[string][]relay.Frame{
		"a channel's number twice": {relay.Open{Channel: 1, Peer: peerOf(end)}, relay.Open{Channel: 1, Peer: peerOf(end)}},
		"a search's number twice":  {relay.Search{Query: relay.Query{Kind: relay.AllCommissionable}}, relay.Search{Query: relay.Query{Kind: relay.AllCommissionable}}},
		"an agent's frame":         {relay.Opened{Channel: 1}},
	} {
		b := newBench(t, nil)
		b.finder.known[end] = true
		p := b.connected()
		for _, f := range frames {
			p.send(f)
		}
		if got := p.code(); got != relay.CloseMalformed {
			t.Errorf("%s: %d", name, got)
		}
	}
	for name, octets := range map[string][]byte{"nothing": {}, "a kind of none": {0x7F, 1, 2}, "half an Open": {byte(relay.KindOpen), 1}, "a relay's frame": {0x80}} {
		p := newBench(t, nil).connected()
		p.raw(octets)
		if got := p.code(); got != relay.CloseMalformed {
			t.Errorf("%s: %d", name, got)
		}
	}
	p := newBench(t, nil).connected()
	p.conn.Write(t.Context(), websocket.MessageText, []byte("hello"))
	if got := p.code(); got != relay.CloseMalformed {
		t.Errorf("text: %d", got)
	}
	p = newBench(t, nil).connected()
	p.raw(make([]byte, relay.MaxFrame+1))
	if got := p.code(); got != int(websocket.StatusMessageTooBig) {
		t.Errorf("a frame that is too long: %d", got)
	}
}

func TestLimits(t *testing.T) {
	end, _ := device(t)
	b := newBench(t, nil)
	b.finder.known[end] = true
	pages := []*client{}
	for range maxPages {
		pages = append(pages, b.connected())
	}
	conn, err := b.dial(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := (&client{t: t, conn: conn}).code(); got != relay.CloseFull {
		t.Errorf("a page too many: %d", got)
	}
	pages[0].conn.CloseNow()
	eventually(t, "a page may come for the one that went", func() bool {
		conn, err := b.dial(nil)
		if err != nil {
			return false
		}
		defer conn.CloseNow()
		f, err := (&client{t: t, conn: conn}).read()
		return err == nil && f.Kind() == relay.KindHello
	})
	p := pages[1]
	for i := range maxChannels {
		p.send(relay.Open{Channel: uint16(i), Peer: peerOf(end)})
		p.want(relay.Opened{Channel: uint16(i)})
	}
	p.send(relay.Open{Channel: maxChannels, Peer: peerOf(end)})
	p.want(relay.Closed{Channel: maxChannels, Reason: relay.Full})
	for _, p := range pages[2 : 1+maxAllChannels/maxChannels] {
		for i := range maxChannels {
			p.send(relay.Open{Channel: uint16(i), Peer: peerOf(end)})
			p.want(relay.Opened{Channel: uint16(i)})
		}
	}
	last := pages[len(pages)-1]
	last.send(relay.Open{Channel: 1, Peer: peerOf(end)})
	last.want(relay.Closed{Channel: 1, Reason: relay.Full})
	p.send(relay.Close{Channel: 0})
	p.want(relay.Closed{Channel: 0, Reason: relay.ByPage})
	last.send(relay.Open{Channel: 1, Peer: peerOf(end)})
	last.want(relay.Opened{Channel: 1})
}

func TestFloodOfAPageIsCut(t *testing.T) {
	end, socket := device(t)
	received := make(chan int)
	go func() {
		buffer, n := make([]byte, 2000), 0
		for {
			socket.SetReadDeadline(time.Now().Add(3 * time.Second))
			if _, _, err := socket.ReadFromUDPAddrPort(buffer); err != nil {
				received <- n
				return
			}
			n++
		}
	}()
	b := newBench(t, nil)
	b.finder.known[end] = true
	p := b.connected()
	p.send(relay.Open{Channel: 1, Peer: peerOf(end)})
	p.want(relay.Opened{Channel: 1})
	const sent = 5000
	start := time.Now()
	for range sent {
		p.send(relay.Datagram{Channel: 1, Octets: message("flood")})
	}
	took := time.Since(start)
	got := <-received
	if most := burst + int(float64(perSecond)*(took.Seconds()+1)); got > most || got == 0 {
		t.Errorf("%d datagrams reached the device in %v, at most %d should", got, took, most)
	}
	p.send(relay.Close{Channel: 1})
	dropped := uint32(0)
	for {
		switch f := p.next().(type) {
		case relay.Dropped:
			if f.Cause == relay.Rate {
				dropped = f.Count
			}
			continue
		case relay.Closed:
		}
		break
	}
	// Loopback may lose some on its way to the device, never to the agent's count.
	if int(dropped)+got > sent || dropped == 0 {
		t.Errorf("%d arrived, %d were told as dropped, of %d", got, dropped, sent)
	}
}

func TestSlowPageLosesDatagramsAndCostsNoMemory(t *testing.T) {
	end, socket := device(t)
	b := newBench(t, nil)
	b.finder.known[end] = true
	p := b.connected()
	p.send(relay.Open{Channel: 1, Peer: peerOf(end)})
	p.want(relay.Opened{Channel: 1})
	p.send(relay.Datagram{Channel: 1, Octets: message("where from")})
	buffer := make([]byte, 2000)
	_, agent, err := socket.ReadFromUDPAddrPort(buffer)
	if err != nil {
		t.Fatal(err)
	}
	// The page reads nothing while the device talks. Sockets' buffers take some
	// megabytes; then the agent must not.
	full := message(strings.Repeat("y", relay.MaxDatagram-8))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	session := func() int64 {
		b.mu.Lock()
		defer b.mu.Unlock()
		return int64(b.pages)
	}
	const sent = 20_000
	for i := range sent {
		socket.WriteToUDPAddrPort(full, agent)
		if i%100 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("memory grew by %d octets", grown)
	}
	if session() != 1 {
		t.Fatal("the page was thrown out")
	}
	// When it reads again, it gets what waited, and is told what did not.
	p.send(relay.Close{Channel: 1})
	got, dropped := 0, uint32(0)
	for over := false; !over; {
		switch f := p.next().(type) {
		case relay.Datagram:
			got++
		case relay.Dropped:
			dropped = max(dropped, f.Count)
		case relay.Closed:
			over = true
		}
	}
	if got == 0 || dropped == 0 || got+int(dropped) > sent {
		t.Errorf("%d arrived, %d were told as dropped, of %d", got, dropped, sent)
	}
}

func TestFloodOfRequestsIsReadSlowly(t *testing.T) {
	b := newBench(t, nil)
	p := b.connected()
	start := time.Now()
	const asked = requestBurst + requestsPerSecond
	for i := range asked {
		p.send(relay.Open{Channel: uint16(i), Peer: relay.Peer{Host: "203.0.113.1", Port: 5540}})
	}
	for range asked {
		if f, ok := p.next().(relay.Closed); !ok || f.Reason != relay.Refused && f.Reason != relay.Full {
			t.Fatalf("%#v", f)
		}
	}
	if took := time.Since(start); took < 700*time.Millisecond {
		t.Errorf("%d requests in %v", asked, took)
	}
}

func TestAPageThatGoesFreesItsSockets(t *testing.T) {
	end, _ := device(t)
	b := newBench(t, nil)
	b.finder.known[end] = true
	b.connected().conn.CloseNow()
	before := runtime.NumGoroutine()
	for range 5 {
		p := b.connected()
		for i := range 20 {
			p.send(relay.Open{Channel: uint16(i), Peer: peerOf(end)})
			p.want(relay.Opened{Channel: uint16(i)})
		}
		p.send(relay.Open{Channel: 99, Peer: relay.Peer{Host: "10.0.0.1", Port: 5540}}) // still being looked for
		p.conn.CloseNow()
	}
	eventually(t, "pages, channels and goroutines have gone", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.pages == 0 && b.channels == 0 && runtime.NumGoroutine() <= before+2
	})
}

func TestStopTellsThePages(t *testing.T) {
	end, _ := device(t)
	b := newBench(t, nil)
	b.finder.known[end] = true
	p := b.connected()
	p.send(relay.Open{Channel: 1, Peer: peerOf(end)})
	p.want(relay.Opened{Channel: 1})
	closed := make(chan int)
	go func() { closed <- p.code() }()
	start := time.Now()
	b.close()
	if got := <-closed; got != relay.CloseStopping {
		t.Errorf("closed with %d", got)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	conn, err := b.dial(nil)
	if err == nil {
		if f, err := (&client{t: t, conn: conn}).read(); err == nil {
			t.Errorf("a page was let in after the end: %#v", f)
		}
	}
}

func TestDeviceThatListensLater(t *testing.T) {
	end, socket := device(t)
	socket.Close()
	b := newBench(t, nil)
	b.finder.known[end] = true
	p := b.connected()
	p.send(relay.Open{Channel: 1, Peer: peerOf(end)})
	p.want(relay.Opened{Channel: 1})
	// Each is answered by the system that nobody is there.
	for range 5 {
		p.send(relay.Datagram{Channel: 1, Octets: message("anybody")})
		time.Sleep(5 * time.Millisecond)
	}
	socket = listenAt(t, end)
	go echo(socket)
	p.send(relay.Datagram{Channel: 1, Octets: message("now")})
	p.want(relay.Datagram{Channel: 1, Octets: message("now")})
}

// The canaries stand for what a page might send by mistake, and for what it does
// send: none of it may be written down.
func TestLogsHoldNothingOfAnybody(t *testing.T) {
	end, socket := device(t)
	go echo(socket)
	const canary = "CANARY-20202021-passcod"
	const node = "20202021CA4A4100-20202021CA4A4100"
	for _, verbose := range []bool{false, true} {
		b := newBench(t, func(s *settings) { s.verbose = verbose })
		b.finder.known[end] = true
		conn, err := b.dial(&websocket.DialOptions{Subprotocols: []string{relay.Subprotocol, relay.TokenSubprotocol + canary}})
		if err != nil {
			t.Fatal(err)
		}
		(&client{t: t, conn: conn}).code()
		p := b.connected()
		p.send(relay.Search{Search: 1, Query: relay.Query{Kind: relay.Operational, Instance: node}})
		p.send(relay.Open{Channel: 1, Peer: peerOf(end)})
		p.want(relay.Opened{Channel: 1})
		p.send(relay.Datagram{Channel: 1, Octets: message(canary[:22])})
		p.want(relay.Datagram{Channel: 1, Octets: message(canary[:22])})
		p.raw(append([]byte{byte(relay.KindDatagram), 1, 0}, canary...))
		p.raw(append([]byte{0x7F}, canary...))
		if got := p.code(); got != relay.CloseMalformed {
			t.Errorf("closed with %d", got)
		}
		response, err := http.Get(b.server.URL + "/" + canary + "?token=" + token)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		eventually(t, "the page is logged as gone", func() bool { return strings.Contains(b.logs.String(), "has gone") })
		secrets := []string{token, node, canary, canary[:22], "20202021"}
		for _, s := range slices.Clone(secrets) {
			secrets = append(secrets, hex.EncodeToString([]byte(s)), base64.StdEncoding.EncodeToString([]byte(s)), fmt.Sprint([]byte(s)))
		}
		if !verbose {
			secrets = append(secrets, "127.0.0.1", end.String(), fmt.Sprint(end.Port()))
		}
		for _, s := range secrets {
			if strings.Contains(b.logs.String(), s) {
				t.Errorf("%q in the log:\n%s", s, b.logs)
			}
		}
		if verbose != strings.Contains(b.logs.String(), end.String()) {
			t.Errorf("verbose %v, and the log is\n%s", verbose, b.logs)
		}
	}
}
