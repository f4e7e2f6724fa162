package imapsession

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// find returns the mailbox of a name.
func (s *session) find(ctx context.Context, name string) (*mailstore.Mailbox, error) {
	tree, err := s.account.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	m, ok := tree.Find(name)
	if !ok {
		return nil, mailstore.ErrNoMailbox
	}
	return m, nil
}

// Create makes a mailbox.
func (s *session) Create(ctx context.Context, mailbox string, opts imapserver.CreateOptions) (string, error) {
	m, err := s.account.Create(ctx, mailbox, opts.SpecialUse...)
	if err != nil {
		return "", translate(err)
	}
	return objectID(m.ID), nil
}

// Delete removes a mailbox and its messages.
func (s *session) Delete(ctx context.Context, mailbox string) error {
	return translate(s.account.Delete(ctx, mailbox))
}

// Rename renames a mailbox and those below it.
func (s *session) Rename(ctx context.Context, from, to string) error {
	return translate(s.account.Rename(ctx, from, to))
}

// Subscribe adds a name to the subscriptions.
func (s *session) Subscribe(ctx context.Context, mailbox string) error {
	return translate(s.account.Subscribe(ctx, mailbox))
}

// Unsubscribe takes a name off the subscriptions.
func (s *session) Unsubscribe(ctx context.Context, mailbox string) error {
	return translate(s.account.Unsubscribe(ctx, mailbox))
}

// Status tells the numbers of a mailbox. All but RECENT come from its record.
func (s *session) Status(ctx context.Context, mailbox string, items imap.StatusItems) (*imap.StatusData, error) {
	m, err := s.find(ctx, mailbox)
	if err != nil {
		return nil, translate(err)
	}
	return s.status(ctx, m, items)
}

func (s *session) status(ctx context.Context, m *mailstore.Mailbox, items imap.StatusItems) (*imap.StatusData, error) {
	d := &imap.StatusData{
		Messages:      m.Messages,
		UIDNext:       m.UIDNext,
		UIDValidity:   m.UIDValidity,
		Unseen:        m.Unseen,
		Deleted:       m.Deleted,
		Size:          m.Bytes,
		HighestModSeq: m.HighestModSeq,
		AppendLimit:   s.MessageSize,
		MailboxID:     objectID(m.ID),
	}
	if items&imap.StatusRecent != 0 {
		v, err := s.account.Open(ctx, m.ID)
		if err != nil {
			return nil, translate(err)
		}
		first, err := s.account.Recent(ctx, m.ID)
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

// objectID returns the MAILBOXID of a mailbox (RFC 8474 §4.1).
func objectID(id mailstore.MailboxID) string { return "M" + id.String() }
