package imapsession

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Search looks through the view. Tests on columns come before those on the
// message's record, and these before those on its bytes, so that most messages
// are decided without reading anything. What must be read is read by several
// goroutines, see [crew].
func (s *session) Search(ctx context.Context, criteria *imap.SearchCriteria, opts imapserver.SearchOptions) (*imapserver.SearchData, error) {
	c := &compiler{session: s, view: s.view, now: s.Now()}
	onColumns, rest, err := c.stages(criteria)
	if err != nil {
		return nil, err
	}
	hits := newHits(opts)
	if rest.cost == ofColumns {
		err = searchColumns(s.view.told, onColumns, hits)
	} else {
		err = c.searchMessages(ctx, criteria, onColumns, hits)
	}
	if err != nil {
		return nil, translate(err)
	}
	return hits.data(), nil
}

// searchColumns looks through a mailbox where nothing has to be read.
func searchColumns(v *mailstore.Version, match matcher, hits *hits) error {
	var m candidate
	for seq, e := range v.All() {
		m.reset(seq, e)
		ok, err := match.test(&m)
		if err != nil {
			return err
		}
		if ok && hits.add(seq, e) {
			return nil
		}
	}
	return nil
}

// searchMessages looks through a mailbox where messages have to be read.
func (c *compiler) searchMessages(ctx context.Context, criteria *imap.SearchCriteria, onColumns matcher, hits *hits) error {
	crew := newCrew(ctx, hits, func() (matcher, error) {
		_, rest, err := c.stages(criteria)
		return rest, err
	}, c.session.account.Reader)
	defer crew.dismiss()
	var m candidate
	for seq, e := range c.view.told.All() {
		m.reset(seq, e)
		ok, err := onColumns.test(&m)
		if err == nil && ok {
			err = crew.look(place{seq, e}, e.Size())
		}
		if err != nil {
			return err
		}
		if hits.enough {
			return nil
		}
	}
	return crew.finish()
}

// hits collects what SEARCH has found.
type hits struct {
	opts   imapserver.SearchOptions
	minMax bool // the MODSEQ is that of the first and last hit only
	first  bool // one hit is enough
	enough bool // and is there
	found  imapserver.SearchData
	count  int

	firstModSeq, lastModSeq, highest imap.ModSeq
}

func newHits(opts imapserver.SearchOptions) *hits {
	const all = imap.SearchReturnAll | imap.SearchReturnCount
	ends := opts.Return&all == 0
	return &hits{
		opts:   opts,
		minMax: ends && opts.Return&(imap.SearchReturnMin|imap.SearchReturnMax) != 0,
		first:  ends && opts.Return&(imap.SearchReturnMin|imap.SearchReturnMax|imap.SearchReturnSave) == imap.SearchReturnMin,
	}
}

// add adds the next hit and tells whether no other is wanted.
func (h *hits) add(seq imap.SeqNum, e mailstore.Entry) bool {
	m := e.ModSeq
	if h.opts.UIDs {
		h.found.UIDs.Add(e.UID)
	}
	if h.opts.Seqs {
		h.found.Seqs.Add(seq)
	}
	if h.count == 0 {
		h.firstModSeq = m
	}
	h.lastModSeq = m
	h.highest = max(h.highest, m)
	h.count++
	h.enough = h.first
	return h.enough
}

func (h *hits) data() *imapserver.SearchData {
	if !h.opts.ModSeq {
		return &h.found
	}
	h.found.ModSeq = h.highest
	if h.minMax {
		h.found.ModSeq = 0
		if h.opts.Return&imap.SearchReturnMin != 0 {
			h.found.ModSeq = h.firstModSeq
		}
		if h.opts.Return&imap.SearchReturnMax != 0 {
			h.found.ModSeq = max(h.found.ModSeq, h.lastModSeq)
		}
	}
	return &h.found
}
