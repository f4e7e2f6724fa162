package mailstore

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Options configure a Store. The zero value is usable.
type Options struct {
	// OnChange is called after each durable change of an account, with the
	// MODSEQ that the account is now at, the largest of all when it has been
	// deleted. It must not block, and may be called concurrently and out of
	// order.
	OnChange func(AccountID, imap.ModSeq)
	// Quota returns what an account may store; nil means no limit. It is
	// called with the account locked, and must not call the Store.
	Quota func(AccountID) Quota
	// Clock returns the time; time.Now if nil.
	Clock func() time.Time
	// Log hears of what nobody else is told; discarded if nil.
	Log *slog.Logger
	// CacheAccounts bounds the accounts in memory that are not in use.
	// Default 4096.
	CacheAccounts int
	// CacheBytes bounds the memory of message lists that are kept for
	// whoever opens the mailbox next. What sessions still hold after it
	// was dropped from the cache is not counted. Default 128 MB.
	CacheBytes int64
	// MaxMailboxes bounds the mailboxes of an account. Default 5000.
	MaxMailboxes int
	// MaxSubscriptions bounds the subscriptions of an account. Default
	// 10000.
	MaxSubscriptions int
	// Annotations bounds the annotations of one mailbox that one reader
	// has, and those that all share. Default 100.
	Annotations int
	// AnnotationSize bounds the value of an annotation, in bytes. Default
	// 16 KB; never more than MaxAnnotation.
	AnnotationSize int
	// AnnotationBytes bounds all annotations of an account, with their
	// names. Default 4 MB.
	AnnotationBytes int64
	// MaxGrants bounds the access control list of a mailbox. Default 100.
	MaxGrants int
	// LogEntries is how many entries of an account's change log are kept;
	// there is one for each change. Clients that were away for longer get
	// whole lists instead of differences. Default 100 000.
	LogEntries int
}

func (o Options) withDefaults() Options {
	if o.OnChange == nil {
		o.OnChange = func(AccountID, imap.ModSeq) {}
	}
	if o.Quota == nil {
		o.Quota = func(AccountID) Quota { return Quota{} }
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	setDefault(&o.CacheAccounts, 4096)
	setDefault(&o.CacheBytes, 128<<20)
	setDefault(&o.MaxMailboxes, 5000)
	setDefault(&o.MaxSubscriptions, 10000)
	setDefault(&o.Annotations, 100)
	setDefault(&o.AnnotationSize, 16<<10)
	setDefault(&o.AnnotationBytes, 4<<20)
	o.AnnotationSize = min(o.AnnotationSize, MaxAnnotation)
	setDefault(&o.MaxGrants, 100)
	setDefault(&o.LogEntries, 100_000)
	return o
}

func setDefault[N int | int64](n *N, to N) {
	if *n <= 0 {
		*n = to
	}
}

// A Store is the mail of all accounts on a storage engine.
type Store struct {
	storage storage.Store
	options Options
	buffers buffers

	collecting sync.Mutex // held by whoever removes records and blobs

	mu       sync.Mutex
	accounts map[AccountID]*account
	newest   *account // of the ends of the list in order of last use
	oldest   *account
	weight   int64              // bytes of all accounts
	flushes  []*storage.Pending // of what dropped accounts left to write
	closed   bool
}

// New returns a Store on st, which stays the caller's to close, after Close.
func New(st storage.Store, o Options) *Store {
	return &Store{
		storage:  st,
		options:  o.withDefaults(),
		accounts: make(map[AccountID]*account),
	}
}

// Account returns an account, which is made with its default mailboxes if it
// does not exist.
func (s *Store) Account(ctx context.Context, id AccountID) (*Account, error) {
	a := &Account{store: s, id: id}
	_, err := a.committed(ctx)
	if errors.Is(err, ErrNoAccount) {
		err = a.create(ctx)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Lookup is Account for an account that must exist: it returns ErrNoAccount if
// it does not.
func (s *Store) Lookup(ctx context.Context, id AccountID) (*Account, error) {
	a := &Account{store: s, id: id}
	_, err := a.committed(ctx)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Close writes what is still only in memory: the watermarks of \Recent. Other
// methods fail with ErrClosed from then on; those that have begun end well, as
// long as the storage engine is open.
func (s *Store) Close() error {
	for _, a := range s.shut() {
		s.flush(a)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, p := range s.flushes {
		if e := p.Wait(); e != nil {
			err = e
		}
	}
	s.flushes = nil
	return err
}

// shut makes all later calls fail, and returns the accounts in memory.
func (s *Store) shut() []*account {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var all []*account
	for _, a := range s.accounts {
		all = append(all, a)
	}
	return all
}
