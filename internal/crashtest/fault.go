package crashtest

import (
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// A Fault is what a disk does once, or for a while, instead of its work.
type Fault struct {
	Name string
	// Err is what the operation fails with.
	Err error
	// Short lets a write fail when half of it is done.
	Short bool
	// Operations is how many in a row fail; zero is one.
	Operations int64
	// Takes is how long the operation takes before.
	Takes time.Duration
	// On selects operations.
	On func(errorfs.Op) bool
	// Ballast is a file whose removal makes room for files in a folder.
	Ballast, Room string
}

// Faults are those that a disk may have.
func Faults() []Fault {
	return []Fault{
		{Name: "full", Err: syscall.ENOSPC, Operations: 40, On: needsRoom, Ballast: "ballast", Room: "/index/"},
		{Name: "full in the middle of a write", Err: syscall.ENOSPC, Short: true, On: isWrite},
		{Name: "write error", Err: syscall.EIO, On: isWrite},
		{Name: "error in the middle of a write", Err: syscall.EIO, Short: true, On: isWrite},
		{Name: "sync error", Err: syscall.EIO, On: isSync},
		{Name: "create, rename or remove error", Err: syscall.EIO, On: isNaming},
		{Name: "read error", Err: syscall.EIO, On: isRead},
	}
}

// SlowSync is a sync that takes its time.
func SlowSync(takes time.Duration) Fault { return Fault{Name: "slow sync", Takes: takes, On: isSync} }

// Fails makes the disk have a fault at the n-th operation from now on of those
// that can have it. It returns what tells whether that has happened.
func (d *Disk) Fails(f Fault, n int64) (fired func() bool) {
	var count atomic.Int64
	var room atomic.Bool
	d.Before(func(op errorfs.Op) error {
		if f.Ballast != "" && op.Kind == errorfs.OpRemove && strings.HasSuffix(op.Path, f.Ballast) {
			room.Store(true)
		}
		if !f.On(op) || room.Load() && strings.Contains(op.Path, f.Room) {
			return nil
		}
		at := count.Add(1)
		if at < n || at >= n+max(f.Operations, 1) {
			return nil
		}
		time.Sleep(f.Takes)
		if f.Err != nil && f.Short {
			d.tear.Store(&f.Err)
			return nil
		}
		return f.Err
	})
	return func() bool { return count.Load() >= n }
}

func isWrite(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileWrite || op.Kind == errorfs.OpFileWriteAt
}

// isSync selects syncs.
func isSync(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
		return true
	}
	return false
}

// isNaming selects what changes folders.
func isNaming(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpCreate, errorfs.OpLink, errorfs.OpRemove, errorfs.OpRename, errorfs.OpReuseForWrite:
		return true
	}
	return false
}

// needsRoom selects what a full disk does not do.
func needsRoom(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpCreate, errorfs.OpFilePreallocate, errorfs.OpMkdirAll, errorfs.OpLink:
		return true
	}
	return isWrite(op)
}

func isRead(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpFileRead, errorfs.OpFileReadAt, errorfs.OpOpen, errorfs.OpStat, errorfs.OpList:
		return true
	}
	return false
}

// tearing is a file system that can do the half of a write.
type tearing struct {
	vfs.FS
	tear *atomic.Pointer[error] // what the next write fails with
}

// Create implements vfs.FS.
func (t tearing) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := t.FS.Create(name, category)
	return t.wrap(f), err
}

// OpenReadWrite implements vfs.FS.
func (t tearing) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := t.FS.OpenReadWrite(name, category, opts...)
	return t.wrap(f), err
}

// ReuseForWrite implements vfs.FS.
func (t tearing) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := t.FS.ReuseForWrite(from, to, category)
	return t.wrap(f), err
}

func (t tearing) wrap(f vfs.File) vfs.File {
	if f == nil {
		return nil
	}
	return tearingFile{f, t.tear}
}

type tearingFile struct {
	vfs.File
	tear *atomic.Pointer[error]
}

// Write implements vfs.File.
func (f tearingFile) Write(p []byte) (int, error) {
	if err := f.tear.Swap(nil); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, *err
	}
	return f.File.Write(p)
}

// WriteAt implements vfs.File.
func (f tearingFile) WriteAt(p []byte, offset int64) (int, error) {
	if err := f.tear.Swap(nil); err != nil {
		n, _ := f.File.WriteAt(p[:len(p)/2], offset)
		return n, *err
	}
	return f.File.WriteAt(p, offset)
}
