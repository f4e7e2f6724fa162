package imapsession

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
)

// errExpunged ends a FETCH that met messages whose content is gone
// (RFC 2180 §4.1.2).
var errExpunged = imap.No(imap.CodeExpungeIssued, "Some messages have been expunged")

// errDamaged ends a FETCH that met messages whose content is damaged (RFC 5530
// §3). The others have been answered for.
var errDamaged = imap.No(imap.CodeCorruption, "Some messages are damaged")

// Fetch answers FETCH from the view.
func (s *session) Fetch(ctx context.Context, w *imapserver.FetchWriter, set imap.NumSet, opts *imap.FetchOptions) error {
	rights, err := s.view.permit(ctx, imap.RightRead)
	if err != nil {
		return err
	}
	uids, err := s.view.resolve(set)
	if err != nil {
		return err
	}
	f := s.newFetcher(w, opts)
	defer f.release()
	if opts.SetsSeen() && !s.view.readOnly && rights.Has(imap.RightSeen) {
		if err := f.setSeen(ctx, s.view.places(uids, opts.Partial)); err != nil {
			return err
		}
	}
	if opts.Vanished {
		if err := f.vanished(ctx, uids); err != nil {
			return err
		}
	}
	return f.messages(ctx, s.view.places(uids, opts.Partial))
}

// newFetcher returns a fetcher, which must be released: those of other commands
// are used again, which spares a third of the allocations of a FETCH of one
// message.
func (s *session) newFetcher(w *imapserver.FetchWriter, opts *imap.FetchOptions) *fetcher {
	f, used := s.fetchers.Get().(*fetcher)
	if used {
		f.reader.Reset(s.view.at.account)
	} else {
		f = &fetcher{reader: s.view.at.account.Reader()}
	}
	f.session, f.w, f.opts = s, w, opts
	f.box, f.fieldsOnly = s.view.told.Mailbox(), keptFieldsOnly(w)
	return f
}

// release gives the fetcher, and what it has read ahead, back.
func (f *fetcher) release() {
	f.reader.Release()
	clear(f.flags)
	pool := &f.fetchers
	*f = fetcher{reader: f.reader, flags: f.flags[:0]}
	pool.Put(f)
}

// messages answers for messages of the view.
func (f *fetcher) messages(ctx context.Context, uids imap.UIDSet) error {
	defer f.keepPreviews(ctx)
	f.reader.Expect(f.view.told.Count(uids))
	if f.opts.NewestFirst {
		for seq, e := range f.view.backward(uids) {
			if err := f.changed(ctx, seq, e); err != nil {
				return err
			}
		}
		return f.outcome()
	}
	for seq, e := range f.view.told.UIDs(uids) {
		if err := f.changed(ctx, seq, e); err != nil {
			return err
		}
	}
	return f.outcome()
}

// changed answers for one message, unless it has not changed since the client
// last looked.
func (f *fetcher) changed(ctx context.Context, seq imap.SeqNum, e mailstore.Entry) error {
	if e.ModSeq <= f.opts.ChangedSince && f.opts.ChangedSince != 0 {
		return nil
	}
	return f.message(ctx, seq, e)
}

// outcome is how the command ends when all has been answered.
func (f *fetcher) outcome() error {
	switch {
	case f.damaged:
		return errDamaged
	case f.expunged:
		return errExpunged
	}
	return nil
}

// A fetcher answers one FETCH.
type fetcher struct {
	*session
	w    *imapserver.FetchWriter
	opts *imap.FetchOptions
	box  *mailstore.Mailbox

	reader *mailstore.MessageReader
	// previews makes previews, from the first one that had not been made.
	previews *mailstore.PreviewMaker
	made     int

	// seen are the messages whose \Seen this command has set, as they are in
	// the version after.
	seen     imap.UIDSet
	after    *mailstore.Version
	expunged bool // a message's content was gone
	damaged  bool // a message's content was damaged; the store's log tells

	// fieldsOnly says that all content asked for is header fields that
	// records keep.
	fieldsOnly bool

	answer imapserver.FetchMessage
	flags  []imap.Flag
	fields []byte
}

func keptFieldsOnly(w *imapserver.FetchWriter) bool {
	names, only := w.HeaderFields()
	for _, name := range names {
		only = only && mailstore.KeepsField(name)
	}
	return only
}

// setSeen sets \Seen where it is not set.
func (f *fetcher) setSeen(ctx context.Context, uids imap.UIDSet) error {
	var unseen imap.UIDSet
	for _, e := range f.view.told.UIDs(uids) {
		if !e.Flags.Has(mailstore.Seen) {
			unseen.Add(e.UID)
		}
	}
	if len(unseen) == 0 {
		return nil
	}
	op := imap.StoreOp{Action: imap.StoreAdd, Flags: []imap.Flag{imap.FlagSeen}}
	stored, err := f.view.at.account.StoreFlags(ctx, f.view.id, unseen, op)
	if err != nil {
		return translate(err)
	}
	if f.after, err = f.view.at.account.Open(ctx, f.view.id); err != nil {
		return translate(err)
	}
	f.seen, f.view.latest = stored.Changed, f.after
	return nil
}

// vanished tells which of uids were expunged since opts.ChangedSince
// (RFC 7162 §3.2.6). Where the change log does not reach back that far, all
// that are not there count as expunged.
func (f *fetcher) vanished(ctx context.Context, uids imap.UIDSet) error {
	changes, err := f.view.at.account.Changes(ctx, f.view.id, f.opts.ChangedSince)
	var gone imap.UIDSet
	switch {
	case errors.Is(err, mailstore.ErrTooOld):
		gone = missing(f.view.told, uids)
	case err != nil:
		return translate(err)
	default:
		gone = changes.Vanished.Intersect(uids)
	}
	f.w.Vanished(without(gone, f.view.told))
	return nil
}

// missing returns the UIDs of a set, below UIDNext, that name no message.
func missing(v *mailstore.Version, uids imap.UIDSet) imap.UIDSet {
	if v.UIDNext() <= 1 {
		return nil
	}
	given := imap.UIDSet{{Start: 1, Stop: v.UIDNext() - 1}}
	return without(uids.Intersect(given), v)
}

// without returns the UIDs of a set that are in no message of v.
func without(uids imap.UIDSet, v *mailstore.Version) imap.UIDSet {
	var out imap.UIDSet
	for _, r := range uids {
		next := r.Start
		for _, e := range v.UIDs(imap.UIDSet{r}) {
			if e.UID > next {
				out.AddRange(next, e.UID-1)
			}
			next = e.UID + 1
		}
		if next <= r.Stop && next >= r.Start {
			out.AddRange(next, r.Stop)
		}
	}
	return out
}

// message answers for one message.
func (f *fetcher) message(ctx context.Context, seq imap.SeqNum, e mailstore.Entry) error {
	a := &f.answer
	*a = imapserver.FetchMessage{UID: e.UID}
	box := f.box
	if f.after != nil && f.seen.Contains(e.UID) {
		if now, ok := f.after.Get(e.UID); ok {
			e, box, a.FlagsChanged = now, f.after.Mailbox(), true
		}
	}
	if f.opts.Items&imap.FetchFlags != 0 || a.FlagsChanged {
		f.flags = f.view.appendFlags(f.flags[:0], box, e)
		a.Flags = f.flags
	}
	f.columns(e)
	if !f.w.NeedsStructure() && !f.w.NeedsContent() && f.opts.Items&ofRecords == 0 {
		return f.write(seq, e)
	}
	return f.content(ctx, seq, e)
}

// write writes the answer for a message.
func (f *fetcher) write(seq imap.SeqNum, e mailstore.Entry) error {
	if f.answer.FlagsChanged {
		f.view.known(e)
	}
	return f.w.Message(seq, &f.answer)
}

// ofRecords are the items that are in the message's record, besides content.
const ofRecords = imap.FetchPreview | imap.FetchThreadID

// columns fills in what the mailbox's columns know.
func (f *fetcher) columns(e mailstore.Entry) {
	a, items := &f.answer, f.opts.Items
	a.ModSeq = e.ModSeq
	a.Size = e.Size()
	if items&imap.FetchInternalDate != 0 {
		a.InternalDate = e.InternalDate()
	}
	if items&imap.FetchSaveDate != 0 {
		a.SaveDate = e.SaveDate()
	}
	if items&imap.FetchEmailID != 0 {
		a.EmailID = f.view.at.objectID("E", e.Record().String())
	}
}

// content answers with what needs the message's record or bytes.
func (f *fetcher) content(ctx context.Context, seq imap.SeqNum, e mailstore.Entry) error {
	a := &f.answer
	m, err := f.reader.Message(ctx, e)
	if err != nil {
		return f.gone(err)
	}
	if err := f.preview(ctx, e, m); err != nil {
		return f.gone(err)
	}
	if f.opts.Items&imap.FetchThreadID != 0 {
		thread, err := m.Thread()
		if err != nil {
			return f.gone(err)
		}
		a.ThreadID = f.view.at.objectID("T", thread.String())
	}
	if f.fieldsOnly {
		a.Fields, _ = m.Fields(f.fields[:0])
		f.fields = a.Fields
	}
	if f.needsStructure() {
		if a.Structure, err = f.structure(m); err != nil {
			return f.gone(err)
		}
	}
	if !f.w.NeedsContent() || a.Fields != nil {
		return f.write(seq, e)
	}
	r, err := m.Open()
	if err != nil {
		return f.gone(err)
	}
	defer r.Close()
	a.Content = r
	if err := f.w.Reads(a, r.Check); err != nil {
		return f.gone(err)
	}
	return f.write(seq, e)
}

// needsStructure reports whether the answer needs the part tree: not for fields
// that are at hand.
func (f *fetcher) needsStructure() bool {
	const ofStructure = imap.FetchEnvelope | imap.FetchBody | imap.FetchBodyStructure
	return f.w.NeedsStructure() && (f.answer.Fields == nil || f.opts.Items&ofStructure != 0)
}

// structure returns no more of the structure than the answer needs.
func (f *fetcher) structure(m *mailstore.Message) (*message.Structure, error) {
	if f.opts.Items&imap.FetchEnvelope == 0 {
		return m.Parts()
	}
	if f.opts.Items&(imap.FetchBody|imap.FetchBodyStructure) != 0 || len(f.opts.Sections) > 0 {
		return m.Structure()
	}
	envelope, err := m.Envelope()
	return &message.Structure{Envelope: envelope}, err
}

// gone passes over a message that was expunged and is not readable any more, or
// is damaged.
func (f *fetcher) gone(err error) error {
	switch {
	case errors.Is(err, mailstore.ErrNoMessage):
		f.expunged = true
		return nil
	case errors.Is(err, storage.ErrDamaged):
		f.damaged = true
		return nil
	}
	return translate(err)
}
