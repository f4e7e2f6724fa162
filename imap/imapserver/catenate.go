package imapserver

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// Features of sessions about making, naming and showing messages.
const (
	// FeatureBinary says that Session.Append takes messages with NUL octets
	// (RFC 3516).
	FeatureBinary Features = 1 << (iota + 32)
	// FeatureCatenate says that sessions are a CatenateSession (RFC 4469).
	FeatureCatenate
	// FeatureReplace says that sessions are a ReplaceSession (RFC 8508).
	FeatureReplace
	// FeatureURLAuth says that sessions are a URLAuthSession (RFC 4467).
	FeatureURLAuth
	// FeaturePreview says that Session.Fetch knows previews (RFC 8970).
	FeaturePreview
)

// A CatenateSession can put messages together from others (RFC 4469).
type CatenateSession interface {
	// OpenURL opens the part of a message that a relative URL means; one
	// without a mailbox is about the selected one. It must not set \Seen. An
	// *imap.Error of type NO means that there is no such part for this user:
	// the client is told BADURL.
	OpenURL(ctx context.Context, u imap.URL) (io.ReadCloser, error)
}

// A catenation is a message in the form CATENATE (...): it is read as one, from
// literals and from what URLs mean, while the command arrives.
type catenation struct {
	*appender
	m     *AppendMessage
	part  io.ReadCloser // of a URL, while it is read
	begun bool          // the first part has been taken
	ended bool          // ")" has been taken
	size  int64
}

// beginParts takes the head of a list of parts.
func (a *appender) beginParts(m *AppendMessage) error {
	if err := a.c.r.SP(); err != nil {
		return err
	}
	a.utf8, a.eight = false, false
	a.parts = &catenation{appender: a, m: m}
	m.Literal, m.Size = a.parts, -1
	return a.c.r.Expect('(')
}

// Read reads the message. Its errors end the command, whatever the session
// makes of them.
func (c *catenation) Read(p []byte) (int, error) {
	n, err := c.read(p)
	if c.size += int64(n); c.size > c.c.opts.AppendLimit {
		err = errTooBig
	}
	if err != nil && err != io.EOF && c.err == nil {
		c.err = err
	}
	return n, err
}

func (c *catenation) read(p []byte) (int, error) {
	for {
		if c.err != nil {
			return 0, c.err
		}
		n, err := c.readPart(p)
		if n > 0 || err != io.EOF {
			return n, err
		}
		if err := c.next(); err != nil {
			return 0, err
		}
	}
}

// readPart reads from the part that is open; io.EOF is its end.
func (c *catenation) readPart(p []byte) (int, error) {
	switch {
	case c.part != nil:
		n, err := c.part.Read(p)
		if n > 0 && err == io.EOF {
			err = nil
		}
		return n, err
	case c.open:
		return c.appender.Read(p)
	}
	return 0, io.EOF
}

// next ends a part and takes the head of the next; io.EOF says that there is
// none.
func (c *catenation) next() error {
	if c.ended {
		return io.EOF
	}
	if err := c.closePart(); err != nil {
		return err
	}
	if c.open {
		if err := c.closeLiteral(); err != nil {
			return err
		}
	}
	r := c.c.r
	if c.begun && r.Accept(')') {
		c.ended = true
		return io.EOF
	}
	if c.begun {
		if err := r.SP(); err != nil {
			return err
		}
	}
	c.begun = true
	return c.takePart()
}

// takePart takes the head of a part: TEXT and a literal, UTF8 and a literal8
// in parentheses (RFC 6855 §4), or URL and an astring.
func (c *catenation) takePart() error {
	r := c.c.r
	switch {
	case r.AcceptWord("URL"):
		return c.takeURL()
	case r.AcceptWord("TEXT"):
		if err := r.SP(); err != nil {
			return err
		}
		if !r.PeekLiteral() {
			return imapwire.Syntax("literal expected")
		}
	case r.PeekLiteral():
		return imapwire.Syntax("TEXT or URL expected")
	}
	if _, err := c.literal(); err != nil {
		return err
	}
	c.m.UTF8 = c.m.UTF8 || c.utf8
	c.m.Binary = c.m.Binary || c.mayHaveNUL()
	return nil
}

// takeURL takes a URL and opens it.
func (c *catenation) takeURL() error {
	if err := c.c.r.SP(); err != nil {
		return err
	}
	text, err := c.c.r.AString()
	if err != nil {
		return err
	}
	u, err := imap.ParseURL(text)
	if err != nil || u.HasServer() || u.UID == 0 {
		return badURL(text, "Not a URL of a message here")
	}
	c.part, err = c.c.session.(CatenateSession).OpenURL(c.ctx, u)
	var e *imap.Error
	if errors.As(err, &e) && e.Type == imap.StatusNo {
		return badURL(text, e.Text)
	}
	return err
}

// badURL says which URL has made the command fail (RFC 4469 §4.1).
func badURL(url, why string) error {
	clean := strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || r == ']' || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, url)
	return imap.No(imap.Code(`BADURL "`+clean+`"`), why)
}

// closePart ends the reading of a URL.
func (c *catenation) closePart() error {
	if c.part == nil {
		return nil
	}
	err := c.part.Close()
	c.part = nil
	return err
}

// finish takes what is left of the message.
func (c *catenation) finish() error {
	if _, err := io.Copy(io.Discard, c); err != nil {
		return err
	}
	if c.size == 0 {
		return imapwire.Syntax("message is empty")
	}
	return nil
}
