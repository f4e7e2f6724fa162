package pop3session_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/pop3/pop3client"
	"github.com/mailstead/mailstead/sasl"
)

const ann = "ann@example.test"

func start(t *testing.T, subjects ...string) *mailtest.Server {
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}, {Address: "bob@example.test"}, {Address: "gone@example.test", Disabled: true}},
	})
	for _, subject := range subjects {
		s.Deliver("far@elsewhere.test", ann, message(subject))
	}
	return s
}

func message(subject string) string { return "Subject: " + subject + "\r\n\r\n.dot\r\nhello\r\n" }

func uidl(t *testing.T, c *pop3client.Client) []string {
	t.Helper()
	list, err := c.UIDL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var uids []string
	for _, one := range list {
		uids = append(uids, one.UID)
	}
	return uids
}

func quit(t *testing.T, c *pop3client.Client) {
	t.Helper()
	if err := c.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestMaildrop(t *testing.T) {
	t.Parallel()
	s := start(t, "one", "two", "three")
	c := s.Maildrop(ann)
	count, octets, err := c.Stat(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for i, subject := range []string{"one", "two", "three"} {
		text := s.Retrieve(c, i+1)
		if !strings.HasSuffix(text, message(subject)) || !strings.HasPrefix(text, "Return-Path: ") {
			t.Errorf("message %d is %q", i+1, text)
		}
		if list[i].Size != int64(len(text)) {
			t.Errorf("message %d has %d octets, LIST says %d", i+1, len(text), list[i].Size)
		}
		sum += list[i].Size
	}
	if count != 3 || octets != sum {
		t.Errorf("STAT says %d messages, %d octets, want 3, %d", count, octets, sum)
	}
	top, err := c.Top(t.Context(), 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(top)
	if err != nil || !strings.HasSuffix(string(text), "Subject: two\r\n\r\n.dot\r\n") {
		t.Errorf("TOP 2 1: %q, %v", text, err)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	for name, login := range map[string]func(c *pop3client.Client, user, password string) error{
		"USER": func(c *pop3client.Client, u, p string) error { return c.Login(t.Context(), u, p) },
		"PLAIN": func(c *pop3client.Client, u, p string) error {
			return c.Authenticate(t.Context(), sasl.NewPlainClient("", u, p))
		},
		"LOGIN": func(c *pop3client.Client, u, p string) error {
			return c.Authenticate(t.Context(), sasl.NewLoginClient(u, p))
		},
		"SCRAM": func(c *pop3client.Client, u, p string) error {
			return c.Authenticate(t.Context(), sasl.NewSCRAMClient("", u, p))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t) // of its own: a maildrop is open once at a time
			for _, c := range []struct {
				user, password string
				ok             bool
			}{
				{"bob@example.test", mailtest.Password, true},
				{"bob@example.test", "wrong", false},
				{"nobody@example.test", mailtest.Password, false},
				{"gone@example.test", mailtest.Password, false},
			} {
				client := s.POP3()
				if err := login(client, c.user, c.password); (err == nil) != c.ok {
					t.Errorf("%s with %q: %v", c.user, c.password, err)
				}
				// The lock of the maildrop is gone when QUIT is answered.
				quit(t, client)
			}
		})
	}
}

func TestOneSessionAtATime(t *testing.T) {
	t.Parallel()
	s := start(t, "one")
	first := s.Maildrop(ann)
	second := s.POP3()
	err := second.Login(t.Context(), ann, mailtest.Password)
	if err == nil || !strings.Contains(err.Error(), "IN-USE") {
		t.Fatalf("the second session: %v", err)
	}
	if n := len(s.Messages(ann, "INBOX")); n != 1 {
		t.Errorf("IMAP sees %d messages beside a POP3 session", n)
	}
	quit(t, first)
	if err := second.Login(t.Context(), ann, mailtest.Password); err != nil {
		t.Errorf("after the first has gone: %v", err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	s := start(t, "one", "two", "three")
	c := s.Maildrop(ann)
	if err := c.Delete(t.Context(), 1, 3); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := c.Stat(t.Context()); n != 1 {
		t.Errorf("%d messages after DELE", n)
	}
	c.Close() // without QUIT nothing goes
	for {
		c = s.POP3()
		if c.Login(t.Context(), ann, mailtest.Password) == nil {
			break // the server has noticed
		}
	}
	if n, _, _ := c.Stat(t.Context()); n != 3 {
		t.Errorf("%d messages after a connection that broke", n)
	}
	if err := c.Delete(t.Context(), 1, 3); err != nil {
		t.Fatal(err)
	}
	quit(t, c)
	got := s.Messages(ann, "INBOX")
	if len(got) != 1 || !strings.HasSuffix(got[0], message("two")) {
		t.Errorf("left: %q", got)
	}
}

// TestExpungedBesides has an IMAP session expunge, and mail arrive, while the
// maildrop is open.
func TestExpungedBesides(t *testing.T) {
	t.Parallel()
	s := start(t, "one", "two", "three")
	c := s.Maildrop(ann)
	before := uidl(t, c)
	i := s.IMAP(ann)
	i.OK("SELECT INBOX")
	i.OK(`STORE 2 +FLAGS (\Deleted)`)
	i.OK("EXPUNGE")
	s.Deliver("far@elsewhere.test", ann, message("four"))
	if n, _, _ := c.Stat(t.Context()); n != 3 {
		t.Errorf("the maildrop has changed to %d messages", n)
	}
	if got := uidl(t, c); !slices.Equal(got, before) {
		t.Errorf("unique-ids %q, before %q", got, before)
	}
	if text := s.Retrieve(c, 2); !strings.HasSuffix(text, message("two")) {
		t.Errorf("the expunged message is %q", text)
	}
	if err := c.Delete(t.Context(), 2, 3); err != nil {
		t.Fatal(err)
	}
	quit(t, c)
	var subjects []string
	for _, m := range s.Messages(ann, "INBOX") {
		_, rest, _ := strings.Cut(m, "Subject: ")
		subject, _, _ := strings.Cut(rest, "\r\n")
		subjects = append(subjects, subject)
	}
	if !slices.Equal(subjects, []string{"one", "four"}) {
		t.Errorf("left: %q", subjects)
	}
}

// TestContentGone takes the content of an expunged message: RETR fails for that
// one alone.
func TestContentGone(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}},
		Config: func(c *config.Config) {
			c.Storage.KeepExpunged.Duration, c.Storage.ReclaimInterval.Duration = -1e9, 1e6
		},
	})
	s.Deliver("far@elsewhere.test", ann, message("one"))
	s.Deliver("far@elsewhere.test", ann, message("two"))
	c := s.Maildrop(ann)
	i := s.IMAP(ann)
	i.OK("SELECT INBOX")
	i.OK(`STORE 1 +FLAGS (\Deleted)`)
	i.OK("EXPUNGE")
	for {
		r, err := c.Retrieve(t.Context(), 1)
		if err != nil {
			if !strings.Contains(err.Error(), "removed by another session") {
				t.Errorf("RETR of what is gone: %v", err)
			}
			break
		}
		r.Close() // upkeep has not come by yet
	}
	if text := s.Retrieve(c, 2); !strings.HasSuffix(text, message("two")) {
		t.Errorf("the other message is %q", text)
	}
}

// TestUIDLStable follows messages through a restart, a MOVE to another mailbox
// and back, and wants copies to be others.
func TestUIDLStable(t *testing.T) {
	t.Parallel()
	s := start(t, "one", "two")
	read := func() []string {
		c := s.Maildrop(ann)
		defer quit(t, c)
		return uidl(t, c)
	}
	first := read()
	if first[0] == first[1] || len(first[0]) > 70 {
		t.Fatalf("unique-ids %q", first)
	}
	s.Restart()
	if got := read(); !slices.Equal(got, first) {
		t.Errorf("after a restart %q, before %q", got, first)
	}
	i := s.IMAP(ann)
	i.OK("CREATE Away")
	i.OK("SELECT INBOX")
	i.OK("MOVE 1 Away")
	if got := read(); !slices.Equal(got, first[1:]) {
		t.Errorf("after the move %q", got)
	}
	i.OK("SELECT Away")
	i.OK("COPY 1 INBOX")
	i.OK("MOVE 1 INBOX")
	i.OK("LOGOUT")
	got := read()
	if len(got) != 3 || got[0] != first[1] || got[2] != first[0] || slices.Contains(first, got[1]) {
		t.Errorf("after a copy and the move back %q, before %q", got, first)
	}
}
