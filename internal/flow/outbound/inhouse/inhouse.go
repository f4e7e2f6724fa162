// Package inhouse is a transport that delivers what waits in the queue for
// accounts of our own: messages that were to be held for later, and those that
// an account had no room for when they came. All else goes on to the next
// transport.
package inhouse

import (
	"context"
	"errors"
	"io"

	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/internal/flow/outbound"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/smtp"
)

// A Transport delivers to our own accounts. Its methods may be called
// concurrently.
type Transport struct {
	Directory *directory.Directory
	Mail      *mailstore.Store
	Delivery  *delivery.Deliverer
	Next      outbound.Transport
}

// Codes of what can happen to a recipient (RFC 3463).
var (
	codeDelivered = dsn.Code{Class: 2, Subject: 1, Detail: 5}
	codeNobody    = dsn.Code{Class: 5, Subject: 1, Detail: 1}
	codeDisabled  = dsn.Code{Class: 5, Subject: 2, Detail: 1}
	codeNoRoom    = dsn.Code{Class: 4, Subject: 2, Detail: 2}
	codeSystem    = dsn.Code{Class: 4, Subject: 3, Detail: 0}
)

// Deliver delivers a parcel whose destination is a domain of ours, and passes
// on any other, and what an operator has sent elsewhere.
func (t *Transport) Deliver(ctx context.Context, p outbound.Parcel) []outbound.Result {
	ours, err := t.Directory.IsLocal(ctx, p.Destination)
	if err == nil && !ours || p.Via != "" {
		return t.Next.Deliver(ctx, p)
	}
	results := make([]outbound.Result, len(p.Recipients))
	for i := range results {
		if err != nil {
			results[i] = failed(err)
			continue
		}
		results[i] = t.one(ctx, &p, &p.Recipients[i])
	}
	return results
}

func (t *Transport) ingest(r io.Reader) (*mailstore.Content, error) {
	in := t.Mail.NewIngest(0)
	defer in.Discard()
	if _, err := io.Copy(in, r); err != nil {
		return nil, err
	}
	return in.Finish()
}

// one delivers to one recipient, whose address may lead elsewhere by now.
func (t *Transport) one(ctx context.Context, p *outbound.Parcel, to *queue.Recipient) outbound.Result {
	found, err := t.Directory.Resolve(ctx, to.Address)
	if err != nil {
		return failed(err)
	}
	switch found.Kind {
	case directory.Disabled:
		return outbound.Result{Kind: outbound.Permanent, Code: codeDisabled, Text: "The mailbox is disabled."}
	case directory.Deliverable:
	default:
		return outbound.Result{Kind: outbound.Permanent, Code: codeNobody, Text: "There is no such mailbox here."}
	}
	if err := t.deliver(ctx, p, found, to.Options); err != nil {
		return failed(err)
	}
	return outbound.Result{Kind: outbound.Accepted, Code: codeDelivered, Text: "Delivered.", Final: true}
}

// deliver delivers to all that an address comes to, or to none.
func (t *Transport) deliver(ctx context.Context, p *outbound.Parcel, found directory.Recipient, o smtp.RcptOptions) error {
	content, err := t.ingest(p.Content.Reader())
	if err != nil {
		return err
	}
	defer content.Discard()
	m := &delivery.Message{Content: content, From: p.Message.Sender, Options: p.Message.Options, Account: p.Message.Account}
	m.Recipients.Add(found, o)
	if err := t.Delivery.CheckRoom(ctx, m); err != nil {
		return err
	}
	failures, err := t.Delivery.Deliver(ctx, m)
	if err == nil && len(failures) > 0 {
		err = failures[0].Err
	}
	return err
}

// failed describes what may work another time.
func failed(err error) outbound.Result {
	if errors.Is(err, mailstore.ErrOverQuota) {
		return outbound.Result{Code: codeNoRoom, Text: "The mailbox is full.", Err: err}
	}
	return outbound.Result{Code: codeSystem, Text: "The mail system has a temporary problem.", Err: err}
}
