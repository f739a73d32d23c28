//go:build !js

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// built makes a page like the one that is built, and something beside it.
func built(t *testing.T) string {
	t.Helper()
	directory := filepath.Join(t.TempDir(), "page")
	for name, content := range map[string]string{
		"index.html": "<!doctype html><title>a</title>", "boot.js": "export {};", "assets/matter-page.wasm": "\x00asm", "assets/index.html": "sub",
		".secret.js": "hidden", ".git/config.json": "hidden", "program.sh": "no page", "../outside.js": "outside",
	} {
		file := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../outside.js", filepath.Join(directory, "link.js")); err != nil {
		t.Fatal(err)
	}
	return directory
}

func TestServesThePage(t *testing.T) {
	b := newBench(t, func(s *settings) { s.page = built(t) })
	for _, c := range []struct {
		path, kind, body string
		status           int
	}{
		{"/", "text/html; charset=utf-8", "<!doctype html><title>a</title>", 200},
		{"/index.html", "text/html; charset=utf-8", "<!doctype html><title>a</title>", 200},
		{"/boot.js", "text/javascript; charset=utf-8", "export {};", 200},
		{"/boot.js?v=1", "text/javascript; charset=utf-8", "export {};", 200},
		{"/assets/matter-page.wasm", "application/wasm", "\x00asm", 200},
		{"/assets/", "text/html; charset=utf-8", "sub", 200},
		{"/assets", "", "", 404},
		{"/nothing.js", "", "", 404},
		{"/program.sh", "", "", 404},
		{"/.secret.js", "", "", 404},
		{"/.git/config.json", "", "", 404},
		{"/link.js", "", "", 404},
		{"/../outside.js", "", "", 404},
		{"/%2e%2e/outside.js", "", "", 404},
		{"/assets/..%2f..%2foutside.js", "", "", 404},
		{"/assets/../boot.js", "", "", 404},
		{"//boot.js", "", "", 404},
		{"/./boot.js", "", "", 404},
		{"/..%5coutside.js", "", "", 404},
		{"/boot.js%00", "", "", 404},
		{"/boot.js/", "", "", 404},
	} {
		r, err := http.NewRequest("GET", b.server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		path, query, _ := strings.Cut(c.path, "?")
		r.URL.Opaque, r.URL.RawQuery = "//"+r.URL.Host+path, query // as it stands
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		h := response.Header
		if response.StatusCode != c.status || c.status == 200 && (string(body) != c.body || h.Get("Content-Type") != c.kind) {
			t.Errorf("%s: %d %q %q", c.path, response.StatusCode, h.Get("Content-Type"), body)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Server-Timing") != "matter-agent" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: %v", c.path, h)
		}
		if c.status != 200 {
			continue
		}
		policy := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self' ws://" + r.URL.Host + " ", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: no %q in %q", c.path, part, policy)
			}
		}
		for _, part := range []string{"unsafe-inline", "'unsafe-eval'", "http:", "https:", "*", "data:"} {
			if strings.Contains(policy, part) {
				t.Errorf("%s: %q in %q", c.path, part, policy)
			}
		}
	}
}

func TestETagFollowsTheContent(t *testing.T) {
	directory := built(t)
	b := newBench(t, func(s *settings) { s.page = directory })
	get := func(method, tag string) *http.Response {
		r, _ := http.NewRequest(method, b.server.URL+"/boot.js", nil)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response
	}
	first := get("GET", "")
	tag := first.Header.Get("Etag")
	if len(tag) < 40 || first.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("%v", first.Header)
	}
	if got := get("GET", tag).StatusCode; got != http.StatusNotModified {
		t.Errorf("the same again: %d", got)
	}
	if got := get("HEAD", "").StatusCode; got != 200 {
		t.Errorf("HEAD: %d", got)
	}
	if got := get("POST", "").StatusCode; got != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got)
	}
	if err := os.WriteFile(filepath.Join(directory, "boot.js"), []byte("export {}; // anew"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := get("GET", tag); got.StatusCode != 200 || got.Header.Get("Etag") == tag {
		t.Errorf("after a change: %d, %v", got.StatusCode, got.Header)
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	missing := filepath.Join(t.TempDir(), "page")
	none := []string{"-page", "none", "-port", "0"}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-page", missing}, "run make build"},
		{[]string{"-page", filepath.Dir(missing)}, "run make build"},
		{[]string{"-page", "none", "-port", port, "-listen", "127.0.0.1"}, "is taken"},
		{[]string{"-page", "none", "-port", port}, "is taken"},
		{append(none, "-port", "65536"), "no port"},
		{append(none, "-token", "short"), "at least 16"},
		{append(none, "-token", "with blanks in the token"), "letters"},
		{append(none, "-origin", "home.example"), "no origin"},
		{append(none, "-origin", "https://home.example/page"), "no origin"},
		{append(none, "-host", "https://home.example"), "no host name"},
		{append(none, "-allow", "8.8.8.8"), "private"},
		{append(none, "-allow", "lamp.local"), "no address"},
		{append(none, "-interface", "nosuch0"), "no network interface"},
		{append(none, "now"), "no flag"},
		{append(none, "-nosuch"), "not defined"},
		{append(none, "-listen", "203.0.113.1"), "cannot listen"},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err := run(ctx, c.args, func(string) string { return "" }, io.Discard, io.Discard)
		cancel()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.args, err)
		}
	}
	if err := run(t.Context(), []string{"-help"}, os.Getenv, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-help: %v", err)
	}
}

// start runs the program and returns what it printed first.
func start(t *testing.T, env string, args ...string) (address string, logs *buffer, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	printed, out := io.Pipe()
	logs = &buffer{}
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, args, func(string) string { return env }, out, logs)
		out.Close()
	}()
	line := make([]byte, 1000)
	n, err := printed.Read(line)
	if err != nil {
		t.Fatalf("%v: %v", err, <-ended)
	}
	go io.Copy(io.Discard, printed)
	return strings.TrimSpace(string(line[:n])), logs, func() error {
		cancel()
		return <-ended
	}
}

func TestRunPrintsWhatToOpen(t *testing.T) {
	address, logs, stop := start(t, "", "-page", built(t), "-port", "0")
	u, err := url.Parse(address)
	if err != nil || u.Hostname() != "127.0.0.1" || u.Path != "/" {
		t.Fatalf("%q", address)
	}
	made, err := url.ParseQuery(u.Fragment)
	if err != nil || len(made.Get("token")) < 26 {
		t.Errorf("%q", address)
	}
	for _, host := range []string{"127.0.0.1", "localhost"} {
		response, err := http.Get("http://" + net.JoinHostPort(host, u.Port()) + "/")
		if err != nil || response.StatusCode != 200 {
			t.Errorf("%s: %v, %v", host, response, err)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", u.Host); err == nil {
		t.Error("it listens after its end")
	}
	if strings.Contains(logs.String(), made.Get("token")) {
		t.Error("the token is in the log")
	}
	// One's own token is not printed: neither by flag nor by the environment.
	for _, c := range [][]string{{"", "-token", token}, {token}} {
		address, _, stop := start(t, c[0], append([]string{"-page", "none", "-port", "0"}, c[1:]...)...)
		if strings.Contains(address, "#") || strings.Contains(address, token) {
			t.Errorf("%q", address)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	_, logs, stop = start(t, "", "-page", "none", "-port", "0", "-listen", "0.0.0.0")
	if err := stop(); err != nil || !strings.Contains(logs.String(), "without encryption") {
		t.Errorf("%v, %s", err, logs)
	}
}

func TestVersionIsThePackages(t *testing.T) {
	octets, err := os.ReadFile("../../package.json")
	if err != nil {
		t.Fatal(err)
	}
	var description struct{ Version string }
	if err := json.Unmarshal(octets, &description); err != nil || description.Version != version {
		t.Errorf("%q, %v, want %q", description.Version, err, version)
	}
}
