//go:build clients

package clienttest

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/soak"
	"github.com/mailstead/mailstead/message/messagetest"
)

// pythonDiffers says where Python's parser and ours may differ, by what Python
// has found wrong with a message.
var pythonDiffers = map[string]string{
	"MissingHeaderBodySeparatorDefect":    "a line of a header that is none begins the body for Python, the scanner passes it over",
	"FirstHeaderLineIsContinuationDefect": "a header that begins with a folded line",
	"CloseBoundaryNotFoundDefect":         "Python takes a line end from the last part of a multipart without end",
	"StartBoundaryNotFoundDefect":         "Python sees no parts; the scanner has one, as BODYSTRUCTURE must",
	"NoBoundaryInMultipartDefect":         "Python sees no parts; the scanner has one, as BODYSTRUCTURE must",
	"AttributeError":                      "Python's parser fails",
	"EncodedMessage":                      "a message in a transfer encoding, forbidden by RFC 2046 §5.2.1, which Python parses as it stands",
	"OtherMessage":                        "Python looks for a header in all that is message/*",
}

// TestBesidePython holds the scanner of messages against Python's package email,
// on golden, generated and broken messages.
func TestBesidePython(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(3, 4))
	messages := make(map[string][]byte)
	golden, err := filepath.Glob("../../message/testdata/structure/*.eml")
	if err != nil || len(golden) == 0 {
		t.Fatal(golden, err)
	}
	for i := range soak.Times(4000, 40_000) {
		data := messagetest.Generate(random)
		if i < len(golden) || i%8 == 0 {
			if data, err = os.ReadFile(golden[i%len(golden)]); err != nil {
				t.Fatal(err)
			}
		}
		if i%4 != 3 && i >= len(golden) {
			data = messagetest.Mutate(random, data)
		}
		name := fmt.Sprintf("%07d", i)
		messages[name] = data
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	classes := make(map[string]int)
	said, err := exec.CommandContext(t.Context(), "python3", "testdata/outline.py", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(said)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		classes[besidePython(t, messages[fields[0]], fields[1], fields[2])]++
	}
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		t.Logf("%8d %s", classes[class], class)
	}
}

// besidePython compares one message and returns the class of what was found.
func besidePython(t *testing.T, data []byte, wrong, want string) string {
	t.Helper()
	got := messagetest.Outline(data)
	if got == want {
		return "same"
	}
	if why := pythonExcuse(data); why != "" {
		return why
	}
	for _, defect := range strings.Split(wrong, ",") {
		if why, ok := pythonDiffers[defect]; ok {
			return defect + ": " + why
		}
	}
	t.Errorf("the scanner says\n%s\nPython (which found %s)\n%s\nof\n%q", got, wrong, want, data)
	return "other"
}

var (
	fromLine    = regexp.MustCompile(`(?m)^From .`)
	contentType = regexp.MustCompile(`(?mi)^content-type:[ \t]*(.*)`)
	properType  = regexp.MustCompile(`^[!#-'*+.0-9A-Z^-~-]+/[!#-'*+.0-9A-Z^-~-]+[ \t]*(;|\r?$)`)
	boundaryIn  = regexp.MustCompile(`(?i)boundary="?([^"\r\n;]+)`)
)

// pythonExcuse says why Python may see something else in a message in which it
// has found nothing wrong.
func pythonExcuse(data []byte) string {
	if bytes.Count(data, []byte("\r\n")) < bytes.Count(data, []byte("\r")) {
		return "a CR on its own: a line end to Python, not to us"
	}
	if bytes.ContainsAny(data, "\v\f\x1c\x1d\x1e\x1f") {
		return "a control character that is a space to Python"
	}
	if fromLine.Match(data) {
		return "a line of a header that begins with From and a space: that of a mailbox file to Python, which ends the header"
	}
	for _, m := range contentType.FindAllSubmatch(data, -1) {
		if !properType.Match(m[1]) {
			return "Content-Type with bad syntax: each takes what it can read"
		}
	}
	for _, m := range boundaryIn.FindAllSubmatch(data, -1) {
		if why := delimiterExcuse(data, append([]byte("--"), m[1]...)); why != "" {
			return why
		}
	}
	return ""
}

func delimiterExcuse(data, delimiter []byte) string {
	before := false
	for line := range bytes.Lines(data) {
		rest, found := bytes.CutPrefix(line, delimiter)
		switch rest = bytes.TrimPrefix(rest, []byte("--")); {
		case found && len(bytes.TrimSpace(rest)) > 0:
			return "a line that goes on behind the boundary: a delimiter by RFC 2046 §5.1.1, not to Python"
		case found && before:
			return "two delimiters in a row: Python sees no empty part between them"
		}
		before = found
	}
	return ""
}
