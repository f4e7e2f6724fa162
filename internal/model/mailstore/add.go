package mailstore

import (
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
)

// add gives UIDs to new messages and puts them at the end of the mailbox. It
// sets uid, modSeq and save of rows.
func (e *edit) add(rows []row) error {
	if uint64(e.box.UIDNext)+uint64(len(rows)) > 1<<32-1 {
		return ErrUIDsExhausted
	}
	first := e.box.UIDNext
	for len(rows) > 0 {
		old, err := e.page(uint32(e.box.UIDNext) >> pageBits)
		if err != nil {
			return err
		}
		n := min(len(rows), pageUIDs-int(e.box.UIDNext%pageUIDs))
		e.replace(old, e.extend(old, rows[:n]))
		rows = rows[n:]
	}
	var uids imap.UIDSet
	uids.AddRange(first, e.box.UIDNext-1)
	e.tx.logUIDs(MessagesAdded, e.box.ID, uids)
	return nil
}

func (e *edit) extend(old *page, rows []row) *page {
	for i := range rows {
		rows[i].uid = e.box.UIDNext
		rows[i].modSeq = e.tx.modSeq
		rows[i].save = e.tx.now.Unix()
		e.box.UIDNext++
	}
	if len(rows) == 1 {
		if p := old.with(&rows[0]); p != nil {
			return p
		}
	}
	return old.withAll(rows)
}

// logUIDs notes what happened to messages, in one entry per kind and mailbox
// where that is possible.
func (t *tx) logUIDs(kind ChangeKind, id MailboxID, uids imap.UIDSet) {
	if n := len(t.changes); n > 0 && t.changes[n-1].Kind == kind && t.changes[n-1].Mailbox == id {
		t.changes[n-1].UIDs.AddSet(uids)
		return
	}
	t.log(Change{Kind: kind, Mailbox: id, UIDs: uids})
}

// An incoming message is to be stored: a blob that the batch already has, and
// what one recipient has of his own.
type incoming struct {
	blob         storage.BlobID
	content      *Content
	prefix       []byte
	flags        []imap.Flag
	internalDate time.Time
}

func (in *incoming) size() int64 { return int64(len(in.prefix)) + in.content.size }

// store puts incoming messages into a mailbox, each with a record of its own.
func (e *edit) store(all []incoming) ([]row, error) {
	var bytes int64
	for i := range all {
		if len(all[i].prefix) > MaxPrefix {
			return nil, ErrTooLarge
		}
		bytes += all[i].size()
	}
	if err := e.tx.admit(int64(len(all)), bytes); err != nil {
		return nil, err
	}
	rows := make([]row, len(all))
	for i := range all {
		var err error
		if rows[i], err = e.row(&all[i]); err != nil {
			return nil, err
		}
	}
	if err := e.add(rows); err != nil {
		return nil, err
	}
	for i := range all {
		if err := e.writeRecord(&all[i], &rows[i]); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// row returns the index entry of an incoming message, which has no UID yet.
func (e *edit) row(in *incoming) (row, error) {
	flags, err := e.resolve(in.flags)
	if err != nil {
		return row{}, err
	}
	e.arriving = e.arriving.union(flags)
	id := e.tx.newID()
	r := row{
		flags:    flags,
		size:     in.size(),
		instance: InstanceID(id),
		record:   RecordID(id),
	}
	r.setDates(in.internalDate, in.content.sentDate(in.internalDate))
	return r, nil
}

// writeRecord adds the record of an incoming message to the batch.
func (e *edit) writeRecord(in *incoming, r *row) (err error) {
	t := e.tx
	rec := record{
		blob:      in.blob,
		blobSize:  in.content.size,
		received:  in.internalDate.Unix(),
		prefix:    in.prefix,
		fields:    in.content.fields,
		structure: in.content.encoded,
	}
	if rec.thread, err = t.enterThread(r.record, in.content.links()); err != nil {
		return err
	}
	t.batch.Set(recordKey(t.account.id, r.record), appendRecord(nil, &rec))
	t.batch.Set(linkKey(in.blob, t.account.id, r.record), []byte{})
	return nil
}

// resolve turns names of flags into flags of the mailbox.
func (e *edit) resolve(names []imap.Flag) (Flags, error) {
	return e.box.resolve(names, func() (Flags, error) {
		if err := e.load(); err != nil {
			return Flags{}, err
		}
		used := e.base.version.usedFlags().union(e.arriving)
		for _, p := range e.pages {
			used = used.union(p.used())
		}
		return used, nil
	})
}

// sentDate returns the date of the Date field, or instead if that is no date
// (RFC 5256 §2.2).
func (c *Content) sentDate(instead time.Time) time.Time {
	t, err := message.ParseDate(c.structure.Envelope.Date)
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return instead
	}
	return t
}
