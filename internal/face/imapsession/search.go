package imapsession

import (
	"context"
	"iter"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Search looks through the view. Tests on columns come before those on the
// message's record, and these before those on its bytes, so that most messages
// are decided without reading anything. Header fields are mostly looked up in
// columns of the mailbox that are in memory, see [columnist]. What must be read
// is read by several goroutines, see [crew].
func (s *session) Search(ctx context.Context, criteria *imap.SearchCriteria, opts imapserver.SearchOptions) (*imapserver.SearchData, error) {
	if _, err := s.view.permit(ctx, imap.RightRead); err != nil {
		return nil, err
	}
	c := &compiler{session: s, view: s.view, now: s.Now()}
	data, err := c.searchAll(ctx, criteria, opts)
	return data, translate(err)
}

// searchAll looks through the whole view.
func (c *compiler) searchAll(ctx context.Context, criteria *imap.SearchCriteria, opts imapserver.SearchOptions) (*imapserver.SearchData, error) {
	first, last := opts.Ends()
	c.useColumns(ctx, c.columnist(criteria, first+last > 0))
	return inPasses(opts, func(h *hits) error { return c.scan(ctx, criteria, c.inOrder(h), h) })
}

// inPasses begins at the end of the mailbox where the wanted hits are. If hits
// at both are wanted it makes a second pass, which stops as early.
func inPasses(opts imapserver.SearchOptions, scan func(*hits) error) (*imapserver.SearchData, error) {
	first := newHits(opts)
	if err := scan(first); err != nil {
		return nil, err
	}
	_, limit := opts.Ends()
	if limit == 0 || first.backward || !first.enough {
		return first.data(), nil
	}
	second := &hits{opts: opts, limit: limit, backward: true}
	if err := scan(second); err != nil {
		return nil, err
	}
	return join(first.data(), second.data()), nil
}

// scan makes one pass over some messages.
func (c *compiler) scan(ctx context.Context, criteria *imap.SearchCriteria, messages iter.Seq2[imap.SeqNum, mailstore.Entry], hits *hits) error {
	onColumns, rest, err := c.stages(criteria)
	if err != nil {
		return err
	}
	if rest.cost == ofColumns {
		return c.searchColumns(ctx, messages, onColumns, hits)
	}
	return c.searchMessages(ctx, criteria, messages, onColumns, hits)
}

// inOrder yields all messages of the view in the order of a pass.
func (c *compiler) inOrder(h *hits) iter.Seq2[imap.SeqNum, mailstore.Entry] {
	if h.backward {
		return c.view.backward(allUIDs())
	}
	return c.view.told.All()
}

// searchColumns looks through messages where nothing has to be read, but for
// some that columns do not have.
func (c *compiler) searchColumns(ctx context.Context, messages iter.Seq2[imap.SeqNum, mailstore.Entry], match matcher, hits *hits) error {
	m := c.candidate(ctx)
	defer m.release()
	for seq, e := range messages {
		m.reset(seq, e)
		ok, err := match.test(m)
		m.close()
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		hits.rate(m.scores.mean())
		if hits.add(seq, e) {
			return nil
		}
	}
	return nil
}

// searchMessages looks through messages that have to be read.
func (c *compiler) searchMessages(ctx context.Context, criteria *imap.SearchCriteria, messages iter.Seq2[imap.SeqNum, mailstore.Entry], onColumns matcher, hits *hits) error {
	return examineAll(ctx, messages, onColumns, task[uint8]{
		total:  uint32(c.view.told.Len()),
		reader: c.view.at.account.Reader,
		examiner: func() (examiner[uint8], error) {
			_, rest, err := c.stages(criteria)
			return func(m *candidate) (score uint8, hit bool, err error) {
				hit, err = rest.test(m)
				return m.scores.mean(), hit, err
			}, err
		},
		found: func(f finding[uint8]) bool {
			hits.rate(f.facts)
			return hits.add(f.seq, f.entry)
		},
		first: hits.limit == 1,
	})
}
