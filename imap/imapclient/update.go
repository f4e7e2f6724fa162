package imapclient

import (
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// An Update is what a server tells unasked: one of the fields is set. The last
// three are about other mailboxes too, and come after Notify.
type Update struct {
	// Exists is the new number of messages.
	Exists *uint32
	// Expunged is the number that a message had until now.
	Expunged imap.SeqNum
	// Vanished are UIDs of messages that are gone (RFC 7162 §3.2.10).
	Vanished imap.UIDSet
	// Message has the flags of a message.
	Message *Message
	// List is a mailbox that has come, gone, or changed its name or
	// subscription (RFC 5465 §5.4).
	List *imap.ListData
	// Status has the numbers of a mailbox in which something has happened.
	Status *StatusUpdate
	// Metadata names annotations that have changed.
	Metadata *MetadataUpdate
}

func (c *Client) tell(u Update) {
	if c.opts.Update != nil {
		c.opts.Update(u)
	}
}

// opens reports whether the running command opens a mailbox.
func (p *pending) opens() bool { return p.name == "SELECT" || p.name == "EXAMINE" }

// exists takes EXISTS: the number never gets smaller that way.
func (c *Client) exists(n uint32) error {
	opening := c.current.opens() && !c.view.selected
	switch {
	case !c.view.selected && !opening:
		return imapwire.Syntax("EXISTS without a mailbox")
	case c.view.selected && n < c.view.count:
		return imapwire.Syntax("EXISTS %d after %d", n, c.view.count)
	}
	c.view = view{selected: true, count: n}
	if !opening {
		c.tell(Update{Exists: &n})
	}
	return c.r.End()
}

// expunged takes EXPUNGE.
func (c *Client) expunged(n uint32) error {
	switch {
	case c.current.keepExpunged:
		return imapwire.Syntax("EXPUNGE during %s", c.current.name)
	case c.qresync:
		return imapwire.Syntax("EXPUNGE although QRESYNC is enabled")
	}
	if err := c.checkSeq(n); err != nil {
		return err
	}
	c.view.count--
	c.tell(Update{Expunged: imap.SeqNum(n)})
	return c.r.End()
}

// checkSeq refuses a sequence number that is not there.
func (c *Client) checkSeq(n uint32) error {
	if !c.view.selected || n == 0 || n > c.view.count {
		return imapwire.Syntax("message %d of %d", n, c.view.count)
	}
	return nil
}

// vanished takes VANISHED (RFC 7162 §3.2.10).
func (c *Client) vanished() error {
	if err := c.r.SP(); err != nil {
		return err
	}
	earlier := c.r.Accept('(')
	if earlier {
		if !c.r.AcceptWord("EARLIER") || !c.r.Accept(')') {
			return imapwire.Syntax("EARLIER expected")
		}
		if err := c.r.SP(); err != nil {
			return err
		}
	}
	uids, err := c.uidSet()
	if err != nil {
		return err
	}
	if err := c.r.End(); err != nil {
		return err
	}
	if earlier {
		c.current.vanished.AddSet(uids)
		return nil
	}
	n := uids.Count()
	if c.current.keepExpunged || !c.view.selected || uint64(n) > uint64(c.view.count) {
		return imapwire.Syntax("VANISHED of %d messages is not allowed here", n)
	}
	c.view.count -= uint32(n)
	c.tell(Update{Vanished: uids})
	return nil
}

// uidSet takes a set of UIDs without "*".
func (c *Client) uidSet() (imap.UIDSet, error) {
	raw, err := c.r.NumSet(imap.NumUID)
	if err != nil || raw.Dynamic() {
		return nil, imapwire.Syntax("UIDs expected")
	}
	return raw.UIDs(0), nil
}
