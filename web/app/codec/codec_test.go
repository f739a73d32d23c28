//go:build js

package codec

import (
	"reflect"
	"strings"
	"syscall/js"
	"testing"

	"github.com/matter-session/matter-session/web/flow"
)

// value is what a JavaScript expression gives.
func value(expression string) js.Value {
	return js.Global().Call("eval", "("+expression+")")
}

func TestEvents(t *testing.T) {
	yes, level := true, uint8(254)
	for _, c := range []struct {
		source string
		want   flow.Event
	}{
		{`{type: "again"}`, flow.Again{}},
		{`{type: "again", more: 1n, other: Symbol("x")}`, flow.Again{}}, // what no type has is not looked at
		{`{type: "started", code: "MT:Y.K9042C00KA0648G00"}`, flow.Started{Code: "MT:Y.K9042C00KA0648G00"}},
		{`{type: "codeTyped", text: "３４９７ äß\u{1f4a1}", caret: 4}`, flow.CodeTyped{Text: "３４９７ äß\U0001f4a1", Caret: 4}},
		{`{type: "networkPicked", index: -1}`, flow.NetworkPicked{Index: -1}},
		{`{type: "copied", ok: true}`, flow.Copied{OK: true}},
		{`{type: "scanned", texts: ["a", ""]}`, flow.Scanned{Texts: []string{"a", ""}}},
		{`{type: "routePicked", route: "agent"}`, flow.RoutePicked{Route: flow.RouteAgent}},
		{`{type: "attributeTold", node: "1", endpoint: 65535, level: 254}`, flow.AttributeTold{Node: "1", Endpoint: 65535, Level: &level}},
		{`{type: "attributeTold", node: "1", endpoint: 0, on: true, level: null}`, flow.AttributeTold{Node: "1", On: &yes}},
		{
			`{type: "stepReported", step: {id: "pase", stage: 2, status: "slow", startedAt: 1795603200000.75, elapsed: 12.9, expected: 3000}}`,
			flow.StepReported{Step: flow.Step{ID: "pase", Stage: flow.StageConnect, Status: flow.StepSlow, StartedAt: 1795603200000, Elapsed: 12, Expected: 3000}},
		},
	} {
		got, err := Event(value(c.source))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %#v, %v, want %#v", c.source, got, err, c.want)
		}
	}
}

func TestNestedLists(t *testing.T) {
	got, err := Event(value(`{type: "networkAsked", problem: "wifi-auth", question: {
		request: 4294967295, kind: "wifi", stored: [], chosen: -1, other: false, ssid: "", scanning: false,
		problem: {id: "wifi-auth", params: {ssid: "net"}, detail: ""}, dataset: undefined,
		scanned: [{name: "net", id: new Uint8Array([110, 0, 255]), rssi: -40, bars: 4, channel: 6, band: "2.4", open: false, security: 4, hidden: false}],
	}}`))
	if err != nil {
		t.Fatal(err)
	}
	question := got.(flow.NetworkAsked).Question
	if question.Request != 1<<32-1 || question.Problem.Params["ssid"] != "net" || question.Dataset != nil {
		t.Errorf("got %+v", question)
	}
	if n := question.Scanned[0]; string(n.ID) != "n\x00\xff" || n.RSSI != -40 {
		t.Errorf("got %+v", n)
	}
}

// Whatever comes, the answer is an error that names the place.
func TestEventsThatAreNone(t *testing.T) {
	for source, want := range map[string]string{
		`undefined`:                     "event: an object is expected, not undefined",
		`"again"`:                       "event: an object is expected, not string",
		`{}`:                            "event: type must be a string",
		`{type: 7}`:                     "event: type must be a string",
		`{type: "tick", now: 1}`:        `event "tick": there is no such type`,
		`{type: "nonsense"}`:            `event "nonsense": there is no such type`,
		`{type: "x".repeat(500)}`:       "there is no such type",
		`{type: "started"}`:             `event "started": code must be a string`,
		`{type: "started", code: null}`: "code must be a string",
		`{type: "started", code: new String("x")}`:        "code must be a string",
		`{type: "started", code: "x".repeat(70000)}`:      "code must be shorter",
		`{type: "stopAnswered", yes: 1}`:                  "yes must be true or false",
		`{type: "codeTyped", text: "", caret: "0"}`:       "caret must be a whole number",
		`{type: "codeTyped", text: "", caret: 0.5}`:       "caret must be a whole number",
		`{type: "codeTyped", text: "", caret: NaN}`:       "caret must be a whole number",
		`{type: "codeTyped", text: "", caret: 1/0}`:       "caret must be a whole number",
		`{type: "codeTyped", text: "", caret: 2**60}`:     "caret must be a whole number",
		`{type: "identifyWanted", endpoint: 65536}`:       "endpoint must be a whole number from 0 to 65535",
		`{type: "identifyWanted", endpoint: -1}`:          "endpoint must be a whole number from 0 to 65535",
		`{type: "routePicked", route: "pigeon"}`:          "route must be one of bluetooth, agent, host",
		`{type: "scanned", texts: {length: 2}}`:           "texts must be a list",
		`{type: "scanned", texts: ["a", 1]}`:              "texts must be a string",
		`{type: "scanned"}`:                               "texts must be a list",
		`{type: "commissioned", node: "x"}`:               "node must be an object",
		`{type: "commissioned", node: {}}`:                "id must be a string",
		`{type: "stopDone", rolledBack: true, wait: ""}`:  "wait must be milliseconds",
		`{type: "stopDone", rolledBack: true, wait: 0/0}`: "wait must be milliseconds",
		`{type: "failed", id: "", step: "", retry: "", status: "", technical: "", wait: 0, params: {a: 1}}`: "params must be a string",
		`{type: "failed", id: "", step: "", retry: "", status: "", technical: "", wait: 0, params: null}`:   "params must be an object",
		// A BigInt has no type in Go, and a symbol no text.
		`{type: "identifyWanted", endpoint: 1n}`: "endpoint",
		`{type: "started", code: Symbol("x")}`:   "code must be a string",
		`Symbol("again")`:                        "an object is expected",
	} {
		e, err := Event(value(source))
		if err == nil || e != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, %v, want %q", source, e, err, want)
		}
	}
}

// A list of a device is not a list of ours: what is too long is cut.
func TestLongListsAreCut(t *testing.T) {
	e, err := Event(value(`{type: "scanned", texts: Array.from({length: 5000}, (_, i) => String(i))}`))
	if err != nil {
		t.Fatal(err)
	}
	if texts := e.(flow.Scanned).Texts; len(texts) != maxList || texts[maxList-1] != "999" {
		t.Errorf("got %d texts", len(texts))
	}
}

// What was read is a copy: a host that reuses its buffer changes nothing.
func TestOctetsAreCopies(t *testing.T) {
	b := []byte{1, 2, 3}
	v := Octets(b)
	b[0] = 9
	if v.Index(0).Int() != 1 || v.Length() != 3 {
		t.Error("the array shares the slice's octets")
	}
	if v := Octets(nil); v.Length() != 0 {
		t.Error("nil is not an empty array")
	}
}

func TestEffects(t *testing.T) {
	text := func(v js.Value) string {
		return js.Global().Get("JSON").Call("stringify", v).String()
	}
	for _, c := range []struct {
		effect flow.Effect
		want   string
	}{
		{flow.ForgetCode{}, `{"type":"forgetCode"}`},
		{flow.KeepCode{Code: "34970112332"}, `{"type":"keepCode","code":"34970112332"}`},
		{flow.Begin{Route: flow.RouteAgent, Candidate: "c", Payload: 1}, `{"type":"begin","route":"agent","candidate":"c","payload":1}`},
		{flow.Decide{Request: 1<<32 - 1, Accept: true}, `{"type":"decide","request":4294967295,"accept":true}`},
		{flow.SetLevel{Node: "F", Endpoint: 65535, Level: 254}, `{"type":"setLevel","node":"F","endpoint":65535,"level":254}`},
	} {
		v, ok := Effect(c.effect)
		if !ok || text(v) != c.want {
			t.Errorf("%#v: got %s, %v, want %s", c.effect, text(v), ok, c.want)
		}
	}
	v, _ := Effect(flow.Join{SSID: []byte{0, 255}})
	if ssid := v.Get("ssid"); !ssid.InstanceOf(bytes) || ssid.Length() != 2 || ssid.Index(1).Int() != 255 {
		t.Errorf("the SSID is %s", text(ssid))
	}
	if _, ok := Effect(flow.Pick{}); ok {
		t.Error("Pick goes to the host: only the app can do it in the click's task")
	}
}
