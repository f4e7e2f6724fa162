package mailstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

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

func TestChangesAreAnnounced(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var heard []imap.ModSeq
	f.options.OnChange = func(id mailstore.AccountID, modSeq imap.ModSeq) {
		if id != f.account.ID() {
			t.Errorf("account %d has changed", id)
		}
		heard = append(heard, modSeq)
	}
	f.reopen()
	ctx := context.Background()
	before, err := f.account.Mailboxes(ctx)
	f.check(err)
	f.append("INBOX", "x")
	f.check(f.account.Subscribe(ctx, "new"))
	f.check(f.account.Subscribe(ctx, "new")) // nothing changes
	_, err = f.account.Remove(ctx, f.box("Sent").ID, imap.UIDSet{{Start: 1, Stop: 9}})
	f.check(err)
	if got, want := fmt.Sprint(heard), fmt.Sprint([]imap.ModSeq{before.ModSeq() + 1, before.ModSeq() + 2}); got != want {
		t.Errorf("heard of %s, want %s", got, want)
	}
	after, err := f.account.Mailboxes(ctx)
	f.check(err)
	if after.ModSeq() != before.ModSeq()+2 {
		t.Errorf("MODSEQ is %d", after.ModSeq())
	}
}

// TestDeleteLargeMailbox deletes more messages than go with one batch.
func TestDeleteLargeMailbox(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	f.appendMany("Archive", 1000)
	id := f.box("Archive").ID
	for f.box("Archive").Messages < 210_000 {
		_, err := f.account.Copy(ctx, id, id, imap.UIDSet{{Start: 1, Stop: 1 << 30}})
		f.check(err)
	}
	f.check(f.account.Delete(ctx, "Archive"))
	usage, err := f.account.Usage(ctx)
	f.check(err)
	if usage != (mailstore.Usage{}) {
		t.Errorf("usage is %+v", usage)
	}
	f.now = f.now.Add(time.Second)
	n, err := f.store.CollectOrphans(ctx, f.now)
	f.check(err)
	if n != 1000 || f.blobs() != 0 {
		t.Errorf("%d records were removed, %d bytes are left", n, f.blobs())
	}
}
