package mailstore

import (
	"slices"
)

// renumber makes the counters those of the rows, and beyond all that may have
// been given. The change log is void: clients take whole lists.
func (a *accountRepair) renumber() error {
	c := &a.counters
	for id, rows := range a.rows {
		slices.SortFunc(rows, byUID)
		for i := range rows {
			c.modSeq = max(c.modSeq, rows[i].modSeq)
			c.lastID = max(c.lastID, uint64(rows[i].instance), uint64(rows[i].record))
		}
		c.lastMailbox = max(c.lastMailbox, id)
	}
	for id := range a.records {
		c.lastID = max(c.lastID, uint64(id))
	}
	for id, box := range a.boxes {
		c.lastMailbox = max(c.lastMailbox, id)
		c.uidValidity = max(c.uidValidity, box.UIDValidity)
		c.modSeq = max(c.modSeq, box.HighestModSeq)
	}
	c.modSeq++
	if a.options.Rebuilt {
		c.modSeq += lostModSeqs
		c.lastID += lostIDs
		c.lastMailbox += lostMailboxes
	}
	c.horizon = c.modSeq
	c.usage = Usage{}
	for _, id := range a.ids() {
		if err := a.count(a.boxes[id]); err != nil {
			return err
		}
	}
	return nil
}

// count makes the counts of a mailbox those of its rows.
func (a *accountRepair) count(box *Mailbox) error {
	rows := a.rows[box.ID]
	box.Messages, box.Unseen, box.Deleted, box.Bytes, box.DeletedBytes = uint32(len(rows)), 0, 0, 0, 0
	box.UIDNext = max(1, box.UIDNext)
	for i := range rows {
		r := &rows[i]
		if r.modSeq == 0 {
			r.modSeq = a.counters.modSeq
		}
		box.UIDNext = max(box.UIDNext, r.uid+1)
		box.Bytes += r.size
		if !r.flags.Has(Seen) {
			box.Unseen++
		}
		if r.flags.Has(Deleted) {
			box.Deleted++
			box.DeletedBytes += r.size
		}
	}
	box.HighestModSeq = a.counters.modSeq
	a.counters.usage.Bytes += box.Bytes
	a.counters.usage.Messages += int64(box.Messages)
	if !a.options.Rebuilt && box.UIDValidity != 0 {
		return nil
	}
	var err error
	box.UIDValidity, err = a.counters.nextUIDValidity(a.options.Now.Unix())
	return err
}

func (a *accountRepair) writeMailboxes() error {
	for _, id := range a.ids() {
		box := a.boxes[id]
		if err := a.set(mailboxKey(a.id, id), appendMailbox(nil, box)); err != nil {
			return err
		}
		for _, g := range box.Grants {
			if err := a.set(grantKey(g.Grantee, a.id, id), []byte{}); err != nil {
				return err
			}
		}
		if err := a.writePages(id, a.rows[id]); err != nil {
			return err
		}
	}
	for k := range a.stored {
		if err := a.delete([]byte(k)); err != nil {
			return err
		}
	}
	return nil
}

// writePages writes each page as a whole: an interruption leaves a list that is
// partly the old one, never less.
func (a *accountRepair) writePages(id MailboxID, rows []row) error {
	for len(rows) > 0 {
		no := uint32(rows[0].uid) >> pageBits
		n := 1
		for n < len(rows) && uint32(rows[n].uid)>>pageBits == no {
			n++
		}
		k := pageKey(a.id, id, no)
		if err := a.set(k, newPage(no, rows[:n]).stored()); err != nil {
			return err
		}
		delete(a.stored, string(k))
		rows = rows[n:]
	}
	return nil
}

// writeRecords writes what holds records to their blobs, and how often they are
// used.
func (a *accountRepair) writeRecords() error {
	notes := make(map[uint64]copyNote)
	for id, facts := range a.records {
		if err := a.set(linkKey(facts.blob, a.id, id), []byte{}); err != nil {
			return err
		}
		if extra := facts.rows + a.pending[id]; extra > 1 {
			note := notes[uint64(id)/copyGroup]
			if note == nil {
				note = make(copyNote)
				notes[uint64(id)/copyGroup] = note
			}
			note[byte(id%copyGroup)] = extra - 1
		}
	}
	return a.writeNotes(notes)
}

// writeNotes replaces all notes of copies in one batch: without them, content
// that is needed would go.
func (a *accountRepair) writeNotes(notes map[uint64]copyNote) error {
	if err := a.flush(); err != nil {
		return err
	}
	b, err := a.write()
	if err != nil {
		return err
	}
	all := kinds(a.id, keyCopies, keyCopies+1)
	b.DeleteRange(all.Start, all.End)
	for group, note := range notes {
		b.Set(copiesKey(a.id, group, uint64(a.counters.modSeq)), note.encode())
	}
	return a.flush()
}

// writeRest voids the change log, drops rows of mailboxes that are gone and
// writes the counters.
func (a *accountRepair) writeRest() error {
	if err := a.deleteRange(kinds(a.id, keyLog, keyLog+1)); err != nil {
		return err
	}
	a.counters.annotations = 0
	for _, kind := range [...]byte{keyRecent, keyAnnotation, keyAccess} {
		err := a.storage.Scan(kinds(a.id, kind, kind+1), func(k, value []byte) error {
			const at = 1 + 8 + 1
			id := MailboxID(0)
			if len(k) >= at+4 {
				id = MailboxID(firstU32(k[at:]))
			}
			if a.boxes[id] == nil && (id != 0 || kind != keyAnnotation) {
				return a.delete(slices.Clone(k))
			}
			if kind == keyAnnotation {
				a.counters.annotations += annotationSize(k, value)
			}
			return a.ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	if err := a.dropBadRows(); err != nil {
		return err
	}
	return a.set(accountKey(a.id, keyAccount), a.counters.encode())
}

// dropBadRows drops subscriptions that are no names and threads that make no
// sense.
func (a *accountRepair) dropBadRows() error {
	drop := func(kind byte, bad func(k, value []byte) bool) error {
		return a.storage.Scan(kinds(a.id, kind, kind+1), func(k, value []byte) error {
			if bad(k, value) {
				return a.delete(slices.Clone(k))
			}
			return a.ctx.Err()
		})
	}
	err := drop(keySubscription, func(k, _ []byte) bool {
		name := string(k[1+8+1:])
		checked, err := CheckName(name)
		return err != nil || checked != name
	})
	if err == nil {
		err = drop(keyRecent, func(_, value []byte) bool {
			d := decoder{b: value}
			d.uvarint()
			return d.end("") != nil
		})
	}
	if err == nil {
		err = drop(keyThread, func(_, value []byte) bool {
			return len(value) != 16 || lastU64(value, 1) > a.counters.lastID
		})
	}
	return err
}
