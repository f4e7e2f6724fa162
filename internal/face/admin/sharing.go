package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/flow/sharing"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// An ACL is the access control list of a mailbox (RFC 4314).
type ACL struct {
	Mailbox string     `json:"mailbox"`
	Entries []ACLEntry `json:"entries"`
}

// An ACLEntry is an identifier with the letters of its rights.
type ACLEntry struct {
	Identifier string `json:"identifier"`
	Rights     string `json:"rights"`
}

// An ACLChange sets the rights of an identifier on a mailbox, adds rights with
// a "+" before them, or takes them away with a "-".
type ACLChange struct {
	Mailbox string `json:"mailbox"`
	ACLEntry
}

// A QuotaChange sets those limits of an account that are not nil: zero is the
// server's default, -1 no limit, -2 that nothing may be added.
type QuotaChange struct {
	Bytes     *int64 `json:"bytes,omitempty"`
	Messages  *int64 `json:"messages,omitempty"`
	Mailboxes *int64 `json:"mailboxes,omitempty"`
}

// adminMark is the body of a request that makes an account an administrator's.
type adminMark struct {
	Admin bool `json:"admin"`
}

func (a *API) setQuota(r *http.Request) (any, error) {
	account, err := a.account(r)
	if err != nil {
		return nil, err
	}
	to, err := decode[QuotaChange](r)
	if err != nil {
		return nil, err
	}
	q := account.Quota
	for _, part := range [...]struct{ to, from *int64 }{
		{&q.Bytes, to.Bytes}, {&q.Messages, to.Messages}, {&q.Mailboxes, to.Mailboxes},
	} {
		if part.from == nil {
			continue
		}
		if *part.to = *part.from; *part.to < directory.NothingMore {
			return nil, errRequest
		}
	}
	return nil, a.Directory.SetQuota(r.Context(), account.ID, q)
}

func (a *API) setAdmin(r *http.Request) (any, error) {
	account, err := a.account(r)
	if err != nil {
		return nil, err
	}
	to, err := decode[adminMark](r)
	if err != nil {
		return nil, err
	}
	if to.Admin {
		return nil, a.Directory.Promote(r.Context(), account.ID)
	}
	return nil, a.Directory.Demote(r.Context(), account.ID)
}

// listACLs lists the mailboxes of an account with those who have rights on
// them, or one of them.
func (a *API) listACLs(r *http.Request) (any, error) {
	mail, tree, err := a.mailboxes(r)
	if err != nil {
		return nil, err
	}
	list := []ACL{}
	if name := r.URL.Query().Get("mailbox"); name != "" {
		box, ok := tree.Find(name)
		if !ok {
			return nil, mailstore.ErrNoMailbox
		}
		one, err := a.aclOf(r.Context(), mail.ID(), box)
		return append(list, one), err
	}
	for box := range tree.All() {
		one, err := a.aclOf(r.Context(), mail.ID(), box)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// mailboxes opens the account that a request names.
func (a *API) mailboxes(r *http.Request) (*mailstore.Account, *mailstore.Tree, error) {
	account, err := a.account(r)
	if err != nil {
		return nil, nil, err
	}
	mail, err := a.Mail.Account(r.Context(), mailstore.AccountID(account.ID))
	if err != nil {
		return nil, nil, err
	}
	tree, err := mail.Mailboxes(r.Context())
	return mail, tree, err
}

func (a *API) aclOf(ctx context.Context, owner mailstore.AccountID, box *mailstore.Mailbox) (ACL, error) {
	acl := ACL{Mailbox: box.Name, Entries: []ACLEntry{}}
	entries, err := sharing.List(ctx, a.Directory, owner, box)
	for _, e := range entries {
		acl.Entries = append(acl.Entries, ACLEntry{e.Identifier, e.Rights.String()})
	}
	return acl, err
}

func (a *API) changeACL(r *http.Request) (any, error) {
	req, err := decode[ACLChange](r)
	if err != nil {
		return nil, err
	}
	change, err := imap.ParseRightsChange(req.Rights)
	if err != nil {
		return nil, errRights
	}
	mail, tree, err := a.mailboxes(r)
	if err != nil {
		return nil, err
	}
	box, ok := tree.Find(req.Mailbox)
	if !ok {
		return nil, mailstore.ErrNoMailbox
	}
	on := sharing.Subject{Account: mail, Mailbox: box.ID}
	return nil, sharing.Set(r.Context(), a.Directory, on, req.Identifier, change)
}

var errRights = errors.New("rights are letters of lrswipkxteacd, perhaps with + or - before them")

// SetQuota changes limits of an account.
func (c *Client) SetQuota(ctx context.Context, address string, to QuotaChange) error {
	return c.do(ctx, "PUT", "/v1/accounts/"+url.PathEscape(address)+"/quota", to, nil)
}

// SetAdmin says whether an account is an administrator's.
func (c *Client) SetAdmin(ctx context.Context, address string, admin bool) error {
	return c.do(ctx, "PUT", "/v1/accounts/"+url.PathEscape(address)+"/admin", adminMark{admin}, nil)
}

// ACLs lists who has rights on a mailbox of an account, or on each if mailbox
// is empty.
func (c *Client) ACLs(ctx context.Context, address, mailbox string) ([]ACL, error) {
	var all []ACL
	query := "?mailbox=" + url.QueryEscape(mailbox)
	err := c.do(ctx, "GET", "/v1/accounts/"+url.PathEscape(address)+"/acl"+query, nil, &all)
	return all, err
}

// ChangeACL changes who has rights on a mailbox of an account.
func (c *Client) ChangeACL(ctx context.Context, address string, change ACLChange) error {
	return c.do(ctx, "PUT", "/v1/accounts/"+url.PathEscape(address)+"/acl", change, nil)
}
