package flow

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session/commission"
)

func errorMessages(t *testing.T, language string) map[string]string {
	t.Helper()
	octets, err := os.ReadFile("../messages/errors." + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var messages map[string]string
	if err := json.Unmarshal(octets, &messages); err != nil {
		t.Fatal(err)
	}
	return messages
}

// catalogue returns every id that problemParams knows, from its source: a switch
// cannot be asked for its cases.
func catalogue(t *testing.T) (ids []string) {
	t.Helper()
	for _, literal := range literals(t, "problem.go", "problemParams") {
		if _, known := problemParams(literal); known {
			ids = append(ids, literal)
		}
	}
	if len(ids) < 60 {
		t.Fatalf("only %d ids", len(ids))
	}
	return ids
}

// literals returns the texts in a function of a file of this package.
func literals(t *testing.T, file, function string) (texts []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || function != "" && f.Name.Name != function {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, text)
			}
			return true
		})
	}
	return texts
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

func names(text string) (out []string) {
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Every problem has its sentences in both languages, with the parameters that it
// supplies; and there is no sentence for anything else.
func TestMessages(t *testing.T) {
	ids := catalogue(t)
	english, german := errorMessages(t, "en"), errorMessages(t, "de")
	if en, de := slices.Sorted(maps.Keys(english)), slices.Sorted(maps.Keys(german)); !slices.Equal(en, de) {
		t.Errorf("the languages have different ids")
	}
	for language, messages := range map[string]map[string]string{"en": english, "de": german} {
		for _, id := range ids {
			key := "error." + id
			if messages[key] == "" {
				t.Errorf("%s: no sentence for %s", language, id)
				continue
			}
			params, _ := problemParams(id)
			used := names(messages[key] + messages[key+".cause"] + messages[key+".action"])
			if want := slices.Sorted(slices.Values(params)); !slices.Equal(used, want) {
				t.Errorf("%s: %s uses %q, and is given %q", language, id, used, want)
			}
			if messages[key] == english[key] && language != "en" {
				t.Errorf("%s: %s is not translated", language, id)
			}
		}
		for key, text := range messages {
			id := strings.TrimPrefix(key, "error.")
			id = strings.TrimSuffix(strings.TrimSuffix(id, ".cause"), ".action")
			if !slices.Contains(ids, id) || !strings.HasPrefix(key, "error.") {
				t.Errorf("%s: nothing ever says %s", language, key)
			}
			if strings.TrimSpace(text) != text || text == "" || strings.Contains(text, "!") {
				t.Errorf("%s: %s is %q", language, key, text)
			}
			if english[key] != "" && !slices.Equal(names(text), names(english[key])) {
				t.Errorf("%s: %s has other parameters than in English", language, key)
			}
		}
	}
}

// Every id of the public list of error situations is there, and every code of the
// commissioner.
func TestEveryPublicIDHasItsSentence(t *testing.T) {
	public := `bluetooth-missing bluetooth-disabled insecure-context blocked-by-frame bluetooth-off load-failed load-corrupt
		core-dead code-length code-check-digit code-not-matter code-homekit code-version code-character code-inconsistent
		code-range code-passcode camera-denied camera-none picture-unreadable no-ip-path agent-unreachable agent-blocked
		picker-dismissed not-found not-matter-device connect-failed connection-lost btp-stalled wrong-code window-closed
		pase-timeout device-busy fail-safe-busy attestation-refused attestation-invalid terms-required csr-invalid
		noc-rejected fabric-table-full fabric-conflict scan-failed wifi-not-found wifi-auth wifi-security network-table-full
		ip-failed thread-dataset thread-not-found retry-refused not-seen case-failed complete-refused rolled-back
		storage-failed storage-lost share-failed unexpected`
	ids := catalogue(t)
	for _, id := range strings.Fields(public) {
		if !slices.Contains(ids, id) {
			t.Errorf("no sentence for %s", id)
		}
	}
	for _, code := range []commission.Code{
		commission.CodeNotFound, commission.CodeConnectionLost, commission.CodeWrongCode, commission.CodeWindowClosed, commission.CodePASETimeout,
		commission.CodeDeviceBusy, commission.CodeFailSafeBusy, commission.CodeAttestationRefused, commission.CodeAttestationInvalid,
		commission.CodeTermsRequired, commission.CodeCSRInvalid, commission.CodeNOCRejected, commission.CodeFabricTableFull, commission.CodeFabricConflict,
		commission.CodeScanFailed, commission.CodeWiFiNotFound, commission.CodeWiFiAuth, commission.CodeWiFiSecurity, commission.CodeNetworkTableFull,
		commission.CodeIPFailed, commission.CodeThreadDataset, commission.CodeThreadNotFound, commission.CodeRetryRefused, commission.CodeNotSeen,
		commission.CodeCASEFailed, commission.CodeCompleteRefused, commission.CodeRolledBack, commission.CodeCancelled, commission.CodeUnexpected,
	} {
		if !slices.Contains(ids, string(code)) {
			t.Errorf("no sentence for %s", code)
		}
	}
	for _, step := range []commission.StepID{
		commission.StepPayload, commission.StepLink, commission.StepPASE, commission.StepFacts, commission.StepFailSafe, commission.StepRegulatory,
		commission.StepTime, commission.StepAttestation, commission.StepCSR, commission.StepRoot, commission.StepNOC, commission.StepScan,
		commission.StepNetwork, commission.StepConnect, commission.StepDiscover, commission.StepCASE, commission.StepComplete, commission.StepLabel,
	} {
		if _, known := placeOf(string(step)); !known {
			t.Errorf("step %s has no screen", step)
		}
	}
}

// Every problem that the package names by itself is one that it knows.
func TestProblemsAreKnown(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile(`^(bluetooth|insecure|blocked|core|code|camera|picture|agent|no|picker|not|btp|wifi|thread|share|backup|import|storage)-[a-z-]+$`)
	found := 0
	for _, f := range files {
		if name := f.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			for _, text := range literals(t, name, "") {
				if !word.MatchString(text) {
					continue
				}
				if _, known := problemParams(text); !known {
					t.Errorf("%s: %s is no known problem", name, text)
				}
				found++
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d ids looked at", found)
	}
}
