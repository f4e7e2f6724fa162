package imap_test

import (
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
)

// TestRegisteredKeywords holds the spelling of the keywords that are registered
// (RFC 5788 §3, RFC 8457 §3), whatever a client writes.
func TestRegisteredKeywords(t *testing.T) {
	t.Parallel()
	for _, want := range []imap.Flag{
		"$Forwarded", "$MDNSent", "$Junk", "$NotJunk", "$Phishing", "$Important", "$Submitted", "$SubmitPending",
		`\Seen`, `\Answered`, `\Flagged`, `\Deleted`, `\Draft`,
	} {
		for _, written := range []string{strings.ToLower(string(want)), strings.ToUpper(string(want)), string(want)} {
			if got := imap.Flag(written).Canonical(); got != want || !got.Valid() {
				t.Errorf("%s is made %s, want %s", written, got, want)
			}
		}
	}
	for _, own := range []imap.Flag{"$label1", "Work", "NonJunk", "$mdnsentx"} {
		if got := own.Canonical(); got != own {
			t.Errorf("%s is made %s", own, got)
		}
	}
}
