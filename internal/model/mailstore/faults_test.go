package mailstore_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// faultyStore fails the n-th commit from now, counted from 1.
type faultyStore struct {
	storage.Store
	mu  sync.Mutex
	n   int
	err error
}

func (s *faultyStore) Enqueue(b *storage.Batch) *storage.Pending {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n--; s.n == 0 {
		p := storage.NewPending()
		p.Resolve(s.err)
		return p
	}
	return s.Store.Enqueue(b)
}

func (s *faultyStore) failAt(n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n, s.err = n, err
}

// newFaultyFixture is a fixture whose store stands on a faultyStore.
func newFaultyFixture(t *testing.T) (*fixture, *faultyStore) {
	f := newFixture(t)
	f.close()
	faulty := &faultyStore{Store: f.engine}
	f.openOn(faulty)
	return f, faulty
}

func TestSecondBatchOfDeliveryFails(t *testing.T) {
	t.Parallel()
	f, faulty := newFaultyFixture(t)
	ctx := context.Background()
	var to []mailstore.Delivery
	for id := range mailstore.AccountID(900) {
		_, err := f.store.Account(ctx, id)
		f.check(err)
		to = append(to, mailstore.Delivery{Account: id})
	}
	c := f.content(mail("half"))
	defer c.Discard()
	faulty.failAt(2, storage.ErrFull)
	done, err := f.store.Deliver(ctx, c, to, func(b *storage.Batch) { b.Set([]byte{0x40}, nil) })
	f.check(err)
	stored := 0
	for id, d := range done {
		account, err := f.store.Account(ctx, mailstore.AccountID(id))
		f.check(err)
		tree, err := account.Mailboxes(ctx)
		f.check(err)
		inbox, _ := tree.Find(imap.Inbox)
		if (d.Err == nil) != (inbox.Messages == 1) || d.Err != nil && !errors.Is(d.Err, storage.ErrFull) {
			t.Fatalf("account %d has %d messages and was told %v", id, inbox.Messages, d.Err)
		}
		stored += int(inbox.Messages)
	}
	if stored == 0 || stored == len(to) {
		t.Errorf("%d of %d recipients have the message", stored, len(to))
	}
	if _, err := f.engine.Get(nil, []byte{0x40}); err != nil {
		t.Errorf("the rest of the delivery, of which nobody is told, is lost: %v", err)
	}
}

func TestFailedCopyLeavesNothing(t *testing.T) {
	t.Parallel()
	f, faulty := newFaultyFixture(t)
	ctx := context.Background()
	var odd imap.UIDSet
	for range 11 {
		f.appendMany("INBOX", 1000)
	}
	for uid := imap.UID(1); uid <= 11000; uid += 2 {
		odd.Add(uid)
	}
	faulty.failAt(2, storage.ErrFull)
	_, err := f.account.Copy(ctx, f.box("INBOX").ID, f.box("Archive").ID, odd)
	if !errors.Is(err, storage.ErrFull) {
		t.Errorf("copy: %v", err)
	}
	f.wantUIDs("Archive", "")
	faulty.failAt(2, storage.ErrFull)
	data, err := f.account.Move(ctx, f.box("INBOX").ID, f.box("Archive").ID, odd)
	if !errors.Is(err, storage.ErrFull) {
		t.Errorf("move: %v", err)
	}
	moved := f.version("Archive").UIDSet()
	if moved.String() != data.Dest.String() || len(moved) != 1 {
		t.Errorf("%v was moved, and reported was %v", moved, data.Dest)
	}
	if f.box("INBOX").Messages+f.box("Archive").Messages != 11000 {
		t.Errorf("%d and %d messages", f.box("INBOX").Messages, f.box("Archive").Messages)
	}
}

// TestForeignWriter has a second store write to the same account: the first
// notices, and goes on from there.
func TestForeignWriter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	f.append("INBOX", "first")
	other := &fixture{t: t, engine: f.engine, options: f.options}
	other.open()
	other.append("INBOX", "second")
	if uid := f.append("INBOX", "third"); uid != 3 {
		t.Errorf("the third message has UID %d", uid)
	}
	f.wantUIDs("INBOX", "1:3")
	_, err := other.account.StoreFlags(ctx, 1, imap.UIDSet{{Start: 1, Stop: 3}},
		imap.StoreOp{Action: imap.StoreAdd, Flags: []imap.Flag{imap.FlagSeen}})
	f.check(err)
	other.wantUIDs("INBOX", "1:3")
	if got := other.flags("INBOX", 3); got != `[\Seen]` {
		t.Errorf("flags are %s", got)
	}
}

// TestCorruptPage damages what is stored.
func TestCorruptPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append("INBOX", "x")
	b := f.engine.NewBatch()
	page := storage.Range{Start: []byte{0x20, 0, 0, 0, 0, 0, 0, 0, 7, 4}, End: []byte{0x20, 0, 0, 0, 0, 0, 0, 0, 7, 5}}
	f.check(f.engine.Scan(page, func(k, v []byte) error {
		b.Set(k, v[:len(v)-1])
		return nil
	}))
	f.check(storage.Commit(f.engine, b))
	f.reopen()
	if _, err := f.account.Open(context.Background(), 1); !errors.Is(err, mailstore.ErrCorrupt) {
		t.Errorf("open a damaged mailbox: %v", err)
	}
	c := f.content(mail("y"))
	defer c.Discard()
	_, err := f.store.Deliver(context.Background(), c, []mailstore.Delivery{{Account: 7}}, nil)
	if !errors.Is(err, mailstore.ErrCorrupt) {
		t.Errorf("deliver to a damaged mailbox: %v", err)
	}
}

// A fullStore lets commits wait for each other, and then fails them as a full
// disk does: the first for want of room, the others because they were built on
// it.
type fullStore struct {
	storage.Store
	mu      sync.Mutex
	writers int // that are expected to commit; none until it is set
	waiting []*storage.Pending
}

func (s *fullStore) Enqueue(b *storage.Batch) *storage.Pending {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writers == 0 {
		return s.Store.Enqueue(b)
	}
	p := storage.NewPending()
	if s.waiting = append(s.waiting, p); len(s.waiting) < s.writers {
		return p
	}
	s.waiting[0].Resolve(storage.ErrFull)
	for _, other := range s.waiting[1:] {
		other.Resolve(storage.ErrConflict)
	}
	s.waiting = nil
	s.writers--
	return p
}

// TestFullDiskUnderLoad has so many deliveries in line behind those that meet
// the full disk that they run out of attempts: they too are told of the disk.
func TestFullDiskUnderLoad(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.close()
	full := &fullStore{Store: f.engine}
	f.openOn(full)
	f.append("INBOX", "first")
	full.writers = 20
	var wg sync.WaitGroup
	for range full.writers {
		c := f.content(mail("another"))
		defer c.Discard()
		wg.Go(func() {
			_, err := f.account.Append(context.Background(), 1, []mailstore.Append{{Content: c}})
			if !errors.Is(err, storage.ErrFull) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	wg.Wait()
	full.writers = 0
	f.append("INBOX", "last")
	f.wantUIDs("INBOX", "1:2")
}
