package mailstore

import (
	"bytes"

	"github.com/mailstead/mailstead/imap"
)

// A Delta is what has happened to a mailbox between two of its versions.
type Delta struct {
	Expunged     imap.UIDSet
	ExpungedSeqs imap.SeqSet // the same messages, as numbered in the old version
	Added        imap.UIDSet
	Changed      imap.UIDSet // in both, with another MODSEQ
}

// Empty reports whether nothing has happened to the messages.
func (d *Delta) Empty() bool {
	return len(d.Expunged) == 0 && len(d.Added) == 0 && len(d.Changed) == 0
}

// Diff compares two versions of one mailbox. Its cost is that of the pages
// that differ. If UIDVALIDITY differs, all old messages are expunged and all
// new ones added.
func Diff(old, new *Version) Delta {
	var d Delta
	if old.UIDValidity() != new.UIDValidity() {
		d.Expunged, d.Added = old.UIDSet(), new.UIDSet()
		d.ExpungedSeqs.AddRange(1, old.Len())
		return d
	}
	pairPages(old, new, func(before imap.SeqNum, a, b *page) { d.page(before, a, b) })
	return d
}

// page compares one page of two versions; either may be nil. first is the
// sequence number of the first message of a.
func (d *Delta) page(first imap.SeqNum, a, b *page) {
	switch {
	case a == nil:
		addUIDs(&d.Added, b.no, b.present)
	case b == nil:
		d.expunge(first, a, a.present)
	case !bytes.Equal(a.data, b.data):
		d.expunge(first, a, a.present&^b.present)
		addUIDs(&d.Added, b.no, b.present&^a.present)
		addUIDs(&d.Changed, b.no, changed(a, b))
	}
}

func (d *Delta) expunge(first imap.SeqNum, p *page, gone uint64) {
	addUIDs(&d.Expunged, p.no, gone)
	for ; gone != 0; gone &= gone - 1 {
		d.ExpungedSeqs.Add(first + imap.SeqNum(p.rank(lowest(gone))))
	}
}

// changed returns the messages that are in a and b with another MODSEQ.
func changed(a, b *page) uint64 {
	var out uint64
	for both := a.present & b.present; both != 0; both &= both - 1 {
		slot := lowest(both)
		if a.value(colModSeq, a.rank(slot)) != b.value(colModSeq, b.rank(slot)) {
			out |= 1 << slot
		}
	}
	return out
}

// pairPages calls fn for each page that is not the same in both versions, in
// order; first is the sequence number of the first message of a.
func pairPages(old, new *Version, fn func(first imap.SeqNum, a, b *page)) {
	i, j := 0, 0
	for i < len(old.chunks) || j < len(new.chunks) {
		switch {
		case j == len(new.chunks) || i < len(old.chunks) && old.chunks[i].no < new.chunks[j].no:
			pairChunks(old.starts[i], old.chunks[i], nil, fn)
			i++
		case i == len(old.chunks) || new.chunks[j].no < old.chunks[i].no:
			pairChunks(0, nil, new.chunks[j], fn)
			j++
		default:
			if old.chunks[i] != new.chunks[j] {
				pairChunks(old.starts[i], old.chunks[i], new.chunks[j], fn)
			}
			i, j = i+1, j+1
		}
	}
}

func pairChunks(start uint32, old, new *chunk, fn func(first imap.SeqNum, a, b *page)) {
	var a, b []*page
	if old != nil {
		a = old.pages
	}
	if new != nil {
		b = new.pages
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case j == len(b) || i < len(a) && a[i].no < b[j].no:
			fn(imap.SeqNum(start+old.starts[i])+1, a[i], nil)
			i++
		case i == len(a) || b[j].no < a[i].no:
			fn(0, nil, b[j])
			j++
		default:
			if a[i] != b[j] {
				fn(imap.SeqNum(start+old.starts[i])+1, a[i], b[j])
			}
			i, j = i+1, j+1
		}
	}
}

// Keeping returns v with the messages that old has and v has not any more. It
// is what a session shows that may tell its client of new messages and flags
// but not of expunges yet (RFC 9051 §7.5.1): its sequence numbers are those of
// old, and go on where old ends.
func (v *Version) Keeping(old *Version) *Version {
	var merged []*page
	other := reassigned(old.box, v.box)
	pairPages(old, v, func(_ imap.SeqNum, a, b *page) {
		switch {
		case b == nil && other.Empty():
			merged = append(merged, a)
		case b == nil:
			merged = append(merged, mergeRows(a, newPage(a.no, nil), other))
		case a != nil && a.present&^b.present != 0:
			merged = append(merged, mergeRows(a, b, other))
		}
	})
	if len(merged) == 0 {
		return v
	}
	return v.with(v.box, merged)
}

// reassigned returns the places of keywords that mean something else in the
// new record of a mailbox.
func reassigned(old, new *Mailbox) Flags {
	var other Flags
	for i, name := range old.keywords {
		if name != "" && (i >= len(new.keywords) || !new.keywords[i].Equal(name)) {
			other = other.with(firstKeyword + FlagBit(i))
		}
	}
	return other
}

// mergeRows returns b with the messages that only a has, which lose the flags
// in other.
func mergeRows(a, b *page, other Flags) *page {
	var buf [pageUIDs]row
	rows := buf[:0]
	for all := a.present | b.present; all != 0; all &= all - 1 {
		slot := lowest(all)
		if b.present>>slot&1 != 0 {
			rows = append(rows, b.row(slot, b.rank(slot)))
			continue
		}
		r := a.row(slot, a.rank(slot))
		r.flags = r.flags.minus(other)
		rows = append(rows, r)
	}
	return newPage(b.no, rows)
}
