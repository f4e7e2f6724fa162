package outbound

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/smtp"
)

// A Notice is a delivery status notification on its way to a sender. It
// travels with the null reverse path.
type Notice struct {
	To      address.Address
	Options smtp.MailOptions
	Message []byte
	// About is the message whose sender is told, and Recipients what they
	// are told of each of its recipients.
	About      queue.ID
	Recipients []dsn.Recipient
}

// A fate is a recipient with what has happened and what becomes of it.
type fate struct {
	recipient queue.Recipient
	result    Result
	verdict   Verdict
}

// tell sends the sender one notification about those recipients of whom they
// must hear.
func (r *Runner) tell(ctx context.Context, p Parcel, fates []fate, now time.Time) error {
	var told []dsn.Recipient
	for _, f := range fates {
		if f.verdict.Tell != "" {
			told = append(told, f.describe(p.Message, now))
		}
	}
	if len(told) == 0 {
		return nil
	}
	notice, err := r.compose(p, told, now)
	if err != nil {
		return fmt.Errorf("composing a notification: %w", err)
	}
	if err := r.options.Bounce(ctx, notice); err != nil {
		return fmt.Errorf("delivering a notification: %w", err)
	}
	return nil
}

func (r *Runner) compose(p Parcel, told []dsn.Recipient, now time.Time) (Notice, error) {
	m, self := p.Message, r.options.Hostname.String()
	report := dsn.Report{
		From:      "postmaster@" + self,
		To:        m.Sender.Address.String(),
		MessageID: rand.Text() + "@" + self,
		Date:      now,
		Status: dsn.Status{
			EnvelopeID:   m.Options.EnvelopeID,
			ReportingMTA: dsn.DNS(self),
			Arrival:      m.Received,
			Recipients:   told,
		},
		// What had to travel over TLS is not returned over who knows what (RFC
		// 8689 §5).
		ReturnFull: m.Options.Return != smtp.ReturnHeaders && !m.Options.RequireTLS,
	}
	if p.Content != nil {
		report.Original, report.OriginalSize = p.Content, p.Content.Size()
	}
	text, needs, err := write(report)
	n := Notice{To: m.Sender.Address, Message: text, About: m.ID, Recipients: told}
	if needs.EightBit {
		n.Options.Body = smtp.Body8BitMIME
	}
	n.Options.SMTPUTF8 = needs.UTF8
	return n, err
}

// write writes a report. What of the original is damaged is left out, and may be
// all of it: the sender has to hear of the failure.
func write(report dsn.Report) ([]byte, dsn.Needs, error) {
	var buf bytes.Buffer
	needs, err := dsn.Compose(&buf, report)
	if errors.Is(err, storage.ErrDamaged) && report.ReturnFull {
		report.ReturnFull = false
		return write(report)
	}
	if errors.Is(err, storage.ErrDamaged) && report.Original != nil {
		report.Original, report.OriginalSize = nil, 0
		return write(report)
	}
	return buf.Bytes(), needs, err
}

// describe writes a fate as a recipient of a notification (RFC 3461 §6.3).
func (f *fate) describe(m queue.Message, now time.Time) dsn.Recipient {
	d := dsn.Recipient{
		Final:       dsn.Mailbox(f.recipient.Address.String()),
		Action:      f.verdict.Tell,
		Code:        f.result.Code,
		Remote:      dsn.DNS(f.result.Remote),
		LastAttempt: now,
		FinalLogID:  m.ID.String(),
	}
	if original := f.recipient.Options.OriginalRecipient; original != "" {
		d.Original = dsn.ParseAddress(original)
	}
	text := f.result.Text
	switch {
	case f.verdict.Tell == dsn.Delayed:
		d.RetryUntil = m.Expires
	case f.verdict.Expired:
		d.Code = codeExpired
	}
	if f.result.Remote != "" {
		d.Diagnostic = dsn.SMTP(text)
	} else {
		d.Diagnostic = dsn.Diagnostic{Type: "x-mailstead", Text: text}
	}
	return d
}
