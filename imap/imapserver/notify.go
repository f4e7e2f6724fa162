package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// notify runs NOTIFY (RFC 5465 §3.1).
func (c *conn) notify(ctx context.Context, req *request) error {
	opts, err := c.notifyArguments()
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	return c.listen(ctx, opts)
}

// notifyArguments takes SET or NONE and what follows.
func (c *conn) notifyArguments() (*imap.NotifyOptions, error) {
	if err := c.r.SP(); err != nil {
		return nil, err
	}
	opts := new(imap.NotifyOptions)
	if c.r.AcceptWord("NONE") {
		return opts, nil
	}
	if !c.r.AcceptWord("SET") {
		return nil, imapwire.Syntax("SET or NONE expected")
	}
	if c.r.PeekWords(" ", "STATUS") {
		c.r.Accept(' ')
		opts.Status = c.r.AcceptWord("STATUS")
	}
	n := notifyParser{conn: c, opts: opts}
	for {
		if err := c.r.SP(); err != nil {
			return nil, err
		}
		if err := n.group(); err != nil {
			return nil, err
		}
		if c.r.AtEnd() {
			return opts, nil
		}
	}
}

// A notifyParser takes the event groups of NOTIFY SET.
type notifyParser struct {
	*conn
	opts     *imap.NotifyOptions
	selected bool // a group about the selected mailbox was there
	names    int
}

// maxNotifyNames is the number of mailboxes that a NOTIFY may name, and
// maxNotifyGroups of its groups.
const (
	maxNotifyNames  = 1000
	maxNotifyGroups = 100
)

var errNotifyOverflow = imap.No(imap.CodeNotificationOverflow, "NOTIFY asks for too much")

// group takes "(filter-mailboxes events)".
func (n *notifyParser) group() error {
	if err := n.r.Expect('('); err != nil {
		return err
	}
	if n.r.AcceptWord("SELECTED") {
		return n.selectedGroup(false)
	}
	if n.r.AcceptWord("SELECTED-DELAYED") {
		return n.selectedGroup(true)
	}
	var g imap.NotifyGroup
	if err := n.scope(&g); err != nil {
		return err
	}
	fetch, err := n.events(&g.Events)
	if err != nil {
		return err
	}
	if fetch != nil {
		return imapwire.Syntax("data items are for the selected mailbox")
	}
	if len(n.opts.Groups) == maxNotifyGroups || n.names > maxNotifyNames {
		return errNotifyOverflow
	}
	n.opts.Groups = append(n.opts.Groups, g)
	return n.r.Expect(')')
}

// selectedGroup takes the rest of a group about the selected mailbox.
func (n *notifyParser) selectedGroup(delayed bool) error {
	if n.selected {
		return imapwire.Syntax("the selected mailbox is named twice")
	}
	n.selected, n.opts.Delayed = true, delayed
	fetch, err := n.events(&n.opts.Selected)
	if err != nil {
		return err
	}
	if n.opts.Selected&^imap.MessageEvents != 0 {
		return imap.Bad("The selected mailbox has message events only")
	}
	n.opts.New = fetch
	return n.r.Expect(')')
}

// scope takes the mailboxes that a group is about.
func (n *notifyParser) scope(g *imap.NotifyGroup) error {
	switch {
	case n.r.AcceptWord("INBOXES"):
		g.Scope = imap.NotifyInboxes
	case n.r.AcceptWord("PERSONAL"):
		g.Scope = imap.NotifyPersonal
	case n.r.AcceptWord("SUBSCRIBED"):
		g.Scope = imap.NotifySubscribed
	case n.r.AcceptWord("SUBTREE"):
		g.Scope = imap.NotifySubtree
		return n.mailboxes(g)
	case n.r.AcceptWord("MAILBOXES"):
		g.Scope = imap.NotifyMailboxes
		return n.mailboxes(g)
	default:
		return imapwire.Syntax("unknown mailbox specifier")
	}
	return nil
}

// mailboxes takes one mailbox name or a list of them.
func (n *notifyParser) mailboxes(g *imap.NotifyGroup) error {
	add := func() error {
		name, err := n.r.Mailbox(n.conn.opts.Delimiter)
		if n.names++; n.names <= maxNotifyNames {
			g.Mailboxes = append(g.Mailboxes, name)
		}
		return err
	}
	if err := n.r.SP(); err != nil {
		return err
	}
	if !n.r.Peek('(') {
		return add()
	}
	err := n.r.List(add)
	if err == nil && len(g.Mailboxes) == 0 {
		err = imapwire.Syntax("mailbox name expected")
	}
	return err
}

// events takes NONE or a list of events; also, as in an example of RFC 5465
// §3.1, one without parentheses. It returns what is to be fetched of new
// messages.
func (n *notifyParser) events(events *imap.NotifyEvents) (fetch *imap.FetchOptions, err error) {
	if err := n.r.SP(); err != nil {
		return nil, err
	}
	if n.r.AcceptWord("NONE") {
		return nil, nil
	}
	listed := n.r.Accept('(')
	unknown := false
	for {
		e, ok, err := n.event()
		if err != nil {
			return nil, err
		}
		*events |= e
		unknown = unknown || !ok
		if e == imap.EventMessageNew && n.r.PeekWords(" (") {
			if fetch, err = n.newItems(); err != nil {
				return nil, err
			}
		}
		if !n.r.Accept(' ') {
			break
		}
	}
	if listed {
		if err := n.r.Expect(')'); err != nil {
			return nil, err
		}
	}
	if unknown {
		return nil, imap.No(imap.CodeBadEvent, "Event is not supported")
	}
	return fetch, checkEvents(*events)
}

// checkEvents refuses what RFC 5465 §5 does not allow.
func checkEvents(e imap.NotifyEvents) error {
	const both = imap.EventMessageNew | imap.EventMessageExpunge
	if e&imap.MessageEvents != 0 && e&both != both {
		return imap.Bad("MessageNew and MessageExpunge go together, and FlagChange with them")
	}
	return nil
}

// event takes the name of an event; ok is false if it is one of those that are
// not supported.
func (n *notifyParser) event() (e imap.NotifyEvents, ok bool, err error) {
	name, err := n.r.Keyword()
	if err != nil {
		return 0, false, err
	}
	switch string(name) {
	case "MESSAGENEW":
		e = imap.EventMessageNew
	case "MESSAGEEXPUNGE":
		e = imap.EventMessageExpunge
	case "FLAGCHANGE":
		e = imap.EventFlagChange
	case "MAILBOXNAME":
		e = imap.EventMailboxName
	case "SUBSCRIPTIONCHANGE":
		e = imap.EventSubscriptionChange
	case "MAILBOXMETADATACHANGE":
		e = imap.EventMailboxMetadataChange
	case "SERVERMETADATACHANGE":
		e = imap.EventServerMetadataChange
	}
	return e, e != 0, nil
}

// newItems takes the data items of MessageNew. Content is looked at as if by
// .PEEK, whatever was written: what is told unasked must not mark messages as
// seen.
func (n *notifyParser) newItems() (*imap.FetchOptions, error) {
	n.r.Accept(' ')
	return n.conn.unaskedItems()
}

// unaskedItems takes data items in parentheses, for messages to come.
func (c *conn) unaskedItems() (*imap.FetchOptions, error) {
	var opts imap.FetchOptions
	err := c.r.List(func() error { return c.fetchItem(&opts) })
	if err == nil && opts.Items == 0 && len(opts.Sections) == 0 {
		err = imapwire.Syntax("data item expected")
	}
	for i := range opts.Sections {
		opts.Sections[i].Peek = true
	}
	return &opts, err
}
