package imapclient

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// Notify asks to be told of events, by Options.Update, during any command and
// in Idle; nil is NOTIFY NONE (RFC 5465).
func (c *Client) Notify(ctx context.Context, opts *imap.NotifyOptions) error {
	_, err := c.run(ctx, new(pending), "NOTIFY", func(w *imapwire.Writer) { writeNotify(w, opts) })
	return err
}

func writeNotify(w *imapwire.Writer, opts *imap.NotifyOptions) {
	if opts == nil {
		w.Raw(" NONE")
		return
	}
	w.Raw(" SET")
	if opts.Status {
		w.Raw(" STATUS")
	}
	if opts.Delayed {
		w.Raw(" (selected-delayed ")
	} else {
		w.Raw(" (selected ")
	}
	writeEvents(w, opts.Selected, opts.New)
	w.Byte(')')
	for _, g := range opts.Groups {
		writeGroup(w, g)
	}
}

func writeGroup(w *imapwire.Writer, g imap.NotifyGroup) {
	w.Raw(" (")
	switch g.Scope {
	case imap.NotifyInboxes:
		w.Raw("inboxes")
	case imap.NotifySubscribed:
		w.Raw("subscribed")
	case imap.NotifySubtree:
		w.Raw("subtree")
	case imap.NotifyMailboxes:
		w.Raw("mailboxes")
	default:
		w.Raw("personal")
	}
	sep := " ("
	for _, name := range g.Mailboxes {
		w.Raw(sep)
		sep = " "
		w.Mailbox(name)
	}
	if len(g.Mailboxes) > 0 {
		w.Byte(')')
	}
	w.SP()
	writeEvents(w, g.Events, nil)
	w.Byte(')')
}

// eventNames are the events, in the order of their bits.
var eventNames = [...]struct {
	event imap.NotifyEvents
	name  string
}{
	{imap.EventMessageNew, "MessageNew"},
	{imap.EventMessageExpunge, "MessageExpunge"},
	{imap.EventFlagChange, "FlagChange"},
	{imap.EventMailboxName, "MailboxName"},
	{imap.EventSubscriptionChange, "SubscriptionChange"},
	{imap.EventMailboxMetadataChange, "MailboxMetadataChange"},
	{imap.EventServerMetadataChange, "ServerMetadataChange"},
}

func writeEvents(w *imapwire.Writer, events imap.NotifyEvents, items *imap.FetchOptions) {
	if events == 0 {
		w.Raw("NONE")
		return
	}
	sep := byte('(')
	for _, e := range eventNames {
		if events&e.event == 0 {
			continue
		}
		w.Byte(sep)
		sep = ' '
		w.Raw(e.name)
		if e.event == imap.EventMessageNew && items != nil {
			writeFetch(w, items)
		}
	}
	w.Byte(')')
}

// A StatusUpdate is what a STATUS response tells unasked of a mailbox. Items
// says which numbers of Data are set.
type StatusUpdate struct {
	Mailbox string
	Items   imap.StatusItems
	Data    imap.StatusData
}

// asked reports whether the running command is answered by a kind of response.
func (p *pending) asked(by ...string) bool {
	for _, name := range by {
		if p.name == name {
			return true
		}
	}
	return false
}
