//go:build !js

package interop

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A peer is a child process that speaks JSON lines: a script of the folder peers.
type peer struct {
	t     *testing.T
	name  string
	stdin io.WriteCloser
	lines chan line
	kept  []line // came while another line was waited for
	ready line
}

type line map[string]any

func (l line) number(key string) int {
	n, _ := l[key].(float64)
	return int(n)
}

func (l line) text(key string) string {
	s, _ := l[key].(string)
	return s
}

// startPeer starts a script and waits until it is ready. The process ends with
// the test: its standard input closes.
func startPeer(t *testing.T, script string, args ...string) *peer {
	t.Helper()
	cmd := exec.Command("node", append([]string{filepath.Join("peers", script)}, args...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr tail
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: the peers need Node, and what npm ci installs", err)
	}
	p := &peer{t: t, name: script, stdin: stdin, lines: make(chan line, 256)}
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			var l line
			if json.Unmarshal(s.Bytes(), &l) == nil {
				p.lines <- l
			}
		}
	}()
	t.Cleanup(func() {
		_ = stdin.Close()
		for range p.lines { // until it has ended
		}
		_ = cmd.Wait()
		if t.Failed() && len(stderr) > 0 {
			t.Logf("%s wrote: %s", script, stderr)
		}
	})
	// Booting compiles much, on a machine that may be busy.
	p.ready = p.within(2*time.Minute, "it is ready", func(l line) bool { return l["ready"] == true })
	return p
}

// tail keeps the first 10,000 octets of what a process complains about.
type tail []byte

func (b *tail) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), 10_000-len(*b))]...)
	return len(p), nil
}

// next returns the first line, past or to come, that match accepts.
func (p *peer) next(what string, match func(line) bool) line {
	p.t.Helper()
	return p.within(30*time.Second, what, match)
}

func (p *peer) within(patience time.Duration, what string, match func(line) bool) line {
	p.t.Helper()
	for i, l := range p.kept {
		if match(l) {
			p.kept = append(p.kept[:i:i], p.kept[i+1:]...)
			return l
		}
	}
	limit := time.After(patience)
	for {
		select {
		case l, open := <-p.lines:
			switch {
			case !open:
				p.t.Fatalf("%s ended before %s", p.name, what)
			case match(l):
				return l
			}
			p.kept = append(p.kept, l)
		case <-limit:
			p.t.Fatalf("%s: not within %v: %s", p.name, patience, what)
		}
	}
}

// ask sends a command and returns its answer.
func (p *peer) ask(command line) (line, error) {
	p.t.Helper()
	b, err := json.Marshal(command)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.stdin.Write(append(b, '\n')); err != nil {
		p.t.Fatal(err)
	}
	answer := p.next("its answer", func(l line) bool { return l["answer"] == command["do"] })
	if message, failed := answer["error"].(string); failed {
		return answer, errors.New(message)
	}
	return answer, nil
}
