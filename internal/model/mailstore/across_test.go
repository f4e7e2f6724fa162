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

// other returns an account beside the fixture's, with an INBOX.
func (f *fixture) other(id mailstore.AccountID) (*mailstore.Account, mailstore.Destination) {
	f.t.Helper()
	a, err := f.store.Account(context.Background(), id)
	f.check(err)
	tree, err := a.Mailboxes(context.Background())
	f.check(err)
	inbox, _ := tree.Find("INBOX")
	return a, mailstore.Destination{Account: a, Mailbox: inbox.ID, Rights: imap.AllRights}
}

func all() imap.UIDSet { return imap.UIDSet{{Start: 1, Stop: ^imap.UID(0)}} }

// TestBlobIsSharedAcrossAccounts copies and moves a message to accounts with a
// lower and a higher id; each reads it when the others have expunged it.
func TestBlobIsSharedAcrossAccounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	f.append("INBOX", "shared", imap.FlagSeen, "$Kept")
	size := f.blobs()
	for _, id := range []mailstore.AccountID{3, 12} {
		_, to := f.other(id)
		data, err := f.account.CopyTo(ctx, f.box("INBOX").ID, all(), to)
		f.check(err)
		if data.Source.String() != "1" || data.Dest.String() != "1" {
			t.Errorf("copied %v", data)
		}
	}
	_, to := f.other(12)
	data, err := f.account.MoveTo(ctx, f.box("INBOX").ID, all(), to)
	f.check(err)
	if f.wantUIDs("INBOX", ""); data.Dest.String() != "2" {
		t.Errorf("moved %v", data)
	}
	if f.blobs() != size {
		t.Errorf("the blob is stored again: %d bytes, want %d", f.blobs(), size)
	}
	first, _ := f.other(3)
	_, err = first.Remove(ctx, to.Mailbox, all())
	f.check(err)
	f.collect()
	f.check(f.store.DeleteAccount(ctx, 7))
	second, _ := f.other(12)
	v, err := second.Open(ctx, to.Mailbox)
	f.check(err)
	for _, e := range v.All() {
		m, err := second.Message(ctx, e)
		f.check(err)
		if got := f.readMessage(m); got != mail("shared") {
			t.Errorf("it reads %q", got)
		}
		if flags := v.Mailbox().AppendFlags(nil, e.Flags); len(flags) != 2 || flags[0] != imap.FlagSeen || flags[1] != "$Kept" {
			t.Errorf("flags %v", flags)
		}
	}
	_, err = second.Remove(ctx, to.Mailbox, all())
	f.check(err)
	f.collect()
	if f.blobs() != 0 {
		t.Errorf("%d bytes are left", f.blobs())
	}
}

// collect takes the content of all that was expunged.
func (f *fixture) collect() {
	f.t.Helper()
	f.now = f.now.Add(1e9)
	_, err := f.store.CollectOrphans(context.Background(), f.now)
	f.check(err)
}

func TestCopyAcrossKeepsPermittedFlags(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	f.append("INBOX", "one", imap.FlagSeen, imap.FlagDeleted, imap.FlagDraft, "$New")
	a, to := f.other(8)
	to.Rights = imap.RightInsert | imap.RightDeleteMsgs
	_, err := f.account.CopyTo(ctx, f.box("INBOX").ID, all(), to)
	f.check(err)
	v, err := a.Open(ctx, to.Mailbox)
	f.check(err)
	if flags := v.Mailbox().AppendFlags(nil, v.At(1).Flags); len(flags) != 1 || flags[0] != imap.FlagDeleted {
		t.Errorf("flags %v", flags)
	}
	if len(v.Mailbox().Keywords()) != 0 {
		t.Errorf("keywords %v", v.Mailbox().Keywords())
	}
}

// TestCrossingInParts moves more than goes into one batch, and has a batch fail:
// each message is in one of the accounts, and a failed copy leaves nothing.
func TestCrossingInParts(t *testing.T) {
	t.Parallel()
	f, faulty := newFaultyFixture(t)
	ctx := context.Background()
	const n = 8000
	for range n / 1000 {
		f.appendMany("INBOX", 1000)
	}
	a, to := f.other(8)
	faulty.failAt(2, storage.ErrFull)
	if _, err := f.account.CopyTo(ctx, f.box("INBOX").ID, all(), to); !errors.Is(err, storage.ErrFull) {
		t.Errorf("copy: %v", err)
	}
	there := func() uint32 {
		tree, err := a.Mailboxes(ctx)
		f.check(err)
		box, _ := tree.Get(to.Mailbox)
		return box.Messages
	}
	if there() != 0 {
		t.Errorf("%d messages of a failed copy stay", there())
	}
	faulty.failAt(2, storage.ErrFull)
	data, err := f.account.MoveTo(ctx, f.box("INBOX").ID, all(), to)
	if !errors.Is(err, storage.ErrFull) {
		t.Errorf("move: %v", err)
	}
	moved := there()
	if moved == 0 || moved == n || moved+f.box("INBOX").Messages != n || uint32(data.Dest.Count()) != moved {
		t.Errorf("%d were moved, %d reported, %d are left", moved, data.Dest.Count(), f.box("INBOX").Messages)
	}
	_, err = f.account.MoveTo(ctx, f.box("INBOX").ID, all(), to)
	f.check(err)
	if there() != n || f.box("INBOX").Messages != 0 {
		t.Errorf("%d were moved, %d are left", there(), f.box("INBOX").Messages)
	}
}

func TestCrossingQuota(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	f.appendMany("INBOX", 3)
	a, to := f.other(8)
	f.quota.Messages = 2
	if _, err := f.account.MoveTo(ctx, f.box("INBOX").ID, all(), to); !errors.Is(err, mailstore.ErrOverQuota) {
		t.Errorf("move over quota: %v", err)
	}
	f.wantUIDs("INBOX", "1:3")
	if u, err := a.Usage(ctx); err != nil || u.Messages != 0 {
		t.Errorf("usage %+v, %v", u, err)
	}
	f.check(f.store.DeleteAccount(ctx, 8))
	if _, err := f.account.CopyTo(ctx, f.box("INBOX").ID, all(), to); !errors.Is(err, mailstore.ErrNoAccount) {
		t.Errorf("copy to an account that is gone: %v", err)
	}
}

// TestCrossingsMeet moves messages of two accounts to and fro at the same time,
// while others come in: none is lost, none is there twice.
func TestCrossingsMeet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	const n = 20
	f.appendMany("INBOX", n)
	a, there := f.other(8)
	here := mailstore.Destination{Account: f.account, Mailbox: f.box("INBOX").ID, Rights: imap.AllRights}
	var wg sync.WaitGroup
	move := func(from, to mailstore.Destination) {
		for range 30 {
			if _, err := from.Account.MoveTo(ctx, from.Mailbox, all(), to); err != nil {
				t.Error(err)
			}
		}
	}
	for range 2 {
		wg.Go(func() { move(here, there) })
		wg.Go(func() { move(there, here) })
	}
	wg.Go(func() {
		for range n {
			f.append("INBOX", "more")
		}
	})
	wg.Wait()
	_, err := a.MoveTo(ctx, there.Mailbox, all(), here)
	f.check(err)
	f.collect()
	v := f.version("INBOX")
	if v.Len() != 2*n {
		t.Errorf("%d messages, want %d", v.Len(), 2*n)
	}
	for _, e := range v.All() {
		f.read(e)
	}
}
