package imapsession

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

var errBroken = errors.New("broken")

// searchFor has a crew look at n messages, as Search does.
func searchFor(ctx context.Context, n imap.SeqNum, ret imap.SearchReturn, test func(*candidate) (bool, error)) (*imapserver.SearchData, error) {
	hits := newHits(imapserver.SearchOptions{Return: ret, Seqs: true})
	crew := newCrew(ctx, task[imap.SeqNum]{
		examiner: func() (examiner[imap.SeqNum], error) {
			return func(m *candidate) (imap.SeqNum, bool, error) {
				hit, err := test(m)
				return m.seq, hit, err
			}, nil
		},
		reader: func() *mailstore.MessageReader { return nil },
		found:  func(f finding[imap.SeqNum]) bool { return hits.add(f.facts, f.entry) },
		first:  hits.limit == 1,
	})
	defer crew.dismiss()
	for seq := imap.SeqNum(1); seq <= n; seq++ {
		octets := int64(1000)
		if seq%100 == 0 {
			octets = batchOctets // makes batches of other sizes
		}
		if err := crew.look(place{seq: seq}, octets); err != nil {
			return hits.data(), err
		}
		if crew.enough {
			return hits.data(), nil
		}
	}
	return hits.data(), crew.finish()
}

func TestCrewFindsAll(t *testing.T) {
	t.Parallel()
	for _, n := range []imap.SeqNum{0, 1, batchSize - 1, batchSize, batchSize + 1, 5*batchSize + 7, 5000} {
		var want imap.SeqSet
		for seq := imap.SeqNum(3); seq <= n; seq += 3 {
			want.Add(seq)
		}
		got, err := searchFor(t.Context(), n, imap.SearchReturnAll, func(m *candidate) (bool, error) { return m.seq%3 == 0, nil })
		if err != nil || fmt.Sprint(got.Seqs) != fmt.Sprint(want) {
			t.Errorf("%d messages: %v, %v, want %v", n, got.Seqs, err, want)
		}
	}
}

// TestCrewStopsEarly wants MIN to end soon after the first hit.
func TestCrewStopsEarly(t *testing.T) {
	t.Parallel()
	for _, hit := range []imap.SeqNum{5, 700} {
		var looked atomic.Int64
		got, err := searchFor(t.Context(), 1_000_000, imap.SearchReturnMin, func(m *candidate) (bool, error) {
			looked.Add(1)
			return m.seq >= hit, nil
		})
		if err != nil || got.Seqs.Min() != hit {
			t.Errorf("first %d, %v, want %d", got.Seqs.Min(), err, hit)
		}
		if n := looked.Load(); n > 50_000 {
			t.Errorf("%d messages were looked at for hit %d", n, hit)
		}
	}
}

// TestCrewError wants the error of the first message that fails, and hits
// behind it to be of no matter.
func TestCrewError(t *testing.T) {
	t.Parallel()
	for _, bad := range []imap.SeqNum{3, 1000} {
		got, err := searchFor(t.Context(), 3000, imap.SearchReturnAll, func(m *candidate) (bool, error) {
			if m.seq >= bad {
				return false, fmt.Errorf("%w: %d", errBroken, m.seq)
			}
			return true, nil
		})
		if !errors.Is(err, errBroken) || !strings.HasSuffix(err.Error(), fmt.Sprint(": ", bad)) || got.Seqs.Max() != bad-1 {
			t.Errorf("up to %d, %v, want up to %d", got.Seqs.Max(), err, bad-1)
		}
	}
}

// TestCrewCancelled wants a search to end that nobody waits for any more.
func TestCrewCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var looked atomic.Int64
	_, err := searchFor(ctx, 1_000_000, imap.SearchReturnAll, func(m *candidate) (bool, error) {
		if looked.Add(1) == 1000 {
			cancel()
		}
		return false, m.ctx.Err()
	})
	if n := looked.Load(); !errors.Is(err, context.Canceled) || n > 50_000 {
		t.Errorf("%v after %d messages", err, n)
	}
}

// TestCrewPanic wants a panic in a worker to come out where the connection
// deals with it.
func TestCrewPanic(t *testing.T) {
	t.Parallel()
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "a mistake") {
			t.Errorf("panic: %s", p)
		}
	}()
	_, err := searchFor(t.Context(), 3000, imap.SearchReturnAll, func(m *candidate) (bool, error) {
		if m.seq == 2000 {
			panic("a mistake")
		}
		return false, nil
	})
	t.Errorf("no panic, %v", err)
}

func TestInterruptibleReader(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r := interruptible{ctx, strings.NewReader("text")}
	b := make([]byte, 4)
	if _, err := r.ReadAt(b, 0); err != nil || string(b) != "text" {
		t.Errorf("%q, %v", b, err)
	}
	cancel()
	if _, err := r.ReadAt(b, 0); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
