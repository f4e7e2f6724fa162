package imapsession

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/columns"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A filling makes columns longer, by the messages of a version. These go in
// stretches to workers, one for each processor, that each make a part of every
// column.
type filling struct {
	kinds     []columnKind
	builders  []*columns.Builder
	account   *mailstore.Account
	version   *mailstore.Version
	stretches []imap.SeqSet
	parts     [][]*columns.Part // by column and stretch
}

// How many messages a stretch has: few enough that no processor has nothing to
// do for long, and many enough that columns do not have the same values in many
// segments.
const (
	shortestStretch = 512
	longestStretch  = 4096
	stretchesEach   = 2 // for a processor, if there are not too many messages
)

// extend makes columns longer, and spare ones beside. If that is not possible the
// messages have to be read, which then tells what is wrong.
func (c *columnist) extend(ctx context.Context, kinds, spare []columnKind) {
	all := slices.Concat(kinds, spare)
	// In one order, so that no two sessions wait for each other.
	slices.SortFunc(all, func(a, b columnKind) int { return cmp.Compare(a.name, b.name) })
	keys := make([]columns.Key, len(all))
	for i, kind := range all {
		keys[i] = c.key(kind)
	}
	err := c.session.columns.Extend(ctx, keys, func(builders []*columns.Builder) error {
		for i, kind := range all {
			if slices.ContainsFunc(spare, func(k columnKind) bool { return k.name == kind.name }) {
				builders[i].Spare()
			}
		}
		return c.fill(ctx, all, builders)
	})
	if err != nil && !errors.Is(err, columns.ErrNoRoom) {
		c.session.log.Debug("imap: columns not made", "err", err)
	}
}

// fill adds to columns what they lack of the mailbox as it is now, which may be
// more than the view has. A column that has mostly messages that are no more is
// made anew.
func (c *columnist) fill(ctx context.Context, kinds []columnKind, builders []*columns.Builder) error {
	account := c.view.at.account
	now, err := account.Open(ctx, c.view.id)
	if err != nil {
		return err
	}
	from := ^imap.UID(0)
	for _, b := range builders {
		if b.Column().Len() > 2*int(now.Len())+columnBacklog {
			b.Restart()
		}
		b.Expect(int(now.Len()))
		b.Reach(now.UIDNext() - 1)
		from = min(from, b.Last()+1)
	}
	f := &filling{kinds: kinds, builders: builders, account: account, version: now, stretches: stretches(now.Seek(from), now.Len())}
	for _, b := range builders {
		f.parts = append(f.parts, b.Parts(sizes(f.stretches)...))
	}
	return f.run(ctx)
}

// stretches divides messages for workers.
func stretches(first, last imap.SeqNum) (list []imap.SeqSet) {
	if first > last {
		return nil
	}
	n := last - first + 1
	count := imap.SeqNum(runtime.GOMAXPROCS(0) * stretchesEach)
	size := min(max((n+count-1)/count, shortestStretch), longestStretch)
	for ; first <= last; first += size {
		list = append(list, imap.SeqSet{{Start: first, Stop: min(last, first+size-1)}})
	}
	return list
}

// sizes are how many messages stretches have.
func sizes(stretches []imap.SeqSet) (list []int) {
	for _, s := range stretches {
		list = append(list, int(s[0].Stop-s[0].Start+1))
	}
	return list
}

// run fills all parts. Few messages start no goroutine.
func (f *filling) run(ctx context.Context) error {
	if len(f.stretches) == 1 {
		return f.stretch(ctx, 0)
	}
	progress := imapserver.ProgressOf(ctx)
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(runtime.GOMAXPROCS(0))
	panics := make([]any, len(f.stretches))
	for i, s := range f.stretches {
		workers.Go(func() (err error) {
			panics[i] = safely(func() { err = f.stretch(ctx, i) })
			return err
		})
		progress.Report(uint32(s[0].Start), uint32(f.version.Len()))
	}
	err := workers.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return err
}

// stretch fills the parts for a stretch, those that there is room for.
func (f *filling) stretch(ctx context.Context, i int) error {
	r := f.newReading(ctx)
	defer r.candidate.release()
	for seq, e := range f.version.Seqs(f.stretches[i]) {
		if !r.gather(seq, e) {
			continue
		}
		if err := f.read(r, i); err != nil {
			return err
		}
	}
	return f.read(r, i)
}

// read adds the values of the messages that have been gathered.
func (f *filling) read(r *reading, stretch int) error {
	if err := r.begin(f.account); err != nil {
		return err
	}
	for i, e := range r.messages {
		values, err := r.values(i)
		if err != nil {
			return err
		}
		if !f.add(stretch, e.UID, values) {
			return columns.ErrNoRoom
		}
	}
	r.end()
	return nil
}

// add adds the values of a message to the columns that lack them. It reports
// whether there is a column left to be made.
func (f *filling) add(stretch int, uid imap.UID, values [][]byte) (some bool) {
	for k, b := range f.builders {
		if uid <= b.Last() || f.parts[k][stretch].Add(uid, values[k]) == nil {
			some = true
		}
	}
	return some
}
