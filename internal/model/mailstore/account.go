package mailstore

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// An Account is the mail of one account. It is a handle: it costs nothing to
// keep and needs no close. Its methods may be called concurrently.
type Account struct {
	store *Store
	id    AccountID
}

// ID returns the account's id.
func (a *Account) ID() AccountID { return a.id }

// Mailboxes returns the mailboxes as they are now.
func (a *Account) Mailboxes(ctx context.Context) (*Tree, error) {
	s, err := a.committed(ctx)
	if err != nil {
		return nil, err
	}
	return s.tree, nil
}

// Open returns the messages of a mailbox as they are now.
func (a *Account) Open(ctx context.Context, id MailboxID) (*Version, error) {
	core, err := a.store.acquire(ctx, a.id)
	if err != nil {
		return nil, err
	}
	defer a.store.release(core)
	return core.open(ctx, id)
}

// committed returns the newest state that is durable.
func (a *Account) committed(ctx context.Context) (*state, error) {
	core, err := a.store.acquire(ctx, a.id)
	if err != nil {
		return nil, err
	}
	defer a.store.release(core)
	return core.current(ctx)
}

// An account is what all handles of one account share, in memory. Its mutex is
// the account's serial order: see "How a change happens" in the package
// comment.
type account struct {
	store *Store
	id    AccountID

	committed atomic.Pointer[state]

	mu       sync.Mutex
	head     *state             // with what is enqueued; nil if to be read again
	epoch    uint64             // how often head was thrown away
	lost     error              // why it was, the last time
	orders   uint64             // last number given to a state
	inflight []*storage.Pending // of batches that may not be durable yet
	recent   map[MailboxID]imap.UID
	dirty    map[MailboxID]bool // watermarks in recent to be written

	// What the store's mutex guards:
	pins   int
	weight int64
	older  *account // in the order of last use
	newer  *account
}

// current returns the newest durable state.
func (a *account) current(ctx context.Context) (*state, error) {
	if s := a.committed.Load(); s != nil && !s.deleted {
		return s, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.ready(ctx); err != nil {
		return nil, err
	}
	if s := a.committed.Load(); !s.deleted {
		return s, nil
	}
	return nil, ErrNoAccount
}

// open returns the messages of a mailbox, reading them if they are not in
// memory.
func (a *account) open(ctx context.Context, id MailboxID) (*Version, error) {
	s, err := a.current(ctx)
	if err != nil {
		return nil, err
	}
	if c, ok := s.contents(id); ok && c.version != nil {
		return c.version, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.ready(ctx); err != nil {
		return nil, err
	}
	if !a.drain() {
		if err := a.ready(ctx); err != nil {
			return nil, err
		}
	}
	v, err := a.load(id)
	if err != nil {
		return nil, err
	}
	a.publish(a.head)
	return v, nil
}

// ready makes sure that there is a head to build on. The caller holds mu.
func (a *account) ready(ctx context.Context) error {
	if s := a.committed.Load(); s != nil && s.deleted {
		return ErrNoAccount
	}
	if err := ctx.Err(); err != nil || a.head != nil {
		return err
	}
	a.drain()
	if a.unchanged() {
		a.head = a.committed.Load()
		return nil
	}
	head, recent, err := loadState(a.store.storage, a.id)
	if errors.Is(err, storage.ErrNotFound) {
		return ErrNoAccount
	}
	if err != nil {
		return err
	}
	head.order = a.nextOrder()
	a.head = head
	if a.recent == nil {
		a.recent = recent
	}
	a.publish(head)
	return nil
}

// unchanged reports whether the committed state is still what is stored.
func (a *account) unchanged() bool {
	s := a.committed.Load()
	if s == nil {
		return false
	}
	stored, err := a.store.storage.Get(nil, accountKey(a.id, keyAccount))
	return err == nil && bytes.Equal(stored, s.stored)
}

// drain waits for all batches on their way; it returns false if one failed,
// and then has thrown the head away. The caller holds mu, so that no more are
// enqueued.
func (a *account) drain() bool {
	var failed error
	for _, p := range a.inflight {
		if err := p.Wait(); failed == nil {
			failed = err // the others conflict because of this one
		}
	}
	a.inflight = nil
	if failed != nil {
		a.reset(failed)
	}
	return failed == nil
}

// reset throws the head away because of err. The caller holds mu.
func (a *account) reset(err error) {
	a.head = nil
	a.epoch++
	a.lost = err
}

// lostSince returns why the head of the epoch was thrown away, nil if it was
// not.
func (a *account) lostSince(epoch uint64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.epoch == epoch {
		return nil
	}
	return a.lost
}

// load returns the messages of a mailbox of the head. It reads them, if need
// be, once all batches are done: until then the stored pages may be behind
// the head. If one of them fails it returns errStale. The caller holds mu.
func (a *account) load(id MailboxID) (*Version, error) {
	c, ok := a.head.contents(id)
	if !ok {
		return nil, ErrNoMailbox
	}
	if c.version != nil {
		return c.version, nil
	}
	if !a.drain() {
		return nil, errors.Join(errStale, a.lost)
	}
	box, _ := a.head.tree.Get(id)
	v, err := loadVersion(a.store.storage, a.id, box)
	if err != nil {
		return nil, err
	}
	a.head = a.head.withVersion(v, a.nextOrder())
	return v, nil
}

// nextOrder gives a number to a new state. Numbers of states that came to
// nothing are not used again. The caller holds mu.
func (a *account) nextOrder() uint64 {
	a.orders++
	return a.orders
}

// errStale says that the head was thrown away while a change was built on it.
var errStale = errors.New("mailstore: state has changed")

// track remembers a batch on its way. The caller holds mu.
func (a *account) track(p *storage.Pending) {
	waiting := a.inflight[:0]
	for _, q := range a.inflight {
		select {
		case <-q.Done():
			if q.Wait() != nil {
				waiting = append(waiting, q)
			}
		default:
			waiting = append(waiting, q)
		}
	}
	a.inflight = append(waiting, p)
}

// publish makes a durable state the committed one, unless a later one is.
func (a *account) publish(s *state) {
	for {
		old := a.committed.Load()
		if old != nil && old.order >= s.order {
			return
		}
		if a.committed.CompareAndSwap(old, s) {
			return
		}
	}
}

// settle is called with the outcome of a batch that was built on the epoch and
// led to s.
func (a *account) settle(s *state, epoch uint64, err error) {
	if err == nil {
		a.publish(s)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.epoch == epoch {
		a.drain()
	}
	if a.epoch == epoch {
		a.reset(err)
	}
}
