package main

import (
	"fmt"
	"go/ast"
	"strconv"
	"strings"
)

const typeScriptHead = `/**
 * What passes between the page's program (Go, web/app) and its host.
 *
 * Made by \` + "`go generate ./web/app/codec`" + ` from the types of web/flow: change those. Instants are Unix
 * milliseconds, durations milliseconds, 64-bit IDs hex strings. Every field must be there with its type, apart from
 * those marked with "?"; the program refuses an event that is not so.
 */
`

func (m *model) typeScript() string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(typeScriptHead, "\\`", "`"))
	for _, name := range m.enums {
		b.WriteString("\n" + docLine("", m.docs[name]) + "export type " + name + " =")
		for i, value := range m.constants[name] {
			if i > 0 {
				b.WriteString(" |")
			}
			b.WriteString(" " + strconv.Quote(value))
		}
		b.WriteString(";\n")
	}
	for _, name := range m.reached {
		b.WriteString("\n" + docLine("", m.docs[name]) + "export interface " + name + " {\n")
		for _, f := range m.fields(name) {
			b.WriteString(docLine("    ", f.doc) + "    readonly " + m.tsField(f) + ";\n")
		}
		b.WriteString("}\n")
	}
	m.tsUnion(&b, "Into the program: what happened.", "PageEvent", m.events)
	m.tsUnion(&b, "Out of it: what the host has to do.", "PageEffect", m.effects)
	return b.String()
}

func docLine(indent, doc string) string {
	if doc == "" {
		return ""
	}
	return indent + "/** " + doc + " */\n"
}

func (m *model) tsUnion(b *strings.Builder, doc, union string, names []string) {
	b.WriteString("\n" + docLine("", doc) + "export type " + union + " =")
	for _, name := range names {
		b.WriteString("\n" + docLine("    ", m.docs[name]) + "    | { readonly type: " + strconv.Quote(lower(name)))
		for _, f := range m.fields(name) {
			b.WriteString("; readonly " + m.tsField(f))
		}
		b.WriteString(" }")
	}
	b.WriteString(";\n")
}

func (m *model) tsField(f field) string {
	if star, ok := f.expr.(*ast.StarExpr); ok {
		return lower(f.name) + "?: " + m.tsType(star.X) + " | undefined"
	}
	return lower(f.name) + ": " + m.tsType(f.expr)
}

func (m *model) tsType(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		if spec, ok := m.types[e.Name]; ok {
			if under, ok := spec.Type.(*ast.Ident); ok && under.Name != "string" {
				return m.tsType(under)
			}
			return e.Name
		}
		switch e.Name {
		case "string":
			return "string"
		case "bool":
			return "boolean"
		default:
			return "number"
		}
	case *ast.StarExpr:
		return m.tsType(e.X) + " | undefined"
	case *ast.ArrayType:
		if isBytes(e) {
			return "Uint8Array"
		}
		return "readonly " + m.tsType(e.Elt) + "[]"
	case *ast.MapType:
		return "Readonly<Record<string, string>>"
	}
	panic(fmt.Sprintf("visited, but not spelled: %T", e))
}
