package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// maxDamages bounds how many damaged blobs are remembered. A disk with more of
// them has other worries than what the log says.
const maxDamages = 1 << 10

// Damages remember which blobs could not be read, so that the log names each of
// them once, however often clients ask for it.
type damages struct {
	logger *slog.Logger
	reads  atomic.Uint64 // that found damage

	mu    sync.Mutex
	known map[storage.BlobID]struct{}
	full  bool // the log has said that it names no more
}

// found returns err, the outcome of reading the blob at l, as a
// storage.ErrDamaged that names the blob if that is what it says.
func (d *damages) found(id storage.BlobID, l location, err error) error {
	if !errors.Is(err, storage.ErrCorrupt) {
		return err
	}
	d.reads.Add(1)
	if d.remember(id) {
		d.logger.Error("a stored message is damaged, `mailstead verify` tells whose it is",
			"blob", uint64(id), "pack", uint32(l.pack), "offset", l.offset, "err", err)
	}
	return fmt.Errorf("%w: blob %d at %d of pack %d: %w", storage.ErrDamaged, id, l.offset, l.pack, err)
}

// remember reports whether a blob is to be named now.
func (d *damages) remember(id storage.BlobID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.known[id]; known || d.full {
		return false
	}
	if len(d.known) == maxDamages {
		d.full = true
		d.logger.Error("too many stored messages are damaged: the log names no more", "named", maxDamages)
		return false
	}
	if d.known == nil {
		d.known = make(map[storage.BlobID]struct{})
	}
	d.known[id] = struct{}{}
	return true
}

// has reports whether a blob was damaged when it was last read.
func (d *damages) has(id storage.BlobID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, known := d.known[id]
	return known
}

// check reads the whole of a blob that was damaged before. What is sent to a
// client cannot be taken back when damage shows in the middle of it: it is found
// so at most once, for from then on the blob does not open.
func (d *damages) check(id storage.BlobID, b *blob) error {
	if !d.has(id) {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.entries {
		if err := b.load(i); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.known, id) // the memory was at fault, or the cable
	return nil
}

// tell adds its figures to those of the store.
func (d *damages) tell(stats *storage.Stats) {
	d.mu.Lock()
	defer d.mu.Unlock()
	stats.DamagedReads, stats.DamagedBlobs = d.reads.Load(), len(d.known)
}
