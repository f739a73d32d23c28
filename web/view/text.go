//go:build js && wasm

package view

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/matter-session/matter-session/web/flow"
)

// A segment of a message: plain text, or the name of a parameter.
type segment struct {
	text   string
	param  bool
	strong bool
}

// parse splits "**{product}** is ready." Parameters are put in afterwards, so
// nothing in them is read as markup.
func parse(template string) []segment {
	var out []segment
	strong := false
	for i, piece := range strings.Split(template, "**") {
		if i > 0 {
			strong = !strong
		}
		for piece != "" {
			before, rest, found := strings.Cut(piece, "{")
			if before != "" {
				out = append(out, segment{text: before, strong: strong})
			}
			if !found {
				break
			}
			var name string
			name, piece, _ = strings.Cut(rest, "}")
			out = append(out, segment{text: name, param: true, strong: strong})
		}
	}
	return out
}

// has tells whether there is such a message.
func (v *View) has(id string) bool { return v.messages[id] != "" }

// template is the message, or its id: a text that is missing should be seen.
func (v *View) template(id string) string {
	if text, ok := v.messages[id]; ok {
		return text
	}
	return id
}

// msg is a message as plain text. Pairs are parameters: name, value, name, value.
func (v *View) msg(id string, pairs ...string) string {
	var b strings.Builder
	for _, s := range parse(v.template(id)) {
		if s.param {
			s.text = lookup(s.text, pairs)
		}
		b.WriteString(s.text)
	}
	return b.String()
}

// say puts a message into n: strong parts as elements, parameters isolated, so
// that a name in another writing direction does not turn the sentence round.
func (v *View) say(n *node, id string, pairs ...string) *node {
	key := id + "\x00" + strings.Join(pairs, "\x00")
	if n.said == key {
		return n
	}
	n.said = key
	segments := parse(v.template(id))
	if len(segments) == 1 && !segments[0].param && !segments[0].strong {
		n.SetTextContent(segments[0].text)
		return n
	}
	n.empty()
	for _, s := range segments {
		text := s.text
		tag := "span"
		if s.param {
			text = lookup(s.text, pairs)
			tag = "bdi"
			if s.text == "command" {
				tag = "code"
			}
		}
		if s.strong {
			n.add(el("strong", "", el(tag, "").text(text)))
		} else if tag == "code" {
			n.add(el(tag, "mono").text(text))
		} else {
			n.add(el(tag, "").text(text))
		}
	}
	return n
}

// label makes an element with a message.
func (v *View) label(tag, class, id string, pairs ...string) *node {
	return v.say(el(tag, class), id, pairs...)
}

func lookup(name string, pairs []string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == name {
			return pairs[i+1]
		}
	}
	return "{" + name + "}"
}

// params flattens a problem's parameters, in the same order each time: say
// compares them. A step is told by its ID, and shown by its name.
func (v *View) params(p *flow.Problem) []string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(p.Params)) {
		value := p.Params[name]
		if id := "step." + value; name == "step" && v.has(id) {
			value = v.msg(id)
		}
		pairs = append(pairs, name, value)
	}
	return pairs
}

// id is unique among all views of the document.
func (v *View) id(name string) string { return v.prefix + name }

// seconds is a duration without fraction: 12 s.
func (v *View) seconds(d flow.Milliseconds) string {
	return v.msg("time.seconds", "n", strconv.FormatInt(int64(max(d, 0))/1000, 10))
}

// tenths is a duration as a list of steps shows it: 1.4 s.
func (v *View) tenths(d flow.Milliseconds) string {
	n := int64(max(d, 0)+50) / 100
	return v.msg("time.tenths", "n", strconv.FormatInt(n/10, 10), "t", strconv.FormatInt(n%10, 10))
}
