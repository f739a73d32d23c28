//go:build js && wasm

package view

// icons are drawn in strokes on a field of 24 by 24.
var icons = map[string][]string{
	"check":     {"M5 12.5l4.5 4.5L19 7.5"},
	"cross":     {"M6 6l12 12", "M18 6L6 18"},
	"dash":      {"M6 12h12"},
	"warning":   {"M12 4L2.5 20h19z", "M12 10v4.5", "M12 17.2v.3"},
	"copy":      {"M9 9h11v11H9z", "M15 5H4v11"},
	"camera":    {"M4 7h4l1.5-2.5h5L16 7h4v12H4z", "M12 9.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z"},
	"torch":     {"M8 3h8v4l-2 3v11h-4V10L8 7z", "M8 7h8"},
	"bluetooth": {"M7 7.5l10 9L12 21V3l5 4.5-10 9"},
	"agent":     {"M4 5h16v6H4z", "M4 13h16v6H4z", "M7.5 8h.1", "M7.5 16h.1"},
	"host":      {"M3 12h4l2-5 4 10 2-5h6"},
	"device":    {"M9 18h6", "M10 21h4", "M12 3a6 6 0 0 0-3.5 10.9V16h7v-2.1A6 6 0 0 0 12 3z"},
	"page":      {"M3 5h18v14H3z", "M3 9h18"},
	"lock":      {"M6 11h12v9H6z", "M9 11V8a3 3 0 0 1 6 0v3"},
	"unlock":    {"M6 11h12v9H6z", "M9 11V8a3 3 0 0 1 5.6-1.5"},
	"certified": {"M12 3l7.5 3v5.5c0 4.6-3.2 8-7.5 9.5-4.3-1.5-7.5-4.9-7.5-9.5V6z", "M8.5 12l2.5 2.5 4.5-5"},
	"unlisted":  {"M12 2.5l9.5 9.5-9.5 9.5L2.5 12z", "M9.8 9.8a2.3 2.3 0 1 1 3.2 2.1c-.7.4-1 .8-1 1.6", "M12 16.2v.3"},
	"test":      {"M9.5 3h5", "M10.5 3v6L5 19.5c-.5 1 .1 1.5 1 1.5h12c.9 0 1.5-.5 1-1.5L13.5 9V3", "M7.5 15h9"},
	"invalid":   {"M8 2.5h8L21.5 8v8L16 21.5H8L2.5 16V8z", "M8.5 8.5l7 7", "M15.5 8.5l-7 7"},
	"share":     {"M12 15V3.5", "M8 7l4-4 4 4", "M5 12v8h14v-8"},
	"plus":      {"M12 5v14", "M5 12h14"},
	"home":      {"M4 11l8-7 8 7v9H4z", "M10 20v-6h4v6"},
	"clock":     {"M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 7.5V12l3 2"},
	"close":     {"M6 6l12 12", "M18 6L6 18"},
	"chevron":   {"M9 5l7 7-7 7"},
	"report":    {"M6 3h8l4 4v14H6z", "M9 12h6", "M9 16h6"},
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

// labelDrawing is where a code is printed: a label with a QR code and eleven
// digits below it.
func labelDrawing() *node {
	svg := wrap(document.Call("createElementNS", svgNamespace, "svg"))
	svg.attr("class", "label-drawing").attr("viewBox", "0 0 120 84").attr("aria-hidden", "true").attr("focusable", "false")
	for _, shape := range []struct{ class, d string }{
		{"drawing-paper", "M8 2h104a6 6 0 0 1 6 6v68a6 6 0 0 1-6 6H8a6 6 0 0 1-6-6V8a6 6 0 0 1 6-6z"},
		{"drawing-ink", "M14 14h14v14H14zM18 18h6v6h-6z M42 14h14v14H42zM46 18h6v6h-6z M14 42h14v14H14zM18 46h6v6h-6z M32 14h4v4h-4z M32 22h6v4h-6z M32 32h4v8h-4z M14 32h6v4h-6z M24 32h4v6h-4z M40 32h6v4h-6z M50 34h6v4h-6z M34 44h6v4h-6z M42 42h4v6h-4z M50 44h6v6h-6z M32 52h4v4h-4z M40 52h6v4h-6z M50 54h4v2h-4z"},
		{"drawing-line", "M70 18h36 M70 28h28 M70 38h32 M70 48h20"},
		{"drawing-digits", "M14 70h22 M42 70h16 M64 70h22"},
	} {
		path := wrap(document.Call("createElementNS", svgNamespace, "path"))
		svg.add(path.attr("class", shape.class).attr("d", shape.d))
	}
	return svg
}
