package inbound

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/limit"
)

// A Verdict is what becomes of a recipient.
type Verdict int

// The verdicts.
const (
	Accept       Verdict = iota
	RefuseRelay          // in another house: we do not relay for strangers
	RefuseNobody         // in our house, but nobody has the address
	RefuseDisabled
	RefuseOwnerChanged // since the time that RRVS names
	DeferOverQuota
	DeferRate // gets too much mail
)

// Facts are what is known of a recipient.
type Facts struct {
	Kind         directory.Kind
	OwnerChanged bool // since the sender knew the owner (RFC 7293)
	OverQuota    bool // none of its accounts has room
	OverRate     bool // it gets more messages than it may
}

// Judge turns facts into a verdict.
func Judge(f Facts) Verdict {
	switch {
	case f.Kind == directory.NotOurs:
		return RefuseRelay
	case f.Kind == directory.Unknown:
		return RefuseNobody
	case f.Kind == directory.Disabled:
		return RefuseDisabled
	case f.OwnerChanged:
		return RefuseOwnerChanged
	case f.OverQuota:
		return DeferOverQuota
	case f.OverRate:
		return DeferRate
	}
	return Accept
}

// A Doorkeeper looks at recipients.
type Doorkeeper struct {
	Directory *directory.Directory
	Delivery  *delivery.Deliverer
	// Rate is how many messages an account may get; nil is any number.
	Rate *limit.Buckets[directory.AccountID]
}

// Asked is what the envelope says that bears on a recipient.
type Asked struct {
	Size       int64     // of the message, as far as the client has told it
	ValidSince time.Time // of RRVS; zero if not given
}

// Recipient finds out what an address comes to, and judges it. One that is
// accepted counts against its rate.
func (d *Doorkeeper) Recipient(ctx context.Context, a address.Address, asked Asked) (directory.Recipient, Verdict, error) {
	found, err := d.Directory.Resolve(ctx, a)
	if err != nil {
		return found, 0, err
	}
	facts := Facts{Kind: found.Kind, OwnerChanged: HasChanged(found, asked.ValidSince)}
	if facts.OverQuota, err = d.overQuota(ctx, found, asked.Size); err != nil {
		return found, 0, err
	}
	verdict := Judge(facts)
	if verdict == Accept && !d.count(found) {
		facts.OverRate = true
		verdict = Judge(facts)
	}
	return found, verdict, nil
}

// HasChanged tells whether a mailbox that an address leads to has another owner
// than at a time (RFC 7293 §5). The zero time asks nothing.
func HasChanged(r directory.Recipient, since time.Time) bool {
	if since.IsZero() {
		return false
	}
	return slices.ContainsFunc(r.Local, func(d directory.Destination) bool { return d.Since.After(since) })
}

// count takes a message off what a recipient's account may get. An alias of
// several is held up by none of them.
func (d *Doorkeeper) count(r directory.Recipient) bool {
	if d.Rate == nil || len(r.Local) != 1 || len(r.Foreign) > 0 {
		return true
	}
	return d.Rate.Take(r.Local[0].Account, 1)
}

// overQuota reports whether a recipient's account has no room. An alias of
// several is held up by none of them.
func (d *Doorkeeper) overQuota(ctx context.Context, r directory.Recipient, size int64) (bool, error) {
	if len(r.Local) != 1 || len(r.Foreign) > 0 {
		return false, nil
	}
	err := d.Delivery.CheckQuota(ctx, r.Local[0].Account, size)
	if errors.Is(err, mailstore.ErrOverQuota) {
		return true, nil
	}
	return false, err
}
