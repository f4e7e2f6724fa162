package imapserver

import (
	"bytes"
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A QuotaSession is a Session with FeatureQuota: what mailboxes take is counted
// and limited by quota roots (RFC 9208), with the resources STORAGE, MESSAGE and
// MAILBOX.
type QuotaSession interface {
	// Quota tells of a quota root that the user may know of.
	Quota(ctx context.Context, root string) (*imap.Quota, error)
	// QuotaRoots tells of the roots of a mailbox, which need not exist.
	QuotaRoots(ctx context.Context, mailbox string) ([]imap.Quota, error)
	// SetQuota replaces all limits of a root and tells what they are then.
	SetQuota(ctx context.Context, root string, limits []imap.QuotaLimit) (*imap.Quota, error)
}

func (c *conn) quotaSession() (QuotaSession, error) {
	if s, ok := c.session.(QuotaSession); ok && c.opts.Features&FeatureQuota != 0 {
		return s, nil
	}
	return nil, imap.Bad("QUOTA is not supported")
}

// getQuota runs GETQUOTA (RFC 9208 §4.1.1).
func (c *conn) getQuota(ctx context.Context, req *request) error {
	root, err := c.quotaRoot()
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	session, err := c.quotaSession()
	if err != nil {
		return err
	}
	q, err := session.Quota(ctx, root)
	if err == nil {
		writeQuota(c.w, q)
	}
	return err
}

// quotaRoot takes a space and the name of a quota root.
func (c *conn) quotaRoot() (string, error) {
	if err := c.r.SP(); err != nil {
		return "", err
	}
	return c.r.AString()
}

// getQuotaRoot runs GETQUOTAROOT (RFC 9208 §4.1.2).
func (c *conn) getQuotaRoot(ctx context.Context, req *request) error {
	mailbox, err := c.onlyMailbox(req)
	if err != nil {
		return err
	}
	session, err := c.quotaSession()
	if err != nil {
		return err
	}
	roots, err := session.QuotaRoots(ctx, mailbox)
	if err != nil {
		return err
	}
	w := c.w
	w.Raw("* QUOTAROOT ")
	w.Mailbox(mailbox)
	for i := range roots {
		w.SP()
		w.AString(roots[i].Root)
	}
	w.CRLF()
	for i := range roots {
		writeQuota(w, &roots[i])
	}
	return nil
}

// setQuota runs SETQUOTA (RFC 9208 §4.1.3).
func (c *conn) setQuota(ctx context.Context, req *request) error {
	root, err := c.quotaRoot()
	if err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	var limits []imap.QuotaLimit
	err = c.r.List(func() error {
		limit, err := c.quotaLimit()
		limits = append(limits, limit)
		return err
	})
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	session, err := c.quotaSession()
	if err != nil {
		return err
	}
	q, err := session.SetQuota(ctx, root, limits)
	if err == nil {
		writeQuota(c.w, q)
	}
	return err
}

// quotaLimit takes a resource and its limit.
func (c *conn) quotaLimit() (imap.QuotaLimit, error) {
	name, err := c.r.Atom()
	if err != nil {
		return imap.QuotaLimit{}, err
	}
	resource := imap.QuotaResource(bytes.ToUpper(name))
	if err := c.r.SP(); err != nil {
		return imap.QuotaLimit{}, err
	}
	limit, err := c.r.Number64()
	return imap.QuotaLimit{Resource: resource, Limit: limit}, err
}

// writeQuota writes a QUOTA response (RFC 9208 §4.2.1).
func writeQuota(w *imapwire.Writer, q *imap.Quota) {
	w.Raw("* QUOTA ")
	w.AString(q.Root)
	w.Raw(" (")
	for i, r := range q.Resources {
		if i > 0 {
			w.SP()
		}
		w.Raw(string(r.Resource))
		w.SP()
		w.Number(uint64(r.Usage))
		w.SP()
		w.Number(uint64(r.Limit))
	}
	w.Raw(")\r\n")
}

// OverQuota tells that more is stored than the quota of the selected mailbox
// allows (RFC 9208 §4.3.1).
func (u *UpdateWriter) OverQuota() {
	u.flush()
	u.w.Raw("* NO [OVERQUOTA] Quota is exceeded\r\n")
}
