package integrity_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/flow/integrity"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
	"github.com/mailstead/mailstead/internal/soak"
)

// fill makes a set of mail: messages small and large in the mailboxes of some
// accounts, and what people do with them.
func (w *world) fill(random *rand.Rand, messages int) {
	for i := range messages {
		id := mailstore.AccountID(1 + random.IntN(3))
		text := fmt.Sprintf("Subject: message %d\r\nMessage-ID: <%d@example.test>\r\n\r\n", i, i)
		text += strings.Repeat(fmt.Sprintf("line %d of the text\r\n", random.Int()), random.IntN(400))
		in := w.mail.NewIngest(0)
		_, err := io.WriteString(in, text)
		w.check(err)
		c, err := in.Finish()
		w.check(err)
		_, err = w.mail.Deliver(w.t.Context(), c, []mailstore.Delivery{{Account: id}}, nil)
		w.check(err)
		c.Discard()
		if random.IntN(4) == 0 {
			w.use(id, random)
		}
	}
}

// use flags, copies, moves or expunges messages.
func (w *world) use(id mailstore.AccountID, random *rand.Rand) {
	ctx := w.t.Context()
	a, err := w.mail.Account(ctx, id)
	w.check(err)
	tree, err := a.Mailboxes(ctx)
	w.check(err)
	inbox, _ := tree.Find("INBOX")
	archive, ok := tree.Find("Archive")
	if !ok { // an account without a copy of the index has the mailboxes that got mail
		_, err := a.Create(ctx, "Archive")
		w.check(err)
		w.use(id, random)
		return
	}
	v, err := a.Open(ctx, inbox.ID)
	w.check(err)
	if v.Len() == 0 {
		return
	}
	var uids imap.UIDSet
	uids.Add(v.At(imap.SeqNum(1 + random.IntN(int(v.Len())))).UID)
	switch random.IntN(4) {
	case 0:
		_, err = a.Copy(ctx, inbox.ID, archive.ID, uids)
	case 1:
		_, err = a.Move(ctx, inbox.ID, archive.ID, uids)
	case 2:
		_, err = a.Remove(ctx, inbox.ID, uids)
	case 3:
		_, err = a.Create(ctx, fmt.Sprintf("box-%d", random.Int()))
	}
	w.check(err)
}

// each calls fn for each message of an account.
func (w *world) each(id mailstore.AccountID, fn func(box string, v *mailstore.Version, e mailstore.Entry, m *mailstore.Message)) {
	ctx := w.t.Context()
	a, err := w.mail.Account(ctx, id)
	w.check(err)
	tree, err := a.Mailboxes(ctx)
	w.check(err)
	for box := range tree.All() {
		v, err := a.Open(ctx, box.ID)
		w.check(err)
		for _, e := range v.All() {
			m, err := a.Message(ctx, e)
			w.check(err)
			fn(box.Name, v, e, m)
		}
	}
}

// texts returns how often each message of an account is there.
func (w *world) texts(id mailstore.AccountID) map[string]int {
	all := make(map[string]int)
	w.each(id, func(_ string, _ *mailstore.Version, _ mailstore.Entry, m *mailstore.Message) {
		r, err := m.Open()
		w.check(err)
		text, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
		w.check(errors.Join(err, r.Close()))
		all[string(text)]++
	})
	return all
}

// identities returns the pairs of UIDVALIDITY and UID that were ever seen.
func (w *world) identities(id mailstore.AccountID, into map[string]string) {
	w.each(id, func(box string, v *mailstore.Version, e mailstore.Entry, m *mailstore.Message) {
		name := fmt.Sprint(id, box, v.UIDValidity(), e.UID)
		envelope, err := m.Envelope()
		w.check(err)
		if was, ok := into[name]; ok && was != envelope.Subject {
			w.t.Errorf("%s was %q and is %q", name, was, envelope.Subject)
		}
		into[name] = envelope.Subject
	})
}

func (w *world) shut() { w.check(errors.Join(w.mail.Close(), w.store.Close())) }

// TestIndexLost loses the index of a store full of mail in every way, makes it
// again, with a copy of the index and without, and wants every message that was
// there byte by byte, no UID to stand for another message, and nothing wrong.
func TestIndexLost(t *testing.T) {
	t.Parallel()
	losses := map[string]func(*world){
		"folder gone":      func(w *world) { w.check(w.fs.RemoveAll("store/index")) },
		"manifest gone":    func(w *world) { w.removeIndexFiles("MANIFEST-") },
		"markers gone":     func(w *world) { w.removeIndexFiles("marker.") },
		"tables gone":      func(w *world) { w.removeIndexFiles(".sst") },
		"tables zeroed":    func(w *world) { w.damageIndexFiles(".sst") },
		"manifest zeroed":  func(w *world) { w.damageIndexFiles("MANIFEST-") },
		"everything there": func(*world) {},
	}
	for name, lose := range losses {
		for _, copied := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, copied=%v", name, copied), func(t *testing.T) {
				t.Parallel()
				for run := range soak.Times(1, 4) {
					testIndexLost(t, lose, copied, uint64(run))
				}
			})
		}
	}
}

func testIndexLost(t *testing.T, lose func(*world), copied bool, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 3))
	w := newWorld(t)
	w.fill(random, 60)
	if copied {
		w.check(w.store.Checkpoint(t.Context()))
		w.fill(random, 30)
	}
	seen := make(map[string]string)
	var before [4]map[string]int
	for id := mailstore.AccountID(1); id <= 3; id++ {
		before[id] = w.texts(id)
		w.identities(id, seen)
	}
	w.shut()
	lose(w)
	packs := w.packs()

	var did []damage.Finding
	o := integrity.RepairOptions{
		Now: time.Now().Add(time.Minute), Store: embedded.Options{FS: w.fs, MemTableSize: 1 << 20, BallastSize: 1 << 10},
		Did: func(f damage.Finding) { did = append(did, f) }, DryRun: true,
	}
	_, err := integrity.Rebuild(t.Context(), "store", o)
	w.check(err)
	if len(did) == 0 || w.packs() != packs {
		t.Errorf("a dry run says %v, and the packs are\n%swere\n%s", did, w.packs(), packs)
	}
	o.DryRun = false
	made, err := integrity.Rebuild(t.Context(), "store", o)
	w.check(err)
	if made.Checkpoint != copied {
		t.Errorf("made from a copy: %v, want %v", made.Checkpoint, copied)
	}
	w.open()
	for id := mailstore.AccountID(1); id <= 3; id++ {
		after := w.texts(id)
		for text := range before[id] {
			if after[text] == 0 {
				t.Errorf("account %d has lost %.30q", id, text)
			}
		}
		w.identities(id, seen)
	}
	w.wantWhole(copied)
	w.fill(random, 20)
	w.identities(1, seen)
	w.wantWhole(copied)
}

// wantWhole wants nothing to be wrong. What was in the directory is not, if
// there was no copy of the index.
func (w *world) wantWhole(copied bool) {
	w.t.Helper()
	s, found := w.verify()
	if s.Lost+s.Wrong > 0 {
		w.t.Errorf("after the rebuild: %v", found)
	}
	_, recipients := w.queued()
	for _, r := range recipients {
		if r.State() != queue.Held {
			w.t.Errorf("the recipient %s is %s, and may have been delivered before", r.Address, r.State())
		}
	}
	d, err := directory.Open(w.store, w.options())
	w.check(err)
	accounts := 0
	for range d.Accounts(w.t.Context()) {
		accounts++
	}
	if copied && accounts != 1 || len(recipients) == 0 {
		w.t.Errorf("%d accounts and %d recipients are there", accounts, len(recipients))
	}
}

func (w *world) queued() (all []queue.Message, recipients []queue.Recipient) {
	err := queue.New(w.store, queue.Options{}).List(queue.Filter{}, func(m queue.Message, r queue.Recipient) error {
		all, recipients = append(all, m), append(recipients, r)
		return nil
	})
	w.check(err)
	return all, recipients
}

func (w *world) indexFiles(part string) (names []string) {
	all, err := w.fs.List("store/index")
	w.check(err)
	for _, name := range all {
		if strings.Contains(name, part) {
			names = append(names, "store/index/"+name)
		}
	}
	return names
}

func (w *world) removeIndexFiles(part string) {
	for _, name := range w.indexFiles(part) {
		w.check(w.fs.Remove(name))
	}
}

func (w *world) damageIndexFiles(part string) {
	for _, name := range w.indexFiles(part) {
		info, err := w.fs.Stat(name)
		w.check(err)
		f, err := w.fs.Create(name, vfs.WriteCategoryUnspecified)
		w.check(err)
		_, err = f.Write(bytes.Repeat([]byte{0}, int(info.Size())))
		w.check(errors.Join(err, f.Close()))
	}
}

func (w *world) packs() string {
	names, err := w.fs.List("store/packs")
	w.check(err)
	slices.Sort(names)
	return strings.Join(names, "\n")
}
