package delivery_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A taker has room for one hop, and counts what it is told.
type taker struct {
	hop            queue.Hop
	room           int // given
	taken, forgone []string
}

func (k *taker) Terms() queue.Terms {
	return queue.Terms{Owner: "taker", Now: now, Until: now.Add(time.Hour), MaxRecipients: 10, Room: func(h queue.Hop) bool {
		if h == k.hop {
			k.room++
		}
		return h == k.hop
	}}
}

func (k *taker) Take(works []queue.Work)  { k.taken = append(k.taken, names(works)...) }
func (k *taker) Forgo(works []queue.Work) { k.forgone = append(k.forgone, names(works)...) }

func names(works []queue.Work) []string {
	var list []string
	for _, w := range works {
		for _, r := range w.Recipients {
			list = append(list, r.Address.String())
		}
	}
	return list
}

// newTakenPost returns a post with a taker. The account has mail: it is not made
// on the way.
func newTakenPost(t *testing.T) (*post, *taker) {
	t.Helper()
	p, k := newPost(t, two), &taker{hop: "one.test"}
	if _, err := p.Deliver(t.Context(), p.message(t, ann)); err != nil {
		t.Fatal(err)
	}
	p.Taker = k
	return p, k
}

// TestTaker hands over what there is room for, once it is safe, and wakes the
// runner only for others.
func TestTaker(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		to    []string
		taken []string
		woken int
	}{
		{to: []string{ann}},
		{to: []string{"a@one.test"}, taken: []string{"a@one.test"}},
		{to: []string{"a@two.test"}, woken: 1},
		{to: []string{ann, "a@one.test", "b@two.test", "c@one.test"}, taken: []string{"a@one.test", "c@one.test"}, woken: 1},
	} {
		p, k := newTakenPost(t)
		if _, err := p.Deliver(t.Context(), p.message(t, test.to...)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(k.taken, test.taken) || p.woken != test.woken || len(k.forgone) > 0 {
			t.Errorf("to %q: %q taken, %q forgone, woken %d times", test.to, k.taken, k.forgone, p.woken)
		}
		if c, err := p.Models.Queue.Count(0); err != nil || c.Leased != len(test.taken) {
			t.Errorf("to %q: %+v, %v", test.to, c, err)
		}
	}
}

// TestNotSafe hands over nothing that was not committed, and once what was built
// twice.
func TestNotSafe(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fail  error
		to    []string
		taken []string
	}{
		{fail: storage.ErrFull, to: []string{"a@one.test"}},
		{fail: storage.ErrFull, to: []string{ann, "a@one.test"}},
		{fail: storage.ErrConflict, to: []string{ann, "a@one.test"}, taken: []string{"a@one.test"}},
	} {
		p, k := newTakenPost(t)
		p.Models.Store.FailCommits(1, test.fail)
		_, err := p.Deliver(t.Context(), p.message(t, test.to...))
		if (err == nil) != (test.taken != nil) {
			t.Errorf("%v, to %q: %v", test.fail, test.to, err)
		}
		if !slices.Equal(k.taken, test.taken) || len(k.forgone) != 1 || k.room != 1+len(k.taken) || p.woken != 0 {
			t.Errorf("%v, to %q: %q taken, %q forgone, room given %d times, woken %d times",
				test.fail, test.to, k.taken, k.forgone, k.room, p.woken)
		}
	}
}
