// Package capture is a transport that keeps mail at home: what would leave the
// house lands in the mailbox Outbound of who sent it. It is for development,
// where no mail may reach the world.
package capture

import (
	"context"
	"io"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/flow/outbound"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Mailbox is where captured mail lands.
const Mailbox = "Outbound"

// A Transport captures mail. Its methods may be called concurrently.
type Transport struct {
	Directory *directory.Directory
	Mail      *mailstore.Store
	Now       func() time.Time
}

// Deliver puts a parcel into the mailbox of its sender.
func (t *Transport) Deliver(ctx context.Context, p outbound.Parcel) []outbound.Result {
	results := make([]outbound.Result, len(p.Recipients))
	err := t.keep(ctx, p)
	for i := range results {
		results[i] = outbound.Result{Kind: outbound.Accepted, Text: "kept in " + Mailbox, Final: true}
		if err != nil {
			results[i] = outbound.Result{Kind: outbound.Temporary, Text: "could not be kept", Err: err}
		}
	}
	return results
}

func (t *Transport) keep(ctx context.Context, p outbound.Parcel) error {
	account, err := t.sender(ctx, p.Message.Account)
	if err != nil {
		return err
	}
	in := t.Mail.NewIngest(0)
	defer in.Discard()
	if _, err := io.Copy(in, p.Content.Reader()); err != nil {
		return err
	}
	content, err := in.Finish()
	if err != nil {
		return err
	}
	defer content.Discard()
	done, err := t.Mail.Deliver(ctx, content, []mailstore.Delivery{{
		Account: account, Mailbox: Mailbox, Create: true, InternalDate: t.Now(), Prefix: envelope(p),
	}}, nil)
	if err != nil {
		return err
	}
	return done[0].Err
}

// sender returns the account that submitted a message. Mail that no user has
// submitted, such as that of an alias that leads elsewhere, is the
// postmaster's.
func (t *Transport) sender(ctx context.Context, a address.Address) (mailstore.AccountID, error) {
	if a.IsZero() {
		a = address.Address{Local: "postmaster"}
	}
	found, err := t.Directory.Resolve(ctx, a)
	if err != nil {
		return 0, err
	}
	if len(found.Local) == 0 {
		return 0, directory.ErrNotFound
	}
	return mailstore.AccountID(found.Local[0].Account), nil
}

// envelope returns fields that show the envelope.
func envelope(p outbound.Parcel) []byte {
	b := []byte("X-Envelope-From: " + p.Message.Sender.String() + "\r\n")
	for _, r := range p.Recipients {
		b = append(b, "X-Envelope-To: <"+r.Address.String()+">\r\n"...)
	}
	return b
}
