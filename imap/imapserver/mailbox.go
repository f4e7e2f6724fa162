package imapserver

import (
	"context"
	"errors"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// create runs CREATE (RFC 9051 §6.3.4), with special uses (RFC 6154 §3).
func (c *conn) create(ctx context.Context, req *request) error {
	name, err := c.mailbox()
	if err != nil {
		return err
	}
	var opts CreateOptions
	if c.r.Accept(' ') {
		if opts.SpecialUse, err = c.createParams(); err != nil {
			return err
		}
	}
	if err := c.end(req); err != nil {
		return err
	}
	// A delimiter at the end only says that there will be names below.
	name = strings.TrimSuffix(name, string(c.opts.Delimiter))
	if name == imap.Inbox {
		return imap.No(imap.CodeAlreadyExists, "INBOX is always there")
	}
	if err := imap.CheckMailboxName(name, c.opts.Delimiter); err != nil {
		return err
	}
	id, err := c.session.Create(ctx, name, opts)
	if err == nil && id != "" && c.opts.Features&FeatureObjectID != 0 {
		req.code = imap.CodeMailboxID(id)
	}
	return err
}

// createParams takes "(USE (\Sent ...))".
func (c *conn) createParams() (uses []imap.MailboxAttr, err error) {
	err = c.r.List(func() error {
		if !c.offers("CREATE-SPECIAL-USE") || !c.r.AcceptWord("USE") {
			return imapwire.Syntax("unknown parameter of CREATE")
		}
		if err := c.r.SP(); err != nil {
			return err
		}
		return c.r.List(func() error {
			use, err := c.specialUse()
			uses = append(uses, use)
			return err
		})
	})
	return uses, err
}

// specialUse takes a special use. One that nobody knows is no error of syntax.
func (c *conn) specialUse() (imap.MailboxAttr, error) {
	if !c.r.Accept('\\') {
		return "", imapwire.Syntax("special use expected")
	}
	name, err := c.r.Atom()
	if err != nil {
		return "", err
	}
	use, ok := imap.MailboxAttr(`\` + string(name)).SpecialUse()
	if !ok {
		return "", imap.No(imap.CodeUseAttr, "Unknown special use")
	}
	return use, nil
}

// delete runs DELETE (RFC 9051 §6.3.5).
func (c *conn) delete(ctx context.Context, req *request) error {
	name, err := c.onlyMailbox(req)
	if err != nil {
		return err
	}
	if name == imap.Inbox {
		return imap.No(imap.CodeCannot, "INBOX cannot be deleted")
	}
	if err := c.session.Delete(ctx, name); err != nil {
		return err
	}
	return c.leaveDeleted(ctx)
}

// ErrDeleted is what a session returns from methods about the selected mailbox,
// Poll among them, when that has been deleted. It ends the connection, unless
// this client has deleted the mailbox.
var ErrDeleted = &imap.Error{Type: imap.StatusBye, Text: "Selected mailbox has been deleted"}

// leaveDeleted leaves the selected mailbox if it is the one that the command has
// deleted: the client must hear that its command is done.
func (c *conn) leaveDeleted(ctx context.Context) error {
	if err := c.poll(ctx, PollOptions{}); !errors.Is(err, ErrDeleted) {
		return err
	}
	return c.unselect(ctx)
}

// rename runs RENAME (RFC 9051 §6.3.6).
func (c *conn) rename(ctx context.Context, req *request) error {
	from, err := c.mailbox()
	if err != nil {
		return err
	}
	to, err := c.mailbox()
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	to = strings.TrimSuffix(to, string(c.opts.Delimiter))
	if to == imap.Inbox {
		return imap.No(imap.CodeAlreadyExists, "INBOX is always there")
	}
	if err := imap.CheckMailboxName(to, c.opts.Delimiter); err != nil {
		return err
	}
	return c.session.Rename(ctx, from, to)
}

// subscribe runs SUBSCRIBE (RFC 9051 §6.3.7).
func (c *conn) subscribe(ctx context.Context, req *request) error {
	name, err := c.onlyMailbox(req)
	if err != nil {
		return err
	}
	return c.session.Subscribe(ctx, name)
}

// unsubscribe runs UNSUBSCRIBE (RFC 9051 §6.3.8).
func (c *conn) unsubscribe(ctx context.Context, req *request) error {
	name, err := c.onlyMailbox(req)
	if err != nil {
		return err
	}
	return c.session.Unsubscribe(ctx, name)
}

// onlyMailbox takes a mailbox name as the only argument.
func (c *conn) onlyMailbox(req *request) (string, error) {
	name, err := c.mailbox()
	if err != nil {
		return "", err
	}
	return name, c.end(req)
}

// namespace runs NAMESPACE (RFC 9051 §6.3.10).
func (c *conn) namespace(ctx context.Context, req *request) error {
	if err := c.end(req); err != nil {
		return err
	}
	data, err := c.session.Namespace(ctx)
	if err != nil {
		return err
	}
	c.writeNamespaceData(data)
	return nil
}

// writeNamespaceData writes the NAMESPACE response, with translations if the
// language has them.
func (c *conn) writeNamespaceData(data *imap.NamespaceData) {
	c.w.Raw("* NAMESPACE")
	for _, spaces := range [...][]imap.Namespace{data.Personal, data.Other, data.Shared} {
		c.w.SP()
		c.writeNamespaces(spaces)
	}
	c.w.CRLF()
}

func (c *conn) writeNamespaces(spaces []imap.Namespace) {
	w := c.w
	if len(spaces) == 0 {
		w.Nil()
		return
	}
	w.Byte('(')
	for _, s := range spaces {
		prefix := s.Prefix
		if !w.UTF8 {
			prefix = imap.EncodeUTF7(prefix)
		}
		w.Byte('(')
		w.String(prefix)
		w.SP()
		writeDelimiter(w, s.Delim)
		c.writeTranslation(s.Prefix)
		w.Byte(')')
	}
	w.Byte(')')
}

// mailboxStatus runs STATUS (RFC 9051 §6.3.11).
func (c *conn) mailboxStatus(ctx context.Context, req *request) error {
	name, err := c.mailbox()
	if err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	items, err := c.statusItems()
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	if items&imap.StatusHighestModSeq != 0 {
		c.enableCondStore()
	}
	data, err := c.session.Status(ctx, name, items)
	if err != nil {
		return err
	}
	writeStatus(c.w, name, items, data, c.opts.AppendLimit)
	return nil
}

// statusItems takes a list of what STATUS shall tell.
func (c *conn) statusItems() (items imap.StatusItems, err error) {
	err = c.r.List(func() error {
		name, err := c.r.Keyword()
		if err != nil {
			return err
		}
		for _, s := range statusItems {
			if string(name) == s.name && c.knowsStatus(s.item) {
				items |= s.item
				return nil
			}
		}
		return imapwire.Syntax("unknown status item")
	})
	if err == nil && items == 0 {
		err = imapwire.Syntax("status item expected")
	}
	return items, err
}

func (c *conn) knowsStatus(item imap.StatusItems) bool {
	switch item {
	case imap.StatusMailboxID:
		return c.opts.Features&FeatureObjectID != 0
	case imap.StatusHighestModSeq:
		return c.offers("CONDSTORE")
	case imap.StatusSize:
		return c.offers("STATUS=SIZE")
	case imap.StatusDeletedStorage:
		return c.opts.Features&FeatureQuota != 0
	}
	return true
}
