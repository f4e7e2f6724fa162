package imapserver

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// append runs APPEND (RFC 9051 §6.3.12), of several messages too (RFC 3502).
// The session pulls the messages out of the command while it arrives.
func (c *conn) append(ctx context.Context, req *request) error {
	mailbox, err := c.mailbox()
	if err != nil {
		return err
	}
	a := &appender{c: c, req: req}
	data, err := a.run(ctx, func(msgs *AppendReader) (*imap.AppendData, error) {
		return c.session.Append(ctx, mailbox, msgs)
	})
	if err == nil && data != nil && len(data.UIDs) > 0 && c.offers("UIDPLUS") {
		req.code = imap.CodeAppendUID(data)
	}
	return err
}

// run has a session store the messages, and says why it has not.
func (a *appender) run(ctx context.Context, store func(*AppendReader) (*imap.AppendData, error)) (*imap.AppendData, error) {
	a.ctx = ctx
	data, err := store(NewAppendReader(a.next))
	if a.parts != nil {
		a.parts.closePart()
	}
	if a.err != nil && a.err != io.EOF {
		return nil, a.err
	}
	if err == nil && !a.req.complete {
		err = errors.New("imapserver: session stored an APPEND that had not ended")
	}
	return data, err
}

// An appender takes the messages of one APPEND from the connection.
type appender struct {
	c      *conn
	ctx    context.Context // of the command, which is all that an appender lives for
	req    *request
	single bool // there may be one message only
	open   bool // a literal is open
	utf8   bool // it stands in UTF8 (...)
	eight  bool // it is a literal8, which may have NUL
	parts  *catenation
	n      uint32 // messages until now
	err    error  // what ended the command: io.EOF is a good end
}

// next is the source of the session's AppendReader.
func (a *appender) next() (*AppendMessage, error) {
	if a.err != nil {
		return nil, a.err
	}
	m, err := a.message()
	if a.err == nil {
		a.err = err
	}
	return m, a.err
}

// message takes the end of the message before, and the head of the next.
func (a *appender) message() (*AppendMessage, error) {
	if begun, err := a.finishMessage(); err != nil {
		return nil, err
	} else if begun && a.c.r.AtEnd() {
		a.req.complete = true
		return nil, io.EOF
	} else if begun && (a.single || !a.c.offers("MULTIAPPEND")) {
		return nil, imapwire.Syntax("one message expected")
	}
	if n := a.c.saveLimit(); n != 0 && a.n == n {
		return nil, imap.No(imap.CodeMessageLimit(n, 0), "Too many messages, nothing was appended")
	}
	a.n++
	if err := a.c.r.SP(); err != nil {
		return nil, err
	}
	m := new(AppendMessage)
	if err := a.options(&m.AppendOptions); err != nil {
		return nil, err
	}
	if a.c.opts.Features&FeatureCatenate != 0 && a.c.r.AcceptWord("CATENATE") {
		return m, a.beginParts(m)
	}
	size, err := a.literal()
	if err != nil {
		return nil, err
	}
	if size == 0 {
		// RFC 3502 §6.3.11: this is how a client cancels.
		return nil, imap.No("", "Append cancelled")
	}
	m.Literal, m.Size, m.UTF8, m.Binary = a, size, a.utf8, a.mayHaveNUL()
	return m, nil
}

// finishMessage takes the end of the message before, if there was one.
func (a *appender) finishMessage() (begun bool, err error) {
	switch {
	case a.parts != nil:
		parts := a.parts
		a.parts = nil
		return true, parts.finish()
	case a.open:
		return true, a.closeLiteral()
	}
	return false, nil
}

// mayHaveNUL reports whether a NUL in the open literal is let through.
func (a *appender) mayHaveNUL() bool { return a.eight && a.c.opts.Features&FeatureBinary != 0 }

// closeLiteral takes the end of the message before.
func (a *appender) closeLiteral() error {
	a.open = false
	if err := a.c.r.CloseLiteral(); err != nil {
		return err
	}
	if a.utf8 {
		return a.c.r.Expect(')')
	}
	return nil
}

// options takes flags and date, which may both be missing.
func (a *appender) options(opts *imap.AppendOptions) (err error) {
	r := a.c.r
	if r.Peek('(') {
		flags, err := r.FlagList()
		if err != nil {
			return err
		}
		if opts.Flags, err = storable(flags); err != nil {
			return err
		}
		if err := r.SP(); err != nil {
			return err
		}
	}
	if r.Peek('"') {
		if opts.Date, err = r.DateTime(); err != nil {
			return err
		}
		return r.SP()
	}
	return nil
}

// literal takes the announcement of a message.
func (a *appender) literal() (size int64, err error) {
	r := a.c.r
	if a.utf8 = r.AcceptWord("UTF8"); a.utf8 {
		if !a.c.enabled.utf8Accept {
			return 0, imapwire.Syntax("UTF8 is not enabled")
		}
		if err := r.SP(); err != nil {
			return 0, err
		}
		if err := r.Expect('('); err != nil {
			return 0, err
		}
	}
	size, eight, err := r.OpenLiteral()
	switch {
	case err != nil:
		return 0, err
	case a.utf8 && !eight:
		return 0, imapwire.Syntax("literal8 expected")
	case size > a.c.opts.AppendLimit:
		return 0, errTooBig
	}
	a.open, a.eight = true, eight
	return size, nil
}

var errTooBig = imap.No(imap.CodeTooBig, "Message is too big")

var errNUL = imap.No(imap.CodeUnknownCTE, "Message has a NUL")

// Read reads from the open literal. Its errors end the command, whatever the
// session makes of them. A literal8 may have NUL, a stored message may not:
// only a session with FeatureBinary knows what to do (RFC 3516 §4.4).
func (a *appender) Read(p []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	n, err := a.c.r.ReadLiteral(p)
	if err == nil && a.eight && !a.mayHaveNUL() && bytes.IndexByte(p[:n], 0) >= 0 {
		err = errNUL
	}
	if err != nil && err != io.EOF {
		a.err = err
	}
	return n, err
}

// storable returns the flags that a client can set. \Recent is passed over.
//
// QUIRK: mail movers copy all flags that FETCH showed, \Recent too.
func storable(flags []imap.Flag) ([]imap.Flag, error) {
	out := flags[:0]
	for _, f := range flags {
		switch {
		case f == imap.FlagRecent:
		case !f.Valid():
			return nil, imap.No(imap.CodeCannot, "Flag cannot be set")
		default:
			out = append(out, f)
		}
	}
	return out, nil
}
