package dnssd

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/matter-session/matter-session/web/transport/relay"
)

// The services, as their names end. Matter Core §4.3.1 and §4.3.2.
const (
	commissionable = "_matterc._udp.local."
	operational    = "_matter._tcp.local."
)

// A source is where a message came from.
type source struct {
	sender   netip.Addr
	zone     string // the interface that it came in by
	loopback bool
}

// A service is one instance of one of the two services.
type service struct {
	instance    string
	operational bool
	sender      netip.Addr
	heard       time.Time // last
	expires     time.Time
	host        string // its target in lower case, empty until its SRV record is known
	port        uint16
	loopback    bool // host and port were told on the loopback interface
	hasTXT      bool
	txt         relay.Node // without address and instance
	asked       time.Time
}

// A host is what a service names as its own.
type host struct{ addresses []address }

type address struct {
	netip.Addr
	loopback bool
	expires  time.Time
}

// A table is what was heard. It does no I/O and reads no clock.
type table struct {
	allow    func(netip.AddrPort, bool) bool
	services map[string]*service // by name in lower case
	hosts    map[string]*host    // likewise; of services only
	known    map[netip.AddrPort]time.Time
}

// A lesson is what one message does to the table. What costs a walk through the
// whole table is done once per message at most: anybody may send them.
type lesson struct {
	*table
	from    source
	now     time.Time
	touched map[string]bool // names of services and hosts
	room    int             // services that may yet be remembered of this sender; -1: not counted
	named   map[string]bool // hosts of services; nil: not collected
}

func newTable(allow func(netip.AddrPort, bool) bool) *table {
	return &table{allow: allow, services: map[string]*service{}, hosts: map[string]*host{}, known: map[netip.AddrPort]time.Time{}}
}

// learn takes in one message. It reports whether that may have changed anything.
func (t *table) learn(message []byte, from source, now time.Time) bool {
	if len(message) > maxMessage {
		return false
	}
	l := lesson{table: t, from: from, now: now, touched: map[string]bool{}, room: -1}
	records := parse(message)
	// Services first: an address is kept only of a host that one of them names,
	// whatever the order in the message.
	for _, r := range records {
		l.service(r)
	}
	for _, r := range records {
		l.address(r)
	}
	if len(l.touched) > 0 {
		l.note()
	}
	return len(l.touched) > 0
}

// parse returns a response's records of the types that matter, as far as they
// can be read.
func parse(message []byte) (records []dnsmessage.Resource) {
	var p dnsmessage.Parser
	header, err := p.Start(message)
	if err != nil || !header.Response || header.OpCode != 0 || header.RCode != dnsmessage.RCodeSuccess || p.SkipAllQuestions() != nil {
		return nil
	}
	if records, err = section(records, p.AnswerHeader, p.Answer, p.SkipAnswer); err != nil || p.SkipAllAuthorities() != nil {
		return records
	}
	records, _ = section(records, p.AdditionalHeader, p.Additional, p.SkipAdditional)
	return records
}

func section(records []dnsmessage.Resource, header func() (dnsmessage.ResourceHeader, error), read func() (dnsmessage.Resource, error), skip func() error) ([]dnsmessage.Resource, error) {
	for range maxRecords {
		h, err := header()
		if err == dnsmessage.ErrSectionDone {
			return records, nil
		}
		if err != nil {
			return records, err
		}
		switch h.Type {
		case dnsmessage.TypePTR, dnsmessage.TypeSRV, dnsmessage.TypeTXT, dnsmessage.TypeA, dnsmessage.TypeAAAA:
			r, err := read()
			if err != nil {
				return records, err
			}
			records = append(records, r)
		default:
			if err := skip(); err != nil {
				return records, err
			}
		}
	}
	return records, dnsmessage.ErrSectionDone
}

func (l *lesson) service(r dnsmessage.Resource) {
	name, life := lower(r.Header.Name), lifetime(r.Header.TTL)
	switch body := r.Body.(type) {
	case *dnsmessage.PTRResource:
		// _matterc._udp.local, or one of its subtypes: what fits a search, TXT tells.
		if name != commissionable && name != operational && !strings.HasSuffix(name, "._sub."+commissionable) {
			return
		}
		l.entry(body.PTR.String(), life)
	case *dnsmessage.SRVResource:
		if s := l.entry(r.Header.Name.String(), life); s != nil {
			s.host, s.port, s.loopback = lower(body.Target), body.Port, l.from.loopback
		}
	case *dnsmessage.TXTResource:
		if s := l.entry(r.Header.Name.String(), life); s != nil {
			s.hasTXT, s.txt = true, relay.Node{}
			parseTXT(body.TXT, &s.txt)
		}
	}
}

// entry returns the service of this name, made if there is room for it, or nil:
// no service of Matter's, or one that says goodbye (RFC 6762 §10.1).
func (l *lesson) entry(name string, life time.Duration) *service {
	key := lowered(name)
	s := l.services[key]
	if life == 0 {
		if s != nil {
			l.touched[key] = true
			delete(l.services, key)
		}
		return nil
	}
	if s == nil {
		instance, isOperational := strings.CutSuffix(key, "."+operational)
		if !isOperational {
			var ok bool
			if instance, ok = strings.CutSuffix(key, "."+commissionable); !ok {
				return nil
			}
		}
		instance = name[:len(instance)]
		// A subtype's own name ends like an instance of the service.
		if strings.Contains(instance, ".") || plain(instance, relay.MaxInstance) == "" || !l.take() {
			return nil
		}
		s = &service{instance: instance, operational: isOperational, sender: l.from.sender}
		l.services[key] = s
	}
	l.touched[key] = true
	s.heard, s.expires = l.now, l.now.Add(life)
	return s
}

// take reports whether one more service of this sender may be remembered.
func (l *lesson) take() bool {
	if l.room < 0 {
		if len(l.services) >= maxServices {
			l.expire(l.now)
		}
		l.room = maxPerSender
		for _, s := range l.services {
			if s.sender == l.from.sender {
				l.room--
			}
		}
	}
	if l.room <= 0 || len(l.services) >= maxServices {
		return false
	}
	l.room--
	return true
}

func (l *lesson) address(r dnsmessage.Resource) {
	var ip netip.Addr
	switch body := r.Body.(type) {
	case *dnsmessage.AResource:
		ip = netip.AddrFrom4(body.A)
	case *dnsmessage.AAAAResource:
		ip = netip.AddrFrom16(body.AAAA)
		if ip.IsLinkLocalUnicast() {
			if l.from.zone == "" {
				return
			}
			ip = ip.WithZone(l.from.zone)
		}
	default:
		return
	}
	name, life := lower(r.Header.Name), lifetime(r.Header.TTL)
	h := l.hosts[name]
	if h == nil {
		if life == 0 || !l.isNamed(name) || len(l.hosts) >= maxHosts {
			return
		}
		h = &host{}
		l.hosts[name] = h
	}
	l.touched[name] = true
	h.addresses = slices.DeleteFunc(h.addresses, func(a address) bool { return a.Addr == ip || l.now.After(a.expires) })
	if life > 0 && len(h.addresses) < maxAddresses {
		h.addresses = append(h.addresses, address{Addr: ip, loopback: l.from.loopback, expires: l.now.Add(life)})
		slices.SortStableFunc(h.addresses, func(a, b address) int { return rank(a.Addr) - rank(b.Addr) })
	}
}

// isNamed reports whether a service has this host. All services' records were read
// before the first address is.
func (l *lesson) isNamed(host string) bool {
	if l.named == nil {
		l.named = map[string]bool{}
		for _, s := range l.services {
			l.named[s.host] = true
		}
	}
	return l.named[host]
}

// rank puts IPv6 before IPv4, and routable before link-local.
func rank(a netip.Addr) int {
	switch {
	case a.Is4():
		return 2
	case a.IsLinkLocalUnicast():
		return 1
	}
	return 0
}

// expire forgets what has outlived itself.
func (t *table) expire(now time.Time) {
	named := map[string]bool{}
	for key, s := range t.services {
		if now.After(s.expires) {
			delete(t.services, key)
		} else {
			named[s.host] = true
		}
	}
	for key, h := range t.hosts {
		h.addresses = slices.DeleteFunc(h.addresses, func(a address) bool { return now.After(a.expires) })
		if len(h.addresses) == 0 || !named[key] {
			delete(t.hosts, key)
		}
	}
	for key, until := range t.known {
		if now.After(until) {
			delete(t.known, key)
		}
	}
}

// at returns the addresses of s that may be told and used.
func (t *table) at(s *service, now time.Time) (list []netip.AddrPort) {
	h := t.hosts[s.host]
	if h == nil || s.port == 0 || now.After(s.expires) {
		return nil
	}
	for _, a := range h.addresses {
		if end := netip.AddrPortFrom(a.Addr, s.port); !now.After(a.expires) && t.allow(end, a.loopback && s.loopback) {
			list = append(list, end)
		}
	}
	return list
}

// note remembers where the nodes are that the message was about, for longer than
// their records live.
func (l *lesson) note() {
	for key, s := range l.services {
		if !l.touched[key] && !l.touched[s.host] {
			continue
		}
		for _, end := range l.at(s, l.now) {
			if _, ok := l.known[end]; !ok && len(l.known) >= maxKnown {
				continue
			}
			l.known[end] = l.now.Add(knownLife)
		}
	}
}

func (t *table) isKnown(end netip.AddrPort, now time.Time) bool {
	if until, ok := t.known[end]; ok && !now.After(until) {
		return true
	}
	// One sender can fill what is remembered, by other ports and addresses each time;
	// of the services it has no more than its share.
	for _, s := range t.services {
		if s.port == end.Port() && slices.Contains(t.at(s, now), end) {
			return true
		}
	}
	return false
}

// nodes calls tell with every node that fits and was heard since then, at each of
// its addresses.
func (t *table) nodes(q relay.Query, since, now time.Time, tell func(relay.Node)) {
	for _, s := range t.services {
		if s.heard.Before(since) || !fits(q, s) {
			continue
		}
		for _, end := range t.at(s, now) {
			n := s.txt
			n.Instance = s.instance
			n.Address = relay.Peer{Host: end.Addr().WithZone("").String(), Port: end.Port(), Zone: end.Addr().Zone()}
			tell(n)
		}
	}
}

func fits(q relay.Query, s *service) bool {
	if q.Kind == relay.Operational {
		return s.operational && lowered(s.instance) == lowered(q.Instance)
	}
	// What a commissionable node is, only its TXT tells.
	if s.operational || !s.hasTXT {
		return false
	}
	d, ok := s.txt.Get(relay.Discriminator)
	switch q.Kind {
	case relay.LongDiscriminator:
		return ok && d == uint32(q.Discriminator)
	case relay.ShortDiscriminator:
		return ok && d>>8 == uint32(q.Discriminator)
	}
	return q.Kind == relay.AllCommissionable
}

// instance returns where the node of this name is, the best address first.
func (t *table) instance(name string, now time.Time) (netip.AddrPort, bool) {
	for _, s := range t.services {
		if lowered(s.instance) == lowered(name) {
			if ends := t.at(s, now); len(ends) > 0 {
				return ends[0], true
			}
		}
	}
	return netip.AddrPort{}, false
}

// missing returns the questions whose answers would complete what is known; each
// again only after wait.
func (t *table) missing(now time.Time, wait time.Duration) (questions []dnsmessage.Question) {
	for key, s := range t.services {
		if now.After(s.expires) || now.Sub(s.asked) < wait || len(questions) > 30 {
			continue
		}
		before := len(questions)
		if s.host == "" {
			questions = ask(questions, key, dnsmessage.TypeSRV)
		}
		if !s.hasTXT && !s.operational {
			questions = ask(questions, key, dnsmessage.TypeTXT)
		}
		if h := t.hosts[s.host]; s.host != "" && (h == nil || len(h.addresses) == 0) {
			questions = ask(ask(questions, s.host, dnsmessage.TypeAAAA), s.host, dnsmessage.TypeA)
		}
		if len(questions) > before {
			s.asked = now
		}
	}
	return questions
}

func ask(questions []dnsmessage.Question, name string, kind dnsmessage.Type) []dnsmessage.Question {
	n, err := dnsmessage.NewName(name)
	if err != nil {
		return questions
	}
	return append(questions, dnsmessage.Question{Name: n, Type: kind, Class: dnsmessage.ClassINET})
}

func lower(n dnsmessage.Name) string { return lowered(n.String()) }

// lowered folds ASCII alone, as DNS does (RFC 6762 §16): the octets of a name that
// is no text stay as many as they were.
func lowered(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// lifetime of a record, 0 for one that says goodbye.
func lifetime(ttl uint32) time.Duration {
	if ttl == 0 {
		return 0
	}
	return max(minLife, min(time.Duration(ttl)*time.Second, maxLife))
}
