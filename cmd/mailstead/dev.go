package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/internal/server"
)

const (
	devData     = "mailstead-data"
	devPassword = "mailstead"
)

// devAccounts are there without being asked for.
var devAccounts = [...]string{"alice@example.test", "bob@example.test"}

// dev is what the flags of `mailstead dev` say.
type dev struct {
	data, users, relay, logLevel string

	smtp, submission, submissions, imap, imaps, pop3, pop3s, lmtp, metrics int
}

func devCommand() *cobra.Command {
	var d dev
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything on 127.0.0.1, with nothing configured",
		Long: "Run a whole mail server on 127.0.0.1 with two accounts, to try it or to test a program against.\n" +
			"Passwords are accepted without TLS. Mail to other domains stays on this machine, in the sender's\n" +
			"mailbox Outbound, unless --relay names a next hop. A port of 0 switches a service off.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&d.data, "data", devData, "`folder` of all data")
	f.IntVar(&d.smtp, "smtp", 2525, "`port` for SMTP")
	f.IntVar(&d.submission, "submission", 5870, "`port` for submission with STARTTLS")
	f.IntVar(&d.submissions, "submissions", 4650, "`port` for submission over TLS")
	f.IntVar(&d.imap, "imap", 1430, "`port` for IMAP with STARTTLS")
	f.IntVar(&d.imaps, "imaps", 9930, "`port` for IMAP over TLS")
	f.IntVar(&d.pop3, "pop3", 1100, "`port` for POP3 with STLS")
	f.IntVar(&d.pop3s, "pop3s", 9950, "`port` for POP3 over TLS")
	f.IntVar(&d.lmtp, "lmtp", 0, "`port` for LMTP (default off)")
	f.IntVar(&d.metrics, "metrics", 9090, "`port` for Prometheus metrics")
	f.StringVar(&d.users, "users", "", "`file` with more accounts: lines of an address, a space and a password")
	f.StringVar(&d.relay, "relay", "", "`host:port` of a server that takes mail to other domains")
	f.StringVar(&d.logLevel, "log-level", "info", "debug, info, warn or error")
	return cmd
}

func (d *dev) run(cmd *cobra.Command) error {
	c, err := d.config()
	if err != nil {
		return err
	}
	accounts, err := d.accounts()
	if err != nil {
		return err
	}
	if err := withoutCore(); err != nil {
		return err
	}
	tuneMemory(c)
	s, err := server.New(cmd.Context(), c, server.Options{
		Log:             cmd.ErrOrStderr(),
		Version:         version,
		CaptureOutbound: d.relay == "",
	})
	if err != nil {
		return err
	}
	if err := s.Seed(cmd.Context(), accounts); err != nil {
		s.Close()
		if cmd.Context().Err() != nil {
			return nil // stopped while it was starting
		}
		return err
	}
	fmt.Fprint(cmd.OutOrStdout(), d.howTo())
	return runServer(cmd.Context(), s)
}

// accounts returns the accounts that must be there: our two, and those of the
// users file.
func (d *dev) accounts() ([]admin.NewAccount, error) {
	var all []admin.NewAccount
	for _, address := range devAccounts {
		all = append(all, admin.NewAccount{Address: address, Password: devPassword})
	}
	if d.users == "" {
		return all, nil
	}
	more, err := readUsers(d.users)
	return append(all, more...), err
}

func (d *dev) config() (*config.Config, error) {
	data, err := filepath.Abs(d.data)
	if err != nil {
		return nil, err
	}
	c := config.Default()
	c.Data = data
	c.Hostname = "localhost"
	c.Sending = config.Sending{} // it is for load tests too
	c.Log.Level = d.logLevel
	c.Metrics.Listen = loopback(d.metrics)
	for _, l := range []struct {
		listener *config.Listener
		port     int
	}{
		{&c.SMTP, d.smtp}, {&c.Submission, d.submission}, {&c.Submissions, d.submissions}, {&c.LMTP.Listener, d.lmtp},
		{&c.IMAP, d.imap}, {&c.IMAPS, d.imaps}, {&c.POP3, d.pop3}, {&c.POP3S, d.pop3s},
	} {
		l.listener.Listen = nil
		if addr := loopback(l.port); addr != "" {
			l.listener.Listen = []string{addr}
		}
		// All clients are on this machine.
		l.listener.MaxPerAddress = l.listener.MaxConns
	}
	c.Outbound.Smarthost = d.relay
	c.Auth.AllowInsecure = true
	// The passwords are no secret here, and thousands of users should be
	// made at once.
	c.Auth.Argon2Memory, c.Auth.Argon2Time, c.Auth.SCRAMIterations = 1<<20, 1, 4096
	if problems := config.Problems(c.Check()); len(problems) > 0 {
		return nil, problems
	}
	return c, nil
}

// loopback returns the address for a port, empty for port 0.
func loopback(port int) string {
	if port == 0 {
		return ""
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// ports names the ports of a service: plain with STARTTLS, and TLS. Zero is off.
func ports(plain, tls int) string {
	switch {
	case plain == 0 && tls == 0:
		return "off"
	case tls == 0:
		return strconv.Itoa(plain)
	case plain == 0:
		return fmt.Sprintf("%d with TLS from the start", tls)
	}
	return fmt.Sprintf("%d, and %d with TLS from the start", plain, tls)
}

// howTo says how to use the server.
func (d *dev) howTo() string {
	elsewhere := "Mail to other domains stays here, in the sender's mailbox Outbound."
	if d.relay != "" {
		elsewhere = "Mail to other domains goes to " + d.relay + "."
	}
	alice, bob := devAccounts[0], devAccounts[1]
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "  %-12s "+format+"\n", append([]any{what}, args...)...)
	}
	b.WriteString("Mailstead is running on 127.0.0.1. Stop it with Ctrl-C.\n\n")
	line("accounts", "%s and %s, password %s", alice, bob, devPassword)
	line("SMTP", "%s", ports(d.smtp, 0))
	line("submission", "%s", ports(d.submission, d.submissions))
	line("IMAP", "%s", ports(d.imap, d.imaps))
	line("POP3", "%s", ports(d.pop3, d.pop3s))
	line("LMTP", "%s", ports(d.lmtp, 0))
	if d.metrics != 0 {
		line("metrics", "http://127.0.0.1:%d/metrics", d.metrics)
	}
	line("data", "%s", d.data)
	b.WriteString("\nTry it:\n\n")
	fmt.Fprintf(&b, "  swaks --server 127.0.0.1:%d --to %s\n", d.smtp, alice)
	fmt.Fprintf(&b, "  curl -k 'imaps://127.0.0.1:%d/INBOX;MAILINDEX=1' --user %s:%s\n", d.imaps, alice, devPassword)
	fmt.Fprintf(&b, "\n%s\n\n", elsewhere)
	return b.String()
}
