package directory

import (
	"errors"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// siteDefaults is a complete policy.
var siteDefaults = POP3{Mailbox: "INBOX", Delete: Delete, LeaveDays: LeaveForever, LoginDelay: NoLoginDelay}

func pop3House(t *testing.T) (*Directory, []AccountID) {
	store := memstore.New()
	t.Cleanup(func() { store.Close() })
	d := open(t, store, testOptions())
	var ids []AccountID
	if err := d.AddDomain(t.Context(), addr("a@example.test").Domain); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a@example.test", "b@example.test"} {
		account, err := d.AddAccount(t.Context(), NewAccount{Address: addr(name), Password: "pw"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, account.ID)
	}
	return d, ids
}

func TestPOP3(t *testing.T) {
	t.Parallel()
	d, ids := pop3House(t)
	ctx := t.Context()
	if p, err := d.POP3(ctx, ids[0]); err != nil || p != (POP3{}) {
		t.Errorf("a new account has %+v, %v", p, err)
	}
	want := POP3{Mailbox: "Phone", Delete: Hide, LeaveDays: 30, LoginDelay: time.Minute}
	if _, err := d.SetPOP3(ctx, ids[0], func(p *POP3) { *p = want }); err != nil {
		t.Fatal(err)
	}
	got, err := d.SetPOP3(ctx, ids[0], func(p *POP3) { p.Delete = ToTrash })
	want.Delete = ToTrash
	if err != nil || got != want {
		t.Errorf("after a change %+v, %v", got, err)
	}
	if got, _ := d.POP3(ctx, ids[0]); got != want {
		t.Errorf("stored is %+v, want %+v", got, want)
	}
	if got, _ := d.POP3(ctx, ids[1]); got != (POP3{}) {
		t.Errorf("the other account has %+v", got)
	}
	if got := (POP3{Delete: Hide}).Or(siteDefaults); got != (POP3{"INBOX", Hide, LeaveForever, NoLoginDelay}) {
		t.Errorf("with the defaults %+v", got)
	}
	if _, err := d.RemoveAccount(ctx, ids[0], nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.store.Get(nil, pop3Key(ids[0])); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the policy of a removed account: %v", err)
	}
	if _, err := d.SetPOP3(ctx, ids[0], func(*POP3) {}); !errors.Is(err, ErrNotFound) {
		t.Errorf("the policy of a removed account is set: %v", err)
	}
}

func TestPOP3Refused(t *testing.T) {
	t.Parallel()
	d, ids := pop3House(t)
	for _, bad := range []POP3{
		{Delete: "burn"}, {LeaveDays: -3}, {LeaveDays: MaxLeaveDays + 1},
		{LoginDelay: -2 * time.Second}, {LoginDelay: 25 * time.Hour}, {LoginDelay: time.Millisecond},
	} {
		if _, err := d.SetPOP3(t.Context(), ids[0], func(p *POP3) { *p = bad }); !errors.Is(err, ErrPolicy) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if got, _ := d.POP3(t.Context(), ids[0]); got != (POP3{}) {
		t.Errorf("refused values are stored: %+v", got)
	}
}

func TestPOP3Range(t *testing.T) {
	t.Parallel()
	d, ids := pop3House(t)
	set := func(id AccountID, p POP3) {
		t.Helper()
		if _, err := d.SetPOP3(t.Context(), id, func(old *POP3) { *old = p }); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want POP3Range) {
		t.Helper()
		for range 2 { // the second time from memory
			if got, err := d.POP3Range(t.Context(), siteDefaults); err != nil || got != want {
				t.Errorf("the range is %+v, %v, want %+v", got, err, want)
			}
		}
	}
	check(POP3Range{LeaveDays: LeaveForever})
	set(ids[0], POP3{Delete: Hide, LoginDelay: NoLoginDelay})
	check(POP3Range{LeaveDays: LeaveForever})
	set(ids[0], POP3{LeaveDays: 30, LoginDelay: time.Minute})
	check(POP3Range{LeaveDays: 30, LoginDelay: time.Minute, LeaveVaries: true, LoginDelayVaries: true})
	set(ids[1], POP3{LeaveDays: LeaveNothing})
	check(POP3Range{LeaveDays: LeaveNothing, LoginDelay: time.Minute, LeaveVaries: true, LoginDelayVaries: true})
	if _, err := d.RemoveAccount(t.Context(), ids[1], nil); err != nil {
		t.Fatal(err)
	}
	set(ids[0], POP3{})
	check(POP3Range{LeaveDays: LeaveForever})
}
