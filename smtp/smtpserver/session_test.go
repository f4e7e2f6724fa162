package smtpserver

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
)

// A fakeBackend keeps what its sessions take. What a session does depends on
// the local parts of the envelope, so that a golden dialogue can ask for it.
type fakeBackend struct {
	refuse   error // of NewSession
	services Services

	mu       sync.Mutex
	taken    []takenMessage
	open     int // sessions not closed
	breaches []string
}

type takenMessage struct {
	from    string
	to      []string
	text    string
	with    string
	chunked bool
	opts    smtp.MailOptions
}

func (b *fakeBackend) NewSession(_ context.Context, conn ConnInfo) (Session, error) {
	if b.refuse != nil {
		return nil, b.refuse
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open++
	return &fakeSession{backend: b, conn: conn}, nil
}

func (b *fakeBackend) messages() []takenMessage {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken
}

type fakeSession struct {
	backend *fakeBackend
	conn    ConnInfo
	inTx    bool
	from    string
	opts    smtp.MailOptions
	to      []string
	closed  bool
}

// breach records that the engine broke its promise.
func (s *fakeSession) breach(broken bool, what string) {
	if broken || s.closed {
		s.backend.mu.Lock()
		defer s.backend.mu.Unlock()
		s.backend.breaches = append(s.backend.breaches, what)
	}
}

func (s *fakeSession) Hello(_ context.Context, h Hello) error {
	s.breach(h.Name == "", "Hello without a name")
	if h.Name == "refused.example" {
		return smtp.NewError(550, smtp.EnhancedCode{5, 7, 1}, "Not you")
	}
	return nil
}

func (s *fakeSession) AuthMechanisms() []string {
	if s.conn.Mode == Submission {
		return []string{"PLAIN", "LOGIN", "SCRAM-SHA-256", "SLOW", "FINAL"}
	}
	return nil
}

func (s *fakeSession) Authenticate(_ context.Context, mechanism string) (sasl.Server, error) {
	verify := func(_ context.Context, _, authcid, password string) error {
		switch {
		case authcid == "disabled":
			return sasl.ErrDisabled
		case authcid == "broken":
			return errors.New("directory is gone")
		case authcid != "alice" || password != "secret":
			return sasl.ErrCredentials
		}
		return nil
	}
	switch mechanism {
	case "PLAIN":
		return sasl.NewPlain(verify), nil
	case "LOGIN":
		return sasl.NewLogin(verify), nil
	case "FINAL":
		return finalServer{}, nil
	case "SCRAM-SHA-256":
		return sasl.NewSCRAM(sasl.SCRAMOptions{
			Lookup: func(context.Context, string) (sasl.SCRAMCredentials, error) {
				return sasl.DeriveSCRAM("secret", []byte("salt-of-16-bytes"), 4096)
			},
			Authorize: func(context.Context, string, string) error { return nil },
			FakeKey:   []byte("sixteen octets and more"),
		}), nil
	}
	return nil, smtp.NewError(454, smtp.EnhancedCode{4, 7, 0}, "Not now")
}

// A finalServer is done at once and has data to go with it.
type finalServer struct{}

func (finalServer) Next(context.Context, []byte) ([]byte, bool, error) {
	return []byte("well done"), true, nil
}

func (s *fakeSession) Mail(_ context.Context, from smtp.ReversePath, opts smtp.MailOptions) error {
	s.breach(s.inTx, "Mail within a transaction")
	switch from.Address.Local {
	case "refused":
		return smtp.NewError(550, smtp.EnhancedCode{5, 7, 1}, "Sender not welcome")
	case "bug":
		panic("a mistake in the session")
	}
	s.inTx, s.from, s.opts, s.to = true, from.String(), opts, nil
	return nil
}

func (s *fakeSession) Rcpt(_ context.Context, to smtp.ForwardPath, _ smtp.RcptOptions) error {
	s.breach(!s.inTx, "Rcpt without Mail")
	switch to.Address.Local {
	case "unknown":
		return smtp.NewError(550, smtp.EnhancedCode{5, 1, 1}, "No such user")
	case "broken":
		return errors.New("disk /dev/sda1 on fire")
	}
	s.to = append(s.to, to.String())
	return nil
}

func (s *fakeSession) Data(_ context.Context, m *Message) (Result, error) {
	s.breach(!s.inTx || len(s.to) == 0, "Data without Rcpt")
	s.inTx = false
	switch all := strings.Join(s.to, ""); {
	case strings.Contains(all, "<early@"):
		return Result{}, smtp.NewError(452, smtp.EnhancedCode{4, 3, 1}, "Disk full")
	case strings.Contains(all, "<unread@"):
		return Result{}, nil
	case strings.Contains(all, "<deaf@"):
		_, _ = io.Copy(io.Discard, m)
		return Result{Text: "heard nothing"}, nil
	}
	text, err := io.ReadAll(m)
	if err != nil {
		return Result{}, err
	}
	s.backend.mu.Lock()
	defer s.backend.mu.Unlock()
	s.backend.taken = append(s.backend.taken, takenMessage{
		from: s.from, to: s.to, text: string(text), with: m.With, chunked: m.Chunked, opts: s.opts,
	})
	return s.results(), nil
}

func (s *fakeSession) results() Result {
	r := Result{Text: "queued as q1"}
	for _, to := range s.to {
		var err error
		switch {
		case strings.HasPrefix(to, "<full@"):
			err = smtp.NewError(452, smtp.EnhancedCode{4, 2, 2}, "Mailbox full")
		case strings.HasPrefix(to, "<never@"):
			err = smtp.NewError(550, smtp.EnhancedCode{5, 2, 1}, "Mailbox closed")
		case strings.HasPrefix(to, "<late@"):
			err = errors.New("secret of the house")
		}
		r.Recipients = append(r.Recipients, err)
	}
	return r
}

func (s *fakeSession) Reset() {
	s.breach(!s.inTx, "Reset without a transaction")
	s.inTx = false
}

func (s *fakeSession) Close() {
	s.breach(false, "Close of a closed session")
	s.closed = true
	s.backend.mu.Lock()
	defer s.backend.mu.Unlock()
	s.backend.open--
}
