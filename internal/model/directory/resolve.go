package directory

import (
	"context"
	"time"

	"github.com/mailstead/mailstead/address"
)

// A Kind says what the address of an envelope is to us.
type Kind uint8

// The kinds of recipients.
const (
	// NotOurs is an address in a domain that is not ours.
	NotOurs Kind = iota
	// Unknown is an address in a domain of ours that nobody has, or an
	// alias of which nothing is left.
	Unknown
	// Disabled is an address whose only accounts are switched off.
	Disabled
	// Deliverable is an address that leads to at least one account of ours
	// or, through an alias, to a foreign address.
	Deliverable
)

// String returns the kind's name, for logs.
func (k Kind) String() string {
	switch k {
	case NotOurs:
		return "not ours"
	case Unknown:
		return "unknown"
	case Disabled:
		return "disabled"
	case Deliverable:
		return "deliverable"
	}
	return "invalid"
}

// A Recipient is what an address comes to. Its slices are shared: they must
// not be changed.
type Recipient struct {
	Kind Kind
	// Local are the accounts that get the message, each once.
	Local []Destination
	// Foreign are the addresses elsewhere to which aliases lead.
	Foreign []address.Address
	// Broken are addresses in our domains to which aliases lead and which
	// nobody has: something for the administrator to put right.
	Broken []address.Address
}

// A Destination is an account that gets a message.
type Destination struct {
	Account AccountID
	// Address is by which address the account was reached, its detail
	// included: the last one after all aliases.
	Address address.Address
	// Detail of the subaddress (RFC 5233 §1), as written; empty for none.
	Detail string
	// Since is when the account got the address.
	Since time.Time
}

// Resolve says what the address of an envelope comes to. An address without a
// domain is ours only as <Postmaster> (RFC 5321 §4.1.1.3).
func (d *Directory) Resolve(ctx context.Context, a address.Address) (Recipient, error) {
	if err := ctx.Err(); err != nil {
		return Recipient{}, err
	}
	// It is taken before the store is read: if a change comes in
	// between, what is found goes into the memory that it has dropped.
	known := d.memory.Load()
	if r, ok := known.recipients.get(a); ok {
		return r, nil
	}
	snapshot := d.store.Snapshot()
	defer snapshot.Close()
	e, err := expand(snapshot, &d.options, a)
	if err != nil {
		return Recipient{}, err
	}
	if e.result.Kind == Deliverable && !e.fallback {
		known.keep(a, e.result)
	}
	return e.result, nil
}

// MayUse tells whether an account may send in the name of an address, as
// submission asks for the sender of a message: whoever gets the mail to an
// address may use it. That are the account's own addresses, their
// subaddresses, and the aliases that lead to it.
func (d *Directory) MayUse(ctx context.Context, id AccountID, a address.Address) (bool, error) {
	r, err := d.Resolve(ctx, a)
	if err != nil {
		return false, err
	}
	for _, destination := range r.Local {
		if destination.Account == id {
			return true, nil
		}
	}
	return false, nil
}
