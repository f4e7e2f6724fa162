package imapclient

import (
	"context"
	"strconv"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// SelectData is what SELECT and EXAMINE tell.
type SelectData struct {
	ReadOnly       bool
	Messages       uint32
	UIDValidity    imap.UIDValidity
	UIDNext        imap.UID
	HighestModSeq  imap.ModSeq
	Flags          []imap.Flag
	PermanentFlags []imap.Flag
	// List is told in IMAP4rev2.
	List []imap.ListData
	// Vanished and Changed are told with QRESYNC.
	Vanished imap.UIDSet
	Changed  []*Message
}

// Resync is what the client knows of a mailbox that it selects with QRESYNC
// (RFC 7162 §3.2.5).
type Resync struct {
	UIDValidity imap.UIDValidity
	ModSeq      imap.ModSeq
}

// SelectOptions goes with Select.
type SelectOptions struct {
	ReadOnly  bool // EXAMINE
	CondStore bool
	Resync    *Resync
}

// Select opens a mailbox (RFC 9051 §6.3.2).
func (c *Client) Select(ctx context.Context, mailbox string, opts SelectOptions) (*SelectData, error) {
	d := new(SelectData)
	p := &pending{fetched: func(m *Message) error {
		d.Changed = append(d.Changed, m)
		return nil
	}}
	name := "SELECT"
	if opts.ReadOnly {
		name = "EXAMINE"
	}
	s, err := c.run(ctx, p, name, func(w *imapwire.Writer) {
		w.SP()
		w.Mailbox(mailbox)
		switch {
		case opts.Resync != nil:
			w.Raw(" (QRESYNC (")
			w.Number(uint64(opts.Resync.UIDValidity))
			w.SP()
			w.Number(uint64(opts.Resync.ModSeq))
			w.Raw("))")
		case opts.CondStore:
			w.Raw(" (CONDSTORE)")
		}
	})
	if err != nil {
		c.view = view{}
		return nil, err
	}
	d.ReadOnly = s.Code.Name() == string(imap.CodeReadOnly)
	d.Messages, d.Flags, d.List, d.Vanished = c.view.count, p.flags, p.lists, p.vanished
	return d, d.takeCodes(p.codes)
}

// takeCodes takes what SELECT tells as response codes.
func (d *SelectData) takeCodes(codes []imap.Code) error {
	for _, code := range codes {
		switch code.Name() {
		case "PERMANENTFLAGS":
			for _, f := range strings.Fields(strings.Trim(code.Args(), "()")) {
				d.PermanentFlags = append(d.PermanentFlags, imap.Flag(f))
			}
			continue
		case "UIDVALIDITY", "UIDNEXT", "HIGHESTMODSEQ":
		default:
			continue
		}
		n, err := strconv.ParseUint(code.Args(), 10, 63)
		if err != nil {
			return imapwire.Syntax("malformed response code %s", code)
		}
		switch code.Name() {
		case "UIDVALIDITY":
			d.UIDValidity = imap.UIDValidity(n)
		case "UIDNEXT":
			d.UIDNext = imap.UID(n)
		case "HIGHESTMODSEQ":
			d.HighestModSeq = imap.ModSeq(n)
		}
	}
	if d.UIDValidity == 0 || d.UIDNext == 0 {
		return imapwire.Syntax("no UIDVALIDITY or UIDNEXT")
	}
	return nil
}

// Unselect leaves the mailbox (RFC 9051 §6.4.2).
func (c *Client) Unselect(ctx context.Context) error { return c.leave(ctx, "UNSELECT") }

// CloseMailbox leaves the mailbox and expunges in silence (RFC 9051 §6.4.1).
func (c *Client) CloseMailbox(ctx context.Context) error { return c.leave(ctx, "CLOSE") }

func (c *Client) leave(ctx context.Context, name string) error {
	_, err := c.run(ctx, &pending{keepExpunged: true}, name, nil)
	if err == nil {
		c.view = view{}
	}
	return err
}

// Expunge removes what is marked with \Deleted (RFC 9051 §6.4.3), only UIDs in
// set unless it is nil.
func (c *Client) Expunge(ctx context.Context, set imap.UIDSet) error {
	var err error
	if set == nil {
		_, err = c.run(ctx, new(pending), "EXPUNGE", nil)
	} else {
		_, err = c.onSet(ctx, new(pending), "EXPUNGE", imap.NumSetOf(set), nil)
	}
	return err
}

// onSet runs a command whose first argument is a set; with UIDs it is the UID
// form.
func (c *Client) onSet(ctx context.Context, p *pending, name string, set imap.NumSet, args func(w *imapwire.Writer)) (*Status, error) {
	if set.Kind == imap.NumUID {
		name = "UID " + name
	}
	return c.run(ctx, p, name, func(w *imapwire.Writer) {
		w.SP()
		w.Raw(set.String())
		if args != nil {
			args(w)
		}
	})
}

// Copy copies messages (RFC 9051 §6.4.7). What the server says of their places
// is nil if it says nothing.
func (c *Client) Copy(ctx context.Context, set imap.NumSet, dest string) (*imap.CopyData, error) {
	s, err := c.onSet(ctx, new(pending), "COPY", set, func(w *imapwire.Writer) {
		w.SP()
		w.Mailbox(dest)
	})
	if err != nil {
		return nil, err
	}
	return parseCopy(s.Code)
}

// Move moves messages (RFC 9051 §6.4.8).
func (c *Client) Move(ctx context.Context, set imap.NumSet, dest string) (*imap.CopyData, error) {
	p := new(pending)
	_, err := c.onSet(ctx, p, "MOVE", set, func(w *imapwire.Writer) {
		w.SP()
		w.Mailbox(dest)
	})
	if err != nil {
		return nil, err
	}
	code, _ := hasCode(p.codes, "COPYUID")
	return parseCopy(code)
}

// parseCopy takes COPYUID apart.
func parseCopy(code imap.Code) (d *imap.CopyData, err error) {
	if code.Name() != "COPYUID" {
		return nil, nil
	}
	fields := strings.Fields(code.Args())
	if len(fields) != 3 {
		return nil, imapwire.Syntax("malformed COPYUID")
	}
	d = new(imap.CopyData)
	if d.UIDValidity, err = parseValidity(fields[0]); err != nil {
		return nil, err
	}
	if d.Source, err = imap.ParseSet[imap.UID](fields[1]); err != nil {
		return nil, err
	}
	if d.Dest, err = imap.ParseSet[imap.UID](fields[2]); err != nil {
		return nil, err
	}
	if d.Source.Count() != d.Dest.Count() {
		return nil, imapwire.Syntax("COPYUID has different numbers of UIDs")
	}
	return d, nil
}

// Store changes flags (RFC 9051 §6.4.6). It returns the messages that the
// server answers with, and of a conditional STORE those it left alone, by the
// kind of set.
func (c *Client) Store(ctx context.Context, set imap.NumSet, op *imap.StoreOp) (told []*Message, modified imap.NumSet, err error) {
	p := &pending{
		keepExpunged: set.Kind == imap.NumSeq,
		fetched:      func(m *Message) error { told = append(told, m); return nil },
	}
	s, err := c.onSet(ctx, p, "STORE", set, func(w *imapwire.Writer) { writeStore(w, op) })
	if err != nil || s.Code.Name() != "MODIFIED" {
		return told, imap.NumSet{}, err
	}
	modified, err = imap.ParseNumSet(set.Kind, s.Code.Args())
	return told, modified, err
}

func writeStore(w *imapwire.Writer, op *imap.StoreOp) {
	if op.Conditional {
		w.Raw(" (UNCHANGEDSINCE ")
		w.Number(uint64(op.UnchangedSince))
		w.Byte(')')
	}
	w.SP()
	switch op.Action {
	case imap.StoreAdd:
		w.Byte('+')
	case imap.StoreRemove:
		w.Byte('-')
	}
	w.Raw("FLAGS")
	if op.Silent {
		w.Raw(".SILENT")
	}
	w.SP()
	w.Flags(op.Flags)
}
