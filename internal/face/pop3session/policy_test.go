package pop3session_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/pop3/pop3client"
)

// startWith is start with defaults for maildrops.
func startWith(t *testing.T, change func(*config.Maildrop), subjects ...string) *mailtest.Server {
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}, {Address: "bob@example.test"}},
		Config:   func(c *config.Config) { change(&c.Maildrop) },
	})
	for _, subject := range subjects {
		s.Deliver("far@elsewhere.test", ann, message(subject))
	}
	return s
}

// subjects returns those of the messages in a mailbox, as IMAP shows them.
func subjects(s *mailtest.Server, mailbox string) []string {
	var list []string
	for _, m := range s.Messages(ann, mailbox) {
		_, rest, _ := strings.Cut(m, "Subject: ")
		subject, _, _ := strings.Cut(rest, "\r\n")
		list = append(list, subject)
	}
	return list
}

func deleteOne(t *testing.T, s *mailtest.Server) {
	t.Helper()
	c := s.Maildrop(ann)
	if err := c.Delete(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	quit(t, c)
}

func TestDeleteToTrash(t *testing.T) {
	t.Parallel()
	s := startWith(t, func(m *config.Maildrop) { m.Delete = "trash" }, "one", "two")
	uids := readUIDL(t, s)
	deleteOne(t, s)
	if in, trash := subjects(s, "INBOX"), subjects(s, "Trash"); !slices.Equal(in, []string{"two"}) || !slices.Equal(trash, []string{"one"}) {
		t.Errorf("INBOX has %q, Trash %q", in, trash)
	}
	i := s.IMAP(ann)
	i.OK("SELECT Trash")
	i.OK("MOVE 1 INBOX")
	i.OK("SELECT INBOX")
	i.OK("DELETE Trash")
	if got := readUIDL(t, s); !slices.Equal(got, []string{uids[1], uids[0]}) {
		t.Errorf("back from the trash: %q, before %q", got, uids)
	}
	deleteOne(t, s) // with no trash there
	if in, trash := subjects(s, "INBOX"), subjects(s, "Trash"); !slices.Equal(in, []string{"one"}) || !slices.Equal(trash, []string{"two"}) {
		t.Errorf("INBOX has %q, a new Trash %q", in, trash)
	}
}

// TestTrashShown deletes what POP3 shows of the trash itself.
func TestTrashShown(t *testing.T) {
	t.Parallel()
	s := startWith(t, func(m *config.Maildrop) { m.Delete, m.Mailbox = "trash", "Trash" }, "one", "two")
	i := s.IMAP(ann)
	i.OK("SELECT INBOX")
	i.OK("MOVE 1 Trash")
	deleteOne(t, s)
	if in, trash := subjects(s, "INBOX"), subjects(s, "Trash"); len(in) != 1 || len(trash) != 0 {
		t.Errorf("INBOX has %q, Trash %q", in, trash)
	}
}

func TestHide(t *testing.T) {
	t.Parallel()
	s := startWith(t, func(m *config.Maildrop) { m.Delete = "hide" }, "one", "two", "three")
	uids := readUIDL(t, s)
	c := s.Maildrop(ann)
	if err := c.Delete(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	quit(t, c)
	s.Restart()
	if got := readUIDL(t, s); !slices.Equal(got, []string{uids[0], uids[2]}) {
		t.Errorf("shown are %q of %q", got, uids)
	}
	c = s.Maildrop(ann)
	if n, octets, err := c.Stat(t.Context()); n != 2 || err != nil || octets != int64(len(s.Retrieve(c, 1))+len(s.Retrieve(c, 2))) {
		t.Errorf("STAT: %d messages, %d octets, %v", n, octets, err)
	}
	if text := s.Retrieve(c, 2); !strings.HasSuffix(text, message("three")) {
		t.Errorf("message 2 is %q", text)
	}
	quit(t, c)
	if got := subjects(s, "INBOX"); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("IMAP has %q", got)
	}
	i := s.IMAP(ann) // hidden it stays, wherever it goes
	i.OK("CREATE Away")
	i.OK("SELECT INBOX")
	i.OK("MOVE 2 Away")
	i.OK("SELECT Away")
	i.OK("MOVE 1 INBOX")
	if got := readUIDL(t, s); !slices.Equal(got, []string{uids[0], uids[2]}) {
		t.Errorf("after a move shown are %q of %q", got, uids)
	}
}

// TestMailbox shows another mailbox than INBOX, and none.
func TestMailbox(t *testing.T) {
	t.Parallel()
	s := startWith(t, func(m *config.Maildrop) { m.Mailbox = "Phone" }, "one")
	c := s.POP3()
	err := c.Login(t.Context(), ann, mailtest.Password)
	if err == nil || !strings.Contains(err.Error(), "[SYS/PERM] The mailbox for POP3 does not exist") {
		t.Errorf("without the mailbox: %v", err)
	}
	i := s.IMAP(ann)
	i.OK("CREATE Phone")
	i.OK("SELECT INBOX")
	i.OK("COPY 1 Phone")
	if err := c.Login(t.Context(), ann, mailtest.Password); err != nil {
		t.Fatal(err)
	}
	if text := s.Retrieve(c, 1); !strings.HasSuffix(text, message("one")) {
		t.Errorf("message 1 is %q", text)
	}
	if err := c.Delete(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	quit(t, c)
	if in, phone := subjects(s, "INBOX"), subjects(s, "Phone"); len(in) != 1 || len(phone) != 0 {
		t.Errorf("INBOX has %q, Phone %q", in, phone)
	}
}

// TestLeaveNothing removes what was retrieved whole when the session ends, and
// nothing else (RFC 2449 §6.7).
func TestLeaveNothing(t *testing.T) {
	t.Parallel()
	s := startWith(t, func(m *config.Maildrop) { m.Leave = "0d" }, "one", "two", "three")
	c := s.Maildrop(ann)
	capa(t, c, "EXPIRE", "0")
	s.Retrieve(c, 3)
	s.Retrieve(c, 1)
	top, err := c.Top(t.Context(), 2, 100)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, top)
	top.Close()
	c.Close() // without QUIT nothing goes
	c = waitForMaildrop(t, s)
	if n, _, _ := c.Stat(t.Context()); n != 3 {
		t.Errorf("%d messages after a connection that broke", n)
	}
	s.Retrieve(c, 3)
	s.Retrieve(c, 1)
	quit(t, c)
	if got := subjects(s, "INBOX"); !slices.Equal(got, []string{"two"}) {
		t.Errorf("left: %q", got)
	}
}

func capa(t *testing.T, c *pop3client.Client, name string, want ...string) {
	t.Helper()
	caps, err := c.Capabilities(t.Context())
	if err != nil || !slices.Equal(caps[name], want) {
		t.Errorf("%s %q, %v, want %q", name, caps[name], err, want)
	}
}

// waitForMaildrop logs in as soon as the server has noticed that the session
// before is dead.
func waitForMaildrop(t *testing.T, s *mailtest.Server) *pop3client.Client {
	t.Helper()
	for {
		c := s.POP3()
		if c.Login(t.Context(), ann, mailtest.Password) == nil {
			return c
		}
		c.Close()
	}
}

func readUIDL(t *testing.T, s *mailtest.Server) []string {
	t.Helper()
	c := s.Maildrop(ann)
	defer quit(t, c)
	return uidl(t, c)
}

func TestAnnounced(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.POP3()
	capa(t, c, "EXPIRE", "NEVER")
	capa(t, c, "LOGIN-DELAY", "0")
	capa(t, c, "UTF8", "USER")
	capa(t, c, "LANG")
	for _, name := range []string{"TOP", "UIDL", "USER", "SASL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "IMPLEMENTATION", "STLS"} {
		if caps, _ := c.Capabilities(t.Context()); !caps.Has(name) {
			t.Errorf("CAPA has no %s", name)
		}
	}
}

func TestLoginDelay(t *testing.T) {
	t.Parallel()
	s := startWith(t, func(m *config.Maildrop) { m.LoginDelay.Duration = 3600e9 })
	c := s.Maildrop(ann)
	capa(t, c, "LOGIN-DELAY", "3600")
	quit(t, c)
	c = s.POP3()
	if err := c.Login(t.Context(), ann, "wrong"); err == nil || strings.Contains(err.Error(), "LOGIN-DELAY") {
		t.Errorf("a wrong password: %v", err)
	}
	err := c.Login(t.Context(), ann, mailtest.Password)
	if err == nil || !strings.Contains(err.Error(), "[LOGIN-DELAY] Too soon after the last login") {
		t.Errorf("a second login: %v", err)
	}
	if err := c.Login(t.Context(), "bob@example.test", mailtest.Password); err != nil {
		t.Errorf("someone else: %v", err)
	}
}

// TestPolicyOfOneAccount gives an account rules of its own: clients hear of the
// bounds before they log in, and of their own rules afterwards (RFC 2449 §6.5,
// §6.7).
func TestPolicyOfOneAccount(t *testing.T) {
	t.Parallel()
	s := startWith(t, func(m *config.Maildrop) { m.Leave = "60d" }, "one")
	value := func(s string) *string { return &s }
	if _, err := s.Admin().SetPOP3(t.Context(), ann, admin.POP3Change{
		Delete: value("trash"), LeaveDays: value("30"), LoginDelay: value("10m"),
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		user, expire, delay string
	}{{ann, "30", "600"}, {"bob@example.test", "60", "0"}} {
		client := s.POP3()
		capa(t, client, "EXPIRE", "30", "USER")
		capa(t, client, "LOGIN-DELAY", "600", "USER")
		if err := client.Login(t.Context(), c.user, mailtest.Password); err != nil {
			t.Fatal(err)
		}
		capa(t, client, "EXPIRE", c.expire)
		capa(t, client, "LOGIN-DELAY", c.delay)
		if c.user == ann {
			if err := client.Delete(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		quit(t, client)
	}
	s.Restart()
	capa(t, s.POP3(), "EXPIRE", "30", "USER")
	if trash := subjects(s, "Trash"); !slices.Equal(trash, []string{"one"}) {
		t.Errorf("Trash has %q", trash)
	}
}
