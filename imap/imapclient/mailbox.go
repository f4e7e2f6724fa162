package imapclient

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// named runs a command whose arguments are mailbox names.
func (c *Client) named(ctx context.Context, p *pending, name string, mailboxes ...string) (*Status, error) {
	return c.run(ctx, p, name, func(w *imapwire.Writer) {
		for _, m := range mailboxes {
			w.SP()
			w.Mailbox(m)
		}
	})
}

// Create makes a mailbox.
func (c *Client) Create(ctx context.Context, mailbox string) error {
	_, err := c.named(ctx, new(pending), "CREATE", mailbox)
	return err
}

// Delete removes a mailbox.
func (c *Client) Delete(ctx context.Context, mailbox string) error {
	_, err := c.named(ctx, new(pending), "DELETE", mailbox)
	return err
}

// Rename renames a mailbox.
func (c *Client) Rename(ctx context.Context, from, to string) error {
	_, err := c.named(ctx, new(pending), "RENAME", from, to)
	return err
}

// Subscribe subscribes to a mailbox.
func (c *Client) Subscribe(ctx context.Context, mailbox string) error {
	_, err := c.named(ctx, new(pending), "SUBSCRIBE", mailbox)
	return err
}

// Unsubscribe ends a subscription.
func (c *Client) Unsubscribe(ctx context.Context, mailbox string) error {
	_, err := c.named(ctx, new(pending), "UNSUBSCRIBE", mailbox)
	return err
}

// List lists mailboxes by a pattern (RFC 9051 §6.3.9).
func (c *Client) List(ctx context.Context, reference, pattern string) ([]imap.ListData, error) {
	return c.listBy(ctx, "LIST", reference, pattern)
}

// Lsub lists subscriptions by a pattern (RFC 3501 §6.3.9).
func (c *Client) Lsub(ctx context.Context, reference, pattern string) ([]imap.ListData, error) {
	return c.listBy(ctx, "LSUB", reference, pattern)
}

func (c *Client) listBy(ctx context.Context, name, reference, pattern string) ([]imap.ListData, error) {
	p := new(pending)
	_, err := c.run(ctx, p, name, func(w *imapwire.Writer) {
		w.SP()
		w.Mailbox(reference)
		w.SP()
		w.Mailbox(pattern)
	})
	return p.lists, err
}

// list takes a LIST or LSUB response.
func (c *Client) list() error {
	if err := c.r.SP(); err != nil {
		return err
	}
	var d imap.ListData
	err := c.r.List(func() error {
		if !c.r.Accept('\\') {
			return imapwire.Syntax("mailbox attribute expected")
		}
		name, err := c.r.Atom()
		d.Attrs = append(d.Attrs, imap.MailboxAttr(`\`+string(name)))
		return err
	})
	if err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	if d.Delim, err = c.delimiter(); err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	if d.Mailbox, err = c.r.Mailbox(d.Delim); err != nil {
		return err
	}
	if c.r.Accept(' ') {
		if err := c.r.List(func() error { return c.extendedItem(&d) }); err != nil {
			return err
		}
	}
	if !c.current.asked("LIST", "LSUB", "SELECT", "EXAMINE") {
		c.tell(Update{List: &d})
	}
	c.current.lists = append(c.current.lists, d)
	return c.r.End()
}

// extendedItem takes CHILDINFO or OLDNAME (RFC 9051 §7.3.1).
func (c *Client) extendedItem(d *imap.ListData) error {
	name, err := c.r.AString()
	if err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	return c.r.List(func() error {
		switch name {
		case "CHILDINFO":
			_, err := c.r.AString()
			d.ChildSubscribed = true
			return err
		case "OLDNAME":
			d.OldName, err = c.r.Mailbox(d.Delim)
			return err
		}
		return imapwire.Syntax("unknown extended data %q", name)
	})
}

// statusNames are the items of STATUS.
var statusNames = map[string]imap.StatusItems{
	"MESSAGES":      imap.StatusMessages,
	"RECENT":        imap.StatusRecent,
	"UIDNEXT":       imap.StatusUIDNext,
	"UIDVALIDITY":   imap.StatusUIDValidity,
	"UNSEEN":        imap.StatusUnseen,
	"DELETED":       imap.StatusDeleted,
	"SIZE":          imap.StatusSize,
	"HIGHESTMODSEQ": imap.StatusHighestModSeq,
	"APPENDLIMIT":   imap.StatusAppendLimit,
	"MAILBOXID":     imap.StatusMailboxID,
}

// Status asks about a mailbox (RFC 9051 §6.3.11).
func (c *Client) Status(ctx context.Context, mailbox string, items imap.StatusItems) (*imap.StatusData, error) {
	p := new(pending)
	_, err := c.run(ctx, p, "STATUS", func(w *imapwire.Writer) {
		w.SP()
		w.Mailbox(mailbox)
		w.SP()
		sep := byte('(')
		for name, item := range statusNames {
			if items&item != 0 {
				w.Byte(sep)
				w.Raw(name)
				sep = ' '
			}
		}
		w.Byte(')')
	})
	if err != nil {
		return nil, err
	}
	for i := range p.statuses {
		if s := &p.statuses[i]; s.mailbox == mailbox && s.items == items {
			return &s.data, nil
		}
	}
	return nil, imapwire.Syntax("no answer to STATUS")
}

// statusData takes a STATUS response.
func (c *Client) statusData() (err error) {
	var s mailboxStatus
	if err := c.r.SP(); err != nil {
		return err
	}
	if s.mailbox, err = c.r.Mailbox('/'); err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	if err := c.r.List(func() error { return c.statusItem(&s) }); err != nil {
		return err
	}
	if !c.current.asked("STATUS", "LIST") {
		c.tell(Update{Status: &StatusUpdate{Mailbox: s.mailbox, Items: s.items, Data: s.data}})
	}
	c.current.statuses = append(c.current.statuses, s)
	return c.r.End()
}

func (c *Client) statusItem(s *mailboxStatus) error {
	word, err := c.r.Keyword()
	if err != nil {
		return err
	}
	item := statusNames[string(word)]
	if item == 0 {
		return imapwire.Syntax("unknown status item %q", word)
	}
	s.items |= item
	if err := c.r.SP(); err != nil {
		return err
	}
	if item == imap.StatusMailboxID {
		s.data.MailboxID, err = c.objectID()
		return err
	}
	if item == imap.StatusAppendLimit && c.r.AcceptWord("NIL") {
		return nil
	}
	n, err := c.r.Number64()
	if err != nil {
		return err
	}
	return s.set(item, n)
}

// set puts a number where it belongs.
func (s *mailboxStatus) set(item imap.StatusItems, n int64) error {
	d := &s.data
	switch item {
	case imap.StatusSize:
		d.Size = n
		return nil
	case imap.StatusAppendLimit:
		d.AppendLimit = n
		return nil
	case imap.StatusHighestModSeq:
		d.HighestModSeq = imap.ModSeq(n)
		return nil
	}
	if n > 1<<32-1 {
		return imapwire.Syntax("number is too large")
	}
	switch item {
	case imap.StatusMessages:
		d.Messages = uint32(n)
	case imap.StatusRecent:
		d.Recent = uint32(n)
	case imap.StatusUIDNext:
		d.UIDNext = imap.UID(n)
	case imap.StatusUIDValidity:
		d.UIDValidity = imap.UIDValidity(n)
	case imap.StatusUnseen:
		d.Unseen = uint32(n)
	case imap.StatusDeleted:
		d.Deleted = uint32(n)
	}
	return nil
}

// Append stores a message of size bytes (RFC 9051 §6.3.12). What the server
// says of its place is nil without UIDPLUS.
func (c *Client) Append(ctx context.Context, mailbox string, opts imap.AppendOptions, size int64, r io.Reader) (*imap.AppendData, error) {
	return c.AppendAll(ctx, mailbox, Appending{Options: opts, Size: size, Content: r})
}

// An Appending is one of the messages of AppendAll.
type Appending struct {
	Options imap.AppendOptions
	Size    int64 // in bytes
	Content io.Reader
}

// AppendAll stores messages by one command, all or none. More than one need
// MULTIAPPEND (RFC 3502).
func (c *Client) AppendAll(ctx context.Context, mailbox string, messages ...Appending) (*imap.AppendData, error) {
	s, err := c.run(ctx, new(pending), "APPEND", func(w *imapwire.Writer) {
		w.SP()
		w.Mailbox(mailbox)
		for _, m := range messages {
			m.write(w)
		}
	})
	if err != nil || s.Code.Name() != "APPENDUID" {
		return nil, err
	}
	fields := strings.Fields(s.Code.Args())
	if len(fields) != 2 {
		return nil, imapwire.Syntax("malformed APPENDUID")
	}
	uids, err := imap.ParseSet[imap.UID](fields[1])
	if err != nil {
		return nil, err
	}
	validity, err := parseValidity(fields[0])
	return &imap.AppendData{UIDValidity: validity, UIDs: uids}, err
}

func (m *Appending) write(w *imapwire.Writer) {
	w.SP()
	if len(m.Options.Flags) > 0 {
		w.Flags(m.Options.Flags)
		w.SP()
	}
	if !m.Options.Date.IsZero() {
		w.DateTime(m.Options.Date)
		w.SP()
	}
	if err := w.Literal(m.Content, m.Size); err != nil {
		w.Break(err)
	}
}

func parseValidity(s string) (imap.UIDValidity, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	return imap.UIDValidity(n), err
}
