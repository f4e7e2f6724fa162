package imapsession

import (
	"context"
	"errors"
	"strings"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// The namespaces of mailboxes of other accounts (RFC 2342). Below each stands
// the account's primary address, and below that the account's own names.
const (
	otherUsers = "Other Users/"
	shared     = "Shared/"
)

// Namespace tells of the personal namespace, that of other users, and that of
// shared accounts.
func (s *session) Namespace(context.Context) (*imap.NamespaceData, error) {
	space := func(prefix string) []imap.Namespace {
		return []imap.Namespace{{Prefix: prefix, Delim: mailstore.Delimiter}}
	}
	return &imap.NamespaceData{Personal: space(""), Other: space(otherUsers), Shared: space(shared)}, nil
}

// A location is where a name leads, whether a mailbox is there or not.
type location struct {
	account *mailstore.Account
	by      mailstore.AccountID // who asks
	prefix  string              // before names of another account
	name    string              // in the account
}

// own reports whether the location is in the account of who asks.
func (l *location) own() bool { return l.account.ID() == l.by }

// locate finds the account that a mailbox name leads to. It returns
// mailstore.ErrNoMailbox if there is none.
func (s *session) locate(ctx context.Context, name string) (location, error) {
	space, rest := cutNamespace(name)
	if space == "" {
		return s.ownLocation(name), nil
	}
	// Mailboxes that were here before the namespaces were can still be used.
	tree, err := s.account.Mailboxes(ctx)
	if err != nil {
		return location{}, err
	}
	if _, ok := tree.Find(name); ok {
		return s.ownLocation(name), nil
	}
	user, local, _ := strings.Cut(rest, string(mailstore.Delimiter))
	owner, err := s.ownerAt(ctx, space, user)
	if err != nil || local == "" || owner == s.account.ID() {
		return location{}, errors.Join(err, mailstore.ErrNoMailbox)
	}
	account, err := s.Mail.Lookup(ctx, owner)
	if errors.Is(err, mailstore.ErrNoAccount) {
		return location{}, mailstore.ErrNoMailbox
	}
	prefix := space + user + string(mailstore.Delimiter)
	return location{account: account, by: s.account.ID(), prefix: prefix, name: local}, err
}

func (s *session) ownLocation(name string) location {
	return location{account: s.account, by: s.account.ID(), name: name}
}

// cutNamespace returns the namespace of other accounts that a name is in, and
// what follows; the namespace is empty for names of the own account.
func cutNamespace(name string) (space, rest string) {
	for _, space := range [...]string{otherUsers, shared} {
		if rest, ok := strings.CutPrefix(name, space); ok {
			return space, rest
		}
		if name == space[:len(space)-1] {
			return space, ""
		}
	}
	return "", name
}

// canonicalName returns the form in which a name is kept, with the INBOX of
// another account in upper case.
func canonicalName(name string) string {
	space, rest := cutNamespace(name)
	user, local, ok := strings.Cut(rest, string(mailstore.Delimiter))
	if space == "" || !ok {
		return name
	}
	return space + user + string(mailstore.Delimiter) + imap.CanonicalMailboxName(local, mailstore.Delimiter)
}

// ownerAt returns the account that has a place in a namespace.
func (s *session) ownerAt(ctx context.Context, space, user string) (mailstore.AccountID, error) {
	a, err := address.Parse(levelDecoder().Replace(user))
	if err != nil {
		return 0, nil
	}
	account, err := s.Directory.AccountAt(ctx, a)
	if errors.Is(err, directory.ErrNotFound) {
		return 0, nil
	}
	if err != nil || account.Shared != (space == shared) || user != levelOf(account.Address) {
		return 0, err
	}
	return mailstore.AccountID(account.ID), nil
}

// prefixOf returns what stands before the names of an account.
func prefixOf(a directory.Account) string {
	space := otherUsers
	if a.Shared {
		space = shared
	}
	return space + levelOf(a.Address) + string(mailstore.Delimiter)
}

// levelOf makes an address one level of a mailbox name: the delimiter, and what
// LIST takes for a wildcard, may stand in a local part.
func levelOf(a address.Address) string {
	return strings.NewReplacer("=", "=3D", "/", "=2F", "%", "=25", "*", "=2A").Replace(a.String())
}

func levelDecoder() *strings.Replacer {
	return strings.NewReplacer("=3D", "=", "=2F", "/", "=25", "%", "=2A", "*")
}
