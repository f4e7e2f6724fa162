package embedded

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// An indexFS is the file system that Pebble sees. Pebble makes a marker file
// that names its newest manifest, and only then syncs the folder, so that
// after a power cut the marker may be there without the manifest. Common file
// systems keep the two in order; POSIX does not ask them to. Here the folder
// is synced before a marker is made.
type indexFS struct{ vfs.FS }

const markerPrefix = "marker."

// Create implements [vfs.FS].
func (fs indexFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(fs.PathBase(name), markerPrefix) {
		if err := syncDir(fs.FS, fs.PathDir(name)); err != nil {
			return nil, err
		}
	}
	return fs.FS.Create(name, category)
}

// Unwrap implements [vfs.FS].
func (fs indexFS) Unwrap() vfs.FS { return fs.FS }
