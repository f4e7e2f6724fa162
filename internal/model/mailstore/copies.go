package mailstore

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A record begins with one instance. Each change that makes more notes them
// under a key of its own, for groups of records, without reading what others
// have noted: so COPY never waits for counters. Only the collector adds the
// notes up, when an instance is gone.
const copyGroup = 64

// writeCopies notes the records that get another instance.
func (t *tx) writeCopies() {
	groups := make(map[uint64]copyNote)
	for _, id := range t.copies {
		note := groups[uint64(id)/copyGroup]
		if note == nil {
			note = make(copyNote)
			groups[uint64(id)/copyGroup] = note
		}
		note[byte(id%copyGroup)]++
	}
	for group, note := range groups {
		t.batch.Set(copiesKey(t.account.id, group, uint64(t.modSeq)), note.encode())
	}
}

// A copyNote counts instances beyond the first, by the record's place in its
// group.
type copyNote map[byte]uint64

func (n copyNote) encode() []byte {
	var b []byte
	for _, place := range slices.Sorted(maps.Keys(n)) {
		b = append(b, place)
		b = binary.AppendUvarint(b, n[place])
	}
	return b
}

func (n copyNote) add(b []byte) error {
	d := decoder{b: b}
	for len(d.b) > 0 {
		place := d.b[0]
		d.skip(1)
		n[place] += d.uvarint()
		if place >= copyGroup {
			d.bad = true
		}
	}
	return d.end("note of copies")
}

// copyCounts is all notes about a group of records.
type copyCounts struct {
	note    copyNote
	modSeqs []uint64 // of the notes that are stored
	changed bool
}

func loadCopyCounts(r storage.Reader, account AccountID, group uint64) (*copyCounts, error) {
	c := &copyCounts{note: make(copyNote)}
	err := r.Scan(prefixed(accountKey(account, keyCopies).u64(group)), func(k, value []byte) error {
		c.modSeqs = append(c.modSeqs, lastU64(k, 1))
		return c.note.add(value)
	})
	return c, err
}

// take takes one instance beyond the first from a record; it returns false if
// there is none.
func (c *copyCounts) take(id RecordID) bool {
	place := byte(id % copyGroup)
	if c.note[place] == 0 {
		return false
	}
	if c.note[place]--; c.note[place] == 0 {
		delete(c.note, place)
	}
	c.changed = true
	return true
}

// write replaces the notes that were read by one, if they have changed. Notes
// of changes made meanwhile have other keys and are not touched.
func (c *copyCounts) write(b *storage.Batch, account AccountID, group uint64) {
	if !c.changed {
		return
	}
	for _, modSeq := range c.modSeqs {
		b.Delete(copiesKey(account, group, modSeq))
	}
	if len(c.note) > 0 {
		b.Set(copiesKey(account, group, c.modSeqs[0]), c.note.encode())
	}
}
