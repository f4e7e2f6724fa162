package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/mailstead/mailstead/"

// floors of internal/ and the door, from the bottom up. Standards are below.
var floors = []string{
	"internal/platform",
	"internal/model",
	"internal/flow",
	"internal/face",
	"internal/server",
	"cmd",
}

// standards says which rooms of the standards wing each of them stands on.
var standards = map[string][]string{
	"address":          {},
	"collation":        {},
	"message":          {"collation"},
	"sasl":             {},
	"dns":              {"address"},
	"dsn":              {"address", "message"},
	"tlspolicy":        {"dns"},
	"smtp":             {"address"},
	"smtp/smtpserver":  {"address", "sasl", "smtp"},
	"smtp/smtpclient":  {"address", "sasl", "smtp"},
	"imap":             {"message"},
	"imap/imapwire":    {"imap", "message"},
	"imap/imapthread":  {"imap", "message"},
	"imap/imapdeflate": {},
	"imap/imapserver":  {"collation", "imap", "imap/imapdeflate", "imap/imapwire", "message", "sasl"},
	"imap/imapclient":  {"imap", "imap/imapwire", "message", "sasl"},
	"pop3":             {},
	"pop3/pop3server":  {"pop3", "sasl"},
	"pop3/pop3client":  {"pop3", "sasl"},
}

// kits are for tests only, and may import what they need.
var kits = []string{
	"wiretest",
	"dns/dnstest",
	"imap/imaptest",
	"internal/crashtest",
	"internal/mailtest",
	"internal/archtest",
	"internal/soak",
	"internal/platform/storage/storagetest",
}

// An exception lets one folder import another against the rule.
type exception struct{ from, to, reason string }

var exceptions = []exception{
	{"internal/flow/inbound", "internal/flow/delivery", "any flow may deliver into local mailboxes"},
	{"internal/flow/outbound/inhouse", "internal/flow/delivery", "any flow may deliver into local mailboxes"},
	{"internal/platform/storage/embedded", "internal/platform/damage", "all floors say in the same words what is wrong with stored data"},
}

func TestImportsGoDown(t *testing.T) {
	used := make(map[exception]bool)
	for from, imports := range readImports(t) {
		for to := range imports {
			if why := refusal(from, to); why != "" {
				if e, ok := findException(from, to); ok {
					used[e] = true
					continue
				}
				t.Errorf("%s imports %s: %s", from, to, why)
			}
		}
	}
	for _, e := range exceptions {
		if !used[e] {
			t.Errorf("the exception %s → %s (%s) is not needed", e.from, e.to, e.reason)
		}
	}
}

// refusal says why folder from may not import folder to; it is empty when it
// may.
func refusal(from, to string) string {
	switch {
	case isKit(from):
		return ""
	case isKit(to):
		return "a test kit is for tests only"
	}
	if allowed, ok := standards[from]; ok {
		if !slices.Contains(allowed, to) {
			return "not among the rooms that this standard stands on"
		}
		return ""
	}
	if _, ok := standards[to]; ok {
		return ""
	}
	above, below := floor(from), floor(to)
	switch {
	case above < 0:
		return from + " stands on no floor; add it to the tables"
	case below < 0:
		return to + " stands on no floor; add it to the tables"
	case below > above:
		return "an import never goes up"
	case below == above && !inside(from, to) && !inside(to, from):
		return "an import never goes sideways"
	}
	return ""
}

func floor(dir string) int {
	return slices.IndexFunc(floors, func(f string) bool { return inside(dir, f) })
}

// inside reports whether dir is parent or stands below it.
func inside(dir, parent string) bool {
	return dir == parent || strings.HasPrefix(dir, parent+"/")
}

func isKit(dir string) bool {
	return slices.ContainsFunc(kits, func(k string) bool { return inside(dir, k) })
}

func findException(from, to string) (exception, bool) {
	i := slices.IndexFunc(exceptions, func(e exception) bool { return e.from == from && e.to == to })
	if i < 0 {
		return exception{}, false
	}
	return exceptions[i], true
}

// readImports returns, for each folder with Go code, the folders of this
// module that its code imports. Tests may import what they like.
func readImports(t *testing.T) map[string]map[string]bool {
	t.Helper()
	root := filepath.Join("..", "..")
	all := make(map[string]map[string]bool)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".git")) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path.Dir(filepath.ToSlash(name)))
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(rel)
		if all[dir] == nil {
			all[dir] = make(map[string]bool)
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if to, ok := strings.CutPrefix(imported, module); ok {
				all[dir][to] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("only %d folders read: %v", len(all), slices.Collect(maps.Keys(all)))
	}
	return all
}

// TestRefusals shows that the rules refuse what they must.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"cmd/mailstead", "internal/server", true},
		{"internal/server", "internal/platform/storage/embedded", true},
		{"internal/face/imapsession", "internal/model/mailstore", true},
		{"internal/platform/storage/embedded", "internal/platform/storage", true},
		{"internal/model/queue", "smtp", true},
		{"imap/imapserver", "imap/imapwire", true},
		{"internal/model/mailstore", "internal/model/directory", false},
		{"internal/platform/limit", "internal/model/queue", false},
		{"internal/face/imapsession", "internal/face/pop3session", false},
		{"imap/imapserver", "smtp", false},
		{"smtp", "internal/platform/obs", false},
		{"internal/server", "internal/mailtest", false},
		{"internal/flow/upkeep", "internal/flow/outbound", false},
	} {
		if got := refusal(c.from, c.to) == ""; got != c.allowed {
			t.Errorf("%s → %s: allowed %v, want %v", c.from, c.to, got, c.allowed)
		}
	}
}
