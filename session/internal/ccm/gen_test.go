//go:build !js

package ccm

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// TestRoundsAreGenerated: rounds.go is what gen.go prints, so that it can be
// reviewed there.
func TestRoundsAreGenerated(t *testing.T) {
	cmd := exec.Command("go", "run", "gen.go")
	cmd.Stderr = os.Stderr
	want, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("rounds.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("rounds.go is not what gen.go prints: run go generate")
	}
}
