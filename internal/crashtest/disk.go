package crashtest

import (
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// A Disk is a file system that calls Before before each of its operations.
type Disk struct {
	*errorfs.FS
	before atomic.Pointer[func(errorfs.Op) error]
	tear   atomic.Pointer[error]
}

// NewDisk returns a Disk with the files of another file system.
func NewDisk(fs vfs.FS) *Disk {
	d := new(Disk)
	d.FS = errorfs.Wrap(tearing{fs, &d.tear}, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if before := d.before.Load(); before != nil {
			return (*before)(op)
		}
		return nil
	}))
	return d
}

// Before has f called before each operation from now on; what it returns, if
// not nil, is what the operation fails with. A nil f ends that.
func (d *Disk) Before(f func(errorfs.Op) error) {
	if f == nil {
		d.before.Store(nil)
		return
	}
	d.before.Store(&f)
}

// CutAfter has cut called once, before the n-th operation from now on that
// changes the disk. Until then every fourth sync takes a little time, as on a
// real disk, so that there is always something which has been written and is not
// safe yet.
func (d *Disk) CutAfter(n int64, cut func()) {
	var count atomic.Int64
	d.Before(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		at := count.Add(1)
		if isSync(op) && at%4 == 0 {
			time.Sleep(time.Millisecond)
		}
		if at == n {
			cut()
		}
		return nil
	})
}
