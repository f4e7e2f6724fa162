package embedded_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
	"github.com/mailstead/mailstead/internal/platform/storage/storagetest"
)

func TestSuite(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storagetest.Opened {
		opts := embedded.Options{
			FS:       vfs.NewMem(),
			PackSize: 256 << 10,
			OnFatal:  func(err error) { t.Errorf("fatal: %v", err) },
		}
		open := func() (storage.Store, error) { return embedded.Open("data", opts) }
		s, err := open()
		if err != nil {
			t.Fatal(err)
		}
		return storagetest.Opened{Store: s, Reopen: open}
	})
}
