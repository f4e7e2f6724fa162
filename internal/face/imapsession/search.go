package imapsession

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
)

// Search looks through the view. Tests on columns come before those on the
// message's record, and these before those on its bytes, so that most messages
// are decided without reading anything.
func (s *session) Search(ctx context.Context, criteria *imap.SearchCriteria, opts imapserver.SearchOptions) (*imapserver.SearchData, error) {
	c := compiler{session: s, view: s.view, now: s.Now()}
	match, err := c.compile(criteria)
	if err != nil {
		return nil, err
	}
	const all = imap.SearchReturnAll | imap.SearchReturnCount | imap.SearchReturnSave
	first := opts.Return&imap.SearchReturnMin != 0 && opts.Return&(all|imap.SearchReturnMax) == 0
	minMax := opts.Return&(imap.SearchReturnMin|imap.SearchReturnMax) != 0 && opts.Return&(imap.SearchReturnAll|imap.SearchReturnCount) == 0
	hits := &hits{opts: opts, minMax: minMax}
	m := candidate{ctx: ctx, session: s}
	for seq, e := range s.view.told.All() {
		m.reset(seq, e)
		ok, err := match.test(&m)
		m.close()
		if err != nil {
			return nil, translate(err)
		}
		if !ok {
			continue
		}
		hits.add(seq, e.UID, e.ModSeq)
		if first {
			break
		}
	}
	return hits.data(), nil
}

// hits collects what SEARCH has found.
type hits struct {
	opts   imapserver.SearchOptions
	minMax bool // the MODSEQ is that of the first and last hit only
	found  imapserver.SearchData
	count  int

	firstModSeq, lastModSeq, highest imap.ModSeq
}

func (h *hits) add(seq imap.SeqNum, uid imap.UID, m imap.ModSeq) {
	if h.opts.UIDs {
		h.found.UIDs.Add(uid)
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
