package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// TestVerifyBackupRepair checks a running server and a copy of it, damages the
// copy, loses its index and repairs it.
func TestVerifyBackupRepair(t *testing.T) {
	t.Parallel()
	data, _ := startDev(t)
	copied := filepath.Join(shortDir(t), "copy")
	if out := must(t, "", "verify", "--data", data); !strings.Contains(out, "all is whole") {
		t.Errorf("verify of a running server: %s", out)
	}
	must(t, "secret\n", "account", "add", "ann@example.test", "--data", data)
	if out := must(t, "", "backup", copied, "--data", data); !strings.Contains(out, "has all mail") {
		t.Errorf("backup: %s", out)
	}
	refused(t, "the folder exists", "", "backup", copied, "--data", data)
	refused(t, "stop the server first", "", "repair", "--data", data)
	refused(t, "copy the data folder itself", "", "backup", copied+"2", "--data", copied)
	if out := must(t, "", "verify", "--data", copied, "--json"); !strings.Contains(out, `"clean":true`) {
		t.Errorf("verify of a copy: %s", out)
	}
	if err := os.RemoveAll(filepath.Join(copied, "store", "index")); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "", "repair", "--rebuild-index", "--dry-run", "--data", copied); !strings.Contains(out, "nothing has been changed") {
		t.Errorf("dry run: %s", out)
	}
	must(t, "", "repair", "--rebuild-index", "--data", copied)
	r := run(t.Context(), "", "verify", "--data", copied)
	if r.err != nil && !errors.Is(r.err, errDamaged) {
		t.Errorf("verify after the repair: %v", r.err)
	}
	whole := copied + "3"
	must(t, "", "backup", whole, "--data", data)
	if out := must(t, "", "repair", "--data", whole); !strings.Contains(out, "nothing to repair") {
		t.Errorf("repair of what is whole: %s", out)
	}
}

// TestVerifyFinds wants findings on the output and a code of its own.
func TestVerifyFinds(t *testing.T) {
	t.Parallel()
	data := shortDir(t)
	store, err := embedded.Open(filepath.Join(data, "store"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := store.NewBatch()
	b.Set([]byte("\x60far.test"), []byte("no policy"))
	if err := errors.Join(store.Enqueue(b).Wait(), store.Close()); err != nil {
		t.Fatal(err)
	}
	r := run(t.Context(), "", "verify", "--data", data, "--json")
	first, _, _ := strings.Cut(r.out, "\n")
	var f struct{ Severity, What, Do string }
	if err := json.Unmarshal([]byte(first), &f); err != nil || f.Severity != "lost" || f.Do == "" {
		t.Errorf("found %q, %v", r.out, err)
	}
	if exitCode(r.err) != 2 || exitCode(context.Canceled) != 1 {
		t.Errorf("exit code %d for %v", exitCode(r.err), r.err)
	}
	if r := run(t.Context(), "", "verify", "--data", shortDir(t)); !errors.Is(r.err, fs.ErrNotExist) {
		t.Errorf("verify of nothing: %v", r.err)
	}
	for _, args := range [][]string{{"repair"}, {"repair", "--dry-run"}, {"repair", "--rebuild-index"}} {
		refused(t, "no store", "", append(args, "--data", filepath.Join(data, "misspelt"))...)
	}
	if _, err := os.Stat(filepath.Join(data, "misspelt")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("repair of nothing has made something: %v", err)
	}
}

// TestNewerStore runs each verb that touches a store on one that a newer Mailstead
// has made: it is refused, and the data folder stays as it is, byte for byte.
func TestNewerStore(t *testing.T) {
	t.Parallel()
	data := shortDir(t)
	store, err := embedded.Open(filepath.Join(data, "store"), embedded.Options{BallastSize: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	b := store.NewBatch()
	b.Set([]byte("key"), []byte("value"))
	b.AppendBlob([]byte("content"))
	format := filepath.Join(data, "store", "FORMAT")
	err = errors.Join(store.Enqueue(b).Wait(), store.Close(),
		os.WriteFile(format, []byte("mailstead store, format 3\n"), 0o600),
		os.WriteFile(filepath.Join(data, "store", "staging", "7"), []byte("half a message"), 0o600),
		os.Remove(filepath.Join(data, "store", "LOCK")), os.Remove(filepath.Join(data, "store", "ballast")))
	if err != nil {
		t.Fatal(err)
	}
	config := write(t, filepath.Join(shortDir(t), "mailstead.toml"), fmt.Sprintf("hostname = 'mail.example.test'\ndata = %q\n", data))
	before := filesIn(t, data)
	const newer = "made by a newer Mailstead: it has format 3, and this one knows formats 1 to 1"
	for _, c := range []struct{ want, line string }{
		{newer, "verify"}, {newer, "verify --quick --json"},
		{newer, "repair"}, {newer, "repair --dry-run"}, {newer, "repair --rebuild-index"}, {newer, "repair --rebuild-index --dry-run"},
		{newer, "dev"},
		{"no server", "backup " + filepath.Join(data, "copy")}, {"no server", "queue list"}, {"no server", "queue retry --all"},
		{"no server", "account list"}, {"no server", "domain list"},
	} {
		refused(t, c.want, "", append(strings.Fields(c.line), "--data", data)...)
	}
	refused(t, newer, "", "serve", "--config", config)
	if after := filesIn(t, data); after != before {
		t.Errorf("the data folder is\n%swas\n%s", after, before)
	}
}

// filesIn lists what is in a folder and below it, with modes, times and checksums.
func filesIn(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		var content []byte
		if info.Mode().IsRegular() {
			content, err = os.ReadFile(name)
		}
		fmt.Fprintf(&out, "%s %s %s %x\n", name, info.Mode(), info.ModTime().Format(time.RFC3339Nano), sha256.Sum256(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}
