package imapsession

import (
	"context"
	"errors"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A view is what a client has been told of the selected mailbox.
type view struct {
	at       location // the mailbox's
	id       mailstore.MailboxID
	readOnly bool
	// told is the version that the client knows; it may keep messages that
	// were expunged meanwhile.
	told *mailstore.Version
	// complete is a MODSEQ up to which the client knows all, expunges
	// included.
	complete imap.ModSeq
	// recent is the first UID with \Recent in this session.
	recent imap.UID
	// toldRights are those that PERMANENTFLAGS have told of.
	toldRights imap.Rights
	// overQuota says that the client has been told that the mailbox's
	// account stores more than it may.
	overQuota bool
	// answered has the MODSEQs of flags that a STORE or FETCH of this
	// session has set, and that its client therefore knows.
	answered map[imap.UID]imap.ModSeq
	// latest is the version that the last STORE or FETCH has answered from,
	// until the next Poll; nil if none has.
	latest *mailstore.Version
	// removed are messages that this session has expunged and not told yet,
	// held those whose flags have changed without the client being told:
	// both are kept only while NOTIFY holds something back.
	removed, held imap.UIDSet
	// contexts are searches whose client hears of changes.
	contexts []*updateContext
}

func newView(t *target, v *mailstore.Version, readOnly bool, recent imap.UID) *view {
	return &view{
		at: t.location, toldRights: t.rights, id: v.Mailbox().ID, readOnly: readOnly,
		told: v, complete: v.HighestModSeq(), recent: recent,
	}
}

// appendFlags appends the flags of a message as this session shows them.
func (v *view) appendFlags(dst []imap.Flag, box *mailstore.Mailbox, e mailstore.Entry) []imap.Flag {
	dst = box.AppendFlags(dst, e.Flags)
	if e.UID >= v.recent {
		dst = append(dst, imap.FlagRecent)
	}
	return dst
}

// known notes that the client has been told of a message's flags.
func (v *view) known(e mailstore.Entry) {
	if v.answered == nil {
		v.answered = make(map[imap.UID]imap.ModSeq)
	}
	v.answered[e.UID] = e.ModSeq
}

// resolve returns the UIDs of the view's messages that a set of a command
// means.
func (v *view) resolve(set imap.NumSet) (imap.UIDSet, error) {
	if set.Kind == imap.NumUID {
		return set.UIDs(v.told.HighestUID()), nil
	}
	seqs, err := set.Seqs(v.told.Len())
	if err != nil {
		return nil, err
	}
	return v.uidsOf(seqs), nil
}

// places returns the UIDs of the messages at some places of a set, of all of
// them if p is zero (RFC 9394 §3.3).
func (v *view) places(uids imap.UIDSet, p imap.PartialRange) imap.UIDSet {
	if p.IsZero() {
		return uids
	}
	seqs := v.seqsOf(uids)
	from, to := p.Places(uint32(seqs.Count()))
	return v.uidsOf(seqs.Places(from, to))
}

func (v *view) uidsOf(seqs imap.SeqSet) imap.UIDSet {
	var uids imap.UIDSet
	for _, e := range v.told.Seqs(seqs) {
		uids.Add(e.UID)
	}
	return uids
}

// HighestModSeq returns the MODSEQ up to which the client knows all.
func (s *session) HighestModSeq() imap.ModSeq { return s.view.complete }

// Poll moves the view to the present and tells the difference.
func (s *session) Poll(ctx context.Context, w *imapserver.UpdateWriter, opts imapserver.PollOptions) error {
	v := s.view
	rights, err := v.permit(ctx, imap.RightRead)
	if err != nil {
		return err
	}
	now, err := v.at.account.Open(ctx, v.id)
	if errors.Is(err, mailstore.ErrNoMailbox) {
		return imapserver.ErrDeleted
	}
	if err != nil {
		return translate(err)
	}
	next := v.next(now, opts)
	v.latest = nil
	if next == now {
		v.complete = now.HighestModSeq()
	}
	if next != v.told || v.hasTimed() || len(v.held) > 0 && !opts.HoldFlags {
		if err := s.tell(ctx, w, next, rights, opts); err != nil {
			return err
		}
	}
	v.tellRights(w, rights)
	return v.tellQuota(ctx, w.OverQuota)
}

// tell writes the difference between the version told and next. Only fetching
// new messages can fail.
func (s *session) tell(ctx context.Context, w *imapserver.UpdateWriter, next *mailstore.Version, rights imap.Rights, opts imapserver.PollOptions) error {
	v := s.view
	d := mailstore.Diff(v.told, next)
	changes := s.contextChanges(ctx, w, next, d)
	for _, c := range changes {
		c.tellRemoved(w, v)
	}
	tellExpunged(w, d)
	if len(d.Added) > 0 {
		w.Exists(uint32(next.Len()))
		w.Recent(countFrom(next, v.recent))
	}
	if keywords := next.Mailbox().Keywords(); !slices.Equal(keywords, v.told.Mailbox().Keywords()) {
		flags := append(systemFlags(), keywords...)
		w.NewFlags(flags, v.permanentFlags(flags, rights))
	}
	v.tellFlags(w, next, d.Changed, opts.HoldFlags)
	v.told, v.answered = next, nil
	err := s.tellNew(ctx, w, d.Added, opts.New, changes)
	for _, c := range changes {
		c.tellAdded(w, v)
	}
	return err
}

// tellFlags writes the flags of messages that have changed. What may not be
// told now is held until it may.
func (v *view) tellFlags(w *imapserver.UpdateWriter, next *mailstore.Version, changed imap.UIDSet, hold bool) {
	if hold {
		v.holdFlags(next, changed)
		return
	}
	if len(v.held) > 0 {
		changed = changed.Clone()
		changed.AddSet(v.held)
		v.held = nil
	}
	var flags []imap.Flag
	for seq, e := range next.UIDs(changed) {
		if v.answered[e.UID] == e.ModSeq {
			continue
		}
		flags = v.appendFlags(flags[:0], next.Mailbox(), e)
		w.Flags(seq, e.UID, flags, e.ModSeq)
	}
}

// tellExpunged writes the expunges in rising order, each with the number that
// the message has by then.
func tellExpunged(w *imapserver.UpdateWriter, d mailstore.Delta) {
	uids := make([]imap.UID, 0, d.Expunged.Count())
	for uid := range d.Expunged.All() {
		uids = append(uids, uid)
	}
	gone := 0
	for seq := range d.ExpungedSeqs.All() {
		w.Expunge(seq-imap.SeqNum(gone), uids[gone])
		gone++
	}
}
