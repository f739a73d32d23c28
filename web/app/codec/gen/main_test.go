package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is committed is what the types of package flow say today.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	files, err := generate(filepath.Join(root, "web/flow"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if string(got) != want {
			t.Errorf("%s is stale: run go generate ./web/app/codec\n%s", name, difference(string(got), want))
		}
	}
}

// difference shows the lines between the first and the last that differ.
func difference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	var out strings.Builder
	for _, side := range []struct {
		sign  string
		lines []string
	}{{"- ", a}, {"+ ", b}} {
		for i, line := range side.lines {
			if i == 40 {
				out.WriteString(side.sign + "…\n")
				break
			}
			out.WriteString(side.sign + line + "\n")
		}
	}
	return out.String()
}

// A type that cannot cross is an error that names it, not a file that is wrong.
func TestWhatCannotCross(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"type Asked struct{ At float64 }", "Asked.At: float64 is not a type of package flow"},
		{"type Asked struct{ By map[int]string }", "Asked.By: a type that does not cross"},
		{"type Asked struct{ Inner }\ntype Inner struct{ A int }", "Asked embeds"},
		{"type Asked struct{ Kind Kind }\ntype Kind string", "Asked.Kind: Kind has no constants"},
	} {
		dir := t.TempDir()
		source := "package flow\n" + c.source + "\nfunc (Asked) event() {}\ntype Done struct{}\nfunc (Done) effect() {}\ntype Screen string\nconst A Screen = \"a\"\n"
		if err := os.WriteFile(filepath.Join(dir, "flow.go"), []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := generate(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.source, err, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"VendorID": "vendorId", "AgentURL": "agentUrl", "QR": "qr", "SSID": "ssid", "RSSI": "rssi", "PANID": "panId",
		"OK": "ok", "ID": "id", "JoinWiFi": "joinWiFi", "SSIDTyped": "ssidTyped", "CertificateID": "certificateId", "On": "on",
	} {
		if got := lower(name); got != want {
			t.Errorf("lower(%q) = %q, want %q", name, got, want)
		}
	}
}
