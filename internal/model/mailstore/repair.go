package mailstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// RepairOptions are what [Repair] needs. Blob, Did and Now must be set.
type RepairOptions struct {
	// Blob returns the size of a blob; storage.ErrNotFound if there is none.
	Blob func(storage.BlobID) (int64, error)
	// Did is called with each thing that is done, in the words of what was
	// wrong.
	Did func(damage.Finding)
	Now time.Time
	// Rebuilt says that the keys are older than what clients and owners have
	// seen: changes may be lost. Then each mailbox gets a new UIDVALIDITY, and
	// no number that may have been given is given again.
	Rebuilt bool
	// DryRun only says what would be done.
	DryRun bool
}

// RecoveredName is the mailbox into which Repair puts messages that are in none.
const RecoveredName = "Recovered"

// What is left out after a rebuild, so that no number that may have been given
// meanwhile is given again: more changes than that between two checkpoints of
// the index nobody makes.
const (
	lostModSeqs   = 1 << 32
	lostIDs       = 1 << 32
	lostMailboxes = 1 << 12
)

// A Repaired counts what [Repair] has done.
type Repaired struct {
	Accounts  int // that were written anew
	Dropped   int // messages without content
	Recovered int // messages that were in no mailbox
}

// Repair makes a store keep what the package promises again: it takes the pages
// and records of each account that [Verify] finds something wrong with (of all
// after a rebuild), and makes everything that follows from them anew. Messages
// whose record or blob is gone are dropped; a blob that is there but cannot be
// read is left to its message. No [Store] may be open on st.
func Repair(ctx context.Context, st storage.Store, o RepairOptions) (Repaired, error) {
	r := &repairer{ctx: ctx, storage: st, options: o, wrong: make(map[AccountID]bool)}
	_, err := Verify(ctx, st, VerifyOptions{
		Blob:    o.Blob,
		Found:   func(f damage.Finding) { r.wrong[AccountID(f.Account)] = true },
		Account: func(id AccountID) { r.all = append(r.all, id) },
	})
	if err != nil {
		return r.done, err
	}
	// What belongs to no account that can be told is found by all of them.
	all := o.Rebuilt || r.wrong[0]
	for _, id := range r.all {
		if !all && !r.wrong[id] {
			continue
		}
		if err := r.account(id); err != nil {
			return r.done, err
		}
	}
	return r.done, r.dropStrays()
}

// A repairer is one run of Repair.
type repairer struct {
	ctx     context.Context
	storage storage.Store
	options RepairOptions
	all     []AccountID
	wrong   map[AccountID]bool
	done    Repaired
	batch   *storage.Batch
}

func (r *repairer) did(id AccountID, s damage.Severity, box, format string, args ...any) {
	r.options.Did(damage.Finding{Severity: s, Account: uint64(id), Mailbox: box, What: fmt.Sprintf(format, args...)})
}

// write returns a batch to write into.
func (r *repairer) write() (*storage.Batch, error) {
	if r.batch != nil && r.batch.Size() > enoughForBatch {
		if err := r.flush(); err != nil {
			return nil, err
		}
	}
	if r.batch == nil {
		r.batch = r.storage.NewBatch()
	}
	return r.batch, nil
}

func (r *repairer) set(k key, value []byte) error {
	b, err := r.write()
	if err == nil {
		b.Set(k, value)
	}
	return err
}

func (r *repairer) delete(k []byte) error {
	b, err := r.write()
	if err == nil {
		b.Delete(k)
	}
	return err
}

func (r *repairer) deleteRange(all storage.Range) error {
	b, err := r.write()
	if err == nil {
		b.DeleteRange(all.Start, all.End)
	}
	return err
}

// flush commits what has been written.
func (r *repairer) flush() error {
	b := r.batch
	r.batch = nil
	if b == nil || b.Empty() || r.options.DryRun {
		return r.ctx.Err()
	}
	return storage.Commit(r.storage, b)
}

// dropStrays removes links, grants and notes that lead nowhere.
func (r *repairer) dropStrays() error {
	v := &verifier{ctx: r.ctx, reader: r.storage, options: VerifyOptions{Found: func(damage.Finding) {}}}
	links, grants := 0, 0
	err := r.storage.Scan(prefixed(key{spaceLink}), func(k, _ []byte) error {
		if v.linkHolds(k) {
			return r.ctx.Err()
		}
		links++
		return r.delete(k)
	})
	if err == nil {
		err = r.storage.Scan(prefixed(key{spaceGrant}), func(k, _ []byte) error {
			if v.grantHolds(k) {
				return r.ctx.Err()
			}
			grants++
			return r.delete(k)
		})
	}
	if links > 0 {
		r.did(0, damage.Unused, "", "%d contents were kept for messages that are not there", links)
	}
	if grants > 0 {
		r.did(0, damage.Wrong, "", "%d accounts were led to mailboxes that grant them nothing", grants)
	}
	return errors.Join(err, r.flush())
}
