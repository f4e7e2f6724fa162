package mailstore

import (
	"cmp"
	"math/bits"
	"slices"
)

// An edit is what a tx does to one mailbox.
type edit struct {
	tx    *tx
	box   *Mailbox // the tx's own copy
	base  contents
	pages []*page // changed, by number
	size  int     // about how much the edit adds to the batch

	arriving Flags // of messages that may not be in pages yet
}

// edit begins to change a mailbox, or goes on.
func (t *tx) edit(id MailboxID) (*edit, error) {
	for _, e := range t.edits {
		if e.box.ID == id {
			return e, nil
		}
	}
	box, ok := t.base.tree.Get(id)
	if !ok || slices.Contains(t.dropped, id) {
		return nil, ErrNoMailbox
	}
	c, _ := t.base.contents(id)
	copied := *box
	e := &edit{tx: t, box: &copied, base: c}
	t.edits = append(t.edits, e)
	return e, nil
}

// load reads all messages of the mailbox into memory, if they are not yet.
func (e *edit) load() error {
	if e.base.version != nil {
		return nil
	}
	v, err := e.tx.account.load(e.box.ID)
	if err != nil {
		return err
	}
	e.base = contents{version: v}
	e.tx.adoptLoaded()
	return nil
}

// adoptLoaded makes the tx remember what load has put into the head.
func (t *tx) adoptLoaded() {
	t.base = t.account.head
	t.next.mail = t.base.mail
}

// page returns a page as it is now in this tx.
func (e *edit) page(no uint32) (*page, error) {
	if i, found := e.find(no); found {
		return e.pages[i], nil
	}
	switch {
	case e.base.version != nil:
		if p := e.base.version.page(no); p != nil {
			return p, nil
		}
		return newPage(no, nil), nil
	case e.base.tail != nil && e.base.tail.no == no:
		return e.base.tail, nil
	case no == uint32(e.box.UIDNext)>>pageBits && e.box.UIDNext%pageUIDs == 0:
		return newPage(no, nil), nil
	}
	return loadPage(e.tx.store.storage, e.tx.account.id, e.box.ID, no)
}

func (e *edit) find(no uint32) (int, bool) {
	if n := len(e.pages); n == 0 || e.pages[n-1].no < no {
		return n, false
	}
	return slices.BinarySearchFunc(e.pages, no, func(p *page, no uint32) int { return cmp.Compare(p.no, no) })
}

// replace puts a new page in the place of old, and counts what that changes.
func (e *edit) replace(old, new *page) {
	before, after := totalsOf(old), totalsOf(new)
	e.box.Messages += after.messages - before.messages
	e.box.Unseen += after.unseen - before.unseen
	e.box.Deleted += after.deleted - before.deleted
	e.box.Bytes += after.bytes - before.bytes
	e.box.DeletedBytes += after.deletedBytes - before.deletedBytes
	usage := &e.tx.next.usage
	usage.Bytes += after.bytes - before.bytes
	usage.Messages += int64(after.messages) - int64(before.messages)
	if i, found := e.find(new.no); found {
		e.pages[i] = new
	} else {
		e.pages = slices.Insert(e.pages, i, new)
		e.size += len(new.data) + 32
	}
}

// contents returns the messages after the edit; box is their final record.
func (e *edit) contents() contents {
	if e.base.version != nil {
		return contents{version: e.base.version.with(e.box, e.pages)}
	}
	if n := len(e.pages); n > 0 {
		return contents{tail: e.pages[n-1]}
	}
	return e.base
}

// write adds the edit to the batch.
func (e *edit) write(buf []byte) []byte {
	b, account := e.tx.batch, e.tx.account.id
	buf = appendMailbox(buf[:0], e.box)
	b.Set(mailboxKey(account, e.box.ID), buf)
	for _, p := range e.pages {
		if p.present == 0 {
			b.Delete(pageKey(account, e.box.ID, p.no))
			continue
		}
		b.Set(pageKey(account, e.box.ID, p.no), p.stored())
	}
	return buf
}

// totals is what the counts of a mailbox are made of.
type totals struct {
	messages, unseen, deleted uint32
	bytes, deletedBytes       int64
}

func totalsOf(p *page) totals {
	deleted := p.having(Deleted)
	t := totals{
		messages: uint32(p.count()),
		unseen:   uint32(p.unseen()),
		deleted:  uint32(bits.OnesCount64(deleted)),
	}
	i := 0
	for rest := p.present; rest != 0; rest &= rest - 1 {
		size := p.value(colSize, i)
		t.bytes += size
		if deleted>>lowest(rest)&1 != 0 {
			t.deletedBytes += size
		}
		i++
	}
	return t
}
