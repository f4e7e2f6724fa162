package imapsession

import (
	"context"
	"errors"
	"io"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/flow/imapurl"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// OpenURL opens what a relative URL of CATENATE means (RFC 4469 §3).
func (s *session) OpenURL(ctx context.Context, u imap.URL) (io.ReadCloser, error) {
	account, id, err := s.mailboxOf(ctx, &u)
	if err != nil {
		return nil, translate(err)
	}
	content, err := imapurl.OpenIn(ctx, account, id, &u)
	if err != nil {
		return nil, translate(err)
	}
	return content, nil
}

// mailboxOf finds the mailbox of a relative URL: the selected one if it names
// none.
func (s *session) mailboxOf(ctx context.Context, u *imap.URL) (*mailstore.Account, mailstore.MailboxID, error) {
	switch {
	case u.Mailbox != "":
		t, err := s.resolve(ctx, u.Mailbox, imap.RightRead)
		if err != nil {
			return nil, 0, err
		}
		return t.account, t.box.ID, nil
	case s.view == nil:
		return nil, 0, mailstore.ErrNoMailbox
	}
	_, err := s.view.permit(ctx, imap.RightRead)
	return s.view.at.account, s.view.id, err
}

// FindReadable finds a mailbox by the name that an account knows it by, if the
// account may read it: it is what the URLs of this backend are found by.
func (o Options) FindReadable(ctx context.Context, owner mailstore.AccountID, name string) (*mailstore.Account, *mailstore.Mailbox, error) {
	account, err := o.Mail.Lookup(ctx, owner)
	if err != nil {
		return nil, nil, err
	}
	s := &session{Backend: New(o), account: account}
	t, err := s.resolve(ctx, name, imap.RightRead)
	if errors.Is(err, errNoPerm) {
		err = mailstore.ErrNoMailbox
	}
	return t.account, t.box, err
}

// URLMechanisms returns the mechanisms of authorization in URLs.
func (s *session) URLMechanisms() []string { return imapurl.Mechanisms() }

// urlMechanisms returns the mechanisms of a mailbox that has an access key. The
// others could have one at any time, by the mechanism that every server has.
func (t *target) urlMechanisms(ctx context.Context) ([]string, error) {
	_, ok, err := t.account.AccessKey(ctx, t.box.ID)
	if err != nil || !ok {
		return nil, err
	}
	return imapurl.Mechanisms(), nil
}

// GenURLAuth signs a URL of this account. Which of its parts is wrong is not
// told, and always a fault of the client (RFC 4467 §7).
func (s *session) GenURLAuth(ctx context.Context, rump imap.URL, mechanism string) (string, error) {
	signed, err := s.URLs.Sign(ctx, rump, mechanism, directory.AccountID(s.account.ID()))
	switch {
	case errors.Is(err, imapurl.ErrMechanism):
		return "", imap.Bad("Mechanism is not supported")
	case errors.Is(err, imapurl.ErrRefused):
		return "", imap.Bad("Not a URL of a message of yours")
	}
	return signed, translate(err)
}

// ResetKey gives a mailbox a new access key, or takes those of all mailboxes.
func (s *session) ResetKey(ctx context.Context, mailbox string) error {
	if mailbox == "" {
		return translate(s.account.RemoveAccessKeys(ctx))
	}
	t, err := s.resolve(ctx, mailbox, 0)
	if err == nil && !t.own() {
		err = errNoPerm
	}
	if err != nil {
		return translate(err)
	}
	return translate(t.account.ResetAccessKey(ctx, t.box.ID))
}

// FetchURL opens what an authorized URL means for this user.
func (s *session) FetchURL(ctx context.Context, u imap.URL, answer func(*imapserver.FetchMessage, imap.BodySection) error) error {
	content, err := s.URLs.Open(ctx, u, imapurl.Reader{Account: directory.AccountID(s.account.ID())})
	if err != nil {
		return translate(err)
	}
	defer content.Close()
	m := &imapserver.FetchMessage{Size: content.MessageSize(), Structure: content.Structure, Content: content.Message()}
	return answer(m, content.Section)
}
