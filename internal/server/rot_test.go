package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/pop3"
	"github.com/mailstead/mailstead/smtp"
)

// A rotting is a server whose packs are damaged while it runs.
type rotting struct {
	*mailtest.Server
	t  *testing.T
	fs vfs.FS
}

func startRotting(t *testing.T, o mailtest.Options) *rotting {
	t.Helper()
	r := &rotting{t: t, fs: vfs.NewMem()}
	o.Accounts = []mailtest.Account{{Address: ann}}
	o.Damaged, o.Storage.FS = true, r.fs
	r.Server = mailtest.Start(t, o)
	return r
}

// damage flips a bit in every place of the packs where a text is stored.
func (r *rotting) damage(text string) {
	r.t.Helper()
	names, err := r.fs.List("store/packs")
	if err != nil {
		r.t.Fatal(err)
	}
	places := 0
	for _, name := range names {
		places += r.damageFile("store/packs/"+name, text)
	}
	if places == 0 {
		r.t.Fatalf("%q is in no pack", text)
	}
}

func (r *rotting) damageFile(name, text string) (places int) {
	r.t.Helper()
	f, err := r.fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		r.t.Fatal(err)
	}
	for at := 0; ; places++ {
		next := bytes.Index(content[at:], []byte(text))
		if next < 0 {
			return places
		}
		at += next
		if _, err := f.WriteAt([]byte{content[at] ^ 0x20}, int64(at)); err != nil {
			r.t.Fatal(err)
		}
		at++
	}
}

// rotLetter returns message n with a text of so many lines, that do not compress.
// A mark stands in the first and one in the last line.
func rotLetter(n, lines int) string {
	random := rand.New(rand.NewPCG(uint64(n), 1))
	var out strings.Builder
	fmt.Fprintf(&out, "From: Ann <ann@example.test>\r\nSubject: letter %d\r\n\r\ngreeting first-%d\r\n", n, n)
	line := make([]byte, 45)
	for range lines {
		for i := range line {
			line[i] = byte(random.Uint32())
		}
		out.WriteString(base64.StdEncoding.EncodeToString(line) + "\r\n")
	}
	fmt.Fprintf(&out, "farewell last-%d\r\n", n)
	return out.String()
}

// lettersRot puts six letters into the INBOX. The third, small and between
// others, is damaged, and the fifth, a large one, at its end.
func lettersRot(t *testing.T) *rotting {
	r := startRotting(t, mailtest.Options{})
	for n := 1; n <= 6; n++ {
		lines := 3
		if n == 5 || n == 6 {
			lines = 5000
		}
		r.Deliver("far@far.test", ann, rotLetter(n, lines))
	}
	r.damage("last-3")
	r.damage("last-5")
	return r
}

const damaged = "NO [CORRUPTION]"

// shown returns the numbers of the letters that were shown whole, and fails the
// test if one was not as it had been sent.
func shown(t *testing.T, r mailtest.Response) (numbers []int) {
	t.Helper()
	for _, line := range r.Lines("FETCH") {
		var n int
		if _, err := fmt.Sscanf(line, "%d FETCH", &n); err != nil {
			t.Fatal(err)
		}
		_, text, content := strings.Cut(line, "}\r\n")
		if !content {
			continue
		}
		lines := strings.Count(text, "\r\n")
		if !strings.Contains(text, fmt.Sprintf("farewell last-%d\r\n)", n)) || n < 5 && lines > 20 {
			t.Errorf("letter %d came as %.300q", n, text)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

func wantSame(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestRotOverIMAP wants the others to be served as if nothing had happened, and
// nothing of the damaged ones to be taken for good.
func TestRotOverIMAP(t *testing.T) {
	t.Parallel()
	r := lettersRot(t)
	c := r.IMAP(ann)
	c.OK("SELECT INBOX")
	for range 3 {
		for _, n := range []int{3, 5} {
			got := c.Do(fmt.Sprintf("FETCH %d BODY.PEEK[]", n))
			if !strings.HasPrefix(got.Final, damaged) || len(got.Lines("FETCH")) > 0 {
				t.Errorf("FETCH of letter %d: %.300q", n, got.String())
			}
		}
	}
	all := c.Do("FETCH 1:* BODY.PEEK[]")
	wantSame(t, "FETCH of all", shown(t, all), []int{1, 2, 4, 6})
	if !strings.HasPrefix(all.Final, damaged) {
		t.Errorf("FETCH of all: %s", all.Final)
	}
	rotLooks(t, c)
	rotMoves(t, c)
	if n := strings.Count(r.Log(), "a stored message is damaged"); n != 2 {
		t.Errorf("the log names %d damaged messages:\n%s", n, r.Log())
	}
	if strings.Contains(r.Log(), "command failed") {
		t.Error("the log has a line for each command")
	}
}

// TestRotNobodyHasMet asks for parts of large letters of whose damage nobody knows
// yet: what is whole is served, what is not is refused, and the connection goes on.
func TestRotNobodyHasMet(t *testing.T) {
	t.Parallel()
	r := startRotting(t, mailtest.Options{})
	items := []string{
		"BODY.PEEK[]", "BODY.PEEK[TEXT]", "BODY.PEEK[1]", "BODY.PEEK[]<70000.250000>", "BINARY.PEEK[1]", "BINARY.SIZE[1]",
		"BODY.PEEK[HEADER] BODY.PEEK[TEXT]<200000.200000>",
	}
	for n := range items {
		r.Deliver("far@far.test", ann, rotLetter(n+1, 5000))
		r.damage(fmt.Sprintf("last-%d", n+1))
	}
	c := r.IMAP(ann)
	c.OK("SELECT INBOX")
	for n, item := range items {
		c.OK(fmt.Sprintf("FETCH %d (BODY.PEEK[HEADER] BODY.PEEK[]<65000.70000> BODY.PEEK[HEADER.FIELDS (X-None)])", n+1))
		got := c.Do(fmt.Sprintf("FETCH %d (FLAGS %s)", n+1, item))
		if !strings.HasPrefix(got.Final, damaged) || len(got.Lines("FETCH")) > 0 {
			t.Errorf("%s: %.300q", item, got.String())
		}
	}
	if n := strings.Count(r.Log(), "a stored message is damaged"); n != len(items) {
		t.Errorf("the log names %d damaged messages, want %d", n, len(items))
	}
}

// rotLooks asks for all that needs no damaged byte, and for what looks into
// them.
func rotLooks(t *testing.T, c *mailtest.IMAP) {
	t.Helper()
	facts := c.OK("FETCH 1:* (UID FLAGS ENVELOPE RFC822.SIZE BODYSTRUCTURE)")
	wantSame(t, "facts", len(facts.Lines("FETCH")), 6)
	for i, line := range facts.Lines("FETCH") {
		if !strings.Contains(line, fmt.Sprintf("%q", fmt.Sprintf("letter %d", i+1))) {
			t.Errorf("facts of letter %d: %s", i+1, line)
		}
	}
	for command, want := range map[string]string{
		`SEARCH BODY "farewell"`:                       "SEARCH 1 2 4 6",
		`SEARCH TEXT "ann"`:                            "SEARCH 1 2 4 6",
		`SEARCH SUBJECT "letter"`:                      "SEARCH 1 2 3 4 5 6",
		`SORT (REVERSE SUBJECT) UTF-8 BODY "farewell"`: "SORT 6 4 2 1",
		`SEARCH HEADER Received "mail.example.test"`:   "SEARCH 1 2 4 6",
	} {
		wantSame(t, command, c.OK(command).Untagged[0], want)
	}
	// FLAGS goes with BODY[], and none is told that was not changed.
	got := c.Do("FETCH 3,4 (FLAGS BODY[])")
	wantSame(t, "with flags", shown(t, got), []int{4})
	if !strings.HasPrefix(got.Final, damaged) {
		t.Errorf("with flags: %s", got.Final)
	}
	wantSame(t, "flags", strings.Contains(c.OK("FETCH 3 FLAGS").String(), `\Seen`), true)
}

// rotMoves does what needs no content.
func rotMoves(t *testing.T, c *mailtest.IMAP) {
	t.Helper()
	c.OK(`STORE 3,5 +FLAGS (\Flagged)`)
	c.OK("COPY 1:* Archive")
	c.OK("MOVE 3,1 Archive")
	wantSame(t, "after MOVE", len(c.OK("FETCH 1:* UID").Lines("FETCH")), 4)
	c.OK(`STORE 3 +FLAGS (\Deleted)`) // the fifth letter
	wantSame(t, "EXPUNGE", c.OK("EXPUNGE").Lines("EXPUNGE"), "[3 EXPUNGE]")
	c.OK("FETCH 1:* BODY.PEEK[]")
	c.OK("SELECT Archive")
	got := c.Do("FETCH 1:* BODY.PEEK[]")
	wantSame(t, "copies", len(got.Lines("FETCH")), 5)
	if !strings.HasPrefix(got.Final, damaged) {
		t.Errorf("copies: %s", got.Final)
	}
	c.OK("NOOP")
}

// TestRotOverPOP3 wants -ERR [SYS/PERM] for what is damaged, the others to be
// served, and the damaged ones to be deleted like them.
func TestRotOverPOP3(t *testing.T) {
	t.Parallel()
	r := lettersRot(t)
	r.IMAP(ann).OK("EXAMINE INBOX")
	c := r.Maildrop(ann)
	for n := 1; n <= 6; n++ {
		if n != 3 && n != 5 {
			if got := r.Retrieve(c, n); !strings.HasSuffix(got, fmt.Sprintf("farewell last-%d\r\n", n)) {
				t.Errorf("letter %d is %.300q", n, got)
			}
			continue
		}
		_, err := c.Retrieve(t.Context(), n)
		var refused *pop3.Error
		if !errors.As(err, &refused) || refused.Code != pop3.CodePermanent {
			t.Errorf("letter %d: %v", n, err)
		}
	}
	if err := errors.Join(c.Delete(t.Context(), 3, 5), c.Quit(t.Context())); err != nil {
		t.Fatal(err)
	}
	count, _, err := r.Maildrop(ann).Stat(t.Context())
	if count != 4 || err != nil {
		t.Errorf("%d letters are left, %v", count, err)
	}
}

// startRottingQueue starts a server whose mail for another system has to wait:
// four letters, of which the small second and the large fourth are damaged.
func startRottingQueue(t *testing.T, c *clock) (*rotting, *mailtest.Elsewhere) {
	far := mailtest.NewElsewhere()
	r := startRotting(t, mailtest.Options{
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.1:25": far},
		Zones:     mailtest.Zone("far.test", "192.0.2.1"),
		Now:       c.now,
		Config:    func(c *config.Config) { c.Outbound.Retry = []config.Duration{{Duration: time.Hour}} },
	})
	for n := 1; n <= 4; n++ {
		to := fmt.Sprintf("x%d@far.test", n)
		far.Refuse(to, smtp.NewError(451, smtp.EnhancedCode{4, 3, 0}, "Later"))
		lines := 3
		if n >= 3 {
			lines = 5000
		}
		m := r.Envelope(ann, rotLetter(n, lines), to)
		m.Options.Return = smtp.ReturnFull
		wantSame(t, "submission", r.Send(r.Submission(ann), m), "[ok]")
	}
	r.waitQueue(func(q admin.QueuedRecipient) bool { return q.Attempts > 0 }, 4)
	r.damage("last-2")
	r.damage("last-4")
	return r, far
}

// waitQueue waits until there are n recipients in the queue, all of them as
// wanted, and returns them.
func (r *rotting) waitQueue(wanted func(admin.QueuedRecipient) bool, n int) []admin.QueuedRecipient {
	r.t.Helper()
	var all []admin.QueuedRecipient
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		list, err := r.Admin().Queued(r.t.Context(), admin.QueueFilter{})
		if err != nil {
			r.t.Fatal(err)
		}
		all = nil
		ready := 0
		for _, m := range list {
			for _, q := range m.Recipients {
				all = append(all, q)
				if wanted(q) {
					ready++
				}
			}
		}
		if len(all) == n && ready == n {
			return all
		}
	}
	r.t.Fatalf("the queue has %+v", all)
	return nil
}

func (r *rotting) retry() {
	r.t.Helper()
	if _, err := r.Admin().RetryQueued(r.t.Context(), admin.QueueFilter{}); err != nil {
		r.t.Fatal(err)
	}
}

// TestRotInQueue wants what is damaged to stay in the queue and to say why,
// nothing of it to arrive, and the others to go out. When its time is up the
// sender hears of it, with what can be read.
func TestRotInQueue(t *testing.T) {
	t.Parallel()
	var c clock
	r, far := startRottingQueue(t, &c)
	for n := 1; n <= 4; n++ {
		far.Refuse(fmt.Sprintf("x%d@far.test", n), nil)
	}
	r.retry()
	const why = "The message could not be read from the store."
	left := r.waitQueue(func(q admin.QueuedRecipient) bool { return q.Last == why }, 2)
	for _, q := range left {
		if pause := time.Until(q.Due); q.Attempts != 2 || pause < 50*time.Minute || q.Address != "x2@far.test" && q.Address != "x4@far.test" {
			t.Errorf("%+v is due in %v", q, pause)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	mail, err := far.Wait(ctx, 2)
	if err != nil || len(mail) != 2 {
		t.Fatalf("%d letters have come, %v", len(mail), err)
	}
	for _, m := range mail {
		if n := m.To[0][1:2]; n != "1" && n != "3" || !strings.HasSuffix(m.Text, "farewell last-"+n+"\r\n") {
			t.Errorf("to %v came %d octets", m.To, len(m.Text))
		}
	}
	r.wantShown()
	c.set(year)
	r.Restart()
	r.retry()
	for _, notice := range inbox(t, r.Server, 2) {
		r.wantNotice(notice, "x2@far.test", "x4@far.test")
	}
}

// wantShown wants `queue show` to show what is damaged as well.
func (r *rotting) wantShown() {
	r.t.Helper()
	list, err := r.Admin().Queued(r.t.Context(), admin.QueueFilter{})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, m := range list {
		if one, err := r.Admin().QueuedMessage(r.t.Context(), m.ID); err != nil || len(one.Recipients) != 1 {
			r.t.Errorf("queue show %s: %+v, %v", m.ID, one, err)
		}
	}
}

// wantNotice wants a notification about one of some recipients, with nothing in
// it that could be taken for the text.
func (r *rotting) wantNotice(notice string, recipients ...string) {
	r.t.Helper()
	about := false
	for _, to := range recipients {
		about = about || strings.Contains(notice, "Final-Recipient: rfc822; "+to+"\r\nAction: failed\r\n") ||
			strings.Contains(notice, "Final-Recipient: rfc822; "+to) && strings.Contains(notice, "Action: failed")
	}
	if !about || strings.Contains(notice, "farewell") || strings.Contains(notice, "greeting") {
		r.t.Errorf("the sender was told:\n%.3000s", notice)
	}
}

// TestRotInBounce returns a damaged message that the next hop does not want,
// with its header, though the sender would like to have all of it.
func TestRotInBounce(t *testing.T) {
	t.Parallel()
	var c clock
	r, far := startRottingQueue(t, &c)
	far.Refuse("x4@far.test", smtp.NewError(550, smtp.EnhancedCode{5, 1, 1}, "Nobody of that name"))
	r.retry()
	notice := inbox(t, r.Server, 1)[0]
	r.wantNotice(notice, "x4@far.test")
	if !strings.Contains(notice, "Content-Type: text/rfc822-headers") || !strings.Contains(notice, "Subject: letter 4") {
		t.Errorf("the header was not returned:\n%.3000s", notice)
	}
}
