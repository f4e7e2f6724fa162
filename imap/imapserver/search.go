package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// search runs SEARCH and UID SEARCH (RFC 9051 §6.4.4, RFC 4731, RFC 5182).
func (c *conn) search(ctx context.Context, req *request) error {
	s := &searchCommand{c: c, req: req}
	err := s.parse()
	if err == nil {
		err = s.run(ctx)
	}
	if err == nil || c.broken != nil || s.ret&imap.SearchReturnSave == 0 {
		return err
	}
	e := c.toError(err)
	if e.Type == imap.StatusNo {
		c.saved = nil // RFC 9051 §6.4.4.1
	}
	return e
}

// A searchCommand is a SEARCH that is running.
type searchCommand struct {
	c        *conn
	req      *request
	extended bool // RETURN was given
	ret      imap.SearchReturn
	criteria imap.SearchCriteria
}

// parse takes the arguments.
func (s *searchCommand) parse() error {
	r := s.c.r
	if err := r.SP(); err != nil {
		return err
	}
	if r.AcceptWord("RETURN") {
		s.extended = true
		if err := s.parseReturn(); err != nil {
			return err
		}
	}
	p := &searchParser{c: s.c, charset: utf8Charset}
	if err := p.parseCharset(); err != nil {
		return err
	}
	keys, err := p.keys()
	if err != nil {
		return err
	}
	s.criteria = imap.SearchCriteria{Op: imap.SearchAnd, Keys: keys}
	return s.c.end(s.req)
}

// parseReturn takes the result options and the space behind them.
func (s *searchCommand) parseReturn() error {
	r := s.c.r
	if err := r.SP(); err != nil {
		return err
	}
	err := r.List(func() error {
		name, err := r.Keyword()
		if err != nil {
			return err
		}
		switch string(name) {
		case "MIN":
			s.ret |= imap.SearchReturnMin
		case "MAX":
			s.ret |= imap.SearchReturnMax
		case "ALL":
			s.ret |= imap.SearchReturnAll
		case "COUNT":
			s.ret |= imap.SearchReturnCount
		case "SAVE":
			s.ret |= imap.SearchReturnSave
		default:
			return imapwire.Syntax("unknown result option")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.SP()
}

// run asks the session and answers.
func (s *searchCommand) run(ctx context.Context) error {
	c := s.c
	if s.ret == 0 {
		s.ret = imap.SearchReturnAll
	}
	modSeq := s.criteria.Uses(imap.SearchModSeq)
	if modSeq {
		c.enableCondStore()
	}
	save := s.ret&imap.SearchReturnSave != 0
	data, err := c.session.Search(ctx, &s.criteria, SearchOptions{
		Return: s.ret,
		UIDs:   s.req.uid || save,
		Seqs:   !s.req.uid,
		ModSeq: modSeq,
	})
	if err != nil {
		return err
	}
	if !modSeq {
		data.ModSeq = 0
	}
	if save {
		c.saved = s.savedSet(data.UIDs)
	}
	if s.req.uid {
		writeSearch(s, data.UIDs, data.ModSeq)
	} else {
		writeSearch(s, data.Seqs, data.ModSeq)
	}
	return nil
}

// onlyEnds reports whether the first or the last hit is all that is asked for.
func (s *searchCommand) onlyEnds() bool {
	return s.ret&(imap.SearchReturnMin|imap.SearchReturnMax) != 0 &&
		s.ret&(imap.SearchReturnAll|imap.SearchReturnCount) == 0
}

// savedSet returns what "$" will stand for (RFC 9051 §6.4.4.1, Table 4).
func (s *searchCommand) savedSet(hits imap.UIDSet) imap.UIDSet {
	if !s.onlyEnds() {
		return hits
	}
	var out imap.UIDSet
	if s.ret&imap.SearchReturnMin != 0 {
		out.Add(hits.Min())
	}
	if s.ret&imap.SearchReturnMax != 0 {
		out.Add(hits.Max())
	}
	return out
}

// writeSearch answers in the form that the client understands.
func writeSearch[N imap.Num](s *searchCommand, hits imap.Set[N], modSeq imap.ModSeq) {
	if !s.extended && !s.c.enabled.rev2 {
		writeSearchRev1(s.c.w, hits, modSeq)
		return
	}
	if s.ret != imap.SearchReturnSave {
		writeESearch(s, hits, modSeq)
	}
}

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
	w := s.c.w
	w.Raw("* ESEARCH (TAG ")
	w.String(s.req.tag)
	w.Byte(')')
	if s.req.uid {
		w.Raw(" UID")
	}
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
