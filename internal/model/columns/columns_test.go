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
				parts := b.Parts(make([]int, rapid.IntRange(1, 4).Draw(rt, "parts"))...)
				for i := range n {
					last += imap.UID(gap)
					all[last] = strings.Repeat(fmt.Sprintf("w%d\xff", int(last)*7919%words), int(last)%3)
					if err := parts[i*len(parts)/n].Add(last, []byte(all[last])); err != nil {
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
	if err := extendOne(context.Background(), cache, k, build); err != nil {
		t.Fatal(err)
	}
	return cache.Get(k)
}

func extendOne(ctx context.Context, cache *columns.Cache, k columns.Key, build func(*columns.Builder) error) error {
	return cache.Extend(ctx, []columns.Key{k}, func(b []*columns.Builder) error { return build(b[0]) })
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
	part := b.Parts(messages)[0]
	for i := range messages {
		value := bytes.Repeat([]byte{'x'}, octets)
		copy(value, fmt.Sprint(i))
		if err := part.Add(imap.UID(i+1), value); err != nil {
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
	err := extendOne(t.Context(), cache, k, func(b *columns.Builder) error {
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

// TestSpare wants that a column nobody has asked for takes little, and goes
// first.
func TestSpare(t *testing.T) {
	t.Parallel()
	cache := columns.New(1 << 20)
	isMade := func(account uint64, octets int, spare bool) (made bool) {
		err := extendOne(t.Context(), cache, columns.Key{Account: account}, func(b *columns.Builder) error {
			if spare {
				b.Spare()
			}
			made = add(b, 1000, octets) == nil
			return nil
		})
		return made && err == nil
	}
	if !isMade(1, 300, false) || !isMade(2, 300, false) || !isMade(3, 80, true) {
		t.Fatal("a column is not made that there is room for")
	}
	if isMade(4, 150, true) {
		t.Error("a spare column took more than an eighth")
	}
	if !isMade(5, 350, false) {
		t.Error("a column is not made that others have to go for")
	}
	for i, want := range []int{1: 1000, 2: 1000, 3: 0, 4: 0, 5: 1000} {
		column := cache.Get(columns.Key{Account: uint64(i)})
		if got := column.Len(); got != want || column.TooLarge() > 0 {
			t.Errorf("column %d has %d messages, want %d", i, got, want)
		}
	}
}

// TestOneOfSeveral wants that a column there is no room for does not keep others
// from being made.
func TestOneOfSeveral(t *testing.T) {
	t.Parallel()
	cache := columns.New(1 << 20)
	keys := []columns.Key{{Values: "large"}, {Values: "small"}}
	err := cache.Extend(t.Context(), keys, func(b []*columns.Builder) error {
		if err := add(b[0], 10_000, 100); !errors.Is(err, columns.ErrNoRoom) || !b[0].Full() {
			t.Error(err)
		}
		return add(b[1], 1000, 10)
	})
	large, small := cache.Get(keys[0]), cache.Get(keys[1])
	if err != nil || large.Len() > 0 || large.TooLarge() != 10_000 || small.Len() != 1000 {
		t.Errorf("%v: %d messages, too large with %d, and %d messages", err, large.Len(), large.TooLarge(), small.Len())
	}
}

// TestPartsTogether has parts filled at the same time.
func TestPartsTogether(t *testing.T) {
	t.Parallel()
	cache := columns.New(16 << 20)
	const parts, each = 5, 5000
	column := extend(t, cache, columns.Key{}, func(b *columns.Builder) error {
		b.Expect(parts * each)
		var wait sync.WaitGroup
		for i, p := range b.Parts(each, each, each, 0, 1) {
			wait.Go(func() {
				for n := range each {
					if err := p.Add(imap.UID(i*each+n+1), fmt.Append(nil, i*n)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		return nil
	})
	cursor := column.Cursor()
	for i := range parts * each {
		if value, ok := cursor.Value(imap.UID(i + 1)); !ok || string(value) != fmt.Sprint(i/each*(i%each)) {
			t.Fatalf("message %d: %q", i+1, value)
		}
	}
	if n := column.Len(); n != parts*each {
		t.Error(n)
	}
}

// TestFailures wants that nothing of a column that fails stays, nor of a panic.
func TestFailures(t *testing.T) {
	t.Parallel()
	cache, k, failure := columns.New(1<<20), columns.Key{}, errors.New("x")
	err := extendOne(t.Context(), cache, k, func(b *columns.Builder) error { return errors.Join(add(b, 10, 10), failure) })
	if !errors.Is(err, failure) {
		t.Error(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = extendOne(t.Context(), cache, k, func(b *columns.Builder) error { _ = add(b, 10, 10); panic(failure) })
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
				err := extendOne(t.Context(), cache, k, func(b *columns.Builder) error {
					if b.Column().Last() > n {
						return nil
					}
					return b.Parts(1)[0].Add(b.Column().Last()+1, []byte{byte(n)})
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
		extend(t, cache, k, func(b *columns.Builder) error { return b.Parts(1)[0].Add(1, nil) })
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
		err := extendOne(ctx, cache, columns.Key{}, func(*columns.Builder) error { return nil })
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
