package imapsession

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Select opens a mailbox.
func (s *session) Select(ctx context.Context, mailbox string, opts imapserver.SelectOptions) (*imapserver.SelectData, error) {
	m, err := s.find(ctx, mailbox)
	if err != nil {
		return nil, translate(err)
	}
	v, err := s.account.Open(ctx, m.ID)
	if err != nil {
		return nil, translate(err)
	}
	recent, err := s.recent(ctx, v, opts.ReadOnly)
	if err != nil {
		return nil, translate(err)
	}
	s.view = newView(v, opts.ReadOnly, recent)
	box := v.Mailbox()
	flags := systemFlags()
	flags = append(flags, box.Keywords()...)
	d := &imapserver.SelectData{
		ReadOnly:      opts.ReadOnly,
		Messages:      uint32(v.Len()),
		Recent:        countFrom(v, recent),
		FirstUnseen:   v.FirstUnseen(),
		UIDValidity:   v.UIDValidity(),
		UIDNext:       v.UIDNext(),
		HighestModSeq: v.HighestModSeq(),
		Flags:         flags,
		MailboxID:     objectID(box.ID),
		List:          &imap.ListData{Mailbox: box.Name, Delim: mailstore.Delimiter, Attrs: box.SpecialUse},
	}
	if !opts.ReadOnly {
		d.PermanentFlags = append(flags[:len(flags):len(flags)], imap.FlagAny)
	}
	return d, nil
}

// recent returns the first UID that is \Recent in this session, and takes the
// mark off for others if the mailbox is opened to write (RFC 3501 §2.3.2).
func (s *session) recent(ctx context.Context, v *mailstore.Version, readOnly bool) (imap.UID, error) {
	if readOnly {
		return s.account.Recent(ctx, v.Mailbox().ID)
	}
	return s.account.MarkRecent(ctx, v.Mailbox().ID, v.UIDNext())
}

// Unselect leaves the selected mailbox.
func (s *session) Unselect(context.Context) error {
	s.view = nil
	return nil
}

// systemFlags are the flags that every mailbox has (RFC 9051 §2.3.2).
func systemFlags() []imap.Flag {
	return []imap.Flag{imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagSeen, imap.FlagDraft}
}
