//go:build js && wasm

package view

import "strconv"

// rows keeps the children of a box in step with a list, by key: what stays is
// the same element as before, with its focus.
type rows[T any] struct {
	box  *node
	made map[string]*row[T]
}

type row[T any] struct {
	top   *node
	parts T
}

// sync shows the items of the keys, in that order. Keys may repeat: they come
// from devices.
func (r *rows[T]) sync(keys []string, build func(i int) (*node, T), update func(i int, parts T)) {
	kept := make(map[string]*row[T], len(keys))
	order := make([]*row[T], len(keys))
	for i, key := range keys {
		for n := 2; kept[key] != nil; n++ {
			key = keys[i] + "\x00" + strconv.Itoa(n)
		}
		item := r.made[key]
		if item == nil {
			item = new(row[T])
			item.top, item.parts = build(i)
		}
		kept[key], order[i] = item, item
	}
	for key, item := range r.made {
		if kept[key] == nil {
			ungroup(item.top)
			item.top.Remove()
		}
	}
	r.made = kept
	// From the end, so that an element that is in its place is not moved: moving takes the focus away.
	var after *node
	for i := len(order) - 1; i >= 0; i-- {
		top := order[i].top
		next := top.Get("nextSibling")
		switch {
		case after == nil && (top.Get("parentNode").IsNull() || !next.IsNull()):
			r.box.AppendChild(top)
		case after != nil && !next.Equal(after.Value):
			r.box.InsertBefore(top, after)
		}
		after = top
		update(i, order[i].parts)
	}
}
