package mailtest

import (
	"bufio"
	"crypto/tls"
	"io"
	"strings"

	"github.com/mailstead/mailstead/imap/imapclient"
	"github.com/mailstead/mailstead/pop3/pop3client"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpclient"
)

// SMTP returns a client that has said hello, on service "smtp", "submission"
// or "lmtp".
func (s *Server) SMTP(service string) *smtpclient.Client {
	s.t.Helper()
	c := smtpclient.New(s.dialService(service), smtpclient.Options{
		Name: "client.far.test", LMTP: service == "lmtp", AllowInsecureAuth: true,
	})
	s.t.Cleanup(func() { c.Close() })
	if err := c.Hello(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Submission returns a client that a user has logged in with, over TLS.
func (s *Server) Submission(user string) *smtpclient.Client {
	s.t.Helper()
	conn := tls.Client(s.dialService("submissions"), s.TLS())
	c := smtpclient.New(conn, smtpclient.Options{Name: "client.far.test"})
	s.t.Cleanup(func() { c.Close() })
	if err := c.Hello(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if err := c.Auth(s.t.Context(), sasl.NewPlainClient("", user, Password)); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Envelope returns a message for a client to send. An empty from is the null
// path.
func (s *Server) Envelope(from, text string, to ...string) smtpclient.Message {
	s.t.Helper()
	m := smtpclient.Message{Body: strings.NewReader(text), Size: int64(len(text))}
	if from != "" {
		m.From = smtp.ReversePath{Address: Address(s.t, from)}
	}
	for _, one := range to {
		m.To = append(m.To, smtpclient.Recipient{To: smtp.ForwardPath{Address: Address(s.t, one)}})
	}
	return m
}

// Send sends a message and returns each recipient's outcome in a word or
// reply: "ok" or the text of the error.
func (s *Server) Send(c *smtpclient.Client, m smtpclient.Message) []string {
	s.t.Helper()
	outcomes, err := c.Send(s.t.Context(), m)
	if outcomes == nil && err != nil {
		return []string{err.Error()}
	}
	words := make([]string, len(outcomes))
	for i, o := range outcomes {
		words[i] = "ok"
		if o.Err != nil {
			words[i] = o.Err.Error()
		}
	}
	return words
}

// Deliver sends a message by SMTP, as another mail system does, and it must be
// accepted.
func (s *Server) Deliver(from, to, text string) {
	s.t.Helper()
	c := s.SMTP("smtp")
	defer c.Close()
	if got := s.Send(c, s.Envelope(from, text, to)); got[0] != "ok" {
		s.t.Fatalf("delivery to %s: %s", to, got[0])
	}
}

// POP3 returns a client that has not logged in.
func (s *Server) POP3() *pop3client.Client {
	s.t.Helper()
	c, err := pop3client.New(s.t.Context(), s.dialService("pop3"), pop3client.Options{InsecureAuth: true})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// Maildrop returns a client that a user has logged in with.
func (s *Server) Maildrop(user string) *pop3client.Client {
	s.t.Helper()
	c := s.POP3()
	if err := c.Login(s.t.Context(), user, Password); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// IMAPClient returns a client that a user has logged in with, over TLS. It is
// strict, where IMAP shows what is on the wire.
func (s *Server) IMAPClient(user string, o imapclient.Options) *imapclient.Client {
	s.t.Helper()
	c, err := imapclient.New(s.t.Context(), tls.Client(s.dialService("imaps"), s.TLS()), o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	if err := c.Login(s.t.Context(), user, Password); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Retrieve returns message n of a maildrop.
func (s *Server) Retrieve(c *pop3client.Client, n int) string {
	s.t.Helper()
	r, err := c.Retrieve(s.t.Context(), n)
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// Messages returns the messages in a mailbox of a user, as IMAP shows them.
func (s *Server) Messages(user, mailbox string) []string {
	s.t.Helper()
	c := s.IMAP(user)
	defer c.Close()
	if !c.Do("EXAMINE " + mailbox).OK() {
		return nil
	}
	var all []string
	for _, line := range c.OK("UID FETCH 1:* BODY.PEEK[]").Lines("FETCH") {
		_, text, _ := strings.Cut(line, "}\r\n")
		all = append(all, strings.TrimSuffix(text, ")"))
	}
	return all
}

// Talk sends lines to a service one by one and returns the whole reply to each,
// without its last line end. A line may have line ends in it, as the text of a
// message has.
func (s *Server) Talk(service string, lines ...string) []string {
	s.t.Helper()
	conn := s.dialService(service)
	defer conn.Close()
	in := bufio.NewReader(conn)
	s.readReply(in)
	var replies []string
	for _, line := range lines {
		if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
			s.t.Fatal(err)
		}
		replies = append(replies, s.readReply(in))
	}
	return replies
}

// readReply reads a reply of SMTP, of one line or more.
func (s *Server) readReply(in *bufio.Reader) string {
	s.t.Helper()
	var reply strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			s.t.Fatalf("after %q: %v", reply.String(), err)
		}
		reply.WriteString(line)
		if len(line) < 4 || line[3] != '-' {
			return strings.TrimSuffix(reply.String(), "\r\n")
		}
	}
}
