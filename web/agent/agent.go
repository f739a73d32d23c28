//go:build !js

package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/net/netutil"

	"github.com/matter-session/matter-session/web/agent/dnssd"
	"github.com/matter-session/matter-session/web/transport/relay"
)

// Limits of all pages together. Those of one are session.go's.
const (
	maxConnections = 256 // of HTTP, on each address
	maxPages       = 16
	maxClosing     = 16 // WebSockets that are told why they are not let in
	maxAllChannels = 512
	allPerSecond   = 4000 // datagrams from all pages
)

// path of the WebSocket.
const agentPath = "/agent"

// A finder is a dnssd.Browser, and its stand-in where a test has no multicast.
type finder interface {
	Search(q relay.Query, found func(relay.Node) bool) (stop func())
	Wait(ctx context.Context, end netip.AddrPort) bool
	Resolve(ctx context.Context, instance string) (netip.AddrPort, bool)
	Close()
}

// An agent is the program behind its listeners.
type agent struct {
	set     settings
	page    *page
	gate    *gate
	browser finder
	logger  *log.Logger

	ctx      context.Context
	cancel   context.CancelFunc
	sessions sync.WaitGroup
	closing  chan struct{} // one per WebSocket that is being refused

	mu       sync.Mutex
	closed   bool
	pages    int
	last     int // number of the last page
	channels int
	rate     bucket
	refusals bucket // of the log
}

func newAgent(set settings, files *page, logs io.Writer) *agent {
	a := &agent{
		set: set, page: files, gate: newGate(set.token, time.Now), logger: log.New(logs, "agent: ", log.LstdFlags|log.Lmsgprefix),
		closing:  make(chan struct{}, maxClosing),
		rate:     bucket{burst: allPerSecond, perSecond: allPerSecond, left: allPerSecond, at: time.Now()},
		refusals: bucket{burst: 10, perSecond: 0.1, left: 10, at: time.Now()},
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	a.browser = dnssd.New(dnssd.Config{
		Interfaces: set.interfaces, Allow: discoverable,
		Problem: func(err error) { a.log(err.Error()) },
	})
	return a
}

// close ends all pages' connections and the search. Harmless when repeated.
func (a *agent) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.cancel()
	a.sessions.Wait()
	a.browser.Close()
}

// log writes what its user should know: never a token, never what was carried.
func (a *agent) log(text string) { a.logger.Print(text) }

// refuse logs why a page was not let in. Who knocks must not fill a disk by it.
func (a *agent) refuse(why string) {
	a.mu.Lock()
	may := a.refusals.take(time.Now())
	a.mu.Unlock()
	if may {
		a.log("a page was not let in: " + why)
	}
}

// verbose writes more, with addresses, if the user asked for that.
func (a *agent) verbose(text string) {
	if a.set.verbose {
		a.logger.Print(text)
	}
}

// quiet is for net/http, which writes addresses and what a client sent.
func (a *agent) quiet() *log.Logger {
	if a.set.verbose {
		return a.logger
	}
	return log.New(io.Discard, "", 0)
}

func limited(l net.Listener) net.Listener { return netutil.LimitListener(l, maxConnections) }

func (a *agent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Server-Timing", "matter-agent") // a page sees of this header, without asking, whom it came from
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if !a.isHost(r) {
		// A name that leads here and is not ours is another site's, which by it would
		// be of our origin.
		http.Error(w, "the agent is not called by this name: see -host", http.StatusForbidden)
		return
	}
	switch {
	case r.URL.Path != agentPath:
		a.page.ServeHTTP(w, r)
	case !strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		a.about(w, r)
	case !a.isOrigin(r):
		http.Error(w, "pages of this origin may not use the agent: see -origin", http.StatusForbidden)
	default:
		a.connect(w, r)
	}
}

// about tells a page that this is an agent, and nothing about anything else.
func (a *agent) about(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" && a.isOrigin(r) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	// Errors are the client's, who has gone.
	_ = json.NewEncoder(w).Encode(struct {
		Agent   string `json:"agent"`
		Version string `json:"version"`
	}{"matter-session", version})
}

// isHost reports whether the request was made to a name or an address of ours: an
// address cannot be rebound to another site's name.
func (a *agent) isHost(r *http.Request) bool {
	host := r.Host
	if h, port, err := net.SplitHostPort(host); err == nil {
		if strings.Trim(port, "0123456789") != "" {
			return false // it goes into the page's policy
		}
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "localhost" || slices.Contains(a.set.hosts, host) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() != "" {
		return false
	}
	if ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.AddrPort().Addr().Unmap().WithZone("") == ip
}

// isOrigin reports whether the page that asks may. A program that is no browser
// sends no origin: for it the token is enough.
func (a *agent) isOrigin(r *http.Request) bool {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return true
	}
	origin := strings.ToLower(values[0])
	if len(values) > 1 {
		return false
	}
	if slices.Contains(a.set.origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, r.Host)
}

// connect takes a page's WebSocket, and closes it again with a code that says why
// if the page may not have it.
func (a *agent) connect(w http.ResponseWriter, r *http.Request) {
	select {
	case a.closing <- struct{}{}:
	default:
		http.Error(w, "too many at once", http.StatusServiceUnavailable)
		return
	}
	waiting := sync.OnceFunc(func() { <-a.closing })
	defer waiting()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{relay.Subprotocol},
		InsecureSkipVerify: true, // isOrigin has verified it
	})
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	remote, _ := netip.ParseAddrPort(r.RemoteAddr)
	code := a.gate.admit(r, remote.Addr().Unmap())
	switch {
	case code == relay.CloseAttempts:
		a.refuse("too many wrong tokens")
	case code == relay.CloseToken:
		a.refuse("no token, or a wrong one")
	case conn.Subprotocol() != relay.Subprotocol:
		code = relay.CloseMalformed
	}
	var number int
	if code == 0 {
		if number = a.enter(); number == 0 {
			code = relay.CloseFull
			a.refuse("as many as the agent takes are connected")
		}
	}
	if code != 0 {
		_ = conn.Close(websocket.StatusCode(code), "")
		return
	}
	waiting()
	defer a.leave()
	newSession(a, conn, number).run(r.RemoteAddr)
}

// enter counts a page in. It returns its number, or 0 if there is no room for it.
func (a *agent) enter() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || a.pages >= maxPages {
		return 0
	}
	a.pages++
	a.last++
	a.sessions.Add(1)
	return a.last
}

func (a *agent) leave() {
	a.mu.Lock()
	a.pages--
	a.mu.Unlock()
	a.sessions.Done()
}

// takeChannel reports whether one more channel may be opened.
func (a *agent) takeChannel() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.channels >= maxAllChannels {
		return false
	}
	a.channels++
	return true
}

func (a *agent) giveChannel() {
	a.mu.Lock()
	a.channels--
	a.mu.Unlock()
}

// takeDatagram reports whether one more datagram may be carried from a page now.
func (a *agent) takeDatagram(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.rate.take(now)
}

// findTime is how long a device is looked for that a page wants a channel to.
const findTime = 5 * time.Second

// end returns where a page's peer is, or why the agent carries nothing to it.
func (a *agent) end(ctx context.Context, p relay.Peer) (netip.AddrPort, relay.Reason) {
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	if p.Instance != "" {
		end, ok := a.browser.Resolve(ctx, p.Instance)
		switch {
		case !ok:
			return end, relay.Unknown
		case broadcast(end.Addr()):
			return end, relay.Refused
		}
		return end, 0
	}
	ip, err := netip.ParseAddr(p.Host)
	if err != nil || !carried(ip) || broadcast(ip) {
		return netip.AddrPort{}, relay.Refused
	}
	if ip.Is6() && ip.IsLinkLocalUnicast() {
		if _, err := net.InterfaceByName(p.Zone); err != nil {
			return netip.AddrPort{}, relay.Unreachable
		}
		ip = ip.WithZone(p.Zone)
	}
	end := netip.AddrPortFrom(ip, p.Port)
	if slices.ContainsFunc(a.set.named, func(n named) bool { return n.allows(end) }) {
		return end, 0
	}
	if end.Port() < 1024 || services[end.Port()] {
		return end, relay.Refused
	}
	if !a.browser.Wait(ctx, end) {
		return end, relay.Unknown
	}
	return end, 0
}
