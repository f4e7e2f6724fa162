package smtpsession

import (
	"context"
	"net"
	"net/netip"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/smtp"
)

var errLogin = smtp.NewError(554, smtp.EnhancedCode{5, 7, 8}, "There is no such user")

// become makes the session that of a user whom a trusted proxy has
// authenticated and names by XCLIENT LOGIN.
func (s *session) become(ctx context.Context, login string) error {
	a, err := address.Parse(login)
	if err != nil {
		return errLogin.WithCause(err)
	}
	account, err := s.Directory.AccountAt(ctx, a)
	if err != nil || account.Disabled {
		return errLogin.WithCause(err)
	}
	s.vouched = &account
	return nil
}

// Forward notes for whom a proxy passes the next message on. It is told in the
// log when the message has come.
func (s *session) Forward(_ context.Context, a smtp.ClientAttributes) { s.forwarded = a }

// forwardedFor are the facts of XFORWARD for the log.
func (s *session) forwardedFor() []any {
	a := s.forwarded
	if a == (smtp.ClientAttributes{}) {
		return nil
	}
	return []any{"forwarded-name", a.Name, "forwarded-addr", a.Addr.String(), "forwarded-helo", a.Helo,
		"forwarded-ident", a.Ident, "forwarded-source", a.Source}
}

// ipOf returns an IP address, the zero Addr for a unix socket.
func ipOf(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip, _ := netip.AddrFromSlice(tcp.IP)
	return ip.Unmap()
}
