// Command gen makes, from the types of package flow, what passes between the
// page's program and its host:
//
//	jsbridge/src/element/protocol.ts   the types, for TypeScript
//	web/app/codec/generated.go         the same walk as Go: objects to events, effects to objects
//
// It is run by `go generate ./web/app/codec`; its test fails with the difference
// when either file is not what the types say today.
//
// The rule: an event or effect is an object whose type is the Go type's name in
// lowerCamel; fields likewise (VendorID is vendorId, AgentURL agentUrl, QR qr).
// []byte is Uint8Array, a pointer is a field that may be absent, instants and
// durations are milliseconds, 64-bit IDs are hex strings already in package flow.
package main

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

const (
	typeScriptFile = "jsbridge/src/element/protocol.ts"
	goFile         = "web/app/codec/generated.go"
)

// local are the events and effects that never cross: the app makes and does
// these itself.
var local = map[string]bool{"Tick": true, "Pick": true, "Unpick": true}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run() error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	files, err := generate(filepath.Join(root, "web/flow"))
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// moduleRoot is the nearest folder above that has a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}

// A model is what package flow declares.
type model struct {
	types     map[string]*ast.TypeSpec
	docs      map[string]string   // by type
	constants map[string][]string // values of a named string type, in order
	events    []string            // in the order of declaration
	effects   []string
	reached   []string // structs that events and effects contain
	enums     []string // named string types likewise
	seen      map[string]bool
}

// generate returns the files' texts by their names.
func generate(flow string) (map[string]string, error) {
	m, err := read(flow)
	if err != nil {
		return nil, err
	}
	for _, name := range append(append([]string{}, m.events...), m.effects...) {
		if err := m.walk(name); err != nil {
			return nil, err
		}
	}
	// Hosts are told of screens, though no event carries one.
	if err := m.visit("Screen"); err != nil {
		return nil, err
	}
	sort.Strings(m.reached)
	sort.Strings(m.enums)
	source, err := format.Source([]byte(m.goSource()))
	if err != nil {
		return nil, fmt.Errorf("the Go made is not Go: %w", err)
	}
	return map[string]string{typeScriptFile: m.typeScript(), goFile: string(source)}, nil
}

func read(dir string) (*model, error) {
	m := &model{types: map[string]*ast.TypeSpec{}, docs: map[string]string{}, constants: map[string][]string{}, seen: map[string]bool{}}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var order []string
	kinds := map[string]string{} // type: event or effect
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if kind := decl.Name.Name; decl.Recv != nil && (kind == "event" || kind == "effect") {
					if receiver, ok := decl.Recv.List[0].Type.(*ast.Ident); ok {
						kinds[receiver.Name] = kind
					}
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						order = append(order, spec.Name.Name)
						m.types[spec.Name.Name] = spec
						doc := spec.Doc
						if doc == nil && len(decl.Specs) == 1 {
							doc = decl.Doc
						}
						m.docs[spec.Name.Name] = oneLine(doc)
					case *ast.ValueSpec:
						m.constant(spec)
					}
				}
			}
		}
	}
	for _, name := range order {
		switch {
		case local[name]:
		case kinds[name] == "event":
			m.events = append(m.events, name)
		case kinds[name] == "effect":
			m.effects = append(m.effects, name)
		}
	}
	if len(m.events) == 0 || len(m.effects) == 0 {
		return nil, fmt.Errorf("%s declares no events or no effects", dir)
	}
	return m, nil
}

func (m *model) constant(spec *ast.ValueSpec) {
	named, ok := spec.Type.(*ast.Ident)
	if !ok || len(spec.Values) != 1 {
		return
	}
	if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
		if value, err := strconv.Unquote(literal.Value); err == nil {
			m.constants[named.Name] = append(m.constants[named.Name], value)
		}
	}
}

// oneLine is a comment's text, without what binds it to Go.
func oneLine(groups ...*ast.CommentGroup) string {
	var parts []string
	for _, group := range groups {
		if text := strings.Join(strings.Fields(group.Text()), " "); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.NewReplacer("[", "", "]", "", "*/", "").Replace(strings.Join(parts, " "))
}

// walk visits the types of a struct's fields.
func (m *model) walk(name string) error {
	for _, f := range m.fields(name) {
		if f.name == "" {
			return fmt.Errorf("%s embeds %s: what crosses has named fields only", name, f.expr)
		}
		if err := m.visitExpr(f.expr); err != nil {
			return fmt.Errorf("%s.%s: %w", name, f.name, err)
		}
	}
	return nil
}

func (m *model) visitExpr(e ast.Expr) error {
	switch e := e.(type) {
	case *ast.Ident:
		return m.visit(e.Name)
	case *ast.StarExpr:
		return m.visitExpr(e.X)
	case *ast.ArrayType:
		if e.Len == nil {
			return m.visitExpr(e.Elt)
		}
	case *ast.MapType:
		if isIdent(e.Key, "string") && isIdent(e.Value, "string") {
			return nil
		}
	}
	return fmt.Errorf("a type that does not cross")
}

func (m *model) visit(name string) error {
	if basic(name) || m.seen[name] {
		return nil
	}
	m.seen[name] = true
	spec, ok := m.types[name]
	if !ok {
		return fmt.Errorf("%s is not a type of package flow", name)
	}
	switch under := spec.Type.(type) {
	case *ast.StructType:
		m.reached = append(m.reached, name)
		return m.walk(name)
	case *ast.Ident:
		if under.Name == "string" {
			if len(m.constants[name]) == 0 {
				return fmt.Errorf("%s has no constants", name)
			}
			m.enums = append(m.enums, name)
			return nil
		}
		if basic(under.Name) {
			return nil
		}
	}
	return fmt.Errorf("%s does not cross", name)
}

type field struct {
	name string // Go's
	expr ast.Expr
	doc  string
}

func (m *model) fields(name string) []field {
	structure, ok := m.types[name].Type.(*ast.StructType)
	if !ok {
		return nil
	}
	var out []field
	for _, f := range structure.Fields.List {
		if len(f.Names) == 0 {
			out = append(out, field{expr: f.Type})
		}
		for _, n := range f.Names {
			out = append(out, field{n.Name, f.Type, oneLine(f.Doc, f.Comment)})
		}
	}
	return out
}

func basic(name string) bool {
	switch name {
	case "string", "bool", "byte", "int", "int64", "uint8", "uint16", "uint32":
		return true
	}
	return false
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func isBytes(e *ast.ArrayType) bool { return isIdent(e.Elt, "byte") || isIdent(e.Elt, "uint8") }

// lower spells a Go name as TypeScript does.
func lower(name string) string {
	for _, word := range []string{"SSID", "RSSI", "URL", "PAN", "QR", "ID", "OK"} {
		name = strings.ReplaceAll(name, word, word[:1]+strings.ToLower(word[1:]))
	}
	return strings.ToLower(name[:1]) + name[1:]
}
