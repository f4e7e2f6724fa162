package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// backup returns how the data folder is copied, nil if the store is not one of
// files.
func (s *Server) backup() func(context.Context, string) (embedded.BackedUp, error) {
	store, ok := s.store.(*embedded.Store)
	if !ok {
		return nil
	}
	var one sync.Mutex
	return func(ctx context.Context, folder string) (embedded.BackedUp, error) {
		if !one.TryLock() {
			return embedded.BackedUp{}, admin.ErrBackupRuns
		}
		defer one.Unlock()
		return s.copyData(ctx, store, folder)
	}
}

// copyData copies the data folder under another name first, so that a folder
// that is there is a whole copy.
func (s *Server) copyData(ctx context.Context, store *embedded.Store, folder string) (made embedded.BackedUp, err error) {
	if !filepath.IsAbs(folder) {
		return made, fmt.Errorf("%s is not an absolute name", folder)
	}
	if inside, err := filepath.Rel(s.config.Data, folder); err == nil && filepath.IsLocal(inside) {
		return made, fmt.Errorf("%s is in the data folder", folder)
	}
	// A backup that was interrupted may have left its folder: whose it is, the
	// operator knows.
	partial := folder + ".partial"
	for _, name := range []string{folder, partial} {
		if _, err := os.Lstat(name); err == nil {
			return made, fmt.Errorf("%w: %s", embedded.ErrBackupExists, name)
		}
	}
	if err := os.Mkdir(partial, 0o700); err != nil {
		return made, err
	}
	made, err = store.Backup(ctx, filepath.Join(partial, "store"))
	if err == nil {
		err = copyFiles(s.config.Data, partial)
	}
	if err == nil {
		err = os.Rename(partial, folder)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(folder))
	}
	if err != nil {
		return made, errors.Join(err, os.RemoveAll(partial))
	}
	s.log.Info("backup made", "folder", folder, "packs", made.Packs, "bytes", made.Bytes)
	return made, nil
}

// copyFiles copies what lies in the data folder beside the store: certificates
// that the server has made for itself.
func copyFiles(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, e.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return syncFolder(to)
}

func syncFolder(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
