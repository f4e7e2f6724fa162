package embedded

import (
	"errors"
	"log/slog"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A patientFS is the file system of packs and the index, which cannot go on
// without a file that they need: when the process, or the machine, has too many
// open, it waits until one is closed. Staged blobs do not wait. See
// [Options.Reserved] for why that is rare.
type patientFS struct {
	vfs.FS
	logger *slog.Logger
}

const (
	firstWait = time.Millisecond
	longWait  = 100 * time.Millisecond
	// patience is how long a file is waited for, before the store has to say
	// that it cannot go on.
	patience = 2 * time.Minute
)

// noFiles says that an error is for want of file descriptors.
func noFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// opened calls fn until there is a file descriptor for it.
func opened[T any](fs patientFS, name string, fn func() (T, error)) (T, error) {
	file, err := fn()
	if !noFiles(err) {
		return file, err
	}
	fs.logger.Warn("too many files open, the store waits", "file", fs.PathBase(name), "err", err)
	wait := firstWait
	for end := time.Now().Add(patience); noFiles(err) && time.Now().Before(end); {
		time.Sleep(wait)
		wait = min(2*wait, longWait)
		file, err = fn()
	}
	return file, err
}

// Create implements [vfs.FS].
func (fs patientFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return opened(fs, name, func() (vfs.File, error) { return fs.FS.Create(name, c) })
}

// Open implements [vfs.FS].
func (fs patientFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	return opened(fs, name, func() (vfs.File, error) { return fs.FS.Open(name, opts...) })
}

// OpenReadWrite implements [vfs.FS].
func (fs patientFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return opened(fs, name, func() (vfs.File, error) { return fs.FS.OpenReadWrite(name, c, opts...) })
}

// OpenDir implements [vfs.FS].
func (fs patientFS) OpenDir(name string) (vfs.File, error) {
	return opened(fs, name, func() (vfs.File, error) { return fs.FS.OpenDir(name) })
}

// ReuseForWrite implements [vfs.FS].
func (fs patientFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return opened(fs, to, func() (vfs.File, error) { return fs.FS.ReuseForWrite(from, to, c) })
}

// List implements [vfs.FS].
func (fs patientFS) List(dir string) ([]string, error) {
	return opened(fs, dir, func() ([]string, error) { return fs.FS.List(dir) })
}

// Unwrap implements [vfs.FS].
func (fs patientFS) Unwrap() vfs.FS { return fs.FS }
