package imapsession

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
)

// A candidate is a message that SEARCH looks at. What costs more than its
// columns is read when a test first asks for it.
type candidate struct {
	ctx      context.Context
	reader   *mailstore.MessageReader
	searcher message.TextSearcher

	seq   imap.SeqNum
	entry mailstore.Entry

	stored    *mailstore.Message // valid until the next reset
	bytes     mailstore.Reader
	structure *message.Structure
	header    message.Header
	kept, raw []byte // scratch
	scores    scores
}

func (c *candidate) reset(seq imap.SeqNum, e mailstore.Entry) {
	c.seq, c.entry, c.scores = seq, e, scores{}
	c.stored, c.bytes, c.structure, c.header = nil, nil, nil, nil
}

func (c *candidate) close() {
	if c.bytes != nil {
		c.bytes.Close()
	}
}

// release gives back the memory of what was read ahead.
func (c *candidate) release() {
	if c.reader != nil {
		c.reader.Release()
	}
}

// message returns the message's record.
func (c *candidate) message() (*mailstore.Message, error) {
	if c.stored == nil {
		// A client that has gone away needs no answer.
		if err := c.ctx.Err(); err != nil {
			return nil, err
		}
		m, err := c.reader.Message(c.ctx, c.entry)
		if err != nil {
			return nil, err
		}
		c.stored = m
	}
	return c.stored, nil
}

// open returns the message's bytes.
func (c *candidate) open() (mailstore.Reader, error) {
	if c.bytes == nil {
		m, err := c.message()
		if err != nil {
			return nil, err
		}
		if c.bytes, err = m.Open(); err != nil {
			return nil, err
		}
	}
	return c.bytes, nil
}

// maxHeader is how much of a header is searched.
const maxHeader = 256 << 10

// fields returns the message's header, or, if kept is set and the record has
// them, those of its fields that mailstore.KeepsField names.
func (c *candidate) fields(kept bool) (message.Header, error) {
	if kept {
		stored, err := c.message()
		if err != nil {
			return nil, err
		}
		if header, ok := stored.Fields(c.kept[:0]); ok {
			c.kept = header
			return header, nil
		}
	}
	if c.header != nil {
		return c.header, nil
	}
	r, err := c.open()
	if err != nil {
		return nil, err
	}
	s, err := c.stored.Parts()
	if err != nil {
		return nil, err
	}
	size := int(min(s.Root.BodyStart, maxHeader))
	c.raw = slices.Grow(c.raw[:0], size)[:size]
	n, err := r.ReadAt(c.raw, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	c.header = message.Header(c.raw[:n])
	return c.header, nil
}

// text looks for a needle in the decoded text of the message.
func (c *candidate) text(m *message.Matcher, scope message.SearchScope) (bool, error) {
	r, err := c.content()
	if err != nil {
		return false, err
	}
	return c.searcher.Contains(m, c.structure, r, scope)
}

// content returns the message's bytes, and has its structure at hand.
func (c *candidate) content() (io.ReaderAt, error) {
	r, err := c.open()
	if err == nil && c.structure == nil {
		c.structure, err = c.stored.Parts()
	}
	return interruptible{c.ctx, r}, err
}

// interruptible reads until ctx is done: the text of a large message takes a
// while.
type interruptible struct {
	ctx context.Context
	r   io.ReaderAt
}

func (i interruptible) ReadAt(p []byte, offset int64) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.ReadAt(p, offset)
}
