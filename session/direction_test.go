//go:build !js

package session_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/matter-session/matter-session/"

// mayImport is the direction of dependencies: for each package of the module,
// which others of the module, and which of other modules, it may import itself.
// A package that is missing here fails the test: say where it stands.
var mayImport = map[string][]string{
	"session/message":          {},
	"session/tlv":              {},
	"session/internal/hash":    {},
	"session/internal/ccm":     {},
	"session/internal/p256":    {"session/internal/hash", "filippo.io/nistec", "filippo.io/bigmod"},
	"session/internal/spake2p": {"session/internal/hash", "session/internal/p256", "filippo.io/nistec", "filippo.io/bigmod"},
	"session/cert":             {"session/tlv", "session/internal/hash", "session/internal/p256"},
	"session": {
		"session/message", "session/tlv", "session/cert", "session/internal/ccm", "session/internal/hash",
		"session/internal/p256", "session/internal/spake2p",
	},
	"session/crypto": {
		"session/internal/ccm", "session/internal/hash", "session/internal/p256", "session/internal/spake2p",
	},
	// A commissioner draws keys and signs certificates, before there is a session.
	"session/commission": {
		"session", "session/tlv", "session/cert", "session/commission/trust", "session/internal/p256", "session/internal/hash",
	},
	"session/commission/trust": {"session/cert", "session/tlv"},
	"wasm":                     {"wasm/abi"},
	"wasm/abi": {
		"session", "session/tlv", "session/cert", "session/message", "session/commission", "session/commission/trust",
		"session/crypto",
	},
	// Bluetooth's transport knows octets, not Matter: it could be used without sessions.
	"web/transport/btp": {},
	"web/transport":     {"web/transport/btp"},
	// Frames with whole datagrams, of which the header's shape is looked at.
	"web/transport/relay": {"session/message"},
	// The wizard reads setup codes, and knows no browser.
	"web/flow":          {"session/commission"},
	"web/view":          {"web/flow", "honnef.co/go/js/dom/v2", "rsc.io/qr/coding"},
	"web/app":           {"web/app/codec", "web/flow", "web/transport", "web/view", "honnef.co/go/js/dom/v2"},
	"web/app/codec":     {"web/flow"},
	"web/agent":         {"web/agent/dnssd", "web/transport/relay", "github.com/coder/websocket", "golang.org/x/net/netutil"},
	"web/agent/dnssd":   {"web/transport/relay", "golang.org/x/net/dns/dnsmessage", "golang.org/x/net/ipv4", "golang.org/x/net/ipv6"},
	"web/app/codec/gen": {},
	// Programs of tests.
	"web/view/gallery":       {"web/flow", "web/view", "honnef.co/go/js/dom/v2"},
	"web/transport/testpage": {"web/transport"},
}

// pure are the packages of web that are arithmetic on what they are given, as the core is.
var pure = []string{"./web/transport/btp", "./web/transport/relay", "./web/flow"}

// forbidden lists what no package that goes into the blob imports itself: what
// would do I/O, read a clock or log, and what costs too much there.
var forbidden = []string{
	"syscall/js", "net", "os", "log", "log/slog", "fmt", "time", "math/rand", "math/rand/v2", "math/big", "reflect",
	"context", "encoding/json", "encoding/asn1", "crypto/rand", "crypto/x509", "crypto/ecdsa", "crypto/elliptic",
	"crypto/ecdh", "crypto/aes",
}

type listed struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

// list returns what go list says of the patterns' packages when built for GOOS and GOARCH.
func list(t *testing.T, goos, goarch string, patterns ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,GoFiles"}, patterns...)...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var packages []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			packages = append(packages, p)
		}
	}
	if len(packages) == 0 {
		t.Fatalf("no packages in %v", patterns)
	}
	return packages
}

// isStandard reports whether path is of the standard library: its first element has no dot.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func TestDirectionOfDependencies(t *testing.T) {
	packages := list(t, "js", "wasm", "./session/...", "./wasm/...", "./web/...")
	for _, p := range append(packages, list(t, "linux", "amd64", "./web/...")...) {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("%s has no place in the direction of dependencies: add it to mayImport", name)
			continue
		}
		for _, path := range p.Imports {
			if !isStandard(path) && !slices.Contains(allowed, strings.TrimPrefix(path, module)) {
				t.Errorf("%s imports %s: against the direction of dependencies", name, path)
			}
		}
	}
}

func TestForbiddenImports(t *testing.T) {
	for _, p := range list(t, "js", "wasm", append([]string{"./session/..."}, pure...)...) {
		for _, path := range p.Imports {
			if slices.Contains(forbidden, path) {
				t.Errorf("%s imports %s", strings.TrimPrefix(p.ImportPath, module), path)
			}
		}
	}
}

// Nothing imports the programs: what they share belongs in a package of its own.
func TestNothingImportsPrograms(t *testing.T) {
	patterns := []string{"./session/...", "./wasm/...", "./jsbridge/..."}
	if _, err := os.Stat("../web"); err == nil {
		patterns = append(patterns, "./web/...")
	}
	for _, goos := range []string{"js", "linux"} {
		goarch := map[string]string{"js": "wasm", "linux": "amd64"}[goos]
		for _, p := range list(t, goos, goarch, patterns...) {
			for _, path := range p.Imports {
				if path == module+"wasm" || path == module+"web/app" {
					t.Errorf("%s imports %s", p.ImportPath, path)
				}
			}
		}
	}
}
