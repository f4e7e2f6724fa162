package outbound

import (
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpserver"
	"github.com/mailstead/mailstead/wiretest"
)

// An inbox is the backend of a real server; it takes everything but mail for
// nobody.
type inbox struct {
	mu       sync.Mutex
	messages []string
	with     []string
}

func (b *inbox) NewSession(context.Context, smtpserver.ConnInfo) (smtpserver.Session, error) {
	return inboxSession{b}, nil
}

type inboxSession struct{ *inbox }

func (inboxSession) Hello(context.Context, smtpserver.Hello) error { return nil }
func (inboxSession) AuthMechanisms() []string                      { return nil }
func (inboxSession) Authenticate(context.Context, string) (sasl.Server, error) {
	return nil, smtp.NewError(502, smtp.EnhancedCode{5, 5, 1}, "No")
}
func (inboxSession) Mail(context.Context, smtp.ReversePath, smtp.MailOptions) error { return nil }
func (inboxSession) Rcpt(_ context.Context, to smtp.ForwardPath, _ smtp.RcptOptions) error {
	if to.Address.Local == "nobody" {
		return smtp.NewError(550, smtp.EnhancedCode{5, 1, 1}, "Nobody is not here")
	}
	return nil
}
func (s inboxSession) Data(_ context.Context, m *smtpserver.Message) (smtpserver.Result, error) {
	text, err := io.ReadAll(m)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages, s.with = append(s.messages, string(text)), append(s.with, m.With)
	return smtpserver.Result{}, err
}
func (inboxSession) Reset() {}
func (inboxSession) Close() {}

// serveInbox runs a real server with TLS on a loopback port.
func serveInbox(t *testing.T, b *inbox) netip.AddrPort {
	t.Helper()
	config, _ := wiretest.TLS(t)
	server := smtpserver.New(smtpserver.Options{Hostname: "mx.one.test", Backend: b, TLSConfig: config})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { server.ServeConn(ctx, conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		cancel()
		serving.Wait()
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// TestOverSockets goes the whole way through the real DNS client, the real
// SMTP client and our own server.
func TestOverSockets(t *testing.T) {
	t.Parallel()
	b := &inbox{}
	addr := serveInbox(t, b)
	zones := dnstest.New(dnstest.Zones{
		MX: map[string][]dns.MX{"one.test": mx(10, "mx.one.test")},
		A:  map[string][]string{"mx.one.test": {"127.0.0.1"}},
	})
	client, err := dns.NewClient(dns.Options{Servers: []netip.AddrPort{dnstest.Serve(t, zones)}})
	if err != nil {
		t.Fatal(err)
	}
	tr := NewSMTP(SMTPOptions{
		Resolver: dns.NewCache(client, dns.CacheOptions{}), Hostname: domain(t, "mail.example.test"),
		Port: addr.Port(), Allow: func(netip.Addr) bool { return true },
	})
	defer tr.Close()
	for range 2 {
		expect(t, deliver(t, tr, nil, "x@one.test", "nobody@one.test"),
			"accepted 2.0.0 mx.one.test 250 2.0.0 OK", "permanent 5.1.1 mx.one.test 550 5.1.1 Nobody is not here")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.messages) != 2 || b.messages[1] != "Received: by us\r\n"+letter || strings.Join(b.with, " ") != "ESMTPS ESMTPS" {
		t.Errorf("received %q with %v", b.messages, b.with)
	}
}
