//go:build !js

package main_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// imports.txt lists every package in the blob. Each new line costs octets at
// every start, some of them hundreds of kilobytes: write what it costs and why
// it is worth it behind a #, and in the commit. To make the list anew:
//
//	wasm/build.sh --list > wasm/imports.txt
func TestImportBudget(t *testing.T) {
	b, err := os.ReadFile("imports.txt")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(b)) {
		if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) != "" {
			want = append(want, strings.TrimSpace(line))
		}
	}
	out, err := exec.Command("bash", "build.sh", "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(out))
	for _, path := range got {
		if !slices.Contains(want, path) {
			t.Errorf("new in the blob: %s", path)
		}
	}
	for _, path := range want {
		if !slices.Contains(got, path) {
			t.Errorf("not in the blob any more: %s; take it out of imports.txt", path)
		}
	}
}
