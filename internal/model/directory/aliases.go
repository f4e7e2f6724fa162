package directory

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// MaxTargets is how many targets an alias may have. So many fit into one
// record, however long they are.
const MaxTargets = 200

// AddAlias makes an address stand for others. The address must be in a domain
// of ours and nobody's (ErrNoDomain, ErrExists); the targets may be anywhere,
// and need not exist yet. It returns ErrAliasLoop if the targets would lead
// back to the alias.
func (d *Directory) AddAlias(ctx context.Context, alias Alias) error {
	name := alias.Address.Canonical()
	targets := compact(alias.Targets)
	if len(targets) == 0 || len(targets) > MaxTargets {
		return about(ErrTargets, name)
	}
	return d.change(ctx, func(t *tx) error {
		if err := t.take(name); err != nil {
			return err
		}
		t.set(addressKey(name), addressRecord{Targets: targets})
		e, err := expand(t, &d.options, name)
		if err == nil && e.looped {
			err = about(ErrAliasLoop, name)
		}
		return err
	})
}

// RemoveAlias removes an alias, or returns ErrNotFound.
func (d *Directory) RemoveAlias(ctx context.Context, name address.Address) error {
	key := addressKey(name.Canonical())
	return d.change(ctx, func(t *tx) error {
		record, ok, err := find[addressRecord](t, key)
		if err != nil || !ok || !record.isAlias() {
			return firstError(err, about(ErrNotFound, name))
		}
		t.delete(key)
		return nil
	})
}

// Aliases goes through all aliases in the order of their domains and local
// parts, in the manner of Accounts.
func (d *Directory) Aliases(ctx context.Context) iter.Seq2[Alias, error] {
	all := pages(ctx, d.store, spaceAddress, func(key, value []byte) (Alias, error) {
		name, err := parseAddressKey(key)
		if err != nil {
			return Alias{}, err
		}
		record, err := decode[addressRecord](value)
		return Alias{Address: name, Targets: record.Targets}, err
	})
	return func(yield func(Alias, error) bool) {
		for alias, err := range all {
			if err == nil && alias.Targets == nil {
				continue // an account's address
			}
			if !yield(alias, err) {
				return
			}
		}
	}
}

// compact drops the targets that are there twice.
func compact(targets []address.Address) []address.Address {
	var kept []address.Address
	seen := make(map[address.Address]bool, len(targets))
	for _, target := range targets {
		if c := target.Canonical(); !seen[c] {
			seen[c] = true
			kept = append(kept, target)
		}
	}
	return slices.Clip(kept)
}

// parseAddressKey undoes addressKey.
func parseAddressKey(key []byte) (address.Address, error) {
	domain, local, ok := strings.Cut(string(key[1:]), "\x00")
	name, err := address.ParseDomain(domain)
	if !ok || err != nil || name.String() != domain {
		return address.Address{}, fmt.Errorf("directory: %w: key of an address", storage.ErrCorrupt)
	}
	return address.Address{Local: address.LocalPart(local), Domain: name}, nil
}
