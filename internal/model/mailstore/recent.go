package mailstore

import (
	"context"

	"github.com/mailstead/mailstead/imap"
)

// Recent returns the first UID of the messages that no session has been the
// first to see: from there on they are \Recent for a session that opens the
// mailbox now (RFC 3501 §2.3.2).
func (a *Account) Recent(ctx context.Context, id MailboxID) (imap.UID, error) {
	return a.MarkRecent(ctx, id, 0)
}

// MarkRecent is Recent for a session that opens the mailbox for writing:
// messages below upTo, the UIDNext of its Version, will not be recent for
// others. It does not wait for the disk.
func (a *Account) MarkRecent(ctx context.Context, id MailboxID, upTo imap.UID) (imap.UID, error) {
	core, err := a.store.acquire(ctx, a.id)
	if err != nil {
		return 0, err
	}
	defer a.store.release(core)
	s, err := core.current(ctx)
	if err != nil {
		return 0, err
	}
	if _, ok := s.tree.Get(id); !ok {
		return 0, ErrNoMailbox
	}
	return core.markRecent(id, upTo), nil
}

// markRecent does not mark a mailbox that is being deleted: the mark would be
// written after the mailbox is gone.
func (a *account) markRecent(id MailboxID, upTo imap.UID) imap.UID {
	a.mu.Lock()
	defer a.mu.Unlock()
	from := max(a.recent[id], 1)
	if a.head == nil {
		return from
	}
	if _, ok := a.head.tree.Get(id); ok && upTo > from {
		a.recent[id] = upTo
		if a.dirty == nil {
			a.dirty = make(map[MailboxID]bool)
		}
		a.dirty[id] = true
	}
	return from
}
