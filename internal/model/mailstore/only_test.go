package mailstore_test

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

func TestOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.appendMany("INBOX", 200)
	_, err := f.account.Remove(context.Background(), f.box("INBOX").ID, imap.UIDSet{{Start: 60, Stop: 70}})
	f.check(err)
	v := f.version("INBOX")
	if v.Only(v.UIDSet()) != v {
		t.Error("all messages of a version are another one")
	}
	rapid.Check(t, func(rt *rapid.T) {
		var set imap.UIDSet
		for range rapid.IntRange(0, 6).Draw(rt, "ranges") {
			from := rapid.Uint32Range(1, 250).Draw(rt, "from")
			set.AddRange(imap.UID(from), imap.UID(from+rapid.Uint32Range(0, 90).Draw(rt, "len")))
		}
		got, want := v.Only(set), v.UIDSet().Intersect(set)
		if got.UIDSet().String() != want.String() || int(got.Len()) != want.Count() {
			rt.Fatalf("only %v of %v is %v", set, v.UIDSet(), got.UIDSet())
		}
		for uid := range want.All() {
			a, _ := v.Get(uid)
			b, _ := got.Get(uid)
			if a.ModSeq != b.ModSeq || a.Size() != b.Size() || a.Record() != b.Record() || a.Instance() != b.Instance() {
				rt.Fatalf("message %d is %+v, was %+v", uid, b, a)
			}
		}
	})
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var mine mailstore.Origin
	ctx := mailstore.WithOrigin(context.Background(), &mine)
	f.check(f.account.Subscribe(context.Background(), "theirs"))
	f.check(f.account.Subscribe(ctx, "mine"))
	f.check(f.account.Subscribe(ctx, "mine")) // changes nothing
	tree, err := f.account.Mailboxes(ctx)
	f.check(err)
	if m := tree.ModSeq(); !mine.Made(7, m) || mine.Made(7, m-1) || mine.Made(8, m) {
		t.Error("a change is taken for another's")
	}
	mine.Forget()
	if mine.Made(7, tree.ModSeq()) {
		t.Error("a change is still known")
	}
	f.engine.FailCommits(1, context.Canceled)
	if err := f.account.Subscribe(ctx, "lost"); err == nil || mine.Made(7, tree.ModSeq()+1) {
		t.Errorf("a change that failed is known: %v", err)
	}
}
