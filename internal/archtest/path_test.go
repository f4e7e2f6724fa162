package archtest

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	pathRow  = regexp.MustCompile(`(?m)^\| [0-9]+ \| [^|]+ \| ([^|]+) \|$`)
	fileName = regexp.MustCompile("`([^`]+\\.go)`([^`;]*)")
)

// TestPathOfOneMessage keeps the table in ARCHITECTURE.md true: the files and
// functions that it names exist. A file without a folder is in the folder of
// the one before it.
func TestPathOfOneMessage(t *testing.T) {
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := pathRow.FindAllStringSubmatch(string(text), -1)
	if len(rows) < 10 {
		t.Fatalf("only %d rows found", len(rows))
	}
	for _, row := range rows {
		folder := ""
		for _, m := range fileName.FindAllStringSubmatch(row[1], -1) {
			name := m[1]
			if !strings.Contains(name, "/") {
				name = path.Join(folder, name)
			}
			folder = path.Dir(name)
			checkFunctions(t, name, m[2])
		}
	}
}

func checkFunctions(t *testing.T, name, functions string) {
	t.Helper()
	code, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Errorf("ARCHITECTURE.md names %s: %v", name, err)
		return
	}
	for f := range strings.FieldsFuncSeq(functions, func(r rune) bool { return r == ',' || r == ' ' }) {
		declared := regexp.MustCompile(`(?m)^func (\([^)]+\) )?` + regexp.QuoteMeta(f) + `[(\[]`)
		if !declared.Match(code) {
			t.Errorf("ARCHITECTURE.md names %s in %s, which does not declare it", f, name)
		}
	}
}
