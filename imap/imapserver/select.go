package imapserver

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// selectParams are the parameters of SELECT and EXAMINE.
type selectParams struct {
	mailbox  string
	readOnly bool
	// condStore is a CONDSTORE enabling parameter.
	condStore bool
	qresync   *qresyncParams
}

// qresyncParams say what the client knows of the mailbox (RFC 7162 §3.2.5).
type qresyncParams struct {
	uidValidity imap.UIDValidity
	modSeq      imap.ModSeq
	known       imap.NumSet // empty: all
}

// selectMailbox runs SELECT and EXAMINE (RFC 9051 §6.3.2 and §6.3.3).
func (c *conn) selectMailbox(ctx context.Context, req *request) error {
	p := selectParams{readOnly: req.name == "EXAMINE"}
	var err error
	if p.mailbox, err = c.mailbox(); err != nil {
		return err
	}
	if err := c.selectModifiers(&p); err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	if err := c.unselect(ctx); err != nil {
		return err
	}
	data, err := c.session.Select(ctx, p.mailbox, SelectOptions{ReadOnly: p.readOnly})
	if err != nil {
		return err
	}
	c.state = selected
	c.readOnly = data.ReadOnly
	c.noModSeq = data.HighestModSeq == 0
	c.enabled.condStore = c.enabled.condStore || p.condStore
	c.writeSelect(&p, data)
	if err := c.resync(ctx, &p, data); err != nil {
		c.leave()
		return errors.Join(err, c.session.Unselect(ctx))
	}
	req.code = imap.CodeReadWrite
	if data.ReadOnly {
		req.code = imap.CodeReadOnly
	}
	return nil
}

// selectModifiers takes the parameters that extensions add (RFC 7162 §3.1.8,
// §3.2.5).
func (c *conn) selectModifiers(p *selectParams) error {
	if !c.r.Accept(' ') {
		return nil
	}
	return c.r.List(func() error {
		name, err := c.r.Keyword()
		if err != nil {
			return err
		}
		switch {
		case string(name) == "CONDSTORE" && c.offers("CONDSTORE"):
			p.condStore = true
			return nil
		case string(name) == "QRESYNC" && c.enabled.qresync && p.qresync == nil:
			p.qresync = new(qresyncParams)
			return c.qresyncParams(p.qresync)
		}
		return imapwire.Syntax("unknown parameter of SELECT")
	})
}

// qresyncParams takes what stands behind QRESYNC.
func (c *conn) qresyncParams(p *qresyncParams) error {
	if err := c.r.SP(); err != nil {
		return err
	}
	if err := c.r.Expect('('); err != nil {
		return err
	}
	validity, err := c.r.NZNumber()
	if err != nil {
		return err
	}
	p.uidValidity = imap.UIDValidity(validity)
	if err := c.r.SP(); err != nil {
		return err
	}
	if p.modSeq, err = c.r.ModSeq(false); err != nil {
		return err
	}
	if c.r.Accept(' ') && !c.r.Peek('(') {
		if p.known, err = c.knownUIDs(); err != nil {
			return err
		}
		if !c.r.Accept(' ') {
			return c.r.Expect(')')
		}
	}
	if c.r.Peek('(') {
		if err := c.seqMatch(); err != nil {
			return err
		}
	}
	return c.r.Expect(')')
}

// knownUIDs takes a set of UIDs, in which "*" is not allowed.
func (c *conn) knownUIDs() (imap.NumSet, error) {
	set, err := c.r.NumSet(imap.NumUID)
	if err == nil && set.Dynamic() {
		err = imapwire.Syntax("* is not allowed here")
	}
	return set, err
}

// seqMatch takes the message sequence match data. They help servers that have
// forgotten which messages were expunged (RFC 7162 §3.2.5.2); sessions with
// FeatureQResync do not forget.
func (c *conn) seqMatch() error {
	if c.enabled.uidOnly {
		return errUIDRequired
	}
	if err := c.r.Expect('('); err != nil {
		return err
	}
	if _, err := c.knownUIDs(); err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	if _, err := c.knownUIDs(); err != nil {
		return err
	}
	return c.r.Expect(')')
}

// unselect leaves the selected mailbox, if there is one, and says so
// (RFC 9051 §7.1, CLOSED).
func (c *conn) unselect(ctx context.Context) error {
	if c.state != selected {
		return nil
	}
	c.leave()
	err := c.session.Unselect(ctx)
	c.status("*", imap.StatusOK, imap.CodeClosed, "Previous mailbox is closed")
	return err
}

// leave makes the state authenticated.
func (c *conn) leave() {
	c.state = authenticated
	c.saved = nil
	c.readOnly, c.noModSeq = false, false
}

// writeSelect tells what a client must know of the mailbox.
func (c *conn) writeSelect(p *selectParams, d *SelectData) {
	w := c.w
	w.Raw("* ")
	w.Number(uint64(d.Messages))
	w.Raw(" EXISTS\r\n")
	if !c.enabled.rev2 {
		c.writeSelectRev1(d)
	}
	w.Raw("* FLAGS ")
	w.Flags(d.Flags)
	w.Raw("\r\n* OK [PERMANENTFLAGS ")
	w.Flags(d.PermanentFlags)
	c.endCode("Flags permitted")
	w.Raw("* OK [UIDVALIDITY ")
	w.Number(uint64(d.UIDValidity))
	c.endCode("UIDs valid")
	w.Raw("* OK [UIDNEXT ")
	w.Number(uint64(d.UIDNext))
	c.endCode("Predicted next UID")
	switch {
	case !c.offers("CONDSTORE"):
	case c.noModSeq:
		c.status("*", imap.StatusOK, imap.CodeNoModSeq, "No mod-sequences here")
	default:
		c.status("*", imap.StatusOK, imap.CodeHighestModSeq(d.HighestModSeq), "Highest")
	}
	if c.opts.Features&FeatureObjectID != 0 && d.MailboxID != "" {
		c.status("*", imap.StatusOK, imap.CodeMailboxID(d.MailboxID), "Mailbox id")
	}
	if c.opts.Features&FeatureURLAuth != 0 && d.URLMechanisms != nil {
		c.status("*", imap.StatusOK, codeURLMech(d.URLMechanisms), "URLs can be authorized")
	}
	if c.enabled.rev2 {
		c.writeSelectList(p, d)
	}
}

// writeSelectRev1 tells what RFC 9051 Appendix E took out.
func (c *conn) writeSelectRev1(d *SelectData) {
	w := c.w
	w.Raw("* ")
	w.Number(uint64(d.Recent))
	w.Raw(" RECENT\r\n")
	if d.FirstUnseen != 0 && !c.enabled.uidOnly {
		w.Raw("* OK [UNSEEN ")
		w.Number(uint64(d.FirstUnseen))
		c.endCode("First unseen")
	}
}

// writeSelectList writes the LIST response that IMAP4rev2 wants.
func (c *conn) writeSelectList(p *selectParams, d *SelectData) {
	list := d.List
	if list == nil {
		list = &imap.ListData{Mailbox: p.mailbox, Delim: c.opts.Delimiter}
	}
	lw := &ListWriter{w: c.w, opts: &imap.ListOptions{}}
	lw.Mailbox(list)
}

// resync tells a client with QRESYNC what it missed: the same as a UID FETCH
// of what it knows (RFC 7162 §3.2.5.1).
func (c *conn) resync(ctx context.Context, p *selectParams, d *SelectData) error {
	q := p.qresync
	if q == nil || c.noModSeq || q.uidValidity != d.UIDValidity || d.UIDNext <= 1 {
		return nil
	}
	set := q.known
	if len(set.Ranges) == 0 {
		set = imap.NumSet{Kind: imap.NumUID, Ranges: []imap.NumRange{{First: 1, Last: uint32(d.UIDNext) - 1}}}
	}
	opts := &imap.FetchOptions{
		Items:        imap.FetchUID | imap.FetchFlags | imap.FetchModSeq,
		ChangedSince: q.modSeq,
		Vanished:     true,
	}
	if c.enabled.uidOnly {
		opts.Items &^= imap.FetchUID
	}
	return c.session.Fetch(ctx, &FetchWriter{w: c.w, enabled: &c.enabled, opts: opts}, set, opts)
}

// closeMailbox runs CLOSE, which expunges in silence, and UNSELECT, which does
// not (RFC 9051 §6.4.1 and §6.4.2).
func (c *conn) closeMailbox(ctx context.Context, req *request) error {
	if err := c.end(req); err != nil {
		return err
	}
	var err error
	if req.name == "CLOSE" && !c.readOnly {
		_, err = c.session.Expunge(ctx, nil)
		if isNoPerm(err) {
			err = nil // RFC 4314 §4: the mailbox is closed all the same
		}
	}
	c.leave()
	if unselect := c.session.Unselect(ctx); err == nil {
		err = unselect
	}
	return err
}

// isNoPerm reports whether rights were missing.
func isNoPerm(err error) bool {
	var e *imap.Error
	return errors.As(err, &e) && e.Code == imap.CodeNoPerm
}
