package directory

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A Verified counts what [Verify] has read, and names the accounts.
type Verified struct {
	Domains   int
	Addresses int
	Accounts  map[AccountID]string // and their addresses
}

const adviceRestore = "make the entry again with `mailstead account`, `mailstead alias` or `mailstead domain`, or restore a backup"

// Verify checks the rows of the directory and that they fit together: that an
// account's addresses lead to it, that an address leads to an account or to
// others, that who can log in has credentials, and that the domains are ours. It
// returns an error only if it could not go on.
func Verify(ctx context.Context, r storage.Reader, found func(damage.Finding)) (Verified, error) {
	v := &verifier{ctx: ctx, reader: r, report: found, Verified: Verified{Accounts: make(map[AccountID]string)}}
	s, err := read[state](r, stateKey())
	switch {
	case errors.Is(err, storage.ErrNotFound) && v.empty():
		return v.Verified, nil // nobody has opened it yet
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrCorrupt):
		v.lost(0, "", "the directory's version cannot be read")
	case err != nil:
		return v.Verified, err
	}
	v.last = s.LastAccount
	for _, check := range []func() error{v.accounts, v.addresses, v.domains, v.secrets} {
		if err := check(); err != nil {
			return v.Verified, err
		}
	}
	return v.Verified, nil
}

// A verifier is one run of Verify.
type verifier struct {
	Verified
	ctx    context.Context
	reader storage.Reader
	report func(damage.Finding)
	last   AccountID
}

func (v *verifier) lost(id AccountID, name, what string) {
	v.report(damage.Finding{Severity: damage.Lost, Account: uint64(id), Address: name, What: what, Do: adviceRestore})
}

func (v *verifier) wrong(id AccountID, name, format string, args ...any) {
	v.report(damage.Finding{Severity: damage.Wrong, Account: uint64(id), Address: name, What: fmt.Sprintf(format, args...), Do: adviceRestore})
}

func (v *verifier) empty() bool {
	empty := true
	_ = v.reader.Scan(storage.Range{Start: []byte{spaceState}, End: []byte{spacePOP3 + 1}}, func(_, _ []byte) error {
		empty = false
		return storage.ErrStop
	})
	return empty
}

// each goes through a subspace whose keys are account ids.
func (v *verifier) each(space byte, fn func(id AccountID, value []byte) error) error {
	return v.reader.Scan(wholeSpace(space), func(key, value []byte) error {
		if len(key) != 9 {
			v.wrong(0, "", "a key of the directory makes no sense")
			return nil
		}
		if err := v.ctx.Err(); err != nil {
			return err
		}
		return fn(AccountID(binary.BigEndian.Uint64(key[1:])), value)
	})
}

func (v *verifier) accounts() error {
	return v.each(spaceAccount, func(id AccountID, value []byte) error {
		record, err := decode[accountRecord](value)
		if err != nil {
			v.Accounts[id] = ""
			v.lost(id, "", "the account cannot be read")
			return nil
		}
		name := record.Address.String()
		v.Accounts[id] = name
		if id > v.last {
			v.wrong(id, name, "the account's number is above the last that was given, %d", v.last)
		}
		for _, a := range append([]address.Address{record.Address}, record.Addresses...) {
			if err := v.leadsTo(id, a); err != nil {
				return err
			}
		}
		return v.credentials(id, name, record.Shared)
	})
}

func (v *verifier) leadsTo(id AccountID, a address.Address) error {
	record, ok, err := find[addressRecord](v.reader, addressKey(a.Canonical()))
	switch {
	case errors.Is(err, storage.ErrCorrupt):
		return nil // addresses speaks of it
	case err != nil:
		return err
	case !ok || record.Account != id:
		v.wrong(id, a.String(), "the address does not lead to its account: mail to it is refused")
	}
	return nil
}

func (v *verifier) credentials(id AccountID, name string, shared bool) error {
	_, ok, err := find[credentials](v.reader, credentialsKey(id))
	switch {
	case errors.Is(err, storage.ErrCorrupt), err == nil && !ok && !shared:
		v.report(damage.Finding{Severity: damage.Lost, Account: uint64(id), Address: name, What: "the password is lost: nobody can log in", Do: "set a new one with `mailstead account passwd`"})
		return nil
	}
	return err
}

func (v *verifier) addresses() error {
	return v.reader.Scan(wholeSpace(spaceAddress), func(key, value []byte) error {
		v.Addresses++
		name, err := parseAddressKey(key)
		if err != nil {
			v.wrong(0, "", "a key of the directory makes no sense")
			return nil
		}
		record, err := decode[addressRecord](value)
		switch {
		case err != nil:
			v.lost(0, name.String(), "the address cannot be read: mail to it is refused")
		case !record.isAlias():
			if _, ok := v.Accounts[record.Account]; !ok {
				v.wrong(record.Account, name.String(), "the address leads to an account that is not there")
			}
		case len(record.Targets) == 0:
			v.wrong(0, name.String(), "the alias leads nowhere")
		}
		return v.ctx.Err()
	})
}

func (v *verifier) domains() error {
	known := make(map[string]bool)
	err := v.reader.Scan(wholeSpace(spaceDomain), func(key, value []byte) error {
		v.Domains++
		known[string(key[1:])] = true
		if _, err := decode[domainRecord](value); err != nil {
			v.lost(0, string(key[1:]), "the domain cannot be read")
		}
		return v.ctx.Err()
	})
	if err != nil {
		return err
	}
	return v.reader.Scan(wholeSpace(spaceAddress), func(key, _ []byte) error {
		if name, err := parseAddressKey(key); err == nil && !known[name.Domain.String()] {
			v.wrong(0, name.String(), "the domain of the address is not ours: mail to it is refused")
			known[name.Domain.String()] = true // once is enough
		}
		return v.ctx.Err()
	})
}

// secrets checks what stands by itself.
func (v *verifier) secrets() error {
	secret, err := v.reader.Get(nil, secretKey())
	if errors.Is(err, storage.ErrNotFound) || err == nil && len(secret) == 0 {
		v.lost(0, "", "the secret for unknown users is lost")
	} else if err != nil {
		return err
	}
	for _, space := range [...]byte{spaceCredentials, spacePOP3} {
		err := v.each(space, func(id AccountID, value []byte) error {
			name, ok := v.Accounts[id]
			if !ok {
				v.report(damage.Finding{Severity: damage.Unused, Account: uint64(id), What: "there are rows of an account that is not there", Do: "nothing need be done"})
				return nil
			}
			if _, err := decode[POP3](value); space == spacePOP3 && err != nil {
				v.lost(id, name, "the POP3 policy cannot be read")
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
