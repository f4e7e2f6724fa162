package imapserver

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A NotifySession is a Session with FeatureNotify: it tells of what happens in
// other mailboxes than the selected one, of names and of annotations
// (RFC 5465).
type NotifySession interface {
	// Listen begins to tell what opts asks for, in place of what was told
	// before, and writes what is due at once. Selected, Delayed and New are
	// not its concern: Poll hears of them.
	Listen(ctx context.Context, w *EventWriter, opts *imap.NotifyOptions) error
	// PollEvents writes what has happened since Listen or the last call. It
	// returns ErrOverflow if it cannot know.
	PollEvents(ctx context.Context, w *EventWriter) error
	// Mark returns a context for a command of this client, whose changes it
	// is not told of.
	Mark(ctx context.Context) context.Context
}

// ErrOverflow says that a session cannot tell all that was asked for
// (RFC 5465 §5.8).
var ErrOverflow = errors.New("imapserver: too many notifications")

// listen changes what the client is told unasked, from now on at any time.
func (c *conn) listen(ctx context.Context, opts *imap.NotifyOptions) error {
	session, ok := c.session.(NotifySession)
	if !ok || c.opts.Features&FeatureNotify == 0 {
		return imap.Bad("NOTIFY is not supported")
	}
	c.session.Watch(c.wake)
	err := session.Listen(ctx, c.newEvents(), opts)
	if errors.Is(err, ErrOverflow) {
		err = errNotifyOverflow
	}
	if err != nil {
		if c.notifying == nil {
			c.session.Watch(nil)
		}
		return err
	}
	c.notifying, c.listening = opts, true
	return nil
}

// listenToMetadata is what ENABLE METADATA does (RFC 5464 §4.4): annotations
// are told of where changes in the selected mailbox are.
func (c *conn) listenToMetadata(ctx context.Context) error {
	session, ok := c.session.(NotifySession)
	if !ok || c.opts.Features&FeatureNotify == 0 || c.listening {
		return nil
	}
	c.listening = true
	return session.Listen(ctx, c.newEvents(), &imap.NotifyOptions{Groups: []imap.NotifyGroup{{
		Scope:  imap.NotifyEverywhere,
		Events: imap.EventMailboxMetadataChange | imap.EventServerMetadataChange,
	}}})
}

func (c *conn) newEvents() *EventWriter {
	return &EventWriter{w: c.w, enabled: &c.enabled, limit: c.opts.AppendLimit}
}

// pollEvents tells of what happens elsewhere than in the selected mailbox.
func (c *conn) pollEvents(ctx context.Context) error {
	if !c.listening {
		return nil
	}
	session := c.session.(NotifySession)
	err := session.PollEvents(ctx, c.newEvents())
	if !errors.Is(err, ErrOverflow) {
		return err
	}
	c.notifying = new(imap.NotifyOptions)
	c.status("*", imap.StatusOK, imap.CodeNotificationOverflow, "Too much has happened: as after NOTIFY NONE")
	return session.Listen(ctx, c.newEvents(), c.notifying)
}

// notifyPolling makes the options of a Poll those that NOTIFY asks for.
func (c *conn) notifyPolling(opts *PollOptions) {
	n := c.notifying
	if n == nil {
		return
	}
	opts.Hold = n.Selected == 0
	opts.HoldFlags = n.Selected&imap.EventFlagChange == 0
	opts.New = n.New
}

// tellNow tells a client that has said NOTIFY what has happened while no command
// is running (RFC 5465 §3.1).
func (c *conn) tellNow(ctx context.Context) error {
	if c.notifying == nil {
		return nil
	}
	if c.state == selected && c.notifying.Selected == 0 {
		return c.pollEvents(ctx)
	}
	return c.poll(ctx, PollOptions{KeepExpunged: c.notifying.Delayed})
}

// unwatch ends a watch that is no longer needed.
func (c *conn) unwatch() {
	if c.notifying == nil {
		c.session.Watch(nil)
	}
}

// An EventWriter tells the client of events. It is valid during one call of
// NotifySession.Listen or PollEvents.
type EventWriter struct {
	w       *imapwire.Writer
	enabled *enabled
	limit   int64
}

// List tells of a mailbox that has come, gone or changed its name, or of its
// subscription (RFC 5465 §5.4 and §5.5).
func (e *EventWriter) List(d *imap.ListData) {
	lw := &ListWriter{w: e.w, opts: &imap.ListOptions{}}
	_ = lw.Mailbox(d) // the engine looks at the writer's error
}

// Metadata tells which entries of a mailbox have changed, of the server if its
// name is empty.
func (e *EventWriter) Metadata(mailbox string, entries []string) {
	tellMetadata(e.w, mailbox, entries)
}

// Status tells of a mailbox in which events have happened, or, if first, is how
// it begins.
func (e *EventWriter) Status(mailbox string, events imap.NotifyEvents, first bool, d *imap.StatusData) {
	items := e.items(events)
	if first {
		items = firstItems(events)
	}
	if items != 0 {
		writeStatus(e.w, mailbox, items, d, e.limit)
	}
}

// items are what RFC 5465 §5.1 to §5.3 ask for.
func (e *EventWriter) items(events imap.NotifyEvents) imap.StatusItems {
	var items imap.StatusItems
	if events&(imap.EventMessageNew|imap.EventMessageExpunge) != 0 {
		items |= imap.StatusMessages | imap.StatusUIDNext
	}
	if events&imap.EventFlagChange != 0 {
		items |= imap.StatusUIDValidity | imap.StatusUnseen
	}
	if e.enabled.condStore && items != 0 {
		items |= imap.StatusHighestModSeq
	}
	return items
}

// firstItems are what RFC 5465 §3.1 asks for.
func firstItems(events imap.NotifyEvents) imap.StatusItems {
	var items imap.StatusItems
	if events&(imap.EventMessageNew|imap.EventMessageExpunge) != 0 {
		items |= imap.StatusMessages | imap.StatusUIDNext | imap.StatusUIDValidity
	}
	if events&imap.EventFlagChange != 0 {
		items |= imap.StatusUIDValidity | imap.StatusUnseen | imap.StatusHighestModSeq
	}
	return items
}
