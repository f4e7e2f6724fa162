package mailstore_test

import (
	"context"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

func TestDeliverIsOneBatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other, err := f.store.Account(context.Background(), 3)
	f.check(err)
	f.check(func() error { _, err := f.account.Create(context.Background(), "Lists"); return err }())
	before := f.engine.Stats()
	c := f.content(mail("to all"))
	defer c.Discard()
	done, err := f.store.Deliver(context.Background(), c, []mailstore.Delivery{
		{Account: 7, Mailbox: "Lists", Flags: []imap.Flag{`\Flagged`}},
		{Account: 3, Mailbox: "Nowhere", Prefix: []byte("X: y\r\n")},
		{Account: 7},
	}, func(b *storage.Batch) { b.Set([]byte{0x40}, []byte("queued")) })
	f.check(err)
	after := f.engine.Stats()
	if after.Commits != before.Commits+1 || after.BlobBytes != before.BlobBytes+int64(len(mail("to all"))) {
		t.Errorf("from %+v to %+v", before, after)
	}
	if v, err := f.engine.Get(nil, []byte{0x40}); string(v) != "queued" {
		t.Errorf("the other model's key is %q, %v", v, err)
	}
	if done[0].Mailbox != f.box("Lists").ID || done[2].Mailbox != f.box("INBOX").ID || done[0].ModSeq != done[2].ModSeq {
		t.Errorf("delivered %+v", done)
	}
	v, err := other.Open(context.Background(), done[1].Mailbox)
	f.check(err)
	m, err := other.Message(context.Background(), v.At(1))
	f.check(err)
	if got := f.readMessage(m); got != "X: y\r\n"+mail("to all") {
		t.Errorf("the other account has %q", got)
	}
}

func TestDeliverOverQuota(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.quota.Messages = 1
	for i := range 2 {
		c := f.content(mail("x"))
		done, err := f.store.Deliver(context.Background(), c,
			[]mailstore.Delivery{{Account: 7}, {Account: mailstore.AccountID(100 + i)}}, nil)
		f.check(err)
		if want := i > 0; (done[0].Err == mailstore.ErrOverQuota) != want || done[1].Err != nil {
			t.Errorf("delivery %d: %+v", i, done)
		}
		c.Discard()
	}
	blobs, also := f.blobs(), 0
	c := f.content(mail("nobody"))
	defer c.Discard()
	done, err := f.store.Deliver(context.Background(), c, []mailstore.Delivery{{Account: 7}},
		func(b *storage.Batch) { also++; b.Set([]byte{0x41}, nil) })
	f.check(err)
	if done[0].Err != mailstore.ErrOverQuota || f.blobs() != blobs || also == 0 {
		t.Errorf("%+v, %d bytes, also %d", done, f.blobs(), also)
	}
	if _, err := f.engine.Get(nil, []byte{0x41}); err != nil {
		t.Errorf("the other model's key: %v", err)
	}
}

func TestDeliverToHundreds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.content(mail("crowd"))
	defer c.Discard()
	var to []mailstore.Delivery
	for i := range 900 {
		to = append(to, mailstore.Delivery{Account: mailstore.AccountID(1000 - i)})
	}
	done, err := f.store.Deliver(context.Background(), c, to, nil)
	f.check(err)
	for i, d := range done {
		if d.Err != nil || d.UID != 1 || d.Account != to[i].Account {
			t.Fatalf("recipient %d: %+v", i, d)
		}
	}
	if f.blobs() != int64(len(mail("crowd"))) {
		t.Errorf("%d bytes of blobs for one message", f.blobs())
	}
}
