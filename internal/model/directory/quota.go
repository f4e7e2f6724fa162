package directory

import (
	"cmp"
	"context"
	"errors"
)

// Values of a Quota that are no numbers.
const (
	// NoQuota means that nothing limits it.
	NoQuota = -1
	// NothingMore means that nothing may be added.
	NothingMore = -2
)

// A Quota limits what an account may store. In each of its numbers zero stands
// for the server's default.
type Quota struct {
	Bytes     int64
	Messages  int64
	Mailboxes int64
}

func (q Quota) check() error {
	if min(q.Bytes, q.Messages, q.Mailboxes) < NothingMore {
		return errors.New("directory: negative quota")
	}
	return nil
}

// Or returns the quota with defaults in the place of zeros.
func (q Quota) Or(defaults Quota) Quota {
	return Quota{
		Bytes:     cmp.Or(q.Bytes, defaults.Bytes),
		Messages:  cmp.Or(q.Messages, defaults.Messages),
		Mailboxes: cmp.Or(q.Mailboxes, defaults.Mailboxes),
	}
}

// SetQuota limits what an account may store. It is in force at once.
func (d *Directory) SetQuota(ctx context.Context, id AccountID, q Quota) error {
	if err := q.check(); err != nil {
		return err
	}
	return d.update(ctx, id, func(_ *tx, a *Account) error {
		a.Quota = q
		return nil
	})
}

// Promote makes an account an administrator's.
func (d *Directory) Promote(ctx context.Context, id AccountID) error {
	return d.update(ctx, id, func(_ *tx, a *Account) error {
		if a.Shared {
			return about(ErrShared, a.Address)
		}
		a.Admin = true
		return nil
	})
}

// Demote undoes Promote.
func (d *Directory) Demote(ctx context.Context, id AccountID) error {
	return d.update(ctx, id, func(_ *tx, a *Account) error {
		a.Admin = false
		return nil
	})
}
