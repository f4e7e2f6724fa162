package imapurl_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/flow/imapurl"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

const (
	ann  = "ann@example.test"
	bob  = "bob@example.test"
	text = "Subject: hi\r\nFrom: ann@example.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\n\r\nfirst\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--b--\r\n"
	rump = "imap://ann%40example.test@mail.example.test/INBOX/;uid=1"
)

var now = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

// A shop is a Service with a message in Ann's INBOX.
type shop struct {
	*mailtest.Models
	*imapurl.Service
	t     *testing.T
	now   time.Time
	inbox *mailstore.Mailbox
	mail  *mailstore.Account
}

func newShop(t *testing.T) *shop {
	s := &shop{t: t, now: now}
	s.Models = mailtest.NewModels(t, []mailtest.Account{
		{Address: ann, Others: []string{"anna@example.test"}}, {Address: bob}, {Address: "off@example.test", Disabled: true},
	})
	s.Service = imapurl.New(imapurl.Options{
		Directory: s.Models.Directory, Mail: s.Models.Mail, Hosts: []string{"mail.example.test"},
		Now: func() time.Time { return s.now },
	})
	var err error
	s.mail, err = s.Models.Mail.Account(t.Context(), mailstore.AccountID(s.ID(ann)))
	s.check(err)
	tree, err := s.mail.Mailboxes(t.Context())
	s.check(err)
	s.inbox, _ = tree.Find(imap.Inbox)
	content := s.Content(text)
	defer content.Discard()
	_, err = s.mail.Append(t.Context(), s.inbox.ID, []mailstore.Append{{Content: content}})
	s.check(err)
	return s
}

func (s *shop) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// sign has Ann complete a rump.
func (s *shop) sign(rump string) string {
	s.t.Helper()
	u, err := imap.ParseURL(rump)
	s.check(err)
	signed, err := s.Sign(s.t.Context(), u, "internal", s.ID(ann))
	s.check(err)
	return signed
}

// read returns what a URL gives to a reader.
func (s *shop) read(url string, as imapurl.Reader) (string, error) {
	s.t.Helper()
	u, err := imap.ParseURL(url)
	s.check(err)
	c, err := s.Open(s.t.Context(), u, as)
	if err != nil {
		return "", err
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	s.check(err)
	if int64(len(b)) != c.Size() {
		s.t.Errorf("%s: %d bytes, %d announced", url, len(b), c.Size())
	}
	return string(b), nil
}

func TestSections(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for params, want := range map[string]string{
		"":                                 text,
		"/;partial=9.2":                    "hi",
		"/;partial=100000":                 "",
		"/;section=1":                      "first",
		"/;section=1/;partial=1":           "irst",
		"/;section=1/;partial=3.100":       "st",
		"/;section=2":                      "PGI+",
		"/;section=2.MIME":                 "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n",
		"/;section=HEADER.FIELDS%20(From)": "From: ann@example.test\r\n\r\n",
		"/;section=HEADER.FIELDS.NOT%20(From%20Content-Type)/;partial=2.3": "bje",
	} {
		got, err := s.read(s.sign(rump+params+";urlauth=anonymous"), imapurl.Reader{})
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", params, got, err, want)
		}
	}
}

// TestAccess has each access identifier meet each kind of reader
// (RFC 4467 §3).
func TestAccess(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	readers := []imapurl.Reader{
		{}, {Account: s.ID(ann)}, {Account: s.ID(bob)}, {Account: s.ID(bob), Submission: true}, {Account: s.ID(ann), Submission: true},
	}
	for access, want := range map[string]string{
		"anonymous":                  "yyyyy",
		"authuser":                   "nyyyy",
		"user+bob%40example.test":    "nnynn",
		"user+anna%40example.test":   "nynnn",
		"submit+bob%40example.test":  "nnnyn",
		"user+nobody%40example.test": "nnnnn",
		"submit+bob":                 "nnnnn",
		"SUBMIT+BOB%40example.test":  "nnnyn",
	} {
		signed := s.sign(rump + ";urlauth=" + access)
		var got strings.Builder
		for _, r := range readers {
			switch _, err := s.read(signed, r); {
			case err == nil:
				got.WriteByte('y')
			case errors.Is(err, imapurl.ErrRefused):
				got.WriteByte('n')
			default:
				t.Fatal(err)
			}
		}
		if got.String() != want {
			t.Errorf("%s: %s, want %s", access, &got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	good := s.sign(rump + ";expire=2026-05-04T03:03:00Z;urlauth=anonymous")
	later := s.sign(rump + ";expire=2026-05-04T03:02:01Z;urlauth=anonymous")
	other := map[bool]string{true: "0", false: "1"}[good[len(good)-1] != '0']
	flipped := good[:len(good)-1] + other
	for what, url := range map[string]string{
		"other token":   flipped,
		"longer life":   strings.Replace(good, "2026", "2027", 1),
		"other message": strings.Replace(good, "uid=1", "uid=2", 1),
		"more of it":    strings.Replace(s.sign(rump+"/;section=1;urlauth=anonymous"), "/;section=1", "", 1),
		"other access":  strings.Replace(s.sign(rump+";urlauth=authuser"), "authuser", "anonymous", 1),
		"expired":       later,
		"other host":    strings.Replace(good, "mail.example.test", "mail.example.org", 1),
		"other user":    strings.Replace(good, "ann%40", "bob%40", 1),
		"no such user":  strings.Replace(good, "ann%40", "nobody%40", 1),
		"disabled":      strings.Replace(good, "ann%40", "off%40", 1),
		"no mailbox":    strings.Replace(good, "INBOX", "Nowhere", 1),
		"no authority":  rump,
		"no message":    s.sign(strings.Replace(rump, "uid=1", "uid=9", 1) + ";urlauth=anonymous"),
		"no part":       s.sign(rump + "/;section=3;urlauth=anonymous"),
		"only a rump":   rump + ";urlauth=anonymous",
		"old mechanism": strings.Replace(good, ":internal:", ":xsample:", 1),
		"shorter token": good[:len(good)-20],
		"longer token":  good + "00",
	} {
		if _, err := s.read(url, imapurl.Reader{Account: s.ID(ann)}); !errors.Is(err, imapurl.ErrRefused) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := s.read(good, imapurl.Reader{}); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestResetVoids(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	signed := s.sign(rump + ";urlauth=anonymous")
	if s.sign(rump+";urlauth=anonymous") != signed {
		t.Error("the same rump has two tokens")
	}
	s.check(s.mail.ResetAccessKey(t.Context(), s.inbox.ID))
	if _, err := s.read(signed, imapurl.Reader{}); !errors.Is(err, imapurl.ErrRefused) {
		t.Errorf("after a reset: %v", err)
	}
	s.check(s.mail.RemoveAccessKeys(t.Context()))
	if _, err := s.read(signed, imapurl.Reader{}); !errors.Is(err, imapurl.ErrRefused) {
		t.Errorf("without a key: %v", err)
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, url := range []string{
		rump, "imap://bob%40example.test@mail.example.test/INBOX/;uid=1;urlauth=anonymous",
		strings.Replace(rump, "INBOX", "Nowhere", 1) + ";urlauth=anonymous",
		strings.Replace(rump, "INBOX", "INBOX;UIDVALIDITY=1", 1) + ";urlauth=anonymous",
		strings.Replace(rump, "mail.", "male.", 1) + ";urlauth=anonymous",
		s.sign(rump + ";urlauth=anonymous"),
	} {
		u, err := imap.ParseURL(url)
		s.check(err)
		if signed, err := s.Sign(t.Context(), u, "INTERNAL", s.ID(ann)); !errors.Is(err, imapurl.ErrRefused) {
			t.Errorf("%s: %s, %v", url, signed, err)
		}
	}
	u, _ := imap.ParseURL(rump + ";urlauth=anonymous")
	if _, err := s.Sign(t.Context(), u, "XSAMPLE", s.ID(ann)); !errors.Is(err, imapurl.ErrMechanism) {
		t.Errorf("mechanism: %v", err)
	}
}
