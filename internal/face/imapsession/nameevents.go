package imapsession

import (
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// tellNames tells of mailboxes that have come, gone or changed their name
// (RFC 5465 §5.4). To gain or lose the right to know of a mailbox is the same
// as if it came or went.
func (e *events) tellNames(boxes []*boxEvents) {
	told := make(map[string]bool)
	for _, b := range boxes {
		if b.happens&imap.EventMailboxName == 0 {
			continue
		}
		before, had := e.visible(e.old, b.id)
		after, has := e.visible(e.now, b.id)
		switch {
		case had && !has:
			e.tellAffected(before.box.Name, told)
		case has && !had:
			e.tellAffected(after.box.Name, told)
		case had && before.box.Name != after.box.Name:
			e.tellRenamed(boxes, b, before.box.Name, after.box.Name)
		case had && before.observable() != after.observable():
			e.tellName(after.box.Name, told)
		}
	}
}

// tellAffected tells of a name and the level above it.
func (e *events) tellAffected(name string, told map[string]bool) {
	if i := strings.LastIndexByte(name, mailstore.Delimiter); i >= 0 {
		e.tellName(name[:i], told)
	}
	e.tellName(name, told)
}

// tellName tells what a name is now, once.
func (e *events) tellName(name string, told map[string]bool) {
	if told[name] || e.wanted(e.prefix+name)&imap.EventMailboxName == 0 {
		return
	}
	told[name] = true
	e.w.List(e.nameData(name))
}

// nameData is what LIST tells of a name, as far as the client has the rights to
// know of it.
func (e *events) nameData(name string) *imap.ListData {
	d := e.listData(e.prefix + name)
	m, exists := e.now.Find(name)
	if !exists {
		return d
	}
	switch t := e.watched.at(e.session.account.ID(), m); {
	case !t.rights.Has(imap.RightLookup):
		d.Attrs = []imap.MailboxAttr{imap.AttrNonExistent, imap.AttrNoAccess}
	case !t.observable():
		d.Attrs = append(d.Attrs, imap.AttrNoAccess)
	}
	return d
}

// tellRenamed tells of a new name, unless the mailbox has moved with one above
// it.
func (e *events) tellRenamed(boxes []*boxEvents, b *boxEvents, from, to string) {
	moved := slices.ContainsFunc(boxes, func(other *boxEvents) bool {
		return other.id != b.id && other.modSeq == b.modSeq && e.movesWith(other.id, from, to)
	})
	wanted := e.wanted(e.prefix+from) | e.wanted(e.prefix+to)
	if moved || wanted&imap.EventMailboxName == 0 {
		return
	}
	d := e.nameData(to)
	d.OldName = e.prefix + from
	e.w.List(d)
}

// movesWith reports whether the renaming of another mailbox explains that of
// one below it.
func (e *events) movesWith(other mailstore.MailboxID, from, to string) bool {
	before, had := e.visible(e.old, other)
	after, has := e.visible(e.now, other)
	if !had || !has {
		return false
	}
	above := before.box.Name + string(mailstore.Delimiter)
	rest, below := strings.CutPrefix(from, above)
	return below && to == after.box.Name+string(mailstore.Delimiter)+rest
}
