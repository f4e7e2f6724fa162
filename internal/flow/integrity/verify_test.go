package integrity_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/mailstead/mailstead/internal/flow/integrity"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
	"github.com/mailstead/mailstead/smtp"
)

const ann = "ann@example.test"

// A world is a store with an account, a message in its INBOX and another in the
// queue.
type world struct {
	t     testing.TB
	fs    vfs.FS
	store *embedded.Store
	mail  *mailstore.Store
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, fs: vfs.NewMem()}
	w.open()
	d, err := directory.Open(w.store, w.options())
	w.check(err)
	w.check(d.AddDomain(t.Context(), mailtest.Address(t, ann).Domain))
	account, err := d.AddAccount(t.Context(), directory.NewAccount{Address: mailtest.Address(t, ann), Password: mailtest.Password})
	w.check(err)
	_, err = w.mail.Deliver(t.Context(), w.content(), []mailstore.Delivery{{Account: mailstore.AccountID(account.ID)}}, nil)
	w.check(err)
	w.enqueue()
	return w
}

func (w *world) options() directory.Options {
	o := directory.DefaultOptions()
	o.Argon2.MemoryKiB, o.Argon2.Passes, o.SCRAMIterations = 64, 1, 4096
	return o
}

// beside is w for a goroutine that is not the test's own.
func (w *world) beside() *world {
	other := *w
	other.t = besideT{w.t}
	return &other
}

// A besideT ends the goroutine that calls Fatal, and lets the test fail.
type besideT struct{ testing.TB }

func (t besideT) Fatal(args ...any) {
	t.Helper()
	t.Error(args...)
	runtime.Goexit()
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) open() {
	w.t.Helper()
	var err error
	w.store, err = embedded.Open("store", embedded.Options{FS: w.fs, MemTableSize: 1 << 20, BallastSize: 1 << 10})
	w.check(err)
	w.mail = mailstore.New(w.store, mailstore.Options{})
	w.t.Cleanup(func() { w.mail.Close(); w.store.Close() })
}

func (w *world) content() *mailstore.Content {
	in := w.mail.NewIngest(0)
	_, err := in.Write([]byte("Subject: hi\r\n\r\nhello\r\n"))
	w.check(err)
	c, err := in.Finish()
	w.check(err)
	w.t.Cleanup(c.Discard)
	return c
}

func (w *world) enqueue() {
	text := []byte("Subject: away\r\n\r\n")
	b := w.store.NewBatch()
	to := mailtest.Address(w.t, "x@far.test")
	m := queue.Message{Sender: smtp.ReversePath{Address: mailtest.Address(w.t, ann)}, Received: time.Now(), Blob: b.AppendBlob(text), Size: int64(len(text))}
	_, err := queue.New(w.store, queue.Options{}).Add(b, m, []queue.Recipient{{Address: to, Destination: to.Domain}})
	w.check(err)
	w.check(storage.Commit(w.store, b))
}

func (w *world) verify() (integrity.Summary, []damage.Finding) {
	w.t.Helper()
	view, err := w.store.View(w.t.Context())
	w.check(err)
	defer view.Close()
	var found []damage.Finding
	s, err := integrity.Verify(w.t.Context(), view, integrity.Options{Found: func(f damage.Finding) { found = append(found, f) }})
	w.check(err)
	return s, found
}

func TestClean(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, found := w.verify()
	want := integrity.Summary{Packs: 1, Bytes: s.Bytes, Blobs: 2, Domains: 1, Accounts: 1, Mailboxes: 6, Messages: 1, Queued: 1, Recipients: 1}
	if s != want || len(found) > 0 || !s.Clean() {
		t.Errorf("%+v, %v, want %+v", s, found, want)
	}
}

// TestFindings damages something that only the whole can know of, and wants it
// to be told whose it is.
func TestFindings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		damage func(*world, *storage.Batch)
		want   string
		clean  bool
	}{
		"a blob of nobody": {func(w *world, b *storage.Batch) { b.AppendBlob([]byte("nobody's")) },
			"unused: blob 4: 1 contents of 8 bytes, this one first, belong to no message", true},
		"the content of a message": {func(w *world, b *storage.Batch) { b.DeleteBlob(2) },
			`lost: ann@example.test, mailbox "INBOX", UID 1, blob 2: the content of the message is gone`, false},
		"the content of a queued message": {func(w *world, b *storage.Batch) { b.DeleteBlob(3) },
			"blob 3: the content of the message is gone", false},
		"an account": {func(w *world, b *storage.Batch) { b.DeleteRange([]byte{0x12}, []byte{0x13}) },
			"unused: account 1: there is mail of an account that the directory does not have", false},
		"an address": {func(w *world, b *storage.Batch) { b.DeleteRange([]byte{0x13}, []byte{0x14}) },
			"wrong: ann@example.test: the address does not lead to its account", false},
		"a password": {func(w *world, b *storage.Batch) { b.DeleteRange([]byte{0x14}, []byte{0x15}) },
			"lost: ann@example.test: the password is lost", false},
		"a domain": {func(w *world, b *storage.Batch) { b.DeleteRange([]byte{0x11}, []byte{0x12}) },
			"wrong: ann@example.test: the domain of the address is not ours", false},
		"a waiting recipient": {func(w *world, b *storage.Batch) { b.DeleteRange([]byte{0x43}, []byte{0x44}) },
			"the recipient x@far.test is waiting and would never be found", false},
		"a wake entry": {func(w *world, b *storage.Batch) { b.DeleteRange([]byte{0x44}, []byte{0x45}) },
			"wrong: the messages for far.test would not be found when they are due", false},
		"a recipient": {func(w *world, b *storage.Batch) { b.DeleteRange([]byte{0x42}, []byte{0x43}) },
			"1 recipients are counted as left; there are 0", false},
		"a queued message": {func(w *world, b *storage.Batch) { b.DeleteRange([]byte{0x40}, []byte{0x41}) },
			"there are recipients of a message that is gone", false},
		"a page of the journal": {func(w *world, b *storage.Batch) { b.Set([]byte{0x50, 1}, []byte("x")) },
			"1 pages of the journal cannot be read", false},
		"a note of POP3": {func(w *world, b *storage.Batch) { b.Set(append([]byte{0x30}, make([]byte, 16)...), []byte("x")) },
			"a note of what POP3 clients have downloaded cannot be read", false},
		"a policy": {func(w *world, b *storage.Batch) { b.Set([]byte("\x60far.test"), []byte("x")) },
			"1 rows about other servers cannot be read", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b := w.store.NewBatch()
			tt.damage(w, b)
			w.check(storage.Commit(w.store, b))
			s, found := w.verify()
			var lines []string
			for _, f := range found {
				lines = append(lines, f.String())
				if f.Do == "" {
					t.Errorf("%v does not say what to do", f)
				}
			}
			if all := strings.Join(lines, "\n"); !strings.Contains(all, tt.want) {
				t.Errorf("found:\n%s\nwant: %s", all, tt.want)
			}
			if s.Clean() != tt.clean {
				t.Errorf("clean is %v: %+v", s.Clean(), s)
			}
		})
	}
}
