package delivery

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/smtp"
)

// Return delivers a report to the sender of a message, here or elsewhere, with
// the null reverse path. A sender in our house that does not exist any more, or
// has no room, is beyond help: a report is never itself returned. It returns the
// queue id of a report that leaves the house.
func (d *Deliverer) Return(ctx context.Context, to address.Address, options smtp.MailOptions, report []byte) (queue.ID, error) {
	found, err := d.Directory.Resolve(ctx, to)
	if err != nil {
		return 0, err
	}
	m := &Message{Options: options}
	m.Recipients.Add(found, smtp.RcptOptions{})
	if found.Kind == directory.NotOurs {
		m.Recipients.AddForeign(to, smtp.RcptOptions{})
	}
	if len(m.Recipients.Local)+len(m.Recipients.Foreign) == 0 {
		d.Logger.Warn("report has no recipient", "to", to.String(), "kind", found.Kind.String())
		return 0, nil
	}
	in := d.Mail.NewIngest(0)
	defer in.Discard()
	if _, err := in.Write(report); err != nil {
		return 0, err
	}
	if m.Content, err = in.Finish(); err != nil {
		return 0, err
	}
	defer m.Content.Discard()
	failures, err := d.deliver(ctx, m)
	for _, f := range failures {
		d.Logger.Warn("report not delivered", "to", to.String(), "err", f.Err)
	}
	return m.QueueID, err
}

// maxReported is how much of a header a report returns.
const maxReported = 64 << 10

// headerToReport returns the header of a message if there will be a report of
// success: once delivered, the content is no longer ours to read.
func (d *Deliverer) headerToReport(m *Message) ([]byte, error) {
	if m.From.IsNull() || d.Hostname == "" || len(m.successes(nil)) == 0 {
		return nil, nil
	}
	return m.Content.Header(maxReported)
}

// reportSuccess tells the sender of those recipients here that have the
// message, if the sender asked to hear of it (RFC 3461 §5.2.3). The message is
// safe already: what fails here is only logged.
func (d *Deliverer) reportSuccess(ctx context.Context, m *Message, header []byte, failures []Failure) {
	if header == nil {
		return
	}
	told := m.successes(failures)
	if len(told) == 0 {
		return
	}
	report, options, err := d.composeReport(m, header, told)
	if err == nil {
		_, err = d.Return(ctx, m.From.Address, options, report)
	}
	if err != nil {
		d.Logger.Error("sender could not be told of a success", "to", m.From.String(), "err", err)
		return
	}
	m.Told = told
}

// successes are the local recipients that a report is about.
func (m *Message) successes(failures []Failure) []Local {
	var told []Local
	for _, to := range m.Recipients.Local {
		failed := func(f Failure) bool { return f.Account == to.Account }
		if to.Options.Notify&smtp.NotifySuccess != 0 && !slices.ContainsFunc(failures, failed) {
			told = append(told, to)
		}
	}
	return told
}

// composeReport writes a report of delivery (RFC 3464 §2). It returns the
// header of the message only, for nobody misses what has arrived (RFC 3461
// §4.3).
func (d *Deliverer) composeReport(m *Message, header []byte, told []Local) ([]byte, smtp.MailOptions, error) {
	now := d.Now()
	status := dsn.Status{EnvelopeID: m.Options.EnvelopeID, ReportingMTA: dsn.DNS(d.Hostname), Arrival: now}
	for _, to := range told {
		r := dsn.Recipient{Final: dsn.Mailbox(to.Address.String()), Action: dsn.Delivered, Code: dsn.Code{Class: 2, Subject: 1, Detail: 5}}
		if original := to.Options.OriginalRecipient; original != "" {
			r.Original = dsn.ParseAddress(original)
		}
		status.Recipients = append(status.Recipients, r)
	}
	var buf bytes.Buffer
	needs, err := dsn.Compose(&buf, dsn.Report{
		From: "postmaster@" + d.Hostname, To: m.From.Address.String(),
		MessageID: rand.Text() + "@" + d.Hostname, Date: now,
		Status: status, Original: bytes.NewReader(header), OriginalSize: int64(len(header)),
	})
	options := smtp.MailOptions{SMTPUTF8: needs.UTF8, RequireTLS: m.Options.RequireTLS}
	if needs.EightBit {
		options.Body = smtp.Body8BitMIME
	}
	return buf.Bytes(), options, err
}
