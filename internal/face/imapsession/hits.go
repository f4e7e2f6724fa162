package imapsession

import (
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// hits collects what one pass over a mailbox has found.
type hits struct {
	opts     imapserver.SearchOptions
	backward bool   // the pass goes from the last message to the first
	limit    uint32 // how many hits are enough; zero: all are wanted
	enough   bool   // and they are there
	found    imapserver.SearchData
	some     []someHit // the hits as they were found, if there is a limit
}

// A someHit is one of a few hits.
type someHit struct {
	uid    imap.UID
	seq    imap.SeqNum
	modSeq imap.ModSeq
}

// newHits returns the hits of the first pass of a search: from the end of the
// mailbox if only last hits are wanted.
func newHits(opts imapserver.SearchOptions) *hits {
	first, last := opts.Ends()
	if first == 0 && last > 0 {
		return &hits{opts: opts, limit: last, backward: true}
	}
	return &hits{opts: opts, limit: first}
}

// add adds the next hit and tells whether no other is wanted.
func (h *hits) add(seq imap.SeqNum, e mailstore.Entry) bool {
	if h.limit == 0 {
		h.put(e.UID, seq, e.ModSeq)
		return false
	}
	h.some = append(h.some, someHit{e.UID, seq, e.ModSeq})
	h.enough = uint32(len(h.some)) == h.limit
	return h.enough
}

// rate takes the score of the hit that is added next.
func (h *hits) rate(score uint8) {
	if h.opts.Return&imap.SearchReturnRelevancy != 0 {
		h.found.Scores = append(h.found.Scores, score)
	}
}

// put adds a hit to what the client wants.
func (h *hits) put(uid imap.UID, seq imap.SeqNum, m imap.ModSeq) {
	if h.opts.UIDs {
		h.found.UIDs.Add(uid)
	}
	if h.opts.Seqs {
		h.found.Seqs.Add(seq)
	}
	h.found.ModSeq = max(h.found.ModSeq, m)
}

// data returns what was found. If the pass did not stop early, it knows each
// hit's place from both ends.
func (h *hits) data() *imapserver.SearchData {
	if h.backward {
		slices.Reverse(h.some) // sets are made in rising order
	}
	n := uint32(len(h.some))
	for i, hit := range h.some {
		first, last := uint32(i)+1, n-uint32(i)
		if h.backward {
			first = 0
		} else if h.enough {
			last = 0
		}
		if !h.opts.Reports(first, last) {
			hit.modSeq = 0
		}
		h.put(hit.uid, hit.seq, hit.modSeq)
	}
	return &h.found
}

// join adds what another pass of the same search has found.
func join(a, b *imapserver.SearchData) *imapserver.SearchData {
	a.UIDs.AddSet(b.UIDs)
	a.Seqs.AddSet(b.Seqs)
	a.ModSeq = max(a.ModSeq, b.ModSeq)
	return a
}
