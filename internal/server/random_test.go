package server_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

const ann = "ann@example.test"

// TestManyClients lets IMAP sessions, a POP3 session and SMTP work on one
// mailbox at once. Each IMAP client keeps a mirror of what it is told; in the
// end all mirrors must be the mailbox.
func TestManyClients(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
			sessions := make([]*randomSession, 4)
			for i := range sessions {
				sessions[i] = newRandomSession(t, s, seed, uint64(i))
			}
			var working sync.WaitGroup
			for _, one := range sessions {
				working.Go(func() { one.work(120) })
			}
			working.Go(func() { deliver(s, 40) })
			working.Go(func() { pop(t, s, rand.New(rand.NewPCG(seed, 99)), 6) })
			working.Wait()
			for _, one := range sessions {
				one.settle()
				for _, e := range one.errs {
					t.Errorf("%s: %s", one.name, e)
				}
			}
			truth := s.IMAP(ann)
			truth.OK("EXAMINE INBOX")
			all := truth.OK("UID FETCH 1:* (UID FLAGS)")
			for _, one := range sessions {
				one.errs = nil
				one.compare(all)
				for _, e := range one.errs {
					t.Errorf("%s beside the mailbox: %s", one.name, e)
				}
			}
		})
	}
}

func deliver(s *mailtest.Server, n int) {
	c := s.SMTP("smtp")
	for i := range n {
		s.Send(c, s.Envelope("far@elsewhere.test", fmt.Sprintf("Subject: %d\r\n\r\n", i), ann))
	}
}

func pop(t *testing.T, s *mailtest.Server, r *rand.Rand, rounds int) {
	for range rounds {
		c := s.Maildrop(ann)
		count, _, err := c.Stat(t.Context())
		if err != nil {
			t.Error(err)
			return
		}
		for n := 1; n <= count; n++ {
			if r.IntN(8) != 0 {
				continue
			}
			if err := c.Delete(t.Context(), n); err != nil {
				t.Error(err)
			}
		}
		if err := c.Quit(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// A randomSession does one thing after the other to its mailbox.
type randomSession struct {
	mirror
	name string
	c    *mailtest.IMAP
	r    *rand.Rand
}

func newRandomSession(t *testing.T, s *mailtest.Server, seed, i uint64) *randomSession {
	r := &randomSession{name: fmt.Sprintf("session %d", i), c: s.IMAP(ann), r: rand.New(rand.NewPCG(seed, i))}
	r.hear("SELECT", r.c.OK("SELECT INBOX"), true)
	return r
}

// run sends a command. OK and NO are both possible: a mailbox may be at its
// limit of keywords, say.
func (s *randomSession) run(command string, mayExpunge bool) mailtest.Response {
	r := s.c.Do(command)
	if strings.HasPrefix(r.Final, "BAD") {
		s.failf("%s: %s", command, r.Final)
	}
	s.hear(command, r, mayExpunge)
	return r
}

func (s *randomSession) work(steps int) {
	for range steps {
		if len(s.messages) == 0 || s.r.IntN(10) == 0 {
			s.run(mailtest.Append("INBOX", s.pick("", `(\Seen)`, `(\Deleted)`), "Subject: x\r\n\r\nbody\r\n"), true)
			continue
		}
		s.step()
	}
}

func (s *randomSession) step() {
	first := 1 + s.r.IntN(len(s.messages))
	last := min(len(s.messages), first+s.r.IntN(4))
	set := fmt.Sprintf("%d:%d", first, last)
	switch s.r.IntN(12) {
	case 0, 1:
		s.run("FETCH "+set+" (UID FLAGS)", false)
	case 2:
		s.run("FETCH "+set+" BODY[TEXT]", false)
	case 3, 4, 5:
		s.store(set, first, last)
	case 6:
		s.run("SEARCH "+s.pick("DELETED", "UNSEEN", "KEYWORD $A", "TEXT body"), false)
	case 7:
		s.run(s.pick("COPY ", "COPY ", "MOVE ")+set+s.pick(" INBOX", " Trash"), true)
	case 8:
		s.run("EXPUNGE", true)
	case 9:
		if uid := s.messages[first-1].uid; uid != 0 {
			s.run(fmt.Sprintf("UID EXPUNGE %d:%d", uid, uid+2), true)
		}
	case 10:
		s.idle()
	case 11:
		s.run("NOOP", true)
	}
}

func (s *randomSession) store(set string, first, last int) {
	action := s.pick("", "+", "+", "-")
	flag := s.pick(`\Seen`, `\Flagged`, `\Deleted`, `\Answered`, "$A", "$B")
	silent := s.pick("", ".SILENT")
	if silent != "" {
		s.stored(first, last, action, flag)
	}
	s.run(fmt.Sprintf("STORE %s %sFLAGS%s (%s)", set, action, silent, flag), false)
}

func (s *randomSession) idle() {
	tag := s.c.Start("IDLE")
	if line := s.c.ReadLine(); !strings.HasPrefix(line, "+") {
		s.failf("IDLE: %s", line)
	}
	s.c.Write("DONE\r\n")
	s.hear("IDLE", s.c.Finish(tag), true)
}

// settle hears the rest, and lets the server say what it believes to have told.
func (s *randomSession) settle() {
	s.run("NOOP", true)
	if r := s.run("NOOP", true); len(r.Untagged) > 0 {
		s.failf("a second NOOP has news: %s", r)
	}
	s.compare(s.c.OK("UID FETCH 1:* (UID FLAGS)"))
}

func (s *randomSession) pick(list ...string) string { return list[s.r.IntN(len(list))] }
