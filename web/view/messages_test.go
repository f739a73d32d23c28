//go:build !js

package view

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session/commission"
	"github.com/matter-session/matter-session/web/flow"
)

// languages that are shipped whole.
var languages = []string{"en", "de"}

// shell are the ids that the element's shell draws before this package runs.
var shell = []string{"idle.activate", "loading.progress", "loading.starting", "unsupported.heading", "unsupported.agent", "action.retry", "action.close"}

// homeDone are the notices that flow makes of what HomeDone tells.
var homeDone = []string{"notice.exported", "notice.imported", "notice.forgotten"}

func messages(t *testing.T, name string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "messages", name))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return texts
}

// A literal is a string in the code, and the call that it is an argument of.
type literal struct {
	text string
	at   token.Position
	call string // the called function's name, or ""
	arg  int
	// prefix: something is put behind it
	prefix bool
}

func literals(t *testing.T, pattern string) []literal {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files at %s", pattern)
	}
	var found []literal
	fset := token.NewFileSet()
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(fset, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		var stack []ast.Node
		ast.Inspect(tree, func(n ast.Node) bool {
			if n == nil {
				stack = stack[:len(stack)-1]
				return false
			}
			if _, ok := n.(*ast.ImportSpec); ok {
				return false
			}
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, place(literal{text: text, at: fset.Position(lit.Pos())}, lit, stack))
			}
			stack = append(stack, n)
			return true
		})
	}
	return found
}

func place(l literal, lit ast.Node, stack []ast.Node) literal {
	below := lit
	for _, n := range slices.Backward(stack) {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			l.prefix = l.prefix || n.X == below && n.Op == token.ADD
		case *ast.CallExpr:
			switch f := n.Fun.(type) {
			case *ast.Ident:
				l.call = f.Name
			case *ast.SelectorExpr:
				l.call = f.Sel.Name
			}
			l.arg = slices.IndexFunc(n.Args, func(e ast.Expr) bool { return e == below })
			return l
		case ast.Stmt:
			return l
		}
		below = n
	}
	return l
}

var (
	idForm       = regexp.MustCompile(`^[a-z]+(\.[a-z0-9-]+)+$`)
	wordsForm    = regexp.MustCompile(`\pL{2,}[^\pL]* [^\pL]*\pL{2,}`)
	capitalForm  = regexp.MustCompile(`^\p{Lu}\p{Ll}+`)
	sentenceForm = regexp.MustCompile(`\pL{2,}.*[.!?…:]$`)
	paramForm    = regexp.MustCompile(`\{(\w+)\}`)
)

// technical tells what may have blanks and capitals without being a text: class
// and part names, selectors, names of JavaScript, keys.
func technical(l literal) bool {
	switch l.call {
	case "el":
		return l.arg <= 1
	case "label", "newTicks":
		return l.arg <= 1
	case "button", "action", "part", "class", "Get", "Call", "Set", "find", "first":
		return l.arg == 0
	}
	return l.text == "Enter" // a key
}

func TestNoLiteralSentences(t *testing.T) {
	for _, l := range literals(t, "*.go") {
		if filepath.Base(l.at.Filename) == "icon.go" && !strings.ContainsAny(l.text, ".?!") || technical(l) || idForm.MatchString(l.text) {
			continue
		}
		if strings.ContainsAny(l.text, "0123456789") && !regexp.MustCompile(`\pL{3,}`).MatchString(l.text) {
			continue // a drawing
		}
		if wordsForm.MatchString(l.text) || capitalForm.MatchString(l.text) || sentenceForm.MatchString(l.text) && !l.prefix {
			t.Errorf("%s: %q is a text: it belongs into web/messages", l.at, l.text)
		}
	}
}

func TestEveryMessageExistsAndIsUsed(t *testing.T) {
	texts := messages(t, "screens.en.json")
	errors := messages(t, "errors.en.json")
	used := map[string]bool{}
	for _, id := range slices.Concat(shell, homeDone) {
		used[id] = true
	}
	for _, l := range literals(t, "../flow/*.go") {
		if strings.HasPrefix(l.text, "notice.") {
			used[l.text] = true
		}
	}
	var families []string
	for _, l := range literals(t, "*.go") {
		switch {
		case l.prefix && strings.HasSuffix(l.text, ".") && regexp.MustCompile(`^[a-z]+[a-z.-]*\.$`).MatchString(l.text):
			families = append(families, l.text)
		case idForm.MatchString(l.text) && l.text != "error.unexpected":
			used[l.text] = true
			if texts[l.text] == "" && errors[l.text] == "" && !l.prefix {
				t.Errorf("%s: there is no message %q", l.at, l.text)
			}
		}
	}
	for id := range texts {
		if !used[id] && !slices.ContainsFunc(families, func(prefix string) bool { return strings.HasPrefix(id, prefix) }) {
			t.Errorf("nothing uses the message %q", id)
		}
	}
	if errors["error.unexpected"] == "" {
		t.Error("there is no message error.unexpected, which stands for all that have none")
	}
}

// TestFamiliesAreComplete: ids of which the code knows only the beginning.
func TestFamiliesAreComplete(t *testing.T) {
	want := map[string][]string{
		"stage.":  {"1", "2", "3", "4", "5"},
		"status.": {string(flow.StepStart), string(flow.StepSlow), string(flow.StepDone), string(flow.StepFailed), string(flow.StepSkipped)},
		"route.":  {"bluetooth", "bluetooth.more", "agent", "agent.more", "host", "host.more"},
		"reason.": {"bluetooth.none", "bluetooth.missing", "bluetooth.disabled", "bluetooth.insecure", "bluetooth.frame", "bluetooth.off", "bluetooth.checking",
			"agent.none", "agent.checking", "agent.unreachable", "agent.blocked", "agent.token"},
		"network.bars.":  {"0", "1", "2", "3", "4"},
		"decide.":        {"certified", "unlisted", "test", "invalid", "certified.word", "unlisted.word", "test.word", "invalid.word"},
		"title.decide.":  {"certified", "unlisted", "test", "invalid"},
		"progress.slow.": {"device", "network"},
		"progress.late.": {"device", "network"},
		"home.":          {"export", "import", "forget"},
	}
	for _, id := range []commission.StepID{commission.StepPayload, commission.StepLink, commission.StepPASE, commission.StepFacts, commission.StepFailSafe,
		commission.StepRegulatory, commission.StepTime, commission.StepAttestation, commission.StepCSR, commission.StepRoot, commission.StepNOC, commission.StepScan,
		commission.StepNetwork, commission.StepConnect, commission.StepDiscover, commission.StepCASE, commission.StepComplete, commission.StepLabel} {
		want["step."] = append(want["step."], string(id))
	}
	for _, l := range literals(t, "../../session/commission/attestation.go") {
		if regexp.MustCompile(`^[a-z]+(-[a-z]+)+$|^signature$|^nonce$`).MatchString(l.text) {
			want["finding."] = append(want["finding."], l.text)
		}
	}
	for _, screen := range []flow.Screen{flow.ScreenHome, flow.ScreenCode, flow.ScreenScan, flow.ScreenTransport, flow.ScreenPick, flow.ScreenDiscover, flow.ScreenConnecting,
		flow.ScreenSecuring, flow.ScreenChecking, flow.ScreenJoining, flow.ScreenFinding, flow.ScreenFinishing, flow.ScreenFailed, flow.ScreenStopped} {
		want["title."] = append(want["title."], string(screen))
	}
	for _, l := range literals(t, "../flow/*.go") {
		if rest, ok := strings.CutPrefix(l.text, "notice."); ok && rest != "" {
			want["notice."] = append(want["notice."], rest)
		}
	}
	want[""] = homeDone
	texts := messages(t, "screens.en.json")
	for prefix, rest := range want {
		for _, name := range rest {
			if texts[prefix+name] == "" {
				t.Errorf("there is no message %q", prefix+name)
			}
		}
	}
	if len(want["finding."]) < 20 || len(want["notice."]) < 3 {
		t.Errorf("found only %d findings and %d notices in the sources", len(want["finding."]), len(want["notice."]))
	}
}

func TestLanguagesAreWhole(t *testing.T) {
	for _, file := range []string{"screens", "errors"} {
		reference := messages(t, file+".en.json")
		for _, language := range languages {
			texts := messages(t, file+"."+language+".json")
			for id, text := range texts {
				if strings.TrimSpace(text) == "" {
					t.Errorf("%s.%s: %q is empty", file, language, id)
				}
				if got, want := parameters(text), parameters(reference[id]); !slices.Equal(got, want) {
					t.Errorf("%s.%s: %q has the parameters %q, want %q", file, language, id, got, want)
				}
				if strings.Count(text, "**")%2 != 0 {
					t.Errorf("%s.%s: %q has an open **", file, language, id)
				}
				if strings.Contains(text, "!") {
					t.Errorf("%s.%s: %q has an exclamation mark", file, language, id)
				}
			}
			for _, id := range slices.Sorted(maps.Keys(reference)) {
				if _, ok := texts[id]; !ok {
					t.Errorf("%s.%s: %q is missing", file, language, id)
				}
			}
		}
	}
}

func parameters(text string) []string {
	names := map[string]bool{}
	for _, match := range paramForm.FindAllStringSubmatch(text, -1) {
		names[match[1]] = true
	}
	return slices.Sorted(maps.Keys(names))
}
