package imapurl

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// ErrRefused says that a URL means nothing here, or nothing for this reader.
var ErrRefused = errors.New("imapurl: the URL gives no access")

// A Finder finds a mailbox by the name that an account knows it by, if the
// account may read it: its own or one that is shared with it. It returns
// mailstore.ErrNoMailbox for one that there is not, or not for this account.
type Finder func(ctx context.Context, owner mailstore.AccountID, name string) (*mailstore.Account, *mailstore.Mailbox, error)

// Options are what a Service is made of.
type Options struct {
	Directory *directory.Directory
	Mail      *mailstore.Store
	// Hosts are the names by which a URL may call this server.
	Hosts []string
	// Find finds the mailbox of a URL; nil finds an account's own alone.
	Find Finder
	// Now is the clock of EXPIRE; time.Now if nil.
	Now func() time.Time
}

// A Service opens and signs URLs. Its methods may be called concurrently.
type Service struct{ Options }

// New returns a Service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Service{o}
	if s.Find == nil {
		s.Find = s.own
	}
	return s
}

// own finds an account's own mailboxes.
func (s *Service) own(ctx context.Context, owner mailstore.AccountID, name string) (*mailstore.Account, *mailstore.Mailbox, error) {
	account, err := s.Mail.Account(ctx, owner)
	if err != nil {
		return nil, nil, err
	}
	tree, err := account.Mailboxes(ctx)
	if err != nil {
		return nil, nil, err
	}
	box, ok := tree.Find(name)
	if !ok {
		return nil, nil, mailstore.ErrNoMailbox
	}
	return account, box, nil
}

// A Reader is who asks for the content of a URL.
type Reader struct {
	// Account is who has logged in; zero is nobody.
	Account directory.AccountID
	// Submission says that a submission server asks in Account's name: it
	// alone may use what is meant for submission (RFC 4467 §3).
	Submission bool
}

// Open opens what a URL with authorization means. It fails with ErrRefused if
// the reader may not have it, for whatever reason; other errors are temporary.
func (s *Service) Open(ctx context.Context, u imap.URL, as Reader) (*Content, error) {
	if u.Auth == nil || u.UID == 0 || !s.isOurs(u.Host) || s.expired(u.Auth) {
		return nil, ErrRefused
	}
	if err := s.mayUse(ctx, u.Auth, as); err != nil {
		return nil, refused(err)
	}
	account, box, err := s.mailbox(ctx, &u)
	if err != nil {
		return nil, refused(err)
	}
	key, ok, err := account.AccessKey(ctx, box.ID)
	if err != nil {
		return nil, err
	}
	if !ok || !verify(u.Auth, key) {
		return nil, ErrRefused
	}
	return OpenIn(ctx, account, box.ID, &u)
}

// refused makes the errors that say that there is nothing ErrRefused.
func refused(err error) error {
	for _, absent := range [...]error{
		directory.ErrNotFound, mailstore.ErrNoAccount, mailstore.ErrNoMailbox, mailstore.ErrNoMessage,
	} {
		if errors.Is(err, absent) {
			return ErrRefused
		}
	}
	return err
}

func (s *Service) isOurs(host string) bool {
	for _, name := range s.Hosts {
		if strings.EqualFold(strings.TrimSuffix(host, "."), name) {
			return true
		}
	}
	return false
}

func (s *Service) expired(a *imap.URLAuth) bool {
	return !a.Expire.IsZero() && !s.Now().Before(a.Expire)
}

// mayUse reports whether the access identifier means the reader
// (RFC 4467 §3).
func (s *Service) mayUse(ctx context.Context, a *imap.URLAuth, as Reader) error {
	meant := false
	switch a.Access {
	case imap.AccessAnonymous:
		return nil
	case imap.AccessAuthUser:
		meant = as.Account != 0
	case imap.AccessUser:
		meant = as.Account != 0 && !as.Submission
	case imap.AccessSubmit:
		meant = as.Account != 0 && as.Submission
	}
	if !meant {
		return ErrRefused
	}
	if a.User == "" {
		return nil
	}
	account, err := s.user(ctx, a.User)
	if err == nil && account.ID != as.Account {
		err = ErrRefused
	}
	return err
}

// user returns the account of a user's name, which is one of its addresses.
func (s *Service) user(ctx context.Context, name string) (directory.Account, error) {
	a, err := address.Parse(name)
	if err != nil {
		return directory.Account{}, ErrRefused
	}
	return s.Directory.AccountAt(ctx, a)
}

// mailbox finds the mailbox of a URL as the user in it sees it.
func (s *Service) mailbox(ctx context.Context, u *imap.URL) (*mailstore.Account, *mailstore.Mailbox, error) {
	owner, err := s.user(ctx, u.User)
	if err != nil {
		return nil, nil, err
	}
	if owner.Disabled {
		return nil, nil, ErrRefused
	}
	return s.Find(ctx, mailstore.AccountID(owner.ID), u.Mailbox)
}
