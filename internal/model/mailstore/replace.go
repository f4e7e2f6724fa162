package mailstore

import (
	"context"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Replace puts a message into a mailbox and removes another from a mailbox of
// this account, in one batch: both or neither (RFC 8508 §3.4). What is removed
// makes room for what comes. It returns ErrNoMessage if there is nothing to
// remove. The content stays the caller's to discard.
func (a *Account) Replace(ctx context.Context, from MailboxID, uid imap.UID, to Destination, m Append) (*imap.AppendData, error) {
	messages := []Append{m}
	if err := spillLarge(messages); err != nil {
		return nil, err
	}
	accounts := []AccountID{min(a.id, to.Account.id), max(a.id, to.Account.id)}
	blobs := make([]storage.BlobID, 1)
	data := new(imap.AppendData)
	err := a.store.run(ctx, job{
		accounts: slices.Compact(accounts),
		prepare: func(b *storage.Batch) error {
			blobs[0] = m.Content.AppendTo(b)
			return nil
		},
		build: func(u *update) error {
			*data = imap.AppendData{}
			if err := u.of(a.id).removeOne(from, uid); err != nil {
				return err
			}
			return u.of(to.Account.id).appendAll(to.Mailbox, messages, blobs, data)
		},
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// removeOne removes a message that must be there.
func (t *tx) removeOne(id MailboxID, uid imap.UID) error {
	var gone imap.UIDSet
	_, err := t.remove(id, imap.UIDSet{{Start: uid, Stop: uid}}, func(p *page) uint64 { return p.present }, &gone)
	if err == nil && len(gone) == 0 {
		return ErrNoMessage
	}
	return err
}
