package mailstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

func TestDeletedAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, id := context.Background(), f.box("INBOX").ID
	f.append("INBOX", "x")
	e := f.version("INBOX").At(1)
	f.check(f.store.DeleteAccount(ctx, 7))
	if _, err := f.account.Open(ctx, id); !errors.Is(err, mailstore.ErrNoAccount) {
		t.Errorf("open: %v", err)
	}
	if _, err := f.account.Remove(ctx, id, imap.SetOf[imap.UID](1)); !errors.Is(err, mailstore.ErrNoAccount) {
		t.Errorf("remove: %v", err)
	}
	if _, err := f.account.Message(ctx, e); !errors.Is(err, mailstore.ErrNoMessage) {
		t.Errorf("message: %v", err)
	}
	if f.blobs() != 0 {
		t.Errorf("%d bytes are left", f.blobs())
	}
}

func TestKeywordsRunOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, id := context.Background(), f.box("INBOX").ID
	f.append("INBOX", "bearer")
	uids := imap.SetOf[imap.UID](1)
	add := func(op imap.StoreAction, keywords ...imap.Flag) error {
		_, err := f.account.StoreFlags(ctx, id, uids, imap.StoreOp{Action: op, Flags: keywords})
		return err
	}
	var all []imap.Flag
	for i := range mailstore.MaxKeywords {
		all = append(all, imap.Flag(fmt.Sprintf("Keyword%d", i)))
	}
	f.check(add(imap.StoreAdd, all...))
	if err := add(imap.StoreAdd, "OneMore"); !errors.Is(err, mailstore.ErrTooManyKeywords) {
		t.Fatalf("one keyword too many: %v", err)
	}
	if got := len(f.version("INBOX").Mailbox().Keywords()); got != mailstore.MaxKeywords {
		t.Errorf("%d keywords", got)
	}
	f.reopen()
	f.check(add(imap.StoreRemove, "keyword3", "unheard-of"))
	f.check(add(imap.StoreAdd, "OneMore"))
	all[3] = "OneMore"
	if got, want := f.flags("INBOX", 1), fmt.Sprint(all); got != want {
		t.Errorf("flags are %s, want %s", got, want)
	}
	for _, bad := range []imap.Flag{`\Foo`, "with space", "", imap.Flag(strings.Repeat("x", 200))} {
		if err := add(imap.StoreAdd, bad); !errors.Is(err, mailstore.ErrBadFlag) {
			t.Errorf("flag %q: %v", bad, err)
		}
	}
	f.check(add(imap.StoreReplace, `\Recent`, `\Seen`))
	if got := f.flags("INBOX", 1); got != `[\Seen]` {
		t.Errorf("flags are %s", got)
	}
}

// TestKeptMessageLosesReassignedKeyword keeps a message whose keyword has
// given its place to another.
func TestKeptMessageLosesReassignedKeyword(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, id := context.Background(), f.box("INBOX").ID
	f.append("INBOX", "kept", `\Seen`, "Old")
	f.append("INBOX", "other", `\Seen`, "Other")
	old := f.version("INBOX")
	_, err := f.account.Remove(ctx, id, imap.SetOf[imap.UID](1))
	f.check(err)
	var more []imap.Flag
	for i := range mailstore.MaxKeywords - 1 {
		more = append(more, imap.Flag(fmt.Sprint("New", i)))
	}
	_, err = f.account.StoreFlags(ctx, id, imap.SetOf[imap.UID](2), imap.StoreOp{Action: imap.StoreAdd, Flags: more})
	f.check(err)
	kept := f.version("INBOX").Keeping(old)
	if got := fmt.Sprint(kept.Mailbox().AppendFlags(nil, kept.At(1).Flags)); got != `[\Seen]` {
		t.Errorf("flags are %s", got)
	}
	if got := kept.Mailbox().AppendFlags(nil, kept.At(2).Flags); len(got) != mailstore.MaxKeywords+1 {
		t.Errorf("the other message has %d flags", len(got))
	}
}

func TestCopyTranslatesKeywords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append("Archive", "other", "Unrelated", "Blue")
	f.append("INBOX", "x", "Red", "Blue", `\Seen`)
	_, err := f.account.Copy(context.Background(), f.box("INBOX").ID, f.box("Archive").ID, imap.SetOf[imap.UID](1))
	f.check(err)
	if got := f.flags("Archive", 2); got != `[\Seen Blue Red]` {
		t.Errorf("flags are %s", got)
	}
	if got := fmt.Sprint(f.version("Archive").Mailbox().Keywords()); got != "[Unrelated Blue Red]" {
		t.Errorf("keywords are %s", got)
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	f.appendMany("INBOX", 3)
	usage, err := f.account.Usage(ctx)
	f.check(err)
	f.quota.Bytes = usage.Bytes * 2
	_, err = f.account.Copy(ctx, f.box("INBOX").ID, f.box("Archive").ID, imap.UIDSet{{Start: 1, Stop: 9}})
	f.check(err)
	_, err = f.account.Copy(ctx, f.box("INBOX").ID, f.box("Trash").ID, imap.UIDSet{{Start: 1, Stop: 9}})
	if !errors.Is(err, mailstore.ErrOverQuota) {
		t.Errorf("copy over quota: %v", err)
	}
	f.wantUIDs("Trash", "")
	_, err = f.account.Move(ctx, f.box("INBOX").ID, f.box("Trash").ID, imap.UIDSet{{Start: 1, Stop: 9}})
	f.check(err)
	f.wantUIDs("Trash", "1:3")
	if got := f.account.Quota(); got != f.quota {
		t.Errorf("quota is %+v", got)
	}
}

func TestRecent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, id := context.Background(), f.box("INBOX").ID
	f.appendMany("INBOX", 3)
	want := func(what string, got imap.UID, err error, want imap.UID) {
		t.Helper()
		f.check(err)
		if got != want {
			t.Errorf("%s: recent from %d, want %d", what, got, want)
		}
	}
	from, err := f.account.Recent(ctx, id)
	want("examine", from, err, 1)
	from, err = f.account.MarkRecent(ctx, id, 4)
	want("select", from, err, 1)
	from, err = f.account.MarkRecent(ctx, id, 4)
	want("second select", from, err, 4)
	f.reopen()
	from, err = f.account.Recent(ctx, id)
	want("after reopening", from, err, 4)
	from, err = f.account.MarkRecent(ctx, id, 6)
	want("later", from, err, 4)
	f.append("Sent", "carries the watermark along")
	other := mailstore.New(f.engine, mailstore.Options{})
	account, err := other.Account(ctx, 7)
	f.check(err)
	from, err = account.Recent(ctx, id)
	want("written with another change", from, err, 6)
	if _, err := f.account.Recent(ctx, 99); !errors.Is(err, mailstore.ErrNoMailbox) {
		t.Errorf("no such mailbox: %v", err)
	}
}

func TestChangeLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	since := f.box("INBOX").HighestModSeq
	id := f.box("INBOX").ID
	f.appendMany("INBOX", 4)
	_, err := f.account.StoreFlags(ctx, id, imap.UIDSet{{Start: 2, Stop: 3}}, imap.StoreOp{Action: imap.StoreAdd, Flags: []imap.Flag{imap.FlagDeleted}})
	f.check(err)
	_, err = f.account.Expunge(ctx, id, nil)
	f.check(err)
	_, err = f.account.Move(ctx, id, f.box("Trash").ID, imap.SetOf[imap.UID](4))
	f.check(err)
	f.check(f.account.Rename(ctx, "Junk", "Spam"))
	f.check(f.account.Unsubscribe(ctx, "Junk"))
	tree, err := f.account.Mailboxes(ctx)
	f.check(err)
	var got []string
	upTo, err := f.account.Log(ctx, tree.ModSeq()-6, func(c mailstore.Change) error {
		got = append(got, fmt.Sprintf("%d:%d:%s:%v", c.Kind, c.Mailbox, c.Name, c.UIDs))
		return nil
	})
	f.check(err)
	want := []string{"1:1::1:4", "2:1::2:3", "3:1::2:3", "1:5::1", "3:1::4", "6:4:Spam:", "9:0:Junk:"}
	if !slices.Equal(got, want) || upTo != tree.ModSeq() {
		t.Errorf("log up to %d is %q, want %q", upTo, got, want)
	}
	if c, err := f.account.Changes(ctx, id, since); err != nil || c.Changed.String() != "1" || c.Vanished.String() != "2:4" {
		t.Errorf("changes are %+v, %v", c, err)
	}
	if c, err := f.account.Changes(ctx, id, tree.ModSeq()+5); err != nil || len(c.Changed) > 0 {
		t.Errorf("changes since the future: %+v, %v", c, err)
	}
}

func TestChangeLogIsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.options.LogEntries = 8
	f.reopen()
	ctx, id := context.Background(), f.box("INBOX").ID
	for i := range 50 {
		f.append("INBOX", "x")
		now := f.box("INBOX").HighestModSeq
		if c, err := f.account.Changes(ctx, id, now-min(8, imap.ModSeq(i+1))); err != nil || c.Changed.Count() != min(8, i+1) {
			t.Fatalf("after %d changes: %+v, %v", i+1, c, err)
		}
		if i > 20 {
			if _, err := f.account.Changes(ctx, id, now-11); !errors.Is(err, mailstore.ErrTooOld) {
				t.Fatalf("a change that is long ago: %v", err)
			}
		}
	}
	f.reopen()
	if _, err := f.account.Changes(ctx, id, 1); !errors.Is(err, mailstore.ErrTooOld) {
		t.Errorf("after reopening: %v", err)
	}
	n := 0
	entries := storage.Range{Start: []byte{0x20, 0, 0, 0, 0, 0, 0, 0, 7, 7}, End: []byte{0x20, 0, 0, 0, 0, 0, 0, 0, 7, 8}}
	f.check(f.engine.Scan(entries, func(_, _ []byte) error { n++; return nil }))
	if n < 8 || n > 10 {
		t.Errorf("%d entries are kept", n)
	}
}

func TestExpungedStaysReadable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	f.append("INBOX", "secret")
	e := f.version("INBOX").At(1)
	_, err := f.account.Remove(ctx, f.box("INBOX").ID, imap.SetOf[imap.UID](1))
	f.check(err)
	f.now = f.now.Add(30 * time.Minute)
	n, err := f.store.CollectOrphans(ctx, f.now.Add(-time.Hour))
	f.check(err)
	if got := f.read(e); n != 0 || got != mail("secret") {
		t.Errorf("collected %d, reads %q", n, got)
	}
	m, err := f.account.Message(ctx, e)
	f.check(err)
	f.now = f.now.Add(time.Hour)
	n, err = f.store.CollectOrphans(ctx, f.now.Add(-time.Hour))
	f.check(err)
	if n != 1 || f.blobs() != 0 {
		t.Errorf("collected %d, %d bytes are left", n, f.blobs())
	}
	if _, err := f.account.Message(ctx, e); !errors.Is(err, mailstore.ErrNoMessage) {
		t.Errorf("record after collection: %v", err)
	}
	if _, err := m.Open(); !errors.Is(err, mailstore.ErrNoMessage) {
		t.Errorf("blob after collection: %v", err)
	}
}

func TestBlobIsKeptForTheOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	c := f.content(mail("shared"))
	defer c.Discard()
	_, err := f.store.Deliver(ctx, c, []mailstore.Delivery{{Account: 7}, {Account: 8}, {Account: 7, Mailbox: "Archive"}}, nil)
	f.check(err)
	f.check(f.store.DeleteAccount(ctx, 8))
	_, err = f.account.Remove(ctx, f.box("INBOX").ID, imap.SetOf[imap.UID](1))
	f.check(err)
	f.now = f.now.Add(time.Second)
	_, err = f.store.CollectOrphans(ctx, f.now)
	f.check(err)
	if got := f.read(f.version("Archive").At(1)); got != mail("shared") {
		t.Errorf("the last recipient reads %q", got)
	}
	f.check(f.account.Delete(ctx, "Archive"))
	f.now = f.now.Add(time.Second)
	_, err = f.store.CollectOrphans(ctx, f.now)
	f.check(err)
	if f.blobs() != 0 {
		t.Errorf("%d bytes are left", f.blobs())
	}
	f.append("Sent", "expunged")
	_, err = f.account.Remove(ctx, f.box("Sent").ID, imap.SetOf[imap.UID](1))
	f.check(err)
	f.check(f.store.DeleteAccount(ctx, 7))
	f.now = f.now.Add(time.Second)
	_, err = f.store.CollectOrphans(ctx, f.now)
	f.check(err)
	n := 0
	f.check(f.engine.Scan(storage.Range{}, func(_, _ []byte) error { n++; return nil }))
	if n != 0 {
		t.Errorf("%d keys are left", n)
	}
}

// TestManyRangesAreSplit changes every second message, more than one entry of
// the change log holds.
func TestManyRangesAreSplit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, id := context.Background(), f.box("INBOX").ID
	for range 12 {
		f.appendMany("INBOX", 1000)
	}
	var even imap.UIDSet
	for uid := imap.UID(2); uid <= 12000; uid += 2 {
		even.Add(uid)
	}
	before := f.version("INBOX")
	done, err := f.account.StoreFlags(ctx, id, even, imap.StoreOp{Action: imap.StoreAdd, Flags: []imap.Flag{imap.FlagDeleted}})
	f.check(err)
	if done.Changed.String() != even.String() || done.ModSeq != before.HighestModSeq()+2 {
		t.Errorf("%d changed, MODSEQ from %d to %d", done.Changed.Count(), before.HighestModSeq(), done.ModSeq)
	}
	data, err := f.account.Copy(ctx, id, id, even)
	f.check(err)
	if data.Dest.String() != "12001:18000" {
		t.Errorf("copied to %v", data.Dest)
	}
	data, err = f.account.Move(ctx, id, id, even)
	f.check(err)
	if data.Dest.String() != "18001:24000" {
		t.Errorf("moved to %v", data.Dest)
	}
	gone, err := f.account.Expunge(ctx, id, nil)
	f.check(err)
	if gone.String() != "12001:24000" || f.box("INBOX").Messages != 6000 {
		t.Errorf("expunged %d, %d are left", gone.Count(), f.box("INBOX").Messages)
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.options.CacheAccounts, f.options.CacheBytes = 2, 30<<10
	f.reopen()
	ctx := context.Background()
	for round := range 3 {
		for id := range mailstore.AccountID(20) {
			c := f.content(mail("x"))
			done, err := f.store.Deliver(ctx, c, []mailstore.Delivery{{Account: id + 100}}, nil)
			f.check(err)
			c.Discard()
			account, err := f.store.Account(ctx, id+100)
			f.check(err)
			v, err := account.Open(ctx, done[0].Mailbox)
			f.check(err)
			if int(v.Len()) != round+1 || done[0].UID != imap.UID(round+1) {
				t.Errorf("account %d has %d messages in round %d", id, v.Len(), round)
			}
			from, err := account.MarkRecent(ctx, done[0].Mailbox, v.UIDNext())
			f.check(err)
			if from != imap.UID(round+1) {
				t.Errorf("account %d: recent from %d in round %d", id, from, round)
			}
		}
	}
	if n := f.store.Stats().Accounts; n > 2 {
		t.Errorf("%d accounts are in memory", n)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.close()
	if _, err := f.account.Mailboxes(context.Background()); !errors.Is(err, mailstore.ErrClosed) {
		t.Errorf("after close: %v", err)
	}
	f.open()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.account.Open(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
}
