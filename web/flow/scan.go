package flow

import (
	"strings"
)

// Codes from the camera and from pictures.

func (m *machine) scanWanted() {
	if m.Screen != ScreenCode {
		return
	}
	camera := m.Scan.Camera
	m.show(ScreenScan)
	m.startScan(camera)
}

func (m *machine) startScan(camera string) {
	m.Scan.Problem = nil
	if !m.Options.Camera {
		m.Scan.Phase, m.Scan.Problem = "", m.cameraMissing()
		return
	}
	m.Scan.Phase, m.Scan.Torch = "starting", NoTorch
	m.do(StartScan{camera})
}

// cameraMissing says why there can be no camera: pages without https, and frames
// whose page does not allow it, have none.
func (m *machine) cameraMissing() *Problem {
	switch m.Options.Bluetooth {
	case Insecure:
		return m.problem("insecure-context", "", nil)
	case Framed:
		return m.problem("blocked-by-frame", "", nil)
	}
	return m.problem("camera-none", "", nil)
}

func (m *machine) typeInstead() {
	if m.Screen == ScreenScan {
		m.show(ScreenCode)
	}
}

func (m *machine) cameraPicked(id string) {
	if m.Screen != ScreenScan {
		return
	}
	for _, c := range m.Scan.Cameras {
		if c.ID == id {
			m.Scan.Camera = id
			m.startScan(id)
			return
		}
	}
}

func (m *machine) torchToggled() {
	if m.Screen != ScreenScan || m.Scan.Torch == NoTorch {
		return
	}
	on := m.Scan.Torch == TorchOff
	m.Scan.Torch = TorchOff
	if on {
		m.Scan.Torch = TorchOn
	}
	m.do(SetTorch{on})
}

func (m *machine) pictureGiven() {
	if m.Screen != ScreenCode && m.Screen != ScreenScan {
		return
	}
	m.show(ScreenCode)
	m.Scan.Phase, m.Scan.Problem = "reading", nil
	m.do(ReadPicture{})
}

func (m *machine) scanChanged(e ScanChanged) {
	if m.Screen != ScreenScan && m.Screen != ScreenCode {
		return
	}
	switch e.Phase {
	case "starting", "live":
		if m.Screen != ScreenScan {
			m.do(StopScan{}) // it came too late
			return
		}
		if e.Phase == "live" && m.Scan.Phase != "live" {
			m.Scan.Since = m.Now
		}
		m.Scan.Phase, m.Scan.Problem = e.Phase, nil
		m.cameras(e)
	case "reading":
		m.Scan.Phase = e.Phase
	case "denied":
		m.scanFailed("camera-denied")
	case "none":
		m.scanFailed("camera-none")
	case "unreadable":
		m.scanFailed("picture-unreadable")
	case "failed":
		m.scanFailed("camera-failed")
	}
}

func (m *machine) cameras(e ScanChanged) {
	m.Scan.Cameras = nil
	for _, c := range head(e.Cameras, maxCameras) {
		if len(c.ID) <= maxURL {
			m.Scan.Cameras = append(m.Scan.Cameras, Camera{c.ID, clean(c.Label, maxName)})
		}
	}
	if len(e.Camera) <= maxURL {
		m.Scan.Camera = e.Camera
	}
	m.Scan.Torch = min(e.Torch, TorchOn)
}

// scanFailed shows why there was no picture, or nothing in it: on the screen
// where the picture was asked for.
func (m *machine) scanFailed(id string) {
	m.Scan.Phase, m.Scan.Torch = "", NoTorch
	m.Scan.Problem = m.problem(id, "", nil)
}

// scanned takes all QR codes of one picture: those of Matter are used, and if
// there are none the last one tells what it is instead.
func (m *machine) scanned(texts []string) {
	if m.Screen != ScreenScan && m.Screen != ScreenCode {
		return
	}
	if m.Screen == ScreenCode && m.Scan.Phase != "reading" {
		return
	}
	var codes []string
	var problem *Problem
	for _, text := range head(texts, maxTexts) {
		code, _, form := significant(text, 0)
		e := readCode(text, 0, true)
		switch {
		case !e.Complete:
			if e.Problem != nil {
				problem = e.Problem
			}
		case contains(codes, code):
		case form == "qr" && len(codes) > 0 && strings.HasPrefix(codes[0], qrPrefix):
			codes = append(codes, code)
		case len(codes) == 0:
			codes = append(codes, code)
		}
	}
	if len(codes) > 0 {
		m.found(codes)
		return
	}
	if problem == nil {
		if m.Screen == ScreenCode {
			m.scanFailed("picture-unreadable")
		}
		return
	}
	m.Scan.Problem = problem
	if m.Screen == ScreenCode {
		m.Scan.Phase = ""
	}
}

// found accepts what was scanned; several codes become one that joins them, as
// the makers' own do, so that the device is chosen in one place.
func (m *machine) found(codes []string) {
	text := codes[0]
	for _, c := range codes[1:] {
		text += "*" + strings.TrimPrefix(c, qrPrefix)
	}
	e := readCode(text, 0, true)
	if !e.Complete {
		text = codes[0]
		e = readCode(text, 0, true)
	}
	m.show(ScreenCode)
	m.Scan.Phase, m.Scan.Problem = "", nil
	m.accept(text, e.Payloads)
}
