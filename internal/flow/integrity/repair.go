package integrity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// RepairOptions say what [Repair] and [Rebuild] may do.
type RepairOptions struct {
	// Did is called with each thing that is done, or would be.
	Did func(damage.Finding)
	// DryRun changes nothing.
	DryRun bool
	Now    time.Time
	// Store are the options of the storage engine.
	Store embedded.Options
}

// Repair sets right what [Verify] finds wrong in the closed store in dir, where
// that is possible: what contradicts the messages that there are is made from
// them again. Messages whose content is gone are dropped, and those that are in
// no mailbox are put into one; content that is damaged stays, and is refused
// when it is read.
func Repair(ctx context.Context, dir string, o RepairOptions) error {
	store, err := embedded.OpenExisting(dir, o.Store)
	if err != nil {
		return err
	}
	r := repairer{ctx: ctx, store: store, options: o}
	err = r.run()
	if err == nil && !o.DryRun {
		err = store.Recount()
	}
	return errors.Join(err, store.Close())
}

// Rebuild makes the index of the closed store in dir again, and repairs what
// stands in it. What was written after the last copy of the index and not
// together with a message, may be lost: flags, expunged messages, moves, new
// mailboxes and accounts. Therefore each mailbox gets a new UIDVALIDITY, and the
// whole queue is held.
func Rebuild(ctx context.Context, dir string, o RepairOptions) (embedded.Rebuilt, error) {
	return embedded.Rebuild(dir, embedded.RebuildOptions{
		Options: o.Store, DryRun: o.DryRun,
		Finish: func(store *embedded.Store, _ embedded.Rebuilt) error {
			r := repairer{ctx: ctx, store: store, options: o, rebuilt: true}
			r.options.DryRun = false // the new index is thrown away, if need be
			return r.run()
		},
	})
}

// A repairer is one run of Repair or Rebuild.
type repairer struct {
	ctx     context.Context
	store   *embedded.Store
	options RepairOptions
	rebuilt bool
}

func (r *repairer) run() error {
	if r.options.Did == nil {
		r.options.Did = func(damage.Finding) {}
	}
	for _, step := range []func() error{r.directory, r.mail, r.queue, r.blobs} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// directory keeps numbers from being given again, and tells of accounts that
// nobody knows any more.
func (r *repairer) directory() error {
	if !r.rebuilt {
		return nil
	}
	d, err := directory.Verify(r.ctx, r.store, r.options.Did)
	if err != nil {
		return err
	}
	last := directory.AccountID(0)
	for id := range d.Accounts {
		last = max(last, id)
	}
	_, err = mailstore.Verify(r.ctx, r.store, mailstore.VerifyOptions{
		Blob: r.store.BlobSize, Found: func(damage.Finding) {},
		Account: func(id mailstore.AccountID) {
			last = max(last, directory.AccountID(id))
			if _, ok := d.Accounts[directory.AccountID(id)]; !ok {
				r.options.Did(damage.Finding{Severity: damage.Lost, Account: uint64(id), What: "the directory does not know whose mail this is",
					Do: "if it was not removed, restore the directory from a backup"})
			}
		},
	})
	if err != nil {
		return err
	}
	return directory.Reserve(r.store, last)
}

func (r *repairer) mail() error {
	done, err := mailstore.Repair(r.ctx, r.store, mailstore.RepairOptions{
		Blob: r.store.BlobSize, Did: r.options.Did, Now: r.options.Now, Rebuilt: r.rebuilt, DryRun: r.options.DryRun,
	})
	if err == nil && r.rebuilt && done.Accounts > 0 {
		r.options.Did(damage.Finding{Severity: damage.Wrong,
			What: fmt.Sprintf("the mailboxes of %d accounts have new UIDVALIDITYs: clients read them anew; some expunged messages may be back", done.Accounts)})
	}
	return err
}

func (r *repairer) queue() error {
	return queue.Repair(r.ctx, r.store, queue.RepairOptions{
		Blob: r.store.BlobSize, Did: r.options.Did, Now: r.options.Now, Hold: r.rebuilt, DryRun: r.options.DryRun,
	})
}

// blobs removes blobs that belong to no message. After a rebuild they stay: the
// old index may still say whose they were.
func (r *repairer) blobs() error {
	if r.rebuilt {
		return nil
	}
	view, err := r.store.View(r.ctx)
	if err != nil {
		return err
	}
	defer view.Close()
	b, n := r.store.NewBatch(), 0
	err = unlinked(view, func(id storage.BlobID, _ int64) error {
		b.DeleteBlob(id)
		n++
		if n%removedAtOnce != 0 || r.options.DryRun {
			return r.ctx.Err()
		}
		full := b
		b = r.store.NewBatch()
		return storage.Commit(r.store, full)
	})
	if err == nil && !b.Empty() && !r.options.DryRun {
		err = storage.Commit(r.store, b)
	}
	if n > 0 {
		r.options.Did(damage.Finding{Severity: damage.Unused, What: fmt.Sprintf("%d contents belonged to no message", n)})
	}
	return err
}

// removedAtOnce is how many blobs go in one batch.
const removedAtOnce = 10_000
