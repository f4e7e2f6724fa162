//go:build clients

package clienttest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestMemoryStaysIn wants the running process to have no core dump, and nobody
// but its owner to reach its files and its socket.
func TestMemoryStaysIn(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^Max core file size +0 +0 `).Match(limits) {
		t.Errorf("core dumps are possible:\n%s", limits)
	}
	s.smtpSession(t, "smtp").deliver(alice, "Subject: x\r\n\r\nx")
	err = filepath.WalkDir(s.data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && path != s.data && filepath.Dir(path) == s.data && info.Mode().Perm()&0o077 != 0 && entry.Name() != "self-signed.pem" {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(s.data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder has mode %v, %v", info.Mode(), err)
	}
}
