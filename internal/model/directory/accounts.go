package directory

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// MaxAddresses is how many addresses an account may have beside its primary.
const MaxAddresses = 100

// pageSize is how many records a listing reads from one snapshot.
const pageSize = 256

// Account returns an account by its ID, or ErrNotFound. Its slices are shared:
// they must not be changed.
func (d *Directory) Account(ctx context.Context, id AccountID) (Account, error) {
	if err := ctx.Err(); err != nil {
		return Account{}, err
	}
	// As in Resolve, the memory is taken before the store is read.
	known := d.memory.Load()
	if a, ok := known.accounts.get(id); ok {
		return a, nil
	}
	a, err := accountByID(d.store, id)
	if err == nil {
		known.accounts.put(id, a)
	}
	return a, err
}

// AccountAt returns the account that an address belongs to, or ErrNotFound.
// Aliases and subaddresses belong to no account.
func (d *Directory) AccountAt(ctx context.Context, a address.Address) (Account, error) {
	if err := ctx.Err(); err != nil {
		return Account{}, err
	}
	snapshot := d.store.Snapshot()
	defer snapshot.Close()
	return accountAt(snapshot, a)
}

func accountAt(r storage.Reader, a address.Address) (Account, error) {
	record, ok, err := find[addressRecord](r, addressKey(a.Canonical()))
	if err != nil || !ok || record.isAlias() {
		return Account{}, firstError(err, about(ErrNotFound, a))
	}
	return accountByID(r, record.Account)
}

func accountByID(r storage.Reader, id AccountID) (Account, error) {
	record, ok, err := find[accountRecord](r, accountKey(id))
	if err != nil || !ok {
		return Account{}, firstError(err, fmt.Errorf("%w: account %d", ErrNotFound, id))
	}
	return record.account(id), nil
}

// Accounts goes through all accounts in the order of their IDs. It reads them
// in pages, so that a long listing holds no snapshot open; accounts that come
// or go meanwhile may or may not appear. An error ends it.
func (d *Directory) Accounts(ctx context.Context) iter.Seq2[Account, error] {
	return pages(ctx, d.store, spaceAccount, func(key, value []byte) (Account, error) {
		record, err := decode[accountRecord](value)
		return record.account(AccountID(binary.BigEndian.Uint64(key[1:]))), err
	})
}

// pages decodes a subspace key by key, a page at a time.
func pages[T any](ctx context.Context, r storage.Reader, space byte, decode func(key, value []byte) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		rest := wholeSpace(space)
		for {
			page, last, err := readPage(r, rest, decode)
			err = firstError(err, ctx.Err())
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			if len(page) < pageSize {
				return
			}
			rest = behind(last)
		}
	}
}

func readPage[T any](r storage.Reader, from storage.Range, decode func(key, value []byte) (T, error)) (page []T, last []byte, err error) {
	err = r.Scan(from, func(key, value []byte) error {
		item, err := decode(key, value)
		if err != nil {
			return err
		}
		page = append(page, item)
		if len(page) == pageSize {
			last = slices.Clone(key)
			return storage.ErrStop
		}
		return nil
	})
	return page, last, err
}

// RemoveAccount removes an account with its addresses and credentials, and
// returns what it was. Aliases that lead to it stay, and then lead nowhere.
//
// What other models keep for the account can go in the same batch: also, when
// it is not nil, adds that to the batch. It may be called more than once, and
// must do nothing else.
func (d *Directory) RemoveAccount(ctx context.Context, id AccountID, also func(*storage.Batch) error) (Account, error) {
	var removed Account
	err := d.change(ctx, func(t *tx) error {
		a, err := accountByID(t, id)
		if err != nil {
			return err
		}
		removed = a
		for _, addr := range append(a.Addresses, a.Address) {
			t.delete(addressKey(addr))
		}
		t.delete(accountKey(id))
		t.delete(credentialsKey(id))
		t.delete(pop3Key(id))
		if also != nil {
			return also(t.batch)
		}
		return nil
	})
	return removed, err
}

// Disable keeps an account from logging in and from receiving mail.
func (d *Directory) Disable(ctx context.Context, id AccountID) error {
	return d.update(ctx, id, func(_ *tx, a *Account) error {
		a.Disabled = true
		return nil
	})
}

// Enable undoes Disable.
func (d *Directory) Enable(ctx context.Context, id AccountID) error {
	return d.update(ctx, id, func(_ *tx, a *Account) error {
		a.Disabled = false
		return nil
	})
}

// AddAddress gives an account another address. It returns ErrExists if anyone
// has it, and ErrNoDomain if its domain is not ours.
func (d *Directory) AddAddress(ctx context.Context, id AccountID, addr address.Address) error {
	addr = addr.Canonical()
	return d.update(ctx, id, func(t *tx, a *Account) error {
		if len(a.Addresses) >= MaxAddresses {
			return about(ErrAddresses, a.Address)
		}
		if err := t.take(addr); err != nil {
			return err
		}
		a.Addresses = append(a.Addresses, addr)
		t.set(addressKey(addr), addressRecord{Account: id, Since: d.options.Now().UTC()})
		return nil
	})
}

// RemoveAddress takes an address away from an account. It returns ErrNotFound
// if the account does not have it, or has it as its primary address.
func (d *Directory) RemoveAddress(ctx context.Context, id AccountID, addr address.Address) error {
	addr = addr.Canonical()
	return d.update(ctx, id, func(t *tx, a *Account) error {
		i := slices.Index(a.Addresses, addr)
		if i < 0 {
			return about(ErrNotFound, addr)
		}
		a.Addresses = slices.Delete(a.Addresses, i, i+1)
		t.delete(addressKey(addr))
		return nil
	})
}

// update changes the record of one account.
func (d *Directory) update(ctx context.Context, id AccountID, fn func(*tx, *Account) error) error {
	return d.change(ctx, func(t *tx) error {
		a, err := accountByID(t, id)
		if err != nil {
			return err
		}
		if err := fn(t, &a); err != nil {
			return err
		}
		t.set(accountKey(id), a.record())
		return nil
	})
}
