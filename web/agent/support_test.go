//go:build !js

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/matter-session/matter-session/web/transport/relay"
)

const token = "0123456789abcdefXYZ"

// fakeFinder has found what a test puts in.
type fakeFinder struct {
	mu    sync.Mutex
	known map[netip.AddrPort]bool
	names map[string]netip.AddrPort
	found map[*relay.Query]func(relay.Node) bool
}

func (f *fakeFinder) Search(q relay.Query, found func(relay.Node) bool) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.found == nil {
		f.found = map[*relay.Query]func(relay.Node) bool{}
	}
	f.found[&q] = found
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.found, &q)
	}
}

func (f *fakeFinder) Wait(ctx context.Context, end netip.AddrPort) bool {
	f.mu.Lock()
	known := f.known[end]
	f.mu.Unlock()
	if !known {
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	return known
}

func (f *fakeFinder) Resolve(_ context.Context, instance string) (netip.AddrPort, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	end, ok := f.names[instance]
	return end, ok
}

func (f *fakeFinder) Close() {}

func (f *fakeFinder) searches() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.found)
}

// buffer is a log that several goroutines write.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// A bench is an agent with its listener.
type bench struct {
	*agent
	t      *testing.T
	server *httptest.Server
	finder *fakeFinder
	logs   *buffer
}

func newBench(t *testing.T, change func(*settings)) *bench {
	t.Helper()
	set := settings{token: token}
	if change != nil {
		change(&set)
	}
	files, err := openPage(set.page)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, finder: &fakeFinder{known: map[netip.AddrPort]bool{}, names: map[string]netip.AddrPort{}}, logs: &buffer{}}
	b.agent = newAgent(set, files, b.logs)
	b.browser.Close()
	b.browser = b.finder
	b.server = httptest.NewServer(b.agent)
	t.Cleanup(func() {
		b.close()
		b.server.Close()
		files.close()
	})
	return b
}

func (b *bench) port() string {
	_, port, _ := net.SplitHostPort(b.server.Listener.Addr().String())
	return port
}

// A client is a page.
type client struct {
	t    *testing.T
	conn *websocket.Conn
}

func (b *bench) dial(options *websocket.DialOptions) (*websocket.Conn, error) {
	if options == nil {
		options = &websocket.DialOptions{Subprotocols: []string{relay.Subprotocol, relay.TokenSubprotocol + token}}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, strings.Replace(b.server.URL, "http", "ws", 1)+agentPath, options)
	return conn, err
}

// connected connects a page, and takes the greeting.
func (b *bench) connected() *client {
	b.t.Helper()
	conn, err := b.dial(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	conn.SetReadLimit(relay.MaxFrame)
	b.t.Cleanup(func() { conn.CloseNow() })
	c := &client{t: b.t, conn: conn}
	if h, ok := c.next().(relay.Hello); !ok || h != (relay.Hello{Version: version, Channels: maxChannels, Searches: maxSearches}) {
		b.t.Fatalf("greeted with %#v", h)
	}
	return c
}

func (c *client) send(f relay.Frame) {
	c.t.Helper()
	octets, err := relay.Append(nil, f)
	if err != nil {
		c.t.Fatal(err)
	}
	c.raw(octets)
}

func (c *client) raw(octets []byte) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.conn.Write(ctx, websocket.MessageBinary, octets); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) read() (relay.Frame, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, octets, err := c.conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	return relay.Parse(octets)
}

func (c *client) next() relay.Frame {
	c.t.Helper()
	f, err := c.read()
	if err != nil {
		c.t.Fatal(err)
	}
	return f
}

// want fails unless the next frame is this one.
func (c *client) want(want relay.Frame) {
	c.t.Helper()
	if got := c.next(); fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
		c.t.Fatalf("got %#v, want %#v", got, want)
	}
}

// code returns the code with which the agent closes the WebSocket.
func (c *client) code() int {
	for {
		if _, err := c.read(); err != nil {
			return int(websocket.CloseStatus(err))
		}
	}
}

// A device answers each datagram with itself, until the test ends.
func device(t *testing.T) (netip.AddrPort, *net.UDPConn) {
	t.Helper()
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return socket.LocalAddr().(*net.UDPAddr).AddrPort(), socket
}

func echo(socket *net.UDPConn) {
	buffer := make([]byte, 2000)
	for {
		n, from, err := socket.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		socket.WriteToUDPAddrPort(buffer[:n], from)
	}
}

func peerOf(end netip.AddrPort) relay.Peer {
	return relay.Peer{Host: end.Addr().WithZone("").String(), Port: end.Port(), Zone: end.Addr().Zone()}
}

// message is of a secured message's shape, with a body that can be looked for.
func message(body string) []byte {
	return append([]byte{0, 0x39, 0x30, 0, 1, 0, 0, 0}, fmt.Sprintf("%-22s", body)...)
}

func eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !true(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}
