package mailstore

import (
	"context"

	"github.com/mailstead/mailstead/imap"
)

// A Destination is a mailbox that messages are copied or moved to, of the same
// account or another.
type Destination struct {
	Account *Account
	Mailbox MailboxID
	// Rights says which flags the messages keep there: those that its
	// bearer may not set are lost (RFC 4314 §4, COPY).
	Rights imap.Rights
}

// within returns a destination in the account itself, for its owner.
func (a *Account) within(id MailboxID) Destination {
	return Destination{Account: a, Mailbox: id, Rights: imap.AllRights}
}

// Copy copies messages within the account: see CopyTo.
func (a *Account) Copy(ctx context.Context, from, to MailboxID, uids imap.UIDSet) (*imap.CopyData, error) {
	return a.CopyTo(ctx, from, uids, a.within(to))
}

// Move moves messages within the account: see MoveTo.
func (a *Account) Move(ctx context.Context, from, to MailboxID, uids imap.UIDSet) (*imap.CopyData, error) {
	return a.MoveTo(ctx, from, uids, a.within(to))
}

// CopyTo copies messages, in order of UID, all or none (RFC 9051 §6.4.7). UIDs
// that name no message are passed over; if none does, the sets are empty.
//
// If there are more messages than go into one batch, which is more than a
// hundred thousand, or some thousand to another account, others may see some
// of them before they all are there.
func (a *Account) CopyTo(ctx context.Context, from MailboxID, uids imap.UIDSet, to Destination) (*imap.CopyData, error) {
	data, err := a.transfer(ctx, transfer{from: from, to: to}, uids)
	if err != nil && len(data.Dest) > 0 {
		undoing := context.WithoutCancel(ctx)
		if _, undo := to.Account.Remove(undoing, to.Mailbox, data.Dest); undo != nil {
			a.store.options.Log.Error("part of a failed copy stays", "account", uint64(to.Account.id),
				"mailbox", uint64(to.Mailbox), "uids", data.Dest.String(), "err", undo)
		}
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// MoveTo moves messages, each wholly or not at all (RFC 6851 §3.3), also within
// one mailbox. UIDs that name no message are passed over. If it fails, it may
// have moved some messages: these are in the data that it returns with the
// error.
func (a *Account) MoveTo(ctx context.Context, from MailboxID, uids imap.UIDSet, to Destination) (*imap.CopyData, error) {
	return a.transfer(ctx, transfer{from: from, to: to, move: true}, uids)
}

// A transfer says which way messages go.
type transfer struct {
	from MailboxID
	to   Destination
	move bool
}

// transfer copies or moves messages. Together with an error it returns what
// it has done.
func (a *Account) transfer(ctx context.Context, way transfer, uids imap.UIDSet) (*imap.CopyData, error) {
	all := new(imap.CopyData)
	source, err := a.Open(ctx, way.from)
	if err != nil {
		return all, err
	}
	// What comes into the mailbox from now on is not meant, least of all the
	// copies themselves.
	uids = uids.Intersect(imap.UIDSet{{Start: 1, Stop: source.UIDNext() - 1}})
	var part imap.CopyData
	keep := func() {
		all.UIDValidity = part.UIDValidity
		all.Source.AddSet(part.Source)
		all.Dest.AddSet(part.Dest)
	}
	if way.to.Account.id != a.id {
		return all, a.across(ctx, way, uids, &part, keep)
	}
	return all, a.inParts(ctx, uids, func(t *tx, uids imap.UIDSet) (imap.UID, error) {
		part = imap.CopyData{}
		return t.transfer(way, uids, &part)
	}, keep)
}

func (t *tx) transfer(way transfer, uids imap.UIDSet, done *imap.CopyData) (next imap.UID, err error) {
	source, err := t.edit(way.from)
	if err != nil {
		return 0, err
	}
	target, err := t.edit(way.to.Mailbox)
	if err != nil {
		return 0, err
	}
	if err := source.load(); err != nil {
		return 0, err
	}
	done.UIDValidity = target.box.UIDValidity
	flags := flagMapper{from: source.box, to: target, same: source == target, fixed: fixedFlags(way.to.Rights)}
	source.base.version.pagesIn(uids, func(p *page, slots uint64) bool {
		if t.full(done.Source) {
			next = p.firstUID()
			return false
		}
		err = t.transferPage(way, source, target, pageSlots{p.no, slots}, &flags, done)
		return err == nil
	})
	if err != nil {
		return 0, err
	}
	if way.move && len(done.Source) > 0 {
		t.logUIDs(MessagesRemoved, way.from, done.Source)
	}
	return next, nil
}

// pageSlots names messages of one page.
type pageSlots struct {
	no    uint32
	slots uint64
}

func (t *tx) transferPage(way transfer, source, target *edit, which pageSlots, flags *flagMapper, done *imap.CopyData) error {
	// The page may have been changed by this very transfer.
	p, err := source.page(which.no)
	if err != nil {
		return err
	}
	var rows []row
	if way.move {
		rows = source.take(p, which.slots)
	} else if rows, err = t.duplicate(p, which.slots); err != nil {
		return err
	}
	addUIDs(&done.Source, which.no, which.slots)
	for i := range rows {
		if rows[i].flags, err = flags.translate(rows[i].flags); err != nil {
			return err
		}
	}
	if err := target.add(rows); err != nil {
		return err
	}
	for i := range rows {
		done.Dest.Add(rows[i].uid)
	}
	return nil
}

// duplicate returns copies of messages, with instances of their own.
func (t *tx) duplicate(p *page, slots uint64) ([]row, error) {
	var rows []row
	var bytes int64
	for _, r := range p.appendRows(nil) {
		if slots>>(r.uid%pageUIDs)&1 == 0 {
			continue
		}
		t.copies = append(t.copies, r.record)
		r.instance = InstanceID(t.newID())
		bytes += r.size
		rows = append(rows, r)
	}
	if err := t.admit(int64(len(rows)), bytes); err != nil {
		return nil, err
	}
	return rows, nil
}

// A flagMapper says where the keywords of one mailbox are in another.
type flagMapper struct {
	from  *Mailbox
	to    *edit
	same  bool  // they are one mailbox
	fixed Flags // are not kept
	known map[FlagBit]Flags
}

func (m *flagMapper) translate(f Flags) (Flags, error) {
	f = f.minus(m.fixed)
	keywords := f.keywordsOnly()
	out := f.minus(keywords)
	if keywords.Empty() || m.same {
		return f, nil
	}
	var err error
	keywords.each(func(b FlagBit) {
		there, ok := m.known[b]
		if !ok && err == nil {
			there, err = m.look(b)
		}
		out = out.union(there)
	})
	return out, err
}

func (m *flagMapper) look(b FlagBit) (Flags, error) {
	there, err := m.to.resolve(m.from.AppendFlags(nil, Flags{}.with(b)))
	if err != nil {
		return Flags{}, err
	}
	if m.known == nil {
		m.known = make(map[FlagBit]Flags)
	}
	m.known[b] = there
	return there, nil
}
