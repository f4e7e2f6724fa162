package embedded

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A logFS is what Pebble sees in the end. When Pebble cannot close its log, or
// cannot make the next one, it panics with its locks in a state that no recover
// survives. Here the store ends in its own way, before Pebble hears of such an
// error.
type logFS struct {
	vfs.FS
	fatal *fatal
	dir   string // the index; elsewhere, copies of it are made, which may fail
}

// concerns says whether a file or a folder is of the index.
func (fs logFS) concerns(name string) bool {
	return fs.dir == "" || name == fs.dir || fs.FS.PathDir(name) == fs.dir
}

const logSuffix = ".log"

// Create implements [vfs.FS].
func (fs logFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, c)
	return fs.guard(name, f, err)
}

// ReuseForWrite implements [vfs.FS].
func (fs logFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.ReuseForWrite(from, to, c)
	return fs.guard(to, f, err)
}

// OpenDir implements [vfs.FS]. A log is there when its folder has been synced.
func (fs logFS) OpenDir(name string) (vfs.File, error) {
	f, err := fs.FS.OpenDir(name)
	if err != nil || !fs.concerns(name) {
		return f, err
	}
	return logFile{f, name, fs.fatal}, nil
}

// Unwrap implements [vfs.FS].
func (fs logFS) Unwrap() vfs.FS { return fs.FS }

// guard wraps a file that was made, if it is a log.
func (fs logFS) guard(name string, f vfs.File, err error) (vfs.File, error) {
	if !strings.HasSuffix(name, logSuffix) || !fs.concerns(name) {
		return f, err
	}
	if err != nil {
		return nil, fs.fatal.ofLog(name, err)
	}
	return logFile{f, name, fs.fatal}, nil
}

// ofLog ends the store for an error of the log, if there is one, and returns
// it.
func (f *fatal) ofLog(name string, err error) error {
	if err != nil {
		f.set(fmt.Errorf("storage: log of the index: %s: %w", name, err))
	}
	return err
}

// A logFile is the log, or the folder that it is in.
type logFile struct {
	vfs.File
	name  string
	fatal *fatal
}

// Write implements [vfs.File].
func (f logFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	return n, f.fatal.ofLog(f.name, err)
}

// Sync implements [vfs.File].
func (f logFile) Sync() error { return f.fatal.ofLog(f.name, f.File.Sync()) }

// SyncData implements [vfs.File].
func (f logFile) SyncData() error { return f.fatal.ofLog(f.name, f.File.SyncData()) }

// SyncTo implements [vfs.File].
func (f logFile) SyncTo(length int64) (fullSync bool, err error) {
	fullSync, err = f.File.SyncTo(length)
	return fullSync, f.fatal.ofLog(f.name, err)
}

// Close implements [vfs.File].
func (f logFile) Close() error { return f.fatal.ofLog(f.name, f.File.Close()) }
