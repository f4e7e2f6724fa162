package server_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/mailtest"
)

// TestResynchronize has a phone come and go while others work on the mailbox.
// What it keeps between its visits, and what QRESYNC tells it (RFC 7162 §3.2.5),
// must in the end be the mailbox.
func TestResynchronize(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
			var working sync.WaitGroup
			for i := range uint64(2) {
				one := newRandomSession(t, s, seed+100, i)
				working.Go(func() { one.work(120) })
			}
			p := newPhone(s, ann, "INBOX", seed)
			working.Go(func() {
				for range 25 {
					p.visit()
				}
			})
			working.Wait()
			p.visit()
			for _, e := range p.errs {
				t.Error(e)
			}
			if want := flagsOf(s, ann, "INBOX"); !maps.Equal(p.messages, want) {
				t.Errorf("the phone has\n%v\nthe mailbox\n%v", p.messages, want)
			}
		})
	}
}

// flagsOf returns the flags of all messages of a mailbox.
func flagsOf(s *mailtest.Server, user, mailbox string) map[imap.UID]string {
	c := s.IMAP(user)
	defer c.Close()
	c.OK("EXAMINE " + mailbox)
	p := &phone{messages: make(map[imap.UID]string)}
	p.hear(c.OK("UID FETCH 1:* (UID FLAGS)"))
	return p.messages
}

// A phone keeps messages by UID, and how far it has heard.
type phone struct {
	s        *mailtest.Server
	user     string
	mailbox  string
	r        *rand.Rand
	steps    int // at most, of a visit
	validity string
	modseq   uint64
	highest  int // UID
	messages map[imap.UID]string
	errs     []string
}

var (
	validityCode = regexp.MustCompile(`\[UIDVALIDITY (\d+)\]`)
	modseqCode   = regexp.MustCompile(`\[HIGHESTMODSEQ (\d+)\]`)
	vanished     = regexp.MustCompile(`^VANISHED (?:\(EARLIER\) )?(\S+)$`)
)

func newPhone(s *mailtest.Server, user, mailbox string, seed uint64) *phone {
	return &phone{s: s, user: user, mailbox: mailbox, steps: 4, messages: make(map[imap.UID]string), r: rand.New(rand.NewPCG(seed, 7))}
}

func (p *phone) visit() {
	c := p.s.IMAP(p.user)
	defer c.Close()
	c.OK("ENABLE QRESYNC")
	command := "SELECT " + p.mailbox
	if p.modseq > 0 {
		command += fmt.Sprintf(" (QRESYNC (%s %d))", p.validity, p.modseq)
	}
	r := c.OK(command)
	p.validity = validityCode.FindStringSubmatch(r.String())[1]
	first := p.modseq == 0
	p.hear(r)
	if first {
		p.run(c, "UID FETCH 1:* (UID FLAGS)")
	}
	for range p.r.IntN(p.steps + 1) {
		p.run(c, p.act())
	}
}

// act chooses what the phone does.
func (p *phone) act() string {
	switch p.r.IntN(3) {
	case 0:
		return `UID STORE ` + strconv.Itoa(1+p.r.IntN(100)) + `:* +FLAGS ($Phone)`
	case 1:
		return "EXPUNGE"
	}
	return "NOOP"
}

// run sends a command, and asks for the messages of which it hears by EXISTS:
// a HIGHESTMODSEQ that it hears too is beyond them.
func (p *phone) run(c *mailtest.IMAP, command string) {
	r := c.OK(command)
	p.hear(r)
	for len(r.Lines("EXISTS")) > 0 {
		r = c.OK(fmt.Sprintf("UID FETCH %d:* (UID FLAGS)", p.highest+1))
		p.hear(r)
	}
}

// hear takes in a response. Messages come to the phone by FETCH, with UID.
func (p *phone) hear(r mailtest.Response) {
	for _, line := range append(slices.Clone(r.Untagged), r.Final) {
		if found := vanished.FindStringSubmatch(line); found != nil {
			p.vanish(found[1])
		}
		if found := modseqCode.FindStringSubmatch(line); found != nil {
			modseq, _ := strconv.ParseUint(found[1], 10, 64)
			if modseq < p.modseq {
				p.errs = append(p.errs, fmt.Sprintf("HIGHESTMODSEQ %d after %d", modseq, p.modseq))
			}
			p.modseq = modseq
		}
		if found := numbered.FindStringSubmatch(line); found != nil && found[2] == "FETCH" {
			p.fetched(line)
		}
		if strings.HasSuffix(line, " EXPUNGE") {
			p.errs = append(p.errs, "with QRESYNC: "+line)
		}
	}
}

func (p *phone) vanish(set string) {
	uids, err := imap.ParseSet[imap.UID](set)
	if err != nil {
		p.errs = append(p.errs, err.Error())
	}
	for uid := range uids.All() {
		delete(p.messages, uid)
	}
}

func (p *phone) fetched(line string) {
	found, flags := uidItem.FindStringSubmatch(line), flagsItem.FindStringSubmatch(line)
	if found == nil || flags == nil {
		p.errs = append(p.errs, "a message without UID or FLAGS: "+line)
		return
	}
	uid, _ := strconv.Atoi(found[1])
	p.highest = max(p.highest, uid)
	set := slices.Sorted(maps.Keys(flagSet(flags[1])))
	p.messages[imap.UID(uid)] = strings.Join(set, " ")
}
