package directory

import (
	"context"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// AddDomain makes a domain ours. It returns ErrExists if it is already.
func (d *Directory) AddDomain(ctx context.Context, name address.Domain) error {
	return d.change(ctx, func(t *tx) error {
		_, ok, err := find[domainRecord](t, domainKey(name))
		if err != nil || ok {
			return firstError(err, about(ErrExists, name))
		}
		t.set(domainKey(name), domainRecord{CreatedAt: d.options.Now().UTC()})
		return nil
	})
}

// RemoveDomain gives a domain up. It returns ErrDomainInUse while an account
// or an alias has an address in it.
func (d *Directory) RemoveDomain(ctx context.Context, name address.Domain) error {
	return d.change(ctx, func(t *tx) error {
		if _, err := t.domain(name); err != nil {
			return err
		}
		err := t.Scan(addressesIn(name), func(_, _ []byte) error {
			return about(ErrDomainInUse, name)
		})
		if err != nil {
			return err
		}
		t.delete(domainKey(name))
		return nil
	})
}

// SetCatchAll names who gets the mail of addresses that nobody in the domain
// has. The zero address ends it: such mail is refused again, which is how a
// domain starts.
func (d *Directory) SetCatchAll(ctx context.Context, name address.Domain, target address.Address) error {
	return d.change(ctx, func(t *tx) error {
		record, err := t.domain(name)
		if err != nil {
			return err
		}
		record.CatchAll = target
		t.set(domainKey(name), record)
		return nil
	})
}

// Domains lists the domains in the order of their names.
func (d *Directory) Domains(ctx context.Context) ([]Domain, error) {
	var domains []Domain
	err := d.store.Scan(wholeSpace(spaceDomain), func(key, value []byte) error {
		name, err := address.ParseDomain(string(key[1:]))
		if err != nil {
			return err
		}
		record, err := decode[domainRecord](value)
		if err != nil {
			return err
		}
		domains = append(domains, Domain{Name: name, CreatedAt: record.CreatedAt, CatchAll: record.CatchAll})
		return ctx.Err()
	})
	return domains, err
}

// IsLocal tells whether a domain is ours.
func (d *Directory) IsLocal(ctx context.Context, name address.Domain) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return isLocal(d.store, name)
}

func isLocal(r storage.Reader, name address.Domain) (bool, error) {
	_, ok, err := find[domainRecord](r, domainKey(name))
	return ok, err
}

// domain reads a domain that must exist.
func (t *tx) domain(name address.Domain) (domainRecord, error) {
	record, ok, err := find[domainRecord](t, domainKey(name))
	if err != nil || !ok {
		return record, firstError(err, about(ErrNotFound, name))
	}
	return record, nil
}
