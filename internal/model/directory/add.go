package directory

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/mailstead/mailstead/address"
)

// addTogether is how many accounts share a batch when many are added. It
// keeps a batch well under storage.MaxBatchSize.
const addTogether = 500

// A NewAccount describes an account to be added.
type NewAccount struct {
	Address  address.Address
	Password string
	// Shared makes it a shared account, without a password: see
	// Account.Shared.
	Shared bool
	Quota  Quota
}

// An Added is what became of one NewAccount: an account or an error.
type Added struct {
	Account Account
	Err     error
}

// AddAccount adds an account with its credentials. It returns ErrExists if
// anyone has the address, ErrNoDomain if its domain is not ours, ErrAddress or
// ErrPassword if one of them cannot be used.
func (d *Directory) AddAccount(ctx context.Context, a NewAccount) (Account, error) {
	added, err := d.AddAccounts(ctx, []NewAccount{a})
	if err != nil {
		return Account{}, err
	}
	return added[0].Account, added[0].Err
}

// AddAccounts adds many accounts in few batches, hashing their passwords side
// by side. The result has an entry for each account, in their order. An error
// means that not all were tried: the result is then shorter, and what it has
// was added for good.
func (d *Directory) AddAccounts(ctx context.Context, accounts []NewAccount) ([]Added, error) {
	added := make([]Added, 0, len(accounts))
	for len(accounts) > 0 {
		n := min(addTogether, len(accounts))
		some, err := d.addSome(ctx, accounts[:n])
		if err != nil {
			return added, err
		}
		added = append(added, some...)
		accounts = accounts[n:]
	}
	return added, nil
}

// A candidate is a NewAccount on its way.
type candidate struct {
	NewAccount
	credentials credentials
	err         error // why it is not to be added
}

func (d *Directory) addSome(ctx context.Context, accounts []NewAccount) ([]Added, error) {
	candidates, err := d.prepare(ctx, accounts)
	if err != nil {
		return nil, err
	}
	var added []Added
	err = d.change(ctx, func(t *tx) error {
		added = make([]Added, len(candidates))
		for i, c := range candidates {
			added[i].Account, added[i].Err = d.insert(t, c)
			if added[i].Err != nil && !isRefusal(added[i].Err) {
				return added[i].Err
			}
		}
		return nil
	})
	return added, err
}

// prepare hashes the passwords of those who have a chance to be added.
func (d *Directory) prepare(ctx context.Context, accounts []NewAccount) ([]candidate, error) {
	candidates := make([]candidate, len(accounts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(d.options.HashParallelism)
	for i, a := range accounts {
		c := &candidates[i]
		c.NewAccount = a
		c.Address = a.Address.Canonical()
		if _, err := accountAt(d.store, c.Address); err == nil {
			c.err = about(ErrExists, c.Address)
			continue
		}
		if c.Shared {
			if c.Password != "" {
				c.err = about(ErrShared, c.Address)
			}
			continue
		}
		group.Go(func() error {
			var err error
			c.credentials, err = d.hasher.derive(ctx, c.Password)
			if errors.Is(err, ErrPassword) {
				c.err, err = about(ErrPassword, c.Address), nil
			}
			return err
		})
	}
	return candidates, group.Wait()
}

// insert writes one account, or nothing if it returns an error.
func (d *Directory) insert(t *tx, c candidate) (Account, error) {
	if c.err != nil {
		return Account{}, c.err
	}
	if err := c.Quota.check(); err != nil {
		return Account{}, err
	}
	if err := t.take(c.Address); err != nil {
		return Account{}, err
	}
	t.state.LastAccount++
	a := Account{
		ID:        t.state.LastAccount,
		Address:   c.Address,
		Shared:    c.Shared,
		Quota:     c.Quota,
		CreatedAt: d.options.Now().UTC(),
	}
	t.set(accountKey(a.ID), a.record())
	t.set(addressKey(a.Address), addressRecord{Account: a.ID})
	if !a.Shared {
		t.set(credentialsKey(a.ID), c.credentials)
	}
	return a, nil
}

// isRefusal tells the errors about one account from failures of the store.
func isRefusal(err error) bool {
	for _, refusal := range []error{ErrExists, ErrNoDomain, ErrAddress, ErrPassword, ErrShared} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
