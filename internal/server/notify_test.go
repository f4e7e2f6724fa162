package server_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// TestNotifiedClients has clients that say NOTIFY once and then only listen,
// while others work on messages, mailboxes, subscriptions and annotations. In
// the end each of them must know the account as it is (RFC 5465 §1).
func TestNotifiedClients(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
			listeners := []*notified{newNotified(s), newNotified(s)}
			var working, listening sync.WaitGroup
			for _, l := range listeners {
				listening.Go(l.listen)
			}
			for i := range uint64(2) {
				one := newRandomSession(t, s, seed+200, i)
				working.Go(func() { one.work(100) })
			}
			working.Go(func() { keepHouse(s.IMAP(ann), rand.New(rand.NewPCG(seed, 3)), 80) })
			working.Go(func() { deliver(s, 20) })
			working.Wait()
			end(s.IMAP(ann))
			listening.Wait()
			for _, l := range listeners {
				l.check(t, s)
			}
		})
	}
}

// end makes the changes by which listeners know that nothing more will come.
func end(c *mailtest.IMAP) {
	c.OK(mailtest.Append("INBOX", "($End)", "Subject: end\r\n\r\n"))
	c.OK("SUBSCRIBE The-End")
}

// keepHouse works on mailboxes and what belongs to them. Many commands fail.
func keepHouse(c *mailtest.IMAP, r *rand.Rand, steps int) {
	name := func() string {
		all := []string{"a", "b", "a/x", "b/x", "a/x/y", "Sent"}
		return all[r.IntN(len(all))]
	}
	for range steps {
		switch r.IntN(8) {
		case 0, 1:
			c.Do("CREATE " + name())
		case 2:
			c.Do("DELETE " + name())
		case 3:
			c.Do("RENAME " + name() + " " + name())
		case 4:
			c.Do("SUBSCRIBE " + name())
		case 5:
			c.Do("UNSUBSCRIBE " + name())
		case 6:
			c.Do(fmt.Sprintf(`SETMETADATA %s (/shared/comment "%d")`, name(), r.IntN(3)))
		case 7:
			c.Do("APPEND " + name() + " {1+}\r\nx")
		}
	}
}

// A notified is a client that knows what it has been told, and no more.
type notified struct {
	mirror
	c          *mailtest.IMAP
	mailboxes  map[string]bool
	subscribed map[string]bool
	counts     map[string]string // MESSAGES and UIDNEXT, from STATUS
	comments   map[string]bool   // mailboxes whose annotations have changed
	lines      []string          // for who looks for a mistake
}

// newNotified returns a client that knows the account as it is at its start.
func newNotified(s *mailtest.Server) *notified {
	n := &notified{
		c: s.IMAP(ann), mailboxes: make(map[string]bool), subscribed: make(map[string]bool),
		counts: make(map[string]string), comments: make(map[string]bool),
	}
	n.c.OK("SELECT INBOX")
	r := n.c.OK("NOTIFY SET STATUS (selected (MessageNew (UID FLAGS) MessageExpunge FlagChange))" +
		" (personal (MessageNew MessageExpunge MailboxName SubscriptionChange MailboxMetadataChange))")
	for _, line := range append(n.c.OK(`LIST "" * RETURN (SUBSCRIBED)`).Untagged, r.Untagged...) {
		n.take(line)
	}
	return n
}

// listen reads until it has heard both ends, and what was told together with
// them.
func (n *notified) listen() {
	for !n.subscribed["The-End"] || !n.knowsFlag("$End") {
		line, err := n.c.TryReadLine()
		if err != nil {
			n.failf("the connection ends: %v", err)
			return
		}
		n.take(strings.TrimPrefix(line, "* "))
	}
	for _, line := range n.c.Do("LOGOUT").Untagged {
		n.take(line)
	}
}

func (n *notified) knowsFlag(flag string) bool {
	return slices.ContainsFunc(n.messages, func(m mirrored) bool { return m.flags[flag] })
}

var (
	listLine     = regexp.MustCompile(`^LIST \(([^)]*)\) "/" (\S+)(?: \("OLDNAME" \((\S+)\)\))?$`)
	statusLine   = regexp.MustCompile(`^STATUS (\S+) \((MESSAGES \d+ UIDNEXT \d+)`)
	metadataLine = regexp.MustCompile(`^METADATA (\S+) .*/shared/comment`)
)

// take learns from one line.
func (n *notified) take(line string) {
	n.lines = append(n.lines, line)
	if found := listLine.FindStringSubmatch(line); found != nil {
		n.listed(strings.Fields(found[1]), found[2], found[3])
		return
	}
	if found := statusLine.FindStringSubmatch(line); found != nil {
		n.counts[found[1]] = found[2]
		return
	}
	if found := metadataLine.FindStringSubmatch(line); found != nil {
		n.comments[found[1]] = true
		return
	}
	n.hear("NOTIFY", mailtest.Response{Untagged: []string{line}}, true)
}

func (n *notified) listed(attrs []string, name, old string) {
	if old != "" {
		n.rename(old, name)
	}
	if slices.Contains(attrs, `\NonExistent`) {
		delete(n.mailboxes, name)
		delete(n.counts, name)
		delete(n.comments, name)
	} else {
		n.mailboxes[name] = true
	}
	if n.subscribed[name] = true; !slices.Contains(attrs, `\Subscribed`) {
		delete(n.subscribed, name)
	}
}

// rename moves what is known of a mailbox, and of those below.
func (n *notified) rename(from, to string) {
	moved := func(name string) (string, bool) {
		if name == from {
			return to, true
		}
		rest, below := strings.CutPrefix(name, from+"/")
		return to + "/" + rest, below
	}
	for name := range maps.Clone(n.mailboxes) {
		if there, ok := moved(name); ok {
			delete(n.mailboxes, name)
			n.mailboxes[there] = true
			n.counts[there], n.comments[there] = n.counts[name], n.comments[name]
			delete(n.counts, name)
			delete(n.comments, name)
		}
	}
}

// ofOthers says that a mailbox is not personal.
func ofOthers[T any](name string, _ T) bool {
	name = strings.Trim(name, `"`)
	return strings.HasPrefix(name, "Other Users/") || strings.HasPrefix(name, "Shared/")
}

// check compares what the client knows with the account.
func (n *notified) check(t *testing.T, s *mailtest.Server) {
	t.Helper()
	truth := s.IMAP(ann)
	want := &notified{mailboxes: make(map[string]bool), subscribed: make(map[string]bool), counts: make(map[string]string)}
	for _, line := range truth.OK(`LIST "" * RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT))`).Untagged {
		want.take(line)
	}
	for _, line := range truth.OK(`LIST (SUBSCRIBED) "" *`).Untagged {
		want.take(line)
	}
	maps.DeleteFunc(want.counts, ofOthers[string])
	maps.DeleteFunc(n.counts, ofOthers[string])
	delete(want.counts, "INBOX") // of which the view speaks
	delete(n.counts, "INBOX")
	if !maps.Equal(n.mailboxes, want.mailboxes) || !maps.Equal(n.subscribed, want.subscribed) || !maps.Equal(n.counts, want.counts) {
		n.failf("knows\n%v\n%v\n%v\nthe account has\n%v\n%v\n%v", n.mailboxes, n.subscribed, n.counts,
			want.mailboxes, want.subscribed, want.counts)
	}
	for name := range want.mailboxes {
		if ofOthers(name, true) {
			continue
		}
		r := truth.OK("GETMETADATA " + name + " /shared/comment")
		if set := !strings.HasSuffix(r.Untagged[0], "NIL)"); set && !n.comments[name] {
			n.failf("was not told of the comment of %s", name)
		}
	}
	truth.OK("EXAMINE INBOX")
	n.compare(truth.OK("UID FETCH 1:* (UID FLAGS)"))
	for _, e := range n.errs {
		t.Error(e)
	}
	if len(n.errs) > 0 {
		t.Logf("it was told\n%s", strings.Join(n.lines, "\n"))
	}
}
