package mailstore

import (
	"context"
	"encoding/binary"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A ChangeKind says what a Change did.
type ChangeKind uint8

// Kinds of changes. The numbers are stored.
const (
	MessagesAdded    ChangeKind = iota + 1 // by delivery, APPEND, COPY or MOVE
	MessagesFlagged                        // flags are not as before
	MessagesRemoved                        // by EXPUNGE, or MOVE to elsewhere
	MailboxCreated                         // Name is its name
	MailboxDeleted                         // Name was its name; messages are not listed
	MailboxRenamed                         // Name is its new name
	MailboxUsed                            // it has other special uses
	NameSubscribed                         // Name; Mailbox is zero
	NameUnsubscribed                       // Name; Mailbox is zero
	Annotated                              // Name is an entry; Mailbox is zero for the server
	MailboxShared                          // others have other rights on it
	endOfChanges
)

// A Change is one thing that happened in an account. Those that happened at
// once have the same ModSeq.
type Change struct {
	ModSeq  imap.ModSeq
	Kind    ChangeKind
	Mailbox MailboxID
	UIDs    imap.UIDSet // of messages
	Name    string      // of mailboxes, subscriptions and annotations
	// Reader is whose private annotation it is; zero for what is shared.
	Reader AccountID
}

const logFormat = 1

// appendChanges appends the log entry of changes that happen at once.
func appendChanges(b []byte, changes []Change) []byte {
	b = append(b, logFormat)
	b = binary.AppendUvarint(b, uint64(len(changes)))
	for i := range changes {
		c := &changes[i]
		b = append(b, byte(c.Kind))
		b = binary.AppendUvarint(b, uint64(c.Mailbox))
		b = appendUIDs(b, c.UIDs)
		b = appendString(b, c.Name)
		if c.Kind == Annotated {
			b = binary.AppendUvarint(b, uint64(c.Reader))
		}
	}
	return b
}

func parseChanges(modSeq imap.ModSeq, b []byte) ([]Change, error) {
	d := newDecoder(b, logFormat)
	n := d.count()
	changes := make([]Change, 0, min(n, 16))
	for i := 0; i < n && !d.bad; i++ {
		c := Change{
			ModSeq:  modSeq,
			Kind:    d.changeKind(),
			Mailbox: MailboxID(d.uvarint()),
			UIDs:    d.uids(),
			Name:    d.string(),
		}
		if c.Kind == Annotated {
			c.Reader = AccountID(d.uvarint())
		}
		changes = append(changes, c)
	}
	return changes, d.end("change log")
}

func (d *decoder) changeKind() ChangeKind {
	k := d.uvarint()
	if k == 0 || k >= uint64(endOfChanges) {
		d.bad, d.b = true, nil
	}
	return ChangeKind(k)
}

// Log calls fn for each change after since, in order, and returns up to which
// MODSEQ it went. It returns ErrTooOld if the log does not reach back so far.
func (a *Account) Log(ctx context.Context, since imap.ModSeq, fn func(Change) error) (imap.ModSeq, error) {
	s, err := a.committed(ctx)
	if err != nil {
		return 0, err
	}
	if since < s.horizon {
		return 0, ErrTooOld
	}
	if since >= s.modSeq {
		return s.modSeq, nil
	}
	entries := storage.Range{Start: logKey(a.id, uint64(since)+1), End: logKey(a.id, uint64(s.modSeq)+1)}
	err = a.store.storage.Scan(entries, func(k, value []byte) error {
		changes, err := parseChanges(imap.ModSeq(lastU64(k, 1)), value)
		for i := 0; err == nil && i < len(changes); i++ {
			err = fn(changes[i])
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return s.modSeq, a.stillReaches(ctx, since)
}

// stillReaches returns ErrTooOld if the log was trimmed while it was read.
func (a *Account) stillReaches(ctx context.Context, since imap.ModSeq) error {
	s, err := a.committed(ctx)
	if err == nil && since < s.horizon {
		err = ErrTooOld
	}
	return err
}

// Changes is what has happened to the messages of a mailbox since a MODSEQ.
type Changes struct {
	ModSeq   imap.ModSeq // of the account, up to which the changes go
	Changed  imap.UIDSet // messages that are new or were given other flags
	Vanished imap.UIDSet // messages that were expunged or moved away
}

// Changes returns what has happened to a mailbox since a MODSEQ
// (RFC 7162 §3.2.5). If the log does not reach back that far it returns
// ErrTooOld: the caller then takes all UIDs that do not exist as vanished.
func (a *Account) Changes(ctx context.Context, id MailboxID, since imap.ModSeq) (*Changes, error) {
	var c Changes
	upTo, err := a.Log(ctx, since, func(change Change) error {
		if change.Mailbox != id {
			return nil
		}
		switch change.Kind {
		case MessagesAdded, MessagesFlagged:
			c.Changed.AddSet(change.UIDs)
		case MessagesRemoved:
			c.Vanished.AddSet(change.UIDs)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.ModSeq = upTo
	c.Changed = without(c.Changed, c.Vanished)
	return &c, nil
}

// trimLog drops the oldest entries when the log has become a quarter longer
// than it should be.
func (t *tx) trimLog() {
	keep := imap.ModSeq(t.store.options.LogEntries)
	if t.next.modSeq-t.next.horizon <= keep+keep/4 {
		return
	}
	old := t.next.horizon
	t.next.horizon = t.next.modSeq - keep
	t.batch.DeleteRange(logKey(t.account.id, uint64(old)), logKey(t.account.id, uint64(t.next.horizon)+1))
}

// without returns the UIDs of a that are not in b.
func without(a, b imap.UIDSet) imap.UIDSet {
	var out imap.UIDSet
	for _, r := range a {
		for len(b) > 0 && b[0].Stop < r.Start {
			b = b[1:]
		}
		start := uint64(r.Start)
		for i := 0; i < len(b) && b[i].Start <= r.Stop; i++ {
			if start < uint64(b[i].Start) {
				out.AddRange(imap.UID(start), b[i].Start-1)
			}
			start = uint64(b[i].Stop) + 1
		}
		if start <= uint64(r.Stop) {
			out.AddRange(imap.UID(start), r.Stop)
		}
	}
	return out
}
