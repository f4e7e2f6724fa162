package mailtest

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpserver"
	"github.com/mailstead/mailstead/wiretest"
)

// Elsewhere is another mail system: it keeps what it is sent, and refuses what
// it is told to.
type Elsewhere struct {
	mu      sync.Mutex
	mail    []Received
	refused map[string]error
	news    chan struct{} // closed and replaced at each message

	serving sync.WaitGroup
}

// Received is a message that has come elsewhere.
type Received struct {
	From string
	To   []string
	Text string
}

// NewElsewhere returns a system that takes everything.
func NewElsewhere() *Elsewhere {
	return &Elsewhere{refused: make(map[string]error), news: make(chan struct{})}
}

// Refuse lets RCPT of an address fail from now on; a nil error ends that.
func (e *Elsewhere) Refuse(address string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refused[address] = err
}

// Mail returns what has come so far.
func (e *Elsewhere) Mail() []Received {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.mail)
}

// Wait returns when n messages have come, or an error when ctx is done.
func (e *Elsewhere) Wait(ctx context.Context, n int) ([]Received, error) {
	for {
		e.mu.Lock()
		mail, news := slices.Clone(e.mail), e.news
		e.mu.Unlock()
		if len(mail) >= n {
			return mail, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return mail, fmt.Errorf("%d of %d messages have come: %w", len(mail), n, ctx.Err())
		}
	}
}

// dial is how the server reaches other mail systems.
func (s *Server) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	e := s.options.Elsewhere[addr]
	if e == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("nobody at %s", addr)}
	}
	client, conn := wiretest.Pipe()
	engine := smtpserver.New(smtpserver.Options{Hostname: "mx.far.test", Backend: e})
	e.serving.Go(func() { engine.ServeConn(context.WithoutCancel(ctx), conn) })
	return client, nil
}

// NewSession implements smtpserver.Backend.
func (e *Elsewhere) NewSession(context.Context, smtpserver.ConnInfo) (smtpserver.Session, error) {
	return &elsewhereSession{system: e}, nil
}

type elsewhereSession struct {
	system *Elsewhere
	mail   Received
}

func (s *elsewhereSession) Hello(context.Context, smtpserver.Hello) error { return nil }
func (s *elsewhereSession) AuthMechanisms() []string                      { return nil }
func (s *elsewhereSession) Reset()                                        {}
func (s *elsewhereSession) Close()                                        {}

func (s *elsewhereSession) Authenticate(context.Context, string) (sasl.Server, error) {
	return nil, sasl.ErrCredentials
}

func (s *elsewhereSession) Mail(_ context.Context, from smtp.ReversePath, _ smtp.MailOptions) error {
	s.mail = Received{From: from.Address.String()}
	return nil
}

func (s *elsewhereSession) Rcpt(_ context.Context, to smtp.ForwardPath, _ smtp.RcptOptions) error {
	s.system.mu.Lock()
	defer s.system.mu.Unlock()
	if err := s.system.refused[to.Address.String()]; err != nil {
		return err
	}
	s.mail.To = append(s.mail.To, to.Address.String())
	return nil
}

func (s *elsewhereSession) Data(_ context.Context, m *smtpserver.Message) (smtpserver.Result, error) {
	text, err := io.ReadAll(m)
	if err != nil {
		return smtpserver.Result{}, err
	}
	s.mail.Text = string(text)
	s.system.mu.Lock()
	defer s.system.mu.Unlock()
	s.system.mail = append(s.system.mail, s.mail)
	close(s.system.news)
	s.system.news = make(chan struct{})
	return smtpserver.Result{}, nil
}

// Zone returns a DNS in which a domain has one mail host at an IPv4 address.
func Zone(domain, ip string) dnstest.Zones {
	host := "mx." + domain
	return dnstest.Zones{
		MX: map[string][]dns.MX{domain: {{Preference: 10, Host: host}}},
		A:  map[string][]string{host: {ip}},
	}
}
