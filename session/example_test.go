package session_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session"
)

// Two nodes set up a session by a passcode. The example carries their datagrams
// itself; a host sends them, and calls Tick at each deadline.
func ExampleManager() {
	// README: begin
	commissioner, _ := session.NewManager(session.Config{Rand: rand.Reader})
	device, _ := session.NewManager(session.Config{Rand: rand.Reader})
	verifier, _ := session.NewPASEVerifier(20202021, 1000, make([]byte, 16))
	_ = device.OpenPASE(verifier)
	_, _ = commissioner.StartPASE(0, 2, 20202021, session.Parameters{})
	for now, from, to := session.Instant(0), commissioner, device; now < 8; now, from, to = now+1, to, from {
		out := from.Output()
		for _, datagram := range out.Datagrams {
			to.Receive(now, 1, datagram.Octets)
		}
		for _, event := range out.Events {
			fmt.Printf("%T\n", event)
		}
	}
	// README: end

	// Output:
	// session.SessionEstablished
	// session.SessionEstablished
}

// TestREADMEShowsTheExample keeps the Go of README to what is run here.
func TestREADMEShowsTheExample(t *testing.T) {
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(source), "// README: begin\n")
	body, _, _ := strings.Cut(rest, "\t// README: end")
	body = strings.TrimSpace(strings.ReplaceAll("\n"+body, "\n\t", "\n"))
	if !strings.Contains(string(readme), "```go\n"+body+"\n```") {
		t.Errorf("README.md does not show this example:\n%s", body)
	}
}
