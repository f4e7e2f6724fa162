package imapurl

import (
	"cmp"
	"context"
	"io"
	"math"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
)

// A Content is what a URL means, open for reading: an io.ReadCloser of a known
// size.
type Content struct {
	// Structure is the part tree of the message that the URL is of.
	Structure *message.Structure
	// Section is what of the message is meant, the window included.
	Section imap.BodySection

	message mailstore.Reader
	size    int64
	r       io.Reader
}

// OpenIn opens what a URL means in a mailbox that the caller has found, and may
// read, without looking at an authorization. It fails with ErrRefused if there
// is no such message or no such part.
func OpenIn(ctx context.Context, account *mailstore.Account, id mailstore.MailboxID, u *imap.URL) (*Content, error) {
	v, err := account.Open(ctx, id)
	if err != nil {
		return nil, refused(err)
	}
	entry, ok := v.Get(u.UID)
	if !ok || u.UIDValidity != 0 && u.UIDValidity != v.UIDValidity() {
		return nil, ErrRefused
	}
	m, err := account.Message(ctx, entry)
	if err != nil {
		return nil, refused(err)
	}
	c := &Content{Section: u.Section}
	if c.Structure, err = m.Structure(); err != nil {
		return nil, refused(err)
	}
	if c.message, err = m.Open(); err != nil {
		return nil, refused(err)
	}
	if err := c.locate(u.Partial); err != nil {
		c.message.Close()
		return nil, err
	}
	return c, nil
}

// locate finds the section and the window on it.
func (c *Content) locate(p imap.URLPartial) error {
	start, end, ok := c.Section.Locate(c.Structure, c.message.Size())
	if !ok {
		return ErrRefused
	}
	body := func() io.Reader { return io.NewSectionReader(c.message, start, end-start) }
	c.size, c.r = end-start, nil
	if len(c.Section.Fields) > 0 {
		header := body
		body = func() io.Reader { return c.fields(header()) }
		var err error
		if c.size, err = io.Copy(io.Discard, body()); err != nil {
			return err
		}
	}
	c.r = body()
	return c.window(p)
}

// fields filters a header.
func (c *Content) fields(header io.Reader) io.Reader {
	selection := message.AllFieldsBut
	if c.Section.Text == imap.SectionHeaderFields {
		selection = message.OnlyFields
	}
	return message.FieldsReader(header, selection, c.Section.Fields...)
}

// window leaves of the section what the URL asks for (RFC 5092 §6.1.3).
func (c *Content) window(p imap.URLPartial) error {
	if !p.Given {
		return nil
	}
	c.Section.Partial = imap.Partial{Offset: p.Offset, Count: cmp.Or(p.Count, math.MaxInt64)}
	offset := min(p.Offset, c.size)
	count := min(c.size-offset, c.Section.Partial.Count)
	c.size = count
	if s, ok := c.r.(io.Seeker); ok {
		if _, err := s.Seek(offset, io.SeekStart); err != nil {
			return err
		}
	} else if _, err := io.CopyN(io.Discard, c.r, offset); err != nil {
		return err
	}
	c.r = io.LimitReader(c.r, count)
	return nil
}

// Size returns the number of bytes that Read yields.
func (c *Content) Size() int64 { return c.size }

// Read reads what the URL means.
func (c *Content) Read(p []byte) (int, error) { return c.r.Read(p) }

// Message is the whole message, with the offsets of Structure.
func (c *Content) Message() io.ReaderAt { return c.message }

// MessageSize returns the bytes of the whole message.
func (c *Content) MessageSize() int64 { return c.message.Size() }

// Close ends the reading.
func (c *Content) Close() error { return c.message.Close() }
