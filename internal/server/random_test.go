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
	server  *mailtest.Server
	name    string
	user    string
	mailbox string   // as the user calls it
	targets []string // of COPY and MOVE
	ledger  *ledger  // is told of UIDs; may be nil
	mayEnd  bool     // the mailbox may go away, or the right to read it
	lost    bool     // the connection has ended
	did     int      // commands
	c       *mailtest.IMAP
	r       *rand.Rand
}

func newRandomSession(t *testing.T, s *mailtest.Server, seed, i uint64) *randomSession {
	t.Helper()
	r := &randomSession{
		server: s, name: fmt.Sprintf("session %d", i), user: ann, mailbox: "INBOX",
		targets: []string{"INBOX", "INBOX", "Trash"}, r: rand.New(rand.NewPCG(seed, i)),
	}
	r.enter("")
	return r
}

// enter logs in and selects the mailbox. It reports whether it could.
func (s *randomSession) enter(enable string) bool {
	s.c, s.lost = s.server.IMAP(s.user), false
	if enable != "" {
		s.c.OK("ENABLE " + enable)
	}
	return s.open()
}

// open selects the mailbox.
func (s *randomSession) open() bool {
	s.messages, s.modseqs = nil, nil
	r := s.c.Do("SELECT " + s.mailbox)
	s.hear("SELECT", r, true)
	if !r.OK() && !s.mayEnd {
		s.failf("SELECT %s: %s", s.mailbox, r.Final)
	}
	return r.OK()
}

// run sends a command. OK and NO are both possible: a mailbox may be at its
// limit of keywords, say.
func (s *randomSession) run(command string, mayExpunge bool) mailtest.Response {
	s.did++
	r, err := s.c.TryDo(command)
	if err != nil {
		s.lost = true
		if !s.mayEnd {
			s.failf("%s: %v", command, err)
		}
	}
	if strings.HasPrefix(r.Final, "BAD") {
		s.failf("%s: %s", command, r.Final)
	}
	s.hear(command, r, mayExpunge)
	return r
}

func (s *randomSession) work(steps int) {
	for range steps {
		if s.lost {
			return
		}
		if len(s.messages) == 0 || s.r.IntN(10) == 0 {
			s.append(s.mailbox)
			continue
		}
		s.step()
	}
}

// append brings a new message.
func (s *randomSession) append(mailbox string) {
	text := "Subject: x\r\n\r\nbody\r\n"
	r := s.run(fmt.Sprintf("APPEND %s %s {%d+}\r\n%s", mailbox, s.pick("()", `(\Seen)`, `(\Deleted)`), len(text), text), true)
	s.ledger.note(s.user, mailbox, r)
}

func (s *randomSession) step() {
	first := 1 + s.r.IntN(len(s.messages))
	last := min(len(s.messages), first+s.r.IntN(4))
	set := fmt.Sprintf("%d:%d", first, last)
	switch s.r.IntN(14) {
	case 0, 1:
		s.run("FETCH "+set+s.pick(" (UID FLAGS)", " (UID FLAGS)", " (UID FLAGS MODSEQ)"), false)
	case 2:
		s.run("FETCH "+set+" BODY[TEXT]", false)
	case 3, 4, 5:
		s.store(set, first, last)
	case 6:
		s.run("SEARCH "+s.pick("DELETED", "UNSEEN", "KEYWORD $A", "TEXT body"), false)
	case 7:
		to := s.targets[s.r.IntN(len(s.targets))]
		verb := s.pick("COPY ", "COPY ", "MOVE ")
		if s.ledger != nil && to == s.mailbox {
			verb = "COPY " // what is moved here while POP3 deletes it keeps its unique-id, and stays
		}
		s.ledger.note(s.user, to, s.run(verb+set+" "+to, true))
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
	case 12:
		s.run("UID SEARCH "+s.pick("ALL", "DELETED", "MODSEQ 5"), true)
	case 13:
		s.run("UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE "+s.pick("1", "50", "500")+")", true)
	}
}

func (s *randomSession) store(set string, first, last int) {
	action := s.pick("", "+", "+", "-")
	flag := s.pick(`\Seen`, `\Flagged`, `\Deleted`, `\Answered`, "$A", "$B")
	silent := s.pick("", ".SILENT")
	if s.mayEnd { // it may be refused
		silent = ""
	}
	if silent != "" {
		s.stored(first, last, action, flag)
	}
	s.run(fmt.Sprintf("STORE %s %sFLAGS%s (%s)", set, action, silent, flag), false)
}

func (s *randomSession) idle() {
	tag := s.c.Start("IDLE")
	line, err := s.c.TryReadLine()
	for ; err == nil && strings.HasPrefix(line, "* "); line, err = s.c.TryReadLine() {
		s.hear("IDLE", mailtest.Response{Untagged: []string{line[2:]}}, true)
	}
	if err == nil {
		s.c.Write("DONE\r\n")
		var r mailtest.Response
		r, err = s.c.TryFinish(tag)
		s.hear("IDLE", r, true)
	}
	if s.lost = err != nil; s.lost && !s.mayEnd {
		s.failf("IDLE: %v", err)
	}
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
