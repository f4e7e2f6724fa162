package admin_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

func TestPOP3(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx := t.Context()
	value := func(s string) *string { return &s }
	standard := admin.POP3{Mailbox: "INBOX", Delete: "delete", LeaveDays: "forever", LoginDelay: "0s"}
	for _, step := range []struct {
		change admin.POP3Change
		want   admin.POP3
	}{
		{admin.POP3Change{}, standard},
		{admin.POP3Change{Mailbox: value("Archive"), Delete: value("hide"), LeaveDays: value("30"), LoginDelay: value("90s")},
			admin.POP3{Mailbox: "Archive", Delete: "hide", LeaveDays: "30", LoginDelay: "1m30s",
				Own: []string{"mailbox", "delete", "leaveDays", "loginDelay"}}},
		{admin.POP3Change{Mailbox: value("inbox"), LeaveDays: value("0"), LoginDelay: value("0")},
			admin.POP3{Mailbox: "INBOX", Delete: "hide", LeaveDays: "0", LoginDelay: "0s",
				Own: []string{"mailbox", "delete", "leaveDays", "loginDelay"}}},
		{admin.POP3Change{Mailbox: value("default"), Delete: value("default"), LeaveDays: value("forever"), LoginDelay: value("default")},
			admin.POP3{Mailbox: "INBOX", Delete: "delete", LeaveDays: "forever", LoginDelay: "0s", Own: []string{"leaveDays"}}},
		{admin.POP3Change{LeaveDays: value("default")}, standard},
	} {
		got, err := o.SetPOP3(ctx, ann, step.change)
		if diff := cmp.Diff(step.want, got); diff != "" || err != nil {
			t.Fatalf("%+v: %v\n%s", step.change, err, diff)
		}
		one, err := o.Account(ctx, ann)
		if diff := cmp.Diff(step.want, one.POP3); diff != "" || err != nil {
			t.Errorf("shown: %v\n%s", err, diff)
		}
	}
	for want, change := range map[string]admin.POP3Change{
		"no mailbox":            {Mailbox: value("Nowhere")},
		"unknown kind":          {Delete: value("burn")},
		"neither a number":      {LeaveDays: value("-1")},
		"40000 days":            {LeaveDays: value("40000")},
		"is not a duration":     {LoginDelay: value("soon")},
		"login delay of 48h0m0": {LoginDelay: value("48h")},
	} {
		_, err := o.SetPOP3(ctx, ann, change)
		refused(t, err, want)
	}
	_, err := o.SetPOP3(ctx, "nobody@example.test", admin.POP3Change{})
	refused(t, err, "not found")
	if _, err := o.Account(ctx, "nobody@example.test"); err == nil {
		t.Error("an account that does not exist is shown")
	}
}

func TestImportUIDs(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx := t.Context()
	id := o.ID(ann)
	to := []mailstore.Delivery{{Account: mailstore.AccountID(id)}}
	if _, err := o.Mail.Deliver(ctx, o.Content("Message-ID: <1@x>\r\n\r\n"), to, nil); err != nil {
		t.Fatal(err)
	}
	got, err := o.ImportUIDs(ctx, ann, []admin.OldUID{
		{MessageID: "<1@x>", UID: "old"}, {MessageID: "<2@x>", UID: "older"}, {MessageID: "<3@x>", UID: "a b"},
	})
	must(t, err)
	if got.Taken != 1 || got.Unmatched != 1 || len(got.Refused) != 1 || got.Refused[0].UID != "a b" {
		t.Errorf("imported: %+v", got)
	}
	must(t, o.RemoveAccount(ctx, ann))
	if next, ok, err := maildrop.New(o.Store).Next(ctx, 0); ok || err != nil {
		t.Errorf("account %d has notes still, %v", next, err)
	}
	if _, err := o.ImportUIDs(ctx, ann, nil); err == nil || errors.Is(err, storage.ErrNotFound) {
		t.Errorf("into an account that is gone: %v", err)
	}
}
