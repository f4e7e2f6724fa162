package mailstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

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

func TestNames(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	for _, test := range []struct {
		name, stored string
		err          error
	}{
		{"plain", "plain", nil},
		{"with/trailing/", "with/trailing", nil},
		{"inbox/Sub", "INBOX/Sub", nil},
		{"Cafe\u0301", "Caf\u00e9", nil},
		{"", "", mailstore.ErrBadName},
		{"/", "", mailstore.ErrBadName},
		{"a//b", "", mailstore.ErrBadName},
		{"/a", "", mailstore.ErrBadName},
		{"a\x00b", "", mailstore.ErrBadName},
		{"bad\xff", "", mailstore.ErrBadName},
		{strings.Repeat("x", 1001), "", mailstore.ErrBadName},
		{strings.Repeat("x/", 40) + "x", "", mailstore.ErrBadName},
		{"Inbox", "", mailstore.ErrMailboxExists},
		{"Sent", "", mailstore.ErrMailboxExists},
	} {
		box, err := f.account.Create(ctx, test.name)
		if !errors.Is(err, test.err) {
			t.Errorf("create %q: %v, want %v", test.name, err, test.err)
		}
		if err == nil && box.Name != test.stored {
			t.Errorf("create %q makes %q", test.name, box.Name)
		}
	}
	f.box("with")
	tree, err := f.account.Mailboxes(ctx)
	f.check(err)
	if !tree.HasChildren("with") || tree.HasChildren("plain") || !tree.HasChildren("inbox") {
		t.Error("children are not where they should be")
	}
}

func TestDeleteKeepsChildrenAndSubscription(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	old, err := f.account.Create(ctx, "foo")
	f.check(err)
	_, err = f.account.Create(ctx, "foo/bar")
	f.check(err)
	f.check(f.account.Subscribe(ctx, "foo"))
	f.append("foo", "gone")
	f.check(f.account.Delete(ctx, "foo"))
	f.reopen()
	tree, err := f.account.Mailboxes(ctx)
	f.check(err)
	if _, ok := tree.Find("foo"); ok || !tree.HasChildren("foo") || !tree.Subscribed("foo") {
		t.Error("only the mailbox itself should be gone")
	}
	if err := f.account.Delete(ctx, "foo"); !errors.Is(err, mailstore.ErrNoMailbox) {
		t.Errorf("delete a level of hierarchy: %v", err)
	}
	again, err := f.account.Create(ctx, "foo")
	f.check(err)
	if again.ID == old.ID || again.UIDValidity <= old.UIDValidity {
		t.Errorf("the second foo is %+v, the first was %+v", again, old)
	}
	f.check(f.account.Rename(ctx, "foo/bar", "foo/baz"))
	f.check(f.account.Delete(ctx, "foo"))
	f.check(f.account.Rename(ctx, "foo", "zap"))
	f.box("zap/baz")
	if tree, err = f.account.Mailboxes(ctx); err != nil || tree.HasChildren("foo") {
		t.Errorf("something is left below foo: %v", err)
	}
	if _, ok := tree.Find("zap"); ok {
		t.Error("renaming a level of hierarchy makes a mailbox of it")
	}
}

func TestSpecialUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	box, err := f.account.Create(ctx, "Spam", `\junk`, `\Junk`, `\Important`)
	f.check(err)
	if got := fmt.Sprint(box.SpecialUse); got != `[\Junk \Important]` {
		t.Errorf("uses are %s", got)
	}
	if _, err := f.account.Create(ctx, "x", `\Nonsense`); !errors.Is(err, mailstore.ErrBadUse) {
		t.Errorf("no special use: %v", err)
	}
	f.check(f.account.SetSpecialUse(ctx, box.ID))
	f.reopen()
	if got := f.box("Spam").SpecialUse; len(got) != 0 {
		t.Errorf("uses are %v", got)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.options.MaxMailboxes, f.options.MaxSubscriptions = 8, 7
	f.reopen()
	ctx := context.Background()
	if _, err := f.account.Create(ctx, "a/b/c"); !errors.Is(err, mailstore.ErrTooMany) {
		t.Errorf("three more mailboxes: %v", err)
	}
	_, err := f.account.Create(ctx, "a/b")
	f.check(err)
	f.check(f.account.Subscribe(ctx, "a"))
	if err := f.account.Subscribe(ctx, "b"); !errors.Is(err, mailstore.ErrTooMany) {
		t.Errorf("one more subscription: %v", err)
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
	f.check(f.account.TrimLog(ctx, 2))
	f.reopen()
	if _, err := f.account.Changes(ctx, id, since); !errors.Is(err, mailstore.ErrTooOld) {
		t.Errorf("changes since before the horizon: %v", err)
	}
	if _, err := f.account.Changes(ctx, id, tree.ModSeq()-2); err != nil {
		t.Errorf("changes since the horizon: %v", err)
	}
	if c, err := f.account.Changes(ctx, id, tree.ModSeq()+5); err != nil || len(c.Changed) > 0 {
		t.Errorf("changes since the future: %+v, %v", c, err)
	}
	if f.append("INBOX", "after"); f.box("INBOX").HighestModSeq != tree.ModSeq()+1 {
		t.Errorf("trimming the log moves MODSEQ to %d", f.box("INBOX").HighestModSeq)
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
	f.check(f.store.DeleteAccount(ctx, 7))
	n := 0
	f.check(f.engine.Scan(storage.Range{}, func(_, _ []byte) error { n++; return nil }))
	if n != 0 {
		t.Errorf("%d keys are left", n)
	}
}

func TestIngest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	head := "Subject: long\r\n\r\n"
	text := head + strings.Repeat("0123456789abcde\n", 40<<10)
	in := f.store.NewIngest(int64(len(text)))
	for rest := text; rest != ""; {
		n := min(len(rest), 4096)
		_, err := io.WriteString(in, rest[:n])
		f.check(err)
		rest = rest[n:]
	}
	if in.Size() != int64(len(text)) {
		t.Errorf("size is %d", in.Size())
	}
	c, err := in.Finish()
	f.check(err)
	in.Discard()
	defer c.Discard()
	twin, err := c.Duplicate()
	f.check(err)
	defer twin.Discard()
	if got, err := c.Header(1000); err != nil || string(got) != head {
		t.Errorf("header is %q, %v", got, err)
	}
	if got, err := twin.Header(7); err != nil || string(got) != "Subject" {
		t.Errorf("short header is %q, %v", got, err)
	}
	if c.Size() != int64(len(text)) || c.Structure().Envelope.Subject != "long" {
		t.Errorf("content of %d bytes, %+v", c.Size(), c.Structure().Envelope)
	}
	_, err = f.account.Append(context.Background(), f.box("INBOX").ID, []mailstore.Append{{Content: c}, {Content: twin}})
	f.check(err)
	for _, e := range f.version("INBOX").All() {
		if f.read(e) != text {
			t.Errorf("message %d is not what was appended", e.UID)
		}
	}
}

func TestIngestLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	in := f.store.NewIngest(10)
	if _, err := in.Write([]byte("12345")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := in.Write([]byte("678901")); !errors.Is(err, mailstore.ErrTooLarge) {
			t.Errorf("beyond the limit: %v", err)
		}
	}
	if _, err := in.Finish(); !errors.Is(err, mailstore.ErrTooLarge) {
		t.Errorf("finish beyond the limit: %v", err)
	}
	in.Discard()
}

// TestLargeMultiappend appends more at once than a batch can hold.
func TestLargeMultiappend(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	text := "Subject: x\r\n\r\n" + strings.Repeat("x", 250<<10)
	messages := make([]mailstore.Append, 24)
	for i := range messages {
		messages[i] = mailstore.Append{Content: f.content(text)}
		defer messages[i].Content.Discard()
	}
	f.engine.FailCommits(1, storage.ErrConflict)
	data, err := f.account.Append(context.Background(), f.box("INBOX").ID, messages)
	f.check(err)
	if data.UIDs.String() != "1:24" {
		t.Errorf("UIDs are %v", data.UIDs)
	}
	for _, e := range f.version("INBOX").All() {
		if f.read(e) != text {
			t.Errorf("message %d is not what was appended", e.UID)
		}
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
