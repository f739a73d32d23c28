//go:build !js

package main

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"time"
)

// A page is the directory that is served: nothing outside of it, whatever a path
// or a symbolic link says.
type page struct {
	root *os.Root // nil: no page

	mu   sync.Mutex
	tags map[string]tag
}

// A tag is kept for as long as the file looks the same.
type tag struct {
	size  int64
	time  time.Time
	value string
}

const maxTags = 1024

// types of what a page may consist of. Anything else is not served: the system's
// own table differs from machine to machine.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8", ".wasm": "application/wasm", ".json": "application/json", ".map": "application/json",
	".webmanifest": "application/manifest+json", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".webp": "image/webp",
	".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8", ".tlv": "application/octet-stream",
}

func openPage(directory string) (*page, error) {
	if directory == "" {
		return &page{}, nil
	}
	root, err := os.OpenRoot(directory)
	if err == nil {
		if _, err = root.Stat("index.html"); err == nil {
			return &page{root: root, tags: map[string]tag{}}, nil
		}
		root.Close()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no page in %s: run make build, or name another directory with -page (none: no page, only the relay)", directory)
	}
	return nil, fmt.Errorf("the page cannot be served: %w", err)
}

func (p *page) close() {
	if p.root != nil {
		p.root.Close()
	}
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	name, ok := fileOf(r.URL.Path)
	if !ok || p.root == nil {
		http.NotFound(w, r)
		return
	}
	f, err := p.root.Open(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}
	etag, err := p.tag(name, info, f)
	if err != nil {
		http.Error(w, "the file could not be read", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", types[path.Ext(name)])
	h.Set("Content-Security-Policy", policyOf(r.Host))
	h.Set("Etag", etag)
	// A page that was built anew is seen at the next load; what has not changed
	// costs a question.
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, time.Time{}, f)
}

// fileOf returns the file that a path names, in the root's terms. A directory is
// its index.html only with a slash at its end; what begins with a dot is nobody's.
func fileOf(urlPath string) (string, bool) {
	if !strings.HasPrefix(urlPath, "/") || strings.ContainsAny(urlPath, "\\\x00") {
		return "", false
	}
	name := urlPath[1:]
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	if path.Clean(name) != name {
		return "", false
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") {
			return "", false
		}
	}
	return name, types[path.Ext(name)] != ""
}

func (p *page) tag(name string, info fs.FileInfo, f io.ReadSeeker) (string, error) {
	p.mu.Lock()
	known, ok := p.tags[name]
	p.mu.Unlock()
	if ok && known.size == info.Size() && known.time.Equal(info.ModTime()) {
		return known.value, nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	value := `"` + base64.RawURLEncoding.EncodeToString(hash.Sum(nil)) + `"`
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tags) < maxTags {
		p.tags[name] = tag{size: info.Size(), time: info.ModTime(), value: value}
	}
	return value, nil
}

// policyOf returns the content security policy of a page that was asked for at
// host. Not every browser takes 'self' for the WebSocket too, so it is named; host
// was checked before.
func policyOf(host string) string {
	return "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; " +
		"connect-src 'self' ws://" + host + " wss://" + host + "; img-src 'self' blob:; media-src 'self' blob:; font-src 'self'; manifest-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
