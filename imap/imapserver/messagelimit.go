package imapserver

import (
	"github.com/mailstead/mailstead/imap"
)

// A Limiter is a Session with FeatureLimits: it counts what a command is about,
// so that the engine can keep it to Options.MessageLimit and SaveLimit
// (RFC 9738).
type Limiter interface {
	// Newest returns the part of set that has the n messages with the highest
	// UIDs, of those that have flag if it is not empty. part is a set of UIDs
	// that reaches down to the lowest of them; more says that there are others
	// below, otherwise part is set.
	Newest(set imap.NumSet, n uint32, flag imap.Flag) (part imap.NumSet, lowest imap.UID, more bool, err error)
	// Candidates returns the lowest UID of the n messages with the highest
	// UIDs that criteria does not exclude by sets of numbers, and whether
	// there are others below.
	Candidates(criteria *imap.SearchCriteria, n uint32) (lowest imap.UID, more bool)
}

// limit cuts a set to as many messages as one command processes, those with the
// highest UIDs, and notes for the answer how far down it went (RFC 9738 §3.1).
func (c *conn) limit(req *request, set imap.NumSet, flag imap.Flag) (imap.NumSet, error) {
	if c.opts.MessageLimit == 0 || c.opts.Features&FeatureLimits == 0 {
		return set, nil
	}
	part, lowest, more, err := c.session.(Limiter).Newest(set, c.opts.MessageLimit, flag)
	if err != nil || !more {
		return set, err
	}
	req.lowest = lowest
	return part, nil
}

// saveLimit is how many messages COPY and APPEND take, which do all or nothing;
// zero is no limit.
func (c *conn) saveLimit() uint32 {
	switch {
	case c.opts.Features&FeatureLimits == 0:
		return 0
	case c.opts.MessageLimit != 0:
		return c.opts.MessageLimit
	}
	return c.opts.SaveLimit
}

// checkSave refuses to copy too many messages.
func (c *conn) checkSave(set imap.NumSet) error {
	n := c.saveLimit()
	if n == 0 {
		return nil
	}
	_, lowest, more, err := c.session.(Limiter).Newest(set, n, "")
	if err == nil && more {
		err = imap.No(imap.CodeMessageLimit(n, lowest), "Too many messages to copy, try a smaller subset")
	}
	return err
}

// limitSearch lets a search look at no more messages than one command may.
func (s *searchCommand) limitSearch() {
	if lowest := s.c.searchLimit(&s.criteria); lowest != 0 {
		s.req.lowest = lowest
		s.criteria.Keys = append(s.criteria.Keys, imap.SearchCriteria{Op: imap.SearchSet, Set: imap.NumSet{
			Kind: imap.NumUID, Ranges: []imap.NumRange{{First: uint32(lowest), Last: ^uint32(0)}},
		}})
	}
}

// checkSorted refuses to sort or thread too many messages: a part of the answer
// would be none (RFC 9738 §3.3).
func (s *searchCommand) checkSorted() error {
	if s.c.searchLimit(&s.criteria) != 0 {
		return imap.No(imap.CodeMessageLimit(s.c.opts.MessageLimit, 0), "Too many messages, narrow it down by UIDAFTER and UIDBEFORE")
	}
	return nil
}

// searchLimit returns the UID down to which a search goes, zero if it is not
// limited.
func (c *conn) searchLimit(criteria *imap.SearchCriteria) imap.UID {
	if c.opts.MessageLimit == 0 || c.opts.Features&FeatureLimits == 0 {
		return 0
	}
	lowest, more := c.session.(Limiter).Candidates(criteria, c.opts.MessageLimit)
	if !more {
		return 0
	}
	return lowest
}

// tellLimit tells that a command did not process all messages: in the tagged
// response if that is free, else in one before it (RFC 9738 §3.1).
func (c *conn) tellLimit(req *request, failed bool) {
	if req.lowest == 0 {
		return
	}
	code := imap.CodeMessageLimit(c.opts.MessageLimit, req.lowest)
	if failed || req.code != "" {
		c.status("*", imap.StatusNo, code, "Some messages were left alone")
		return
	}
	req.code, req.text = code, req.name+" completed for some messages"
}
