package server_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/pop3/pop3client"
)

// A nomad goes from mailbox to mailbox. Others delete and rename them, or take
// his rights away, while he is there: he may be sent away, but as long as he
// stays he is told what is true.
type nomad struct {
	randomSession
	mailboxes []string
	visits    int // that he could begin
	sentAway  int // from them
}

func newNomad(a *allAtOnce, i uint64, user string, mailboxes ...string) *nomad {
	return &nomad{mailboxes: mailboxes, randomSession: randomSession{
		server: a.s, name: fmt.Sprintf("nomad %d", i), user: user, mailbox: mailboxes[0],
		targets: mailboxes, ledger: a.ledger, mayEnd: true, lost: true, r: rand.New(rand.NewPCG(a.seed, i)),
	}}
}

// wander goes on for so many steps.
func (n *nomad) wander(steps int) {
	for range steps / 8 {
		n.mailbox = n.mailboxes[n.r.IntN(len(n.mailboxes))]
		if n.lost {
			n.c = n.server.IMAP(n.user)
			n.lost = false
		}
		if n.r.IntN(3) == 0 {
			n.c.Do("CREATE " + n.mailbox)
		}
		if !n.open() {
			continue
		}
		n.visits++
		if n.work(8); !n.lost {
			n.leave()
		}
		if n.lost {
			n.sentAway++
		}
	}
}

// leave closes the mailbox, so that nobody is sent away for it any more.
func (n *nomad) leave() {
	n.run("NOOP", true)
	if !n.lost && len(n.messages) > 0 {
		n.look()
	}
	if !n.lost {
		n.run("CLOSE", false)
	}
}

// look compares the mirror with the mailbox once more, in what is one moment
// for the session: nothing is told between the two that is not heard.
func (n *nomad) look() {
	known := len(n.messages)
	r := n.run("FETCH 1:* (UID FLAGS)", false)
	if got := len(r.Lines("FETCH")); !n.lost && r.OK() && got < known {
		n.failf("FETCH 1:* has %d messages of %d", got, known)
	}
}

// A dropUser comes to a maildrop by POP3 again and again.
type dropUser struct {
	s       *mailtest.Server
	user    string
	deleted map[string]int // unique-ids, with the number of the visit
	errs    []string
}

func (d *dropUser) failf(format string, args ...any) {
	d.errs = append(d.errs, fmt.Sprintf(format, args...))
}

// come reads some messages and deletes some, visit for visit.
func (d *dropUser) come(r *rand.Rand, visits int) {
	d.deleted = make(map[string]int)
	for visit := range visits {
		c := d.s.Maildrop(d.user)
		list := d.list(c)
		var gone []int
		for _, one := range list {
			switch r.IntN(10) {
			case 0:
				gone = append(gone, one.Number)
			case 1:
				d.read(c, one.Number)
			}
		}
		if err := c.Delete(context.Background(), gone...); err != nil {
			d.failf("DELE: %v", err)
		}
		if len(d.list(c)) != len(list)-len(gone) {
			d.failf("%d messages after %d of %d were deleted", len(d.list(c)), len(gone), len(list))
		}
		if err := c.Quit(context.Background()); err != nil {
			d.failf("QUIT: %v", err)
			continue
		}
		for _, one := range list {
			for _, n := range gone {
				if one.Number == n {
					d.deleted[one.UID] = visit + 1
				}
			}
		}
	}
}

// list returns the messages, none of which may be one that was deleted.
func (d *dropUser) list(c *pop3client.Client) []pop3client.UniqueID {
	list, err := c.UIDL(context.Background())
	if err != nil {
		d.failf("UIDL: %v", err)
	}
	seen := make(map[string]bool)
	for _, one := range list {
		if visit := d.deleted[one.UID]; visit > 0 {
			d.failf("%s was deleted in visit %d and is there again", one.UID, visit)
		}
		if seen[one.UID] {
			d.failf("%s is there twice", one.UID)
		}
		seen[one.UID] = true
	}
	return list
}

// read retrieves a message. Another session may have expunged it: then it is
// refused, or whole.
func (d *dropUser) read(c *pop3client.Client, n int) {
	listing, err := c.ListMessage(context.Background(), n)
	if err != nil {
		d.failf("LIST %d: %v", n, err)
		return
	}
	message, err := c.Retrieve(context.Background(), n)
	if err != nil {
		return
	}
	defer message.Close()
	text, err := io.ReadAll(message)
	if err != nil || int64(len(text)) != listing.Size || !strings.Contains(string(text), "\r\n\r\n") && len(text) > 1 {
		d.failf("RETR %d: %d of %d octets, %v", n, len(text), listing.Size, err)
	}
}

// last looks once more, when all is quiet.
func (d *dropUser) last() {
	c := d.s.Maildrop(d.user)
	list := d.list(c)
	if want := len(flagsOf(d.s, d.user, "INBOX")); len(list) != want {
		d.failf("%d messages, IMAP has %d", len(list), want)
	}
	if err := c.Quit(context.Background()); err != nil {
		d.failf("QUIT: %v", err)
	}
}
