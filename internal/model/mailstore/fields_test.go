package mailstore_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
)

// someFields are asked for in the tests below; records keep all of them.
func someFields() []string { return []string{"from", "SUBJECT", "Date", "References", "Content-Type"} }

// checkFields compares what the record answers with what stands in the message.
func checkFields(t *testing.T, f *fixture, raw string, prefix string) (kept bool) {
	t.Helper()
	in := f.store.NewIngest(0)
	_, err := io.WriteString(in, raw)
	f.check(err)
	content, err := in.Finish()
	f.check(err)
	defer content.Discard()
	tree, err := f.account.Mailboxes(t.Context())
	f.check(err)
	inbox, _ := tree.Find(imap.Inbox)
	_, err = f.account.Append(t.Context(), inbox.ID, []mailstore.Append{{Content: content, Prefix: []byte(prefix)}})
	f.check(err)
	v, err := f.account.Open(t.Context(), inbox.ID)
	f.check(err)
	m, err := f.account.Message(t.Context(), v.At(v.Len()))
	f.check(err)
	fields, ok := m.Fields(nil)
	if !ok {
		return false
	}
	s, err := m.Structure()
	f.check(err)
	whole := message.Header((prefix + raw)[:s.Root.BodyStart])
	if got, want := fields.Only(someFields()...), whole.Only(someFields()...); !bytes.Equal(got, want) {
		t.Errorf("fields of %q:\n%q, want\n%q", raw, got, want)
	}
	return true
}

func TestFields(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, name := range someFields() {
		if !mailstore.KeepsField(name) {
			t.Errorf("%s is not kept", name)
		}
	}
	if mailstore.KeepsField("Received") || mailstore.KeepsField("X-Unknown") {
		t.Error("fields are kept that are not in the list")
	}
	for _, raw := range []string{
		"From: a@b.test\r\nReceived: x\r\nSubject: hi\r\n there\r\nTo: c@d.test\r\n\r\nbody\r\n",
		"subject: one\r\nSubject: two\r\n\r\n",
		"X-Nothing: kept\r\n\r\nbody",
		"From: bare\nDate: line ends\n\nbody\n",
		"Subject: without a body",
		"garbage first\r\nFrom: a@b.test\r\n\r\n",
		" folded first\r\nFrom: a@b.test\r\n\r\n",
		"Subject: then a line\r\nthat is no field\r\nFrom: a\r\n\r\nbody\r\n",
		"no field at all\r\n",
		"Subject: large\r\n\r\n" + strings.Repeat("body ", 100_000), // staged
	} {
		for _, prefix := range []string{"", "Return-Path: <>\r\nDate: now\r\n"} {
			kept := checkFields(t, f, raw, prefix)
			want := raw != "no field at all\r\n" && !strings.Contains(raw, "first\r\n")
			if kept != want {
				t.Errorf("%.40q: kept %v, want %v", raw, kept, want)
			}
		}
	}
	if checkFields(t, f, "To: "+strings.Repeat("someone@example.test, ", 1000)+"\r\n\r\n", "") {
		t.Error("a header of 22 KB was kept in the record")
	}
}

func FuzzFields(f *testing.F) {
	f.Add("From: a@b.test\r\nReceived: x\r\nSubject: hi\r\n there\r\n\r\nbody\r\n", "Date: x\r\n")
	f.Add("subject: one\nx\n: y\r\n\r\n", "")
	f.Fuzz(func(t *testing.T, raw, prefix string) {
		if prefix != "" && (!strings.HasPrefix(prefix, "Date: ") || !strings.HasSuffix(prefix, "\r\n") || strings.Count(prefix, "\n") > 1) {
			return // a prefix is made by us: whole fields
		}
		checkFields(t, newFixture(t), raw, prefix)
	})
}
