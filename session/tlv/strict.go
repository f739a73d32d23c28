package tlv

import "unicode/utf8"

// Strict returns element in a form that the strictest of readers takes, and
// whether it has one. A [Reader] does not look into what nobody asks for, so an
// element that [Reader.Raw] returned may hold strings that are not UTF-8 (a
// device that cuts a name in the middle of a character makes them) and
// structures with a tag twice. The strings become octet strings of the same
// octets; what has a tag twice has no such form, and neither has what is not one
// whole element.
//
// The result aliases element if nothing had to be changed; element is never changed.
func Strict(element []byte) (strict []byte, ok bool) {
	var (
		stack  [MaxDepth]Type
		seen   [MaxDepth]tagSet
		depth  int
		copied bool
	)
	strict = element
	for off := 0; off < len(element); {
		e, err := parseElement(element, off)
		switch {
		case err != nil:
			return nil, false
		case e.typ == end && depth > 0:
			depth--
		case admit(&e, stack[:depth], off) != nil,
			depth > 0 && stack[depth-1] == Struct && !seen[depth-1].add(e.tag):
			return nil, false
		case e.typ.IsContainer():
			stack[depth], seen[depth] = e.typ, tagSet{}
			depth++
		case e.typ == String && !utf8.Valid(element[e.value:e.end]):
			if !copied {
				strict, copied = append([]byte(nil), element...), true
			}
			strict[off] += wireBytes - wireString
		}
		if off = e.end; depth == 0 {
			return strict, off == len(element)
		}
	}
	return nil, false
}

// A tagSet is a set of tags of any kind.
type tagSet struct {
	context Set
	others  map[Tag]bool
}

// add puts t into s and reports whether it was not there before.
func (s *tagSet) add(t Tag) bool {
	if n, ok := t.ContextNumber(); ok {
		return s.context.Add(n)
	}
	if s.others[t] {
		return false
	}
	if s.others == nil {
		s.others = make(map[Tag]bool)
	}
	s.others[t] = true
	return true
}
