package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
)

// enable runs ENABLE (RFC 9051 §6.3.1). Names that it does not know, or that
// are on already, are passed over.
func (c *conn) enable(ctx context.Context, req *request) error {
	var names []string
	for c.r.Accept(' ') {
		name, err := c.r.Atom()
		if err != nil {
			return err
		}
		names = append(names, upperASCII(name))
	}
	if len(names) == 0 {
		return c.r.SP()
	}
	if err := c.end(req); err != nil {
		return err
	}
	condStore := c.enabled.condStore
	var done []string
	for _, name := range names {
		if !c.offers(name) {
			continue
		}
		if on := c.enableOne(name); on != "" {
			done = append(done, on)
		}
	}
	c.writeMode()
	c.w.Raw("* ENABLED")
	for _, name := range done {
		c.w.SP()
		c.w.Raw(name)
	}
	c.w.CRLF()
	if c.enabled.condStore && !condStore {
		c.tellHighestModSeq()
	}
	if c.enabled.metadata {
		return c.listenToMetadata(ctx)
	}
	return nil
}

// enableOne switches an extension on. It returns its name if it was off.
func (c *conn) enableOne(name string) string {
	e := &c.enabled
	set := func(on *bool, name string) string {
		if *on {
			return ""
		}
		*on = true
		return name
	}
	switch name {
	case "IMAP4REV2":
		e.utf8 = true
		return set(&e.rev2, "IMAP4rev2")
	case "UTF8=ACCEPT":
		e.utf8 = true
		return set(&e.utf8Accept, "UTF8=ACCEPT")
	case "CONDSTORE":
		return set(&e.condStore, "CONDSTORE")
	case "UIDONLY":
		return set(&e.uidOnly, "UIDONLY")
	case "METADATA", "METADATA-SERVER":
		if c.opts.Features&FeatureMetadata == 0 || c.opts.Features&FeatureNotify == 0 {
			return ""
		}
		return set(&e.metadata, name)
	case "QRESYNC":
		if c.opts.Features&FeatureQResync == 0 {
			return ""
		}
		e.condStore = true
		return set(&e.qresync, "QRESYNC")
	}
	return ""
}

// enableCondStore is what each CONDSTORE enabling command does (RFC 7162
// §3.1): the first one in the selected state also tells HIGHESTMODSEQ.
func (c *conn) enableCondStore() {
	if !c.enabled.condStore {
		c.enabled.condStore = true
		c.tellHighestModSeq()
	}
}

// tellHighestModSeq tells the mod-sequence of the selected mailbox, if there is
// one that keeps them.
func (c *conn) tellHighestModSeq() {
	if c.state == selected && !c.noModSeq {
		c.status("*", imap.StatusOK, imap.CodeHighestModSeq(c.session.HighestModSeq()), "Highest")
	}
}
