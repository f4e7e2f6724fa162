package imapsession

import (
	"context"
	"errors"
	"math"
	"strings"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// quotaRoot is before the primary address of an account in the name of its
// quota root: each account has one, for all its mailboxes (RFC 9208 §3.2).
const quotaRoot = "#user/"

// storageUnit is what STORAGE counts in (RFC 9208 §5.1).
const storageUnit = 1024

var errNoRoot = imap.No(imap.CodeNonExistent, "No such quota root")

// Quota tells of a quota root. Who may read no mailbox of an account, and is no
// administrator, does not hear whether there is one.
func (s *session) Quota(ctx context.Context, root string) (*imap.Quota, error) {
	owner, err := s.rootOwner(ctx, root)
	if err != nil {
		return nil, err
	}
	may, err := s.mayKnowQuota(ctx, owner)
	if err != nil {
		return nil, translate(err)
	}
	if !may {
		return nil, errNoRoot
	}
	return s.quota(ctx, owner)
}

// rootOwner finds the account of a quota root.
func (s *session) rootOwner(ctx context.Context, root string) (directory.Account, error) {
	name, ok := strings.CutPrefix(root, quotaRoot)
	a, err := address.Parse(name)
	if !ok || err != nil {
		return directory.Account{}, errNoRoot
	}
	owner, err := s.Directory.AccountAt(ctx, a)
	if errors.Is(err, directory.ErrNotFound) {
		err = errNoRoot
	}
	return owner, err
}

func (s *session) mayKnowQuota(ctx context.Context, owner directory.Account) (bool, error) {
	id := mailstore.AccountID(owner.ID)
	if id == s.account.ID() {
		return true, nil
	}
	if admin, err := s.isAdmin(ctx); admin || err != nil {
		return admin, err
	}
	account, err := s.Mail.Lookup(ctx, id)
	if errors.Is(err, mailstore.ErrNoAccount) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	tree, err := account.Mailboxes(ctx)
	if err != nil {
		return false, err
	}
	for m := range tree.All() {
		if account.Rights(m, s.account.ID()).Has(imap.RightRead) {
			return true, nil
		}
	}
	return false, nil
}

// isAdmin reports whether the session's account is an administrator's now.
func (s *session) isAdmin(ctx context.Context) (bool, error) {
	self, err := s.Directory.Account(ctx, directory.AccountID(s.account.ID()))
	return self.Admin, err
}

// QuotaRoots tells of the one root that a mailbox has. In another account that
// takes the right r (RFC 9208 §6).
func (s *session) QuotaRoots(ctx context.Context, mailbox string) ([]imap.Quota, error) {
	at, err := s.locate(ctx, mailbox)
	if err == nil && !at.own() {
		_, err = s.resolve(ctx, mailbox, imap.RightRead)
	}
	if err != nil {
		return nil, translate(err)
	}
	owner, err := s.Directory.Account(ctx, directory.AccountID(at.account.ID()))
	if err != nil {
		return nil, err
	}
	q, err := s.quota(ctx, owner)
	if err != nil {
		return nil, err
	}
	return []imap.Quota{*q}, nil
}

// quota tells what an account uses of what.
func (s *session) quota(ctx context.Context, owner directory.Account) (*imap.Quota, error) {
	use, err := s.Mail.Use(ctx, mailstore.AccountID(owner.ID))
	if err != nil {
		return nil, translate(err)
	}
	q := &imap.Quota{Root: quotaRoot + owner.Address.String()}
	add := func(r imap.QuotaResource, usage, limit int64) {
		if limit != 0 {
			q.Resources = append(q.Resources, imap.QuotaUsage{Resource: r, Usage: usage, Limit: max(limit, 0)})
		}
	}
	add(imap.QuotaStorage, (use.Bytes+storageUnit-1)/storageUnit, units(use.Quota.Bytes))
	add(imap.QuotaMessage, use.Messages, use.Quota.Messages)
	add(imap.QuotaMailbox, use.Mailboxes, use.Quota.Mailboxes)
	return q, nil
}

// units turns a limit of bytes into one of STORAGE. Less than a unit is nothing.
func units(bytes int64) int64 {
	if bytes != 0 && bytes < storageUnit {
		return mailstore.NothingMore
	}
	return bytes / storageUnit
}

// SetQuota sets the quota of an account. Only administrators may.
func (s *session) SetQuota(ctx context.Context, root string, limits []imap.QuotaLimit) (*imap.Quota, error) {
	admin, err := s.isAdmin(ctx)
	if err != nil {
		return nil, err
	}
	if !admin {
		return nil, errNoPerm
	}
	owner, err := s.rootOwner(ctx, root)
	if err != nil {
		return nil, err
	}
	q, err := quotaOf(limits)
	if err != nil {
		return nil, err
	}
	if err := s.Directory.SetQuota(ctx, owner.ID, q); err != nil {
		return nil, err
	}
	return s.quota(ctx, owner)
}

// quotaOf returns the quota with these limits and no other (RFC 9208 §4.1.3).
func quotaOf(limits []imap.QuotaLimit) (directory.Quota, error) {
	q := directory.Quota{Bytes: directory.NoQuota, Messages: directory.NoQuota, Mailboxes: directory.NoQuota}
	for _, l := range limits {
		if l.Limit == 0 {
			l.Limit = directory.NothingMore
		}
		switch l.Resource {
		case imap.QuotaStorage:
			q.Bytes = l.Limit
			if l.Limit > 0 {
				q.Bytes = min(l.Limit, math.MaxInt64/storageUnit) * storageUnit
			}
		case imap.QuotaMessage:
			q.Messages = l.Limit
		case imap.QuotaMailbox:
			q.Mailboxes = l.Limit
		default:
			return q, imap.No(imap.CodeCannot, "No limit can be set on this resource")
		}
	}
	return q, nil
}

// tellQuota tells once when the account of the selected mailbox has come to
// store more than it may.
func (v *view) tellQuota(ctx context.Context, tell func()) error {
	over, err := v.at.account.OverQuota(ctx)
	if err != nil {
		return translate(err)
	}
	if over && !v.overQuota {
		tell()
	}
	v.overQuota = over
	return nil
}
