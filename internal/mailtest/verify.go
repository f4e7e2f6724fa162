package mailtest

import (
	"context"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/mailstead/mailstead/internal/flow/integrity"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// Verify returns all that is wrong with the store of a stopped server, as
// `mailstead verify` finds it.
func (s *Server) Verify() []damage.Finding {
	s.t.Helper()
	return s.VerifyOn(s.options.Storage.FS)
}

// VerifyOn is Verify for a file system that no server uses, such as a crash
// leaves.
func (s *Server) VerifyOn(fs vfs.FS) []damage.Finding {
	s.t.Helper()
	dir, o := "store", embedded.Options{FS: fs}
	if s.options.Disk {
		dir, o = filepath.Join(s.config.Data, "store"), embedded.Options{}
	}
	view, err := embedded.OpenView(dir, o)
	if err != nil {
		s.t.Fatal(err)
	}
	defer view.Close()
	var found []damage.Finding
	_, err = integrity.Verify(context.Background(), view, integrity.Options{
		Found: func(f damage.Finding) { found = append(found, f) },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// mustVerify fails the test if the store has come to harm.
func (s *Server) mustVerify() {
	s.t.Helper()
	if s.options.Disk || s.options.Damaged {
		return // benchmarks have no time for it
	}
	for _, f := range s.Verify() {
		s.t.Errorf("verify: %s", f)
	}
}
