package smtpclient

import (
	"time"

	"github.com/mailstead/mailstead/smtp"
)

// window is how many commands are sent before their replies are read. It keeps
// the replies well below what the sockets buffer, so that never both sides
// wait for each other to read (RFC 2920 §3.1).
const window = 50

// A step is one command of the envelope.
type step struct {
	command string
	line    string
	timeout time.Duration
	done    func(smtp.Reply)
}

// envelope sends MAIL and RCPT, and DATA with them if the server takes it
// pipelined.
func (t *transfer) envelope() error {
	rcpts := t.rcpts()
	if len(rcpts) == 0 {
		return nil
	}
	steps := append([]step{t.mail()}, rcpts...)
	size := 1
	if t.c.extensions.Has(smtp.Pipelining) {
		size = window
		if !t.chunking() {
			steps = append(steps, t.dataStep())
		}
	}
	for len(steps) > 0 && t.mailErr == nil {
		group := steps[:min(size, len(steps))]
		steps = steps[len(group):]
		if err := t.c.runGroup(group); err != nil {
			return err
		}
	}
	return t.emptyData()
}

// runGroup sends commands in one write and reads their replies.
func (c *Client) runGroup(group []step) error {
	for _, s := range group {
		if err := c.wire.put(s.command, s.line); err != nil {
			return c.fail(err)
		}
	}
	if err := c.wire.out.Flush(); err != nil {
		return c.fail(err)
	}
	for _, s := range group {
		c.wire.command = s.command
		r, err := c.reply(s.timeout)
		if err != nil {
			return err
		}
		s.done(r)
	}
	return nil
}

func (t *transfer) mail() step {
	t.c.dirty = true
	t.c.mails++
	return step{
		command: "MAIL",
		line:    "MAIL FROM:" + t.m.From.String() + t.m.Options.String(),
		timeout: t.c.opts.Timeouts.Mail,
		done: func(r smtp.Reply) {
			if r.Code != 250 {
				t.mailErr = &ReplyError{Command: "MAIL", Reply: r}
				t.c.dirty = false
			}
		},
	}
}

// rcpts makes a step for each recipient that has not failed yet.
func (t *transfer) rcpts() []step {
	steps := make([]step, 0, len(t.m.To))
	for i, to := range t.m.To {
		if t.settled[i] {
			continue
		}
		t.leaveOutOf(&to.Options)
		steps = append(steps, step{
			command: "RCPT",
			line:    "RCPT TO:" + to.To.String() + to.Options.String(),
			timeout: t.c.opts.Timeouts.Rcpt,
			done:    func(r smtp.Reply) { t.rcptDone(i, r) },
		})
	}
	return steps
}

func (t *transfer) rcptDone(i int, r smtp.Reply) {
	if t.mailErr != nil {
		return // what was wrong with MAIL says more
	}
	if r.Code != 250 && r.Code != 251 { // RFC 5321 §4.2.3: 251 is forwarded
		t.settle(i, r, &ReplyError{Command: "RCPT", Reply: r})
		return
	}
	t.outcomes[i].Reply = r
	t.accepted = append(t.accepted, i)
}

func (t *transfer) dataStep() step {
	return step{
		command: "DATA",
		line:    "DATA",
		timeout: t.c.opts.Timeouts.DataInit,
		done: func(r smtp.Reply) {
			t.dataCode = r.Code
			if r.Code != 354 {
				t.dataErr = &ReplyError{Command: "DATA", Reply: r}
			}
		},
	}
}

// emptyData ends a message that the server waits for although no recipient
// was accepted, which pipelining can lead to (RFC 2920 §3.1). What the server
// replies does not matter.
func (t *transfer) emptyData() error {
	if t.dataCode != 354 || t.mailErr == nil && len(t.accepted) > 0 {
		return nil
	}
	_, err := t.c.ask("end of data", ".", t.c.opts.Timeouts.DataEnd)
	if err == nil && len(t.accepted) > 1 && t.c.opts.LMTP {
		return t.c.fail(errOutOfStep)
	}
	return err
}
