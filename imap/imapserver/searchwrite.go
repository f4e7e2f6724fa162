package imapserver

import (
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// writeSearchRev1 writes the SEARCH response (RFC 3501 §7.2.5).
func writeSearchRev1[N imap.Num](w *imapwire.Writer, hits imap.Set[N], modSeq imap.ModSeq) {
	w.Raw("* SEARCH")
	for n := range hits.All() {
		w.SP()
		w.Number(uint64(n))
	}
	if modSeq != 0 && len(hits) > 0 {
		w.Raw(" (MODSEQ ")
		w.Number(uint64(modSeq))
		w.Byte(')')
	}
	w.CRLF()
}

// writeESearch writes the ESEARCH response (RFC 9051 §7.3.4).
func writeESearch[N imap.Num](s *searchCommand, hits imap.Set[N], modSeq imap.ModSeq) {
	writeESearchHead(s.c.w, s.req.tag, s.req.uid)
	writeResults(s, hits, modSeq)
}

// writeResults writes what was asked for, and the end of the response.
func writeResults[N imap.Num](s *searchCommand, hits imap.Set[N], modSeq imap.ModSeq) {
	w := s.c.w
	if len(hits) > 0 {
		if s.ret&imap.SearchReturnMin != 0 {
			w.Raw(" MIN ")
			w.Number(uint64(hits.Min()))
		}
		if s.ret&imap.SearchReturnMax != 0 {
			w.Raw(" MAX ")
			w.Number(uint64(hits.Max()))
		}
		if s.ret&imap.SearchReturnAll != 0 {
			w.Raw(" ALL ")
			writeSet(w, hits)
		}
	}
	if s.ret&imap.SearchReturnPartial != 0 {
		writePartial(w, s.partial, hits)
	}
	s.writeRelevancy()
	if s.ret&imap.SearchReturnCount != 0 {
		w.Raw(" COUNT ")
		w.Number(uint64(hits.Count()))
	}
	if modSeq != 0 && len(hits) > 0 {
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
func writePartial[N imap.Num](w *imapwire.Writer, p imap.PartialRange, hits imap.Set[N]) {
	w.Raw(" PARTIAL (")
	w.Raw(p.String())
	w.SP()
	from, to := p.Places(uint32(hits.Count()))
	if some := hits.Places(from, to); len(some) > 0 {
		writeSet(w, some)
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
