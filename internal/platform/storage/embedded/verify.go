package embedded

import (
	"context"
	"errors"
	"fmt"

	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// VerifyOptions are what [View.Verify] tells while it works. All may be nil.
type VerifyOptions struct {
	// Found is called with each thing that is wrong.
	Found func(damage.Finding)
	// Broken is called with each blob whose bytes cannot be read.
	Broken func(storage.BlobID)
	// Progress is called from time to time with the bytes of packs that have
	// been read, and that there are.
	Progress func(done, total int64)
}

// A Verified counts what [View.Verify] has read.
type Verified struct {
	Packs  int
	Groups int
	Blobs  int   // alive
	Bytes  int64 // of packs
}

// Verify reads all packs and what the index says of them: every group and every
// chunk against its CRC, every location against what stands there, and the
// counters of each pack against its blobs. It returns an error only if it could
// not go on. Its memory does not grow with the store.
func (v *View) Verify(ctx context.Context, o VerifyOptions) (Verified, error) {
	c := &verifier{view: v, ctx: ctx, options: o, located: make(map[packID]usage)}
	if c.options.Found == nil {
		c.options.Found = func(damage.Finding) {}
	}
	if c.options.Broken == nil {
		c.options.Broken = func(storage.BlobID) {}
	}
	if c.options.Progress == nil {
		c.options.Progress = func(int64, int64) {}
	}
	err := c.run()
	return c.count, err
}

// A verifier is one run of Verify.
type verifier struct {
	view    *View
	ctx     context.Context
	options VerifyOptions
	count   Verified
	total   int64
	// located has for each pack the number (as dead) and the bytes (as live) of
	// the blobs that the index says are there.
	located map[packID]usage
	// doubtful are the packs in which not all of them were met.
	doubtful map[packID]bool
}

const (
	restoreAdvice = "restore the message from a backup, or delete it; `mailstead repair` removes what cannot be read"
	rebuildAdvice = "stop the server and make the index again with `mailstead repair --rebuild-index`"
	countAdvice   = "`mailstead repair` counts again"
)

func (c *verifier) run() error {
	if err := c.readLocations(); err != nil {
		return err
	}
	ids, err := c.view.packIDs()
	if err != nil {
		return err
	}
	for _, id := range ids {
		c.total += c.sizeOf(id)
	}
	c.doubtful = make(map[packID]bool)
	for i, id := range ids {
		next := packID(0)
		if i+1 < len(ids) {
			next = ids[i+1]
		}
		if err := c.pack(id, next); err != nil {
			return err
		}
	}
	if err := c.strays(ids); err != nil {
		return err
	}
	return c.doubts()
}

func (c *verifier) sizeOf(id packID) int64 {
	info, err := c.view.packs.fs.Stat(c.view.packs.path(id))
	if err != nil {
		return 0
	}
	return info.Size()
}

// readLocations sums up what the index says of the packs.
func (c *verifier) readLocations() error {
	err := c.view.eachLocation(func(id storage.BlobID, l location, err error) error {
		if err != nil {
			c.options.Found(damage.Finding{Severity: damage.Lost, Blob: uint64(id), What: "the index does not say where the content is", Do: rebuildAdvice})
			c.options.Broken(id)
			return c.ctx.Err()
		}
		if uint64(id) >= c.view.end.nextID {
			c.options.Found(damage.Finding{Severity: damage.Wrong, Blob: uint64(id),
				What: fmt.Sprintf("the next blob would get the number %d", c.view.end.nextID), Do: rebuildAdvice})
		}
		u := c.located[l.pack]
		u.live += l.stored
		u.dead++
		c.located[l.pack] = u
		c.count.Blobs++
		return c.ctx.Err()
	})
	return c.orIndexDamage(err)
}

// orIndexDamage turns damage to the index into a finding.
func (c *verifier) orIndexDamage(err error) error {
	if errors.Is(err, storage.ErrCorrupt) {
		c.options.Found(damage.Finding{Severity: damage.Lost, File: indexDir, What: "the index is damaged: " + err.Error(), Do: rebuildAdvice})
		return nil
	}
	return err
}

// strays finds locations in packs that are not there at all.
func (c *verifier) strays(ids []packID) error {
	for _, id := range ids {
		delete(c.located, id)
	}
	for id := range c.located {
		c.doubtful[id] = true
		c.found(id, 0, "the file is missing, and the index knows of messages in it", restoreAdvice)
	}
	return nil
}

// fileOf names a pack in the folder of the store.
func (c *verifier) fileOf(id packID) string {
	fs := c.view.packs.fs
	return fs.PathJoin(packDir, fs.PathBase(c.view.packs.path(id)))
}

func (c *verifier) found(id packID, offset int64, what, do string) {
	c.options.Found(damage.Finding{
		Severity: damage.Lost, File: c.fileOf(id),
		Offset: offset, What: what, Do: do,
	})
}

// doubts reads one by one the blobs of packs in which not all were met on the
// way through: what a damaged group named is mostly whole itself.
func (c *verifier) doubts() error {
	if len(c.doubtful) == 0 {
		return nil
	}
	var scan packScanner
	err := c.view.eachLocation(func(id storage.BlobID, l location, err error) error {
		if err != nil || !c.doubtful[l.pack] {
			return c.ctx.Err()
		}
		p, err := c.view.acquire(l.pack)
		if err == nil {
			scan.pack = p
			err = scan.verifyBlob(l)
			c.view.packs.release(p)
		}
		if err != nil {
			c.options.Broken(id)
			c.options.Found(damage.Finding{Severity: damage.Lost, Blob: uint64(id), File: c.fileOf(l.pack),
				Offset: l.offset, What: "the content cannot be read: " + err.Error(), Do: restoreAdvice})
		}
		return c.ctx.Err()
	})
	return c.orIndexDamage(err)
}
