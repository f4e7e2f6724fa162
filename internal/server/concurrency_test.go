package server_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/soak"
)

const (
	bob   = "bob@example.test"
	team  = "team@example.test"
	vault = "vault@example.test" // which gets what ann gets, and nobody touches it

	annsInbox = `"Other Users/ann@example.test/INBOX"`
	annsRoom  = `"Other Users/ann@example.test/Room"`
	teamInbox = `"Shared/team@example.test/INBOX"`
	teamKept  = `"Shared/team@example.test/INBOX/Kept"`
)

// TestAllAtOnce has everything going on at once on shared mailboxes of shared
// accounts: IMAP sessions that work with a mirror of what they are told, in
// their own mailboxes, in another user's and in a shared account's; clients that
// come and go with QRESYNC; one that only listens, by NOTIFY; mailboxes made,
// renamed and deleted under those who have them selected; rights given and taken
// away; POP3; and deliveries by SMTP and LMTP to several at once. What any of
// them has been told must follow the rules of the protocol, and in the end be
// what the store has, before and after a restart.
func TestAllAtOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(soak.Times(2, 24)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			a := newAllAtOnce(t, seed, soak.Times(80, 300))
			a.goOn()
			a.check()
		})
	}
}

// An allAtOnce is one server and who uses it.
type allAtOnce struct {
	t     *testing.T
	s     *mailtest.Server
	seed  uint64
	steps int

	ledger    *ledger
	residents []*randomSession
	nomads    []*nomad
	phones    []*phone
	notified  *notified
	drops     []*dropUser
}

func newAllAtOnce(t *testing.T, seed uint64, steps int) *allAtOnce {
	s := mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{
		{Address: ann, Admin: true}, {Address: bob}, {Address: vault}, {Address: team, Shared: true},
	}})
	a := &allAtOnce{t: t, s: s, seed: seed, steps: steps, ledger: newLedger()}
	a.share()
	for i, r := range []randomSession{
		{user: ann, mailbox: "INBOX", targets: []string{"INBOX", "Trash", teamInbox, teamKept}},
		{user: ann, mailbox: "INBOX", targets: []string{"INBOX", "Room"}},
		{user: bob, mailbox: annsInbox, targets: []string{annsInbox, "INBOX", teamKept}},
		{user: bob, mailbox: teamInbox, targets: []string{teamInbox, annsInbox}},
		{user: ann, mailbox: teamInbox, targets: []string{"INBOX", teamKept}},
	} {
		r.server, r.ledger, r.name = s, a.ledger, fmt.Sprintf("resident %d", i)
		r.r = rand.New(rand.NewPCG(seed, uint64(i)))
		r.enter([]string{"", "CONDSTORE"}[i%2])
		a.residents = append(a.residents, &r)
	}
	a.nomads = []*nomad{
		newNomad(a, 20, ann, "a", "a/x", "b", "b/x"), newNomad(a, 21, ann, "a", "b", "Trash"), newNomad(a, 22, bob, annsRoom),
	}
	a.phones = []*phone{newPhone(s, ann, "INBOX", seed), newPhone(s, bob, teamInbox, seed)}
	a.notified = newNotified(s)
	a.drops = []*dropUser{{s: s, user: ann}, {s: s, user: bob}}
	return a
}

// share makes the mailboxes, and gives rights on them.
func (a *allAtOnce) share() {
	for _, command := range []string{
		"CREATE Room", "SETACL INBOX " + bob + " lrswipkxte", "SETACL Room " + bob + " lrswipkxte",
	} {
		a.s.IMAP(ann).OK(command)
	}
	for _, user := range []string{ann, bob} {
		if err := grantShared(a, user); err != nil {
			a.t.Fatal(err)
		}
	}
	a.s.IMAP(ann).OK("CREATE " + teamKept)
	a.s.IMAP(ann).OK("SETACL " + teamKept + " " + bob + " lri")
}

// goOn lets all of them work until the residents are done.
func (a *allAtOnce) goOn() {
	var working, listening sync.WaitGroup
	listening.Go(a.notified.listen)
	for _, one := range a.residents {
		working.Go(func() { one.work(a.steps) })
	}
	for _, one := range a.nomads {
		working.Go(func() { one.wander(a.steps) })
	}
	for _, one := range a.phones {
		working.Go(func() {
			for range a.steps / 6 {
				one.visit()
			}
		})
	}
	for i, one := range a.drops {
		working.Go(func() { one.come(rand.New(rand.NewPCG(a.seed, uint64(40+i))), a.steps/15) })
	}
	working.Go(func() { keepHouse(a.s.IMAP(ann), rand.New(rand.NewPCG(a.seed, 30)), a.steps) })
	working.Go(func() { a.changeRights(a.steps / 2) })
	working.Go(func() { a.deliver("smtp", a.steps/2, ann, team, vault) })
	working.Go(func() { a.deliver("lmtp", a.steps/2, bob, ann, vault) })
	working.Wait()
	end(a.s.IMAP(ann))
	listening.Wait()
}

// deliver sends messages to several recipients each.
func (a *allAtOnce) deliver(service string, n int, to ...string) {
	c := a.s.SMTP(service)
	for i := range n {
		text := fmt.Sprintf("Subject: %s %d\r\n\r\n%s\r\n", service, i, strings.Repeat("x", i%7*100))
		for k, outcome := range a.s.Send(c, a.s.Envelope("far@elsewhere.test", text, to...)) {
			if outcome != "ok" {
				a.t.Errorf("%s to %s: %s", service, to[k], outcome)
				continue
			}
			a.ledger.deliver(to[k])
		}
	}
}

// changeRights gives bob more and less rights on ann's mailbox Room.
func (a *allAtOnce) changeRights(steps int) {
	c := a.s.IMAP(ann)
	r := rand.New(rand.NewPCG(a.seed, 31))
	for range steps {
		rights := []string{"lrswipkxte", "lrswipkxte", "lrs", "lrsi", "l", "lrte", ""}[r.IntN(7)]
		c.OK(fmt.Sprintf("SETACL Room %s %q", bob, rights))
		c.Do("APPEND Room {1+}\r\nx")
		c.OK("NOOP")
	}
	c.OK("SETACL Room " + bob + " lrswipkxte")
}

// tell logs what was done, so that nobody takes idleness for peace.
func (a *allAtOnce) tell() {
	var commands, visits, sentAway, popped, delivered int
	for _, one := range a.residents {
		commands += one.did
	}
	for _, one := range a.nomads {
		commands, visits, sentAway = commands+one.did, visits+one.visits, sentAway+one.sentAway
	}
	for _, d := range a.drops {
		popped += len(d.deleted)
	}
	for _, n := range a.ledger.delivered {
		delivered += n
	}
	a.t.Logf("%d commands, %d visits of nomads, who were sent away %d times, %d deliveries, %d messages deleted by POP3",
		commands, visits, sentAway, delivered, popped)
	if commands == 0 || visits == 0 || delivered == 0 {
		a.t.Error("nothing has happened")
	}
}

// check compares what everybody believes with what is there.
func (a *allAtOnce) check() {
	a.tell()
	for _, one := range a.residents {
		one.settle()
		a.complain(one.name, one.errs)
		one.errs = nil
	}
	for _, one := range a.residents {
		truth := a.s.IMAP(one.user)
		truth.OK("EXAMINE " + one.mailbox)
		one.compare(truth.OK("UID FETCH 1:* (UID FLAGS)"))
		a.complain(one.name+" beside the mailbox", one.errs)
		truth.Close()
	}
	for _, one := range a.nomads {
		a.complain(one.name, one.errs)
	}
	for _, p := range a.phones {
		p.steps = 0
		p.visit()
		a.complain("phone of "+p.user, p.errs)
		if want := flagsOf(a.s, p.user, p.mailbox); !maps.Equal(p.messages, want) {
			a.t.Errorf("the phone of %s has\n%v\nthe mailbox\n%v", p.user, p.messages, want)
		}
	}
	a.notified.check(a.t, a.s)
	for _, d := range a.drops {
		d.last()
		a.complain("POP3 of "+d.user, d.errs)
	}
	a.checkArrivals()
	a.checkRestart()
}

func (a *allAtOnce) complain(who string, errs []string) {
	a.t.Helper()
	for _, e := range errs {
		a.t.Errorf("%s: %s", who, e)
	}
}

// checkArrivals wants what was acknowledged to be there: all that was delivered
// to the vault, and all that was put into the mailbox from which nobody takes
// anything. Elsewhere at least as many UIDs were used as messages have arrived.
func (a *allAtOnce) checkArrivals() {
	a.complain("UIDs", a.ledger.errs)
	if got, want := len(flagsOf(a.s, vault, "INBOX")), a.ledger.delivered[vault]; got != want {
		a.t.Errorf("the vault has %d messages, %d were delivered", got, want)
	}
	for _, box := range []struct{ user, mailbox, address string }{{ann, teamKept, ""}, {ann, "INBOX", ann}, {ann, teamInbox, team}, {bob, "INBOX", bob}} {
		validity, next := a.numbers(box.user, box.mailbox)
		given := a.ledger.given(owned(box.user, box.mailbox), validity)
		there := flagsOf(a.s, box.user, box.mailbox)
		if arrived := len(given) + a.ledger.delivered[box.address]; int(next)-1 < arrived {
			a.t.Errorf("%s: UIDNEXT is %d after %d messages", box.mailbox, next, arrived)
		}
		for uid := range given {
			if _, ok := there[uid]; uint32(uid) >= next || !ok && box.mailbox == teamKept {
				a.t.Errorf("%s: UID %d is not there", box.mailbox, uid)
			}
		}
		if len(there) != len(given) && box.mailbox == teamKept {
			a.t.Errorf("%s: %d messages, %d were put there", box.mailbox, len(there), len(given))
		}
	}
}

// numbers returns UIDVALIDITY and UIDNEXT of a mailbox.
func (a *allAtOnce) numbers(user, mailbox string) (validity, next uint32) {
	c := a.s.IMAP(user)
	defer c.Close()
	line := c.OK("STATUS " + mailbox + " (UIDVALIDITY UIDNEXT)").Lines("STATUS")[0]
	number := func(name string) uint32 {
		_, rest, _ := strings.Cut(line, name+" ")
		n, err := strconv.ParseUint(rest[:strings.IndexAny(rest, " )")], 10, 32)
		if err != nil {
			a.t.Fatalf("%s: %v", line, err)
		}
		return uint32(n)
	}
	return number("UIDVALIDITY"), number("UIDNEXT")
}

// checkRestart wants every mailbox to be the same after a restart, when it comes
// from the disk.
func (a *allAtOnce) checkRestart() {
	before := make(map[string]string)
	for _, user := range []string{ann, bob, vault} {
		before[user] = wholeAccount(a.s, user)
	}
	a.s.Restart()
	for user, want := range before {
		if got := wholeAccount(a.s, user); got != want {
			a.t.Errorf("%s before the restart:\n%s\nand after it:\n%s", user, want, got)
		}
	}
}

// wholeAccount returns all that a user can see, as text.
func wholeAccount(s *mailtest.Server, user string) string {
	c := s.IMAP(user)
	defer c.Close()
	c.OK("ENABLE CONDSTORE")
	var b strings.Builder
	list := c.OK(`LIST "" * RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT UIDVALIDITY UNSEEN SIZE HIGHESTMODSEQ))`)
	b.WriteString(list.String())
	for _, line := range list.Lines("LIST") {
		_, name, _ := strings.Cut(line, `"/" `)
		if !c.Do("EXAMINE " + name).OK() {
			continue
		}
		b.WriteString("\n" + name + "\n" + c.OK("UID FETCH 1:* (FLAGS MODSEQ INTERNALDATE RFC822.SIZE)").String())
	}
	return b.String()
}

// grantShared makes a user the master of the shared account's INBOX.
func grantShared(a *allAtOnce, user string) error {
	return a.s.Admin().ChangeACL(a.t.Context(), team, admin.ACLChange{
		Mailbox: "INBOX", ACLEntry: admin.ACLEntry{Identifier: user, Rights: "lrswipkxtea"},
	})
}
