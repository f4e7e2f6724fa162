package imapsession

import (
	"context"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Select opens a mailbox.
func (s *session) Select(ctx context.Context, mailbox string, opts imapserver.SelectOptions) (*imapserver.SelectData, error) {
	t, err := s.resolve(ctx, mailbox, imap.RightRead)
	if err != nil {
		return nil, translate(err)
	}
	view, err := t.open(ctx, opts)
	if err != nil {
		return nil, translate(err)
	}
	s.view = view
	s.rewatch()
	v, box := view.told, view.told.Mailbox()
	flags := append(systemFlags(), box.Keywords()...)
	d := &imapserver.SelectData{
		ReadOnly:      view.readOnly,
		Messages:      uint32(v.Len()),
		Recent:        countFrom(v, view.recent),
		FirstUnseen:   v.FirstUnseen(),
		UIDValidity:   v.UIDValidity(),
		UIDNext:       v.UIDNext(),
		HighestModSeq: v.HighestModSeq(),
		Flags:         flags,
		MailboxID:     t.mailboxID(box.ID),
		List:          &imap.ListData{Mailbox: t.fullName(), Delim: mailstore.Delimiter, Attrs: t.specialUse()},
	}
	d.PermanentFlags = view.permanentFlags(flags, t.rights)
	d.URLMechanisms, err = t.urlMechanisms(ctx)
	return d, err
}

// open makes the view of a mailbox. It is read-only for who has none of the
// rights to change something in it (RFC 4314 §5.2).
func (t *target) open(ctx context.Context, opts imapserver.SelectOptions) (*view, error) {
	readOnly := opts.ReadOnly || !t.rights.HasAny(imap.RightInsert|imap.RightExpunge|imap.FlagRights)
	v, err := t.account.Open(ctx, t.box.ID)
	if err != nil {
		return nil, t.hide(err)
	}
	recent, err := t.recent(ctx, v, readOnly)
	if err != nil {
		return nil, t.hide(err)
	}
	return newView(t, v, readOnly, recent), nil
}

// permanentFlags returns those of the flags in use that the client can change,
// and whether it can make keywords (RFC 4314 §5.1.1).
func (v *view) permanentFlags(flags []imap.Flag, rights imap.Rights) []imap.Flag {
	if v.readOnly {
		return nil
	}
	some := slices.Clone(rights.Changeable(flags))
	if rights.Has(imap.RightWrite) {
		some = append(some, imap.FlagAny)
	}
	return some
}

// tellRights tells what flags can be changed when the rights to do so have been
// changed (RFC 4314 §5.1.1).
func (v *view) tellRights(w *imapserver.UpdateWriter, rights imap.Rights) {
	if v.readOnly || rights&imap.FlagRights == v.toldRights&imap.FlagRights {
		return
	}
	v.toldRights = rights
	flags := append(systemFlags(), v.told.Mailbox().Keywords()...)
	w.PermanentFlags(flags, v.permanentFlags(flags, rights))
}

// recent returns the first UID that is \Recent in this session, and takes the
// mark off for others if the mailbox is opened to write (RFC 3501 §2.3.2).
// The mark is kept with \Seen, and so is the right to take it off.
func (t *target) recent(ctx context.Context, v *mailstore.Version, readOnly bool) (imap.UID, error) {
	if readOnly || !t.rights.Has(imap.RightSeen) {
		return t.account.Recent(ctx, v.Mailbox().ID)
	}
	return t.account.MarkRecent(ctx, v.Mailbox().ID, v.UIDNext())
}

// Unselect leaves the selected mailbox.
func (s *session) Unselect(context.Context) error {
	s.view = nil
	s.rewatch()
	return nil
}

// systemFlags are the flags that every mailbox has (RFC 9051 §2.3.2).
func systemFlags() []imap.Flag {
	return []imap.Flag{imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagSeen, imap.FlagDraft}
}

// specialUse returns the special uses that the client is told of: a mailbox of
// another account is not to be taken for the client's own Trash.
func (t *target) specialUse() []imap.MailboxAttr {
	if t.own() {
		return t.box.SpecialUse
	}
	return nil
}
