package smtpserver

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// errGivenUp says that the client ended a transaction within a message, by
// RSET or another command that means it.
var errGivenUp = errors.New("message given up by the client")

// chunks frames the message of BDAT and BURL: octets counted beforehand, or
// those behind a URL, in any number of commands (RFC 3030 §2, RFC 4468 §3).
// While the session reads, it is the source that answers each chunk and takes
// the next command.
type chunks struct {
	c    *conn
	ctx  context.Context // of the session's Data, within which this lives
	left int64           // octets of the present chunk not yet scanned
	size int64           // of the present chunk
	last bool            // the present chunk is the last
	url  *urlChunk       // the present chunk, if it comes from a URL
}

// bdat carries out BDAT, and those that follow in the same message.
func (c *conn) bdat(ctx context.Context, args string) {
	size, last, ok := parseChunk(args)
	if !ok {
		c.badChunk()
		return
	}
	ch := &chunks{c: c, ctx: ctx, left: size, size: size, last: last}
	b := c.newBody(ch)
	if c.tx.accepted == 0 {
		c.bdatOutOfSequence(b, ch)
		return
	}
	c.takeChunks(ctx, b, ch)
}

// takeChunks hands the message to the session, beginning with the chunk at
// hand.
func (c *conn) takeChunks(ctx context.Context, b *body, ch *chunks) {
	defer ch.closeURL()
	begin := time.Now()
	result, err := c.session.Data(ctx, &Message{Reader: b, With: c.with(), Chunked: true})
	err = b.checkRead(err)
	drainErr := b.discard(c.server.opts.Limits.DiscardedBytes, ch.consumed)
	c.wait.endMessage()
	if drainErr != nil {
		c.discardFailed(b)
		return
	}
	switch {
	case errors.Is(b.end, errGivenUp):
		c.endTransaction()
	case c.streamFailed(b):
	case ch.last:
		c.settle(b, result, err, begin)
	default:
		c.chunkFailed(b, err)
	}
}

// bdatOutOfSequence takes the octets of a chunk that no one wants: they are on
// their way already (RFC 3030 §2).
func (c *conn) bdatOutOfSequence(b *body, ch *chunks) {
	b.acceptNUL = true
	err := b.discard(c.server.opts.Limits.DiscardedBytes, ch.consumed)
	c.wait.endMessage()
	if err != nil {
		b.refusal = nil
		c.discardFailed(b)
		return
	}
	if !c.streamFailed(b) {
		c.say(503, codeSequence, "Need RCPT first, and one that is accepted")
	}
}

// chunkFailed answers a chunk that is not the last of a message that has
// failed. The transaction is over: chunks that follow are taken and refused.
func (c *conn) chunkFailed(b *body, err error) {
	c.endTransaction()
	if b.refusal != nil {
		err = b.refusal
		c.countRefusal(b.refusal)
	}
	c.refuse("message", err)
}

// badChunk ends the connection: without a size no one can tell where the
// octets end and commands begin again.
func (c *conn) badChunk() {
	c.say(501, codeArguments, "Syntax: BDAT size [LAST], closing connection")
	c.done = true
	c.linger = true
}

// parseChunk reads the arguments of BDAT.
func parseChunk(args string) (size int64, last, ok bool) {
	number, rest, _ := strings.Cut(args, " ")
	if number == "" || strings.Trim(number, "0123456789") != "" {
		return 0, false, false
	}
	size, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, false, false
	}
	rest = strings.Trim(rest, " ")
	last = strings.EqualFold(rest, "LAST")
	return size, last, last || rest == ""
}

func (ch *chunks) consumed() bool { return ch.left == 0 && ch.url == nil }

// scanned implements source.
func (ch *chunks) scanned(n int) {
	if ch.url == nil {
		ch.left -= int64(n)
	}
}

// take implements source.
func (ch *chunks) take(b *body, n int) {
	if ch.url != nil {
		ch.url.head += n
		return
	}
	b.in.take(n)
}

// window implements source.
func (ch *chunks) window(b *body) ([]byte, error) {
	for ch.left == 0 {
		if ch.url != nil {
			if win := ch.urlWindow(b); len(win) > 0 {
				return win, nil
			}
			continue
		}
		if ch.last {
			if b.scan.cr && !b.binary {
				b.refuse(errBareLine)
			}
			return nil, errEndOfMessage
		}
		if b.refusal != nil { // of a URL, to be answered before there is more
			return nil, errEndOfMessage
		}
		if err := ch.next(); err != nil {
			return nil, err
		}
	}
	if len(b.in.window()) == 0 {
		if err := b.in.fill(); err != nil {
			return nil, err
		}
	}
	win := b.in.window()
	return win[:min(int64(len(win)), ch.left)], nil
}

// next answers the chunk that is complete and waits for the one after it.
func (ch *chunks) next() error {
	c := ch.c
	c.say(250, codeOK, ch.chunkDone())
	for {
		cmd, err := c.next()
		if err != nil {
			return err
		}
		c.verb = cmd.verb
		switch cmd.verb {
		case "BDAT":
			return ch.begin(cmd.args)
		case "BURL":
			if ch.beginURL(cmd.args) {
				return nil
			}
		case "RSET", "QUIT", "HELO", "EHLO", "LHLO":
			c.pending = &cmd
			return errGivenUp
		case "MAIL", "RCPT", "DATA", "AUTH", "STARTTLS", "ETRN", "XCLIENT", "XFORWARD":
			c.say(503, codeSequence, "Message is being sent by BDAT")
		default:
			c.minor(ch.ctx, cmd)
		}
		if c.checkPatience(); c.done {
			return errGivenUp
		}
	}
}

// begin takes the arguments of the next BDAT.
func (ch *chunks) begin(args string) error {
	size, last, ok := parseChunk(args)
	if !ok {
		ch.c.badChunk()
		return errGivenUp
	}
	ch.size, ch.left, ch.last = size, size, last
	ch.c.wait.inMessage = true
	ch.c.in.grow()
	return nil
}
