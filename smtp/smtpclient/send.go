package smtpclient

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/mailstead/mailstead/smtp"
)

// A Message is what Send sends.
type Message struct {
	From smtp.ReversePath
	// Options are the parameters of MAIL. Size is set from the field below.
	// SMTPUTF8 is added when an address needs it. What is only a wish (RET,
	// ENVID, AUTH, MT-PRIORITY, SOLICIT, BY to be notified) is left out if
	// the server does not offer it; what the message must not go without
	// (REQUIRETLS, BY to be returned, HOLDFOR, HOLDUNTIL, BINARYMIME) is an
	// error then.
	Options smtp.MailOptions
	To      []Recipient

	// Body is the message with CRLF line endings, dots as they are.
	Body io.Reader
	// Size is the number of octets in Body, 0 if it is not known. It must be
	// exact.
	Size int64
}

// A Recipient is the forward path and the parameters of one RCPT. NOTIFY and
// ORCPT are left out if the server does not offer DSN. RRVS is left out if it
// is not offered and may be; else the recipient fails.
type Recipient struct {
	To      smtp.ForwardPath
	Options smtp.RcptOptions
}

// An Outcome is what the server said of one recipient.
type Outcome struct {
	Reply smtp.Reply // the last that concerns the recipient; zero if none came
	Err   error      // nil if the server has taken the message for it
}

// Send sends a message and returns an outcome for each recipient, in order.
//
// The error is the failure that concerns the message as a whole; it is the
// outcome of each recipient that was not refused before. Without it, each
// outcome speaks for itself, and all of them may be refusals. After an error
// or refusals the Client can be used for the next message as long as Usable
// says so.
func (c *Client) Send(ctx context.Context, m Message) ([]Outcome, error) {
	defer c.wire.within(ctx)()
	t := &transfer{c: c, m: m, outcomes: make([]Outcome, len(m.To)), settled: make([]bool, len(m.To))}
	err := t.run()
	c.inBody = false
	if err != nil {
		t.failRest(err)
	}
	return t.outcomes, err
}

// A transfer is one call of Send.
type transfer struct {
	c        *Client
	m        Message
	outcomes []Outcome
	settled  []bool // whose outcome is final
	accepted []int  // indexes of recipients that the server has accepted
	mailErr  error  // MAIL was refused
	dataCode int    // of the reply to a DATA that was pipelined
	dataErr  error  // DATA was refused
}

func (t *transfer) run() error {
	if err := t.check(); err != nil {
		return err
	}
	if t.c.dirty {
		if err := t.c.reset(); err != nil {
			return err
		}
	}
	if err := t.envelope(); err != nil {
		return err
	}
	switch {
	case t.mailErr != nil:
		return t.mailErr
	case len(t.accepted) == 0:
		return nil
	case t.dataErr != nil:
		return t.dataErr
	case t.chunking():
		return t.bdat()
	}
	return t.data()
}

// settle makes the outcome of recipient i final.
func (t *transfer) settle(i int, r smtp.Reply, err error) {
	t.outcomes[i] = Outcome{Reply: r, Err: err}
	t.settled[i] = true
}

// failRest gives err to each recipient whose outcome is not final.
func (t *transfer) failRest(err error) {
	var said *ReplyError
	for i := range t.outcomes {
		if t.settled[i] {
			continue
		}
		reply := t.outcomes[i].Reply
		if errors.As(err, &said) {
			reply = said.Reply
		}
		t.settle(i, reply, err)
	}
}

func (t *transfer) chunking() bool {
	return t.c.extensions.Has(smtp.Chunking) && !t.c.opts.NoChunking
}

// finish reads the reply to the whole message: one in SMTP, one for each
// accepted recipient in LMTP (RFC 2033 §4.2).
func (t *transfer) finish() error {
	t.c.wire.command = "end of data"
	for _, i := range t.accepted {
		r, err := t.c.reply(t.c.opts.Timeouts.DataEnd)
		if err != nil {
			return err
		}
		t.c.dirty = false
		if r.Code != 250 {
			err = &ReplyError{Command: "end of data", Reply: r}
		}
		if !t.c.opts.LMTP {
			return t.finishAll(r, err)
		}
		t.settle(i, r, err)
	}
	return nil
}

// finishAll gives the one reply of SMTP to all accepted recipients.
func (t *transfer) finishAll(r smtp.Reply, err error) error {
	for _, i := range t.accepted {
		t.settle(i, r, err)
	}
	return err
}

// lastWord is how long a server that has cut us off within the message may
// take to say why.
const lastWord = 5 * time.Second

// writeFailed looks for the reply of a server that did not want to hear the
// message to its end.
func (t *transfer) writeFailed(err error) error {
	if r, readErr := t.c.wire.reply(lastWord); readErr == nil && !r.Positive() {
		_ = t.c.fail(err)
		return &ReplyError{Command: t.c.wire.command, Reply: r}
	}
	return t.c.fail(err)
}
