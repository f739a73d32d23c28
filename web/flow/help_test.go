package flow

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
	"testing"
)

// A setup code, and what it must not leave behind.
const (
	goodManual  = "34970112332"
	goodGrouped = "3497-011-2332"
	goodQR      = "MT:Y.K9042C00KA0648G00"
	passcode    = "20202021"
	password    = "correct horse battery"
	passphrase  = "four words are better"
	datasetHex  = "0e080000000000010000000300000f4a0300001035060004001fffe002083333333300000000" +
		"0708fdd235cd6f0c00000510445566778899aabbccddeeff00112233030a4f70656e54687265616401021234"
	datasetKey = "445566778899aabbccddeeff00112233"
)

func options() Options {
	return Options{
		FabricLabel: "My home", Routes: []Route{RouteBluetooth, RouteAgent}, Bluetooth: Ready,
		Agent: Ready, AgentURL: "ws://127.0.0.1:5580/agent", Camera: true, AllowTest: true, Language: "en",
	}
}

// play runs events and returns the last state and all effects.
func play(t *testing.T, s State, events ...Event) (State, []Effect) {
	t.Helper()
	var all []Effect
	for _, e := range events {
		before := dump(s)
		next, effects := Update(s, e)
		if after := dump(s); after != before {
			t.Fatalf("%T changed the state it was given:\n%s\n%s", e, before, after)
		}
		for _, problem := range violations(s, e, next, effects) {
			t.Fatalf("%s × %#v: %s", s.Screen, e, problem)
		}
		s = next
		all = append(all, effects...)
	}
	return s, all
}

// at is play without its effects.
func at(t *testing.T, s State, events ...Event) State {
	t.Helper()
	s, _ = play(t, s, events...)
	return s
}

// steps are reports that steps have begun.
func steps(ids ...string) (events []Event) {
	for _, id := range ids {
		events = append(events, StepReported{Step{ID: id, Status: StepStart}})
	}
	return events
}

// Ways to screens; each is the shortest one.
func begun(t *testing.T, o Options) State {
	return at(t, New(o), Tick{1000}, Started{})
}

func coded(t *testing.T, o Options) State {
	s := begun(t, o)
	if o.Manage {
		s = at(t, s, AddWanted{})
	}
	return at(t, s, CodeTyped{goodManual, 11})
}

func onTransport(t *testing.T, o Options) State { return at(t, coded(t, o), Continue{}) }

func onPick(t *testing.T, o Options) State {
	return at(t, onTransport(t, o), RoutePicked{RouteBluetooth}, Continue{})
}

func onDiscover(t *testing.T, o Options) State {
	return at(t, onTransport(t, o), RoutePicked{RouteAgent}, Continue{})
}

// scannedDiscover is onDiscover with the long discriminator of a QR code.
func scannedDiscover(t *testing.T) State {
	return at(t, begun(t, options()), CodeTyped{goodQR, 0}, Continue{}, RoutePicked{RouteAgent}, Continue{})
}

func connecting(t *testing.T, o Options) State { return at(t, onPick(t, o), Picked{"lamp"}) }

func overNetwork(t *testing.T, o Options) State {
	return at(t, onDiscover(t, o), CandidateFound{Candidate{ID: "a", Open: 1}}, CandidatePicked{"a"})
}

func stepped(t *testing.T, ids ...string) State {
	return at(t, connecting(t, options()), steps(ids...)...)
}

func armed(t *testing.T) State { return stepped(t, "link", "pase", "facts", "fail-safe") }

func deciding(t *testing.T, verdict string) State {
	return at(t, armed(t), AttestationAsked{Attestation{Request: 7, Verdict: verdict, Findings: []string{"x"}}})
}

func wifi(ids ...string) NetworkQuestion {
	q := NetworkQuestion{Request: 9, Kind: "wifi"}
	for i, id := range ids {
		q.Scanned = append(q.Scanned, Network{ID: []byte(id), RSSI: -40 - 10*i, Channel: 6, Security: securityWPA2})
	}
	return q
}

func onNetwork(t *testing.T) State {
	return at(t, armed(t), NetworkAsked{Question: wifi("Home", "Guest")})
}

func onThread(t *testing.T) State {
	return at(t, armed(t), NetworkAsked{Question: NetworkQuestion{Request: 9, Kind: "thread", Stored: []StoredNetwork{{"s1", "Living room"}}}})
}

func joining(t *testing.T) State { return at(t, onNetwork(t), JoinWiFi{password}) }

func node() Node {
	return Node{ID: "00000000000000AB", Name: "Lamp", ProductName: "Lamp", VendorID: 0xFFF1, FabricID: "0000000000000001"}
}

func done(t *testing.T, o Options) State {
	return at(t, connecting(t, o), Commissioned{node()})
}

func failedBy(t *testing.T, e Failed) State { return at(t, connecting(t, options()), e) }

func managed() Options {
	o := options()
	o.Manage = true
	return o
}

func atHome(t *testing.T) State {
	return at(t, begun(t, managed()), HomeRead{Home{Exists: true, Label: "My home", Nodes: []Node{node()}, Backup: "none"}})
}

func endpoints() []Endpoint {
	return []Endpoint{{ID: 1, Types: []uint32{0x101}, HasOnOff: true, HasLevel: true, Level: 10, Identify: true}, {ID: 2}}
}

func onDevice(t *testing.T) State {
	return at(t, atHome(t), DeviceWanted{node().ID}, DeviceRead{node(), endpoints()})
}

func sharing(t *testing.T) State {
	return at(t, atHome(t), ShareWanted{node().ID}, ShareOpen{}, WindowOpened{node().ID, goodQR, goodManual, 300_000})
}

// everyScreen has one state of each screen, and more of those that have several faces.
func everyScreen(t *testing.T) map[string]State {
	o := options()
	return map[string]State{
		"idle": New(o), "code": begun(t, o), "code typed": coded(t, o), "scan": at(t, begun(t, o), ScanWanted{}),
		"code accepted": at(t, onTransport(t, o), Back{}), "transport": onTransport(t, o), "pick": onPick(t, o),
		"discover": onDiscover(t, o), "connecting": connecting(t, o), "by network": overNetwork(t, o),
		"securing": stepped(t, "pase"), "checking": stepped(t, "pase", "facts"), "armed": armed(t),
		"decide": deciding(t, "unlisted"), "decide test": deciding(t, "test"), "network": onNetwork(t), "thread": onThread(t),
		"scanning": at(t, armed(t), steps("scan")...), "joining": joining(t), "finding": at(t, joining(t), steps("discover")...),
		"finishing": at(t, joining(t), steps("case", "complete")...), "done": done(t, o), "share": sharing(t),
		"share from done": at(t, done(t, o), ShareWanted{node().ID}),
		"failed":          failedBy(t, Failed{ID: "connection-lost", Step: "pase"}), "failed code": failedBy(t, Failed{ID: "wrong-code"}),
		"stopping": at(t, armed(t), Stop{}, StopAnswered{true}), "stopped": at(t, armed(t), Stop{}, StopAnswered{true}, StopDone{false, 42_000}),
		"going back": at(t, connecting(t, o), Back{}), "begun while going back": at(t, connecting(t, o), Back{}, Picked{"lamp"}),
		"asking": at(t, armed(t), Stop{}), "home": atHome(t), "device": onDevice(t), "home reading": begun(t, managed()),
		"device from done": at(t, done(t, o), DeviceWanted{node().ID}, DeviceRead{node(), endpoints()}),
		"done, managed":    done(t, managed()),
	}
}

// dump writes all of a value, what pointers lead to and what is not exported too.
func dump(v any) string {
	var b strings.Builder
	write(&b, reflect.ValueOf(v))
	return b.String()
}

func write(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			b.WriteString("nil")
			return
		}
		write(b, v.Elem())
	case reflect.Struct:
		b.WriteString(v.Type().Name() + "{")
		for i := range v.NumField() {
			b.WriteString(v.Type().Field(i).Name + ":")
			write(b, v.Field(i))
			b.WriteByte(' ')
		}
		b.WriteByte('}')
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			fmt.Fprintf(b, "%q", v.Bytes())
			return
		}
		b.WriteByte('[')
		for i := range v.Len() {
			write(b, v.Index(i))
			b.WriteByte(' ')
		}
		b.WriteByte(']')
	case reflect.Map:
		var keys []string
		for _, k := range v.MapKeys() {
			keys = append(keys, k.String())
		}
		sort.Strings(keys)
		for _, k := range keys {
			b.WriteString(k + "=")
			write(b, v.MapIndex(reflect.ValueOf(k)))
		}
	default:
		fmt.Fprint(b, v)
	}
}

// has returns the only effect of a type.
func has[T Effect](t *testing.T, effects []Effect) T {
	t.Helper()
	var found T
	n := 0
	for _, e := range effects {
		if f, ok := e.(T); ok {
			found = f
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%d effects %T in %#v", n, found, effects)
	}
	return found
}

// none says that there is no effect of a type.
func none[T Effect](t *testing.T, effects []Effect) {
	t.Helper()
	for _, e := range effects {
		if _, ok := e.(T); ok {
			t.Fatalf("effect %#v is not wanted here", e)
		}
	}
}

func problemID(p *Problem) string {
	if p == nil {
		return ""
	}
	return p.ID
}
