package crashtest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/mailstead/mailstead/internal/crashtest"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
	"github.com/mailstead/mailstead/internal/soak"
)

// A world is a server on a disk that is not to be trusted, with the ledger of
// its clients.
type world struct {
	t      *testing.T
	ledger *crashtest.Ledger
	server *mailtest.Server
	load   *crashtest.Load
}

// newWorld starts a server that writes to disk.
func newWorld(t *testing.T, disk vfs.FS, onFatal func(error)) *world {
	names := []string{"ann@example.test", "bob@example.test", "eve@example.test"}
	w := &world{t: t, ledger: crashtest.NewLedger(names...)}
	var accounts []mailtest.Account
	for _, name := range names {
		accounts = append(accounts, mailtest.Account{Address: name})
	}
	w.server = mailtest.Start(t, mailtest.Options{
		Accounts:  accounts,
		Zones:     mailtest.Zone(crashtest.HopDomain, "192.0.2.1"),
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.1:25": w.ledger.NewHop()},
		Config:    hurried,
		// Packs and memtables turn over often.
		Storage: embedded.Options{FS: disk, PackSize: 300 << 10, MemTableSize: 64 << 10, CacheSize: 1 << 20, OnFatal: onFatal},
	})
	w.load = &crashtest.Load{Ledger: w.ledger, Target: w.target()}
	return w
}

// hurried has everything done often, and no peer slowed down.
func hurried(c *config.Config) {
	c.Log.Level = "warn"
	c.Storage.ReclaimInterval.Duration = 50 * time.Millisecond
	c.Storage.KeepExpunged.Duration = time.Millisecond
	c.Limits.DrainTime.Duration = 10 * time.Millisecond
	c.Sending = config.Sending{}
	c.Outbound.Retry = []config.Duration{{Duration: 20 * time.Millisecond}}
}

func (w *world) target() crashtest.Target {
	return crashtest.Target{Dial: w.server.Dial, Admin: w.server.Admin(), Password: mailtest.Password}
}

// TestPowerCut has many clients at work, cuts the power at some operation on
// the disk, starts the server on what is left, compares that with what the
// clients were told, and goes on from there, many times.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	for _, survives := range []int{0, 50, 90} {
		t.Run(fmt.Sprintf("unsynced=%d%%", survives), func(t *testing.T) {
			t.Parallel()
			cutOften(t, survives, (soak.Times(50, 1000)+2)/3)
		})
	}
}

func cutOften(t *testing.T, survives, times int) {
	random := rand.New(rand.NewPCG(uint64(survives), 11))
	p := &power{fs: vfs.NewCrashableMem(), config: vfs.CrashCloneCfg{UnsyncedDataPercent: survives, RNG: random}}
	w := newWorld(t, p.disk(), func(err error) { t.Errorf("fatal: %v", err) })
	p.ledger = w.ledger
	for round := range times {
		p.cutAfter(1 + random.Int64N(400))
		w.load.Run(p.lost, uint64(round))
		w.server.Kill()
		w.bootAfterCut(p, 1+random.Int64N(120))
		if err := w.ledger.Check(t.Context(), w.target()); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
	w.wantArrivals()
	t.Logf("%+v", w.ledger.Tally())
}

// bootAfterCut starts the server on what a cut has left. The power is lost again
// if the start takes that many operations on the disk.
func (w *world) bootAfterCut(p *power, operations int64) {
	w.t.Helper()
	for attempt := 0; ; attempt++ {
		w.ledger.Thaw()
		p.back()
		for _, f := range w.server.VerifyOn(p.fs) {
			w.t.Errorf("verify after a cut: %s", f)
		}
		if attempt == 0 {
			p.cutAfter(operations)
		}
		if err := w.server.Boot(p.current); err != nil {
			w.t.Fatalf("start after a cut: %v", err)
		}
		p.current.Before(nil)
		if p.lost.Err() == nil {
			return
		}
		w.server.Kill()
	}
}

// wantArrivals wants everything that was submitted for the next hop to arrive
// there.
func (w *world) wantArrivals() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	if err := w.ledger.Arrive(ctx, w.target()); err != nil {
		w.t.Error(err)
	}
}

// power is what is cut.
type power struct {
	ledger  *crashtest.Ledger
	config  vfs.CrashCloneCfg
	fs      *vfs.MemFS
	current *crashtest.Disk // on fs

	lost context.Context // done when it is cut
	left *vfs.MemFS      // what the disk has then
}

// disk returns a disk that is on the power.
func (p *power) disk() *crashtest.Disk {
	p.current, p.lost = crashtest.NewDisk(p.fs), context.Background()
	return p.current
}

// cutAfter cuts the power at the n-th change of the disk from now on.
func (p *power) cutAfter(n int64) {
	ctx, cut := context.WithCancel(context.Background())
	p.lost = ctx
	p.current.CutAfter(n, func() {
		p.ledger.Freeze()
		p.left = p.fs.CrashClone(p.config)
		cut()
	})
}

// back goes on with what the cut has left.
func (p *power) back() {
	p.fs = p.left
	p.disk()
}
