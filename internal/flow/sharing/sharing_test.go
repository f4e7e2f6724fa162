package sharing_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/flow/sharing"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

func TestSharing(t *testing.T) {
	t.Parallel()
	const ann, bob, team = "ann@example.test", "bob@example.test", "team@example.test"
	m := mailtest.NewModels(t, []mailtest.Account{
		{Address: ann}, {Address: bob, Others: []string{"robert@example.test"}}, {Address: team, Shared: true},
	}, mailtest.Alias{Address: "all@example.test", Targets: []string{ann, bob}})
	ctx := t.Context()
	inbox := func(owner string) (*mailstore.Account, *mailstore.Mailbox) {
		account, err := m.Mail.Account(ctx, mailstore.AccountID(m.ID(owner)))
		if err != nil {
			t.Fatal(err)
		}
		tree, err := account.Mailboxes(ctx)
		if err != nil {
			t.Fatal(err)
		}
		box, _ := tree.Find(imap.Inbox)
		return account, box
	}
	for _, c := range []struct {
		owner, identifier, rights string
		want                      error
	}{
		{ann, "robert@example.test", "lr", nil},
		{ann, "-" + bob, "r", nil},
		{ann, "anyone", "l", nil},
		{ann, "all@example.test", "l", sharing.ErrIdentifier},
		{ann, "bob", "l", sharing.ErrIdentifier},
		{ann, "Anyone", "l", sharing.ErrIdentifier},
		{ann, ann, "l", sharing.ErrOwner},
		{ann, "-" + ann, "l", sharing.ErrOwner},
		{team, bob, "lra", nil},
	} {
		account, box := inbox(c.owner)
		change, err := imap.ParseRightsChange(c.rights)
		if err != nil {
			t.Fatal(err)
		}
		err = sharing.Set(ctx, m.Directory, sharing.Subject{Account: account, Mailbox: box.ID}, c.identifier, change)
		if !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for owner, want := range map[string]string{
		ann:  "[{ann@example.test lrswipkxtecda} {bob@example.test lr} {-bob@example.test r} {anyone l}]",
		team: "[{bob@example.test lra}]",
	} {
		account, box := inbox(owner)
		list, err := sharing.List(ctx, m.Directory, account.ID(), box)
		if got := fmt.Sprint(list); err != nil || got != want {
			t.Errorf("%s: %s and %v, want %s", owner, got, err, want)
		}
	}
}
