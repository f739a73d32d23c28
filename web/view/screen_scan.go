//go:build js && wasm

package view

import (
	"honnef.co/go/js/dom/v2"

	"github.com/matter-session/matter-session/web/flow"
)

func init() { screens[flow.ScreenScan] = scanScreen }

// scanScreen shows the camera's picture. The host fills the video.
func scanScreen(p *page) {
	video := el("video", "video").part("video").attr("data-scan", "code").flag("playsinline", true).flag("muted", true).
		attr("aria-label", p.msg("scan.video"))
	video.Set("muted", true)
	waiting := p.label("p", "video-waiting", "scan.starting")
	stage := el("div", "viewfinder", video, el("div", "viewfinder-frame").attr("aria-hidden", "true"), waiting)
	hint := el("p", "hint scan-hint")

	camera := el("select", "input select").part("input").attr("id", p.id("camera"))
	cameras := rows[*node]{box: camera}
	p.on(camera, "change", func(dom.Event) { p.send(flow.CameraPicked{ID: camera.value()}) })
	cameraField := el("div", "field", p.label("label", "label", "scan.camera").attr("for", p.id("camera")), camera).part("field")
	torch := p.does(p.button("secondary", "scan.torch"), always(flow.TorchToggled{}))
	torch.lead(icon("torch"))
	picture := p.files("picture", "code.picture", "image/*", func() { p.send(flow.PictureGiven{}) })

	p.add(stage, hint, el("div", "ways", cameraField, torch, picture))
	p.action("secondary", "scan.type", always(flow.TypeInstead{}))
	receive(p)

	p.render = func(s flow.State) {
		live := s.Scan.Phase == "live"
		stage.class("live", live)
		stage.show(s.Scan.Problem == nil || live || s.Scan.Phase == "starting")
		waiting.show(!live)
		if s.Scan.Phase == "reading" {
			p.say(waiting, "code.reading")
		} else {
			p.say(waiting, "scan.starting")
		}
		hint.show(live)
		if s.ScanHint() {
			p.say(hint, "scan.nothing")
			p.chrome.speaker.say(p.msg("scan.nothing"))
		} else {
			p.say(hint, "scan.hold")
		}
		cameraField.show(len(s.Scan.Cameras) > 1)
		keys := make([]string, len(s.Scan.Cameras))
		for i, c := range s.Scan.Cameras {
			keys[i] = c.ID
		}
		cameras.sync(keys, func(i int) (*node, *node) {
			option := el("option", "").attr("value", s.Scan.Cameras[i].ID)
			return option, option
		}, func(i int, option *node) {
			if label := s.Scan.Cameras[i].Label; label != "" {
				option.text(label)
			} else {
				p.say(option, "scan.camera-number", "n", itoa(i+1))
			}
		})
		if s.Scan.Camera != "" {
			camera.put(s.Scan.Camera)
		}
		torch.show(s.Scan.Torch != flow.NoTorch)
		pressed := "false"
		if s.Scan.Torch == flow.TorchOn {
			pressed = "true"
		}
		torch.attr("aria-pressed", pressed)
	}
}
