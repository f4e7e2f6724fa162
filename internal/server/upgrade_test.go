package server_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/smtp"
)

// oldStore is a store that Mailstead made at commit 998a0f0, before stores said
// which format they have: two users and a shared account, five letters to both
// users, and what [TestUpgrade] wants to find.
const oldStore = "testdata/store-998a0f0.tar.gz"

// oldStoreMade is when.
var oldStoreMade = time.Date(2026, 11, 22, 5, 42, 0, 0, time.UTC)

// unpack returns a file system with the store in it.
func unpack(t *testing.T, name string) vfs.FS {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	fs, archive := vfs.NewMem(), tar.NewReader(plain)
	for {
		head, err := archive.Next()
		if err == io.EOF {
			return fs
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := putFile(fs, path.Join("store", head.Name), archive); err != nil {
			t.Fatal(err)
		}
	}
}

func putFile(fs vfs.FS, name string, content io.Reader) error {
	if err := fs.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

func oldLetter(n int) string {
	lines := map[int]int{0: 1, 1: 40, 2: 2000, 3: 20000, 4: 3, 9: 7}[n]
	return fmt.Sprintf("From: far@far.test\r\nSubject: old letter %d\r\n\r\n", n) + strings.Repeat(fmt.Sprintf("line of letter %d\r\n", n), lines)
}

// TestUpgrade starts on a store of an old version. All bytes, flags, UIDs and
// rights are as they were, what was in the queue goes out, and `mailstead verify`
// finds nothing in the end.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	far := mailtest.NewElsewhere()
	far.Refuse("x@far.test", smtp.NewError(451, smtp.EnhancedCode{4, 3, 0}, "Later"))
	o := mailtest.Options{
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.1:25": far},
		Zones:     mailtest.Zone("far.test", "192.0.2.1"),
	}
	o.Storage.FS = unpack(t, oldStore)
	// Of what is in the queue nothing is late yet.
	begin := time.Now()
	o.Now = func() time.Time { return oldStoreMade.Add(time.Since(begin)) }
	s := mailtest.Start(t, o)
	for range 2 { // as it was left, and as we have written it
		wantOldMail(t, s)
		wantOldSettings(t, s)
		s.Restart()
	}
	if _, err := o.Storage.FS.Stat("store/FORMAT"); err != nil {
		t.Errorf("the store does not say now which format it has: %v", err)
	}
	wantOldQueue(t, s, far)
	s.Deliver("far@far.test", "both@example.test", oldLetter(9))
	wantSame(t, "UIDs with new mail", uids(s, ann, "INBOX"), []string{"1 1", "2 2", "3 3", "4 6"})
}

// uids returns the numbers and UIDs of a mailbox.
func uids(s *mailtest.Server, user, mailbox string) (all []string) {
	c := s.IMAP(user)
	c.OK("EXAMINE " + mailbox)
	for _, line := range c.OK("FETCH 1:* UID").Lines("FETCH") {
		all = append(all, strings.TrimSuffix(strings.Replace(line, "FETCH (UID ", "", 1), ")"))
	}
	return all
}

func wantOldMail(t *testing.T, s *mailtest.Server) {
	t.Helper()
	const bob = "bob@example.test"
	for _, box := range []struct {
		user, mailbox string
		letters       []int
		uids          []string
	}{
		{ann, "INBOX", []int{0, 1, 2}, []string{"1 1", "2 2", "3 3"}},
		{ann, "Archive/2025", []int{1, 2, 3, 9}, []string{"1 1", "2 2", "3 3", "4 4"}},
		{bob, "INBOX", []int{0, 1, 2, 3, 4}, []string{"1 1", "2 2", "3 3", "4 4", "5 5"}},
	} {
		texts := s.Messages(box.user, box.mailbox)
		if len(texts) != len(box.letters) {
			t.Errorf("%s of %s has %d messages", box.mailbox, box.user, len(texts))
			continue
		}
		for i, n := range box.letters {
			if !strings.HasSuffix(texts[i], oldLetter(n)) {
				t.Errorf("message %d of %s of %s is %.300q", i+1, box.mailbox, box.user, texts[i])
			}
		}
		wantSame(t, "UIDs", uids(s, box.user, box.mailbox), box.uids)
	}
}

func wantOldSettings(t *testing.T, s *mailtest.Server) {
	t.Helper()
	c := s.IMAP(ann)
	for _, step := range []struct{ command, want string }{
		{"EXAMINE INBOX", "OK [HIGHESTMODSEQ 13] Highest"},
		{"FETCH 1 (FLAGS MODSEQ)", `1 FETCH (FLAGS (\Seen \Flagged $Forwarded) MODSEQ (7))`},
		{"FETCH 2 FLAGS", `2 FETCH (FLAGS (\Answered))`},
		{"EXAMINE Archive/2025", `FLAGS (`},
		{"FETCH 4 INTERNALDATE", `4 FETCH (INTERNALDATE " 1-Jan-2020 10:00:00 +0000")`},
		{"SEARCH DRAFT", "SEARCH 4"},
		{"GETACL Archive/2025", "ACL Archive/2025 ann@example.test lrswipkxtecda bob@example.test lrs"},
		{"GETMETADATA Archive/2025 /private/comment", `METADATA Archive/2025 (/private/comment "old mail")`},
		{`LSUB "" *`, `LSUB (`},
	} {
		if got := c.OK(step.command).String(); !strings.Contains(got, step.want) {
			t.Errorf("%s: %s\nwant %s", step.command, got, step.want)
		}
	}
}

func wantOldQueue(t *testing.T, s *mailtest.Server, far *mailtest.Elsewhere) {
	t.Helper()
	list, err := s.Admin().Queued(t.Context(), admin.QueueFilter{})
	if err != nil || len(list) != 1 || list[0].Recipients[0].Attempts == 0 {
		t.Fatalf("the queue has %+v, %v", list, err)
	}
	far.Refuse("x@far.test", nil)
	if _, err := s.Admin().RetryQueued(t.Context(), admin.QueueFilter{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	mail, err := far.Wait(ctx, 1)
	if err != nil || !strings.HasSuffix(mail[0].Text, "Subject: waits\r\n\r\nwaits\r\n") {
		t.Errorf("%+v has come, %v", mail, err)
	}
}
