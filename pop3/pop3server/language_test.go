package pop3server

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestTranslations looks for each fixed text in the engine's own source: none
// may be missing in a language, and no translation may be left over.
func TestTranslations(t *testing.T) {
	t.Parallel()
	found := fixedTexts(t)
	if len(found) < 20 {
		t.Fatalf("only %d texts found: %v", len(found), found)
	}
	for _, l := range languages(nil)[1:] {
		for text := range found {
			if l.texts[text] == "" {
				t.Errorf("%s has no text for %q", l.tag, text)
			}
		}
		for text := range l.texts {
			if !found[text] {
				t.Errorf("%s translates %q, which nobody says", l.tag, text)
			}
		}
	}
}

// fixedTexts returns the string literals that are given to ok, text, Error.Text
// and badCommand.
func fixedTexts(t *testing.T) map[string]bool {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	note := func(e ast.Expr) {
		if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, _ := strconv.Unquote(literal.Value)
			found[text] = true
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if name := nameOf(n.Fun); name == "ok" || name == "text" || name == "badCommand" {
					note(n.Args[0])
				}
			case *ast.KeyValueExpr:
				if nameOf(n.Key) == "Text" {
					note(n.Value)
				}
			}
			return true
		})
	}
	return found
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func TestLanguageRange(t *testing.T) {
	t.Parallel()
	s := &Server{languages: languages(nil)}
	for wanted, tag := range map[string]string{
		"de": "de", "DE": "de", "de-AT": "de", "de-Latn-AT-1996": "de", "de-a-value": "de",
		"en": "en", "en-boont": "en", "fr": "", "deu": "", "x-de": "",
	} {
		got := ""
		if l := s.language(wanted); l != nil {
			got = l.tag
		}
		if !isLanguageRange(wanted) || got != tag {
			t.Errorf("%q gives %q, want %q", wanted, got, tag)
		}
	}
}
