package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// list runs LIST (RFC 9051 §6.3.9, RFC 5258, RFC 5819).
func (c *conn) list(ctx context.Context, req *request) error {
	var opts imap.ListOptions
	extended, err := c.listArguments(&opts)
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	if opts.ReturnStatus&imap.StatusHighestModSeq != 0 {
		c.enableCondStore()
	}
	if !extended {
		// The basic form tells what CHILDREN (RFC 3348) and RFC 6154 §2 add.
		opts.ReturnChildren, opts.ReturnSpecialUse = true, true
		if opts.Patterns[0] == "" {
			return c.listRoot()
		}
	}
	return c.session.List(ctx, &ListWriter{w: c.w, opts: &opts, limit: c.opts.AppendLimit, off: c.off}, &opts)
}

// listRoot answers the empty pattern: the delimiter and the root.
func (c *conn) listRoot() error {
	lw := &ListWriter{w: c.w, opts: &imap.ListOptions{}}
	return lw.Mailbox(&imap.ListData{
		Delim: c.opts.Delimiter,
		Attrs: []imap.MailboxAttr{imap.AttrNoSelect},
	})
}

// lsub runs LSUB (RFC 3501 §6.3.9).
func (c *conn) lsub(ctx context.Context, req *request) error {
	opts := imap.ListOptions{Subscribed: true, RecursiveMatch: true, ReturnSubscribed: true}
	if err := c.r.SP(); err != nil {
		return err
	}
	var err error
	if opts.Reference, err = c.r.Mailbox(0); err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	pattern, err := c.r.ListMailbox()
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	opts.Patterns = []string{pattern}
	return c.session.List(ctx, &ListWriter{w: c.w, opts: &opts, lsub: true}, &opts)
}

// listArguments takes the arguments of LIST, and reports whether they are of
// the extended form.
func (c *conn) listArguments(opts *imap.ListOptions) (extended bool, err error) {
	if err := c.r.SP(); err != nil {
		return false, err
	}
	if c.r.Peek('(') {
		extended = true
		if err := c.listSelection(opts); err != nil {
			return true, err
		}
		if err := c.r.SP(); err != nil {
			return true, err
		}
	}
	if opts.Reference, err = c.r.Mailbox(0); err != nil {
		return extended, err
	}
	if err := c.r.SP(); err != nil {
		return extended, err
	}
	several, err := c.listPatterns(opts)
	if err != nil {
		return extended, err
	}
	extended = extended || several
	if c.r.Accept(' ') {
		extended = true
		err = c.listReturn(opts)
	}
	if err == nil && extended && !c.offers("LIST-EXTENDED") {
		err = imapwire.Syntax("unknown form of LIST")
	}
	return extended, err
}

// maxPatterns is the number of patterns that one LIST may have.
const maxPatterns = 64

// listPatterns takes one pattern, or several in parentheses.
func (c *conn) listPatterns(opts *imap.ListOptions) (several bool, err error) {
	add := func() error {
		pattern, err := c.r.ListMailbox()
		if len(opts.Patterns) == maxPatterns {
			return imapwire.Syntax("too many patterns")
		}
		opts.Patterns = append(opts.Patterns, pattern)
		return err
	}
	if !c.r.Peek('(') {
		return false, add()
	}
	if err := c.r.List(add); err != nil {
		return true, err
	}
	if len(opts.Patterns) == 0 {
		return true, imapwire.Syntax("pattern expected")
	}
	return true, nil
}

// listSelection takes the selection options. RECURSIVEMATCH is only good with
// another one (RFC 9051 §6.3.9.1).
func (c *conn) listSelection(opts *imap.ListOptions) error {
	err := c.r.List(func() error {
		name, err := c.r.Keyword()
		if err != nil {
			return err
		}
		switch string(name) {
		case "SUBSCRIBED":
			opts.Subscribed, opts.ReturnSubscribed = true, true
		case "REMOTE":
			opts.Remote = true
		case "SPECIAL-USE":
			if !c.offers("SPECIAL-USE") {
				return imapwire.Syntax("unknown selection option")
			}
			opts.SpecialUse, opts.ReturnSpecialUse = true, true
		case "RECURSIVEMATCH":
			opts.RecursiveMatch = true
		default:
			return imapwire.Syntax("unknown selection option")
		}
		return nil
	})
	if err == nil && opts.RecursiveMatch && !opts.Subscribed && !opts.SpecialUse {
		err = imapwire.Syntax("RECURSIVEMATCH needs another selection option")
	}
	return err
}

// listReturn takes the return options.
func (c *conn) listReturn(opts *imap.ListOptions) error {
	if !c.r.AcceptWord("RETURN") {
		return imapwire.Syntax("RETURN expected")
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	return c.r.List(func() error {
		name, err := c.r.Keyword()
		if err != nil {
			return err
		}
		if !c.offers(capabilityOfReturn(string(name))) {
			return imapwire.Syntax("unknown return option")
		}
		switch string(name) {
		case "SUBSCRIBED":
			opts.ReturnSubscribed = true
		case "CHILDREN":
			opts.ReturnChildren = true
		case "SPECIAL-USE":
			opts.ReturnSpecialUse = true
		case "STATUS":
			if err := c.r.SP(); err != nil {
				return err
			}
			opts.ReturnStatus, err = c.statusItems()
		case "MYRIGHTS":
			opts.ReturnMyRights = true
			_, err = c.aclSession()
		case "METADATA":
			opts.ReturnMetadata, err = c.listMetadata()
		default:
			return imapwire.Syntax("unknown return option")
		}
		return err
	})
}
