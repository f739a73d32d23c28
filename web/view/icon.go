//go:build js && wasm

package view

// icons are drawn in strokes on a field of 24 by 24.
var icons = map[string][]string{
	"check":   {"M5 12.5l4.5 4.5L19 7.5"},
	"warning": {"M12 4L2.5 20h19z", "M12 10v4.5", "M12 17.2v.3"},
}

// icon makes one. It says nothing by itself: words stand beside it.
func icon(name string) *node {
	svg := wrap(document.Call("createElementNS", svgNamespace, "svg"))
	svg.attr("class", "icon icon-"+name).attr("viewBox", "0 0 24 24").attr("aria-hidden", "true").attr("focusable", "false")
	for _, d := range icons[name] {
		path := wrap(document.Call("createElementNS", svgNamespace, "path"))
		svg.add(path.attr("d", d))
	}
	return svg
}
