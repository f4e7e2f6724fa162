package imapserver

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTranslationsAreUsed finds each text that has a translation in the code of
// the engine, its types or the sessions: one that was changed there must be
// changed here.
func TestTranslationsAreUsed(t *testing.T) {
	t.Parallel()
	var code bytes.Buffer
	for _, dir := range []string{".", "..", "../imapwire", "../../sasl", "../../internal/face/imapsession", "../../internal/flow/login"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(dir, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") || name == "german.go" {
				continue
			}
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(b)
		}
	}
	for text := range german.texts {
		if !strings.Contains(code.String(), `"`+text+`"`) && text != "Other Users" && text != "Shared" {
			t.Errorf("nobody says %q", text)
		}
	}
}

func TestFindLanguage(t *testing.T) {
	t.Parallel()
	for r, want := range map[string]string{
		"de": "de", "DE": "de", "de-AT": "de", "de-Latn-AT-1996": "de", "de-x-private": "de", "en-CA": "en",
		"i-default": "i-default", "default": "i-default", "*": "i-default",
		"fr": "", "d": "", "deu": "", "i": "",
	} {
		got := ""
		if l := findLanguage(r); l != nil {
			got = l.tag
		}
		if got != want {
			t.Errorf("%q: %q, want %q", r, got, want)
		}
	}
	for _, r := range []string{"", "de-", "-", "1de", "de at", "verylongtag", "de-verylongtag", "dé"} {
		if validRange(r) {
			t.Errorf("%q is no language range", r)
		}
	}
}
