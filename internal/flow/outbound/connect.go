package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpclient"
)

// errTLS says that a server offers TLS, but it cannot be had.
var errTLS = errors.New("no secure connection")

// A protection is what is wanted of one connection.
type protection struct {
	tls      RelayTLS
	never    bool   // no TLS, not even if offered
	auth     *Relay // whose user and password are to be sent
	loopback bool
	guard    *guard
	tested   error // what a policy in mode testing would have refused
}

// protection returns what a connection to a place must have. A password is
// never sent to a server that could be anyone's.
func (s *SMTP) protection(pl place, g *guard) protection {
	relay := pl.relay
	if relay == nil {
		p := protection{tls: pl.route.TLS}
		if s.options.RequireTLS {
			p.tls = max(p.tls, TLSEncrypted)
		}
		return g.apply(p)
	}
	p := protection{tls: relay.TLS, loopback: pl.addr.Addr().Unmap().IsLoopback()}
	if relay.User != "" {
		p.auth = relay
		if p.tls < TLSRequired && !p.loopback {
			p.tls = TLSRequired
		}
	}
	return g.apply(p)
}

// connect opens a session. If TLS is only an opportunity, and it fails, the
// session is opened without: in the clear is what a server without STARTTLS
// would get too.
func (s *SMTP) connect(ctx context.Context, pl place, g *guard) (session, error) {
	want := s.protection(pl, g)
	c, err := s.open(ctx, pl, &want)
	s.countSession(pl, c, &want, err)
	if errors.Is(err, errTLS) && want.tls == TLSOpportunistic && ctx.Err() == nil {
		want.never = true
		c, err = s.open(ctx, pl, &want)
	}
	if err != nil {
		return nil, err
	}
	return &clientSession{Client: c, place: pl, security: securityOf(c, want), now: s.options.Now}, nil
}

// countSession tells how the first try of a session went. One that did not get
// as far as TLS is not counted.
func (s *SMTP) countSession(pl place, c *smtpclient.Client, want *protection, err error) {
	switch {
	case err != nil && !errors.Is(err, errTLS):
		return
	case err == nil && want.tested != nil:
		err = want.tested
	case err == nil:
		if _, secure := c.TLS(); !secure {
			err = errNoSTARTTLS
		}
	}
	s.count(want.guard, pl.name, pl.addr.Addr().String(), err)
}

// open dials, greets, encrypts and authenticates, as it is wanted.
func (s *SMTP) open(ctx context.Context, pl place, want *protection) (*smtpclient.Client, error) {
	conn, err := s.dial(ctx, pl, want)
	if err != nil {
		return nil, err
	}
	c := smtpclient.New(conn, smtpclient.Options{
		Name:              s.hello(pl),
		AllowInsecureAuth: want.loopback,
		Timeouts:          s.options.Timeouts,
	})
	if err := s.prepare(ctx, c, pl, want); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// hello is the name that we greet with.
func (s *SMTP) hello(pl place) string {
	if !pl.route.Hello.IsZero() {
		return pl.route.Hello.String()
	}
	return s.options.Hostname.String()
}

// securityOf describes an open connection.
func securityOf(c *smtpclient.Client, want protection) Security {
	policies := [...]string{"opportunistic", "encrypted", "verified", "verified"}
	sec := Security{Policy: policies[want.tls]}
	switch {
	case want.guard == nil:
	case want.guard.dane != nil:
		sec.Policy = "dane"
	case want.guard.sts != nil:
		sec.Policy = "mta-sts " + string(want.guard.sts.Mode)
	}
	if state, ok := c.TLS(); ok {
		sec.Version, sec.CipherSuite, sec.Verified = state.Version, state.CipherSuite, want.verifies()
	}
	return sec
}

func (s *SMTP) dial(ctx context.Context, pl place, want *protection) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.DialTimeout)
	defer cancel()
	var conn net.Conn
	var err error
	if pl.from.IsValid() {
		conn, err = s.options.DialFrom(ctx, pl.from, "tcp", pl.addr.String())
	} else {
		conn, err = s.options.Dial(ctx, "tcp", pl.addr.String())
	}
	if err != nil || want.tls != TLSImplicit {
		return conn, err
	}
	secured := tls.Client(conn, s.tlsConfig(pl, want))
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("%w: %w", errTLS, err)
	}
	return secured, nil
}

// prepare makes a connection ready for messages.
func (s *SMTP) prepare(ctx context.Context, c *smtpclient.Client, pl place, want *protection) error {
	if err := c.Hello(ctx); err != nil {
		return err
	}
	offered := c.Extensions().Has(smtp.StartTLS)
	if want.startTLS(offered) {
		if !offered {
			return fmt.Errorf("%w: %w: %w", errTLS, errNoSTARTTLS, smtpclient.ErrNoStartTLS)
		}
		if err := c.StartTLS(ctx, s.tlsConfig(pl, want)); err != nil {
			return fmt.Errorf("%w: %w", errTLS, err)
		}
	}
	if want.auth == nil {
		return nil
	}
	return c.Auth(ctx, saslClient(c.Extensions().AuthMechanisms(), want.auth))
}

// startTLS reports whether STARTTLS is to be done on a connection.
func (p protection) startTLS(offered bool) bool {
	switch p.tls {
	case TLSImplicit:
		return false
	case TLSOpportunistic:
		return offered && !p.never
	}
	return true
}

// verifies reports whether the server's certificate has to prove something.
func (p *protection) verifies() bool {
	return p.guard != nil && p.guard.dane != nil || p.tls >= TLSRequired
}

// tlsConfig verifies the certificate unless encryption is only an opportunity:
// there, a certificate that proves nothing still keeps listeners out. With DANE
// the records alone decide (RFC 7672 §3.1), and the name is that of the TLSA
// base domain (§8.1).
func (s *SMTP) tlsConfig(pl place, want *protection) *tls.Config {
	config := &tls.Config{
		ServerName:         pl.name,
		RootCAs:            s.options.RootCAs,
		InsecureSkipVerify: want.tls < TLSRequired,
		VerifyConnection:   want.guard.verification(pl.name, s.options.RootCAs, s.options.Now, &want.tested),
	}
	if want.guard != nil && want.guard.dane != nil {
		config.ServerName, config.InsecureSkipVerify = want.guard.dane.Name, true
	}
	return config
}

// saslClient chooses the best mechanism that the relay offers.
func saslClient(offered []string, relay *Relay) sasl.Client {
	switch {
	case slices.Contains(offered, "SCRAM-SHA-256"):
		return sasl.NewSCRAMClient("", relay.User, relay.Password)
	case slices.Contains(offered, "PLAIN"), !slices.Contains(offered, "LOGIN"):
		return sasl.NewPlainClient("", relay.User, relay.Password)
	}
	return sasl.NewLoginClient(relay.User, relay.Password)
}
