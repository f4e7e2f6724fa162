package imapsession_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// packReads counts how often a pack is read from.
type packReads struct{ atomic.Int64 }

func (*packReads) String() string { return "reads of packs" }

func (r *packReads) MaybeError(op errorfs.Op) error {
	if op.Kind == errorfs.OpFileReadAt && strings.HasSuffix(op.Path, ".pack") {
		r.Add(1)
	}
	return nil
}

// TestReadAheadIsGivenBack has one session, which may go on for days, read ahead
// for each kind of command and be told of new messages with their content. Then
// there is still room for another to read many messages at once.
func TestReadAheadIsGivenBack(t *testing.T) {
	t.Parallel()
	var reads packReads
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}},
		Storage:  embedded.Options{FS: errorfs.Wrap(vfs.NewMem(), &reads), ReadAhead: 64 << 10}, // for one at a time
	})
	const n = 30
	first, second := s.IMAP(ann), s.IMAP(ann)
	first.OK("SELECT INBOX")
	first.OK("NOTIFY SET (SELECTED (MessageNew (UID BODY.PEEK[TEXT]) MessageExpunge))")
	for i := range n {
		second.OK(mailtest.Append("INBOX", "", fmt.Sprintf("Subject: number %d\r\n\r\ntext %d\r\n", i, i)))
	}
	if told := first.OK("NOOP").String(); !strings.Contains(told, "text 29") {
		t.Fatalf("the session was told %q", told)
	}
	second.OK("SELECT INBOX")
	for _, command := range []string{
		"NOOP", "FETCH 1:* BODY.PEEK[]", "SEARCH BODY nowhere", "FETCH 1:* PREVIEW", "SORT (SUBJECT) UTF-8 TEXT text", "COPY 1:* INBOX",
	} {
		first.OK(command)
		reads.Store(0)
		second.OK("FETCH 1:30 BODY.PEEK[]")
		if got := reads.Load(); got == 0 || got > n/2 {
			t.Errorf("after %s %d messages take %d reads", command, n, got)
		}
	}
}
