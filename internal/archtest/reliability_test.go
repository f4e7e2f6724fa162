package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	promiseRow = regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]*\x60[^|]*) \| [^|]* \| [^|]* \|$`)
	testName   = regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz|Benchmark)[A-Za-z0-9_]+)`")
	soakName   = regexp.MustCompile("soak `([a-z0-9-]+)`")
	soakLine   = regexp.MustCompile(`(?m)^\t\t([a-z0-9-]+)  +[-.]`)
)

// TestPromisesHaveTests keeps docs/reliability.md true: each promise names
// tests that exist, and each long form has run and kept its output.
func TestPromisesHaveTests(t *testing.T) {
	text, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := promiseRow.FindAllStringSubmatch(string(text), -1)
	if len(rows) == 0 {
		t.Fatal("no promise found")
	}
	named := make(map[string]bool)
	promised := make(map[string]bool)
	for _, row := range rows {
		if promised[row[1]] {
			t.Errorf("promised twice: %s", row[1])
		}
		promised[row[1]] = true
		tests := testName.FindAllStringSubmatch(row[2], -1)
		if len(tests) == 0 {
			t.Errorf("no test for: %s", row[1])
		}
		for _, m := range tests {
			checkTestExists(t, m[1], m[2])
		}
		for _, m := range soakName.FindAllStringSubmatch(row[2], -1) {
			named[m[1]] = true
		}
	}
	checkSoaks(t, named)
}

// checkTestExists wants a test file in the folder that has the function.
func checkTestExists(t *testing.T, folder, function string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+function+"(") {
			return
		}
	}
	t.Errorf("docs/reliability.md names %s.%s, which does not exist", folder, function)
}

// checkSoaks wants the long forms of scripts/soak.sh to be those that the
// document names, each with the output of a run that passed.
func checkSoaks(t *testing.T, named map[string]bool) {
	t.Helper()
	script, err := os.ReadFile("../../scripts/soak.sh")
	if err != nil {
		t.Fatal(err)
	}
	listed := make(map[string]bool)
	for _, m := range soakLine.FindAllStringSubmatch(string(script), -1) {
		listed[m[1]] = true
		if !named[m[1]] {
			t.Errorf("no promise names soak %q of scripts/soak.sh", m[1])
		}
		output, err := os.ReadFile(filepath.Join("../../docs/soak", m[1]+".txt"))
		if err != nil {
			t.Errorf("soak %s has not been run: %v", m[1], err)
		} else if !strings.Contains(string(output), "\nok ") || strings.Contains(string(output), "\nFAIL") {
			t.Errorf("docs/soak/%s.txt is not the output of a run that passed", m[1])
		}
	}
	for name := range named {
		if !listed[name] {
			t.Errorf("docs/reliability.md names soak %q, which scripts/soak.sh does not have", name)
		}
	}
}
