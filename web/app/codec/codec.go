//go:build js

package codec

import (
	"errors"
	"strconv"
	"syscall/js"

	"github.com/matter-session/matter-session/web/flow"
)

const (
	maxText = 1 << 16 // octets
	maxList = 1000    // elements; the rest of a longer list is dropped
	maxInt  = 1<<53 - 1
)

// Event reads an event. The error names the field and what it should be.
func Event(v js.Value) (e flow.Event, err error) {
	var d decoder
	// A proxy or a getter may throw, a BigInt has no type in Go: both panic.
	defer func() {
		if r := recover(); r != nil {
			e, err = nil, errors.New("event"+d.where()+": "+d.reading+" cannot be read")
		}
	}()
	if v.Type() != js.TypeObject {
		return nil, errors.New("event: an object is expected, not " + v.Type().String())
	}
	kind := text(&d, v, "type")
	if d.err != nil {
		return nil, d.err
	}
	d.kind = kind
	e = event(&d, kind, v)
	if d.err != nil {
		return nil, d.err
	}
	if e == nil {
		return nil, errors.New("event" + d.where() + ": there is no such type")
	}
	return e, nil
}

// Effect makes an effect's object; false if it is not for a host.
func Effect(e flow.Effect) (js.Value, bool) { return effect(e) }

// A decoder remembers the first error; after it, reading gives zeros.
type decoder struct {
	kind    string
	reading string
	err     error
}

func (d *decoder) where() string {
	if d.kind == "" {
		return ""
	}
	return " " + strconv.Quote(shortened(d.kind))
}

func (d *decoder) fail(want string) {
	if d.err == nil {
		d.err = errors.New("event" + d.where() + ": " + d.reading + " must be " + want)
	}
}

// get is the field of that name, or v itself if the name is "": readers read
// both, to keep the many calls that are generated short.
func (d *decoder) get(v js.Value, name string) js.Value {
	if d.err != nil {
		return js.Undefined()
	}
	if name == "" {
		return v
	}
	d.reading = name
	return v.Get(name)
}

func shortened(s string) string {
	if len(s) > 40 {
		return s[:40]
	}
	return s
}

func text(d *decoder, v js.Value, name string) string {
	v = d.get(v, name)
	if v.Type() != js.TypeString {
		d.fail("a string")
		return ""
	}
	s := v.String()
	if len(s) > maxText {
		d.fail("shorter")
		return ""
	}
	return s
}

func flag(d *decoder, v js.Value, name string) bool {
	v = d.get(v, name)
	if v.Type() != js.TypeBoolean {
		d.fail("true or false")
		return false
	}
	return v.Bool()
}

// integer reads a whole number; what is not finite is not in range either.
func integer(d *decoder, v js.Value, name string, least, most float64) float64 {
	v = d.get(v, name)
	if v.Type() == js.TypeNumber {
		n := v.Float()
		if n >= least && n <= most && n == float64(int64(n)) {
			return n
		}
	}
	d.fail("a whole number from " + strconv.FormatFloat(least, 'f', 0, 64) + " to " + strconv.FormatFloat(most, 'f', 0, 64))
	return 0
}

func unsigned[T ~uint8 | ~uint16 | ~uint32](d *decoder, v js.Value, name string) T {
	return T(integer(d, v, name, 0, float64(^T(0))))
}

func signed[T ~int | ~int64](d *decoder, v js.Value, name string) T {
	return T(integer(d, v, name, -maxInt, maxInt))
}

// span reads milliseconds, of which clocks tell fractions too: they are cut.
func span[T ~int64](d *decoder, v js.Value, name string) T {
	v = d.get(v, name)
	if v.Type() == js.TypeNumber {
		if n := v.Float(); n >= -maxInt && n <= maxInt {
			return T(n)
		}
	}
	d.fail("milliseconds")
	return 0
}

func structure(d *decoder, v js.Value, name string) js.Value {
	v = d.get(v, name)
	if v.Type() != js.TypeObject {
		d.fail("an object")
	}
	return v
}

func optional[T any](d *decoder, v js.Value, name string, read func(*decoder, js.Value, string) T) *T {
	v = d.get(v, name)
	if v.IsUndefined() || v.IsNull() {
		return nil
	}
	value := read(d, v, "")
	return &value
}

func list[T any](d *decoder, v js.Value, name string, read func(*decoder, js.Value, string) T) []T {
	v = d.get(v, name)
	if d.err != nil {
		return nil
	}
	if !array.Call("isArray", v).Bool() {
		d.fail("a list")
		return nil
	}
	out := make([]T, 0, min(v.Length(), maxList))
	for i := 0; i < cap(out) && d.err == nil; i++ {
		out = append(out, read(d, v.Index(i), ""))
	}
	return out
}

// texts reads an object of strings.
func texts(d *decoder, v js.Value, name string) map[string]string {
	v = structure(d, v, name)
	if d.err != nil {
		return nil
	}
	keys := objects.Call("keys", v)
	out := make(map[string]string)
	for i := range min(keys.Length(), maxList) {
		key := keys.Index(i).String()
		out[key] = text(d, v.Get(key), "")
	}
	return out
}

func octets(d *decoder, v js.Value, name string) []byte {
	v = d.get(v, name)
	if v.Type() != js.TypeObject || !v.InstanceOf(bytes) {
		d.fail("a Uint8Array")
		return nil
	}
	if v.Length() > maxText {
		d.fail("shorter")
		return nil
	}
	out := make([]byte, v.Length())
	js.CopyBytesToGo(out, v)
	return out
}

var (
	objects = js.Global().Get("Object")
	array   = js.Global().Get("Array")
	bytes   = js.Global().Get("Uint8Array")
)

// Octets is b as a Uint8Array of its own.
func Octets(b []byte) js.Value {
	v := bytes.New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}

// An encoder is an object that is being made.
type encoder struct{ value js.Value }

func object(kind string) encoder {
	return encoder{objects.New()}.text("type", kind)
}

func (o encoder) text(name, s string) encoder {
	o.value.Set(name, s)
	return o
}

func (o encoder) flag(name string, b bool) encoder {
	o.value.Set(name, b)
	return o
}

func (o encoder) number(name string, n float64) encoder {
	o.value.Set(name, n)
	return o
}

func (o encoder) octets(name string, b []byte) encoder {
	o.value.Set(name, Octets(b))
	return o
}
