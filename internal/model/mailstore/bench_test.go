package mailstore_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// benchFixture is a store on disk with one account.
func benchFixture(b *testing.B) *fixture {
	b.Helper()
	engine, err := embedded.Open(b.TempDir(), embedded.Options{})
	if err != nil {
		b.Fatal(err)
	}
	f := &fixture{t: b, disk: engine, now: start()}
	f.store = mailstore.New(engine, mailstore.Options{})
	f.account, err = f.store.Account(context.Background(), 7)
	f.check(err)
	b.Cleanup(func() {
		f.close()
		f.check(engine.Close())
	})
	return f
}

// restart begins with an empty cache.
func (f *fixture) restart() {
	f.t.Helper()
	store := mailstore.New(f.disk, mailstore.Options{})
	f.check(f.store.Close())
	var err error
	f.store = store
	f.account, err = store.Account(context.Background(), 7)
	f.check(err)
}

// fill puts at least n messages into INBOX: a thousand, and copies of them.
func (f *fixture) fill(n int) {
	f.t.Helper()
	f.appendMany("INBOX", 1000)
	inbox := f.box("INBOX").ID
	all := imap.UIDSet{{Start: 1, Stop: 1 << 30}}
	for int(f.box("INBOX").Messages) < n {
		_, err := f.account.Copy(context.Background(), inbox, inbox, all)
		f.check(err)
	}
}

func BenchmarkDeliver(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			f := benchFixture(b)
			text := mail("benchmark") + fmt.Sprintf("%4000s", "")
			b.SetParallelism(writers / 2)
			b.ReportAllocs()
			next := make(chan mailstore.AccountID, 1)
			next <- 1
			b.RunParallel(func(pb *testing.PB) {
				id := <-next
				next <- id + 1
				for pb.Next() {
					c := f.content(text)
					_, err := f.store.Deliver(context.Background(), c, []mailstore.Delivery{{Account: id % 32}}, nil)
					f.check(err)
					c.Discard()
				}
			})
		})
	}
}

// BenchmarkOpenCold reads the message list of 128 000 messages.
func BenchmarkOpenCold(b *testing.B) {
	f := benchFixture(b)
	f.fill(100_000)
	id := f.box("INBOX").ID
	for b.Loop() {
		f.restart()
		v, err := f.account.Open(context.Background(), id)
		f.check(err)
		b.ReportMetric(float64(v.Len()), "messages")
	}
}

func BenchmarkStoreAll(b *testing.B) {
	f := benchFixture(b)
	f.fill(100_000)
	id := f.box("INBOX").ID
	all := imap.UIDSet{{Start: 1, Stop: 1 << 30}}
	actions := []imap.StoreAction{imap.StoreAdd, imap.StoreRemove}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_, err := f.account.StoreFlags(context.Background(), id, all,
			imap.StoreOp{Action: actions[i%2], Flags: []imap.Flag{imap.FlagSeen}})
		f.check(err)
	}
}

func BenchmarkCopyAndExpunge(b *testing.B) {
	f := benchFixture(b)
	f.fill(10_000)
	inbox, archive := f.box("INBOX").ID, f.box("Archive").ID
	some := imap.UIDSet{{Start: 1, Stop: 10_000}}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		data, err := f.account.Copy(ctx, inbox, archive, some)
		f.check(err)
		_, err = f.account.Remove(ctx, archive, data.Dest)
		f.check(err)
	}
}

// BenchmarkReadFlags goes through 128 000 messages as FETCH 1:* FLAGS does.
func BenchmarkReadFlags(b *testing.B) {
	f := benchFixture(b)
	f.fill(100_000)
	v := f.version("INBOX")
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, e := range v.All() {
			if e.Flags.Has(mailstore.Seen) {
				n++
			}
		}
		if n != 0 {
			b.Fatal(n)
		}
	}
}

// BenchmarkDeliverReply delivers replies, which look for the threads that they
// belong to.
func BenchmarkDeliverReply(b *testing.B) {
	f := benchFixture(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c := f.content(fmt.Sprintf("Message-ID: <%d@x>\r\nReferences: <root@x> <%d@x> <%d@x>\r\n%s%4000s", i, i-2, i-1, mail("reply"), ""))
		_, err := f.store.Deliver(context.Background(), c, []mailstore.Delivery{{Account: 7}}, nil)
		f.check(err)
		c.Discard()
	}
}
