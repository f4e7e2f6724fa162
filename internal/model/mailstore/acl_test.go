package mailstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// grant changes the rights of a grantee as SETACL does.
func (f *fixture) grant(name string, to mailstore.AccountID, negative bool, letters string) {
	f.t.Helper()
	change, err := imap.ParseRightsChange(letters)
	f.check(err)
	f.check(f.account.Grant(context.Background(), f.box(name).ID,
		mailstore.GrantChange{Grantee: to, Negative: negative, RightsChange: change}))
}

func (f *fixture) wantRights(name string, to mailstore.AccountID, want string) {
	f.t.Helper()
	if got := f.account.Rights(f.box(name), to).String(); got != want {
		f.t.Errorf("%d has %q on %s, want %q", to, got, name, want)
	}
}

func (f *fixture) wantShared(with mailstore.AccountID, want string) {
	f.t.Helper()
	owners, err := f.store.SharedWith(context.Background(), with)
	f.check(err)
	if got := fmt.Sprint(owners); got != want {
		f.t.Errorf("with %d share %s, want %s", with, got, want)
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	f.wantRights("INBOX", 7, "lrswipkxtecda")
	f.wantRights("INBOX", 8, "")
	f.grant("INBOX", 8, false, "lrs")
	f.grant("INBOX", 8, false, "+w")
	f.grant("INBOX", mailstore.Anyone, false, "lp")
	f.grant("INBOX", 8, true, "sp")
	f.reopen()
	f.wantRights("INBOX", 8, "lrw")
	f.wantRights("INBOX", 9, "lp")
	f.wantShared(8, "[7]")
	f.wantShared(9, "[7]")
	f.wantShared(7, "[]") // its own mailboxes are not shared with it
	f.grant("INBOX", mailstore.Anyone, false, "")
	f.wantShared(9, "[]")
	f.wantShared(8, "[7]")
	f.check(f.store.Revoke(ctx, 8))
	if f.wantShared(8, "[]"); len(f.box("INBOX").Grants) != 0 {
		t.Errorf("grants are left: %v", f.box("INBOX").Grants)
	}
}

// TestGrantsAreInherited by mailboxes below, and from INBOX by what somebody
// else makes at the top.
func TestGrantsAreInherited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	f.grant("INBOX", 8, false, "lk")
	f.grant("Archive", 9, false, "lr")
	create := func(by mailstore.AccountID, name string) {
		_, err := f.account.CreateBy(ctx, by, name)
		f.check(err)
	}
	create(7, "Archive/2026/March")
	create(7, "Mine")
	create(8, "His/Deep")
	f.wantRights("Archive/2026", 9, "lr")
	f.wantRights("Archive/2026/March", 9, "lr")
	f.wantRights("Mine", 8, "")
	f.wantRights("His", 8, "lkc")
	f.wantRights("His/Deep", 8, "lkc")
	f.check(f.account.Rename(ctx, "Archive/2026", "Mine/2026"))
	f.wantRights("Mine/2026/March", 9, "lr") // RENAME changes none
	for _, name := range []string{"Mine/2026/March", "Mine/2026", "Archive"} {
		f.wantShared(9, "[7]")
		f.check(f.account.Delete(ctx, name))
	}
	f.wantShared(9, "[]")
}

func TestGrantsAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.close()
	f.options.MaxGrants = 3
	f.open()
	for id := range mailstore.AccountID(3) {
		f.grant("INBOX", 10+id, false, "l")
	}
	one := mailstore.GrantChange{Grantee: 20, RightsChange: imap.RightsChange{Rights: imap.RightLookup}}
	ctx := context.Background()
	if err := f.account.Grant(ctx, f.box("INBOX").ID, one); !errors.Is(err, mailstore.ErrTooManyGrants) {
		t.Errorf("one grant too many: %v", err)
	}
	f.grant("INBOX", 11, false, "+r")
	f.wantRights("INBOX", 11, "lr")
	if err := f.account.Grant(ctx, 999, one); !errors.Is(err, mailstore.ErrNoMailbox) {
		t.Errorf("on no mailbox: %v", err)
	}
}

func TestGrantIsLogged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	tree, err := f.account.Mailboxes(ctx)
	f.check(err)
	f.grant("Sent", 8, false, "lr")
	f.grant("Sent", 8, false, "lr") // changes nothing
	var kinds []mailstore.ChangeKind
	_, err = f.account.Log(ctx, tree.ModSeq(), func(c mailstore.Change) error {
		kinds = append(kinds, c.Kind)
		return nil
	})
	f.check(err)
	if len(kinds) != 1 || kinds[0] != mailstore.MailboxShared {
		t.Errorf("the log has %v", kinds)
	}
}

func TestStoreWithSomeRights(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	f.append("INBOX", "one", imap.FlagSeen, imap.FlagFlagged, "$A")
	for _, c := range []struct {
		rights string
		op     imap.StoreOp
		want   string
	}{
		{"s", imap.StoreOp{Flags: []imap.Flag{"$B"}}, `[\Flagged $A]`},
		{"t", imap.StoreOp{Flags: []imap.Flag{imap.FlagSeen, imap.FlagDeleted}}, `[\Flagged \Deleted $A]`},
		{"w", imap.StoreOp{Flags: []imap.Flag{imap.FlagSeen, "$B"}}, `[\Deleted $B]`},
		{"st", imap.StoreOp{Action: imap.StoreRemove, Flags: []imap.Flag{imap.FlagDeleted, "$B"}}, `[$B]`},
		{"s", imap.StoreOp{Action: imap.StoreAdd, Flags: []imap.Flag{imap.FlagSeen, imap.FlagDraft}}, `[\Seen $B]`},
		{"lr", imap.StoreOp{Flags: []imap.Flag{imap.FlagDraft}}, `[\Seen $B]`},
		{"swt", imap.StoreOp{}, `[]`},
	} {
		rights, err := imap.ParseRights(c.rights)
		f.check(err)
		_, err = f.account.StoreFlagsWith(ctx, rights, f.box("INBOX").ID, all(), c.op)
		f.check(err)
		v := f.version("INBOX")
		if got := fmt.Sprint(v.Mailbox().AppendFlags(nil, v.At(1).Flags)); got != c.want {
			t.Errorf("%s with %+v: %s, want %s", c.rights, c.op, got, c.want)
		}
	}
}

func TestQuotaOfMailboxes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	f.quota.Mailboxes = 7
	_, err := f.account.Create(ctx, "a/b")
	if !errors.Is(err, mailstore.ErrOverQuota) {
		t.Errorf("two more: %v", err)
	}
	_, err = f.account.Create(ctx, "a")
	f.check(err)
	if over, err := f.account.OverQuota(ctx); over || err != nil {
		t.Errorf("over at the limit: %v, %v", over, err)
	}
	f.quota.Mailboxes = mailstore.NothingMore
	if over, err := f.account.OverQuota(ctx); !over || err != nil {
		t.Errorf("over nothing: %v, %v", over, err)
	}
	// An account begins with its mailboxes whatever its quota is.
	if use, err := f.store.Use(ctx, 8); err != nil || use.Mailboxes != 0 || use.Quota.Mailboxes != mailstore.NothingMore {
		t.Errorf("before there is an account: %+v, %v", use, err)
	}
	f.other(8)
	if use, err := f.store.Use(ctx, 8); err != nil || use.Mailboxes != 6 {
		t.Errorf("a new account has %+v, %v", use, err)
	}
	f.quota.Mailboxes = 0
	if use, err := f.store.Use(ctx, 8); err != nil || use.Quota.Mailboxes != 5000 {
		t.Errorf("without a quota: %+v, %v", use, err)
	}
}
