package mailstore

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// An accountRepair makes the rows of one account anew from its pages and
// records.
type accountRepair struct {
	*repairer
	id       AccountID
	counters counters
	boxes    map[MailboxID]*Mailbox
	rows     map[MailboxID][]row // by rising UID
	stored   map[string]bool     // keys of pages that are there, and not needed
	records  map[RecordID]*recordFacts
	pending  map[RecordID]uint64 // instances lost, for the collector
}

// recordFacts are what is needed of a record.
type recordFacts struct {
	blob     storage.BlobID
	size     int64
	received int64
	rows     uint64 // messages that use it
}

func (r *repairer) account(id AccountID) error {
	a := &accountRepair{
		repairer: r, id: id,
		boxes: make(map[MailboxID]*Mailbox), rows: make(map[MailboxID][]row), stored: make(map[string]bool),
		records: make(map[RecordID]*recordFacts), pending: make(map[RecordID]uint64),
	}
	gone, err := a.readCounters()
	if err != nil {
		return err
	}
	if gone {
		a.did(damage.Unused, "", "an account that was removed had left rows")
		return errors.Join(r.deleteRange(kinds(id, keyAccount, endOfAccount)), r.flush())
	}
	for _, step := range []func() error{
		a.readMailboxes, a.readRecords, a.readPending, a.readPages,
		a.adoptPages, a.dropMessages, a.dropDoubles, a.recover, a.renumber,
		a.writeMailboxes, a.writeRecords, a.writeRest, r.flush,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	r.done.Accounts++
	return nil
}

func (a *accountRepair) did(s damage.Severity, box, format string, args ...any) {
	a.repairer.did(a.id, s, box, format, args...)
}

// readCounters reports whether the account was removed.
func (a *accountRepair) readCounters() (gone bool, err error) {
	stored, err := a.storage.Get(nil, accountKey(a.id, keyAccount))
	if errors.Is(err, storage.ErrNotFound) {
		return !a.options.Rebuilt, nil
	}
	if err != nil {
		return false, err
	}
	if a.counters, err = parseCounters(stored); err != nil {
		a.did(damage.Lost, "", "the account's counters could not be read")
		a.counters = counters{}
	}
	return false, nil
}

func (a *accountRepair) readMailboxes() error {
	return a.storage.Scan(kinds(a.id, keyMailbox, keyMailbox+1), func(k, value []byte) error {
		id := MailboxID(lastU32(k))
		box, err := parseMailbox(id, value)
		if err != nil {
			a.did(damage.Lost, "", "mailbox %d could not be read", id)
			return a.delete(slices.Clone(k))
		}
		a.boxes[id] = box
		return nil
	})
}

// readRecords drops records whose blob is gone.
func (a *accountRepair) readRecords() error {
	return a.storage.Scan(kinds(a.id, keyRecord, keyRecord+1), func(k, value []byte) error {
		rec, err := parseRecord(value)
		if err == nil {
			var size int64
			size, err = a.options.Blob(rec.blob)
			if err == nil && size != rec.blobSize {
				err = ErrCorrupt
			}
		}
		if err == nil {
			a.records[RecordID(lastU64(k, 1))] = &recordFacts{blob: rec.blob, size: rec.size(), received: rec.received}
			return a.ctx.Err()
		}
		return a.delete(slices.Clone(k))
	})
}

func (a *accountRepair) readPending() error {
	v := &verifier{ctx: a.ctx, reader: a.storage, options: VerifyOptions{Found: func(damage.Finding) {}}}
	if err := v.readOrphans(); err != nil {
		return err
	}
	for _, p := range v.orphansOf(a.id) {
		if a.records[p.record] != nil {
			a.pending[p.record]++
		}
	}
	return nil
}

func (a *accountRepair) readPages() error {
	return a.storage.Scan(kinds(a.id, keyPage, keyPage+1), func(k, value []byte) error {
		const at = 1 + 8 + 1
		id, no := MailboxID(firstU32(k[at:])), lastU32(k)
		a.stored[string(k)] = true
		p, err := parsePage(no, value)
		if err != nil {
			a.did(damage.Lost, a.nameOf(id), "the list of the messages with UIDs from %d to %d could not be read", no<<pageBits, no<<pageBits+pageUIDs-1)
			return nil
		}
		a.rows[id] = p.appendRows(a.rows[id])
		return a.ctx.Err()
	})
}

func (a *accountRepair) nameOf(id MailboxID) string {
	if box := a.boxes[id]; box != nil {
		return box.Name
	}
	return ""
}

// ids returns the ids of all mailboxes, rising.
func (a *accountRepair) ids() []MailboxID { return slices.Sorted(maps.Keys(a.boxes)) }

// adoptPages makes mailboxes for messages whose mailbox is gone, and gives names
// to those that have none of their own.
func (a *accountRepair) adoptPages() error {
	for _, id := range slices.Sorted(maps.Keys(a.rows)) {
		if a.boxes[id] == nil {
			a.boxes[id] = &Mailbox{ID: id}
		}
	}
	names := make(map[string]bool)
	for _, id := range a.ids() {
		box := a.boxes[id]
		if name, err := CheckName(box.Name); box.IsInbox() || err == nil && name == box.Name && !names[box.Name] {
			names[box.Name] = true
			continue
		}
		was := box.Name
		box.Name = fmt.Sprintf("%s-%d", RecoveredName, id)
		names[box.Name] = true
		a.did(damage.Wrong, box.Name, "a mailbox with the name %q has this one now", was)
	}
	if !names[imap.Inbox] {
		a.newMailbox(imap.Inbox)
		a.did(damage.Lost, imap.Inbox, "there was no INBOX")
	}
	return nil
}

func (a *accountRepair) newMailbox(name string) *Mailbox {
	last := a.counters.lastMailbox
	for id := range a.boxes {
		last = max(last, id)
	}
	a.counters.lastMailbox = last + 1
	box := &Mailbox{ID: last + 1, Name: name}
	a.boxes[box.ID] = box
	return box
}

// dropMessages drops messages without content, and mends what a row says of the
// others.
func (a *accountRepair) dropMessages() error {
	for id, rows := range a.rows {
		box := a.boxes[id]
		var uids imap.UIDSet
		a.rows[id] = slices.DeleteFunc(rows, func(r row) bool {
			gone := a.records[r.record] == nil
			if gone {
				uids.Add(r.uid)
				a.done.Dropped++
			}
			return gone
		})
		if len(uids) > 0 {
			a.did(damage.Lost, box.Name, "the messages with the UIDs %v had no content any more", uids)
		}
		for i := range a.rows[id] {
			r := &a.rows[id][i]
			r.size = a.records[r.record].size
			r.flags = box.named(r.flags)
		}
	}
	return nil
}

// named returns flags without those that have no name.
func (m *Mailbox) named(flags Flags) Flags {
	var kept Flags
	flags.each(func(b FlagBit) {
		if m.names(b) {
			kept = kept.with(b)
		}
	})
	return kept
}

// dropDoubles drops messages that are where they were moved from and where they
// were moved to: after a rebuild, half of a move may be lost.
func (a *accountRepair) dropDoubles() error {
	newest := make(map[InstanceID]imap.ModSeq)
	for _, rows := range a.rows {
		for i := range rows {
			newest[rows[i].instance] = max(newest[rows[i].instance], rows[i].modSeq)
		}
	}
	for id, rows := range a.rows {
		n := len(rows)
		a.rows[id] = slices.DeleteFunc(rows, func(r row) bool { return r.modSeq < newest[r.instance] })
		if n -= len(a.rows[id]); n > 0 {
			a.did(damage.Wrong, a.nameOf(id), "%d messages were here and where they had been moved to", n)
		}
	}
	for _, rows := range a.rows {
		for i := range rows {
			a.records[rows[i].record].rows++
		}
	}
	return nil
}

// recover puts messages that are in no mailbox into one.
func (a *accountRepair) recover() error {
	var lost []RecordID
	for id, facts := range a.records {
		if facts.rows+a.pending[id] == 0 {
			lost = append(lost, id)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	slices.Sort(lost)
	box := a.recoveryBox()
	for _, id := range lost {
		facts := a.records[id]
		facts.rows++
		a.raiseIDs()
		a.counters.lastID++
		a.rows[box.ID] = append(a.rows[box.ID], row{
			uid: a.nextUID(box), size: facts.size, internal: facts.received, sent: facts.received,
			save: a.options.Now.Unix(), instance: InstanceID(a.counters.lastID), record: id,
		})
	}
	a.done.Recovered += len(lost)
	a.did(damage.Wrong, box.Name, "%d messages that were in no mailbox are in this one now", len(lost))
	return nil
}

func (a *accountRepair) recoveryBox() *Mailbox {
	for _, box := range a.boxes {
		if box.Name == RecoveredName {
			return box
		}
	}
	return a.newMailbox(RecoveredName)
}

// nextUID gives a UID in a mailbox.
func (a *accountRepair) nextUID(box *Mailbox) imap.UID {
	next := max(1, box.UIDNext)
	if rows := a.rows[box.ID]; len(rows) > 0 {
		next = max(next, rows[len(rows)-1].uid+1)
	}
	box.UIDNext = next + 1
	return next
}

// raiseIDs raises the last id given above all that there are.
func (a *accountRepair) raiseIDs() {
	if a.counters.lastID != 0 {
		return
	}
	for id := range a.records {
		a.counters.lastID = max(a.counters.lastID, uint64(id))
	}
	for _, rows := range a.rows {
		for i := range rows {
			a.counters.lastID = max(a.counters.lastID, uint64(rows[i].instance), uint64(rows[i].record))
		}
	}
}

// byUID compares rows.
func byUID(r, s row) int { return cmp.Compare(r.uid, s.uid) }
