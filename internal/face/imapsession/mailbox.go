package imapsession

import (
	"context"
	"strconv"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Subscribe adds a name to the subscriptions. It takes no rights, since the
// name need not be that of a mailbox (RFC 4314 §4).
func (s *session) Subscribe(ctx context.Context, mailbox string) error {
	return translate(s.account.Subscribe(ctx, canonicalName(mailbox)))
}

// Unsubscribe takes a name off the subscriptions.
func (s *session) Unsubscribe(ctx context.Context, mailbox string) error {
	return translate(s.account.Unsubscribe(ctx, canonicalName(mailbox)))
}

// Status tells the numbers of a mailbox. All but RECENT come from its record.
func (s *session) Status(ctx context.Context, mailbox string, items imap.StatusItems) (*imap.StatusData, error) {
	t, err := s.resolve(ctx, mailbox, imap.RightRead)
	if err != nil {
		return nil, translate(err)
	}
	return s.status(ctx, &t, items)
}

func (s *session) status(ctx context.Context, t *target, items imap.StatusItems) (*imap.StatusData, error) {
	m := t.box
	d := &imap.StatusData{
		Messages:       m.Messages,
		UIDNext:        m.UIDNext,
		UIDValidity:    m.UIDValidity,
		Unseen:         m.Unseen,
		Deleted:        m.Deleted,
		Size:           m.Bytes,
		DeletedStorage: m.DeletedBytes,
		HighestModSeq:  m.HighestModSeq,
		AppendLimit:    s.MessageSize,
		MailboxID:      t.mailboxID(m.ID),
	}
	if items&imap.StatusRecent != 0 {
		v, err := t.account.Open(ctx, m.ID)
		if err != nil {
			return nil, translate(err)
		}
		first, err := t.account.Recent(ctx, m.ID)
		if err != nil {
			return nil, translate(err)
		}
		d.Recent = countFrom(v, first)
	}
	return d, nil
}

// countFrom counts the messages from a UID on.
func countFrom(v *mailstore.Version, first imap.UID) uint32 {
	return uint32(v.Len() + 1 - v.Seek(first))
}

// mailboxID returns the MAILBOXID of a mailbox of an account (RFC 8474 §4.1).
func (l *location) mailboxID(id mailstore.MailboxID) string { return l.objectID("M", id.String()) }

// objectID makes an id of an account one of the session: ids are unique in an
// account only, so those of other accounts begin with theirs.
func (l *location) objectID(kind, id string) string {
	if l.own() {
		return kind + id
	}
	return "A" + strconv.FormatUint(uint64(l.account.ID()), 36) + "-" + kind + id
}
