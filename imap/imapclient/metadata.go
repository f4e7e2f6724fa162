package imapclient

import (
	"bytes"
	"context"
	"strconv"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// MetadataOptions go with Metadata.
type MetadataOptions struct {
	// MaxSize leaves out values that have more bytes; zero has no limit
	// (RFC 5464 §4.2.1).
	MaxSize int64
	// Depth says how many levels below each entry are meant; negative is all
	// (RFC 5464 §4.2.2).
	Depth int
}

// Metadata asks for annotations of a mailbox, or of the server if its name is
// empty (RFC 5464 §4.2). Longest is the size of the largest value that was left
// out, zero if none was.
func (c *Client) Metadata(ctx context.Context, mailbox string, opts MetadataOptions, entries ...string) (list []imap.Annotation, longest int, err error) {
	p := new(pending)
	s, err := c.run(ctx, p, "GETMETADATA", func(w *imapwire.Writer) {
		writeMetadataOptions(w, opts)
		w.SP()
		w.Mailbox(mailbox)
		sep := " ("
		for _, entry := range entries {
			w.Raw(sep)
			w.AString(entry)
			sep = " "
		}
		w.Byte(')')
	})
	if err == nil && s.Code.Name() == "METADATA" {
		_, size, _ := strings.Cut(s.Code.Args(), " ")
		longest, err = strconv.Atoi(size)
	}
	return p.annotations, longest, err
}

func writeMetadataOptions(w *imapwire.Writer, opts MetadataOptions) {
	if opts == (MetadataOptions{}) {
		return
	}
	switch {
	case opts.Depth < 0:
		w.Raw(" (DEPTH infinity")
	case opts.Depth == 0:
		w.Raw(" (DEPTH 0")
	default:
		w.Raw(" (DEPTH 1")
	}
	if opts.MaxSize > 0 {
		w.Raw(" MAXSIZE ")
		w.Number(uint64(opts.MaxSize))
	}
	w.Byte(')')
}

// SetMetadata sets annotations, all or none; a value of nil removes
// (RFC 5464 §4.3).
func (c *Client) SetMetadata(ctx context.Context, mailbox string, list ...imap.Annotation) error {
	_, err := c.run(ctx, new(pending), "SETMETADATA", func(w *imapwire.Writer) {
		w.SP()
		w.Mailbox(mailbox)
		sep := " ("
		for _, one := range list {
			w.Raw(sep)
			sep = " "
			w.AString(one.Entry)
			w.SP()
			writeAnnotation(w, one.Value)
		}
		w.Byte(')')
	})
	return err
}

func writeAnnotation(w *imapwire.Writer, value []byte) {
	switch {
	case value == nil:
		w.Nil()
	case bytes.IndexByte(value, 0) >= 0:
		w.Byte('~')
		w.LiteralHead(int64(len(value)))
		w.Bytes(value)
	default:
		w.String(string(value))
	}
}

// A MetadataUpdate names annotations that have changed; an empty mailbox is the
// server (RFC 5464 §4.4.2).
type MetadataUpdate struct {
	Mailbox string
	Entries []string
}

// metadata takes a METADATA response: with values it answers a command, without
// it is news.
func (c *Client) metadata() error {
	if err := c.r.SP(); err != nil {
		return err
	}
	mailbox, err := c.r.Mailbox('/')
	if err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	if c.r.Peek('(') {
		if err := c.r.List(c.annotation); err != nil {
			return err
		}
		return c.r.End()
	}
	u := &MetadataUpdate{Mailbox: mailbox}
	for {
		entry, err := c.r.AString()
		if err != nil {
			return err
		}
		u.Entries = append(u.Entries, entry)
		if !c.r.Accept(' ') {
			break
		}
	}
	if err := c.r.End(); err != nil {
		return err
	}
	c.tell(Update{Metadata: u})
	return nil
}

func (c *Client) annotation() (err error) {
	var one imap.Annotation
	if one.Entry, err = c.r.AString(); err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	value, ok, err := c.r.NString8()
	if ok {
		one.Value = append([]byte{}, value...)
	}
	c.current.annotations = append(c.current.annotations, one)
	return err
}
