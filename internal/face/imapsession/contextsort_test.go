package imapsession_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/mailtest"
)

// A sortWatcher is a client that keeps the order of one SORT by what it is told.
type sortWatcher struct {
	t     *testing.T
	c     *mailtest.IMAP
	uid   bool
	order []uint32
}

func (w *sortWatcher) run(command string) mailtest.Response {
	r := w.c.OK(command)
	for _, line := range r.Untagged {
		w.hear(line)
	}
	return r
}

func (w *sortWatcher) hear(line string) {
	var n uint32
	if _, err := fmt.Sscanf(line, "%d EXPUNGE", &n); err == nil && !w.uid {
		if slices.Contains(w.order, n) {
			w.t.Errorf("%d is expunged before REMOVEFROM", n)
		}
		for i := range w.order {
			if w.order[i] > n {
				w.order[i]--
			}
		}
	}
	for _, what := range []string{"ADDTO", "REMOVEFROM"} {
		if _, list, ok := strings.Cut(line, what+" ("); ok {
			w.change(strings.Fields(strings.TrimSuffix(list, ")")), what == "ADDTO")
		}
	}
}

// change inserts or removes results at their places, pair by pair.
func (w *sortWatcher) change(pairs []string, add bool) {
	for ; len(pairs) > 1; pairs = pairs[2:] {
		place, err := strconv.Atoi(pairs[0])
		if err != nil {
			w.t.Fatal(err)
		}
		nums := inOrder(w.t, pairs[1])
		switch at := place - 1; {
		case add:
			w.order = slices.Insert(w.order, at, nums...)
		case !slices.Equal(w.order[at:at+len(nums)], nums):
			w.t.Fatalf("REMOVEFROM %d %v of %v", place, nums, w.order)
		default:
			w.order = slices.Delete(w.order, at, at+len(nums))
		}
	}
}

// inOrder returns the numbers of a sequence set in the order in which it stands.
func inOrder(t *testing.T, list string) (nums []uint32) {
	for _, one := range strings.Split(list, ",") {
		set, err := imap.ParseSet[imap.UID](one)
		if err != nil {
			t.Fatalf("%q: %v", list, err)
		}
		for n := range set.All() {
			nums = append(nums, uint32(n))
		}
	}
	return nums
}

// fresh returns what a new SORT answers.
func (w *sortWatcher) fresh(program string) (nums []uint32) {
	name := "SORT "
	if w.uid {
		name = "UID SORT "
	}
	for _, word := range strings.Fields(w.run(name + program).Lines("SORT")[0])[1:] {
		n, err := strconv.Atoi(word)
		if err != nil {
			w.t.Fatal(err)
		}
		nums = append(nums, uint32(n))
	}
	return nums
}

// TestSortContextsStayTrue is TestContextsStayTrue for SORT, where the places of
// the results are told too (RFC 5267 §4.3.2).
func TestSortContextsStayTrue(t *testing.T) {
	t.Parallel()
	for i, program := range []string{"(SUBJECT REVERSE ARRIVAL) UTF-8 UNDELETED", "(REVERSE SIZE SUBJECT) UTF-8 OR FLAGGED SEEN",
		"(ARRIVAL) UTF-8 BODY even", "(RELEVANCY SUBJECT) UTF-8 FUZZY BODY eveen UNSEEN"} {
		s := start(t)
		other, r := s.IMAP(ann), rand.New(rand.NewPCG(uint64(i), 5267))
		other.OK("SELECT INBOX")
		for step := range 10 {
			change(other, r, step)
		}
		w := &sortWatcher{t: t, c: s.IMAP(ann), uid: i%2 == 0}
		w.c.OK("SELECT INBOX")
		w.order = w.fresh(program)
		prefix := map[bool]string{false: "", true: "UID "}[w.uid]
		if r := w.c.OK(prefix + "SORT RETURN (UPDATE COUNT) " + program); strings.Contains(r.String(), "NOUPDATE") {
			t.Fatal(r)
		}
		for step := range 60 {
			change(other, r, step+10)
			if r.IntN(3) == 0 {
				change(other, r, step+10)
			}
			w.run("NOOP")
			got := slices.Clone(w.order)
			if want := w.fresh(program); !slices.Equal(got, want) {
				t.Fatalf("%s, step %d: the client has %v, a new SORT finds %v", program, step, got, want)
			}
		}
	}
}

// TestSortContextsAreBounded observes SORTs whose keys take more memory than is
// kept for them, from the beginning or after a while.
func TestSortContextsAreBounded(t *testing.T) {
	t.Parallel()
	c := start(t).IMAP(ann)
	text := strings.Repeat("x", 1024)
	c.OK(mailtest.Append("INBOX", "", strings.ReplaceAll("Subject: @\r\nFrom: @ <@@a.test>\r\nTo: @ <@@a.test>\r\n\r\n", "@", text)))
	c.OK("SELECT INBOX")
	for range 10 {
		c.OK("COPY 1:* INBOX")
	}
	for program, kept := range map[string]bool{
		"(SUBJECT) UTF-8 ALL":                               true,
		"(SUBJECT FROM TO DISPLAYFROM DISPLAYTO) UTF-8 ALL": false,
	} {
		r := c.OK("SORT RETURN (UPDATE COUNT) " + program)
		if got := !strings.Contains(r.String(), "NOUPDATE"); got != kept {
			t.Errorf("%s is kept: %v, want %v", program, got, kept)
		}
	}
	c.OK("COPY 1:* INBOX")
	if r := c.OK("COPY 1:* INBOX"); !strings.Contains(r.String(), "NOUPDATE") {
		t.Error("keys of 4096 messages are kept")
	}
}
