package imapserver

import (
	"bytes"
	"context"
	"fmt"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A MetadataSession is a Session with FeatureMetadata: mailboxes, and the
// server as this user sees it, have annotations (RFC 5464). The empty name is
// the server's.
type MetadataSession interface {
	// Metadata returns the annotations that one of entries names, and those
	// that stand at most depth levels below; depth is negative for all of
	// them. Entries are canonical, and may be [imap.EntryPrivate] or
	// [imap.EntryShared].
	Metadata(ctx context.Context, mailbox string, entries []string, depth int) ([]imap.Annotation, error)
	// SetMetadata sets all of list, or nothing; a value of nil removes. All
	// entries are canonical and can have a value.
	SetMetadata(ctx context.Context, mailbox string, list []imap.Annotation) error
}

// getMetadata are the arguments of GETMETADATA.
type getMetadata struct {
	entries []string
	depth   int // negative is infinity
	maxSize int64
	bounded bool // by maxSize
	deep    bool // DEPTH was given
}

// getMetadata runs GETMETADATA (RFC 5464 §4.2).
func (c *conn) getMetadata(ctx context.Context, req *request) error {
	var g getMetadata
	if err := c.metadataOptions(&g); err != nil {
		return err
	}
	mailbox, err := c.mailbox()
	if err != nil {
		return err
	}
	// The grammar has the options before the name, the examples behind it.
	if err := c.metadataOptions(&g); err != nil {
		return err
	}
	if err := c.metadataEntries(&g); err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	session, err := c.metadataSession()
	if err != nil {
		return err
	}
	list, err := session.Metadata(ctx, mailbox, g.entries, g.depth)
	if err != nil {
		return err
	}
	req.code = g.answer(c.w, mailbox, list)
	return nil
}

func (c *conn) metadataSession() (MetadataSession, error) {
	if s, ok := c.session.(MetadataSession); ok && c.opts.Features&FeatureMetadata != 0 {
		return s, nil
	}
	return nil, imap.Bad("METADATA is not supported")
}

// metadataOptions takes the options, if they stand here: no entry begins as
// they do.
func (c *conn) metadataOptions(g *getMetadata) error {
	if !c.r.PeekWords(" (", "MAXSIZE", "DEPTH") {
		return nil
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	return c.r.List(func() (err error) {
		switch {
		case c.r.AcceptWord("MAXSIZE"):
			if err := c.r.SP(); err != nil {
				return err
			}
			g.bounded = true
			g.maxSize, err = c.r.Number64()
			return err
		case c.r.AcceptWord("DEPTH"):
			return c.metadataDepth(g)
		}
		return imapwire.Syntax("unknown option of GETMETADATA")
	})
}

func (c *conn) metadataDepth(g *getMetadata) error {
	if err := c.r.SP(); err != nil {
		return err
	}
	g.deep = true
	switch {
	case c.r.AcceptWord("0"):
		g.depth = 0
	case c.r.AcceptWord("1"):
		g.depth = 1
	case c.r.AcceptWord("INFINITY"):
		g.depth = -1
	default:
		return imapwire.Syntax("depth expected")
	}
	return nil
}

// maxEntries is the number of entries that one command may name.
const maxEntries = 256

// metadataEntries takes an entry or a list of them; also, as in an example of
// RFC 5464 §4.4.1, several without parentheses.
func (c *conn) metadataEntries(g *getMetadata) error {
	add := func() error {
		entry, err := c.metadataEntry()
		if err == nil && len(g.entries) == maxEntries {
			err = imapwire.Syntax("too many entries")
		}
		g.entries = append(g.entries, entry)
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	if c.r.Peek('(') {
		if err := c.r.List(add); err != nil {
			return err
		}
		if len(g.entries) == 0 {
			return imapwire.Syntax("entry expected")
		}
		return nil
	}
	for {
		if err := add(); err != nil || !c.r.Accept(' ') {
			return err
		}
	}
}

// listMetadata takes the entries of the return option METADATA (RFC 9590 §5).
func (c *conn) listMetadata() ([]string, error) {
	if c.opts.Features&FeatureMetadata == 0 {
		return nil, imapwire.Syntax("unknown return option")
	}
	if !c.r.PeekWords(" (") {
		return nil, imapwire.Syntax("entries expected")
	}
	var g getMetadata
	err := c.metadataEntries(&g)
	return g.entries, err
}

func (c *conn) metadataEntry() (string, error) {
	name, err := c.r.AString()
	if err != nil {
		return "", err
	}
	return imap.CheckEntry(name)
}

// answer writes what was found, and returns the code that tells of what was
// too long (RFC 5464 §4.2.1). Without DEPTH an entry that has no value is told
// as NIL.
func (g *getMetadata) answer(w *imapwire.Writer, mailbox string, list []imap.Annotation) imap.Code {
	if !g.deep {
		list = withNil(g.entries, list)
	}
	longest := -1
	var told []imap.Annotation
	for _, one := range list {
		if g.bounded && int64(len(one.Value)) > g.maxSize {
			longest = max(longest, len(one.Value))
			continue
		}
		told = append(told, one)
	}
	writeMetadata(w, mailbox, told)
	if longest < 0 {
		return ""
	}
	return imap.CodeMetadataLongEntries(longest)
}

// withNil returns list with the entries that are not in it.
func withNil(entries []string, list []imap.Annotation) []imap.Annotation {
	found := make(map[string]bool, len(list))
	for _, one := range list {
		found[one.Entry] = true
	}
	for _, entry := range entries {
		if !found[entry] {
			found[entry] = true
			list = append(list, imap.Annotation{Entry: entry})
		}
	}
	return list
}

// writeMetadata writes a METADATA response with values (RFC 5464 §4.4.1).
func writeMetadata(w *imapwire.Writer, mailbox string, list []imap.Annotation) {
	if len(list) == 0 {
		return
	}
	w.Raw("* METADATA ")
	w.Mailbox(mailbox)
	sep := " ("
	for i := range list {
		w.Raw(sep)
		sep = " "
		w.AString(list[i].Entry)
		w.SP()
		writeValue(w, list[i].Value)
	}
	w.Raw(")\r\n")
}

// writeValue writes an nstring, or a literal8 if there is a NUL.
func writeValue(w *imapwire.Writer, value []byte) {
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

// setMetadata runs SETMETADATA (RFC 5464 §4.3).
func (c *conn) setMetadata(ctx context.Context, req *request) error {
	mailbox, err := c.mailbox()
	if err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	var list []imap.Annotation
	err = c.r.List(func() error {
		one, err := c.annotation()
		if err == nil && len(list) == maxEntries {
			err = imapwire.Syntax("too many entries")
		}
		list = append(list, one)
		return err
	})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return imapwire.Syntax("entry expected")
	}
	if err := c.end(req); err != nil {
		return err
	}
	session, err := c.metadataSession()
	if err != nil {
		return err
	}
	return session.SetMetadata(ctx, mailbox, list)
}

// annotation takes an entry and its value.
func (c *conn) annotation() (one imap.Annotation, err error) {
	if one.Entry, err = c.metadataEntry(); err != nil {
		return one, err
	}
	if !imap.HasValue(one.Entry) {
		return one, imap.Bad(fmt.Sprintf("No value can stand at %.100s", one.Entry))
	}
	if err := c.r.SP(); err != nil {
		return one, err
	}
	value, ok, err := c.r.NString8()
	if ok {
		one.Value = append([]byte{}, value...)
	}
	return one, err
}

// tellMetadata writes a METADATA response without values (RFC 5464 §4.4.2).
func tellMetadata(w *imapwire.Writer, mailbox string, entries []string) {
	w.Raw("* METADATA ")
	w.Mailbox(mailbox)
	for _, entry := range entries {
		w.SP()
		w.AString(entry)
	}
	w.CRLF()
}
