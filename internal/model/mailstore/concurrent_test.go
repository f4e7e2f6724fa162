package mailstore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// TestManyWriters has writers and readers at one mailbox. Readers check that
// what they see only grows and is whole.
func TestManyWriters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.close()
	shaky := newShakyStore(f.engine)
	defer shaky.stop()
	f.options.CacheBytes = 1 // what can be dropped is dropped
	f.openOn(shaky)
	const writers, rounds = 8, 40
	done := make(chan struct{})
	var readers, writing sync.WaitGroup
	for range 3 {
		readers.Go(func() { watch(t, f, done) })
	}
	id := f.box("INBOX").ID
	for w := range writers {
		writing.Go(func() { write(t, f, id, w, rounds) })
	}
	writing.Wait()
	close(done)
	readers.Wait()
	v := f.version("INBOX")
	instances := make(map[mailstore.InstanceID]bool)
	for _, e := range v.All() {
		if instances[e.Instance()] {
			t.Errorf("instance %v is there twice", e.Instance())
		}
		instances[e.Instance()] = true
	}
	// Of each writer's messages every fourth was moved to Archive.
	if got, want := int(v.Len()), writers*rounds*3/4; got != want {
		t.Errorf("%d messages are left, want %d", got, want)
	}
	if got, want := int(f.version("Archive").Len()), writers*rounds/4; got != want {
		t.Errorf("%d messages were moved, want %d", got, want)
	}
}

func write(t *testing.T, f *fixture, id mailstore.MailboxID, writer, rounds int) {
	ctx := context.Background()
	for i := range rounds {
		c := f.content(mail(fmt.Sprint(writer, i)))
		delivered, err := f.store.Deliver(ctx, c, []mailstore.Delivery{
			{Account: 7}, {Account: mailstore.AccountID(1 + writer%4)},
		}, nil)
		c.Discard()
		if err != nil {
			t.Error(err)
			return
		}
		uid := imap.SetOf(delivered[0].UID)
		if i%4 == 1 {
			_, err = f.account.StoreFlags(ctx, id, uid, imap.StoreOp{Action: imap.StoreAdd, Flags: []imap.Flag{imap.FlagSeen}})
		}
		if i%4 == 3 {
			_, err = f.account.Move(ctx, id, 6, uid)
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// watch follows the mailbox as a session does.
func watch(t *testing.T, f *fixture, done chan struct{}) {
	ctx := context.Background()
	told := f.version("INBOX")
	for {
		select {
		case <-done:
			return
		default:
		}
		v, err := f.account.Open(ctx, told.Mailbox().ID)
		if err != nil {
			t.Error(err)
			return
		}
		box := v.Mailbox()
		if v.UIDNext() < told.UIDNext() || v.HighestModSeq() < told.HighestModSeq() {
			t.Errorf("from %+v back to %+v", told.Mailbox(), box)
		}
		if box.Messages != uint32(v.Len()) || v.HighestUID() >= box.UIDNext {
			t.Errorf("%+v with %d messages up to %d", box, v.Len(), v.HighestUID())
		}
		for uid := range mailstore.Diff(told, v).Added.All() {
			if uid < told.UIDNext() {
				t.Errorf("UID %d appears after UIDNEXT %d was seen", uid, told.UIDNext())
			}
		}
		told = v
	}
}

// shakyStore commits batches a while after they were enqueued, in order, and
// every sixtieth not at all: then those that were built on it fail too.
type shakyStore struct {
	storage.Store
	queue chan func(fails bool)
	ended sync.WaitGroup
}

func newShakyStore(st storage.Store) *shakyStore {
	s := &shakyStore{Store: st, queue: make(chan func(bool), 1000)}
	s.ended.Go(func() {
		n := 0
		for commit := range s.queue {
			runtime.Gosched()
			n++
			commit(n%60 == 0)
		}
	})
	return s
}

func (s *shakyStore) Enqueue(b *storage.Batch) *storage.Pending {
	p := storage.NewPending()
	s.queue <- func(fails bool) {
		if fails {
			p.Resolve(storage.ErrConflict)
			return
		}
		p.Resolve(storage.Commit(s.Store, b))
	}
	return p
}

func (s *shakyStore) stop() {
	close(s.queue)
	s.ended.Wait()
}

// slowStore holds batches back until it is told to commit them, as a disk
// does: what has been enqueued is not durable yet.
type slowStore struct {
	storage.Store
	mu      sync.Mutex
	waiting []func()
}

func (s *slowStore) Enqueue(b *storage.Batch) *storage.Pending {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := storage.NewPending()
	s.waiting = append(s.waiting, func() { p.Resolve(storage.Commit(s.Store, b)) })
	return p
}

// enqueued returns how many batches are waiting.
func (s *slowStore) enqueued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}

// commit commits the first batch that waits.
func (s *slowStore) commit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[0]()
	s.waiting = s.waiting[1:]
}

// TestReadersSeeOnlyDurableStates holds three deliveries back and lets the
// second fail: the third must fail with it, be built again, and no UID that
// was seen may come again.
func TestReadersSeeOnlyDurableStates(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append("INBOX", "first")
	slow := &slowStore{Store: f.engine}
	store := mailstore.New(slow, mailstore.Options{})
	ctx := context.Background()
	account, err := store.Account(ctx, 7)
	f.check(err)
	v, err := account.Open(ctx, f.box("INBOX").ID)
	f.check(err)

	uids := make([]imap.UID, 3)
	errs := make([]error, 3)
	var sending sync.WaitGroup
	for i := range uids {
		in := store.NewIngest(0)
		if _, err := in.Write([]byte(mail(fmt.Sprint(i)))); err != nil {
			t.Fatal(err)
		}
		c, err := in.Finish()
		f.check(err)
		sending.Go(func() {
			done, err := store.Deliver(ctx, c, []mailstore.Delivery{{Account: 7}}, nil)
			if errs[i] = err; err == nil {
				uids[i] = done[0].UID
			}
		})
		waitFor(func() bool { return slow.enqueued() == i+1 })
	}
	if now, err := account.Open(ctx, v.Mailbox().ID); err != nil || now.Len() != 1 {
		t.Errorf("%d messages are seen before the disk has them, %v", now.Len(), err)
	}
	slow.commit()
	f.engine.FailCommits(1, storage.ErrFull)
	slow.commit()
	slow.commit()
	waitFor(func() bool { return slow.enqueued() == 1 })
	slow.commit()
	sending.Wait()
	if errs[0] != nil || !errors.Is(errs[1], storage.ErrFull) || errs[2] != nil {
		t.Errorf("errors are %v", errs)
	}
	if uids[0] != 2 || uids[2] != 3 {
		t.Errorf("UIDs are %v", uids)
	}
	v, err = account.Open(ctx, v.Mailbox().ID)
	f.check(err)
	if v.UIDSet().String() != "1:3" {
		t.Errorf("UIDs are %v", v.UIDSet())
	}
}

// TestNothingToDoIsDurable has a second client ask for what a first one has
// asked for already, while that is on its way to the disk: the second may not be
// told that it is done before it is, and does it itself if the first fails.
func TestNothingToDoIsDurable(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]bool{"the first succeeds": false, "the first fails": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.append("INBOX", "only")
			slow := &slowStore{Store: f.engine}
			store := mailstore.New(slow, mailstore.Options{})
			ctx := context.Background()
			account, err := store.Account(ctx, 7)
			f.check(err)
			box := f.box("INBOX").ID
			_, err = account.Open(ctx, box)
			f.check(err)

			remove := func(done chan<- error) {
				_, err := account.Remove(ctx, box, imap.UIDSet{{Start: 1, Stop: 1}})
				done <- err
			}
			first, second := make(chan error, 1), make(chan error, 1)
			go remove(first)
			waitFor(func() bool { return slow.enqueued() == 1 })
			go remove(second)
			for range 1000 { // in which the second could be done
				runtime.Gosched()
			}
			select {
			case err := <-second:
				t.Fatalf("told before it was durable: %v", err)
			default:
			}
			if fails {
				f.engine.FailCommits(1, storage.ErrFull)
			}
			slow.commit()
			if err := <-first; errors.Is(err, storage.ErrFull) != fails {
				t.Errorf("the first: %v", err)
			}
			if fails {
				waitFor(func() bool { return slow.enqueued() == 1 })
				slow.commit()
			}
			if err := <-second; err != nil {
				t.Errorf("the second: %v", err)
			}
			if v, err := account.Open(ctx, box); err != nil || v.Len() != 0 {
				t.Errorf("%d messages, %v", v.Len(), err)
			}
		})
	}
}

// waitFor lets other goroutines run until something is so.
func waitFor(so func() bool) {
	for !so() {
		runtime.Gosched()
	}
}

// TestDeleteAccountInUse has writers at an account that is deleted.
func TestDeleteAccountInUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, id := context.Background(), f.box("INBOX").ID
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for {
				c := f.content(mail("x"))
				_, err := f.account.Append(ctx, id, []mailstore.Append{{Content: c}})
				c.Discard()
				if errors.Is(err, mailstore.ErrNoAccount) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Go(func() {
		for uid := imap.UID(1); ; uid++ {
			if _, err := f.account.MarkRecent(ctx, id, uid); err != nil {
				return
			}
		}
	})
	waitFor(func() bool { return f.blobs() > 1000 })
	f.check(f.store.DeleteAccount(ctx, 7))
	writers.Wait()
	f.close() // writes the marks of \Recent
	n := 0
	f.check(f.engine.Scan(storage.Range{}, func(_, _ []byte) error { n++; return nil }))
	if n != 0 || f.blobs() != 0 {
		t.Errorf("%d keys and %d bytes of blobs are left", n, f.blobs())
	}
}

// TestRecentWhileDeleted has a session open a mailbox while its deletion is on
// the way to the disk: of a mailbox that is gone nothing may be written.
func TestRecentWhileDeleted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append("Trash", "seen too late")
	ctx, id := context.Background(), f.box("Trash").ID
	f.close()
	slow := &slowStore{Store: f.engine}
	f.openOn(slow)
	during := func(change func() error, meanwhile func()) {
		var working sync.WaitGroup
		working.Go(func() { f.check(change()) })
		waitFor(func() bool { return slow.enqueued() == 1 })
		meanwhile()
		slow.commit()
		working.Wait()
	}
	during(func() error { return f.account.Delete(ctx, "Trash") }, func() {
		if from, err := f.account.MarkRecent(ctx, id, 2); err != nil || from != 1 {
			t.Errorf("recent from %d, %v", from, err)
		}
	})
	during(func() error { return f.account.Subscribe(ctx, "carries the marks along") }, func() {})
	if found := f.verify(); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}
