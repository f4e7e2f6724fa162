package inbound

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A Verdict is what becomes of a recipient.
type Verdict int

// The verdicts.
const (
	Accept       Verdict = iota
	RefuseRelay          // in another house: we do not relay for strangers
	RefuseNobody         // in our house, but nobody has the address
	RefuseDisabled
	DeferOverQuota
)

// Facts are what is known of a recipient.
type Facts struct {
	Kind      directory.Kind
	OverQuota bool // none of its accounts has room
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
	case f.OverQuota:
		return DeferOverQuota
	}
	return Accept
}

// A Doorkeeper looks at recipients.
type Doorkeeper struct {
	Directory *directory.Directory
	Delivery  *delivery.Deliverer
}

// Recipient finds out what an address comes to, and judges it. size is the
// message's size as far as the client has told it.
func (d *Doorkeeper) Recipient(ctx context.Context, a address.Address, size int64) (directory.Recipient, Verdict, error) {
	found, err := d.Directory.Resolve(ctx, a)
	if err != nil {
		return found, 0, err
	}
	full, err := d.overQuota(ctx, found, size)
	if err != nil {
		return found, 0, err
	}
	return found, Judge(Facts{Kind: found.Kind, OverQuota: full}), nil
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
