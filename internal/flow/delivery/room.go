package delivery

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
)

// CheckRoom returns mailstore.ErrOverQuota if a local recipient of a message
// has no room for it.
func (d *Deliverer) CheckRoom(ctx context.Context, m *Message) error {
	for _, r := range m.Recipients.Local {
		size := int64(len(localPrefix(m, r.Address))) + m.Content.Size()
		if err := d.CheckQuota(ctx, r.Account, size); err != nil {
			return err
		}
	}
	return nil
}

// CheckQuota returns mailstore.ErrOverQuota if an account has no room for so
// many bytes more.
func (d *Deliverer) CheckQuota(ctx context.Context, id directory.AccountID, size int64) error {
	account, err := d.Mail.Account(ctx, mailstore.AccountID(id))
	if err != nil {
		return err
	}
	limit := account.Quota()
	if limit == (mailstore.Quota{}) {
		return nil
	}
	usage, err := account.Usage(ctx)
	if err != nil {
		return err
	}
	if limit.Bytes > 0 && usage.Bytes+size > limit.Bytes || limit.Messages > 0 && usage.Messages >= limit.Messages {
		return mailstore.ErrOverQuota
	}
	return nil
}

// SetAside leaves those accounts that have no room to the queue, which tries
// again or returns the message. It returns mailstore.ErrOverQuota if there is
// nobody else: then the client can be told.
func (d *Deliverer) SetAside(ctx context.Context, m *Message) error {
	r := &m.Recipients
	kept := make([]Local, 0, len(r.Local))
	for _, to := range r.Local {
		size := int64(len(localPrefix(m, to.Address))) + m.Content.Size()
		switch err := d.CheckQuota(ctx, to.Account, size); {
		case errors.Is(err, mailstore.ErrOverQuota):
			r.Later = append(r.Later, to)
		case err != nil:
			return err
		default:
			kept = append(kept, to)
		}
	}
	r.Local = kept
	if len(r.Later) > 0 && len(r.Local)+len(r.Foreign) == 0 {
		return mailstore.ErrOverQuota
	}
	return nil
}

// Requeue puts a message into the queue for accounts that have failed, after
// all others have it. It returns the queue id.
func (d *Deliverer) Requeue(ctx context.Context, m *Message, failures []Failure) (queue.ID, error) {
	again := *m
	again.Recipients = Recipients{}
	var err error
	if again.Content, err = m.Content.Duplicate(); err != nil {
		return 0, err
	}
	defer again.Content.Discard()
	for _, f := range failures {
		for _, to := range m.Recipients.Local {
			if to.Account == f.Account {
				again.Recipients.Later = append(again.Recipients.Later, to)
			}
		}
	}
	_, err = d.deliver(ctx, &again)
	return again.QueueID, err
}
