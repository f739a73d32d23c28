package dnssd

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/matter-session/matter-session/web/transport/relay"
)

// A question is repeated after a second, then ever more slowly: RFC 6762 §5.2 says
// up to an hour, a minute suits a person who waits.
const (
	firstRepeat = time.Second
	maxRepeat   = time.Minute
	tick        = 250 * time.Millisecond
	gather      = 5 * time.Millisecond
	// maxTold bounds what a search remembers to have told.
	maxTold = maxServices
)

// A Browser searches, from its first search on until Close. Its methods may be
// called by several goroutines at once.
type Browser struct {
	config Config
	now    func() time.Time

	mu       sync.Mutex
	table    *table
	searches map[*search]bool
	waiting  map[chan struct{}]bool // closed when something may have been learned
	links    *links
	problem  string        // last told
	news     chan struct{} // a search has begun, or something was learned
	stop     chan struct{}
	running  sync.WaitGroup
	closed   bool
}

type search struct {
	query  relay.Query
	all    bool // every node of both services, for nobody: an address is waited for
	found  func(relay.Node) bool
	told   map[relay.Peer]relay.Node
	since  time.Time // what was heard last before is not told
	repeat time.Duration
	next   time.Time
}

// A responder says nothing twice within a second (RFC 6762 §6): what was heard so
// shortly before a search is news to it.
const fresh = 2 * time.Second

// New returns a browser that has nothing to do yet.
func New(config Config) *Browser {
	return &Browser{
		config: config, now: time.Now, table: newTable(config.Allow),
		searches: map[*search]bool{}, waiting: map[chan struct{}]bool{}, news: make(chan struct{}, 1), stop: make(chan struct{}),
	}
}

// Search calls found with every node that fits q and answers, at each of its
// addresses, again when something about it has changed, until stop is called. What
// was heard of commissionable nodes before is not told: a device that was switched
// off says no goodbye, and one that is there answers at once. An old address of an
// operational node is worth a try. found must not
// block and must not call the browser; if it returns false it is told again
// later. After stop has returned, found is not called.
func (b *Browser) Search(q relay.Query, found func(relay.Node) bool) (stop func()) {
	return b.search(&search{query: q, found: found, told: map[relay.Peer]relay.Node{}})
}

func (b *Browser) search(s *search) (stop func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.repeat, s.next = firstRepeat, b.now()
	if s.query.Kind != relay.Operational {
		s.since = b.now().Add(-fresh)
	}
	b.searches[s] = true
	if b.links == nil && !b.closed {
		b.links = &links{config: b.config, heard: b.heard}
		b.running.Go(b.run)
	}
	b.wake()
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.searches, s)
	}
}

// Wait reports whether a node is known at this address. If it is not, it looks
// for all nodes until it is or ctx ends.
func (b *Browser) Wait(ctx context.Context, end netip.AddrPort) bool {
	return b.wait(ctx, func() bool { return b.table.isKnown(end, b.now()) })
}

// Resolve returns where the node of this name is, the best address first; it
// looks for it until ctx ends.
func (b *Browser) Resolve(ctx context.Context, instance string) (end netip.AddrPort, ok bool) {
	b.wait(ctx, func() bool {
		end, ok = b.table.instance(instance, b.now())
		return ok
	})
	return end, ok
}

// wait looks for all nodes until found, which is called with the lock held, says so.
func (b *Browser) wait(ctx context.Context, found func() bool) bool {
	b.mu.Lock()
	done := found()
	b.mu.Unlock()
	if done {
		return true
	}
	defer b.search(&search{all: true})()
	for {
		b.mu.Lock()
		if found() {
			b.mu.Unlock()
			return true
		}
		learned := make(chan struct{})
		b.waiting[learned] = true
		b.mu.Unlock()
		select {
		case <-learned:
		case <-ctx.Done():
			b.mu.Lock()
			delete(b.waiting, learned)
			b.mu.Unlock()
			return false
		case <-b.stop:
			return false
		}
	}
}

// Close ends all searches and closes the sockets.
func (b *Browser) Close() {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return
	}
	b.closed = true
	clear(b.searches)
	close(b.stop)
	b.mu.Unlock()
	b.running.Wait()
}

func (b *Browser) heard(message []byte, from source) {
	b.mu.Lock()
	defer b.mu.Unlock()
	// Nobody searches: what a network says meanwhile is not collected.
	if b.closed || len(b.searches) == 0 || !b.table.learn(message, from, b.now()) {
		return
	}
	b.wake()
}

func (b *Browser) wake() {
	select {
	case b.news <- struct{}{}:
	default:
	}
}

func (b *Browser) tell(s *search) {
	if s.found == nil {
		return
	}
	b.table.nodes(s.query, s.since, b.now(), func(n relay.Node) {
		last, known := s.told[n.Address]
		if known && last == n || !known && len(s.told) >= maxTold {
			return
		}
		if s.found(n) {
			s.told[n.Address] = n
		}
	})
}

// run tells what was learned, and asks the searches' questions when they are due.
func (b *Browser) run() {
	defer b.links.close()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		if questions := b.due(); len(questions) > 0 {
			b.report(b.links.ask(questions))
		}
		// However many packets come, all that they said is told at once.
		time.Sleep(gather)
		select {
		case <-ticker.C:
		case <-b.news:
		case <-b.stop:
			return
		}
	}
}

// due tells the searches what is new, and returns the questions that are to be asked now.
func (b *Browser) due() (questions []dnsmessage.Question) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.table.expire(now)
	if len(b.searches) == 0 {
		return nil
	}
	asked := map[string]bool{}
	for learned := range b.waiting {
		close(learned)
	}
	clear(b.waiting)
	for s := range b.searches {
		b.tell(s)
		if now.Before(s.next) {
			continue
		}
		s.next = now.Add(s.repeat)
		s.repeat = min(2*s.repeat, maxRepeat)
		// Many searches for the same are one question.
		for _, q := range s.questions() {
			if key := q.GoString(); !asked[key] {
				asked[key] = true
				questions = append(questions, q)
			}
		}
	}
	return append(questions, b.table.missing(now, firstRepeat)...)
}

func (s *search) questions() []dnsmessage.Question {
	if s.all {
		return ask(ask(nil, commissionable, dnsmessage.TypePTR), operational, dnsmessage.TypePTR)
	}
	switch q := s.query; q.Kind {
	case relay.LongDiscriminator:
		return ask(nil, "_L"+strconv.Itoa(int(q.Discriminator))+"._sub."+commissionable, dnsmessage.TypePTR)
	case relay.ShortDiscriminator:
		return ask(nil, "_S"+strconv.Itoa(int(q.Discriminator))+"._sub."+commissionable, dnsmessage.TypePTR)
	case relay.Operational:
		name := q.Instance + "." + operational
		return ask(ask(nil, name, dnsmessage.TypeSRV), name, dnsmessage.TypeTXT)
	}
	return ask(nil, commissionable, dnsmessage.TypePTR)
}

// report tells the same problem once, until it has passed.
func (b *Browser) report(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != b.problem && err != nil && b.config.Problem != nil {
		b.config.Problem(errors.New("searching for devices: " + text))
	}
	b.problem = text
}
