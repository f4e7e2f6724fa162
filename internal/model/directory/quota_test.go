package directory

import (
	"context"
	"errors"
	"testing"

	"github.com/mailstead/mailstead/sasl"
)

func TestSharedAccounts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	team, err := d.AddAccount(ctx, NewAccount{Address: addr("team@example.test"), Shared: true})
	must(t, err)
	if !team.Shared {
		t.Errorf("added %+v", team)
	}
	for _, password := range []string{"", "secret"} {
		if _, err := d.Authenticate(ctx, "team@example.test", password); !errors.Is(err, sasl.ErrCredentials) {
			t.Errorf("login with %q: %v", password, err)
		}
	}
	if _, account, err := d.SCRAM(ctx, "team@example.test"); err != nil || account.ID != 0 {
		t.Errorf("SCRAM: %+v, %v", account, err)
	}
	if r, err := d.Resolve(ctx, addr("team@example.test")); err != nil || r.Kind != Deliverable {
		t.Errorf("mail to it: %v, %v", r.Kind, err)
	}
	for what, err := range map[string]error{
		"a password":       d.SetPassword(ctx, team.ID, "secret"),
		"an administrator": d.Promote(ctx, team.ID),
	} {
		if !errors.Is(err, ErrShared) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := d.AddAccount(ctx, NewAccount{Address: addr("two@example.test"), Shared: true, Password: "x"}); !errors.Is(err, ErrShared) {
		t.Errorf("shared with a password: %v", err)
	}
}

func TestPromoteAndQuota(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDirectory(t)
	a, err := d.AddAccount(ctx, NewAccount{Address: addr("ann@example.test"), Password: "secret", Quota: Quota{Bytes: 5}})
	must(t, err)
	must(t, d.Promote(ctx, a.ID))
	must(t, d.SetQuota(ctx, a.ID, Quota{Messages: NoQuota, Mailboxes: NothingMore}))
	a, err = d.Account(ctx, a.ID)
	must(t, err)
	if got := a.Quota.Or(Quota{Bytes: 10, Messages: 20}); !a.Admin || got != (Quota{10, NoQuota, NothingMore}) {
		t.Errorf("account %+v, with defaults %+v", a, got)
	}
	must(t, d.Demote(ctx, a.ID))
	if a, err = d.Account(ctx, a.ID); err != nil || a.Admin {
		t.Errorf("demoted: %+v, %v", a, err)
	}
	if err := d.Promote(ctx, 99); !errors.Is(err, ErrNotFound) {
		t.Errorf("promote nobody: %v", err)
	}
}
