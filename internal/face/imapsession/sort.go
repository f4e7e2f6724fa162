package imapsession

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"iter"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Sort looks through the view as Search does. Each hit's keys become one string
// of octets, made by the workers while they have the message's record at hand,
// so that sorting compares nothing but octets. Where columns tell all keys, no
// record is read.
func (s *session) Sort(ctx context.Context, search *imap.SearchCriteria, by []imap.SortCriterion, opts imapserver.SearchOptions) (*imapserver.SortData, error) {
	if _, err := s.view.permit(ctx, imap.RightRead); err != nil {
		return nil, err
	}
	c := &compiler{session: s, view: s.view, now: s.Now()}
	found, err := c.sortAll(ctx, search, by)
	if err != nil {
		return nil, translate(err)
	}
	return sortData(found, opts), nil
}

// sortAll sorts what is found in the whole view, by columns if they tell all.
func (c *compiler) sortAll(ctx context.Context, search *imap.SearchCriteria, by []imap.SortCriterion) ([]sortedMessage, error) {
	columns := c.columnist(search, false)
	c.useColumns(ctx, columns)
	if sorted, ok := c.sortByColumns(ctx, columns, by); ok {
		return sorted, nil
	}
	hits, err := c.sorted(ctx, sortTask{search, by, c.view.told.All()})
	return hits.messages(), err
}

// A sortTask is what is to be sorted.
type sortTask struct {
	search   *imap.SearchCriteria
	by       []imap.SortCriterion
	messages iter.Seq2[imap.SeqNum, mailstore.Entry]
}

// sorted returns which of some messages are found, in order.
func (c *compiler) sorted(ctx context.Context, t sortTask) (sortHits, error) {
	onColumns, rest, err := c.stages(t.search)
	if err != nil {
		return nil, err
	}
	var hits sortHits
	if rest.cost == ofColumns && !readsRecords(t.by) {
		m := c.candidate(ctx)
		defer m.release()
		err = hits.sortColumns(m, t.messages, onColumns, c.session.newSorter(t.by))
	} else {
		err = c.sortMessages(ctx, t, onColumns, &hits)
	}
	slices.SortFunc(hits, compareHits)
	return hits, err
}

// A sortedMessage is a message that SORT has found.
type sortedMessage struct {
	uid    imap.UID
	seq    imap.SeqNum
	modSeq imap.ModSeq
	score  uint8
}

// A sortHit is one with its key.
type sortHit struct {
	start uint64 // of the key, as a number
	key   []byte
	sortedMessage
}

type sortHits []sortHit

// sortFacts is what is taken from a hit.
type sortFacts struct {
	key   []byte
	score uint8
}

func (h *sortHits) add(p place, f sortFacts) {
	var start [8]byte
	copy(start[:], f.key)
	*h = append(*h, sortHit{
		start: binary.BigEndian.Uint64(start[:]), key: f.key,
		sortedMessage: sortedMessage{uid: p.entry.UID, seq: p.seq, modSeq: p.entry.ModSeq, score: f.score},
	})
}

// messages returns the hits without their keys.
func (h sortHits) messages() []sortedMessage {
	list := make([]sortedMessage, len(h))
	for i := range h {
		list[i] = h[i].sortedMessage
	}
	return list
}

func compareHits(a, b sortHit) int {
	if a.start != b.start {
		return cmp.Compare(a.start, b.start)
	}
	if order := bytes.Compare(a.key, b.key); order != 0 {
		return order
	}
	return cmp.Compare(a.uid, b.uid)
}

// sortColumns looks through a mailbox where nothing has to be read.
func (h *sortHits) sortColumns(m *candidate, messages iter.Seq2[imap.SeqNum, mailstore.Entry], match matcher, sorter *sorter) error {
	for seq, e := range messages {
		m.reset(seq, e)
		ok, err := match.test(m)
		m.close()
		if err != nil {
			return err
		}
		if ok {
			key, _ := sorter.key(m) // columns do not fail
			h.add(place{seq, e}, sortFacts{key, m.scores.mean()})
		}
	}
	return nil
}

// sortMessages looks through a mailbox where messages have to be read.
func (c *compiler) sortMessages(ctx context.Context, t sortTask, onColumns matcher, hits *sortHits) error {
	return examineAll(ctx, t.messages, onColumns, task[sortFacts]{
		total:  uint32(c.view.told.Len()),
		reader: c.view.at.account.Reader,
		examiner: func() (examiner[sortFacts], error) {
			_, rest, err := c.stages(t.search)
			sorter := c.session.newSorter(t.by)
			return func(m *candidate) (facts sortFacts, hit bool, err error) {
				if hit, err = rest.test(m); err != nil || !hit {
					return facts, false, err
				}
				facts.key, err = sorter.key(m)
				facts.score = m.scores.mean()
				return facts, err == nil, err
			}, err
		},
		found: func(f finding[sortFacts]) bool {
			hits.add(f.place, f.facts)
			return false
		},
	})
}

// sortData makes the answer.
func sortData(found []sortedMessage, opts imapserver.SearchOptions) *imapserver.SortData {
	d := &imapserver.SortData{}
	if opts.UIDs {
		d.UIDs = make([]imap.UID, len(found))
		for i := range found {
			d.UIDs[i] = found[i].uid
		}
	}
	if opts.Seqs {
		d.Seqs = make([]imap.SeqNum, len(found))
		for i := range found {
			d.Seqs[i] = found[i].seq
		}
	}
	if opts.Return&imap.SearchReturnRelevancy != 0 {
		for i := range found {
			d.Scores = append(d.Scores, found[i].score)
		}
	}
	if opts.ModSeq {
		d.ModSeq = highestModSeq(found, &opts)
	}
	return d
}

// highestModSeq returns the highest mod-sequence of what is told (RFC 7162
// §3.1.10).
func highestModSeq(found []sortedMessage, opts *imapserver.SearchOptions) (highest imap.ModSeq) {
	first, last := opts.Ends()
	some, n := first > 0 || last > 0, uint32(len(found))
	for i := range found {
		if !some || opts.Reports(uint32(i)+1, n-uint32(i)) {
			highest = max(highest, found[i].modSeq)
		}
	}
	return highest
}
