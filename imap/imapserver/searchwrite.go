package imapserver

import (
	"iter"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// results are the hits of a search in the order of its answer.
type results interface {
	count() int
	first() uint32
	last() uint32
	// places returns those from one place to another, counted from 1.
	places(from, to uint32) results
	write(w *imapwire.Writer)
}

// searched are the hits of SEARCH, which rise.
type searched[N imap.Num] imap.Set[N]

func (r searched[N]) count() int    { return int(imap.Set[N](r).Count()) }
func (r searched[N]) first() uint32 { return uint32(imap.Set[N](r).Min()) }
func (r searched[N]) last() uint32  { return uint32(imap.Set[N](r).Max()) }
func (r searched[N]) places(from, to uint32) results {
	return searched[N](imap.Set[N](r).Places(from, to))
}
func (r searched[N]) write(w *imapwire.Writer) { writeSet(w, imap.Set[N](r)) }

// writePlain writes the answer to a search without RETURN (RFC 3501 §7.2.5,
// RFC 5256 §4, RFC 7162 §3.1.5 and §3.1.6).
func writePlain[N imap.Num](w *imapwire.Writer, name string, hits iter.Seq[N], modSeq imap.ModSeq) {
	w.Raw("* ")
	w.Raw(name)
	some := false
	for n := range hits {
		some = true
		w.SP()
		w.Number(uint64(n))
	}
	if modSeq != 0 && some {
		w.Raw(" (MODSEQ ")
		w.Number(uint64(modSeq))
		w.Byte(')')
	}
	w.CRLF()
}

// writeESearch writes the ESEARCH response (RFC 9051 §7.3.4). MIN and MAX of a
// SORT are the first and the last in its order (RFC 5267 §3.1).
func (s *searchCommand) writeESearch(hits results, modSeq imap.ModSeq) {
	writeESearchHead(s.c.w, s.req.tag, s.req.uid)
	s.writeResults(hits, modSeq)
}

// writeResults writes what was asked for, and the end of the response.
func (s *searchCommand) writeResults(hits results, modSeq imap.ModSeq) {
	w, n := s.c.w, hits.count()
	if n > 0 {
		if s.ret&imap.SearchReturnMin != 0 {
			w.Raw(" MIN ")
			w.Number(uint64(hits.first()))
		}
		if s.ret&imap.SearchReturnMax != 0 {
			w.Raw(" MAX ")
			w.Number(uint64(hits.last()))
		}
		if s.ret&imap.SearchReturnAll != 0 {
			w.Raw(" ALL ")
			hits.write(w)
		}
	}
	if s.ret&imap.SearchReturnPartial != 0 {
		writePartial(w, s.partial, hits)
	}
	s.writeRelevancy()
	if s.ret&imap.SearchReturnCount != 0 {
		w.Raw(" COUNT ")
		w.Number(uint64(n))
	}
	if modSeq != 0 && n > 0 {
		w.Raw(" MODSEQ ")
		w.Number(uint64(modSeq))
	}
	w.CRLF()
}

// writeESearchHead begins an ESEARCH response that belongs to a command.
func writeESearchHead(w *imapwire.Writer, tag string, uid bool) {
	w.Raw("* ESEARCH (TAG ")
	w.String(tag)
	w.Byte(')')
	if uid {
		w.Raw(" UID")
	}
}

// writePartial writes " PARTIAL (range results)" (RFC 9394 §4).
func writePartial(w *imapwire.Writer, p imap.PartialRange, hits results) {
	w.Raw(" PARTIAL (")
	w.Raw(p.String())
	w.SP()
	from, to := p.Places(uint32(hits.count()))
	if some := hits.places(from, to); some.count() > 0 {
		some.write(w)
	} else {
		w.Nil()
	}
	w.Byte(')')
}

// writeRelevancy writes " RELEVANCY (scores)", of the hits that PARTIAL tells of
// if it was asked for, else of all (RFC 6203 §4).
func (s *searchCommand) writeRelevancy() {
	scores := s.scores
	if s.ret&imap.SearchReturnPartial != 0 {
		scores = inPlaces(s.partial, scores)
	}
	if s.ret&imap.SearchReturnRelevancy == 0 || len(scores) == 0 {
		return
	}
	w := s.c.w
	w.Raw(" RELEVANCY")
	sep := byte('(')
	w.SP()
	for _, score := range scores {
		w.Byte(sep)
		sep = ' '
		w.Number(uint64(score))
	}
	w.Byte(')')
}
