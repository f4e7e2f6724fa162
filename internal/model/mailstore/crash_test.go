package mailstore_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// TestPowerCut has writers at work, cuts the power, and goes on with what is
// left, several times: what was acknowledged is there, and no UID, MODSEQ or
// instance that anybody has seen is used for anything else.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	for _, survives := range []int{0, 50, 90} {
		t.Run(fmt.Sprintf("unsynced=%d%%", survives), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(survives), 11))
			w := &witness{seen: make(map[imap.UID]sighting)}
			fs := vfs.NewCrashableMem()
			for range 12 {
				fs = w.runUntilCut(t, fs, vfs.CrashCloneCfg{UnsyncedDataPercent: survives, RNG: random}, random.IntN(60))
				if t.Failed() {
					return
				}
			}
		})
	}
}

// A sighting is what somebody has been told of a message in INBOX.
type sighting struct {
	subject  string
	instance mailstore.InstanceID
	gone     bool // perhaps
}

// A witness remembers what was acknowledged.
type witness struct {
	mu       sync.Mutex
	seen     map[imap.UID]sighting
	modSeq   imap.ModSeq
	validity imap.UIDValidity
	next     int
}

func (w *witness) copy() (map[imap.UID]sighting, imap.ModSeq) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.seen), w.modSeq
}

// runUntilCut checks what the last cut has left, lets writers work on it, and
// returns the file system as a cut after so many deliveries would leave it.
func (w *witness) runUntilCut(t *testing.T, fs *vfs.MemFS, cfg vfs.CrashCloneCfg, deliveries int) *vfs.MemFS {
	engine, err := embedded.Open("data", embedded.Options{
		FS: fs, PackSize: 64 << 10, MemTableSize: 64 << 10,
		OnFatal: func(err error) { t.Errorf("fatal: %v", err) },
	})
	if err != nil {
		t.Fatalf("open after a cut: %v", err)
	}
	store := mailstore.New(engine, mailstore.Options{})
	w.check(t, store)
	enough := make(chan struct{})
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() { w.write(t, store, enough) })
	}
	w.wait(deliveries)
	before, modSeq := w.copy()
	clone := fs.CrashClone(cfg)
	close(enough)
	writers.Wait()
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if err := engine.Close(); err != nil {
		t.Error(err)
	}
	// What was acknowledged after the cut has never happened, but what was
	// being removed may be gone.
	for uid, s := range before {
		s.gone = w.seen[uid].gone
		before[uid] = s
	}
	w.seen, w.modSeq = before, modSeq
	return clone
}

// wait returns when so many more deliveries have been acknowledged.
func (w *witness) wait(deliveries int) {
	before, _ := w.copy()
	waitFor(func() bool {
		now, _ := w.copy()
		return len(now) >= len(before)+deliveries
	})
}

// write delivers messages, and sometimes removes one, until it is enough.
func (w *witness) write(t *testing.T, store *mailstore.Store, enough chan struct{}) {
	ctx := context.Background()
	account, err := store.Account(ctx, 7)
	for i := 0; err == nil; i++ {
		select {
		case <-enough:
			return
		default:
		}
		var uid imap.UID
		if uid, err = w.deliver(ctx, store); err == nil && i%5 == 4 {
			err = w.remove(ctx, account, uid)
		}
	}
	t.Error(err)
}

func (w *witness) deliver(ctx context.Context, store *mailstore.Store) (imap.UID, error) {
	w.mu.Lock()
	w.next++
	subject := fmt.Sprint("message", w.next)
	w.mu.Unlock()
	in := store.NewIngest(0)
	defer in.Discard()
	if _, err := in.Write([]byte(mail(subject))); err != nil {
		return 0, err
	}
	c, err := in.Finish()
	if err != nil {
		return 0, err
	}
	defer c.Discard()
	done, err := store.Deliver(ctx, c, []mailstore.Delivery{{Account: 7}}, nil)
	if err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[done[0].UID] = sighting{subject: subject, instance: done[0].Instance}
	w.modSeq = max(w.modSeq, done[0].ModSeq)
	return done[0].UID, nil
}

func (w *witness) remove(ctx context.Context, account *mailstore.Account, uid imap.UID) error {
	w.mu.Lock()
	s := w.seen[uid]
	s.gone = true
	w.seen[uid] = s
	w.mu.Unlock()
	tree, err := account.Mailboxes(ctx)
	if err != nil {
		return err
	}
	inbox, _ := tree.Find(imap.Inbox)
	_, err = account.Remove(ctx, inbox.ID, imap.SetOf(uid))
	return err
}

// check compares what is stored with what was seen, and takes note of what is
// there beyond that.
func (w *witness) check(t *testing.T, store *mailstore.Store) {
	ctx := context.Background()
	account, err := store.Account(ctx, 7)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := account.Mailboxes(ctx)
	if err != nil {
		t.Fatal(err)
	}
	inbox, _ := tree.Find(imap.Inbox)
	if tree.ModSeq() < w.modSeq {
		t.Errorf("MODSEQ goes from %d back to %d", w.modSeq, tree.ModSeq())
	}
	v, err := account.Open(ctx, inbox.ID)
	if err != nil {
		t.Fatal(err)
	}
	if int(v.Len()) != int(inbox.Messages) {
		t.Errorf("%d messages, and the mailbox says %d", v.Len(), inbox.Messages)
	}
	for uid, s := range w.seen {
		if _, ok := v.Get(uid); !ok && !s.gone {
			t.Errorf("message %d (%s) was acknowledged and is lost", uid, s.subject)
		}
		if uid >= inbox.UIDNext {
			t.Errorf("UID %d was seen, and UIDNEXT is %d", uid, inbox.UIDNext)
		}
	}
	for _, e := range v.All() {
		w.checkMessage(t, ctx, account, e)
	}
	w.checkIdentity(t, inbox)
}

func (w *witness) checkMessage(t *testing.T, ctx context.Context, account *mailstore.Account, e mailstore.Entry) {
	m, err := account.Message(ctx, e)
	if err != nil {
		t.Fatalf("message %d: %v", e.UID, err)
	}
	r, err := m.Open()
	if err != nil {
		t.Fatalf("message %d: %v", e.UID, err)
	}
	defer r.Close()
	text := make([]byte, r.Size())
	if _, err := r.ReadAt(text, 0); err != nil && r.Size() != e.Size() {
		t.Fatalf("message %d: %v", e.UID, err)
	}
	_, rest, _ := strings.Cut(string(text), "Subject: ")
	subject, _, _ := strings.Cut(rest, "\r\n")
	if string(text) != mail(subject) {
		t.Errorf("message %d is %q", e.UID, text)
	}
	if s, ok := w.seen[e.UID]; ok && (s.subject != subject || s.instance != e.Instance()) {
		t.Errorf("message %d was %+v and is now %s, %v", e.UID, s, subject, e.Instance())
	}
	w.seen[e.UID] = sighting{subject: subject, instance: e.Instance(), gone: w.seen[e.UID].gone}
}

func (w *witness) checkIdentity(t *testing.T, inbox *mailstore.Mailbox) {
	if w.validity != 0 && inbox.UIDValidity != w.validity {
		t.Errorf("UIDVALIDITY was %d and is %d", w.validity, inbox.UIDValidity)
	}
	w.validity = inbox.UIDValidity
}
