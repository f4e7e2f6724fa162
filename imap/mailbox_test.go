package imap_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mailstead/mailstead/imap"
)

func TestUTF7(t *testing.T) {
	t.Parallel()
	for plain, encoded := range map[string]string{
		"INBOX":              "INBOX",
		"a&b":                "a&-b",
		"~peter/mail/台北/日本語": "~peter/mail/&U,BTFw-/&ZeVnLIqe-",
		"Entwürfe":           "Entw&APw-rfe",
		"😀&":                 "&2D3eAA-&-",
		"台北日本語":              "&U,BTF2XlZyyKng-",
		"":                   "",
	} {
		if got := imap.EncodeUTF7(plain); got != encoded {
			t.Errorf("%q is encoded as %q, want %q", plain, got, encoded)
		}
		if got, err := imap.DecodeUTF7(encoded); err != nil || got != plain {
			t.Errorf("%q is decoded as %q, %v", encoded, got, err)
		}
	}
	for _, bad := range []string{
		"&", "&Jjo", "&Jjo!", "&U,BTFw-&ZeVnLIqe-", "&AGE-", "&2D0-", "&AA", "ü", "a\x7f", "&AP*-", "&APx-",
	} {
		if got, err := imap.DecodeUTF7(bad); err == nil {
			t.Errorf("%q is decoded as %q", bad, got)
		}
	}
}

func FuzzUTF7(f *testing.F) {
	for _, s := range []string{"a&-b", "&U,BTFw-", "&2D3eAA-", "Entwürfe", "&&", "&-&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if plain, err := imap.DecodeUTF7(s); err == nil && imap.EncodeUTF7(plain) != s {
			t.Errorf("%q becomes %q, then %q", s, plain, imap.EncodeUTF7(plain))
		}
		if !utf8.ValidString(s) {
			return
		}
		encoded := imap.EncodeUTF7(s)
		if back, err := imap.DecodeUTF7(encoded); err != nil || back != s {
			t.Errorf("%q becomes %q, then %q, %v", s, encoded, back, err)
		}
	})
}

func TestMatchMailbox(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, pattern string
		want          bool
	}{
		{"a/b", "*", true},
		{"a/b", "%", false},
		{"a", "%", true},
		{"a/b", "%/%", true},
		{"a/b/c", "%/%", false},
		{"a/b/c", "a*c", true},
		{"a/b/c", "a%c", false},
		{"abc", "a%c", true},
		{"INBOX", "inbox", true},
		{"INBOX", "inb%", true},
		{"INBOX/a", "inbox/%", true},
		{"Inboxes", "inboxes", false},
		{"foo", "FOO", false},
		{"aab", "a*a*b", true},
		{"", "", true},
		{"x*y", "x*y", true},
		{"a/b", "a%%b", false},
		{"a/b", "a%*%b", true},
		{"a/b", "a**%%%/%%%b%%", true},
		{"a/b", "*%*%*%*", true},
		{"", "***", true},
		{"ab", "a*b*c", false},
		{"INBOX", "in**%%box", true},
	} {
		if got := imap.MatchMailbox(test.name, test.pattern, '/'); got != test.want {
			t.Errorf("%q matches %q: %v", test.name, test.pattern, got)
		}
	}
}

// TestHostilePatterns would take years with a matcher that tries all, and many
// seconds with one that takes as long as the pattern is.
func TestHostilePatterns(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		strings.Repeat("*a%a", 100) + "b", strings.Repeat("*%", 30_000) + "b", strings.Repeat("*a", 30_000), strings.Repeat("%a", 30_000),
	} {
		for range 100 {
			if imap.MatchMailbox(strings.Repeat("a", 255), pattern, '/') {
				t.Error("matches")
			}
		}
	}
}

func TestMailboxNames(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"INBOX": true, "a/b": true, "Entwürfe": true,
		"": false, "/a": false, "a/": false, "a//b": false, "a\x00": false, "a\u2028": false, "\xff": false,
		strings.Repeat("x", imap.MaxMailboxName+1): false,
	} {
		if err := imap.CheckMailboxName(name, '/'); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
	for name, want := range map[string]string{
		"inbox": "INBOX", "Inbox/A": "INBOX/A", "inboxes": "inboxes", "x/inbox": "x/inbox",
	} {
		if got := imap.CanonicalMailboxName(name, '/'); got != want {
			t.Errorf("%q becomes %q", name, got)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for f, want := range map[imap.Flag]struct {
		canonical imap.Flag
		valid     bool
	}{
		`\seen`:      {imap.FlagSeen, true},
		`\RECENT`:    {imap.FlagRecent, false},
		`$forwarded`: {imap.FlagForwarded, true},
		"Work":       {"Work", true},
		`\*`:         {imap.FlagAny, false},
		`\Foo`:       {`\Foo`, false},
		"a b":        {"a b", false},
		"":           {"", false},
		"ü":          {"ü", false},
	} {
		if got := f.Canonical(); got != want.canonical {
			t.Errorf("%q becomes %q", f, got)
		}
		if f.Valid() != want.valid {
			t.Errorf("%q is valid: %v", f, f.Valid())
		}
	}
	if !imap.Flag("work").Equal("WORK") || imap.Flag("work").Key() != imap.Flag("WORK").Key() {
		t.Error("case matters")
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", -8*3600)
	late := time.Date(1994, 2, 1, 23, 0, 0, 0, zone) // the second in UTC
	d := imap.DateOf(late)
	if d.String() != "1-Feb-1994" {
		t.Fatal(d)
	}
	next := imap.Date{Year: 1994, Month: 2, Day: 2}
	if d.Compare(next) != -1 || next.Compare(d) != 1 || d.Compare(d) != 0 {
		t.Error("order is wrong")
	}
}

func TestSectionNames(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]imap.BodySection{
		"BODY[]":            {Peek: true},
		"BODY[1.2.MIME]<3>": {Path: []int{1, 2}, Text: imap.SectionMIME, Partial: imap.Partial{Offset: 3, Count: 4}},
		`BODY[HEADER.FIELDS (To "a b")]`: {
			Text: imap.SectionHeaderFields, Fields: []string{"To", "a b"},
		},
		"BINARY.SIZE[4]": {Item: imap.ItemBinarySize, Path: []int{4}},
		"RFC822.TEXT":    {Item: imap.ItemRFC822Text, Text: imap.SectionBodyText},
	} {
		if got := s.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	code := imap.CodeCopyUID(&imap.CopyData{
		UIDValidity: 7, Source: imap.SetOf[imap.UID](1, 2), Dest: imap.SetOf[imap.UID](5, 9),
	})
	if code != "COPYUID 7 1:2 5,9" || code.Name() != "COPYUID" || code.Args() != "7 1:2 5,9" {
		t.Error(code)
	}
}
