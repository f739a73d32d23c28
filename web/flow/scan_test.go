package flow

import (
	"testing"
)

func scanning(t *testing.T) State {
	return at(t, begun(t, options()), ScanWanted{},
		ScanChanged{Phase: "live", Cameras: []Camera{{"1", "Front"}, {"2", "Back"}}, Camera: "1", Torch: TorchOff})
}

func TestScanner(t *testing.T) {
	s, effects := play(t, begun(t, options()), ScanWanted{})
	has[StartScan](t, effects)
	if s.Scan.Phase != "starting" {
		t.Error(s.Scan.Phase)
	}
	s, effects = play(t, scanning(t), CameraPicked{"2"})
	if has[StartScan](t, effects).Camera != "2" || s.Scan.Camera != "2" {
		t.Error("another camera")
	}
	_, effects = play(t, scanning(t), CameraPicked{"3"})
	none[StartScan](t, effects)
	s, effects = play(t, scanning(t), TorchToggled{})
	if !has[SetTorch](t, effects).On || s.Scan.Torch != TorchOn {
		t.Error("light")
	}
	s, effects = play(t, s, TorchToggled{})
	if has[SetTorch](t, effects).On || s.Scan.Torch != TorchOff {
		t.Error("no light")
	}
	_, effects = play(t, at(t, begun(t, options()), ScanWanted{}), TorchToggled{})
	none[SetTorch](t, effects)
	s = at(t, at(t, scanning(t), CameraPicked{"2"}), TypeInstead{})
	if _, effects = play(t, s, ScanWanted{}); has[StartScan](t, effects).Camera != "2" {
		t.Error("the camera is remembered")
	}
	_, effects = play(t, s, ScanChanged{Phase: "live"})
	has[StopScan](t, effects) // it came too late
	if at(t, onPick(t, options()), ScanChanged{Phase: "live"}).Scan.Phase != "" {
		t.Error("no scanner here")
	}
}

// The first code of Matter's stops the camera; it goes to the worker and is not shown.
func TestScanned(t *testing.T) {
	s, effects := play(t, scanning(t), Scanned{[]string{"https://example.com", goodQR, goodQR}})
	has[StopScan](t, effects)
	if has[KeepCode](t, effects).Code != goodQR || s.Code.Text != "" || !s.Code.Accepted || s.Screen != ScreenCode {
		t.Errorf("%+v", s.Code)
	}
	for text, want := range map[string]string{
		"https://example.com": "code-not-matter", "WIFI:S:Home;;": "code-not-matter", "X-HM://0023ISYWYABCD": "code-homekit",
		"MT:Y.K9": "code-incomplete", "12345678": "code-homekit",
	} {
		s, effects := play(t, scanning(t), Scanned{[]string{text}})
		if none[StopScan](t, effects); problemID(s.Scan.Problem) != want || s.Screen != ScreenScan {
			t.Errorf("%q: %q on %s, want %q", text, problemID(s.Scan.Problem), s.Screen, want)
		}
	}
	if s := at(t, scanning(t), Scanned{}); s.Scan.Problem != nil {
		t.Error("no code in the picture is no problem yet")
	}
	const other = "MT:-24J0AFN00KA0648G00"
	s, effects = play(t, scanning(t), Scanned{[]string{goodQR, other, "34970112332"}})
	if len(s.Code.Payloads) != 2 || has[KeepCode](t, effects).Code != goodQR+"*"+other[3:] {
		t.Errorf("two codes in one picture are a choice: %+v", s.Code)
	}
	if at(t, scanning(t), Scanned{[]string{"34970112332"}}).Code.Form != "manual" {
		t.Error("digits may be in a QR code as well")
	}
}

func TestPicture(t *testing.T) {
	s, effects := play(t, begun(t, options()), PictureGiven{})
	has[ReadPicture](t, effects)
	if s.Scan.Phase != "reading" {
		t.Error(s.Scan.Phase)
	}
	if s := at(t, s, Scanned{[]string{goodQR}}); !s.Code.Accepted || s.Scan.Phase != "" {
		t.Error("a code in a picture is a code")
	}
	for _, e := range []Event{Scanned{}, ScanChanged{Phase: "unreadable"}} {
		if s := at(t, s, e); problemID(s.Scan.Problem) != "picture-unreadable" || s.Scan.Phase != "" {
			t.Errorf("%T: %+v", e, s.Scan)
		}
	}
	if s := at(t, s, Scanned{[]string{"https://example.com"}}); problemID(s.Scan.Problem) != "code-not-matter" {
		t.Errorf("%+v", s.Scan)
	}
	if s := at(t, begun(t, options()), Scanned{[]string{goodQR}}); s.Code.Accepted {
		t.Error("nobody asked for it")
	}
	if s := at(t, begun(t, options()), ScanChanged{Phase: "reading"}); s.Scan.Phase != "reading" {
		t.Error("the host may begin to read by itself")
	}
}
