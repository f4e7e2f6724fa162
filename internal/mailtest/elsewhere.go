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
	// Take, if set, is asked of each message before it is kept. Its error is
	// the answer.
	Take func(Received) error

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

// A life is how a server reaches other mail systems from one start to the next.
type life struct {
	server *Server

	mu    sync.Mutex
	over  bool
	conns []net.Conn
}

func (l *life) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	e := l.server.options.Elsewhere[addr]
	l.mu.Lock()
	defer l.mu.Unlock()
	if e == nil || l.over {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("nobody at %s", addr)}
	}
	client, conn := wiretest.Pipe()
	l.conns = append(l.conns, client)
	e.serve(context.WithoutCancel(ctx), conn)
	if w := l.server.options.Weather; w != nil {
		return w.Over(client), nil
	}
	return client, nil
}

// end cuts the server off.
func (l *life) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	for _, conn := range l.conns {
		conn.Close()
	}
}

func (e *Elsewhere) serve(ctx context.Context, conn net.Conn) {
	engine := smtpserver.New(smtpserver.Options{Hostname: "mx.far.test", Backend: e})
	e.serving.Go(func() { engine.ServeConn(ctx, conn) })
}

// Serve takes mail from who connects to a listener, until that is closed.
func (e *Elsewhere) Serve(ctx context.Context, l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			break
		}
		e.serve(ctx, conn)
	}
	e.serving.Wait()
}

// Settle waits until all who have sent something are gone.
func (e *Elsewhere) Settle() { e.serving.Wait() }

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
	if take := s.system.Take; take != nil {
		if err := take(s.mail); err != nil {
			return smtpserver.Result{}, err
		}
	}
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
