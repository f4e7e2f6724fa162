package mailstore

import (
	"context"
	"errors"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A batch is ended early, and a large change split, when it gets this big; the
// rest up to storage.MaxBatchSize is room for what one step may add.
const enoughForBatch = 2 << 20

// maxAttempts is how often a change is built before a conflict is an error.
const maxAttempts = 8

// An update is one batch of changes to one or several accounts.
type update struct {
	store *Store
	batch *storage.Batch
	now   time.Time
	txs   []*tx // in the order of the accounts
	// others are the batches that an update with nothing to write is built on.
	others []*storage.Pending
}

// A job says what an update does. Both functions may be called again if the
// batch has to be built again, and must then forget what they did before.
type job struct {
	accounts []AccountID // rising
	// prepare adds to the batch what needs no account, before the accounts
	// are locked. It may be nil.
	prepare func(*storage.Batch) error
	// build makes the changes, with the accounts locked.
	build func(*update) error
}

// update changes accounts by a function, which must name them in rising order.
func (s *Store) update(ctx context.Context, accounts []AccountID, build func(*update) error) error {
	return s.run(ctx, job{accounts: accounts, build: build})
}

// run does a job, and returns when it is durable. Jobs of one account are
// built one after the other, but wait for the disk together.
func (s *Store) run(ctx context.Context, j job) error {
	cores, err := s.acquireAll(ctx, j.accounts)
	if err != nil {
		return err
	}
	defer s.releaseAll(cores)
	for attempt := 1; ; attempt++ {
		err := s.attempt(ctx, cores, j)
		again := errors.Is(err, storage.ErrConflict) || errors.Is(err, errStale)
		if !again || attempt == maxAttempts {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (s *Store) attempt(ctx context.Context, cores []*account, j job) error {
	u := &update{store: s, batch: s.storage.NewBatch(), now: s.options.Clock()}
	if j.prepare != nil {
		if err := j.prepare(u.batch); err != nil {
			return err
		}
	}
	pending, err := u.enqueue(ctx, cores, j.build)
	if err != nil {
		return err
	}
	if pending == nil {
		return u.awaitOthers()
	}
	err = pending.Wait()
	for _, t := range u.txs {
		t.settle(err)
	}
	if err == nil {
		u.note(ctx)
	}
	return u.explain(err)
}

// awaitOthers ends an update that has nothing to write, because others have done
// already what it was to do. Their batches may be on their way still: the caller
// must not be told before they are durable. If one fails, the update has been
// built on what never was, and is stale.
func (u *update) awaitOthers() error {
	for _, p := range u.others {
		if err := p.Wait(); err != nil {
			for _, t := range u.txs {
				t.account.settle(nil, t.epoch, err)
			}
			return errors.Join(errStale, err)
		}
	}
	for _, t := range u.txs {
		t.account.publish(t.base)
	}
	return nil
}

// explain adds to a conflict why the states that the batch was built on have
// come to nothing, such as a full disk: the caller hears of it when no attempt
// is left.
func (u *update) explain(err error) error {
	if !errors.Is(err, storage.ErrConflict) {
		return err
	}
	for _, t := range u.txs {
		err = errors.Join(err, t.account.lostSince(t.epoch))
	}
	return err
}

// enqueue builds the batch on the heads of the accounts and makes what it
// leads to the new heads. It returns nil if there is nothing to write.
func (u *update) enqueue(ctx context.Context, cores []*account, build func(*update) error) (*storage.Pending, error) {
	for _, core := range cores {
		core.mu.Lock()
		defer core.mu.Unlock()
	}
	for _, core := range cores {
		if err := core.ready(ctx); err != nil {
			return nil, err
		}
		u.txs = append(u.txs, newTx(u, core, core.head))
	}
	if err := build(u); err != nil {
		return nil, err
	}
	for _, t := range u.txs {
		if err := t.finish(); err != nil {
			return nil, err
		}
	}
	if u.batch.Empty() {
		for _, t := range u.txs {
			u.others = append(u.others, t.account.inflight...)
		}
		return nil, nil
	}
	if err := u.batch.Err(); err != nil {
		return nil, err
	}
	pending := u.store.storage.Enqueue(u.batch)
	for _, t := range u.txs {
		t.adopt(pending)
	}
	return pending, nil
}

// A tx is what an update does to one account.
type tx struct {
	*update
	account *account
	by      AccountID // who makes the change
	epoch   uint64
	base    *state
	// next becomes the head. It lives longer than the tx, and must not keep
	// it, nor the states before, from being collected.
	next   *state
	modSeq imap.ModSeq

	edits   []*edit
	dropped []MailboxID
	// founding says that the account is being made: its first mailboxes are
	// beyond any quota.
	founding bool
	renamed  bool // the order of names has changed
	changes  []Change
	orphans  []RecordID // records that lose an instance, each once per instance
	copies   []RecordID // records that get another instance, likewise
}

func newTx(u *update, core *account, base *state) *tx {
	next := *base
	return &tx{
		update:  u,
		account: core,
		by:      core.id,
		epoch:   core.epoch,
		base:    base,
		next:    &next,
		modSeq:  base.modSeq + 1,
	}
}

// dirty reports whether the account is changed.
func (t *tx) dirty() bool { return len(t.changes) > 0 }

// log notes what was done.
func (t *tx) log(c Change) { t.changes = append(t.changes, c) }

// maxRanges bounds the ranges of UIDs in one entry of the change log.
const maxRanges = 5000

// full reports whether the batch should be ended here and the rest of the
// change go into another one. uids is what the log entry will say.
func (t *tx) full(uids imap.UIDSet) bool {
	size := 3*len(t.orphans) + 8*len(t.copies)
	for _, e := range t.edits {
		size += e.size
	}
	return size > enoughForBatch || len(uids) > maxRanges
}

// newID gives an id for a record or an instance.
func (t *tx) newID() uint64 {
	t.next.lastID++
	return t.next.lastID
}

// adopt makes the new state the head. The caller holds the account's mutex.
func (t *tx) adopt(p *storage.Pending) {
	if !t.dirty() {
		return
	}
	t.next.order = t.account.nextOrder()
	t.account.head = t.next
	t.account.dirty = nil // even if the batch fails: losing marks does no harm
	t.account.track(p)
}

// settle is called with the outcome of the batch.
func (t *tx) settle(err error) {
	if !t.dirty() {
		return
	}
	t.account.settle(t.next, t.epoch, err)
	if err == nil {
		t.store.options.OnChange(t.account.id, t.next.modSeq)
	}
}
