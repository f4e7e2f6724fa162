package mailstore

import (
	"encoding/binary"
	"slices"

	"github.com/mailstead/mailstead/imap"
)

// orphansPerKey bounds the record ids in one value.
const orphansPerKey = 8192

// finish adds what the tx has done to the batch, and completes the new state.
func (t *tx) finish() error {
	if !t.dirty() {
		return nil
	}
	t.next.modSeq = t.modSeq
	t.batch.Set(logKey(t.account.id, uint64(t.modSeq)), appendChanges(nil, t.changes))
	t.trimLog()
	t.writeMailboxes()
	t.writeOrphans()
	t.writeCopies()
	t.writeRecent()
	t.next.stored = t.next.encode()
	state := accountKey(t.account.id, keyAccount)
	t.batch.Assert(state, t.base.stored)
	t.batch.Set(state, t.next.stored)
	return nil
}

// writeMailboxes adds the edited and dropped mailboxes to the batch, and makes
// the tree and the contents of the new state.
func (t *tx) writeMailboxes() {
	var buf []byte
	for _, e := range t.edits {
		if len(e.pages) > 0 {
			e.box.HighestModSeq = t.modSeq
		}
		buf = e.write(buf)
	}
	for _, id := range t.dropped {
		t.batch.Delete(mailboxKey(t.account.id, id))
		t.batch.Delete(recentKey(t.account.id, id))
		pages := prefixed(accountKey(t.account.id, keyPage).u32(uint32(id)))
		t.batch.DeleteRange(pages.Start, pages.End)
		annotations := annotationsOf(t.account.id, id)
		t.batch.DeleteRange(annotations.Start, annotations.End)
		t.batch.Delete(accessKey(t.account.id, id))
	}
	t.next.tree, t.next.mail = t.newTree()
}

// newTree returns tree and contents with the edits made.
func (t *tx) newTree() (*Tree, []contents) {
	old := t.base.tree
	tree := &Tree{
		modSeq:        t.next.modSeq,
		byID:          slices.Clone(old.byID),
		order:         old.order,
		subscriptions: t.next.tree.subscriptions,
	}
	mail := slices.Clone(t.base.mail)
	for _, e := range t.edits {
		if i, found := tree.index(e.box.ID); found {
			tree.byID[i], mail[i] = e.box, e.contents()
		} else {
			tree.byID, mail = append(tree.byID, e.box), append(mail, e.contents())
		}
	}
	for _, id := range t.dropped {
		i, _ := tree.index(id)
		tree.byID, mail = slices.Delete(tree.byID, i, i+1), slices.Delete(mail, i, i+1)
	}
	if t.renamed {
		tree.order = sortByName(tree.byID)
	}
	return tree, mail
}

// writeOrphans notes the records that have lost an instance.
func (t *tx) writeOrphans() {
	n := 0
	for some := range slices.Chunk(t.orphans, orphansPerKey) {
		k := orphanKey(t.now.Unix(), t.account.id, uint64(t.modSeq), n)
		t.batch.Set(k, appendRecordIDs(nil, some))
		n++
	}
}

// writeRecent adds the watermarks of \Recent that are only in memory.
func (t *tx) writeRecent() {
	for id := range t.account.dirty {
		if slices.Contains(t.dropped, id) {
			continue
		}
		value := binary.AppendUvarint(nil, uint64(t.account.recent[id]))
		t.batch.Set(recentKey(t.account.id, id), value)
	}
}

// newMailbox adds an empty mailbox whose name is canonical and free.
func (t *tx) newMailbox(name string, uses []imap.MailboxAttr) (*edit, error) {
	made := int(t.next.lastMailbox - t.base.lastMailbox)
	if err := t.admitMailbox(t.base.tree.Len() + made + 1 - len(t.dropped)); err != nil {
		return nil, err
	}
	if t.next.lastMailbox == ^MailboxID(0) {
		return nil, ErrUIDsExhausted
	}
	validity, err := t.next.nextUIDValidity(t.now.Unix())
	if err != nil {
		return nil, err
	}
	t.next.lastMailbox++
	box := &Mailbox{
		ID:            t.next.lastMailbox,
		Name:          name,
		UIDValidity:   validity,
		UIDNext:       1,
		HighestModSeq: t.modSeq,
		SpecialUse:    uses,
	}
	e := &edit{tx: t, box: box, base: contents{version: newVersion(box, nil)}}
	t.setGrants(e, t.inherited(name))
	t.edits = append(t.edits, e)
	t.renamed = true
	t.log(Change{Kind: MailboxCreated, Mailbox: box.ID, Name: name})
	return e, nil
}
