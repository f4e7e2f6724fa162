package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	citation = regexp.MustCompile(`RFCs? ([0-9]{3,5})`)
	tableRow = regexp.MustCompile(`(?m)^\| ([0-9]{3,5}) \| [^|]+ \| ([^|]+) \|`)
)

// statuses are the words that RFC.md may say of an RFC.
var statuses = []string{"yes", "part", "no", "background"}

// TestCitedRFCs keeps RFC.md true: every RFC that code cites stands in it,
// with a status.
func TestCitedRFCs(t *testing.T) {
	table, err := os.ReadFile("../../RFC.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := make(map[string]bool)
	for _, row := range tableRow.FindAllStringSubmatch(string(table), -1) {
		if listed[row[1]] {
			t.Errorf("RFC.md lists RFC %s twice", row[1])
		}
		listed[row[1]] = true
		if status := strings.TrimSpace(row[2]); !slices.Contains(statuses, status) {
			t.Errorf("RFC.md: RFC %s has the status %q, which is none of %v", row[1], status, statuses)
		}
	}
	cited := citedRFCs(t)
	if len(cited) < 20 {
		t.Fatalf("only %d RFCs found in code", len(cited))
	}
	for number, file := range cited {
		if !listed[number] {
			t.Errorf("RFC.md does not list RFC %s, cited in %s", number, file)
		}
	}
}

// citedRFCs maps each RFC number in code to a file that cites it.
func citedRFCs(t *testing.T) map[string]string {
	t.Helper()
	cited := make(map[string]string)
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		text, err := os.ReadFile(name)
		for _, m := range citation.FindAllSubmatch(text, -1) {
			cited[string(m[1])] = name
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return cited
}
