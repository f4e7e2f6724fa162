package server

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// A slowCopy is a file system on which the first file of a backup takes until
// it is told to go on.
type slowCopy struct {
	vfs.FS
	once        sync.Once
	begun, goOn chan struct{}
}

func (s *slowCopy) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.Contains(name, ".partial") {
		s.once.Do(func() {
			close(s.begun)
			<-s.goOn
		})
	}
	return s.FS.Create(name, c)
}

// A backingUp is a server of which backups are made to folders below dir.
type backingUp struct {
	t    *testing.T
	dir  string
	slow *slowCopy
	copy func(context.Context, string) (embedded.BackedUp, error)
}

func newBackingUp(t *testing.T) *backingUp {
	b := &backingUp{t: t, dir: t.TempDir(), slow: &slowCopy{FS: vfs.Default, begun: make(chan struct{}), goOn: make(chan struct{})}}
	c := config.Default()
	c.Data = filepath.Join(b.dir, "data")
	s := &Server{config: c, log: slog.New(slog.DiscardHandler)}
	store, err := embedded.Open(s.storePath(), embedded.Options{FS: b.slow, BallastSize: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	batch := store.NewBatch()
	batch.Set([]byte("key"), []byte("value"))
	batch.AppendBlob([]byte("content"))
	if err := storage.Commit(store, batch); err != nil {
		t.Fatal(err)
	}
	s.store = store
	b.copy = s.backup()
	return b
}

func (b *backingUp) folder(name string) string { return filepath.Join(b.dir, name) }

// begin begins a backup, which goes on when the file system does, and returns how
// it ends.
func (b *backingUp) begin(ctx context.Context, folder string) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := b.copy(ctx, folder)
		done <- err
	}()
	<-b.slow.begun
	return done
}

// names lists what is beside the data folder.
func (b *backingUp) names() string {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// wantWhole wants a folder to have a whole store.
func (b *backingUp) wantWhole(folder string) {
	b.t.Helper()
	view, err := embedded.OpenView(filepath.Join(folder, "store"), embedded.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer view.Close()
	if _, err := view.Verify(b.t.Context(), embedded.VerifyOptions{Found: func(f damage.Finding) { b.t.Error(f) }}); err != nil {
		b.t.Error(err)
	}
	if got, err := view.Get(nil, []byte("key")); err != nil || string(got) != "value" {
		b.t.Errorf("the copy has %q, %v", got, err)
	}
}

// TestSecondBackup begins a backup while another is under way, to the same folder
// and to others: it is refused, and takes nothing from the first.
func TestSecondBackup(t *testing.T) {
	t.Parallel()
	b := newBackingUp(t)
	first := b.begin(t.Context(), b.folder("copy"))
	for _, name := range []string{"copy", "copy.partial", "other"} {
		if _, err := b.copy(t.Context(), b.folder(name)); !errors.Is(err, admin.ErrBackupRuns) {
			t.Errorf("a second backup, to %s: %v", name, err)
		}
	}
	if got := b.names(); got != "copy.partial data" {
		t.Errorf("meanwhile there are %s", got)
	}
	close(b.slow.goOn)
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	b.wantWhole(b.folder("copy"))
	if _, err := b.copy(t.Context(), b.folder("copy")); !errors.Is(err, embedded.ErrBackupExists) {
		t.Errorf("to a folder that is there: %v", err)
	}
	if _, err := b.copy(t.Context(), b.folder("other")); err != nil {
		t.Errorf("after the first: %v", err)
	}
	b.wantWhole(b.folder("other"))
}

// TestManyBackups begins many at once to one folder: one makes it, whole, and
// all others are refused.
func TestManyBackups(t *testing.T) {
	t.Parallel()
	b := newBackingUp(t)
	close(b.slow.goOn)
	made := make(chan error, 16)
	for range cap(made) {
		go func() {
			_, err := b.copy(t.Context(), b.folder("copy"))
			made <- err
		}()
	}
	succeeded := 0
	for range cap(made) {
		switch err := <-made; {
		case err == nil:
			succeeded++
		case !errors.Is(err, admin.ErrBackupRuns) && !errors.Is(err, embedded.ErrBackupExists):
			t.Error(err)
		}
	}
	if got := b.names(); succeeded != 1 || got != "copy data" {
		t.Errorf("%d have succeeded, and there are %s", succeeded, got)
	}
	b.wantWhole(b.folder("copy"))
}

// TestBackupCutShort gives up a backup: nothing of it stays, and the next is made.
func TestBackupCutShort(t *testing.T) {
	t.Parallel()
	b := newBackingUp(t)
	ctx, cancel := context.WithCancel(t.Context())
	first := b.begin(ctx, b.folder("copy"))
	cancel()
	close(b.slow.goOn)
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if got := b.names(); got != "data" {
		t.Errorf("after that there are %s", got)
	}
	if _, err := b.copy(t.Context(), b.folder("copy")); err != nil {
		t.Error(err)
	}
	b.wantWhole(b.folder("copy"))
}
