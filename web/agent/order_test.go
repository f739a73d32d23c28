//go:build !js

package main

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/matter-session/matter-session/web/transport/relay"
)

// A page that does everything at once, by a seed: whatever the order, each channel
// and each search has one end, and nothing comes of it after that.
func TestEachChannelAndSearchEndsOnce(t *testing.T) {
	end, socket := device(t)
	go echo(socket)
	for seed := range uint64(6) {
		b := newBench(t, nil)
		b.finder.known[end] = true
		p := b.connected()
		random := rand.New(rand.NewPCG(seed, 0))
		w := &watcher{t: t, channels: map[uint16]bool{}, searches: map[uint16]bool{}}
		peers := []relay.Peer{peerOf(end), {Host: "203.0.113.1", Port: 5540}, {Host: "10.0.0.1", Port: 5540}, {Instance: "nobody"}}
		// Fewer than would be read more slowly: that is another test's.
		for range 110 {
			number := uint16(random.IntN(12))
			switch random.IntN(6) {
			case 0, 1:
				if !w.channels[number] {
					w.channels[number] = true
					p.send(relay.Open{Channel: number, Peer: peers[random.IntN(len(peers))]})
				}
			case 2:
				p.send(relay.Close{Channel: number})
			case 3:
				p.send(relay.Datagram{Channel: number, Octets: message("any")})
			case 4:
				if !w.searches[number] {
					w.searches[number] = true
					p.send(relay.Search{Search: number, Query: relay.Query{Kind: relay.AllCommissionable}})
				}
			case 5:
				p.send(relay.Stop{Search: number})
			}
			// What has come is taken in between, so that numbers are used again.
			if random.IntN(3) == 0 && w.open() > 0 {
				p.send(relay.Close{Channel: w.any()})
				w.see(p.next())
			}
		}
		for number := range w.channels {
			p.send(relay.Close{Channel: number})
		}
		for number := range w.searches {
			p.send(relay.Stop{Search: number})
		}
		for w.open() > 0 || len(w.searches) > 0 {
			w.see(p.next())
		}
		// Nothing more: what comes next is the answer to this.
		p.send(relay.Open{Channel: 1000, Peer: peers[1]})
		p.want(relay.Closed{Channel: 1000, Reason: relay.Refused})
		eventually(t, "all is freed", func() bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.channels == 0 && b.finder.searches() == 0
		})
	}
}

// A watcher knows which channels and searches the agent has yet to end.
type watcher struct {
	t                  *testing.T
	channels, searches map[uint16]bool
}

func (w *watcher) open() int { return len(w.channels) }

func (w *watcher) any() uint16 { return slices.Min(slices.Collect(maps.Keys(w.channels))) }

func (w *watcher) see(f relay.Frame) {
	w.t.Helper()
	switch f := f.(type) {
	case relay.Closed:
		if !w.channels[f.Channel] {
			w.t.Fatalf("the end of a channel that is none: %+v", f)
		}
		delete(w.channels, f.Channel)
	case relay.Stopped:
		if !w.searches[f.Search] {
			w.t.Fatalf("the end of a search that is none: %+v", f)
		}
		delete(w.searches, f.Search)
	case relay.Opened:
		w.mine(f.Channel)
	case relay.Datagram:
		w.mine(f.Channel)
	case relay.Dropped:
		w.mine(f.Channel)
	default:
		w.t.Fatalf("%#v", f)
	}
}

func (w *watcher) mine(channel uint16) {
	w.t.Helper()
	if !w.channels[channel] {
		w.t.Fatalf("something of channel %d, which is over", channel)
	}
}
