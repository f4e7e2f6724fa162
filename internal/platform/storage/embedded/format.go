package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// formatName is a file that says in what format the store is, in a line of
// text. It is read before anything else is touched.
const formatName = "FORMAT"

// The formats that this code knows. A store without the file is of format 1:
// the file is younger than the format.
const (
	oldestFormat = 1
	newestFormat = 1
)

const formatLine = "mailstead store, format "

// ErrFormat says that a store was made by a newer version of this program.
var ErrFormat = errors.New("storage: unknown format")

// checkFormat returns ErrFormat if the store in dir cannot be used.
func checkFormat(fsys vfs.FS, dir string) error {
	format, err := readFormat(fsys, dir)
	if err != nil {
		return err
	}
	if format > newestFormat {
		return fmt.Errorf("%w: %s was made by a newer Mailstead: it has format %d, and this one knows formats %d to %d; nothing has been changed",
			ErrFormat, dir, format, oldestFormat, newestFormat)
	}
	return nil
}

func readFormat(fsys vfs.FS, dir string) (int, error) {
	name := fsys.PathJoin(dir, formatName)
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return oldestFormat, nil
	}
	if err != nil {
		return 0, fmt.Errorf("storage: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<10))
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("storage: %s: %w", name, err)
	}
	number, found := strings.CutPrefix(string(text), formatLine)
	format, err := strconv.Atoi(strings.TrimSpace(number))
	if !found || err != nil || format < oldestFormat {
		return 0, fmt.Errorf("%w: %s does not say what it is; a store that this program made has %q there", ErrFormat, name, formatLine+"1")
	}
	return format, nil
}

// writeFormat notes the format of a store that has no note of it. The file
// takes its name when it is whole, so that a crash leaves none or a good one. On
// a full disk it is left to the next start.
func writeFormat(fsys vfs.FS, dir string) error {
	name := fsys.PathJoin(dir, formatName)
	if _, err := fsys.Stat(name); err == nil {
		return nil
	}
	err := writeText(fsys, name, fmt.Sprintf("%s%d\n", formatLine, newestFormat))
	if err = writeError(err); errors.Is(err, storage.ErrFull) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	return syncDir(fsys, dir)
}

// writeText makes a file that is there whole or not at all, once the folder has
// been synced.
func writeText(fsys vfs.FS, name, text string) error {
	f, err := fsys.Create(name+".new", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return fsys.Rename(name+".new", name)
}
