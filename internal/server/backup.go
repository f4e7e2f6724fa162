package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// backup returns how the data folder is copied, nil if the store is not one of
// files.
func (s *Server) backup() func(context.Context, string) (embedded.BackedUp, error) {
	store, ok := s.store.(*embedded.Store)
	if !ok {
		return nil
	}
	return func(ctx context.Context, folder string) (embedded.BackedUp, error) {
		return s.copyData(ctx, store, folder)
	}
}

// copyData copies the data folder under another name first, so that a folder
// that is there is a whole copy.
func (s *Server) copyData(ctx context.Context, store *embedded.Store, folder string) (made embedded.BackedUp, err error) {
	if !filepath.IsAbs(folder) {
		return made, fmt.Errorf("%s is not an absolute name", folder)
	}
	if _, err := os.Lstat(folder); err == nil {
		return made, fmt.Errorf("%w: %s", embedded.ErrBackupExists, folder)
	}
	partial := folder + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return made, err
	}
	if err := os.MkdirAll(partial, 0o700); err != nil {
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
