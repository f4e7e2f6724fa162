package imapsession

import (
	"context"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// TestStoredThenExpunged has another session expunge a message between what a
// STORE answered of it and the next look at the mailbox. As long as its number
// stands for it, it has the MODSEQ and the flags that were answered.
func TestStoredThenExpunged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store := mailstore.New(memstore.New(), mailstore.Options{})
	defer store.Close()
	account, err := store.Account(ctx, 1)
	check(t, err)
	mailboxes, err := account.Mailboxes(ctx)
	check(t, err)
	inbox, _ := mailboxes.Find(imap.Inbox)
	in := store.NewIngest(0)
	in.Write([]byte("Subject: x\r\n\r\nbody\r\n"))
	content, err := in.Finish()
	check(t, err)
	defer content.Discard()
	_, err = account.Append(ctx, inbox.ID, []mailstore.Append{{Content: content}})
	check(t, err)
	version := func() *mailstore.Version {
		v, err := account.Open(ctx, inbox.ID)
		check(t, err)
		return v
	}
	v := &view{told: version()}
	stored, err := account.StoreFlags(ctx, inbox.ID, imap.UIDSet{{Start: 1, Stop: 1}},
		imap.StoreOp{Action: imap.StoreAdd, Flags: []imap.Flag{imap.FlagSeen}})
	check(t, err)
	v.latest = version()
	_, err = account.Remove(ctx, inbox.ID, imap.UIDSet{{Start: 1, Stop: 1}})
	check(t, err)
	for _, opts := range []imapserver.PollOptions{{KeepExpunged: true}, {Hold: true}} {
		e, ok := v.next(version(), opts).Get(1)
		if !ok || e.ModSeq != stored.ModSeq || !e.Flags.Has(mailstore.Seen) {
			t.Errorf("%+v: is there: %t, MODSEQ %d, want %d, flags %v", opts, ok, e.ModSeq, stored.ModSeq, e.Flags)
		}
	}
	if next := v.next(version(), imapserver.PollOptions{}); next.Len() != 0 {
		t.Errorf("%d messages, want none when the expunge may be told", next.Len())
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
