package archtest

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var requirement = regexp.MustCompile(`(?m)^\t([^\s/]+/\S+|\S+\.\S+/\S+) v\S+$`)

// TestDependenciesAreExplained keeps the table of dependencies in
// ARCHITECTURE.md complete: each module that we require ourselves stands in it.
func TestDependenciesAreExplained(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	modules := requirement.FindAllStringSubmatch(string(mod), -1)
	if len(modules) < 10 {
		t.Fatalf("only %d modules found in go.mod", len(modules))
	}
	for _, m := range modules {
		name := m[1][strings.LastIndexByte(strings.TrimSuffix(m[1], "/v2"), '/')+1:]
		if !strings.Contains(string(text), name) {
			t.Errorf("ARCHITECTURE.md does not say what %s is for", m[1])
		}
	}
}
