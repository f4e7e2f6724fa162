package imaptest

import (
	"bytes"
	"context"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
)

// A seen is a message as the client has been told of it.
type seen struct {
	*mail
	told imap.ModSeq
}

var systemFlags = []imap.Flag{
	imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagSeen, imap.FlagDraft,
}

func (s *session) Select(_ context.Context, name string, opts imapserver.SelectOptions) (*imapserver.SelectData, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	m, err := s.find(name, errNone)
	if err != nil {
		return nil, err
	}
	s.mailbox, s.readOnly, s.view = m, opts.ReadOnly, nil
	d := &imapserver.SelectData{
		ReadOnly: opts.ReadOnly, Messages: uint32(len(m.messages)), UIDValidity: m.validity,
		UIDNext: m.uidNext, HighestModSeq: m.modSeq, MailboxID: m.id(), Flags: systemFlags,
		PermanentFlags: append(slices.Clone(systemFlags), imap.FlagAny),
	}
	if opts.ReadOnly {
		d.PermanentFlags = nil
	}
	for i, mail := range m.messages {
		s.view = append(s.view, seen{mail, mail.modSeq})
		if d.FirstUnseen == 0 && !mail.has(imap.FlagSeen) {
			d.FirstUnseen = imap.SeqNum(i + 1)
		}
	}
	return d, nil
}

func (s *session) Unselect(context.Context) error {
	s.mailbox, s.view = nil, nil
	return nil
}

// resolve returns the places in the view, from 0, that a set means.
func (s *session) resolve(set imap.NumSet) ([]int, error) {
	var uids imap.UIDSet
	var seqs imap.SeqSet
	var err error
	if set.Kind == imap.NumUID {
		uids = set.UIDs(s.highest())
	} else if seqs, err = set.Seqs(imap.SeqNum(len(s.view))); err != nil {
		return nil, err
	}
	var out []int
	for i, m := range s.view {
		if uids.Contains(m.uid) || seqs.Contains(imap.SeqNum(i+1)) {
			out = append(out, i)
		}
	}
	return out, nil
}

func (s *session) highest() imap.UID {
	if len(s.view) == 0 {
		return 0
	}
	return s.view[len(s.view)-1].uid
}

func (s *session) Fetch(_ context.Context, w *imapserver.FetchWriter, set imap.NumSet, opts *imap.FetchOptions) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	hits, err := s.resolve(set)
	if err != nil {
		return err
	}
	if n := len(hits); !opts.Partial.IsZero() {
		from, to := opts.Partial.Places(uint32(n))
		hits = hits[from-1 : max(to, from-1)]
	}
	if opts.Vanished {
		w.Vanished(s.vanished(set, opts.ChangedSince))
	}
	for _, i := range hits {
		m := &s.view[i]
		if opts.ChangedSince != 0 && m.modSeq <= opts.ChangedSince {
			continue
		}
		changed := opts.SetsSeen() && !s.readOnly && !m.expunged && !m.has(imap.FlagSeen)
		if changed {
			s.mailbox.setFlags(m.mail, append(slices.Clone(m.flags), imap.FlagSeen))
			m.told = m.modSeq
		}
		err := w.Message(imap.SeqNum(i+1), &imapserver.FetchMessage{
			UID: m.uid, Flags: m.flags, FlagsChanged: changed, InternalDate: m.date, SaveDate: m.saved,
			Size: int64(len(m.data)), ModSeq: m.modSeq, EmailID: m.emailID(),
			Structure: m.structure, Content: bytes.NewReader(m.data),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// vanished returns the UIDs of set that were expunged after since.
func (s *session) vanished(set imap.NumSet, since imap.ModSeq) (out imap.UIDSet) {
	uids := set.UIDs(s.mailbox.uidNext - 1)
	for _, m := range s.mailbox.expunged {
		if m.modSeq > since && uids.Contains(m.uid) {
			out.Add(m.uid)
		}
	}
	return out
}

func (s *session) Store(_ context.Context, w *imapserver.StoreWriter, set imap.NumSet, op *imap.StoreOp) (*imapserver.StoreData, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	hits, err := s.resolve(set)
	if err != nil {
		return nil, err
	}
	data := new(imapserver.StoreData)
	for _, i := range hits {
		m, seq := &s.view[i], imap.SeqNum(i+1)
		if m.expunged {
			continue
		}
		if op.Conditional && m.modSeq > op.UnchangedSince {
			data.ModifiedSeqs.Add(seq)
			data.ModifiedUIDs.Add(m.uid)
			continue
		}
		s.mailbox.setFlags(m.mail, apply(m.flags, op))
		m.told = m.modSeq
		if err := w.Stored(seq, m.uid, m.flags, m.modSeq); err != nil {
			return nil, err
		}
	}
	s.store.wake()
	return data, nil
}

// apply returns flags after op.
func apply(flags []imap.Flag, op *imap.StoreOp) []imap.Flag {
	if op.Action == imap.StoreReplace {
		return op.Flags
	}
	out := slices.DeleteFunc(slices.Clone(flags), func(f imap.Flag) bool {
		return slices.ContainsFunc(op.Flags, f.Equal)
	})
	if op.Action == imap.StoreAdd {
		out = append(out, op.Flags...)
	}
	return out
}

func (s *session) Copy(_ context.Context, set imap.NumSet, dest string) (*imap.CopyData, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	data, _, err := s.copyTo(set, dest)
	return data, err
}

func (s *session) Move(_ context.Context, set imap.NumSet, dest string) (*imap.CopyData, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	data, mails, err := s.copyTo(set, dest)
	for _, m := range mails {
		s.mailbox.expunge(m)
	}
	return data, err
}

// copyTo copies, and returns what it has copied.
func (s *session) copyTo(set imap.NumSet, dest string) (*imap.CopyData, []*mail, error) {
	box, err := s.find(dest, errTry)
	if err != nil {
		return nil, nil, err
	}
	hits, err := s.resolve(set)
	if err != nil {
		return nil, nil, err
	}
	data := &imap.CopyData{UIDValidity: box.validity}
	var mails []*mail
	for _, i := range hits {
		m := s.view[i].mail
		if m.expunged {
			continue
		}
		copied := *m
		box.add(&copied)
		data.Source.Add(m.uid)
		data.Dest.Add(copied.uid)
		mails = append(mails, m)
	}
	s.store.wake()
	return data, mails, nil
}

func (s *session) Expunge(_ context.Context, set *imap.NumSet) (bool, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	var uids imap.UIDSet
	if set != nil {
		uids = set.UIDs(s.highest())
	}
	removed := false
	for _, m := range s.view {
		if !m.expunged && m.has(imap.FlagDeleted) && (set == nil || uids.Contains(m.uid)) {
			s.mailbox.expunge(m.mail)
			removed = true
		}
	}
	s.store.wake()
	return removed, nil
}

func (s *session) Poll(_ context.Context, w *imapserver.UpdateWriter, opts imapserver.PollOptions) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	for i := 0; i < len(s.view); {
		m := &s.view[i]
		switch {
		case m.expunged && !opts.KeepExpunged:
			w.Expunge(imap.SeqNum(i+1), m.uid)
			s.view = slices.Delete(s.view, i, i+1)
			continue
		case !m.expunged && m.modSeq > m.told:
			m.told = m.modSeq
			w.Flags(imap.SeqNum(i+1), m.uid, m.flags, m.modSeq)
		}
		i++
	}
	before := len(s.view)
	highest := s.highest()
	for _, m := range s.mailbox.messages {
		if m.uid > highest {
			s.view = append(s.view, seen{m, m.modSeq})
		}
	}
	if len(s.view) > before {
		w.Exists(uint32(len(s.view)))
		w.Recent(0)
	}
	return nil
}

func (s *session) HighestModSeq() imap.ModSeq {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	m := s.mailbox.modSeq
	for _, v := range s.view {
		if v.expunged {
			m = min(m, v.modSeq-1)
		}
	}
	return m
}

func (s *session) Watch(wake func()) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.wake = wake
}
