package columns_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/columns"
)

// TestAgainstMap makes columns longer at random, beyond several segments, and
// compares with a map what they have, which values hold a text, and their order.
func TestAgainstMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		cache := columns.New(64 << 20)
		all := make(map[imap.UID]string)
		last := imap.UID(0)
		var column *columns.Column
		for range rapid.IntRange(1, 4).Draw(rt, "steps") {
			words := rapid.IntRange(1, 50).Draw(rt, "words")
			gap := rapid.IntRange(1, 3).Draw(rt, "gap")
			n := rapid.SampledFrom([]int{0, 1, 3, 100, 100, 100, 4200}).Draw(rt, "messages")
			column = extend(t, cache, columns.Key{}, func(b *columns.Builder) error {
				for range n {
					last += imap.UID(gap)
					all[last] = strings.Repeat(fmt.Sprintf("w%d\xff", int(last)*7919%words), int(last)%3)
					if err := b.Add(last, []byte(all[last])); err != nil {
						return err
					}
				}
				return nil
			})
		}
		compare(rt, column, all, last)
	})
}

func extend(t testing.TB, cache *columns.Cache, k columns.Key, build func(*columns.Builder) error) *columns.Column {
	t.Helper()
	column, err := cache.Extend(context.Background(), k, build)
	if err != nil {
		t.Fatal(err)
	}
	return column
}

func compare(rt *rapid.T, column *columns.Column, all map[imap.UID]string, last imap.UID) {
	if column.Len() != len(all) || column.Last() != last {
		rt.Fatalf("%d messages up to %d, want %d up to %d", column.Len(), column.Last(), len(all), last)
	}
	const text = "w1"
	cursor, ranks := column.Cursor(), column.Ranks().Ranker()
	holding, some := column.Holding([]byte(text)).Teller(), column.NotEmpty().Teller()
	byRank := make(map[uint32]string)
	step := rapid.SampledFrom([]int{1, 1, 5, -1, 13}).Draw(rt, "step")
	for i := range int(last) + 2 {
		uid := imap.UID((i*step%int(last+2) + int(last) + 2) % int(last+2))
		want, known := all[uid]
		value, ok := cursor.Value(uid)
		hit, ok2 := holding.Has(uid)
		filled, ok3 := some.Has(uid)
		rank, ok4 := ranks.Rank(uid)
		if ok != known || ok2 != known || ok3 != known || ok4 != known {
			rt.Fatalf("message %d is known: %v, want %v", uid, ok, known)
		}
		if string(value) != want || hit != strings.Contains(want, text) || filled != (want != "") {
			rt.Fatalf("message %d: %q, %v, %v; want %q", uid, value, hit, filled, want)
		}
		if known {
			if same, seen := byRank[rank]; seen && same != want {
				rt.Fatalf("%q and %q have one rank", same, want)
			}
			byRank[rank] = want
		}
	}
	before := ""
	for i, rank := range slices.Sorted(maps.Keys(byRank)) {
		if i > 0 && byRank[rank] <= before {
			rt.Fatalf("%q comes behind %q", byRank[rank], before)
		}
		before = byRank[rank]
	}
}

// add adds messages with values of so many octets, all different.
func add(b *columns.Builder, messages, octets int) error {
	b.Expect(messages)
	for i := range messages {
		value := bytes.Repeat([]byte{'x'}, octets)
		copy(value, fmt.Sprint(i))
		if err := b.Add(imap.UID(i+1), value); err != nil {
			return err
		}
	}
	return nil
}

func TestBound(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	cache := columns.New(limit)
	for i := range 50 {
		k := columns.Key{Account: uint64(i % 7), Mailbox: uint32(i)}
		extend(t, cache, k, func(b *columns.Builder) error { return add(b, 1000, 100) })
		if s := cache.Stats(); s.Octets > limit || s.Columns == 0 {
			t.Fatalf("%d columns take %d octets", s.Columns, s.Octets)
		}
		if cache.Get(k).Len() != 1000 {
			t.Fatal("the newest column is not there")
		}
	}
	if n := cache.Get(columns.Key{}).Len(); n != 0 {
		t.Errorf("the oldest column is still there, with %d messages", n)
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	cache, k := columns.New(1<<20), columns.Key{Values: "x"}
	extend(t, cache, k, func(b *columns.Builder) error { return add(b, 10, 10) })
	tried := 0
	_, err := cache.Extend(t.Context(), k, func(b *columns.Builder) error {
		b.Restart()
		defer func() { tried = b.Column().Len() }()
		return add(b, 100_000, 50)
	})
	if !errors.Is(err, columns.ErrNoRoom) || tried != 10 {
		t.Errorf("%v, after %d messages", err, tried)
	}
	if c := cache.Get(k); c.Len() != 0 || c.TooLarge() != 100_000 {
		t.Errorf("%d messages, too large with %d", c.Len(), c.TooLarge())
	}
	if s := cache.Stats(); s.Octets > 1000 {
		t.Errorf("%d octets stay", s.Octets)
	}
	if columns.New(0).Get(k).TooLarge() == 0 {
		t.Error("there is room where there is none")
	}
}

// TestFailures wants that nothing of a column that fails stays, nor of a panic.
func TestFailures(t *testing.T) {
	t.Parallel()
	cache, k, failure := columns.New(1<<20), columns.Key{}, errors.New("x")
	_, err := cache.Extend(t.Context(), k, func(b *columns.Builder) error { return errors.Join(add(b, 10, 10), failure) })
	if !errors.Is(err, failure) {
		t.Error(err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = cache.Extend(t.Context(), k, func(b *columns.Builder) error { _ = add(b, 10, 10); panic(failure) })
	}()
	if s := cache.Stats(); s != (columns.Stats{}) {
		t.Errorf("%+v", s)
	}
	if n := extend(t, cache, k, func(b *columns.Builder) error { return add(b, 10, 10) }).Len(); n != 10 {
		t.Error(n)
	}
}

// TestTogether has many make a few columns longer at the same time: each message
// is added once, and all memory is given back but that of the columns.
func TestTogether(t *testing.T) {
	t.Parallel()
	cache := columns.New(1 << 20)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for n := range imap.UID(200) {
				k := columns.Key{Account: uint64(i % 2)}
				_, err := cache.Extend(t.Context(), k, func(b *columns.Builder) error {
					if b.Column().Last() > n {
						return nil
					}
					return b.Add(b.Column().Last()+1, []byte{byte(n)})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	for i := range uint64(2) {
		c := cache.Get(columns.Key{Account: i})
		if c.Len() != int(c.Last()) || c.Len() < 200 {
			t.Errorf("%d messages up to %d", c.Len(), c.Last())
		}
	}
	if s := cache.Stats(); s.Columns != 2 || s.Octets > 20_000 {
		t.Errorf("%+v", s)
	}
}

// TestLongNames makes columns of little content with names such as a client may
// choose: the limit is for these too.
func TestLongNames(t *testing.T) {
	t.Parallel()
	const limit, length = 1 << 20, 200 << 10
	cache := columns.New(limit)
	for i := range 20 {
		k := columns.Key{Values: strings.Repeat(string(rune('a'+i)), length)}
		extend(t, cache, k, func(b *columns.Builder) error { return b.Add(1, nil) })
		if s := cache.Stats(); s.Columns > limit/length || s.Octets > limit {
			t.Fatalf("%d columns with names of %d octets: %d octets counted, the limit is %d", s.Columns, length, s.Octets, limit)
		}
	}
}

// TestWaiting wants that who waits for another can give up.
func TestWaiting(t *testing.T) {
	t.Parallel()
	cache := columns.New(1 << 20)
	extend(t, cache, columns.Key{}, func(*columns.Builder) error {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := cache.Extend(ctx, columns.Key{}, func(*columns.Builder) error { return nil })
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		return nil
	})
}

func BenchmarkHolding(b *testing.B) {
	cache := columns.New(64 << 20)
	column := extend(b, cache, columns.Key{}, func(b *columns.Builder) error { return add(b, 100_000, 60) })
	for b.Loop() {
		if column.Holding([]byte("99999")) == nil {
			b.Fatal()
		}
	}
}

func BenchmarkRanks(b *testing.B) {
	cache := columns.New(64 << 20)
	for i := range b.N {
		column := extend(b, cache, columns.Key{Account: uint64(i)}, func(b *columns.Builder) error { return add(b, 100_000, 20) })
		if column.Ranks().Max() != 99_999 {
			b.Fatal(column.Ranks().Max())
		}
	}
}
