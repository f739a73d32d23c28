//go:build !js

package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/matter-session/matter-session/web/transport/relay"
)

// A gate lets in who has the token.
type gate struct {
	token  [sha256.Size]byte
	failed buckets
}

func newGate(token string, now func() time.Time) *gate {
	return &gate{token: sha256.Sum256([]byte(token)), failed: buckets{burst: maxWrong, every: wrongEvery, now: now}}
}

const (
	// Wrong tokens in a row from one address, and the time after which it has one
	// more. Until then the right one is not let in either: who guesses must not
	// learn which it was.
	maxWrong   = 10
	wrongEvery = 6 * time.Second
)

// admit returns 0 if a request brings the token, else why the WebSocket is to be
// closed.
func (g *gate) admit(r *http.Request, from netip.Addr) int {
	key := group(from)
	if !g.failed.has(key) {
		return relay.CloseAttempts
	}
	token, given := offered(r)
	got := sha256.Sum256([]byte(token))
	// Hashes, so that the time says nothing about the length either.
	if subtle.ConstantTimeCompare(got[:], g.token[:]) == 1 {
		return 0
	}
	// No token is no guess.
	if given {
		g.failed.take(key)
	}
	return relay.CloseToken
}

// offered returns the token among the subprotocols.
func offered(r *http.Request) (token string, ok bool) {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for protocol := range strings.SplitSeq(line, ",") {
			if token, ok = strings.CutPrefix(strings.TrimSpace(protocol), relay.TokenSubprotocol); ok {
				return token, true
			}
		}
	}
	return "", false
}

// group returns what is counted as one sender: anybody has a whole /64.
func group(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() && !a.IsLoopback() {
		bits = 64
	}
	p, _ := a.WithZone("").Prefix(bits)
	return p
}

// buckets are one bucket of attempts per sender.
type buckets struct {
	burst float64
	every time.Duration
	now   func() time.Time

	mu      sync.Mutex
	senders map[netip.Prefix]*bucket
}

// maxSenders are kept apart. Those beyond share one bucket.
const maxSenders = 1024

func (b *buckets) of(sender netip.Prefix) *bucket {
	now := b.now()
	if one := b.senders[sender]; one != nil {
		return one
	}
	if b.senders == nil {
		b.senders = map[netip.Prefix]*bucket{}
	}
	if len(b.senders) >= maxSenders {
		for key, one := range b.senders {
			if one.full(now) {
				delete(b.senders, key)
			}
		}
	}
	if len(b.senders) >= maxSenders {
		sender = netip.Prefix{}
		if one := b.senders[sender]; one != nil {
			return one
		}
	}
	one := &bucket{burst: b.burst, perSecond: 1 / b.every.Seconds(), left: b.burst, at: now}
	b.senders[sender] = one
	return one
}

func (b *buckets) has(sender netip.Prefix) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.of(sender).has(b.now())
}

func (b *buckets) take(sender netip.Prefix) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(sender).take(b.now())
}

// A bucket holds burst at most and gets perSecond more. It is not safe for several
// goroutines.
type bucket struct {
	burst, perSecond float64
	left             float64
	at               time.Time
}

func (b *bucket) refill(now time.Time) {
	b.left = min(b.burst, b.left+b.perSecond*max(0, now.Sub(b.at).Seconds()))
	b.at = now
}

func (b *bucket) has(now time.Time) bool {
	b.refill(now)
	return b.left >= 1
}

func (b *bucket) take(now time.Time) bool {
	if !b.has(now) {
		return false
	}
	b.left--
	return true
}

func (b *bucket) full(now time.Time) bool {
	b.refill(now)
	return b.left >= b.burst
}
