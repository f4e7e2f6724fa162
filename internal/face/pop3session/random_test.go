package pop3session_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/pop3/pop3client"
)

// A letter is a message in the model.
type letter struct {
	subject string
	arrival int // changes when it comes into a mailbox again
	hidden  bool
}

// A house is what POP3 and IMAP must agree with: letters in mailboxes, and the
// list that an open POP3 session has been told.
type house struct {
	t      *testing.T
	rand   *rand.Rand
	server *mailtest.Server
	kind   string // of deletion
	imap   *mailtest.IMAP
	boxes  map[string][]*letter
	count  int
	uids   map[string]string // by subject, for ever

	pop     *pop3client.Client // nil if no session is open
	told    []*letter
	since   []int // arrivals of these
	deleted map[int]bool
}

// TestRandom has POP3 and IMAP work on one mailbox, in random order, under each
// kind of deletion.
func TestRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(9) {
		kind := []string{"delete", "trash", "hide"}[seed%3]
		t.Run(fmt.Sprintf("%s %d", kind, seed), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, kind, seed)
			for range 60 {
				h.step()
			}
			h.closePOP3()
			h.openPOP3()
			h.compare()
		})
	}
}

func newHouse(t *testing.T, kind string, seed uint64) *house {
	s := startWith(t, func(m *config.Maildrop) { m.Delete = kind })
	h := &house{
		t: t, rand: rand.New(rand.NewPCG(seed, 1)), server: s, kind: kind,
		imap: s.IMAP(ann), boxes: make(map[string][]*letter), uids: make(map[string]string),
	}
	h.imap.OK("CREATE Away")
	for range 4 {
		h.deliver()
	}
	return h
}

func (h *house) step() {
	switch h.rand.IntN(10) {
	case 0, 1:
		h.deliver()
	case 2:
		h.expunge()
	case 3:
		h.move("INBOX", "Away")
	case 4:
		h.move("Away", "INBOX")
	case 5, 6:
		if h.pop == nil {
			h.openPOP3()
		} else {
			h.delete()
		}
	case 7:
		h.retrieve()
	case 8:
		h.closePOP3()
	case 9:
		h.compare()
	}
}

func (h *house) deliver() {
	h.count++
	l := &letter{subject: fmt.Sprintf("m%d", h.count)}
	h.server.Deliver("far@elsewhere.test", ann, message(l.subject))
	h.boxes["INBOX"] = append(h.boxes["INBOX"], l)
}

// pick returns the place of some letter in a mailbox.
func (h *house) pick(box string) (int, bool) {
	if len(h.boxes[box]) == 0 {
		return 0, false
	}
	return h.rand.IntN(len(h.boxes[box])), true
}

func (h *house) take(box string, i int) *letter {
	l := h.boxes[box][i]
	h.boxes[box] = slices.Delete(slices.Clone(h.boxes[box]), i, i+1)
	return l
}

func (h *house) put(box string, l *letter) {
	l.arrival++
	h.boxes[box] = append(h.boxes[box], l)
}

func (h *house) expunge() {
	if i, ok := h.pick("INBOX"); ok {
		h.imap.OK("SELECT INBOX")
		h.imap.OK(fmt.Sprintf(`STORE %d +FLAGS (\Deleted)`, i+1))
		h.imap.OK("EXPUNGE")
		h.take("INBOX", i)
	}
}

func (h *house) move(from, to string) {
	if i, ok := h.pick(from); ok {
		h.imap.OK("SELECT " + from)
		h.imap.OK(fmt.Sprintf("MOVE %d %s", i+1, to))
		h.put(to, h.take(from, i))
	}
}

func (h *house) openPOP3() {
	h.t.Helper()
	h.pop = waitForMaildrop(h.t, h.server)
	h.told, h.since, h.deleted = nil, nil, make(map[int]bool)
	for _, l := range h.boxes["INBOX"] {
		if !l.hidden {
			h.told, h.since = append(h.told, l), append(h.since, l.arrival)
		}
	}
}

func (h *house) delete() {
	if len(h.told) == 0 {
		return
	}
	i := h.rand.IntN(len(h.told))
	err := h.pop.Delete(h.t.Context(), i+1)
	if (err == nil) == h.deleted[i] {
		h.t.Fatalf("DELE %d, marked %t: %v", i+1, h.deleted[i], err)
	}
	h.deleted[i] = true
}

func (h *house) retrieve() {
	if h.pop == nil || len(h.told) == 0 {
		return
	}
	i := h.rand.IntN(len(h.told))
	if h.deleted[i] {
		return
	}
	if text := h.server.Retrieve(h.pop, i+1); !strings.HasSuffix(text, message(h.told[i].subject)) {
		h.t.Fatalf("message %d is %q, want %s", i+1, text, h.told[i].subject)
	}
}

// closePOP3 ends the session, by QUIT or, one time in three, without.
func (h *house) closePOP3() {
	if h.pop == nil {
		return
	}
	if h.rand.IntN(3) == 0 {
		h.pop.Close()
	} else {
		quit(h.t, h.pop)
		h.update()
	}
	h.pop = nil
}

// update is the UPDATE state: messages that IMAP has moved meanwhile are no
// longer those in the mailbox, but can be hidden nevertheless.
func (h *house) update() {
	for i, l := range h.told {
		if !h.deleted[i] {
			continue
		}
		if h.kind == "hide" {
			l.hidden = true
			continue
		}
		at := slices.Index(h.boxes["INBOX"], l)
		if at < 0 || l.arrival != h.since[i] {
			continue
		}
		h.take("INBOX", at)
		if h.kind == "trash" {
			h.put("Trash", l)
		}
	}
}

// compare holds both views against the model.
func (h *house) compare() {
	h.t.Helper()
	for _, box := range []string{"INBOX", "Away", "Trash"} {
		var want []string
		for _, l := range h.boxes[box] {
			want = append(want, l.subject)
		}
		if got := subjects(h.server, box); !slices.Equal(got, want) {
			h.t.Fatalf("%s has %q, want %q", box, got, want)
		}
	}
	if h.pop == nil {
		return
	}
	list, err := h.pop.UIDL(h.t.Context())
	if err != nil || len(list) != len(h.told)-len(h.deleted) {
		h.t.Fatalf("UIDL of %d messages, %v, want %d without %v", len(list), err, len(h.told), h.deleted)
	}
	for _, one := range list {
		subject := h.told[one.Number-1].subject
		if known, ok := h.uids[subject]; ok && known != one.UID || h.deleted[one.Number-1] {
			h.t.Fatalf("%s has the unique-id %s, before %s", subject, one.UID, known)
		}
		h.uids[subject] = one.UID
	}
}
