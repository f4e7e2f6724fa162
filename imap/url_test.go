package imap_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/imap"
)

func section(t *testing.T, spec string) imap.BodySection {
	t.Helper()
	s, err := imap.ParseSection(spec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const urlToken = "91354a473744909de610943775f92038"

// TestParseURL has the examples of RFC 5092 §10, RFC 4467 §3 and RFC 4469.
func TestParseURL(t *testing.T) {
	t.Parallel()
	whole := imap.BodySection{Peek: true}
	none := imap.BodySection{}
	authorized := "imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred"
	for text, want := range map[string]imap.URL{
		"imap://minbari.example.org/gray-council;UIDVALIDITY=385759045/;UID=20/;PARTIAL=0.1024": {
			Host: "minbari.example.org", Mailbox: "gray-council", UIDValidity: 385759045, UID: 20,
			Partial: imap.URLPartial{Given: true, Count: 1024}, Section: none,
		},
		"imap://psicorp.example.org/~peter/%E6%97%A5%E6%9C%AC%E8%AA%9E/%E5%8F%B0%E5%8C%97": {
			Host: "psicorp.example.org", Mailbox: "~peter/日本語/台北",
		},
		"imap://;AUTH=GSSAPI@minbari.example.org:1143/gray-council/;uid=20/;section=1.2": {
			Mechanism: "GSSAPI", Host: "minbari.example.org", Port: 1143, Mailbox: "gray-council", UID: 20,
			Section: section(t, "1.2"),
		},
		"imap://;AUTH=*@minbari.example.org/gray%20council?SUBJECT%20shadows": {
			Mechanism: "*", Host: "minbari.example.org", Mailbox: "gray council", Search: "SUBJECT shadows",
		},
		"imap://john;AUTH=*@[2001:db8::1]/inbox/;UID=3": {
			User: "john", Mechanism: "*", Host: "2001:db8::1", Mailbox: "INBOX", UID: 3,
		},
		"imap://[2001:db8::1]:993": {Host: "2001:db8::1", Port: 993},
		"/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER": {
			Mailbox: "Drafts", UIDValidity: 385759045, UID: 20, Section: section(t, "HEADER"),
		},
		"/Drafts/;UID=3002": {Mailbox: "Drafts", UID: 3002},
		";UID=20/;SECTION=2.HEADER.FIELDS%20(From%20To)/;PARTIAL=7": {
			UID: 20, Section: section(t, "2.HEADER.FIELDS (From To)"),
			Partial: imap.URLPartial{Given: true, Offset: 7},
		},
		authorized: {
			User: "joe", Host: "example.com", Mailbox: "INBOX", UID: 20, Section: section(t, "1.2"),
			Auth: &imap.URLAuth{Access: imap.AccessSubmit, User: "fred", Rump: authorized},
		},
		authorized + ":internal:" + urlToken: {
			User: "joe", Host: "example.com", Mailbox: "INBOX", UID: 20, Section: section(t, "1.2"),
			Auth: &imap.URLAuth{
				Access: imap.AccessSubmit, User: "fred", Rump: authorized,
				Mechanism: imap.MechanismInternal, Token: urlToken,
			},
		},
		"imap://ann@example.test@example.com/INBOX/;uid=20;expire=2026-05-01T12:00:00Z;urlauth=authuser": {
			User: "ann@example.test", Host: "example.com", Mailbox: "INBOX", UID: 20, Section: whole,
			Auth: &imap.URLAuth{
				Access: imap.AccessAuthUser, Expire: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
				Rump: "imap://ann@example.test@example.com/INBOX/;uid=20;expire=2026-05-01T12:00:00Z;urlauth=authuser",
			},
		},
	} {
		want.Section.Peek = false
		got, err := imap.ParseURL(text)
		got.Section.Peek = false
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s:\n%s", text, d)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"http://example.com/x", "imap://", "imap:///x", "imap://a@/x", "imap://@h/x", "imap://h:0/x", "imap://h:66000/x",
		"imap://h/x;UID=1", "imap://h/x/;UID=0", "imap://h/x/;UID=+1", "imap://h/x/;UIDVALIDITY=1", "/x/;SECTION=1",
		"/x/;UID=1;SECTION=1", "/x/;UID=1/;SECTION=0", "/x/;UID=1/;SECTION=MIME", "/x/;UID=1/;SECTION=",
		"/x/;UID=1/;SECTION=HEADER.FIELDS", "/x/;UID=1/;SECTION=1.HEADER.FIELDS%20()",
		"/x/;UID=1/;PARTIAL=1.0", "/x/;UID=1/;PARTIAL=-1", "/x/;UID=1/;PARTIAL=1/;SECTION=1", "/x/;UID=1/;UID=2",
		"/x?SUBJECT", "imap://h/x/;UID=1?ALL", "imap://h/;UID=1", "Drafts/;UID=1", "/x%0/;UID=1", "/x%zz/;UID=1",
		"/x%00/;UID=1", "/x%FF/;UID=1", "/x y/;UID=1", "/ü/;UID=1",
		"imap://h/x/;UID=1;URLAUTH=anonymous", "/x/;UID=1;URLAUTH=anonymous",
		"imap://u@h/x/;UID=1;EXPIRE=2026-01-01T00:00:00Z", "imap://u@h/x/;UID=1;EXPIRE=yesterday;URLAUTH=anonymous",
		"imap://u@h/x/;UID=1;URLAUTH=user+", "imap://u@h/x/;UID=1;URLAUTH=nobody",
		"imap://u@h/x/;UID=1;URLAUTH=anonymous:internal:1234", "imap://u@h/x/;UID=1;URLAUTH=anonymous:internal",
		"imap://u@h/x/;UID=1/;URLAUTH=anonymous", "imap://u@h/x;URLAUTH=anonymous",
	} {
		if u, err := imap.ParseURL(text); err == nil && !(text == "/x?SUBJECT" && u.Search == "SUBJECT") {
			t.Errorf("%s: taken as %+v", text, u)
		} else if err != nil && !errors.Is(err, imap.ErrURL) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzURL checks that what is parsed can be written and parsed again.
func FuzzURL(f *testing.F) {
	for _, text := range []string{
		"imap://joe;AUTH=*@example.com:143/a%20b;UIDVALIDITY=7/;UID=20/;SECTION=1.MIME/;PARTIAL=1.2;EXPIRE=2026-05-01T12:00:00.5+02:00;URLAUTH=user+x%40y:internal:" + urlToken,
		"/Drafts/;UID=3002", ";UID=1/;SECTION=HEADER.FIELDS.NOT%20(a%20b)", "imap://[::1]/x?ALL", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := imap.ParseURL(text)
		if err != nil {
			return
		}
		again, err := imap.ParseURL(u.String())
		if err != nil {
			t.Fatalf("%q gives %q: %v", text, u, err)
		}
		for _, x := range []*imap.URL{&u, &again} {
			x.Section.Peek = false
			if x.Auth != nil {
				x.Auth.Rump = ""
				x.Auth.Expire = x.Auth.Expire.UTC()
			}
		}
		if d := cmp.Diff(u, again); d != "" {
			t.Fatalf("%q gives %q:\n%s", text, u, d)
		}
	})
}
