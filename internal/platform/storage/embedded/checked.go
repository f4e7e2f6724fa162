package embedded

import (
	"sync/atomic"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// checkedBlobs is how many large blobs are remembered that were found whole.
const checkedBlobs = 16 << 10

// Checked remembers large blobs that were found whole since the store was opened,
// so that who reads a message again does not read it twice. A blob takes the place
// of another whose number ends in the same bits.
type checked [checkedBlobs]atomic.Uint64

func (c *checked) slot(id storage.BlobID) *atomic.Uint64 { return &c[uint64(id)%checkedBlobs] }

func (c *checked) has(id storage.BlobID) bool { return c.slot(id).Load() == uint64(id) }
func (c *checked) add(id storage.BlobID)      { c.slot(id).Store(uint64(id)) }

// forget makes the next Check look again.
func (c *checked) forget(id storage.BlobID) { c.slot(id).CompareAndSwap(uint64(id), 0) }
