package smtpserver

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/mailstead/mailstead/smtp"
)

// A urlChunk is the content behind the URL of one BURL.
type urlChunk struct {
	url  string
	src  io.ReadCloser // nil until it is opened
	buf  []byte
	head int // of the octets in buf that are not taken
	size int64
}

const urlBuffer = 16 << 10

// burl carries out BURL, and the chunks that follow in the same message
// (RFC 4468 §3).
func (c *conn) burl(ctx context.Context, args string) {
	ch := &chunks{c: c, ctx: ctx}
	switch {
	case !c.mayBURL():
		return
	case c.tx.accepted == 0:
		c.say(503, codeSequence, "Need RCPT first, and one that is accepted")
		return
	case !ch.beginURL(args):
		return
	}
	c.takeChunks(ctx, c.newBody(ch), ch)
}

// mayBURL refuses BURL where it is not offered, and to strangers.
func (c *conn) mayBURL() bool {
	_, ok := c.session.(Opener)
	switch {
	case !ok || !c.offers.BURL:
		c.say(502, codeSequence, "Command not implemented")
		return false
	case !c.authed:
		c.say(530, codePolicy, "Authentication required")
		return false
	}
	return true
}

// beginURL takes the arguments of BURL. If they are no good it says so, and
// the message can go on.
func (ch *chunks) beginURL(args string) bool {
	url, rest, _ := strings.Cut(args, " ")
	rest = strings.Trim(rest, " ")
	last := strings.EqualFold(rest, "LAST")
	if !ch.c.mayBURL() {
		return false
	}
	if url == "" || rest != "" && !last {
		ch.c.say(501, codeArguments, "Syntax: BURL url [LAST]")
		return false
	}
	ch.url = &urlChunk{url: url}
	ch.size, ch.left, ch.last = 0, 0, last
	ch.c.in.grow()
	return true
}

// urlWindow returns octets from the URL. There are none at its end, or when the
// URL has failed: the message is refused then, and the chunk is over.
func (ch *chunks) urlWindow(b *body) []byte {
	u := ch.url
	if u.src == nil {
		src, err := ch.c.session.(Opener).OpenURL(ch.ctx, u.url)
		if err != nil {
			ch.urlFailed(b, err)
			return nil
		}
		u.src, u.buf = src, make([]byte, 0, urlBuffer)
	}
	if u.head < len(u.buf) {
		return u.buf[u.head:]
	}
	n, err := io.ReadAtLeast(u.src, u.buf[:cap(u.buf)], 1)
	u.buf, u.head = u.buf[:n], 0
	u.size += int64(n)
	switch {
	case err == io.EOF:
		ch.closeURL()
	case err != nil:
		ch.urlFailed(b, err)
	}
	return u.buf
}

// urlFailed refuses the message because of its URL.
func (ch *chunks) urlFailed(b *body, err error) {
	ch.c.log.Info("URL of BURL failed", "url", ch.url.url, "err", err)
	ch.closeURL()
	b.refuse(&smtp.Error{Reply: smtp.ReplyTo(err), Err: err})
}

// closeURL ends the chunk that comes from a URL.
func (ch *chunks) closeURL() {
	if ch.url == nil {
		return
	}
	if ch.url.src != nil {
		_ = ch.url.src.Close()
	}
	ch.size = ch.url.size
	ch.url = nil
}

// chunkDone is the reply to a chunk that is not the last.
func (ch *chunks) chunkDone() string { return strconv.FormatInt(ch.size, 10) + " octets received" }
