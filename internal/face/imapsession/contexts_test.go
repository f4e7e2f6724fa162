package imapsession_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/mailtest"
)

// A watcher is a client that keeps the results of searches by what it is told.
type watcher struct {
	t       *testing.T
	c       *mailtest.IMAP
	results map[string]map[uint32]bool // by tag
	uid     map[string]bool            // whether they are UIDs
}

// run sends a command and takes note of what is told.
func (w *watcher) run(command string) mailtest.Response {
	r := w.c.OK(command)
	for _, line := range r.Untagged {
		w.hear(line)
	}
	return r
}

func (w *watcher) hear(line string) {
	var n uint32
	if _, err := fmt.Sscanf(line, "%d EXPUNGE", &n); err == nil && strings.HasSuffix(line, "EXPUNGE") {
		w.expunged(n)
		return
	}
	rest, ok := strings.CutPrefix(line, `ESEARCH (TAG "`)
	if !ok {
		return
	}
	tag, rest, _ := strings.Cut(rest, `"`)
	for _, what := range []string{"ADDTO", "REMOVEFROM"} {
		if _, list, ok := strings.Cut(rest, what+" (0 "); ok {
			w.change(tag, strings.TrimSuffix(list, ")"), what == "ADDTO")
		}
	}
}

// expunged lets the numbers above n move down: n must have been removed.
func (w *watcher) expunged(n uint32) {
	for tag, set := range w.results {
		if w.uid[tag] {
			continue
		}
		moved := make(map[uint32]bool)
		for seq := range set {
			switch {
			case seq == n:
				w.t.Errorf("%s: message %d is expunged before REMOVEFROM", tag, n)
			case seq > n:
				moved[seq-1] = true
			default:
				moved[seq] = true
			}
		}
		w.results[tag] = moved
	}
}

func (w *watcher) change(tag, list string, add bool) {
	set, err := imap.ParseSet[imap.UID](list)
	if err != nil {
		w.t.Fatalf("%s: %q: %v", tag, list, err)
	}
	for n := range set.All() {
		if w.results[tag][uint32(n)] == add {
			w.t.Errorf("%s: %d is there already, or was not (added: %v)", tag, n, add)
		}
		if add {
			w.results[tag][uint32(n)] = true
		} else {
			delete(w.results[tag], uint32(n))
		}
	}
}

// observe begins a context and returns its tag.
func (w *watcher) observe(program string, uid bool) (tag string) {
	name := "SEARCH"
	if uid {
		name = "UID SEARCH"
	}
	tag = w.c.Start(name + " RETURN (UPDATE ALL) " + program)
	r := w.c.Finish(tag)
	w.results[tag], w.uid[tag] = make(map[uint32]bool), uid
	if _, list, ok := strings.Cut(strings.Join(r.Untagged, "\n"), " ALL "); ok {
		w.change(tag, list, true)
	}
	return tag
}

// fresh returns what the search finds now.
func (w *watcher) fresh(program string, uid bool) []uint32 {
	name := "SEARCH "
	if uid {
		name = "UID SEARCH "
	}
	var found []uint32
	for _, word := range strings.Fields(w.run(name + program).Lines("SEARCH")[0])[1:] {
		n, err := strconv.Atoi(word)
		if err != nil {
			w.t.Fatal(err)
		}
		found = append(found, uint32(n))
	}
	return found
}

// TestContextsStayTrue has one session change a mailbox at random, and another
// keep the results of searches by ADDTO and REMOVEFROM alone: they equal those
// of a new search at each step (RFC 5267 §4.3).
func TestContextsStayTrue(t *testing.T) {
	t.Parallel()
	programs := []string{"FLAGGED", "UNDELETED", "OR KEYWORD $A SEEN", "SUBJECT odd", "BODY even UNSEEN",
		"UID 4:*", "UID *", "YOUNGER 100000", "NOT (FLAGGED SEEN)"}
	for seed := range uint64(3) {
		s := start(t)
		w := &watcher{t: t, c: s.IMAP(ann), results: make(map[string]map[uint32]bool), uid: make(map[string]bool)}
		w.c.OK("SELECT INBOX")
		var tags []string
		for i, p := range programs {
			tags = append(tags, w.observe(p, i%2 == 0 || strings.HasPrefix(p, "UID")))
		}
		other, r := s.IMAP(ann), rand.New(rand.NewPCG(seed, 5267))
		other.OK("SELECT INBOX")
		for step := range 60 {
			change(other, r, step)
			if r.IntN(3) == 0 {
				w.run([]string{"UID FETCH 1:* FLAGS", "UID FETCH 1:* BODY[TEXT]", "UID STORE 1:* +FLAGS.SILENT ($A)"}[r.IntN(3)])
			}
			w.run("NOOP")
			for i, p := range programs {
				got := slices.Sorted(maps.Keys(w.results[tags[i]]))
				if want := w.fresh(p, w.uid[tags[i]]); !slices.Equal(got, want) {
					t.Fatalf("seed %d, step %d: %s: the client has %v, a new search finds %v", seed, step, p, got, want)
				}
			}
		}
	}
}

// change does something to INBOX.
func change(c *mailtest.IMAP, r *rand.Rand, step int) {
	flags := []string{`\Flagged`, `\Seen`, `\Deleted`, "$A"}
	n := 1 + r.IntN(step+1)
	switch r.IntN(8) {
	case 0:
		c.OK("EXPUNGE")
	case 1, 2, 3:
		parity := []string{"even", "odd"}[r.IntN(2)]
		c.OK(mailtest.Append("INBOX", "("+flags[r.IntN(4)]+")", "Subject: "+parity+"\r\n\r\n"+parity+"\r\n"))
	case 4:
		c.OK(fmt.Sprintf("UID STORE %d:%d -FLAGS (%s)", n, n+3, flags[r.IntN(4)]))
	default:
		c.OK(fmt.Sprintf("UID STORE %d:%d +FLAGS (%s)", n, n+2, flags[r.IntN(4)]))
	}
}

// TestContextInIdle has updates come while the client idles (RFC 5267 §4.3.2).
func TestContextInIdle(t *testing.T) {
	t.Parallel()
	_, c := open(t, 2, "one", "two")
	c[0].OK("UID SEARCH RETURN (UPDATE) FLAGGED")
	tag := c[0].Start("IDLE")
	c[0].ReadLine()
	next := func(want ...string) {
		t.Helper()
		for _, line := range want {
			if got := c[0].ReadLine(); !strings.HasPrefix(got, line) {
				t.Errorf("IDLE tells %q, want %q", got, line)
			}
		}
	}
	c[1].OK(`STORE 2 +FLAGS (\Flagged)`)
	next("* 2 FETCH", `* ESEARCH (TAG "a3") UID ADDTO (0 2)`)
	c[1].OK(mailtest.Append("INBOX", `(\Flagged)`, "Subject: three\r\n\r\n"))
	next("* 3 EXISTS", "* 3 RECENT", `* ESEARCH (TAG "a3") UID ADDTO (0 3)`)
	c[1].OK(`STORE 2 +FLAGS.SILENT (\Deleted)`)
	next("* 2 FETCH")
	c[1].OK("EXPUNGE")
	next(`* ESEARCH (TAG "a3") UID REMOVEFROM (0 2)`, "* 2 EXPUNGE")
	c[0].Write("DONE\r\n")
	c[0].Finish(tag)
}
