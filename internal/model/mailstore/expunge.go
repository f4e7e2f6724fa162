package mailstore

import (
	"context"

	"github.com/mailstead/mailstead/imap"
)

// allUIDs is the set of all UIDs there can be.
func allUIDs() imap.UIDSet { return imap.UIDSet{{Start: 1, Stop: ^imap.UID(0)}} }

// Expunge removes those messages of uids that have \Deleted, all such if uids
// is nil, and returns which (RFC 9051 §6.4.3, §6.4.9).
func (a *Account) Expunge(ctx context.Context, id MailboxID, uids *imap.UIDSet) (imap.UIDSet, error) {
	among := allUIDs()
	if uids != nil {
		among = *uids
	}
	return a.remove(ctx, id, among, func(p *page) uint64 { return p.having(Deleted) })
}

// Remove removes messages whatever their flags, and returns which.
func (a *Account) Remove(ctx context.Context, id MailboxID, uids imap.UIDSet) (imap.UIDSet, error) {
	return a.remove(ctx, id, uids, func(p *page) uint64 { return p.present })
}

// remove removes those messages of uids that which tells.
func (a *Account) remove(ctx context.Context, id MailboxID, uids imap.UIDSet, which func(*page) uint64) (imap.UIDSet, error) {
	var all, part imap.UIDSet
	err := a.inParts(ctx, uids, func(t *tx, uids imap.UIDSet) (imap.UID, error) {
		part = nil
		return t.remove(id, uids, which, &part)
	}, func() {
		all.AddSet(part)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (t *tx) remove(id MailboxID, uids imap.UIDSet, which func(*page) uint64, removed *imap.UIDSet) (next imap.UID, err error) {
	e, err := t.edit(id)
	if err != nil {
		return 0, err
	}
	if err := e.load(); err != nil {
		return 0, err
	}
	e.base.version.pagesIn(uids, func(p *page, slots uint64) bool {
		if t.full(*removed) {
			next = p.firstUID()
			return false
		}
		if slots &= which(p); slots != 0 {
			for _, r := range e.take(p, slots) {
				t.orphans = append(t.orphans, r.record)
			}
			addUIDs(removed, p.no, slots)
		}
		return true
	})
	if len(*removed) > 0 {
		t.logUIDs(MessagesRemoved, id, *removed)
	}
	return next, nil
}

// take takes messages out of a page, and returns them.
func (e *edit) take(p *page, slots uint64) []row {
	var buf [pageUIDs]row
	var taken []row
	kept := buf[:0]
	for _, r := range p.appendRows(nil) {
		if slots>>(r.uid%pageUIDs)&1 != 0 {
			taken = append(taken, r)
		} else {
			kept = append(kept, r)
		}
	}
	e.replace(p, newPage(p.no, kept))
	return taken
}
