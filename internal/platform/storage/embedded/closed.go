package embedded

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// closedName is a file in the index's folder that lists the others, as a clean
// stop has left them. Pebble takes a damaged record of its log or manifest for
// the end of it, for so it looks after a crash: what was acknowledged behind it
// would be gone without a word. After a clean stop there is nothing to take for
// an end.
const closedName = "CLOSED"

// maxClosed bounds what is read of a list: 500 000 tables.
const maxClosed = 16 << 20

// A closedList makes and checks the list of a folder.
type closedList struct {
	fs  vfs.FS
	dir string
}

// closed is the list of the store's index. It waits for files as Pebble does.
func (s *Store) closed() closedList {
	return closedList{patientFS{s.opts.FS, s.opts.Logger}, s.path(s.indexName)}
}

// shutIndex closes Pebble, and makes the list unless something has failed. A stop
// without it is like a crash: that it could not be made is no failure.
func (s *Store) shutIndex() error {
	err := s.db.Close()
	s.db = nil
	if err != nil || s.fatal.get() != nil {
		return err
	}
	list := closedList{s.opts.FS, s.path(s.indexName)}
	if err := list.write(); err != nil {
		s.opts.Logger.Warn("the index could not be listed, its log is not checked at the next start", "err", err)
	}
	return nil
}

func (c closedList) path(name string) string { return c.fs.PathJoin(c.dir, name) }

// write makes the list.
func (c closedList) write() error {
	files, err := c.files()
	if err != nil {
		return err
	}
	lines := make([]string, 0, len(files)+1)
	for name, is := range files {
		lines = append(lines, name+" "+is)
	}
	slices.Sort(lines)
	lines = append(lines, sumLine(lines))
	if err := writeText(c.fs, c.path(closedName), strings.Join(lines, "\n")); err != nil {
		return err
	}
	return syncDir(c.fs, c.dir)
}

// sumLine is the last line of a list, and vouches for those before.
func sumLine(lines []string) string {
	return fmt.Sprintf("%08x", crc32.Checksum([]byte(strings.Join(lines, "\n")), castagnoli))
}

// files describes the index's files, by their names.
func (c closedList) files() (map[string]string, error) {
	names, err := c.fs.List(c.dir)
	if err != nil {
		return nil, err
	}
	files := make(map[string]string, len(names))
	for _, name := range names {
		if name == lockName || strings.HasPrefix(name, closedName) {
			continue
		}
		if files[name], err = c.describe(name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// describe returns the size of a file, and the checksum of one whose damage
// Pebble may not see. These are small; tables, whose blocks have checksums of
// their own, are gigabytes.
func (c closedList) describe(name string) (string, error) {
	info, err := c.fs.Stat(c.path(name))
	if err != nil || !isSummed(name) {
		return fmt.Sprint(sizeOf(info)), err
	}
	f, err := c.fs.Open(c.path(name), vfs.SequentialReadsOption)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := crc32.New(castagnoli)
	n, err := io.Copy(sum, f)
	return fmt.Sprintf("%d %08x", n, sum.Sum32()), err
}

func sizeOf(info vfs.FileInfo) int64 {
	if info == nil {
		return 0
	}
	return info.Size()
}

func isSummed(name string) bool {
	return strings.HasSuffix(name, logSuffix) || strings.HasPrefix(name, markerPrefix) ||
		strings.HasPrefix(name, "MANIFEST-") || strings.HasPrefix(name, "OPTIONS-")
}

// check compares the index's files with the list, if there is one. It returns
// ErrCorrupt if one has changed, and ErrNoIndex if one is missing. A file that is not in the list
// says that somebody has used the index who knows nothing of lists: Pebble makes
// files with new numbers whenever it starts.
func (c closedList) check() error {
	noted, err := c.read()
	if err != nil || len(noted) == 0 {
		return err
	}
	files, err := c.files()
	if err != nil {
		return fmt.Errorf("storage: index: %w", err)
	}
	for name := range files {
		if _, ok := noted[name]; !ok {
			return nil
		}
	}
	for name, was := range noted {
		is, ok := files[name]
		if !ok {
			return fmt.Errorf("%w: its file %s is gone", ErrNoIndex, name)
		}
		if is != was {
			return fmt.Errorf("%w: the file %s of the index is not as it was when the store was closed", storage.ErrCorrupt, name)
		}
	}
	return nil
}

// read returns the list, nil if there is none, or one that is damaged itself.
func (c closedList) read() (map[string]string, error) {
	f, err := c.fs.Open(c.path(closedName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("storage: index: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxClosed))
	if err != nil {
		return nil, fmt.Errorf("storage: index: %w", err)
	}
	lines := strings.Split(string(text), "\n")
	last := len(lines) - 1
	if lines[last] != sumLine(lines[:last]) {
		return nil, nil
	}
	noted := make(map[string]string, last)
	for _, line := range lines[:last] {
		name, is, _ := strings.Cut(line, " ")
		noted[name] = is
	}
	return noted, nil
}

// forget checks the list and removes it, before the index changes. It is gone
// for good when forget returns, also if an earlier start has removed it and then
// failed.
func (c closedList) forget() error {
	if err := c.check(); err != nil {
		return err
	}
	if err := c.fs.Remove(c.path(closedName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("storage: index: %w", err)
	}
	if err := syncDir(c.fs, c.dir); err != nil {
		return fmt.Errorf("storage: index: %w", err)
	}
	return nil
}
