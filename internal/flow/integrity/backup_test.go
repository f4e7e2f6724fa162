package integrity_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/internal/flow/integrity"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
	"github.com/mailstead/mailstead/internal/soak"
)

// TestBackupUnderLoad makes backups of a store while mail is delivered, moved,
// copied and expunged, and wants each copy to be whole, to have all that was
// acknowledged before it was begun, and to be a store to go on with.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var load sync.WaitGroup
	enough := make(chan struct{})
	for n := range uint64(3) {
		load.Go(func() {
			random, writer := rand.New(rand.NewPCG(n, 5)), w.beside()
			for {
				select {
				case <-enough:
					return
				default:
					writer.fill(random, 5)
				}
			}
		})
	}
	backups := soak.Times(4, 30)
	for n := range backups {
		before := w.delivered()
		dir := fmt.Sprintf("copy%d", n)
		_, err := w.store.Backup(t.Context(), dir)
		w.check(err)
		w.wantCopy(dir, before)
		if n%2 == 1 {
			_, err := w.store.Reclaim(t.Context())
			w.check(err)
		}
	}
	close(enough)
	load.Wait()
	t.Logf("%d backups beside three writers, each whole", backups)
}

// delivered is how many changes the accounts have seen.
func (w *world) delivered() (modSeqs [4]uint64) {
	for id := mailstore.AccountID(1); id <= 3; id++ {
		a, err := w.mail.Account(w.t.Context(), id)
		w.check(err)
		tree, err := a.Mailboxes(w.t.Context())
		w.check(err)
		modSeqs[id] = uint64(tree.ModSeq())
	}
	return modSeqs
}

func (w *world) wantCopy(dir string, before [4]uint64) {
	w.t.Helper()
	o := embedded.Options{FS: w.fs, MemTableSize: 1 << 20, BallastSize: 1 << 10}
	view, err := embedded.OpenView(dir, o)
	w.check(err)
	_, err = integrity.Verify(w.t.Context(), view, integrity.Options{Found: func(f damage.Finding) {
		if f.Severity != damage.Unused { // the directory does not know all accounts here
			w.t.Errorf("%s: %s", dir, f)
		}
	}})
	w.check(err)
	w.check(view.Close())
	store, err := embedded.Open(dir, o)
	w.check(err)
	c := &world{t: w.t, fs: w.fs, store: store, mail: mailstore.New(store, mailstore.Options{})}
	for id, modSeq := range c.delivered() {
		if modSeq < before[id] {
			w.t.Errorf("%s has account %d at %d, and it was at %d before", dir, id, modSeq, before[id])
		}
	}
	c.fill(rand.New(rand.NewPCG(1, 1)), 3)
	c.shut()
	w.check(w.fs.RemoveAll(dir))
}
