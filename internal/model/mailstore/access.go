package mailstore

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// AccessKeySize is the length of a mailbox access key in bytes.
const AccessKeySize = 32

// An AccessKey is the secret of a mailbox by which URLs that give access to its
// messages are signed (RFC 4467 §5). It is made when the first is, and goes
// with the mailbox.
type AccessKey [AccessKeySize]byte

// AccessKey returns the access key of a mailbox; ok is false if it has none.
func (a *Account) AccessKey(ctx context.Context, id MailboxID) (k AccessKey, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return k, false, err
	}
	return a.store.accessKey(a.id, id)
}

func (s *Store) accessKey(a AccountID, id MailboxID) (k AccessKey, ok bool, err error) {
	stored, err := s.storage.Get(nil, accessKey(a, id))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return k, false, nil
	case err != nil:
		return k, false, err
	case len(stored) != AccessKeySize:
		return k, false, ErrCorrupt
	}
	return AccessKey(stored), true, nil
}

// NeedAccessKey is AccessKey, but it makes the key if the mailbox has none. It
// returns ErrNoMailbox if there is no such mailbox.
func (a *Account) NeedAccessKey(ctx context.Context, id MailboxID) (AccessKey, error) {
	var k AccessKey
	err := a.change(ctx, func(t *tx) error {
		var ok bool
		var err error
		if k, ok, err = t.store.accessKey(a.id, id); ok || err != nil {
			return err
		}
		// Who makes one at the same time has it written first: look again.
		t.batch.Assert(accessKey(a.id, id), nil)
		k, err = t.newAccessKey(id)
		return err
	})
	return k, err
}

// ResetAccessKey gives a mailbox a new access key: all URLs that the old one
// has signed are void (RFC 4467 §7).
func (a *Account) ResetAccessKey(ctx context.Context, id MailboxID) error {
	return a.change(ctx, func(t *tx) error {
		_, err := t.newAccessKey(id)
		return err
	})
}

// newAccessKey writes a new key. It is no change that anybody is told of.
func (t *tx) newAccessKey(id MailboxID) (k AccessKey, err error) {
	if _, ok := t.base.tree.Get(id); !ok {
		return k, ErrNoMailbox
	}
	rand.Read(k[:])
	t.batch.Set(accessKey(t.account.id, id), k[:])
	return k, nil
}

// RemoveAccessKeys takes the access keys of all mailboxes of the account
// (RFC 4467 §7).
func (a *Account) RemoveAccessKeys(ctx context.Context) error {
	return a.change(ctx, func(t *tx) error {
		keys := kinds(a.id, keyAccess, keyAccess+1)
		t.batch.DeleteRange(keys.Start, keys.End)
		return nil
	})
}
