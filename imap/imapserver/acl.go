package imapserver

import (
	"context"

	"github.com/xdg-go/stringprep"

	"github.com/mailstead/mailstead/imap"
)

// An ACLSession is a Session with FeatureACL: mailboxes have access control
// lists (RFC 4314). Identifiers come prepared by SASLprep; one that begins with
// "-" takes rights away. The session checks the rights of its user here as in
// all other methods: what the user has no right to see at all does not exist.
type ACLSession interface {
	// SetACL changes the rights that an identifier is given. An identifier
	// that is left without rights is removed.
	SetACL(ctx context.Context, mailbox, identifier string, change imap.RightsChange) error
	ACL(ctx context.Context, mailbox string) ([]imap.ACLEntry, error)
	ListRights(ctx context.Context, mailbox, identifier string) (imap.RightsList, error)
	MyRights(ctx context.Context, mailbox string) (imap.Rights, error)
}

func (c *conn) aclSession() (ACLSession, error) {
	if s, ok := c.session.(ACLSession); ok && c.opts.Features&FeatureACL != 0 {
		return s, nil
	}
	return nil, imap.Bad("ACL is not supported")
}

// setACL runs SETACL (RFC 4314 §3.1).
func (c *conn) setACL(ctx context.Context, req *request) error {
	mailbox, identifier, err := c.aclSubject()
	if err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	letters, err := c.r.AString()
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	change, err := imap.ParseRightsChange(letters)
	if err != nil {
		return err
	}
	return c.changeACL(ctx, mailbox, identifier, change)
}

// deleteACL runs DELETEACL (RFC 4314 §3.2).
func (c *conn) deleteACL(ctx context.Context, req *request) error {
	mailbox, identifier, err := c.aclSubject()
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	return c.changeACL(ctx, mailbox, identifier, imap.RightsChange{Action: imap.StoreReplace})
}

func (c *conn) changeACL(ctx context.Context, mailbox, identifier string, change imap.RightsChange) error {
	session, err := c.aclSession()
	if err != nil {
		return err
	}
	identifier, err = prepareIdentifier(identifier)
	if err != nil {
		return err
	}
	return session.SetACL(ctx, mailbox, identifier, change)
}

// aclSubject takes a mailbox name and an identifier.
func (c *conn) aclSubject() (mailbox, identifier string, err error) {
	if mailbox, err = c.mailbox(); err != nil {
		return "", "", err
	}
	if err = c.r.SP(); err != nil {
		return "", "", err
	}
	identifier, err = c.r.AString()
	return mailbox, identifier, err
}

// prepareIdentifier makes identifiers that look alike the same (RFC 4314 §3).
func prepareIdentifier(s string) (string, error) {
	prepared, err := stringprep.SASLprep.Prepare(s)
	if err != nil || prepared == "" || prepared == "-" {
		return "", imap.Bad("Not an identifier")
	}
	return prepared, nil
}

// getACL runs GETACL (RFC 4314 §3.3).
func (c *conn) getACL(ctx context.Context, req *request) error {
	mailbox, err := c.onlyMailbox(req)
	if err != nil {
		return err
	}
	session, err := c.aclSession()
	if err != nil {
		return err
	}
	list, err := session.ACL(ctx, mailbox)
	if err != nil {
		return err
	}
	w := c.w
	w.Raw("* ACL ")
	w.Mailbox(mailbox)
	for _, e := range list {
		w.SP()
		w.AString(e.Identifier)
		w.SP()
		w.AString(e.Rights.String())
	}
	w.CRLF()
	return nil
}

// listRights runs LISTRIGHTS (RFC 4314 §3.4). The identifier is told as the
// client has written it.
func (c *conn) listRights(ctx context.Context, req *request) error {
	mailbox, identifier, err := c.aclSubject()
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	session, err := c.aclSession()
	if err != nil {
		return err
	}
	prepared, err := prepareIdentifier(identifier)
	if err != nil {
		return err
	}
	list, err := session.ListRights(ctx, mailbox, prepared)
	if err != nil {
		return err
	}
	w := c.w
	w.Raw("* LISTRIGHTS ")
	w.Mailbox(mailbox)
	w.SP()
	w.AString(identifier)
	w.SP()
	w.AString(list.Required.String())
	for _, letter := range list.Optional.String() {
		w.SP()
		w.Raw(string(letter))
	}
	w.CRLF()
	return nil
}

// PermanentFlags tells which flags there are and which of them the client can
// change from now on (RFC 4314 §5.1.1).
func (u *UpdateWriter) PermanentFlags(flags, permanent []imap.Flag) {
	u.flush()
	u.w.Raw("* FLAGS ")
	u.w.Flags(flags)
	u.w.Raw("\r\n* OK [PERMANENTFLAGS ")
	u.w.Flags(permanent)
	u.w.Raw("] Flags permitted\r\n")
}

// myRights runs MYRIGHTS (RFC 4314 §3.5).
func (c *conn) myRights(ctx context.Context, req *request) error {
	mailbox, err := c.onlyMailbox(req)
	if err != nil {
		return err
	}
	session, err := c.aclSession()
	if err != nil {
		return err
	}
	rights, err := session.MyRights(ctx, mailbox)
	if err != nil {
		return err
	}
	writeMyRights(c.w, mailbox, rights)
	return nil
}
