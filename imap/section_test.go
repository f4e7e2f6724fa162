package imap

import (
	"strings"
	"testing"
)

// FuzzSection reads anything as a section and as the name of an annotation.
func FuzzSection(f *testing.F) {
	for _, s := range []string{"", "1.2", "HEADER.FIELDS (From To)", "2.MIME", "1.0", "1.TEXT.2", "HEADER.FIELDS.NOT ()", "99999999999.1", "1." + strings.Repeat("1.", 200), "/private/comment", "/shared//x", "/shared/" + strings.Repeat("a/", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := ParseSection(text); err == nil {
			if !s.Peek || len(s.Path) > maxSectionPath {
				t.Errorf("%q is %+v", text, s)
			}
			for _, n := range s.Path {
				if n < 1 {
					t.Errorf("%q has part %d", text, n)
				}
			}
		}
		if entry, err := CheckEntry(text); err == nil {
			again, err := CheckEntry(entry)
			if err != nil || again != entry || strings.ContainsFunc(entry, notInEntry) || IsPrivateEntry(entry) && IsSharedEntry(entry) {
				t.Errorf("%q is the entry %q, which is %q, %v", text, entry, again, err)
			}
		}
	})
}
