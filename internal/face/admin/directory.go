package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

func (a *API) listDomains(r *http.Request) (any, error) {
	domains, err := a.Directory.Domains(r.Context())
	list := make([]Domain, 0, len(domains))
	for _, d := range domains {
		list = append(list, Domain{Name: d.Name.String(), Created: d.CreatedAt})
	}
	return list, err
}

func (a *API) addDomain(r *http.Request) (any, error) {
	name, err := parseDomain(r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	return nil, a.Directory.AddDomain(r.Context(), name)
}

func (a *API) removeDomain(r *http.Request) (any, error) {
	name, err := parseDomain(r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	return nil, a.Directory.RemoveDomain(r.Context(), name)
}

func (a *API) listAccounts(r *http.Request) (any, error) {
	list := []Account{}
	for account, err := range a.Directory.Accounts(r.Context()) {
		if err != nil {
			return nil, err
		}
		one, err := a.describe(r.Context(), account)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

func (a *API) showAccount(r *http.Request) (any, error) {
	account, err := a.account(r)
	if err != nil {
		return nil, err
	}
	return a.describe(r.Context(), account)
}

// describe returns an account as it is shown.
func (a *API) describe(ctx context.Context, account directory.Account) (Account, error) {
	one := Account{
		Address: account.Address.String(), Disabled: account.Disabled,
		Shared: account.Shared, Admin: account.Admin, Created: account.CreatedAt,
		Quota: account.Quota.Bytes, QuotaMessages: account.Quota.Messages, QuotaMailboxes: account.Quota.Mailboxes,
	}
	for _, other := range account.Addresses {
		one.Addresses = append(one.Addresses, other.String())
	}
	usage, err := a.usage(ctx, account.ID)
	if err != nil {
		return one, err
	}
	one.Messages, one.Bytes = usage.Messages, usage.Bytes
	one.POP3, err = a.pop3Of(ctx, account.ID)
	return one, err
}

func (a *API) usage(ctx context.Context, id directory.AccountID) (mailstore.Usage, error) {
	account, err := a.Mail.Account(ctx, mailstore.AccountID(id))
	if err != nil {
		return mailstore.Usage{}, err
	}
	return account.Usage(ctx)
}

func (a *API) addAccounts(r *http.Request) (any, error) {
	req, err := decode[AddAccounts](r)
	if err != nil {
		return nil, err
	}
	return a.Add(r.Context(), req)
}

// Add adds accounts, and tells what became of each.
func (a *API) Add(ctx context.Context, req AddAccounts) ([]Added, error) {
	accounts, err := newAccounts(req.Accounts)
	if err != nil {
		return nil, err
	}
	if req.MakeDomains {
		if err := makeDomains(ctx, a.Directory, accounts); err != nil {
			return nil, err
		}
	}
	results, err := a.Directory.AddAccounts(ctx, accounts)
	list := make([]Added, len(results))
	for i, one := range results {
		list[i].Address = req.Accounts[i].Address
		if one.Err != nil {
			list[i].Error = one.Err.Error()
			list[i].Exists = errors.Is(one.Err, directory.ErrExists)
		}
	}
	return list, err
}

func newAccounts(list []NewAccount) ([]directory.NewAccount, error) {
	accounts := make([]directory.NewAccount, 0, len(list))
	for _, one := range list {
		addr, err := parseAddress(one.Address)
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, directory.NewAccount{Address: addr, Password: one.Password, Shared: one.Shared})
	}
	return accounts, nil
}

// makeDomains adds the domains of new accounts that are missing.
func makeDomains(ctx context.Context, d *directory.Directory, accounts []directory.NewAccount) error {
	seen := make(map[address.Domain]bool)
	for _, one := range accounts {
		name := one.Address.Domain
		if seen[name] {
			continue
		}
		seen[name] = true
		if err := d.AddDomain(ctx, name); err != nil && !errors.Is(err, directory.ErrExists) {
			return err
		}
	}
	return nil
}

// account finds the account that the path names.
func (a *API) account(r *http.Request) (directory.Account, error) {
	addr, err := parseAddress(r.PathValue("address"))
	if err != nil {
		return directory.Account{}, err
	}
	return a.Directory.AccountAt(r.Context(), addr)
}

func (a *API) removeAccount(r *http.Request) (any, error) {
	account, err := a.account(r)
	if err != nil {
		return nil, err
	}
	// First nobody can log in or deliver any more, then the mail goes, and at
	// last the name. What is interrupted can be begun again.
	if err := a.Directory.Disable(r.Context(), account.ID); err != nil {
		return nil, err
	}
	if err := a.Mail.DeleteAccount(r.Context(), mailstore.AccountID(account.ID)); err != nil {
		return nil, err
	}
	if err := a.Mail.Revoke(r.Context(), mailstore.AccountID(account.ID)); err != nil {
		return nil, err
	}
	_, err = a.Directory.RemoveAccount(r.Context(), account.ID, func(b *storage.Batch) error {
		maildrop.Remove(b, maildrop.AccountID(account.ID))
		return nil
	})
	return nil, err
}

func (a *API) setPassword(r *http.Request) (any, error) {
	account, err := a.account(r)
	if err != nil {
		return nil, err
	}
	to, err := decode[password](r)
	if err != nil {
		return nil, err
	}
	return nil, a.Directory.SetPassword(r.Context(), account.ID, to.Password)
}

func (a *API) disableAccount(r *http.Request) (any, error) {
	account, err := a.account(r)
	if err != nil {
		return nil, err
	}
	return nil, a.Directory.Disable(r.Context(), account.ID)
}

func (a *API) enableAccount(r *http.Request) (any, error) {
	account, err := a.account(r)
	if err != nil {
		return nil, err
	}
	return nil, a.Directory.Enable(r.Context(), account.ID)
}

func (a *API) listAliases(r *http.Request) (any, error) {
	list := []Alias{}
	for alias, err := range a.Directory.Aliases(r.Context()) {
		if err != nil {
			return nil, err
		}
		one := Alias{Address: alias.Address.String()}
		for _, target := range alias.Targets {
			one.Targets = append(one.Targets, target.String())
		}
		list = append(list, one)
	}
	return list, nil
}

func (a *API) addAlias(r *http.Request) (any, error) {
	req, err := decode[Alias](r)
	if err != nil {
		return nil, err
	}
	alias := directory.Alias{}
	if alias.Address, err = parseAddress(req.Address); err != nil {
		return nil, err
	}
	for _, s := range req.Targets {
		target, err := parseAddress(s)
		if err != nil {
			return nil, err
		}
		alias.Targets = append(alias.Targets, target)
	}
	return nil, a.Directory.AddAlias(r.Context(), alias)
}

func (a *API) removeAlias(r *http.Request) (any, error) {
	addr, err := parseAddress(r.PathValue("address"))
	if err != nil {
		return nil, err
	}
	return nil, a.Directory.RemoveAlias(r.Context(), addr)
}
