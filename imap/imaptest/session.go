package imaptest

import (
	"context"
	"io"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/sasl"
)

// A session implements imapserver.Session on a Store.
type session struct {
	store    *Store
	wake     func() // nil if nobody watches
	mailbox  *mailbox
	readOnly bool
	view     []seen
}

var _ imapserver.Session = (*session)(nil)

// NewSession makes Store an imapserver.Backend.
func (s *Store) NewSession(context.Context, *imapserver.ConnInfo) (imapserver.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sess := &session{store: s}
	s.sessions[sess] = true
	return sess, nil
}

func (s *session) Close() error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	delete(s.store.sessions, s)
	return nil
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Authenticate(context.Context, string) (sasl.Server, error) {
	return sasl.NewPlain(func(ctx context.Context, authzid, authcid, password string) error {
		if authzid != "" && authzid != authcid {
			return sasl.ErrAuthorization
		}
		return s.Login(ctx, authcid, password)
	}), nil
}

func (s *session) Login(_ context.Context, username, password string) error {
	if username != s.store.Username || password != s.store.Password {
		return sasl.ErrCredentials
	}
	return nil
}

func (s *session) Namespace(context.Context) (*imap.NamespaceData, error) {
	return &imap.NamespaceData{Personal: []imap.Namespace{{Delim: '/'}}}, nil
}

var (
	errNone   = imap.No(imap.CodeNonExistent, "No such mailbox")
	errExists = imap.No(imap.CodeAlreadyExists, "Mailbox already exists")
	errTry    = imap.No(imap.CodeTryCreate, "No such mailbox")
)

// find returns a mailbox, or missing.
func (s *session) find(name string, missing error) (*mailbox, error) {
	if m := s.store.mailboxes[name]; m != nil {
		return m, nil
	}
	return nil, missing
}

func (s *session) Create(_ context.Context, name string, opts imapserver.CreateOptions) (string, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if _, err := s.find(name, errNone); err == nil {
		return "", errExists
	}
	for i := range name {
		if name[i] == '/' && s.store.mailboxes[name[:i]] == nil {
			s.store.create(name[:i])
		}
	}
	m := s.store.create(name)
	m.attrs = opts.SpecialUse
	return m.id(), nil
}

func (s *session) Delete(_ context.Context, name string) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if _, err := s.find(name, errNone); err != nil {
		return err
	}
	for other := range s.store.mailboxes {
		if strings.HasPrefix(other, name+delimiter) {
			return imap.No(imap.CodeHasChildren, "Mailbox has mailboxes below")
		}
	}
	delete(s.store.mailboxes, name)
	return nil
}

func (s *session) Rename(_ context.Context, from, to string) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	m, err := s.find(from, errNone)
	if err != nil {
		return err
	}
	if s.store.mailboxes[to] != nil {
		return errExists
	}
	if from == imap.Inbox {
		dest := s.store.create(to)
		for _, mail := range m.messages {
			copied := *mail
			dest.add(&copied)
		}
		for len(m.messages) > 0 {
			m.expunge(m.messages[0])
		}
		return nil
	}
	for name, box := range s.store.mailboxes {
		if rest, ok := strings.CutPrefix(name, from); ok && (rest == "" || rest[0] == '/') {
			delete(s.store.mailboxes, name)
			box.name = to + rest
			s.store.mailboxes[box.name] = box
		}
	}
	return nil
}

func (s *session) Subscribe(_ context.Context, name string) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	_, err := s.find(name, errNone)
	if err == nil {
		s.store.subs[name] = true
	}
	return err
}

func (s *session) Unsubscribe(_ context.Context, name string) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	delete(s.store.subs, name)
	return nil
}

func (s *session) List(_ context.Context, w *imapserver.ListWriter, opts *imap.ListOptions) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	var entries []listEntry
	for name, m := range s.store.mailboxes {
		entries = append(entries, listEntry{name: name, attrs: m.attrs, subscribed: s.store.subs[name]})
	}
	for name := range s.store.subs {
		if s.store.mailboxes[name] == nil {
			entries = append(entries, listEntry{name: name, subscribed: true, nonExistent: true})
		}
	}
	for _, d := range list(opts, entries) {
		if m := s.store.mailboxes[d.Mailbox]; m != nil {
			d.Status = m.status()
		}
		if err := w.Mailbox(&d); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) Status(_ context.Context, name string, _ imap.StatusItems) (*imap.StatusData, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	m, err := s.find(name, errNone)
	if err != nil {
		return nil, err
	}
	return m.status(), nil
}

func (s *session) Append(_ context.Context, name string, msgs *imapserver.AppendReader) (*imap.AppendData, error) {
	if err := s.exists(name, errTry); err != nil {
		return nil, err
	}
	mails, err := s.readAll(msgs)
	if err != nil {
		return nil, err
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	box, err := s.find(name, errTry)
	if err != nil {
		return nil, err
	}
	out := &imap.AppendData{UIDValidity: box.validity}
	for _, m := range mails {
		box.add(m)
		out.UIDs.Add(m.uid)
	}
	s.store.wake()
	return out, nil
}

func (s *session) exists(name string, missing error) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	_, err := s.find(name, missing)
	return err
}

// readAll reads all messages of an APPEND.
func (s *session) readAll(msgs *imapserver.AppendReader) ([]*mail, error) {
	var mails []*mail
	for {
		m, err := msgs.Next()
		if err == io.EOF {
			return mails, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(m.Literal)
		if err != nil {
			return nil, err
		}
		if m.Date.IsZero() {
			m.Date = s.store.Now
		}
		mails = append(mails, s.store.newMail(data, m.Flags, m.Date))
	}
}
