package smtpserver

import (
	"errors"
	"io"

	"github.com/mailstead/mailstead/smtp"
)

// Refusals of a message for what it holds.
var (
	errTooBig   = smtp.NewError(552, smtp.EnhancedCode{5, 3, 4}, "Message too big")
	errBareLine = smtp.NewError(550, smtp.EnhancedCode{5, 6, 0}, "Message has a bare CR or LF, lines must end with CRLF (RFC 5321 section 2.3.8)")
	errNUL      = smtp.NewError(550, smtp.EnhancedCode{5, 6, 0}, "Message has a NUL octet")
	errLoop     = smtp.NewError(554, smtp.EnhancedCode{5, 4, 6}, "Too many Received fields, this is a mail loop")
)

// errDiscardLimit says that the end of a refused message was not found within
// Limits.DiscardedBytes.
var errDiscardLimit = errors.New("too many octets after the message was refused")

// errEndOfMessage is what a source returns when the message is whole.
var errEndOfMessage = errors.New("end of message")

// A body is the stream of one message, from DATA or from BDAT. It gives the
// session text only as long as nothing speaks against the message. The octets
// go from the input buffer to the reader's in one copy, or to a writer in none.
type body struct {
	in     *input
	scan   scanner
	source source

	max         int64
	maxReceived int
	acceptNUL   bool
	binary      bool // any octets
	received    receivedCounter

	size    int64
	ready   []byte      // what is scanned and not taken, at the head of the source
	refusal *smtp.Error // why the message cannot be accepted, nil if it can
	end     error       // why there is no more: io.EOF if the message is whole
}

// A source knows how a message is framed.
type source interface {
	// window returns octets of the message to be scanned, at least one, or
	// errEndOfMessage. Any other error breaks the stream off.
	window(b *body) ([]byte, error)
	// scanned is told how many octets of the window are text.
	scanned(n int)
	// take drops octets from the head of the window.
	take(b *body, n int)
}

// Read implements the stream of Message.
func (b *body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	win, err := b.text()
	if err != nil {
		return 0, err
	}
	n := copy(p, win)
	b.took(win[:n])
	return n, nil
}

// WriteTo is Read for io.Copy: the octets go from the input buffer to w.
func (b *body) WriteTo(w io.Writer) (written int64, err error) {
	for {
		win, err := b.text()
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
		n, err := w.Write(win)
		written += int64(n)
		if err != nil {
			return written, err
		}
		b.took(win)
	}
}

// text returns the text at the head of the source, at least one octet.
func (b *body) text() ([]byte, error) {
	for len(b.ready) == 0 {
		if err := b.next(); err != nil {
			return nil, err
		}
	}
	return b.ready, nil
}

// took takes text that has been given to the session.
func (b *body) took(p []byte) {
	b.received.feed(p)
	if b.received.count > b.maxReceived {
		b.refuse(errLoop)
	}
	b.drop(len(p))
}

// drop takes octets of the text away.
func (b *body) drop(n int) {
	b.source.take(b, n)
	b.ready = b.ready[n:]
}

// next scans more text. It returns what the session is told when there is
// none.
func (b *body) next() error {
	if b.refusal != nil {
		return b.refusal
	}
	b.advance()
	if b.refusal != nil {
		return b.refusal
	}
	return b.end
}

// advance scans one window, or sets end.
func (b *body) advance() {
	if b.end != nil {
		return
	}
	win, err := b.source.window(b)
	if err != nil {
		b.end = unexpected(err)
		return
	}
	b.ready = win[:b.scan.scan(win)]
	b.source.scanned(len(b.ready))
	b.size += int64(len(b.ready))
	b.check()
}

// check refuses the message for what the last window brought.
func (b *body) check() {
	switch {
	case b.size > b.max:
		b.refuse(errTooBig)
	case b.scan.bare && !b.binary:
		b.refuse(errBareLine)
	case b.scan.nul && !b.acceptNUL:
		b.refuse(errNUL)
	}
}

func (b *body) refuse(err *smtp.Error) {
	if b.refusal == nil {
		b.refusal = err
	}
}

// errUnread says that a session took a message without reading it.
var errUnread = errors.New("session did not read the message to its end")

// checkRead returns what the session's Data returned, unless that is success
// without having read the whole message.
func (b *body) checkRead(err error) error {
	if err == nil && b.end != io.EOF {
		return errUnread
	}
	return err
}

// discard reads on without giving the text to anyone, until stop says so or
// the stream ends. It gives up with errDiscardLimit.
func (b *body) discard(limit int64, stop func() bool) error {
	for discarded := int64(0); ; {
		discarded += int64(len(b.ready))
		b.drop(len(b.ready))
		if b.end != nil || stop() {
			return nil
		}
		if discarded > limit {
			return errDiscardLimit
		}
		b.advance()
	}
}

// unexpected keeps io.EOF for the end of the message: the end of the
// connection is an error.
func unexpected(err error) error {
	switch err {
	case errEndOfMessage:
		return io.EOF
	case io.EOF:
		return io.ErrUnexpectedEOF
	}
	return err
}
