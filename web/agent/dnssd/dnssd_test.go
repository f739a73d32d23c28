package dnssd

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/matter-session/matter-session/web/transport/relay"
)

var (
	start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	wifi  = source{sender: netip.MustParseAddr("fe80::1"), zone: "wlan0"}
)

func anything(netip.AddrPort, bool) bool { return true }

// A response is what a device answers.
type response struct {
	instance, kind, host string
	port                 uint16
	ttl                  uint32
	txt                  []string
	addresses            []string
	subtypes             []string
}

func (r response) octets(t testing.TB, parts ...string) []byte {
	t.Helper()
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{Response: true, Authoritative: true})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	name := func(s string) dnsmessage.Name {
		n, err := dnsmessage.NewName(s)
		must(err)
		return n
	}
	has := func(part string) bool { return len(parts) == 0 || slices.Contains(parts, part) }
	header := func(n string) dnsmessage.ResourceHeader {
		return dnsmessage.ResourceHeader{Name: name(n), Class: dnsmessage.ClassINET, TTL: r.ttl}
	}
	full := r.instance + "." + r.kind
	must(b.StartAnswers())
	if has("ptr") {
		must(b.PTRResource(header(r.kind), dnsmessage.PTRResource{PTR: name(full)}))
		for _, s := range r.subtypes {
			must(b.PTRResource(header(s+"._sub."+r.kind), dnsmessage.PTRResource{PTR: name(full)}))
		}
	}
	must(b.StartAdditionals())
	if has("address") {
		for _, a := range r.addresses {
			ip := netip.MustParseAddr(a)
			if ip.Is4() {
				must(b.AResource(header(r.host), dnsmessage.AResource{A: ip.As4()}))
			} else {
				must(b.AAAAResource(header(r.host), dnsmessage.AAAAResource{AAAA: ip.As16()}))
			}
		}
	}
	if has("srv") {
		must(b.SRVResource(header(full), dnsmessage.SRVResource{Target: name(r.host), Port: r.port}))
	}
	if has("txt") {
		must(b.TXTResource(header(full), dnsmessage.TXTResource{TXT: r.txt}))
	}
	octets, err := b.Finish()
	must(err)
	return octets
}

func lamp() response {
	return response{
		instance: "0DA17B03966E2FE7", kind: commissionable, host: "B75AFB458ECD.local.", port: 5540, ttl: 120,
		txt:       []string{"D=2748", "VP=65521+32768", "CM=1", "DT=256", "DN=Lamp", "PH=33", "PI=", "SII=500", "SAI=300", "SAT=4000", "T=0", "ICD=1"},
		addresses: []string{"192.168.1.7", "fe80::a", "fd00::a"}, subtypes: []string{"_L2748", "_S10", "_CM"},
	}
}

func told(tb *table, q relay.Query, now time.Time) (nodes []relay.Node) {
	tb.nodes(q, time.Time{}, now, func(n relay.Node) { nodes = append(nodes, n) })
	return nodes
}

func hosts(nodes []relay.Node) (out []string) {
	for _, n := range nodes {
		out = append(out, fmt.Sprintf("%s%%%s:%d", n.Address.Host, n.Address.Zone, n.Address.Port))
	}
	return out
}

var all = relay.Query{Kind: relay.AllCommissionable}

func TestFindsALamp(t *testing.T) {
	tb := newTable(anything)
	tb.learn(lamp().octets(t), wifi, start)
	want := []string{"fd00::a%:5540", "fe80::a%wlan0:5540", "192.168.1.7%:5540"}
	for _, c := range []struct {
		q     relay.Query
		found bool
	}{
		{relay.Query{Kind: relay.LongDiscriminator, Discriminator: 2748}, true},
		{relay.Query{Kind: relay.LongDiscriminator, Discriminator: 2749}, false},
		{relay.Query{Kind: relay.ShortDiscriminator, Discriminator: 10}, true},
		{relay.Query{Kind: relay.ShortDiscriminator, Discriminator: 11}, false},
		{relay.Query{Kind: relay.Operational, Instance: "0DA17B03966E2FE7"}, false},
		{all, true},
	} {
		got := hosts(told(tb, c.q, start))
		if c.found && !reflect.DeepEqual(got, want) || !c.found && got != nil {
			t.Errorf("%+v: %q", c.q, got)
		}
	}
	n := told(tb, all, start)[0]
	if n.Instance != "0DA17B03966E2FE7" || n.Name != "Lamp" || n.Instruction != "" {
		t.Errorf("%+v", n)
	}
	for field, want := range []uint32{2748, 65521, 32768, 1, 256, 33, 500, 300, 4000, 1} {
		if got, ok := n.Get(relay.Field(field)); !ok || got != want {
			t.Errorf("field %d: %d, %v, want %d", field, got, ok, want)
		}
	}
}

func TestFindsANodeByItsName(t *testing.T) {
	tb := newTable(anything)
	r := lamp()
	r.kind, r.instance, r.subtypes, r.txt = operational, "87E1B004E235A130-8FC7772401CD0696", nil, []string{"SII=800"}
	// Without its TXT: the name is enough.
	tb.learn(r.octets(t, "srv", "address"), wifi, start)
	got := told(tb, relay.Query{Kind: relay.Operational, Instance: strings.ToLower(r.instance)}, start)
	if len(got) != 3 || got[0].Instance != r.instance {
		t.Errorf("%+v", got)
	}
	if got := told(tb, all, start); got != nil {
		t.Errorf("a node of a fabric is told as commissionable: %+v", got)
	}
	if end, ok := tb.instance(r.instance, start); !ok || end.String() != "[fd00::a]:5540" {
		t.Errorf("%v, %v", end, ok)
	}
	if _, ok := tb.instance("another", start); ok {
		t.Error("a node that there is none of was found")
	}
}

func TestAnswersInSeveralPacketsInAnyOrder(t *testing.T) {
	for _, order := range [][]string{{"ptr", "srv", "txt", "address"}, {"txt", "srv", "address", "ptr"}, {"srv", "address", "txt"}} {
		tb := newTable(anything)
		for _, part := range order {
			tb.learn(lamp().octets(t, part), wifi, start)
		}
		if got := told(tb, all, start); len(got) != 3 {
			t.Errorf("%v: %+v", order, got)
		}
	}
	// Half of what must be known is nothing.
	for _, parts := range [][]string{{"ptr", "srv", "txt"}, {"ptr", "txt", "address"}, {"srv", "address"}} {
		tb := newTable(anything)
		tb.learn(lamp().octets(t, parts...), wifi, start)
		if got := told(tb, all, start); got != nil {
			t.Errorf("%v: %+v", parts, got)
		}
	}
}

func TestAsksForWhatIsMissing(t *testing.T) {
	tb := newTable(anything)
	questions := func(now time.Time) (out []string) {
		for _, q := range tb.missing(now, time.Second) {
			out = append(out, q.Type.String()[4:]+" "+q.Name.String())
		}
		slices.Sort(out)
		return out
	}
	full := "0da17b03966e2fe7._matterc._udp.local."
	tb.learn(lamp().octets(t, "ptr"), wifi, start)
	if got, want := questions(start), []string{"SRV " + full, "TXT " + full}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := questions(start.Add(time.Second / 2)); got != nil {
		t.Errorf("asked again at once: %q", got)
	}
	tb.learn(lamp().octets(t, "srv", "txt"), wifi, start)
	if got, want := questions(start.Add(time.Second)), []string{"A b75afb458ecd.local.", "AAAA b75afb458ecd.local."}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	tb.learn(lamp().octets(t, "address"), wifi, start)
	if got := questions(start.Add(time.Minute)); got != nil {
		t.Errorf("asked for what is known: %q", got)
	}
}

func TestLinkLocalAddressWithoutItsInterfaceIsNone(t *testing.T) {
	tb := newTable(anything)
	tb.learn(lamp().octets(t), source{sender: wifi.sender}, start)
	if got := hosts(told(tb, all, start)); !reflect.DeepEqual(got, []string{"fd00::a%:5540", "192.168.1.7%:5540"}) {
		t.Errorf("%q", got)
	}
}

func TestAddressesThatAreNotAllowedAreNotTold(t *testing.T) {
	asked := map[string]bool{}
	tb := newTable(func(end netip.AddrPort, loopback bool) bool {
		asked[fmt.Sprint(end, loopback)] = true
		return end.Addr().Is4()
	})
	tb.learn(lamp().octets(t), source{sender: wifi.sender, zone: "lo", loopback: true}, start)
	if got := hosts(told(tb, all, start)); !reflect.DeepEqual(got, []string{"192.168.1.7%:5540"}) {
		t.Errorf("%q", got)
	}
	if !asked["[fe80::a%lo]:5540 true"] {
		t.Errorf("asked about %v", asked)
	}
	if tb.isKnown(netip.MustParseAddrPort("[fd00::a]:5540"), start) || !tb.isKnown(netip.MustParseAddrPort("192.168.1.7:5540"), start) {
		t.Error("known is not what is allowed")
	}
}

// Who is on the network names a host of this machine as its own, with a port of its
// choice.
func TestLoopbackAddressIsNoNetworkServices(t *testing.T) {
	tb := newTable(func(end netip.AddrPort, loopback bool) bool { return loopback || !end.Addr().IsLoopback() })
	mine := lamp()
	mine.addresses = []string{"127.0.0.1"}
	tb.learn(mine.octets(t), source{sender: netip.MustParseAddr("127.0.0.1"), zone: "lo", loopback: true}, start)
	if !tb.isKnown(netip.MustParseAddrPort("127.0.0.1:5540"), start) {
		t.Fatal("a service of this machine is not known")
	}
	theirs := mine
	theirs.instance, theirs.port, theirs.addresses = "BADBADBADBADBADB", 6379, nil
	tb.learn(theirs.octets(t), wifi, start)
	if end := netip.MustParseAddrPort("127.0.0.1:6379"); tb.isKnown(end, start) {
		t.Errorf("%v is known by the network's word", end)
	}
	// Nor by moving the port of one that is this machine's.
	moved := mine
	moved.port, moved.addresses = 6380, nil
	tb.learn(moved.octets(t), wifi, start)
	if end := netip.MustParseAddrPort("127.0.0.1:6380"); tb.isKnown(end, start) {
		t.Errorf("%v is known by the network's word", end)
	}
}

// One device that moves to another port with each message fills what is remembered,
// and keeps nobody else out.
func TestOneSenderCannotKeepOthersUnknown(t *testing.T) {
	tb := newTable(anything)
	loud := lamp()
	loud.instance, loud.host = "BADBADBADBADBADB", "bad.local."
	hostile := source{sender: netip.MustParseAddr("192.168.1.66"), zone: "wlan0"}
	for i := range 2 * maxKnown {
		loud.port = uint16(1024 + i%60000)
		tb.learn(loud.octets(t, "srv", "address"), hostile, start)
	}
	if len(tb.known) > maxKnown {
		t.Errorf("%d addresses are remembered", len(tb.known))
	}
	tb.learn(lamp().octets(t), wifi, start)
	if !tb.isKnown(netip.MustParseAddrPort("192.168.1.7:5540"), start) {
		t.Error("a lamp that has just answered is unknown")
	}
	if tb.isKnown(netip.MustParseAddrPort("192.168.1.7:5540"), start.Add(3*time.Minute)) {
		t.Error("what was not remembered outlives its records")
	}
}

func TestRecordsEnd(t *testing.T) {
	tb := newTable(anything)
	tb.learn(lamp().octets(t), wifi, start)
	known := netip.MustParseAddrPort("192.168.1.7:5540")
	if got := told(tb, all, start.Add(121*time.Second)); got != nil {
		t.Errorf("told after its time: %+v", got)
	}
	if !tb.isKnown(known, start.Add(59*time.Minute)) || tb.isKnown(known, start.Add(61*time.Minute)) {
		t.Error("an address is known for an hour")
	}
	tb.learn(lamp().octets(t), wifi, start)
	bye := lamp()
	bye.ttl = 0
	tb.learn(bye.octets(t), wifi, start)
	if got := told(tb, all, start); got != nil {
		t.Errorf("told after its goodbye: %+v", got)
	}
	for range 2 {
		tb.learn(lamp().octets(t), wifi, start)
	}
	tb.expire(start.Add(2 * time.Hour))
	if len(tb.services) != 0 || len(tb.hosts) != 0 || len(tb.known) != 0 {
		t.Errorf("%d services, %d hosts, %d addresses are left", len(tb.services), len(tb.hosts), len(tb.known))
	}
}

func TestTableIsBounded(t *testing.T) {
	tb := newTable(anything)
	for i := range 1200 {
		r := lamp()
		r.instance, r.host = fmt.Sprintf("%016X", i), fmt.Sprintf("h%d.local.", i)
		tb.learn(r.octets(t), wifi, start)
	}
	if len(tb.services) != maxPerSender {
		t.Errorf("%d services of one sender", len(tb.services))
	}
	for i := range 1200 {
		r := lamp()
		r.instance, r.host = fmt.Sprintf("%016X", 5000+i), fmt.Sprintf("g%d.local.", i)
		tb.learn(r.octets(t), source{sender: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), zone: "wlan0"}, start)
	}
	if len(tb.services) != maxServices || len(tb.hosts) > maxHosts || len(tb.known) > maxKnown {
		t.Errorf("%d services, %d hosts, %d addresses", len(tb.services), len(tb.hosts), len(tb.known))
	}
	// What is over makes room.
	if !tb.learn(lamp().octets(t), wifi, start.Add(time.Hour)) || len(told(tb, all, start.Add(time.Hour))) != 3 {
		t.Error("no room after all have gone")
	}
	r := lamp()
	r.addresses = nil
	for i := range 40 {
		r.addresses = append(r.addresses, fmt.Sprintf("10.0.0.%d", i))
	}
	tb = newTable(anything)
	tb.learn(r.octets(t), wifi, start)
	if got := len(told(tb, all, start)); got != maxAddresses {
		t.Errorf("%d addresses of one host", got)
	}
}

func TestHostileTXT(t *testing.T) {
	many := make([]string, 200)
	for i := range many {
		many[i] = fmt.Sprintf("X%d=1", i)
	}
	for _, c := range []struct {
		name  string
		txt   []string
		field relay.Field
		value uint32
		known bool
	}{
		{"13 bits", []string{"D=4096"}, relay.Discriminator, 0, false},
		{"negative", []string{"D=-1"}, relay.Discriminator, 0, false},
		{"hexadecimal", []string{"D=0x10"}, relay.Discriminator, 0, false},
		{"empty", []string{"D="}, relay.Discriminator, 0, false},
		{"no value", []string{"D"}, relay.Discriminator, 0, false},
		{"digits without end", []string{"D=" + strings.Repeat("0", 200) + "1"}, relay.Discriminator, 0, false},
		{"the first of two", []string{"d=1", "D=2"}, relay.Discriminator, 1, true},
		{"mode of none", []string{"CM=4"}, relay.CommissionMode, 0, false},
		{"days of sleep", []string{"SII=3600001"}, relay.IdleInterval, 0, false},
		{"vendor alone", []string{"VP=65521"}, relay.VendorID, 65521, true},
		{"vendor with no product", []string{"VP=65521+"}, relay.VendorID, 0, false},
		{"vendor of 17 bits", []string{"VP=65536+1"}, relay.VendorID, 0, false},
		{"after too many", append(many, "D=5"), relay.Discriminator, 0, false},
	} {
		var n relay.Node
		parseTXT(c.txt, &n)
		if got, ok := n.Get(c.field); got != c.value || ok != c.known {
			t.Errorf("%s: %d, %v", c.name, got, ok)
		}
	}
	for _, name := range []string{"\x1b[2J", "a\nb", "\u009b31m", "half \xc3", strings.Repeat("a", 33)} {
		var n relay.Node
		parseTXT([]string{"DN=" + name, "PI=" + strings.Repeat(name, 5)}, &n)
		if n.Name != "" {
			t.Errorf("%q is a name", n.Name)
		}
	}
	r := lamp()
	r.instance = "lamp\x1b[2J"
	tb := newTable(anything)
	tb.learn(r.octets(t), wifi, start)
	if got := told(tb, all, start); got != nil {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsNoResponseTeachesNothing(t *testing.T) {
	good := lamp().octets(t)
	question := slices.Clone(good)
	question[2] &^= 0x80
	failed := slices.Clone(good)
	failed[3] |= 2
	big := append(slices.Clone(good), make([]byte, maxMessage)...)
	for name, m := range map[string][]byte{"question": question, "error": failed, "too long": big, "nothing": nil, "half a header": good[:7]} {
		tb := newTable(anything)
		if tb.learn(m, wifi, start) || len(tb.services) != 0 {
			t.Errorf("%s: %d services", name, len(tb.services))
		}
	}
	// Cut anywhere it teaches what came before, and breaks nothing.
	for n := range good {
		tb := newTable(anything)
		tb.learn(good[:n], wifi, start)
		for _, node := range told(tb, all, start) {
			if _, err := relay.Append(nil, relay.Found{Node: node}); err != nil {
				t.Errorf("%d octets: %+v", n, node)
			}
		}
	}
	// Another service's records, in the same packet or not, are nobody's here.
	r := lamp()
	r.kind = "_http._tcp.local."
	tb := newTable(anything)
	tb.learn(r.octets(t), wifi, start)
	if len(tb.services) != 0 || len(tb.hosts) != 0 {
		t.Errorf("%d services, %d hosts", len(tb.services), len(tb.hosts))
	}
}

// idle returns a browser without sockets, to which a test tells what is heard.
func idle(now *time.Time) *Browser {
	b := New(Config{Allow: anything})
	b.links = &links{}
	b.now = func() time.Time { return *now }
	return b
}

func TestBrowserTellsOnceAndAgainWhenSomethingChanges(t *testing.T) {
	now := start
	b := idle(&now)
	var got []relay.Node
	room := false
	// Nothing is learned while nobody searches.
	b.heard(lamp().octets(t), wifi)
	stop := b.Search(all, func(n relay.Node) bool {
		if room {
			got = append(got, n)
		}
		return room
	})
	if len(b.table.services) != 0 {
		t.Error("something was learned while nobody searched")
	}
	b.heard(lamp().octets(t), wifi)
	b.due()
	room = true
	b.due() // what had no room is told later
	b.heard(lamp().octets(t), wifi)
	b.due()
	if len(got) != 3 {
		t.Fatalf("%d are told", len(got))
	}
	changed := lamp()
	changed.txt[2] = "CM=2"
	b.heard(changed.octets(t), wifi)
	b.due()
	if len(got) != 6 {
		t.Fatalf("%d are told after a change", len(got))
	}
	if mode, _ := got[5].Get(relay.CommissionMode); mode != 2 {
		t.Errorf("mode %d", mode)
	}
	// A later search hears at once what is known.
	other := 0
	b.Search(relay.Query{Kind: relay.ShortDiscriminator, Discriminator: 10}, func(relay.Node) bool { other++; return true })
	b.due()
	if other != 3 {
		t.Errorf("%d are told to the second search", other)
	}
	stop()
	changed.txt[2] = "CM=0"
	b.heard(changed.octets(t), wifi)
	b.due()
	if len(got) != 6 || other != 6 {
		t.Errorf("%d are told after the stop, %d to the other", len(got), other)
	}
}

// A lamp that was pulled out of its socket says no goodbye; whoever looks for it
// a minute later must not be sent to where it was.
func TestWhatWasHeardLongBeforeASearchIsNotTold(t *testing.T) {
	now := start
	b := idle(&now)
	b.Search(all, func(relay.Node) bool { return true })
	b.heard(lamp().octets(t), wifi)
	search := func(q relay.Query) (told int) {
		stop := b.Search(q, func(relay.Node) bool { told++; return true })
		defer stop()
		b.due()
		return told
	}
	now = now.Add(fresh)
	if got := search(all); got != 3 {
		t.Errorf("%d addresses of a lamp that was heard just now", got)
	}
	now = now.Add(time.Second)
	if got := search(all); got != 0 {
		t.Errorf("%d addresses of a lamp that was heard before the search", got)
	}
	b.heard(lamp().octets(t), wifi)
	if got := search(all); got != 3 {
		t.Errorf("%d addresses of a lamp that answers", got)
	}
}

func TestBrowserAsksEverMoreSlowly(t *testing.T) {
	now := start
	b := idle(&now)
	found := func(relay.Node) bool { return true }
	b.Search(relay.Query{Kind: relay.LongDiscriminator, Discriminator: 2748}, found)
	b.Search(relay.Query{Kind: relay.LongDiscriminator, Discriminator: 2748}, found)
	b.Search(relay.Query{Kind: relay.ShortDiscriminator, Discriminator: 10}, found)
	b.Search(relay.Query{Kind: relay.Operational, Instance: "87E1B004E235A130-8FC7772401CD0696"}, found)
	b.Search(all, found)
	var names []string
	for _, q := range b.due() {
		names = append(names, q.Name.String())
	}
	slices.Sort(names)
	if want := []string{"87E1B004E235A130-8FC7772401CD0696._matter._tcp.local.", "87E1B004E235A130-8FC7772401CD0696._matter._tcp.local.", "_L2748._sub._matterc._udp.local.", "_S10._sub._matterc._udp.local.", "_matterc._udp.local."}; !reflect.DeepEqual(names, want) {
		t.Errorf("%q", names)
	}
	var asked []int
	for second := range 200 {
		now = start.Add(time.Duration(second+1) * time.Second)
		if len(b.due()) > 0 {
			asked = append(asked, second+1)
		}
	}
	if want := []int{1, 3, 7, 15, 31, 63, 123, 183}; !reflect.DeepEqual(asked, want) {
		t.Errorf("asked after %v seconds, want %v", asked, want)
	}
}

func TestWaitAndResolve(t *testing.T) {
	now := start
	b := idle(&now)
	end := netip.MustParseAddrPort("[fe80::a%wlan0]:5540")
	short, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if b.Wait(short, end) {
		t.Error("a node was found where there is none")
	}
	waited := make(chan bool)
	resolved := make(chan netip.AddrPort)
	go func() { waited <- b.Wait(context.Background(), end) }()
	go func() {
		end, _ := b.Resolve(context.Background(), "0DA17B03966E2FE7")
		resolved <- end
	}()
	for searching := 0; searching < 2; {
		b.mu.Lock()
		searching = len(b.waiting)
		b.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	if got := len(b.due()); got != 2 {
		t.Errorf("%d questions for all nodes", got)
	}
	for waiting := 0; waiting < 2; { // due has woken them
		b.mu.Lock()
		waiting = len(b.waiting)
		b.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	b.heard(lamp().octets(t), wifi)
	b.due()
	if !<-waited {
		t.Error("the node was not found")
	}
	if got := <-resolved; got.String() != "[fd00::a]:5540" {
		t.Errorf("resolved to %v", got)
	}
	if !b.Wait(short, end) {
		t.Error("a known node is known without a search")
	}
	if len(b.searches) != 0 {
		t.Errorf("%d searches are left", len(b.searches))
	}
	go func() { waited <- b.Wait(context.Background(), netip.MustParseAddrPort("10.0.0.1:5540")) }()
	time.Sleep(10 * time.Millisecond)
	b.Close()
	b.Close()
	if <-waited {
		t.Error("a closed browser has found something")
	}
}

func FuzzLearn(f *testing.F) {
	f.Add(lamp().octets(f), "wlan0")
	f.Add(lamp().octets(f, "ptr"), "")
	f.Add(lamp().octets(f, "srv", "address", "txt"), "eth0")
	r := lamp()
	r.kind, r.ttl = operational, 0
	f.Add(r.octets(f), "eth0")
	f.Fuzz(func(t *testing.T, message []byte, zone string) {
		if len(zone) > 15 || strings.ContainsFunc(zone, func(c rune) bool { return c < '!' || c > '~' }) {
			zone = "eth0" // interfaces are this machine's, not a stranger's
		}
		tb := newTable(anything)
		tb.learn(message, source{sender: wifi.sender, zone: zone}, start)
		tb.learn(message, source{sender: netip.MustParseAddr("10.0.0.1"), zone: zone}, start)
		if len(tb.services) > 2*maxRecords || len(tb.hosts) > 2*maxRecords || len(tb.known) > maxKnown {
			t.Fatalf("%d services, %d hosts, %d addresses", len(tb.services), len(tb.hosts), len(tb.known))
		}
		for _, s := range tb.services {
			q := relay.Query{Kind: relay.Operational, Instance: s.instance}
			for _, n := range append(told(tb, q, start), told(tb, all, start)...) {
				if _, err := relay.Append(nil, relay.Found{Node: n}); err != nil {
					t.Fatalf("%+v: %v", n, err)
				}
				ip := netip.MustParseAddr(n.Address.Host)
				if zone == "" && ip.IsLinkLocalUnicast() && ip.Is6() {
					t.Fatalf("a link-local address without its interface: %+v", n)
				}
			}
		}
		for _, q := range tb.missing(start, 0) {
			m := dnsmessage.Message{Questions: []dnsmessage.Question{q}}
			if packed, err := m.Pack(); err != nil || binary.BigEndian.Uint16(packed[4:]) != 1 {
				t.Fatalf("a question that cannot be asked: %v", err)
			}
		}
	})
}
