package imapclient

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A SearchResult is what SEARCH found: UIDs or sequence numbers, as was asked.
type SearchResult struct {
	Kind imap.NumKind
	// All has the hits, unless RETURN asked for something else.
	All      []uint32
	Min, Max uint32
	Count    uint32
	ModSeq   imap.ModSeq
}

// Search runs SEARCH, or UID SEARCH if kind is imap.NumUID. program is what
// stands behind that word in the grammar of RFC 9051 §6.4.4, such as
// "RETURN (COUNT) UNSEEN", in ASCII without literals.
func (c *Client) Search(ctx context.Context, kind imap.NumKind, program string) (*SearchResult, error) {
	p, err := c.searching(ctx, kind, "SEARCH", program)
	if err != nil {
		return nil, err
	}
	return p.search, nil
}

// searching runs a command that searches, and returns what has come of it.
func (c *Client) searching(ctx context.Context, kind imap.NumKind, name, program string) (*pending, error) {
	if kind == imap.NumUID {
		name = "UID " + name
	}
	p := &pending{keepExpunged: kind == imap.NumSeq, search: &SearchResult{Kind: kind}}
	_, err := c.run(ctx, p, name, func(w *imapwire.Writer) {
		w.SP()
		w.Raw(program)
	})
	return p, err
}

// searchRev1 takes a SEARCH response.
func (c *Client) searchRev1() error {
	s := c.current.search
	if s == nil || c.rev2 {
		return imapwire.Syntax("SEARCH response was not asked for")
	}
	return c.numbers(s)
}

// numbers takes hits and perhaps a mod-sequence.
func (c *Client) numbers(s *SearchResult) error {
	for c.r.Accept(' ') {
		if c.r.Accept('(') {
			if err := c.searchModSeq(s); err != nil {
				return err
			}
			break
		}
		n, err := c.hit(s)
		if err != nil {
			return err
		}
		s.All = append(s.All, n)
	}
	return c.r.End()
}

// searchModSeq takes "MODSEQ n)".
func (c *Client) searchModSeq(s *SearchResult) (err error) {
	if !c.r.AcceptWord("MODSEQ") || !c.r.Accept(' ') {
		return imapwire.Syntax("MODSEQ expected")
	}
	if s.ModSeq, err = c.r.ModSeq(false); err != nil {
		return err
	}
	return c.r.Expect(')')
}

// hit takes the number of a message.
func (c *Client) hit(s *SearchResult) (uint32, error) {
	n, err := c.r.NZNumber()
	if err == nil && s.Kind == imap.NumSeq {
		err = c.checkSeq(n)
	}
	return n, err
}

// esearch takes an ESEARCH response (RFC 9051 §7.3.4).
func (c *Client) esearch() error {
	s := c.current.search
	if s == nil {
		return imapwire.Syntax("ESEARCH response was not asked for")
	}
	if err := c.esearchTag(); err != nil {
		return err
	}
	for c.r.Accept(' ') {
		word, err := c.r.Keyword()
		if err != nil {
			return err
		}
		if string(word) == "UID" {
			if s.Kind != imap.NumUID {
				return imapwire.Syntax("UID in the answer to SEARCH")
			}
			continue
		}
		if err := c.esearchItem(s, string(word)); err != nil {
			return err
		}
	}
	return c.r.End()
}

// esearchTag takes ` (TAG "x")`, which must be that of the command.
func (c *Client) esearchTag() error {
	if !c.r.Accept(' ') || !c.r.Accept('(') || !c.r.AcceptWord("TAG") || !c.r.Accept(' ') {
		return imapwire.Syntax("TAG expected")
	}
	tag, err := c.r.String()
	if err != nil {
		return err
	}
	if tag != c.current.tag {
		return imapwire.Syntax("ESEARCH has tag %q", tag)
	}
	return c.r.Expect(')')
}

// esearchItem takes the value of a result item.
func (c *Client) esearchItem(s *SearchResult, name string) (err error) {
	if err := c.r.SP(); err != nil {
		return err
	}
	switch name {
	case "MIN":
		s.Min, err = c.hit(s)
	case "MAX":
		s.Max, err = c.hit(s)
	case "COUNT":
		s.Count, err = c.r.Number()
	case "MODSEQ":
		s.ModSeq, err = c.r.ModSeq(false)
	case "ALL":
		return c.esearchAll(s)
	default:
		err = imapwire.Syntax("unknown result item %s", name)
	}
	return err
}

// maxHits is how many hits a client takes.
const maxHits = 10_000_000

// esearchAll takes hits in the order in which they come: that of a SORT, or a
// rising one. Within a range they rise (RFC 5267 §3.2).
func (c *Client) esearchAll(s *SearchResult) error {
	raw, err := c.r.NumSet(s.Kind)
	if err != nil || raw.Dynamic() {
		return imapwire.Syntax("numbers expected")
	}
	for _, r := range raw.Ranges {
		first, last := min(r.First, r.Last), max(r.First, r.Last)
		if uint64(len(s.All))+uint64(last-first) >= maxHits {
			return imapwire.Syntax("too many hits")
		}
		for n := uint64(first); n <= uint64(last); n++ {
			s.All = append(s.All, uint32(n))
		}
	}
	return nil
}
