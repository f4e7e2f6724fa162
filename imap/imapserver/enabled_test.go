package imapserver

import (
	"slices"
	"testing"

	"github.com/mailstead/mailstead/imap"
)

// TestRecentIsOfRev1 shows that a client of IMAP4rev2 never sees \Recent.
func TestRecentIsOfRev1(t *testing.T) {
	t.Parallel()
	flags := []imap.Flag{imap.FlagSeen, imap.FlagRecent, imap.FlagJunk}
	if got := (&enabled{}).shown(flags); !slices.Equal(got, flags) {
		t.Errorf("IMAP4rev1 is shown %v", got)
	}
	want := []imap.Flag{imap.FlagSeen, imap.FlagJunk}
	if got := (&enabled{rev2: true}).shown(flags); !slices.Equal(got, want) {
		t.Errorf("IMAP4rev2 is shown %v, want %v", got, want)
	}
	if flags[1] != imap.FlagRecent {
		t.Error("the session's flags were changed")
	}
}
