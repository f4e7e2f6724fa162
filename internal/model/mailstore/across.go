package mailstore

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// across copies or moves messages to another account. A batch changes both
// accounts, so that a moved message is in one of them at each moment. What is
// copied is the record: the blob is shared.
func (a *Account) across(ctx context.Context, way transfer, uids imap.UIDSet, part *imap.CopyData, keep func()) error {
	accounts := []AccountID{min(a.id, way.to.Account.id), max(a.id, way.to.Account.id)}
	for {
		var next imap.UID
		err := a.store.update(ctx, accounts, func(u *update) (err error) {
			*part = imap.CopyData{}
			x := crossing{way: way, source: u.of(a.id), target: u.of(way.to.Account.id), done: part}
			next, err = x.run(uids)
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

// of returns what the update does to an account.
func (u *update) of(id AccountID) *tx {
	for _, t := range u.txs {
		if t.account.id == id {
			return t
		}
	}
	panic("mailstore: update of another account")
}

// A crossing is one batch of messages on their way to another account.
type crossing struct {
	way            transfer
	source, target *tx
	from, to       *edit
	flags          flagMapper
	size           int // of the records in the batch
	done           *imap.CopyData
}

// run does what goes into one batch, and returns the UID to go on from.
func (x *crossing) run(uids imap.UIDSet) (next imap.UID, err error) {
	// Records are read from the store, where they must be by then.
	if !x.source.account.drain() {
		return 0, errors.Join(errStale, x.source.account.lost)
	}
	if x.from, err = x.source.edit(x.way.from); err != nil {
		return 0, err
	}
	if x.to, err = x.target.edit(x.way.to.Mailbox); err != nil {
		return 0, err
	}
	if err := x.from.load(); err != nil {
		return 0, err
	}
	x.done.UIDValidity = x.to.box.UIDValidity
	x.flags = flagMapper{from: x.from.box, to: x.to, fixed: fixedFlags(x.way.to.Rights)}
	x.from.base.version.pagesIn(uids, func(p *page, slots uint64) bool {
		next, err = x.page(p, slots)
		return err == nil && next == 0
	})
	if err == nil && x.way.move && len(x.done.Source) > 0 {
		x.source.logUIDs(MessagesRemoved, x.way.from, x.done.Source)
	}
	return next, err
}

// page takes the messages of one page, as far as the batch has room.
func (x *crossing) page(p *page, slots uint64) (next imap.UID, err error) {
	var rows []row
	var taken uint64
	var bytes int64
	for _, r := range p.appendRows(nil) {
		bit := uint64(1) << (r.uid % pageUIDs)
		if slots&bit == 0 {
			continue
		}
		if x.size > enoughForBatch || x.target.full(x.done.Source) {
			next = r.uid
			break
		}
		if err := x.copyRecord(&r); err != nil {
			return 0, err
		}
		taken |= bit
		bytes += r.size
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return next, nil
	}
	if err := x.target.admit(int64(len(rows)), bytes); err != nil {
		return 0, err
	}
	if x.way.move {
		for _, r := range x.from.take(p, taken) {
			x.source.orphans = append(x.source.orphans, r.record)
		}
	}
	addUIDs(&x.done.Source, p.no, taken)
	return next, x.add(rows)
}

// add puts the messages into the target.
func (x *crossing) add(rows []row) (err error) {
	for i := range rows {
		if rows[i].flags, err = x.flags.translate(rows[i].flags); err != nil {
			return err
		}
	}
	if err := x.to.add(rows); err != nil {
		return err
	}
	for i := range rows {
		x.done.Dest.Add(rows[i].uid)
	}
	return nil
}

// copyRecord gives a message a record in the target, with the same blob.
func (x *crossing) copyRecord(r *row) error {
	old := r.record
	stored, err := x.source.store.storage.Get(nil, recordKey(x.source.account.id, old))
	if errors.Is(err, storage.ErrNotFound) {
		return ErrCorrupt
	}
	if err != nil {
		return err
	}
	rec, err := parseRecord(stored)
	if err != nil {
		return err
	}
	id := x.target.newID()
	r.instance, r.record = InstanceID(id), RecordID(id)
	b := x.target.batch
	// While the source has its link, nobody takes the blob away.
	b.Assert(linkKey(rec.blob, x.source.account.id, old), []byte{})
	b.Set(recordKey(x.target.account.id, r.record), stored)
	b.Set(linkKey(rec.blob, x.target.account.id, r.record), []byte{})
	x.size += len(stored) + 128
	return nil
}
