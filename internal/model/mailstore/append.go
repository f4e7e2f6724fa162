package mailstore

import (
	"context"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// An Append is a message to be put into a mailbox.
type Append struct {
	Content      *Content
	Flags        []imap.Flag
	InternalDate time.Time // now if zero
	Prefix       []byte    // as in Delivery
}

// Append puts messages into a mailbox: all or none (RFC 3502). The contents
// stay the caller's to discard.
func (a *Account) Append(ctx context.Context, id MailboxID, messages []Append) (*imap.AppendData, error) {
	if err := spillLarge(messages); err != nil {
		return nil, err
	}
	blobs := make([]storage.BlobID, len(messages))
	data := new(imap.AppendData)
	err := a.store.run(ctx, job{
		accounts: []AccountID{a.id},
		prepare: func(b *storage.Batch) error {
			for i := range messages {
				blobs[i] = messages[i].Content.AppendTo(b)
			}
			return nil
		},
		build: func(u *update) error {
			*data = imap.AppendData{}
			return u.txs[0].appendAll(id, messages, blobs, data)
		},
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

func (t *tx) appendAll(id MailboxID, messages []Append, blobs []storage.BlobID, data *imap.AppendData) error {
	e, err := t.edit(id)
	if err != nil {
		return err
	}
	data.UIDValidity = e.box.UIDValidity
	all := make([]incoming, len(messages))
	for i, m := range messages {
		all[i] = incoming{
			blob:         blobs[i],
			content:      m.Content,
			prefix:       m.Prefix,
			flags:        m.Flags,
			internalDate: orNow(m.InternalDate, t.now),
		}
	}
	rows, err := e.store(all)
	if err != nil {
		return err
	}
	for i := range rows {
		data.UIDs.Add(rows[i].uid)
	}
	return nil
}

func orNow(t, now time.Time) time.Time {
	if t.IsZero() {
		return now
	}
	return t
}

// spillLarge spills the contents that would not fit into one batch together.
func spillLarge(messages []Append) error {
	size := 0
	for i := range messages {
		c := messages[i].Content
		size += len(c.memory)
		if size <= enoughForBatch {
			continue
		}
		if err := c.Spill(); err != nil {
			return err
		}
	}
	return nil
}
