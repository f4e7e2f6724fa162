package memstore_test

import (
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
	"github.com/mailstead/mailstead/internal/platform/storage/storagetest"
)

func TestSuite(t *testing.T) {
	storagetest.Run(t, func(*testing.T) storagetest.Opened {
		return storagetest.Opened{Store: memstore.New()}
	})
}
