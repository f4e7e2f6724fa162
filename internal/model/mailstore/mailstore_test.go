package mailstore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

func TestNewAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tree, err := f.account.Mailboxes(context.Background())
	f.check(err)
	var names []string
	for m := range tree.All() {
		names = append(names, m.Name)
		if !tree.Subscribed(m.Name) {
			t.Errorf("%s is not subscribed", m.Name)
		}
		if m.UIDNext != 1 || int64(m.UIDValidity) < start().Unix() {
			t.Errorf("%s has UIDNEXT %d and UIDVALIDITY %d", m.Name, m.UIDNext, m.UIDValidity)
		}
	}
	if got, want := strings.Join(names, " "), "Archive Drafts INBOX Junk Sent Trash"; got != want {
		t.Errorf("mailboxes are %q, want %q", got, want)
	}
	if sent, ok := tree.FindUse(imap.AttrSent); !ok || sent.Name != "Sent" {
		t.Errorf(`\Sent is %v`, sent)
	}
}

func TestAppendAndRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	date := time.Date(2020, 2, 29, 12, 0, 0, 0, time.FixedZone("", -5*3600-1800))
	c := f.content(mail("hello"))
	defer c.Discard()
	data, err := f.account.Append(context.Background(), f.box("INBOX").ID, []mailstore.Append{{
		Content:      c,
		Flags:        []imap.Flag{`\seen`, "$Forwarded", "Custom"},
		InternalDate: date,
		Prefix:       []byte("Return-Path: <>\r\n"),
	}})
	f.check(err)
	if data.UIDs.String() != "1" || data.UIDValidity != f.box("INBOX").UIDValidity {
		t.Errorf("APPENDUID is %v", data)
	}
	f.reopen()
	v := f.version("INBOX")
	e := v.At(1)
	whole := "Return-Path: <>\r\n" + mail("hello")
	if got := f.read(e); got != whole {
		t.Errorf("message is %q", got)
	}
	if e.Size() != int64(len(whole)) {
		t.Errorf("size is %d, want %d", e.Size(), len(whole))
	}
	if got := f.flags("INBOX", 1); got != `[\Seen $Forwarded Custom]` {
		t.Errorf("flags are %s", got)
	}
	if got := e.InternalDate(); !got.Equal(date) || got.Format(imap.DateTimeLayout) != date.Format(imap.DateTimeLayout) {
		t.Errorf("internal date is %v", got)
	}
	if got := e.SentDate(); got.Format(time.RFC3339) != "2026-03-03T23:30:00-08:00" {
		t.Errorf("sent date is %v", got)
	}
	if got := e.SaveDate(); !got.Equal(start()) {
		t.Errorf("save date is %v", got)
	}
}

func TestStructure(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	huge := "Subject: big\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		strings.Repeat("--b\r\nContent-Type: text/plain; name=\"some-longer-name-of-a-file.txt\"\r\n\r\nx\r\n", 1500) + "--b--\r\n"
	for name, text := range map[string]string{"small": mail("small"), "huge": huge} {
		c := f.content(text)
		done, err := f.store.Deliver(context.Background(), c, []mailstore.Delivery{
			{Account: 7, Prefix: []byte("Received: here\r\n")},
		}, nil)
		c.Discard()
		f.check(err)
		f.check(done[0].Err)
		v := f.version("INBOX")
		e, _ := v.Get(done[0].UID)
		m, err := f.account.Message(context.Background(), e)
		f.check(err)
		s, err := m.Structure()
		f.check(err)
		want := len("Received: here\r\n") + strings.Index(text, "\r\n\r\n") + 4
		if s.Root.BodyStart != int64(want) || s.Size != m.Size() {
			t.Errorf("%s: body at %d, want %d; size %d of %d", name, s.Root.BodyStart, want, s.Size, m.Size())
		}
		envelope, err := m.Envelope()
		f.check(err)
		if envelope.Subject != s.Envelope.Subject || envelope.Subject == "" {
			t.Errorf("%s: subject is %q", name, envelope.Subject)
		}
	}
}
