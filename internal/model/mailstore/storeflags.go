package mailstore

import (
	"context"

	"github.com/mailstead/mailstead/imap"
)

// A Stored says what StoreFlags did.
type Stored struct {
	ModSeq   imap.ModSeq // of the last message changed; zero if none was
	Changed  imap.UIDSet // messages that have other flags than before
	Modified imap.UIDSet // left alone because of UnchangedSince (RFC 7162 §3.1.3)
}

// StoreFlags changes the flags of messages. UIDs that name no message are
// passed over. Messages whose flags stay the same keep their MODSEQ. \Recent
// among the flags is ignored.
func (a *Account) StoreFlags(ctx context.Context, id MailboxID, uids imap.UIDSet, op imap.StoreOp) (*Stored, error) {
	return a.StoreFlagsWith(ctx, imap.AllRights, id, uids, op)
}

// StoreFlagsWith is StoreFlags by somebody who may have the right to change
// some flags only: the others stay as they are.
func (a *Account) StoreFlagsWith(ctx context.Context, rights imap.Rights, id MailboxID, uids imap.UIDSet, op imap.StoreOp) (*Stored, error) {
	op.Flags = rights.Changeable(op.Flags)
	var all, part Stored
	err := a.inParts(ctx, uids, func(t *tx, uids imap.UIDSet) (imap.UID, error) {
		part = Stored{}
		return t.storeFlags(id, uids, storing{op, rights}, &part)
	}, func() {
		all.ModSeq = max(all.ModSeq, part.ModSeq)
		all.Changed.AddSet(part.Changed)
		all.Modified.AddSet(part.Modified)
	})
	if err != nil {
		return nil, err
	}
	return &all, nil
}

// inParts makes a change to messages in as many batches as it takes. part
// does what fits into one and returns the UID to go on from, or zero; then
// keep is called, once for each batch that is durable.
func (a *Account) inParts(ctx context.Context, uids imap.UIDSet,
	part func(*tx, imap.UIDSet) (imap.UID, error), keep func()) error {
	for {
		var next imap.UID
		err := a.change(ctx, func(t *tx) (err error) {
			next, err = part(t, uids)
			return err
		})
		if err != nil {
			return err
		}
		keep()
		if next == 0 {
			return nil
		}
		uids = from(uids, next)
	}
}

// storing is a STORE by somebody with rights.
type storing struct {
	imap.StoreOp
	rights imap.Rights
}

func (t *tx) storeFlags(id MailboxID, uids imap.UIDSet, op storing, done *Stored) (next imap.UID, err error) {
	e, err := t.edit(id)
	if err != nil {
		return 0, err
	}
	if err := e.load(); err != nil {
		return 0, err
	}
	flags, err := e.storedFlags(op.StoreOp)
	if err != nil {
		return 0, err
	}
	e.base.version.pagesIn(uids, func(p *page, slots uint64) bool {
		if t.full(done.Changed) {
			next = p.firstUID()
			return false
		}
		e.storePage(p, slots, op, flags, done)
		return true
	})
	if len(done.Changed) > 0 {
		done.ModSeq = t.modSeq
		t.logUIDs(MessagesFlagged, id, done.Changed)
	}
	return next, nil
}

// storedFlags returns the flags of op. Removing a keyword that the mailbox
// does not have does not make it known.
func (e *edit) storedFlags(op imap.StoreOp) (Flags, error) {
	if op.Action != imap.StoreRemove {
		return e.resolve(op.Flags)
	}
	var flags Flags
	for _, name := range op.Flags {
		if bit, ok := e.box.FlagBit(name); ok {
			flags = flags.with(bit)
		}
	}
	return flags, nil
}

// storePage changes the messages of one page that slots tells.
func (e *edit) storePage(p *page, slots uint64, op storing, flags Flags, done *Stored) {
	var buf [pageUIDs]row
	rows := p.appendRows(buf[:0])
	var changed, modified uint64
	fixed := fixedFlags(op.rights)
	for i := range rows {
		r := &rows[i]
		bit := uint64(1) << (r.uid % pageUIDs)
		if slots&bit == 0 {
			continue
		}
		if op.Conditional && r.modSeq > op.UnchangedSince {
			modified |= bit
			continue
		}
		if after := combine(op.Action, r.flags, flags, fixed); after != r.flags {
			r.flags, r.modSeq = after, e.tx.modSeq
			changed |= bit
		}
	}
	addUIDs(&done.Modified, p.no, modified)
	addUIDs(&done.Changed, p.no, changed)
	if changed != 0 {
		e.replace(p, newPage(p.no, rows))
	}
}

// fixedFlags are the flags that may not be changed with rights.
func fixedFlags(rights imap.Rights) Flags {
	fixed := Flags{^uint64(0), ^uint64(0)}
	if rights.Has(imap.RightWrite) {
		fixed = Flags{}.with(Seen).with(Deleted)
	}
	if rights.Has(imap.RightSeen) {
		fixed = fixed.minus(Flags{}.with(Seen))
	}
	if rights.Has(imap.RightDeleteMsgs) {
		fixed = fixed.minus(Flags{}.with(Deleted))
	}
	return fixed
}

// combine returns the flags after a STORE of flags, none of which is fixed.
func combine(action imap.StoreAction, old, flags, fixed Flags) Flags {
	switch action {
	case imap.StoreAdd:
		return old.union(flags)
	case imap.StoreRemove:
		return old.minus(flags)
	}
	return flags.union(old.minus(old.minus(fixed)))
}
