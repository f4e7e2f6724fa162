package imap

import (
	"strings"
	"testing"
)

func TestCheckEntry(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ name, want string }{
		{"/private/comment", "/private/comment"},
		{"/Shared/Vendor/X/Y", "/shared/vendor/x/y"},
		{"/shared", "/shared"},
		{"/private/a b", "/private/a b"},
		{"", ""}, {"/", ""}, {"/comment", ""}, {"private/x", ""}, {"/privately/x", ""},
		{"/private/", ""}, {"/private//x", ""}, {"/private/*", ""}, {"/shared/50%", ""},
		{"/private/\x1f", ""}, {"/private/\x7f", ""}, {"/private/é", ""},
		{"/private/" + strings.Repeat("x", MaxEntryName), ""},
	} {
		got, err := CheckEntry(one.name)
		if got != one.want || (err != nil) != (one.want == "") {
			t.Errorf("%q is %q, %v", one.name, got, err)
		}
	}
}

func TestHasValue(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"/private": false, "/private/comment": true, "/private/vendor": false,
		"/shared/vendor/x": false, "/shared/vendor/x/y": true, "/shared/a/b": true,
	} {
		if HasValue(name) != want {
			t.Errorf("%s: want %t", name, want)
		}
	}
}

func TestEntryDepth(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		top, entry string
		depth      int
		below      bool
	}{
		{"/private/a", "/private/a", 0, true},
		{"/private/a", "/private/a/b", 1, true},
		{"/private", "/private/a/b", 2, true},
		{"/private/a", "/private/ab", 0, false},
		{"/private/a/b", "/private/a", 0, false},
	} {
		if n, ok := EntryDepth(one.top, one.entry); n != one.depth || ok != one.below {
			t.Errorf("%s below %s: %d, %t", one.entry, one.top, n, ok)
		}
	}
}
