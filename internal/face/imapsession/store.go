package imapsession

import (
	"context"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

var errReadOnly = imap.No(imap.CodeReadOnly, "Mailbox is open read-only")

// Store changes flags. Messages that others have expunged are passed over
// (RFC 2180 §4.2.1).
func (s *session) Store(ctx context.Context, w *imapserver.StoreWriter, set imap.NumSet, op *imap.StoreOp) (*imapserver.StoreData, error) {
	if s.view.readOnly {
		return nil, errReadOnly
	}
	rights, err := s.view.permit(ctx, imap.RightRead)
	if err != nil {
		return nil, err
	}
	if !mayStore(rights, op) {
		return nil, errNoPerm
	}
	uids, err := s.view.resolve(set)
	if err != nil {
		return nil, err
	}
	stored, err := s.view.at.account.StoreFlagsWith(ctx, rights, s.view.id, uids, *op)
	if err != nil {
		return nil, translate(err)
	}
	after, err := s.view.at.account.Open(ctx, s.view.id)
	if err != nil {
		return nil, translate(err)
	}
	s.view.latest = after
	if err := s.tellStored(w, uids, op, stored, after); err != nil {
		return nil, err
	}
	return &imapserver.StoreData{
		ModifiedUIDs: stored.Modified,
		ModifiedSeqs: s.view.seqsOf(stored.Modified),
	}, nil
}

// mayStore reports whether the rights let change one flag of a STORE at least:
// then the others are passed over (RFC 4314 §4).
func mayStore(rights imap.Rights, op *imap.StoreOp) bool {
	if op.Action == imap.StoreReplace {
		return rights.HasAny(imap.FlagRights)
	}
	return len(op.Flags) == 0 || len(rights.Changeable(op.Flags)) > 0
}

// tellStored answers for each message that was changed or is as it should be.
func (s *session) tellStored(w *imapserver.StoreWriter, uids imap.UIDSet, op *imap.StoreOp, stored *mailstore.Stored, after *mailstore.Version) error {
	var before, flags []imap.Flag
	messages := s.view.told.UIDs
	if op.NewestFirst {
		messages = s.view.backward
	}
	for seq, old := range messages(uids) {
		e, ok := after.Get(old.UID)
		if !ok || stored.Modified.Contains(e.UID) {
			continue
		}
		flags = s.view.appendFlags(flags[:0], after.Mailbox(), e)
		if err := w.Stored(seq, e.UID, flags, e.ModSeq); err != nil {
			return err
		}
		if e.ModSeq == old.ModSeq {
			continue
		}
		before = s.view.appendFlags(before[:0], s.view.told.Mailbox(), old)
		if !op.Silent || foreseen(before, flags, op) {
			s.view.known(e)
		}
	}
	return nil
}

// foreseen reports whether a client can tell for itself what flags a message
// has after its STORE: others may have changed them too, which .SILENT does not
// keep from it (RFC 9051 §6.4.6).
func foreseen(before, after []imap.Flag, op *imap.StoreOp) bool {
	want := []imap.Flag{imap.FlagRecent} // of which STORE knows nothing
	if op.Action != imap.StoreRemove {
		want = append(want, op.Flags...)
	}
	if op.Action != imap.StoreReplace {
		for _, f := range before {
			if op.Action == imap.StoreAdd || !hasFlag(op.Flags, f) {
				want = append(want, f)
			}
		}
	}
	unexpected := func(f imap.Flag) bool { return !hasFlag(want, f) }
	missing := func(f imap.Flag) bool { return !hasFlag(after, f) }
	return !slices.ContainsFunc(after, unexpected) && !slices.ContainsFunc(want[1:], missing)
}

func hasFlag(list []imap.Flag, f imap.Flag) bool { return slices.ContainsFunc(list, f.Equal) }

// seqsOf returns the numbers that messages have in the view.
func (v *view) seqsOf(uids imap.UIDSet) imap.SeqSet {
	var seqs imap.SeqSet
	for seq := range v.told.UIDs(uids) {
		seqs.Add(seq)
	}
	return seqs
}
