package directory

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/sasl"
)

// SetPassword replaces the credentials of an account. It returns ErrNotFound
// or ErrPassword.
func (d *Directory) SetPassword(ctx context.Context, id AccountID, password string) error {
	c, err := d.hasher.derive(ctx, password)
	if err != nil {
		return err
	}
	return d.change(ctx, func(t *tx) error {
		a, err := accountByID(t, id)
		if err != nil {
			return err
		}
		if a.Shared {
			return about(ErrShared, a.Address)
		}
		t.set(credentialsKey(id), c)
		return nil
	})
}

// Authenticate checks a login name, which is any address of an account, and
// its password. A shared account has none. It returns sasl.ErrCredentials if
// they do not fit, after the same work for names that nobody has;
// sasl.ErrDisabled if they fit and the account is switched off.
func (d *Directory) Authenticate(ctx context.Context, login, password string) (Account, error) {
	account, c, err := d.login(login)
	if errors.Is(err, ErrNotFound) {
		return Account{}, d.refuse(ctx, password)
	}
	if err != nil {
		return Account{}, err
	}
	if err := d.verify(ctx, account.ID, c, password); err != nil {
		return Account{}, err
	}
	if account.Disabled {
		return Account{}, sasl.ErrDisabled
	}
	return account, nil
}

// SCRAM returns the keys of a login name for SCRAM-SHA-256. For a name that
// nobody has, it returns keys that no password fits and a zero Account, so
// that the exchange fails where it fails for a wrong password. When it has
// succeeded, the caller must still look whether the account is disabled.
func (d *Directory) SCRAM(ctx context.Context, login string) (SCRAMKeys, Account, error) {
	if err := ctx.Err(); err != nil {
		return SCRAMKeys{}, Account{}, err
	}
	account, c, err := d.login(login)
	if errors.Is(err, ErrNotFound) {
		return decoyKeys(d.secret, canonicalLogin(login), d.options.SCRAMIterations), Account{}, nil
	}
	return c.SCRAM, account, err
}

// canonicalLogin is one form for all spellings of a login name. The spellings of
// a name that somebody has lead to one salt; so must those of the others.
func canonicalLogin(name string) string {
	a, err := address.Parse(name)
	if err != nil {
		return name
	}
	return a.Canonical().String()
}

// login reads the account and the credentials of a login name, or returns
// ErrNotFound.
func (d *Directory) login(name string) (Account, credentials, error) {
	a, err := address.Parse(name)
	if err != nil {
		return Account{}, credentials{}, ErrNotFound
	}
	snapshot := d.store.Snapshot()
	defer snapshot.Close()
	account, err := accountAt(snapshot, a)
	if err != nil {
		return Account{}, credentials{}, err
	}
	c, err := read[credentials](snapshot, credentialsKey(account.ID))
	if errors.Is(err, storage.ErrNotFound) {
		err = ErrNotFound
	}
	return account, c, err
}

// verify holds a password against the credentials of an account.
func (d *Directory) verify(ctx context.Context, id AccountID, c credentials, password string) error {
	if d.verified.has(id, c.Argon2, password) {
		return nil
	}
	prepared, err := prepare(password)
	if err != nil {
		return d.refuse(ctx, password)
	}
	hash, err := parsePasswordHash(c.Argon2)
	if err != nil {
		return err
	}
	ok, err := d.hasher.matches(ctx, hash, prepared)
	switch {
	case err != nil:
		return err
	case !ok:
		return sasl.ErrCredentials
	}
	d.verified.add(id, c.Argon2, password)
	return nil
}

// refuse does the work of verifying for nothing.
func (d *Directory) refuse(ctx context.Context, password string) error {
	password = password[:min(len(password), maxPassword)]
	if _, err := d.hasher.matches(ctx, d.hasher.decoy, password); err != nil {
		return err
	}
	return sasl.ErrCredentials
}
