package embedded

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A committer makes groups durable. All of it but the counters belongs to the
// leader of the queue.
type committer struct {
	db      *pebble.DB
	codec   *codec
	writer  *packWriter
	overlay *overlay
	applier *applier
	nextID  *atomic.Uint64
	disk    *diskGuard
	fatal   *fatal
	// locations is told what becomes of blobs.
	locations *locationCache

	head []byte  // room for a group header, then the operations
	data []piece // the blobs
	lone bool    // the group is one request: nobody looks at the overlay

	mu     sync.Mutex // guards what is below, and writes of applier.usages
	counts storage.Stats
}

// serve is what the leader does with a group.
func (c *committer) serve(group []*request) {
	defer c.endOnPanic()
	if task := group[0].task; task != nil {
		group[0].err = task()
		return
	}
	c.begin()
	c.lone = len(group) == 1
	admitted := 0
	for _, r := range group {
		if r.err = c.admit(r); r.err == nil {
			admitted++
		}
	}
	if admitted > 0 {
		c.finish(group, c.commit())
	}
	c.count(group)
}

// endOnPanic ends the store when a group cannot be finished: whoever recovers
// above would leave all others waiting for ever.
func (c *committer) endOnPanic() {
	if v := recover(); v != nil {
		c.fatal.set(fmt.Errorf("storage: panic: %v\n%s", v, debug.Stack()))
		panic(v)
	}
}

func (c *committer) begin() {
	c.overlay.reset()
	if cap(c.head) < groupHeaderSize || cap(c.head) > writeSize {
		c.head = make([]byte, groupHeaderSize, 16<<10)
	}
	c.head = c.head[:groupHeaderSize]
	clear(c.data)
	c.data = c.data[:0]
}

// admit checks a request, and adds it to the group if it may commit.
func (c *committer) admit(r *request) error {
	if err := c.fatal.get(); err != nil {
		return err
	}
	if r.moves != nil {
		return c.admitMoves(r.moves)
	}
	if err := c.overlay.check(r.batch.Ops()); err != nil {
		return err
	}
	if err := takeStaged(r.batch); err != nil {
		return err
	}
	c.encode(operation{kind: opBatch})
	for _, op := range r.batch.Ops() {
		c.add(op)
		if !c.lone {
			c.overlay.add(op)
		}
	}
	return nil
}

func (c *committer) encode(o operation) { c.head = o.append(c.head) }

// add puts an operation of a batch into the group.
func (c *committer) add(op storage.Op) {
	switch op.Kind {
	case storage.OpSet:
		c.encode(operation{kind: opSet, key: op.Key, value: op.Value})
	case storage.OpDelete:
		c.encode(operation{kind: opDelete, key: op.Key})
	case storage.OpDeleteRange:
		c.addDeleteRange(op)
	case storage.OpAppendBlob:
		c.addBlob(op)
	case storage.OpAppendStaged:
		c.addStaged(op)
	case storage.OpDeleteBlob:
		c.encode(operation{kind: opDeleteBlob, id: op.Blob})
	}
}

func (c *committer) addDeleteRange(op storage.Op) {
	if string(op.Key) >= string(op.Value) {
		return
	}
	c.encode(operation{kind: opDeleteRange, key: op.Key, value: op.Value})
}

func (c *committer) addBlob(op storage.Op) {
	o := operation{kind: opBlob, id: op.Blob, size: op.Size}
	for _, p := range op.Stored {
		o.stored += int64(len(p))
		c.data = append(c.data, piece{bytes: p})
	}
	c.encode(o)
}

func (c *committer) addStaged(op storage.Op) {
	st := op.Staged.(*staged)
	pieces := st.pieces()
	o := operation{kind: opBlob, id: op.Blob, size: st.Size()}
	for _, p := range pieces {
		o.stored += p.size()
	}
	c.encode(o)
	c.data = append(c.data, pieces...)
}

// commit makes the group durable and visible. After an error that is neither
// [storage.ErrFull] nor [storage.ErrBusy] nothing is known about the disk: the
// store is at its end.
func (c *committer) commit() error {
	err := c.disk.check()
	if err == nil {
		err = c.write()
	}
	return c.judge(err)
}

// judge ends the store after an error of writing, unless the disk was full or
// there was no file for a new pack.
func (c *committer) judge(err error) error {
	if err != nil && !errors.Is(err, storage.ErrFull) && !errors.Is(err, storage.ErrBusy) {
		c.fatal.set(err)
	}
	if err == nil {
		err = c.fatal.get() // Pebble reports its own end there
	}
	return err
}

// write puts a group with blobs into the pack, whose fdatasync makes it
// durable, and only then into the index; a group without blobs is a synced
// Pebble commit.
func (c *committer) write() error {
	if len(c.data) == 0 {
		return c.apply(0, pebble.Sync)
	}
	nextID := c.nextID.Load()
	base, err := c.writer.base(nextID)
	if err != nil {
		return err
	}
	if err := c.writer.append(c.head, c.data, nextID); err != nil {
		return err
	}
	return c.apply(base+int64(len(c.head)), pebble.NoSync)
}

func (c *committer) apply(offset int64, opts *pebble.WriteOptions) error {
	err := c.applier.apply(c.head[groupHeaderSize:], offset, c.writer.end, opts)
	if err == nil {
		c.locations.follow(c.applier.blobs)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.applier.publish()
	c.counts.Syncs++
	return err
}

// finish sets the outcome of what was admitted.
func (c *committer) finish(group []*request, err error) {
	for _, r := range group {
		if r.err == nil {
			r.err = err
			if r.batch != nil {
				settleStaged(r.batch, err == nil)
			}
		}
	}
}

func (c *committer) count(group []*request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.counts.Commits
	for _, r := range group {
		switch {
		case r.err == nil && r.batch != nil:
			c.counts.Commits++
		case errors.Is(r.err, storage.ErrConflict) && r.batch != nil:
			c.counts.Conflicts++
		}
	}
	if c.counts.Commits > before {
		c.counts.Groups++
	}
}

// A fatal holds the error that ended the store.
type fatal struct {
	report func(error)
	once   sync.Once
	err    atomic.Pointer[error]
}

func (f *fatal) set(err error) {
	f.once.Do(func() {
		f.err.Store(&err)
		f.report(err)
	})
}

func (f *fatal) get() error {
	if err := f.err.Load(); err != nil {
		return *err
	}
	return nil
}

// stats returns the counters, and the bytes of all packs.
func (c *committer) stats() storage.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	stats := c.counts
	for _, u := range c.applier.usages {
		stats.BlobBytes += u.live + u.dead
		stats.BlobGarbage += u.dead
	}
	return stats
}
